-- What changes tables, as kollegium_owner. Functions, policies and roles follow from sql/ by
-- themselves; a function that goes or gets other parameters is dropped here. What is said here of
-- tables stands in sql/tables, too: an upgraded database is compared with one that sql/ built.
-- A foreign key: alembic/blind.py says between which lines.
-- Tables are written anew and keys checked under locks that all wait for: one transaction, so that no row is ever
-- without its wall, and docs/decisions/0056 says so.
-- squawk-ignore-file adding-field-with-default, adding-foreign-key-constraint, ban-drop-constraint, ban-drop-function, constraint-missing-not-valid, disallowed-unique-constraint, require-concurrent-index-creation, require-concurrent-index-deletion

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
    check (timestamptz '2000-01-01 00:00+00' at time zone time_zone is not null),
  add column exclusive_areas text[] not null default '{}' check (cardinality(exclusive_areas) <= 1000);
comment on column app.participation.cap_day is 'Leads begun in a day of its zone; null: no limit.';
comment on column app.participation.cap_week is 'Leads begun in a week of its zone, from Monday; null: no limit.';
comment on column app.participation.cap_month is 'Leads begun in a month of its zone; null: no limit.';
comment on column app.participation.time_zone is 'The taker''s zone, whose days, weeks and months its caps count. [none]';
comment on column app.participation.exclusive_areas is 'Postcode prefixes whose leads are offered to it before anybody else; no two cards of a marketplace overlap (app.set_exclusive_areas). [none]';

-- What a company began to work in a period, for its caps.
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

-- Visibility hangs on the engagement (docs/decisions/0056). What was said belongs to the engagement in which it was,
-- by time; shared comments of the former system to the one that the lead has, as there. Names of takers whose
-- engagement is over move to its card, so that the giver reads them no more. lead, message and history are written
-- anew, so that who writes waits; the generated columns cost that, and no row can drift afterwards.
alter table app.engagement
  add column return_reason text,
  add column return_comment text check (length(return_comment) between 1 and 2000),
  add column return_requested_at timestamptz,
  add column ended_at timestamptz,
  add constraint engagement_return_requested_at_bounded check (
    return_requested_at >= '1900-01-01 00:00+00' and return_requested_at < '9999-01-01 00:00+00'),
  add constraint engagement_ended_at_bounded check (
    ended_at >= '1900-01-01 00:00+00' and ended_at < '9999-01-01 00:00+00'),
  add unique (marketplace_id, lead_id, id, parties);
alter table app.lead
  add column origin_parties uuid[] not null generated always as
    (array_remove(array[operator_company_id, giver_company_id], null)) stored,
  add unique (marketplace_id, id, origin_parties);
alter table app.message
  drop constraint message_marketplace_id_lead_id_parties_fkey,
  add column engagement_id uuid,
  add column origin_parties uuid[] generated always as (case when engagement_id is null then parties end) stored;
alter table app.history
  drop constraint history_marketplace_id_lead_id_parties_fkey,
  add column engagement_id uuid,
  add column origin_parties uuid[] generated always as (case when engagement_id is null then parties end) stored;
alter table app.note add column engagement_id uuid;
alter table app.offer add column placed_before integer not null default 0 check (placed_before >= 0);
create table app.engagement_card (
  marketplace_id uuid not null,
  id uuid not null,
  lead_id uuid not null,
  company_id uuid not null references app.company,
  operator_company_id uuid not null,
  parties uuid[] not null generated always as
    (array_remove(array[operator_company_id, company_id], null)) stored,
  company_name text not null,
  picked_by_name text,
  handler_name text,
  names jsonb not null default '{}',
  primary key (marketplace_id, id),
  foreign key (marketplace_id, id) references app.engagement (marketplace_id, id),
  foreign key (marketplace_id, operator_company_id)
    references app.marketplace (id, operator_company_id) deferrable initially deferred
);
-- sees every row of: app.lead, app.engagement, app.message, app.history, app.note
-- When one was revoked no row tells: of what was said then, its own words are what its taker gets back.
update app.message m set engagement_id = p.engagement_id, parties = p.parties
from (
  select t.marketplace_id, t.id, e.id as engagement_id, coalesce(e.parties, l.origin_parties) as parties
  from app.message t
  join app.lead l on l.marketplace_id = t.marketplace_id and l.id = t.lead_id
  left join lateral (
    select x.id, x.parties from app.engagement x
    where x.marketplace_id = t.marketplace_id and x.lead_id = t.lead_id
      and (x.started_at <= t.created_at and (x.state <> 'revoked' or x.company_id = t.company_id)
        or x.id = l.engagement_id and exists (select from app_private.legacy_lead k
          where k.marketplace_id = t.marketplace_id and k.lead_id = t.lead_id and t.id = any (k.comments)))
    order by x.started_at desc limit 1) e on true) p
where m.marketplace_id = p.marketplace_id and m.id = p.id
  and (m.engagement_id, m.parties) is distinct from (p.engagement_id, p.parties);
update app.history m set engagement_id = p.engagement_id, parties = p.parties
from (
  select t.marketplace_id, t.id, e.id as engagement_id, coalesce(e.parties, l.origin_parties) as parties
  from app.history t
  join app.lead l on l.marketplace_id = t.marketplace_id and l.id = t.lead_id
  left join lateral (
    select x.id, x.parties from app.engagement x
    where x.marketplace_id = t.marketplace_id and x.lead_id = t.lead_id
      and (x.started_at <= t.created_at and (x.state <> 'revoked' or x.company_id = t.company_id))
    order by x.started_at desc limit 1) e on true) p
where m.marketplace_id = p.marketplace_id and m.id = p.id
  and (m.engagement_id, m.parties) is distinct from (p.engagement_id, p.parties);
update app.note n set engagement_id = (
  select x.id from app.engagement x
  where x.marketplace_id = n.marketplace_id and x.lead_id = n.lead_id and x.started_at <= n.created_at
    and (x.state <> 'revoked' or x.company_id = n.company_id)
  order by x.started_at desc limit 1)
where exists (select from app.engagement x where x.marketplace_id = n.marketplace_id and x.lead_id = n.lead_id);
insert into app.engagement_card (marketplace_id, id, lead_id, company_id, operator_company_id, company_name,
  picked_by_name, handler_name, names)
select e.marketplace_id, e.id, e.lead_id, e.company_id, e.operator_company_id, e.company_name, e.picked_by_name,
  e.handler_name, coalesce((
    select jsonb_object_agg(n.id, n.names) from (
      select m.id, jsonb_build_object('company_name', m.company_name, 'author_name', m.author_name) as names
      from app.message m where m.marketplace_id = e.marketplace_id and m.engagement_id = e.id
      union all
      select h.id, jsonb_strip_nulls(jsonb_build_object('company_name', h.company_name,
        'colleague_name', h.colleague_name, 'detail', nullif(jsonb_strip_nulls(jsonb_build_object(
          'company', h.detail -> 'company', 'handler', h.detail -> 'handler')), '{}')))
      from app.history h where h.marketplace_id = e.marketplace_id and h.engagement_id = e.id) n), '{}')
from app.engagement e where e.state = 'revoked';
update app.message m set company_name = '', author_name = '' from app.engagement e
where e.state = 'revoked' and m.marketplace_id = e.marketplace_id and m.engagement_id = e.id;
update app.history h set company_name = null, colleague_name = null, detail = h.detail - array['company', 'handler']
from app.engagement e
where e.state = 'revoked' and h.marketplace_id = e.marketplace_id and h.engagement_id = e.id;
update app.engagement set ended_at = coalesce(closed_at, app_private.clock()), company_name = '', picked_by_name = null,
  handler_id = null, handler_name = null
where state = 'revoked';
set constraints all immediate;
alter table app.engagement
  add constraint engagement_ended check (case state when 'lost' then true
    when 'returned' then ended_at is not null when 'revoked' then ended_at is not null
    else ended_at is null end),
  add constraint engagement_unnamed check (
    ended_at is null or (company_name = '' and num_nonnulls(picked_by_name, handler_name) = 0));
alter table app.message
  add foreign key (marketplace_id, lead_id, engagement_id, parties)
    references app.engagement (marketplace_id, lead_id, id, parties) deferrable initially deferred,
  add foreign key (marketplace_id, lead_id, origin_parties)
    references app.lead (marketplace_id, id, origin_parties) deferrable initially deferred;
