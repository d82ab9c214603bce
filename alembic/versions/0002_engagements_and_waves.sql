-- What changes tables, as kollegium_owner. Functions, policies and roles follow from sql/ by
-- themselves; a function that goes or gets other parameters is dropped here. What is said here of
-- tables stands in sql/tables, too: an upgraded database is compared with one that sql/ built.
-- A foreign key: alembic/blind.py says between which lines.

-- What time it is. No other function and no default asks the server (tests/policies/catalogue.py), so whoever
-- replaces the first function turns the clock of all of them; kollegium_api cannot, it owns nothing.
-- Their bodies are bound when they are created (no search path is looked at later) and the planner puts them
-- in place: a condition or default costs what now() cost, and takes the same index.
create function app_private.clock() returns timestamptz
language sql stable parallel safe return now();
comment on function app_private.clock() is
  'The time of the transaction: what the business goes by. Tests turn the clock by replacing it.';
grant execute on function app_private.clock() to kollegium_broker, kollegium_api;

-- Leases, limits and ids go by the time that runs on within a transaction; tokens by the begin of the statement.
create function app_private.clock(running boolean, within_statement boolean default true) returns timestamptz
language sql volatile parallel safe
return app_private.clock() + case when not running then interval '0'
  when within_statement then clock_timestamp() - now() else statement_timestamp() - now() end;
comment on function app_private.clock(boolean, boolean) is
  'running => true: the same time, going on within the transaction, or from statement to statement.';
grant execute on function app_private.clock(boolean, boolean) to kollegium_broker;

alter table app.api_key alter created_at set default app_private.clock();
alter table app_private.audit_entry alter at set default app_private.clock();
alter table app_private.bearer alter created_at set default app_private.clock();
alter table app.brokerage alter opened_at set default app_private.clock();
alter table app_private.cohort_company alter assigned_at set default app_private.clock();
alter table app.colleague alter created_at set default app_private.clock(),
  alter changed_at set default app_private.clock();
alter table app.company alter created_at set default app_private.clock(),
  alter changed_at set default app_private.clock();
alter table app.company_merge alter created_at set default app_private.clock(),
  alter changed_at set default app_private.clock();
alter table app_private.company_split alter created_at set default app_private.clock();
alter table app_private.credential alter changed_at set default app_private.clock();
alter table app.disclosure alter created_at set default app_private.clock();
alter table app.engagement alter started_at set default app_private.clock();
alter table app.history alter created_at set default app_private.clock();
alter table app_private.idempotent_answer alter created_at set default app_private.clock();
alter table app_private.import_chunk alter created_at set default app_private.clock();
alter table app.import_consent alter created_at set default app_private.clock();
alter table app.import_mapping alter saved_at set default app_private.clock();
alter table app.invitation alter created_at set default app_private.clock();
alter table app.lead alter received_at set default app_private.clock(),
  alter created_at set default app_private.clock(),
  alter changed_at set default app_private.clock();
alter table app.lead_import alter retry_at set default app_private.clock(),
  alter created_at set default app_private.clock();
alter table app_private.legacy_marketplace alter imported_at set default app_private.clock();
alter table app_private.legacy_proof alter proven_at set default app_private.clock();
alter table app_private.legacy_quarantine alter first_seen_at set default app_private.clock(),
  alter last_seen_at set default app_private.clock();
alter table app_private.legacy_user alter imported_at set default app_private.clock();
alter table app.marketplace alter created_at set default app_private.clock(),
  alter changed_at set default app_private.clock();
alter table app_private.merge_token alter created_at set default app_private.clock();
alter table app.message alter created_at set default app_private.clock();
alter table app.note alter created_at set default app_private.clock();
alter table app.offer alter opened_at set default app_private.clock();
alter table app_private.outbox alter created_at set default app_private.clock(),
  alter due_at set default app_private.clock();
alter table app.participation alter invited_at set default app_private.clock();
alter table app.partner_invitation alter created_at set default app_private.clock();
set local role kollegium_broker;
alter table legacy_staging.load alter began_at set default app_private.clock();
set local role kollegium_owner;

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

