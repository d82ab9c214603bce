create table app.posting (
  marketplace_id uuid not null,
  id uuid not null,
  lead_id uuid not null,
  engagement_id uuid not null,
  company_id uuid not null references app.company,
  operator_company_id uuid not null,
  parties uuid[] not null generated always as
    (array_remove(array[operator_company_id, company_id], null)) stored,
  company_name text not null,
  kind text not null check (kind in ('charge', 'credit')),
  reason text not null
    check (reason in ('pick', 'assignment', 'returned', 'revoked')),
  amount_cents integer not null check (amount_cents > 0),
  currency text not null,
  posted_at timestamptz not null default app_private.clock(),
  primary key (marketplace_id, id),
  -- An engagement is charged once and credited once.
  unique (marketplace_id, engagement_id, kind),
  foreign key (marketplace_id, engagement_id) references app.engagement (marketplace_id, id),
  foreign key (marketplace_id, operator_company_id)
    references app.marketplace (id, operator_company_id) deferrable initially deferred,
  check ((kind = 'charge') = (reason in ('pick', 'assignment')))
);
-- A month of a marketplace, and of one taker on it: its statement.
create index posting_marketplace on app.posting (marketplace_id, posted_at, id);
create index posting_company on app.posting (company_id, marketplace_id, posted_at, id);

comment on table app.posting is 'What a taker owes the operator for an engagement (charge), and what of it was taken back (credit). Rows are added and never changed. Erasure of a person leaves it: it names none.';
comment on column app.posting.marketplace_id is 'The marketplace.';
comment on column app.posting.id is 'Id (time-ordered UUID).';
comment on column app.posting.lead_id is 'The lead.';
comment on column app.posting.engagement_id is 'The engagement; it is charged once and credited once.';
comment on column app.posting.company_id is 'The taker; follows its engagement.';
comment on column app.posting.operator_company_id is 'The operator.';
comment on column app.posting.parties is 'Who sees it: operator and taker, never the giver. Generated.';
comment on column app.posting.company_name is 'Printed name of the taker then. [none]';
comment on column app.posting.kind is 'charge or credit. [none]';
comment on column app.posting.reason is 'Of a charge: pick, assignment; of a credit: returned, revoked. [none]';
comment on column app.posting.amount_cents is 'The amount in hundredths, positive for both kinds; a credit is of the whole charge.';
comment on column app.posting.currency is 'ISO 4217 code. [none]';
comment on column app.posting.posted_at is 'When.';