alter table app.history
  add foreign key (marketplace_id, lead_id, engagement_id, parties)
    references app.engagement (marketplace_id, lead_id, id, parties) deferrable initially deferred,
  add foreign key (marketplace_id, lead_id, origin_parties)
    references app.lead (marketplace_id, id, origin_parties) deferrable initially deferred;
alter table app.note add foreign key (marketplace_id, engagement_id) references app.engagement (marketplace_id, id);
-- sees no more
drop index app.engagement_current;
create unique index engagement_current on app.engagement (marketplace_id, lead_id) where ended_at is null;
create index engagement_own on app.engagement (company_id, state, id desc);
set local role kollegium_broker;
drop function app_private.legacy_follow_parties(uuid[], uuid[]);
drop function app_private.expect_active(app.engagement);
set local role kollegium_owner;
comment on column app.engagement.company_name is 'Printed name of the taker; empty when it has ended: then it stands on the card. [none]';
comment on column app.engagement.picked_by_name is 'His name at that time; null when it has ended. [personal]';
comment on column app.engagement.handler_name is 'His name; null when it has ended. [personal]';
comment on column app.engagement.return_reason is 'Code of the reason for which the taker asked to return it last. [none]';
comment on column app.engagement.return_comment is 'What it said to that. [free text]';
comment on column app.engagement.return_requested_at is 'When it asked last.';
comment on column app.engagement.ended_at is 'When the taker lost the lead: returned, revoked, or lost and recycled. Null: it is the current one.';
comment on column app.lead.parties is 'Who sees the lead: operator, giver, engaged taker. Generated; the prospect copies it.';
comment on column app.lead.origin_parties is 'Who sees what was said before any engagement: operator and giver. Generated; messages and history copy it.';
comment on table app.message is 'Shared by the parties of one engagement; before any, by operator and giver.';
comment on column app.message.parties is 'Copy of engagement.parties, or without one of lead.origin_parties; a difference fails at commit.';
comment on column app.message.company_name is 'Its printed name; empty when it stands on the card of an engagement that ended. [none]';
comment on column app.message.author_name is 'Name of the author, or of the key; empty as company_name is. [personal]';
comment on column app.message.engagement_id is 'The engagement in which it was written; null: before any.';
comment on column app.message.origin_parties is 'parties of a message before any engagement. Generated, for its foreign key.';
comment on table app.history is 'What happened to a lead, for the parties of the engagement in which it did, before any for operator and giver: no personal data of the prospect.';
comment on column app.history.parties is 'Copy of engagement.parties, or without one of lead.origin_parties; a difference fails at commit.';
comment on column app.history.company_name is 'Its printed name; null when it stands on the card of an engagement that ended. [none]';
comment on column app.history.colleague_name is 'His name at that time; null as company_name is. [personal]';
comment on column app.history.detail is 'Details by event: names of takers and handlers (company, handler) only until the engagement ends. [personal]';
comment on column app.history.engagement_id is 'The engagement in which it happened; null: before any.';
comment on column app.history.origin_parties is 'parties of what happened before any engagement. Generated, for its foreign key.';
comment on column app.note.engagement_id is 'The engagement in which it was written; null: before any. Who reads it does not hang on it.';
comment on column app.offer.placed_before is 'Teaser: how many engagements of the lead had ended; with whom is told to nobody.';
comment on table app.engagement_card is
  'Who an engagement that has ended was with: names of the taker and its colleagues, which the giver reads no more. Erasure of a person leaves it: it names colleagues.';
comment on column app.engagement_card.marketplace_id is 'The marketplace.';
comment on column app.engagement_card.id is 'The engagement; one card each, made when it ends.';
comment on column app.engagement_card.lead_id is 'The lead.';
comment on column app.engagement_card.company_id is 'The taker.';
comment on column app.engagement_card.operator_company_id is 'The operator.';
comment on column app.engagement_card.parties is 'Who sees it: operator and taker. Generated.';
comment on column app.engagement_card.company_name is 'Printed name of the taker when it ended. [none]';
comment on column app.engagement_card.picked_by_name is 'The colleague who picked. [personal]';
comment on column app.engagement_card.handler_name is 'The colleague who handled it last. [personal]';
comment on column app.engagement_card.names is
  'What its messages and history printed of the taker: id of the row to its names, as they stood there. [personal]';

-- Absences.
create table app.absence (
  id uuid primary key,
  company_id uuid not null references app.company,
  colleague_id uuid not null references app.colleague (id),
  covered_by_id uuid references app.colleague (id),
  begins_at timestamptz not null,
  ends_at timestamptz not null,
  created_at timestamptz not null default app_private.clock(),
  check (begins_at < ends_at),
  check (covered_by_id <> colleague_id)
);
create index absence_company on app.absence (company_id, id desc);
-- Whom somebody covers, and who covers somebody.
create index absence_covered_by on app.absence (covered_by_id, ends_at);
create index absence_colleague on app.absence (colleague_id, ends_at);

comment on table app.absence is 'From when to when a colleague is away, and who looks after his leads meanwhile. Nothing is moved: who covers whom is derived when it is read. Erasure: no personal data of prospects.';
comment on column app.absence.id is 'Id (time-ordered UUID).';
comment on column app.absence.company_id is 'The company of both, which alone reads it.';
comment on column app.absence.colleague_id is 'Who is away.';
comment on column app.absence.covered_by_id is 'Who covers him; null: nobody.';
comment on column app.absence.begins_at is 'From when.';
comment on column app.absence.ends_at is 'Until when, not included.';
comment on column app.absence.created_at is 'When it was entered.';

-- Delivery of mails.
alter table app_private.outbox
  add column failed_at timestamptz,
  add column failure text constraint outbox_failure_known check (failure ~ '^[a-z0-9][a-z0-9. -]{0,39}$'),
  add constraint outbox_ends_once check (delivered_at is null or failed_at is null);
drop index app_private.outbox_due;
create index outbox_due on app_private.outbox (due_at)
  where kind = 'mail' and delivered_at is null and failed_at is null;
create index outbox_done on app_private.outbox (coalesce(delivered_at, failed_at))
  where delivered_at is not null or failed_at is not null;
comment on column app_private.outbox.payload is 'Values for the template; emptied when it is delivered or given up. [personal]';
comment on column app_private.outbox.attempts is 'Attempts so far; whoever sends it names the one it was given.';
comment on column app_private.outbox.delivered_at is 'When a mail server took it.';
comment on column app_private.outbox.failed_at is 'When it was given up.';
comment on column app_private.outbox.failure is 'Why the last attempt failed: codes of the mail server, or a word of ours. [none]';

create table app_private.suppressed_address (
  email text primary key check (email = lower(email) and length(email) between 3 and 254),
  failure text not null check (failure ~ '^[a-z0-9][a-z0-9. -]{0,39}$'),
  since timestamptz not null default app_private.clock()
);

comment on table app_private.suppressed_address is 'Addresses that a mail server said do not exist: nothing more is sent to them until somebody allows it again. Written by the worker.';
comment on column app_private.suppressed_address.email is 'The address. [personal]';
comment on column app_private.suppressed_address.failure is 'What the mail server answered: its codes. [none]';
comment on column app_private.suppressed_address.since is 'When.';

grant select, insert, delete on app_private.suppressed_address to kollegium_broker;
-- Files.
create table app.note_file (
  marketplace_id uuid not null,
  id uuid not null,
  lead_id uuid not null,
  company_id uuid not null references app.company,
  author_id uuid references app.colleague (id),
  author_name text not null,
  name text not null check (length(name) between 1 and 255),
  media_type text not null check (length(media_type) between 3 and 100),
  size bigint not null check (size between 1 and 104857600),
  sha256 bytea not null check (length(sha256) = 32),
  created_at timestamptz not null default app_private.clock(),
  engagement_id uuid,
  primary key (marketplace_id, id),
  foreign key (marketplace_id, lead_id) references app.lead (marketplace_id, id),
  foreign key (marketplace_id, engagement_id) references app.engagement (marketplace_id, id)
);
create index note_file_lead on app.note_file (marketplace_id, lead_id, company_id, id desc);
-- All files of a company: how much of its quota they take.
create index note_file_company on app.note_file (company_id) include (size);