create table app_private.holiday (
  region text not null,
  day date not null,
  regional boolean not null,
  name_de text not null,
  name_en text not null,
  primary key (region, day)
);
comment on table app_private.holiday is 'Public holidays of this year and the two that follow, written by the worker; SQL alone counts.';
comment on column app_private.holiday.region is 'DE (what all states share) or a federal state, BB to TH. [none]';
comment on column app_private.holiday.day is 'The day.';
comment on column app_private.holiday.regional is 'true: in a part of the state only.';
comment on column app_private.holiday.name_de is 'German name. [none]';
comment on column app_private.holiday.name_en is 'English name. [none]';
grant select, insert, update, delete on app_private.holiday to kollegium_broker;
-- Calls: who is calling now, and what came of it.
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

create table app.call_attempt (
  marketplace_id uuid not null,
  id uuid not null,
  lead_id uuid not null,
  engagement_id uuid not null,
  company_id uuid not null references app.company,
  colleague_id uuid references app.colleague (id),
  colleague_name text not null,
  outcome text not null
    check (outcome in ('reached', 'not_reached', 'mailbox', 'wrong_number', 'call_back')),
  note text check (length(note) between 1 and 4000),
  call_back_at timestamptz,
  created_at timestamptz not null default app_private.clock(),
  primary key (marketplace_id, id),
  foreign key (marketplace_id, lead_id) references app.lead (marketplace_id, id),
  foreign key (marketplace_id, engagement_id) references app.engagement (marketplace_id, id)
);
create index call_attempt_lead on app.call_attempt (marketplace_id, lead_id, company_id, id desc);
-- The first attempt of an engagement, for its speed to lead; what counts as evidence of a return.
create index call_attempt_engagement on app.call_attempt (marketplace_id, engagement_id, id);

comment on table app.call_attempt is 'What a call brought: read by the colleagues of the company that called. Rows are added and never changed. Erasure of the person: outcome and times stay, the note goes.';
comment on column app.call_attempt.marketplace_id is 'The marketplace.';
comment on column app.call_attempt.id is 'Id (time-ordered UUID).';
comment on column app.call_attempt.lead_id is 'The lead.';
comment on column app.call_attempt.engagement_id is 'The engagement in which it was called.';
comment on column app.call_attempt.company_id is 'The company that called and alone reads it.';
comment on column app.call_attempt.colleague_id is 'Who called; null for an API key.';
comment on column app.call_attempt.colleague_name is 'Name of who called, or of the key. [personal]';
comment on column app.call_attempt.outcome is 'reached; not_reached; mailbox; wrong_number; call_back. [none]';
comment on column app.call_attempt.note is 'What was said, up to 4,000 characters; null: nothing. [free text]';
comment on column app.call_attempt.call_back_at is 'When to call again; null: nothing was agreed.';
comment on column app.call_attempt.created_at is 'When it was entered.';

create table app.wave_plan (
  marketplace_id uuid primary key,
  operator_company_id uuid not null,
  waves jsonb not null check (jsonb_typeof(waves) = 'array' and jsonb_array_length(waves) between 1 and 50),
  on_cap text not null check (on_cap in ('skip', 'next_wave')),
  recycle text not null check (recycle in ('never', 'ask', 'auto')),
  seed uuid not null,
  version integer not null default 1,
  foreign key (marketplace_id, operator_company_id)
    references app.marketplace (id, operator_company_id) deferrable initially deferred
);
create index on app.wave_plan (operator_company_id);

comment on table app.wave_plan is 'How a marketplace offers by itself. A brokerage keeps a copy of the plan it began with.';
comment on column app.wave_plan.marketplace_id is 'The marketplace.';
comment on column app.wave_plan.operator_company_id is 'The operator, who alone sees it.';
comment on column app.wave_plan.waves is 'The waves in their order, as the API takes them. A company that was absorbed since stands for its survivor (app_private.surviving). [none]';
comment on column app.wave_plan.on_cap is 'A taker whose cap is full: skip (its place goes to the next one) or next_wave (its place stays empty, and it is looked at again in the next wave). [none]';
comment on column app.wave_plan.recycle is 'What becomes of a lead that comes back: never, ask (the operator), auto. [none]';
comment on column app.wave_plan.seed is 'What random and weighted orders are drawn with, so that a preview shows what is drawn.';
comment on column app.wave_plan.version is 'Counts changes; the ETag.';

