create table app.calendar (
  marketplace_id uuid primary key,
  operator_company_id uuid not null,
  time_zone text not null check (timestamptz '2000-01-01 00:00+00' at time zone time_zone is not null),
  hours jsonb not null check (jsonb_typeof(hours) = 'object'),
  federal_state text,
  regional_holidays boolean not null default false,
  own_days jsonb not null default '[]' check (jsonb_typeof(own_days) = 'array'),
  version integer not null default 1,
  foreign key (marketplace_id, operator_company_id)
    references app.marketplace (id, operator_company_id) deferrable initially deferred
);
create index on app.calendar (operator_company_id);

comment on table app.calendar is 'When a marketplace works: what windows in working time are counted by. None: app_private.calendar_of.';
comment on column app.calendar.marketplace_id is 'The marketplace.';
comment on column app.calendar.operator_company_id is 'The operator, who alone sees it.';
comment on column app.calendar.time_zone is 'Its zone, by a name that PostgreSQL knows. [none]';
comment on column app.calendar.hours is 'By day of the week: {"monday": [{"opens": "08:00", "closes": "12:00"}, …], …}, in order. [none]';
comment on column app.calendar.federal_state is 'Whose holidays are days off: DE or a federal state (app_private.holiday.region); null: none. [none]';
comment on column app.calendar.regional_holidays is 'true: also those that a part of the state has (Assumption in Bavaria).';
comment on column app.calendar.own_days is 'Days with hours of their own, in order: [{"date": "2026-12-24", "name": "…", "hours": []}]; they count before holidays. [free text]';
comment on column app.calendar.version is 'Counts changes; the ETag.';