comment on table app.note_file is 'Files as internal notes: read by the colleagues of one company. What is in them stands in app_private.file_chunk. Erasure of the person deletes row and chunks.';
comment on column app.note_file.marketplace_id is 'The marketplace.';
comment on column app.note_file.id is 'Id (time-ordered UUID); of its chunks, too.';
comment on column app.note_file.lead_id is 'The lead.';
comment on column app.note_file.company_id is 'The company that put it in and alone reads it.';
comment on column app.note_file.author_id is 'Who put it in; null for an API key.';
comment on column app.note_file.author_name is 'Name of the author, or of the key. [personal]';
comment on column app.note_file.name is 'Name of the file; its end fits its type. [free text]';
comment on column app.note_file.media_type is 'What it is by its content, of a closed list (service/domain/files/kinds.py). [none]';
comment on column app.note_file.size is 'Bytes.';
comment on column app.note_file.sha256 is 'SHA-256 of the content.';
comment on column app.note_file.created_at is 'When it was put in.';
comment on column app.note_file.engagement_id is 'The engagement in which it was put in; null: before any. Who reads it does not hang on it.';
create table app.message_file (
  marketplace_id uuid not null,
  id uuid not null,
  lead_id uuid not null,
  parties uuid[] not null,
  company_id uuid not null references app.company,
  company_name text not null,
  author_id uuid references app.colleague (id),
  author_name text not null,
  name text not null check (length(name) between 1 and 255),
  media_type text not null check (length(media_type) between 3 and 100),
  size bigint not null check (size between 1 and 104857600),
  sha256 bytea not null check (length(sha256) = 32),
  created_at timestamptz not null default app_private.clock(),
  engagement_id uuid,
  origin_parties uuid[] generated always as (case when engagement_id is null then parties end) stored,
  primary key (marketplace_id, id),
  -- One of the two holds: an engagement's rows are seen as it is, the others as the lead without its taker.
  foreign key (marketplace_id, lead_id, engagement_id, parties)
    references app.engagement (marketplace_id, lead_id, id, parties) deferrable initially deferred,
  foreign key (marketplace_id, lead_id, origin_parties)
    references app.lead (marketplace_id, id, origin_parties) deferrable initially deferred
);
create index message_file_lead on app.message_file (marketplace_id, lead_id, id desc);
-- All files of a company: how much of its quota they take.
create index message_file_company on app.message_file (company_id) include (size);

comment on table app.message_file is 'Files as messages: shared by the parties of one engagement; before any, by operator and giver. What is in them stands in app_private.file_chunk. Erasure of the person deletes row and chunks.';
comment on column app.message_file.marketplace_id is 'The marketplace.';
comment on column app.message_file.id is 'Id (time-ordered UUID); of its chunks, too.';
comment on column app.message_file.lead_id is 'The lead.';
comment on column app.message_file.parties is 'Copy of engagement.parties, or without one of lead.origin_parties; a difference fails at commit.';
comment on column app.message_file.company_id is 'The company that put it in.';
comment on column app.message_file.company_name is 'Its printed name; empty when it stands on the card of an engagement that ended. [none]';
comment on column app.message_file.author_id is 'Who put it in; null for an API key.';
comment on column app.message_file.author_name is 'Name of the author, or of the key; empty as company_name is. [personal]';
comment on column app.message_file.name is 'Name of the file; its end fits its type. [free text]';
comment on column app.message_file.media_type is 'What it is by its content, of a closed list (service/domain/files/kinds.py). [none]';
comment on column app.message_file.size is 'Bytes.';
comment on column app.message_file.sha256 is 'SHA-256 of the content.';
comment on column app.message_file.created_at is 'When it was put in.';
comment on column app.message_file.engagement_id is 'The engagement in which it was put in; null: before any.';
comment on column app.message_file.origin_parties is 'parties of a file before any engagement. Generated, for its foreign key.';
create table app_private.file_chunk (
  marketplace_id uuid not null,
  file_id uuid not null,
  number integer not null check (number between 0 and 399),
  content bytea not null check (length(content) between 1 and 262144),
  kept boolean not null default false,
  created_at timestamptz not null default app_private.clock(),
  primary key (marketplace_id, file_id, number)
);
-- What is compressed already (PDF, pictures, office documents) is not compressed again.
alter table app_private.file_chunk alter content set storage external;
-- What belongs to no file, for its removal.
create index file_chunk_loose on app_private.file_chunk (created_at) where not kept;

comment on table app_private.file_chunk is 'What is in the files of leads, in parts of 256 KiB; read through app.file_part alone, which asks who sees the file (app.note_file, app.message_file). Goes with its file, at its erasure, too.';
comment on column app_private.file_chunk.marketplace_id is 'The marketplace of the file.';
comment on column app_private.file_chunk.file_id is 'The file.';
comment on column app_private.file_chunk.number is 'Its place in the file, from 0.';
comment on column app_private.file_chunk.content is 'The bytes: 256 KiB, of the last part what is left. [personal]';
comment on column app_private.file_chunk.kept is 'Whether it belongs to a file by now.';
comment on column app_private.file_chunk.created_at is 'When it was written.';

grant select, insert, delete, update (kept) on app_private.file_chunk to kollegium_broker;

-- Companies that are away as a whole.
create table app.company_absence (
  id uuid primary key,
  company_id uuid not null references app.company,
  begins_at timestamptz not null,
  ends_at timestamptz not null,
  created_at timestamptz not null default app_private.clock(),
  check (begins_at < ends_at)
);
create index company_absence_company on app.company_absence (company_id, id desc);
-- Who is away when a wave opens: those that have not ended.
create index company_absence_ends on app.company_absence (ends_at);

comment on table app.company_absence is 'From when to when a whole company is away: it is offered nothing meanwhile, what it has stays. Erasure: no personal data.';
comment on column app.company_absence.id is 'Id (time-ordered UUID).';
comment on column app.company_absence.company_id is 'Which company, which alone reads it.';
comment on column app.company_absence.begins_at is 'From when.';
comment on column app.company_absence.ends_at is 'Until when, not included.';
comment on column app.company_absence.created_at is 'When it was entered.';

-- Returns by rules.
alter table app.company add column returns_need_release boolean not null default false;
comment on column app.company.returns_need_release is 'true: what a member asks to return waits for a delegator or admin.';
set local role kollegium_broker;
drop function app.change_company(integer[], text, boolean, text);
set local role kollegium_owner;
create table app.return_rules (
  marketplace_id uuid primary key,
  operator_company_id uuid not null,
  reasons jsonb not null check (jsonb_typeof(reasons) = 'array' and jsonb_array_length(reasons) between 1 and 50),
  window_days integer not null check (window_days between 0 and 365),
  quota_percent integer check (quota_percent between 0 and 100),
  quota_days integer not null check (quota_days between 1 and 366),
  silence_days integer check (silence_days between 1 and 60),
  version integer not null default 1,
  foreign key (marketplace_id, operator_company_id)
    references app.marketplace (id, operator_company_id) deferrable initially deferred
);
create index on app.return_rules (operator_company_id);

comment on table app.return_rules is 'Which returns a marketplace takes. None: app_private.return_rules_now.';
comment on column app.return_rules.marketplace_id is 'The marketplace.';
comment on column app.return_rules.operator_company_id is 'The operator, who alone sees the row; its partners ask app.return_rules_of.';
comment on column app.return_rules.reasons is 'In their order, as the API takes them: [{"code", "label": {"de", "en"}, "evidence": {"attempts", "days"}, "automatic"}]. [none]';
comment on column app.return_rules.window_days is 'How many calendar days after its begin an engagement may be returned (0: on that day alone).';
comment on column app.return_rules.quota_percent is 'How many of a hundred engagements a taker may return; null: no limit.';
comment on column app.return_rules.quota_days is 'Of the engagements that began in so many days the quota is counted.';
comment on column app.return_rules.silence_days is 'After so many working days without an answer a return is accepted; null: it waits for ever.';
comment on column app.return_rules.version is 'Counts changes; the ETag.';

