create table app.brokerage (
  marketplace_id uuid not null,
  id uuid not null,
  lead_id uuid not null,
  operator_company_id uuid not null,
  state text not null check (state in ('open', 'placed', 'withdrawn', 'exhausted')),
  wave integer not null default 1,
  wave_ends_at timestamptz check (wave_ends_at is null or state = 'open'),
  opened_by_id uuid references app.colleague (id),
  opened_at timestamptz not null default app_private.clock(),
  closed_at timestamptz,
  plan jsonb,
  left_out jsonb not null default '{}',
  last_call_at timestamptz,
  primary key (marketplace_id, id),
  foreign key (marketplace_id, lead_id) references app.lead (marketplace_id, id),
  foreign key (marketplace_id, operator_company_id)
    references app.marketplace (id, operator_company_id) deferrable initially deferred
);
create unique index brokerage_open on app.brokerage (marketplace_id, lead_id) where state = 'open';
create index on app.brokerage (operator_company_id, id);
-- The brokerages of a lead, for app.brokerages_of.
create index brokerage_lead on app.brokerage (marketplace_id, lead_id, id desc);
create index brokerage_due on app.brokerage (wave_ends_at) where wave_ends_at is not null;
create index brokerage_last_call on app.brokerage (last_call_at) where last_call_at is not null;

comment on table app.brokerage is 'One run of offering a lead.';
comment on column app.brokerage.marketplace_id is 'The marketplace.';
comment on column app.brokerage.id is 'Id (time-ordered UUID).';
comment on column app.brokerage.lead_id is 'The lead; at most one open brokerage each.';
comment on column app.brokerage.operator_company_id is 'The operator, who alone sees it.';
comment on column app.brokerage.state is 'open; placed; withdrawn; exhausted (nobody took it). [none]';
comment on column app.brokerage.wave is 'Number of the wave that is open, from 1.';
comment on column app.brokerage.wave_ends_at is 'When the timer ends the wave: no offer of it is open, but the last refusal may still be taken back. Null: an offer is open, or the brokerage is over.';
comment on column app.brokerage.opened_by_id is 'The colleague who opened it; null for a rule or an API key.';
comment on column app.brokerage.opened_at is 'When it was opened.';
comment on column app.brokerage.closed_at is 'When it ended.';
comment on column app.brokerage.plan is 'The plan of waves it began with, whatever the marketplace''s became since; null: one wave, of the time before there were plans. [none]';
comment on column app.brokerage.left_out is 'Companies that were not offered the lead, by number of the wave and reason (app_private.reasons). [none]';
comment on column app.brokerage.last_call_at is 'When those who did not answer are told once more; null: they were, or there is none.';
