create table app.participation (
  marketplace_id uuid not null,
  company_id uuid not null references app.company,
  operator_company_id uuid not null,
  capacities text[] not null
    check (cardinality(capacities) between 1 and 2 and capacities <@ array['giver', 'taker']),
  state text not null check (state in ('invited', 'active', 'declined', 'ended')),
  postcode_areas text[] not null default '{}' check (cardinality(postcode_areas) <= 1000),
  tags text[] not null default '{}' check (cardinality(tags) <= 100),
  paused boolean not null default false,
  cap integer check (cap between 0 and 100000),
  marketplace_name text not null,
  operator_name text not null,
  company_name text not null,
  steps text[] not null,
  invited_at timestamptz not null default app_private.clock(),
  answered_at timestamptz,
  ended_at timestamptz,
  version integer not null default 1,
  cap_day integer check (cap_day between 0 and 100000),
  cap_week integer check (cap_week between 0 and 100000),
  cap_month integer check (cap_month between 0 and 100000),
  time_zone text not null default 'Europe/Berlin'
    check (timestamptz '2000-01-01 00:00+00' at time zone time_zone is not null),
  exclusive_areas text[] not null default '{}' check (cardinality(exclusive_areas) <= 1000),
  price_cents integer check (price_cents between 0 and 100000000),
  primary key (marketplace_id, company_id),
  foreign key (marketplace_id, operator_company_id)
    references app.marketplace (id, operator_company_id) deferrable initially deferred
);
create index on app.participation (company_id, marketplace_id);
create index on app.participation (operator_company_id, marketplace_id, company_id);

comment on table app.participation is 'A company''s membership card of a marketplace: all that it needs to know of others is printed here.';
comment on column app.participation.marketplace_id is 'The marketplace.';
comment on column app.participation.company_id is 'The participating company.';
comment on column app.participation.operator_company_id is 'The operator, who sees the card once it is answered.';
comment on column app.participation.capacities is 'giver, taker or both. [none]';
comment on column app.participation.state is 'invited; active; declined; ended. Offers and leads need active. [none]';
comment on column app.participation.postcode_areas is 'Postcode prefixes it takes leads from; empty: everywhere. [none]';
comment on column app.participation.tags is 'Tags it takes leads with; empty: any. [free text]';
comment on column app.participation.paused is 'true: no new offers.';
comment on column app.participation.cap is 'Engagements at work at the same time; null: no limit.';
comment on column app.participation.marketplace_name is 'Printed name of the marketplace. [none]';
comment on column app.participation.operator_name is 'Printed name of the operator. [none]';
comment on column app.participation.company_name is 'Printed name of the participant. [none]';
comment on column app.participation.steps is 'Printed pipeline steps of the marketplace. [none]';
comment on column app.participation.invited_at is 'When it was first invited.';
comment on column app.participation.answered_at is 'When it accepted or declined.';
comment on column app.participation.ended_at is 'When it ended.';
comment on column app.participation.version is 'Counts changes; the ETag.';
comment on column app.participation.cap_day is 'Leads begun in a day of its zone; null: no limit.';
comment on column app.participation.cap_week is 'Leads begun in a week of its zone, from Monday; null: no limit.';
comment on column app.participation.cap_month is 'Leads begun in a month of its zone; null: no limit.';
comment on column app.participation.time_zone is 'The taker''s zone, whose days, weeks and months its caps count. [none]';
comment on column app.participation.exclusive_areas is 'Postcode prefixes whose leads are offered to it before anybody else; no two cards of a marketplace overlap (app.set_exclusive_areas). [none]';
comment on column app.participation.price_cents is 'What this taker pays for a lead instead of the marketplace''s price, set by the operator; 0: nothing, null: the marketplace''s.';