create table app.return_request (
  marketplace_id uuid not null,
  id uuid not null,
  lead_id uuid not null,
  engagement_id uuid not null,
  company_id uuid not null references app.company,
  operator_company_id uuid not null,
  state text not null
    check (state in ('waiting', 'dropped', 'requested', 'withdrawn', 'accepted', 'refused')),
  reason text not null,
  comment text check (length(comment) between 1 and 2000),
  asked_by_id uuid references app.colleague (id),
  asked_by_name text not null,
  asked_at timestamptz not null default app_private.clock(),
  released_by_name text,
  requested_at timestamptz,
  attempts integer not null default 0,
  days integer not null default 0,
  calls jsonb not null default '[]' check (jsonb_typeof(calls) = 'array'),
  remind_at timestamptz,
  silence_at timestamptz,
  automatic text check (automatic in ('reason', 'silence')),
  answer text check (length(answer) between 1 and 2000),
  ended_at timestamptz,
  files uuid[] not null default '{}',
  primary key (marketplace_id, id),
  foreign key (marketplace_id, lead_id) references app.lead (marketplace_id, id),
  foreign key (marketplace_id, engagement_id) references app.engagement (marketplace_id, id),
  foreign key (marketplace_id, operator_company_id)
    references app.marketplace (id, operator_company_id) deferrable initially deferred,
  check ((state in ('waiting', 'dropped')) = (requested_at is null)),
  check ((state in ('waiting', 'requested')) = (ended_at is null))
);
create index return_request_engagement on app.return_request (marketplace_id, engagement_id, id desc);
create unique index return_request_open on app.return_request (marketplace_id, engagement_id)
  where state in ('waiting', 'requested');
-- What waits for release, for the quota.
create index return_request_waiting on app.return_request (company_id) where state = 'waiting';
-- What the worker does by itself.
create index return_request_silence on app.return_request (silence_at) where state = 'requested';
create index return_request_remind on app.return_request (remind_at) where state = 'requested';

comment on table app.return_request is 'A taker asks to return a lead: read by it, and by the operator once it was released. The giver reads what the history says. Erasure of the person deletes comment and answer; reason, times and outcomes of calls stay.';
comment on column app.return_request.marketplace_id is 'The marketplace.';
comment on column app.return_request.id is 'Id (time-ordered UUID).';
comment on column app.return_request.lead_id is 'The lead.';
comment on column app.return_request.engagement_id is 'The engagement that is to end; at most one open request each.';
comment on column app.return_request.company_id is 'The taker.';
comment on column app.return_request.operator_company_id is 'The operator, who decides.';
comment on column app.return_request.state is 'waiting: for release inside the company; dropped: it was not released; requested; withdrawn by the taker, or moot; accepted; refused. [none]';
comment on column app.return_request.reason is 'Code of the reason. [none]';
comment on column app.return_request.comment is 'What the taker said to it; null: nothing. [free text]';
comment on column app.return_request.asked_by_id is 'Who asked; null for an API key.';
comment on column app.return_request.asked_by_name is 'His name, or that of the key. [personal]';
comment on column app.return_request.asked_at is 'When he asked.';
comment on column app.return_request.released_by_name is 'Who released it; null: nobody had to. [personal]';
comment on column app.return_request.requested_at is 'Since when the operator knows of it; null: it does not.';
comment on column app.return_request.attempts is 'How many attempts to call counted when it was asked.';
comment on column app.return_request.days is 'On how many days, in the zone of the marketplace''s calendar.';
comment on column app.return_request.calls is 'Calls that are shown to the operator, in their order: [{"outcome", "at"}]; neither note nor name. [none]';
comment on column app.return_request.remind_at is 'When the operator is reminded; null: it was, or is not to be.';
comment on column app.return_request.silence_at is 'When silence accepts it; null: never.';
comment on column app.return_request.automatic is 'What accepted it: reason (the rules say so) or silence; null: somebody decided, or nobody yet. [none]';
comment on column app.return_request.answer is 'What the operator said to it; null: nothing. [free text]';
comment on column app.return_request.ended_at is 'Since when it is not open any more.';
comment on column app.return_request.files is 'Shared files of the engagement that are shown with it; one that was removed before it was released is not.';

create table app_private.comeback (
  marketplace_id uuid not null,
  lead_id uuid not null,
  engagement_id uuid not null,
  created_at timestamptz not null default app_private.clock(),
  primary key (marketplace_id, lead_id),
  foreign key (marketplace_id, lead_id) references app.lead (marketplace_id, id)
);
comment on table app_private.comeback is 'Leads that came back (returned, or closed as lost) and that the worker is to offer again, as the plan of waves says. Gone when it did.';
comment on column app_private.comeback.marketplace_id is 'The marketplace.';
comment on column app_private.comeback.lead_id is 'The lead.';
comment on column app_private.comeback.engagement_id is 'The engagement from which it comes: one that was taken up again since is left alone.';
comment on column app_private.comeback.created_at is 'Since when it waits.';
grant select, insert, update, delete on app_private.comeback to kollegium_broker;

-- The next step, and leads that are handed back.
alter table app.marketplace
  add column next_step_required boolean not null default false,
  add column hand_back_hours integer check (hand_back_hours between 1 and 720);
comment on column app.marketplace.next_step_required is 'A call that is entered, or a step that is changed, needs an open follow-up (or a time to call back).';
comment on column app.marketplace.hand_back_hours is 'After so many working hours in which its handler did nothing a lead is nobody''s again (1 to 720); null: never.';
-- Whose handler may have fallen asleep, for app.hand_back.
create index engagement_handled on app.engagement (marketplace_id, lead_id) where state = 'active' and handler_id is not null;

-- Calendar feeds.
create table app_private.calendar_feed (
  colleague_id uuid primary key references app.colleague (id),
  token_sha256 bytea not null unique check (length(token_sha256) = 32),
  created_at timestamptz not null default app_private.clock()
);

comment on table app_private.calendar_feed is 'The secret address under which a colleague''s calendar reads his follow-ups; one each, gone when he ends it or leaves. Who follows it sees dates and names of marketplaces, no person.';
comment on column app_private.calendar_feed.colleague_id is 'Whose follow-ups; the company is his, at each reading.';
comment on column app_private.calendar_feed.token_sha256 is 'SHA-256 of the token in the address.';
comment on column app_private.calendar_feed.created_at is 'Since when.';

grant select, insert, delete on app_private.calendar_feed to kollegium_broker;

-- Prices: what a taker pays for a lead, on the offer as it was made; charges and credits.
alter table app.marketplace
  add column price_cents integer check (price_cents between 0 and 100000000),
  add column currency text not null default 'EUR'
    check (currency in ('EUR', 'CHF', 'GBP', 'USD', 'PLN', 'CZK', 'HUF', 'DKK', 'SEK', 'NOK', 'RON', 'BGN'));
alter table app.participation add column price_cents integer check (price_cents between 0 and 100000000);
alter table app.offer
  add column price_cents integer check (price_cents > 0),
  add column currency text check ((currency is null) = (price_cents is null));
comment on column app.marketplace.price_cents is 'What a taker pays for a lead, in hundredths of the currency, unless its card says otherwise; null or 0: nothing.';
comment on column app.marketplace.currency is 'ISO 4217 code of one that has hundredths; of prices and of values of what was won. [none]';
comment on column app.participation.price_cents is 'What this taker pays for a lead instead of the marketplace''s price, set by the operator; 0: nothing, null: the marketplace''s.';
comment on column app.offer.price_cents is 'What the taker pays if it picks, in hundredths, as it was when the offer was made; null: nothing.';
comment on column app.offer.currency is 'ISO 4217 code of the price. [none]';
drop function app_private.take_offer(app.lead, app.caller);
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

-- Events.
create table app.event (
  marketplace_id uuid not null,
  id uuid not null,
  slot integer not null default (floor(extract(epoch from app_private.clock()) / 86400)::bigint % 9)::integer,
  company_id uuid not null,
  kind text not null constraint event_kind_known check (kind in (
    'lead.created', 'lead.submitted', 'lead.accepted', 'lead.rejected', 'lead.offered', 'lead.unplaced',
    'lead.withdrawn', 'lead.changed', 'lead.consent_stated', 'lead.picked', 'lead.assigned',
    'lead.handler_changed', 'lead.step_changed', 'lead.won', 'lead.lost', 'lead.reopened',
    'lead.return_requested', 'lead.return_withdrawn', 'lead.return_due', 'lead.returned', 'lead.return_refused',
    'lead.revoked', 'lead.recycled', 'lead.came_back', 'offer.opened', 'offer.last_call', 'offer.lost',
    'offer.withdrawn', 'offer.expired', 'offer.declined', 'offer.reopened', 'message.added', 'file.added',
    'resync')),
  lead_id uuid,
  engagement_id uuid,
  version integer,
  colleague_id uuid,
  at timestamptz not null default app_private.clock(),
  written_by xid8 not null default pg_current_xact_id(),
  primary key (marketplace_id, id, slot),
  constraint event_about_a_lead check ((lead_id is null) = (kind = 'resync'))
) partition by list (slot);
-- A company's own, in their order; those of transactions that a reader has not seen yet.
create index event_company on app.event (company_id, id);
create index event_written on app.event (written_by);

