create table app.marketplace (
  id uuid primary key,
  operator_company_id uuid not null references app.company,
  name text not null check (length(name) between 1 and 200),
  operator_name text not null,
  steps text[] not null check (cardinality(steps) between 1 and 20),
  operator_may_take boolean not null default false,
  giver_may_withdraw boolean not null default true,
  auto_accept boolean not null default false,
  auto_offer boolean not null default false,
  response_hours integer not null default 48 check (response_hours between 1 and 720),
  reopen_days integer not null default 14 check (reopen_days between 0 and 365),
  teaser_digits integer not null default 2 check (teaser_digits between 0 and 5),
  created_at timestamptz not null default app_private.clock(),
  changed_at timestamptz not null default app_private.clock(),
  version integer not null default 1,
  next_step_required boolean not null default false,
  hand_back_hours integer check (hand_back_hours between 1 and 720),
  price_cents integer check (price_cents between 0 and 100000000),
  currency text not null default 'EUR'
    check (currency in ('EUR', 'CHF', 'GBP', 'USD', 'PLN', 'CZK', 'HUF', 'DKK', 'SEK', 'NOK', 'RON', 'BGN')),
  contact_target_minutes integer check (contact_target_minutes between 1 and 10080),
  stalled_hours integer check (stalled_hours between 1 and 720),
  duplicate_days integer check (duplicate_days between 1 and 365),
  unique (id, operator_company_id)
);
create index on app.marketplace (operator_company_id, id);

comment on table app.marketplace is 'Where an operator brings leads and takers together.';
comment on column app.marketplace.id is 'Id; first in the key of everything on the lead side.';
comment on column app.marketplace.operator_company_id is 'The company that operates it; any colleague may.';
comment on column app.marketplace.name is 'Name; printed on participations too. [none]';
comment on column app.marketplace.operator_name is 'Name of the operator, printed here for reports and mails. [none]';
comment on column app.marketplace.steps is 'Pipeline steps of engagements, in order; 1 to 20. Running ones keep theirs. [none]';
comment on column app.marketplace.operator_may_take is 'The operator may take what the first wave left over (case 2).';
comment on column app.marketplace.giver_may_withdraw is 'A giver may withdraw its own lead before the pick.';
comment on column app.marketplace.auto_accept is 'Submitted leads become available without the operator.';
comment on column app.marketplace.auto_offer is 'Available leads are offered to all matching takers at once.';
comment on column app.marketplace.response_hours is 'How long an offer stays open, in hours (1 to 720).';
comment on column app.marketplace.reopen_days is 'How long won or lost can be taken back, in days (0 to 365).';
comment on column app.marketplace.teaser_digits is 'Leading digits of the postcode that a teaser shows (0 to 5).';
comment on column app.marketplace.created_at is 'When it was opened.';
comment on column app.marketplace.changed_at is 'When a setting changed last.';
comment on column app.marketplace.version is 'Counts changes; the ETag.';
comment on column app.marketplace.next_step_required is 'A call that is entered, or a step that is changed, needs an open follow-up (or a time to call back).';
comment on column app.marketplace.hand_back_hours is 'After so many working hours in which its handler did nothing a lead is nobody''s again (1 to 720); null: never.';
comment on column app.marketplace.price_cents is 'What a taker pays for a lead, in hundredths of the currency, unless its card says otherwise; null or 0: nothing.';
comment on column app.marketplace.currency is 'ISO 4217 code of one that has hundredths; of prices and of values of what was won. [none]';
comment on column app.marketplace.contact_target_minutes is 'Within how much working time after the pick a taker is to call, in minutes (1 to 10080); null: the marketplace names none.';
comment on column app.marketplace.stalled_hours is 'After so many working hours without a sign of its handler a lead is listed as stalled (1 to 720); null: after hand_back_hours.';
comment on column app.marketplace.duplicate_days is 'For so many days a person who came in before makes a lead a possible duplicate, which its operator decides on (1 to 365); null: nobody looks.';
