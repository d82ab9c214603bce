create table app.call_claim (
  marketplace_id uuid not null,
  id uuid not null,
  lead_id uuid not null,
  company_id uuid not null references app.company,
  colleague_id uuid not null references app.colleague (id),
  colleague_name text not null,
  claimed_at timestamptz not null,
  until timestamptz not null,
  primary key (marketplace_id, id),
  unique (marketplace_id, lead_id, company_id),
  foreign key (marketplace_id, lead_id) references app.lead (marketplace_id, id),
  check (claimed_at < until)
);

comment on table app.call_claim is 'A colleague is calling the person of a lead: for his own colleagues, for 15 minutes. The time decides whether it counts, nobody ends it. Erasure of the person deletes it.';
comment on column app.call_claim.marketplace_id is 'The marketplace.';
comment on column app.call_claim.id is 'Id (time-ordered UUID); each claim has a new one.';
comment on column app.call_claim.lead_id is 'The lead; at most one claim for each company.';
comment on column app.call_claim.company_id is 'The company whose colleague calls, and which alone reads it.';
comment on column app.call_claim.colleague_id is 'Who calls. One that has left stops nobody.';
comment on column app.call_claim.colleague_name is 'His name when he claimed. [personal]';
comment on column app.call_claim.claimed_at is 'When he claimed, or renewed his claim.';
comment on column app.call_claim.until is 'Until when it counts.';