comment on table app.event is 'One thing that happened to a lead of a company: mails, webhooks and streams are made of it. A row for each company concerned, kept seven days. Erasure of a person leaves it: it names none.';
comment on column app.event.marketplace_id is 'The marketplace.';
comment on column app.event.id is 'Id (time-ordered UUID).';
comment on column app.event.slot is 'Its day, counted modulo nine: one partition each, emptied as a whole when all of it is old.';
comment on column app.event.company_id is 'Whom it is told.';
comment on column app.event.kind is 'What happened; of a lead as its history has it. resync: a merge has moved what no event tells of. [none]';
comment on column app.event.lead_id is 'The lead; null: all of the marketplace (resync).';
comment on column app.event.engagement_id is 'The engagement in which it happened; null: before any, or nothing that whom it is told may see.';
comment on column app.event.version is 'Version of the lead then; null where it is none of whom it is told.';
comment on column app.event.colleague_id is 'The colleague who did it, told to his own company alone.';
comment on column app.event.at is 'When it happened.';
comment on column app.event.written_by is 'The transaction that wrote it: ids stand in the order of time and commits do not, so readers go by this.';

-- Days go round: nothing is created while the service runs, and emptying one locks no other.
do $$
declare
  v_column record;
begin
  for s in 0..8 loop
    execute format('create table app_private.event_day_%s partition of app.event for values in (%s)', s, s);
    execute format('comment on table app_private.event_day_%s is ''Events of every ninth day: %s.''', s, s);
    for v_column in
      select a.attname, col_description(a.attrelid, a.attnum) as words from pg_catalog.pg_attribute a
      where a.attrelid = 'app.event'::regclass and a.attnum > 0
    loop
      execute format('comment on column app_private.event_day_%s.%I is %L', s, v_column.attname, v_column.words);
    end loop;
    execute format('grant truncate on app_private.event_day_%s to kollegium_broker', s);
  end loop;
end
$$;

create table app_private.event_reader (
  name text primary key,
  seen pg_snapshot not null
);
insert into app_private.event_reader (name, seen)
values ('mails', pg_current_snapshot()), ('webhooks', pg_current_snapshot()), ('pushes', pg_current_snapshot());

comment on table app_private.event_reader is 'How far the worker is with what it makes of events.';
comment on column app_private.event_reader.name is 'What it makes of them. [none]';
comment on column app_private.event_reader.seen is 'The transactions whose events were looked at: all that this snapshot saw.';

grant select, insert, update on app_private.event_reader to kollegium_broker;
drop function app_private.record(uuid, uuid, text, app.caller, jsonb);
-- Speed to lead: from the pick to the first call, and within what a marketplace wants it; stalled leads.
alter table app.engagement add column first_contact_at timestamptz;
alter table app.marketplace
  add column contact_target_minutes integer check (contact_target_minutes between 1 and 10080),
  add column stalled_hours integer check (stalled_hours between 1 and 720);
comment on column app.engagement.first_contact_at is 'When the taker called first in it, reached or not; set once. Null: it did not call yet.';
comment on column app.marketplace.contact_target_minutes is 'Within how much working time after the pick a taker is to call, in minutes (1 to 10080); null: the marketplace names none.';
comment on column app.marketplace.stalled_hours is 'After so many working hours without a sign of its handler a lead is listed as stalled (1 to 720); null: after hand_back_hours.';
-- Ratings: how good a lead was for its taker.
create table app.rating (
  marketplace_id uuid not null,
  engagement_id uuid not null,
  lead_id uuid not null,
  company_id uuid not null references app.company,
  operator_company_id uuid not null,
  parties uuid[] not null generated always as
    (array_remove(array[operator_company_id, company_id], null)) stored,
  stars integer check (stars between 1 and 5),
  reason text check (reason in
    ('good_as_described', 'wrong_contact', 'not_interested', 'outside_area', 'wrong_product')),
  rated_at timestamptz not null default app_private.clock(),
  changed_at timestamptz not null default app_private.clock(),
  primary key (marketplace_id, engagement_id),
  foreign key (marketplace_id, engagement_id) references app.engagement (marketplace_id, id),
  foreign key (marketplace_id, operator_company_id)
    references app.marketplace (id, operator_company_id) deferrable initially deferred,
  check (num_nonnulls(stars, reason) > 0)
);

comment on table app.rating is 'How good a lead was for the taker of an engagement, one row each. Read by it and the operator, by the giver only as an average. Erasure of a person leaves it: it names none.';
comment on column app.rating.marketplace_id is 'The marketplace.';
comment on column app.rating.engagement_id is 'The engagement.';
comment on column app.rating.lead_id is 'The lead.';
comment on column app.rating.company_id is 'The taker; follows its engagement.';
comment on column app.rating.operator_company_id is 'The operator.';
comment on column app.rating.parties is 'Who sees it: operator and taker, never the giver. Generated.';
comment on column app.rating.stars is '1 (bad) to 5 (good); null: a reason alone.';
comment on column app.rating.reason is 'good_as_described, wrong_contact, not_interested, outside_area, wrong_product; null: stars alone. [none]';
comment on column app.rating.rated_at is 'When it was rated first.';
comment on column app.rating.changed_at is 'When it was rated last.';

-- Keys at which leads come in without a log-in.
create table app.intake_key (
  marketplace_id uuid not null references app.marketplace (id),
  id uuid not null,
  company_id uuid not null references app.company,
  kind text not null check (kind in ('form', 'google', 'meta')),
  name text not null check (length(name) between 1 and 40),
  interest text not null check (length(interest) between 1 and 120),
  origins text[] not null default '{}' check (cardinality(origins) <= 20),
  consent_text text not null check (length(consent_text) between 1 and 10000),
  key_sha256 bytea not null unique check (length(key_sha256) = 32),
  secret_sha256 bytea check (length(secret_sha256) = 32),
  created_by_id uuid references app.colleague (id),
  created_at timestamptz not null default app_private.clock(),
  revoked_at timestamptz,
  failing_since timestamptz,
  failure text check (failure in ('token-refused', 'permission-missing')),
  primary key (marketplace_id, id),
  check ((kind <> 'form') = (secret_sha256 is not null)),
  check ((failing_since is null) = (failure is null))
);
create index intake_key_company on app.intake_key (company_id, id desc);

comment on table app.intake_key is 'An address at which leads come in for a company without a log-in: a form of its web site, the lead forms of an ad platform. Stays when it is revoked, since its consent text proves what persons agreed to. No data of persons.';
comment on column app.intake_key.id is 'Id (time-ordered UUID); the history of each lead that came in by it names it.';
comment on column app.intake_key.company_id is 'The giver or operator for whom leads come in.';
comment on column app.intake_key.marketplace_id is 'The marketplace into which they come.';
comment on column app.intake_key.kind is 'form: a form of a web site; google, meta: the webhook of lead forms there. [none]';
comment on column app.intake_key.name is 'What it is called: the source of its leads. [free text]';
comment on column app.intake_key.interest is 'What a lead is about when it does not say so itself. [free text]';
comment on column app.intake_key.origins is 'Web sites whose pages may send the form (scheme, host, port); empty: none, only programs. [none]';
comment on column app.intake_key.consent_text is 'What who ticks `consent` agrees to, word for word; never changes. [free text]';
comment on column app.intake_key.key_sha256 is 'SHA-256 of the key in the address.';
comment on column app.intake_key.secret_sha256 is 'SHA-256 of what the platform proves itself with; null for a form.';
comment on column app.intake_key.created_by_id is 'The admin who made it.';
comment on column app.intake_key.created_at is 'When.';
comment on column app.intake_key.revoked_at is 'Set: nothing comes in by it any more.';
comment on column app.intake_key.failing_since is 'Since when Meta gives no lead out for it; null: it does.';
comment on column app.intake_key.failure is 'Why: token-refused, the access token is void; permission-missing, it may not read leads. [none]';
-- Duplicates: by what a person is known again, and which leads wait for their operator because of that.
alter table app.marketplace add column duplicate_days integer check (duplicate_days between 1 and 365);
comment on column app.marketplace.duplicate_days is 'For so many days a person who came in before makes a lead a possible duplicate, which its operator decides on (1 to 365); null: nobody looks.';
create table app_private.lead_key (
  marketplace_id uuid not null,
  hash bytea not null,
  lead_id uuid not null,
  kind text not null check (kind in ('email', 'phone', 'name')),
  submitted_at timestamptz not null,
  primary key (marketplace_id, hash, lead_id),
  foreign key (marketplace_id, lead_id) references app.lead (marketplace_id, id)
);
create index lead_key_lead on app_private.lead_key (marketplace_id, lead_id);
-- What is older than the marketplace looks back, for app.purge.
create index lead_key_age on app_private.lead_key (marketplace_id, submitted_at);