create table app_private.wave_turn (
  marketplace_id uuid not null,
  number integer not null,
  company_id uuid not null,
  turn bigint not null,
  primary key (marketplace_id, number, company_id)
);
comment on table app_private.wave_turn is 'Whose turn it was in a wave of order round_robin: who was offered least recently is next.';
comment on column app_private.wave_turn.marketplace_id is 'The marketplace.';
comment on column app_private.wave_turn.number is 'Number of the wave in the plan.';
comment on column app_private.wave_turn.company_id is 'The taker. After a merge the survivor goes on with its own turn.';
comment on column app_private.wave_turn.turn is 'When it was offered last: grows with each lead, under the lock of the plan.';
grant select, insert, update on app_private.wave_turn to kollegium_broker;

alter table app.brokerage add column plan jsonb, add column left_out jsonb not null default '{}',
  add column last_call_at timestamptz, add constraint brokerage_last_call_at_bounded
    check (last_call_at >= '1900-01-01 00:00+00' and last_call_at < '9999-01-01 00:00+00');
create index brokerage_lead on app.brokerage (marketplace_id, lead_id, id desc);
create index brokerage_last_call on app.brokerage (last_call_at) where last_call_at is not null;
comment on column app.brokerage.plan is 'The plan of waves it began with, whatever the marketplace''s became since; null: one wave, of the time before there were plans. [none]';
comment on column app.brokerage.left_out is 'Companies that were not offered the lead, by number of the wave and reason (app_private.reasons). [none]';
comment on column app.brokerage.last_call_at is 'When those who did not answer are told once more; null: they were, or there is none.';

alter table app.participation
  add column cap_day integer check (cap_day between 0 and 100000),
  add column cap_week integer check (cap_week between 0 and 100000),
  add column cap_month integer check (cap_month between 0 and 100000),
  add column time_zone text not null default 'Europe/Berlin'
    check (timestamptz '2000-01-01 00:00+00' at time zone time_zone is not null);
comment on column app.participation.cap_day is 'Leads begun in a day of its zone; null: no limit.';
comment on column app.participation.cap_week is 'Leads begun in a week of its zone, from Monday; null: no limit.';
comment on column app.participation.cap_month is 'Leads begun in a month of its zone; null: no limit.';
comment on column app.participation.time_zone is 'The taker''s zone, whose days, weeks and months its caps count. [none]';

-- Who worked a lead before; what a company began to work in a period, for its caps.
create index engagement_lead on app.engagement (marketplace_id, lead_id);
create index engagement_started on app.engagement (company_id, started_at);

drop function app_private.open_brokerage(app.lead, uuid[], integer, app.caller);
drop function app_private.matching_takers(app.lead);
-- Follow-ups.
create table app.follow_up (
  marketplace_id uuid not null,
  id uuid not null,
  lead_id uuid not null,
  company_id uuid not null references app.company,
  colleague_id uuid references app.colleague (id),
  due_at timestamptz not null,
  text text check (length(text) between 1 and 4000),
  done_at timestamptz,
  reminded_at timestamptz,
  created_at timestamptz not null default app_private.clock(),
  version integer not null default 1,
  primary key (marketplace_id, id),
  foreign key (marketplace_id, lead_id) references app.lead (marketplace_id, id)
);
create index follow_up_lead on app.follow_up (marketplace_id, lead_id, company_id, id desc);
-- Whose is due next; what a colleague who leaves had to do.
create index follow_up_next on app.follow_up (company_id, colleague_id, due_at, id) where done_at is null;
create index follow_up_nobodys on app.follow_up (company_id, due_at, id) where done_at is null and colleague_id is null;
-- Who is to be reminded.
create index follow_up_due on app.follow_up (due_at) where done_at is null and reminded_at is null;

comment on table app.follow_up is 'A date for a lead, for one colleague: read by the colleagues of his company alone. Erasure of the person deletes the text.';
comment on column app.follow_up.marketplace_id is 'The marketplace.';
comment on column app.follow_up.id is 'Id (time-ordered UUID).';
comment on column app.follow_up.lead_id is 'The lead.';
comment on column app.follow_up.company_id is 'The company whose it is and which alone reads it.';
comment on column app.follow_up.colleague_id is 'Who is to do it; null: nobody, since he left.';
comment on column app.follow_up.due_at is 'When.';
comment on column app.follow_up.text is 'What, up to 4,000 characters; null: nothing was said. [free text]';
comment on column app.follow_up.done_at is 'When it was done; null: it is open.';
comment on column app.follow_up.reminded_at is 'When a reminder was written; null: not yet, or not since it was put off.';
comment on column app.follow_up.created_at is 'When it was made.';
comment on column app.follow_up.version is 'Counts changes.';