comment on table app_private.lead_key is 'By what a person of a submitted lead is known again, where the marketplace looks for duplicates: keyed hashes, for its operator alone. Erasure of the person deletes its rows; so do time and the setting.';
comment on column app_private.lead_key.marketplace_id is 'The marketplace; part of the hash, so those of two have nothing in common.';
comment on column app_private.lead_key.hash is 'Keyed hash of the address, the number, or name and postcode, each in one spelling. [personal]';
comment on column app_private.lead_key.lead_id is 'The lead.';
comment on column app_private.lead_key.kind is 'email; phone; name: with the postcode. [none]';
comment on column app_private.lead_key.submitted_at is 'When the lead was submitted.';

grant select, insert, delete on app_private.lead_key to kollegium_broker;
create table app_private.duplicate_mark (
  marketplace_id uuid not null,
  lead_id uuid not null,
  found_at timestamptz not null default app_private.clock(),
  primary key (marketplace_id, lead_id),
  foreign key (marketplace_id, lead_id) references app.lead (marketplace_id, id)
);

comment on table app_private.duplicate_mark is 'A submitted lead whose person came in before: its operator decides. Its giver reads nothing of it. Erasure of a person leaves it: it names none.';
comment on column app_private.duplicate_mark.marketplace_id is 'The marketplace.';
comment on column app_private.duplicate_mark.lead_id is 'The lead that came later.';
comment on column app_private.duplicate_mark.found_at is 'When that was seen.';

grant select, insert, delete on app_private.duplicate_mark to kollegium_broker;

-- What waits for an operator, in the order in which it was asked; on one marketplace, too.
create index return_request_pending on app.return_request (operator_company_id, id) where state = 'requested';
create index return_request_pending_here on app.return_request (marketplace_id, id) where state = 'requested';

-- Disclosures from when to when, and why; exports. Functions alone read and write them, and they change with this.
-- squawk-ignore renaming-column
alter table app.disclosure rename column reason to cause;
-- squawk-ignore renaming-column
alter table app.disclosure rename column created_at to since;
-- Where "not null" is a constraint with a name, it takes the new one.
-- squawk-ignore ban-drop-not-null
alter table app.disclosure alter column lead_id drop not null, alter column cause drop not null, alter column since drop not null;
-- squawk-ignore adding-not-nullable-field
alter table app.disclosure alter column cause set not null, alter column since set not null;
alter table app.disclosure
  add column until timestamptz,
  drop constraint disclosure_created_at_bounded,
  drop constraint disclosure_reason_check,
  add constraint disclosure_cause_check check (cause in ('pick', 'assignment', 'export')),
  add constraint disclosure_check check (until >= since),
  add constraint disclosure_of_a_lead check (lead_id is not null or cause = 'export');
-- Exports of a company, which a merge does not find by their lead.
create index disclosure_export on app.disclosure (company_id, id) where lead_id is null;
comment on table app.disclosure is 'Who received which personal data when: evidence, never changed. A row without lead is of all that a list gave out as a file.';
comment on column app.disclosure.lead_id is 'The lead; null: an export of a list, of what the recipient could read on the marketplace then.';
comment on column app.disclosure.colleague_name is 'The colleague whose pick or export it was; null for an assignment. [personal]';
comment on column app.disclosure.cause is 'pick, assignment or export. [none]';
comment on column app.disclosure.fields is 'Names of the fields that held data then, or that an export names; no values. [none]';
comment on column app.disclosure.since is 'When the recipient could read it first.';
comment on column app.disclosure.until is 'When it could not any more; null: it still may, or it is not entered. An export is given out in a moment.';
-- Webhooks.
create table app_private.webhook (
  id uuid primary key,
  company_id uuid not null references app.company,
  name text not null check (length(name) <= 200),
  url text not null check (url ~ '^https?://' and length(url) <= 2100),
  kinds text[] check (cardinality(kinds) between 1 and 100),
  state text not null default 'active' check (state in ('active', 'off', 'gone', 'failing')),
  active_since timestamptz not null default app_private.clock(),
  failing_since timestamptz,
  slow boolean not null default false,
  served_at timestamptz not null default '-infinity',
  created_at timestamptz not null default app_private.clock(),
  version integer not null default 1
);
create index webhook_company on app_private.webhook (company_id, id);
create index webhook_served on app_private.webhook (served_at) where state = 'active';

comment on table app_private.webhook is 'An address of a company that is told of its events. Read and changed by its admins, through functions: an address may hold a secret. Erasure: no personal data.';
comment on column app_private.webhook.id is 'Id (time-ordered UUID).';
comment on column app_private.webhook.company_id is 'Whose events it is told.';
comment on column app_private.webhook.name is 'What it is for, in the words of who made it. [none]';
comment on column app_private.webhook.url is 'Where to, as service/outgoing spells it. [none]';
comment on column app_private.webhook.kinds is 'Of which kinds it is told; null: of all. [none]';
comment on column app_private.webhook.state is 'active; off: an admin switched it off; gone: the receiver answered 410; failing: nothing was taken for three days. [none]';
comment on column app_private.webhook.active_since is 'It is told of what happened since.';
comment on column app_private.webhook.failing_since is 'Since when every attempt failed; null: the last one did not.';
comment on column app_private.webhook.slow is 'Whether the last attempt failed or took long: then one delivery at a time, in the half of the places that is for such.';
comment on column app_private.webhook.served_at is 'When deliveries of it were last given to a worker: whoever waits longest comes first.';
comment on column app_private.webhook.created_at is 'When it was made.';
comment on column app_private.webhook.version is 'Counts changes by admins.';

grant select, insert, delete on app_private.webhook to kollegium_broker;
grant update (company_id, name, url, kinds, state, active_since, failing_since, slow, served_at, version)
  on app_private.webhook to kollegium_broker;

create table app_private.webhook_secret (
  webhook_id uuid not null references app_private.webhook on delete cascade,
  secret text not null check (secret ~ '^whsec_[A-Za-z0-9+/]{32,100}={0,2}$'),
  made_at timestamptz not null default app_private.clock(),
  ends_at timestamptz not null default 'infinity',
  primary key (webhook_id, secret)
);

comment on table app_private.webhook_secret is 'What deliveries are signed with: one secret a webhook, and for a day the one before. As it is, because signing needs it; shown once, when it is made. Erasure: no personal data.';
comment on column app_private.webhook_secret.webhook_id is 'The webhook.';
comment on column app_private.webhook_secret.secret is 'whsec_ and base64 (Standard Webhooks). [none]';
comment on column app_private.webhook_secret.made_at is 'When it was made.';
comment on column app_private.webhook_secret.ends_at is 'Until when it signs.';

grant select, insert, delete on app_private.webhook_secret to kollegium_broker;
grant update (ends_at) on app_private.webhook_secret to kollegium_broker;

create table app_private.webhook_delivery (
  webhook_id uuid not null,
  id uuid not null,
  slot integer not null default (floor(extract(epoch from app_private.clock()) / 86400)::bigint % 9)::integer,
  kind text not null,
  payload jsonb not null,
  state text not null default 'pending' check (state in ('pending', 'delivered', 'failed')),
  step integer not null default 1,
  attempts integer not null default 0,
  due_at timestamptz not null default app_private.clock(running => true),
  lease_until timestamptz,
  status integer,
  failure text constraint webhook_delivery_failure_known check (failure in ('status', 'redirect', 'timeout',
    'unknown-name', 'forbidden', 'no-connection', 'tls', 'broken', 'stopped', 'disabled')),
  attempted_at timestamptz,
  ended_at timestamptz,
  created_at timestamptz not null default app_private.clock(),
  primary key (webhook_id, id, slot),
  constraint webhook_delivery_ends check ((state = 'pending') = (ended_at is null))
) partition by list (slot);
create index webhook_delivery_due on app_private.webhook_delivery (webhook_id, due_at) where state = 'pending';
create index webhook_delivery_leased on app_private.webhook_delivery (lease_until) where lease_until is not null;

comment on table app_private.webhook_delivery is 'An event on its way to a webhook, and what became of it; kept seven days. Read by the admins of the company. Erasure: no personal data, ids only.';
comment on column app_private.webhook_delivery.webhook_id is 'The webhook; one that was removed takes its deliveries along, when their day is over.';
comment on column app_private.webhook_delivery.id is 'Id of the event, or a new one (ping): the receiver sees it as webhook-id, the same in every attempt.';
comment on column app_private.webhook_delivery.slot is 'The day of the event, counted modulo nine: one partition each, emptied as a whole when all of it is old.';
comment on column app_private.webhook_delivery.kind is 'Kind of the event, or ping. [none]';
comment on column app_private.webhook_delivery.payload is 'What is sent, the same in every attempt: ids, kind and time. [none]';
comment on column app_private.webhook_delivery.state is 'pending; delivered: the receiver took it; failed: given up. [none]';
comment on column app_private.webhook_delivery.step is 'Which attempt of the schedule comes next; a replay begins anew.';
comment on column app_private.webhook_delivery.attempts is 'Attempts so far; whoever sends it names the one it was given.';
comment on column app_private.webhook_delivery.due_at is 'Not to be tried before.';
comment on column app_private.webhook_delivery.lease_until is 'Somebody is sending it until then.';
comment on column app_private.webhook_delivery.status is 'What the last attempt was answered: a status of HTTP; null: nothing.';
comment on column app_private.webhook_delivery.failure is 'Why the last attempt failed; null: it did not. [none]';
comment on column app_private.webhook_delivery.attempted_at is 'When it was last tried.';
comment on column app_private.webhook_delivery.ended_at is 'Since when nothing more is tried.';
comment on column app_private.webhook_delivery.created_at is 'Since when it waits.';

-- Days go round: nothing is created while the service runs, and emptying one locks no other.
do $$
declare
  v_column record;
begin
  for s in 0..8 loop
    execute format('create table app_private.webhook_delivery_day_%s partition of app_private.webhook_delivery
      for values in (%s)', s, s);
    execute format('comment on table app_private.webhook_delivery_day_%s is ''Deliveries of every ninth day: %s.''', s, s);
    for v_column in
      select a.attname, col_description(a.attrelid, a.attnum) as words from pg_catalog.pg_attribute a
      where a.attrelid = 'app_private.webhook_delivery'::regclass and a.attnum > 0
    loop
      execute format('comment on column app_private.webhook_delivery_day_%s.%I is %L', s, v_column.attname,
        v_column.words);
    end loop;
    execute format('grant select, truncate on app_private.webhook_delivery_day_%s to kollegium_broker', s);
  end loop;
end
$$;

grant select, insert, delete on app_private.webhook_delivery to kollegium_broker;
grant update (state, step, attempts, due_at, lease_until, status, failure, attempted_at, ended_at)
  on app_private.webhook_delivery to kollegium_broker;

-- Notices: which mails a colleague gets, and when.
alter table app_private.outbox
  add column colleague_id uuid,
  add column notices text[],
  drop constraint outbox_kind_check,
  add constraint outbox_kind_check check (kind in ('mail', 'circular', 'reset', 'notice', 'waiting')),
  add constraint outbox_waits_for_somebody check (kind <> 'waiting' or colleague_id is not null and notices is not null);
drop index app_private.outbox_unaddressed;
create index outbox_unaddressed on app_private.outbox (id) where kind in ('circular', 'reset', 'notice');
create index outbox_waiting on app_private.outbox (due_at) where kind = 'waiting';
create index outbox_waits_for on app_private.outbox (colleague_id) where kind = 'waiting';
comment on column app_private.outbox.kind is 'mail: to one address; circular: to all active colleagues of a company; reset: to the colleague of an address, if there is one; notice: the same, if he wants it; the worker makes mails of these three, or what is waiting: for the digest of a colleague, or the end of his quiet hours. [none]';
comment on column app_private.outbox.colleague_id is 'Whom it is for, where that is a colleague who may choose.';
comment on column app_private.outbox.notices is 'Which kinds of notice stand in it, which he can switch off; null: none of them. [none]';
create table app_private.notice_preference (
  colleague_id uuid primary key references app.colleague (id),
  time_zone text not null check (timestamptz '2000-01-01 00:00+00' at time zone time_zone is not null),
  digest_time time not null,
  quiet_begins time,
  quiet_ends time,
  digested text[] not null,
  refused text[] not null,
  changed_at timestamptz not null default app_private.clock(),
  constraint notice_quiet_is_a_span check ((quiet_begins is null) = (quiet_ends is null) and quiet_begins <> quiet_ends),
  constraint notice_chosen_once check (not digested && refused),
  constraint notice_known check (digested || refused <@ array['offers', 'last_calls', 'assignments', 'placements',
    'messages', 'returns', 'reminders', 'partners'])
);

comment on table app_private.notice_preference is 'Which mails a colleague gets, and when; none: all of them, at once. Follows the colleague through merges. Written by himself, and by the link in a mail.';
comment on column app_private.notice_preference.colleague_id is 'Who chose.';
comment on column app_private.notice_preference.time_zone is 'His zone, by a name that PostgreSQL knows: of the times here, and of those in his mails. [none]';
comment on column app_private.notice_preference.digest_time is 'When the digest comes, by the clock on his wall.';
comment on column app_private.notice_preference.quiet_begins is 'When quiet hours begin; null: there are none.';
comment on column app_private.notice_preference.quiet_ends is 'When they end, perhaps on the day after; what waited comes together.';
comment on column app_private.notice_preference.digested is 'Kinds that come in the digest. [none]';
comment on column app_private.notice_preference.refused is 'Kinds that do not come. [none]';
comment on column app_private.notice_preference.changed_at is 'When he chose last.';

grant select, insert, delete on app_private.notice_preference to kollegium_broker;

-- What was found when the wall was last looked at.
create table app_private.watch (
  name text primary key check (name in ('drift', 'canary')),
  checked_at timestamptz not null,
  level text not null check (level in ('ok', 'differs', 'open')),
  findings jsonb not null check (jsonb_typeof(findings) = 'array'),
  claimed_until timestamptz,
  latched_at timestamptz,
  latched text check (length(latched) <= 1000),
  constraint watch_latch_says_why check ((latched_at is null) = (latched is null))
);

comment on table app_private.watch is 'What was found when the wall was last looked at: drift compares the catalogue with the files, canary tries it as two companies. Read by /readyz. No personal data.';
comment on column app_private.watch.name is 'Which of the two. [none]';
comment on column app_private.watch.checked_at is 'When it was last looked at.';
comment on column app_private.watch.level is 'ok; differs: something is not as the files say; open: somebody may see or change more than they say. [none]';
comment on column app_private.watch.findings is 'What is not as it should be, each with the file that says so: names of tables, functions, roles. [none]';
comment on column app_private.watch.claimed_until is 'Somebody is looking, until then at most.';
comment on column app_private.watch.latched_at is 'Since when readiness is red; stays when what was open is closed again, until staff says why it may.';
comment on column app_private.watch.latched is 'What was open then. [none]';

grant select, insert, update on app_private.watch to kollegium_broker;
-- Meta's lead ads: what a key works with, and leads that were named and are to be fetched.
create table app_private.meta_access (
  marketplace_id uuid not null,
  intake_key_id uuid not null,
  hmac_inner bytea not null check (length(hmac_inner) = 64),
  hmac_outer bytea not null check (length(hmac_outer) = 64),
  access_token text not null check (access_token ~ '^[!-~]+$' and length(access_token) <= 1000),
  set_at timestamptz not null default app_private.clock(),
  primary key (marketplace_id, intake_key_id),
  foreign key (marketplace_id, intake_key_id) references app.intake_key (marketplace_id, id)
);

comment on table app_private.meta_access is 'What a key of Meta''s lead ads works with: what notifications are checked by, and what leads are fetched with. Goes when the key is revoked. Nobody but functions reads it. Erasure: no personal data.';
comment on column app_private.meta_access.marketplace_id is 'The marketplace of the key.';
comment on column app_private.meta_access.intake_key_id is 'The key.';
comment on column app_private.meta_access.hmac_inner is 'The app secret as HMAC-SHA-256 uses it, first part: its bytes to 64, each against 36 (hexadecimal). The secret itself is not kept.';
comment on column app_private.meta_access.hmac_outer is 'The same, second part: against 5c.';
comment on column app_private.meta_access.access_token is 'The access token of the page, as it is: Graph wants to see it. [none]';
comment on column app_private.meta_access.set_at is 'When it was entered.';

grant select, insert, delete on app_private.meta_access to kollegium_broker;
grant update (hmac_inner, hmac_outer, access_token, set_at) on app_private.meta_access to kollegium_broker;

create table app_private.meta_lead (
  marketplace_id uuid not null,
  intake_key_id uuid not null,
  leadgen_id text not null check (leadgen_id ~ '^[0-9]{1,40}$'),
  form_id text check (form_id ~ '^[0-9]{1,40}$'),
  page_id text check (page_id ~ '^[0-9]{1,40}$'),
  sent_at timestamptz,
  state text not null default 'waiting' check (state in ('waiting', 'taken', 'failed')),
  attempts integer not null default 0,
  due_at timestamptz not null default app_private.clock(),
  lease_until timestamptz,
  failure text check (failure ~ '^[a-z0-9][a-z0-9-]{0,39}$'),
  heard_at timestamptz not null default app_private.clock(),
  ended_at timestamptz,
  primary key (marketplace_id, intake_key_id, leadgen_id),
  foreign key (marketplace_id, intake_key_id) references app.intake_key (marketplace_id, id),
  check ((state = 'waiting') = (ended_at is null))
);
create index meta_lead_due on app_private.meta_lead (due_at) where state = 'waiting';
create index meta_lead_ended on app_private.meta_lead (ended_at) where state <> 'waiting';

comment on table app_private.meta_lead is 'A lead that Meta named and the worker fetches: numbers alone, what the person said is in the lead. Kept 90 days after its end, as long as Meta keeps the lead. Erasure: names nobody.';
comment on column app_private.meta_lead.marketplace_id is 'The marketplace of the key.';
comment on column app_private.meta_lead.intake_key_id is 'The key at whose address it was named.';
comment on column app_private.meta_lead.leadgen_id is 'Its number there; external_ref of the lead that is made of it. [none]';
comment on column app_private.meta_lead.form_id is 'Number of the form there. [none]';
comment on column app_private.meta_lead.page_id is 'Number of the page there. [none]';
comment on column app_private.meta_lead.sent_at is 'When the person sent it off, as Meta says.';
comment on column app_private.meta_lead.state is 'waiting; taken: it came in, or is none (test data); failed: given up. [none]';
comment on column app_private.meta_lead.attempts is 'Attempts so far; whoever fetches it names the one it was given.';
comment on column app_private.meta_lead.due_at is 'Not to be fetched before.';
comment on column app_private.meta_lead.lease_until is 'Somebody is fetching it until then.';
comment on column app_private.meta_lead.failure is 'Why the last attempt failed, in a word of ours. [none]';
comment on column app_private.meta_lead.heard_at is 'When Meta named it.';
comment on column app_private.meta_lead.ended_at is 'Since when nothing more is tried.';

grant select, insert, delete on app_private.meta_lead to kollegium_broker;
grant update (state, attempts, due_at, lease_until, failure, ended_at) on app_private.meta_lead to kollegium_broker;

-- What the workbench keeps: saved views, and who looks at a lead now.
create table app.saved_view (
  id uuid primary key,
  company_id uuid not null references app.company,
  name text not null check (length(name) between 1 and 60),
  address text not null check (length(address) between 1 and 1000),
  saved_by text not null,
  saved_at timestamptz not null default app_private.clock()
);
create index saved_view_company on app.saved_view (company_id, id desc);

comment on table app.saved_view is 'A list of the workbench as colleagues want to find it again: its address with its filters. No personal data of prospects but what somebody searched for; erasure of the company deletes it.';
comment on column app.saved_view.id is 'Id (time-ordered UUID).';
comment on column app.saved_view.company_id is 'Whose it is; a merge moves it.';
comment on column app.saved_view.name is 'What colleagues call it; of several with one name the newest counts. [free text]';
comment on column app.saved_view.address is 'Path and query below /app/. [free text]';
comment on column app.saved_view.saved_by is 'Printed name of who saved it. [personal]';
comment on column app.saved_view.saved_at is 'When.';

create table app_private.presence (
  marketplace_id uuid not null,
  lead_id uuid not null,
  colleague_id uuid not null references app.colleague (id),
  until timestamptz not null,
  primary key (marketplace_id, lead_id, colleague_id),
  foreign key (marketplace_id, lead_id) references app.lead (marketplace_id, id)
);
create index presence_until on app_private.presence (until);

comment on table app_private.presence is 'Who looks at a lead now: told to the colleagues of his company of today, for 60 seconds at a time. Erasure: names nobody, and is gone within the hour.';
comment on column app_private.presence.marketplace_id is 'The marketplace.';
comment on column app_private.presence.lead_id is 'The lead.';
comment on column app_private.presence.colleague_id is 'Who looks at it.';
comment on column app_private.presence.until is 'Until when that counts, unless he says so again.';

grant select, insert, delete on app_private.presence to kollegium_broker;
grant update (until) on app_private.presence to kollegium_broker;

-- Web push: browsers that want to be told of offers, and of which.
create table app_private.push_subscription (
  id uuid primary key,
  token_sha256 bytea not null references app_private.bearer on delete cascade,
  endpoint text not null unique check (endpoint ~ '^https?://' and length(endpoint) <= 2100),
  p256dh text not null check (p256dh ~ '^[A-Za-z0-9_-]{87}$'),
  auth text not null check (auth ~ '^[A-Za-z0-9_-]{22}$'),
  created_at timestamptz not null default app_private.clock(),
  pushed_at timestamptz,
  failing_since timestamptz
);
create index push_subscription_token on app_private.push_subscription (token_sha256);

comment on table app_private.push_subscription is 'A browser that wants to be told of offers. Hangs on the session in which it was subscribed: goes with a log-out, with a colleague who is deactivated, when its push service says that it is gone, and when nobody logged in there for a month. Erasure: no data of a prospect.';
comment on column app_private.push_subscription.id is 'Id (time-ordered UUID).';
comment on column app_private.push_subscription.token_sha256 is 'The session; says whose browser it is, and for which company he acts.';
comment on column app_private.push_subscription.endpoint is 'Where the push service of the browser takes it, as service/outgoing spells it. [none]';
comment on column app_private.push_subscription.p256dh is 'Public key of the browser, for which it is encrypted (base64url). [none]';
comment on column app_private.push_subscription.auth is 'Secret between it and us (base64url). [none]';
comment on column app_private.push_subscription.created_at is 'When it was subscribed.';
comment on column app_private.push_subscription.pushed_at is 'When its push service last took something.';
comment on column app_private.push_subscription.failing_since is 'Since when it took nothing; null: the last time it did.';

grant select, insert, delete on app_private.push_subscription to kollegium_broker;
grant update (pushed_at, failing_since) on app_private.push_subscription to kollegium_broker;

create table app_private.push_message (
  subscription_id uuid not null references app_private.push_subscription on delete cascade,
  event_id uuid not null,
  kind text not null check (kind in ('offer.opened', 'offer.last_call')),
  marketplace_id uuid not null,
  lead_id uuid not null,
  due_at timestamptz not null,
  attempts integer not null default 0,
  lease_until timestamptz,
  primary key (subscription_id, event_id)
);
create index push_message_due on app_private.push_message (due_at);

comment on table app_private.push_message is 'An offer of which a browser is to be told. Goes when it was, or when the offer is over. Erasure: names nobody.';
comment on column app_private.push_message.subscription_id is 'The browser.';
comment on column app_private.push_message.event_id is 'Id of the event.';
comment on column app_private.push_message.kind is 'Kind of the event. [none]';
comment on column app_private.push_message.marketplace_id is 'The marketplace.';
comment on column app_private.push_message.lead_id is 'The lead that is offered.';
comment on column app_private.push_message.due_at is 'Not before: at once, for the digest, after quiet hours, or after an attempt that failed.';
comment on column app_private.push_message.attempts is 'Attempts so far; whoever sends it names the one it was given.';
comment on column app_private.push_message.lease_until is 'Somebody is sending it until then.';

grant select, insert, delete on app_private.push_message to kollegium_broker;
grant update (due_at, attempts, lease_until) on app_private.push_message to kollegium_broker;
