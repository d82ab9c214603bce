set local check_function_bodies = off;
-- unit: roles
reset role;
-- roles.sql: who exists, and what nobody has.
--
-- Safe to repeat. Needs CREATEROLE the first time; later runs change nothing.
-- Run through `alembic upgrade head`, or by hand: psql -v ON_ERROR_STOP=1 -1 -f sql/roles.sql
--
--   kollegium_owner    owns schemas and tables, runs migrations; FORCE ROW LEVEL SECURITY binds it too
--   kollegium_broker   owns the functions that cross companies; nobody logs in as it
--   kollegium_api      the web tier: selects what the policies show, executes the functions meant for it
--   kollegium_worker   timers and the outbox, through functions only
--   kollegium_staff    sets companies up, later migrates, merges, erases; through functions only
--   kollegium_auditor  reads the catalogue and the audit log; no personal data
--
-- Not granted: SUPERUSER, BYPASSRLS, CREATEDB, CREATEROLE, REPLICATION to any of them. No role is
-- created with a password; give the ones that log in theirs with `alter role … password …`.
do $$
declare
  v_role text;
  v_roles constant text[] := array['kollegium_owner', 'kollegium_broker', 'kollegium_api',
                                   'kollegium_worker', 'kollegium_staff', 'kollegium_auditor'];
begin
  -- Two databases of one server may be migrated at once; roles belong to the server.
  perform pg_advisory_xact_lock(hashtextextended('kollegium roles', 0));
  foreach v_role in array v_roles loop
    if not exists (select from pg_catalog.pg_roles where rolname = v_role) then
      -- noinherit: a role that may become another must say so with SET ROLE. Without it the
      -- owner would pass through the policies of the broker.
      execute format('create role %I noinherit %s', v_role,
                     case v_role when 'kollegium_broker' then 'nologin' else 'login' end);
    end if;
  end loop;
  -- The owner may become each of them (noinherit: only with SET ROLE), so that commands run with the
  -- owner's log-in alone. It adds no right: as the broker he crosses companies already.
  foreach v_role in array array_remove(v_roles, 'kollegium_owner') loop
    if not pg_has_role('kollegium_owner', v_role, 'member') then
      execute format('grant %I to kollegium_owner', v_role);
    end if;
  end loop;
  if not pg_has_role(current_user, 'kollegium_owner', 'member') then
    execute format('grant kollegium_owner to %I', current_user);
  end if;
  if not has_schema_privilege('kollegium_owner', 'public', 'create') then
    grant create on schema public to kollegium_owner;
  end if;
  if not has_database_privilege('kollegium_owner', current_database(), 'create') then
    execute format('grant create on database %I to kollegium_owner', current_database());
  end if;
end
$$;

-- Limits of each role. The web tier gives up by closing its connection; the check interval is how
-- soon its statement ends then. Its lists walk indexes, whatever the server says a page costs. They are set only where they differ, so that a run without CREATEROLE passes.
do $$
declare
  v_wanted constant jsonb := '{
    "kollegium_api":     ["statement_timeout=5s", "lock_timeout=3s",
                          "idle_in_transaction_session_timeout=10s", "jit=off",
                          "client_connection_check_interval=1s",
                          "plan_cache_mode=force_generic_plan", "random_page_cost=1.1"],
    "kollegium_worker":  ["statement_timeout=30s", "lock_timeout=5s",
                          "idle_in_transaction_session_timeout=30s", "jit=off"],
    "kollegium_staff":   ["statement_timeout=10min", "lock_timeout=10s",
                          "idle_in_transaction_session_timeout=1min"],
    "kollegium_auditor": ["statement_timeout=1min", "lock_timeout=1s",
                          "idle_in_transaction_session_timeout=1min",
                          "default_transaction_read_only=on"]
  }';
  v_role text;
  v_setting text;
begin
  for v_role, v_setting in
    select r.key, s.value from jsonb_each(v_wanted) r, jsonb_array_elements_text(r.value) s
  loop
    if not exists (select from pg_catalog.pg_roles
                   where rolname = v_role and v_setting = any (rolconfig)) then
      execute format('alter role %I set %I = %L', v_role,
                     split_part(v_setting, '=', 1), split_part(v_setting, '=', 2));
    end if;
  end loop;
end
$$;


-- unit: alembic
alter table public.alembic_version owner to kollegium_owner;
grant select on public.alembic_version to kollegium_api, kollegium_worker, kollegium_staff, kollegium_auditor;

-- unit: tables/schemas
set local role kollegium_owner;
-- The schemas, and who calls. A table each stands in a file beside this one; who sees a row in sql/policies,
-- what may change hands in sql/functions.
create schema app authorization kollegium_owner;
create schema app_private authorization kollegium_owner;
comment on schema app is 'What the service may touch: tables under row-level security, and functions.';
comment on schema app_private is 'Credentials, sessions, journals: reachable only through functions of app.';

grant usage on schema app to kollegium_api, kollegium_worker, kollegium_staff, kollegium_auditor;
grant usage, create on schema app, app_private to kollegium_broker;
-- A function is executable by nobody until a file grants it.
alter default privileges revoke execute on functions from public;
set local role kollegium_broker;
alter default privileges revoke execute on functions from public;
set local role kollegium_owner;

create type app.caller as (
  company_id uuid, company_name text, delegator_role boolean, colleague_id uuid,
  colleague_name text, email text, role text, language text, api_key_id uuid
);
comment on type app.caller is 'Who calls: company, colleague (or API key) and role, from the token.';


-- unit: tables/audit_entry
set local role kollegium_owner;
create table app_private.audit_entry (
  id uuid primary key,
  at timestamptz not null default now(),
  company_id uuid,
  colleague_id uuid,
  action text not null,
  object_id uuid,
  detail jsonb not null default '{}'
);
create index on app_private.audit_entry (at);

comment on table app_private.audit_entry is 'Security-relevant events; no personal data, never changed.';
comment on column app_private.audit_entry.id is 'Id (time-ordered UUID).';
comment on column app_private.audit_entry.at is 'When.';
comment on column app_private.audit_entry.company_id is 'Whose action; null: nobody''s.';
comment on column app_private.audit_entry.colleague_id is 'The colleague; null for an API key.';
comment on column app_private.audit_entry.action is 'What was done. [none]';
comment on column app_private.audit_entry.object_id is 'To what.';
comment on column app_private.audit_entry.detail is 'Details without personal data. [none]';

grant select, insert on app_private.audit_entry to kollegium_broker;


-- unit: tables/cohort
set local role kollegium_owner;
create table app_private.cohort (
  week text primary key check (week ~ '^20[0-9]{2}-W(0[1-9]|[1-4][0-9]|5[0-3])$'),
  features_on boolean not null default false,
  switched_at timestamptz
);
-- The announcement: step by step, from calendar week 41 to the end of week 43.
insert into app_private.cohort (week) values ('2026-W41'), ('2026-W42'), ('2026-W43');

comment on table app_private.cohort is 'A week of the roll-out. Merge: nothing to do. Erasure: no personal data.';
comment on column app_private.cohort.week is 'ISO week, such as 2026-W41. [none]';
comment on column app_private.cohort.features_on is 'The week was switched on, and not off again since.';
comment on column app_private.cohort.switched_at is 'When it was switched last; null: never.';

grant select, update (features_on, switched_at) on app_private.cohort to kollegium_broker;


-- unit: tables/company
set local role kollegium_owner;
create table app.company (
  id uuid primary key,
  name text not null check (length(name) between 1 and 200),
  state text not null default 'active' check (state in ('active', 'absorbed', 'closed')),
  absorbed_into uuid references app.company,
  delegator_role boolean not null default true,
  language text not null default 'de' check (language in ('de', 'en')),
  origin_legacy_user_id text unique,
  created_at timestamptz not null default now(),
  changed_at timestamptz not null default now(),
  version integer not null default 1,
  names_due_before uuid,
  unique (id, state),
  check ((state = 'absorbed') = (absorbed_into is not null))
);
create index company_names_due on app.company (id) where names_due_before is not null;

comment on table app.company is 'The tenant: what every policy compares with. Equal names are allowed.';
comment on column app.company.id is 'Id, made by app_private.new_id (time-ordered UUID).';
comment on column app.company.name is 'Name as others read it; printed on participations too. [none]';
comment on column app.company.state is 'active; absorbed (by a merge); closed. Only active companies have a context. [none]';
comment on column app.company.absorbed_into is 'The survivor of the merge; set exactly when absorbed.';
comment on column app.company.delegator_role is 'true: only delegators and admins hand engagements to others (docs/domain.md, roles).';
comment on column app.company.language is 'Language of mails to the company as such: de or en. [none]';
comment on column app.company.origin_legacy_user_id is 'The user of the former service this company was made for; null for new ones. [none]';
comment on column app.company.created_at is 'When the company was set up.';
comment on column app.company.changed_at is 'When a setting changed last.';
comment on column app.company.version is 'Counts changes; the ETag.';
comment on column app.company.names_due_before is 'Its leads with a smaller id may show a former name; null: none does. The timer app.print_names goes on from here.';


-- unit: tables/job
set local role kollegium_owner;
create table app_private.job (
  name text not null constraint job_name_known check (name ~ '^[a-z]+(-[a-z]+)*$' and length(name) <= 40),
  slot integer not null check (slot between 1 and 16),
  lease uuid,
  leased_until timestamptz,
  started_at timestamptz,
  due_at timestamptz not null default '-infinity',
  succeeded_at timestamptz,
  seconds double precision,
  failures integer not null default 0,
  failure text check (length(failure) <= 40),
  primary key (name, slot),
  constraint job_lease_ends check ((lease is null) = (leased_until is null))
);

comment on table app_private.job is 'What the workers do: when it is due, who is at it, how it went. A row for each slot, so that some jobs may run in several workers at once. Holds nothing of persons or companies.';
comment on column app_private.job.name is 'Name of the job, as in service/jobs/worker. [none]';
comment on column app_private.job.slot is '1, 2 …: how many workers may do it at once.';
comment on column app_private.job.lease is 'Whoever is at it has this; null: nobody. Only the lease that is written here may say how it went.';
comment on column app_private.job.leased_until is 'Until when, by the clock of the database; a worker that lives says so again. Later anybody may take over.';
comment on column app_private.job.started_at is 'When its last round began.';
comment on column app_private.job.due_at is 'When its next round may begin.';
comment on column app_private.job.succeeded_at is 'When a round last ended well.';
comment on column app_private.job.seconds is 'How long that round took.';
comment on column app_private.job.failures is 'Rounds that failed or were lost since then.';
comment on column app_private.job.failure is 'What the last of them met: an SQLSTATE, or the name of an error. [none]';

grant select, insert, update on app_private.job to kollegium_broker;


-- unit: tables/legacy_group
set local role kollegium_owner;
create table app_private.legacy_group (
  legacy_id bigint primary key,
  owner_legacy_id bigint,
  name text
);

comment on table app_private.legacy_group is 'Groups of the former system: suggestions for merges, nothing else.';
comment on column app_private.legacy_group.legacy_id is 'Number of the group.';
comment on column app_private.legacy_group.owner_legacy_id is 'Number of the user who made it.';
comment on column app_private.legacy_group.name is 'Its name. [free text]';

grant select, insert, update, delete on app_private.legacy_group to kollegium_broker;


-- unit: tables/legacy_group_member
set local role kollegium_owner;
create table app_private.legacy_group_member (
  group_legacy_id bigint not null,
  user_legacy_id bigint not null,
  primary key (group_legacy_id, user_legacy_id)
);

comment on table app_private.legacy_group_member is 'Who was in which group.';
comment on column app_private.legacy_group_member.group_legacy_id is 'Number of the group.';
comment on column app_private.legacy_group_member.user_legacy_id is 'Number of the user.';

grant select, insert, update, delete on app_private.legacy_group_member to kollegium_broker;


-- unit: tables/legacy_lead
set local role kollegium_owner;
-- No foreign key to app.lead: leads are never deleted, and it would cost a tenth of the import.
create table app_private.legacy_lead (
  legacy_id bigint primary key,
  marketplace_id uuid not null,
  lead_id uuid not null,
  row_hash bigint not null,
  version integer not null,
  offers bigint[] not null default '{}',
  comments uuid[] not null default '{}'
);

comment on table app_private.legacy_lead is 'Which lead one of the former system became.';
comment on column app_private.legacy_lead.legacy_id is 'Its legacy number.';
comment on column app_private.legacy_lead.marketplace_id is 'The marketplace.';
comment on column app_private.legacy_lead.lead_id is 'The lead.';
comment on column app_private.legacy_lead.row_hash is
  'Hash of the row, its offers and comments as imported; 0: it is deleted there or waits in quarantine since, and followed.';
comment on column app_private.legacy_lead.version is 'Version of the lead when written; differs when somebody worked it here.';

comment on column app_private.legacy_lead.offers is 'Numbers of its offers as imported.';
comment on column app_private.legacy_lead.comments is 'Ids of the notes and messages that came with it.';

grant select, insert, update, delete on app_private.legacy_lead to kollegium_broker;


-- unit: tables/legacy_lead_row
set local role kollegium_owner;
-- A lead of a batch, as it is to become; app_private.legacy_lead_rows makes them.
create type app_private.legacy_lead_row as (
  legacy_id bigint, action text, marketplace_id uuid, lead_id uuid, parties uuid[],
  operator_company_id uuid, operator_name text, giver_company_id uuid, giver_name text,
  created_by_id uuid, created_by_name text,
  owner_id uuid, taker_company_id uuid, taker_company_name text, taker_id uuid, taker_name text, taker_active boolean,
  state text, outcome text, interest text, postcode_area text, tags text[], consent boolean, value numeric,
  marketplace_name text, steps text[], step text, hours integer, has_offers boolean,
  brokerage_id uuid, engagement_id uuid, picked_at timestamptz, closed_at timestamptz, created_at timestamptz,
  updated_at timestamptz, offers bigint[], comments uuid[], row_hash bigint, known_hash bigint, app_version integer
);
-- An offer of such a lead, with the columns of app.offer. place: of several that one company has for the lead
-- since a merge, the first stays; legacy_id and colleague_id say which it was in the former system.
create type app_private.legacy_offer_row as (
  marketplace_id uuid, id uuid, brokerage_id uuid, lead_id uuid, company_id uuid, operator_company_id uuid,
  wave integer, state text, interest text, postcode_area text, tags text[], marketplace_name text,
  company_name text, opened_at timestamptz, expires_at timestamptz, answered_at timestamptz,
  answered_by_name text, decline_reason text, action text, changed_at timestamptz, legacy_id bigint, colleague_id uuid, place bigint
);


-- unit: tables/legacy_participation
set local role kollegium_owner;
create table app_private.legacy_participation (
  marketplace_id uuid not null,
  company_id uuid not null,
  first_id bigint not null,
  row_hash bigint not null,
  version integer not null,
  primary key (marketplace_id, company_id)
);

comment on table app_private.legacy_participation is 'Participations that came from the former system.';
comment on column app_private.legacy_participation.marketplace_id is 'The marketplace.';
comment on column app_private.legacy_participation.company_id is 'The company made for the participant; a merge changes the card, not this.';
comment on column app_private.legacy_participation.first_id is 'The lowest number of his participant rows.';
comment on column app_private.legacy_participation.row_hash is 'Hash of his participant rows as imported; 0: they are deleted there, and followed.';
comment on column app_private.legacy_participation.version is 'Version of the card when written.';

grant select, insert, update, delete on app_private.legacy_participation to kollegium_broker;


-- unit: tables/legacy_quarantine
set local role kollegium_owner;
create table app_private.legacy_quarantine (
  source_table text not null,
  legacy_key text not null,
  reason text not null,
  field text,
  blocked_by text,
  first_seen_at timestamptz not null default now(),
  last_seen_at timestamptz not null default now(),
  healed_at timestamptz,
  primary key (source_table, legacy_key, reason)
);
create index on app_private.legacy_quarantine (source_table, reason) where healed_at is null;

comment on table app_private.legacy_quarantine is 'Legacy rows that could not be imported; no values, so no personal data.';
comment on column app_private.legacy_quarantine.source_table is 'The legacy table. [none]';
comment on column app_private.legacy_quarantine.legacy_key is 'The row''s legacy number, two of them with a slash for group_members; its place in the table where that cannot be read. [none]';
comment on column app_private.legacy_quarantine.reason is 'Why; service/jobs/legacy/reasons.toml has the words and what heals it. [none]';
comment on column app_private.legacy_quarantine.field is 'The columns concerned, where it is not the whole row; of an unforeseen error what PostgreSQL calls it. [none]';
comment on column app_private.legacy_quarantine.blocked_by is 'For depends-on: the row that has to be healed first, as table:number. [none]';
comment on column app_private.legacy_quarantine.first_seen_at is 'When an import met it first.';
comment on column app_private.legacy_quarantine.last_seen_at is 'When an import met it last.';
comment on column app_private.legacy_quarantine.healed_at is 'When an import did not find it any more; null: it waits.';

grant select, insert, update, delete on app_private.legacy_quarantine to kollegium_broker;


-- unit: tables/legacy_staging
set local role kollegium_owner;
-- legacy_staging: scratch, unlogged, emptied after each run. Staff may add rows and read none; the
-- broker's functions read them. Several loads live side by side, so two runs do not meet here.
create schema legacy_staging authorization kollegium_owner;
comment on schema legacy_staging is 'Rows of the former system while a run of `kollegium legacy` works with them.';
grant usage on schema legacy_staging to kollegium_staff;
grant usage, create on schema legacy_staging to kollegium_broker;
-- The broker's own, so that its functions may empty and analyze them.
set local role kollegium_broker;
create table legacy_staging.load (
  load integer primary key,
  source text not null,
  began_at timestamptz not null default now(),
  sealed_at timestamptz
);
comment on table legacy_staging.load is 'One reading of the former system by one run.';
comment on column legacy_staging.load.load is 'Its number.';
comment on column legacy_staging.load.source is 'schema, url or csv.';
comment on column legacy_staging.load.began_at is 'When it began.';
comment on column legacy_staging.load.sealed_at is 'When all tables had been read.';

-- Nothing but the numbers is required of a row here: what is missing or cannot be read is null, and a finding.
create unlogged table legacy_staging.users (
  load integer not null,
  id bigint not null,
  email text,
  password_hash text,
  first_name text,
  last_name text,
  company_name text,
  vat_id text,
  phone text,
  language text,
  created_at timestamptz,
  updated_at timestamptz,
  deleted_at timestamptz,
  address text,
  primary key (load, id)
);
comment on table legacy_staging.users is 'Rows of users of the former system as one load read them (sql/legacy/schema.sql).';
comment on column legacy_staging.users.load is 'The load that read the row.';
comment on column legacy_staging.users.id is 'Number of the user.';
comment on column legacy_staging.users.email is 'Log-in. Compared exactly, so two users may differ in case alone.';
comment on column legacy_staging.users.password_hash is 'pbkdf2_sha256$<iterations>$<salt>$<base64 of 32 bytes>: PBKDF2 with HMAC-SHA-256 over the UTF-8 bytes of password and salt. Anything else, or null, cannot be checked.';
comment on column legacy_staging.users.first_name is 'First name.';
comment on column legacy_staging.users.last_name is 'Last name.';
comment on column legacy_staging.users.company_name is 'The firm''s name as the user wrote it; several users may have the same.';
comment on column legacy_staging.users.vat_id is 'VAT id as written; not checked by the old system.';
comment on column legacy_staging.users.phone is 'Telephone number as written.';
comment on column legacy_staging.users.language is 'de or en; null means de.';
comment on column legacy_staging.users.created_at is 'When he registered.';
comment on column legacy_staging.users.updated_at is 'When the row changed last.';
comment on column legacy_staging.users.deleted_at is 'Set: deleted by himself or staff. The row stays, because leads point to it.';
comment on column legacy_staging.users.address is 'email as the log-in spells it (service/vocabulary.py); null: the log-in refuses it, or he is deleted.';

create unlogged table legacy_staging.groups (
  load integer not null,
  id bigint not null,
  owner_user_id bigint,
  name text,
  created_at timestamptz,
  updated_at timestamptz,
  primary key (load, id)
);
comment on table legacy_staging.groups is 'Rows of groups of the former system as one load read them (sql/legacy/schema.sql).';
comment on column legacy_staging.groups.load is 'The load that read the row.';
comment on column legacy_staging.groups.id is 'Number of the group.';
comment on column legacy_staging.groups.owner_user_id is 'Who made it.';
comment on column legacy_staging.groups.name is 'Its name.';
comment on column legacy_staging.groups.created_at is 'When it was made.';
comment on column legacy_staging.groups.updated_at is 'When the row changed last.';

create unlogged table legacy_staging.group_members (
  load integer not null,
  group_id bigint not null,
  user_id bigint not null,
  joined_at timestamptz,
  primary key (load, group_id, user_id)
);
comment on table legacy_staging.group_members is 'Rows of group_members of the former system as one load read them (sql/legacy/schema.sql).';
comment on column legacy_staging.group_members.load is 'The load that read the row.';
comment on column legacy_staging.group_members.group_id is 'The group.';
comment on column legacy_staging.group_members.user_id is 'The user.';
comment on column legacy_staging.group_members.joined_at is 'Since when.';

create unlogged table legacy_staging.marketplaces (
  load integer not null,
  id bigint not null,
  owner_user_id bigint,
  name text,
  response_hours integer,
  teaser_digits integer,
  giver_may_withdraw boolean,
  auto_accept boolean,
  created_at timestamptz,
  updated_at timestamptz,
  primary key (load, id)
);
comment on table legacy_staging.marketplaces is 'Rows of marketplaces of the former system as one load read them (sql/legacy/schema.sql).';
comment on column legacy_staging.marketplaces.load is 'The load that read the row.';
comment on column legacy_staging.marketplaces.id is 'Number of the marketplace.';
comment on column legacy_staging.marketplaces.owner_user_id is 'The user who operates it.';
comment on column legacy_staging.marketplaces.name is 'Its name.';
comment on column legacy_staging.marketplaces.response_hours is 'How long an offer stays open; null means 48.';
comment on column legacy_staging.marketplaces.teaser_digits is 'Leading digits of the postcode shown before the pick; null means 2.';
comment on column legacy_staging.marketplaces.giver_may_withdraw is 'May a giver take back an unpicked lead? Null means true.';
comment on column legacy_staging.marketplaces.auto_accept is 'Are new leads released without the owner? Null means false.';
comment on column legacy_staging.marketplaces.created_at is 'When it was made.';
comment on column legacy_staging.marketplaces.updated_at is 'When the row changed last.';

create unlogged table legacy_staging.statuses (
  load integer not null,
  id bigint not null,
  marketplace_id bigint,
  position integer,
  name text,
  updated_at timestamptz,
  primary key (load, id)
);
comment on table legacy_staging.statuses is 'Rows of statuses of the former system as one load read them (sql/legacy/schema.sql).';
comment on column legacy_staging.statuses.load is 'The load that read the row.';
comment on column legacy_staging.statuses.id is 'Number of the status.';
comment on column legacy_staging.statuses.marketplace_id is 'The marketplace.';
comment on column legacy_staging.statuses.position is 'Order within the marketplace, ascending.';
comment on column legacy_staging.statuses.name is 'Its name; once within a marketplace.';
comment on column legacy_staging.statuses.updated_at is 'When the row changed last.';

create unlogged table legacy_staging.participants (
  load integer not null,
  id bigint not null,
  marketplace_id bigint,
  user_id bigint,
  role text,
  state text,
  postcode_areas text,
  tags text,
  cap integer,
  created_at timestamptz,
  updated_at timestamptz,
  primary key (load, id)
);
comment on table legacy_staging.participants is 'Rows of participants of the former system as one load read them (sql/legacy/schema.sql).';
comment on column legacy_staging.participants.load is 'The load that read the row.';
comment on column legacy_staging.participants.id is 'Number of the row.';
comment on column legacy_staging.participants.marketplace_id is 'The marketplace.';
comment on column legacy_staging.participants.user_id is 'The user.';
comment on column legacy_staging.participants.role is 'giver or taker.';
comment on column legacy_staging.participants.state is 'invited; active; declined; ended.';
comment on column legacy_staging.participants.postcode_areas is 'Where a taker works: leading digits, separated by commas; empty means everywhere.';
comment on column legacy_staging.participants.tags is 'What a taker takes, separated by commas; empty means everything.';
comment on column legacy_staging.participants.cap is 'Most leads a taker works at once; null means any number.';
comment on column legacy_staging.participants.created_at is 'When he was invited.';
comment on column legacy_staging.participants.updated_at is 'When the row changed last.';

create unlogged table legacy_staging.leads (
  load integer not null,
  id bigint not null,
  marketplace_id bigint,
  giver_user_id bigint,
  picked_by_user_id bigint,
  picked_at timestamptz,
  state text,
  status_id bigint,
  interest text,
  tags text,
  consent boolean,
  value numeric(14, 2),
  closed_at timestamptz,
  contact_name text,
  contact_salutation text,
  contact_company text,
  contact_email text,
  contact_phone text,
  contact_street text,
  contact_postcode text,
  contact_city text,
  contact_country text,
  created_at timestamptz,
  updated_at timestamptz,
  kept_email text,
  kept_phone text,
  kept_postcode text,
  kept_city text,
  kept_country text,
  kept_answers jsonb not null default '{}',
  primary key (load, id)
);
comment on table legacy_staging.leads is 'Rows of leads of the former system as one load read them (sql/legacy/schema.sql).';
comment on column legacy_staging.leads.load is 'The load that read the row.';
comment on column legacy_staging.leads.id is 'Number of the lead.';
comment on column legacy_staging.leads.marketplace_id is 'The marketplace; a lead never moves to another.';
comment on column legacy_staging.leads.giver_user_id is 'Who put it in; null, or the owner himself: the marketplace''s owner.';
comment on column legacy_staging.leads.picked_by_user_id is 'Who works it; null: nobody. Cleared when it is given back.';
comment on column legacy_staging.leads.picked_at is 'When he picked it; null means updated_at.';
comment on column legacy_staging.leads.state is 'new (waits for release); released; offered; picked, won, lost (need picked_by_user_id); rejected; withdrawn.';
comment on column legacy_staging.leads.status_id is 'Status of a picked lead; null means the first one.';
comment on column legacy_staging.leads.interest is 'What is asked for.';
comment on column legacy_staging.leads.tags is 'Separated by commas.';
comment on column legacy_staging.leads.consent is 'Did the person agree that the data is passed on? Null: nobody asked.';
comment on column legacy_staging.leads.value is 'Value of a won lead.';
comment on column legacy_staging.leads.closed_at is 'When it was won or lost; null means updated_at.';
comment on column legacy_staging.leads.contact_name is 'Full name.';
comment on column legacy_staging.leads.contact_salutation is 'Salutation.';
comment on column legacy_staging.leads.contact_company is 'The person''s firm.';
comment on column legacy_staging.leads.contact_email is 'E-mail address as given.';
comment on column legacy_staging.leads.contact_phone is 'Telephone number as given.';
comment on column legacy_staging.leads.contact_street is 'Street and number.';
comment on column legacy_staging.leads.contact_postcode is 'Postcode as given.';
comment on column legacy_staging.leads.contact_city is 'Town.';
comment on column legacy_staging.leads.contact_country is 'Country.';
comment on column legacy_staging.leads.kept_email is 'The first sure address in contact_email, as every door stores it (service/domain/contact); null: none.';
comment on column legacy_staging.leads.kept_phone is 'The first sure number in contact_phone, E.164; null: none.';
comment on column legacy_staging.leads.kept_postcode is 'contact_postcode in its country''s form; null: it is none.';
comment on column legacy_staging.leads.kept_city is 'contact_city, or what stood beside the postcode.';
comment on column legacy_staging.leads.kept_country is 'The code of contact_country, or what the letter before the postcode names.';
comment on column legacy_staging.leads.kept_answers is 'What was written in these columns and is more than a value: goes to the answers.';
comment on column legacy_staging.leads.created_at is 'When it came in.';
comment on column legacy_staging.leads.updated_at is 'When the row changed last.';

create unlogged table legacy_staging.offers (
  load integer not null,
  id bigint not null,
  lead_id bigint,
  user_id bigint,
  state text,
  reason text,
  offered_at timestamptz,
  expires_at timestamptz,
  answered_at timestamptz,
  updated_at timestamptz,
  primary key (load, id)
);
comment on table legacy_staging.offers is 'Rows of offers of the former system as one load read them (sql/legacy/schema.sql).';
comment on column legacy_staging.offers.load is 'The load that read the row.';
comment on column legacy_staging.offers.id is 'Number of the offer.';
comment on column legacy_staging.offers.lead_id is 'The lead.';
comment on column legacy_staging.offers.user_id is 'The user; one offer of a lead each.';
comment on column legacy_staging.offers.state is 'open; picked; declined; expired; lost; withdrawn.';
comment on column legacy_staging.offers.reason is 'Why it was declined, in the user''s words.';
comment on column legacy_staging.offers.offered_at is 'When it was made.';
comment on column legacy_staging.offers.expires_at is 'Until when it can be picked; null means offered_at and the response hours.';
comment on column legacy_staging.offers.answered_at is 'When its state left open.';
comment on column legacy_staging.offers.updated_at is 'When the row changed last.';

create unlogged table legacy_staging.comments (
  load integer not null,
  id bigint not null,
  lead_id bigint,
  user_id bigint,
  shared boolean,
  text text,
  created_at timestamptz,
  primary key (load, id)
);
comment on table legacy_staging.comments is 'Rows of comments of the former system as one load read them (sql/legacy/schema.sql).';
comment on column legacy_staging.comments.load is 'The load that read the row.';
comment on column legacy_staging.comments.id is 'Number of the comment.';
comment on column legacy_staging.comments.lead_id is 'The lead.';
comment on column legacy_staging.comments.user_id is 'The author.';
comment on column legacy_staging.comments.shared is 'true: for whoever sees the lead; false: for the author alone (L6).';
comment on column legacy_staging.comments.text is 'The text.';
comment on column legacy_staging.comments.created_at is 'When.';

create unlogged table legacy_staging.api_keys (
  load integer not null,
  id bigint not null,
  user_id bigint,
  name text,
  token_sha256 text,
  created_at timestamptz,
  updated_at timestamptz,
  revoked_at timestamptz,
  primary key (load, id)
);
comment on table legacy_staging.api_keys is 'Rows of api_keys of the former system as one load read them (sql/legacy/schema.sql).';
comment on column legacy_staging.api_keys.load is 'The load that read the row.';
comment on column legacy_staging.api_keys.id is 'Number of the key.';
comment on column legacy_staging.api_keys.user_id is 'The user as whom it acts.';
comment on column legacy_staging.api_keys.name is 'What he called it.';
comment on column legacy_staging.api_keys.token_sha256 is 'SHA-256 of the token''s UTF-8 bytes, 64 hexadecimal digits: the form in which Kollegium keeps tokens too, so they go on working.';
comment on column legacy_staging.api_keys.created_at is 'When it was made.';
comment on column legacy_staging.api_keys.updated_at is 'When the row changed last.';
comment on column legacy_staging.api_keys.revoked_at is 'Set: it opens nothing any more.';
create index on legacy_staging.offers (load, lead_id);
create index on legacy_staging.comments (load, lead_id);

create unlogged table legacy_staging.finding (
  load integer not null,
  source_table text not null,
  legacy_key text not null,
  kind text not null check (kind in ('quarantine', 'adjusted', 'warning')),
  reason text not null,
  field text,
  blocked_by text
);
create index on legacy_staging.finding (load, source_table, legacy_key);
comment on table legacy_staging.finding is 'What a load found about a row; no values, so no personal data.';
comment on column legacy_staging.finding.load is 'The load.';
comment on column legacy_staging.finding.source_table is 'The legacy table.';
comment on column legacy_staging.finding.legacy_key is 'The row''s legacy number, two of them with a slash for group_members; its place in the table where that cannot be read.';
comment on column legacy_staging.finding.kind is
  'quarantine (not imported); adjusted (imported by a rule of docs/legacy-mapping.md); warning (imported as it is).';
comment on column legacy_staging.finding.reason is 'What was found; service/jobs/legacy/reasons.toml has the words.';
comment on column legacy_staging.finding.field is 'The columns concerned, where it is not the whole row.';
comment on column legacy_staging.finding.blocked_by is 'For depends-on: the row that has to be healed, as table:number.';

create unlogged table legacy_staging.blocked (
  load integer not null,
  source_table text not null,
  id bigint not null,
  primary key (load, source_table, id)
);
comment on table legacy_staging.blocked is 'Rows of a load that are not imported: the quarantine findings, by number.';
comment on column legacy_staging.blocked.load is 'The load.';
comment on column legacy_staging.blocked.source_table is 'The legacy table.';
comment on column legacy_staging.blocked.id is 'The row''s legacy number.';

grant insert on legacy_staging.users, legacy_staging.groups, legacy_staging.group_members,
  legacy_staging.marketplaces, legacy_staging.statuses, legacy_staging.participants,
  legacy_staging.leads, legacy_staging.offers, legacy_staging.comments, legacy_staging.api_keys
  to kollegium_staff;


-- unit: tables/legacy_state
set local role kollegium_owner;
create table app_private.legacy_state (
  only_row boolean primary key default true check (only_row),
  cut_over_at timestamptz
);
insert into app_private.legacy_state default values;

comment on table app_private.legacy_state is 'How far moving in has come.';
comment on column app_private.legacy_state.only_row is 'There is one row.';
comment on column app_private.legacy_state.cut_over_at is
  'From then on nobody works in the former system: nothing of it overwrites a row here.';

grant select, update on app_private.legacy_state to kollegium_broker;


-- unit: tables/password_reset
set local role kollegium_owner;
create table app_private.password_reset (
  token_sha256 bytea primary key check (length(token_sha256) = 32),
  email text not null check (email = lower(email) and length(email) between 3 and 254),
  expires_at timestamptz not null
);
create index on app_private.password_reset (email);
create index on app_private.password_reset (expires_at);

comment on table app_private.password_reset is 'Who asked to set a password anew; one row for each request, whether or not the address is known. Gone when used, or after its time (app.purge).';
comment on column app_private.password_reset.token_sha256 is 'SHA-256 of the token that was mailed.';
comment on column app_private.password_reset.email is 'For whoever has this address. Lower case. [personal]';
comment on column app_private.password_reset.expires_at is '30 minutes after it was asked for.';

grant select, insert, delete on app_private.password_reset to kollegium_broker;


-- unit: tables/rate
set local role kollegium_owner;
create table app_private.rate (
  bucket bytea primary key,
  full_at timestamptz not null
);
create index on app_private.rate (full_at);

comment on table app_private.rate is 'Rate limits: one row for each bucket in use.';
comment on column app_private.rate.bucket is 'SHA-256 of what is limited; holds no address.';
comment on column app_private.rate.full_at is 'When the bucket will be full again.';

grant select, insert, update, delete on app_private.rate to kollegium_broker;


-- unit: tables/schema_state
set local role kollegium_owner;
create table app_private.schema_state (
  only_row boolean primary key default true check (only_row),
  revision text not null,
  hash text not null check (hash ~ '^[0-9a-f]{64}$'),
  serves text[] not null
);

comment on table app_private.schema_state is
  'What this database was built from: written by the last revision that was applied. No personal data; never erased.';
comment on column app_private.schema_state.only_row is 'There is one row.';
comment on column app_private.schema_state.revision is 'The last revision that was applied. [none]';
comment on column app_private.schema_state.hash is 'SHA-256 of the folder sql/ that it applied. [none]';
comment on column app_private.schema_state.serves is
  'Older revisions whose releases may go on serving on this schema while they are being replaced. [none]';

grant select on app_private.schema_state to kollegium_broker;


-- unit: tables/searched_text
set local role kollegium_owner;
-- How the words of a lead are written for searching. The generated column app.prospect.searched is made by
-- these functions, so they stand before the tables: changing one means writing that column anew.
--
-- pg_trgm is part of PostgreSQL's contrib and trusted: kollegium_owner may create it. What it brings to a query
-- is the index behind LIKE; nobody calls a function of it. Schema of its own: these functions belong to the
-- tables, so they are not taken down and put up again with the wall.
create schema searching authorization kollegium_owner;
comment on schema searching is 'How the words of a lead are written for searching, and the extension pg_trgm.';
grant usage on schema searching to kollegium_broker;
create extension if not exists pg_trgm with schema searching;

-- Lower case, without accents (ü as u, é as e, ł as l), ß as ss, without the apostrophe of O'Neill, and blanks
-- where words are joined by a sign. What is left of other alphabets stays. `replace` is used where it can be: a regular
-- expression costs ten times as much, and every lead pays for it.
create function searching.folded(p_text text) returns text
language plpgsql immutable parallel safe strict set search_path = pg_catalog, pg_temp
as $$
declare
  v_text text := lower(p_text);
begin
  if octet_length(v_text) > length(v_text) then
    v_text := replace(replace(replace(replace(v_text, 'ä', 'a'), 'ö', 'o'), 'ü', 'u'), 'ß', 'ss');
    if octet_length(v_text) > length(v_text) then
      v_text := lower(regexp_replace(normalize(v_text, nfkd), '[\u0300-\u036f]', '', 'g'));
      v_text := replace(replace(replace(replace(v_text, 'ẞ', 'ss'), 'ß', 'ss'), 'æ', 'ae'), 'œ', 'oe');
      v_text := translate(v_text, 'łøđıþ’ʼ´', 'lodit''''''');
    end if;
  end if;
  v_text := replace(replace(v_text, '''', ''), '`', '');
  return replace(replace(replace(replace(replace(replace(replace(v_text,
    '-', ' '), '/', ' '), '.', ' '), ',', ' '), '@', ' '), '(', ' '), '_', ' ');
end
$$;
comment on function searching.folded(text) is 'Lower case, without accents, blanks between words.';

-- ae, oe, ue as a, o, u. After `folded` it makes one of Müller, Mueller and Muller. Words are searched for
-- in this spelling only; a Bauer is a baur on both sides.
create function searching.without_umlauts(p_text text) returns text
language sql immutable parallel safe strict set search_path = pg_catalog, pg_temp
as $$ select replace(replace(replace(p_text, 'ae', 'a'), 'oe', 'o'), 'ue', 'u') $$;
comment on function searching.without_umlauts(text) is 'Folded words with ae, oe, ue as a, o, u.';

-- What is found of a lead: its words in that spelling; those that lost an e by it once more as they are
-- written, for parts that begin with that e; and the digits of the number. A blank stands before each word.
create function searching.searched_text(p_words text, p_phone text) returns text
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$
declare
  v_words constant text := coalesce(searching.folded(p_words), '');
  v_compared constant text := searching.without_umlauts(v_words);
  v_written text;
begin
  if v_words <> v_compared then
    select string_agg(w, ' ') into v_written from unnest(string_to_array(v_words, ' ')) w where w ~ '[aou]e';
  end if;
  return concat(' ', v_compared, ' ', v_written, ' ', regexp_replace(p_phone, '[^0-9]', '', 'g'), ' ');
end
$$;
comment on function searching.searched_text(text, text) is
  'What a lead is found by: its words as they are compared, and the digits of its number.';
grant execute on function searching.folded(text), searching.without_umlauts(text),
  searching.searched_text(text, text) to kollegium_broker;


-- unit: tables/secret
set local role kollegium_owner;
create table app_private.secret (
  only_row boolean primary key default true check (only_row),
  pepper bytea not null
);
insert into app_private.secret (pepper)
values (sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8')));

comment on table app_private.secret is 'One random value, made with the database, known to nobody.';
comment on column app_private.secret.only_row is 'There is one row.';
comment on column app_private.secret.pepper is 'Makes salts of unknown e-mail addresses unpredictable.';

grant select on app_private.secret to kollegium_broker;


-- unit: tables/cohort_company
set local role kollegium_owner;
create table app_private.cohort_company (
  company_id uuid primary key references app.company,
  week text not null references app_private.cohort,
  features_on boolean not null default false,
  overridden boolean not null default false,
  assigned_at timestamptz not null default now(),
  switched_at timestamptz
);
create index on app_private.cohort_company (week, company_id);

comment on table app_private.cohort_company is 'Which week a company of the former service belongs to, and whether it may invite and merge. A legacy company without a row may not; companies set up here need none and may. Merge: both sides keep their rows, a merge needs both switched on, and undo finds the absorbed one as it was. Erasure: no personal data.';
comment on column app_private.cohort_company.company_id is 'The company; has an origin_legacy_user_id.';
comment on column app_private.cohort_company.week is 'Its week. [none]';
comment on column app_private.cohort_company.features_on is 'Inviting colleagues and merging are switched on. app_private.expect_colleague_features reads it and locks it against a change.';
comment on column app_private.cohort_company.overridden is 'Staff chose the week by hand; no assignment changes it.';
comment on column app_private.cohort_company.assigned_at is 'When it got its week.';
comment on column app_private.cohort_company.switched_at is 'When it was switched on or off last; null: never.';

grant select, insert, update (week, features_on, overridden, assigned_at, switched_at) on app_private.cohort_company to kollegium_broker;


-- unit: tables/colleague
set local role kollegium_owner;
create table app.colleague (
  id uuid primary key,
  company_id uuid not null references app.company,
  email text not null unique check (email = lower(email) and length(email) between 3 and 254),
  name text not null check (length(name) between 1 and 200),
  role text not null check (role in ('member', 'delegator', 'admin')),
  active boolean not null default true,
  language text not null default 'de' check (language in ('de', 'en')),
  created_at timestamptz not null default now(),
  changed_at timestamptz not null default now(),
  version integer not null default 1,
  unique (company_id, id),
  unique (company_id, id, active)
);

comment on table app.colleague is 'One person acting for exactly one company.';
comment on column app.colleague.id is 'Id (time-ordered UUID).';
comment on column app.colleague.company_id is 'The company he acts for; read anew in every transaction (docs/domain.md, case 5).';
comment on column app.colleague.email is 'Log-in, lower case, unique over all companies. [personal]';
comment on column app.colleague.name is 'Name as colleagues and partners read it. [personal]';
comment on column app.colleague.role is 'member; delegator (hands over, too); admin (colleagues, keys, consent, too). [none]';
comment on column app.colleague.active is 'false: no log-in, no context; what he worked stays with the company (case 3).';
comment on column app.colleague.language is 'Language of his mails: de or en. [none]';
comment on column app.colleague.created_at is 'When he joined.';
comment on column app.colleague.changed_at is 'When role, activity, name or language changed last.';
comment on column app.colleague.version is 'Counts changes; the ETag.';


-- unit: tables/company_merge
set local role kollegium_owner;
create table app.company_merge (
  id uuid primary key,
  asking_company_id uuid not null references app.company,
  asking_company_name text not null,
  asking_side text not null check (asking_side in ('survivor', 'absorbed')),
  named_email text check (named_email = lower(named_email) and length(named_email) between 3 and 254),
  named_company_id uuid,
  other_company_id uuid references app.company,
  parties uuid[] not null generated always as
    (array_remove(array[asking_company_id, other_company_id], null)) stored,
  state text not null check (state in ('requested', 'answered', 'rehearsed', 'consented', 'done',
    'undone', 'refused')),
  survivor_company_id uuid references app.company,
  survivor_name text,
  absorbed_company_id uuid references app.company,
  absorbed_name text,
  execute_at timestamptz,
  reference text check (length(reference) between 1 and 200),
  rehearsal_due boolean not null default false,
  rehearsal_id uuid,
  rehearsal jsonb,
  rehearsed_at timestamptz,
  survivor_consent_at timestamptz,
  survivor_consent text,
  absorbed_consent_at timestamptz,
  absorbed_consent text,
  refusal text check (length(refusal) <= 1000),
  problem jsonb,
  done_at timestamptz,
  done_id uuid,
  result jsonb,
  undone_at timestamptz,
  undo_result jsonb,
  created_at timestamptz not null default now(),
  changed_at timestamptz not null default now(),
  version integer not null default 1,
  check (num_nonnulls(named_email, named_company_id) <= 1),
  check ((rehearsal is null) = (rehearsal_id is null)),
  check ((state in ('done', 'undone')) = (done_at is not null)),
  check ((survivor_company_id is null) = (absorbed_company_id is null)),
  check (survivor_company_id <> absorbed_company_id)
);
create index on app.company_merge (asking_company_id, id);
create index on app.company_merge (other_company_id, id);
create index company_merge_due on app.company_merge (execute_at)
  where state = 'consented' or rehearsal_due;

comment on table app.company_merge is 'A request to merge two companies, its rehearsal, its consents, and what became of it. Merge rule: keep; names and ids are those of then.';
comment on column app.company_merge.id is 'Id (time-ordered UUID).';
comment on column app.company_merge.asking_company_id is 'The company whose admin asked; for a request of staff the survivor.';
comment on column app.company_merge.asking_company_name is 'Its name then. [none]';
comment on column app.company_merge.asking_side is 'survivor: it wants to absorb; absorbed: it wants to be absorbed. [none]';
comment on column app.company_merge.named_email is 'The address that was named, whether or not a colleague has it; erased with the company it belongs to. [personal]';
comment on column app.company_merge.named_company_id is 'The company that was named, whether or not there is one.';
comment on column app.company_merge.other_company_id is 'Whom that is; null: nobody. Not shown to the asking side before the other one answers.';
comment on column app.company_merge.parties is 'Who sees the request: both companies. Generated.';
comment on column app.company_merge.state is 'requested; answered (rehearsal is due); rehearsed; consented; done; undone; refused. [none]';
comment on column app.company_merge.survivor_company_id is 'The company that stays; null until the other side answers.';
comment on column app.company_merge.survivor_name is 'Its name. [none]';
comment on column app.company_merge.absorbed_company_id is 'The company that is absorbed; null until the other side answers.';
comment on column app.company_merge.absorbed_name is 'Its name. [none]';
comment on column app.company_merge.execute_at is 'Not before; the worker runs it then. Null: staff runs it.';
comment on column app.company_merge.reference is 'Reference of the written request that staff has on file. [free text]';
comment on column app.company_merge.rehearsal_due is 'true: the worker is to rehearse.';
comment on column app.company_merge.rehearsal_id is 'Id of the latest rehearsal, made under its locks: rows with a later id were added since.';
comment on column app.company_merge.rehearsal is 'What the merge would do: docs/merging.md. Ids, names and numbers; no contact data. [personal]';
comment on column app.company_merge.rehearsed_at is 'When it was rehearsed.';
comment on column app.company_merge.survivor_consent_at is 'When an admin of the survivor consented to this rehearsal.';
comment on column app.company_merge.survivor_consent is 'His name, or the reference of the written consent. [personal]';
comment on column app.company_merge.absorbed_consent_at is 'When an admin of the absorbed company consented to this rehearsal.';
comment on column app.company_merge.absorbed_consent is 'His name, or the reference of the written consent. [personal]';
comment on column app.company_merge.refusal is 'Why it was refused or taken back, in the words of who did. [free text]';
comment on column app.company_merge.problem is 'Why the last attempt to run it failed; null: it did not. [none]';
comment on column app.company_merge.done_at is 'When the merge took place; it can be undone for 30 days.';
comment on column app.company_merge.done_id is 'Id made at its end: rows with a later id were made since.';
comment on column app.company_merge.result is 'What it did: rows by table, rows added since the rehearsal. [none]';
comment on column app.company_merge.undone_at is 'When it was undone.';
comment on column app.company_merge.undo_result is 'What undoing did, and which rows stayed with the survivor. [none]';
comment on column app.company_merge.created_at is 'When it was asked for.';
comment on column app.company_merge.changed_at is 'When it changed last.';
comment on column app.company_merge.version is 'Counts changes; the ETag.';


-- unit: tables/idempotent_answer
set local role kollegium_owner;
create table app_private.idempotent_answer (
  company_id uuid not null references app.company,
  key text not null check (length(key) between 1 and 255),
  request_sha256 bytea not null,
  status integer not null check (status between 200 and 499),
  headers jsonb not null,
  body text not null,
  created_at timestamptz not null default now(),
  primary key (company_id, key)
);
create index on app_private.idempotent_answer (created_at);

comment on table app_private.idempotent_answer is 'First answers to Idempotency-Keys, kept for 48 hours.';
comment on column app_private.idempotent_answer.company_id is 'The company whose key it is.';
comment on column app_private.idempotent_answer.key is 'The key, up to 255 characters. [free text]';
comment on column app_private.idempotent_answer.request_sha256 is 'SHA-256 of method, path and body it is bound to.';
comment on column app_private.idempotent_answer.status is 'HTTP status of the answer; below 500.';
comment on column app_private.idempotent_answer.headers is 'Its headers. [none]';
comment on column app_private.idempotent_answer.body is 'Its body, byte for byte. [personal]';
comment on column app_private.idempotent_answer.created_at is 'When.';

grant select, insert, update, delete on app_private.idempotent_answer to kollegium_broker;


-- unit: tables/import_mapping
set local role kollegium_owner;
create table app.import_mapping (
  id uuid primary key,
  company_id uuid not null references app.company,
  name text not null check (length(name) between 1 and 40),
  mapping text not null check (length(mapping) between 1 and 65536),
  saved_by text not null,
  saved_at timestamptz not null default now()
);
create index import_mapping_company on app.import_mapping (company_id, id desc);

comment on table app.import_mapping is 'How a company reads files of one of its sources: which column is which field. No personal data of prospects.';
comment on column app.import_mapping.id is 'Id (time-ordered UUID).';
comment on column app.import_mapping.company_id is 'Whose it is; a merge moves it.';
comment on column app.import_mapping.name is 'The source; of several with one name the newest counts. [free text]';
comment on column app.import_mapping.mapping is 'The mapping (TOML). [free text]';
comment on column app.import_mapping.saved_by is 'Printed name of who saved it. [personal]';
comment on column app.import_mapping.saved_at is 'When.';


-- unit: tables/legacy_proof
set local role kollegium_owner;
create table app_private.legacy_proof (
  company_id uuid primary key references app.company,
  proven_at timestamptz not null default now(),
  users integer not null check (users >= 0),
  marketplaces integer not null check (marketplaces >= 0),
  participants integer not null check (participants >= 0),
  leads integer not null check (leads >= 0),
  prospects integer not null check (prospects >= 0),
  offers integer not null check (offers >= 0),
  comments integer not null check (comments >= 0),
  api_keys integer not null check (api_keys >= 0),
  differences integer not null check (differences >= 0),
  waiting integer not null check (waiting >= 0),
  since_import integer not null check (since_import >= 0),
  digest text not null
);

comment on table app_private.legacy_proof is 'Latest proof that a company sees exactly what its user of the former service saw. Merge: rows stay with their companies, a company of several colleagues is not proven again. Erasure: counts and a digest, no personal data.';
comment on column app_private.legacy_proof.company_id is 'The company.';
comment on column app_private.legacy_proof.proven_at is 'When the proof was made.';
comment on column app_private.legacy_proof.users is 'The user himself: 1, unless he was deleted there.';
comment on column app_private.legacy_proof.marketplaces is 'Marketplaces that he owned or took part in and should see now.';
comment on column app_private.legacy_proof.participants is 'Cards, his own and those of his marketplaces, likewise.';
comment on column app_private.legacy_proof.leads is 'Leads that the user saw before and should see now.';
comment on column app_private.legacy_proof.prospects is 'Records of personal data, likewise.';
comment on column app_private.legacy_proof.offers is 'Offers, likewise.';
comment on column app_private.legacy_proof.comments is 'Comments, internal and shared, likewise.';
comment on column app_private.legacy_proof.api_keys is 'API keys, likewise.';
comment on column app_private.legacy_proof.differences is 'Rows that differ; 0: proven.';
comment on column app_private.legacy_proof.waiting is 'Rows that he saw before and that wait in quarantine.';
comment on column app_private.legacy_proof.since_import is 'Rows that came into being or were changed here since the import, which are no differences.';
comment on column app_private.legacy_proof.digest is 'Digest over what was compared, the same on every run over the same rows. [none]';

grant select, insert, update (proven_at, users, marketplaces, participants, leads, prospects, offers, comments, api_keys, differences, waiting, since_import, digest) on app_private.legacy_proof to kollegium_broker;


-- unit: tables/marketplace
set local role kollegium_owner;
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
  created_at timestamptz not null default now(),
  changed_at timestamptz not null default now(),
  version integer not null default 1,
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


-- unit: tables/outbox
set local role kollegium_owner;
create table app_private.outbox (
  id uuid primary key,
  kind text not null check (kind in ('mail', 'circular', 'reset')),
  template text not null,
  recipient text,
  language text check (language in ('de', 'en')),
  company_id uuid references app.company,
  payload jsonb not null,
  created_at timestamptz not null default now(),
  due_at timestamptz not null default now(),
  attempts integer not null default 0,
  lease_until timestamptz,
  delivered_at timestamptz,
  check ((recipient is null) = (kind = 'circular')),
  check ((language is null) = (kind <> 'mail')),
  check (kind <> 'circular' or company_id is not null)
);
create index outbox_due on app_private.outbox (due_at) where delivered_at is null;
create index outbox_unaddressed on app_private.outbox (id) where kind <> 'mail';

comment on table app_private.outbox is 'What is to be sent, written in the transaction of its cause.';
comment on column app_private.outbox.id is 'Id (time-ordered UUID).';
comment on column app_private.outbox.kind is 'mail: to one address; circular: to all active colleagues of a company; reset: to the colleague of an address, if there is one. The worker makes mails of the latter two. [none]';
comment on column app_private.outbox.template is 'Which mail. [none]';
comment on column app_private.outbox.recipient is 'E-mail address; null for a circular. [personal]';
comment on column app_private.outbox.language is 'de or en; null until it is a mail, which a colleague gets in his own. [none]';
comment on column app_private.outbox.company_id is 'The company on whose behalf a mail is sent; whose colleagues a circular is for.';
comment on column app_private.outbox.payload is 'Values for the template. [personal]';
comment on column app_private.outbox.created_at is 'When it was written.';
comment on column app_private.outbox.due_at is 'Not to be tried before.';
comment on column app_private.outbox.attempts is 'Attempts so far.';
comment on column app_private.outbox.lease_until is 'Somebody is sending it until then.';
comment on column app_private.outbox.delivered_at is 'Done.';

grant select, insert, update, delete on app_private.outbox to kollegium_broker;


-- unit: tables/api_key
set local role kollegium_owner;
create table app.api_key (
  id uuid primary key,
  company_id uuid not null references app.company,
  name text not null check (length(name) between 1 and 200),
  created_by_id uuid references app.colleague (id),
  created_at timestamptz not null default now(),
  revoked_at timestamptz,
  active boolean not null generated always as (revoked_at is null) stored,
  unique (company_id, id, active)
);

comment on table app.api_key is 'A key of the company for its programs; acts as a member without a person.';
comment on column app.api_key.id is 'Id (time-ordered UUID).';
comment on column app.api_key.company_id is 'The owner: the company, not who made it (case 3).';
comment on column app.api_key.name is 'What it is for, in the words of who made it; author of what it writes. [free text]';
comment on column app.api_key.created_by_id is 'The admin who made it.';
comment on column app.api_key.created_at is 'When it was made.';
comment on column app.api_key.revoked_at is 'Set: the key has no context any more.';
comment on column app.api_key.active is 'Whether it still opens anything.';


-- unit: tables/company_split
set local role kollegium_owner;
create table app_private.company_split (
  id uuid primary key,
  company_id uuid not null references app.company,
  new_company_id uuid not null references app.company,
  colleague_id uuid not null references app.colleague,
  reference text not null check (length(reference) between 1 and 200),
  leads jsonb not null,
  created_at timestamptz not null default now()
);

comment on table app_private.company_split is 'Colleagues who left a company with leads of it, into one of their own.';
comment on column app_private.company_split.id is 'Id (time-ordered UUID).';
comment on column app_private.company_split.company_id is 'The company he left.';
comment on column app_private.company_split.new_company_id is 'The company made for him.';
comment on column app_private.company_split.colleague_id is 'Who left.';
comment on column app_private.company_split.reference is 'Reference of the written request. [free text]';
comment on column app_private.company_split.leads is 'The leads that went with him: marketplace and lead. [none]';
comment on column app_private.company_split.created_at is 'When.';

grant select, insert on app_private.company_split to kollegium_broker;


-- unit: tables/credential
set local role kollegium_owner;
create table app_private.credential (
  colleague_id uuid primary key references app.colleague on delete cascade,
  salt bytea not null check (length(salt) = 16),
  proof_sha256 bytea not null check (length(proof_sha256) = 32),
  changed_at timestamptz not null default now(),
  -- A password that was taken over is checked with PBKDF2 until its owner logs in (docs/decisions/0019).
  pbkdf2_iterations integer check (pbkdf2_iterations > 0),
  pbkdf2_salt bytea check (length(pbkdf2_salt) between 1 and 256)
);

comment on table app_private.credential is 'How a colleague shows who he is.';
comment on column app_private.credential.colleague_id is 'The colleague.';
comment on column app_private.credential.salt is '16 random bytes, handed to the web tier to stretch with.';
comment on column app_private.credential.proof_sha256 is 'SHA-256 of the stretched password.';
comment on column app_private.credential.changed_at is 'When the password was set.';
comment on column app_private.credential.pbkdf2_iterations is
  'Set: taken over from the former system, stretched with PBKDF2. Null: Argon2id.';
comment on column app_private.credential.pbkdf2_salt is 'The former system''s salt; set with the iterations.';

grant select, insert, update, delete on app_private.credential to kollegium_broker;


-- unit: tables/invitation
set local role kollegium_owner;
create table app.invitation (
  id uuid primary key,
  company_id uuid not null references app.company,
  email text not null check (email = lower(email) and length(email) between 3 and 254),
  role text not null check (role in ('member', 'delegator', 'admin')),
  state text not null default 'open' check (state in ('open', 'accepted', 'revoked')),
  invited_by_id uuid references app.colleague (id),
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  answered_at timestamptz
);
create index on app.invitation (company_id, id);

comment on table app.invitation is 'An e-mail address invited to become a colleague.';
comment on column app.invitation.id is 'Id (time-ordered UUID).';
comment on column app.invitation.company_id is 'The inviting company.';
comment on column app.invitation.email is 'The address the token goes to; the colleague made has it. Lower case. [personal]';
comment on column app.invitation.role is 'Role that the invited person will have. [none]';
comment on column app.invitation.state is 'open; accepted; revoked (also by a later invitation to the same address). [none]';
comment on column app.invitation.invited_by_id is 'The admin who invited; null for an API key.';
comment on column app.invitation.created_at is 'When it was sent.';
comment on column app.invitation.expires_at is '14 days after it was sent; later the token is not found.';
comment on column app.invitation.answered_at is 'When it was accepted or revoked.';


-- unit: tables/legacy_user
set local role kollegium_owner;
create table app_private.legacy_user (
  legacy_id bigint primary key,
  company_id uuid not null unique references app.company,
  colleague_id uuid not null unique references app.colleague,
  vat_id text,
  row_hash bigint not null,
  version integer not null,
  imported_at timestamptz not null default now()
);

comment on table app_private.legacy_user is
  'Which company and colleague a user of the former system became. Merge: stays as it was; the colleague''s row says where he is now.';
comment on column app_private.legacy_user.legacy_id is 'Number of the user.';
comment on column app_private.legacy_user.company_id is 'The company made for him.';
comment on column app_private.legacy_user.colleague_id is 'Its first colleague.';
comment on column app_private.legacy_user.vat_id is 'VAT id as he wrote it, for suggestions of merges. [personal]';
comment on column app_private.legacy_user.row_hash is 'Hash of the legacy row as imported; differs when it changed since.';
comment on column app_private.legacy_user.version is
  'Sum of both versions when written; differs when somebody changed them here.';
comment on column app_private.legacy_user.imported_at is 'When.';

grant select, insert, update, delete on app_private.legacy_user to kollegium_broker;


-- unit: tables/merge_journal
set local role kollegium_owner;
create table app_private.merge_journal (
  merge_id uuid not null references app.company_merge on delete cascade,
  tab text not null,
  kind text not null check (kind in ('moved', 'changed', 'collapsed', 'created')),
  marketplace_id uuid,
  id uuid,
  columns text[],
  before jsonb,
  after jsonb
);
create index on app_private.merge_journal (merge_id, tab, kind);

comment on table app_private.merge_journal is 'Every row that a merge moved, changed, collapsed or created: what undo reads. Kept 30 days after the merge, then without content.';
comment on column app_private.merge_journal.merge_id is 'The merge.';
comment on column app_private.merge_journal.tab is 'The table, with its schema. [none]';
comment on column app_private.merge_journal.kind is 'moved (columns went from the absorbed company to the survivor); changed; collapsed (removed); created. [none]';
comment on column app_private.merge_journal.marketplace_id is 'First part of the row''s key, where it has one.';
comment on column app_private.merge_journal.id is 'The row; for rows without an id null, their key stands in before.';
comment on column app_private.merge_journal.columns is 'moved: the columns that named the absorbed company. [none]';
comment on column app_private.merge_journal.before is 'changed: the columns before; collapsed: the whole row. [personal]';
comment on column app_private.merge_journal.after is 'changed: the same columns after the merge. [personal]';

grant select, insert, delete on app_private.merge_journal to kollegium_broker;


-- unit: tables/merge_token
set local role kollegium_owner;
create table app_private.merge_token (
  token_sha256 bytea primary key check (length(token_sha256) = 32),
  merge_id uuid not null references app.company_merge on delete cascade,
  rehearsal_id uuid not null,
  colleague_id uuid not null references app.colleague on delete cascade,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null
);
create index on app_private.merge_token (merge_id);

comment on table app_private.merge_token is 'Tokens with which an admin consents from his mail, as hashes.';
comment on column app_private.merge_token.token_sha256 is 'SHA-256 of the token that was mailed.';
comment on column app_private.merge_token.merge_id is 'The merge.';
comment on column app_private.merge_token.rehearsal_id is 'The rehearsal it consents to; a later one makes it void.';
comment on column app_private.merge_token.colleague_id is 'The admin it was mailed to; void when he is none any more.';
comment on column app_private.merge_token.created_at is 'When it was mailed.';
comment on column app_private.merge_token.expires_at is '14 days later.';

grant select, insert, update, delete on app_private.merge_token to kollegium_broker;


-- unit: tables/lead
set local role kollegium_owner;
create table app.lead (
  marketplace_id uuid not null,
  id uuid not null,
  operator_company_id uuid not null,
  giver_company_id uuid references app.company,
  engaged_company_id uuid references app.company,
  parties uuid[] not null generated always as
    (array_remove(array[operator_company_id, giver_company_id, engaged_company_id], null)) stored,
  state text not null check (state in ('draft', 'submitted', 'available', 'offered', 'engaged',
    'closed', 'rejected', 'unplaced', 'withdrawn', 'erased')),
  interest text not null check (length(interest) between 1 and 4000),
  postcode_area text not null default '',
  tags text[] not null default '{}' check (cardinality(tags) <= 50),
  teaser_interest text,
  teaser_tags text[],
  distribution_permission boolean not null,
  source text not null default 'api',
  external_ref text,
  rejection_reason text,
  operator_name text not null,
  giver_name text,
  engaged_company_name text,
  engagement_id uuid,
  created_by_id uuid references app.colleague (id),
  received_at timestamptz not null default now() check (isfinite(received_at)),
  created_at timestamptz not null default now(),
  submitted_at timestamptz,
  changed_at timestamptz not null default now(),
  version integer not null default 1,
  primary key (marketplace_id, id),
  unique (marketplace_id, id, parties),
  foreign key (marketplace_id, operator_company_id)
    references app.marketplace (id, operator_company_id) deferrable initially deferred,
  check (state in ('draft', 'rejected', 'withdrawn', 'erased') or distribution_permission),
  -- A company works or worked the lead in exactly these states; what is erased may keep who it was.
  constraint lead_engaged_state check (
    state = 'erased' or (engaged_company_id is not null) = (state in ('engaged', 'closed')))
);
create index lead_operator on app.lead (operator_company_id, id desc);
create index lead_operator_state on app.lead (operator_company_id, state, id desc);
create index lead_giver on app.lead (giver_company_id, id desc) where giver_company_id is not null;
create index lead_engaged on app.lead (engaged_company_id, id desc) where engaged_company_id is not null;
-- The other two orders of each capacity's list; they also answer "since when".
create index lead_operator_received on app.lead (operator_company_id, received_at, id);
create index lead_giver_received on app.lead (giver_company_id, received_at, id) where giver_company_id is not null;
create index lead_engaged_received on app.lead (engaged_company_id, received_at, id)
  where engaged_company_id is not null;
create index lead_operator_changed on app.lead (operator_company_id, changed_at, id);
create index lead_giver_changed on app.lead (giver_company_id, changed_at, id) where giver_company_id is not null;
create index lead_engaged_changed on app.lead (engaged_company_id, changed_at, id)
  where engaged_company_id is not null;
-- Few leads by what their row says, for app.find_by_facets; one index for all capacities and any combination.
create index lead_facets on app.lead
  using gin (parties, (array[state, source, marketplace_id::text]), tags) with (gin_pending_list_limit = 256);
-- What a giver or operator imported once is not imported twice. The colliding rows are his own.
create unique index lead_external_ref on app.lead
  (marketplace_id, coalesce(giver_company_id, operator_company_id), source, external_ref)
  where external_ref is not null;

comment on table app.lead is 'The envelope of a lead: whose it is and how far it is. No personal data.';
comment on column app.lead.marketplace_id is 'The marketplace.';
comment on column app.lead.id is 'Id (time-ordered UUID).';
comment on column app.lead.operator_company_id is 'The operator of the marketplace.';
comment on column app.lead.giver_company_id is 'The giver; null when the operator put it in.';
comment on column app.lead.engaged_company_id is 'The taker that works or worked it; null before the pick.';
comment on column app.lead.parties is 'Who sees the lead: operator, giver, engaged taker. Generated; children copy it.';
comment on column app.lead.state is 'Life cycle of docs/domain.md. [none]';
comment on column app.lead.interest is 'What is asked for, as it was written: contact data in it is for the parties alone. [free text]';
comment on column app.lead.postcode_area is 'Leading digits of the prospect''s postcode; part of the teaser. [none]';
comment on column app.lead.tags is 'Tags that takers are matched by. [free text]';
comment on column app.lead.teaser_interest is 'Interest as takers see it before the pick; null where that is the interest itself. Emptied with it. [free text]';
comment on column app.lead.teaser_tags is 'Tags as takers see them before the pick; null where those are the tags themselves. [free text]';
comment on column app.lead.distribution_permission is 'The person consents to the data being passed on; needed to submit.';
comment on column app.lead.source is 'Where it came in: api, what the client of the API says, or a file format of the import. [free text]';
comment on column app.lead.external_ref is 'Id in that source; comes in once for each giver or operator. [free text]';
comment on column app.lead.rejection_reason is 'The operator''s reason, for the giver. [free text]';
comment on column app.lead.operator_name is 'Printed name of the operator. [none]';
comment on column app.lead.giver_name is 'Printed name of the giver. [none]';
comment on column app.lead.engaged_company_name is 'Printed name of the engaged taker. [none]';
comment on column app.lead.engagement_id is 'The current engagement.';
comment on column app.lead.created_by_id is 'The colleague who put it in; null for an API key.';
comment on column app.lead.received_at is 'When the person asked, as the source tells; else as created_at.';
comment on column app.lead.created_at is 'When it came in here.';
comment on column app.lead.submitted_at is 'When it was submitted.';
comment on column app.lead.changed_at is 'When anything of it changed last.';
comment on column app.lead.version is 'Counts changes of lead, prospect and engagement; the ETag.';


-- unit: tables/legacy_marketplace
set local role kollegium_owner;
create table app_private.legacy_marketplace (
  legacy_id bigint primary key,
  owner_legacy_id bigint not null,
  marketplace_id uuid not null unique references app.marketplace,
  row_hash bigint not null,
  version integer not null,
  imported_at timestamptz not null default now()
);

comment on table app_private.legacy_marketplace is 'Which marketplace one of the former system became.';
comment on column app_private.legacy_marketplace.legacy_id is 'Its legacy number.';
comment on column app_private.legacy_marketplace.owner_legacy_id is 'The user who owns it there; his company operates it.';
comment on column app_private.legacy_marketplace.marketplace_id is 'The marketplace.';
comment on column app_private.legacy_marketplace.row_hash is 'Hash of the row and its statuses as imported.';
comment on column app_private.legacy_marketplace.version is 'Version when written.';
comment on column app_private.legacy_marketplace.imported_at is 'When.';

grant select, insert, update, delete on app_private.legacy_marketplace to kollegium_broker;


-- unit: tables/participation
set local role kollegium_owner;
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
  invited_at timestamptz not null default now(),
  answered_at timestamptz,
  ended_at timestamptz,
  version integer not null default 1,
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


-- unit: tables/partner_invitation
set local role kollegium_owner;
create table app.partner_invitation (
  marketplace_id uuid not null,
  id uuid not null,
  operator_company_id uuid not null,
  email text check (email = lower(email) and length(email) between 3 and 254),
  company_id uuid references app.company,
  capacity text not null check (capacity in ('giver', 'taker')),
  postcode_areas text[] not null default '{}',
  tags text[] not null default '{}',
  cap integer,
  state text not null default 'open' check (state in ('open', 'accepted', 'declined', 'withdrawn')),
  created_at timestamptz not null default now(),
  primary key (marketplace_id, id),
  foreign key (marketplace_id, operator_company_id)
    references app.marketplace (id, operator_company_id) deferrable initially deferred,
  check (num_nonnulls(email, company_id) = 1)
);
create index on app.partner_invitation (email) where state = 'open';
create index on app.partner_invitation (company_id) where state = 'open';

comment on table app.partner_invitation is 'Whom an operator invited, as he wrote it: never tells whether an address is known.';
comment on column app.partner_invitation.marketplace_id is 'The marketplace.';
comment on column app.partner_invitation.id is 'Id (time-ordered UUID).';
comment on column app.partner_invitation.operator_company_id is 'The operator who invited.';
comment on column app.partner_invitation.email is 'Invited address, lower case; null when a company was named. [personal]';
comment on column app.partner_invitation.company_id is 'Invited company; null when an address was named.';
comment on column app.partner_invitation.capacity is 'giver or taker. [none]';
comment on column app.partner_invitation.postcode_areas is 'Proposed postcode prefixes of the card. [none]';
comment on column app.partner_invitation.tags is 'Proposed tags of the card. [free text]';
comment on column app.partner_invitation.cap is 'Proposed cap of the card; null: no limit.';
comment on column app.partner_invitation.state is 'open; accepted; declined; withdrawn. [none]';
comment on column app.partner_invitation.created_at is 'When it was sent.';


-- unit: tables/bearer
set local role kollegium_owner;
create table app_private.bearer (
  token_sha256 bytea primary key check (length(token_sha256) = 32),
  id uuid not null default gen_random_uuid(),
  company_id uuid not null,
  company_state text not null default 'active',
  colleague_id uuid,
  api_key_id uuid,
  active boolean not null default true,
  address_sha256 bytea,
  client text check (length(client) between 1 and 200),
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  check (num_nonnulls(colleague_id, api_key_id) = 1),
  -- What a token is worth stands in its own row, so that looking it up is one probe of one index. The
  -- copies cannot drift: whoever moves, deactivates, revokes or closes changes them by these keys.
  foreign key (company_id, company_state) references app.company (id, state)
    on update cascade on delete cascade,
  foreign key (company_id, colleague_id, active) references app.colleague (company_id, id, active)
    on update cascade on delete cascade,
  foreign key (company_id, api_key_id, active) references app.api_key (company_id, id, active)
    on update cascade on delete cascade
);
create index on app_private.bearer (company_id);
create index on app_private.bearer (colleague_id) where colleague_id is not null;
create index on app_private.bearer (api_key_id) where api_key_id is not null;
create index on app_private.bearer (expires_at);

comment on table app_private.bearer is 'Tokens of sessions and API keys, as hashes: the source of every context.';
comment on column app_private.bearer.token_sha256 is 'SHA-256 of the token.';
comment on column app_private.bearer.id is 'What a session is called in lists; of no use without the token.';
comment on column app_private.bearer.company_id is 'For whom the token acts: the company of its colleague or key.';
comment on column app_private.bearer.company_state is 'State of that company; no context unless it is active. [none]';
comment on column app_private.bearer.active is 'Whether its colleague or key is active; no context otherwise.';
comment on column app_private.bearer.colleague_id is 'Whose session; null for an API key.';
comment on column app_private.bearer.api_key_id is 'Which API key; null for a session.';
comment on column app_private.bearer.address_sha256 is 'SHA-256 of the client''s address at log-in.';
comment on column app_private.bearer.client is 'What the program called itself at log-in (User-Agent), for its owner to know it again. [free text]';
comment on column app_private.bearer.created_at is 'When it was issued.';
comment on column app_private.bearer.expires_at is 'No context from then on; infinity for API keys.';

grant select, insert, update, delete on app_private.bearer to kollegium_broker;


-- unit: tables/lead_import
set local role kollegium_owner;
create table app.lead_import (
  marketplace_id uuid not null,
  id uuid not null,
  company_id uuid not null references app.company,
  colleague_id uuid references app.colleague (id),
  api_key_id uuid references app.api_key (id),
  file_name text not null check (length(file_name) <= 255),
  format text not null,
  encoding text not null,
  separator text,
  dry_run boolean not null default false,
  state text not null check (state in ('waiting', 'running', 'done', 'failed')),
  rows integer not null check (rows >= 0),
  done integer not null default 0 check (done between 0 and rows),
  imported integer not null default 0,
  duplicates integer not null default 0,
  refused integer not null default 0,
  remarks jsonb not null default '[]',
  skipped jsonb not null default '[]',
  sheets jsonb not null default '[]',
  problem text,
  attempts integer not null default 0,
  retry_at timestamptz not null default now(),
  created_at timestamptz not null default now(),
  ended_at timestamptz,
  primary key (marketplace_id, id),
  foreign key (marketplace_id) references app.marketplace (id),
  check (done = imported + duplicates + refused),
  check (state <> 'done' or done = rows),
  check ((state = 'failed') = (problem is not null)),
  check ((state in ('done', 'failed')) = (ended_at is not null))
);
create index lead_import_company on app.lead_import (company_id, id desc);
create index lead_import_unended on app.lead_import (retry_at) where state in ('waiting', 'running');

comment on table app.lead_import is 'A file that a company imports: how far it is, and its report.';
comment on column app.lead_import.marketplace_id is 'The marketplace.';
comment on column app.lead_import.id is 'Id (time-ordered UUID).';
comment on column app.lead_import.company_id is 'The importing company, as `enter` found it at the upload; a merge moves it.';
comment on column app.lead_import.colleague_id is 'Who imports; null for an API key.';
comment on column app.lead_import.api_key_id is 'The API key that imports; null for a colleague.';
comment on column app.lead_import.file_name is 'Name of the file, up to 255 characters. [free text]';
comment on column app.lead_import.format is 'Detected format. [none]';
comment on column app.lead_import.encoding is 'Detected encoding. [none]';
comment on column app.lead_import.separator is 'Detected separator; null for spreadsheets. [none]';
comment on column app.lead_import.dry_run is 'true: every row is tried and taken back.';
comment on column app.lead_import.state is 'waiting; running: some of its rows have a result; done: all have; failed: see problem. [none]';
comment on column app.lead_import.rows is 'Rows of the file that get a result.';
comment on column app.lead_import.done is 'Rows that have theirs: the first so many.';
comment on column app.lead_import.imported is 'Rows that became leads.';
comment on column app.lead_import.duplicates is 'Rows that had come in before.';
comment on column app.lead_import.refused is 'Rows that could not be used.';
comment on column app.lead_import.remarks is 'What there is to know of the file as a whole; none of its data. [none]';
comment on column app.lead_import.skipped is 'Lines that are no rows: a title above the header, the footer of a report. [free text]';
comment on column app.lead_import.sheets is 'Sheets of a spreadsheet: which were read, from which row on, and which not. [free text]';
comment on column app.lead_import.problem is 'Why it failed, as a slug; what is done stays. [none]';
comment on column app.lead_import.attempts is 'How often it was begun since it last went on.';
comment on column app.lead_import.retry_at is 'Not to be gone on with by the worker before.';
comment on column app.lead_import.created_at is 'When it was uploaded.';
comment on column app.lead_import.ended_at is 'When it was done, or failed.';


-- unit: tables/legacy_api_key
set local role kollegium_owner;
create table app_private.legacy_api_key (
  legacy_id bigint primary key,
  api_key_id uuid not null unique references app.api_key
);

comment on table app_private.legacy_api_key is 'Which API key one of the former system became.';
comment on column app_private.legacy_api_key.legacy_id is 'Its legacy number.';
comment on column app_private.legacy_api_key.api_key_id is 'The key.';

grant select, insert, update, delete on app_private.legacy_api_key to kollegium_broker;


-- unit: tables/invitation_token
set local role kollegium_owner;
create table app_private.invitation_token (
  token_sha256 bytea primary key check (length(token_sha256) = 32),
  invitation_id uuid not null unique references app.invitation on delete cascade
);

comment on table app_private.invitation_token is 'Tokens of open invitations, as hashes.';
comment on column app_private.invitation_token.token_sha256 is 'SHA-256 of the token that was mailed.';
comment on column app_private.invitation_token.invitation_id is 'The invitation.';

grant select, insert, update, delete on app_private.invitation_token to kollegium_broker;


-- unit: tables/legacy_party
set local role kollegium_owner;
-- Where a legacy user is now: after a merge his colleague acts for the survivor. It runs with the rights
-- of who asks, and nobody but the broker may.
create view app_private.legacy_party with (security_invoker = true) as
select u.legacy_id, co.id as company_id, co.name as company_name, co.state as company_state,
       u.company_id as own_company_id, c.id as colleague_id, c.name as colleague_name, c.active
from app_private.legacy_user u
join app.colleague c on c.id = u.colleague_id
join app.company co on co.id = c.company_id;

comment on view app_private.legacy_party is 'The company and colleague that a legacy user is now.';
comment on column app_private.legacy_party.legacy_id is 'Number of the user.';
comment on column app_private.legacy_party.company_id is 'The company he acts for now.';
comment on column app_private.legacy_party.company_name is 'Its name.';
comment on column app_private.legacy_party.company_state is 'Whether it acts.';
comment on column app_private.legacy_party.own_company_id is 'The company that was made for him.';
comment on column app_private.legacy_party.colleague_id is 'The colleague.';
comment on column app_private.legacy_party.colleague_name is 'His name.';
comment on column app_private.legacy_party.active is 'Does he still act for it?';

grant select on app_private.legacy_party to kollegium_broker;


-- unit: tables/brokerage
set local role kollegium_owner;
create table app.brokerage (
  marketplace_id uuid not null,
  id uuid not null,
  lead_id uuid not null,
  operator_company_id uuid not null,
  state text not null check (state in ('open', 'placed', 'withdrawn', 'exhausted')),
  wave integer not null default 1,
  wave_ends_at timestamptz check (wave_ends_at is null or state = 'open'),
  opened_by_id uuid references app.colleague (id),
  opened_at timestamptz not null default now(),
  closed_at timestamptz,
  primary key (marketplace_id, id),
  foreign key (marketplace_id, lead_id) references app.lead (marketplace_id, id),
  foreign key (marketplace_id, operator_company_id)
    references app.marketplace (id, operator_company_id) deferrable initially deferred
);
create unique index brokerage_open on app.brokerage (marketplace_id, lead_id) where state = 'open';
create index on app.brokerage (operator_company_id, id);
create index brokerage_due on app.brokerage (wave_ends_at) where wave_ends_at is not null;

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


-- unit: tables/disclosure
set local role kollegium_owner;
create table app.disclosure (
  marketplace_id uuid not null,
  id uuid not null,
  lead_id uuid not null,
  company_id uuid not null references app.company,
  operator_company_id uuid not null,
  parties uuid[] not null generated always as
    (array_remove(array[operator_company_id, company_id], null)) stored,
  company_name text not null,
  colleague_name text,
  reason text not null check (reason in ('pick', 'assignment')),
  fields text[] not null,
  created_at timestamptz not null default now(),
  primary key (marketplace_id, id),
  foreign key (marketplace_id, lead_id) references app.lead (marketplace_id, id),
  foreign key (marketplace_id, operator_company_id)
    references app.marketplace (id, operator_company_id) deferrable initially deferred
);
create index disclosure_lead on app.disclosure (marketplace_id, lead_id, id desc);

comment on table app.disclosure is 'Who received which personal data when: evidence, never changed.';
comment on column app.disclosure.marketplace_id is 'The marketplace.';
comment on column app.disclosure.id is 'Id (time-ordered UUID).';
comment on column app.disclosure.lead_id is 'The lead.';
comment on column app.disclosure.company_id is 'The recipient.';
comment on column app.disclosure.operator_company_id is 'The operator, who disclosed.';
comment on column app.disclosure.parties is 'Who sees it: operator and recipient. Generated.';
comment on column app.disclosure.company_name is 'Printed name of the recipient. [none]';
comment on column app.disclosure.colleague_name is 'The colleague whose pick it was; null for an assignment. [personal]';
comment on column app.disclosure.reason is 'pick or assignment. [none]';
comment on column app.disclosure.fields is 'Names of the fields that held data then; no values. [none]';
comment on column app.disclosure.created_at is 'When.';


-- unit: tables/engagement
set local role kollegium_owner;
create table app.engagement (
  marketplace_id uuid not null,
  id uuid not null,
  lead_id uuid not null,
  company_id uuid not null references app.company,
  operator_company_id uuid not null,
  giver_company_id uuid references app.company,
  parties uuid[] not null generated always as
    (array_remove(array[operator_company_id, giver_company_id, company_id], null)) stored,
  company_name text not null,
  state text not null
    check (state in ('active', 'won', 'lost', 'return_requested', 'returned', 'revoked')),
  origin text not null check (origin in ('pick', 'assignment')),
  self_pick boolean not null default false,
  picked_by_id uuid references app.colleague (id),
  picked_by_name text,
  steps text[] not null,
  step text not null,
  handler_id uuid,
  handler_name text,
  value numeric(14, 2) check (value >= 0),
  started_at timestamptz not null default now(),
  closed_at timestamptz,
  primary key (marketplace_id, id),
  foreign key (marketplace_id, lead_id) references app.lead (marketplace_id, id),
  foreign key (marketplace_id, operator_company_id)
    references app.marketplace (id, operator_company_id) deferrable initially deferred,
  foreign key (company_id, handler_id)
    references app.colleague (company_id, id) deferrable initially deferred,
  check (step = any (steps)),
  check ((handler_id is null) = (handler_name is null))
);
create unique index engagement_current on app.engagement (marketplace_id, lead_id)
  where state in ('active', 'won', 'lost', 'return_requested');
create index engagement_company on app.engagement (company_id, handler_id, state);
-- Few leads by their engagement, for app.find_by_engagement.
create index engagement_facets on app.engagement
  using gin (parties, (array[state, step, coalesce(handler_id::text, 'none')])) with (gin_pending_list_limit = 256);
-- What waits for the operator, for app.counts.
create index engagement_return on app.engagement (operator_company_id) where state = 'return_requested';

comment on table app.engagement is 'Company X works lead Y: from the pick or assignment to its end.';
comment on column app.engagement.marketplace_id is 'The marketplace.';
comment on column app.engagement.id is 'Id (time-ordered UUID).';
comment on column app.engagement.lead_id is 'The lead; at most one current engagement each.';
comment on column app.engagement.company_id is 'The taker; stays when the lead goes back.';
comment on column app.engagement.operator_company_id is 'The operator.';
comment on column app.engagement.giver_company_id is 'The giver, if any.';
comment on column app.engagement.parties is 'Who sees it: operator, giver, taker. Generated.';
comment on column app.engagement.company_name is 'Printed name of the taker. [none]';
comment on column app.engagement.state is 'active; won; lost; return_requested; returned; revoked. [none]';
comment on column app.engagement.origin is 'pick or assignment. [none]';
comment on column app.engagement.self_pick is 'The operator took it on its own marketplace (case 2).';
comment on column app.engagement.picked_by_id is 'The colleague who picked; null for an assignment.';
comment on column app.engagement.picked_by_name is 'His name at that time. [personal]';
comment on column app.engagement.steps is 'The pipeline steps with which it began. [none]';
comment on column app.engagement.step is 'The present step. [none]';
comment on column app.engagement.handler_id is 'The colleague responsible; null: nobody.';
comment on column app.engagement.handler_name is 'His name. [personal]';
comment on column app.engagement.value is 'Value of a won engagement, in the marketplace''s currency.';
comment on column app.engagement.started_at is 'When it began.';
comment on column app.engagement.closed_at is 'When it was won or lost.';


-- unit: tables/history
set local role kollegium_owner;
create table app.history (
  marketplace_id uuid not null,
  id uuid not null,
  lead_id uuid not null,
  parties uuid[] not null,
  event text not null,
  company_id uuid references app.company,
  company_name text,
  colleague_id uuid references app.colleague (id),
  colleague_name text,
  detail jsonb not null default '{}',
  created_at timestamptz not null default now(),
  primary key (marketplace_id, id),
  foreign key (marketplace_id, lead_id, parties)
    references app.lead (marketplace_id, id, parties) deferrable initially deferred
);
create index history_lead on app.history (marketplace_id, lead_id, id desc);

comment on table app.history is 'What happened to a lead, for its parties: no personal data of the prospect.';
comment on column app.history.marketplace_id is 'The marketplace.';
comment on column app.history.id is 'Id (time-ordered UUID).';
comment on column app.history.lead_id is 'The lead.';
comment on column app.history.parties is 'Copy of lead.parties; a difference fails at commit.';
comment on column app.history.event is 'What happened: created, submitted, offered, picked … [none]';
comment on column app.history.company_id is 'Who did it; null: a timer or a rule.';
comment on column app.history.company_name is 'Its printed name. [none]';
comment on column app.history.colleague_id is 'The colleague who did it; null for an API key.';
comment on column app.history.colleague_name is 'His name at that time. [personal]';
comment on column app.history.detail is 'Details by event; never the name of a taker other than the engaged one. [personal]';
comment on column app.history.created_at is 'When it happened.';


-- unit: tables/message
set local role kollegium_owner;
create table app.message (
  marketplace_id uuid not null,
  id uuid not null,
  lead_id uuid not null,
  parties uuid[] not null,
  company_id uuid not null references app.company,
  company_name text not null,
  author_id uuid references app.colleague (id),
  author_name text not null,
  text text not null check (length(text) between 1 and 10000),
  created_at timestamptz not null default now(),
  primary key (marketplace_id, id),
  foreign key (marketplace_id, lead_id, parties)
    references app.lead (marketplace_id, id, parties) deferrable initially deferred
);
create index message_lead on app.message (marketplace_id, lead_id, id desc);

comment on table app.message is 'Shared by all parties of a lead.';
comment on column app.message.marketplace_id is 'The marketplace.';
comment on column app.message.id is 'Id (time-ordered UUID).';
comment on column app.message.lead_id is 'The lead.';
comment on column app.message.parties is 'Copy of lead.parties; a difference fails at commit.';
comment on column app.message.company_id is 'The author''s company.';
comment on column app.message.company_name is 'Its printed name. [none]';
comment on column app.message.author_id is 'The author; null for an API key.';
comment on column app.message.author_name is 'Name of the author, or of the key. [personal]';
comment on column app.message.text is 'The text, up to 10,000 characters. [free text]';
comment on column app.message.created_at is 'When it was written.';


-- unit: tables/note
set local role kollegium_owner;
create table app.note (
  marketplace_id uuid not null,
  id uuid not null,
  lead_id uuid not null,
  company_id uuid not null references app.company,
  author_id uuid references app.colleague (id),
  author_name text not null,
  text text not null check (length(text) between 1 and 10000),
  created_at timestamptz not null default now(),
  primary key (marketplace_id, id),
  foreign key (marketplace_id, lead_id) references app.lead (marketplace_id, id)
);
create index note_lead on app.note (marketplace_id, lead_id, company_id, id desc);
-- All notes of a company: its merge, and the proof of its import.
create index note_company on app.note (company_id);

comment on table app.note is 'Internal: read by the colleagues of one company.';
comment on column app.note.marketplace_id is 'The marketplace.';
comment on column app.note.id is 'Id (time-ordered UUID).';
comment on column app.note.lead_id is 'The lead.';
comment on column app.note.company_id is 'The company that wrote and alone reads it.';
comment on column app.note.author_id is 'The author; null for an API key.';
comment on column app.note.author_name is 'Name of the author, or of the key. [personal]';
comment on column app.note.text is 'The text, up to 10,000 characters. [free text]';
comment on column app.note.created_at is 'When it was written.';


-- unit: tables/prospect
set local role kollegium_owner;
create table app.prospect (
  marketplace_id uuid not null,
  lead_id uuid not null,
  parties uuid[] not null,
  name text,
  salutation text,
  company text,
  email text,
  phone text,
  street text,
  postcode text,
  city text,
  country text,
  answers jsonb not null default '{}',
  email_key text generated always as (lower(email)) stored,
  phone_key text generated always as (nullif(regexp_replace(phone, '[^0-9]', '', 'g'), '')) stored,
  about text,
  searched text generated always as (searching.searched_text(
    coalesce(name, '') || ' ' || coalesce(company, '') || ' ' || coalesce(email, '') || ' '
    || coalesce(postcode, '') || ' ' || coalesce(city, '') || ' ' || coalesce(about, ''), phone)) stored,
  erased_at timestamptz,
  primary key (marketplace_id, lead_id),
  foreign key (marketplace_id, lead_id, parties)
    references app.lead (marketplace_id, id, parties) deferrable initially deferred
);
create index prospect_email on app.prospect (marketplace_id, email_key) where email_key is not null;
create index prospect_phone on app.prospect (marketplace_id, phone_key) where phone_key is not null;
-- The search of sql/functions/leads/searching.sql. Whose a lead is stands not in it: a pick, which changes the parties,
-- leaves this index alone, and few words are found sooner. What comes in waits in the index's list (of 4 MB by default, some
-- 2,000 leads) and is put into it together, at a fifth of the cost; until then each search reads the list.
create index prospect_searched on app.prospect using gin (searched searching.gin_trgm_ops);

comment on table app.prospect is 'The person behind a lead: all its personal data, and nothing of it elsewhere.';
comment on column app.prospect.marketplace_id is 'The marketplace.';
comment on column app.prospect.lead_id is 'The lead; one prospect each.';
comment on column app.prospect.parties is 'Copy of lead.parties; a difference fails at commit.';
comment on column app.prospect.name is 'Full name. [personal]';
comment on column app.prospect.salutation is 'Salutation as given. [personal]';
comment on column app.prospect.company is 'The person''s own firm, if any; no tenant. [personal]';
comment on column app.prospect.email is 'E-mail address as given. [personal]';
comment on column app.prospect.phone is 'Telephone number, E.164 where it could be read. [personal]';
comment on column app.prospect.street is 'Street and number. [personal]';
comment on column app.prospect.postcode is 'Postcode; its first digits are in the teaser. [personal]';
comment on column app.prospect.city is 'Town. [personal]';
comment on column app.prospect.country is 'Country as given. [personal]';
comment on column app.prospect.answers is 'Answers to the questions of the form: question to answer. [personal]';
comment on column app.prospect.email_key is 'E-mail address for finding duplicates. Generated. [personal]';
comment on column app.prospect.phone_key is 'Digits of the number for finding duplicates. Generated. [personal]';
comment on column app.prospect.about is 'Interest and reference of the lead, which are searched together with the person. [personal]';
comment on column app.prospect.searched is 'What the lead is found by (searching.searched_text). Generated, so it goes with the person. [personal]';
comment on column app.prospect.erased_at is 'When the personal data was removed; null: it is there.';


-- unit: tables/import_chunk
set local role kollegium_owner;
create table app_private.import_chunk (
  marketplace_id uuid not null,
  import_id uuid not null,
  number integer not null check (number >= 0),
  rows jsonb not null check (jsonb_array_length(rows) between 1 and 50),
  created_at timestamptz not null default now(),
  primary key (marketplace_id, import_id, number),
  foreign key (marketplace_id, import_id) references app.lead_import (marketplace_id, id)
);
create index on app_private.import_chunk (created_at);

comment on table app_private.import_chunk is 'Up to 50 rows of a file that wait to become leads. Personal data: each chunk goes with its last row, all of an import when it ends, at the latest after 7 days.';
comment on column app_private.import_chunk.marketplace_id is 'The marketplace.';
comment on column app_private.import_chunk.import_id is 'The import (app.lead_import).';
comment on column app_private.import_chunk.number is 'Its place in the file: rows 50 x number + 1 and following.';
comment on column app_private.import_chunk.rows is 'What was read of them: a lead to put in, or why there is none. [personal]';
comment on column app_private.import_chunk.created_at is 'When it was uploaded.';

grant select, insert, delete on app_private.import_chunk to kollegium_broker;


-- unit: tables/import_consent
set local role kollegium_owner;
create table app.import_consent (
  marketplace_id uuid not null,
  id uuid not null,
  import_id uuid not null,
  company_id uuid not null references app.company,
  colleague_id uuid references app.colleague (id),
  api_key_id uuid references app.api_key (id),
  stated_by text not null,
  text text not null check (length(text) between 1 and 10000),
  source text not null check (length(source) between 1 and 200),
  given_at timestamptz not null check (isfinite(given_at)),
  state text not null default 'running' check (state in ('running', 'done')),
  row_number integer not null default 0,
  leads integer not null default 0,
  submitted integer not null default 0 check (submitted <= leads),
  created_at timestamptz not null default now(),
  primary key (marketplace_id, id),
  foreign key (marketplace_id, import_id) references app.lead_import (marketplace_id, id)
);
create index import_consent_import on app.import_consent (marketplace_id, import_id, id);
create index import_consent_company on app.import_consent (company_id, id desc);
create index import_consent_running on app.import_consent (id) where state = 'running';

comment on table app.import_consent is 'What a company states of the consent of the persons in one of its files: the proof of it, none of their data.';
comment on column app.import_consent.marketplace_id is 'The marketplace.';
comment on column app.import_consent.id is 'Id (time-ordered UUID); the history of each lead names it.';
comment on column app.import_consent.import_id is 'The import whose drafts it is for.';
comment on column app.import_consent.company_id is 'The company that states it; a merge moves it with the import.';
comment on column app.import_consent.colleague_id is 'Who states it; null for an API key.';
comment on column app.import_consent.api_key_id is 'The API key that states it; null for a colleague.';
comment on column app.import_consent.stated_by is 'His printed name, as it was then. [personal]';
comment on column app.import_consent.text is 'What the persons agreed to, word for word. [free text]';
comment on column app.import_consent.source is 'Where they did: a form, a campaign, paper. [free text]';
comment on column app.import_consent.given_at is 'When they did; of several the last.';
comment on column app.import_consent.state is 'running: not all drafts were looked at; done. [none]';
comment on column app.import_consent.row_number is 'Up to which row of the file drafts were looked at.';
comment on column app.import_consent.leads is 'Drafts that got the permission by it.';
comment on column app.import_consent.submitted is 'Those of them that were submitted.';
comment on column app.import_consent.created_at is 'When it was stated.';


-- unit: tables/lead_import_row
set local role kollegium_owner;
create table app.lead_import_row (
  marketplace_id uuid not null,
  import_id uuid not null,
  row_number integer not null,
  company_id uuid not null references app.company,
  outcome text not null check (outcome in ('imported', 'duplicate', 'refused')),
  lead_id uuid,
  code text,
  field text,
  detail jsonb not null default '{}',
  warnings jsonb not null default '[]',
  primary key (marketplace_id, import_id, row_number),
  foreign key (marketplace_id, import_id) references app.lead_import (marketplace_id, id)
);
create index lead_import_row_outcome on app.lead_import_row (marketplace_id, import_id, outcome, row_number);

comment on table app.lead_import_row is 'Result of one row of an imported file; none of its data.';
comment on column app.lead_import_row.marketplace_id is 'The marketplace.';
comment on column app.lead_import_row.import_id is 'The import.';
comment on column app.lead_import_row.row_number is 'Number of the row in the file.';
comment on column app.lead_import_row.company_id is 'The importing company.';
comment on column app.lead_import_row.outcome is 'imported; duplicate; refused. [none]';
comment on column app.lead_import_row.lead_id is 'The lead it became or was already.';
comment on column app.lead_import_row.code is 'Why it was refused. [none]';
comment on column app.lead_import_row.field is 'The field that was the reason. [none]';
comment on column app.lead_import_row.detail is 'Why, in words, for the reader of the report; none of the row''s data. [none]';
comment on column app.lead_import_row.warnings is 'What was corrected or left out. [free text]';


-- unit: tables/offer
set local role kollegium_owner;
create table app.offer (
  marketplace_id uuid not null,
  id uuid not null,
  brokerage_id uuid not null,
  lead_id uuid not null,
  company_id uuid not null references app.company,
  operator_company_id uuid not null,
  wave integer not null,
  state text not null
    check (state in ('open', 'picked', 'declined', 'expired', 'withdrawn', 'lost')),
  interest text not null,
  postcode_area text not null,
  tags text[] not null,
  marketplace_name text not null,
  company_name text not null,
  opened_at timestamptz not null default now(),
  expires_at timestamptz not null,
  answered_at timestamptz,
  answered_by_name text,
  decline_reason text,
  primary key (marketplace_id, id),
  unique (marketplace_id, brokerage_id, company_id),
  foreign key (marketplace_id, brokerage_id) references app.brokerage (marketplace_id, id),
  foreign key (marketplace_id, lead_id) references app.lead (marketplace_id, id),
  foreign key (marketplace_id, operator_company_id)
    references app.marketplace (id, operator_company_id) deferrable initially deferred
);
-- Each side lists by state, and in all states by asking for each: few open ones are found among many ended.
create index offer_taker on app.offer (company_id, state, id desc);
create index offer_operator on app.offer (operator_company_id, state, id desc);
create index offer_taker_expiry on app.offer (company_id, expires_at, id) where state = 'open';
create index offer_operator_expiry on app.offer (operator_company_id, expires_at, id) where state = 'open';
create index offer_marketplace on app.offer (marketplace_id, state, id desc);
create index offer_lead on app.offer (lead_id, company_id);
create index offer_due on app.offer (expires_at) where state = 'open';
-- What a company may take back: of all that it ever declined, what is not over.
create index offer_declined on app.offer (company_id, expires_at) where state = 'declined';

comment on table app.offer is 'A lead offered to a company (not a person): a copy of its teaser.';
comment on column app.offer.marketplace_id is 'The marketplace.';
comment on column app.offer.id is 'Id (time-ordered UUID).';
comment on column app.offer.brokerage_id is 'The brokerage; one offer of it for each company.';
comment on column app.offer.lead_id is 'The lead; a taker sees no more of it than this row.';
comment on column app.offer.company_id is 'The taker.';
comment on column app.offer.operator_company_id is 'The operator.';
comment on column app.offer.wave is 'Number of the wave.';
comment on column app.offer.state is 'open; picked; declined; expired; withdrawn; lost. The taker sees the first two, and by app.offers_to_reopen what it may take back. [none]';
comment on column app.offer.interest is 'Teaser: what is asked for, without contact data (app_private.teaser). [free text]';
comment on column app.offer.postcode_area is 'Teaser: leading digits of the postcode. [none]';
comment on column app.offer.tags is 'Teaser: tags, without those that hold contact data. [free text]';
comment on column app.offer.marketplace_name is 'Printed name of the marketplace. [none]';
comment on column app.offer.company_name is 'Printed name of the taker, for the operator. [none]';
comment on column app.offer.opened_at is 'When it was opened.';
comment on column app.offer.expires_at is 'End of the response window; no pick after it.';
comment on column app.offer.answered_at is 'When its state left open.';
comment on column app.offer.answered_by_name is 'The colleague who picked or declined. [personal]';
comment on column app.offer.decline_reason is 'The taker''s reason, for the operator. [free text]';


-- unit: tables/bounds
set local role kollegium_owner;
-- Every moment and number that a client can be shown is one that clients can read: PostgreSQL also knows
-- infinite times, years before Christ and beyond 9999, and NaN, and one of them would fail a whole list.
-- Runs after all other files of tables, so that a new column needs no line of its own; safe to repeat.
-- (tests/policies/catalogue.py asks each column.)
do $$
declare
  v_column record;
begin
  for v_column in
    select c.oid::regclass as tab, c.relname, a.attname, case
      when a.atttypid in ('timestamptz'::regtype, 'timestamp'::regtype, 'date'::regtype)
      then format('%1$I >= ''1900-01-01 00:00+00'' and %1$I < ''9999-01-01 00:00+00''', a.attname)
      else format('%1$I > ''-Infinity'' and %1$I < ''Infinity''', a.attname) end as bounds
    from pg_class c
    join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
      and a.atttypid in ('timestamptz'::regtype, 'timestamp'::regtype, 'date'::regtype,
        'numeric'::regtype, 'float4'::regtype, 'float8'::regtype)
    where c.relnamespace = 'app'::regnamespace and c.relkind in ('r', 'p') and not exists (
      select from pg_constraint k where k.conrelid = c.oid
        and k.conname = left(c.relname || '_' || a.attname, 55) || '_bounded')
    order by 1, a.attnum
  loop
    execute format('alter table %s add constraint %I check (%s)', v_column.tab,
      left(v_column.relname || '_' || v_column.attname, 55) || '_bounded', v_column.bounds);
  end loop;
end
$$;


-- unit: app_private.audit( p_action text, p_company uuid, p_colleague uuid, p_object uuid, p_detail jsonb default '{}')
set local role kollegium_broker;
-- Security-relevant events for the auditor. No personal data goes into p_detail.
create or replace function app_private.audit(
  p_action text, p_company uuid, p_colleague uuid, p_object uuid, p_detail jsonb default '{}')
returns void language sql volatile set search_path = pg_catalog, pg_temp
as $$
  insert into app_private.audit_entry (id, company_id, colleague_id, action, object_id, detail)
  values (app_private.new_id(), p_company, p_colleague, p_action, p_object, p_detail)
$$;

-- unit: app.read_audit_log(p_since timestamptz, p_limit integer)
set local role kollegium_broker;
create or replace function app.read_audit_log(p_since timestamptz, p_limit integer)
returns table (at timestamptz, company_id uuid, colleague_id uuid, action text, object_id uuid, detail jsonb)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select a.at, a.company_id, a.colleague_id, a.action, a.object_id, a.detail
  from app_private.audit_entry a where a.at >= p_since order by a.id desc limit p_limit
$$;
comment on function app.read_audit_log(timestamptz, integer) is
  'Security-relevant events, newest first; ids and actions, no personal data.';
grant execute on function app.read_audit_log(timestamptz, integer) to kollegium_auditor;

-- unit: app.create_company( p_name text, p_admin_name text, p_admin_email text, p_language text, p_salt bytea, p_proof bytea, out company_id uuid, out colleague_id uuid)
set local role kollegium_broker;
-- A new company with its first admin (staff). The proof is the Argon2id result of his password.
create or replace function app.create_company(
  p_name text, p_admin_name text, p_admin_email text, p_language text, p_salt bytea, p_proof bytea,
  out company_id uuid, out colleague_id uuid)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  company_id := app_private.new_id();
  insert into app.company (id, name, language) values (company_id, p_name, p_language);
  colleague_id := app_private.add_colleague(
    company_id, p_admin_email, p_admin_name, 'admin', p_language, p_salt, p_proof);
  perform app_private.audit('company-created', company_id, colleague_id, company_id);
end
$$;
comment on function app.create_company(text, text, text, text, bytea, bytea) is
  'Creates a company and its first admin.';
grant execute on function app.create_company(text, text, text, text, bytea, bytea) to kollegium_staff;

-- unit: app_private.add_colleague( p_company uuid, p_email text, p_name text, p_role text, p_language text, p_salt bytea, p_proof bytea)
set local role kollegium_broker;
-- E-mail addresses are unique over all companies; 409 when this one is taken. Whoever calls this
-- has shown that the address is his (invitation) or is staff, so the answer tells him nothing new.
create or replace function app_private.add_colleague(
  p_company uuid, p_email text, p_name text, p_role text, p_language text, p_salt bytea, p_proof bytea)
returns uuid language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_id constant uuid := app_private.new_id();
begin
  insert into app.colleague (id, company_id, email, name, role, language)
  values (v_id, p_company, p_email, p_name, p_role, p_language)
  on conflict (email) do nothing;
  if not found then
    perform app_private.refuse(409, 'email-taken');
  end if;
  insert into app_private.credential (colleague_id, salt, proof_sha256)
  values (v_id, p_salt, sha256(p_proof));
  perform app_private.claim_partner_invitations(p_email, p_company);
  return v_id;
end
$$;

-- unit: app.list_companies()
set local role kollegium_broker;
create or replace function app.list_companies()
returns table (id uuid, name text, state text, colleagues bigint, created_at timestamptz)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select co.id, co.name, co.state, count(c.id) filter (where c.active), co.created_at
  from app.company co left join app.colleague c on c.company_id = co.id
  group by co.id order by co.name, co.id
$$;
comment on function app.list_companies() is 'All companies with the number of their active colleagues.';
grant execute on function app.list_companies() to kollegium_staff;

-- unit: app.change_company( p_versions integer[], p_name text, p_delegator_role boolean, p_language text)
set local role kollegium_broker;
-- Fields that are null stay. The name is printed on other rows, too: sql/functions/companies/printed_names.sql.
create or replace function app.change_company(
  p_versions integer[], p_name text, p_delegator_role boolean, p_language text)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.admin_caller();
  v_company app.company;
begin
  if p_name is not null then
    perform app_private.lock_name(v_caller.company_id);
  end if;
  select * into v_company from app.company where id = v_caller.company_id for no key update;
  perform app_private.expect_version(v_company.version, p_versions);
  update app.company set name = coalesce(p_name, name),
    delegator_role = coalesce(p_delegator_role, delegator_role),
    language = coalesce(p_language, language), changed_at = now(), version = version + 1
  where id = v_caller.company_id and (name, delegator_role, language) is distinct from
    (coalesce(p_name, name), coalesce(p_delegator_role, delegator_role), coalesce(p_language, language));
  if not found then
    return;  -- nothing changes, so no version does
  end if;
  if p_name <> v_company.name then
    perform app_private.print_name(v_caller.company_id);
  end if;
  perform app_private.audit('company-changed', v_caller.company_id, v_caller.colleague_id,
    v_caller.company_id);
end
$$;
comment on function app.change_company(integer[], text, boolean, text) is
  'Changes the caller''s company (admin); live rows show the new name, evidence keeps the former.';
grant execute on function app.change_company(integer[], text, boolean, text) to kollegium_api;

-- unit: app_private.colleague_card(p_colleague uuid)
set local role kollegium_broker;
create or replace function app_private.colleague_card(p_colleague uuid) returns json
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select json_build_object('id', c.id, 'name', c.name, 'email', c.email, 'role', c.role,
    'active', c.active, 'language', c.language, 'created_at', c.created_at, 'version', c.version)
  from app.colleague c where c.id = p_colleague
$$;

-- unit: app.change_colleague( p_colleague uuid, p_versions integer[], p_role text, p_active boolean, p_name text, p_language text)
set local role kollegium_broker;
-- Role and activity of a colleague (admin), or somebody's own name and language. Deactivation
-- ends his sessions and clears him as handler; leads and API keys stay (docs/domain.md, case 3). Returns
-- him as he is now: who deactivates himself is not shown it by a policy any more.
create or replace function app.change_colleague(
  p_colleague uuid, p_versions integer[], p_role text, p_active boolean, p_name text, p_language text)
returns json language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_colleague app.colleague;
begin
  -- One change of the staff of a company at a time, so that two admins cannot demote each other.
  perform from app.company where id = v_caller.company_id for no key update;
  select * into v_colleague from app.colleague
  where id = p_colleague and company_id = v_caller.company_id for no key update;
  if not found then
    perform app_private.refuse(404, 'not-found');
  end if;
  if v_caller.role <> 'admin' and (v_caller.colleague_id is distinct from p_colleague
      or p_role is not null or p_active is not null) then
    perform app_private.refuse(403, 'admin-required');
  end if;
  perform app_private.expect_version(v_colleague.version, p_versions);
  if v_colleague.role = 'admin' and v_colleague.active
     and (coalesce(p_role, 'admin') <> 'admin' or not coalesce(p_active, true))
     and not exists (select from app.colleague o where o.company_id = v_caller.company_id
                     and o.id <> p_colleague and o.role = 'admin' and o.active) then
    perform app_private.refuse(409, 'last-admin');
  end if;
  update app.colleague set role = coalesce(p_role, role), active = coalesce(p_active, active),
    name = coalesce(p_name, name), language = coalesce(p_language, language),
    changed_at = now(), version = version + 1
  where id = p_colleague and (role, active, name, language) is distinct from (coalesce(p_role, role),
    coalesce(p_active, active), coalesce(p_name, name), coalesce(p_language, language));
  if not found then
    return app_private.colleague_card(p_colleague);  -- nothing changes, so no version does
  end if;
  if not coalesce(p_active, true) then
    delete from app_private.bearer where colleague_id = p_colleague;
    if v_caller.colleague_id = p_colleague then
      perform app_private.own_token_ended();
    end if;
    perform app_private.change_handler_name(v_caller.company_id, p_colleague, null);
  elsif p_name <> v_colleague.name then
    perform app_private.change_handler_name(v_caller.company_id, p_colleague, p_name);
  end if;
  perform app_private.audit('colleague-changed', v_caller.company_id, v_caller.colleague_id,
    p_colleague, jsonb_strip_nulls(jsonb_build_object('role', p_role, 'active', p_active)));
  return app_private.colleague_card(p_colleague);
end
$$;
comment on function app.change_colleague(uuid, integer[], text, boolean, text, text) is
  'Role and activity by an admin, own name and language by oneself; the last admin stays.';
grant execute on function app.change_colleague(uuid, integer[], text, boolean, text, text) to kollegium_api;

-- unit: app.invite_colleague(p_email text, p_role text, p_token text)
set local role kollegium_broker;
-- An invitation is bound to its address: the token goes there and nowhere else, and the colleague
-- it creates has that address. Whether the address is known already is not told to the inviter.
create or replace function app.invite_colleague(p_email text, p_role text, p_token text)
returns uuid language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.admin_caller();
  v_id constant uuid := app_private.new_id();
begin
  perform app_private.expect_colleague_features(v_caller.company_id);
  perform app_private.charge_mail(v_caller.company_id, p_email, 'colleagues');
  -- A second invitation to the same address replaces the first.
  update app.invitation set state = 'revoked', answered_at = now()
  where company_id = v_caller.company_id and email = p_email and state = 'open';
  insert into app.invitation (id, company_id, email, role, invited_by_id, expires_at)
  values (v_id, v_caller.company_id, p_email, p_role, v_caller.colleague_id, now() + interval '14 days');
  insert into app_private.invitation_token (token_sha256, invitation_id)
  values (sha256(convert_to(p_token, 'UTF8')), v_id);
  perform app_private.mail('invitation', p_email, v_caller.language, v_caller.company_id,
    jsonb_build_object('company', v_caller.company_name, 'inviter', v_caller.colleague_name,
                       'token', p_token, 'days', 14));
  perform app_private.audit('colleague-invited', v_caller.company_id, v_caller.colleague_id, v_id,
    jsonb_build_object('role', p_role));
  return v_id;
end
$$;
comment on function app.invite_colleague(text, text, text) is
  'Invites an e-mail address into the caller''s company (admin); mails the token there.';
grant execute on function app.invite_colleague(text, text, text) to kollegium_api;

-- unit: app.revoke_invitation(p_invitation uuid)
set local role kollegium_broker;
create or replace function app.revoke_invitation(p_invitation uuid)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.admin_caller();
begin
  update app.invitation set state = 'revoked', answered_at = now()
  where id = p_invitation and company_id = v_caller.company_id and state = 'open';
  if not found then
    perform app_private.refuse(404, 'not-found');
  end if;
  perform app_private.audit('invitation-revoked', v_caller.company_id, v_caller.colleague_id, p_invitation);
end
$$;
comment on function app.revoke_invitation(uuid) is 'Takes an open invitation back (admin).';
grant execute on function app.revoke_invitation(uuid) to kollegium_api;

-- unit: app.invitation_stands(p_token text)
set local role kollegium_broker;
-- Whether it is worth stretching a password for this token: known ones are answered as below.
create or replace function app.invitation_stands(p_token text)
returns boolean language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select exists (select from app_private.invitation_token t
    where t.token_sha256 = sha256(convert_to(p_token, 'UTF8')))
$$;
comment on function app.invitation_stands(text) is 'Whether an invitation has this token, open or not.';
grant execute on function app.invitation_stands(text) to kollegium_api;

-- unit: app.accept_invitation( p_token text, p_name text, p_salt bytea, p_proof bytea, out company_id uuid, out company_name text, out colleague_id uuid, out email text, out role text)
set local role kollegium_broker;
-- Accepting needs no log-in: the token is the right. 404 for unknown, revoked and expired ones, 409
-- for one that was used: who repeats a request whose answer got lost is told that it worked.
create or replace function app.accept_invitation(
  p_token text, p_name text, p_salt bytea, p_proof bytea,
  out company_id uuid, out company_name text, out colleague_id uuid, out email text, out role text)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_invitation app.invitation;
  v_language text;
begin
  -- The company before the invitation, as everybody; who waited for a merge looks again.
  perform app_private.hold_company(i.company_id), app_private.hold_name(i.company_id)
  from app_private.invitation_token t join app.invitation i on i.id = t.invitation_id
  where t.token_sha256 = sha256(convert_to(p_token, 'UTF8'));
  select i.* into v_invitation
  from app_private.invitation_token t join app.invitation i on i.id = t.invitation_id
  where t.token_sha256 = sha256(convert_to(p_token, 'UTF8')) and i.state <> 'revoked'
    and i.expires_at > now()
  for update of i;
  if not found then
    perform app_private.refuse(404, 'not-found');
  elsif v_invitation.state = 'accepted' then
    perform app_private.refuse(409, 'invitation-accepted');
  end if;
  company_id := v_invitation.company_id;
  select co.name, co.language into company_name, v_language
  from app.company co where co.id = v_invitation.company_id and co.state = 'active';
  if not found then
    perform app_private.refuse(404, 'not-found');
  end if;
  email := v_invitation.email;
  role := v_invitation.role;
  -- Who was a colleague before and left comes back as himself, with the invited role.
  update app.colleague c set active = true, role = v_invitation.role, name = p_name,
    changed_at = now(), version = version + 1
  where c.email = v_invitation.email and c.company_id = v_invitation.company_id and not c.active
  returning c.id into colleague_id;
  if found then
    delete from app_private.credential cr where cr.colleague_id = accept_invitation.colleague_id;
    insert into app_private.credential (colleague_id, salt, proof_sha256)
    values (accept_invitation.colleague_id, p_salt, sha256(p_proof));
  else
    colleague_id := app_private.add_colleague(
      company_id, email, p_name, role, v_language, p_salt, p_proof);
  end if;
  update app.invitation set state = 'accepted', answered_at = now() where id = v_invitation.id;
  perform app_private.audit('invitation-accepted', company_id, colleague_id, v_invitation.id);
end
$$;
comment on function app.accept_invitation(text, text, bytea, bytea) is
  'Makes the invited address a colleague of the inviting company; 409 when it was done before.';
grant execute on function app.accept_invitation(text, text, bytea, bytea) to kollegium_api;

-- unit: app.create_api_key(p_name text, p_token_sha256 bytea)
set local role kollegium_broker;
-- API keys belong to the company, not to who made them; the token is shown once, by the web tier.
create or replace function app.create_api_key(p_name text, p_token_sha256 bytea)
returns uuid language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.admin_caller();
  v_id constant uuid := app_private.new_id();
begin
  insert into app.api_key (id, company_id, name, created_by_id)
  values (v_id, v_caller.company_id, p_name, v_caller.colleague_id);
  insert into app_private.bearer (token_sha256, company_id, api_key_id, expires_at)
  values (p_token_sha256, v_caller.company_id, v_id, 'infinity');
  perform app_private.audit('api-key-created', v_caller.company_id, v_caller.colleague_id, v_id);
  return v_id;
end
$$;
comment on function app.create_api_key(text, bytea) is 'A new key of the caller''s company (admin).';
grant execute on function app.create_api_key(text, bytea) to kollegium_api;

-- unit: app.revoke_api_key(p_key uuid)
set local role kollegium_broker;
create or replace function app.revoke_api_key(p_key uuid)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.admin_caller();
begin
  update app.api_key set revoked_at = now()
  where id = p_key and company_id = v_caller.company_id and revoked_at is null;
  if not found then
    perform app_private.refuse(404, 'not-found');
  end if;
  delete from app_private.bearer where api_key_id = p_key;
  perform app_private.audit('api-key-revoked', v_caller.company_id, v_caller.colleague_id, p_key);
end
$$;
comment on function app.revoke_api_key(uuid) is 'Ends a key of the caller''s company at once (admin).';
grant execute on function app.revoke_api_key(uuid) to kollegium_api;

-- unit: app_private.purge_companies()
set local role kollegium_broker;
-- Tokens of invitations that are over. Returns the number of rows.
create or replace function app_private.purge_companies() returns bigint
language sql volatile set search_path = pg_catalog, pg_temp
as $$
  with tokens as (
    delete from app_private.invitation_token t using app.invitation i
    where i.id = t.invitation_id and (i.expires_at < now() or i.state = 'revoked')
    returning 1)
  select count(*) from tokens
$$;

-- unit: app_private.name_lock_key(p_company uuid)
set local role kollegium_broker;
-- Whoever prints the name of a company holds this lock shared, and reads the name after it; who prints it
-- anew on all rows holds it exclusively. So no row comes in with the former name behind his back.
create or replace function app_private.name_lock_key(p_company uuid) returns bigint
language sql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$ select hashtextextended('name ' || p_company::text, 0) $$;

-- unit: app_private.hold_name(p_company uuid)
set local role kollegium_broker;
create or replace function app_private.hold_name(p_company uuid)
returns void language sql volatile set search_path = pg_catalog, pg_temp
as $$ select pg_advisory_xact_lock_shared(app_private.name_lock_key(p_company)) $$;

-- unit: app_private.lock_name(p_company uuid)
set local role kollegium_broker;
create or replace function app_private.lock_name(p_company uuid)
returns void language sql volatile set search_path = pg_catalog, pg_temp
as $$ select pg_advisory_xact_lock(app_private.name_lock_key(p_company)) $$;

-- unit: app_private.print_live_names(p_markets uuid[], p_leads uuid[])
set local role kollegium_broker;
-- The names of now on leads and on what is live of them: their open offers, the active engagement. Versions
-- stay as they are: who moves leads between companies gives them back byte for byte. The caller has the
-- leads locked, and the companies that are named.
create or replace function app_private.print_live_names(p_markets uuid[], p_leads uuid[])
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  update app.lead l set operator_name = n.operator, giver_name = n.giver, engaged_company_name = n.taker
  from (select k.m, k.l, o.name as operator, g.name as giver, t.name as taker
        from unnest(p_markets, p_leads) k (m, l)
        join app.lead x on x.marketplace_id = k.m and x.id = k.l
        join app.company o on o.id = x.operator_company_id
        left join app.company g on g.id = x.giver_company_id
        left join app.company t on t.id = x.engaged_company_id) n
  where l.marketplace_id = n.m and l.id = n.l
    and (l.operator_name, l.giver_name, l.engaged_company_name) is distinct from (n.operator, n.giver, n.taker);
  update app.engagement e set company_name = c.name
  from unnest(p_markets, p_leads) k (m, l), app.company c
  where e.marketplace_id = k.m and e.lead_id = k.l and e.state in ('active', 'return_requested')
    and c.id = e.company_id and c.name <> e.company_name;
  update app.offer o set company_name = c.name
  from unnest(p_markets, p_leads) k (m, l), app.company c
  where o.marketplace_id = k.m and o.lead_id = k.l and o.state = 'open'
    and c.id = o.company_id and c.name <> o.company_name;
end
$$;

-- unit: app_private.print_on_leads(p_markets uuid[], p_leads uuid[])
set local role kollegium_broker;
-- The same after a rename: those whose names changed have a new version. The caller has the leads locked.
create or replace function app_private.print_on_leads(p_markets uuid[], p_leads uuid[])
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_markets uuid[];
  v_leads uuid[];
begin
  select array_agg(l.marketplace_id), array_agg(l.id) into v_markets, v_leads
  from unnest(p_markets, p_leads) k (m, l_id)
  join app.lead l on l.marketplace_id = k.m and l.id = k.l_id
  join app.company o on o.id = l.operator_company_id
  left join app.company g on g.id = l.giver_company_id
  left join app.company t on t.id = l.engaged_company_id
  where (l.operator_name, l.giver_name, l.engaged_company_name) is distinct from (o.name, g.name, t.name);
  perform app_private.renew_leads(v_markets, v_leads);
  perform app_private.print_live_names(v_markets, v_leads);
end
$$;

-- unit: app_private.print_after_move( p_one uuid, p_other uuid, p_markets uuid[], p_leads uuid[])
set local role kollegium_broker;
-- After a merge and its undo: on the cards and marketplaces of both companies, and on the leads that
-- changed hands. One may have been renamed since the merge, so what the journal knows is not enough.
create or replace function app_private.print_after_move(
  p_one uuid, p_other uuid, p_markets uuid[], p_leads uuid[])
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  update app.marketplace m set operator_name = c.name from app.company c
  where c.id in (p_one, p_other) and m.operator_company_id = c.id and m.operator_name <> c.name;
  update app.participation p set company_name = c.name from app.company c
  where c.id in (p_one, p_other) and p.company_id = c.id and p.company_name <> c.name;
  update app.participation p set operator_name = c.name from app.company c
  where c.id in (p_one, p_other) and p.operator_company_id = c.id and p.operator_name <> c.name;
  perform app_private.print_live_names(p_markets, p_leads);
end
$$;

-- unit: app_private.lock_next_leads( p_company uuid, p_limit integer, out markets uuid[], out leads uuid[])
set local role kollegium_broker;
-- The next leads of a company that may show a former name, newest first, locked. Where it stopped stands
-- in the company's row.
create or replace function app_private.lock_next_leads(
  p_company uuid, p_limit integer, out markets uuid[], out leads uuid[])
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_before constant uuid := (select names_due_before from app.company where id = p_company);
begin
  select array_agg(k.marketplace_id), array_agg(k.id) into markets, leads from (
    select u.marketplace_id, u.id from (
      (select l.marketplace_id, l.id from app.lead l
       where l.operator_company_id = p_company and l.id < v_before order by l.id desc limit p_limit)
      union
      (select l.marketplace_id, l.id from app.lead l
       where l.giver_company_id = p_company and l.id < v_before order by l.id desc limit p_limit)
      union
      (select l.marketplace_id, l.id from app.lead l
       where l.engaged_company_id = p_company and l.id < v_before order by l.id desc limit p_limit)) u
    order by u.id desc limit p_limit) k;
  update app.company set names_due_before = case when cardinality(leads) = p_limit then leads[p_limit] end
  where id = p_company;
  perform from app.lead where (marketplace_id, id) in (select * from unnest(markets, leads))
  order by marketplace_id, id for no key update;
end
$$;

-- unit: app_private.print_name(p_company uuid)
set local role kollegium_broker;
-- A new name of a company, everywhere: on up to 1,000 leads at once, on the rest by the timer, so that
-- nobody waits for the locks of a large company.
create or replace function app_private.print_name(p_company uuid)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_name constant text := (select name from app.company where id = p_company);
  v_next record;
begin
  update app.company set names_due_before = 'ffffffff-ffff-ffff-ffff-ffffffffffff' where id = p_company;
  perform from app.marketplace where operator_company_id = p_company order by id for no key update;
  update app.marketplace set operator_name = v_name where operator_company_id = p_company;
  v_next := app_private.lock_next_leads(p_company, 1000);
  perform from app.participation where company_id = p_company or operator_company_id = p_company
  order by marketplace_id, company_id for update;  -- against offers, which hold the card by its key
  update app.participation set company_name = v_name where company_id = p_company;
  update app.participation set operator_name = v_name where operator_company_id = p_company;
  perform app_private.print_on_leads(v_next.markets, v_next.leads);
  -- Its card is held, so none comes in beside this; where the lead's lock is not held, the order is.
  perform from app.offer where company_id = p_company and state = 'open'
  order by marketplace_id, lead_id for no key update;
  update app.offer set company_name = v_name where company_id = p_company and state = 'open';
end
$$;

-- unit: app.print_names(p_limit integer)
set local role kollegium_broker;
-- Timer: names on the leads of large companies that were renamed. At most p_limit leads a call; returns
-- how many it looked at.
create or replace function app.print_names(p_limit integer)
returns integer language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_company uuid;
  v_next record;
begin
  select id into v_company from app.company where names_due_before is not null order by id limit 1;
  if v_company is null then
    return 0;
  end if;
  perform app_private.lock_name(v_company);
  perform from app.company where id = v_company for no key update;
  v_next := app_private.lock_next_leads(v_company, p_limit);
  perform app_private.print_on_leads(v_next.markets, v_next.leads);
  return greatest(cardinality(v_next.leads), 1);
end
$$;
comment on function app.print_names(integer) is
  'Timer of a rename: the new name of a large company on its leads, some at a time.';
grant execute on function app.print_names(integer) to kollegium_worker;

-- unit: app_private.new_id()
set local role kollegium_broker;
-- Time-ordered id (layout of UUID version 7): inserts stay at the right edge of every index, and
-- lists ordered by id are ordered by time. Milliseconds, then 12 bits of their fraction, so that
-- rows of one transaction keep their order.
create or replace function app_private.new_id() returns uuid
language sql volatile parallel safe set search_path = pg_catalog, pg_temp
as $$
  select encode(
    substring(int8send(floor(ms)::bigint) from 3)
    || int2send((28672 + floor((ms - floor(ms)) * 4096))::smallint)
    || substring(uuid_send(gen_random_uuid()) from 9), 'hex')::uuid
  from (select extract(epoch from clock_timestamp()) * 1000 as ms) t
$$;

-- unit: app_private.id_beside(p_id uuid)
set local role kollegium_broker;
-- A further id of the same moment: what is made of a row later stands where it stood.
create or replace function app_private.id_beside(p_id uuid) returns uuid
language sql volatile parallel safe set search_path = pg_catalog, pg_temp
as $$
  select encode(substring(uuid_send(p_id) from 1 for 8)
    || substring(uuid_send(gen_random_uuid()) from 9), 'hex')::uuid
$$;

-- unit: app_private.refuse(p_status integer, p_problem text, p_detail jsonb default '{}')
set local role kollegium_broker;
-- Own errors. SQLSTATE KGnnn is the HTTP status nnn; the constraint name is the problem's slug,
-- which is what callers match on; detail is JSON for the client (docs/errors.md).
create or replace function app_private.refuse(p_status integer, p_problem text, p_detail jsonb default '{}')
returns void language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception using errcode = 'KG' || p_status, constraint = p_problem,
    message = p_problem, detail = p_detail::text;
end
$$;

-- unit: app.current_company_id()
set local role kollegium_broker;
-- The company of the session's token, or null. Expiry is measured against the statement, not the
-- transaction: a log-out elsewhere ends a running request with its next statement. Called as
-- `(select app.current_company_id())` by every policy: once per statement and table, never per row. So
-- it is the dearest part of a short request, and a probe of one index: foreign keys keep company_id,
-- company_state and active in step with the rows that decide them.
create or replace function app.current_company_id() returns uuid
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_sha256 constant bytea := sha256(convert_to(current_setting('kollegium.token', true), 'UTF8'));
  v_company_id uuid;
begin
  select b.company_id into v_company_id from app_private.bearer b
  where b.token_sha256 = v_sha256
    and b.active and b.company_state = 'active' and b.expires_at > statement_timestamp();
  return v_company_id;
end
$$;
comment on function app.current_company_id() is
  'Company of the token in kollegium.token, or null. Every policy compares with it.';
grant execute on function app.current_company_id() to kollegium_api, kollegium_broker;

-- unit: app_private.caller()
set local role kollegium_broker;
-- The whole caller. An API key acts for its company as a member and has no colleague.
create or replace function app_private.caller() returns app.caller
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_token constant text := coalesce(current_setting('kollegium.token', true), '');
  v_caller app.caller;
begin
  select co.id, co.name, co.delegator_role, c.id, coalesce(c.name, k.name), c.email,
         coalesce(c.role, 'member'), coalesce(c.language, co.language), k.id
  into v_caller
  from app_private.bearer b
  join app.company co on co.id = b.company_id
  left join app.colleague c on c.id = b.colleague_id
  left join app.api_key k on k.id = b.api_key_id
  where b.token_sha256 = sha256(convert_to(v_token, 'UTF8'))
    and b.active and b.company_state = 'active' and b.expires_at > statement_timestamp();
  if v_caller.company_id is null then
    raise exception using errcode = '28000', message = 'no valid token';
  end if;
  return v_caller;
end
$$;

-- unit: app.who_am_i()
set local role kollegium_broker;
create or replace function app.who_am_i() returns app.caller
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$ select app_private.caller() $$;
comment on function app.who_am_i() is 'Company, colleague and role of the token in use.';
grant execute on function app.who_am_i() to kollegium_api;

-- unit: app.current_colleague_id()
set local role kollegium_broker;
-- For lists of what one handles oneself; null for an API key, which handles nothing.
create or replace function app.current_colleague_id() returns uuid
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$ select c.colleague_id from app_private.caller() c $$;
comment on function app.current_colleague_id() is 'Colleague of the token in use; null for an API key.';
grant execute on function app.current_colleague_id() to kollegium_api;

-- unit: app_private.company_lock_key(p_company uuid)
set local role kollegium_broker;
-- A merge holds this lock exclusively; everything else that writes for a company holds it shared.
create or replace function app_private.company_lock_key(p_company uuid) returns bigint
language sql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$ select hashtextextended('company ' || p_company::text, 0) $$;

-- unit: app.enter(p_token text)
set local role kollegium_broker;
-- The first statement of a transaction: makes the context transaction-local, waits for a merge of the
-- caller's company and reads the caller again in a new statement after it. Raises 28000 for a token that is unknown, expired, revoked, or of an inactive colleague.
create or replace function app.enter(p_token text) returns app.caller
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_token constant text := set_config('kollegium.token', coalesce(p_token, ''), true);
  v_before uuid;
  v_caller app.caller;
begin
  for attempt in 1 .. 3 loop
    v_before := app.current_company_id();
    if v_before is null then
      raise exception using errcode = '28000', message = 'no valid token';
    end if;
    perform pg_advisory_xact_lock_shared(app_private.company_lock_key(v_before));
    -- A statement of its own, with a snapshot of its own: it sees the merge it may have waited for.
    v_caller := app_private.caller();
    if v_caller.company_id = v_before then
      return v_caller;
    end if;
  end loop;
  raise exception using errcode = '40001', message = 'the company is being merged';
end
$$;
comment on function app.enter(text) is
  'Enters the tenant context for this transaction and returns the caller; 28000 when there is none.';
grant execute on function app.enter(text) to kollegium_api;

-- unit: app.enter_to_write(p_token text)
set local role kollegium_broker;
-- The same for a request that writes. It does not wait: while the company is merged or a merge of it is
-- rehearsed, the service tries again, and has the connection for those who have nothing to do with it.
-- Raises 55P03 (constraint company-being-merged) then, 40001 for a merge that committed in this moment.
create or replace function app.enter_to_write(p_token text) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_token constant text := set_config('kollegium.token', coalesce(p_token, ''), true);
  v_company constant uuid := app.current_company_id();
begin
  if v_company is null then
    raise exception using errcode = '28000', message = 'no valid token';
  elsif not pg_try_advisory_xact_lock_shared(app_private.company_lock_key(v_company)) then
    raise exception using errcode = '55P03', constraint = 'company-being-merged',
      message = 'the company is being merged';
  -- A statement of its own, with a snapshot of its own: it sees the merge that has just ended.
  elsif app.current_company_id() is distinct from v_company then
    raise exception using errcode = '40001', message = 'the company was merged';
  end if;
  return true;
end
$$;
comment on function app.enter_to_write(text) is
  'Enters the tenant context for this transaction; 55P03 at once while the company is being merged.';
grant execute on function app.enter_to_write(text) to kollegium_api;

-- unit: app.enter_to_read(p_token text)
set local role kollegium_broker;
-- The same for an operation that only reads. It takes no lock, so nobody waits for a merge to look at his
-- leads: until it commits he sees what was, from then on what is. Raises 28000 as `enter` does.
create or replace function app.enter_to_read(p_token text) returns boolean
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_token constant text := set_config('kollegium.token', coalesce(p_token, ''), true);
begin
  if app.current_company_id() is null then
    raise exception using errcode = '28000', message = 'no valid token';
  end if;
  return true;
end
$$;
comment on function app.enter_to_read(text) is
  'Enters the tenant context for this transaction without a lock, for reading; 28000 when there is none.';
grant execute on function app.enter_to_read(text) to kollegium_api;

-- unit: app.leave()
set local role kollegium_broker;
-- The last statement of a transaction that writes. A token can die while its request waits for a lock: a
-- colleague is deactivated, logs out, a key is revoked. Then what the request did is undone and the answer is
-- 28000, as if it had come a moment later; without this it would be committed, and the answer, read through
-- the policies in nobody's context, "not found". What ends the caller's own token says so.
create or replace function app.leave() returns boolean
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  if app.current_company_id() is null and current_setting('kollegium.ended', true) is distinct from 'true' then
    raise exception using errcode = '28000', message = 'the token died meanwhile';
  end if;
  return true;
end
$$;
comment on function app.leave() is
  'Ends a transaction that writes; 28000 when the token died since `enter`, unless by this transaction.';
grant execute on function app.leave() to kollegium_api;

-- unit: app_private.own_token_ended()
set local role kollegium_broker;
-- For functions that end sessions: `leave` must not take for an accident what was asked for.
create or replace function app_private.own_token_ended() returns void
language sql volatile set search_path = pg_catalog, pg_temp
as $$ select set_config('kollegium.ended', 'true', true) $$;

-- unit: app_private.admin_caller()
set local role kollegium_broker;
-- The caller, when he is an admin; otherwise 403.
create or replace function app_private.admin_caller() returns app.caller
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
begin
  if v_caller.role <> 'admin' then
    perform app_private.refuse(403, 'admin-required');
  end if;
  return v_caller;
end
$$;

-- unit: app_private.expect_version(p_actual integer, p_expected integer[])
set local role kollegium_broker;
-- Optimistic concurrency (docs/domain.md, case 8): one of the expected versions is the present one.
-- p_expected null means that the client sent If-Match: *.
create or replace function app_private.expect_version(p_actual integer, p_expected integer[])
returns void language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
begin
  if p_expected is not null and p_actual <> all (p_expected) then
    perform app_private.refuse(412, 'version-stale', jsonb_build_object('version', p_actual));
  end if;
end
$$;

-- unit: app_private.take(p_bucket text, p_limit integer, p_per interval)
set local role kollegium_broker;
-- One cell rate: at most p_limit uses at once, refilled evenly over p_per. Returns the seconds to
-- wait (0: taken). The bucket is a hash, so that no e-mail address is stored here.
create or replace function app_private.take(p_bucket text, p_limit integer, p_per interval)
returns integer language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_bucket constant bytea := sha256(convert_to(p_bucket, 'UTF8'));
  v_now constant timestamptz := clock_timestamp();
  v_full_at timestamptz;
begin
  insert into app_private.rate as r (bucket, full_at) values (v_bucket, v_now + p_per / p_limit)
  on conflict (bucket) do update set full_at = greatest(r.full_at, v_now) + p_per / p_limit
  where greatest(r.full_at, v_now) + p_per / p_limit <= v_now + p_per
  returning full_at into v_full_at;
  if found then
    return 0;
  end if;
  return app_private.seconds_to_wait(p_bucket, p_limit, p_per);
end
$$;

-- unit: app_private.seconds_to_wait(p_bucket text, p_limit integer, p_per interval)
set local role kollegium_broker;
-- What `take` would answer, without taking.
create or replace function app_private.seconds_to_wait(p_bucket text, p_limit integer, p_per interval)
returns integer language sql volatile set search_path = pg_catalog, pg_temp
as $$
  select coalesce(max(greatest(0, ceil(extract(epoch from
    full_at + p_per / p_limit - clock_timestamp() - p_per))))::integer, 0)
  from app_private.rate where bucket = sha256(convert_to(p_bucket, 'UTF8'))
$$;

-- unit: app.schema_state()
set local role kollegium_broker;
create or replace function app.schema_state()
returns table (revision text, hash text, serves text[])
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$ select s.revision, s.hash, s.serves from app_private.schema_state s $$;
comment on function app.schema_state() is
  'The revision this database is at, the hash of the sql/ it was built from, and the revisions that may serve on it.';
grant execute on function app.schema_state() to
  kollegium_api, kollegium_worker, kollegium_staff, kollegium_auditor, kollegium_owner;

-- unit: app_private.own_engagement(p_marketplace uuid, p_lead uuid, p_company uuid, p_versions integer[])
set local role kollegium_broker;
-- The current engagement of a lead the caller's company works, the lead locked; 404 when it is no
-- party, 403 when it is one but not the engaged one.
create or replace function app_private.own_engagement(p_marketplace uuid, p_lead uuid, p_company uuid, p_versions integer[])
returns app.engagement language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_lead constant app.lead := app_private.lock_lead(p_marketplace, p_lead, p_company);
  v_engagement app.engagement;
begin
  if v_lead.engaged_company_id is distinct from p_company then
    perform app_private.refuse(403, 'taker-required');
  end if;
  perform app_private.expect_version(v_lead.version, p_versions);
  select * into v_engagement from app.engagement
  where marketplace_id = p_marketplace and id = v_lead.engagement_id;
  return v_engagement;
end
$$;

-- unit: app_private.expect_active(p_engagement app.engagement)
set local role kollegium_broker;
create or replace function app_private.expect_active(p_engagement app.engagement)
returns void language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
begin
  if p_engagement.state <> 'active' then
    perform app_private.refuse(409, 'engagement-state', jsonb_build_object('state', p_engagement.state));
  end if;
end
$$;

-- unit: app.change_engagement( p_marketplace uuid, p_lead uuid, p_versions integer[], p_step text, p_set_handler boolean, p_handler uuid)
set local role kollegium_broker;
-- Step, and handler: myself always; somebody else, or nobody, by delegators and admins, or by every
-- colleague while the company has switched the role off. Null arguments leave things as they are.
create or replace function app.change_engagement(
  p_marketplace uuid, p_lead uuid, p_versions integer[], p_step text, p_set_handler boolean, p_handler uuid)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_engagement app.engagement;
  v_handler app.colleague;
begin
  if p_set_handler and p_handler is not null then
    -- Before the lead, as a pick: who leaves, or is renamed, must not become handler beside it.
    select * into v_handler from app.colleague
    where id = p_handler and company_id = v_caller.company_id and active for share;
  end if;
  v_engagement := app_private.own_engagement(p_marketplace, p_lead, v_caller.company_id, p_versions);
  perform app_private.expect_active(v_engagement);
  if p_step is not null and p_step <> all (v_engagement.steps) then
    perform app_private.refuse(422, 'step-unknown', jsonb_build_object('steps', v_engagement.steps));
  end if;
  if p_set_handler and p_handler is distinct from v_engagement.handler_id then
    if p_handler is distinct from v_caller.colleague_id and v_caller.delegator_role
       and v_caller.role not in ('delegator', 'admin') then
      perform app_private.refuse(403, 'delegator-required');
    end if;
    if p_handler is not null and v_handler.id is null then
      perform app_private.refuse(422, 'handler-unknown');
    end if;
    update app.engagement set handler_id = v_handler.id, handler_name = v_handler.name
    where marketplace_id = p_marketplace and id = v_engagement.id;
    perform app_private.record(p_marketplace, p_lead, 'handler-changed', v_caller,
      jsonb_build_object('handler', v_handler.name));
  end if;
  if p_step is distinct from v_engagement.step and p_step is not null then
    update app.engagement set step = p_step where marketplace_id = p_marketplace and id = v_engagement.id;
    perform app_private.record(p_marketplace, p_lead, 'step-changed', v_caller,
      jsonb_build_object('from', v_engagement.step, 'to', p_step));
  end if;
  if p_set_handler and p_handler is distinct from v_engagement.handler_id
      or p_step is not null and p_step is distinct from v_engagement.step then
    perform app_private.touch_lead(p_marketplace, p_lead);
  end if;
end
$$;
comment on function app.change_engagement(uuid, uuid, integer[], text, boolean, uuid) is
  'Step and handler of the engagement; handing over to others needs the role delegator.';
grant execute on function app.change_engagement(uuid, uuid, integer[], text, boolean, uuid) to kollegium_api;

-- unit: app_private.change_handler_name(p_company uuid, p_colleague uuid, p_name text)
set local role kollegium_broker;
-- The name of a colleague on what he handles at present; what is closed keeps his name. null: he leaves
-- and handles nothing any more; the engagement stays with the company (docs/domain.md, case 3).
create or replace function app_private.change_handler_name(p_company uuid, p_colleague uuid, p_name text)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v record;
begin
  for v in select e.marketplace_id, e.lead_id, e.id from app.engagement e
           where e.company_id = p_company and e.handler_id = p_colleague
             and e.state in ('active', 'return_requested')
           order by e.marketplace_id, e.lead_id loop
    perform app_private.lock_lead(v.marketplace_id, v.lead_id);
    update app.engagement set handler_name = p_name,
      handler_id = case when p_name is not null then handler_id end
    where marketplace_id = v.marketplace_id and id = v.id and handler_id = p_colleague
      and state in ('active', 'return_requested');
    if found and p_name is not null then
      perform app_private.renew_leads(array[v.marketplace_id], array[v.lead_id]);
    elsif found then
      perform app_private.touch_lead(v.marketplace_id, v.lead_id);
      perform app_private.record(v.marketplace_id, v.lead_id, 'handler-changed', app_private.nobody(),
        '{"handler": null}');
    end if;
  end loop;
end
$$;

-- unit: app.close_engagement( p_marketplace uuid, p_lead uuid, p_outcome text, p_value numeric)
set local role kollegium_broker;
create or replace function app.close_engagement(
  p_marketplace uuid, p_lead uuid, p_outcome text, p_value numeric)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_engagement app.engagement;
begin
  v_engagement := app_private.own_engagement(p_marketplace, p_lead, v_caller.company_id, null);
  perform app_private.expect_active(v_engagement);
  update app.engagement set state = p_outcome, value = p_value, closed_at = now()
  where marketplace_id = p_marketplace and id = v_engagement.id;
  perform app_private.set_state(p_marketplace, p_lead, 'closed');
  perform app_private.record(p_marketplace, p_lead, p_outcome, v_caller,
    jsonb_strip_nulls(jsonb_build_object('value', p_value)));
end
$$;
comment on function app.close_engagement(uuid, uuid, text, numeric) is
  'Ends the engagement as won or lost; the lead is closed.';
grant execute on function app.close_engagement(uuid, uuid, text, numeric) to kollegium_api;

-- unit: app.reopen_engagement(p_marketplace uuid, p_lead uuid)
set local role kollegium_broker;
create or replace function app.reopen_engagement(p_marketplace uuid, p_lead uuid)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.printing_caller();
  v_handler app.colleague;
  v_engagement app.engagement;
  v_days integer;
begin
  -- It is live again and shows the names of today; who handled it and left, handles it no more.
  select c.* into v_handler from app.lead l
  join app.engagement e on e.marketplace_id = l.marketplace_id and e.id = l.engagement_id
  join app.colleague c on c.id = e.handler_id and c.active
  where l.marketplace_id = p_marketplace and l.id = p_lead and c.company_id = v_caller.company_id
  for share of c;
  v_engagement := app_private.own_engagement(p_marketplace, p_lead, v_caller.company_id, null);
  if v_engagement.state not in ('won', 'lost') then
    perform app_private.refuse(409, 'engagement-state', jsonb_build_object('state', v_engagement.state));
  end if;
  select reopen_days into v_days from app.marketplace where id = p_marketplace;
  if v_engagement.closed_at < now() - make_interval(days => v_days) then
    perform app_private.refuse(409, 'reopen-window-over', jsonb_build_object('days', v_days));
  end if;
  update app.engagement set state = 'active', value = null, closed_at = null,
    company_name = v_caller.company_name, handler_id = v_handler.id, handler_name = v_handler.name
  where marketplace_id = p_marketplace and id = v_engagement.id;
  perform app_private.set_state(p_marketplace, p_lead, 'engaged');
  perform app_private.record(p_marketplace, p_lead, 'reopened', v_caller);
end
$$;
comment on function app.reopen_engagement(uuid, uuid) is
  'Takes won or lost back within the days that the marketplace allows.';
grant execute on function app.reopen_engagement(uuid, uuid) to kollegium_api;

-- unit: app.add_note(p_marketplace uuid, p_lead uuid, p_text text)
set local role kollegium_broker;
-- An internal note: read by the colleagues of the author's company alone.
create or replace function app.add_note(p_marketplace uuid, p_lead uuid, p_text text)
returns app.note language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_note app.note;
begin
  perform app_private.hold_lead(p_marketplace, p_lead, v_caller.company_id);
  insert into app.note (marketplace_id, id, lead_id, company_id, author_id, author_name, text)
  values (p_marketplace, app_private.new_id(), p_lead, v_caller.company_id, v_caller.colleague_id,
          v_caller.colleague_name, p_text)
  returning * into v_note;
  return v_note;
end
$$;
comment on function app.add_note(uuid, uuid, text) is
  'Adds an internal note of the caller''s company to a lead it sees.';
grant execute on function app.add_note(uuid, uuid, text) to kollegium_api;

-- unit: app.add_message(p_marketplace uuid, p_lead uuid, p_text text)
set local role kollegium_broker;
-- A message: read by all parties of the lead.
create or replace function app.add_message(p_marketplace uuid, p_lead uuid, p_text text)
returns app.message language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_lead app.lead;
  v_message app.message;
begin
  v_lead := app_private.hold_lead(p_marketplace, p_lead, v_caller.company_id);
  insert into app.message (marketplace_id, id, lead_id, parties, company_id, company_name,
    author_id, author_name, text)
  values (p_marketplace, app_private.new_id(), p_lead, v_lead.parties, v_caller.company_id,
    v_caller.company_name, v_caller.colleague_id, v_caller.colleague_name, p_text)
  returning * into v_message;
  perform app_private.mail_company('message-received', c.id,
    jsonb_build_object('company', v_caller.company_name, 'lead', p_lead))
  from unnest(v_lead.parties) c (id) where c.id <> v_caller.company_id;
  return v_message;
end
$$;
comment on function app.add_message(uuid, uuid, text) is
  'Adds a message that all parties of the lead read.';
grant execute on function app.add_message(uuid, uuid, text) to kollegium_api;

-- unit: app.state_consent(p_import uuid, p_text text, p_source text, p_given_at timestamptz)
set local role kollegium_broker;
-- Notes a statement down; the same one again is the one that there is. 404 for anybody else's import,
-- 403 for who may not put leads in any more, 409 while rows of the file are still to come.
create or replace function app.state_consent(p_import uuid, p_text text, p_source text, p_given_at timestamptz)
returns uuid language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_marketplace uuid;
  v_import app.lead_import;
  v_id uuid;
begin
  select i.marketplace_id into v_marketplace from app.lead_import i
  where i.id = p_import and i.company_id = v_caller.company_id;
  if not found then
    perform app_private.refuse(404, 'not-found');
  end if;
  perform app_private.intake_card(v_marketplace, v_caller);
  select * into v_import from app.lead_import i
  where i.marketplace_id = v_marketplace and i.id = p_import for no key update;
  if v_import.ended_at is null or v_import.dry_run then
    perform app_private.refuse(409, 'import-state', jsonb_build_object('state', v_import.state));
  end if;
  select c.id into v_id from app.import_consent c
  where c.marketplace_id = v_import.marketplace_id and c.import_id = p_import
    and c.text = p_text and c.source = p_source and c.given_at = p_given_at
  order by c.id limit 1;
  if found then
    return v_id;
  end if;
  v_id := app_private.new_id();
  insert into app.import_consent (marketplace_id, id, import_id, company_id, colleague_id, api_key_id,
    stated_by, text, source, given_at)
  values (v_import.marketplace_id, v_id, p_import, v_caller.company_id, v_caller.colleague_id,
    v_caller.api_key_id, coalesce(v_caller.colleague_name, v_caller.company_name), p_text, p_source, p_given_at);
  perform app_private.audit('import-consent', v_caller.company_id, v_caller.colleague_id, v_id,
    jsonb_build_object('import', p_import));
  return v_id;
end
$$;
comment on function app.state_consent(uuid, text, text, timestamptz) is
  'The consent of the persons in a file of the caller''s company, with its proof; its drafts follow.';
grant execute on function app.state_consent(uuid, text, text, timestamptz) to kollegium_api;

-- unit: app_private.permit_draft(p_consent app.import_consent, p_lead uuid, p_caller app.caller, out permitted boolean, out submitted boolean)
set local role kollegium_broker;
-- One draft: the permission, the history that names the statement, and on its way when somebody can be reached.
create or replace function app_private.permit_draft(p_consent app.import_consent, p_lead uuid, p_caller app.caller,
  out permitted boolean, out submitted boolean)
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_lead app.lead;
begin
  permitted := false;
  submitted := false;
  select * into v_lead from app.lead l
  where l.marketplace_id = p_consent.marketplace_id and l.id = p_lead for update;
  if not found or v_lead.state <> 'draft' or v_lead.distribution_permission
     or coalesce(v_lead.giver_company_id, v_lead.operator_company_id) <> p_caller.company_id then
    return;
  end if;
  update app.lead set distribution_permission = true, changed_at = now(), version = version + 1
  where marketplace_id = p_consent.marketplace_id and id = p_lead;
  permitted := true;
  perform app_private.record(p_consent.marketplace_id, p_lead, 'consent-stated', p_caller,
    jsonb_build_object('consent', p_consent.id, 'source', p_consent.source, 'given_at', p_consent.given_at));
  submitted := exists (select from app.prospect p
    where p.marketplace_id = p_consent.marketplace_id and p.lead_id = p_lead
      and num_nonnulls(p.email, p.phone) > 0);
  if submitted then
    begin
      perform app_private.submit(p_consent.marketplace_id, p_lead, p_caller);
    exception when sqlstate 'KG409' or sqlstate 'KG422' then
      submitted := false;  -- it stays a draft, with the permission
    end;
  end if;
end
$$;

-- unit: app_private.permit_drafts(p_consent app.import_consent, p_caller app.caller)
set local role kollegium_broker;
-- The next rows of the file, at most 50, or what a second is enough for; true when they were the last.
create or replace function app_private.permit_drafts(p_consent app.import_consent, p_caller app.caller)
returns boolean language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_until constant timestamptz := clock_timestamp() + interval '1 second';
  v_consent app.import_consent := p_consent;
  v_row app.lead_import_row;
  v_permitted boolean;
  v_submitted boolean;
  v_last boolean := true;
  v_count integer := 0;
begin
  for v_row in
    select * from app.lead_import_row r
    where r.marketplace_id = p_consent.marketplace_id and r.import_id = p_consent.import_id
      and r.outcome = 'imported' and r.row_number > p_consent.row_number
    order by r.row_number limit 51
  loop
    v_count := v_count + 1;
    if v_count > 50 or clock_timestamp() > v_until then
      v_last := false;
      exit;
    end if;
    select p.permitted, p.submitted into v_permitted, v_submitted
    from app_private.permit_draft(p_consent, v_row.lead_id, p_caller) p;
    v_consent.leads := v_consent.leads + v_permitted::integer;
    v_consent.submitted := v_consent.submitted + v_submitted::integer;
    v_consent.row_number := v_row.row_number;
  end loop;
  update app.import_consent c set row_number = v_consent.row_number, leads = v_consent.leads,
    submitted = v_consent.submitted, state = case when v_last then 'done' else 'running' end
  where c.marketplace_id = p_consent.marketplace_id and c.id = p_consent.id;
  return v_last;
end
$$;

-- unit: app.continue_consent(p_consent uuid)
set local role kollegium_broker;
-- For the request that stated it: the next rows; true when there are no more. It waits for whoever goes on
-- with it at the moment.
create or replace function app.continue_consent(p_consent uuid) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_marketplace uuid;
  v_consent app.import_consent;
begin
  select c.marketplace_id into v_marketplace from app.import_consent c
  where c.id = p_consent and c.company_id = v_caller.company_id;
  if not found then
    perform app_private.refuse(404, 'not-found');
  end if;
  perform app_private.hold_intake(v_marketplace, v_caller.company_id);
  perform app_private.intake_card(v_marketplace, v_caller);
  select * into v_consent from app.import_consent c
  where c.marketplace_id = v_marketplace and c.id = p_consent for no key update;
  return v_consent.state = 'done' or app_private.permit_drafts(v_consent, v_caller);
end
$$;
comment on function app.continue_consent(uuid) is
  'The next drafts of a file whose consent the caller''s company stated; true when all were looked at.';
grant execute on function app.continue_consent(uuid) to kollegium_api;

-- unit: app.work_on_consent()
set local role kollegium_broker;
-- For the worker: the same for a statement that nobody goes on with, as whom it was stated by; null when
-- there is none. Where he may not any more, it ends there: what is done stays.
create or replace function app.work_on_consent() returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_consent app.import_consent;
  v_import app.lead_import;
  v_caller app.caller;
begin
  select * into v_consent from app.import_consent c where c.state = 'running'
    and c.created_at < now() - interval '15 seconds'
  order by c.id limit 1 for no key update skip locked;
  if not found
     or not pg_try_advisory_xact_lock_shared(app_private.company_lock_key(v_consent.company_id)) then
    return null;
  end if;
  perform app_private.hold_intake(v_consent.marketplace_id, v_consent.company_id);
  v_import.company_id := v_consent.company_id;
  v_import.colleague_id := v_consent.colleague_id;
  v_import.api_key_id := v_consent.api_key_id;
  v_caller := app_private.import_caller(v_import);
  begin
    if v_caller.company_id is null then
      perform app_private.refuse(403, 'giver-required');
    end if;
    perform app_private.intake_card(v_consent.marketplace_id, v_caller);
  exception when sqlstate 'KG403' or sqlstate 'KG404' then
    update app.import_consent c set state = 'done'
    where c.marketplace_id = v_consent.marketplace_id and c.id = v_consent.id;
    return true;
  end;
  return app_private.permit_drafts(v_consent, v_caller);
end
$$;
comment on function app.work_on_consent() is
  'The next drafts of a stated consent that nobody goes on with; null when there is none.';
grant execute on function app.work_on_consent() to kollegium_worker;

-- unit: app.start_import(p_marketplace uuid, p_report jsonb, p_seconds integer)
set local role kollegium_broker;
-- Notes down that a file is to be imported; its rows follow in the same transaction (add_import_chunk).
-- p_report: file_name, format, encoding, separator, dry_run, remarks, skipped, sheets, rows. The worker leaves it alone for so
-- many seconds, in which the caller goes on with it himself. 404, 403 for who may not put leads in.
create or replace function app.start_import(p_marketplace uuid, p_report jsonb, p_seconds integer)
returns uuid language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_id constant uuid := app_private.new_id();
  v_rows constant integer := (p_report ->> 'rows')::integer;
begin
  perform app_private.intake_card(p_marketplace, v_caller);
  insert into app.lead_import (marketplace_id, id, company_id, colleague_id, api_key_id, file_name, format,
    encoding, separator, dry_run, remarks, skipped, sheets, state, rows, retry_at, ended_at)
  values (p_marketplace, v_id, v_caller.company_id, v_caller.colleague_id,
    v_caller.api_key_id, p_report ->> 'file_name', p_report ->> 'format', p_report ->> 'encoding',
    p_report ->> 'separator', coalesce((p_report ->> 'dry_run')::boolean, false),
    coalesce(p_report -> 'remarks', '[]'), coalesce(p_report -> 'skipped', '[]'),
    coalesce(p_report -> 'sheets', '[]'),
    case v_rows when 0 then 'done' else 'waiting' end, v_rows,
    now() + make_interval(secs => p_seconds), case v_rows when 0 then now() end);
  perform app_private.audit('import-started', v_caller.company_id, v_caller.colleague_id, v_id);
  return v_id;
end
$$;
comment on function app.start_import(uuid, jsonb, integer) is
  'A file of leads that is to be imported; 404 or 403 for who may not put leads into the marketplace.';
grant execute on function app.start_import(uuid, jsonb, integer) to kollegium_api;

-- unit: app.add_import_chunk( p_marketplace uuid, p_import uuid, p_number integer, p_rows jsonb)
set local role kollegium_broker;
-- Its rows from 50 x p_number + 1 on, at most 50. A row is what is known of its result (row_number,
-- outcome, code, field, detail, warnings), and where a lead can be made of it the lead: interest, tags,
-- distribution_permission, submit, prospect, source, external_ref, received_at.
create or replace function app.add_import_chunk(
  p_marketplace uuid, p_import uuid, p_number integer, p_rows jsonb)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
begin
  perform from app.lead_import i
  where i.marketplace_id = p_marketplace and i.id = p_import and i.company_id = v_caller.company_id
    and i.created_at = now()  -- made in this transaction: nobody has gone on with it
    and jsonb_array_length(p_rows) = least(50, i.rows - 50 * p_number);
  if not found then
    perform app_private.refuse(404, 'not-found');
  end if;
  insert into app_private.import_chunk (marketplace_id, import_id, number, rows)
  values (p_marketplace, p_import, p_number, p_rows);
end
$$;
comment on function app.add_import_chunk(uuid, uuid, integer, jsonb) is
  'Rows of an import that this transaction started.';
grant execute on function app.add_import_chunk(uuid, uuid, integer, jsonb) to kollegium_api;

-- unit: app_private.import_caller(p_import app.lead_import)
set local role kollegium_broker;
-- As whom an import goes on: the company and the colleague (or API key) that uploaded it, as they are now;
-- a merge may have moved both. No row when the company, or he in it, is not active any more. Whoever
-- deactivates him waits for the rows that go in meanwhile.
create or replace function app_private.import_caller(p_import app.lead_import)
returns app.caller language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller app.caller;
begin
  perform from app.colleague c where c.id = p_import.colleague_id for key share;
  perform from app.api_key k where k.id = p_import.api_key_id for key share;
  select co.id, co.name, co.delegator_role, c.id, coalesce(c.name, k.name), c.email,
         coalesce(c.role, 'member'), coalesce(c.language, co.language), k.id
  into v_caller
  from app.company co
  left join app.colleague c on c.id = p_import.colleague_id and c.company_id = co.id and c.active
  left join app.api_key k on k.id = p_import.api_key_id and k.company_id = co.id and k.active
  where co.id = p_import.company_id and co.state = 'active' and num_nonnulls(c.id, k.id) = 1;
  return v_caller;
end
$$;

-- unit: app_private.import_row(p_import app.lead_import, p_caller app.caller, p_row jsonb)
set local role kollegium_broker;
-- One row, with its outcome. What the database cannot take is refused for that row alone.
create or replace function app_private.import_row(p_import app.lead_import, p_caller app.caller, p_row jsonb)
returns app.lead_import_row language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_lead constant jsonb := p_row -> 'lead';
  v_row app.lead_import_row := jsonb_populate_record(null::app.lead_import_row, p_row - 'lead');
  v_created boolean;
  v_constraint text;
begin
  v_row.marketplace_id := p_import.marketplace_id;
  v_row.import_id := p_import.id;
  v_row.company_id := p_import.company_id;
  v_row.detail := coalesce(v_row.detail, '{}');
  v_row.warnings := coalesce(v_row.warnings, '[]');
  if v_lead is null then
    return v_row;
  end if;
  begin
    select l.id, l.created into v_row.lead_id, v_created from app_private.put_lead_in(p_caller,
      p_import.marketplace_id, v_lead ->> 'interest', array(select jsonb_array_elements_text(v_lead -> 'tags')),
      (v_lead ->> 'distribution_permission')::boolean, v_lead -> 'prospect',
      (v_lead ->> 'submit')::boolean, v_lead ->> 'source', v_lead ->> 'external_ref',
      (v_lead ->> 'received_at')::timestamptz) l;
    if p_import.dry_run then
      raise exception using errcode = 'KGBCK';  -- back to where it was; what it found stays
    end if;
  exception
    when sqlstate 'KGBCK' then
      v_row.lead_id := case when not v_created then v_row.lead_id end;
    when data_exception or integrity_constraint_violation or sqlstate 'KG409' or sqlstate 'KG422' then
      get stacked diagnostics v_constraint = constraint_name;
      v_row.lead_id := null;
      v_row.outcome := 'refused';
      v_row.code := 'not-storable';
      v_row.detail := jsonb_build_object(
        'en', 'The row cannot be stored as it is' || coalesce(' (' || nullif(v_constraint, '') || ').', '.'),
        'de', 'Die Zeile lässt sich so nicht speichern' || coalesce(' (' || nullif(v_constraint, '') || ').', '.'));
      return v_row;
  end;
  v_row.outcome := case when v_created then 'imported' else 'duplicate' end;
  v_row.code := case when not v_created then 'known' end;
  return v_row;
end
$$;

-- unit: app_private.import_rows(p_import app.lead_import, p_caller app.caller, p_seconds integer)
set local role kollegium_broker;
-- The next rows of an import: the rest of a chunk, or what a second is enough for. With them how far it is.
create or replace function app_private.import_rows(p_import app.lead_import, p_caller app.caller, p_seconds integer)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_until constant timestamptz := clock_timestamp() + interval '1 second';
  v_chunk constant integer := p_import.done / 50;
  v_import app.lead_import := p_import;
  v_rows jsonb;
  v_result app.lead_import_row;
begin
  select c.rows into strict v_rows from app_private.import_chunk c
  where c.marketplace_id = p_import.marketplace_id and c.import_id = p_import.id and c.number = v_chunk;
  for place in p_import.done % 50 .. jsonb_array_length(v_rows) - 1 loop
    v_result := app_private.import_row(p_import, p_caller, v_rows -> place);
    insert into app.lead_import_row (marketplace_id, import_id, row_number, company_id, outcome, lead_id,
      code, field, detail, warnings)
    values (v_result.marketplace_id, v_result.import_id, v_result.row_number, v_result.company_id,
      v_result.outcome, v_result.lead_id, v_result.code, v_result.field, v_result.detail, v_result.warnings);
    v_import.done := v_import.done + 1;
    v_import.imported := v_import.imported + (v_result.outcome = 'imported')::integer;
    v_import.duplicates := v_import.duplicates + (v_result.outcome = 'duplicate')::integer;
    v_import.refused := v_import.refused + (v_result.outcome = 'refused')::integer;
    exit when clock_timestamp() > v_until;
  end loop;
  if v_import.done = v_import.rows or v_import.done / 50 > v_chunk then
    delete from app_private.import_chunk c
    where c.marketplace_id = p_import.marketplace_id and c.import_id = p_import.id and c.number = v_chunk;
  end if;
  update app.lead_import i set state = 'running', done = v_import.done, imported = v_import.imported,
    duplicates = v_import.duplicates, refused = v_import.refused, attempts = 0,
    retry_at = clock_timestamp() + make_interval(secs => p_seconds)
  where i.marketplace_id = p_import.marketplace_id and i.id = p_import.id;
  if v_import.done = v_import.rows then
    perform app_private.end_import(p_import, null);
  end if;
end
$$;

-- unit: app_private.end_import(p_import app.lead_import, p_problem text, p_sqlstate text default null)
set local role kollegium_broker;
-- Done, or failed for a reason; what is done stays, what is not is forgotten.
create or replace function app_private.end_import(p_import app.lead_import, p_problem text, p_sqlstate text default null)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  update app.lead_import i set state = case when p_problem is null then 'done' else 'failed' end,
    problem = p_problem, ended_at = clock_timestamp()
  where i.marketplace_id = p_import.marketplace_id and i.id = p_import.id;
  delete from app_private.import_chunk c
  where c.marketplace_id = p_import.marketplace_id and c.import_id = p_import.id;
  perform app_private.audit('import-ended', p_import.company_id, p_import.colleague_id, p_import.id,
    jsonb_strip_nulls(jsonb_build_object('problem', p_problem, 'sqlstate', p_sqlstate)));
end
$$;

-- unit: app_private.advance_import(p_marketplace uuid, p_import uuid, p_seconds integer)
set local role kollegium_broker;
-- Goes on with an import by one transaction's worth; whether it did. It does not while somebody else goes on
-- with an import of this company, or the company is being merged: whoever asked comes back. Errors that pass
-- (lost races, no room, time-outs) are raised; all others end it.
create or replace function app_private.advance_import(p_marketplace uuid, p_import uuid, p_seconds integer)
returns boolean language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_company constant uuid := (select i.company_id from app.lead_import i
    where i.marketplace_id = p_marketplace and i.id = p_import);
  v_import app.lead_import;
  v_caller app.caller;
  v_state text;
begin
  if not pg_try_advisory_xact_lock(hashtextextended('import ' || v_company, 0))
     or not pg_try_advisory_xact_lock_shared(app_private.company_lock_key(v_company)) then
    return false;
  end if;
  perform app_private.hold_intake(p_marketplace, v_company);
  -- A statement of its own: it sees what was done until now, and the merge that has just ended.
  select * into v_import from app.lead_import i
  where i.marketplace_id = p_marketplace and i.id = p_import and i.company_id = v_company
    and i.state in ('waiting', 'running') for no key update;
  if not found then
    return false;
  end if;
  v_caller := app_private.import_caller(v_import);
  if v_caller.company_id is null then
    perform app_private.end_import(v_import, 'uploader-inactive');
    return true;
  end if;
  begin
    perform app_private.intake_card(p_marketplace, v_caller);
    perform app_private.import_rows(v_import, v_caller, p_seconds);
  exception
    when sqlstate 'KG403' or sqlstate 'KG404' then
      perform app_private.end_import(v_import, 'participation-inactive');
    when transaction_rollback or lock_not_available or insufficient_resources or operator_intervention
      or system_error then raise;
    when others then
      get stacked diagnostics v_state = returned_sqlstate;
      perform app_private.end_import(v_import, 'unforeseen', v_state);
  end;
  return true;
end
$$;

-- unit: app.continue_import(p_import uuid, p_seconds integer, out state text, out went_on boolean)
set local role kollegium_broker;
-- For the request that brought the file: the same in its caller's context, company by company.
create or replace function app.continue_import(p_import uuid, p_seconds integer, out state text, out went_on boolean)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_marketplace uuid;
begin
  select i.marketplace_id into v_marketplace from app.lead_import i
  where i.id = p_import and i.company_id = v_caller.company_id;
  if not found then
    perform app_private.refuse(404, 'not-found');
  end if;
  went_on := app_private.advance_import(v_marketplace, p_import, p_seconds);
  select i.state into state from app.lead_import i
  where i.marketplace_id = v_marketplace and i.id = p_import;
end
$$;
comment on function app.continue_import(uuid, integer) is
  'The next rows of an import of the caller''s company; its state, and whether it went on.';
grant execute on function app.continue_import(uuid, integer) to kollegium_api;

-- unit: app.claim_import(out marketplace_id uuid, out import_id uuid)
set local role kollegium_broker;
-- The import that is next for the worker, of each company the one that runs or the oldest; null: none.
-- Where it stopped twenty times without going on, it ends.
create or replace function app.claim_import(out marketplace_id uuid, out import_id uuid)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_import app.lead_import;
begin
  loop
    select * into v_import from app.lead_import i
    where i.state in ('waiting', 'running') and i.retry_at <= clock_timestamp() and not exists (
      select from app.lead_import o where o.company_id = i.company_id and o.state in ('waiting', 'running')
        and (o.state <> 'running', o.id) < (i.state <> 'running', i.id))
    order by i.retry_at limit 1 for no key update skip locked;
    exit when not found or v_import.attempts < 20;
    perform app_private.end_import(v_import, 'interrupted');
  end loop;
  update app.lead_import i set attempts = i.attempts + 1,
    retry_at = clock_timestamp() + make_interval(secs => least(60, i.attempts + 1))
  where i.marketplace_id = v_import.marketplace_id and i.id = v_import.id;
  marketplace_id := v_import.marketplace_id;
  import_id := v_import.id;
end
$$;
comment on function app.claim_import() is 'The import that the worker goes on with next; null when there is none.';
grant execute on function app.claim_import() to kollegium_worker;

-- unit: app.work_on_import(p_marketplace uuid, p_import uuid)
set local role kollegium_broker;
-- For the worker, which has no token: company and colleague are those of the import.
create or replace function app.work_on_import(p_marketplace uuid, p_import uuid) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  if app_private.advance_import(p_marketplace, p_import, 0) then
    return true;
  end if;
  -- It had to wait for another one of the company: that was no attempt.
  perform from app.lead_import i where i.marketplace_id = p_marketplace and i.id = p_import
    and i.attempts > 0 and i.state in ('waiting', 'running') for no key update skip locked;
  if found then
    update app.lead_import i set attempts = i.attempts - 1
    where i.marketplace_id = p_marketplace and i.id = p_import;
  end if;
  return false;
end
$$;
comment on function app.work_on_import(uuid, uuid) is
  'The next rows of an import, for the company that uploaded it; false when it has to wait.';
grant execute on function app.work_on_import(uuid, uuid) to kollegium_worker;

-- unit: app_private.purge_imports()
set local role kollegium_broker;
-- Raw rows are kept for 7 days at most: what is not imported by then fails.
create or replace function app_private.purge_imports() returns bigint
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_import app.lead_import;
  v_count bigint := 0;
begin
  for v_import in
    select * from app.lead_import i where i.state in ('waiting', 'running')
      and i.created_at < now() - interval '7 days' for no key update skip locked
  loop
    perform app_private.end_import(v_import, 'too-old');
    v_count := v_count + 1;
  end loop;
  return v_count;
end
$$;

-- unit: app.save_mapping(p_name text, p_mapping text)
set local role kollegium_broker;
-- Keeps a mapping; the one that had its name goes. At most 100 a company.
create or replace function app.save_mapping(p_name text, p_mapping text) returns uuid
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_id constant uuid := app_private.new_id();
begin
  delete from app.import_mapping m where m.company_id = v_caller.company_id and m.name = p_name;
  if (select count(*) from app.import_mapping m where m.company_id = v_caller.company_id) >= 100 then
    perform app_private.refuse(409, 'too-many-mappings');
  end if;
  insert into app.import_mapping (id, company_id, name, mapping, saved_by)
  values (v_id, v_caller.company_id, p_name, p_mapping,
    coalesce(v_caller.colleague_name, v_caller.company_name));
  perform app_private.audit('mapping-saved', v_caller.company_id, v_caller.colleague_id, v_id);
  return v_id;
end
$$;
comment on function app.save_mapping(text, text) is
  'Keeps how the caller''s company reads files of a source; the mapping of that name before goes.';
grant execute on function app.save_mapping(text, text) to kollegium_api;

-- unit: app.forget_mapping(p_id uuid)
set local role kollegium_broker;
create or replace function app.forget_mapping(p_id uuid) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
begin
  delete from app.import_mapping m where m.id = p_id and m.company_id = v_caller.company_id;
  if not found then
    perform app_private.refuse(404, 'not-found');
  end if;
  perform app_private.audit('mapping-forgotten', v_caller.company_id, v_caller.colleague_id, p_id);
end
$$;
comment on function app.forget_mapping(uuid) is 'Removes a mapping of the caller''s company.';
grant execute on function app.forget_mapping(uuid) to kollegium_api;

-- unit: app.find_by_facets( p_state text, p_source text, p_marketplace uuid, p_giver uuid, p_tag text)
set local role kollegium_broker;
-- Leads by what their row says; null: no matter. At most 5,000.
create or replace function app.find_by_facets(
  p_state text, p_source text, p_marketplace uuid, p_giver uuid, p_tag text)
returns uuid[] language plpgsql stable security definer
set search_path = pg_catalog, pg_temp set enable_seqscan = off
as $$
declare
  v_company constant uuid := app.current_company_id();
  v_parties constant uuid[] := array[v_company] || array_remove(array[p_giver], null);
  v_facets constant text[] := array_remove(array[p_state, p_source, p_marketplace::text], null);
  v_tags constant text[] := array_remove(array[p_tag], null);
  v_found uuid[];
begin
  select array_agg(x.id) into v_found from (
    select l.id from app.lead l
    where l.parties @> v_parties and array[l.state, l.source, l.marketplace_id::text] @> v_facets
      and l.tags @> v_tags
    limit 5001) x;
  return case when cardinality(v_found) > 5000 then null else coalesce(v_found, '{}') end;
end
$$;
comment on function app.find_by_facets(text, text, uuid, uuid, text) is
  'Ids of the caller''s leads by state, source, marketplace, giver, tag; null when they are many.';

-- unit: app.find_by_engagement(p_state text, p_step text, p_handler text)
set local role kollegium_broker;
-- Leads by an engagement that the caller is a party of; null: no matter. p_handler: none, or an id. At most 5,000.
create or replace function app.find_by_engagement(p_state text, p_step text, p_handler text)
returns uuid[] language plpgsql stable security definer
set search_path = pg_catalog, pg_temp set enable_seqscan = off
as $$
declare
  v_company constant uuid := app.current_company_id();
  v_facets constant text[] := array_remove(array[p_state, p_step, p_handler], null);
  v_found uuid[];
begin
  select array_agg(x.lead_id) into v_found from (
    select e.lead_id from app.engagement e
    where e.parties @> array[v_company]
      and array[e.state, e.step, coalesce(e.handler_id::text, 'none')] @> v_facets
    limit 5001) x;
  return case when cardinality(v_found) > 5000 then null else coalesce(v_found, '{}') end;
end
$$;
comment on function app.find_by_engagement(text, text, text) is
  'Ids of the caller''s leads by state, step and handler of an engagement; null when they are many.';
grant execute on function app.find_by_facets(text, text, uuid, uuid, text), app.find_by_engagement(text, text, text) to kollegium_api;

-- unit: app_private.intake_card(p_marketplace uuid, p_caller app.caller)
set local role kollegium_broker;
-- As whom the caller puts leads into a marketplace: the card of an active giver, null for its operator;
-- 404 for who may not know of it. Whoever ends the participation waits for what goes in beside it.
create or replace function app_private.intake_card(p_marketplace uuid, p_caller app.caller)
returns app.participation language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_giver app.participation;
begin
  if exists (select from app.marketplace m
             where m.id = p_marketplace and m.operator_company_id = p_caller.company_id) then
    return null;
  end if;
  select * into v_giver from app.participation p
  where p.marketplace_id = p_marketplace and p.company_id = p_caller.company_id
  for key share;
  if not found or v_giver.state = 'invited' then
    perform app_private.refuse(404, 'not-found');
  elsif v_giver.state <> 'active' or not 'giver' = any (v_giver.capacities) then
    perform app_private.refuse(403, 'giver-required');
  end if;
  return v_giver;
end
$$;

-- unit: app_private.hold_intake(p_marketplace uuid, p_company uuid)
set local role kollegium_broker;
-- For who is about to put a lead into a marketplace: it names the operator and its giver, so it comes not
-- beside a merge or a rename of them. Comes before any row is locked; who waited looks again.
create or replace function app_private.hold_intake(p_marketplace uuid, p_company uuid)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_operator constant uuid := (select operator_company_id from app.marketplace where id = p_marketplace);
begin
  if v_operator <> p_company then
    perform app_private.hold_company(v_operator);
    perform app_private.hold_name(v_operator);
  end if;
  perform app_private.hold_name(p_company);
end
$$;

-- unit: app_private.put_lead_in( p_caller app.caller, p_marketplace uuid, p_interest text, p_tags text[], p_distribution_permission boolean, p_prospect jsonb, p_submit boolean, p_source text, p_external_ref text, p_received_at timestamptz, out id uuid, out created boolean)
set local role kollegium_broker;
-- A new lead, put in by the operator or an active giver of the marketplace; 404 for anybody else.
-- created is false when the same source and external_ref came in before: then id is that lead.
create or replace function app_private.put_lead_in(
  p_caller app.caller, p_marketplace uuid, p_interest text, p_tags text[],
  p_distribution_permission boolean, p_prospect jsonb, p_submit boolean, p_source text,
  p_external_ref text, p_received_at timestamptz, out id uuid, out created boolean)
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_giver app.participation;
  v_marketplace app.marketplace;
  v_prospect app.prospect;
begin
  if lower(btrim(p_source)) = 'legacy' then  -- its references are the former system's numbers
    perform app_private.refuse(400, 'validation-failed');
  end if;
  perform app_private.hold_intake(p_marketplace, p_caller.company_id);
  v_giver := app_private.intake_card(p_marketplace, p_caller);
  select * into v_marketplace from app.marketplace m where m.id = p_marketplace;
  v_prospect := jsonb_populate_record(null::app.prospect, p_prospect);
  id := app_private.new_id();
  created := true;
  insert into app.lead (marketplace_id, id, operator_company_id, giver_company_id, state, interest,
    postcode_area, tags, distribution_permission, source, external_ref, operator_name, giver_name,
    created_by_id, received_at, teaser_interest, teaser_tags)
  values (p_marketplace, id, v_marketplace.operator_company_id, v_giver.company_id, 'draft', p_interest,
    left(coalesce(v_prospect.postcode, ''), v_marketplace.teaser_digits), p_tags,
    p_distribution_permission, p_source, p_external_ref, v_marketplace.operator_name,
    (select co.name from app.company co where co.id = v_giver.company_id), p_caller.colleague_id,
    coalesce(p_received_at, now()), nullif(app_private.teaser(p_interest), p_interest),
    nullif(app_private.teaser_tags(p_tags), p_tags))
  on conflict (marketplace_id, coalesce(giver_company_id, operator_company_id), source, external_ref)
    where external_ref is not null do nothing;
  if not found then
    created := false;
    select l.id into id from app.lead l
    where l.marketplace_id = p_marketplace and l.source = p_source and l.external_ref = p_external_ref
      and coalesce(l.giver_company_id, l.operator_company_id) = p_caller.company_id;
    return;
  end if;
  insert into app.prospect (marketplace_id, lead_id, parties, name, salutation, company, email,
    phone, street, postcode, city, country, answers, about)
  select l.marketplace_id, l.id, l.parties, v_prospect.name, v_prospect.salutation,
    v_prospect.company, v_prospect.email, v_prospect.phone, v_prospect.street,
    v_prospect.postcode, v_prospect.city, v_prospect.country, coalesce(v_prospect.answers, '{}'),
    concat_ws(' ', l.interest, l.external_ref)
  from app.lead l where l.marketplace_id = p_marketplace and l.id = put_lead_in.id;
  perform app_private.record(p_marketplace, id, 'created', p_caller, jsonb_build_object('source', p_source));
  if p_submit then
    perform app_private.submit(p_marketplace, id, p_caller);
  end if;
end
$$;

-- unit: app.create_lead( p_marketplace uuid, p_interest text, p_tags text[], p_distribution_permission boolean, p_prospect jsonb, p_submit boolean, p_source text, p_external_ref text, p_received_at timestamptz default null, out id uuid, out created boolean)
set local role kollegium_broker;
create or replace function app.create_lead(
  p_marketplace uuid, p_interest text, p_tags text[], p_distribution_permission boolean,
  p_prospect jsonb, p_submit boolean, p_source text, p_external_ref text,
  p_received_at timestamptz default null,
  out id uuid, out created boolean)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
begin
  select l.id, l.created into id, created
  from app_private.put_lead_in(v_caller, p_marketplace, p_interest, p_tags, p_distribution_permission,
    p_prospect, p_submit, p_source, p_external_ref, p_received_at) l;
end
$$;
comment on function app.create_lead(uuid, text, text[], boolean, jsonb, boolean, text, text, timestamptz) is
  'A new draft, submitted at once on request; the same external_ref of one source comes in once.';
grant execute on function app.create_lead(uuid, text, text[], boolean, jsonb, boolean, text, text, timestamptz)
  to kollegium_api;

-- unit: app_private.submit(p_marketplace uuid, p_lead uuid, p_caller app.caller)
set local role kollegium_broker;
-- draft → submitted, and on to available and offered where the marketplace says so.
create or replace function app_private.submit(p_marketplace uuid, p_lead uuid, p_caller app.caller)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_lead constant app.lead := app_private.lock_lead(p_marketplace, p_lead, p_caller.company_id);
  v_marketplace app.marketplace;
begin
  if p_caller.company_id <> all (array_remove(array[v_lead.operator_company_id, v_lead.giver_company_id], null)) then
    perform app_private.refuse(403, 'giver-required');
  end if;
  perform app_private.expect_state(v_lead.state, array['draft']);
  if not v_lead.distribution_permission then
    perform app_private.refuse(422, 'distribution-permission-missing');
  end if;
  if exists (select from app.prospect p where p.marketplace_id = p_marketplace and p.lead_id = p_lead
             and num_nonnulls(p.email, p.phone) = 0) then
    perform app_private.refuse(422, 'contact-missing');
  end if;
  update app.lead set submitted_at = now() where marketplace_id = p_marketplace and id = p_lead;
  perform app_private.set_state(p_marketplace, p_lead, 'submitted');
  perform app_private.record(p_marketplace, p_lead, 'submitted', p_caller);
  select * into v_marketplace from app.marketplace where id = p_marketplace;
  if v_marketplace.auto_accept then
    perform app_private.accept(p_marketplace, p_lead, app_private.nobody());
  end if;
end
$$;

-- unit: app.submit_lead(p_marketplace uuid, p_lead uuid)
set local role kollegium_broker;
create or replace function app.submit_lead(p_marketplace uuid, p_lead uuid)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
begin
  perform app_private.submit(p_marketplace, p_lead, v_caller);
end
$$;
comment on function app.submit_lead(uuid, uuid) is
  'draft → submitted (giver or operator); needs the person''s consent to pass the data on.';
grant execute on function app.submit_lead(uuid, uuid) to kollegium_api;

-- unit: app_private.accept(p_marketplace uuid, p_lead uuid, p_caller app.caller)
set local role kollegium_broker;
create or replace function app_private.accept(p_marketplace uuid, p_lead uuid, p_caller app.caller)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_lead app.lead;
  v_marketplace app.marketplace;
  v_takers uuid[];
begin
  perform app_private.set_state(p_marketplace, p_lead, 'available');
  perform app_private.record(p_marketplace, p_lead, 'accepted', p_caller);
  select * into v_marketplace from app.marketplace where id = p_marketplace;
  if v_marketplace.auto_offer then
    select * into v_lead from app.lead where marketplace_id = p_marketplace and id = p_lead;
    v_takers := app_private.matching_takers(v_lead);
    if cardinality(v_takers) > 0 then
      perform app_private.open_brokerage(v_lead, v_takers, v_marketplace.response_hours, p_caller);
    end if;
  end if;
end
$$;

-- unit: app.accept_lead(p_marketplace uuid, p_lead uuid)
set local role kollegium_broker;
-- submitted → available. Accepting what is accepted already changes nothing.
create or replace function app.accept_lead(p_marketplace uuid, p_lead uuid)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_lead app.lead;
begin
  v_lead := app_private.lock_lead(p_marketplace, p_lead, v_caller.company_id);
  perform app_private.expect_operator(v_lead, v_caller.company_id);
  perform app_private.expect_state(v_lead.state, array['submitted', 'available']);
  if v_lead.state = 'submitted' then
    perform app_private.accept(p_marketplace, p_lead, v_caller);
  end if;
end
$$;
comment on function app.accept_lead(uuid, uuid) is 'submitted → available (operator).';
grant execute on function app.accept_lead(uuid, uuid) to kollegium_api;

-- unit: app.reject_lead(p_marketplace uuid, p_lead uuid, p_reason text)
set local role kollegium_broker;
create or replace function app.reject_lead(p_marketplace uuid, p_lead uuid, p_reason text)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_lead app.lead;
begin
  v_lead := app_private.lock_lead(p_marketplace, p_lead, v_caller.company_id);
  perform app_private.expect_operator(v_lead, v_caller.company_id);
  perform app_private.expect_state(v_lead.state, array['submitted']);
  update app.lead set rejection_reason = p_reason where marketplace_id = p_marketplace and id = p_lead;
  perform app_private.set_state(p_marketplace, p_lead, 'rejected');
  perform app_private.record(p_marketplace, p_lead, 'rejected', v_caller, jsonb_build_object('reason', p_reason));
  perform app_private.mail_company('lead-rejected', v_lead.giver_company_id,
    jsonb_build_object('operator', v_lead.operator_name, 'lead', p_lead, 'reason', p_reason));
end
$$;
comment on function app.reject_lead(uuid, uuid, text) is
  'submitted → rejected (operator); the giver is told the reason.';
grant execute on function app.reject_lead(uuid, uuid, text) to kollegium_api;

-- unit: app.withdraw_lead(p_marketplace uuid, p_lead uuid, p_reason text)
set local role kollegium_broker;
-- By the operator, or the giver where the marketplace allows it. Loses against a committed pick.
create or replace function app.withdraw_lead(p_marketplace uuid, p_lead uuid, p_reason text)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_lead app.lead;
begin
  v_lead := app_private.lock_lead(p_marketplace, p_lead, v_caller.company_id);
  if v_lead.operator_company_id <> v_caller.company_id then
    if v_lead.giver_company_id is distinct from v_caller.company_id then
      perform app_private.refuse(403, 'operator-required');
    elsif not (select giver_may_withdraw from app.marketplace where id = p_marketplace) then
      perform app_private.refuse(403, 'giver-may-not-withdraw');
    end if;
  end if;
  if v_lead.state = 'engaged' then
    perform app_private.refuse(409, 'lead-engaged');
  end if;
  perform app_private.expect_state(v_lead.state,
    array['draft', 'submitted', 'available', 'offered', 'unplaced']);
  perform app_private.close_brokerage(p_marketplace, p_lead, 'withdrawn', 'withdrawn');
  perform app_private.set_state(p_marketplace, p_lead, 'withdrawn');
  perform app_private.record(p_marketplace, p_lead, 'withdrawn', v_caller,
    jsonb_strip_nulls(jsonb_build_object('reason', p_reason)));
end
$$;
comment on function app.withdraw_lead(uuid, uuid, text) is
  'Takes a lead back before it is picked (operator; giver where allowed); 409 after the pick.';
grant execute on function app.withdraw_lead(uuid, uuid, text) to kollegium_api;

-- unit: app.change_lead( p_marketplace uuid, p_lead uuid, p_versions integer[], p_envelope jsonb, p_prospect jsonb)
set local role kollegium_broker;
-- Corrections. The giver until the lead is offered, the operator until it is closed, the engaged
-- taker the contact data while he works it. Keys that are absent stay (docs/domain.md, case 8).
-- What p_prospect has under `kept` joins the answers that are there.
create or replace function app.change_lead(
  p_marketplace uuid, p_lead uuid, p_versions integer[], p_envelope jsonb, p_prospect jsonb)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_lead app.lead;
  v_changed app.lead;
  v_known app.prospect;
  v_prospect app.prospect;
  v_fields jsonb;
begin
  v_lead := app_private.lock_lead(p_marketplace, p_lead, v_caller.company_id);
  perform app_private.expect_version(v_lead.version, p_versions);
  if v_caller.company_id = v_lead.operator_company_id then
    perform app_private.expect_state(v_lead.state,
      array['draft', 'submitted', 'available', 'offered', 'unplaced', 'engaged']);
  elsif v_caller.company_id = v_lead.giver_company_id then
    perform app_private.expect_state(v_lead.state, array['draft', 'submitted', 'available']);
  else
    perform app_private.expect_state(v_lead.state, array['engaged']);
    if p_envelope <> '{}' then
      perform app_private.refuse(403, 'operator-required');
    end if;
  end if;
  v_changed := jsonb_populate_record(v_lead, p_envelope);
  select * into v_known from app.prospect where marketplace_id = p_marketplace and lead_id = p_lead;
  v_prospect := jsonb_populate_record(v_known, p_prospect);
  v_prospect.answers := coalesce(v_prospect.answers, '{}') || coalesce(p_prospect -> 'kept', '{}');
  if v_lead.state <> 'draft' then
    if num_nonnulls(v_prospect.email, v_prospect.phone) = 0 then
      perform app_private.refuse(422, 'contact-missing');
    elsif not v_changed.distribution_permission then
      perform app_private.refuse(422, 'distribution-permission-missing');
    end if;
  end if;
  select jsonb_agg(f.key order by f.key) into v_fields
  from jsonb_each(to_jsonb(v_changed) || to_jsonb(v_prospect)) f
  where f.value is distinct from (to_jsonb(v_lead) || to_jsonb(v_known)) -> f.key;
  if v_fields is null then
    return;  -- nothing changes, so no version does
  end if;
  update app.prospect set name = v_prospect.name, salutation = v_prospect.salutation,
    company = v_prospect.company, email = v_prospect.email, phone = v_prospect.phone,
    street = v_prospect.street, postcode = v_prospect.postcode, city = v_prospect.city,
    country = v_prospect.country, answers = v_prospect.answers,
    about = concat_ws(' ', v_changed.interest, v_changed.external_ref)
  where marketplace_id = p_marketplace and lead_id = p_lead
    and (p_prospect <> '{}' or v_changed.interest <> v_lead.interest);
  update app.lead set interest = v_changed.interest, tags = v_changed.tags,
    teaser_interest = nullif(app_private.teaser(v_changed.interest), v_changed.interest),
    teaser_tags = nullif(app_private.teaser_tags(v_changed.tags), v_changed.tags),
    distribution_permission = v_changed.distribution_permission,
    postcode_area = left(coalesce(v_prospect.postcode, ''),
      (select m.teaser_digits from app.marketplace m where m.id = p_marketplace)),
    changed_at = now(), version = version + 1
  where marketplace_id = p_marketplace and id = p_lead;
  if v_fields ?| array['interest', 'tags', 'postcode'] then
    perform app_private.reword_offers(p_marketplace, p_lead);
  end if;
  perform app_private.record(p_marketplace, p_lead, 'changed', v_caller,
    jsonb_build_object('fields', v_fields));
end
$$;
comment on function app.change_lead(uuid, uuid, integer[], jsonb, jsonb) is
  'Corrects interest, tags and contact data; 412 when the version is not the expected one.';
grant execute on function app.change_lead(uuid, uuid, integer[], jsonb, jsonb) to kollegium_api;

-- unit: app_private.lock_lead(p_marketplace uuid, p_lead uuid, p_company uuid default null)
set local role kollegium_broker;
-- The lead, locked against every other change; 404 unless the company is a party (docs/domain.md, case 9).
-- p_company null: the caller has shown in another way that he may know of the lead.
create or replace function app_private.lock_lead(p_marketplace uuid, p_lead uuid, p_company uuid default null)
returns app.lead language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_lead app.lead;
begin
  select * into v_lead from app.lead
  where marketplace_id = p_marketplace and id = p_lead
    and (p_company is null or p_company = any (parties))
  for update;
  if not found then
    perform app_private.refuse(404, 'not-found');
  end if;
  return v_lead;
end
$$;

-- unit: app_private.hold_lead(p_marketplace uuid, p_lead uuid, p_company uuid)
set local role kollegium_broker;
-- The same for who only adds to the lead: waits for whoever moves it between companies, no more.
create or replace function app_private.hold_lead(p_marketplace uuid, p_lead uuid, p_company uuid)
returns app.lead language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_lead app.lead;
begin
  select * into v_lead from app.lead
  where marketplace_id = p_marketplace and id = p_lead and p_company = any (parties)
  for key share;
  if not found then
    perform app_private.refuse(404, 'not-found');
  end if;
  return v_lead;
end
$$;

-- unit: app_private.expect_state(p_state text, p_allowed text[])
set local role kollegium_broker;
create or replace function app_private.expect_state(p_state text, p_allowed text[])
returns void language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
begin
  if p_state <> all (p_allowed) then
    perform app_private.refuse(409, 'lead-state',
      jsonb_build_object('state', p_state, 'allowed', p_allowed));
  end if;
end
$$;

-- unit: app_private.expect_operator(p_lead app.lead, p_company uuid)
set local role kollegium_broker;
create or replace function app_private.expect_operator(p_lead app.lead, p_company uuid)
returns void language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
begin
  if p_lead.operator_company_id <> p_company then
    perform app_private.refuse(403, 'operator-required');
  end if;
end
$$;

-- unit: app_private.record( p_marketplace uuid, p_lead uuid, p_event text, p_caller app.caller, p_detail jsonb default '{}')
set local role kollegium_broker;
-- One line of the lead's history, seen by all its parties: no personal data, no name of a taker
-- other than the engaged one.
create or replace function app_private.record(
  p_marketplace uuid, p_lead uuid, p_event text, p_caller app.caller, p_detail jsonb default '{}')
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  insert into app.history (marketplace_id, id, lead_id, parties, event, company_id, company_name,
    colleague_id, colleague_name, detail)
  select l.marketplace_id, app_private.new_id(), l.id, l.parties, p_event, p_caller.company_id,
    p_caller.company_name, p_caller.colleague_id, p_caller.colleague_name, p_detail
  from app.lead l where l.marketplace_id = p_marketplace and l.id = p_lead;
end
$$;

-- unit: app_private.nobody()
set local role kollegium_broker;
-- For what happens by itself (timers, rules of the marketplace): nobody did it.
create or replace function app_private.nobody() returns app.caller
language sql immutable set search_path = pg_catalog, pg_temp
as $$ select null::app.caller $$;

-- unit: app_private.set_state(p_marketplace uuid, p_lead uuid, p_state text)
set local role kollegium_broker;
create or replace function app_private.set_state(p_marketplace uuid, p_lead uuid, p_state text)
returns void language sql volatile set search_path = pg_catalog, pg_temp
as $$
  update app.lead set state = p_state, changed_at = now(), version = version + 1
  where marketplace_id = p_marketplace and id = p_lead
$$;

-- unit: app_private.touch_lead(p_marketplace uuid, p_lead uuid)
set local role kollegium_broker;
-- Something happened to the lead that its own columns do not show: who read it before is told by the
-- version, and the import of the former system sees that somebody acted here.
create or replace function app_private.touch_lead(p_marketplace uuid, p_lead uuid)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  update app.lead set changed_at = now(), version = version + 1
  where marketplace_id = p_marketplace and id = p_lead;
end
$$;

-- unit: app_private.renew_leads(p_markets uuid[], p_leads uuid[])
set local role kollegium_broker;
-- The same for what nobody did to the leads themselves (a name, a handler who left): their readers are
-- told by a new version, and the import of the former system goes on following them.
create or replace function app_private.renew_leads(p_markets uuid[], p_leads uuid[])
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  perform app_private.legacy_renew(p_markets, p_leads);
  update app.lead set version = version + 1, changed_at = now()
  where (marketplace_id, id) in (select * from unnest(p_markets, p_leads));
end
$$;

-- unit: app_private.engage( p_marketplace uuid, p_lead uuid, p_company uuid, p_company_name text, p_engagement uuid)
set local role kollegium_broker;
-- THE function that changes the companies of a lead. What always has the visibility of the lead
-- moves with it; forgetting a table here fails at commit, by its foreign key on parties.
create or replace function app_private.engage(
  p_marketplace uuid, p_lead uuid, p_company uuid, p_company_name text, p_engagement uuid)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_parties uuid[];
begin
  update app.lead set engaged_company_id = p_company, engaged_company_name = p_company_name,
    engagement_id = p_engagement, state = 'engaged', changed_at = now(), version = version + 1
  where marketplace_id = p_marketplace and id = p_lead
  returning parties into v_parties;
  update app.prospect set parties = v_parties where marketplace_id = p_marketplace and lead_id = p_lead;
  update app.message set parties = v_parties where marketplace_id = p_marketplace and lead_id = p_lead;
  update app.history set parties = v_parties where marketplace_id = p_marketplace and lead_id = p_lead;
end
$$;

-- unit: app.search_words(p_text text)
set local role kollegium_broker;
-- What each word of a search must match in app.prospect.searched; at most ten. One or two letters count at the
-- beginning of a word only. A search without a word finds nothing.
create or replace function app.search_words(p_text text) returns text[]
language sql immutable parallel safe strict security definer set search_path = pg_catalog, pg_temp
as $$
  select coalesce(array_agg(case when length(w) < 3 then '% ' else '%' end || w || '%'), array[''])
  from (
    select distinct w from regexp_split_to_table(searching.without_umlauts(searching.folded(p_text)),
      '[\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00bf\u2000-\u206f\u3000-\u303f]+') w
    where w <> '' limit 10
  ) x
$$;
comment on function app.search_words(text) is
  'Patterns for app.prospect.searched, one for each word of a search.';

-- unit: app.search_numbers(p_text text)
set local role kollegium_broker;
-- The same when the search holds telephone numbers in any notation: each number without trunk zero and country
-- code, so that it matches E.164 and what is kept as it was typed. null: there is none.
create or replace function app.search_numbers(p_text text) returns text[]
language plpgsql immutable parallel safe strict security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_rest text := regexp_replace(p_text, '\(\s*0\s*\)', '', 'g');
  v_patterns text[] := '{}';
  v_run text;
  v_number text;
begin
  for v_run in
    select m[1] from regexp_matches(v_rest, '((?:\+\s*)?\(?[0-9][0-9 ()/.\u00a0\u2010-\u2015-]{4,}[0-9])', 'g') m
  loop
    v_number := regexp_replace(v_run, '[^0-9]', '', 'g');
    if v_run like '+%' or v_number like '00%' then
      v_number := regexp_replace(ltrim(v_number, '0'),
        '^(1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]'
        '|(2[1-689]|3[578]|42|5[09]|6[7-9]|8[0357-9]|9[679])[0-9])', '');
    end if;
    v_number := ltrim(v_number, '0');
    if length(v_number) >= 4 then
      v_patterns := v_patterns || ('%' || v_number || '%');
      v_rest := replace(v_rest, v_run, ' ');
    end if;
  end loop;
  if v_patterns = '{}' then
    return null;
  end if;
  return v_patterns || array_remove(app.search_words(v_rest), '');
end
$$;
comment on function app.search_numbers(text) is
  'Patterns for app.prospect.searched of a search that holds telephone numbers; null when it holds none.';
grant execute on function app.search_words(text), app.search_numbers(text) to kollegium_api;

-- unit: app_private.index_condition(p_words text[], p_sample text[])
set local role kollegium_broker;
-- The condition on app.prospect that the index is asked for a search, with some of the company's texts at hand; null: the
-- index is no help. Left to the comparison are words whose places are more than what they exclude: beginnings of one
-- or two letters, what every twentieth text holds or ten times as many as hold the rarest, and more than seven digits.
create or replace function app_private.index_condition(p_words text[], p_sample text[]) returns text
language sql immutable set search_path = pg_catalog, pg_temp
as $$
  with known as (
    select w, w like '\% %' as short, (select count(*) from unnest(p_sample) s where s like w) as texts
    from unnest(p_words) w where w ~ '^% [[:alnum:]]|[[:alnum:]]{3}'
  ), worth as (
    select * from known where not short or not exists (select from known k where not k.short)
  )
  select string_agg(format('p.searched like %L', regexp_replace(w, '^%\d+(\d{7}%)$', '%\1')), ' and ') from worth
  where texts <= greatest(cardinality(p_sample) / 20, 10 * (select min(texts) from worth))
$$;

-- unit: app_private.search_index(p_company uuid, p_words text[], p_numbers text[], p_sample text[], p_before uuid, p_rows integer)
set local role kollegium_broker;
-- Leads before p_before by the index, newest first, at most p_rows. null: it is no help, or it names more than 20,000. It
-- knows no companies, so those of others are read, too.
create or replace function app_private.search_index(p_company uuid, p_words text[], p_numbers text[], p_sample text[],
  p_before uuid, p_rows integer)
returns uuid[] language plpgsql stable set search_path = pg_catalog, pg_temp set enable_seqscan = off
as $$
declare
  v_words constant text := app_private.index_condition(p_words, p_sample);
  v_numbers constant text := app_private.index_condition(p_numbers, p_sample);
  v_read integer;
  v_found uuid[];
begin
  if v_words is null and p_words <> '{""}' or v_numbers is null and p_numbers is not null then
    return null;
  end if;
  execute format('select count(*), array_agg(x.lead_id order by x.lead_id desc)'
    ' filter (where $1 = any (x.parties) and x.lead_id < $2 and (x.searched like all ($3) or x.searched like all ($4)))'
    ' from (select * from app.prospect p where %s limit 20001) x', concat_ws(' or ', v_words, v_numbers))
  into v_read, v_found using p_company, p_before, p_words, p_numbers;
  return case when v_read <= 20000 then coalesce(v_found[:p_rows], '{}') end;
end
$$;

-- unit: app_private.search_window(p_company uuid, p_as text, p_words text[], p_numbers text[], p_before uuid, p_leads integer, out last uuid, out matching uuid[])
set local role kollegium_broker;
-- The next p_leads leads of the company in one capacity before p_before, on the way from the newest to the oldest: where they
-- end (null: there are no more), and which of them the search finds, newest first.
create or replace function app_private.search_window(p_company uuid, p_as text, p_words text[], p_numbers text[],
  p_before uuid, p_leads integer, out last uuid, out matching uuid[])
language plpgsql stable set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
begin
  last := (
    (select l.id from app.lead l where p_as = 'operator' and l.operator_company_id = p_company and l.id < p_before
      order by l.id desc offset p_leads - 1 limit 1)
    union all
    (select l.id from app.lead l where p_as = 'giver' and l.giver_company_id = p_company and l.id < p_before
      order by l.id desc offset p_leads - 1 limit 1)
    union all
    (select l.id from app.lead l where p_as = 'taker' and l.engaged_company_id = p_company and l.id < p_before
      order by l.id desc offset p_leads - 1 limit 1));
  if p_as = 'operator' then
    -- The keys of each of his marketplaces are in the order of time: read in a row, without the leads.
    matching := array(select p.lead_id from app.prospect p
      where p.marketplace_id = any (array(
          select m.id from app.marketplace m where m.operator_company_id = p_company))
        and p.lead_id < p_before and p.lead_id >= coalesce(last, '00000000-0000-0000-0000-000000000000')
        and (p.searched like all (p_words) or p.searched like all (p_numbers))
      order by p.lead_id desc);
  else
    matching := array(select x.id
      from (
        select l.marketplace_id, l.id from app.lead l
        where p_as = 'giver' and l.giver_company_id = p_company and l.id < p_before
          and l.id >= coalesce(last, '00000000-0000-0000-0000-000000000000')
        union all
        select l.marketplace_id, l.id from app.lead l
        where p_as = 'taker' and l.engaged_company_id = p_company and l.id < p_before
          and l.id >= coalesce(last, '00000000-0000-0000-0000-000000000000')) x
      join app.prospect p on p.marketplace_id = x.marketplace_id and p.lead_id = x.id
      where p.searched like all (p_words) or p.searched like all (p_numbers)
      order by x.id desc);
  end if;
end
$$;

-- unit: app_private.search_sample(p_company uuid, p_as text)
set local role kollegium_broker;
-- What is found of 400 of the company's newest leads in one capacity: by it the words of a search are weighed.
create or replace function app_private.search_sample(p_company uuid, p_as text) returns text[]
language sql stable set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
  select array_agg(p.searched) from (
    (select l.marketplace_id, l.id from app.lead l where p_as = 'operator' and l.operator_company_id = p_company
      order by l.id desc limit 400)
    union all
    (select l.marketplace_id, l.id from app.lead l where p_as = 'giver' and l.giver_company_id = p_company
      order by l.id desc limit 400)
    union all
    (select l.marketplace_id, l.id from app.lead l where p_as = 'taker' and l.engaged_company_id = p_company
      order by l.id desc limit 400)) x
  join app.prospect p on p.marketplace_id = x.marketplace_id and p.lead_id = x.id
$$;

-- unit: app_private.search_capacity(p_company uuid, p_as text, p_words text[], p_numbers text[], p_before uuid, p_rows integer)
set local role kollegium_broker;
-- What a search finds of the company's leads in one capacity before p_before, newest first, at most p_rows: fewer are all. It
-- walks as long as the matches so far promise an end within 25,000 leads, else asks the index; what that does
-- not name is walked for, four times as far each time.
create or replace function app_private.search_capacity(p_company uuid, p_as text, p_words text[],
  p_numbers text[], p_before uuid, p_rows integer)
returns uuid[] language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_before uuid := p_before;
  v_leads integer := least(500, 5 * p_rows);
  v_seen integer := 0;
  v_ahead bigint;
  v_asked boolean := false;
  v_window record;
  v_found uuid[] := '{}';
  v_named uuid[];
begin
  loop
    v_window := app_private.search_window(p_company, p_as, p_words, p_numbers, v_before, v_leads);
    v_found := v_found || v_window.matching;
    if v_window.last is null or cardinality(v_found) >= p_rows then
      return v_found[:p_rows];
    end if;
    v_seen := v_seen + v_leads;
    v_before := v_window.last;
    v_ahead := v_seen::bigint * (p_rows - cardinality(v_found)) / nullif(cardinality(v_found), 0);
    if not v_asked and (v_ahead > 25000 or v_ahead is null and v_seen > 2000) then
      v_asked := true;
      v_named := app_private.search_index(p_company, p_words, p_numbers,
        app_private.search_sample(p_company, p_as), v_before, p_rows - cardinality(v_found));
      if v_named is not null then
        return v_found || v_named;
      end if;
    end if;
    v_leads := least(4 * v_seen, v_ahead + v_ahead / 4 + 100);
  end loop;
end
$$;

-- unit: app.find_by_text(p_as text, p_text text, p_before uuid, p_rows integer)
set local role kollegium_broker;
-- Leads that a search finds of those before p_before (null: of all), newest first, at most p_rows. p_as: operator, giver,
-- taker; null: in any capacity. What it answers, fewer than p_rows included, depends on the caller's leads alone.
create or replace function app.find_by_text(p_as text, p_text text, p_before uuid, p_rows integer)
returns uuid[] language plpgsql stable security definer
set search_path = pg_catalog, pg_temp set enable_seqscan = off
as $$
declare
  v_company constant uuid := app.current_company_id();
  v_words constant text[] := app.search_words(p_text);
  v_numbers constant text[] := app.search_numbers(p_text);
  v_before constant uuid := coalesce(p_before, 'ffffffff-ffff-ffff-ffff-ffffffffffff');
  v_rows constant integer := least(p_rows, 5001);
begin
  if v_company is null or v_words = '{""}' and v_numbers is null then
    return '{}';
  end if;
  return array(
    select distinct f.id
    from (values
        ('operator', exists (select from app.lead l where l.operator_company_id = v_company)),
        ('giver', exists (select from app.lead l where l.giver_company_id = v_company)),
        ('taker', exists (select from app.lead l where l.engaged_company_id = v_company))) c (capacity, has),
      unnest(app_private.search_capacity(v_company, c.capacity, v_words, v_numbers, v_before, v_rows)) f (id)
    where c.has and c.capacity = coalesce(p_as, c.capacity)
    order by f.id desc limit v_rows);
end
$$;
comment on function app.find_by_text(text, text, uuid, integer) is
  'Ids of the caller''s leads that a search finds, newest first.';
grant execute on function app.find_by_text(text, text, uuid, integer) to kollegium_api;

-- unit: app_private.without_addresses(p_text text)
set local role kollegium_broker;
-- Without e-mail addresses, also spelt out (`anna [at] huber (punkt) example`), links, domains, handles.
create or replace function app_private.without_addresses(p_text text)
returns text language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$
declare
  v_word constant text := '[^\s@<>()\[\]{},;:"/]+';
  v_at constant text := '(?:at|ät|@|affe|klammeraffe)';
  v_open constant text := '\s?[(\[{<]\s?';
  v_close constant text := '\s?[)\]}>]\s?';
  v_dot constant text := '(?: \. |' || v_open || '(?: dot|punkt|\. )' || v_close || '| [ ](?:dot|punkt)[ ])';
  v_end constant text := '(?: (?:de|com|net|org|at|ch|eu|info|biz|io|nl|be|fr|dk|pl|cz|li|lu|it|uk|online'
    || '|email|app|shop|gmbh|example|berlin|hamburg|koeln|wien|bayern|nrw) (?![[:alnum:]-])'
    || '| (?:me|link|ly|page|site)(?=/) )';
  v_domain constant text := '[[:alnum:]-]+ (?:' || v_dot || ' [[:alnum:]-]+ )* ' || v_dot || v_end;
begin
  if p_text ~* '@|\m(at|ät|affe|klammeraffe)\M' then
    p_text := regexp_replace(p_text, '(?x)' || v_word || '@' || v_word || '(?:' || v_open
      || '(?:dot|punkt)' || v_close || '[[:alnum:]-]+)*', '…', 'gi');
    p_text := regexp_replace(p_text, '(?x)' || v_word || '(?:' || v_open || v_at || v_close
      || '|\s' || v_at || '\s|\s@|@\s)(?:' || v_domain
      || '|(?:gmail|gmx|web|t-online|outlook|hotmail|yahoo|icloud|posteo|freenet)(?![[:alnum:]]))', '…', 'gi');
    p_text := regexp_replace(p_text, '(?x)' || v_word || '[(\[{<]' || v_at || '[)\]}>]' || v_word,
      '…', 'gi');
  end if;
  if p_text ~ '://|\.[[:alpha:]]' then
    p_text := regexp_replace(p_text, '(?x)(?:[[:alnum:]]+://|www\.)\S+', '…', 'gi');
    p_text := regexp_replace(p_text, '(?x)(?<![[:alnum:].-]) [[:alnum:]-]* [^\W\d_] [[:alnum:]-]*'
      || '(?: \.[[:alnum:]-]+ )* \.' || v_end || '(?: /\S* )?', '…', 'gi');
  end if;
  return regexp_replace(p_text, '(?<![^\s(])@[[:alnum:]_.]{3,}', '…', 'gi');
end
$$;

-- unit: app_private.without_numbers(p_text text)
set local role kollegium_broker;
-- Without numbers to dial.
create or replace function app_private.without_numbers(p_text text)
returns text language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$
declare
  -- What people put between the digits of a number, and between from and to.
  s constant text := '[][ \t\u00a0\u00ad\u2000-\u2015\u202f\u2060\u2212\u3000\ufeff()./_·-]';
  v_to constant text := '[ ]?(?: [\u2010-\u2015\u2212/-] | bis | und )[ ]?';
  v_unit constant text := '[ \u00a0\u202f]?(?: €|%|°|["''′″]|(?: k?wp?|[km]?wh|mw|watt|k?va|volt|eur|euro'
    || '|chf|t€|k?m²|[mk]?m[23]|m³|qm|qkm|cbm|[cmk]m|uhr|h|jahren?|jahre?|stück|stk|zimmern?|personen|module?n?'
    || '|liter[ns]?|l|tonnen?|t|k?g|grad|ha|a|m|etagen?|einheiten|wohneinheiten|we|wohnungen|häusern?'
    || '|fenstern?|türen|plätzen?|monaten?|wochen|tagen?|minuten|stunden|std|meter[ns]?|quadratmetern?'
    || ')(?![[:alnum:]]))';
  v_day constant text := '(?:0?[1-9]|[12]\d|3[01])';
  v_month constant text := '(?:0?[1-9]|1[0-2])';
  v_date constant text := '(?: ' || v_day || '\.[ ]?' || v_month || '(?:\.(?:[ ]?(?:19|20)?\d\d)?)?'
    || '|' || v_day || '[/-]' || v_month || '[/-](?:19|20)?\d\d'
    || '|' || v_month || '[./-](?:19|20)\d\d|(?:19|20)\d\d-\d\d?-\d\d? )(?!\d|[./-]\d)';
  v_time constant text := '(?:[01]?\d|2[0-4])[.:][0-5]\d(?!\d)';
  v_thousands constant text := '[1-9]\d{0,2}(?:[.''’]\d{3})+(?!\d|[./-]\d)';
  v_spaced constant text := '[1-9]\d{0,2}(?:[ \u00a0\u202f]\d{3})+(?!\d)';
  v_span constant text := v_time || '(?:[ ]?uhr)?' || v_to || v_time;
  v_apart constant text := '(?:' || s || '{0,4}|[,:;|*~]|(?<=[^\d]0\d{2,3}|^0\d{2,3})[,;][ ](?!' || v_date
    || '))';
  v_end constant text := '(?!\d|[.,:/-](?!0\d\d)\d)';
  -- Where neither pattern for numbers begins.
  v_no constant text := '(?!(?:0\d{4},[ ]?)+0\d{4}(?!\d)|' || v_date || '|' || v_span
    || '|(?:[01]\d|2[0-4]):[0-5]\d(?!\d)'
    || '|(?:0\d{4}' || v_to || '0|[1-9]\d{4}' || v_to || '[1-9])\d{4}(?!\d))'
    || '(?!(?<=(?:plz|postleitzahl)[ :.]{1,3})\d{5}(?!\d))';
  v_explained constant text := '(?!' || v_thousands
    || '|' || v_spaced || '(?:' || v_to || v_spaced || ')?' || v_unit
    || '|(?:19|20)\d\d(?:' || v_to || '|[ ])(?:19|20)\d\d(?!\d)'
    || '|[1-9]\d{1,4}0' || v_to || '[1-9]\d{1,5}0(?!\d|' || s || '{0,3}\d)'
    || '|\d\d?' || v_to || '\d\d?[ ](?:19|20)\d\d(?!\d)'
    || '|(?:19|20)\d\d[ ](?: ' || v_date || '|\d{1,5}(?!\d|' || s || '{0,3}\d))'
    || '|(?<=\d\.[ ])' || v_month || '\.[ ]?(?:19|20)\d\d(?!\d)'
    || '|\d{1,3}[ ]\d{5}(?!\d)|\d{5}[ ]\d{1,2}(?!\d))';
begin
  if p_text ~ '\d(?:[^\d[:alpha:]]{0,4}\d){6}' then
    -- +49 171 1234567, 0049 (0) 171 / 123 45 67; but for a number with its unit behind it, then with it.
    for v_last in reverse 1 .. 0 loop
      p_text := regexp_replace(p_text, '(?x)(?<!\d|\d[.,:/-])[(\[]?(?:\+(?![ ]{0,2}(?:' || v_date || '|'
        || v_thousands || v_unit || '))|00)' || s || '{0,2}[1-9](?:' || v_apart || '\d){6,16}(?!\d)'
        || case v_last when 1 then v_end || '(?!' || v_unit || ')' else '' end, '…', 'gi');
    end loop;
    -- 0171 1234567, (04821) 12 34, 030/123456; from eleven digits on no unit explains it.
    for v_last in reverse 1 .. 0 loop
      p_text := regexp_replace(p_text, '(?x)(?: (?<!\d|\d[.,:/-]) | (?<=\d/)(?=0[1-9]\d\d) )' || v_no
        || '[(\[]?0[ )\]]{0,2}[1-9](?:' || v_apart || case v_last when 1
          then '\d){5,12}' || v_end || '(?!' || v_unit || ')' else '\d){9,12}(?!\d)' end, '…', 'gi');
    end loop;
  end if;
  if p_text ~* 'tel|fon|phone|mobil|handy|fax|rufn|whats|signal|durchwahl' then
    -- After a word that announces a number five digits are enough.
    p_text := regexp_replace(p_text, '(?x)((?<![[:alnum:]])(?:tel(?:efon(?:nummer)?)?|fon|phone'
      || '|mobil(?:nummer|telefon)?|handy(?:nummer)?|(?:tele)?fax|rufnummer|whats[ ]?app|signal|durchwahl)'
      || '[ .:]*(?:(?:nr|nummer|ist)[ .:]*)*)' || v_no || '\d(?:' || s || '{0,4}\d){4,14}' || v_end
      || '(?!' || v_unit || ')', '\1…', 'gi');
  end if;
  if p_text ~ '\d(?:[^\d[:alpha:]]{0,4}\d){6}' then
    -- Seven digits and more that nothing explains.
    p_text := regexp_replace(p_text, '(?x)(?<!\d|\d[./-])' || v_no || v_explained || '[(\[]?[1-9](?:' || s
      || '{0,3}\d){6,14}' || v_end || '(?!' || v_unit || ')', '…', 'gi');
  end if;
  return p_text;
end
$$;

-- unit: app_private.teaser(p_text text)
set local role kollegium_broker;
-- What takers see of an interest or a tag. Digits, + and @ in full width count like plain ones.
create or replace function app_private.teaser(p_text text)
returns text language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$
declare
  v_plain constant text := translate(p_text, '０１２３４５６７８９＋＠．', '0123456789+@.');
  v_masked text;
begin
  if v_plain !~* '[0-9@.]|\m(at|ät|affe|klammeraffe)\M' then
    return p_text;
  end if;
  v_masked := app_private.without_numbers(app_private.without_addresses(v_plain));
  return case when v_masked = v_plain then p_text
    else regexp_replace(v_masked, '…([[:space:]]*…)+', '…', 'g') end;
end
$$;

-- unit: app_private.teaser_tags(p_tags text[])
set local role kollegium_broker;
-- Tags as takers see them: one that holds contact data is left out.
create or replace function app_private.teaser_tags(p_tags text[])
returns text[] language sql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$
  select coalesce(array_agg(t.tag order by t.place), '{}')
  from unnest(p_tags) with ordinality t (tag, place) where app_private.teaser(t.tag) = t.tag
$$;

-- unit: app_private.subject_of(p_interest text)
set local role kollegium_broker;
-- What a lead's interest is called in mails.
create or replace function app_private.subject_of(p_interest text)
returns text language sql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$ select left(app_private.teaser(p_interest), 200) $$;

-- unit: app_private.reword_offers(p_marketplace uuid, p_lead uuid)
set local role kollegium_broker;
-- What the operator rewords reaches those who are still to decide. The lead is locked.
create or replace function app_private.reword_offers(p_marketplace uuid, p_lead uuid)
returns void language sql volatile set search_path = pg_catalog, pg_temp
as $$
  update app.offer o set interest = app_private.teaser(l.interest), postcode_area = l.postcode_area,
    tags = app_private.teaser_tags(l.tags)
  from app.lead l
  where l.marketplace_id = p_marketplace and l.id = p_lead
    and o.marketplace_id = p_marketplace and o.lead_id = p_lead and o.state = 'open'
$$;

-- unit: app_private.user_changed_here(p_colleague uuid)
set local role kollegium_broker;
create or replace function app_private.user_changed_here(p_colleague uuid)
returns boolean language sql stable set search_path = pg_catalog, pg_temp
as $$
  select coalesce((select u.version <> co.version + c.version from app_private.legacy_user u
    join app.company co on co.id = u.company_id
    join app.colleague c on c.id = u.colleague_id
    where u.colleague_id = p_colleague),
    exists (select from app.colleague c where c.id = p_colleague))
$$;

-- unit: app_private.marketplace_changed_here(p_marketplace uuid)
set local role kollegium_broker;
create or replace function app_private.marketplace_changed_here(p_marketplace uuid)
returns boolean language sql stable set search_path = pg_catalog, pg_temp
as $$
  select coalesce((select k.marketplace_id is null or k.version <> m.version from app.marketplace m
    left join app_private.legacy_marketplace k on k.marketplace_id = m.id
    where m.id = p_marketplace), false)
$$;

-- unit: app_private.card_changed_here(p_marketplace uuid, p_part uuid)
set local role kollegium_broker;
-- An invitation that was written here has no card that its operator sees. A card of nobody from there, or of
-- several users, since a merge, is none of theirs.
create or replace function app_private.card_changed_here(p_marketplace uuid, p_part uuid)
returns boolean language sql stable set search_path = pg_catalog, pg_temp
as $$
  select coalesce((select count(*) <> 1 or bool_or(k.version <> p.version or k.row_hash = 0)
    from app.participation p
    left join (app_private.legacy_participation k
        join app_private.legacy_party u on u.own_company_id = k.company_id)
      on k.marketplace_id = p.marketplace_id and u.company_id = p.company_id
    where p.marketplace_id = p_marketplace and p.company_id = p_part
    group by p.marketplace_id, p.company_id having count(k.company_id) > 0),
    exists (select from app.participation p where p.marketplace_id = p_marketplace and p.company_id = p_part)
    or exists (select from app.partner_invitation i
            where i.marketplace_id = p_marketplace and i.id = p_part))
$$;

-- unit: app_private.key_changed_here(p_load integer, p_key uuid)
set local role kollegium_broker;
create or replace function app_private.key_changed_here(p_load integer, p_key uuid)
returns boolean language sql stable set search_path = pg_catalog, pg_temp
as $$
  select coalesce((select k.legacy_id is null
      or y.revoked_at is not null and s.revoked_at is null
    from app.api_key y
    left join app_private.legacy_api_key k on k.api_key_id = y.id
    left join legacy_staging.api_keys s on s.load = p_load and s.id = k.legacy_id
    where y.id = p_key), false)
$$;

-- unit: app_private.lead_changed_here( p_load integer, p_what text, p_marketplace uuid, p_lead uuid, p_part uuid)
set local role kollegium_broker;
-- A lead, its person, its offers and comments.
create or replace function app_private.lead_changed_here(
  p_load integer, p_what text, p_marketplace uuid, p_lead uuid, p_part uuid)
returns boolean language sql stable set search_path = pg_catalog, pg_temp
as $$
  select coalesce((select l.source <> 'legacy' or coalesce(l.version <> k.version, false) or k.row_hash = 0
    or p_what = 'offers' and not exists (
      select from legacy_staging.offers s
      join app_private.legacy_party u on u.legacy_id = s.user_id and u.company_id = p_part
      where s.load = p_load and s.lead_id = k.legacy_id) and exists (
      select from app.offer o where o.marketplace_id = l.marketplace_id and o.lead_id = l.id
        and o.company_id = p_part and o.state not in ('open', 'picked'))
    or p_what = 'comments' and not exists (
      select from legacy_staging.comments s where s.load = p_load and s.lead_id = k.legacy_id
        and app_private.legacy_id('comment', s.id, s.created_at) = p_part)
    or p_what = 'offers' and exists (
      select from app.offer o
      join app.colleague c on c.company_id = o.company_id
      join app_private.legacy_user t on t.colleague_id = c.id
      join legacy_staging.offers s
        on s.load = p_load and s.lead_id = k.legacy_id and s.user_id = t.legacy_id
      where o.marketplace_id = l.marketplace_id and o.lead_id = l.id and o.company_id = p_part
        and o.answered_at > greatest(s.updated_at, s.answered_at))
    from app.lead l
    left join app_private.legacy_lead k on k.lead_id = l.id and k.legacy_id = case
      when l.source = 'legacy' and l.external_ref ~ '^[0-9]{1,18}$' then l.external_ref::bigint end
    where l.marketplace_id = p_marketplace and l.id = p_lead), false)
$$;

-- unit: app_private.legacy_block(p_load integer, p_table text)
set local role kollegium_broker;
create or replace function app_private.legacy_block(p_load integer, p_table text)
returns void language sql volatile set search_path = pg_catalog, pg_temp
as $$
  insert into legacy_staging.blocked (load, source_table, id)
  select distinct load, source_table, legacy_key::bigint from legacy_staging.finding
  where load = p_load and source_table = p_table and kind = 'quarantine'
    and legacy_key ~ '^-?[0-9]{1,18}$'
  on conflict do nothing
$$;

-- unit: app_private.legacy_garbled(p_text text)
set local role kollegium_broker;
-- UTF-8 that was once read as Latin-1 or Windows-1252: a lead byte's sign, then a continuation's.
create or replace function app_private.legacy_garbled(p_text text) returns boolean
language sql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$ select p_text ~ '[ÂÃ][\u0080-\u00bfŒœŸž„“”‚™š›€]|â€|�' $$;

-- unit: app_private.legacy_password(p_hash text)
set local role kollegium_broker;
-- Iterations, salt and digest of pbkdf2_sha256$iterations$salt$base64; null when it is anything else.
create or replace function app_private.legacy_password(p_hash text) returns text[]
language sql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$
  -- Counted repetitions in one pattern would cost a third of a millisecond a user.
  select case when cardinality(p) = 4 and p[1] = 'pbkdf2_sha256' and p[2] ~ '^[1-9][0-9]*$'
      and length(p[2]) <= 7 and length(p[3]) between 1 and 128
      and length(p[4]) = 44 and p[4] ~ '^[A-Za-z0-9+/]+=$' then p[2:4] end
  from (select string_to_array(p_hash, '$') as p) s
$$;

-- unit: app_private.legacy_check_users(p_load integer)
set local role kollegium_broker;
create or replace function app_private.legacy_check_users(p_load integer)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  insert into legacy_staging.finding (load, source_table, legacy_key, kind, reason)
  select p_load, 'users', u.id::text, f.kind, f.reason
  from (
    select s.*, s.deleted_at is null as live,
      nullif(btrim(concat_ws(' ', btrim(s.first_name), btrim(s.last_name))), '') as person,
      nullif(btrim(s.company_name), '') as firm,
      count(*) filter (where s.deleted_at is null) over (partition by s.address) as same
    from legacy_staging.users s where s.load = p_load) u
  cross join lateral (values
    ('quarantine', 'email-unusable', u.live and u.address is null),
    ('quarantine', 'email-shared', u.live and u.same > 1 and u.address is not null),
    ('quarantine', 'name-missing', coalesce(u.firm, u.person) is null),
    ('quarantine', 'name-too-long', greatest(length(u.firm), length(u.person)) > 200),
    ('adjusted', 'user-deleted', not u.live),
    ('adjusted', 'email-lower-case', u.live and u.email <> u.address
      and lower(btrim(u.email)) = u.address),
    ('adjusted', 'email-respelt', u.live and lower(btrim(u.email)) <> u.address),
    ('adjusted', 'language-unknown', u.language not in ('de', 'en')),
    ('adjusted', 'phone-dropped', btrim(u.phone) <> ''),
    ('adjusted', 'firm-named-after-person', u.firm is null and u.person is not null),
    ('adjusted', 'person-named-after-firm', u.person is null and u.firm is not null),
    ('warning', 'password-unusable', u.live
      and app_private.legacy_password(u.password_hash) is null),
    ('warning', 'text-garbled', app_private.legacy_garbled(concat_ws(' ', u.firm, u.person)))
  ) f (kind, reason, holds)
  where f.holds;
  perform app_private.legacy_check_addresses(p_load);
  perform app_private.legacy_block(p_load, 'users');
end
$$;

-- unit: app_private.legacy_check_addresses(p_load integer)
set local role kollegium_broker;
-- Addresses that somebody here has and keeps: who is not from the former system, is not in this load,
-- waits in quarantine or was changed here. Who gives his up in this load may pass it on, so two can
-- exchange theirs; who cannot, keeps his too, hence again until nobody is found.
create or replace function app_private.legacy_check_addresses(p_load integer)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_cut_over constant boolean := app_private.legacy_cut_over();
  v_found integer;
begin
  loop
    insert into legacy_staging.finding (load, source_table, legacy_key, kind, reason)
    select p_load, 'users', u.id::text, 'quarantine', 'email-taken'
    from legacy_staging.users u
    join app.colleague c on c.email = u.address
    left join app_private.legacy_user m on m.colleague_id = c.id
    where u.load = p_load and u.deleted_at is null and m.legacy_id is distinct from u.id
      and not exists (
        select from legacy_staging.users s join app.company co on co.id = m.company_id
        where s.load = p_load and s.id = m.legacy_id and not v_cut_over
          and (s.deleted_at is not null or s.address <> c.email)
          and m.version = co.version + c.version and not exists (
            select from legacy_staging.finding f where f.load = p_load and f.source_table = 'users'
              and f.legacy_key = s.id::text and f.kind = 'quarantine'))
      and not exists (
        select from legacy_staging.finding f where f.load = p_load and f.source_table = 'users'
          and f.legacy_key = u.id::text and f.reason = 'email-taken');
    get diagnostics v_found = row_count;
    exit when v_found = 0;
  end loop;
end
$$;

-- unit: app_private.legacy_check_marketplaces(p_load integer)
set local role kollegium_broker;
create or replace function app_private.legacy_check_marketplaces(p_load integer)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  insert into legacy_staging.finding (load, source_table, legacy_key, kind, reason)
  select p_load, 'marketplaces', m.id::text, f.kind, f.reason
  from legacy_staging.marketplaces m
  left join legacy_staging.users u on u.load = p_load and u.id = m.owner_user_id
  left join (select marketplace_id, count(*) as steps from legacy_staging.statuses
             where load = p_load group by marketplace_id) s on s.marketplace_id = m.id
  cross join lateral (values
    ('quarantine', 'owner-missing', u.id is null),
    ('quarantine', 'name-missing', coalesce(btrim(m.name), '') = ''),
    ('quarantine', 'setting-out-of-range',
      m.response_hours not between 1 and 720 or m.teaser_digits not between 0 and 5),
    ('quarantine', 'statuses-too-many', s.steps > 20),
    ('adjusted', 'statuses-missing', s.steps is null),
    ('warning', 'text-garbled', app_private.legacy_garbled(m.name))
  ) f (kind, reason, holds)
  where m.load = p_load and f.holds;
  perform app_private.legacy_block(p_load, 'marketplaces');
  perform app_private.legacy_check_statuses(p_load);
  perform app_private.legacy_check_participants(p_load);
end
$$;

-- unit: app_private.legacy_check_statuses(p_load integer)
set local role kollegium_broker;
create or replace function app_private.legacy_check_statuses(p_load integer)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  insert into legacy_staging.finding (load, source_table, legacy_key, kind, reason)
  select p_load, 'statuses', t.id::text, 'quarantine', f.reason
  from (select s.*, row_number() over (partition by s.marketplace_id, s.name order by s.id) as nth
        from legacy_staging.statuses s where s.load = p_load) t
  left join legacy_staging.marketplaces m on m.load = p_load and m.id = t.marketplace_id
  cross join lateral (values
    ('marketplace-missing', m.id is null),
    ('name-missing', btrim(t.name) = ''),
    ('status-twice', t.nth > 1 and t.name is not null)
  ) f (reason, holds)
  where f.holds;
  perform app_private.legacy_block(p_load, 'statuses');
end
$$;

-- unit: app_private.legacy_check_participants(p_load integer)
set local role kollegium_broker;
create or replace function app_private.legacy_check_participants(p_load integer)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  insert into legacy_staging.finding (load, source_table, legacy_key, kind, reason)
  select p_load, 'participants', p.id::text, 'quarantine', f.reason
  from (select s.*, row_number() over (partition by s.marketplace_id, s.user_id, s.role
                                       order by s.id) as nth
        from legacy_staging.participants s where s.load = p_load) p
  left join legacy_staging.marketplaces m on m.load = p_load and m.id = p.marketplace_id
  left join legacy_staging.users u on u.load = p_load and u.id = p.user_id
  cross join lateral (values
    ('marketplace-missing', m.id is null),
    ('user-missing', u.id is null),
    ('role-unknown', p.role not in ('giver', 'taker')),
    ('state-unknown', p.state not in ('invited', 'active', 'declined', 'ended')),
    ('participant-is-owner', p.user_id = m.owner_user_id),
    ('setting-out-of-range', p.cap not between 0 and 100000),
    ('participant-twice', p.nth > 1)
  ) f (reason, holds)
  where f.holds;
  perform app_private.legacy_block(p_load, 'participants');
end
$$;

-- unit: app_private.legacy_check_leads(p_load integer)
set local role kollegium_broker;
create or replace function app_private.legacy_check_leads(p_load integer)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  insert into legacy_staging.finding (load, source_table, legacy_key, kind, reason)
  select p_load, 'leads', l.id::text, f.kind, f.reason
  from legacy_staging.leads l
  left join legacy_staging.marketplaces m on m.load = p_load and m.id = l.marketplace_id
  left join legacy_staging.users g on g.load = p_load and g.id = l.giver_user_id
  left join legacy_staging.users p on p.load = p_load and p.id = l.picked_by_user_id
  left join legacy_staging.statuses s on s.load = p_load and s.id = l.status_id
  left join app_private.legacy_marketplace k on k.legacy_id = l.marketplace_id
  left join app.marketplace h on h.id = k.marketplace_id
  cross join lateral (values
    ('quarantine', 'marketplace-missing', m.id is null),
    ('quarantine', 'giver-missing', l.giver_user_id is not null and g.id is null),
    ('quarantine', 'picker-missing', l.picked_by_user_id is not null and p.id is null),
    ('quarantine', 'state-unknown', l.state not in
      ('new', 'released', 'offered', 'picked', 'won', 'lost', 'rejected', 'withdrawn')),
    ('quarantine', 'state-contradicts-pick',
      (l.state in ('picked', 'won', 'lost')) <> (l.picked_by_user_id is not null)),
    ('quarantine', 'status-foreign', l.status_id is not null and l.picked_by_user_id is not null
      and s.marketplace_id is distinct from l.marketplace_id),
    ('quarantine', 'interest-missing', coalesce(l.interest, '') = ''),
    ('quarantine', 'consent-missing', not coalesce(l.consent, false)
      and l.state in ('released', 'offered', 'picked', 'won', 'lost')),
    ('quarantine', 'value-negative', l.value < 0),
    ('adjusted', 'picker-deleted', p.deleted_at is not null),
    ('adjusted', 'no-consent-draft', not coalesce(l.consent, false) and l.state = 'new'),
    ('adjusted', 'value-dropped', l.value is not null and l.state <> 'won'),
    ('adjusted', 'status-dropped', l.status_id is not null and l.picked_by_user_id is null),
    ('warning', 'status-not-here', l.picked_by_user_id is not null and h.id is not null
      and s.name <> all (h.steps) and k.version <> h.version),
    ('warning', 'text-garbled', app_private.legacy_garbled(
      concat_ws(' ', l.interest, l.contact_name, l.contact_street, l.contact_city)))
  ) f (kind, reason, holds)
  where l.load = p_load and f.holds;
  perform app_private.legacy_block(p_load, 'leads');
end
$$;

-- unit: app_private.legacy_check_beside_leads(p_load integer)
set local role kollegium_broker;
create or replace function app_private.legacy_check_beside_leads(p_load integer)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  insert into legacy_staging.finding (load, source_table, legacy_key, kind, reason)
  select p_load, 'offers', o.id::text, f.kind, f.reason
  from (select s.*, row_number() over (partition by s.lead_id, s.user_id order by s.id) as nth
        from legacy_staging.offers s where s.load = p_load) o
  left join legacy_staging.leads l on l.load = p_load and l.id = o.lead_id
  left join legacy_staging.users u on u.load = p_load and u.id = o.user_id
  cross join lateral (values
    ('quarantine', 'lead-missing', l.id is null),
    ('quarantine', 'user-missing', u.id is null),
    ('quarantine', 'state-unknown', o.state not in
      ('open', 'picked', 'declined', 'expired', 'lost', 'withdrawn')),
    ('quarantine', 'offer-picked-without-pick', o.state = 'picked' and l.picked_by_user_id is null),
    ('quarantine', 'offer-twice', o.nth > 1),
    ('adjusted', 'offer-outdated', o.state in ('open', 'picked')
      and l.picked_by_user_id <> o.user_id or o.state = 'open' and l.state <> 'offered')
  ) f (kind, reason, holds)
  where f.holds;
  perform app_private.legacy_block(p_load, 'offers');

  insert into legacy_staging.finding (load, source_table, legacy_key, kind, reason)
  select p_load, 'comments', c.id::text, 'quarantine', f.reason
  from legacy_staging.comments c
  left join legacy_staging.leads l on l.load = p_load and l.id = c.lead_id
  left join legacy_staging.users u on u.load = p_load and u.id = c.user_id
  cross join lateral (values
    ('lead-missing', l.id is null),
    ('user-missing', u.id is null),
    ('text-missing', coalesce(c.text, '') = '')
  ) f (reason, holds)
  where c.load = p_load and f.holds;
  perform app_private.legacy_block(p_load, 'comments');
  perform app_private.legacy_check_api_keys(p_load);
end
$$;

-- unit: app_private.legacy_check_api_keys(p_load integer)
set local role kollegium_broker;
create or replace function app_private.legacy_check_api_keys(p_load integer)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  insert into legacy_staging.finding (load, source_table, legacy_key, kind, reason)
  select p_load, 'api_keys', k.id::text, f.kind, f.reason
  from (select s.*, s.revoked_at is null as live, count(*) filter (where s.revoked_at is null)
          over (partition by lower(s.token_sha256)) as same
        from legacy_staging.api_keys s where s.load = p_load) k
  left join legacy_staging.users u on u.load = p_load and u.id = k.user_id
  cross join lateral (values
    ('quarantine', 'user-missing', u.id is null),
    ('quarantine', 'token-hash-unusable',
      k.live and coalesce(k.token_sha256 !~* '^[0-9a-f]{64}$', true)),
    ('quarantine', 'token-shared', k.live and (k.same > 1 or exists (
      select from app_private.bearer t
      left join app_private.legacy_api_key m on m.api_key_id = t.api_key_id
      where m.legacy_id is distinct from k.id and t.token_sha256 = decode(
        case when k.token_sha256 ~* '^[0-9a-f]{64}$' then k.token_sha256 else '' end, 'hex')
        -- Who has another token there by now, or none, gives this one up.
        and not exists (select from legacy_staging.api_keys o where o.load = p_load and o.id = m.legacy_id
          and (o.revoked_at is not null or lower(o.token_sha256) <> lower(k.token_sha256)))))),
    ('adjusted', 'key-without-name', coalesce(btrim(k.name), '') = '')
  ) f (kind, reason, holds)
  where f.holds;
  perform app_private.legacy_block(p_load, 'api_keys');
end
$$;

-- unit: app.legacy_expect_whole_source(p_load integer)
set local role kollegium_broker;
-- Half an export is no deletion: where more than a tenth of what came over is missing, and not just a few rows,
-- nothing is followed until somebody says that it is meant. 409 with table and numbers.
create or replace function app.legacy_expect_whole_source(p_load integer)
returns void language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v record;
begin
  if app_private.legacy_cut_over() then
    return;
  end if;
  for v in
    select t.name, t.known, t.missing from (
      select 'leads' as name, count(*) as known, count(*) filter (where s.id is null and k.row_hash <> 0) as missing
      from app_private.legacy_lead k
      left join legacy_staging.leads s on s.load = p_load and s.id = k.legacy_id
      union all
      select 'users', count(*), count(*) filter (where s.id is null)
      from app_private.legacy_user k
      left join legacy_staging.users s on s.load = p_load and s.id = k.legacy_id
      union all
      select 'offers', coalesce(sum(cardinality(k.offers)), 0), coalesce(sum(cardinality(k.offers)), 0)
        - (select count(*) from legacy_staging.offers s where s.load = p_load)
      from app_private.legacy_lead k
      union all
      select 'comments', coalesce(sum(cardinality(k.comments)), 0), coalesce(sum(cardinality(k.comments)), 0)
        - (select count(*) from legacy_staging.comments s where s.load = p_load)
      from app_private.legacy_lead k
      union all
      select 'participants', count(*), count(*) - (select count(distinct (s.marketplace_id, s.user_id))
        from legacy_staging.participants s where s.load = p_load)
      from app_private.legacy_participation k where k.row_hash <> 0
      union all
      select 'api_keys', count(*), count(*) - (select count(*) from legacy_staging.api_keys s where s.load = p_load)
      from app_private.legacy_api_key k join app.api_key a on a.id = k.api_key_id and a.revoked_at is null) t
    where t.missing > 50 and t.missing * 10 > t.known
  loop
    perform app_private.refuse(409, 'deletions-too-many',
      jsonb_build_object('table', v.name, 'known', v.known, 'missing', v.missing));
  end loop;
end
$$;
comment on function app.legacy_expect_whole_source(integer) is
  'Refuses a load that lacks much of what came over before.';
grant execute on function app.legacy_expect_whole_source(integer) to kollegium_staff;

-- unit: app_private.legacy_remove_comments(p_marketplace uuid, p_ids uuid[])
set local role kollegium_broker;
create or replace function app_private.legacy_remove_comments(p_marketplace uuid, p_ids uuid[])
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  delete from app.note where marketplace_id = p_marketplace and id = any (p_ids);
  delete from app.message where marketplace_id = p_marketplace and id = any (p_ids);
end
$$;

-- unit: app.legacy_follow_deletions( p_load integer, p_after bigint, p_limit integer, out last bigint, out seen integer, out changed integer)
set local role kollegium_broker;
-- Known leads that are deleted there, or wait in quarantine, in batches of their numbers.
create or replace function app.legacy_follow_deletions(
  p_load integer, p_after bigint, p_limit integer, out last bigint, out seen integer, out changed integer)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  r record;
begin
  perform app_private.legacy_hold_merges();
  changed := 0; seen := 0;
  if app_private.legacy_cut_over() then
    return;
  end if;
  for r in
    select k.*, s.id is null as deleted, a.version as current, a.state
    from app_private.legacy_lead k
    join app.lead a on a.marketplace_id = k.marketplace_id and a.id = k.lead_id
    left join legacy_staging.leads s on s.load = p_load and s.id = k.legacy_id
    where k.legacy_id > p_after and k.row_hash <> 0 and (s.id is null or exists (
      select from legacy_staging.blocked b
      where b.load = p_load and b.source_table = 'leads' and b.id = s.id))
    order by k.legacy_id limit p_limit
  loop
    last := r.legacy_id;
    seen := seen + 1;
    changed := changed + app_private.legacy_follow_deletion(p_load, r.marketplace_id, r.lead_id, r.legacy_id, r.deleted);
  end loop;
end
$$;
comment on function app.legacy_follow_deletions(integer, bigint, integer) is
  'Takes back leads that are deleted in the former system or wait in quarantine since they came over.';
grant execute on function app.legacy_follow_deletions(integer, bigint, integer) to kollegium_staff;

-- unit: app_private.legacy_follow_deletion( p_load integer, p_marketplace uuid, p_lead uuid, p_legacy_id bigint, p_deleted boolean)
set local role kollegium_broker;
-- One of them. 1 when something changed.
create or replace function app_private.legacy_follow_deletion(
  p_load integer, p_marketplace uuid, p_lead uuid, p_legacy_id bigint, p_deleted boolean)
returns integer language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_lead constant app.lead := app_private.lock_lead(p_marketplace, p_lead);
  v_written constant integer := (select k.version from app_private.legacy_lead k where k.legacy_id = p_legacy_id);
begin
  if v_lead.version <> v_written then
    if p_deleted and v_lead.state not in ('withdrawn', 'erased') then
      perform app_private.legacy_conflict(p_load, 'leads', p_legacy_id, 'deleted-there');
    end if;
    return app_private.legacy_end_offers(p_marketplace, p_lead,
      app_private.legacy_id('brokerage', p_legacy_id, v_lead.created_at), '{}');
  elsif not p_deleted and v_lead.state <> 'offered' then
    return 0;
  end if;
  update app.engagement set state = 'revoked', handler_id = null, handler_name = null
  where p_deleted and marketplace_id = p_marketplace and lead_id = p_lead
    and state in ('active', 'won', 'lost', 'return_requested');
  update app.offer set state = 'withdrawn', answered_at = now(), answered_by_name = null
  where marketplace_id = p_marketplace and lead_id = p_lead
    and (state = 'open' or p_deleted and state = 'picked');
  update app.brokerage set state = case when p_deleted then 'withdrawn' else 'exhausted' end,
    closed_at = coalesce(closed_at, now())
  where marketplace_id = p_marketplace and lead_id = p_lead and (state = 'open' or p_deleted);
  update app.lead set state = case when p_deleted then 'withdrawn' else 'unplaced' end,
    engaged_company_id = case when not p_deleted then engaged_company_id end,
    engaged_company_name = case when not p_deleted then engaged_company_name end,
    engagement_id = case when not p_deleted then engagement_id end,
    changed_at = now(), version = version + 1
  where marketplace_id = p_marketplace and id = p_lead;
  perform app_private.legacy_follow_parties(array[p_marketplace], array[p_lead]);
  perform app_private.legacy_remove_comments(p_marketplace, k.comments)
  from app_private.legacy_lead k where p_deleted and k.legacy_id = p_legacy_id;
  perform app_private.record(p_marketplace, p_lead, case when p_deleted then 'withdrawn' else 'unplaced' end,
    app_private.nobody(), '{"source": "legacy"}');
  update app_private.legacy_lead set row_hash = 0, version = version + 1,
    comments = case when p_deleted then '{}' else comments end
  where legacy_id = p_legacy_id;
  return 1;
end
$$;

-- unit: app_private.legacy_follow_parties(p_markets uuid[], p_leads uuid[])
set local role kollegium_broker;
-- What is seen with the lead is seen by those who see it now.
create or replace function app_private.legacy_follow_parties(p_markets uuid[], p_leads uuid[])
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  update app.prospect x set parties = l.parties from app.lead l
  where (l.marketplace_id, l.id) in (select * from unnest(p_markets, p_leads))
    and x.marketplace_id = l.marketplace_id and x.lead_id = l.id and x.parties is distinct from l.parties;
  update app.message x set parties = l.parties from app.lead l
  where (l.marketplace_id, l.id) in (select * from unnest(p_markets, p_leads))
    and x.marketplace_id = l.marketplace_id and x.lead_id = l.id and x.parties is distinct from l.parties;
  update app.history x set parties = l.parties from app.lead l
  where (l.marketplace_id, l.id) in (select * from unnest(p_markets, p_leads))
    and x.marketplace_id = l.marketplace_id and x.lead_id = l.id and x.parties is distinct from l.parties;
end
$$;

-- unit: app_private.legacy_end_offers( p_marketplace uuid, p_lead uuid, p_brokerage uuid, p_companies uuid[])
set local role kollegium_broker;
-- Open offers of the former system's wave to others than p_companies end; nobody touched these. The lead is
-- locked. 1 when there were some.
create or replace function app_private.legacy_end_offers(
  p_marketplace uuid, p_lead uuid, p_brokerage uuid, p_companies uuid[])
returns integer language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  update app.offer set state = 'withdrawn', answered_at = now()
  where marketplace_id = p_marketplace and brokerage_id = p_brokerage and state = 'open'
    and company_id <> all (p_companies);
  if not found then
    return 0;
  end if;
  perform app_private.conclude_wave(l.marketplace_id, l.id)
  from app.lead l where l.marketplace_id = p_marketplace and l.id = p_lead and l.state = 'offered';
  return 1;
end
$$;

-- unit: app_private.legacy_settle_touched( p_load integer, p_rows app_private.legacy_lead_row[])
set local role kollegium_broker;
-- Leads that differ there and were touched here: what is here stays. But offers that are not open there end, and
-- an operator is told once of a lead that was picked on both sides by different companies.
create or replace function app_private.legacy_settle_touched(
  p_load integer, p_rows app_private.legacy_lead_row[])
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  r app_private.legacy_lead_row;
  v_lead app.lead;
begin
  foreach r in array coalesce(p_rows, '{}') loop
    continue when r.action <> 'changed-here';
    v_lead := app_private.lock_lead(r.marketplace_id, r.lead_id);
    insert into legacy_staging.finding (load, source_table, legacy_key, kind, reason)
    select p_load, 'offers', o::text, 'quarantine', 'deleted-there'
    from app_private.legacy_lead k, unnest(k.offers) o
    where k.legacy_id = r.legacy_id and not exists (
      select from legacy_staging.offers s where s.load = p_load and s.id = o);
    perform app_private.legacy_end_offers(r.marketplace_id, r.lead_id, r.brokerage_id, array(
      select p.company_id from legacy_staging.offers s
      join app_private.legacy_party p on p.legacy_id = s.user_id
      join legacy_staging.leads l on l.load = p_load and l.id = s.lead_id and l.state = 'offered'
      where s.load = p_load and s.lead_id = r.legacy_id and s.state = 'open' and s.id = any (r.offers)));
    if r.taker_company_id is not null and v_lead.engaged_company_id <> r.taker_company_id then
      perform app_private.legacy_tell_of_two_picks(r, v_lead);
    end if;
  end loop;
end
$$;

-- unit: app_private.legacy_tell_of_two_picks( p_row app_private.legacy_lead_row, p_lead app.lead)
set local role kollegium_broker;
create or replace function app_private.legacy_tell_of_two_picks(
  p_row app_private.legacy_lead_row, p_lead app.lead)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  insert into app_private.legacy_quarantine as q (source_table, legacy_key, reason)
  values ('leads', p_row.legacy_id::text, 'changed-here')
  on conflict (source_table, legacy_key, reason) do update set last_seen_at = now(), healed_at = null
    where q.healed_at is not null;
  if found then
    perform app_private.mail_company('picked-twice', p_lead.operator_company_id, jsonb_build_object(
      'lead', p_lead.id, 'interest', left(p_lead.interest, 200), 'here', p_lead.engaged_company_name,
      'there', p_row.taker_company_name));
  end if;
end
$$;

-- unit: app_private.legacy_lock_key()
set local role kollegium_broker;
-- Batches of an import hold this beside each other, a merge, its undo or a split alone: who gives rows of
-- the former system to a company, and who moves the company's rows, lock both in no order of their own.
create or replace function app_private.legacy_lock_key() returns bigint
language sql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$ select hashtextextended('legacy import', 0) $$;

-- unit: app_private.legacy_read_anew(p_markets uuid[], p_leads uuid[])
set local role kollegium_broker;
-- Leads of which something depends on who belongs together: the next import writes them as the former system
-- has them, as if they had changed there. Who touched one here keeps what is here.
create or replace function app_private.legacy_read_anew(p_markets uuid[], p_leads uuid[])
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  update app_private.legacy_lead k set row_hash = 1
  from app.lead l
  where (l.marketplace_id, l.id) in (select * from unnest(p_markets, p_leads)) and l.source = 'legacy'
    and k.legacy_id = case when l.external_ref ~ '^[0-9]{1,18}$' then l.external_ref::bigint end
    and k.lead_id = l.id and k.version = l.version and k.row_hash <> 0;
end
$$;

-- unit: app_private.legacy_since()
set local role kollegium_broker;
-- Since when offers that are overdue are looked at while the former system is still followed: those overdue long
-- before the first import are not, there may be many. Null: no former system, or its cut-over is done.
create or replace function app_private.legacy_since() returns timestamptz
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select coalesce((select min(u.imported_at) - interval '7 days' from app_private.legacy_user u), '-infinity')
  from app_private.legacy_state s where s.cut_over_at is null
$$;

-- unit: app_private.legacy_awaited(p_marketplace uuid, p_lead uuid)
set local role kollegium_broker;
-- Whether a lead waits for the word of the former system: it came from there, and nobody touched it here.
create or replace function app_private.legacy_awaited(p_marketplace uuid, p_lead uuid) returns boolean
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select exists (
    select from app.lead l join app_private.legacy_lead k
      on k.legacy_id = case when l.external_ref ~ '^[0-9]{1,18}$' then l.external_ref::bigint end
      and k.lead_id = l.id and k.version = l.version
    where l.marketplace_id = p_marketplace and l.id = p_lead and l.source = 'legacy')
$$;

-- unit: app_private.legacy_renew(p_markets uuid[], p_leads uuid[])
set local role kollegium_broker;
-- Before leads get a new version that nobody's doing brought about: the import goes on following them.
create or replace function app_private.legacy_renew(p_markets uuid[], p_leads uuid[])
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  update app_private.legacy_lead k set version = k.version + 1
  from app.lead l
  where (l.marketplace_id, l.id) in (select * from unnest(p_markets, p_leads)) and l.source = 'legacy'
    and k.legacy_id = case when l.external_ref ~ '^[0-9]{1,18}$' then l.external_ref::bigint end
    and k.lead_id = l.id and k.version = l.version;
end
$$;

-- unit: app_private.legacy_merge_rules()
set local role kollegium_broker;
-- The rows of app_private.merge_rules that are about tables of the former system.
create or replace function app_private.legacy_merge_rules()
returns table (place integer, tab text, col text, rule text, found text, of text, why text)
language sql immutable set search_path = pg_catalog, pg_temp
as $$
  values
    (220, 'app_private.legacy_proof', 'company_id', 'keep', null::text, null::text, 'what was proven of it then'),
    (220, 'app_private.legacy_user', 'company_id', 'keep', null, null, 'the company made for him; the import goes on from it to its survivor'),
    (220, 'app_private.legacy_participation', 'company_id', 'keep', null, null, 'the company made for the participant')
$$;

-- unit: app.legacy_import_api_keys( p_load integer, out seen integer, out created integer, out changed integer)
set local role kollegium_broker;
-- Keys go on working: both systems keep SHA-256 of the token. A key revoked there, or deleted, ends here; one
-- with another token there has it here, and only that. A key that somebody revoked here stays revoked.
create or replace function app.legacy_import_api_keys(
  p_load integer, out seen integer, out created integer, out changed integer)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  k record;
  v_cut_over constant boolean := app_private.legacy_cut_over();
begin
  perform app_private.legacy_hold_merges();
  created := 0;
  changed := case when v_cut_over then 0 else app_private.legacy_end_api_keys(p_load) end;
  select count(*) into seen from app_private.legacy_keys_of(p_load);
  for k in select * from app_private.legacy_keys_of(p_load) order by legacy_id loop
    if k.known is null then
      created := created + app_private.legacy_add_api_key(
        k.legacy_id, k.key_id, k.company_id, k.colleague_id, k.name, k.created_at, k.revoked_at, k.token);
    elsif k.ended is null and k.revoked_at is null and not v_cut_over then
      changed := changed + app_private.legacy_follow_api_key(p_load, k.legacy_id, k.known, k.name, k.token);
    end if;
  end loop;
end
$$;
comment on function app.legacy_import_api_keys(integer) is
  'The API keys of a load; their tokens go on working.';
grant execute on function app.legacy_import_api_keys(integer) to kollegium_staff;

-- unit: app_private.legacy_keys_of(p_load integer)
set local role kollegium_broker;
create or replace function app_private.legacy_keys_of(p_load integer)
returns table (legacy_id bigint, key_id uuid, company_id uuid, colleague_id uuid, name text,
  created_at timestamptz, revoked_at timestamptz, token bytea, known uuid, ended timestamptz)
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select s.id, app_private.legacy_id('api-key', s.id, s.created_at), p.company_id, p.colleague_id,
    coalesce(nullif(btrim(s.name), ''), 'API'), s.created_at, s.revoked_at,
    case when s.revoked_at is null then decode(s.token_sha256, 'hex') end, m.api_key_id, a.revoked_at
  from legacy_staging.api_keys s
  join app_private.legacy_party p on p.legacy_id = s.user_id
  left join app_private.legacy_api_key m on m.legacy_id = s.id
  left join app.api_key a on a.id = m.api_key_id
  where s.load = p_load and not exists (
    select from legacy_staging.blocked b
    where b.load = p_load and b.source_table = 'api_keys' and b.id = s.id)
$$;

-- unit: app_private.legacy_end_api_keys(p_load integer)
set local role kollegium_broker;
-- Ends keys that are revoked or deleted there, and lets go of the tokens that others do not have any more, so
-- that two keys can exchange theirs.
create or replace function app_private.legacy_end_api_keys(p_load integer)
returns integer language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_ended uuid[];
begin
  with ended as (
    update app.api_key a set revoked_at = coalesce(s.revoked_at, now())
    from app_private.legacy_api_key m
    left join legacy_staging.api_keys s on s.load = p_load and s.id = m.legacy_id
    where a.id = m.api_key_id and a.revoked_at is null
      and (s.id is null or s.revoked_at is not null and exists (
        select from app_private.legacy_keys_of(p_load) k where k.legacy_id = s.id))
    returning a.id, a.company_id
  ) select array_agg(e.id) into v_ended from ended e
    cross join lateral app_private.audit('api-key-revoked', e.company_id, null, e.id);
  delete from app_private.bearer b where b.api_key_id = any (v_ended);
  delete from app_private.bearer b using app_private.legacy_keys_of(p_load) k
  where b.api_key_id = k.known and k.revoked_at is null and b.token_sha256 <> k.token;
  return coalesce(cardinality(v_ended), 0);
end
$$;

-- unit: app_private.legacy_follow_api_key( p_load integer, p_legacy_id bigint, p_key uuid, p_name text, p_token bytea)
set local role kollegium_broker;
-- Name and token as they are there. 1 when something changed.
create or replace function app_private.legacy_follow_api_key(
  p_load integer, p_legacy_id bigint, p_key uuid, p_name text, p_token bytea)
returns integer language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_key app.api_key;
  v_changed integer := 0;
begin
  select * into v_key from app.api_key where id = p_key for no key update;
  if v_key.name <> p_name then
    update app.api_key set name = p_name where id = p_key;
    v_changed := 1;
  end if;
  if not exists (select from app_private.bearer b where b.api_key_id = p_key) then
    insert into app_private.bearer (token_sha256, company_id, company_state, api_key_id, created_at, expires_at)
    select p_token, co.id, co.state, p_key, v_key.created_at, 'infinity'
    from app.company co where co.id = v_key.company_id
    on conflict (token_sha256) do nothing;
    if found then
      perform app_private.audit('api-key-rotated', v_key.company_id, null, p_key);
      v_changed := 1;
    else
      perform app_private.legacy_conflict(p_load, 'api_keys', p_legacy_id, 'token-shared');
    end if;
  end if;
  return v_changed;
end
$$;

-- unit: app_private.legacy_add_api_key( p_legacy_id bigint, p_id uuid, p_company uuid, p_colleague uuid, p_name text, p_at timestamptz, p_revoked_at timestamptz, p_token bytea)
set local role kollegium_broker;
create or replace function app_private.legacy_add_api_key(
  p_legacy_id bigint, p_id uuid, p_company uuid, p_colleague uuid, p_name text, p_at timestamptz,
  p_revoked_at timestamptz, p_token bytea)
returns integer language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_state text;
begin
  if app_private.legacy_cut_over() and not app_private.legacy_waits('api_keys', p_legacy_id) then
    return 0;
  end if;
  -- A deleted user's company is closed: its key comes over and opens nothing.
  select state into v_state from app.company where id = p_company and state <> 'absorbed' for share;
  if not found then
    return 0;
  end if;
  insert into app.api_key (id, company_id, name, created_by_id, created_at, revoked_at)
  values (p_id, p_company, p_name, p_colleague, p_at, p_revoked_at)
  on conflict (id) do nothing;
  if not found then
    return 0;
  end if;
  if p_revoked_at is null then
    insert into app_private.bearer (token_sha256, company_id, company_state, api_key_id, created_at, expires_at)
    values (p_token, p_company, v_state, p_id, p_at, 'infinity');
  end if;
  insert into app_private.legacy_api_key (legacy_id, api_key_id) values (p_legacy_id, p_id);
  perform app_private.legacy_journal(array['app.api_key'], array[null::uuid], array[p_id], array['company_id'],
    array[p_colleague]);
  perform app_private.audit('api-key-created', p_company, p_colleague, p_id,
    jsonb_build_object('legacy_api_key', p_legacy_id));
  return 1;
end
$$;

-- unit: app.legacy_import_groups(p_load integer)
set local role kollegium_broker;
-- Groups gave no rights; they are kept as they are now, for suggestions.
create or replace function app.legacy_import_groups(p_load integer)
returns integer language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_count integer;
begin
  perform pg_advisory_xact_lock(hashtextextended('legacy groups', 0));
  delete from app_private.legacy_group_member;
  delete from app_private.legacy_group;
  insert into app_private.legacy_group (legacy_id, owner_legacy_id, name)
  select g.id, g.owner_user_id, g.name from legacy_staging.groups g
  where g.load = p_load and not exists (select from legacy_staging.blocked b
    where b.load = p_load and b.source_table = 'groups' and b.id = g.id);
  get diagnostics v_count = row_count;
  insert into app_private.legacy_group_member (group_legacy_id, user_legacy_id)
  select m.group_id, m.user_id from legacy_staging.group_members m
  where m.load = p_load and not exists (select from legacy_staging.finding f
    where f.load = p_load and f.source_table = 'group_members' and f.kind = 'quarantine'
      and f.legacy_key = m.group_id || '/' || m.user_id);
  return v_count;
end
$$;
comment on function app.legacy_import_groups(integer) is
  'Keeps the legacy groups and their members, from which merges are suggested.';
grant execute on function app.legacy_import_groups(integer) to kollegium_staff;

-- unit: app_private.legacy_beside(p_load integer, p_after bigint, p_last bigint)
set local role kollegium_broker;
-- Offers and comments of the leads after p_after up to p_last: their common hash, without those that
-- wait in quarantine, so that a healed one shows as a change of its lead.
create or replace function app_private.legacy_beside(p_load integer, p_after bigint, p_last bigint)
returns table (lead_id bigint, has_offers boolean, has_open boolean, hash bigint, offers bigint[], comments uuid[])
language sql stable set search_path = pg_catalog, pg_temp rows 5000
as $$
  select x.lead_id, bool_or(x.offer), bool_or(x.open), bit_xor(x.hash) filter (where not x.waits),
    array_agg(x.id order by x.id) filter (where x.offer and not x.waits),
    array_agg(x.comment order by x.comment) filter (where x.comment is not null and not x.waits)
  from (
    select o.lead_id, o.id, null::uuid as comment, true as offer, o.state = 'open' as open, b.id is not null as waits,
      hash_record_extended(row(o.id, o.user_id, o.state, o.reason, o.offered_at, o.expires_at,
        o.answered_at), 1) as hash
    from legacy_staging.offers o
    left join legacy_staging.blocked b on b.load = p_load and b.source_table = 'offers' and b.id = o.id
    where o.load = p_load and o.lead_id > p_after and o.lead_id <= p_last
    union all
    select c.lead_id, c.id, app_private.legacy_id('comment', c.id, c.created_at), false, false, b.id is not null, hash_record_extended(row(c.id), 2)
    from legacy_staging.comments c
    left join legacy_staging.blocked b on b.load = p_load and b.source_table = 'comments' and b.id = c.id
    where c.load = p_load and c.lead_id > p_after and c.lead_id <= p_last) x
  group by x.lead_id
$$;

-- unit: app_private.legacy_healed_beside(p_load integer, p_lead bigint)
set local role kollegium_broker;
-- Is there an offer or comment of the lead that waits in quarantine and could come in now?
create or replace function app_private.legacy_healed_beside(p_load integer, p_lead bigint)
returns boolean language sql stable set search_path = pg_catalog, pg_temp
as $$
  select exists (
    select from (
      select 'offers' as source_table, o.id from legacy_staging.offers o
      where o.load = p_load and o.lead_id = p_lead
      union all
      select 'comments', c.id from legacy_staging.comments c
      where c.load = p_load and c.lead_id = p_lead) x
    where app_private.legacy_waits(x.source_table, x.id) and not exists (
      select from legacy_staging.blocked b
      where b.load = p_load and b.source_table = x.source_table and b.id = x.id))
$$;

-- unit: app_private.legacy_lead_rows(p_load integer, p_after bigint, p_last bigint)
set local role kollegium_broker;
-- The leads of a batch that are new, or differ from what was imported of them. action:
--   new            not imported yet
--   change         differs, and nobody touched it here
--   complete       was touched here, or the cut-over is past; a row beside it is healed and comes in
--   changed-here   differs, and was touched here;  giver-changed: a giver is never exchanged
--   late           differs after the cut-over: nothing happens
create or replace function app_private.legacy_lead_rows(p_load integer, p_after bigint, p_last bigint)
returns setof app_private.legacy_lead_row
language sql stable set search_path = pg_catalog, pg_temp rows 5000
as $$
  select l.id,
    act.action,
    m.id, coalesce(k.lead_id, app_private.legacy_id('lead', l.id, l.created_at)),
    array_remove(array[m.operator_company_id, v.giver_company_id, t.company_id], null),
    m.operator_company_id, m.operator_name, v.giver_company_id, v.giver_name,
    coalesce(g.colleague_id, o.colleague_id), coalesce(g.colleague_name, o.colleague_name), o.colleague_id,
    t.company_id, t.company_name, t.colleague_id, t.colleague_name, t.active,
    case when act.action = 'complete' then case when exists (
        select from app.brokerage w where w.marketplace_id = m.id and w.state = 'open'
          and w.id = app_private.legacy_id('brokerage', l.id, v.created_at)) then 'offered' else 'unplaced' end
      else case l.state
      when 'new' then case when l.consent then 'submitted' else 'draft' end
      when 'released' then 'available' when 'picked' then 'engaged'
      when 'won' then 'closed' when 'lost' then 'closed'
      when 'offered' then case when b.has_open then 'offered' else 'unplaced' end
      else l.state end end,
    case l.state when 'picked' then 'active' when 'won' then 'won' when 'lost' then 'lost' end,
    l.interest, left(coalesce(l.kept_postcode, ''), m.teaser_digits),
    app_private.legacy_list(l.tags), coalesce(l.consent, false), case when l.state = 'won' then l.value end,
    m.name, m.steps, case when l.status_id is null then m.steps[1] else st.step end, m.response_hours,
    coalesce(b.has_offers, false),
    app_private.legacy_id('brokerage', l.id, v.created_at),
    case when t.company_id is not null then coalesce(e.id, app_private.legacy_id(
      'engagement of ' || l.picked_by_user_id || ' ', l.id, coalesce(l.picked_at, l.updated_at))) end,
    case when t.company_id is not null then coalesce(e.started_at, l.picked_at, l.updated_at) end,
    case when l.state in ('won', 'lost') then coalesce(l.closed_at,
      case when e.state = l.state then e.closed_at end, l.updated_at) end,
    v.created_at, l.updated_at, coalesce(b.offers, '{}'), coalesce(b.comments, '{}'), h.hash, k.row_hash, a.version
  from legacy_staging.leads l
  join app_private.legacy_marketplace km on km.legacy_id = l.marketplace_id
  join app.marketplace m on m.id = km.marketplace_id
  join legacy_staging.marketplaces sm on sm.load = p_load and sm.id = l.marketplace_id
  join app_private.legacy_party o on o.legacy_id = sm.owner_user_id
  left join app_private.legacy_party g
    on g.legacy_id = l.giver_user_id and g.company_id <> m.operator_company_id
  left join app_private.legacy_party t on t.legacy_id = l.picked_by_user_id
  left join legacy_staging.statuses ss on ss.load = p_load and ss.id = l.status_id
  cross join lateral (select case when ss.name = any (m.steps) then ss.name end as step) st
  left join app_private.legacy_beside(p_load, p_after, p_last) b on b.lead_id = l.id
  left join app_private.legacy_lead k on k.legacy_id = l.id
  left join app.lead a on a.marketplace_id = k.marketplace_id and a.id = k.lead_id
  -- A giver stays who he is here; a merge may have made him the operator. Ids of what belongs to a lead hold
  -- although its time was corrected there.
  cross join lateral (select
    case when k.legacy_id is null then g.company_id else a.giver_company_id end as giver_company_id,
    case when k.legacy_id is null then g.company_name else a.giver_name end as giver_name,
    coalesce(a.created_at, l.created_at) as created_at) v
  -- The pick that is known already: whoever has it still, unless he gave it back and picked it anew.
  left join app.engagement e on e.marketplace_id = a.marketplace_id and e.id = a.engagement_id
    and e.picked_by_id = t.colleague_id and e.state in ('active', 'won', 'lost', 'return_requested')
    and (l.picked_at is null or l.picked_at <= e.started_at)
  cross join lateral (select coalesce(b.hash, 0) # hash_record_extended(row(
    l.giver_user_id, l.picked_by_user_id, l.picked_at, l.state, l.status_id, l.interest, l.tags,
    l.consent, l.value, l.closed_at, l.contact_name, l.contact_salutation, l.contact_company,
    l.contact_email, l.contact_phone, l.contact_street, l.contact_postcode, l.contact_city,
    l.contact_country, ss.name, sm.teaser_digits), 0) as hash) h
  cross join lateral (select case
    when k.legacy_id is null then 'new'
    when a.version = k.version and not c.cut_over
      then case when coalesce(a.giver_company_id, m.operator_company_id)
          <> coalesce(g.company_id, m.operator_company_id) then 'giver-changed' else 'change' end
    when app_private.legacy_healed_beside(p_load, l.id) then 'complete'
    when c.cut_over then 'late' else 'changed-here' end as action
    from (select (select app_private.legacy_cut_over()) as cut_over) c) act
  where l.load = p_load and l.id > p_after and l.id <= p_last
    and k.row_hash is distinct from h.hash
    and not exists (select from legacy_staging.blocked x
                    where x.load = p_load and x.source_table = 'leads' and x.id = l.id)
$$;

-- unit: app.legacy_lead_batches(p_load integer, p_limit integer)
set local role kollegium_broker;
-- Where the batches of a load begin: the number of the lead before each.
create or replace function app.legacy_lead_batches(p_load integer, p_limit integer)
returns setof bigint language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select 0
  union all
  (select l.id from (select s.id, row_number() over (order by s.id) as n
                     from legacy_staging.leads s where s.load = p_load) l
   where l.n % p_limit = 0 order by l.id)
$$;
comment on function app.legacy_lead_batches(integer, integer) is
  'The numbers after which the batches of a load begin, of so many leads each.';
grant execute on function app.legacy_lead_batches(integer, integer) to kollegium_staff;

-- unit: app.legacy_import_leads( p_load integer, p_after bigint, p_limit integer, out last bigint, out seen integer, out created integer, out changed integer)
set local role kollegium_broker;
-- At most p_limit leads after number p_after; batches may run side by side. last is where the next batch begins, null after the end.
create or replace function app.legacy_import_leads(
  p_load integer, p_after bigint, p_limit integer,
  out last bigint, out seen integer, out created integer, out changed integer)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_rows app_private.legacy_lead_row[];
begin
  perform pg_advisory_xact_lock_shared(app_private.legacy_load_lock(p_load));
  perform app_private.legacy_hold_merges();
  created := 0; changed := 0;
  select max(s.id), count(*) into last, seen
  from (select l.id from legacy_staging.leads l where l.load = p_load and l.id > p_after
        order by l.id limit p_limit) s;
  if last is null then
    return;
  end if;
  perform app_private.legacy_hold_companies(p_load, p_after, last);
  select array_agg(r order by r.legacy_id) into v_rows
  from app_private.legacy_lead_rows(p_load, p_after, last) r;
  insert into legacy_staging.finding (load, source_table, legacy_key, kind, reason)
  select p_load, 'leads', r.legacy_id::text, 'quarantine', r.action
  from unnest(v_rows) r where r.action in ('changed-here', 'giver-changed');
  perform app_private.legacy_settle_touched(p_load, v_rows);
  v_rows := app_private.legacy_claim_leads(v_rows);
  if v_rows is null then
    return;
  end if;
  select count(*) filter (where r.action = 'new'), count(*) filter (where r.action <> 'new')
  into created, changed from unnest(v_rows) r;
  if changed > 0 then
    perform app_private.legacy_change_leads(p_load, v_rows);
  end if;
  perform app_private.legacy_add_leads(p_load, v_rows);
  perform app_private.legacy_write_offers(p_load, v_rows);
  perform app_private.legacy_add_picks(v_rows);
  perform app_private.legacy_add_comments(p_load, v_rows);
  perform app_private.legacy_journal_leads(p_load, v_rows);
  perform app_private.audit('legacy-leads-imported', null, null, null, jsonb_build_object(
    'after', p_after, 'last', last, 'created', created, 'changed', changed));
end
$$;
comment on function app.legacy_import_leads(integer, bigint, integer) is
  'A batch of legacy leads with offers, engagements, notes, messages and history, in one transaction.';
grant execute on function app.legacy_import_leads(integer, bigint, integer) to kollegium_staff;

-- unit: app_private.legacy_hold_companies(p_load integer, p_after bigint, p_last bigint)
set local role kollegium_broker;
-- A merge changes the row of the company it absorbs: it waits for the batch, or the batch for it. So
-- nothing is ever given to an absorbed company (docs/domain.md, case 6).
create or replace function app_private.legacy_hold_companies(p_load integer, p_after bigint, p_last bigint)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  perform from app.company co where co.id in (
    select p.company_id from app_private.legacy_party p where p.legacy_id in (
      select l.giver_user_id from legacy_staging.leads l
      where l.load = p_load and l.id > p_after and l.id <= p_last
      union select l.picked_by_user_id from legacy_staging.leads l
      where l.load = p_load and l.id > p_after and l.id <= p_last
      union select m.owner_user_id from legacy_staging.marketplaces m where m.load = p_load
      union select o.user_id from legacy_staging.offers o
      where o.load = p_load and o.lead_id > p_after and o.lead_id <= p_last
      union select c.user_id from legacy_staging.comments c
      where c.load = p_load and c.lead_id > p_after and c.lead_id <= p_last))
  order by co.id for share;
end
$$;

-- unit: app_private.legacy_claim_leads(p_rows app_private.legacy_lead_row[])
set local role kollegium_broker;
-- Those of the rows that are this run's to write; null when none is left.
create or replace function app_private.legacy_claim_leads(p_rows app_private.legacy_lead_row[])
returns app_private.legacy_lead_row[] language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_won bigint[];
begin
  perform app_private.legacy_remove_comments(k.marketplace_id, array(
    select c from unnest(k.comments) c except select c from unnest(r.comments) c))
  from unnest(p_rows) r
  join app_private.legacy_lead k on k.legacy_id = r.legacy_id and not k.comments <@ r.comments
  where r.action in ('change', 'changed-here');
  with new as (
    insert into app_private.legacy_lead (legacy_id, marketplace_id, lead_id, row_hash, version, offers, comments)
    select r.legacy_id, r.marketplace_id, r.lead_id, r.row_hash, 1, r.offers, r.comments
    from unnest(p_rows) r
    where r.action = 'new'
      and (not (select app_private.legacy_cut_over()) or app_private.legacy_waits('leads', r.legacy_id))
    order by r.legacy_id
    on conflict (legacy_id) do nothing returning legacy_id
  ), known as (
    update app_private.legacy_lead k set row_hash = r.row_hash,
      offers = case r.action when 'complete' then k.offers else '{}' end || r.offers,
      comments = case r.action when 'complete' then k.comments else '{}' end || r.comments,
      version = k.version + case r.action when 'change' then 1 else 0 end
    from unnest(p_rows) r
    where r.action in ('change', 'complete') and k.legacy_id = r.legacy_id and k.row_hash = r.known_hash
    returning k.legacy_id
  ) select array_agg(w.legacy_id) into v_won
  from (select legacy_id from new union all select legacy_id from known) w;
  return (select array_agg(r order by r.legacy_id) from unnest(p_rows) r
          join unnest(v_won) w (legacy_id) using (legacy_id));
end
$$;

-- unit: app_private.legacy_add_leads(p_load integer, p_rows app_private.legacy_lead_row[])
set local role kollegium_broker;
create or replace function app_private.legacy_add_leads(p_load integer, p_rows app_private.legacy_lead_row[])
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  insert into app.lead (marketplace_id, id, operator_company_id, giver_company_id, engaged_company_id,
    state, interest, postcode_area, tags, distribution_permission, source, external_ref, operator_name,
    giver_name, engaged_company_name, engagement_id, created_by_id, received_at, created_at, submitted_at,
    changed_at, teaser_interest, teaser_tags)
  select r.marketplace_id, r.lead_id, r.operator_company_id, r.giver_company_id, r.taker_company_id,
    r.state, r.interest, r.postcode_area, r.tags, r.consent, 'legacy', r.legacy_id::text,
    r.operator_name, r.giver_name, r.taker_company_name, r.engagement_id, r.created_by_id, r.created_at,
    r.created_at, case when r.state <> 'draft' then r.created_at end, r.updated_at,
    nullif(app_private.teaser(r.interest), r.interest), nullif(app_private.teaser_tags(r.tags), r.tags)
  from unnest(p_rows) r where r.action = 'new';
  insert into app.prospect (marketplace_id, lead_id, parties, name, salutation, company, email, phone,
    street, postcode, city, country, answers, about)
  select r.marketplace_id, r.lead_id, r.parties, l.contact_name, l.contact_salutation,
    l.contact_company, l.kept_email, l.kept_phone, l.contact_street, l.kept_postcode,
    l.kept_city, l.kept_country, l.kept_answers, concat_ws(' ', r.interest, r.legacy_id)
  from unnest(p_rows) r
  join legacy_staging.leads l on l.load = p_load and l.id = r.legacy_id
  where r.action = 'new';
  insert into app.history (marketplace_id, id, lead_id, parties, event, company_id, company_name,
    colleague_id, colleague_name, detail, created_at)
  select r.marketplace_id, app_private.legacy_id('created', r.legacy_id, r.created_at), r.lead_id,
    r.parties, 'created', coalesce(r.giver_company_id, r.operator_company_id),
    coalesce(r.giver_name, r.operator_name), r.created_by_id, r.created_by_name,
    '{"source": "legacy"}', r.created_at
  from unnest(p_rows) r where r.action = 'new';
end
$$;

-- unit: app_private.legacy_brokerage_state(p_lead_state text)
set local role kollegium_broker;
create or replace function app_private.legacy_brokerage_state(p_lead_state text) returns text
language sql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$
  select case p_lead_state when 'offered' then 'open' when 'engaged' then 'placed'
    when 'closed' then 'placed' when 'withdrawn' then 'withdrawn' else 'exhausted' end
$$;

-- unit: app_private.legacy_load_lock(p_load integer)
set local role kollegium_broker;
create or replace function app_private.legacy_load_lock(p_load integer) returns bigint
language sql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$ select hashtextextended('legacy load ' || p_load, 0) $$;

-- unit: app_private.legacy_hold_merges()
set local role kollegium_broker;
create or replace function app_private.legacy_hold_merges()
returns void language sql volatile set search_path = pg_catalog, pg_temp
as $$ select pg_advisory_xact_lock_shared(app_private.legacy_lock_key()) $$;

-- unit: app_private.legacy_clear_loads()
set local role kollegium_broker;
-- Empties what loads left that no session holds. Truncates where nobody else is at work: deleting
-- millions of rows would take as long as reading them.
create or replace function app_private.legacy_clear_loads()
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_dead integer[];
  v_alive boolean;
  v_table name;
begin
  select array_agg(l.load) filter (where l.dead), bool_or(not l.dead) into v_dead, v_alive
  from (select load, pg_try_advisory_xact_lock(app_private.legacy_load_lock(load)) as dead
        from legacy_staging.load) l;
  for v_table in select c.relname from pg_class c
                 where c.relnamespace = 'legacy_staging'::regnamespace and c.relkind = 'r' loop
    if coalesce(v_alive, false) then
      execute format('delete from legacy_staging.%I where load = any ($1)', v_table) using v_dead;
    else
      execute format('truncate legacy_staging.%I', v_table);
    end if;
  end loop;
end
$$;

-- unit: app.legacy_begin_load(p_source text)
set local role kollegium_broker;
-- Begins a load and returns its number. The session keeps it until app.legacy_end_load, or its end.
create or replace function app.legacy_begin_load(p_source text)
returns integer language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_load integer;
begin
  -- One at a time takes a number and clears; the rows of others are theirs.
  perform pg_advisory_xact_lock(hashtextextended('legacy loads', 0));
  perform app_private.legacy_clear_loads();
  select coalesce(max(load), 0) + 1 into v_load from legacy_staging.load;
  perform pg_advisory_lock_shared(app_private.legacy_load_lock(v_load));
  insert into legacy_staging.load (load, source) values (v_load, p_source);
  return v_load;
end
$$;
comment on function app.legacy_begin_load(text) is
  'Begins a load of legacy rows into legacy_staging; what dead runs left is emptied.';
grant execute on function app.legacy_begin_load(text) to kollegium_staff;

-- unit: app.legacy_seal_load(p_load integer)
set local role kollegium_broker;
-- Every row of the load is there: gives the planner its statistics and looks at each row.
create or replace function app.legacy_seal_load(p_load integer)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_table name;
begin
  update legacy_staging.load set sealed_at = now() where load = p_load;
  for v_table in select c.relname from pg_class c
                 where c.relnamespace = 'legacy_staging'::regnamespace and c.relkind = 'r' loop
    execute format('analyze legacy_staging.%I', v_table);
  end loop;
  perform app_private.legacy_keep_known(p_load);
  perform app_private.legacy_check_values(p_load);
  perform app_private.legacy_check_users(p_load);
  perform app_private.legacy_check_marketplaces(p_load);
  perform app_private.legacy_check_leads(p_load);
  perform app_private.legacy_check_beside_leads(p_load);
  perform app_private.legacy_check_dependents(p_load);
  -- Of rows that have nothing but a number here, no more than that is told.
  delete from legacy_staging.finding f using legacy_staging.finding w
  where f.load = p_load and w.load = p_load and w.reason in ('record-unreadable', 'not-found')
    and f.source_table = w.source_table and f.legacy_key = w.legacy_key and f.reason <> w.reason;
  analyze legacy_staging.finding;
  analyze legacy_staging.blocked;
end
$$;
comment on function app.legacy_seal_load(integer) is
  'Ends the reading of a load and finds what cannot be imported, and why.';
grant execute on function app.legacy_seal_load(integer) to kollegium_staff;

-- unit: app.legacy_end_load(p_load integer)
set local role kollegium_broker;
create or replace function app.legacy_end_load(p_load integer)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('legacy loads', 0));
  perform pg_advisory_unlock_shared(app_private.legacy_load_lock(p_load));
  perform app_private.legacy_clear_loads();
end
$$;
comment on function app.legacy_end_load(integer) is 'Ends a load: its rows go.';
grant execute on function app.legacy_end_load(integer) to kollegium_staff;

-- unit: app_private.legacy_id(p_kind text, p_legacy_id bigint, p_at timestamptz)
set local role kollegium_broker;
-- The id of what a legacy row becomes: a UUID of version 7 with the row's own time in front, so that
-- lists stay in their old order, and a digest of kind and number behind: the same in every run.
create or replace function app_private.legacy_id(p_kind text, p_legacy_id bigint, p_at timestamptz)
returns uuid language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$
declare
  v_digest constant text := md5(p_kind || p_legacy_id);
begin
  -- A time that is out of range waits in quarantine, and must not end what looks at it there.
  return lpad(to_hex(floor(extract(epoch from least(greatest(p_at, '1970-01-01 00:00+00'),
      '2999-12-31 00:00+00')) * 1000)::bigint), 12, '0')
    || '7' || substr(v_digest, 1, 3) || 'a' || substr(v_digest, 4, 15);
end
$$;

-- unit: app_private.legacy_marketplaces_of(p_load integer)
set local role kollegium_broker;
create or replace function app_private.legacy_marketplaces_of(p_load integer)
returns table (legacy_id bigint, owner_id bigint, colleague_id uuid, marketplace_id uuid, company_id uuid,
  company_name text, name text,
  steps text[], response_hours integer, teaser_digits integer, giver_may_withdraw boolean,
  auto_accept boolean, created_at timestamptz, updated_at timestamptz, row_hash bigint)
language sql stable set search_path = pg_catalog, pg_temp rows 2000
as $$
  select m.id, p.legacy_id, p.colleague_id, app_private.legacy_id('marketplace', m.id, m.created_at), p.company_id,
    p.company_name, m.name, t.steps, coalesce(m.response_hours, 48), coalesce(m.teaser_digits, 2),
    coalesce(m.giver_may_withdraw, true), coalesce(m.auto_accept, false), m.created_at, m.updated_at,
    hash_record_extended(row(m.owner_user_id, m.name, m.response_hours, m.teaser_digits, m.giver_may_withdraw,
      m.auto_accept, t.steps), 0)
  from legacy_staging.marketplaces m
  join app_private.legacy_party p on p.legacy_id = m.owner_user_id
  cross join lateral (select coalesce((
    select array_agg(s.name order by s.position, s.id) from legacy_staging.statuses s
    where s.load = p_load and s.marketplace_id = m.id and not exists (
      select from legacy_staging.blocked b
      where b.load = p_load and b.source_table = 'statuses' and b.id = s.id)), array['neu']) as steps) t
  where m.load = p_load and not exists (
    select from legacy_staging.blocked b
    where b.load = p_load and b.source_table = 'marketplaces' and b.id = m.id)
$$;

-- unit: app.legacy_import_marketplaces( p_load integer, out seen integer, out created integer, out changed integer)
set local role kollegium_broker;
-- All marketplaces of a load; there are few. The primary key of legacy_marketplace lets each in once.
create or replace function app.legacy_import_marketplaces(
  p_load integer, out seen integer, out created integer, out changed integer)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  m record;
begin
  perform app_private.legacy_hold_merges();
  seen := 0; created := 0; changed := 0;
  for m in
    select s.*, k.marketplace_id as known, k.row_hash as known_hash, k.version as written,
      k.owner_legacy_id as former_owner
    from app_private.legacy_marketplaces_of(p_load) s
    left join app_private.legacy_marketplace k on k.legacy_id = s.legacy_id
    order by s.legacy_id
  loop
    seen := seen + 1;
    if m.known is null then
      created := created + app_private.legacy_add_marketplace(
        m.legacy_id, m.owner_id, m.marketplace_id, m.company_id, m.company_name, m.name, m.steps,
        m.response_hours, m.teaser_digits, m.giver_may_withdraw, m.auto_accept, m.created_at, m.row_hash);
      perform app_private.legacy_journal(array['app.marketplace'], array[null::uuid],
        array[m.marketplace_id], array['operator_company_id'], array[m.colleague_id]);
    elsif m.known_hash <> m.row_hash and not app_private.legacy_cut_over() then
      perform app_private.legacy_hold_operators(m.known, m.company_id);
      update app.marketplace set name = m.name, steps = m.steps, response_hours = m.response_hours,
        teaser_digits = m.teaser_digits, giver_may_withdraw = m.giver_may_withdraw,
        auto_accept = m.auto_accept, changed_at = now(), version = version + 1
      where id = m.known and version = m.written;
      if not found then
        perform app_private.legacy_conflict(p_load, 'marketplaces', m.legacy_id);
        continue;
      end if;
      update app.participation set marketplace_name = m.name, steps = m.steps where marketplace_id = m.known;
      update app.offer set marketplace_name = m.name where marketplace_id = m.known and state = 'open';
      if m.former_owner <> m.owner_id then
        perform app_private.legacy_change_operator(p_load, m.known, m.former_owner, m.company_id);
      end if;
      update app_private.legacy_marketplace set row_hash = m.row_hash, version = m.written + 1,
        owner_legacy_id = m.owner_id
      where legacy_id = m.legacy_id;
      perform app_private.audit('legacy-marketplace-changed', m.company_id, null, m.known);
      changed := changed + 1;
    end if;
  end loop;
  perform app_private.legacy_conflict(p_load, 'marketplaces', k.legacy_id, 'deleted-there')
  from app_private.legacy_marketplace k
  where not app_private.legacy_cut_over() and not exists (
    select from legacy_staging.marketplaces s where s.load = p_load and s.id = k.legacy_id);
end
$$;
comment on function app.legacy_import_marketplaces(integer) is
  'The marketplaces of a load, operated by the companies of their owners.';
grant execute on function app.legacy_import_marketplaces(integer) to kollegium_staff;

-- unit: app_private.legacy_add_marketplace( p_legacy_id bigint, p_owner bigint, p_id uuid, p_company uuid, p_company_name text, p_name text, p_steps text[], p_hours integer, p_digits integer, p_withdraw boolean, p_accept boolean, p_at timestamptz, p_hash bigint)
set local role kollegium_broker;
-- 1 when this call made it, 0 when another run was first, or the cut-over.
create or replace function app_private.legacy_add_marketplace(
  p_legacy_id bigint, p_owner bigint, p_id uuid, p_company uuid, p_company_name text, p_name text,
  p_steps text[], p_hours integer, p_digits integer, p_withdraw boolean, p_accept boolean, p_at timestamptz, p_hash bigint)
returns integer language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  if app_private.legacy_cut_over() and not app_private.legacy_waits('marketplaces', p_legacy_id) then
    return 0;
  end if;
  -- A merge of the operator waits for this transaction, or this one for the merge.
  perform from app.company where id = p_company and state <> 'absorbed' for share;
  if not found then
    return 0;
  end if;
  insert into app.marketplace (id, operator_company_id, name, operator_name, steps, response_hours,
    teaser_digits, giver_may_withdraw, auto_accept, created_at)
  values (p_id, p_company, p_name, p_company_name, p_steps, p_hours, p_digits, p_withdraw, p_accept, p_at)
  on conflict (id) do nothing;
  if not found then
    return 0;
  end if;
  insert into app_private.legacy_marketplace (legacy_id, owner_legacy_id, marketplace_id, row_hash, version)
  values (p_legacy_id, p_owner, p_id, p_hash, 1);
  perform app_private.audit('legacy-marketplace-imported', p_company, null, p_id,
    jsonb_build_object('legacy_marketplace', p_legacy_id));
  return 1;
end
$$;

-- unit: app_private.legacy_hold_operators(p_marketplace uuid, p_company uuid)
set local role kollegium_broker;
-- Before a marketplace changes hands: both companies, the marketplace and its leads are locked in the
-- order of everybody.
create or replace function app_private.legacy_hold_operators(p_marketplace uuid, p_company uuid)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_former constant uuid := (select m.operator_company_id from app.marketplace m where m.id = p_marketplace);
begin
  if v_former <> p_company then
    perform app_private.lock_companies(v_former, p_company);
    perform from app.marketplace where id = p_marketplace for update;
    perform from app.lead l where l.marketplace_id = p_marketplace order by l.id for update;
  end if;
end
$$;

-- unit: app_private.legacy_change_operator( p_load integer, p_marketplace uuid, p_former_owner bigint, p_company uuid)
set local role kollegium_broker;
-- A marketplace has another owner there: everything on it is seen and run by his company from then on, and by
-- the former one only what that gave itself. Requests of both wait, as for a merge.
create or replace function app_private.legacy_change_operator(
  p_load integer, p_marketplace uuid, p_former_owner bigint, p_company uuid)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_former constant uuid := (select m.operator_company_id from app.marketplace m where m.id = p_marketplace);
  v_name constant text := (select co.name from app.company co where co.id = p_company);
  v_leads uuid[];
begin
  if v_former = p_company then
    return;
  end if;
  select array_agg(l.id) into v_leads from app.lead l where l.marketplace_id = p_marketplace;
  update app.lead l set giver_company_id = v_former, giver_name = l.operator_name
  from app_private.legacy_lead k join legacy_staging.leads s on s.load = p_load and s.id = k.legacy_id
  where l.marketplace_id = p_marketplace and l.id = k.lead_id and k.marketplace_id = p_marketplace
    and l.giver_company_id is null and s.giver_user_id = p_former_owner;
  update app.lead set giver_company_id = null, giver_name = null
  where marketplace_id = p_marketplace and giver_company_id = p_company;
  update app.marketplace set operator_company_id = p_company, operator_name = v_name where id = p_marketplace;
  delete from app.participation where marketplace_id = p_marketplace and company_id = p_company;
  perform app_private.operators_back(p_company, v_former, array[p_marketplace]);
  update app.participation set operator_name = v_name where marketplace_id = p_marketplace;
  update app.lead set operator_name = v_name where marketplace_id = p_marketplace;
  perform app_private.follow_back(p_company, v_former, array[p_marketplace],
    array_fill(p_marketplace, array[coalesce(cardinality(v_leads), 0)]), v_leads, '{}');
  perform app_private.legacy_read_anew(
    array_fill(p_marketplace, array[coalesce(cardinality(v_leads), 0)]), v_leads);
end
$$;

-- unit: app_private.legacy_list(p_text text)
set local role kollegium_broker;
-- 'a, b,,c' as an array: what the former system kept in one text.
create or replace function app_private.legacy_list(p_text text) returns text[]
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$
begin
  return coalesce(array_remove(regexp_split_to_array(btrim(p_text), ' *, *'), ''), '{}');
end
$$;

-- unit: app_private.legacy_cards_of(p_load integer)
set local role kollegium_broker;
-- One card for each marketplace and user: the rows of a giver and of a taker together. Who is deleted leaves
-- his company's card as it is, unless he was the last in it.
create or replace function app_private.legacy_cards_of(p_load integer)
returns table (first_id bigint, marketplace_id uuid, operator_company_id uuid, marketplace_name text,
  operator_name text, steps text[], company_id uuid, company_name text, own_company_id uuid, colleague_id uuid,
  capacities text[], state text,
  postcode_areas text[], tags text[], cap integer, created_at timestamptz, row_hash bigint)
language sql stable set search_path = pg_catalog, pg_temp rows 20000
as $$
  select p.first_id, m.id, m.operator_company_id, m.name, m.operator_name, m.steps, u.company_id,
    u.company_name, u.own_company_id, u.colleague_id, p.capacities,
    case when u.company_state = 'closed' then 'ended'
      else (array['active', 'invited', 'ended', 'declined'])[p.best] end, p.postcode_areas, p.tags, p.cap,
    p.created_at, hash_record_extended(row(u.active, p.capacities, p.best, p.postcode_areas, p.tags, p.cap), 0)
  from (
    select s.marketplace_id, s.user_id, min(s.id) as first_id, array_agg(s.role order by s.role) as capacities,
      min(array_position(array['active', 'invited', 'ended', 'declined'], s.state)) as best,
      app_private.legacy_list(max(s.postcode_areas) filter (where s.role = 'taker')) as postcode_areas,
      app_private.legacy_list(max(s.tags) filter (where s.role = 'taker')) as tags,
      max(s.cap) filter (where s.role = 'taker') as cap, min(s.created_at) as created_at
    from legacy_staging.participants s
    where s.load = p_load and not exists (
      select from legacy_staging.blocked b
      where b.load = p_load and b.source_table = 'participants' and b.id = s.id)
    group by s.marketplace_id, s.user_id) p
  join app_private.legacy_marketplace k on k.legacy_id = p.marketplace_id
  join app.marketplace m on m.id = k.marketplace_id
  join app_private.legacy_party u on u.legacy_id = p.user_id
$$;

-- unit: app_private.legacy_offers_of( p_load integer, p_rows app_private.legacy_lead_row[])
set local role kollegium_broker;
-- Offers of the given leads. What an offer becomes depends on the pick first (rule L4), and for a lead
-- that was touched here on how it stands here. A giver or operator is not offered its own lead through
-- somebody who came to it by a merge.
create or replace function app_private.legacy_offers_of(
  p_load integer, p_rows app_private.legacy_lead_row[])
returns setof app_private.legacy_offer_row language sql stable set search_path = pg_catalog, pg_temp rows 15000
as $$
  select r.marketplace_id, app_private.legacy_id('offer', o.id, o.offered_at),
    r.brokerage_id, r.lead_id, p.company_id, r.operator_company_id, 1, s.state,
    r.teaser, r.postcode_area, app_private.teaser_tags(r.tags), r.marketplace_name, p.company_name, o.offered_at,
    coalesce(o.expires_at, o.offered_at + make_interval(hours => r.hours)),
    case when s.state = 'open' then null
         else coalesce(o.answered_at, case when s.state in ('picked', 'lost') then r.picked_at end,
                       o.updated_at) end,
    case when s.state in ('picked', 'declined') then p.colleague_name end,
    case when s.state = 'declined' then o.reason end, r.action,
    greatest(o.updated_at, o.answered_at), o.id, p.colleague_id,
    row_number() over (partition by r.lead_id, p.company_id
      order by app_private.offer_rank(s.state), p.own_company_id <> p.company_id, o.id)
  -- The teaser of a lead is made once, for all its offers.
  from (select u.*, app_private.teaser(u.interest) as teaser from unnest(p_rows) u offset 0) r
  join legacy_staging.offers o on o.load = p_load and o.lead_id = r.legacy_id
  join app_private.legacy_party p on p.legacy_id = o.user_id
  cross join lateral (select case
    when r.action <> 'complete' and r.taker_id = p.colleague_id then 'picked'
    when r.state in ('engaged', 'closed') and o.state in ('open', 'picked') then 'lost'
    when o.state = 'open' and (r.state <> 'offered'
      or p.company_id = r.giver_company_id and p.colleague_id <> r.created_by_id
      or p.company_id = r.operator_company_id and p.colleague_id <> r.owner_id) then 'withdrawn'
    else o.state end as state) s
  where (r.action <> 'complete' or app_private.legacy_waits('offers', o.id))
    and not exists (select from legacy_staging.blocked b
      where b.load = p_load and b.source_table = 'offers' and b.id = o.id)
$$;

-- unit: app_private.legacy_write_offers( p_load integer, p_rows app_private.legacy_lead_row[])
set local role kollegium_broker;
create or replace function app_private.legacy_write_offers(
  p_load integer, p_rows app_private.legacy_lead_row[])
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_offers app_private.legacy_offer_row[];
begin
  insert into app.brokerage (marketplace_id, id, lead_id, operator_company_id, state, opened_at, closed_at)
  select r.marketplace_id, r.brokerage_id, r.lead_id, r.operator_company_id, b.state, r.created_at,
    case when b.state <> 'open' then coalesce(r.picked_at, r.updated_at) end
  from unnest(p_rows) r
  cross join lateral (select app_private.legacy_brokerage_state(r.state) as state) b
  where r.has_offers
  on conflict (marketplace_id, id) do nothing;
  select array_agg(o) into v_offers from app_private.legacy_offers_of(p_load, p_rows) o;
  perform app_private.legacy_change_offers(p_rows, v_offers);
  insert into app.offer (marketplace_id, id, brokerage_id, lead_id, company_id, operator_company_id,
    wave, state, interest, postcode_area, tags, marketplace_name, company_name, opened_at, expires_at,
    answered_at, answered_by_name, decline_reason)
  select o.marketplace_id, o.id, o.brokerage_id, o.lead_id, o.company_id, o.operator_company_id, o.wave,
    o.state, o.interest, o.postcode_area, o.tags, o.marketplace_name, o.company_name, o.opened_at,
    o.expires_at, o.answered_at, o.answered_by_name, o.decline_reason
  from unnest(v_offers) o where o.place = 1
  on conflict do nothing;
  perform app_private.legacy_journal_offers(v_offers);
  perform app_private.legacy_conclude_waves(v_offers);
end
$$;

-- unit: app_private.legacy_change_offers( p_rows app_private.legacy_lead_row[], p_offers app_private.legacy_offer_row[])
set local role kollegium_broker;
-- Offers that are here already: the better one of two may be another one now, what it says may have changed,
-- and what is gone there, or waits in quarantine, is not on offer here either. Who declined here after the last
-- word there has declined.
create or replace function app_private.legacy_change_offers(
  p_rows app_private.legacy_lead_row[], p_offers app_private.legacy_offer_row[])
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  if not exists (select from unnest(p_rows) r where r.action = 'change') then
    return;
  end if;
  delete from app.offer t using unnest(p_offers) o, unnest(p_offers) other
  where o.place = 1 and o.action = 'change' and t.marketplace_id = o.marketplace_id
    and t.brokerage_id = o.brokerage_id and t.company_id = o.company_id and t.id <> o.id
    and other.id = t.id;
  -- By company and not by id: its time could be corrected there.
  update app.offer t set state = o.state, interest = o.interest, postcode_area = o.postcode_area,
    tags = o.tags, decline_reason = o.decline_reason, expires_at = o.expires_at,
    answered_at = case when t.state = o.state then t.answered_at else o.answered_at end,
    answered_by_name = case when t.state = o.state then t.answered_by_name else o.answered_by_name end
  from unnest(p_offers) o
  where o.place = 1 and o.action = 'change' and t.marketplace_id = o.marketplace_id
    and t.brokerage_id = o.brokerage_id and t.company_id = o.company_id
    and not (t.state = 'declined' and t.answered_at > o.changed_at and o.state <> 'picked')
    and (t.state, t.interest, t.postcode_area, t.tags, t.decline_reason, t.expires_at) is distinct from
      (o.state, o.interest, o.postcode_area, o.tags, o.decline_reason, o.expires_at);
  update app.offer t set state = 'withdrawn', answered_at = now(), answered_by_name = null
  from unnest(p_rows) r
  where r.action = 'change' and t.marketplace_id = r.marketplace_id and t.brokerage_id = r.brokerage_id
    and t.state in ('open', 'picked') and not exists (
      select from unnest(p_offers) o
      where o.place = 1 and o.lead_id = t.lead_id and o.company_id = t.company_id);
end
$$;

-- unit: app_private.legacy_conclude_waves(p_offers app_private.legacy_offer_row[])
set local role kollegium_broker;
-- Leads whose only open offers there were to their own giver or operator, since a merge: nobody has one.
create or replace function app_private.legacy_conclude_waves(p_offers app_private.legacy_offer_row[])
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_markets uuid[];
  v_leads uuid[];
begin
  select array_agg(x.marketplace_id), array_agg(x.lead_id) into v_markets, v_leads
  from (select distinct o.marketplace_id, o.lead_id from unnest(p_offers) o
        join app.lead l on l.marketplace_id = o.marketplace_id and l.id = o.lead_id and l.state = 'offered'
          and o.company_id = any (l.parties)
        where o.action in ('new', 'change') and o.state = 'withdrawn'
          and not exists (select from app.offer t where t.marketplace_id = o.marketplace_id
            and t.lead_id = o.lead_id and t.state = 'open')) x;
  update app.lead set state = 'unplaced'
  where (marketplace_id, id) in (select * from unnest(v_markets, v_leads));
  update app.brokerage set state = 'exhausted', closed_at = now()
  where (marketplace_id, lead_id) in (select * from unnest(v_markets, v_leads)) and state = 'open';
end
$$;

-- unit: app.legacy_import_participations( p_load integer, out seen integer, out created integer, out changed integer)
set local role kollegium_broker;
-- All cards of a load: new ones go in, those that changed there and not here follow. A card is a company's,
-- and app_private.legacy_participation says by the company made for each user what came of his rows.
create or replace function app.legacy_import_participations(
  p_load integer, out seen integer, out created integer, out changed integer)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_cut_over constant boolean := app_private.legacy_cut_over();
  v_markets uuid[];
  v_colleagues uuid[];
begin
  perform app_private.legacy_hold_merges();
  perform from app.company co where co.id in (
    select u.company_id from app_private.legacy_party u where u.legacy_id in (
      select s.user_id from legacy_staging.participants s where s.load = p_load))
  order by co.id for share;
  -- Invitations before cards, the order of who answers one meanwhile.
  perform from app.partner_invitation i where i.state = 'open'
    and i.marketplace_id in (select m.marketplace_id from app_private.legacy_marketplace m)
  order by i.marketplace_id, i.id for no key update;
  changed := 0;
  if not v_cut_over and exists (select from app_private.legacy_participation) then
    changed := app_private.legacy_change_participations(p_load)
      + app_private.legacy_end_participations(p_load);
  end if;
  with cards as materialized (
    select * from app_private.legacy_cards_of(p_load)
  ), won as (
    insert into app.participation (marketplace_id, company_id, operator_company_id, capacities, state,
      postcode_areas, tags, cap, marketplace_name, operator_name, company_name, steps, invited_at,
      answered_at, ended_at)
    select c.marketplace_id, c.company_id, c.operator_company_id, c.capacities, c.state,
      c.postcode_areas, c.tags, c.cap, c.marketplace_name, c.operator_name, c.company_name, c.steps,
      c.created_at, case when c.state <> 'invited' then c.created_at end,
      case when c.state = 'ended' then c.created_at end
    from (select distinct on (d.marketplace_id, d.company_id) d.* from cards d
          order by d.marketplace_id, d.company_id, d.own_company_id <> d.company_id, d.first_id) c
    where c.company_id <> c.operator_company_id
      and (not v_cut_over or app_private.legacy_waits('participants', c.first_id))
    order by c.marketplace_id, c.company_id
    on conflict (marketplace_id, company_id) do nothing
    returning marketplace_id, company_id
  ), first as (
    select distinct on (c.marketplace_id, c.company_id) c.*
    from won w join cards c using (marketplace_id, company_id)
    order by c.marketplace_id, c.company_id, c.own_company_id <> c.company_id, c.first_id
  ), kept as (
    insert into app_private.legacy_participation (marketplace_id, company_id, first_id, row_hash, version)
    select f.marketplace_id, f.own_company_id, f.first_id, f.row_hash, 1 from first f
    on conflict (marketplace_id, company_id) do update
      set first_id = excluded.first_id, row_hash = excluded.row_hash, version = 1
  ) select (select count(*) from cards), count(*),
      array_agg(f.marketplace_id) filter (where f.own_company_id <> f.company_id),
      array_agg(f.colleague_id) filter (where f.own_company_id <> f.company_id)
    into seen, created, v_markets, v_colleagues from first f;
  perform app_private.legacy_journal_card(x.m, x.c) from unnest(v_markets, v_colleagues) x (m, c);
  if not v_cut_over then
    changed := changed + app_private.legacy_unite_participations(p_load);
  end if;
  perform app_private.legacy_follow_invitations(p_load);
end
$$;
comment on function app.legacy_import_participations(integer) is
  'The participations of a load: who gives to and takes from a marketplace.';
grant execute on function app.legacy_import_participations(integer) to kollegium_staff;

-- unit: app_private.legacy_follow_invitations(p_load integer)
set local role kollegium_broker;
-- An operator sees an invited company by the invitation that he wrote, and withdraws it there: each card
-- that is invited has one a capacity, which ends with the answer.
create or replace function app_private.legacy_follow_invitations(p_load integer)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  insert into app.partner_invitation (marketplace_id, id, operator_company_id, company_id, capacity,
    postcode_areas, tags, cap, created_at)
  select c.marketplace_id, app_private.legacy_id('invitation as ' || t.capacity || ' ', c.first_id,
      c.created_at), c.operator_company_id, c.company_id, t.capacity,
    case t.capacity when 'taker' then c.postcode_areas else '{}' end,
    case t.capacity when 'taker' then c.tags else '{}' end,
    case t.capacity when 'taker' then c.cap end, c.created_at
  from app_private.legacy_cards_of(p_load) c
  join app.participation p on p.marketplace_id = c.marketplace_id and p.company_id = c.company_id
    and p.state = 'invited'
  join app_private.legacy_participation k
    on k.marketplace_id = c.marketplace_id and k.company_id = c.own_company_id and k.version = p.version
  cross join unnest(c.capacities) t (capacity)
  where c.state = 'invited'
  on conflict (marketplace_id, id) do nothing;
  update app.partner_invitation i set state = case p.state
    when 'active' then 'accepted' when 'declined' then 'declined' else 'withdrawn' end
  from app_private.legacy_cards_of(p_load) c
  join app.participation p on p.marketplace_id = c.marketplace_id and p.company_id = c.company_id
  cross join unnest(array['giver', 'taker']) t (capacity)
  where i.marketplace_id = c.marketplace_id and i.state = 'open' and p.state <> 'invited'
    and i.id = app_private.legacy_id('invitation as ' || t.capacity || ' ', c.first_id, c.created_at);
  perform app_private.legacy_journal(array_agg('app.partner_invitation'::text), array_agg(i.marketplace_id),
    array_agg(i.id), array_agg('company_id'::text), array_agg(c.colleague_id))
  from app_private.legacy_cards_of(p_load) c
  cross join unnest(array['giver', 'taker']) t (capacity)
  join app.partner_invitation i on i.marketplace_id = c.marketplace_id
    and i.id = app_private.legacy_id('invitation as ' || t.capacity || ' ', c.first_id, c.created_at)
  where c.own_company_id <> c.company_id and exists (select from app_private.legacy_moved());
end
$$;

-- unit: app_private.legacy_change_participations(p_load integer)
set local role kollegium_broker;
create or replace function app_private.legacy_change_participations(p_load integer)
returns integer language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  c record;
  v_count integer := 0;
begin
  for c in
    select s.*, k.version as written
    from app_private.legacy_cards_of(p_load) s
    join app_private.legacy_participation k
      on k.marketplace_id = s.marketplace_id and k.company_id = s.own_company_id
    where k.row_hash <> s.row_hash and s.company_id <> s.operator_company_id
    order by s.marketplace_id, s.company_id, s.first_id
  loop
    -- By the key, too: who ends a participation waits for the offers that are made beside it.
    perform from app.participation p
    where p.marketplace_id = c.marketplace_id and p.company_id = c.company_id for update;
    update app.participation set capacities = c.capacities, state = c.state,
      postcode_areas = c.postcode_areas, tags = c.tags, cap = c.cap, version = version + 1,
      ended_at = case when c.state = 'ended' then now() end
    where marketplace_id = c.marketplace_id and company_id = c.company_id and version = c.written;
    if not found then
      perform app_private.legacy_conflict(p_load, 'participants', c.first_id);
      continue;
    end if;
    update app_private.legacy_participation set row_hash = c.row_hash, version = c.written + 1
    where marketplace_id = c.marketplace_id and company_id = c.own_company_id;
    v_count := v_count + 1;
  end loop;
  return v_count;
end
$$;

-- unit: app_private.legacy_end_participations(p_load integer)
set local role kollegium_broker;
-- Who takes part there no more has left, unless somebody changed his card here or others hold it with him.
create or replace function app_private.legacy_end_participations(p_load integer)
returns integer language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  k record;
  v_count integer := 0;
begin
  for k in
    select p.*, u.company_id as holder, m.operator_company_id,
      (select count(*) from app_private.legacy_participation o
       join app_private.legacy_party h on h.own_company_id = o.company_id and h.company_id = u.company_id
       where o.marketplace_id = p.marketplace_id and o.row_hash <> 0) as holders
    from app_private.legacy_participation p
    join app_private.legacy_party u on u.own_company_id = p.company_id
    join app_private.legacy_marketplace l on l.marketplace_id = p.marketplace_id
    join app.marketplace m on m.id = p.marketplace_id and m.operator_company_id <> u.company_id
    where p.row_hash <> 0 and exists (select from legacy_staging.marketplaces s where s.load = p_load and s.id = l.legacy_id)
      and not exists (select from legacy_staging.participants s
        where s.load = p_load and s.marketplace_id = l.legacy_id and s.user_id = u.legacy_id)
    order by p.marketplace_id, p.company_id
  loop
    if k.holders = 1 then
      update app.participation set state = 'ended', ended_at = now(), version = version + 1
      where marketplace_id = k.marketplace_id and company_id = k.holder and version = k.version;
    end if;
    if k.holders > 1 or not found then
      perform app_private.legacy_conflict(p_load, 'participants', k.first_id, 'deleted-there')
      where exists (select from app.participation p where p.marketplace_id = k.marketplace_id
        and p.company_id = k.holder and p.state in ('active', 'invited'));
      continue;
    end if;
    update app_private.legacy_participation set row_hash = 0, version = k.version + 1
    where marketplace_id = k.marketplace_id and company_id = k.company_id;
    v_count := v_count + 1;
  end loop;
  return v_count;
end
$$;

-- unit: app_private.legacy_unite_participations(p_load integer)
set local role kollegium_broker;
-- Users of one company by a merge, who both take part: what is new of the second is united with the card of
-- the first, as the merge does it (docs/domain.md, case 4). A card that somebody changed here stays.
create or replace function app_private.legacy_unite_participations(p_load integer)
returns integer language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  c record;
  v_card app.participation;
  v_other app.participation;
  v_count integer := 0;
begin
  for c in
    select s.* from app_private.legacy_cards_of(p_load) s
    where s.company_id <> s.operator_company_id and not exists (
      select from app_private.legacy_participation k
      where k.marketplace_id = s.marketplace_id and k.company_id = s.own_company_id)
    order by s.marketplace_id, s.company_id, s.first_id
  loop
    select * into v_card from app.participation p
    where p.marketplace_id = c.marketplace_id and p.company_id = c.company_id for no key update;
    if not exists (select from app_private.legacy_participation k
                   join app_private.legacy_party u on u.own_company_id = k.company_id
                     and u.company_id = c.company_id
                   where k.marketplace_id = c.marketplace_id and k.version = v_card.version) then
      perform app_private.legacy_conflict(p_load, 'participants', c.first_id);
      continue;
    end if;
    v_other := jsonb_populate_record(v_card, jsonb_build_object('capacities', c.capacities, 'state', c.state,
      'postcode_areas', c.postcode_areas, 'tags', c.tags, 'cap', c.cap, 'paused', false));
    perform app_private.set_row('app.participation', jsonb_build_object(
      'marketplace_id', c.marketplace_id, 'company_id', c.company_id),
      app_private.united_card(v_card, v_other));
    update app_private.legacy_participation k set version = v_card.version + 1
    from app_private.legacy_party u
    where k.marketplace_id = c.marketplace_id and u.own_company_id = k.company_id
      and u.company_id = c.company_id and k.version = v_card.version;
    insert into app_private.legacy_participation (marketplace_id, company_id, first_id, row_hash, version)
    values (c.marketplace_id, c.own_company_id, c.first_id, c.row_hash, v_card.version + 1);
    perform app_private.legacy_journal_united_card(c.marketplace_id, c.colleague_id, v_other);
    v_count := v_count + 1;
  end loop;
  return v_count;
end
$$;

-- unit: app_private.legacy_add_picks(p_rows app_private.legacy_lead_row[])
set local role kollegium_broker;
create or replace function app_private.legacy_add_picks(p_rows app_private.legacy_lead_row[])
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  insert into app.engagement (marketplace_id, id, lead_id, company_id, operator_company_id,
    giver_company_id, company_name, state, origin, self_pick, picked_by_id, picked_by_name, steps, step,
    handler_id, handler_name, value, started_at, closed_at)
  select r.marketplace_id, r.engagement_id, r.lead_id, r.taker_company_id, r.operator_company_id,
    r.giver_company_id, r.taker_company_name, r.outcome, 'pick',
    r.taker_company_id = r.operator_company_id, r.taker_id, r.taker_name, r.steps,
    coalesce(r.step, r.steps[1]),
    case when r.taker_active then r.taker_id end, case when r.taker_active then r.taker_name end,
    r.value, r.picked_at, r.closed_at
  from unnest(p_rows) r where r.engagement_id is not null and r.action <> 'complete'
  on conflict (marketplace_id, id) do nothing;
  insert into app.disclosure (marketplace_id, id, lead_id, company_id, operator_company_id,
    company_name, colleague_name, reason, fields, created_at)
  select r.marketplace_id, r.engagement_id, r.lead_id, r.taker_company_id, r.operator_company_id,
    r.taker_company_name, r.taker_name, 'pick', array_remove(array[
      'answers', case when p.city is not null then 'city' end,
      case when p.company is not null then 'company' end,
      case when p.country is not null then 'country' end,
      case when p.email is not null then 'email' end, case when p.name is not null then 'name' end,
      case when p.phone is not null then 'phone' end,
      case when p.postcode is not null then 'postcode' end,
      case when p.salutation is not null then 'salutation' end,
      case when p.street is not null then 'street' end], null), r.picked_at
  from unnest(p_rows) r
  join app.prospect p on p.marketplace_id = r.marketplace_id and p.lead_id = r.lead_id
  where r.engagement_id is not null and r.action <> 'complete'
  on conflict (marketplace_id, id) do nothing;
  insert into app.history (marketplace_id, id, lead_id, parties, event, company_id, company_name,
    colleague_id, colleague_name, detail, created_at)
  select r.marketplace_id, app_private.legacy_id(e.event || r.engagement_id::text, r.legacy_id, e.at),
    r.lead_id, r.parties, e.event, r.taker_company_id, r.taker_company_name, r.taker_id, r.taker_name,
    e.detail, e.at
  from unnest(p_rows) r
  cross join lateral (values ('picked', r.picked_at, '{}'::jsonb), (r.outcome, r.closed_at,
    jsonb_strip_nulls(jsonb_build_object('value', r.value)))) e (event, at, detail)
  where r.engagement_id is not null and r.action <> 'complete' and e.at is not null
  on conflict (marketplace_id, id) do nothing;
end
$$;

-- unit: app_private.legacy_add_comments( p_load integer, p_rows app_private.legacy_lead_row[])
set local role kollegium_broker;
-- Parties are those of the lead as it is now: with them a message is born, and with them it moves.
create or replace function app_private.legacy_add_comments(
  p_load integer, p_rows app_private.legacy_lead_row[])
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  insert into app.note (marketplace_id, id, lead_id, company_id, author_id, author_name, text, created_at)
  select r.marketplace_id, app_private.legacy_id('comment', c.id, c.created_at), r.lead_id,
    p.company_id, p.colleague_id, p.colleague_name, c.text, c.created_at
  from unnest(p_rows) r
  join legacy_staging.comments c on c.load = p_load and c.lead_id = r.legacy_id and not c.shared
  join app_private.legacy_party p on p.legacy_id = c.user_id
  where (r.action <> 'complete' or app_private.legacy_waits('comments', c.id))
    and not exists (select from legacy_staging.blocked b
      where b.load = p_load and b.source_table = 'comments' and b.id = c.id)
  on conflict (marketplace_id, id) do nothing;
  insert into app.message (marketplace_id, id, lead_id, parties, company_id, company_name, author_id,
    author_name, text, created_at)
  select r.marketplace_id, app_private.legacy_id('comment', c.id, c.created_at), r.lead_id, l.parties,
    p.company_id, p.company_name, p.colleague_id, p.colleague_name, c.text, c.created_at
  from unnest(p_rows) r
  join app.lead l on l.marketplace_id = r.marketplace_id and l.id = r.lead_id
  join legacy_staging.comments c on c.load = p_load and c.lead_id = r.legacy_id and c.shared
  join app_private.legacy_party p on p.legacy_id = c.user_id
  where (r.action <> 'complete' or app_private.legacy_waits('comments', c.id))
    and not exists (select from legacy_staging.blocked b
      where b.load = p_load and b.source_table = 'comments' and b.id = c.id)
  on conflict (marketplace_id, id) do nothing;
end
$$;

-- unit: app_private.legacy_change_leads( p_load integer, p_rows app_private.legacy_lead_row[])
set local role kollegium_broker;
-- Leads that changed there and not here. Who touched one here since the rows were computed makes the
-- batch begin again (40001).
create or replace function app_private.legacy_change_leads(
  p_load integer, p_rows app_private.legacy_lead_row[])
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_moved integer;
begin
  -- Two statements: a condition on rows that a sub-select locks would be looked at before they are locked, and
  -- those that it leaves out not be locked at all.
  perform from unnest(p_rows) r
  join app.lead l on l.marketplace_id = r.marketplace_id and l.id = r.lead_id
  where r.action = 'change' order by l.marketplace_id, l.id for no key update of l;
  select count(*) into v_moved from unnest(p_rows) r
  join app.lead l on l.marketplace_id = r.marketplace_id and l.id = r.lead_id
  where r.action = 'change' and l.version <> r.app_version;
  if v_moved > 0 then
    raise exception using errcode = '40001', message = 'leads were changed while they were imported';
  end if;
  update app.lead l set engaged_company_id = r.taker_company_id,
    engaged_company_name = r.taker_company_name, engagement_id = r.engagement_id, state = r.state,
    interest = r.interest, postcode_area = r.postcode_area, tags = r.tags,
    teaser_interest = nullif(app_private.teaser(r.interest), r.interest),
    teaser_tags = nullif(app_private.teaser_tags(r.tags), r.tags),
    distribution_permission = r.consent, changed_at = now(), version = l.version + 1,
    submitted_at = coalesce(l.submitted_at, case when r.state <> 'draft' then r.updated_at end)
  from unnest(p_rows) r
  where r.action = 'change' and l.marketplace_id = r.marketplace_id and l.id = r.lead_id;
  update app.prospect p set parties = l.parties, name = s.contact_name,
    salutation = s.contact_salutation, company = s.contact_company, email = s.kept_email,
    phone = s.kept_phone, street = s.contact_street, postcode = s.kept_postcode,
    city = s.kept_city, country = s.kept_country, answers = s.kept_answers, about = concat_ws(' ', r.interest, r.legacy_id)
  from unnest(p_rows) r
  join legacy_staging.leads s on s.load = p_load and s.id = r.legacy_id
  join app.lead l on l.marketplace_id = r.marketplace_id and l.id = r.lead_id
  where r.action = 'change' and p.marketplace_id = r.marketplace_id and p.lead_id = r.lead_id;
  perform app_private.legacy_follow_parties(array_agg(r.marketplace_id), array_agg(r.lead_id))
  from unnest(p_rows) r where r.action = 'change';
  perform app_private.legacy_change_brokerages(p_rows);
end
$$;

-- unit: app_private.legacy_change_brokerages(p_rows app_private.legacy_lead_row[])
set local role kollegium_broker;
create or replace function app_private.legacy_change_brokerages(p_rows app_private.legacy_lead_row[])
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  update app.brokerage b set state = app_private.legacy_brokerage_state(r.state),
    closed_at = case when r.state <> 'offered' then coalesce(r.picked_at, r.updated_at) end
  from unnest(p_rows) r
  where r.action = 'change' and b.marketplace_id = r.marketplace_id
    and b.id = r.brokerage_id;
  -- Given back, or picked by somebody else since: that engagement is over.
  update app.engagement e set state = 'revoked', handler_id = null, handler_name = null
  from unnest(p_rows) r
  where r.action = 'change' and e.marketplace_id = r.marketplace_id and e.lead_id = r.lead_id
    and e.id is distinct from r.engagement_id
    and e.state in ('active', 'won', 'lost', 'return_requested');
  -- A status that is no step here any more leaves the step as it is.
  update app.engagement e set state = r.outcome, value = r.value, closed_at = r.closed_at,
    steps = case when r.step <> all (e.steps) then r.steps else e.steps end,
    step = coalesce(r.step, e.step),
    handler_id = case when r.taker_active then r.taker_id end,
    handler_name = case when r.taker_active then r.taker_name end
  from unnest(p_rows) r
  where r.action = 'change' and e.marketplace_id = r.marketplace_id and e.id = r.engagement_id;
end
$$;

-- unit: app.open_proof_sessions(p_companies uuid[], p_tokens_sha256 bytea[])
set local role kollegium_broker;
-- Returns the companies for which a session was opened: not those that are absorbed, native, of
-- several colleagues, or whose only colleague was deactivated.
create or replace function app.open_proof_sessions(p_companies uuid[], p_tokens_sha256 bytea[])
returns setof uuid language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_company uuid;
  v_colleague uuid;
  v_token_sha256 bytea;
begin
  for v_company, v_colleague, v_token_sha256 in
    select co.id, k.id, t.token_sha256
    from unnest(p_companies, p_tokens_sha256) t (company_id, token_sha256)
    join app.company co on co.id = t.company_id and co.state = 'active'
      and co.origin_legacy_user_id is not null
    join app.colleague k on k.company_id = co.id and k.active
    where not exists (select from app.colleague o where o.company_id = co.id and o.id <> k.id)
    for key share of co, k
  loop
    insert into app_private.bearer (token_sha256, company_id, colleague_id, expires_at)
    values (v_token_sha256, v_company, v_colleague, now() + interval '5 minutes');
    perform app_private.audit('proof-session-opened', v_company, v_colleague, v_company);
    return next v_company;
  end loop;
end
$$;
comment on function app.open_proof_sessions(uuid[], bytea[]) is
  'Sessions of five minutes for companies of the former service that are still one person; audited.';
grant execute on function app.open_proof_sessions(uuid[], bytea[]) to kollegium_staff;

-- unit: app.close_proof_sessions(p_tokens_sha256 bytea[])
set local role kollegium_broker;
-- Ends them at once; the row goes, so that nothing of it stays known to the log-in limits.
create or replace function app.close_proof_sessions(p_tokens_sha256 bytea[])
returns integer language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_colleague uuid;
  v_count integer := 0;
begin
  for v_colleague in
    delete from app_private.bearer b
    where b.token_sha256 = any (p_tokens_sha256) and b.colleague_id is not null
    returning b.colleague_id
  loop
    v_count := v_count + 1;
    perform app_private.audit('proof-session-closed', k.company_id, k.id, k.company_id)
    from app.colleague k where k.id = v_colleague;
  end loop;
  return v_count;
end
$$;
comment on function app.close_proof_sessions(bytea[]) is 'Ends sessions of a proof; returns how many.';
grant execute on function app.close_proof_sessions(bytea[]) to kollegium_staff;

-- unit: app.keep_proofs(p_proofs jsonb)
set local role kollegium_broker;
-- Keeps the latest proof of each company, for the status and for switching on.
create or replace function app.keep_proofs(p_proofs jsonb)
returns integer language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_count integer;
begin
  insert into app_private.legacy_proof as p (company_id, users, marketplaces, participants, leads,
    prospects, offers, comments, api_keys, differences, waiting, since_import, digest)
  select r.company_id, r.users, r.marketplaces, r.participants, r.leads, r.prospects, r.offers,
    r.comments, r.api_keys, r.differences, r.waiting, r.since_import, r.digest
  from jsonb_to_recordset(p_proofs) r (company_id uuid, users integer, marketplaces integer,
    participants integer, leads integer, prospects integer, offers integer, comments integer,
    api_keys integer, differences integer, waiting integer, since_import integer, digest text)
  join app.company co on co.id = r.company_id and co.origin_legacy_user_id is not null
  order by r.company_id
  on conflict (company_id) do update set proven_at = now(), users = excluded.users,
    marketplaces = excluded.marketplaces, participants = excluded.participants, leads = excluded.leads,
    prospects = excluded.prospects, offers = excluded.offers, comments = excluded.comments,
    api_keys = excluded.api_keys, differences = excluded.differences, waiting = excluded.waiting,
    since_import = excluded.since_import, digest = excluded.digest;
  get diagnostics v_count = row_count;
  return v_count;
end
$$;
comment on function app.keep_proofs(jsonb) is
  'Keeps the outcome of proofs, one for each company; returns how many.';
grant execute on function app.keep_proofs(jsonb) to kollegium_staff;

-- What each user saw before is in seen_accounts.sql and seen_before.sql, counts of whole
-- tables in totals.sql.

-- unit: app.prove_begin(p_load integer)
set local role kollegium_broker;
-- Before anything is compared: rows that the last import put aside wait, with what depends on them.
create or replace function app.prove_begin(p_load integer)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  insert into legacy_staging.finding (load, source_table, legacy_key, kind, reason, field)
  select p_load, q.source_table, q.legacy_key, 'quarantine', q.reason, q.field
  from app_private.legacy_quarantine q
  where q.healed_at is null and q.reason = 'unforeseen' and not exists (
    select from legacy_staging.finding f where f.load = p_load and f.reason = q.reason
      and f.source_table = q.source_table and f.legacy_key = q.legacy_key);
  perform app_private.legacy_block(p_load, t.source_table)
  from (select distinct q.source_table from app_private.legacy_quarantine q
        where q.healed_at is null and q.reason = 'unforeseen') t;
  perform app_private.legacy_check_dependents(p_load);
end
$$;
comment on function app.prove_begin(integer) is
  'Makes rows of a load wait that the last import had to put aside.';
grant execute on function app.prove_begin(integer) to kollegium_staff;

-- unit: app.list_proof_users(p_load integer)
set local role kollegium_broker;
-- Every user of a load, and whether his proof can be made:
--   ready    his company stands and he is its one colleague
--   deleted  he saw nothing before (L2), and cannot now: company closed, colleague inactive
--   waits    his row is in quarantine
--   missing  there is no company for him, and no reason: a difference
--   joined   brought together with others, or with colleagues, or deleted there and changed here: no longer
--            what he was; the company that he acts for is compared as one
create or replace function app.list_proof_users(p_load integer)
returns table (legacy_user bigint, company_id uuid, acts_for uuid, week text, state text)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select s.id, m.company_id, c.company_id, cc.week, case
    when m.legacy_id is null and b.id is not null then 'waits'
    when m.legacy_id is null then 'missing'
    when s.deleted_at is not null and co.state = 'closed' and not c.active then 'deleted'
    when c.company_id <> m.company_id or co.state = 'absorbed' or exists (
      select from app.colleague o where o.company_id = m.company_id and o.id <> m.colleague_id)
      or s.deleted_at is not null and m.version <> co.version + c.version
      then 'joined'
    else 'ready' end
  from legacy_staging.users s
  left join app_private.legacy_user m on m.legacy_id = s.id
  left join app.colleague c on c.id = m.colleague_id
  left join app.company co on co.id = m.company_id
  left join app_private.cohort_company cc on cc.company_id = m.company_id
  left join legacy_staging.blocked b
    on b.load = s.load and b.source_table = 'users' and b.id = s.id
  where s.load = p_load
  order by s.id
$$;
comment on function app.list_proof_users(integer) is
  'Users of a load with their companies, and whether their proof can be made.';
grant execute on function app.list_proof_users(integer) to kollegium_staff;

-- unit: app_private.legacy_columns(p_table text)
set local role kollegium_broker;
-- The columns of a legacy table and their types, in order.
create or replace function app_private.legacy_columns(p_table text)
returns table (field text, type text, place integer)
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select a.attname, format_type(a.atttypid, a.atttypmod), a.attnum::integer
  from pg_attribute a
  where a.attrelid = format('legacy_staging.%I', p_table)::regclass and a.attnum > 0
    and a.attname not in ('load', 'address') and a.attname not like 'kept\_%'
  order by a.attnum
$$;

-- unit: app.legacy_begin_reading(p_table text)
set local role kollegium_broker;
-- An empty table of the session for the rows of a legacy table as text; place is where it stood.
create or replace function app.legacy_begin_reading(p_table text)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  drop table if exists pg_temp.legacy_text;
  execute format('create temp table legacy_text (place bigint primary key, load integer, %s)',
    (select string_agg(format('%I text', c.field), ', ' order by c.place)
     from app_private.legacy_columns(p_table) c));
  grant insert on pg_temp.legacy_text to kollegium_staff;
end
$$;
comment on function app.legacy_begin_reading(text) is
  'Makes a table of the session for the rows of a legacy table as text.';
grant execute on function app.legacy_begin_reading(text) to kollegium_staff;

-- unit: app.legacy_read_rows(p_load integer, p_table text, p_first bigint, p_last bigint)
set local role kollegium_broker;
-- Types the rows from place p_first to p_last; fails where one cannot be. Returns how many.
create or replace function app.legacy_read_rows(p_load integer, p_table text, p_first bigint, p_last bigint)
returns bigint language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_count bigint;
begin
  execute (select format('insert into legacy_staging.%I (load, %s) select $1, %s from pg_temp.legacy_text '
      'where place between $2 and $3', p_table, string_agg(format('%I', c.field), ', ' order by c.place),
      string_agg(format('%I::%s', c.field, c.type), ', ' order by c.place))
    from app_private.legacy_columns(p_table) c) using p_load, p_first, p_last;
  get diagnostics v_count = row_count;
  return v_count;
end
$$;
comment on function app.legacy_read_rows(integer, text, bigint, bigint) is
  'Types rows that were read as text; all of them, or an error.';
grant execute on function app.legacy_read_rows(integer, text, bigint, bigint) to kollegium_staff;

-- unit: app.legacy_read_row(p_load integer, p_table text, p_place bigint)
set local role kollegium_broker;
-- A row that cannot be typed: what can be read of it is kept, so that what depends on it waits for it; the
-- rest is named. Without a number of its own, or with that of another row, it is only told.
create or replace function app.legacy_read_row(p_load integer, p_table text, p_place bigint)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_keys constant text[] := case p_table when 'group_members' then array['group_id', 'user_id'] else array['id'] end;
  v_row jsonb;
  v_column record;
  v_bad text[] := '{}';
  v_key text;
  v_twice boolean := false;
begin
  execute 'select to_jsonb(t) - ''place'' from pg_temp.legacy_text t where t.place = $1' into v_row using p_place;
  for v_column in select * from app_private.legacy_columns(p_table) loop
    begin
      execute format('select $1::%s', v_column.type) using v_row ->> v_column.field;
    exception when others then
      v_bad := v_bad || v_column.field;
      v_row := v_row || jsonb_build_object(v_column.field, null);
    end;
  end loop;
  select string_agg(v_row ->> k, '/') into v_key from unnest(v_keys) k having bool_and(v_row ->> k is not null);
  if v_key is not null then
    begin
      execute (select format('insert into legacy_staging.%I (load, %s) select $1, %s', p_table,
          string_agg(format('%I', c.field), ', ' order by c.place),
          string_agg(format('($2 ->> %L)::%s', c.field, c.type), ', ' order by c.place))
        from app_private.legacy_columns(p_table) c) using p_load, v_row;
    exception when unique_violation then
      v_twice := true;
    end;
  end if;
  insert into legacy_staging.finding (load, source_table, legacy_key, kind, reason, field)
  select p_load, p_table, coalesce(v_key, 'row ' || p_place), 'quarantine', f.reason, f.field
  from (values ('value-unreadable', array_to_string(v_bad, ', '), cardinality(v_bad) > 0),
    ('number-twice', array_to_string(v_keys, ', '), v_twice),
    ('value-missing', array_to_string(v_keys, ', '), v_key is null and not v_keys && v_bad)
  ) f (reason, field, holds) where f.holds;
end
$$;
comment on function app.legacy_read_row(integer, text, bigint) is
  'Keeps what can be read of a row, and names what cannot.';
grant execute on function app.legacy_read_row(integer, text, bigint) to kollegium_staff;

-- unit: app.legacy_emails(p_load integer, p_after bigint, p_limit integer)
set local role kollegium_broker;
-- Log-ins of a load whose one spelling is not known yet: the log-in decides it, in service/vocabulary.py.
create or replace function app.legacy_emails(p_load integer, p_after bigint, p_limit integer)
returns table (id bigint, email text)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select u.id, u.email from legacy_staging.users u
  where u.load = p_load and u.id > p_after and u.deleted_at is null and u.email is not null
  order by u.id limit p_limit
$$;
comment on function app.legacy_emails(integer, bigint, integer) is
  'Log-ins of the users of a load as they stand there, in pages.';
grant execute on function app.legacy_emails(integer, bigint, integer) to kollegium_staff;

-- unit: app.legacy_keep_addresses(p_load integer, p_ids bigint[], p_addresses text[])
set local role kollegium_broker;
create or replace function app.legacy_keep_addresses(p_load integer, p_ids bigint[], p_addresses text[])
returns void language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  update legacy_staging.users u set address = a.address
  from unnest(p_ids, p_addresses) a (id, address) where u.load = p_load and u.id = a.id
$$;
comment on function app.legacy_keep_addresses(integer, bigint[], text[]) is
  'Keeps log-ins of a load as the log-in spells them; null: it refuses them.';
grant execute on function app.legacy_keep_addresses(integer, bigint[], text[]) to kollegium_staff;

-- unit: app.legacy_importable(p_load integer, p_table text, p_after bigint, p_last bigint)
set local role kollegium_broker;
-- The numbers of rows that can come over, after one and up to another; those together that become one row:
-- a participant who gives and takes is one card.
create or replace function app.legacy_importable(p_load integer, p_table text, p_after bigint, p_last bigint)
returns setof bigint[] language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
begin
  return query execute format(
    'select array_agg(s.id order by s.id) from legacy_staging.%I s
     where s.load = $1 and s.id > $3 and ($4 is null or s.id <= $4) and not exists (
       select from legacy_staging.blocked b where b.load = $1 and b.source_table = $2 and b.id = s.id)
     group by %s order by min(s.id)', p_table,
    case p_table when 'participants' then 's.marketplace_id, s.user_id' else 's.id' end)
    using p_load, p_table, p_after, p_last;
end
$$;
comment on function app.legacy_importable(integer, text, bigint, bigint) is
  'Numbers of the rows of a load that can come over.';
grant execute on function app.legacy_importable(integer, text, bigint, bigint) to kollegium_staff;

-- unit: app.legacy_leave_out(p_load integer, p_table text, p_ids bigint[])
set local role kollegium_broker;
-- For one transaction some rows are left out, as if they waited, so that an import can be tried without them.
create or replace function app.legacy_leave_out(p_load integer, p_table text, p_ids bigint[])
returns void language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  insert into legacy_staging.blocked (load, source_table, id) select p_load, p_table, i from unnest(p_ids) i
$$;
comment on function app.legacy_leave_out(integer, text, bigint[]) is
  'Leaves rows of a load out of what follows in this transaction.';
grant execute on function app.legacy_leave_out(integer, text, bigint[]) to kollegium_staff;

-- unit: app.legacy_let_in(p_load integer, p_table text, p_ids bigint[])
set local role kollegium_broker;
create or replace function app.legacy_let_in(p_load integer, p_table text, p_ids bigint[])
returns void language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  delete from legacy_staging.blocked b
  where b.load = p_load and b.source_table = p_table and b.id = any (p_ids)
$$;
comment on function app.legacy_let_in(integer, text, bigint[]) is
  'Takes back what legacy_leave_out did, before the transaction ends.';
grant execute on function app.legacy_let_in(integer, text, bigint[]) to kollegium_staff;

-- unit: app.legacy_contacts(p_load integer, p_after bigint, p_limit integer)
set local role kollegium_broker;
-- Contact data of the leads of a load as it stands there: service/domain/contact decides what it means. Leads
-- without any are left out.
create or replace function app.legacy_contacts(p_load integer, p_after bigint, p_limit integer)
returns table (id bigint, email text, phone text, postcode text, city text, country text)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select l.id, l.contact_email, l.contact_phone, l.contact_postcode, l.contact_city, l.contact_country
  from legacy_staging.leads l
  where l.load = p_load and l.id > p_after and num_nonnulls(l.contact_email, l.contact_phone,
    l.contact_postcode, l.contact_city, l.contact_country) > 0
  order by l.id limit p_limit
$$;
comment on function app.legacy_contacts(integer, bigint, integer) is
  'Contact data of the leads of a load as it stands there, in pages.';
grant execute on function app.legacy_contacts(integer, bigint, integer) to kollegium_staff;

-- unit: app.legacy_keep_contacts(p_load integer, p_ids bigint[], p_emails text[], p_phones text[], p_postcodes text[], p_cities text[], p_countries text[], p_answers text[])
set local role kollegium_broker;
create or replace function app.legacy_keep_contacts(p_load integer, p_ids bigint[], p_emails text[],
  p_phones text[], p_postcodes text[], p_cities text[], p_countries text[], p_answers text[])
returns void language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  update legacy_staging.leads l set kept_email = c.email, kept_phone = c.phone, kept_postcode = c.postcode,
    kept_city = c.city, kept_country = c.country, kept_answers = c.answers::jsonb
  from unnest(p_ids, p_emails, p_phones, p_postcodes, p_cities, p_countries, p_answers)
    c (id, email, phone, postcode, city, country, answers)
  where l.load = p_load and l.id = c.id
$$;
comment on function app.legacy_keep_contacts(
  integer, bigint[], text[], text[], text[], text[], text[], text[]) is
  'Keeps the contact data of leads of a load as every door stores it.';
grant execute on function app.legacy_keep_contacts(
  integer, bigint[], text[], text[], text[], text[], text[], text[]) to kollegium_staff;

-- unit: app.legacy_counts(p_load integer)
set local role kollegium_broker;
create or replace function app.legacy_counts(p_load integer)
returns table (source_table text, in_source bigint, importable bigint, imported bigint)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select t.source_table, t.in_source, t.in_source - coalesce(b.waiting, 0), t.imported
  from (
    select 1, 'users', (select count(*) from legacy_staging.users where load = p_load),
      (select count(*) from app_private.legacy_user)
    union all select 2, 'groups', (select count(*) from legacy_staging.groups where load = p_load),
      (select count(*) from app_private.legacy_group)
    union all select 3, 'marketplaces', (select count(*) from legacy_staging.marketplaces where load = p_load),
      (select count(*) from app_private.legacy_marketplace)
    union all select 4, 'statuses', (select count(*) from legacy_staging.statuses where load = p_load), null
    union all select 5, 'participants', (select count(*) from legacy_staging.participants where load = p_load),
      (select count(*) from app_private.legacy_participation)
    union all select 6, 'api_keys', (select count(*) from legacy_staging.api_keys where load = p_load),
      (select count(*) from app_private.legacy_api_key)
    union all select 7, 'leads', (select count(*) from legacy_staging.leads where load = p_load),
      (select count(*) from app_private.legacy_lead)
    union all select 8, 'offers', (select count(*) from legacy_staging.offers where load = p_load), null
    union all select 9, 'comments', (select count(*) from legacy_staging.comments where load = p_load), null
  ) t (place, source_table, in_source, imported)
  left join (select s.source_table, count(*) as waiting from legacy_staging.blocked s
             where s.load = p_load group by s.source_table) b using (source_table)
  order by t.place
$$;
comment on function app.legacy_counts(integer) is
  'Rows of a load by legacy table: how many there are, can be imported, and were imported before.';
grant execute on function app.legacy_counts(integer) to kollegium_staff;

-- unit: app.legacy_targets(p_load integer)
set local role kollegium_broker;
-- What the importable rows become. Lower bounds of nothing: the numbers that an import into an empty
-- database creates.
create or replace function app.legacy_targets(p_load integer)
returns table (target text, rows bigint)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  with l as (
    select s.id, s.picked_by_user_id is not null as picked, s.state in ('won', 'lost') as done
    from legacy_staging.leads s where s.load = p_load and not exists (
      select from legacy_staging.blocked b
      where b.load = p_load and b.source_table = 'leads' and b.id = s.id)
  ), c as (
    select s.shared, count(*) as n from legacy_staging.comments s
    where s.load = p_load and not exists (
      select from legacy_staging.blocked b
      where b.load = p_load and b.source_table = 'comments' and b.id = s.id) group by s.shared
  ), n as (
    select r.source_table, r.importable from app.legacy_counts(p_load) r
  )
  select 'companies', importable from n where source_table = 'users'
  union all select 'colleagues', importable from n where source_table = 'users'
  union all select 'marketplaces', importable from n where source_table = 'marketplaces'
  union all select 'participations', (select count(distinct (s.marketplace_id, s.user_id))
    from legacy_staging.participants s where s.load = p_load and not exists (
      select from legacy_staging.blocked b
      where b.load = p_load and b.source_table = 'participants' and b.id = s.id))
  union all select 'API keys', importable from n where source_table = 'api_keys'
  union all select 'leads', importable from n where source_table = 'leads'
  union all select 'prospects', importable from n where source_table = 'leads'
  union all select 'offers', importable from n where source_table = 'offers'
  union all select 'engagements', (select count(*) from l where picked)
  union all select 'disclosures', (select count(*) from l where picked)
  union all select 'history', (select count(*) + count(*) filter (where picked) + count(*) filter (where done) from l)
  union all select 'notes', coalesce((select n from c where not shared), 0)
  union all select 'messages', coalesce((select n from c where shared), 0)
$$;
comment on function app.legacy_targets(integer) is 'Rows that the importable rows of a load become.';
grant execute on function app.legacy_targets(integer) to kollegium_staff;

-- unit: app.legacy_findings(p_load integer)
set local role kollegium_broker;
create or replace function app.legacy_findings(p_load integer)
returns table (kind text, source_table text, reason text, rows bigint, first_keys text[])
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select f.kind, f.source_table, f.reason, count(*),
    (array_agg(f.legacy_key order by length(f.legacy_key), f.legacy_key))[1:5]
  from legacy_staging.finding f where f.load = p_load
  group by f.kind, f.source_table, f.reason
  order by f.kind <> 'quarantine', f.kind, f.reason = 'depends-on', count(*) desc, f.source_table, f.reason
$$;
comment on function app.legacy_findings(integer) is
  'What a load found, by kind, table and reason, with the first five legacy numbers.';
grant execute on function app.legacy_findings(integer) to kollegium_staff;

-- unit: app.legacy_duplicates(p_load integer)
set local role kollegium_broker;
-- What stands there more than once and stays apart here, because nobody guesses who belongs together: equal
-- names, equal VAT ids, groups. users: how many share such a thing with somebody.
create or replace function app.legacy_duplicates(p_load integer)
returns table (kind text, groups bigint, users bigint)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  with live as (
    select s.* from legacy_staging.users s where s.load = p_load and s.deleted_at is null
  ), shared (kind, users) as (
    select 'name', array_agg(u.id) from live u group by lower(btrim(u.company_name))
    having lower(btrim(u.company_name)) <> '' and count(*) > 1
    union all
    select 'vat_id', array_agg(u.id) from live u group by upper(replace(u.vat_id, ' ', ''))
    having upper(replace(u.vat_id, ' ', '')) <> '' and count(*) > 1
    union all
    select 'legacy_group', array_agg(u.id) from legacy_staging.group_members m
    join live u on u.id = m.user_id where m.load = p_load group by m.group_id having count(*) > 1
  )
  select s.kind, count(*), (select count(distinct u) from shared x, unnest(x.users) u where x.kind = s.kind)
  from shared s group by s.kind order by s.kind
$$;
comment on function app.legacy_duplicates(integer) is
  'Names, VAT ids and groups of a load that several users share; merges are suggested from them later.';
grant execute on function app.legacy_duplicates(integer) to kollegium_staff;

-- unit: app.legacy_cohort_links(p_load integer)
set local role kollegium_broker;
-- The companies that a load makes, and the marketplaces that they operate or take part in: what
-- app.list_cohorts and app.list_cohort_links will say after the import. marketplace_id: null without one.
create or replace function app.legacy_cohort_links(p_load integer)
returns table (company_id uuid, marketplace_id uuid)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  with market as (
    select s.id, s.owner_user_id,
      coalesce(k.marketplace_id, app_private.legacy_id('marketplace', s.id, s.created_at)) as becomes
    from legacy_staging.marketplaces s
    left join app_private.legacy_marketplace k on k.legacy_id = s.id
    where s.load = p_load and not exists (
      select from legacy_staging.blocked b
      where b.load = p_load and b.source_table = 'marketplaces' and b.id = s.id)
  ), link (user_id, becomes) as (
    select m.owner_user_id, m.becomes from market m
    union
    select p.user_id, m.becomes
    from legacy_staging.participants p join market m on m.id = p.marketplace_id
    where p.load = p_load and p.state in ('invited', 'active') and not exists (
      select from legacy_staging.blocked b
      where b.load = p_load and b.source_table = 'participants' and b.id = p.id)
  )
  select coalesce(k.company_id, app_private.legacy_id('company', s.id, s.created_at)), l.becomes
  from legacy_staging.users s
  left join app_private.legacy_user k on k.legacy_id = s.id
  left join link l on l.user_id = s.id
  where s.load = p_load and s.deleted_at is null and not exists (
    select from legacy_staging.blocked b
    where b.load = p_load and b.source_table = 'users' and b.id = s.id)
$$;
comment on function app.legacy_cohort_links(integer) is
  'Companies that a load makes, with the marketplaces they share, for a look ahead at the weeks.';
grant execute on function app.legacy_cohort_links(integer) to kollegium_staff;

-- unit: app.legacy_list_findings(p_load integer, p_kind text, p_after bigint, p_limit integer)
set local role kollegium_broker;
-- Row by row, in pages: p_after is the place of the last row of the page before.
create or replace function app.legacy_list_findings(p_load integer, p_kind text, p_after bigint, p_limit integer)
returns table (place bigint, source_table text, legacy_key text, reason text, field text, blocked_by text)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select o.place, o.source_table, o.legacy_key, o.reason, o.field, o.blocked_by
  from (select row_number() over (order by f.source_table, length(f.legacy_key), f.legacy_key, f.reason)
          as place, f.* from legacy_staging.finding f where f.load = p_load and f.kind = p_kind) o
  where o.place > p_after order by o.place limit p_limit
$$;
comment on function app.legacy_list_findings(integer, text, bigint, integer) is
  'Findings of one kind, row by row.';
grant execute on function app.legacy_list_findings(integer, text, bigint, integer) to kollegium_staff;

-- unit: app.legacy_keep_quarantine( p_load integer, p_heal boolean, out waiting bigint, out healed bigint)
set local role kollegium_broker;
-- Keeps what a load could not import, and marks what an earlier one could not and this one can. Called
-- before and, with p_heal, after the import: what was healed is told when it is in.
create or replace function app.legacy_keep_quarantine(
  p_load integer, p_heal boolean, out waiting bigint, out healed bigint)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  insert into app_private.legacy_quarantine as q (source_table, legacy_key, reason, field, blocked_by)
  select distinct on (f.source_table, f.legacy_key, f.reason)
    f.source_table, f.legacy_key, f.reason, f.field, f.blocked_by
  from legacy_staging.finding f where f.load = p_load and f.kind = 'quarantine'
  order by f.source_table, f.legacy_key, f.reason
  on conflict (source_table, legacy_key, reason) do update
    set field = excluded.field, blocked_by = excluded.blocked_by, last_seen_at = now(), healed_at = null;
  healed := 0;
  if p_heal then
    update app_private.legacy_quarantine q set healed_at = now()
    where q.healed_at is null and not exists (
      select from legacy_staging.finding f where f.load = p_load and f.kind = 'quarantine'
        and f.source_table = q.source_table and f.legacy_key = q.legacy_key and f.reason = q.reason);
    get diagnostics healed = row_count;
    perform app_private.audit('legacy-run-ended', null, null, null, (
      select jsonb_object_agg(c.source_table, c.imported) from app.legacy_counts(p_load) c));
  end if;
  select count(*) into waiting from app_private.legacy_quarantine where healed_at is null;
end
$$;
comment on function app.legacy_keep_quarantine(integer, boolean) is
  'Records the rows of a load that wait, and after the import those that are healed.';
grant execute on function app.legacy_keep_quarantine(integer, boolean) to kollegium_staff;

-- unit: app.legacy_quarantine(p_reason text, p_limit integer)
set local role kollegium_broker;
create or replace function app.legacy_quarantine(p_reason text, p_limit integer)
returns table (source_table text, legacy_key text, reason text, field text, blocked_by text, first_seen_at timestamptz)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select q.source_table, q.legacy_key, q.reason, q.field, q.blocked_by, q.first_seen_at
  from app_private.legacy_quarantine q
  where q.healed_at is null and (p_reason is null or q.reason = p_reason)
  order by q.reason = 'depends-on', q.source_table, length(q.legacy_key), q.legacy_key, q.reason limit p_limit
$$;
comment on function app.legacy_quarantine(text, integer) is 'Legacy rows that wait in quarantine.';
grant execute on function app.legacy_quarantine(text, integer) to kollegium_staff;

-- unit: app_private.legacy_expire_overdue()
set local role kollegium_broker;
-- Offers of the former system whose time was over before the cut-over: they expire, and leads without an
-- open one are unplaced, all at once and without a mail for each, as the timer would send. Returns how
-- many leads.
create or replace function app_private.legacy_expire_overdue() returns integer
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_leads uuid[];
begin
  select array_agg(x.id) into v_leads from (
    select l.id from app.lead l join app_private.legacy_lead k
      on k.marketplace_id = l.marketplace_id and k.lead_id = l.id and k.version = l.version
    where l.state = 'offered' and l.source = 'legacy' and exists (
      select from app.offer o where o.marketplace_id = l.marketplace_id and o.lead_id = l.id
        and o.state = 'open' and o.expires_at <= now())
    order by l.marketplace_id, l.id for update of l) x;
  update app.offer o set state = 'expired', answered_at = now()
  from app.lead l where l.id = any (v_leads) and o.marketplace_id = l.marketplace_id
    and o.lead_id = l.id and o.state = 'open' and o.expires_at <= now();
  select array_agg(l.id) into v_leads from app.lead l
  where l.id = any (v_leads) and not exists (select from app.offer o
    where o.marketplace_id = l.marketplace_id and o.lead_id = l.id and o.state = 'open');
  update app.brokerage b set state = 'exhausted', closed_at = now()
  from app.lead l where l.id = any (v_leads) and b.marketplace_id = l.marketplace_id
    and b.lead_id = l.id and b.state = 'open';
  perform app_private.set_state(l.marketplace_id, l.id, 'unplaced'),
    app_private.record(l.marketplace_id, l.id, 'unplaced', app_private.nobody())
  from app.lead l where l.id = any (v_leads);
  return coalesce(cardinality(v_leads), 0);
end
$$;

-- unit: app.legacy_end_the_former_system()
set local role kollegium_broker;
-- From now on nothing of the former system overwrites a row here, and our timers count. Null when it was
-- so already.
create or replace function app.legacy_end_the_former_system()
returns timestamptz language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_at timestamptz;
begin
  update app_private.legacy_state set cut_over_at = now() where cut_over_at is null
  returning cut_over_at into v_at;
  if found then
    perform app_private.audit('legacy-cut-over', null, null, null,
      jsonb_build_object('unplaced', app_private.legacy_expire_overdue()));
  end if;
  return v_at;
end
$$;
comment on function app.legacy_end_the_former_system() is 'The cut-over: nobody works in the former system any more.';
grant execute on function app.legacy_end_the_former_system() to kollegium_staff;

-- unit: app.legacy_progress()
set local role kollegium_broker;
create or replace function app.legacy_progress()
returns table (cut_over_at timestamptz, users bigint, leads bigint, waiting bigint, overdue bigint)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select s.cut_over_at, (select count(*) from app_private.legacy_user),
    (select count(*) from app_private.legacy_lead),
    (select count(*) from app_private.legacy_quarantine where healed_at is null),
    (select count(distinct o.lead_id) from app.offer o
     join app.lead l on l.marketplace_id = o.marketplace_id and l.id = o.lead_id and l.source = 'legacy'
     where o.state = 'open' and o.expires_at <= now())
  from app_private.legacy_state s
$$;
comment on function app.legacy_progress() is 'How far moving in has come.';
grant execute on function app.legacy_progress() to kollegium_staff;

-- unit: app_private.users_seen_before( p_load integer, p_first bigint, p_last bigint, p_deleted boolean default false)
set local role kollegium_broker;
-- Who he was: his firm, his name, the address with which he logs in, his language. He acts for himself
-- alone (L1), hence as admin. part_id is his colleague.
create or replace function app_private.users_seen_before(
  p_load integer, p_first bigint, p_last bigint, p_deleted boolean default false)
returns table (legacy_user bigint, what text, marketplace_id uuid, lead_id uuid, part_id uuid,
  legacy_key text, waits boolean, fields text[])
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select s.id, 'users', null::uuid, null::uuid, u.colleague_id, s.id::text, b.id is not null,
    array[coalesce(n.firm, n.person), coalesce(n.person, n.firm), s.address,
      case when s.language = 'en' then 'en' else 'de' end, 'admin']
  from legacy_staging.users s
  cross join lateral (select nullif(btrim(s.company_name), '') as firm,
    nullif(btrim(concat_ws(' ', btrim(s.first_name), btrim(s.last_name))), '') as person) n
  left join app_private.legacy_user u on u.legacy_id = s.id
  left join legacy_staging.blocked b on b.load = p_load and b.source_table = 'users' and b.id = s.id
  where s.load = p_load and s.id between p_first and p_last and (p_deleted or s.deleted_at is null)
$$;

-- unit: app_private.marketplaces_seen_before( p_load integer, p_first bigint, p_last bigint, p_deleted boolean default false)
set local role kollegium_broker;
-- Marketplaces with their statuses in order. Settings are the owner's; a participant sees the name and the
-- statuses, whatever his state there (L7). part_id is the marketplace.
create or replace function app_private.marketplaces_seen_before(
  p_load integer, p_first bigint, p_last bigint, p_deleted boolean default false)
returns table (legacy_user bigint, what text, marketplace_id uuid, lead_id uuid, part_id uuid,
  legacy_key text, waits boolean, fields text[])
language sql stable set search_path = pg_catalog, pg_temp
as $$
  with steps as materialized (
    select s.marketplace_id, array_agg(s.name order by s.position, s.id) as names
    from legacy_staging.statuses s
    where s.load = p_load and not exists (select from legacy_staging.blocked b
      where b.load = p_load and b.source_table = 'statuses' and b.id = s.id)
    group by s.marketplace_id
  ), seen as (
    select m.owner_user_id as who, 'operator' as seen_as, m.* from legacy_staging.marketplaces m
    where m.load = p_load and m.owner_user_id between p_first and p_last
    union all
    select p.user_id, 'participant', m.* from (
      select s.marketplace_id, s.user_id from legacy_staging.participants s
      where s.load = p_load and s.user_id between p_first and p_last and not exists (
        select from legacy_staging.blocked b
        where b.load = p_load and b.source_table = 'participants' and b.id = s.id)
      group by s.marketplace_id, s.user_id) p
    join legacy_staging.marketplaces m on m.load = p_load and m.id = p.marketplace_id
    union all
    -- Deleted there, and ended here if nobody changed it here: he sees where he took part.
    select u.legacy_id, 'participant', m.*
    from app_private.legacy_participation p
    join app_private.legacy_user u on u.company_id = p.company_id and u.legacy_id between p_first and p_last
    join app_private.legacy_marketplace k on k.marketplace_id = p.marketplace_id
    join legacy_staging.marketplaces m on m.load = p_load and m.id = k.legacy_id
    where m.owner_user_id <> u.legacy_id and not exists (
      select from legacy_staging.participants s
      where s.load = p_load and s.marketplace_id = m.id and s.user_id = u.legacy_id)
  )
  select u.id, 'marketplaces', k.marketplace_id, null::uuid, k.marketplace_id, s.id::text,
    b.id is not null,
    array[s.seen_as, s.name, coalesce(t.names, array['neu'])::text]
      || case when s.seen_as = 'operator' then array[coalesce(s.response_hours, 48)::text,
        coalesce(s.teaser_digits, 2)::text, coalesce(s.giver_may_withdraw, true)::text,
        coalesce(s.auto_accept, false)::text] else array_fill(null::text, array[4]) end
  from seen s
  join legacy_staging.users u on u.load = p_load and u.id = s.who and (p_deleted or u.deleted_at is null)
  left join steps t on t.marketplace_id = s.id
  left join app_private.legacy_marketplace k on k.legacy_id = s.id
  left join legacy_staging.blocked b
    on b.load = p_load and b.source_table = 'marketplaces' and b.id = s.id
$$;

-- unit: app_private.participants_seen_before( p_load integer, p_first bigint, p_last bigint, p_deleted boolean default false)
set local role kollegium_broker;
-- Who takes part, in any state: the owner sees all of his marketplace, a participant himself (L7). A giver
-- who takes too is one card, as docs/legacy-mapping.md says; a row in quarantine is none of it, and is told by
-- itself. part_id is the participant's company.
create or replace function app_private.participants_seen_before(
  p_load integer, p_first bigint, p_last bigint, p_deleted boolean default false)
returns table (legacy_user bigint, what text, marketplace_id uuid, lead_id uuid, part_id uuid,
  legacy_key text, waits boolean, fields text[])
language sql stable set search_path = pg_catalog, pg_temp
as $$
  with card as (
    select m.owner_user_id, s.user_id, s.marketplace_id, min(s.id) as first_id, b.id is not null as waits,
      array_agg(distinct s.role) as capacities,
      min(array_position(array['active', 'invited', 'ended', 'declined'], s.state)) as best,
      app_private.legacy_list(max(s.postcode_areas) filter (where s.role = 'taker')) as areas,
      app_private.legacy_list(max(s.tags) filter (where s.role = 'taker')) as tags,
      max(s.cap) filter (where s.role = 'taker') as cap
    from legacy_staging.participants s
    left join legacy_staging.marketplaces m on m.load = p_load and m.id = s.marketplace_id
    left join legacy_staging.blocked b
      on b.load = p_load and b.source_table = 'participants' and b.id = s.id
    where s.load = p_load
      and (m.owner_user_id between p_first and p_last or s.user_id between p_first and p_last)
    group by m.owner_user_id, s.user_id, s.marketplace_id, b.id, case when b.id is not null then s.id end
  )
  select r.id, 'participants', k.marketplace_id, null::uuid, c.company_id, p.first_id::text, p.waits,
    array[case when r.id = p.user_id then 'participant' else 'operator' end, p.capacities::text,
      case when u.deleted_at is null or co.state <> 'closed'
        then (array['active', 'invited', 'ended', 'declined'])[p.best] else 'ended' end,
      p.areas::text, p.tags::text, p.cap::text]
  from card p
  left join legacy_staging.users u on u.load = p_load and u.id = p.user_id
  cross join lateral (select distinct v from unnest(array[p.owner_user_id, p.user_id]) v) party
  join legacy_staging.users r on r.load = p_load and r.id = party.v and (p_deleted or r.deleted_at is null)
    and r.id between p_first and p_last
  left join app_private.legacy_marketplace k on k.legacy_id = p.marketplace_id
  left join app_private.legacy_user t on t.legacy_id = p.user_id
  left join app.colleague c on c.id = t.colleague_id
  left join app.company co on co.id = c.company_id
$$;

-- unit: app.prove_credentials(p_load integer, p_first bigint, p_last bigint)
set local role kollegium_broker;
-- Passwords of some users that do not open what they opened there: gone, or another one. Who has logged in
-- here since, or whose password staff set, has one of his own, which is no difference.
create or replace function app.prove_credentials(p_load integer, p_first bigint, p_last bigint)
returns table (legacy_user bigint, colleague_id uuid, reason text)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select s.id, m.colleague_id, case
    when p.password is null then 'a password that he did not have'
    when c.colleague_id is null then 'his password opens nothing' else 'another password' end
  from legacy_staging.users s
  join app_private.legacy_user m on m.legacy_id = s.id
  left join app_private.credential c on c.colleague_id = m.colleague_id
  cross join lateral (select app_private.legacy_password(s.password_hash) as password) p
  where s.load = p_load and s.id between p_first and p_last and s.deleted_at is null
    and not exists (select from legacy_staging.blocked b
      where b.load = p_load and b.source_table = 'users' and b.id = s.id)
    and (p.password is not null or c.pbkdf2_iterations is not null)
    and (c.colleague_id is null or c.pbkdf2_iterations is not null)
    and (c.pbkdf2_iterations, c.pbkdf2_salt, c.proof_sha256) is distinct from
      (p.password[1]::integer, convert_to(p.password[2], 'UTF8'),
       sha256(decode(p.password[3], 'base64')))
$$;
comment on function app.prove_credentials(integer, bigint, bigint) is
  'Users of a load whose password does not open here what it opened there.';
grant execute on function app.prove_credentials(integer, bigint, bigint) to kollegium_staff;

-- unit: app_private.offered_to_itself(p_load integer, p_lead bigint, p_user bigint)
set local role kollegium_broker;
-- An open offer there that nobody has here: since a merge the company of its user is the lead's own giver or
-- operator, by another one of its users.
create or replace function app_private.offered_to_itself(p_load integer, p_lead bigint, p_user bigint)
returns boolean language sql stable set search_path = pg_catalog, pg_temp
as $$
  select exists (
    select from legacy_staging.leads l
    join legacy_staging.marketplaces m on m.load = p_load and m.id = l.marketplace_id
    join app_private.legacy_party t on t.legacy_id = p_user
    join app_private.legacy_party own on own.legacy_id in (l.giver_user_id, m.owner_user_id)
      and own.legacy_id <> p_user and own.company_id = t.company_id
    where l.load = p_load and l.id = p_lead)
$$;

-- unit: app_private.state_seen_before( p_load integer, p_lead bigint, p_state text, p_consent boolean)
set local role kollegium_broker;
-- The state in which a lead is here (docs/legacy-mapping.md).
create or replace function app_private.state_seen_before(
  p_load integer, p_lead bigint, p_state text, p_consent boolean)
returns text language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
  return case p_state
    when 'new' then case when p_consent then 'submitted' else 'draft' end
    when 'released' then 'available' when 'picked' then 'engaged'
    when 'won' then 'closed' when 'lost' then 'closed'
    when 'offered' then case when exists (
      select from legacy_staging.offers o
      where o.load = p_load and o.lead_id = p_lead and o.state = 'open'
        and not app_private.offered_to_itself(p_load, p_lead, o.user_id)) then 'offered' else 'unplaced' end
    else p_state end;
end
$$;

-- unit: app_private.leads_seen_before( p_load integer, p_first bigint, p_last bigint, p_deleted boolean default false)
set local role kollegium_broker;
-- Leads and personal data by L3, with what became of them. One row for each user and lead, whatever capacities he had in it:
-- o operator, g giver, p picker, the letters that service/jobs/rollout/seen.py finds in the columns of
-- app.lead. waits: the row is in quarantine, so nothing is expected of it.
create or replace function app_private.leads_seen_before(
  p_load integer, p_first bigint, p_last bigint, p_deleted boolean default false)
returns table (legacy_user bigint, what text, marketplace_id uuid, lead_id uuid, part_id uuid,
  legacy_key text, waits boolean, fields text[])
language sql stable set search_path = pg_catalog, pg_temp
as $$
  with first_step as materialized (
    select distinct on (s.marketplace_id) s.marketplace_id, s.name
    from legacy_staging.statuses s where s.load = p_load and not exists (
      select from legacy_staging.blocked b
      where b.load = p_load and b.source_table = 'statuses' and b.id = s.id)
    order by s.marketplace_id, s.position, s.id
  ), seen as materialized (
    select u.id as who, l.*, k.marketplace_id as market, k.lead_id, b.id is not null as waits, concat(
      case when m.owner_user_id = u.id then 'o' end,
      case when l.giver_user_id = u.id and m.owner_user_id is distinct from u.id then 'g' end,
      case when l.picked_by_user_id = u.id then 'p' end) as roles,
      -- What the operator has set here since is not held against leads that came before.
      case when h.teaser_digits <> coalesce(m.teaser_digits, 2)
        then (select x.postcode_area from app.lead x where x.marketplace_id = h.id and x.id = k.lead_id)
        else left(coalesce(l.kept_postcode, ''), coalesce(m.teaser_digits, 2)) end as area,
      case when l.picked_by_user_id is null then null
        when coalesce(st.name, f.name, 'neu') <> all (h.steps)
        then (select e.step from app.lead x
              join app.engagement e on e.marketplace_id = x.marketplace_id and e.id = x.engagement_id
              where x.marketplace_id = h.id and x.id = k.lead_id)
        else coalesce(st.name, f.name, 'neu') end as step
    from legacy_staging.leads l
    left join legacy_staging.marketplaces m on m.load = p_load and m.id = l.marketplace_id
    left join legacy_staging.statuses st on st.load = p_load and st.id = l.status_id
    left join first_step f on f.marketplace_id = l.marketplace_id
    cross join lateral (
      select distinct v from unnest(array[m.owner_user_id, l.giver_user_id, l.picked_by_user_id]) v
    ) party
    join legacy_staging.users u on u.load = p_load and u.id = party.v and (p_deleted or u.deleted_at is null)
      and u.id between p_first and p_last
    left join app_private.legacy_lead k on k.legacy_id = l.id
    left join app.marketplace h on h.id = k.marketplace_id
    left join legacy_staging.blocked b
      on b.load = p_load and b.source_table = 'leads' and b.id = l.id
    where l.load = p_load and (m.owner_user_id between p_first and p_last
      or l.giver_user_id between p_first and p_last or l.picked_by_user_id between p_first and p_last)
  )
  select s.who, 'leads', s.market, s.lead_id, null::uuid, s.id::text, s.waits,
    array[s.id::text, s.roles, s.interest, s.area, app_private.legacy_list(s.tags)::text,
      coalesce(s.consent, false)::text, app_private.state_seen_before(p_load, s.id, s.state, s.consent),
      case s.state when 'picked' then 'active' when 'won' then 'won' when 'lost' then 'lost' end,
      s.step, case when s.state = 'won' then s.value end::text] from seen s
  union all
  select s.who, 'prospects', s.market, s.lead_id, null, s.id::text, s.waits,
    array[s.contact_name, s.contact_salutation, s.contact_company, s.kept_email, s.kept_phone,
          s.contact_street, s.kept_postcode, s.kept_city, s.kept_country, s.kept_answers::text] from seen s
$$;

-- unit: app_private.offers_seen_before( p_load integer, p_first bigint, p_last bigint, p_deleted boolean default false)
set local role kollegium_broker;
-- Offers by L4 and L5. What an offer became follows docs/legacy-mapping.md: the lead decides. What is seen
-- here is the offer of a company: of two users who are one company by now the better one counts, as it stays.
create or replace function app_private.offers_seen_before(
  p_load integer, p_first bigint, p_last bigint, p_deleted boolean default false)
returns table (legacy_user bigint, what text, marketplace_id uuid, lead_id uuid, part_id uuid,
  legacy_key text, waits boolean, fields text[])
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select x.legacy_user, 'offers', x.marketplace_id, x.lead_id, x.company_id, x.legacy_key, x.waits, x.fields
  from (
  select u.id as legacy_user, k.marketplace_id, k.lead_id, c.company_id, o.id::text as legacy_key,
    b.id is not null as waits,
    array[o.state, case when party.v = o.owner_user_id then 'operator' else 'taker' end,
      app_private.teaser(o.interest), o.area, app_private.teaser_tags(app_private.legacy_list(o.tags))::text, case when o.state = 'declined' then o.reason end] as fields,
    row_number() over (partition by u.id, k.lead_id, c.company_id, b.id is not null
      order by app_private.offer_rank(o.state), t.company_id <> c.company_id, o.id) as place
  from (
    select f.id, f.lead_id, f.user_id, f.reason, l.interest, l.tags, m.owner_user_id,
      case when h.teaser_digits <> coalesce(m.teaser_digits, 2) then (
        select x.postcode_area from app.offer x where x.marketplace_id = h.id
          and x.id = app_private.legacy_id('offer', f.id, f.offered_at))
        else left(coalesce(l.kept_postcode, ''), coalesce(m.teaser_digits, 2)) end as area, case
      when l.picked_by_user_id = f.user_id then 'picked'
      when l.picked_by_user_id is not null and f.state in ('open', 'picked') then 'lost'
      when f.state = 'open' and (l.state <> 'offered'
        or app_private.offered_to_itself(p_load, f.lead_id, f.user_id)) then 'withdrawn'
      else f.state end as state
    from legacy_staging.offers f
    left join legacy_staging.leads l on l.load = p_load and l.id = f.lead_id
    left join legacy_staging.marketplaces m on m.load = p_load and m.id = l.marketplace_id
    left join app_private.legacy_marketplace hk on hk.legacy_id = l.marketplace_id
    left join app.marketplace h on h.id = hk.marketplace_id
    where f.load = p_load
      and (m.owner_user_id between p_first and p_last or f.user_id between p_first and p_last)
  ) o
  cross join lateral (select distinct v from unnest(array[o.owner_user_id,
    case when o.state in ('open', 'picked') then o.user_id end]) v) party
  join legacy_staging.users u on u.load = p_load and u.id = party.v and (p_deleted or u.deleted_at is null)
    and u.id between p_first and p_last
  left join app_private.legacy_lead k on k.legacy_id = o.lead_id
  left join app_private.legacy_user t on t.legacy_id = o.user_id
  left join app.colleague c on c.id = t.colleague_id
  left join legacy_staging.blocked b on b.load = p_load and b.source_table = 'offers' and b.id = o.id
  ) x
  where x.place = 1 or x.waits or x.company_id is null or x.lead_id is null
$$;

-- unit: app_private.comments_seen_before( p_load integer, p_first bigint, p_last bigint, p_deleted boolean default false)
set local role kollegium_broker;
-- Comments by L6: an internal one is its author's, a shared one everybody's who sees the lead. part_id
-- is the id that the import gave it.
create or replace function app_private.comments_seen_before(
  p_load integer, p_first bigint, p_last bigint, p_deleted boolean default false)
returns table (legacy_user bigint, what text, marketplace_id uuid, lead_id uuid, part_id uuid,
  legacy_key text, waits boolean, fields text[])
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select u.id, 'comments', k.marketplace_id, k.lead_id, case when k.lead_id is not null
    then app_private.legacy_id('comment', c.id, c.created_at) end, c.id::text, b.id is not null,
    array[t.colleague_id::text, case when c.shared then 'shared' else 'internal' end, c.text,
      extract(epoch from c.created_at)::text]
  from (
    select s.*, case when s.shared then array[m.owner_user_id, l.giver_user_id, l.picked_by_user_id]
      else array[s.user_id] end as readers
    from legacy_staging.comments s
    left join legacy_staging.leads l on l.load = p_load and l.id = s.lead_id
    left join legacy_staging.marketplaces m on m.load = p_load and m.id = l.marketplace_id
    where s.load = p_load and (s.user_id between p_first and p_last or s.shared
      and (m.owner_user_id between p_first and p_last or l.giver_user_id between p_first and p_last
        or l.picked_by_user_id between p_first and p_last))
  ) c
  cross join lateral (select distinct v from unnest(c.readers) v) party
  join legacy_staging.users u on u.load = p_load and u.id = party.v and (p_deleted or u.deleted_at is null)
    and u.id between p_first and p_last
  left join app_private.legacy_lead k on k.legacy_id = c.lead_id
  left join app_private.legacy_user t on t.legacy_id = c.user_id
  left join legacy_staging.blocked b
    on b.load = p_load and b.source_table = 'comments' and b.id = c.id
$$;

-- unit: app_private.keys_seen_before( p_load integer, p_first bigint, p_last bigint, p_deleted boolean default false)
set local role kollegium_broker;
-- API keys by L8, without their tokens: app.prove_tokens compares those.
create or replace function app_private.keys_seen_before(
  p_load integer, p_first bigint, p_last bigint, p_deleted boolean default false)
returns table (legacy_user bigint, what text, marketplace_id uuid, lead_id uuid, part_id uuid,
  legacy_key text, waits boolean, fields text[])
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select u.id, 'api_keys', null::uuid, null::uuid, k.api_key_id, s.id::text, b.id is not null,
    array[coalesce(nullif(btrim(s.name), ''), 'API'),
      case when s.revoked_at is null then 'live' else 'revoked' end,
      extract(epoch from s.created_at)::text]
  from legacy_staging.api_keys s
  join legacy_staging.users u on u.load = p_load and u.id = s.user_id and (p_deleted or u.deleted_at is null)
  left join app_private.legacy_api_key k on k.legacy_id = s.id
  left join legacy_staging.blocked b
    on b.load = p_load and b.source_table = 'api_keys' and b.id = s.id
  where s.load = p_load and s.user_id between p_first and p_last
$$;

-- unit: app_private.rows_seen_before( p_load integer, p_first bigint, p_last bigint, p_deleted boolean default false)
set local role kollegium_broker;
create or replace function app_private.rows_seen_before(
  p_load integer, p_first bigint, p_last bigint, p_deleted boolean default false)
returns table (legacy_user bigint, what text, marketplace_id uuid, lead_id uuid, part_id uuid,
  legacy_key text, waits boolean, fields text[])
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select * from app_private.users_seen_before(p_load, p_first, p_last, p_deleted)
  union all select * from app_private.marketplaces_seen_before(p_load, p_first, p_last, p_deleted)
  union all select * from app_private.participants_seen_before(p_load, p_first, p_last, p_deleted)
  union all select * from app_private.leads_seen_before(p_load, p_first, p_last, p_deleted)
  union all select * from app_private.offers_seen_before(p_load, p_first, p_last, p_deleted)
  union all select * from app_private.comments_seen_before(p_load, p_first, p_last, p_deleted)
  union all select * from app_private.keys_seen_before(p_load, p_first, p_last, p_deleted)
$$;

-- unit: app.prove_before(p_load integer, p_first bigint, p_last bigint)
set local role kollegium_broker;
-- Counts and digests of what the users p_first to p_last saw, a row for each user and kind of row;
-- who saw nothing has none. The digest is a sum over rows, so that their order does not matter.
create or replace function app.prove_before(p_load integer, p_first bigint, p_last bigint)
returns table (legacy_user bigint, what text, waiting bigint, rows bigint, digest text)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select s.legacy_user, s.what, count(*) filter (where s.waits), count(*) filter (where not s.waits),
    coalesce(sum(('x' || left(md5(
      concat_ws(' ', s.what, s.marketplace_id, s.lead_id, s.part_id, s.fields)), 15))
      ::bit(60)::bigint) filter (where not s.waits), 0)::text
  from app_private.rows_seen_before(p_load, p_first, p_last) s
  group by s.legacy_user, s.what
$$;
comment on function app.prove_before(integer, bigint, bigint) is
  'What legacy users saw by the legacy rules, as counts and digests by user and kind.';
grant execute on function app.prove_before(integer, bigint, bigint) to kollegium_staff;

-- unit: app_private.reasons_to_wait(p_load integer, p_what text, p_key text, p_waits boolean)
set local role kollegium_broker;
create or replace function app_private.reasons_to_wait(p_load integer, p_what text, p_key text, p_waits boolean)
returns text[] language sql stable set search_path = pg_catalog, pg_temp
as $$
  select array(select f.reason from legacy_staging.finding f
    where f.load = p_load and f.kind = 'quarantine' and f.legacy_key = p_key
      and f.source_table = case p_what when 'prospects' then 'leads' else p_what end and p_waits
    order by 1)
$$;

-- unit: app.prove_before_rows(p_load integer, p_users bigint[])
set local role kollegium_broker;
-- The rows of some users. Values leave as hashes: a difference is named by its field, and the proof
-- that somebody downloads contains no personal data.
create or replace function app.prove_before_rows(p_load integer, p_users bigint[])
returns table (legacy_user bigint, what text, marketplace_id uuid, lead_id uuid, part_id uuid,
  legacy_key text, waits boolean, reasons text[], fields text[])
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select s.legacy_user, s.what, s.marketplace_id, s.lead_id, s.part_id, s.legacy_key, s.waits,
    app_private.reasons_to_wait(p_load, s.what, s.legacy_key, s.waits),
    array(select md5(v) from unnest(s.fields) with ordinality f (v, i) order by i)
  from (select min(u) as first, max(u) as last from unnest(p_users) u) r
  cross join lateral app_private.rows_seen_before(p_load, r.first, r.last) s
  where s.legacy_user = any (p_users)
$$;
comment on function app.prove_before_rows(integer, bigint[]) is
  'Every row that some legacy users saw, with hashes of its fields and why it waits, if it does.';
grant execute on function app.prove_before_rows(integer, bigint[]) to kollegium_staff;

-- unit: app.prove_tokens(p_load integer, p_first bigint, p_last bigint)
set local role kollegium_broker;
-- Keys of some users that came over and whose token does not do what it did: opens nothing though live
-- on both sides, or opens something though revoked. Tokens are hashes on both sides, and leave neither.
create or replace function app.prove_tokens(p_load integer, p_first bigint, p_last bigint)
returns table (legacy_user bigint, legacy_key text, api_key_id uuid, opens boolean)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select s.user_id, s.id::text, a.id, t.opens
  from legacy_staging.api_keys s
  join app_private.legacy_api_key k on k.legacy_id = s.id
  join app.api_key a on a.id = k.api_key_id
  cross join lateral (select exists (
    select from app_private.bearer b where b.api_key_id = a.id and (a.revoked_at is not null
      or b.token_sha256 = decode(case when s.token_sha256 ~* '^[0-9a-f]{64}$'
        then s.token_sha256 else '' end, 'hex'))) as opens) t
  where s.load = p_load and s.user_id between p_first and p_last and not exists (
      select from legacy_staging.blocked b
      where b.load = p_load and b.source_table = 'api_keys' and b.id = s.id)
    and t.opens <> (a.revoked_at is null)
$$;
comment on function app.prove_tokens(integer, bigint, bigint) is
  'API keys of a load whose token opens nothing here although live, or something although revoked.';
grant execute on function app.prove_tokens(integer, bigint, bigint) to kollegium_staff;

-- unit: app.prove_since_import(p_load integer, p_company uuid, p_what text[], p_marketplaces uuid[], p_leads uuid[], p_parts uuid[], p_one_sided boolean[])
set local role kollegium_broker;
-- Rows that came into being or were changed here since the import are no differences of it: whoever or
-- whatever is not from the former service, or whose version moved on, with all that is theirs; offers
-- answered since; comments and keys that no legacy row became; keys withdrawn here. A company sees a
-- marketplace of another one by its own card, so that it came or went is that card's doing. Answers for each
-- of the rows asked about, in their order; p_one_sided: only one side has it.
create or replace function app.prove_since_import(p_load integer, p_company uuid, p_what text[],
  p_marketplaces uuid[], p_leads uuid[], p_parts uuid[], p_one_sided boolean[])
returns setof boolean language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select case a.what
    when 'users' then app_private.user_changed_here(a.part_id)
    when 'marketplaces' then app_private.marketplace_changed_here(a.marketplace_id)
      or a.one_sided and app_private.card_changed_here(a.marketplace_id, p_company)
    when 'participants' then app_private.card_changed_here(a.marketplace_id, a.part_id)
    when 'api_keys' then app_private.key_changed_here(p_load, a.part_id)
    else app_private.lead_changed_here(p_load, a.what, a.marketplace_id, a.lead_id, a.part_id) end
  from unnest(p_what, p_marketplaces, p_leads, p_parts, p_one_sided)
    with ordinality a (what, marketplace_id, lead_id, part_id, one_sided, i)
  order by a.i
$$;
comment on function app.prove_since_import(integer, uuid, text[], uuid[], uuid[], uuid[], boolean[]) is
  'Whether rows were made or worked here since they were imported.';
grant execute on function app.prove_since_import(integer, uuid, text[], uuid[], uuid[], uuid[], boolean[])
  to kollegium_staff;

-- unit: app_private.joined_rows_seen_before(p_load integer, p_company uuid)
set local role kollegium_broker;
create or replace function app_private.joined_rows_seen_before(p_load integer, p_company uuid)
returns table (what text, marketplace_id uuid, lead_id uuid, part_id uuid, legacy_key text, waits boolean,
  fields text[])
language sql stable set search_path = pg_catalog, pg_temp
as $$
  with seen as materialized (
    select s.*, p.own_company_id, coalesce(s.lead_id::text, s.part_id::text, s.legacy_key) as key,
      case s.what when 'marketplaces' then s.fields[1] = 'operator' when 'participants' then
        s.fields[1] = 'participant' else s.fields[2] = 'operator' end as first
    from app_private.legacy_party p
    cross join lateral app_private.rows_seen_before(p_load, p.legacy_id, p.legacy_id, true) s
    where p.company_id = p_company
  ), once as (
    select s.*, row_number() over (
        partition by s.what, s.marketplace_id, s.key, s.part_id, s.waits
        order by s.first desc nulls last, case s.what when 'offers' then app_private.offer_rank(s.fields[1]) end,
          s.legacy_key) as place,
      string_agg(case s.what when 'leads' then s.fields[2] end, '') over (
        partition by s.what, s.marketplace_id, s.key, s.part_id, s.waits) as roles
    from seen s
  )
  select o.what, o.marketplace_id, o.lead_id, o.part_id, o.legacy_key, o.waits, case o.what
    -- The firm's name is the company's by now, and its language the one that a colleague's differs from. Who is
    -- deleted there has no address there any more.
    when 'users' then array[case o.own_company_id when co.id then o.fields[1] else co.name end, o.fields[2],
      coalesce(o.fields[3], (select c.email from app.colleague c where c.id = o.part_id)),
      case o.fields[4] when co.language then co.language end, o.fields[5]]
    when 'leads' then o.fields[:1] || concat(case when o.roles like '%o%' then 'o' end,
      case when o.roles like '%g%' and o.roles not like '%o%' then 'g' end,
      case when o.roles like '%p%' then 'p' end) || o.fields[3:]
    else o.fields end
  from once o
  join app.company co on co.id = p_company
  left join app.marketplace m on m.id = o.marketplace_id
  -- Who runs a marketplace by now has no card on it.
  where o.place = 1 and not (o.what = 'participants' and not o.waits and o.part_id = p_company
    and m.operator_company_id = p_company)
$$;

-- unit: app.prove_before_joined(p_load integer, p_company uuid)
set local role kollegium_broker;
create or replace function app.prove_before_joined(p_load integer, p_company uuid)
returns table (what text, marketplace_id uuid, lead_id uuid, part_id uuid, legacy_key text, waits boolean,
  reasons text[], fields text[])
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select s.what, s.marketplace_id, s.lead_id, s.part_id, s.legacy_key, s.waits,
    app_private.reasons_to_wait(p_load, s.what, s.legacy_key, s.waits),
    array(select md5(v) from unnest(s.fields) with ordinality f (v, i) order by i)
  from app_private.joined_rows_seen_before(p_load, p_company) s
$$;
comment on function app.prove_before_joined(integer, uuid) is
  'Every row that the users of a company of several saw, once, with hashes of its fields and why it waits.';
grant execute on function app.prove_before_joined(integer, uuid) to kollegium_staff;

-- unit: app.open_joined_proof_sessions(p_companies uuid[], p_tokens_sha256 bytea[])
set local role kollegium_broker;
-- A session for each company of several that has somebody from the former service; until the cut-over
-- (docs/decisions/0041). Five minutes, audited, ended by app.close_proof_sessions like the others.
create or replace function app.open_joined_proof_sessions(p_companies uuid[], p_tokens_sha256 bytea[])
returns setof uuid language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_company uuid;
  v_colleague uuid;
  v_token_sha256 bytea;
begin
  if app_private.legacy_cut_over() then
    return;
  end if;
  -- Companies before their colleagues, as everywhere.
  perform from app.company where id = any (p_companies) order by id for key share;
  for v_company, v_colleague, v_token_sha256 in
    select co.id, k.id, t.token_sha256
    from unnest(p_companies, p_tokens_sha256) t (company_id, token_sha256)
    join app.company co on co.id = t.company_id and co.state = 'active'
    cross join lateral (
      select c.id from app.colleague c
      join app_private.legacy_user u on u.colleague_id = c.id
      where c.company_id = co.id and c.active order by c.id limit 1 for key share of c) k
    for key share of co
  loop
    insert into app_private.bearer (token_sha256, company_id, colleague_id, expires_at)
    values (v_token_sha256, v_company, v_colleague, now() + interval '5 minutes');
    perform app_private.audit('proof-session-opened', v_company, v_colleague, v_company);
    return next v_company;
  end loop;
end
$$;
comment on function app.open_joined_proof_sessions(uuid[], bytea[]) is
  'Sessions of five minutes for companies of several with somebody of the former service; until the cut-over.';
grant execute on function app.open_joined_proof_sessions(uuid[], bytea[]) to kollegium_staff;

-- unit: app_private.totals_of_accounts(p_load integer)
set local role kollegium_broker;
create or replace function app_private.totals_of_accounts(p_load integer)
returns table (place integer, what text, legacy bigint, waiting bigint, here bigint, only_here bigint)
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select x.place, x.source_table, count(*), count(*) filter (where not x.here and b.id is not null),
    count(*) filter (where x.here), (case x.place
      when 1 then (select count(*) from app_private.legacy_user u where not exists (
        select from legacy_staging.users s where s.load = p_load and s.id = u.legacy_id))
      when 3 then (select count(*) from app_private.legacy_marketplace k where not exists (
        select from legacy_staging.marketplaces s where s.load = p_load and s.id = k.legacy_id))
      when 5 then (select count(*) from app_private.legacy_api_key k where not exists (
        select from legacy_staging.api_keys s where s.load = p_load and s.id = k.legacy_id)) end)
  from (
    select 1 as place, 'users' as source_table, s.id, exists (
      select from app_private.legacy_party p where p.legacy_id = s.id) as here
    from legacy_staging.users s where s.load = p_load
    union all
    select 2, 'groups', s.id, exists (select from app_private.legacy_group g where g.legacy_id = s.id)
    from legacy_staging.groups s where s.load = p_load
    union all
    select 3, 'marketplaces', s.id, exists (
      select from app_private.legacy_marketplace k join app.marketplace m on m.id = k.marketplace_id
      where k.legacy_id = s.id)
    from legacy_staging.marketplaces s where s.load = p_load
    union all
    select 4, 'participants', s.id, b.id is null and exists (
      select from app_private.legacy_marketplace k
      join app_private.legacy_party p on p.legacy_id = s.user_id
      join app.participation c on c.marketplace_id = k.marketplace_id and c.company_id = p.company_id
      where k.legacy_id = s.marketplace_id)
    from legacy_staging.participants s
    left join legacy_staging.blocked b
      on b.load = p_load and b.source_table = 'participants' and b.id = s.id
    where s.load = p_load
    union all
    select 5, 'api_keys', s.id, exists (
      select from app_private.legacy_api_key k join app.api_key y on y.id = k.api_key_id
      where k.legacy_id = s.id)
    from legacy_staging.api_keys s where s.load = p_load) x
  left join legacy_staging.blocked b
    on b.load = p_load and b.source_table = x.source_table and b.id = x.id
  group by x.place, x.source_table
$$;

-- unit: app_private.totals_of_leads(p_load integer)
set local role kollegium_broker;
-- An offer that collapsed with another one of the same lead and company is here in that one.
create or replace function app_private.totals_of_leads(p_load integer)
returns table (place integer, what text, legacy bigint, waiting bigint, here bigint, only_here bigint)
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select x.place, x.source_table, count(*), count(*) filter (where not x.here and b.id is not null),
    count(*) filter (where x.here), case x.place
      when 6 then (select count(*) from app_private.legacy_lead k where not exists (
        select from legacy_staging.leads s where s.load = p_load and s.id = k.legacy_id)) end
  from (
    select 6 as place, 'leads' as source_table, s.id, exists (
      select from app_private.legacy_lead k
      join app.lead l on l.marketplace_id = k.marketplace_id and l.id = k.lead_id
      join app.prospect p on p.marketplace_id = l.marketplace_id and p.lead_id = l.id
      where k.legacy_id = s.id) as here
    from legacy_staging.leads s where s.load = p_load
    union all
    select 7, 'offers', s.id, exists (select from app.offer o where o.marketplace_id = k.marketplace_id
      and o.lead_id = k.lead_id and o.company_id = p.company_id)
    from legacy_staging.offers s
    left join app_private.legacy_lead k on k.legacy_id = s.lead_id
    left join app_private.legacy_party p on p.legacy_id = s.user_id
    where s.load = p_load
    union all
    select 8, 'comments', s.id, n.id is not null or m.id is not null
    from (select c.id, k.marketplace_id, app_private.legacy_id('comment', c.id, c.created_at) as becomes
          from legacy_staging.comments c
          left join app_private.legacy_lead k on k.legacy_id = c.lead_id
          where c.load = p_load) s
    left join app.note n on n.marketplace_id = s.marketplace_id and n.id = s.becomes
    left join app.message m on m.marketplace_id = s.marketplace_id and m.id = s.becomes) x
  left join legacy_staging.blocked b
    on b.load = p_load and b.source_table = x.source_table and b.id = x.id
  group by x.place, x.source_table
$$;

-- unit: app_private.total_value(p_load integer)
set local role kollegium_broker;
create or replace function app_private.total_value(p_load integer)
returns table (legacy numeric, here numeric)
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select sum(s.value) filter (where s.state = 'won'), sum(e.value) filter (where e.state = 'won')
  from legacy_staging.leads s
  left join app_private.legacy_lead k on k.legacy_id = s.id
  left join app.lead l on l.marketplace_id = k.marketplace_id and l.id = k.lead_id
  left join app.engagement e on e.marketplace_id = l.marketplace_id and e.id = l.engagement_id
  where s.load = p_load and (l.id is null or l.version = k.version) and not exists (
    select from legacy_staging.blocked b
    where b.load = p_load and b.source_table = 'leads' and b.id = s.id)
$$;

-- unit: app.prove_totals(p_load integer)
set local role kollegium_broker;
-- Rows of each legacy table: how many there are, how many of them wait in quarantine and are not here, and
-- how many are here. The three agree, or something is lost. only_here: came from a row that is there no
-- more. The value is that of won leads that nobody touched here since.
create or replace function app.prove_totals(p_load integer)
returns table (what text, legacy bigint, waiting bigint, here bigint, only_here bigint,
  value_legacy numeric, value_here numeric)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select t.what, t.legacy, t.waiting, t.here, t.only_here, v.legacy, v.here
  from (
    select * from app_private.totals_of_accounts(p_load)
    union all select * from app_private.totals_of_leads(p_load)) t
  left join app_private.total_value(p_load) v on t.what = 'leads'
  order by t.place
$$;
comment on function app.prove_totals(integer) is
  'Rows of a load by table, how many wait, are here, or are only here, and the value of won leads on both sides.';
grant execute on function app.prove_totals(integer) to kollegium_staff;

-- unit: app_private.legacy_moved()
set local role kollegium_broker;
-- Who was moved by a merge that can still be undone, latest last.
create or replace function app_private.legacy_moved()
returns table (colleague_id uuid, merge_id uuid, absorbed uuid, survivor uuid, done_id uuid)
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select j.id, m.id, m.absorbed_company_id, m.survivor_company_id, m.done_id
  from app.company_merge m
  join app_private.merge_journal j
    on j.merge_id = m.id and j.tab = 'app.colleague' and j.kind = 'moved'
  where m.state = 'done'
$$;

-- unit: app_private.legacy_journal( p_tabs text[], p_markets uuid[], p_ids uuid[], p_columns text[], p_colleagues uuid[])
set local role kollegium_broker;
-- Notes that columns of rows belong to a colleague, so that they go where he goes. Parallel arrays: a
-- table, marketplace (null where it has none), id and column; whose it is.
create or replace function app_private.legacy_journal(
  p_tabs text[], p_markets uuid[], p_ids uuid[], p_columns text[], p_colleagues uuid[])
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  -- One entry a row: undo joins them.
  with found as materialized (
    select v.merge_id, x.tab, x.marketplace_id, x.id, x.col
    from unnest(p_tabs, p_markets, p_ids, p_columns, p_colleagues)
      x (tab, marketplace_id, id, col, colleague_id)
    join app_private.legacy_moved() v using (colleague_id)
  ), known as (
    delete from app_private.merge_journal j
    using (select distinct f.merge_id, f.tab, f.id from found f) f
    where j.merge_id = f.merge_id and j.tab = f.tab and j.kind = 'moved' and j.id = f.id
    returning j.merge_id, j.tab, j.marketplace_id, j.id, j.columns
  )
  insert into app_private.merge_journal (merge_id, tab, kind, marketplace_id, id, columns)
  select a.merge_id, a.tab, 'moved', a.marketplace_id, a.id, array_agg(distinct a.col)
  from (select * from found
        union select k.merge_id, k.tab, k.marketplace_id, k.id, c.col from known k, unnest(k.columns) c (col)) a
  group by a.merge_id, a.tab, a.marketplace_id, a.id;
end
$$;

-- unit: app_private.legacy_journal_leads( p_load integer, p_rows app_private.legacy_lead_row[])
set local role kollegium_broker;
create or replace function app_private.legacy_journal_leads(
  p_load integer, p_rows app_private.legacy_lead_row[])
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  if not exists (select from app_private.legacy_moved()) then
    return;
  end if;
  perform app_private.legacy_journal(array_agg(x.tab), array_agg(x.marketplace_id), array_agg(x.id),
    array_agg(x.col), array_agg(x.colleague_id))
  from (
    select k.tab, r.marketplace_id, k.id, k.col, k.colleague_id
    from unnest(p_rows) r
    cross join lateral (values
      ('app.lead', r.lead_id, 'giver_company_id',
       case when r.giver_company_id is not null then r.created_by_id end),
      ('app.lead', r.lead_id, 'engaged_company_id', r.taker_id),
      ('app.engagement', r.engagement_id, 'company_id', r.taker_id),
      ('app.disclosure', r.engagement_id, 'company_id', r.taker_id),
      ('app.history', app_private.legacy_id('created', r.legacy_id, r.created_at), 'company_id',
       case when r.action = 'new' then r.created_by_id end),
      ('app.history', app_private.legacy_id('picked' || r.engagement_id, r.legacy_id, r.picked_at),
       'company_id', r.taker_id),
      ('app.history', app_private.legacy_id(r.outcome || r.engagement_id, r.legacy_id, r.closed_at),
       'company_id', r.taker_id)) k (tab, id, col, colleague_id)
    where r.action <> 'complete' and k.id is not null and k.colleague_id is not null
    union
    select case when c.shared then 'app.message' else 'app.note' end, r.marketplace_id,
      app_private.legacy_id('comment', c.id, c.created_at), 'company_id', u.colleague_id
    from unnest(p_rows) r
    join legacy_staging.comments c on c.load = p_load and c.lead_id = r.legacy_id
    join app_private.legacy_user u on u.legacy_id = c.user_id) x;
end
$$;

-- unit: app_private.legacy_journal_offers(p_offers app_private.legacy_offer_row[])
set local role kollegium_broker;
-- Offers that stay follow their user. Those that gave way to a better one of the same company come back with
-- the undo of the merge that brought both together, the latest that moved one of the two and not the other.
create or replace function app_private.legacy_journal_offers(p_offers app_private.legacy_offer_row[])
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  if p_offers is null or not exists (select from app_private.legacy_moved()) then
    return;
  end if;
  delete from app_private.merge_journal j using unnest(p_offers) o
  where j.merge_id in (select v.merge_id from app_private.legacy_moved() v)
    and j.tab = 'app.offer' and j.kind = 'collapsed' and j.id = o.id
    -- What was declined here after the last word there stays declined.
    and not (o.place > 1 and o.state <> 'picked' and j.before ->> 'state' = 'declined'
      and (j.before ->> 'answered_at')::timestamptz > o.changed_at);
  perform app_private.legacy_journal(array_agg('app.offer'::text), array_agg(o.marketplace_id),
    array_agg(o.id), array_agg('company_id'::text), array_agg(o.colleague_id))
  from unnest(p_offers) o;
  with moved as materialized (
    select * from app_private.legacy_moved()
  )
  insert into app_private.merge_journal (merge_id, tab, kind, marketplace_id, id, before)
  select distinct on (o.id) v.merge_id, 'app.offer', 'collapsed', o.marketplace_id, o.id,
    to_jsonb(o) || jsonb_build_object('company_id',
      case when v.colleague_id = o.colleague_id then v.absorbed else v.survivor end)
  from unnest(p_offers) o
  join unnest(p_offers) kept on kept.lead_id = o.lead_id and kept.company_id = o.company_id and kept.place = 1
  join moved v on v.colleague_id in (o.colleague_id, kept.colleague_id)
  where o.place > 1 and not exists (
    select from moved b where b.merge_id = v.merge_id and b.colleague_id <> v.colleague_id
      and b.colleague_id in (o.colleague_id, kept.colleague_id))
    and not exists (select from app_private.merge_journal j where j.merge_id = v.merge_id
      and j.tab = 'app.offer' and j.kind = 'collapsed' and j.id = o.id)
  order by o.id, v.done_id desc;
end
$$;

-- unit: app_private.legacy_journal_card( p_marketplace uuid, p_colleague uuid, p_before uuid default null)
set local role kollegium_broker;
-- A new card goes back with its user, through every merge that moved him before p_before (null: all).
create or replace function app_private.legacy_journal_card(
  p_marketplace uuid, p_colleague uuid, p_before uuid default null)
returns void language sql volatile set search_path = pg_catalog, pg_temp
as $$
  insert into app_private.merge_journal (merge_id, tab, kind, marketplace_id, before, after)
  select v.merge_id, 'app.participation', 'changed', p_marketplace,
    jsonb_build_object('company_id', a.id, 'company_name', a.name),
    jsonb_build_object('company_id', s.id, 'company_name', s.name)
  from app_private.legacy_moved() v
  join app.company a on a.id = v.absorbed
  join app.company s on s.id = v.survivor
  where v.colleague_id = p_colleague and (p_before is null or v.done_id < p_before)
$$;

-- unit: app_private.legacy_journal_united_card( p_marketplace uuid, p_colleague uuid, p_card app.participation)
set local role kollegium_broker;
-- A card that was united with another one of its company comes back with the undo of the latest merge that
-- moved its user and none of those who have the other.
create or replace function app_private.legacy_journal_united_card(
  p_marketplace uuid, p_colleague uuid, p_card app.participation)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_merge record;
begin
  select v.merge_id, v.done_id, a.id, a.name into v_merge
  from app_private.legacy_moved() v
  join app.company a on a.id = v.absorbed
  where v.colleague_id = p_colleague and not exists (
    select from app_private.legacy_moved() b
    join app_private.legacy_user u on u.colleague_id = b.colleague_id
    join app_private.legacy_participation k on k.company_id = u.company_id and k.marketplace_id = p_marketplace
    where b.merge_id = v.merge_id and b.colleague_id <> p_colleague)
  order by v.done_id desc limit 1;
  if found then
    insert into app_private.merge_journal (merge_id, tab, kind, marketplace_id, before)
    values (v_merge.merge_id, 'app.participation', 'collapsed', p_marketplace,
      to_jsonb(p_card) || jsonb_build_object('company_id', v_merge.id, 'company_name', v_merge.name));
    perform app_private.legacy_journal_card(p_marketplace, p_colleague, v_merge.done_id);
  end if;
end
$$;

-- unit: app_private.legacy_cut_over()
set local role kollegium_broker;
create or replace function app_private.legacy_cut_over() returns boolean
language sql stable set search_path = pg_catalog, pg_temp
as $$ select s.cut_over_at is not null from app_private.legacy_state s $$;

-- unit: app_private.legacy_waits(p_table text, p_id bigint)
set local role kollegium_broker;
-- A row waits in quarantine: after the cut-over only such rows are still imported.
create or replace function app_private.legacy_waits(p_table text, p_id bigint) returns boolean
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select exists (select from app_private.legacy_quarantine q
                 where q.source_table = p_table and q.legacy_key = p_id::text and q.healed_at is null)
$$;

-- unit: app_private.legacy_users_of(p_load integer, p_after bigint, p_limit integer)
set local role kollegium_broker;
-- What a staged user is to become; a deleted one keeps his leads and loses his log-in.
create or replace function app_private.legacy_users_of(p_load integer, p_after bigint, p_limit integer)
returns table (legacy_id bigint, company_id uuid, colleague_id uuid, company_name text,
  colleague_name text, email text, language text, active boolean, password text[], vat_id text,
  created_at timestamptz, updated_at timestamptz, row_hash bigint)
language sql stable set search_path = pg_catalog, pg_temp rows 2000
as $$
  select s.id, app_private.legacy_id('company', s.id, s.created_at),
    app_private.legacy_id('colleague', s.id, s.created_at),
    coalesce(n.firm, n.person), coalesce(n.person, n.firm),
    case when s.deleted_at is null then s.address
         else 'deleted-' || s.id || '@legacy.invalid' end,
    case when s.language = 'en' then 'en' else 'de' end, s.deleted_at is null,
    case when s.deleted_at is null then app_private.legacy_password(s.password_hash) end,
    nullif(btrim(s.vat_id), ''), s.created_at, s.updated_at,
    hash_record_extended(row(n.firm, n.person, s.email, s.language, s.deleted_at is null,
      s.password_hash, s.vat_id), 0)
  from legacy_staging.users s
  cross join lateral (select nullif(btrim(s.company_name), '') as firm,
    nullif(btrim(concat_ws(' ', btrim(s.first_name), btrim(s.last_name))), '') as person) n
  where s.load = p_load and s.id > p_after and not exists (
    select from legacy_staging.blocked b
    where b.load = p_load and b.source_table = 'users' and b.id = s.id)
  order by s.id limit p_limit
$$;

-- unit: app.legacy_import_users( p_load integer, p_after bigint, p_limit integer, out last bigint, out seen integer, out created integer)
set local role kollegium_broker;
-- A batch of users that have no company yet. last is where the next batch begins, null after the end.
create or replace function app.legacy_import_users(
  p_load integer, p_after bigint, p_limit integer, out last bigint, out seen integer, out created integer)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_won bigint[];
begin
  with batch as materialized (
    select * from app_private.legacy_users_of(p_load, p_after, p_limit)
  ), won as (
    insert into app.company (id, name, state, language, origin_legacy_user_id, created_at, changed_at)
    select u.company_id, u.company_name, case when u.active then 'active' else 'closed' end,
      u.language, u.legacy_id::text, u.created_at, u.updated_at
    from batch u
    where not (select app_private.legacy_cut_over()) or app_private.legacy_waits('users', u.legacy_id)
    order by u.legacy_id
    on conflict (origin_legacy_user_id) do nothing returning id
  ), mine as materialized (
    select u.* from batch u join won w on w.id = u.company_id
  ), colleagues as (
    insert into app.colleague
      (id, company_id, email, name, role, active, language, created_at, changed_at)
    select u.colleague_id, u.company_id, u.email, u.colleague_name, 'admin', u.active, u.language,
      u.created_at, u.updated_at from mine u
  ), credentials as (
    insert into app_private.credential
      (colleague_id, salt, proof_sha256, pbkdf2_iterations, pbkdf2_salt)
    select u.colleague_id, uuid_send(u.colleague_id), sha256(decode(u.password[3], 'base64')),
      u.password[1]::integer, convert_to(u.password[2], 'UTF8')
    from mine u where u.password is not null
  ), known as (
    insert into app_private.legacy_user
      (legacy_id, company_id, colleague_id, vat_id, row_hash, version)
    select u.legacy_id, u.company_id, u.colleague_id, u.vat_id, u.row_hash, 2 from mine u
    returning legacy_id
  ) select (select max(u.legacy_id) from batch u), (select count(*) from batch),
      array_agg(k.legacy_id), count(*)
    into last, seen, v_won, created from known k;
  perform app_private.claim_partner_invitations(c.email, c.company_id)
  from app_private.legacy_user m join app.colleague c on c.id = m.colleague_id and c.active
  where m.legacy_id = any (v_won) and exists (
    select from app.partner_invitation i where i.email = c.email and i.state = 'open');
  perform app_private.audit('legacy-user-imported', m.company_id, m.colleague_id, m.company_id,
    jsonb_build_object('legacy_user', m.legacy_id))
  from app_private.legacy_user m where m.legacy_id = any (v_won);
end
$$;
comment on function app.legacy_import_users(integer, bigint, integer) is
  'A batch of legacy users: one company each, the user its first colleague and admin.';
grant execute on function app.legacy_import_users(integer, bigint, integer) to kollegium_staff;

-- unit: app.legacy_change_users(p_load integer)
set local role kollegium_broker;
-- Users that changed in the former system since they were imported, all in one transaction: an address
-- may go from one to another. What somebody changed here stays, and waits in quarantine as changed-here.
-- A company that was absorbed, or that he was split off from, stays as it is: only the colleague follows.
create or replace function app.legacy_change_users(p_load integer)
returns integer language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  u record;
  v_count integer := 0;
begin
  perform app_private.legacy_hold_merges();
  perform app_private.legacy_free_addresses(p_load);
  for u in
    select s.*, m.company_id as company, m.colleague_id as colleague, m.version as written,
      co.version + c.version as current, c.company_id as acts_for,
      co.state <> 'absorbed' and c.company_id = co.id as at_home
    from app_private.legacy_users_of(p_load, 0, null) s
    join app_private.legacy_user m on m.legacy_id = s.legacy_id and m.row_hash <> s.row_hash
    join app.company co on co.id = m.company_id
    join app.colleague c on c.id = m.colleague_id
    where not app_private.legacy_cut_over()
    order by s.active, s.legacy_id for no key update of m, co, c
  loop
    if u.written <> u.current then
      perform app_private.legacy_conflict(p_load, 'users', u.legacy_id,
        case when u.active then 'changed-here' else 'deleted-there' end);
      continue;
    end if;
    update app.colleague set name = u.colleague_name, email = u.email, language = u.language,
      active = u.active, changed_at = now(), version = version + 1 where id = u.colleague;
    if not u.at_home then
      perform app_private.legacy_set_company_state(u.acts_for, 'closed', 'active') where u.active;
    else
      -- Its leads follow by the timer: nobody waits for this transaction with all its users.
      update app.company set name = u.company_name, language = u.language,
        names_due_before = case when name <> u.company_name
          then 'ffffffff-ffff-ffff-ffff-ffffffffffff' else names_due_before end,
        state = app_private.legacy_company_state(u.company, u.colleague, u.active),
        changed_at = now(), version = version + 1 where id = u.company;
    end if;
    perform app_private.legacy_rename(case when u.at_home then u.company end, u.colleague,
      u.company_name, u.colleague_name);
    perform app_private.legacy_set_password(u.colleague, u.password);
    if not u.active then
      perform app_private.legacy_leave(u.acts_for, u.colleague);
    end if;
    update app_private.legacy_user set row_hash = u.row_hash, vat_id = u.vat_id,
      version = version + case when u.at_home then 2 else 1 end
    where legacy_id = u.legacy_id;
    perform app_private.audit('legacy-user-changed', u.acts_for, u.colleague, u.acts_for);
    v_count := v_count + 1;
  end loop;
  perform app_private.legacy_conflict(p_load, 'users', m.legacy_id, 'deleted-there')
  from app_private.legacy_user m
  where not app_private.legacy_cut_over() and not exists (
    select from legacy_staging.users s where s.load = p_load and s.id = m.legacy_id);
  return v_count;
end
$$;
comment on function app.legacy_change_users(integer) is
  'Brings companies and colleagues up to what their legacy users are now, until the cut-over.';
grant execute on function app.legacy_change_users(integer) to kollegium_staff;

-- unit: app_private.legacy_company_state(p_company uuid, p_founder uuid, p_active boolean)
set local role kollegium_broker;
-- A founder who is gone closes his company only when nobody else is in it (docs/domain.md, case 10).
create or replace function app_private.legacy_company_state(p_company uuid, p_founder uuid, p_active boolean)
returns text language sql stable set search_path = pg_catalog, pg_temp
as $$
  select case when p_active or exists (select from app.colleague c where c.company_id = p_company
    and c.id <> p_founder and c.active) then 'active' else 'closed' end
$$;

-- unit: app_private.legacy_set_company_state(p_company uuid, p_from text, p_to text)
set local role kollegium_broker;
-- Without counting as a change that somebody made here.
create or replace function app_private.legacy_set_company_state(p_company uuid, p_from text, p_to text)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  update app.company set state = p_to, changed_at = now(), version = version + 1
  where id = p_company and state = p_from;
  if found then
    update app_private.legacy_user set version = version + 1 where company_id = p_company;
  end if;
end
$$;

-- unit: app_private.legacy_leave(p_company uuid, p_colleague uuid)
set local role kollegium_broker;
-- A colleague who was deleted in the former system leaves his company (docs/domain.md, case 3). Was he its
-- last admin, the longest-serving delegator becomes admin, or else the longest-serving colleague; was he
-- the last of all, it closes.
create or replace function app_private.legacy_leave(p_company uuid, p_colleague uuid)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_heir app.colleague;
begin
  perform from app.company where id = p_company for no key update;
  delete from app_private.bearer where colleague_id = p_colleague;
  perform app_private.legacy_clear_handler(p_company, p_colleague);
  if exists (select from app.colleague c where c.company_id = p_company and c.active and c.role = 'admin') then
    return;
  end if;
  select * into v_heir from app.colleague c where c.company_id = p_company and c.active
  order by c.role <> 'delegator', c.created_at, c.id limit 1;
  if not found then
    perform app_private.legacy_set_company_state(p_company, 'active', 'closed');
    return;
  end if;
  update app.colleague set role = 'admin', changed_at = now(), version = version + 1 where id = v_heir.id;
  update app_private.legacy_user set version = version + 1 where colleague_id = v_heir.id;
  perform app_private.mail('became-admin', v_heir.email, v_heir.language, p_company, jsonb_build_object(
    'colleague', (select c.name from app.colleague c where c.id = p_colleague),
    'company', (select co.name from app.company co where co.id = p_company)));
  perform app_private.audit('colleague-changed', p_company, null, v_heir.id,
    jsonb_build_object('role', 'admin', 'instead_of', p_colleague));
end
$$;

-- unit: app_private.legacy_clear_handler(p_company uuid, p_colleague uuid)
set local role kollegium_broker;
-- What he handled has no handler, in the new version that it gets by every other change of it too; nobody
-- worked it here by that.
create or replace function app_private.legacy_clear_handler(p_company uuid, p_colleague uuid)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_markets uuid[];
  v_leads uuid[];
begin
  select array_agg(x.marketplace_id), array_agg(x.id) into v_markets, v_leads
  from (select l.marketplace_id, l.id from app.lead l
        join app.engagement e on e.marketplace_id = l.marketplace_id and e.lead_id = l.id
        where e.company_id = p_company and e.handler_id = p_colleague
          and e.state in ('active', 'return_requested')
        order by l.marketplace_id, l.id for update of l) x;
  update app.engagement set handler_id = null, handler_name = null
  where company_id = p_company and handler_id = p_colleague and state in ('active', 'return_requested');
  perform app_private.renew_leads(v_markets, v_leads);
end
$$;

-- unit: app_private.legacy_free_addresses(p_load integer)
set local role kollegium_broker;
-- Who gets another address gives up his own first: it may be the new one of somebody else in this load,
-- who in turn may have had his. What is locked here stays as it is until legacy_change_users ends.
create or replace function app_private.legacy_free_addresses(p_load integer)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_moving bigint[];
begin
  select array_agg(x.legacy_id) into v_moving
  from (select m.legacy_id from app_private.legacy_users_of(p_load, 0, null) s
        join app_private.legacy_user m on m.legacy_id = s.legacy_id and m.row_hash <> s.row_hash
        join app.company co on co.id = m.company_id
        join app.colleague c on c.id = m.colleague_id and c.email <> s.email
        where not (select app_private.legacy_cut_over()) and m.version = co.version + c.version
        order by m.legacy_id for no key update of m, co, c) x;
  update app.colleague c set email = 'moving-' || m.legacy_id || '@legacy.invalid'
  from app_private.legacy_user m where m.legacy_id = any (v_moving) and c.id = m.colleague_id;
end
$$;

-- unit: app_private.legacy_rename( p_company uuid, p_colleague uuid, p_company_name text, p_colleague_name text)
set local role kollegium_broker;
-- Both names stand on other rows too. p_company null: his alone.
create or replace function app_private.legacy_rename(
  p_company uuid, p_colleague uuid, p_company_name text, p_colleague_name text)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_his constant uuid := (select company_id from app.colleague where id = p_colleague);
begin
  update app.marketplace set operator_name = p_company_name
  where operator_company_id = p_company and operator_name <> p_company_name;
  perform from app.lead l
  where (l.marketplace_id, l.id) in (select e.marketplace_id, e.lead_id from app.engagement e
    where e.company_id = v_his and e.handler_id = p_colleague and e.handler_name <> p_colleague_name)
  order by l.marketplace_id, l.id for update;
  update app.participation set company_name = p_company_name
  where company_id = p_company and company_name <> p_company_name;
  update app.participation set operator_name = p_company_name
  where operator_company_id = p_company and operator_name <> p_company_name;
  perform app_private.change_handler_name(v_his, p_colleague, p_colleague_name);
end
$$;

-- unit: app_private.legacy_set_password(p_colleague uuid, p_password text[])
set local role kollegium_broker;
-- The former password, unless its owner has logged in here since: then his password is here.
create or replace function app_private.legacy_set_password(p_colleague uuid, p_password text[])
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  delete from app_private.credential
  where colleague_id = p_colleague and pbkdf2_iterations is not null;
  if p_password is not null then
    -- salt is a place-holder until app.renew_proof: nothing is stretched with it.
    insert into app_private.credential
      (colleague_id, salt, proof_sha256, pbkdf2_iterations, pbkdf2_salt)
    values (p_colleague, uuid_send(p_colleague), sha256(decode(p_password[3], 'base64')),
            p_password[1]::integer, convert_to(p_password[2], 'UTF8'))
    on conflict (colleague_id) do nothing;
  end if;
end
$$;

-- unit: app_private.legacy_conflict( p_load integer, p_table text, p_id bigint, p_reason text default 'changed-here')
set local role kollegium_broker;
-- Changed on both sides, or gone there: what is here stays, and somebody has to look.
create or replace function app_private.legacy_conflict(
  p_load integer, p_table text, p_id bigint, p_reason text default 'changed-here')
returns void language sql volatile set search_path = pg_catalog, pg_temp
as $$
  insert into legacy_staging.finding (load, source_table, legacy_key, kind, reason)
  values (p_load, p_table, p_id::text, 'quarantine', p_reason)
$$;

-- unit: app.set_password(p_email text, p_salt bytea, p_proof bytea)
set local role kollegium_broker;
-- For somebody whose former password cannot be checked. Ends his sessions.
create or replace function app.set_password(p_email text, p_salt bytea, p_proof bytea)
returns boolean language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_colleague app.colleague;
begin
  select * into v_colleague from app.colleague where email = p_email and active;
  if not found then
    return false;
  end if;
  delete from app_private.bearer where colleague_id = v_colleague.id;
  delete from app_private.credential where colleague_id = v_colleague.id;
  insert into app_private.credential (colleague_id, salt, proof_sha256)
  values (v_colleague.id, p_salt, sha256(p_proof));
  perform app_private.audit('password-set', v_colleague.company_id, v_colleague.id, v_colleague.id);
  return true;
end
$$;
comment on function app.set_password(text, bytea, bytea) is
  'Sets the password of an active colleague and ends his sessions (staff); false: there is none.';
grant execute on function app.set_password(text, bytea, bytea) to kollegium_staff;

-- unit: app_private.legacy_unprintable(p_text text)
set local role kollegium_broker;
-- What the API refuses in a line: control, invisible and bidirectional characters.
create or replace function app_private.legacy_unprintable(p_text text) returns boolean
language sql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$
  select p_text ~ '[\u0001-\u001f\u007f-\u009f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]'
$$;

-- unit: app_private.legacy_required()
set local role kollegium_broker;
-- Columns that a row of the contract always has (`not null` there).
create or replace function app_private.legacy_required()
returns table (source_table text, field text)
language sql immutable set search_path = pg_catalog, pg_temp
as $$
  select t.source_table, f from (values
    ('users', '{created_at,updated_at}'::text[]),
    ('groups', '{created_at,updated_at}'),
    ('group_members', '{joined_at}'),
    ('marketplaces', '{created_at,updated_at}'),
    ('statuses', '{marketplace_id,position,name,updated_at}'),
    ('participants', '{marketplace_id,user_id,role,state,created_at,updated_at}'),
    ('leads', '{marketplace_id,state,created_at,updated_at}'),
    ('offers', '{lead_id,user_id,state,offered_at,updated_at}'),
    ('comments', '{lead_id,user_id,shared,created_at}'),
    ('api_keys', '{user_id,created_at,updated_at}')) t (source_table, fields), unnest(t.fields) f
$$;

-- unit: app_private.legacy_texts()
set local role kollegium_broker;
-- Texts and the most characters that the API takes for them; of contact data that is searched for, this is
-- also what an index bears. unprintable: what becomes of a text with characters that the API refuses.
create or replace function app_private.legacy_texts()
returns table (source_table text, field text, longest integer, unprintable text)
language sql immutable set search_path = pg_catalog, pg_temp
as $$
  values
    -- How long a firm's and a person's name may be, legacy_check_users says.
    ('users', 'company_name', null, 'quarantine'), ('users', 'first_name', null, 'quarantine'),
    ('users', 'last_name', null, 'quarantine'), ('users', 'vat_id', 200, null),
    ('groups', 'name', 200, null),
    ('marketplaces', 'name', 200, 'quarantine'), ('statuses', 'name', 200, 'quarantine'),
    ('api_keys', 'name', 200, 'quarantine'), ('offers', 'reason', 1000, null),
    ('leads', 'interest', 4000, null), ('comments', 'text', 10000, null),
    ('leads', 'contact_name', 200, 'warning'), ('leads', 'contact_salutation', 200, 'warning'),
    ('leads', 'contact_company', 200, 'warning'), ('leads', 'contact_street', 200, 'warning'),
    ('leads', 'contact_city', 200, 'warning'), ('leads', 'contact_email', 254, null),
    ('leads', 'contact_phone', 200, null), ('leads', 'contact_postcode', 200, null),
    ('leads', 'contact_country', 200, null)
$$;

-- unit: app_private.legacy_lists()
set local role kollegium_broker;
-- Tags and postcode areas, which the former system kept in one text with commas. A text of at most so many
-- printable characters as one of them may have is not taken apart: there are as many as leads.
create or replace function app_private.legacy_lists()
returns table (source_table text, field text, most integer, wanted text, harmless integer)
language sql immutable set search_path = pg_catalog, pg_temp
as $$
  values ('participants', 'postcode_areas', 1000, '^[0-9]{1,5}$', 0),
    ('participants', 'tags', 100, '^.{1,50}$', 50), ('leads', 'tags', 50, '^.{1,50}$', 50)
$$;

-- unit: app_private.legacy_value_rules()
set local role kollegium_broker;
create or replace function app_private.legacy_value_rules()
returns table (source_table text, kind text, reason text, field text, holds text)
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select r.source_table, 'quarantine', 'value-missing', r.field, format('s.%I is null', r.field)
  from app_private.legacy_required() r
  union all
  select c.relname, 'quarantine', 'time-out-of-range', a.attname, format(
    's.%I not between ''1970-01-01 00:00+00'' and ''2999-12-31 00:00+00''', a.attname)
  from pg_class c join pg_attribute a on a.attrelid = c.oid and a.atttypid = 'timestamptz'::regtype
  where c.relnamespace = 'legacy_staging'::regnamespace and c.relkind = 'r' and c.relname <> 'load'
  union all
  select c.relname, 'quarantine', 'number-unusable', a.attname, format('s.%I <= 0', a.attname)
  from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attname = 'id'
  where c.relnamespace = 'legacy_staging'::regnamespace and c.relkind = 'r' and c.relname <> 'blocked'
  union all
  select 'leads', 'quarantine', 'value-no-number', 'value', 's.value = ''NaN'''
  union all
  select t.source_table, 'quarantine', 'text-too-long', t.field,
    format('length(s.%I) > %s', t.field, t.longest)
  from app_private.legacy_texts() t where t.longest is not null
  union all
  select t.source_table, t.unprintable,
    case t.unprintable when 'quarantine' then 'name-unprintable' else 'text-unprintable' end, t.field,
    format('app_private.legacy_unprintable(s.%I)', t.field)
  from app_private.legacy_texts() t where t.unprintable is not null
  union all
  select l.source_table, 'quarantine', 'list-unusable', l.field, format(
    '(length(s.%1$I) > %4$s or app_private.legacy_unprintable(s.%1$I)) and
      (cardinality(app_private.legacy_list(s.%1$I)) > %2$s or exists (select from
      unnest(app_private.legacy_list(s.%1$I)) x where x !~ %3$L or app_private.legacy_unprintable(x)))',
    l.field, l.most, l.wanted, l.harmless)
  from app_private.legacy_lists() l
$$;

-- unit: app_private.legacy_keep_known(p_load integer)
set local role kollegium_broker;
-- What cannot be read is not deleted. Records that have nothing but a number, and rows that came over before
-- and may be among those without one, stand here with their number alone, and wait.
create or replace function app_private.legacy_keep_known(p_load integer)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_known record;
begin
  for v_known in
    select * from (values ('users', 'legacy_user'), ('marketplaces', 'legacy_marketplace'),
      ('leads', 'legacy_lead'), ('api_keys', 'legacy_api_key'), ('offers', null), ('comments', null),
      ('statuses', null), ('participants', null), ('groups', null)) k (source_table, mapping)
    where exists (select from legacy_staging.finding f where f.load = p_load
      and f.source_table = k.source_table and f.kind = 'quarantine')
  loop
    execute format('insert into legacy_staging.%1$I (load, id)
      select distinct f.load, f.legacy_key::bigint from legacy_staging.finding f
      where f.load = $1 and f.source_table = %1$L and f.reason = ''record-unreadable''
        and f.legacy_key ~ ''^[0-9]{1,18}$'' on conflict do nothing', v_known.source_table) using p_load;
    continue when not exists (select from legacy_staging.finding f where f.load = p_load
      and f.source_table = v_known.source_table and f.legacy_key like 'row %');
    if v_known.mapping is not null then
      execute format('with missing as (insert into legacy_staging.%1$I (load, id)
          select $1, k.legacy_id from app_private.%2$I k on conflict do nothing returning id)
        insert into legacy_staging.finding (load, source_table, legacy_key, kind, reason)
        select $1, %1$L, m.id::text, ''quarantine'', ''not-found'' from missing m',
        v_known.source_table, v_known.mapping) using p_load;
    end if;
  end loop;
  perform app_private.legacy_keep_known_cards(p_load);
end
$$;

-- unit: app_private.legacy_keep_known_cards(p_load integer)
set local role kollegium_broker;
-- The same for a card, which is known by its marketplace and user.
create or replace function app_private.legacy_keep_known_cards(p_load integer)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  if not exists (select from legacy_staging.finding f where f.load = p_load
      and f.source_table = 'participants' and f.kind = 'quarantine') then
    return;
  end if;
  with known as (
    select p.first_id as id, l.legacy_id as marketplace_id, u.legacy_id as user_id
    from app_private.legacy_participation p
    join app_private.legacy_marketplace l on l.marketplace_id = p.marketplace_id
    join app_private.legacy_user u on u.company_id = p.company_id
    where not exists (select from legacy_staging.participants s where s.load = p_load
      and s.marketplace_id = l.legacy_id and s.user_id = u.legacy_id)
  ), repaired as (
    update legacy_staging.participants s set marketplace_id = k.marketplace_id, user_id = k.user_id
    from known k where s.load = p_load and s.id = k.id and num_nulls(s.marketplace_id, s.user_id) > 0
    returning s.id
  ), missing as (
    insert into legacy_staging.participants (load, id, marketplace_id, user_id)
    select p_load, k.id, k.marketplace_id, k.user_id from known k
    where exists (select from legacy_staging.finding f where f.load = p_load
      and f.source_table = 'participants' and f.legacy_key like 'row %')
    on conflict do nothing returning id
  ) insert into legacy_staging.finding (load, source_table, legacy_key, kind, reason)
  select p_load, 'participants', m.id::text, 'quarantine', 'not-found' from missing m;
end
$$;

-- unit: app_private.legacy_check_values(p_load integer)
set local role kollegium_broker;
-- Rows are looked at once for all rules of their table, and by rule only where one holds.
create or replace function app_private.legacy_check_values(p_load integer)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_rules record;
begin
  for v_rules in
    select r.source_table, string_agg(format('(%s)', r.holds), ' or ') as any_holds,
      string_agg(format('(%L, %L, %L, %s)', r.kind, r.reason, r.field, r.holds), ', ') as rows,
      case r.source_table when 'group_members' then 's.group_id || ''/'' || s.user_id'
                          else 's.id::text' end as key
    from app_private.legacy_value_rules() r group by r.source_table
  loop
    execute format(
      'insert into legacy_staging.finding (load, source_table, legacy_key, kind, reason, field)
       select $1, %1$L, %2$s, f.kind, f.reason, string_agg(f.field, '', '' order by f.field)
       from legacy_staging.%1$I s cross join lateral (values %3$s) f (kind, reason, field, holds)
       where s.load = $1 and (%4$s) and f.holds group by 3, f.kind, f.reason',
      v_rules.source_table, v_rules.key, v_rules.rows, v_rules.any_holds) using p_load;
    perform app_private.legacy_block(p_load, v_rules.source_table);
  end loop;
end
$$;

-- unit: app_private.legacy_check_dependents(p_load integer)
set local role kollegium_broker;
-- What names a row in quarantine waits with it. Said once of each row; called again when a row was put
-- aside later. A status is named by the leads that stand in it.
create or replace function app_private.legacy_check_dependents(p_load integer)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_link record;
begin
  for v_link in
    select * from (values
      (1, 'marketplaces', 'owner_user_id', 'users', 'true'),
      (2, 'statuses', 'marketplace_id', 'marketplaces', 'true'),
      (3, 'participants', 'marketplace_id', 'marketplaces', 'true'),
      (3, 'participants', 'user_id', 'users', 'true'),
      (4, 'leads', 'marketplace_id', 'marketplaces', 'true'),
      (4, 'leads', 'picked_by_user_id', 'users', 'true'),
      (4, 'leads', 'giver_user_id', 'users', 'true'),
      (4, 'leads', 'status_id', 'statuses', 's.picked_by_user_id is not null'),
      (5, 'offers', 'lead_id', 'leads', 'true'), (5, 'offers', 'user_id', 'users', 'true'),
      (6, 'comments', 'lead_id', 'leads', 'true'), (6, 'comments', 'user_id', 'users', 'true'),
      (7, 'api_keys', 'user_id', 'users', 'true')
    ) l (place, source_table, field, parent, matters) order by l.place
  loop
    execute format(
      'insert into legacy_staging.finding (load, source_table, legacy_key, kind, reason, blocked_by)
       select $1, %1$L, s.id::text, ''quarantine'', ''depends-on'', %3$L || '':'' || b.id
       from legacy_staging.%1$I s
       join legacy_staging.blocked b on b.load = $1 and b.source_table = %3$L and b.id = s.%2$I
       where s.load = $1 and %4$s and not exists (
         select from legacy_staging.finding f where f.load = $1 and f.source_table = %1$L
           and f.legacy_key = s.id::text and f.reason = ''depends-on'')',
      v_link.source_table, v_link.field, v_link.parent, v_link.matters) using p_load;
    perform app_private.legacy_block(p_load, v_link.source_table);
  end loop;
end
$$;

-- unit: app.legacy_add_findings( p_load integer, p_table text, p_kind text, p_reason text, p_keys text[], p_field text default null)
set local role kollegium_broker;
-- What somebody without the rights to read a load says about its rows: the reader of a file what
-- PostgreSQL could not see, an import which row it had to put aside. What depends on such a row waits too.
create or replace function app.legacy_add_findings(
  p_load integer, p_table text, p_kind text, p_reason text, p_keys text[], p_field text default null)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  insert into legacy_staging.finding (load, source_table, legacy_key, kind, reason, field)
  select p_load, p_table, k, p_kind, p_reason, p_field from unnest(p_keys) k;
  if p_kind = 'quarantine' and exists (
      select from legacy_staging.load l where l.load = p_load and l.sealed_at is not null) then
    perform app_private.legacy_block(p_load, p_table);
    perform app_private.legacy_check_dependents(p_load);
  end if;
end
$$;
comment on function app.legacy_add_findings(integer, text, text, text, text[], text) is
  'Adds what the reader or an import found about rows of a load.';
grant execute on function app.legacy_add_findings(integer, text, text, text, text[], text) to kollegium_staff;

-- unit: app_private.operated_marketplace(p_marketplace uuid, p_company uuid)
set local role kollegium_broker;
-- The marketplace, locked, when the caller's company operates it; otherwise 404, as for none.
create or replace function app_private.operated_marketplace(p_marketplace uuid, p_company uuid)
returns app.marketplace language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_marketplace app.marketplace;
begin
  select * into v_marketplace from app.marketplace
  where id = p_marketplace and operator_company_id = p_company for no key update;
  if not found then
    perform app_private.refuse(404, 'not-found');
  end if;
  return v_marketplace;
end
$$;

-- unit: app.create_marketplace(p_settings jsonb)
set local role kollegium_broker;
create or replace function app.create_marketplace(p_settings jsonb)
returns uuid language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_id constant uuid := app_private.new_id();
begin
  insert into app.marketplace (id, operator_company_id, name, operator_name, steps)
  values (v_id, v_caller.company_id, p_settings ->> 'name', v_caller.company_name,
          array(select jsonb_array_elements_text(p_settings -> 'steps')));
  perform app_private.apply_settings(v_id, p_settings);
  perform app_private.audit('marketplace-created', v_caller.company_id, v_caller.colleague_id, v_id);
  return v_id;
end
$$;
comment on function app.create_marketplace(jsonb) is
  'A new marketplace operated by the caller''s company; keys are the columns of app.marketplace.';
grant execute on function app.create_marketplace(jsonb) to kollegium_api;

-- unit: app_private.apply_settings(p_marketplace uuid, p_settings jsonb)
set local role kollegium_broker;
create or replace function app_private.apply_settings(p_marketplace uuid, p_settings jsonb)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v app.marketplace;
begin
  -- Keys that are absent stay; the composite carries the types and refuses what does not convert.
  select (jsonb_populate_record(m, p_settings)).* into v from app.marketplace m where id = p_marketplace;
  update app.marketplace set name = v.name, steps = v.steps, operator_may_take = v.operator_may_take,
    giver_may_withdraw = v.giver_may_withdraw, auto_accept = v.auto_accept,
    auto_offer = v.auto_offer, response_hours = v.response_hours, reopen_days = v.reopen_days,
    teaser_digits = v.teaser_digits
  where id = p_marketplace;
end
$$;

-- unit: app.change_marketplace(p_marketplace uuid, p_versions integer[], p_settings jsonb)
set local role kollegium_broker;
-- Name and steps stand on the membership cards too. Running engagements keep the steps with which
-- they began.
create or replace function app.change_marketplace(p_marketplace uuid, p_versions integer[], p_settings jsonb)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_marketplace app.marketplace;
begin
  v_marketplace := app_private.operated_marketplace(p_marketplace, v_caller.company_id);
  perform app_private.expect_version(v_marketplace.version, p_versions);
  perform app_private.apply_settings(p_marketplace, p_settings);
  if exists (select from app.marketplace m where m.id = p_marketplace and m = v_marketplace) then
    return;  -- nothing changes, so no version does
  end if;
  update app.marketplace set version = version + 1, changed_at = now()
  where id = p_marketplace returning * into v_marketplace;
  update app.participation set marketplace_name = v_marketplace.name, steps = v_marketplace.steps
  where marketplace_id = p_marketplace;
  perform app_private.audit('marketplace-changed', v_caller.company_id, v_caller.colleague_id, p_marketplace);
end
$$;
comment on function app.change_marketplace(uuid, integer[], jsonb) is
  'Changes settings of a marketplace of the caller''s company and the cards of its partners.';
grant execute on function app.change_marketplace(uuid, integer[], jsonb) to kollegium_api;

-- unit: app.invite_partner( p_marketplace uuid, p_company uuid, p_email text, p_capacity text, p_postcode_areas text[], p_tags text[], p_cap integer)
set local role kollegium_broker;
-- Invites a company, or whoever has an e-mail address. For an address the operator's record is the
-- same whether or not a colleague has it, so inviting cannot be used to ask who is a customer; an
-- unknown address finds the invitation waiting when its company is set up. 404 for an unknown id.
create or replace function app.invite_partner(
  p_marketplace uuid, p_company uuid, p_email text, p_capacity text,
  p_postcode_areas text[], p_tags text[], p_cap integer)
returns uuid language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_marketplace app.marketplace;
  v_id constant uuid := app_private.new_id();
  v_company uuid;
begin
  if exists (select from app.marketplace m
             where m.id = p_marketplace and m.operator_company_id = v_caller.company_id) then
    v_company := app_private.active_company(p_company, p_email);
  end if;
  if v_company is not null then
    -- A card is written for another company: not beside a merge or a rename of it. Who waited looks again.
    perform app_private.hold_company(v_company);
    perform app_private.hold_name(v_company);
    v_company := app_private.active_company(p_company, p_email);
  end if;
  v_marketplace := app_private.operated_marketplace(p_marketplace, v_caller.company_id);
  perform app_private.charge_mail(v_caller.company_id, coalesce(p_email, p_company::text),
    p_marketplace::text);
  if p_company is not null and v_company is null then
    perform app_private.expect_not_absorbed(p_marketplace, p_company, v_caller.company_id);
    perform app_private.refuse(404, 'not-found');
  end if;
  if v_company = v_caller.company_id then
    perform app_private.refuse(409, 'own-company');
  end if;
  update app.partner_invitation set state = 'withdrawn'
  where marketplace_id = p_marketplace and capacity = p_capacity and state = 'open'
    and (email = p_email or company_id = p_company);
  insert into app.partner_invitation (marketplace_id, id, operator_company_id, email, company_id,
    capacity, postcode_areas, tags, cap)
  values (p_marketplace, v_id, v_caller.company_id, p_email, p_company, p_capacity,
    p_postcode_areas, p_tags, p_cap);
  if p_email is not null then
    perform app_private.mail('partner-invitation', p_email, v_caller.language, v_caller.company_id,
      jsonb_build_object('marketplace', v_marketplace.name, 'operator', v_caller.company_name,
                         'capacity', p_capacity));
  else
    perform app_private.mail_company('partner-invitation', v_company,
      jsonb_build_object('marketplace', v_marketplace.name, 'operator', v_caller.company_name,
                         'capacity', p_capacity));
  end if;
  perform app_private.deliver_partner_invitation(p_marketplace, v_id, v_company);
  perform app_private.audit('partner-invited', v_caller.company_id, v_caller.colleague_id, v_id);
  return v_id;
end
$$;
comment on function app.invite_partner(uuid, uuid, text, text, text[], text[], integer) is
  'Invites a company, by id or by a colleague''s e-mail, to a marketplace of the caller''s company.';
grant execute on function app.invite_partner(uuid, uuid, text, text, text[], text[], integer) to kollegium_api;

-- unit: app_private.deliver_partner_invitation( p_marketplace uuid, p_invitation uuid, p_company uuid, p_answered boolean default false)
set local role kollegium_broker;
-- Writes the invited company's card. Who is active already gets a further capacity at once when the
-- operator named his company: he may decline each offer, so it takes nothing from him. An invitation
-- to an address waits for the answer, or its card would tell whose address it is.
create or replace function app_private.deliver_partner_invitation(
  p_marketplace uuid, p_invitation uuid, p_company uuid, p_answered boolean default false)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_state text;
begin
  if p_company is null or (not p_answered
      and exists (select from app.partner_invitation i where i.marketplace_id = p_marketplace
                  and i.id = p_invitation and i.email is not null)
      and exists (select from app.participation p where p.marketplace_id = p_marketplace
                  and p.company_id = p_company and p.state = 'active')) then
    return;
  end if;
  insert into app.participation as p (marketplace_id, company_id, operator_company_id, capacities,
    state, postcode_areas, tags, cap, marketplace_name, operator_name, company_name, steps)
  select m.id, co.id, m.operator_company_id, array[i.capacity], 'invited', i.postcode_areas, i.tags,
    i.cap, m.name, m.operator_name, co.name, m.steps
  from app.partner_invitation i
  join app.marketplace m on m.id = i.marketplace_id
  join app.company co on co.id = p_company
  where i.marketplace_id = p_marketplace and i.id = p_invitation
  on conflict (marketplace_id, company_id) do update set
    capacities = case when p.state in ('active', 'invited')
      then array(select distinct unnest(p.capacities || excluded.capacities) order by 1)
      else excluded.capacities end,
    state = case when p.state = 'active' then 'active' else 'invited' end,
    postcode_areas = case when excluded.capacities = array['giver'] and p.state in ('active', 'invited')
      then p.postcode_areas else excluded.postcode_areas end,
    tags = case when excluded.capacities = array['giver'] and p.state in ('active', 'invited')
      then p.tags else excluded.tags end,
    cap = case when excluded.capacities = array['giver'] and p.state in ('active', 'invited')
      then p.cap else excluded.cap end,
    ended_at = null, version = p.version + 1
  returning p.state into v_state;
  if v_state = 'active' then
    update app.partner_invitation set state = 'accepted'
    where marketplace_id = p_marketplace and id = p_invitation;
  end if;
end
$$;

-- unit: app_private.claim_partner_invitations(p_email text, p_company uuid)
set local role kollegium_broker;
-- A new colleague brings the invitations that wait for his address to his company.
create or replace function app_private.claim_partner_invitations(p_email text, p_company uuid)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_invitation app.partner_invitation;
begin
  perform app_private.hold_name(p_company);
  for v_invitation in
    select * from app.partner_invitation
    where email = p_email and state = 'open' and operator_company_id <> p_company
    order by marketplace_id, id
  loop
    perform from app.marketplace where id = v_invitation.marketplace_id for share;
    perform from app.partner_invitation
    where marketplace_id = v_invitation.marketplace_id and id = v_invitation.id and state = 'open'
    for no key update;
    if found then
      perform app_private.deliver_partner_invitation(
        v_invitation.marketplace_id, v_invitation.id, p_company);
    end if;
  end loop;
end
$$;

-- unit: app.answer_partner_invitation(p_marketplace uuid, p_accept boolean)
set local role kollegium_broker;
-- The invited company answers; a partner that was invited for a further capacity answers for that.
create or replace function app.answer_partner_invitation(p_marketplace uuid, p_accept boolean)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_state text;
  v_answer text := case when p_accept then 'active' else 'declined' end;
  v_open uuid[];
begin
  -- The marketplace before its invitations, and these before the card: the order of who invites.
  perform app_private.hold_name(v_caller.company_id);
  perform from app.marketplace where id = p_marketplace for share;
  select array_agg(x.id order by x.id) into v_open from (
    select i.id from app.partner_invitation i
    where i.marketplace_id = p_marketplace and i.state = 'open' and (i.company_id = v_caller.company_id
      or i.email in (select c.email from app.colleague c where c.company_id = v_caller.company_id))
    order by i.id for no key update of i) x;
  select state into v_state from app.participation
  where marketplace_id = p_marketplace and company_id = v_caller.company_id for no key update;
  if not found then
    perform app_private.refuse(404, 'not-found');
  end if;
  if v_state = v_answer and v_open is null then
    return;
  end if;
  if v_state = 'active' and v_open is not null then
    if p_accept then
      perform app_private.deliver_partner_invitation(p_marketplace, i.id, v_caller.company_id, true)
      from unnest(v_open) i (id);
    end if;
    v_answer := 'active';
  elsif v_state <> 'invited' then
    perform app_private.refuse(409, 'participation-state', jsonb_build_object('state', v_state));
  end if;
  update app.participation set state = v_answer, answered_at = now(), version = version + 1
  where marketplace_id = p_marketplace and company_id = v_caller.company_id;
  update app.partner_invitation set state = case when p_accept then 'accepted' else 'declined' end
  where marketplace_id = p_marketplace and id = any (v_open) and state = 'open';
  perform app_private.mail_company('partner-answered',
    (select operator_company_id from app.marketplace where id = p_marketplace),
    (select jsonb_build_object('marketplace', m.name, 'company', v_caller.company_name,
       'accepted', p_accept) from app.marketplace m where m.id = p_marketplace));
  perform app_private.audit('partner-invitation-answered', v_caller.company_id,
    v_caller.colleague_id, p_marketplace, jsonb_build_object('accepted', p_accept));
end
$$;
comment on function app.answer_partner_invitation(uuid, boolean) is
  'Accepts or declines the invitation of the caller''s company to a marketplace.';
grant execute on function app.answer_partner_invitation(uuid, boolean) to kollegium_api;

-- unit: app_private.lock_offered(p_marketplace uuid, p_company uuid)
set local role kollegium_broker;
-- The leads of which a company has an open offer, locked in the order of everybody.
create or replace function app_private.lock_offered(p_marketplace uuid, p_company uuid)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  perform from app.lead l
  where l.marketplace_id = p_marketplace and l.id in (select o.lead_id from app.offer o
    where o.company_id = p_company and o.marketplace_id = p_marketplace and o.state = 'open')
  order by l.id for update;
end
$$;

-- unit: app_private.withdraw_offers(p_marketplace uuid, p_company uuid)
set local role kollegium_broker;
-- The open offers of a company that has left are withdrawn. Its card is locked, so none comes any more;
-- of those that came in while it waited for the card, a lead that somebody has at this moment is not
-- waited for, because he may wait for the card: the request begins again (55P03).
create or replace function app_private.withdraw_offers(p_marketplace uuid, p_company uuid)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_leads uuid[];
  v_lead uuid;
begin
  perform from app.lead l
  where l.marketplace_id = p_marketplace and l.id in (select o.lead_id from app.offer o
    where o.company_id = p_company and o.marketplace_id = p_marketplace and o.state = 'open')
  order by l.id for update nowait;
  with withdrawn as (
    update app.offer set state = 'withdrawn', answered_at = now()
    where company_id = p_company and marketplace_id = p_marketplace and state = 'open'
    returning lead_id
  ) select array_agg(w.lead_id order by w.lead_id) into v_leads from withdrawn w;
  foreach v_lead in array coalesce(v_leads, '{}') loop
    perform app_private.conclude_wave(p_marketplace, v_lead);
  end loop;
end
$$;

-- unit: app.end_participation(p_marketplace uuid, p_company uuid)
set local role kollegium_broker;
-- Ends a participation: by the operator, or by the company itself. Its open offers are withdrawn;
-- what it works already it may finish. p_company may be the id of an open invitation.
create or replace function app.end_participation(p_marketplace uuid, p_company uuid)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_participation app.participation;
  v_invited uuid[];
begin
  -- Several where the company was invited as giver and as taker.
  with withdrawn as (
    update app.partner_invitation i set state = 'withdrawn'
    where i.marketplace_id = p_marketplace and i.operator_company_id = v_caller.company_id
      and (i.id = p_company or i.company_id = p_company) and i.state = 'open'
    returning coalesce(i.company_id,
      (select c.company_id from app.colleague c where c.email = i.email)) as company_id
  ) select array_agg(w.company_id) into v_invited from withdrawn w;
  if v_invited is not null then
    -- All of theirs before the cards, as who answers.
    perform from app.partner_invitation i
    where i.marketplace_id = p_marketplace and i.state = 'open' and (i.company_id = any (v_invited)
      or i.email in (select o.email from app.colleague o where o.company_id = any (v_invited)))
    order by i.id for no key update;
    delete from app.participation
    where marketplace_id = p_marketplace and company_id = any (v_invited) and state = 'invited';
    -- Another invitation of the same company that is still open gets it a new card.
    perform app_private.deliver_partner_invitation(p_marketplace, i.id, c.id)
    from app.partner_invitation i
    join unnest(v_invited) c (id) on c.id = i.company_id
      or i.email in (select o.email from app.colleague o where o.company_id = c.id)
    where i.marketplace_id = p_marketplace and i.state = 'open';
    perform app_private.audit('partner-invitation-withdrawn', v_caller.company_id,
      v_caller.colleague_id, p_marketplace);
    return;
  end if;
  -- Leads before the participation, the order in which a pick takes its locks.
  if p_company = v_caller.company_id or exists (select from app.marketplace m
       where m.id = p_marketplace and m.operator_company_id = v_caller.company_id) then
    perform app_private.lock_offered(p_marketplace, p_company);
  end if;
  select * into v_participation from app.participation
  where marketplace_id = p_marketplace and company_id = p_company
    and (company_id = v_caller.company_id
         or (operator_company_id = v_caller.company_id and state <> 'invited'))
  for update;  -- against offers and leads that come in beside it, which hold the card by its key
  if not found then
    perform app_private.expect_not_absorbed(p_marketplace, p_company, v_caller.company_id);
    perform app_private.refuse(404, 'not-found');
  end if;
  if v_participation.state <> 'active' then
    perform app_private.refuse(409, 'participation-state', jsonb_build_object('state', v_participation.state));
  end if;
  update app.participation set state = 'ended', ended_at = now(), version = version + 1
  where marketplace_id = p_marketplace and company_id = p_company;
  perform app_private.withdraw_offers(p_marketplace, p_company);
  perform app_private.audit('participation-ended', v_caller.company_id, v_caller.colleague_id, p_marketplace,
    jsonb_build_object('company', p_company));
end
$$;
comment on function app.end_participation(uuid, uuid) is
  'Ends a company''s participation, or withdraws an open invitation; open offers are withdrawn.';
grant execute on function app.end_participation(uuid, uuid) to kollegium_api;

-- unit: app_private.newly_visible(p_from uuid, p_to uuid, p_until uuid default null)
set local role kollegium_broker;
-- Leads that the colleagues of one side see only since the merge, by marketplace and capacity, in both
-- directions. The digest tells whether the same leads are meant without keeping a list. p_until: only
-- what existed then.
create or replace function app_private.newly_visible(p_from uuid, p_to uuid, p_until uuid default null)
returns jsonb language sql stable set search_path = pg_catalog, pg_temp
as $$
  with sides (side, mine, theirs) as (values ('survivor', p_from, p_to), ('absorbed', p_to, p_from)),
  seen as (
    select s.side, l.marketplace_id, l.id, c.capacity, c.since
    from sides s
    join app.lead l on (l.operator_company_id = s.mine or l.giver_company_id = s.mine
      or l.engaged_company_id = s.mine) and s.theirs <> all (l.parties)
    cross join lateral (select
      case s.mine when l.operator_company_id then 'operator' when l.giver_company_id then 'giver'
        else 'taker' end as capacity,
      case when s.mine in (l.operator_company_id, l.giver_company_id) then l.id
        else coalesce(l.engagement_id, l.id) end as since) c
    where p_until is null or c.since <= p_until)
  select coalesce(jsonb_agg(jsonb_build_object('to', g.side, 'marketplace_id', g.marketplace_id,
    'marketplace', m.name, 'as', g.capacity, 'leads', g.leads, 'digest', g.digest)
    order by g.side, g.marketplace_id, g.capacity), '[]')
  from (select side, marketplace_id, capacity, count(*) as leads,
          bit_xor(hashtextextended(id::text, 0))::text as digest
        from seen group by side, marketplace_id, capacity) g
  join app.marketplace m on m.id = g.marketplace_id
$$;

-- unit: app_private.lead_keys(p_company uuid)
set local role kollegium_broker;
create or replace function app_private.lead_keys(p_company uuid)
returns table (marketplace_id uuid, id uuid)
language sql stable set search_path = pg_catalog, pg_temp
as $$ select k.* from app_private.leads_of(p_company) o, unnest(o.marketplaces, o.leads) k $$;

-- unit: app_private.newly_readable(p_mine uuid, p_theirs uuid)
set local role kollegium_broker;
-- What else the other side reads from then on, in numbers; for the rehearsal alone.
create or replace function app_private.newly_readable(p_mine uuid, p_theirs uuid)
returns jsonb language sql stable set search_path = pg_catalog, pg_temp
as $$
  select jsonb_build_object(
    'personal_data', (select count(*) from app.lead l
      join app.prospect p on p.marketplace_id = l.marketplace_id and p.lead_id = l.id and p.erased_at is null
      where (l.operator_company_id = p_mine or l.giver_company_id = p_mine or l.engaged_company_id = p_mine)
        and p_theirs <> all (l.parties)),
    'open_offers', (select count(*) from app.offer o where o.company_id = p_mine and o.state = 'open'),
    'notes', (select count(*) from app.note n where n.company_id = p_mine
      and (n.marketplace_id, n.lead_id) in (select * from app_private.lead_keys(p_mine))),
    'colleagues', (select coalesce(jsonb_agg(jsonb_build_object('name', c.name, 'role', c.role)
      order by c.id), '[]') from app.colleague c where c.company_id = p_mine and c.active))
$$;

-- unit: app_private.merge_blocks(p_from uuid, p_to uuid)
set local role kollegium_broker;
-- What forbids the merge, each with what would help in the hands of the operator.
create or replace function app_private.merge_blocks(p_from uuid, p_to uuid)
returns jsonb language sql stable set search_path = pg_catalog, pg_temp
as $$
  select coalesce(jsonb_agg(b.block order by b.block::text), '[]') from (
    select jsonb_build_object('reason', 'company-not-active', 'company', co.name) as block
    from app.company co where co.id in (p_from, p_to) and co.state <> 'active'
    union all
    select jsonb_build_object('reason', 'operator-may-not-take', 'marketplace_id', m.id, 'marketplace', m.name)
    from app.participation p join app.marketplace m on m.id = p.marketplace_id
    where p.company_id in (p_from, p_to) and p.operator_company_id in (p_from, p_to)
      and p.state = 'active' and 'taker' = any (p.capacities) and not m.operator_may_take
    union all
    select jsonb_build_object('reason', 'card-too-large', 'marketplace_id', a.marketplace_id,
      'marketplace', a.marketplace_name)
    from app.participation a
    join app.participation b on b.marketplace_id = a.marketplace_id and b.company_id = p_to
    cross join lateral (select app_private.united_card(b, a) as card) u
    where a.company_id = p_from and (jsonb_array_length(u.card -> 'postcode_areas') > 1000
      or jsonb_array_length(u.card -> 'tags') > 100)) b
$$;

-- unit: app_private.merge_settings(p_from uuid, p_to uuid)
set local role kollegium_broker;
-- Names and switches: the survivor's stay.
create or replace function app_private.merge_settings(p_from uuid, p_to uuid)
returns jsonb language sql stable set search_path = pg_catalog, pg_temp
as $$
  select jsonb_object_agg(k.key, jsonb_build_object('stays', s.j -> k.key, 'goes', a.j -> k.key))
  from (select to_jsonb(c) as j from app.company c where c.id = p_to) s,
       (select to_jsonb(c) as j from app.company c where c.id = p_from) a,
       unnest(array['name', 'delegator_role', 'language']) k (key)
$$;

-- unit: app_private.merge_effects(p_merge uuid, p_from uuid, p_to uuid)
set local role kollegium_broker;
-- Rows that collapse or change, from the journal of the merge that has just been performed. Times and
-- versions are left out: they differ between two performances of one merge.
create or replace function app_private.merge_effects(p_merge uuid, p_from uuid, p_to uuid)
returns jsonb language sql stable set search_path = pg_catalog, pg_temp
as $$
  select coalesce(jsonb_agg(e.effect order by e.effect::text), '[]') from (
    select jsonb_strip_nulls(jsonb_build_object('tab', j.tab, 'kind', j.kind,
      'marketplace_id', j.marketplace_id, 'id', j.id,
      'lead_id', case when j.tab = 'app.offer' then coalesce(j.before ->> 'lead_id', (select o.lead_id::text
        from app.offer o where o.marketplace_id = j.marketplace_id and o.id = j.id)) end,
      'made', case when j.tab = 'app.participation' then extract(epoch from coalesce(
        (j.before ->> 'invited_at')::timestamptz, (select p.invited_at from app.participation p
         where p.marketplace_id = j.marketplace_id and p.company_id = p_to))) end,
      'of', case j.before ->> 'company_id' when p_from::text then 'absorbed'
        when p_to::text then 'survivor' end,
      'to', case j.kind when 'changed' then j.after - array['answered_at', 'closed_at', 'changed_at',
        'ended_at', 'version', 'operator_name', 'company_id', 'company_name'] end)) as effect
    from app_private.merge_journal j
    where j.merge_id = p_merge and j.kind in ('changed', 'collapsed') and j.tab <> 'app_private.idempotent_answer'
      and not coalesce(j.after ? 'operator_name', false)) e
$$;

-- unit: app_private.effects_beyond( p_new jsonb, p_old jsonb, p_until uuid default null, p_time timestamptz default null)
set local role kollegium_broker;
-- Rows in p_new and not in p_old. p_until: without those that were made later.
create or replace function app_private.effects_beyond(
  p_new jsonb, p_old jsonb, p_until uuid default null, p_time timestamptz default null)
returns jsonb language sql immutable set search_path = pg_catalog, pg_temp
as $$
  select coalesce(jsonb_agg(n.value), '[]')
  from (select value from jsonb_array_elements(p_new)
        except select value from jsonb_array_elements(p_old)) n
  where p_until is null or not (coalesce((n.value ->> 'id')::uuid > p_until, false)
    or coalesce((n.value ->> 'made')::numeric > extract(epoch from p_time), false))
$$;

-- unit: app_private.hold_company(p_company uuid)
set local role kollegium_broker;
-- For whoever is about to make a row for another company than the caller's: waits for a merge of it.
-- Look at the company after this, in a statement of its own.
create or replace function app_private.hold_company(p_company uuid)
returns void language sql volatile set search_path = pg_catalog, pg_temp
as $$ select pg_advisory_xact_lock_shared(app_private.company_lock_key(p_company)) $$;

-- unit: app_private.active_company(p_company uuid, p_email text)
set local role kollegium_broker;
-- The active company that has this id, or a colleague with this address; null: none.
create or replace function app_private.active_company(p_company uuid, p_email text)
returns uuid language sql volatile set search_path = pg_catalog, pg_temp
as $$
  select co.id from app.company co
  where co.state = 'active' and co.id = coalesce(p_company,
    (select c.company_id from app.colleague c where c.email = p_email and c.active))
$$;

-- unit: app_private.lock_companies(p_one uuid, p_other uuid)
set local role kollegium_broker;
-- Both companies, exclusively, in the order of their ids: waits for what their colleagues have under
-- way, makes what they begin now wait (app.enter), and leaves everybody else alone. Before that it waits
-- for the batch of an import that is under way: while it does, nobody waits for it in turn.
create or replace function app_private.lock_companies(p_one uuid, p_other uuid)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
set lock_timeout = '20s'
as $$
begin
  perform pg_advisory_xact_lock(app_private.legacy_lock_key());
  perform pg_advisory_xact_lock(app_private.company_lock_key(least(p_one, p_other)));
  perform pg_advisory_xact_lock(app_private.company_lock_key(greatest(p_one, p_other)));
end
$$;

-- unit: app_private.lock_for_merge( p_from uuid, p_to uuid, p_markets uuid[], p_leads uuid[])
set local role kollegium_broker;
-- What a merge or its undo changes and others lock, too, in the order in which everybody does: companies,
-- their colleagues, marketplaces, leads (docs/architecture.md). The keys of all of them change, so nobody
-- may refer to them meanwhile.
create or replace function app_private.lock_for_merge(
  p_from uuid, p_to uuid, p_markets uuid[], p_leads uuid[])
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  perform from app.company where id in (p_from, p_to) order by id for no key update;
  perform from app.colleague where company_id in (p_from, p_to) order by id for update;
  perform from app.marketplace where operator_company_id in (p_from, p_to) order by id for update;
  perform from app.partner_invitation
  where state = 'open' and (operator_company_id in (p_from, p_to) or company_id in (p_from, p_to))
  order by marketplace_id, id for update;
  perform from app.lead where (marketplace_id, id) in (select * from unnest(p_markets, p_leads))
  order by marketplace_id, id for update;
end
$$;

-- unit: app_private.leads_of( p_company uuid, out marketplaces uuid[], out leads uuid[])
set local role kollegium_broker;
-- The leads that a company is or was part of: as operator, giver or taker, by an offer, by work done.
-- What it wrote about leads (notes, messages, history, disclosures) is on these and no others.
create or replace function app_private.leads_of(
  p_company uuid, out marketplaces uuid[], out leads uuid[])
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select array_agg(k.marketplace_id), array_agg(k.id)
  from (select marketplace_id, id from app.lead where operator_company_id = p_company
        union select marketplace_id, id from app.lead where giver_company_id = p_company
        union select marketplace_id, id from app.lead where engaged_company_id = p_company
        union select marketplace_id, lead_id from app.engagement where company_id = p_company
        union select marketplace_id, lead_id from app.offer where company_id = p_company) k
$$;

-- unit: app_private.journal( p_merge uuid, p_tab text, p_kind text, p_marketplace uuid, p_id uuid, p_before jsonb, p_after jsonb default null)
set local role kollegium_broker;
-- Keeps what a row was before it was changed or removed. p_before: the columns changed, or all.
create or replace function app_private.journal(
  p_merge uuid, p_tab text, p_kind text, p_marketplace uuid, p_id uuid, p_before jsonb,
  p_after jsonb default null)
returns void language sql volatile set search_path = pg_catalog, pg_temp
as $$
  insert into app_private.merge_journal (merge_id, tab, kind, marketplace_id, id, before, after)
  values (p_merge, p_tab, p_kind, p_marketplace, p_id, p_before, p_after)
$$;

-- unit: app_private.merge_scope(p_tab text, p_found text, p_own text)
set local role kollegium_broker;
-- Which rows of a table a step of the merge looks at: $1 the absorbed company, $3 and $4 marketplaces
-- and ids of the leads concerned.
create or replace function app_private.merge_scope(p_tab text, p_found text, p_own text)
returns text language sql immutable set search_path = pg_catalog, pg_temp
as $$
  select case p_found
    when 'lead' then format('(t.marketplace_id, t.%I) in (select * from unnest($3, $4))',
      case p_tab when 'app.lead' then 'id' else 'lead_id' end)
    when 'marketplace' then 't.operator_company_id = $1'
    when 'pending' then format('t.delivered_at is null and t.%I = $1', p_own)
    when 'own' then format('t.%I = $1', p_own)
    else format('(t.marketplace_id, t.import_id) in (select i.marketplace_id, i.id from %s i
                 where i.company_id = $2)', p_found)  -- a table that has moved already
  end
$$;

-- unit: app_private.tell_progress(p_tab text, p_done bigint, p_all bigint)
set local role kollegium_broker;
-- Tells whoever waits on this connection which table comes next, of how many; nobody else sees anything
-- of it before the end.
create or replace function app_private.tell_progress(p_tab text, p_done bigint, p_all bigint)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  raise notice 'progress % % %', p_done, p_all, p_tab;
end
$$;

-- unit: app_private.move_table( p_merge uuid, p_from uuid, p_to uuid, p_tab text, p_markets uuid[], p_leads uuid[])
set local role kollegium_broker;
-- Moves the rows of one table from $1 to $2: set-based, one statement for the journal and one for the
-- rows. Returns how many rows changed.
create or replace function app_private.move_table(
  p_merge uuid, p_from uuid, p_to uuid, p_tab text, p_markets uuid[], p_leads uuid[])
returns bigint language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_owned text[];
  v_set text;
  v_any text;
  v_scope text;
  v_count bigint;
begin
  -- Cards have no id and are handed over one by one (merge_cards).
  select array_agg(r.col) filter (where r.rule in ('move', 'choose')),
    string_agg(case when r.col = 'parties' then 'parties = array_replace(t.parties, $1, $2)'
      else format('%1$I = case when t.%1$I = $1 then $2 else t.%1$I end', r.col) end, ', '),
    string_agg(case when r.col = 'parties' then '$1 = any (t.parties)'
      else format('t.%I = $1', r.col) end, ' or '),
    string_agg(distinct app_private.merge_scope(r.tab, r.found, r.col), ' or ')
  into v_owned, v_set, v_any, v_scope
  from app_private.merge_rules() r
  where r.tab = p_tab and r.rule in ('move', 'choose', 'unite', 'follow');
  if v_owned is not null then
    execute format('insert into app_private.merge_journal (merge_id, tab, kind, marketplace_id, id, columns)
      select $5, %L, ''moved'', %s, t.id, array_remove(array[%s], null) from %s t where (%s) and (%s)',
      p_tab,
      case when p_tab = any (array['app.colleague', 'app.invitation', 'app.api_key', 'app.import_mapping',
             'app_private.outbox', 'app.marketplace']) then 'null::uuid' else 't.marketplace_id' end,
      (select string_agg(format('case when t.%1$I = $1 then %1$L end', c), ', ') from unnest(v_owned) c),
      p_tab, v_scope,
      (select string_agg(format('t.%I = $1', c), ' or ') from unnest(v_owned) c))
    using p_from, p_to, p_markets, p_leads, p_merge;
  end if;
  execute format('update %s t set %s where (%s) and (%s)', p_tab, v_set, v_scope, v_any)
  using p_from, p_to, p_markets, p_leads;
  get diagnostics v_count = row_count;
  return v_count;
end
$$;

-- unit: app_private.change_row( p_merge uuid, p_tab text, p_marketplace uuid, p_id uuid, p_key jsonb, p_change jsonb)
set local role kollegium_broker;
-- Sets columns of one row and keeps what they were; the key is in p_key (columns of the table).
create or replace function app_private.change_row(
  p_merge uuid, p_tab text, p_marketplace uuid, p_id uuid, p_key jsonb, p_change jsonb)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_before jsonb;
begin
  execute format('select to_jsonb(t) from %s t where %s for update', p_tab,
    app_private.row_condition(p_tab)) into strict v_before using p_key;
  perform app_private.journal(p_merge, p_tab, 'changed', p_marketplace, p_id,
    (select jsonb_object_agg(k, v_before -> k) from jsonb_object_keys(p_change) k), p_change);
  perform app_private.set_row(p_tab, p_key, p_change);
end
$$;

-- unit: app_private.journal_change( p_merge uuid, p_tab text, p_marketplace uuid, p_id uuid, p_before jsonb)
set local role kollegium_broker;
-- Keeps what another function changed of a row: the columns that differ from p_before, if any do.
create or replace function app_private.journal_change(
  p_merge uuid, p_tab text, p_marketplace uuid, p_id uuid, p_before jsonb)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_after jsonb;
begin
  execute format('select to_jsonb(t) from %s t where %s', p_tab, app_private.row_condition(p_tab))
  into strict v_after using p_before;
  insert into app_private.merge_journal (merge_id, tab, kind, marketplace_id, id, before, after)
  select p_merge, p_tab, 'changed', p_marketplace, p_id, jsonb_object_agg(k.key, p_before -> k.key),
    jsonb_object_agg(k.key, k.value)
  from jsonb_each(v_after) k where p_before -> k.key <> k.value having count(*) > 0;
end
$$;

-- unit: app_private.row_condition(p_tab text)
set local role kollegium_broker;
-- The condition on the key that is in $1, for tables whose rows are changed one by one.
create or replace function app_private.row_condition(p_tab text)
returns text language sql immutable set search_path = pg_catalog, pg_temp
as $$
  select case p_tab when 'app.participation'
    then 't.marketplace_id = ($1 ->> ''marketplace_id'')::uuid and t.company_id = ($1 ->> ''company_id'')::uuid'
    else 't.marketplace_id = ($1 ->> ''marketplace_id'')::uuid and t.id = ($1 ->> ''id'')::uuid' end
$$;

-- unit: app_private.set_row(p_tab text, p_key jsonb, p_change jsonb)
set local role kollegium_broker;
create or replace function app_private.set_row(p_tab text, p_key jsonb, p_change jsonb)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  execute format('update %1$s t set %2$s from jsonb_populate_record(null::%1$s, $2) c where %3$s', p_tab,
    (select string_agg(format('%1$I = c.%1$I', k), ', ') from jsonb_object_keys(p_change) k),
    app_private.row_condition(p_tab)) using p_key, p_change;
end
$$;

-- unit: app_private.perform_merge(p_merge uuid, p_from uuid, p_to uuid)
set local role kollegium_broker;
-- Everything of p_from goes to p_to. Order of locks as everywhere: leads, cards, and then what hangs on
-- the leads. Returns the number of rows by table.
create or replace function app_private.perform_merge(p_merge uuid, p_from uuid, p_to uuid)
returns jsonb language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_markets uuid[];
  v_leads uuid[];
  v_late_markets uuid[];
  v_late_leads uuid[];
  v_rows jsonb := '{}';
  v_tab text;
  v_place bigint;
  v_places bigint;
begin
  perform app_private.tell_progress('app.lead', 0, 1);
  select k.marketplaces, k.leads into v_markets, v_leads from app_private.leads_of(p_from) k;
  perform app_private.lock_for_merge(p_from, p_to, v_markets, v_leads);
  perform app_private.merge_references(p_merge, p_from, p_to, v_markets, v_leads);
  v_rows := jsonb_build_object('app.lead',
    app_private.move_table(p_merge, p_from, p_to, 'app.lead', v_markets, v_leads));
  perform from app.participation where company_id in (p_from, p_to) or operator_company_id in (p_from, p_to)
  order by marketplace_id, company_id for update;
  -- From here on nobody offers or assigns to either. What somebody else did until now comes along.
  select array_agg(k.marketplace_id), array_agg(k.id) into v_late_markets, v_late_leads
  from (select marketplace_id, id from app.lead where engaged_company_id = p_from
        union select marketplace_id, lead_id from app.offer where company_id = p_from
        except select * from unnest(v_markets, v_leads)) k;
  if v_late_leads is not null then
    perform app_private.move_table(p_merge, p_from, p_to, 'app.lead', v_late_markets, v_late_leads);
    v_markets := v_markets || v_late_markets;
    v_leads := v_leads || v_late_leads;
  end if;
  perform app_private.merge_offers(p_merge, p_from, p_to, v_markets, v_leads);
  perform app_private.merge_waves(p_merge);
  perform app_private.merge_cards(p_merge, p_from, p_to);
  perform app_private.merge_answers(p_merge, p_from, p_to);
  -- One import of a company runs at a time; the absorbed company's goes on after the survivor's.
  update app.lead_import set state = 'waiting' where company_id = p_from and state = 'running'
    and exists (select from app.lead_import i where i.company_id = p_to and i.state = 'running');
  for v_tab, v_place, v_places in
    select r.tab, row_number() over (order by min(r.place)), count(*) over () + 1
    from app_private.merge_rules() r
    where r.rule in ('move', 'choose', 'unite', 'follow') and r.found <> 'key' and r.tab <> 'app.lead'
    group by r.tab order by min(r.place)
  loop
    perform app_private.tell_progress(v_tab, v_place, v_places);
    v_rows := v_rows || jsonb_build_object(v_tab,
      app_private.move_table(p_merge, p_from, p_to, v_tab, v_markets, v_leads));
  end loop;
  update app.company set state = 'absorbed', absorbed_into = p_to where id = p_from;
  perform app_private.print_after_move(p_from, p_to, v_markets, v_leads);
  return v_rows;
end
$$;

-- unit: app_private.give_back(p_merge uuid, p_from uuid, p_to uuid, p_done_at timestamptz)
set local role kollegium_broker;
-- Gives back what the journal says: only the columns that the merge set, and only where they still
-- hold what it set, so that nothing that people did since is lost.
create or replace function app_private.give_back(p_merge uuid, p_from uuid, p_to uuid, p_done_at timestamptz)
returns jsonb language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v record;
  v_rows jsonb := '{}';
  v_count bigint;
  -- An array is looked up by hash; who works a lead follows the engagement it has now.
  v_engagements constant uuid[] := array(select j.id from app_private.merge_journal j
    where j.merge_id = p_merge and j.tab = 'app.engagement' and j.kind = 'moved'
      and 'company_id' = any (j.columns));
begin
  for v in
    select r.tab, array_agg(r.col) as cols, row_number() over (order by min(r.place)) - 1 as place,
      count(*) over () * 2 as places  -- copies follow afterwards: as long again
    from app_private.merge_rules() r
    where r.rule in ('move', 'choose') and r.found <> 'key' group by r.tab order by min(r.place)
  loop
    perform app_private.tell_progress(v.tab, v.place, v.places);
    execute format('update %1$s t set %2$s from app_private.merge_journal j
      where j.merge_id = $3 and j.tab = %1$L and j.kind = ''moved'' and t.id = j.id and %3$s and (%4$s)%5$s',
      v.tab,
      (select string_agg(format('%1$I = case when %1$L = any (j.columns) and t.%1$I = $2%2$s then $1 else t.%1$I end',
         c, case when v.tab = 'app.lead' and c = 'engaged_company_id' then
           ' and t.engagement_id = any ($5)'
           else '' end), ', ') from unnest(v.cols) c),
      case when exists (select from app_private.merge_journal j where j.merge_id = p_merge
        and j.tab = v.tab and j.kind = 'moved' and j.marketplace_id is not null)
        then 't.marketplace_id = j.marketplace_id' else 'true' end,
      (select string_agg(format('t.%I = $2', c), ' or ') from unnest(v.cols) c),
      -- An offer that was picked since belongs to the engagement of the survivor, unless that goes back, too.
      case when v.tab = 'app.offer'
        then ' and not (t.state = ''picked'' and t.answered_at > $4 and not exists (
          select from app.lead l where l.marketplace_id = t.marketplace_id and l.id = t.lead_id
            and l.engagement_id = any ($5)))' else ' and $4 is not null and $5 is not null' end)
    using p_from, p_to, p_merge, p_done_at, v_engagements;
    get diagnostics v_count = row_count;
    v_rows := v_rows || jsonb_build_object(v.tab, v_count);
  end loop;
  update app_private.idempotent_answer a set company_id = p_from
  from app_private.merge_journal j
  where j.merge_id = p_merge and j.tab = 'app_private.idempotent_answer' and j.kind = 'moved'
    and a.company_id = p_to and a.key = j.before ->> 'key';
  return v_rows;
end
$$;

-- unit: app_private.follow_back( p_from uuid, p_to uuid, p_operated uuid[], p_markets uuid[], p_leads uuid[], p_imports uuid[])
set local role kollegium_broker;
-- Copies follow what they are copies of: operators their marketplace, givers and parties their lead,
-- rows of imports their report. So do rows made since.
create or replace function app_private.follow_back(
  p_from uuid, p_to uuid, p_operated uuid[], p_markets uuid[], p_leads uuid[], p_imports uuid[])
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v record;
begin
  for v in select r.*, count(*) over () + row_number() over (order by r.place) - 1 as done,
             count(*) over () * 2 as places
           from app_private.merge_rules() r where r.rule = 'follow'
             and r.of in ('app.lead', 'app.lead_import') order by r.place
  loop
    perform app_private.tell_progress(v.tab, v.done, v.places);
    if v.of = 'app.lead_import' then
      execute format('update %s t set %I = $1 where t.import_id = any ($3) and t.%2$I = $2', v.tab, v.col)
      using p_from, p_to, p_imports;
    else
      execute format('update %1$s t set %2$I = l.%2$I from app.lead l
        where (l.marketplace_id, l.id) in (select * from unnest($1, $2))
          and t.marketplace_id = l.marketplace_id and t.lead_id = l.id and t.%2$I is distinct from l.%2$I',
        v.tab, v.col) using p_markets, p_leads;
    end if;
  end loop;
end
$$;

-- unit: app_private.operators_back(p_from uuid, p_to uuid, p_operated uuid[])
set local role kollegium_broker;
create or replace function app_private.operators_back(p_from uuid, p_to uuid, p_operated uuid[])
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v record;
begin
  for v in select r.* from app_private.merge_rules() r
           where r.rule = 'follow' and r.of = 'app.marketplace' order by r.place
  loop
    execute format('update %s t set %I = $1 where t.marketplace_id = any ($3) and t.%2$I = $2', v.tab, v.col)
    using p_from, p_to, p_operated;
  end loop;
end
$$;

-- unit: app_private.mail_consents(p_merge uuid)
set local role kollegium_broker;
-- A mail to each admin of both sides with a token of his own.
create or replace function app_private.mail_consents(p_merge uuid)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v record;
  v_token text;
begin
  delete from app_private.merge_token where merge_id = p_merge;
  for v in
    select m.*, c.id as admin, c.email, c.language, c.company_id as side
    from app.company_merge m
    join app.colleague c on c.company_id = any (m.parties) and c.active and c.role = 'admin'
    where m.id = p_merge order by c.id
  loop
    v_token := 'kgm_' || replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '');
    insert into app_private.merge_token (token_sha256, merge_id, rehearsal_id, colleague_id, expires_at)
    values (sha256(convert_to(v_token, 'UTF8')), p_merge, v.rehearsal_id, v.admin, now() + interval '14 days');
    perform app_private.mail('merge-rehearsed', v.email, v.language, v.side, jsonb_build_object(
      'merge', p_merge, 'survivor', v.survivor_name, 'absorbed', v.absorbed_name, 'token', v_token,
      'days', 14, 'blocks', jsonb_array_length(v.rehearsal -> 'blocks'),
      'leads', (select coalesce(sum((g ->> 'leads')::bigint), 0)
                from jsonb_array_elements(v.rehearsal -> 'visible') g)));
  end loop;
end
$$;

-- unit: app_private.mail_both(p_template text, p_merge app.company_merge)
set local role kollegium_broker;
create or replace function app_private.mail_both(p_template text, p_merge app.company_merge)
returns void language sql volatile set search_path = pg_catalog, pg_temp
as $$
  select app_private.mail_company(p_template, c.id, jsonb_build_object('merge', p_merge.id,
    'survivor', p_merge.survivor_name, 'absorbed', p_merge.absorbed_name))
  from unnest(array[p_merge.survivor_company_id, p_merge.absorbed_company_id]) c (id)
$$;

-- unit: app_private.mail_merged(p_merge app.company_merge)
set local role kollegium_broker;
-- All colleagues of both, who are one company by now, and the operators where the absorbed one took part.
create or replace function app_private.mail_merged(p_merge app.company_merge)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  perform app_private.mail_both('merge-done', p_merge);
  perform app_private.mail_company('merge-partner', o.id, jsonb_build_object(
    'survivor', p_merge.survivor_name, 'absorbed', p_merge.absorbed_name, 'marketplaces', o.names))
  from (select m.operator_company_id as id, jsonb_agg(distinct m.name) as names
        from app_private.merge_journal j join app.marketplace m on m.id = j.marketplace_id
        where j.merge_id = p_merge.id and j.tab = 'app.participation'
          and p_merge.absorbed_company_id::text = coalesce(j.before ->> 'company_id', '')
          and m.operator_company_id <> p_merge.survivor_company_id
          and coalesce(j.before ->> 'state', 'active') <> 'invited'
        group by m.operator_company_id) o;
end
$$;

-- unit: app.list_merges(p_merge uuid default null)
set local role kollegium_broker;
create or replace function app.list_merges(p_merge uuid default null)
returns setof app.company_merge language sql stable security definer set search_path = pg_catalog, pg_temp
as $$ select m.* from app.company_merge m where p_merge is null or m.id = p_merge order by m.id desc $$;
comment on function app.list_merges(uuid) is 'Merges, newest first, or one of them (staff).';
grant execute on function app.list_merges(uuid) to kollegium_staff;

-- unit: app.merge_leads(p_merge uuid, p_side text, p_after uuid, p_limit integer)
set local role kollegium_broker;
-- Every single lead that one side sees only since (or would see by) the merge, for who wants the list
-- behind the numbers of a rehearsal. Ordered by id; before the merge is done. Each capacity walks its own
-- index and stops after a page; one in which the rehearsal found nothing to see is not walked at all.
create or replace function app.merge_leads(p_merge uuid, p_side text, p_after uuid, p_limit integer)
returns table (marketplace_id uuid, id uuid, state text, personal_data boolean)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_after constant uuid := coalesce(p_after, '00000000-0000-0000-0000-000000000000');
  v_mine uuid;
  v_theirs uuid;
  v_as text[];
begin
  select case p_side when 'survivor' then m.absorbed_company_id else m.survivor_company_id end,
    case p_side when 'survivor' then m.survivor_company_id else m.absorbed_company_id end,
    array(select g ->> 'as' from jsonb_array_elements(m.rehearsal -> 'visible') g where g ->> 'to' = p_side)
  into v_mine, v_theirs, v_as
  from app.company_merge m
  where m.id = p_merge and m.state in ('rehearsed', 'consented')
    and app.current_company_id() = any (m.parties);
  return query
  select k.marketplace_id, k.id, k.state, p.erased_at is null
  from (
    (select l.marketplace_id, l.id, l.state from app.lead l
     where 'operator' = any (v_as) and l.operator_company_id = v_mine and l.id > v_after
       and v_theirs <> all (l.parties) order by l.id limit p_limit)
    union
    (select l.marketplace_id, l.id, l.state from app.lead l
     where 'giver' = any (v_as) and l.giver_company_id = v_mine and l.id > v_after
       and v_theirs <> all (l.parties) order by l.id limit p_limit)
    union
    (select l.marketplace_id, l.id, l.state from app.lead l
     where 'taker' = any (v_as) and l.engaged_company_id = v_mine and l.id > v_after
       and v_theirs <> all (l.parties) order by l.id limit p_limit)) k
  left join app.prospect p on p.marketplace_id = k.marketplace_id and p.lead_id = k.id
  order by k.id limit p_limit;
end
$$;
comment on function app.merge_leads(uuid, text, uuid, integer) is
  'The leads behind a rehearsal''s numbers: what the colleagues of one side would newly see.';
grant execute on function app.merge_leads(uuid, text, uuid, integer) to kollegium_api;

-- unit: app_private.survivor_of(p_company uuid)
set local role kollegium_broker;
-- The company that an absorbed one has become, through all merges since.
create or replace function app_private.survivor_of(p_company uuid)
returns uuid language sql stable set search_path = pg_catalog, pg_temp
as $$
  with recursive chain (id, next) as (
    select c.id, c.absorbed_into from app.company c where c.id = p_company
    union all
    select c.id, c.absorbed_into from chain h join app.company c on c.id = h.next)
  select id from chain where next is null and id <> p_company
$$;

-- unit: app_private.expect_not_absorbed( p_marketplace uuid, p_company uuid, p_operator uuid)
set local role kollegium_broker;
-- 410 with the survivor's id for an absorbed company, to the operator on whose marketplace it had a card
-- that he could see (docs/domain.md, case 4); nothing for anybody else, for whom it never existed.
create or replace function app_private.expect_not_absorbed(
  p_marketplace uuid, p_company uuid, p_operator uuid)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_survivor constant uuid := app_private.survivor_of(p_company);
begin
  if v_survivor is not null and exists (
       select from app.marketplace m where m.id = p_marketplace and m.operator_company_id = p_operator)
     and exists (
       select from app_private.merge_journal j
       where j.tab = 'app.participation' and j.marketplace_id = p_marketplace
         and j.before ->> 'company_id' = p_company::text
         and (j.before ->> 'state' is distinct from 'invited')) then
    perform app_private.refuse(410, 'company-absorbed', jsonb_build_object('company_id', v_survivor));
  end if;
end
$$;

-- unit: app.expect_not_absorbed(p_marketplace uuid, p_company uuid)
set local role kollegium_broker;
create or replace function app.expect_not_absorbed(p_marketplace uuid, p_company uuid)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
begin
  perform app_private.expect_not_absorbed(p_marketplace, p_company, v_caller.company_id);
end
$$;
comment on function app.expect_not_absorbed(uuid, uuid) is
  '410 with the survivor''s id for an absorbed partner of the caller''s marketplace; else nothing.';
grant execute on function app.expect_not_absorbed(uuid, uuid) to kollegium_api;

-- unit: app_private.purge_merges()
set local role kollegium_broker;
-- What nobody needs any more: the journal when a merge cannot be undone any more (but for cards, by which
-- old ids are answered), answers kept for repeated requests after 48 hours as everywhere, addresses in
-- requests that came to nothing.
create or replace function app_private.purge_merges()
returns bigint language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_count bigint;
begin
  delete from app_private.merge_journal j using app.company_merge m
  where m.id = j.merge_id and j.tab <> 'app.participation'
    and (m.state = 'undone' or m.done_at < now() - interval '30 days'
      or (j.tab = 'app_private.idempotent_answer' and m.done_at < now() - interval '48 hours'));
  get diagnostics v_count = row_count;
  update app.company_merge set named_email = null
  where named_email is not null and changed_at < now() - interval '30 days'
    and state in ('done', 'undone', 'refused');
  delete from app_private.merge_token where expires_at < now();
  return v_count;
end
$$;

-- unit: app.request_merge( p_side text, p_email text, p_company uuid, p_execute_at timestamptz)
set local role kollegium_broker;
-- Asks for a merge with the company that has this id, or a colleague with this address. The answer, and
-- all that the asking side can read, is the same whether or not there is one (docs/domain.md, case 9).
-- p_side: what the caller's company is to be, survivor or absorbed. At most five a day.
create or replace function app.request_merge(
  p_side text, p_email text, p_company uuid, p_execute_at timestamptz)
returns uuid language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.admin_caller();
  v_id constant uuid := app_private.new_id();
  v_other uuid;
  v_wait integer;
begin
  perform app_private.expect_colleague_features(v_caller.company_id);
  v_wait := app_private.take('merge ' || v_caller.company_id, 5, '1 day');
  if v_wait > 0 then
    perform app_private.refuse(429, 'too-many-requests', jsonb_build_object('retry_after', v_wait));
  end if;
  perform app_private.charge_mail(v_caller.company_id, coalesce(p_email, p_company::text), 'merge');
  v_other := app_private.active_company(p_company, p_email);
  if v_other = v_caller.company_id then
    perform app_private.refuse(409, 'merge-with-itself');
  end if;
  insert into app.company_merge (id, asking_company_id, asking_company_name, asking_side, named_email,
    named_company_id, other_company_id, state, execute_at)
  values (v_id, v_caller.company_id, v_caller.company_name, p_side, p_email, p_company, v_other,
    'requested', coalesce(p_execute_at, now()));
  perform app_private.mail_admins('merge-requested', v_other,
    jsonb_build_object('company', v_caller.company_name, 'merge', v_id, 'side', p_side));
  perform app_private.audit('merge-requested', v_caller.company_id, v_caller.colleague_id, v_id);
  return v_id;
end
$$;
comment on function app.request_merge(text, text, uuid, timestamptz) is
  'Asks the company of an address or id for a merge (admin); tells nothing about whether there is one.';
grant execute on function app.request_merge(text, text, uuid, timestamptz) to kollegium_api;

-- unit: app_private.mail_admins(p_template text, p_company uuid, p_payload jsonb)
set local role kollegium_broker;
create or replace function app_private.mail_admins(p_template text, p_company uuid, p_payload jsonb)
returns void language sql volatile set search_path = pg_catalog, pg_temp
as $$
  select app_private.mail(p_template, c.email, c.language, c.company_id, p_payload)
  from app.colleague c where c.company_id = p_company and c.active and c.role = 'admin'
$$;

-- unit: app.request_merge_in_writing( p_survivor uuid, p_absorbed uuid, p_execute_at timestamptz, p_reference text)
set local role kollegium_broker;
-- Staff asks for two companies with a written request on file. Without execute_at staff runs it.
create or replace function app.request_merge_in_writing(
  p_survivor uuid, p_absorbed uuid, p_execute_at timestamptz, p_reference text)
returns uuid language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_id constant uuid := app_private.new_id();
begin
  if p_survivor = p_absorbed then
    perform app_private.refuse(409, 'merge-with-itself');
  elsif (select count(*) from app.company where id in (p_survivor, p_absorbed) and state = 'active') < 2 then
    perform app_private.refuse(404, 'not-found');
  end if;
  perform app_private.expect_colleague_features(p_survivor);
  perform app_private.expect_colleague_features(p_absorbed);
  insert into app.company_merge (id, asking_company_id, asking_company_name, asking_side,
    named_company_id, other_company_id, state, survivor_company_id, survivor_name,
    absorbed_company_id, absorbed_name, execute_at, reference)
  select v_id, s.id, s.name, 'survivor', a.id, a.id, 'answered', s.id, s.name, a.id, a.name,
    p_execute_at, p_reference
  from app.company s, app.company a where s.id = p_survivor and a.id = p_absorbed;
  perform app_private.audit('merge-requested', p_survivor, null, v_id,
    jsonb_build_object('reference', p_reference));
  return v_id;
end
$$;
comment on function app.request_merge_in_writing(uuid, uuid, timestamptz, text) is
  'Records a written request to merge two companies, with its reference.';
grant execute on function app.request_merge_in_writing(uuid, uuid, timestamptz, text) to kollegium_staff;

-- unit: app_private.own_merge(p_merge uuid, p_caller app.caller, p_states text[])
set local role kollegium_broker;
-- The request as the caller's admin may answer it, locked; 404 when his company is not named in it.
create or replace function app_private.own_merge(p_merge uuid, p_caller app.caller, p_states text[])
returns app.company_merge language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_merge app.company_merge;
begin
  select * into v_merge from app.company_merge
  where id = p_merge and p_caller.company_id = any (parties) for update;
  if not found then
    perform app_private.refuse(404, 'not-found');
  elsif v_merge.state <> all (p_states) then
    perform app_private.refuse(409, 'merge-state',
      jsonb_build_object('state', v_merge.state, 'allowed', p_states));
  end if;
  return v_merge;
end
$$;

-- unit: app.order_rehearsal(p_merge uuid)
set local role kollegium_broker;
-- Orders a rehearsal. The first one is ordered by the side that was asked: from then on both sides know
-- each other's name and read the rehearsal.
create or replace function app.order_rehearsal(p_merge uuid)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.admin_caller();
  v_merge app.company_merge;
begin
  v_merge := app_private.own_merge(p_merge, v_caller,
    array['requested', 'answered', 'rehearsed', 'consented']);
  perform app_private.expect_colleague_features(v_caller.company_id);
  if v_merge.state = 'requested' and v_merge.asking_company_id = v_caller.company_id then
    perform app_private.refuse(409, 'merge-other-side-first');
  end if;
  update app.company_merge m set rehearsal_due = true, changed_at = now(), version = m.version + 1,
    state = case m.state when 'requested' then 'answered' else m.state end,
    survivor_company_id = s.id, survivor_name = s.name, absorbed_company_id = a.id, absorbed_name = a.name
  from app.company s, app.company a
  where m.id = p_merge
    and s.id = case m.asking_side when 'survivor' then m.asking_company_id else m.other_company_id end
    and a.id = case m.asking_side when 'survivor' then m.other_company_id else m.asking_company_id end;
  perform app_private.audit('merge-rehearsal-ordered', v_caller.company_id, v_caller.colleague_id, p_merge);
end
$$;
comment on function app.order_rehearsal(uuid) is
  'Orders a rehearsal of a merge (admin); the first one by the side that was asked.';
grant execute on function app.order_rehearsal(uuid) to kollegium_api;

-- unit: app_private.expect_fresh_rehearsal(p_merge app.company_merge)
set local role kollegium_broker;
-- What was consented to is what was rehearsed; both are two weeks old at most, like the tokens in the mails.
create or replace function app_private.expect_fresh_rehearsal(p_merge app.company_merge)
returns void language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
  if p_merge.rehearsed_at < now() - interval '14 days' then
    perform app_private.refuse(409, 'merge-consent-expired');
  end if;
end
$$;

-- unit: app_private.note_consent(p_merge app.company_merge, p_company uuid, p_by text)
set local role kollegium_broker;
-- Notes the consent of one side to the latest rehearsal; with both, the merge may run.
create or replace function app_private.note_consent(p_merge app.company_merge, p_company uuid, p_by text)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  perform app_private.expect_fresh_rehearsal(p_merge);
  if p_merge.rehearsal -> 'blocks' <> '[]' then
    perform app_private.refuse(409, 'merge-blocked', jsonb_build_object('blocks', p_merge.rehearsal -> 'blocks'));
  end if;
  update app.company_merge set changed_at = now(), version = version + 1,
    survivor_consent_at = case when survivor_company_id = p_company then now() else survivor_consent_at end,
    survivor_consent = case when survivor_company_id = p_company then p_by else survivor_consent end,
    absorbed_consent_at = case when absorbed_company_id = p_company then now() else absorbed_consent_at end,
    absorbed_consent = case when absorbed_company_id = p_company then p_by else absorbed_consent end
  where id = p_merge.id;
  update app.company_merge set state = 'consented'
  where id = p_merge.id and num_nulls(survivor_consent_at, absorbed_consent_at) = 0;
end
$$;

-- unit: app.consent_to_merge(p_merge uuid, p_rehearsal uuid)
set local role kollegium_broker;
-- Consents to the rehearsal that the admin has read; 409 when there is a later one.
create or replace function app.consent_to_merge(p_merge uuid, p_rehearsal uuid)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.admin_caller();
  v_merge app.company_merge;
begin
  v_merge := app_private.own_merge(p_merge, v_caller, array['rehearsed', 'consented']);
  perform app_private.expect_colleague_features(v_caller.company_id);
  if v_merge.rehearsal_id <> p_rehearsal then
    perform app_private.refuse(409, 'merge-rehearsed-anew');
  end if;
  perform app_private.note_consent(v_merge, v_caller.company_id, v_caller.colleague_name);
  perform app_private.audit('merge-consented', v_caller.company_id, v_caller.colleague_id, p_merge);
end
$$;
comment on function app.consent_to_merge(uuid, uuid) is
  'Consents to a rehearsal in the name of the caller''s company (admin).';
grant execute on function app.consent_to_merge(uuid, uuid) to kollegium_api;

-- unit: app.refuse_merge(p_merge uuid, p_reason text)
set local role kollegium_broker;
-- Refuses, or takes back what one asked for or consented to: possible until the merge is done.
create or replace function app.refuse_merge(p_merge uuid, p_reason text)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.admin_caller();
  v_merge app.company_merge;
begin
  v_merge := app_private.own_merge(p_merge, v_caller,
    array['requested', 'answered', 'rehearsed', 'consented']);
  perform app_private.end_request(v_merge, v_caller.company_id, p_reason);
  perform app_private.audit('merge-refused', v_caller.company_id, v_caller.colleague_id, p_merge);
end
$$;
comment on function app.refuse_merge(uuid, text) is
  'Refuses a merge, or takes the request or consent back (admin).';
grant execute on function app.refuse_merge(uuid, text) to kollegium_api;

-- unit: app_private.end_request(p_merge app.company_merge, p_company uuid, p_reason text)
set local role kollegium_broker;
create or replace function app_private.end_request(p_merge app.company_merge, p_company uuid, p_reason text)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  update app.company_merge set state = 'refused', rehearsal_due = false, refusal = p_reason,
    changed_at = now(), version = version + 1
  where id = p_merge.id;
  delete from app_private.merge_token where merge_id = p_merge.id;
  perform app_private.mail_admins('merge-refused', c.id, jsonb_build_object('merge', p_merge.id,
    'company', (select name from app.company where id = p_company)))
  from unnest(array_remove(p_merge.parties, p_company)) c (id);
end
$$;

-- unit: app.answer_merge_by_token(p_token text, p_consent boolean)
set local role kollegium_broker;
-- From the mail, without a log-in: the token is the right, while who got it is an active admin and no
-- later rehearsal was made. 404 otherwise.
create or replace function app.answer_merge_by_token(p_token text, p_consent boolean)
returns table (merge_id uuid, state text)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_admin app.colleague;
  v_merge app.company_merge;
begin
  select c.* into v_admin
  from app_private.merge_token t
  join app.colleague c on c.id = t.colleague_id and c.active and c.role = 'admin'
  where t.token_sha256 = sha256(convert_to(p_token, 'UTF8')) and t.expires_at > now();
  perform app_private.hold_company(v_admin.company_id);
  select m.* into v_merge
  from app_private.merge_token t
  join app.company_merge m on m.id = t.merge_id and m.rehearsal_id = t.rehearsal_id
    and v_admin.company_id = any (m.parties) and m.state in ('rehearsed', 'consented')
  where t.token_sha256 = sha256(convert_to(p_token, 'UTF8')) for update of m;
  if not found then
    perform app_private.refuse(404, 'not-found');
  end if;
  if p_consent then
    perform app_private.note_consent(v_merge, v_admin.company_id, v_admin.name);
  else
    perform app_private.end_request(v_merge, v_admin.company_id, null);
  end if;
  perform app_private.audit(case when p_consent then 'merge-consented' else 'merge-refused' end,
    v_admin.company_id, v_admin.id, v_merge.id, '{"by": "token"}');
  return query select m.id, m.state from app.company_merge m where m.id = v_merge.id;
end
$$;
comment on function app.answer_merge_by_token(text, boolean) is
  'Consents to a merge, or refuses it, with the token from an admin''s mail.';
grant execute on function app.answer_merge_by_token(text, boolean) to kollegium_api;

-- unit: app.record_merge_consent(p_merge uuid, p_side text, p_reference text)
set local role kollegium_broker;
-- Staff has the consent of a side in writing.
create or replace function app.record_merge_consent(p_merge uuid, p_side text, p_reference text)
returns text language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_merge constant app.company_merge := app_private.lock_merge(p_merge, array['rehearsed', 'consented']);
  v_company constant uuid := case p_side when 'survivor' then v_merge.survivor_company_id
    else v_merge.absorbed_company_id end;
begin
  perform app_private.note_consent(v_merge, v_company, p_reference);
  perform app_private.audit('merge-consented', v_company, null, p_merge,
    jsonb_build_object('reference', p_reference));
  return (select m.state from app.company_merge m where m.id = p_merge);
end
$$;
comment on function app.record_merge_consent(uuid, text, text) is
  'Records the written consent of one side to the latest rehearsal, with its reference.';
grant execute on function app.record_merge_consent(uuid, text, text) to kollegium_staff;

-- unit: app_private.merge_references( p_merge uuid, p_from uuid, p_to uuid, p_markets uuid[], p_leads uuid[])
set local role kollegium_broker;
-- Two leads of one source with the same external_ref, put in by both: both stay, the absorbed
-- company's forgets its reference, which otherwise would stand for two.
create or replace function app_private.merge_references(
  p_merge uuid, p_from uuid, p_to uuid, p_markets uuid[], p_leads uuid[])
returns void language sql volatile set search_path = pg_catalog, pg_temp
as $$
  select app_private.change_row(p_merge, 'app.lead', a.marketplace_id, a.id,
    jsonb_build_object('marketplace_id', a.marketplace_id, 'id', a.id), '{"external_ref": null}')
  from app.lead a
  where (a.marketplace_id, a.id) in (select * from unnest(p_markets, p_leads))
    and a.external_ref is not null and coalesce(a.giver_company_id, a.operator_company_id) = p_from
    and exists (select from app.lead b where b.marketplace_id = a.marketplace_id
      and b.source = a.source and b.external_ref = a.external_ref
      and coalesce(b.giver_company_id, b.operator_company_id) = p_to)
$$;

-- unit: app_private.offer_rank(p_state text)
set local role kollegium_broker;
-- picked > open > declined > expired > withdrawn > lost
create or replace function app_private.offer_rank(p_state text)
returns integer language sql immutable set search_path = pg_catalog, pg_temp
as $$ select array_position(array['picked', 'open', 'declined', 'expired', 'withdrawn', 'lost'], p_state) $$;

-- unit: app_private.merge_offers( p_merge uuid, p_from uuid, p_to uuid, p_markets uuid[], p_leads uuid[])
set local role kollegium_broker;
-- Offers for one lead on both sides: the side with the better one keeps its offers (the survivor when
-- they are equal), those of the other go to the journal.
create or replace function app_private.merge_offers(
  p_merge uuid, p_from uuid, p_to uuid, p_markets uuid[], p_leads uuid[])
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  with better as (
    select o.marketplace_id, o.lead_id,
      case when min(app_private.offer_rank(o.state)) filter (where o.company_id = p_from)
              < min(app_private.offer_rank(o.state)) filter (where o.company_id = p_to)
           then p_to else p_from end as removed
    from app.offer o
    where (o.marketplace_id, o.lead_id) in (select * from unnest(p_markets, p_leads))
      and o.company_id in (p_from, p_to)
    group by o.marketplace_id, o.lead_id having count(distinct o.company_id) = 2),
  gone as (
    delete from app.offer o using better b
    where o.marketplace_id = b.marketplace_id and o.lead_id = b.lead_id and o.company_id = b.removed
    returning o.*)
  insert into app_private.merge_journal (merge_id, tab, kind, marketplace_id, id, before)
  select p_merge, 'app.offer', 'collapsed', g.marketplace_id, g.id, to_jsonb(g) from gone g;
  -- A giver is never offered its own lead, an operator takes otherwise (case 2): such offers end.
  perform app_private.change_row(p_merge, 'app.offer', o.marketplace_id, o.id,
    jsonb_build_object('marketplace_id', o.marketplace_id, 'id', o.id),
    jsonb_build_object('state', 'withdrawn', 'answered_at', now()))
  from app.offer o join app.lead l on l.marketplace_id = o.marketplace_id and l.id = o.lead_id
  where (o.marketplace_id, o.lead_id) in (select * from unnest(p_markets, p_leads))
    and o.state = 'open' and o.company_id in (p_from, p_to)
    and (l.giver_company_id in (p_from, p_to) or l.operator_company_id in (p_from, p_to));
end
$$;

-- unit: app_private.merge_waves(p_merge uuid)
set local role kollegium_broker;
-- Leads that lost an open offer by the merge: a wave without another ends with it; what that changed goes to
-- the journal. Not a moment later, where somebody may still take a refusal back, and no wave that was without
-- an open offer before, which is the timer's: a merge must come to what its rehearsal came to, at any time.
create or replace function app_private.merge_waves(p_merge uuid)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v record;
  v_mark uuid;
begin
  for v in
    select distinct b.marketplace_id, b.id, b.lead_id, to_jsonb(b) as brokerage, to_jsonb(l) as lead
    from app_private.merge_journal j
    join app.brokerage b on b.marketplace_id = j.marketplace_id and b.state = 'open'
      and b.id = coalesce((j.before ->> 'brokerage_id')::uuid, (select o.brokerage_id from app.offer o
        where o.marketplace_id = j.marketplace_id and o.id = j.id))
    join app.lead l on l.marketplace_id = b.marketplace_id and l.id = b.lead_id
    where j.merge_id = p_merge and j.tab = 'app.offer' and j.kind in ('changed', 'collapsed')
      and j.before ->> 'state' = 'open'
    order by b.marketplace_id, b.lead_id
  loop
    v_mark := app_private.new_id();
    perform app_private.conclude_wave(v.marketplace_id, v.lead_id, true);
    perform app_private.journal_change(p_merge, 'app.brokerage', v.marketplace_id, v.id, v.brokerage);
    perform app_private.journal_change(p_merge, 'app.lead', v.marketplace_id, v.lead_id, v.lead);
    insert into app_private.merge_journal (merge_id, tab, kind, marketplace_id, id)
    select p_merge, 'app.history', 'created', h.marketplace_id, h.id from app.history h
    where h.marketplace_id = v.marketplace_id and h.lead_id = v.lead_id and h.id > v_mark;
  end loop;
end
$$;

-- unit: app_private.collapse_card(p_merge uuid, p_marketplace uuid, p_company uuid)
set local role kollegium_broker;
create or replace function app_private.collapse_card(p_merge uuid, p_marketplace uuid, p_company uuid)
returns void language sql volatile set search_path = pg_catalog, pg_temp
as $$
  with gone as (delete from app.participation p where p.marketplace_id = p_marketplace
                and p.company_id = p_company returning p.*)
  insert into app_private.merge_journal (merge_id, tab, kind, marketplace_id, before)
  select p_merge, 'app.participation', 'collapsed', g.marketplace_id, to_jsonb(g) from gone g
$$;

-- unit: app_private.united_card(p_kept app.participation, p_other app.participation)
set local role kollegium_broker;
-- What a card of both is afterwards: the better state; where both count, areas and tags united (none
-- means all), the larger cap (none means no limit), paused only if both are. Areas, tags, cap and
-- pause count for takers alone; a card that was declined or ended adds nothing.
create or replace function app_private.united_card(p_kept app.participation, p_other app.participation)
returns jsonb language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
declare
  v_order constant text[] := array['active', 'invited', 'ended', 'declined'];
  v_first app.participation := p_kept;
  v_second app.participation := p_other;
begin
  if array_position(v_order, p_other.state) < array_position(v_order, p_kept.state) then
    v_first := p_other;
    v_second := p_kept;
  end if;
  if v_second.state in ('active', 'invited') then
    if 'taker' = any (v_first.capacities) and 'taker' = any (v_second.capacities) then
      v_first.postcode_areas := app_private.united(v_first.postcode_areas, v_second.postcode_areas);
      v_first.tags := app_private.united(v_first.tags, v_second.tags);
      v_first.cap := case when num_nulls(v_first.cap, v_second.cap) = 0
        then greatest(v_first.cap, v_second.cap) end;
      v_first.paused := v_first.paused and v_second.paused;
    elsif 'taker' = any (v_second.capacities) then
      v_first.postcode_areas := v_second.postcode_areas;
      v_first.tags := v_second.tags;
      v_first.cap := v_second.cap;
      v_first.paused := v_second.paused;
    end if;
    v_first.capacities := array(select distinct unnest(v_first.capacities || v_second.capacities) order by 1);
  end if;
  return jsonb_build_object('capacities', v_first.capacities, 'state', v_first.state,
    'postcode_areas', v_first.postcode_areas, 'tags', v_first.tags, 'paused', v_first.paused,
    'cap', v_first.cap, 'answered_at', v_first.answered_at, 'ended_at', v_first.ended_at,
    'version', p_kept.version + 1);
end
$$;

-- unit: app_private.united(p_one text[], p_other text[])
set local role kollegium_broker;
-- None on either side means no restriction, so none is what remains.
create or replace function app_private.united(p_one text[], p_other text[])
returns text[] language sql immutable set search_path = pg_catalog, pg_temp
as $$
  select case when cardinality(p_one) = 0 or cardinality(p_other) = 0 then '{}'
    else array(select distinct unnest(p_one || p_other) order by 1) end
$$;

-- unit: app_private.merge_answers(p_merge uuid, p_from uuid, p_to uuid)
set local role kollegium_broker;
-- Answers kept for an Idempotency-Key that both sides used: the survivor's stays.
create or replace function app_private.merge_answers(p_merge uuid, p_from uuid, p_to uuid)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  with gone as (
    delete from app_private.idempotent_answer a where a.company_id = p_from and exists (
      select from app_private.idempotent_answer b where b.company_id = p_to and b.key = a.key)
    returning a.*)
  insert into app_private.merge_journal (merge_id, tab, kind, before)
  select p_merge, 'app_private.idempotent_answer', 'collapsed', to_jsonb(g) from gone g;
  insert into app_private.merge_journal (merge_id, tab, kind, before)
  select p_merge, 'app_private.idempotent_answer', 'moved', jsonb_build_object('key', a.key)
  from app_private.idempotent_answer a where a.company_id = p_from;
  update app_private.idempotent_answer set company_id = p_to where company_id = p_from;
end
$$;

-- unit: app_private.merge_cards(p_merge uuid, p_from uuid, p_to uuid)
set local role kollegium_broker;
-- Cards: an operator holds none of its own marketplace; of two for one marketplace one stays; the
-- others are handed over.
create or replace function app_private.merge_cards(p_merge uuid, p_from uuid, p_to uuid)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_name constant text := (select name from app.company where id = p_to);
  v_card app.participation;
  v_kept app.participation;
begin
  perform app_private.collapse_card(p_merge, p.marketplace_id, p.company_id)
  from app.participation p
  where p.company_id in (p_from, p_to) and p.operator_company_id in (p_from, p_to);
  for v_card in select * from app.participation where company_id = p_from order by marketplace_id loop
    select * into v_kept from app.participation
    where marketplace_id = v_card.marketplace_id and company_id = p_to;
    if found then
      perform app_private.collapse_card(p_merge, v_card.marketplace_id, p_from);
      perform app_private.change_row(p_merge, 'app.participation', v_card.marketplace_id, null,
        jsonb_build_object('marketplace_id', v_card.marketplace_id, 'company_id', p_to),
        app_private.united_card(v_kept, v_card));
    else
      perform app_private.change_row(p_merge, 'app.participation', v_card.marketplace_id, null,
        jsonb_build_object('marketplace_id', v_card.marketplace_id, 'company_id', p_from),
        jsonb_build_object('company_id', p_to, 'company_name', v_name));
    end if;
  end loop;
  -- Invitations of one side by the other are over.
  perform app_private.change_row(p_merge, 'app.partner_invitation', i.marketplace_id, i.id,
    jsonb_build_object('marketplace_id', i.marketplace_id, 'id', i.id), '{"state": "withdrawn"}')
  from app.partner_invitation i
  where i.operator_company_id in (p_from, p_to) and i.state = 'open' and (i.company_id in (p_from, p_to)
    or i.email in (select c.email from app.colleague c where c.company_id in (p_from, p_to)));
  -- Printed names of the operator, on marketplaces and on the cards of their partners.
  with renamed as (
    select p_merge, 'app.participation' as tab, 'changed', p.marketplace_id, null::uuid,
      jsonb_build_object('company_id', p.company_id, 'operator_name', p.operator_name),
      jsonb_build_object('company_id', p.company_id, 'operator_name', v_name)
    from app.participation p where p.operator_company_id = p_from
    union all
    select p_merge, 'app.marketplace', 'changed', null, m.id,
      jsonb_build_object('operator_name', m.operator_name), jsonb_build_object('operator_name', v_name)
    from app.marketplace m where m.operator_company_id = p_from)
  insert into app_private.merge_journal (merge_id, tab, kind, marketplace_id, id, before, after)
  select * from renamed;
  update app.participation set operator_name = v_name where operator_company_id = p_from;
  update app.marketplace set operator_name = v_name where operator_company_id = p_from;
end
$$;

-- unit: app_private.merge_rules()
set local role kollegium_broker;
create or replace function app_private.merge_rules()
returns table (place integer, tab text, col text, rule text, found text, of text, why text)
language sql immutable set search_path = pg_catalog, pg_temp
as $$
  values
    (10, 'app.lead', 'operator_company_id', 'follow', 'lead', 'app.marketplace', 'the operator of the marketplace'),
    (10, 'app.lead', 'giver_company_id', 'move', 'lead', null, 'who gave it'),
    (10, 'app.lead', 'engaged_company_id', 'move', 'lead', null, 'who works it; undo: the company of its engagement'),
    (10, 'app.lead', 'parties', 'generated', 'lead', null, 'who sees it'),
    (20, 'app.engagement', 'company_id', 'move', 'lead', null, 'who works the lead'),
    (20, 'app.engagement', 'operator_company_id', 'follow', 'lead', 'app.marketplace', 'the operator'),
    (20, 'app.engagement', 'giver_company_id', 'follow', 'lead', 'app.lead', 'the giver of the lead'),
    (20, 'app.engagement', 'parties', 'generated', 'lead', null, 'who sees it'),
    (30, 'app.offer', 'company_id', 'choose', 'lead', null, 'of two offers for one lead the better one stays (case 4)'),
    (30, 'app.offer', 'operator_company_id', 'follow', 'lead', 'app.marketplace', 'the operator'),
    (40, 'app.brokerage', 'operator_company_id', 'follow', 'lead', 'app.marketplace', 'the operator'),
    (50, 'app.prospect', 'parties', 'follow', 'lead', 'app.lead', 'who sees the lead'),
    (60, 'app.message', 'company_id', 'move', 'lead', null, 'the author; the printed name stays'),
    (60, 'app.message', 'parties', 'follow', 'lead', 'app.lead', 'who sees the lead'),
    (70, 'app.history', 'company_id', 'move', 'lead', null, 'who did it; the printed name stays'),
    (70, 'app.history', 'parties', 'follow', 'lead', 'app.lead', 'who sees the lead'),
    (80, 'app.note', 'company_id', 'move', 'lead', null, 'whose internal note it is'),
    (90, 'app.disclosure', 'company_id', 'move', 'lead', null, 'the recipient; the printed name stays'),
    (90, 'app.disclosure', 'operator_company_id', 'follow', 'lead', 'app.marketplace', 'the operator'),
    (90, 'app.disclosure', 'parties', 'generated', 'lead', null, 'who sees it'),
    (100, 'app.lead_import', 'company_id', 'move', 'own', null, 'who imported'),
    (110, 'app.lead_import_row', 'company_id', 'follow', 'app.lead_import', 'app.lead_import', 'its report'),
    (115, 'app.import_consent', 'company_id', 'follow', 'app.lead_import', 'app.lead_import', 'what was stated of its persons'),
    (116, 'app.import_mapping', 'company_id', 'move', 'own', null, 'how it reads its files; of one name the newest counts'),
    (120, 'app.participation', 'company_id', 'unite', 'own', null, 'one card for each company and marketplace (case 4)'),
    (120, 'app.participation', 'operator_company_id', 'follow', 'marketplace', 'app.marketplace', 'the operator'),
    (130, 'app.partner_invitation', 'company_id', 'move', 'own', null, 'the invited company'),
    (130, 'app.partner_invitation', 'operator_company_id', 'follow', 'marketplace', 'app.marketplace', 'the operator'),
    (140, 'app.marketplace', 'operator_company_id', 'move', 'own', null, 'who operates it'),
    (150, 'app.colleague', 'company_id', 'move', 'own', null, 'whom he acts for, from his next request on (case 5)'),
    (160, 'app.invitation', 'company_id', 'move', 'own', null, 'who invited'),
    (170, 'app.api_key', 'company_id', 'move', 'own', null, 'the owner; its token keeps working'),
    (175, 'app_private.bearer', 'company_id', 'cascade', 'own', 'app.colleague', 'for whom a token acts, from the next request on (case 5)'),
    (175, 'app_private.bearer', 'company_state', 'cascade', 'own', 'app.company', 'whether that company acts at all'),
    (180, 'app_private.idempotent_answer', 'company_id', 'choose', 'key', null, 'where both used one key the survivor''s answer stays'),
    (190, 'app_private.outbox', 'company_id', 'move', 'pending', null, 'on whose behalf; what is sent already stays'),
    (200, 'app_private.audit_entry', 'company_id', 'keep', null, null, 'who did it then'),
    (210, 'app.company', 'id', 'tenant', null, null, 'both companies keep their ids'),
    (210, 'app.company', 'absorbed_into', 'tenant', null, null, 'the survivor, on the absorbed company'),
    (220, 'app.company_merge', 'asking_company_id', 'keep', null, null, 'record of a merge'),
    (220, 'app.company_merge', 'named_company_id', 'keep', null, null, 'record of a merge'),
    (220, 'app.company_merge', 'other_company_id', 'keep', null, null, 'record of a merge'),
    (220, 'app.company_merge', 'survivor_company_id', 'keep', null, null, 'record of a merge'),
    (220, 'app.company_merge', 'absorbed_company_id', 'keep', null, null, 'record of a merge'),
    (220, 'app.company_merge', 'parties', 'generated', null, null, 'both companies'),
    (220, 'app_private.cohort_company', 'company_id', 'keep', null, null, 'the week in which its features came'),
    (230, 'app_private.company_split', 'company_id', 'keep', null, null, 'record of a split'),
    (230, 'app_private.company_split', 'new_company_id', 'keep', null, null, 'record of a split')
  union all
  select * from app_private.legacy_merge_rules()
$$;

-- unit: app_private.lock_merge(p_merge uuid, p_states text[])
set local role kollegium_broker;
-- The merge, locked with both companies; 404 for none, 409 when it is in another state.
create or replace function app_private.lock_merge(p_merge uuid, p_states text[])
returns app.company_merge language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_merge app.company_merge;
begin
  -- Companies before the request, as who consents does it: his are held since app.enter.
  perform app_private.lock_companies(m.survivor_company_id, m.absorbed_company_id)
  from app.company_merge m where m.id = p_merge and m.survivor_company_id is not null;
  select * into v_merge from app.company_merge where id = p_merge for update;
  if not found then
    perform app_private.refuse(404, 'not-found');
  elsif v_merge.state <> all (p_states) then
    perform app_private.refuse(409, 'merge-state',
      jsonb_build_object('state', v_merge.state, 'allowed', p_states));
  end if;
  return v_merge;
end
$$;

-- unit: app.rehearse_merge(p_merge uuid)
set local role kollegium_broker;
-- Performs the merge and takes it back: what it reports really happened. Consents to a former
-- rehearsal are void. Admins of both sides are told, with a token each.
create or replace function app.rehearse_merge(p_merge uuid)
returns jsonb language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_merge constant app.company_merge :=
    app_private.lock_merge(p_merge, array['answered', 'rehearsed', 'consented']);
  v_from constant uuid := v_merge.absorbed_company_id;
  v_to constant uuid := v_merge.survivor_company_id;
  v_id constant uuid := app_private.new_id();
  v_report jsonb;
begin
  v_report := jsonb_build_object('blocks', app_private.merge_blocks(v_from, v_to),
    'settings', app_private.merge_settings(v_from, v_to),
    'visible', app_private.newly_visible(v_from, v_to),
    'to_survivor', app_private.newly_readable(v_from, v_to),
    'to_absorbed', app_private.newly_readable(v_to, v_from));
  if v_report -> 'blocks' = '[]' then
    begin
      v_report := v_report || jsonb_build_object('rows', app_private.perform_merge(p_merge, v_from, v_to));
      set constraints all immediate;
      v_report := v_report || jsonb_build_object('effects', app_private.merge_effects(p_merge, v_from, v_to));
      raise exception using errcode = 'KGBCK';  -- back to where it was; the report stays
    exception when sqlstate 'KGBCK' then null;
    end;
  end if;
  update app.company_merge set state = 'rehearsed', rehearsal_due = false, rehearsal_id = v_id,
    rehearsal = v_report, rehearsed_at = now(), survivor_consent_at = null, survivor_consent = null,
    absorbed_consent_at = null, absorbed_consent = null, problem = null, changed_at = now(),
    version = version + 1
  where id = p_merge;
  perform app_private.mail_consents(p_merge);
  perform app_private.audit('merge-rehearsed', v_to, null, p_merge);
  return v_report;
end
$$;
comment on function app.rehearse_merge(uuid) is
  'Performs a merge, takes it back and keeps what it would do; former consents are void.';
grant execute on function app.rehearse_merge(uuid) to kollegium_staff;

-- unit: app_private.merge_drift(p_merge app.company_merge, p_now jsonb)
set local role kollegium_broker;
-- Differences between what was consented to and what has just been performed, without rows that were
-- added since; an empty object: none.
create or replace function app_private.merge_drift(p_merge app.company_merge, p_now jsonb)
returns jsonb language sql immutable set search_path = pg_catalog, pg_temp
as $$
  select jsonb_strip_nulls(jsonb_build_object(
    'settings', case when p_now -> 'settings' <> r.j -> 'settings' then p_now -> 'settings' end,
    'visible', nullif(app_private.effects_beyond(p_now -> 'visible_then', r.j -> 'visible'), '[]'),
    'not_visible', nullif(app_private.effects_beyond(r.j -> 'visible', p_now -> 'visible_then'), '[]'),
    'effects', nullif(app_private.effects_beyond(p_now -> 'effects', r.j -> 'effects',
      p_merge.rehearsal_id, p_merge.rehearsed_at), '[]'),
    'no_effects', nullif(app_private.effects_beyond(r.j -> 'effects', p_now -> 'effects'), '[]')))
  from (select p_merge.rehearsal as j) r
$$;

-- unit: app.run_merge(p_merge uuid)
set local role kollegium_broker;
-- The merge: one transaction. 409 merge-blocked when something forbids it, merge-drift when it would
-- do something else than was consented to, merge-consent-expired when that was more than 14 days ago.
create or replace function app.run_merge(p_merge uuid)
returns jsonb language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_merge constant app.company_merge := app_private.lock_merge(p_merge, array['consented']);
  v_from constant uuid := v_merge.absorbed_company_id;
  v_to constant uuid := v_merge.survivor_company_id;
  v_blocks jsonb;
  v_now jsonb;
  v_drift jsonb;
  v_result jsonb;
begin
  perform app_private.expect_fresh_rehearsal(v_merge);
  perform app_private.expect_colleague_features(v_from);
  perform app_private.expect_colleague_features(v_to);
  v_blocks := app_private.merge_blocks(v_from, v_to);
  if v_blocks <> '[]' then
    perform app_private.refuse(409, 'merge-blocked', jsonb_build_object('blocks', v_blocks));
  end if;
  v_now := jsonb_build_object('settings', app_private.merge_settings(v_from, v_to),
    'visible_then', app_private.newly_visible(v_from, v_to, v_merge.rehearsal_id));
  v_result := jsonb_build_object('rows', app_private.perform_merge(p_merge, v_from, v_to));
  v_now := v_now || jsonb_build_object('effects', app_private.merge_effects(p_merge, v_from, v_to));
  v_drift := app_private.merge_drift(v_merge, v_now);
  if v_drift <> '{}' then
    perform app_private.refuse(409, 'merge-drift', jsonb_build_object('drift', v_drift));
  end if;
  v_result := v_result || jsonb_build_object('effects', v_now -> 'effects', 'added',
    app_private.effects_beyond(v_now -> 'effects', v_merge.rehearsal -> 'effects'));
  update app.company_merge set state = 'done', done_at = now(), done_id = app_private.new_id(),
    result = v_result, problem = null, changed_at = now(), version = version + 1
  where id = p_merge;
  delete from app_private.merge_token where merge_id = p_merge;
  perform app_private.mail_merged(v_merge);
  perform app_private.audit('merge-done', v_to, null, p_merge, jsonb_build_object('absorbed', v_from));
  return v_result;
end
$$;
comment on function app.run_merge(uuid) is
  'Merges two companies whose admins consented to the rehearsal; refuses when it would do anything else.';
grant execute on function app.run_merge(uuid) to kollegium_staff;

-- unit: app_private.undo_hindrance(p_merge app.company_merge)
set local role kollegium_broker;
-- Why a merge cannot be undone, or null.
create or replace function app_private.undo_hindrance(p_merge app.company_merge)
returns jsonb language sql stable set search_path = pg_catalog, pg_temp
as $$
  select coalesce(
    case when p_merge.done_at < now() - interval '30 days'
      then jsonb_build_object('reason', 'too-late', 'days', 30) end,
    (select jsonb_build_object('reason', 'merged-again', 'merge', m.id) from app.company_merge m
     where m.state = 'done' and m.done_id > p_merge.done_id
       and p_merge.survivor_company_id in (m.survivor_company_id, m.absorbed_company_id)
     order by m.done_id desc limit 1),
    (select jsonb_build_object('reason', 'colleague-split-off', 'split', s.id)
     from app_private.company_split s
     where s.company_id = p_merge.survivor_company_id and s.id > p_merge.done_id limit 1))
$$;

-- unit: app.undo_merge(p_merge uuid)
set local role kollegium_broker;
-- Back to two companies: what the merge moved goes back, what was made since stays with the survivor.
create or replace function app.undo_merge(p_merge uuid)
returns jsonb language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_merge constant app.company_merge := app_private.lock_merge(p_merge, array['done']);
  v_hindrance constant jsonb := app_private.undo_hindrance(v_merge);
  v_result jsonb;
begin
  if v_hindrance is not null then
    perform app_private.refuse(409, 'merge-not-undoable', v_hindrance);
  end if;
  v_result := app_private.perform_undo(v_merge);
  if exists (select from unnest(array[v_merge.survivor_company_id, v_merge.absorbed_company_id]) c (id)
             where exists (select from app.colleague a where a.company_id = c.id)
               and not exists (select from app.colleague a where a.company_id = c.id and a.active
                               and a.role = 'admin')) then
    perform app_private.refuse(409, 'merge-not-undoable', '{"reason": "no-admin"}');
  end if;
  update app.company_merge set state = 'undone', undone_at = now(), undo_result = v_result,
    changed_at = now(), version = version + 1
  where id = p_merge;
  perform app_private.mail_both('merge-undone', v_merge);
  perform app_private.audit('merge-undone', v_merge.survivor_company_id, null, p_merge,
    jsonb_build_object('absorbed', v_merge.absorbed_company_id));
  return v_result;
end
$$;
comment on function app.undo_merge(uuid) is
  'Undoes a merge within 30 days, unless the survivor merged again; lists what stays with it.';
grant execute on function app.undo_merge(uuid) to kollegium_staff;

-- unit: app.work_on_merges()
set local role kollegium_broker;
-- What is due: one rehearsal or one merge a call, so that each has its own transaction. Returns its id,
-- or null when nothing is left. A merge that is refused tells why and waits for a new rehearsal.
create or replace function app.work_on_merges() returns uuid
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_id uuid;
  v_state text;
  v_problem jsonb;
  v_slug text;
  v_detail text;
begin
  select id, state into v_id, v_state from app.company_merge
  where rehearsal_due or (state = 'consented' and execute_at <= now())
  order by rehearsal_due desc, execute_at, id limit 1;
  if v_id is null then
    return null;
  end if;
  begin
    if v_state = 'consented' then
      perform app.run_merge(v_id);
    else
      perform app.rehearse_merge(v_id);
    end if;
    return v_id;
  exception when sqlstate 'KG409' then
    get stacked diagnostics v_slug = constraint_name, v_detail = pg_exception_detail;
    v_problem := jsonb_build_object('slug', v_slug) || coalesce(nullif(v_detail, ''), '{}')::jsonb;
  end;
  update app.company_merge set problem = v_problem, rehearsal_due = v_slug in ('merge-drift', 'merge-consent-expired'),
    state = case when v_slug = 'merge-state' then state when rehearsal is null then 'requested'
      else 'rehearsed' end,
    survivor_consent_at = null, survivor_consent = null, absorbed_consent_at = null,
    absorbed_consent = null, changed_at = now(), version = version + 1
  where id = v_id;
  return v_id;
end
$$;
comment on function app.work_on_merges() is
  'Rehearses or runs the next merge that is due; its id, or null when none is.';
grant execute on function app.work_on_merges() to kollegium_worker;

-- unit: app.leads_of_merge(p_merge uuid)
set local role kollegium_broker;
-- The leads that came with him: those that the journal of a merge says belonged to his former company
-- and that his present one still gives or works.
create or replace function app.leads_of_merge(p_merge uuid)
returns table (marketplace_id uuid, lead_id uuid)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select j.marketplace_id, j.id from app_private.merge_journal j
  join app.company_merge m on m.id = j.merge_id and m.state = 'done'
  join app.lead l on l.marketplace_id = j.marketplace_id and l.id = j.id
    and m.survivor_company_id in (l.giver_company_id, l.engaged_company_id)
  where j.merge_id = p_merge and j.tab = 'app.lead' and j.kind = 'moved' order by 1, 2
$$;
comment on function app.leads_of_merge(uuid) is
  'The leads that came with an absorbed company and are still the survivor''s (staff).';
grant execute on function app.leads_of_merge(uuid) to kollegium_staff;

-- unit: app.split_colleague( p_email text, p_company_name text, p_markets uuid[], p_leads uuid[], p_reference text)
set local role kollegium_broker;
-- The colleague becomes the admin of a new company. Leads that his company gives or works go with him:
-- with their engagements, offers, notes and disclosures, and with a card of each marketplace. Leads it
-- operates belong to their marketplace and cannot go. The last admin cannot leave.
create or replace function app.split_colleague(
  p_email text, p_company_name text, p_markets uuid[], p_leads uuid[], p_reference text)
returns jsonb language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_colleague app.colleague;
  v_new constant uuid := app_private.new_id();
  v_id constant uuid := app_private.new_id();
  v_old uuid;
  v_rows jsonb;
begin
  select company_id into v_old from app.colleague where email = p_email and active;
  if v_old is null then
    perform app_private.refuse(404, 'not-found');
  end if;
  perform app_private.lock_companies(v_old, v_new);
  -- What was looked up before may be over by now: he left, or goes by another address or company.
  select * into v_colleague from app.colleague
  where email = p_email and company_id = v_old and active for update;
  if not found then
    raise exception using errcode = '40001', message = 'the colleague was changed meanwhile';
  end if;
  if not exists (select from app.colleague c where c.company_id = v_old and c.id <> v_colleague.id
                 and c.active and c.role = 'admin') then
    perform app_private.refuse(409, 'last-admin');
  end if;
  -- All at once, in their order: those that go, and those that he handles and that stay.
  perform from app.lead l where (l.marketplace_id, l.id) in (
    select * from unnest(p_markets, p_leads)
    union select e.marketplace_id, e.lead_id from app.engagement e
    where e.company_id = v_old and e.handler_id = v_colleague.id and e.state in ('active', 'return_requested'))
  order by l.marketplace_id, l.id for update;
  perform app_private.expect_splittable(v_old, p_markets, p_leads);
  insert into app.company (id, name, delegator_role, language)
  select v_new, p_company_name, c.delegator_role, v_colleague.language from app.company c where c.id = v_old;
  perform app_private.change_handler_name(v_old, v_colleague.id, null);
  -- Whom he leaves behind does not handle what goes with him: no colleague works for two companies.
  update app.engagement set handler_id = null, handler_name = null
  where company_id = v_old and handler_id is not null and (handler_id = v_colleague.id
    or (marketplace_id, lead_id) in (select * from unnest(p_markets, p_leads)));
  update app.colleague set company_id = v_new, role = 'admin', changed_at = now(), version = version + 1
  where id = v_colleague.id;
  v_rows := app_private.split_leads(v_old, v_new, p_company_name, p_markets, p_leads);
  perform app_private.print_live_names(p_markets, p_leads);
  insert into app_private.company_split (id, company_id, new_company_id, colleague_id, reference, leads)
  select v_id, v_old, v_new, v_colleague.id, p_reference, coalesce(jsonb_agg(jsonb_build_object(
    'marketplace_id', k.m, 'lead_id', k.l)), '[]') from unnest(p_markets, p_leads) k (m, l);
  perform app_private.mail_company('colleague-split', c.id, jsonb_build_object('colleague', v_colleague.name,
    'company', p_company_name, 'leads', cardinality(p_leads))) from unnest(array[v_old, v_new]) c (id);
  perform app_private.audit('colleague-split', v_old, v_colleague.id, v_new,
    jsonb_build_object('reference', p_reference, 'leads', cardinality(p_leads)));
  return jsonb_build_object('split_id', v_id, 'company_id', v_new, 'colleague_id', v_colleague.id, 'rows', v_rows);
end
$$;
comment on function app.split_colleague(text, text, uuid[], uuid[], text) is
  'Makes a company of its own for a colleague, with chosen leads of the company he leaves.';
grant execute on function app.split_colleague(text, text, uuid[], uuid[], text) to kollegium_staff;

-- unit: app_private.expect_splittable(p_company uuid, p_markets uuid[], p_leads uuid[])
set local role kollegium_broker;
-- 422 with the leads that cannot go: unknown ones, and those that the company neither gives nor works,
-- or operates.
create or replace function app_private.expect_splittable(p_company uuid, p_markets uuid[], p_leads uuid[])
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_unfit uuid[];
begin
  select array_agg(k.id) into v_unfit
  from unnest(p_markets, p_leads) k (marketplace_id, id)
  where not exists (select from app.lead l where l.marketplace_id = k.marketplace_id and l.id = k.id
    and l.operator_company_id <> p_company and p_company in (l.giver_company_id, l.engaged_company_id));
  if v_unfit is not null then
    perform app_private.refuse(422, 'leads-not-splittable', jsonb_build_object('leads', v_unfit));
  end if;
end
$$;

-- unit: app_private.split_leads( p_old uuid, p_new uuid, p_name text, p_markets uuid[], p_leads uuid[])
set local role kollegium_broker;
create or replace function app_private.split_leads(
  p_old uuid, p_new uuid, p_name text, p_markets uuid[], p_leads uuid[])
returns jsonb language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_tab text;
  v_count bigint;
  v_rows jsonb := '{}';
begin
  insert into app.participation (marketplace_id, company_id, operator_company_id, capacities, state,
    postcode_areas, tags, paused, cap, marketplace_name, operator_name, company_name, steps, answered_at)
  select p.marketplace_id, p_new, p.operator_company_id, p.capacities, p.state, p.postcode_areas, p.tags,
    p.paused, p.cap, p.marketplace_name, p.operator_name, p_name, p.steps, p.answered_at
  from app.participation p where p.company_id = p_old and p.marketplace_id = any (p_markets);
  -- The same columns and the same order as in a merge; what was written in the old company's name
  -- (messages, history) stays in it, and is seen as its lead is.
  foreach v_tab in array array['app.lead', 'app.engagement', 'app.offer', 'app.prospect', 'app.message',
                               'app.history', 'app.note', 'app.disclosure'] loop
    execute (select format('update %s t set %s where (t.marketplace_id, t.%s) in (select * from unnest($3, $4))
      and $1 is not null and $2 is not null', v_tab,
      string_agg(case when r.rule in ('move', 'choose') or r.tab = 'app.engagement'
        then format('%1$I = case when t.%1$I = $1 then $2 else t.%1$I end', r.col)
        else 'parties = l.parties' end, ', ')
      || case when bool_or(r.col = 'parties') then ' from app.lead l' else '' end,
      case v_tab when 'app.lead' then 'id' else 'lead_id' end)
      || case when bool_or(r.col = 'parties')
         then ' and l.marketplace_id = t.marketplace_id and l.id = t.lead_id' else '' end
      from app_private.merge_rules() r
      where r.tab = v_tab and (r.rule in ('move', 'choose', 'follow')) and r.col <> 'operator_company_id'
        and not (v_tab in ('app.message', 'app.history') and r.col = 'company_id'))
    using p_old, p_new, p_markets, p_leads;
    get diagnostics v_count = row_count;
    v_rows := v_rows || jsonb_build_object(v_tab, v_count);
  end loop;
  return v_rows;
end
$$;

-- unit: app_private.change_back(p_journal app_private.merge_journal, p_key jsonb)
set local role kollegium_broker;
-- A row that the merge changed: each column goes back if it still holds what the merge wrote.
create or replace function app_private.change_back(p_journal app_private.merge_journal, p_key jsonb)
returns boolean language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_count integer;
begin
  execute format('update %1$s t set %2$s from jsonb_populate_record(null::%1$s, $2) a,
    jsonb_populate_record(null::%1$s, $3) b where %3$s', p_journal.tab,
    (select string_agg(format(
       '%1$I = case when t.%1$I is not distinct from a.%1$I then b.%1$I else t.%1$I end', k), ', ')
     from jsonb_object_keys(p_journal.after) k),
    case when p_journal.tab = 'app.marketplace' then 't.id = ($1 ->> ''id'')::uuid'
      else app_private.row_condition(p_journal.tab) end)
  using p_key, p_journal.after, p_journal.before;
  get diagnostics v_count = row_count;
  return v_count = 1;
end
$$;

-- unit: app_private.changes_back(p_merge uuid, p_to uuid)
set local role kollegium_broker;
-- Offers, their brokerage and their lead go back together, or not at all where the lead went on since.
create or replace function app_private.changes_back(p_merge uuid, p_to uuid)
returns bigint language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v app_private.merge_journal;
  v_moved_on uuid[];
  v_count bigint := 0;
begin
  -- Brokerages that the merge closed and whose lead changed since, or that closed by themselves.
  select array_agg(b.id) into v_moved_on
  from app_private.merge_journal j
  join app.offer o on j.tab = 'app.offer' and o.marketplace_id = j.marketplace_id and o.id = j.id
  join app.brokerage b on b.marketplace_id = o.marketplace_id and b.id = o.brokerage_id
  where j.merge_id = p_merge and j.kind = 'changed' and not app_private.wave_stands(p_merge, b);
  for v in select * from app_private.merge_journal j
           where j.merge_id = p_merge and j.kind = 'changed' order by j.tab, j.marketplace_id, j.id
  loop
    continue when (v.tab = 'app.brokerage' and v.id = any (v_moved_on))
      or (v.tab = 'app.offer' and exists (select from app.offer o where o.marketplace_id = v.marketplace_id
            and o.id = v.id and o.brokerage_id = any (v_moved_on)))
      or (v.tab = 'app.lead' and v.after ? 'version' and exists (select from app.lead l
            where l.marketplace_id = v.marketplace_id and l.id = v.id
              and l.version <> (v.after ->> 'version')::integer));
    if app_private.change_back(v, jsonb_build_object('marketplace_id', v.marketplace_id, 'id', v.id,
         'company_id', coalesce(v.after ->> 'company_id', p_to::text))) then
      v_count := v_count + 1;
    end if;
  end loop;
  return v_count;
end
$$;

-- unit: app_private.wave_stands(p_merge uuid, p_brokerage app.brokerage)
set local role kollegium_broker;
-- Whether the wave of a brokerage is still as the merge left it.
create or replace function app_private.wave_stands(p_merge uuid, p_brokerage app.brokerage)
returns boolean language sql stable set search_path = pg_catalog, pg_temp
as $$
  select coalesce(
    (select l.version = (j.after ->> 'version')::integer
     from app_private.merge_journal j
     join app.lead l on l.marketplace_id = j.marketplace_id and l.id = j.id
     where j.merge_id = p_merge and j.tab = 'app.lead' and j.kind = 'changed' and j.after ? 'version'
       and j.marketplace_id = p_brokerage.marketplace_id and j.id = p_brokerage.lead_id),
    p_brokerage.state = 'open')
$$;

-- unit: app_private.collapsed_back(p_merge uuid)
set local role kollegium_broker;
-- Rows that went to the journal, with the operator that their marketplace has by now. An offer of a wave that is over by now comes back as lost, and not at
-- all where the offer that stayed was picked since.
create or replace function app_private.collapsed_back(p_merge uuid)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v app_private.merge_journal;
begin
  for v in select * from app_private.merge_journal where merge_id = p_merge and kind = 'collapsed' loop
    continue when v.tab = 'app.participation' and exists (select from app.marketplace m
      where m.id = v.marketplace_id and m.operator_company_id::text = v.before ->> 'company_id');
    execute format('insert into %1$s select (jsonb_populate_record(null::%1$s, $1)).* on conflict do nothing',
      v.tab) using v.before || coalesce((select jsonb_build_object('operator_company_id',
        m.operator_company_id, 'operator_name', m.operator_name, 'marketplace_name', m.name, 'steps', m.steps)
      from app.marketplace m where m.id = v.marketplace_id), '{}');
  end loop;
  update app.offer o set state = 'lost', answered_at = now()
  from app_private.merge_journal j, app.brokerage b
  where j.merge_id = p_merge and j.tab = 'app.offer' and j.kind = 'collapsed'
    and o.marketplace_id = j.marketplace_id and o.id = j.id and o.state = 'open'
    and b.marketplace_id = o.marketplace_id and b.id = o.brokerage_id and b.state <> 'open';
end
$$;

-- unit: app_private.leave_cards(p_merge uuid, p_from uuid, p_to uuid)
set local role kollegium_broker;
-- Where the survivor took part only through the card that went back, what it began there since stays
-- its own, as after leaving a marketplace: offers end, work is finished.
create or replace function app_private.leave_cards(p_merge uuid, p_from uuid, p_to uuid)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v record;
  v_left uuid[];
begin
  with gone as (
  insert into app.participation (marketplace_id, company_id, operator_company_id, capacities, state,
    postcode_areas, tags, paused, cap, marketplace_name, operator_name, company_name, steps,
    invited_at, answered_at, ended_at)
  select p.marketplace_id, p_to, p.operator_company_id, p.capacities, 'ended', p.postcode_areas,
    p.tags, p.paused, p.cap, p.marketplace_name, p.operator_name, c.name, p.steps, p.invited_at,
    p.answered_at, now()
  from app_private.merge_journal j
  join app.participation p on p.marketplace_id = j.marketplace_id and p.company_id = p_from
  join app.company c on c.id = p_to
  where j.merge_id = p_merge and j.tab = 'app.participation' and j.kind = 'changed'
    and j.before ->> 'company_id' = p_from::text and j.after ->> 'company_id' = p_to::text
    and p.operator_company_id <> p_to
    and (exists (select from app.offer o where o.company_id = p_to and o.marketplace_id = p.marketplace_id)
      or exists (select from app.engagement e where e.company_id = p_to and e.marketplace_id = p.marketplace_id)
      or exists (select from app.lead l where l.giver_company_id = p_to and l.marketplace_id = p.marketplace_id))
  on conflict do nothing returning marketplace_id
  ) select array_agg(g.marketplace_id) into v_left from gone g;
  for v in
    select distinct o.marketplace_id, o.lead_id from app.offer o
    where o.company_id = p_to and o.state = 'open' and o.marketplace_id = any (v_left)
    order by o.marketplace_id, o.lead_id
  loop
    update app.offer set state = 'withdrawn', answered_at = now()
    where marketplace_id = v.marketplace_id and lead_id = v.lead_id and company_id = p_to and state = 'open';
  end loop;
end
$$;

-- unit: app_private.clear_strangers(p_one uuid, p_other uuid)
set local role kollegium_broker;
-- Who handles something of the company that he does not belong to any more, hands it back to nobody.
create or replace function app_private.clear_strangers(p_one uuid, p_other uuid)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v record;
begin
  for v in select distinct e.company_id, e.handler_id from app.engagement e
           join app.colleague c on c.id = e.handler_id and c.company_id <> e.company_id
           where e.company_id in (p_one, p_other) loop
    perform app_private.change_handler_name(v.company_id, v.handler_id, null);
    -- Closed ones too: the key on (company, handler) knows no former colleagues.
    update app.engagement set handler_id = null, handler_name = null
    where company_id = v.company_id and handler_id = v.handler_id;
  end loop;
end
$$;

-- unit: app_private.made_since( p_merge uuid, p_to uuid, p_since uuid, p_markets uuid[], p_leads uuid[])
set local role kollegium_broker;
-- What the survivor made since and keeps: by table the number and, up to 100, the ids.
create or replace function app_private.made_since(
  p_merge uuid, p_to uuid, p_since uuid, p_markets uuid[], p_leads uuid[])
returns jsonb language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v record;
  v_ids uuid[];
  v_found jsonb := '{}';
begin
  for v in select r.tab, r.col, r.found from app_private.merge_rules() r
           where r.rule in ('move', 'choose') and r.found in ('own', 'lead')
             and r.tab <> 'app.participation' order by r.place
  loop
    execute format('select array_agg(t.id order by t.id) from %1$s t where t.%2$I = $1 and t.id > $2 and not exists (
      select from app_private.merge_journal j where j.merge_id = $5 and j.tab = %1$L and j.kind = ''moved''
        and j.id = t.id and %2$L = any (j.columns))%3$s', v.tab, v.col,
      case when v.tab in ('app.message', 'app.history', 'app.note', 'app.disclosure')
        then ' and (t.marketplace_id, t.lead_id) in (select * from unnest($3, $4))' else '' end)
    into v_ids using p_to, p_since, p_markets, p_leads, p_merge;
    if v_ids is not null then
      v_found := v_found || jsonb_build_object(v.tab || case when v.tab = 'app.lead'
        then ' ' || v.col else '' end, jsonb_build_object('rows', cardinality(v_ids), 'ids', v_ids[1:100]));
    end if;
  end loop;
  return v_found;
end
$$;

-- unit: app_private.perform_undo(p_merge app.company_merge)
set local role kollegium_broker;
-- The way back, in the order of locks. Returns rows by table and what stays with the survivor.
create or replace function app_private.perform_undo(p_merge app.company_merge)
returns jsonb language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_from constant uuid := p_merge.absorbed_company_id;
  v_to constant uuid := p_merge.survivor_company_id;
  v_operated constant uuid[] := array(select j.id from app_private.merge_journal j
    where j.merge_id = p_merge.id and j.tab = 'app.marketplace' and j.kind = 'moved');
  v_markets uuid[];
  v_leads uuid[];
  v_locked_markets uuid[];
  v_locked_leads uuid[];
  v_since jsonb;
  v_rows jsonb;
begin
  select array_agg(k.marketplace_id), array_agg(k.id) into v_markets, v_leads
  from (select j.marketplace_id, j.id from app_private.merge_journal j
        where j.merge_id = p_merge.id and j.tab = 'app.lead' and j.kind = 'moved'
        union select l.marketplace_id, l.id from app.lead l
        where l.operator_company_id = v_to and l.marketplace_id = any (v_operated)) k;
  select v_markets || array_agg(k.marketplace_id), v_leads || array_agg(k.lead_id)
  into v_locked_markets, v_locked_leads
  from (select o.marketplace_id, o.lead_id from app_private.merge_journal j
        join app.offer o on o.marketplace_id = j.marketplace_id and o.id = j.id
        where j.merge_id = p_merge.id and j.tab = 'app.offer'
        union select j.marketplace_id, (j.before ->> 'lead_id')::uuid from app_private.merge_journal j
        where j.merge_id = p_merge.id and j.tab = 'app.offer' and j.kind = 'collapsed'
        union select o.marketplace_id, o.lead_id from app.offer o
        where o.company_id = v_to and o.state = 'open'
        union select e.marketplace_id, e.lead_id from app_private.merge_journal j
        join app.engagement e on e.company_id = v_to and e.handler_id = j.id
        where j.merge_id = p_merge.id and j.tab = 'app.colleague') k;
  perform app_private.lock_for_merge(v_from, v_to, v_locked_markets, v_locked_leads);
  perform from app.participation where company_id in (v_from, v_to) or operator_company_id in (v_from, v_to)
  order by marketplace_id, company_id for update;
  v_since := app_private.made_since(p_merge.id, v_to, p_merge.done_id, v_markets, v_leads);
  update app.company set state = 'active', absorbed_into = null where id = v_from;
  delete from app.history h using app_private.merge_journal j
  where j.merge_id = p_merge.id and j.tab = 'app.history' and j.kind = 'created'
    and h.marketplace_id = j.marketplace_id and h.id = j.id;
  v_rows := app_private.give_back(p_merge.id, v_from, v_to, p_merge.done_at);
  perform app_private.operators_back(v_from, v_to, v_operated);
  perform app_private.follow_back(v_from, v_to, v_operated, v_markets, v_leads,
    array(select j.id from app_private.merge_journal j
          where j.merge_id = p_merge.id and j.tab = 'app.lead_import' and j.kind = 'moved'));
  v_rows := v_rows || jsonb_build_object('changed', app_private.changes_back(p_merge.id, v_to));
  perform app_private.collapsed_back(p_merge.id);
  perform app_private.leave_cards(p_merge.id, v_from, v_to);
  perform app_private.conclude_wave(k.m, k.l)
  from (select * from unnest(v_locked_markets, v_locked_leads) u (m, l) order by m, l) k
  join app.brokerage b on b.marketplace_id = k.m and b.lead_id = k.l and b.state = 'open';
  perform app_private.clear_strangers(v_from, v_to);
  perform app_private.print_after_move(v_from, v_to, v_locked_markets, v_locked_leads);
  perform app_private.legacy_read_anew(array_agg(j.marketplace_id), array_agg(coalesce(o.lead_id, j.id)))
  from app_private.merge_journal j
  left join app.offer o on j.tab = 'app.offer' and o.marketplace_id = j.marketplace_id and o.id = j.id
  where j.merge_id = p_merge.id and j.tab in ('app.lead', 'app.offer');
  return jsonb_build_object('rows', v_rows, 'since', v_since);
end
$$;

-- unit: app_private.may_take(p_participation app.participation, p_giver uuid)
set local role kollegium_broker;
-- Who may get a lead at all.
create or replace function app_private.may_take(p_participation app.participation, p_giver uuid)
returns boolean language sql immutable set search_path = pg_catalog, pg_temp
as $$
  select p_participation.state = 'active' and 'taker' = any (p_participation.capacities)
    and not p_participation.paused and p_participation.company_id is distinct from p_giver
$$;

-- unit: app_private.cap_reached(p_participation app.participation)
set local role kollegium_broker;
-- The cap counts what a company works on a marketplace at present.
create or replace function app_private.cap_reached(p_participation app.participation)
returns boolean language sql stable set search_path = pg_catalog, pg_temp
as $$
  select p_participation.cap is not null and p_participation.cap <= (
    select count(*) from app.engagement e
    where e.company_id = p_participation.company_id
      and e.marketplace_id = p_participation.marketplace_id
      and e.state in ('active', 'return_requested'))
$$;

-- unit: app_private.matching_takers(p_lead app.lead)
set local role kollegium_broker;
-- Active takers whose area, tags and cap fit, not paused, not the giver (docs/domain.md, life cycle).
-- No areas: everywhere. No tags on either side: no restriction.
create or replace function app_private.matching_takers(p_lead app.lead)
returns uuid[] language sql stable set search_path = pg_catalog, pg_temp
as $$
  select coalesce(array_agg(p.company_id order by p.company_id), '{}')
  from app.participation p
  left join app.prospect pr on pr.marketplace_id = p_lead.marketplace_id and pr.lead_id = p_lead.id
  where p.marketplace_id = p_lead.marketplace_id
    and app_private.may_take(p, p_lead.giver_company_id)
    and not app_private.cap_reached(p)
    and (cardinality(p.postcode_areas) = 0
         or exists (select from unnest(p.postcode_areas) area where starts_with(pr.postcode, area)))
    and (cardinality(p.tags) = 0 or cardinality(p_lead.tags) = 0 or p.tags && p_lead.tags)
$$;

-- unit: app_private.open_brokerage( p_lead app.lead, p_takers uuid[], p_hours integer, p_caller app.caller)
set local role kollegium_broker;
-- One wave: an offer, with a copy of the teaser, to each of the companies.
create or replace function app_private.open_brokerage(
  p_lead app.lead, p_takers uuid[], p_hours integer, p_caller app.caller)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_id constant uuid := app_private.new_id();
  v_expires_at constant timestamptz := now() + make_interval(hours => p_hours);
  v_interest constant text := app_private.teaser(p_lead.interest);
  v_tags constant text[] := app_private.teaser_tags(p_lead.tags);
  v_offered uuid[];
begin
  insert into app.brokerage (marketplace_id, id, lead_id, operator_company_id, state, opened_by_id)
  values (p_lead.marketplace_id, v_id, p_lead.id, p_lead.operator_company_id, 'open', p_caller.colleague_id);
  with opened as (
    insert into app.offer (marketplace_id, id, brokerage_id, lead_id, company_id, operator_company_id,
      wave, state, interest, postcode_area, tags, marketplace_name, company_name, expires_at)
    select p.marketplace_id, app_private.new_id(), v_id, p_lead.id, p.company_id, p.operator_company_id,
      1, 'open', v_interest, p_lead.postcode_area, v_tags, p.marketplace_name,
      p.company_name, v_expires_at
    from app.participation p
    where p.marketplace_id = p_lead.marketplace_id and p.company_id = any (p_takers)
      and p.state = 'active'
    -- A participation that ends meanwhile withdraws these offers, or gets none. Picks go on: theirs is the
    -- weaker lock (no key update), so that whoever offers many leads at once holds none of them up.
    for key share
    returning company_id)
  select array_agg(company_id) into v_offered from opened;
  perform app_private.set_state(p_lead.marketplace_id, p_lead.id, 'offered');
  perform app_private.record(p_lead.marketplace_id, p_lead.id, 'offered', p_caller,
    jsonb_build_object('offers', coalesce(cardinality(v_offered), 0), 'expires_at', v_expires_at));
  perform app_private.mail_companies('offer-opened', v_offered, jsonb_build_object(
    'operator', p_lead.operator_name, 'interest', left(v_interest, 200),
    'postcode_area', p_lead.postcode_area, 'expires_at', v_expires_at));
  perform app_private.conclude_wave(p_lead.marketplace_id, p_lead.id);  -- if nobody was left
end
$$;

-- unit: app.offer_lead(p_marketplace uuid, p_lead uuid, p_companies uuid[], p_hours integer)
set local role kollegium_broker;
-- available or unplaced → offered. p_companies null: all matching takers; else exactly these, whose
-- area and tags then do not matter, but who must be active takers with room. Nobody: 409.
create or replace function app.offer_lead(p_marketplace uuid, p_lead uuid, p_companies uuid[], p_hours integer)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_lead app.lead;
  v_takers uuid[];
  v_unfit uuid[];
begin
  v_lead := app_private.lock_lead(p_marketplace, p_lead, v_caller.company_id);
  perform app_private.expect_operator(v_lead, v_caller.company_id);
  perform app_private.expect_state(v_lead.state, array['available', 'unplaced']);
  if p_companies is null then
    v_takers := app_private.matching_takers(v_lead);
  else
    select array_agg(distinct c.id) filter (where fits), array_agg(distinct c.id) filter (where not fits)
    into v_takers, v_unfit
    from (select w.id, coalesce(app_private.may_take(p, v_lead.giver_company_id)
                                and not app_private.cap_reached(p), false) as fits
          from unnest(p_companies) w (id)
          left join app.participation p on p.marketplace_id = p_marketplace and p.company_id = w.id) c;
    if cardinality(v_unfit) > 0 then
      perform app_private.expect_not_absorbed(p_marketplace, c.id, v_caller.company_id)
      from unnest(v_unfit) c (id);
      perform app_private.refuse(422, 'taker-unfit', jsonb_build_object('companies', v_unfit));
    end if;
  end if;
  if coalesce(cardinality(v_takers), 0) = 0 then
    perform app_private.refuse(409, 'no-matching-taker');
  end if;
  perform app_private.open_brokerage(v_lead, v_takers, coalesce(p_hours,
    (select m.response_hours from app.marketplace m where m.id = p_marketplace)), v_caller);
end
$$;
comment on function app.offer_lead(uuid, uuid, uuid[], integer) is
  'available or unplaced → offered (operator), to all matching or to chosen takers.';
grant execute on function app.offer_lead(uuid, uuid, uuid[], integer) to kollegium_api;

-- unit: app_private.close_brokerage( p_marketplace uuid, p_lead uuid, p_state text, p_offers text)
set local role kollegium_broker;
-- Ends the open brokerage: what is still open becomes p_offers ('lost' or 'withdrawn').
create or replace function app_private.close_brokerage(
  p_marketplace uuid, p_lead uuid, p_state text, p_offers text)
returns void language sql volatile set search_path = pg_catalog, pg_temp
as $$
  update app.brokerage set state = p_state, closed_at = now(), wave_ends_at = null
  where marketplace_id = p_marketplace and lead_id = p_lead and state = 'open';
  update app.offer set state = p_offers, answered_at = now()
  where marketplace_id = p_marketplace and lead_id = p_lead and state = 'open'
$$;

-- unit: app_private.grace()
set local role kollegium_broker;
-- How long a wave waits for who may take his refusal back.
create or replace function app_private.grace() returns interval
language sql immutable set search_path = pg_catalog, pg_temp
as $$ select interval '15 s' $$;

-- unit: app_private.wave_end(p_marketplace uuid, p_brokerage uuid)
set local role kollegium_broker;
-- When a wave without an open offer ends: 15 s after its last refusal, at the end of that offer's window
-- at the latest; at once (now) where nothing can be taken back.
create or replace function app_private.wave_end(p_marketplace uuid, p_brokerage uuid)
returns timestamptz language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_end timestamptz;
begin
  select max(least(o.answered_at + app_private.grace(), o.expires_at)) into v_end
  from app.offer o
  join app.participation p on p.marketplace_id = o.marketplace_id and p.company_id = o.company_id
    and p.state = 'active'
  where o.marketplace_id = p_marketplace and o.brokerage_id = p_brokerage and o.state = 'declined';
  return greatest(v_end, now());
end
$$;

-- unit: app_private.conclude_wave( p_marketplace uuid, p_lead uuid, p_at_once boolean default false)
set local role kollegium_broker;
-- THE function that ends a wave, whoever took the last offer away: a refusal, a window that is over, who
-- leaves, a merge and its undo, the timer. It looks for itself, under the lead's lock: a lead that is not
-- offered (picked or withdrawn in this moment), or has an open offer, stays as it is. Where a refusal may
-- still be taken back, the timer comes back (app.end_waves), unless it is to end at once. Returns whether the
-- wave ended: the lead is unplaced and the operator has it again.
create or replace function app_private.conclude_wave(
  p_marketplace uuid, p_lead uuid, p_at_once boolean default false)
returns boolean language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_lead constant app.lead := app_private.lock_lead(p_marketplace, p_lead);
  v_brokerage app.brokerage;
  v_end timestamptz;
begin
  select * into v_brokerage from app.brokerage
  where marketplace_id = p_marketplace and lead_id = p_lead and state = 'open';
  if not found or v_lead.state <> 'offered' then
    return false;
  end if;
  if not exists (select from app.offer where marketplace_id = p_marketplace and lead_id = p_lead
                 and state = 'open') then
    v_end := app_private.wave_end(p_marketplace, v_brokerage.id);
  end if;
  if v_end is null or (v_end > now() and not p_at_once) then
    update app.brokerage set wave_ends_at = v_end
    where marketplace_id = p_marketplace and id = v_brokerage.id and wave_ends_at is distinct from v_end;
    return false;
  end if;
  perform app_private.close_brokerage(p_marketplace, p_lead, 'exhausted', 'withdrawn');
  perform app_private.set_state(p_marketplace, p_lead, 'unplaced');
  perform app_private.record(p_marketplace, p_lead, 'unplaced', app_private.nobody());
  perform app_private.mail_company('lead-unplaced', v_lead.operator_company_id,
    jsonb_build_object('lead', p_lead, 'interest', app_private.subject_of(v_lead.interest)));
  return true;
end
$$;

-- unit: app_private.begin_engagement( p_lead app.lead, p_company uuid, p_company_name text, p_steps text[], p_origin text, p_self_pick boolean, p_colleague uuid, p_colleague_name text)
set local role kollegium_broker;
-- Company X works lead Y from here on: engagement, disclosure, history, mails, in one transaction.
create or replace function app_private.begin_engagement(
  p_lead app.lead, p_company uuid, p_company_name text, p_steps text[], p_origin text,
  p_self_pick boolean, p_colleague uuid, p_colleague_name text)
returns uuid language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_id constant uuid := app_private.new_id();
  v_handler uuid;
begin
  -- Who picks is held since he began (app_private.printing_caller), so he neither leaves nor is renamed.
  select c.id into v_handler from app.colleague c where c.id = p_colleague and c.active;
  insert into app.engagement (marketplace_id, id, lead_id, company_id, operator_company_id,
    giver_company_id, company_name, state, origin, self_pick, picked_by_id, picked_by_name, steps,
    step, handler_id, handler_name)
  values (p_lead.marketplace_id, v_id, p_lead.id, p_company, p_lead.operator_company_id,
    p_lead.giver_company_id, p_company_name, 'active', p_origin, p_self_pick, p_colleague,
    p_colleague_name, p_steps, p_steps[1], v_handler,
    case when v_handler is not null then p_colleague_name end);
  perform app_private.engage(p_lead.marketplace_id, p_lead.id, p_company, p_company_name, v_id);
  insert into app.disclosure (marketplace_id, id, lead_id, company_id, operator_company_id,
    company_name, colleague_name, reason, fields)
  select p.marketplace_id, app_private.new_id(), p.lead_id, p_company, p_lead.operator_company_id,
    p_company_name, p_colleague_name, p_origin,
    array(select f.key from jsonb_each(jsonb_strip_nulls(to_jsonb(p))) f
          where f.key in ('name', 'salutation', 'company', 'email', 'phone', 'street', 'postcode',
                          'city', 'country', 'answers') order by 1)
  from app.prospect p where p.marketplace_id = p_lead.marketplace_id and p.lead_id = p_lead.id;
  perform app_private.mail_company('lead-engaged', c.id, jsonb_build_object('lead', p_lead.id,
    'company', p_company_name, 'interest', app_private.subject_of(p_lead.interest)))
  from unnest(array[p_lead.operator_company_id, p_lead.giver_company_id]) c (id)
  where c.id is not null and c.id <> p_company;
  return v_id;
end
$$;

-- unit: app_private.printing_caller()
set local role kollegium_broker;
-- The caller, for what prints his name and his company's: both stay as they are until the end of the
-- transaction, and so does his being active. Comes before any lead is locked.
create or replace function app_private.printing_caller()
returns app.caller language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
begin
  perform app_private.hold_name(v_caller.company_id);
  perform from app.colleague where id = v_caller.colleague_id for share;
  return app_private.caller();  -- in a statement of its own: he may have waited
end
$$;

-- unit: app_private.charge_pick(p_caller app.caller)
set local role kollegium_broker;
-- Picking is limited: 300 attempts a minute of a colleague (or API key), 600 of a company. A pick that
-- succeeds is charged last, so that nobody waits for the bucket while it waits for a lead; what a
-- refused one charged would be undone with it, so app.attempt_pick charges it afterwards.
create or replace function app_private.charge_pick(p_caller app.caller)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  perform app_private.take('pick ' || coalesce(p_caller.colleague_id, p_caller.api_key_id), 300, '1 min');
  perform app_private.take('pick ' || p_caller.company_id, 600, '1 min');
end
$$;

-- unit: app_private.take_offer(p_lead app.lead, p_caller app.caller)
set local role kollegium_broker;
-- The caller's open offer becomes the one that is picked, and ends the brokerage; the lead is locked.
-- Returns the steps of his card; 409 when he may not take it.
create or replace function app_private.take_offer(p_lead app.lead, p_caller app.caller)
returns text[] language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_offer app.offer;
  v_card app.participation;
begin
  select * into v_offer from app.offer
  where marketplace_id = p_lead.marketplace_id and lead_id = p_lead.id and company_id = p_caller.company_id
  order by id desc limit 1;
  if v_offer.state = 'declined' and p_lead.state = 'offered' then
    perform app_private.refuse(409, 'offer-declined');
  elsif v_offer.state <> 'open' or v_offer.expires_at <= now() then
    perform app_private.refuse(409, 'lead-no-longer-available');
  end if;
  -- Locked, so that two picks of one company do not pass its cap together.
  select * into v_card from app.participation
  where marketplace_id = p_lead.marketplace_id and company_id = p_caller.company_id for no key update;
  if v_card.state <> 'active' then
    perform app_private.refuse(409, 'lead-no-longer-available');
  elsif app_private.cap_reached(v_card) then
    perform app_private.refuse(409, 'cap-reached', jsonb_build_object('cap', v_card.cap));
  end if;
  update app.offer set state = 'picked', answered_at = now(), answered_by_name = p_caller.colleague_name
  where marketplace_id = p_lead.marketplace_id and id = v_offer.id;
  perform app_private.close_brokerage(p_lead.marketplace_id, p_lead.id, 'placed', 'lost');
  return v_card.steps;
end
$$;

-- unit: app.pick_lead( p_marketplace uuid, p_lead uuid, out engagement_id uuid, out picked boolean)
set local role kollegium_broker;
-- Exclusive: one company wins (docs/domain.md, case 1). Returns the engagement's id; picked is false
-- when a colleague of the caller had it already. 404 for a company that never had an offer, 409
-- without any name for one that came too late, 429 for too many attempts (see charge_pick).
-- An operator takes what its partners left over, where its marketplace says so (case 2).
create or replace function app.pick_lead(
  p_marketplace uuid, p_lead uuid, out engagement_id uuid, out picked boolean)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller app.caller := app_private.caller();
  v_lead app.lead;
  v_marketplace app.marketplace;
  v_steps text[];
  v_wait integer;
begin
  v_wait := greatest(
    app_private.seconds_to_wait('pick ' || coalesce(v_caller.colleague_id, v_caller.api_key_id), 300, '1 min'),
    app_private.seconds_to_wait('pick ' || v_caller.company_id, 600, '1 min'));
  if v_wait > 0 then
    perform app_private.refuse(429, 'too-many-requests', jsonb_build_object('retry_after', v_wait));
  end if;
  select * into v_marketplace from app.marketplace where id = p_marketplace;
  if not exists (select from app.offer where marketplace_id = p_marketplace and lead_id = p_lead
                 and company_id = v_caller.company_id)
     and not (v_marketplace.operator_may_take and v_marketplace.operator_company_id = v_caller.company_id)
     -- assigned directly: a colleague who picks it is told that it is theirs already
     and not exists (select from app.engagement where marketplace_id = p_marketplace
                     and lead_id = p_lead and company_id = v_caller.company_id) then
    perform app_private.refuse(404, 'not-found');
  end if;
  v_caller := app_private.printing_caller();
  v_lead := app_private.lock_lead(p_marketplace, p_lead);
  if v_lead.engaged_company_id = v_caller.company_id then
    engagement_id := v_lead.engagement_id;
    picked := false;
    perform app_private.charge_pick(v_caller);
    return;
  end if;
  if v_caller.company_id = v_lead.operator_company_id then
    if v_lead.state <> 'unplaced' then
      perform app_private.refuse(409, 'operator-takes-after-first-wave');
    end if;
    v_steps := v_marketplace.steps;
  else
    v_steps := app_private.take_offer(v_lead, v_caller);
  end if;
  engagement_id := app_private.begin_engagement(v_lead, v_caller.company_id, v_caller.company_name,
    v_steps, 'pick', v_caller.company_id = v_lead.operator_company_id, v_caller.colleague_id,
    v_caller.colleague_name);
  perform app_private.record(p_marketplace, p_lead, 'picked', v_caller);
  perform app_private.charge_pick(v_caller);
  picked := true;
end
$$;
comment on function app.pick_lead(uuid, uuid) is
  'The caller''s company takes the lead it was offered; exactly one company wins.';
grant execute on function app.pick_lead(uuid, uuid) to kollegium_api;

-- unit: app.attempt_pick(p_marketplace uuid, p_lead uuid)
set local role kollegium_broker;
-- The same for the service: a refusal is the answer and not an error, so that the attempt stays counted.
-- Null when the lead is the caller's company's; otherwise problem and detail as `refuse` had them. 429 is
-- an error here, too: it costs no further attempt.
create or replace function app.attempt_pick(p_marketplace uuid, p_lead uuid) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_problem text;
  v_detail text;
begin
  perform app.pick_lead(p_marketplace, p_lead);
  return null;
exception when sqlstate 'KG404' or sqlstate 'KG409' then
  get stacked diagnostics v_problem = constraint_name, v_detail = pg_exception_detail;
  perform set_config('synchronous_commit', 'off', true);  -- a count that a crash loses harms nobody
  perform app_private.charge_pick(app_private.caller());
  return json_build_object('problem', v_problem, 'detail', v_detail::json);
end
$$;
comment on function app.attempt_pick(uuid, uuid) is
  'As app.pick_lead, but a refusal is returned, and the attempt counts against the limits.';
grant execute on function app.attempt_pick(uuid, uuid) to kollegium_api;

-- unit: app.assign_lead(p_marketplace uuid, p_lead uuid, p_company uuid)
set local role kollegium_broker;
-- The operator gives a lead to a taker of its marketplace past the offers, which become lost.
create or replace function app.assign_lead(p_marketplace uuid, p_lead uuid, p_company uuid)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_lead app.lead;
  v_card app.participation;
  v_marketplace app.marketplace;
begin
  perform app_private.hold_name(p_company);
  v_lead := app_private.lock_lead(p_marketplace, p_lead, v_caller.company_id);
  perform app_private.expect_operator(v_lead, v_caller.company_id);
  perform app_private.expect_state(v_lead.state, array['available', 'offered', 'unplaced']);
  select * into v_marketplace from app.marketplace where id = p_marketplace;
  if p_company = v_caller.company_id then
    if not v_marketplace.operator_may_take then
      perform app_private.refuse(409, 'operator-may-not-take');
    elsif v_lead.state <> 'unplaced' then
      perform app_private.refuse(409, 'operator-takes-after-first-wave');
    end if;
    v_card.company_name := v_marketplace.operator_name;
    v_card.steps := v_marketplace.steps;
  else
    select * into v_card from app.participation
    where marketplace_id = p_marketplace and company_id = p_company for no key update;
    if not coalesce(app_private.may_take(v_card, v_lead.giver_company_id), false) then
      perform app_private.expect_not_absorbed(p_marketplace, p_company, v_caller.company_id);
      perform app_private.refuse(422, 'taker-unfit', jsonb_build_object('companies', array[p_company]));
    elsif app_private.cap_reached(v_card) then
      perform app_private.refuse(409, 'cap-reached', jsonb_build_object('cap', v_card.cap));
    end if;
  end if;
  perform app_private.close_brokerage(p_marketplace, p_lead, 'placed', 'lost');
  perform app_private.begin_engagement(v_lead, p_company, v_card.company_name, v_card.steps,
    'assignment', p_company = v_caller.company_id, null, null);
  perform app_private.record(p_marketplace, p_lead, 'assigned', v_caller,
    jsonb_build_object('company', v_card.company_name));
  perform app_private.mail_company('lead-assigned', p_company, jsonb_build_object(
    'operator', v_lead.operator_name, 'interest', app_private.subject_of(v_lead.interest)));
end
$$;
comment on function app.assign_lead(uuid, uuid, uuid) is
  'Gives a lead directly to a taker (operator); open offers become lost.';
grant execute on function app.assign_lead(uuid, uuid, uuid) to kollegium_api;

-- unit: app_private.own_offer(p_marketplace uuid, p_lead uuid, p_company uuid)
set local role kollegium_broker;
-- The caller's own latest offer for the lead, the lead locked first; 404 without one.
create or replace function app_private.own_offer(p_marketplace uuid, p_lead uuid, p_company uuid)
returns app.offer language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_offer app.offer;
begin
  if not exists (select from app.offer where marketplace_id = p_marketplace and lead_id = p_lead
                 and company_id = p_company) then
    perform app_private.refuse(404, 'not-found');
  end if;
  perform app_private.lock_lead(p_marketplace, p_lead);
  select * into v_offer from app.offer
  where marketplace_id = p_marketplace and lead_id = p_lead and company_id = p_company
  order by id desc limit 1;
  return v_offer;
end
$$;

-- unit: app.decline_offer(p_marketplace uuid, p_lead uuid, p_reason text)
set local role kollegium_broker;
-- For the whole company. Declining twice changes nothing.
create or replace function app.decline_offer(p_marketplace uuid, p_lead uuid, p_reason text)
returns app.offer language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_offer app.offer;
begin
  v_offer := app_private.own_offer(p_marketplace, p_lead, v_caller.company_id);
  if v_offer.state = 'declined' then
    return v_offer;
  elsif v_offer.state <> 'open' then
    perform app_private.refuse(409, 'lead-no-longer-available');
  end if;
  update app.offer set state = 'declined', decline_reason = p_reason, answered_at = now(),
    answered_by_name = v_caller.colleague_name
  where marketplace_id = p_marketplace and id = v_offer.id returning * into v_offer;
  perform app_private.touch_lead(p_marketplace, p_lead);
  perform app_private.conclude_wave(p_marketplace, p_lead);
  return v_offer;
end
$$;
comment on function app.decline_offer(uuid, uuid, text) is
  'Declines the offer for the whole company; 15 s after the last refusal of a wave the lead is unplaced.';
grant execute on function app.decline_offer(uuid, uuid, text) to kollegium_api;

-- unit: app.reopen_offer(p_marketplace uuid, p_lead uuid)
set local role kollegium_broker;
-- Takes one's own refusal back while the lead is still offered, the window open, and the company a
-- partner: who left the marketplace could not pick, and the lead would wait for him in vain.
create or replace function app.reopen_offer(p_marketplace uuid, p_lead uuid)
returns app.offer language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.printing_caller();
  v_offer app.offer;
  v_state text;
begin
  v_offer := app_private.own_offer(p_marketplace, p_lead, v_caller.company_id);
  if v_offer.state = 'open' then
    return v_offer;
  end if;
  select state into v_state from app.participation
  where marketplace_id = p_marketplace and company_id = v_caller.company_id for share;
  if v_state is distinct from 'active' or v_offer.state <> 'declined' or v_offer.expires_at <= now()
     or not exists (select from app.brokerage where marketplace_id = p_marketplace
                    and id = v_offer.brokerage_id and state = 'open') then
    perform app_private.refuse(409, 'lead-no-longer-available');
  end if;
  -- It is live again, and shows the name of today.
  update app.offer set state = 'open', decline_reason = null, answered_at = null, answered_by_name = null,
    company_name = v_caller.company_name
  where marketplace_id = p_marketplace and id = v_offer.id returning * into v_offer;
  update app.brokerage set wave_ends_at = null
  where marketplace_id = p_marketplace and id = v_offer.brokerage_id;
  perform app_private.touch_lead(p_marketplace, p_lead);
  return v_offer;
end
$$;
comment on function app.reopen_offer(uuid, uuid) is
  'Re-opens the company''s own declined offer while the lead is still offered.';
grant execute on function app.reopen_offer(uuid, uuid) to kollegium_api;

-- unit: app.offers_to_reopen()
set local role kollegium_broker;
-- What the company declined and may still take back: the lead is offered, the window open, the company a
-- partner. A function, because no row says all of it, and a refusal that is final is nothing to be seen.
create or replace function app.offers_to_reopen()
returns setof app.offer language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_company constant uuid := app.current_company_id();
begin
  return query
    select o.* from app.offer o
    join app.brokerage b on b.marketplace_id = o.marketplace_id and b.id = o.brokerage_id and b.state = 'open'
    join app.participation p on p.marketplace_id = o.marketplace_id and p.company_id = o.company_id
      and p.state = 'active'
    where o.company_id = v_company and o.state = 'declined' and o.expires_at > now();
end
$$;
comment on function app.offers_to_reopen() is
  'The offers that the caller''s company declined and may still re-open.';
grant execute on function app.offers_to_reopen() to kollegium_api;

-- unit: app.expire_offers(p_limit integer)
set local role kollegium_broker;
-- Timer: offers whose window is over expire. At most p_limit leads a call; returns how many. Leads of the
-- former system that nobody touched here wait for its word until the cut-over: what an offer became is
-- decided there, and a lead that this timer changed could not follow it any more.
create or replace function app.expire_offers(p_limit integer)
returns integer language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_former constant timestamptz := app_private.legacy_since();
  v_since constant timestamptz := coalesce(v_former, '-infinity');
  v_due record;
  v_count integer := 0;
begin
  for v_due in
    select distinct o.marketplace_id, o.lead_id from app.offer o
    where o.state = 'open' and o.expires_at <= now() and o.expires_at > v_since
      and (v_former is null or not app_private.legacy_awaited(o.marketplace_id, o.lead_id))
    order by o.marketplace_id, o.lead_id limit p_limit
  loop
    perform app_private.lock_lead(v_due.marketplace_id, v_due.lead_id);
    update app.offer set state = 'expired', answered_at = now()
    where marketplace_id = v_due.marketplace_id and lead_id = v_due.lead_id
      and state = 'open' and expires_at <= now();
    if found then
      perform app_private.conclude_wave(v_due.marketplace_id, v_due.lead_id);
      v_count := v_count + 1;
    end if;
  end loop;
  return v_count;
end
$$;
comment on function app.expire_offers(integer) is
  'Timer of the response window: overdue offers expire, leads without an open offer are unplaced.';
grant execute on function app.expire_offers(integer) to kollegium_worker;

-- unit: app.end_waves(p_limit integer)
set local role kollegium_broker;
-- Timer: waves whose last refusal can no longer be taken back end. At most p_limit leads a call; returns
-- how many it ended.
create or replace function app.end_waves(p_limit integer)
returns integer language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_due record;
  v_count integer := 0;
begin
  for v_due in
    select b.marketplace_id, b.lead_id from app.brokerage b where b.wave_ends_at <= now()
    order by b.marketplace_id, b.lead_id limit p_limit
  loop
    v_count := v_count + app_private.conclude_wave(v_due.marketplace_id, v_due.lead_id)::integer;
  end loop;
  return v_count;
end
$$;
comment on function app.end_waves(integer) is
  'Timer of the time in which a refusal may be taken back: then the lead is unplaced.';
grant execute on function app.end_waves(integer) to kollegium_worker;

-- unit: app_private.mail( p_template text, p_recipient text, p_language text, p_company uuid, p_payload jsonb)
set local role kollegium_broker;
create or replace function app_private.mail(
  p_template text, p_recipient text, p_language text, p_company uuid, p_payload jsonb)
returns void language sql volatile set search_path = pg_catalog, pg_temp
as $$
  insert into app_private.outbox (id, kind, template, recipient, language, company_id, payload)
  values (app_private.new_id(), 'mail', p_template, p_recipient, p_language, p_company, p_payload)
$$;

-- unit: app_private.mail_owner(p_template text, p_recipient text, p_payload jsonb)
set local role kollegium_broker;
-- A mail to the colleague who has an address, if there is one: which is found out by the worker, so that
-- writing this takes the same for any address.
create or replace function app_private.mail_owner(p_template text, p_recipient text, p_payload jsonb)
returns void language sql volatile set search_path = pg_catalog, pg_temp
as $$
  insert into app_private.outbox (id, kind, template, recipient, payload)
  values (app_private.new_id(), 'reset', p_template, p_recipient, p_payload)
$$;

-- unit: app_private.mail_companies(p_template text, p_companies uuid[], p_payload jsonb)
set local role kollegium_broker;
-- A circular: a mail to every active colleague of each of these companies, in his language. One row a
-- company, whatever the number of its people; who they are is worked out by app.address_mails. A
-- company that does not act any more is told nothing.
create or replace function app_private.mail_companies(p_template text, p_companies uuid[], p_payload jsonb)
returns void language sql volatile set search_path = pg_catalog, pg_temp
as $$
  insert into app_private.outbox (id, kind, template, company_id, payload)
  select app_private.new_id(), 'circular', p_template, co.id, p_payload
  from unnest(p_companies) c (id) join app.company co on co.id = c.id and co.state = 'active'
$$;

-- unit: app_private.mail_company(p_template text, p_company uuid, p_payload jsonb)
set local role kollegium_broker;
create or replace function app_private.mail_company(p_template text, p_company uuid, p_payload jsonb)
returns void language sql volatile set search_path = pg_catalog, pg_temp
as $$ select app_private.mail_companies(p_template, array[p_company], p_payload) $$;

-- unit: app_private.addressees(p_kind text, p_company uuid, p_recipient text)
set local role kollegium_broker;
-- Whom a row of the outbox that is no mail yet is for: all who act for a company, or the one colleague of
-- an address who may have forgotten his password; nobody where there is none.
create or replace function app_private.addressees(p_kind text, p_company uuid, p_recipient text)
returns table (id uuid, email text, language text, acts_for uuid)
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select c.id, c.email, c.language, c.company_id from app.colleague c
  where p_kind = 'circular' and c.company_id = p_company and c.active
  union all
  select c.id, c.email, c.language, c.company_id from app.colleague c
  join app.company co on co.id = c.company_id and co.state = 'active'
  where p_kind = 'reset' and c.email = p_recipient and c.active
$$;

-- unit: app.address_mails(p_limit integer)
set local role kollegium_broker;
-- Makes mails of the oldest p_limit rows that are for a company or for whoever has an address; returns of
-- how many. Who is told is who is there now. While a company is being merged its circulars wait: a mail
-- made beside the merge would belong to a company that is no more.
create or replace function app.address_mails(p_limit integer) returns integer
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_ids uuid[];
begin
  select array_agg(n.id) into v_ids
  from (select o.id, o.company_id from app_private.outbox o where o.kind <> 'mail'
        order by o.id limit p_limit for update skip locked) n
  where n.company_id is null
    or pg_try_advisory_xact_lock_shared(app_private.company_lock_key(n.company_id));
  perform app_private.audit('password-reset-mailed', c.acts_for, c.id, c.id)
  from app_private.outbox o, app_private.addressees(o.kind, o.company_id, o.recipient) c
  where o.id = any (v_ids) and o.kind = 'reset';
  with addressed as (delete from app_private.outbox where id = any (v_ids) returning *)
  insert into app_private.outbox (id, kind, template, recipient, language, company_id, payload, created_at,
    due_at)
  select app_private.id_beside(a.id), 'mail', a.template, c.email, c.language, a.company_id, a.payload,
    a.created_at, a.due_at
  from addressed a, app_private.addressees(a.kind, a.company_id, a.recipient) c;
  return coalesce(cardinality(v_ids), 0);
end
$$;
comment on function app.address_mails(integer) is
  'Makes mails of what is for all of a company, or for whoever has an address.';
grant execute on function app.address_mails(integer) to kollegium_worker;

-- unit: app.read_mails(p_limit integer)
set local role kollegium_broker;
-- The outbox, newest first, with what the worker has not addressed yet as if it had. Until real delivery
-- exists this is how mails are read.
create or replace function app.read_mails(p_limit integer)
returns table (id uuid, template text, recipient text, language text, payload jsonb, created_at timestamptz)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select o.id, o.template, coalesce(c.email, o.recipient), coalesce(o.language, c.language), o.payload,
    o.created_at
  from app_private.outbox o
  left join lateral app_private.addressees(o.kind, o.company_id, o.recipient) c on o.kind <> 'mail'
  where o.kind = 'mail' or c.id is not null
  order by o.id desc, c.id limit p_limit
$$;
comment on function app.read_mails(integer) is 'Mails waiting in the outbox, newest first.';
grant execute on function app.read_mails(integer) to kollegium_worker;

-- unit: app_private.has_colleague_features( p_company uuid, out features_on boolean, out week text)
set local role kollegium_broker;
create or replace function app_private.has_colleague_features(
  p_company uuid, out features_on boolean, out week text)
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select co.origin_legacy_user_id is null or coalesce(c.features_on, false), c.week
  from app.company co left join app_private.cohort_company c on c.company_id = co.id
  where co.id = p_company
$$;

-- unit: app_private.expect_colleague_features(p_company uuid)
set local role kollegium_broker;
-- The guard of everything that makes a company one of several colleagues: 409 with the week in
-- which it comes. Keeps the row locked to the end of the transaction: switching off waits for it
-- and then sees the second colleague, or the open invitation, that it led to.
create or replace function app_private.expect_colleague_features(p_company uuid)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_features record;
begin
  perform from app_private.cohort_company c where c.company_id = p_company for share;
  select * into v_features from app_private.has_colleague_features(p_company);
  if not coalesce(v_features.features_on, false) then
    perform app_private.refuse(409, 'colleague-features-off',
      jsonb_strip_nulls(jsonb_build_object('week', v_features.week)));
  end if;
end
$$;

-- unit: app.colleague_features(out features_on boolean, out week text)
set local role kollegium_broker;
create or replace function app.colleague_features(out features_on boolean, out week text)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$ select * from app_private.has_colleague_features(app.current_company_id()) $$;
comment on function app.colleague_features() is
  'Whether the caller''s company may invite and merge, and the week in which that comes or came.';
grant execute on function app.colleague_features() to kollegium_api;

-- unit: app_private.last_import_at()
set local role kollegium_broker;
-- When rows of the former system came over last; -infinity: never. A proof from before says nothing
-- about them.
create or replace function app_private.last_import_at() returns timestamptz
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select coalesce(max(a.at), '-infinity') from app_private.audit_entry a
  where a.action = 'legacy-run-ended'
$$;

-- unit: app.list_cohorts()
set local role kollegium_broker;
-- Every company of the former service that still acts, for assigning and for reading. The proof is
-- that of before its features came, or one from after the last import.
create or replace function app.list_cohorts()
returns table (company_id uuid, legacy_user_id text, name text, week text, features_on boolean,
  overridden boolean, colleagues bigint, proven_at timestamptz, differences integer)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select co.id, co.origin_legacy_user_id, co.name, c.week, coalesce(c.features_on, false),
    coalesce(c.overridden, false), (select count(*) from app.colleague k where k.company_id = co.id),
    p.proven_at, p.differences
  from app.company co
  left join app_private.cohort_company c on c.company_id = co.id
  left join app_private.legacy_proof p on p.company_id = co.id
    and (c.features_on or p.proven_at >= (select app_private.last_import_at()))
  where co.origin_legacy_user_id is not null and co.state = 'active'
  order by c.week, co.name, co.id
$$;
comment on function app.list_cohorts() is
  'Active companies of the former service with week, state, colleagues and latest proof.';
grant execute on function app.list_cohorts() to kollegium_staff;

-- unit: app.list_cohort_links()
set local role kollegium_broker;
-- Who shares a marketplace: one row for each of them and each company of the former service on it.
create or replace function app.list_cohort_links()
returns table (company_id uuid, marketplace_id uuid)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select l.company_id, l.marketplace_id
  from (select p.company_id, p.marketplace_id from app.participation p
        where p.state in ('invited', 'active')
        union
        select m.operator_company_id, m.id from app.marketplace m) l
  join app.company co on co.id = l.company_id
  where co.origin_legacy_user_id is not null and co.state = 'active'
  order by l.marketplace_id, l.company_id
$$;
comment on function app.list_cohort_links() is
  'Companies of the former service and the marketplaces they operate or take part in.';
grant execute on function app.list_cohort_links() to kollegium_staff;

-- unit: app.assign_cohorts(p_companies uuid[], p_weeks text[])
set local role kollegium_broker;
-- Gives companies their weeks; returns how many got one or another one. What staff chose by hand
-- and what is switched on already stays, whatever the list says.
create or replace function app.assign_cohorts(p_companies uuid[], p_weeks text[])
returns integer language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_count integer;
begin
  insert into app_private.cohort_company as c (company_id, week)
  select t.company_id, t.week
  from unnest(p_companies, p_weeks) t (company_id, week)
  join app.company co on co.id = t.company_id
  where co.origin_legacy_user_id is not null and co.state = 'active'
  order by t.company_id
  on conflict (company_id) do update set week = excluded.week, assigned_at = now()
  where not c.overridden and not c.features_on and c.week <> excluded.week;
  get diagnostics v_count = row_count;
  perform app_private.audit('cohorts-assigned', null, null, null,
    jsonb_build_object('companies', v_count));
  return v_count;
end
$$;
comment on function app.assign_cohorts(uuid[], text[]) is
  'Gives companies of the former service their weeks, but for those chosen by hand or switched on.';
grant execute on function app.assign_cohorts(uuid[], text[]) to kollegium_staff;

-- unit: app.move_to_cohort(p_company uuid, p_week text)
set local role kollegium_broker;
-- One company by hand. It keeps its state: who is on stays on, who is off waits for the next
-- `switch on` of the week. 404 for companies that are not of the former service, or absorbed.
create or replace function app.move_to_cohort(p_company uuid, p_week text)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  if not exists (select from app_private.cohort w where w.week = p_week)
     or not exists (select from app.company co where co.id = p_company and co.state = 'active'
                    and co.origin_legacy_user_id is not null) then
    perform app_private.refuse(404, 'not-found');
  end if;
  insert into app_private.cohort_company as c (company_id, week, overridden)
  values (p_company, p_week, true)
  on conflict (company_id) do update set week = p_week, overridden = true, assigned_at = now();
  perform app_private.audit('cohort-overridden', p_company, null, p_company,
    jsonb_build_object('week', p_week));
end
$$;
comment on function app.move_to_cohort(uuid, text) is 'Puts one company into a week by hand.';
grant execute on function app.move_to_cohort(uuid, text) to kollegium_staff;

-- unit: app.switch_cohort(p_week text, p_on boolean, p_unproven boolean)
set local role kollegium_broker;
-- Switches a week on or off and says what became of each company:
--   switched   now as wished          already     was so before
--   unproven   has no proof since the last import, stays off
--   differs    its proof found differences, stays off
--   colleagues has several, stays on      invited   an invitation is open, stays on
-- Repeating it is safe, and takes along who was proven, or lost the invitation, meanwhile.
create or replace function app.switch_cohort(p_week text, p_on boolean, p_unproven boolean)
returns table (company_id uuid, legacy_user_id text, name text, outcome text)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_companies uuid[];
  v_outcomes text[];
begin
  update app_private.cohort w set features_on = p_on, switched_at = now() where w.week = p_week;
  if not found then
    perform app_private.refuse(404, 'not-found');
  end if;
  perform from app_private.cohort_company c where c.week = p_week order by c.company_id for update;
  -- A statement of its own: it sees what those did that held a row locked until now.
  select array_agg(d.company_id), array_agg(d.outcome) into v_companies, v_outcomes
  from app_private.switch_outcomes(p_week, p_on, p_unproven) d;
  update app_private.cohort_company c set features_on = p_on, switched_at = now()
  from unnest(v_companies, v_outcomes) d (id, outcome)
  where c.company_id = d.id and d.outcome = 'switched';
  perform app_private.audit(case when p_on then 'colleague-features-on' else 'colleague-features-off' end,
    d.id, null, d.id, jsonb_build_object('week', p_week))
  from unnest(v_companies, v_outcomes) d (id, outcome) where d.outcome = 'switched';
  if p_on then
    perform app_private.mail('colleague-features-on', k.email, k.language, co.id,
      jsonb_build_object('company', co.name, 'week', p_week))
    from unnest(v_companies, v_outcomes) d (id, outcome)
    join app.company co on co.id = d.id
    join app.colleague k on k.company_id = co.id and k.role = 'admin' and k.active
    where d.outcome = 'switched';
  end if;
  return query select co.id, co.origin_legacy_user_id, co.name, d.outcome
    from unnest(v_companies, v_outcomes) d (id, outcome) join app.company co on co.id = d.id
    order by co.name, co.id;
end
$$;
comment on function app.switch_cohort(text, boolean, boolean) is
  'Switches the colleague features of a week on or off; one row for each company with the outcome.';
grant execute on function app.switch_cohort(text, boolean, boolean) to kollegium_staff;

-- unit: app_private.switch_outcomes(p_week text, p_on boolean, p_unproven boolean)
set local role kollegium_broker;
create or replace function app_private.switch_outcomes(p_week text, p_on boolean, p_unproven boolean)
returns table (company_id uuid, outcome text)
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select c.company_id, case
    when c.features_on = p_on then 'already'
    when p_on and not p_unproven and p.company_id is null then 'unproven'
    when p_on and not p_unproven and p.differences > 0 then 'differs'
    -- Former colleagues count too: they can be made active again.
    when not p_on and (select count(*) from app.colleague k where k.company_id = c.company_id) > 1
      then 'colleagues'
    when not p_on and exists (select from app.invitation i where i.company_id = c.company_id
      and i.state = 'open' and i.expires_at > now()) then 'invited'
    else 'switched' end
  from app_private.cohort_company c
  join app.company co on co.id = c.company_id and co.state = 'active'
  left join app_private.legacy_proof p on p.company_id = c.company_id
    and p.proven_at >= (select app_private.last_import_at())
  where c.week = p_week
$$;

-- unit: app.rollout_status()
set local role kollegium_broker;
-- The state of the roll-out at a glance: a row a week, and one without a week for those that have
-- none yet.
create or replace function app.rollout_status()
returns table (week text, switched_on boolean, switched_at timestamptz, companies bigint,
  features_on bigint, several_colleagues bigint, overridden bigint, proven bigint, differing bigint,
  unproven bigint, oldest_proof timestamptz, latest_proof timestamptz)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select w.week, coalesce(w.features_on, false), w.switched_at, count(l.company_id),
    count(*) filter (where l.features_on), count(*) filter (where l.colleagues > 1),
    count(*) filter (where l.overridden), count(*) filter (where l.differences = 0),
    count(*) filter (where l.differences > 0),
    count(l.company_id) filter (where l.differences is null), min(l.proven_at), max(l.proven_at)
  from app_private.cohort w full join app.list_cohorts() l on l.week = w.week
  group by w.week, w.features_on, w.switched_at
  order by w.week
$$;
comment on function app.rollout_status() is
  'Each week of the roll-out: companies, how many are switched on, and how many are proven.';
grant execute on function app.rollout_status() to kollegium_staff;

-- unit: app_private.firm_domain(p_email text)
set local role kollegium_broker;
-- The part of an address after @, or null where millions of strangers share it.
create or replace function app_private.firm_domain(p_email text) returns text
language sql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$
  select d from split_part(p_email, '@', 2) d
  where d !~ '^(gmx|web|gmail|googlemail|t-online|magenta|freenet|arcor|aol|yahoo|ymail|rocketmail|'
    'hotmail|outlook|live|msn|icloud|me|mac|posteo|mailbox|mail|email|online|proton|protonmail|pm|'
    'tutanota|tuta|fastmail|zoho|yandex|1und1|vodafone|vodafonemail|kabelmail|unitybox|o2online|'
    'o2mail|bluewin|sunrise|hispeed|aon|chello|a1|orange|laposte|libero|wp|seznam|mailinator)'
    '\.(co\.)?[a-z]{2,4}$'
$$;

-- unit: app.list_merge_suggestions()
set local role kollegium_broker;
-- For staff: every thing in common that two or more companies have, the strongest kinds first.
create or replace function app.list_merge_suggestions()
returns table (kind text, value text, label text, company_ids uuid[], company_names text[])
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  with party as materialized (
    -- The company that a legacy user acts for now: merged ones are together already.
    select u.legacy_id, u.vat_id, k.company_id
    from app_private.legacy_user u join app.colleague k on k.id = u.colleague_id
  ), common (company_id, kind, value, label) as (
    select p.company_id, 'legacy_group', g.legacy_id::text, g.name
    from app_private.legacy_group_member m
    join app_private.legacy_group g on g.legacy_id = m.group_legacy_id
    join party p on p.legacy_id = m.user_legacy_id
    union
    select p.company_id, 'vat_id', v.id, null
    from party p, upper(regexp_replace(p.vat_id, '[^A-Za-z0-9]', '', 'g')) v (id) where length(v.id) >= 8
    union
    select k.company_id, 'email_domain', app_private.firm_domain(k.email), null
    from app.colleague k where app_private.firm_domain(k.email) is not null
    union
    select co.id, 'name', lower(regexp_replace(btrim(co.name), '\s+', ' ', 'g')), null from app.company co
  )
  select c.kind, c.value, min(c.label), array_agg(co.id order by co.name, co.id),
    array_agg(co.name order by co.name, co.id)
  from common c join app.company co on co.id = c.company_id and co.state = 'active'
  group by c.kind, c.value having count(*) > 1
  order by array_position(array['vat_id', 'legacy_group', 'email_domain', 'name'], c.kind), c.value
$$;
comment on function app.list_merge_suggestions() is
  'Companies with equal VAT id, group of the former service, e-mail domain or name; hints, not more.';
grant execute on function app.list_merge_suggestions() to kollegium_staff;

-- unit: app.my_merge_suggestions()
set local role kollegium_broker;
-- For an admin: the companies that were with his own in a group of the former service.
create or replace function app.my_merge_suggestions()
returns table (company_id uuid, company_name text, groups text[])
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_caller constant app.caller := app_private.admin_caller();
begin
  return query
    select co.id, co.name,
      array_agg(distinct coalesce(nullif(btrim(g.name), ''), g.legacy_id::text))
    from app.colleague mine
    join app_private.legacy_user u on u.colleague_id = mine.id
    join app_private.legacy_group_member m on m.user_legacy_id = u.legacy_id
    join app_private.legacy_group g on g.legacy_id = m.group_legacy_id
    join app_private.legacy_group_member o on o.group_legacy_id = m.group_legacy_id
    join app_private.legacy_user v on v.legacy_id = o.user_legacy_id
    join app.colleague other
      on other.id = v.colleague_id and other.company_id <> v_caller.company_id
    join app.company co on co.id = other.company_id and co.state = 'active'
    where mine.company_id = v_caller.company_id
    group by co.id;
end
$$;
comment on function app.my_merge_suggestions() is
  'Companies that shared a group of the former service with the caller''s (admin).';
grant execute on function app.my_merge_suggestions() to kollegium_api;

-- unit: app_private.colleague_caller()
set local role kollegium_broker;
-- The caller, when he is a person; an API key has neither password nor sessions: 403.
create or replace function app_private.colleague_caller() returns app.caller
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
begin
  if v_caller.colleague_id is null then
    perform app_private.refuse(403, 'colleague-required');
  end if;
  return v_caller;
end
$$;

-- unit: app_private.replace_password(p_colleague uuid, p_salt bytea, p_proof bytea)
set local role kollegium_broker;
-- The one place where a password is replaced by one that its owner chose: always Argon2id.
create or replace function app_private.replace_password(p_colleague uuid, p_salt bytea, p_proof bytea)
returns void language sql volatile set search_path = pg_catalog, pg_temp
as $$
  insert into app_private.credential as cr (colleague_id, salt, proof_sha256)
  values (p_colleague, p_salt, sha256(p_proof))
  on conflict (colleague_id) do update set salt = excluded.salt, proof_sha256 = excluded.proof_sha256,
    pbkdf2_iterations = null, pbkdf2_salt = null, changed_at = now()
$$;

-- unit: app_private.password_replaced(p_colleague uuid, p_action text)
set local role kollegium_broker;
-- Ends what is open of somebody, but for the session in use; and tells him. The rows stay, expired, so
-- that their addresses stay known (see log_in_wait).
create or replace function app_private.password_replaced(p_colleague uuid, p_action text)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v app.colleague;
begin
  update app_private.bearer set expires_at = now()
  where colleague_id = p_colleague and expires_at > now()
    and token_sha256 <> sha256(convert_to(coalesce(current_setting('kollegium.token', true), ''), 'UTF8'));
  select * into v from app.colleague where id = p_colleague;
  delete from app_private.password_reset where email = v.email;
  perform app_private.mail('password-changed', v.email, v.language, null, '{}');
  perform app_private.audit(p_action, v.company_id, v.id, v.id);
end
$$;

-- unit: app.begin_password_change( p_address bytea, p_fingerprint bytea, out salt bytea, out pbkdf2_iterations integer, out retry_after integer)
set local role kollegium_broker;
-- How to stretch the caller's present password, as app.begin_log_in tells it.
create or replace function app.begin_password_change(
  p_address bytea, p_fingerprint bytea,
  out salt bytea, out pbkdf2_iterations integer, out retry_after integer)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.colleague_caller();
begin
  select b.salt, b.pbkdf2_iterations, b.retry_after into salt, pbkdf2_iterations, retry_after
  from app.begin_log_in(v_caller.email, p_address, p_fingerprint) b;
end
$$;
comment on function app.begin_password_change(bytea, bytea) is
  'How to stretch the caller''s present password; seconds to wait after failures.';
grant execute on function app.begin_password_change(bytea, bytea) to kollegium_api;

-- unit: app.change_password( p_proof bytea, p_salt bytea, p_new_proof bytea, p_address bytea, p_fingerprint bytea, out changed boolean, out retry_after integer)
set local role kollegium_broker;
-- The right present password buys a new one and ends the other sessions. Who found an open session may
-- not guess here: failures count as those of log-ins do, so the caller must commit.
create or replace function app.change_password(
  p_proof bytea, p_salt bytea, p_new_proof bytea, p_address bytea, p_fingerprint bytea,
  out changed boolean, out retry_after integer)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.colleague_caller();
  v record;
begin
  perform from app_private.credential where colleague_id = v_caller.colleague_id for no key update;
  select * into v from app_private.check_password(v_caller.email, p_proof, p_address, p_fingerprint);
  retry_after := v.retry_after;
  changed := v.colleague_id is not null;
  if changed then
    perform app_private.replace_password(v_caller.colleague_id, p_salt, p_new_proof);
    perform app_private.password_replaced(v_caller.colleague_id, 'password-changed');
  end if;
end
$$;
comment on function app.change_password(bytea, bytea, bytea, bytea, bytea) is
  'Replaces the caller''s password against the present one; his other sessions end.';
grant execute on function app.change_password(bytea, bytea, bytea, bytea, bytea) to kollegium_api;

-- unit: app.renew_proof( p_proof bytea, p_salt bytea, p_new_proof bytea, p_address bytea, p_fingerprint bytea)
set local role kollegium_broker;
-- A password of the former system is replaced at the first log-in: the right proof of the old kind buys a
-- proof of the new kind, for the session that it has just opened. Anything else changes nothing, says
-- nothing, and is counted as a log-in that failed.
create or replace function app.renew_proof(
  p_proof bytea, p_salt bytea, p_new_proof bytea, p_address bytea, p_fingerprint bytea)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.colleague_caller();
  v record;
begin
  perform from app_private.credential where colleague_id = v_caller.colleague_id for no key update;
  select * into v from app_private.check_password(v_caller.email, p_proof, p_address, p_fingerprint);
  if v.colleague_id is not null then
    perform app_private.replace_password(v_caller.colleague_id, p_salt, p_new_proof)
    from app_private.credential cr
    where cr.colleague_id = v_caller.colleague_id and cr.pbkdf2_iterations is not null;
  end if;
end
$$;
comment on function app.renew_proof(bytea, bytea, bytea, bytea, bytea) is
  'Replaces the caller''s proof of the former system by one of Argon2id, against the right old one.';
grant execute on function app.renew_proof(bytea, bytea, bytea, bytea, bytea) to kollegium_api;

-- unit: app.request_password_reset(p_email text, p_token text)
set local role kollegium_broker;
-- Somebody wants to set the password of an address anew. What happens here is the same for every address,
-- known or not: two rows are written, and the worker works out whether anybody is told. So neither the
-- answer nor its time tells anything. Three an hour for an address; what is more is forgotten.
create or replace function app.request_password_reset(p_email text, p_token text)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  if app_private.take('reset ' || p_email, 3, '1 hour') > 0 then
    return;
  end if;
  insert into app_private.password_reset (token_sha256, email, expires_at)
  values (sha256(convert_to(p_token, 'UTF8')), p_email, now() + interval '30 min');
  perform app_private.mail_owner('password-reset', p_email,
    jsonb_build_object('token', p_token, 'minutes', 30));
end
$$;
comment on function app.request_password_reset(text, text) is
  'Mails a token for a new password to whoever has this address, if anybody; tells nothing about that.';
grant execute on function app.request_password_reset(text, text) to kollegium_api;

-- unit: app.password_reset_stands(p_token text)
set local role kollegium_broker;
-- Whether it is worth stretching a password for this token.
create or replace function app.password_reset_stands(p_token text)
returns boolean language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select exists (select from app_private.password_reset r
    where r.token_sha256 = sha256(convert_to(p_token, 'UTF8')) and r.expires_at > now())
$$;
comment on function app.password_reset_stands(text) is 'Whether a token for a new password is open.';
grant execute on function app.password_reset_stands(text) to kollegium_api;

-- unit: app.reset_password(p_token text, p_salt bytea, p_proof bytea, p_address bytea)
set local role kollegium_broker;
-- The token is the right, once: whoever has the address is the colleague. 404 for one that was used, that
-- expired or never was, and for who is no colleague (any more). All sessions end, and what was guessed
-- at this account is forgotten: its owner has shown himself.
create or replace function app.reset_password(p_token text, p_salt bytea, p_proof bytea, p_address bytea)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_email text;
  v_colleague uuid;
begin
  delete from app_private.password_reset
  where token_sha256 = sha256(convert_to(p_token, 'UTF8')) and expires_at > now()
  returning email into v_email;
  select c.id into v_colleague from app.colleague c
  join app.company co on co.id = c.company_id and co.state = 'active'
  where c.email = v_email and c.active for key share of co, c;
  if not found then
    perform app_private.refuse(404, 'not-found');
  end if;
  perform app_private.replace_password(v_colleague, p_salt, p_proof);
  perform app_private.password_replaced(v_colleague, 'password-reset');
  delete from app_private.rate where bucket in (sha256(convert_to('log-in ' || v_email, 'UTF8')),
    sha256(convert_to('log-in ' || v_email || ' ' || encode(p_address, 'hex'), 'UTF8')));
end
$$;
comment on function app.reset_password(text, bytea, bytea, bytea) is
  'Sets a password anew with the token that was mailed, once; all sessions of its owner end.';
grant execute on function app.reset_password(text, bytea, bytea, bytea) to kollegium_api;

-- unit: app.my_sessions()
set local role kollegium_broker;
create or replace function app.my_sessions()
returns table (id uuid, client text, opened_at timestamptz, expires_at timestamptz, same_address boolean,
  current boolean)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.colleague_caller();
  v_token constant bytea := sha256(convert_to(current_setting('kollegium.token'), 'UTF8'));
begin
  return query select b.id, b.client, b.created_at, b.expires_at,
    coalesce(b.address_sha256 = m.address_sha256, false), b.token_sha256 = v_token
  from app_private.bearer b
  join app_private.bearer m on m.token_sha256 = v_token
  where b.colleague_id = v_caller.colleague_id and b.expires_at > now();
end
$$;
comment on function app.my_sessions() is 'Open sessions of the caller.';
grant execute on function app.my_sessions() to kollegium_api;

-- unit: app.end_session(p_session uuid)
set local role kollegium_broker;
create or replace function app.end_session(p_session uuid) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.colleague_caller();
begin
  update app_private.bearer set expires_at = now()
  where colleague_id = v_caller.colleague_id and id = p_session and expires_at > now();
  if not found then
    perform app_private.refuse(404, 'not-found');
  elsif app.current_company_id() is null then
    perform app_private.own_token_ended();
  end if;
  perform app_private.audit('session-closed', v_caller.company_id, v_caller.colleague_id, null);
end
$$;
comment on function app.end_session(uuid) is 'Ends one of the caller''s sessions.';
grant execute on function app.end_session(uuid) to kollegium_api;

-- unit: app.change_me(p_versions integer[], p_name text, p_language text)
set local role kollegium_broker;
-- One's own name and language. The name changes where it is printed and live (docs/domain.md, case 11).
create or replace function app.change_me(p_versions integer[], p_name text, p_language text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.colleague_caller();
begin
  perform app.change_colleague(v_caller.colleague_id, p_versions, null, null, p_name, p_language);
end
$$;
comment on function app.change_me(integer[], text, text) is 'Changes the caller''s own name and language.';
grant execute on function app.change_me(integer[], text, text) to kollegium_api;

-- unit: app_private.charge_mail(p_company uuid, p_recipient text, p_about text)
set local role kollegium_broker;
-- Mails that a company has sent to others are few: about one thing (its colleagues, one marketplace, a
-- merge) five a day to one recipient, an address or a company; twenty a day to one recipient from all; 300
-- an hour of one company. 429 beyond.
create or replace function app_private.charge_mail(p_company uuid, p_recipient text, p_about text)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_wait constant integer := greatest(
    app_private.take('mails of ' || p_company, 300, '1 hour'),
    app_private.take('mails of ' || p_company || ' to ' || p_recipient || ' about ' || p_about, 5, '1 day'),
    app_private.take('mails to ' || p_recipient, 20, '1 day'));
begin
  if v_wait > 0 then
    perform app_private.refuse(429, 'too-many-requests', jsonb_build_object('retry_after', v_wait));
  end if;
end
$$;

-- unit: app_private.logged_in_from(p_email text, p_address bytea)
set local role kollegium_broker;
-- Whether the account logged in from this address within the last 30 days.
create or replace function app_private.logged_in_from(p_email text, p_address bytea) returns boolean
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select exists (select from app_private.bearer b join app.colleague c on c.id = b.colleague_id
    where c.email = p_email and b.address_sha256 = p_address)
$$;

-- unit: app_private.log_in_wait( p_email text, p_address bytea, p_fingerprint bytea, p_take boolean)
set local role kollegium_broker;
create or replace function app_private.log_in_wait(
  p_email text, p_address bytea, p_fingerprint bytea, p_take boolean)
returns integer language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_known constant boolean := app_private.logged_in_from(p_email, p_address);
  v_pair constant text := 'log-in ' || p_email || ' ' || encode(p_address, 'hex');
  v_account constant text := 'log-in ' || p_email;
  v_spray constant text := 'spray ' || encode(p_fingerprint, 'hex') || ' ' || encode(p_address, 'hex');
begin
  if p_take then
    return greatest(
      app_private.take(v_pair, 9, '15 min'),
      case when v_known then 0 else app_private.take(v_account, 100, '1 hour') end,
      app_private.take(v_spray, 9, '15 min'));
  end if;
  return greatest(
    app_private.seconds_to_wait(v_pair, 9, '15 min'),
    case when v_known then 0 else app_private.seconds_to_wait(v_account, 100, '1 hour') end,
    app_private.seconds_to_wait(v_spray, 9, '15 min'));
end
$$;

-- unit: app.begin_log_in( p_email text, p_address bytea, p_fingerprint bytea, out salt bytea, out pbkdf2_iterations integer, out retry_after integer, out known boolean)
set local role kollegium_broker;
-- The salt to stretch with, and for a password of the former system the iterations of its PBKDF2 (null:
-- Argon2id). An unknown address gets the same kind of answer, always the same one: as long as former
-- passwords are about, half of the unknown addresses look as if they had one, so that neither the
-- answer nor the time it takes tells whether an address is known. retry_after > 0: answer 429. known: the account
-- logged in from there before, so its turn comes before what is tried from there otherwise.
create or replace function app.begin_log_in(
  p_email text, p_address bytea, p_fingerprint bytea,
  out salt bytea, out pbkdf2_iterations integer, out retry_after integer, out known boolean)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_digest bytea;
begin
  known := app_private.logged_in_from(p_email, p_address);
  retry_after := app_private.log_in_wait(p_email, p_address, p_fingerprint, false);
  select coalesce(cr.pbkdf2_salt, cr.salt), cr.pbkdf2_iterations into salt, pbkdf2_iterations
  from app_private.credential cr join app.colleague c on c.id = cr.colleague_id
  where c.email = p_email;
  if not found then
    select sha256(s.pepper || convert_to(p_email, 'UTF8')) into v_digest from app_private.secret s;
    salt := substring(v_digest from 1 for 16);
    if get_byte(v_digest, 31) < 128 then
      select cr.pbkdf2_iterations into pbkdf2_iterations from app_private.credential cr
      where cr.pbkdf2_iterations is not null limit 1;
    end if;
  end if;
end
$$;
comment on function app.begin_log_in(text, bytea, bytea) is
  'How to stretch the password for an e-mail address, known or not; seconds to wait after failures.';
grant execute on function app.begin_log_in(text, bytea, bytea) to kollegium_api;

-- unit: app_private.check_password( p_email text, p_proof bytea, p_address bytea, p_fingerprint bytea, out colleague_id uuid, out company_id uuid, out retry_after integer)
set local role kollegium_broker;
-- Whose password this is, against the limits of log-ins: colleague_id is null when it is wrong, and then
-- the failure is counted and told to the auditor; retry_after > 0: answer 429. The credential stays locked,
-- so that a password that is just being replaced opens nothing.
create or replace function app_private.check_password(
  p_email text, p_proof bytea, p_address bytea, p_fingerprint bytea,
  out colleague_id uuid, out company_id uuid, out retry_after integer)
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  retry_after := app_private.log_in_wait(p_email, p_address, p_fingerprint, true);
  if retry_after > 0 then
    return;
  end if;
  select c.id, c.company_id into check_password.colleague_id, check_password.company_id
  from app.colleague c
  join app_private.credential cr on cr.colleague_id = c.id
  join app.company co on co.id = c.company_id and co.state = 'active'
  where c.email = p_email and c.active and cr.proof_sha256 = sha256(p_proof)
  for key share of co, c  -- who is just being deactivated or merged is waited for, and read again
  for share of cr;
  if not found then
    perform app_private.audit('log-in-failed', c.company_id, c.id, null)
    from (values (true)) x left join app.colleague c on c.email = p_email;
    return;
  end if;
  -- Success pays the attempt back: only failures count. What others spent on this account stays, and
  -- so does what was tried with this password on others: an account of his own must not buy anybody
  -- further guesses.
  delete from app_private.rate
  where bucket = sha256(convert_to('log-in ' || p_email || ' ' || encode(p_address, 'hex'), 'UTF8'));
  update app_private.rate set full_at = full_at - interval '15 min' / 9
  where bucket = sha256(convert_to(
    'spray ' || encode(p_fingerprint, 'hex') || ' ' || encode(p_address, 'hex'), 'UTF8'));
end
$$;

-- unit: app.open_session( p_email text, p_proof bytea, p_token_sha256 bytea, p_address bytea, p_fingerprint bytea, p_client text default null, out expires_at timestamptz, out retry_after integer)
set local role kollegium_broker;
-- Opens a session when the proof is right: one row with expires_at. Otherwise one row with
-- retry_after (0: wrong e-mail or password). Counts the failure, so the caller must commit.
create or replace function app.open_session(
  p_email text, p_proof bytea, p_token_sha256 bytea, p_address bytea, p_fingerprint bytea,
  p_client text default null, out expires_at timestamptz, out retry_after integer)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v record;
begin
  select * into v from app_private.check_password(p_email, p_proof, p_address, p_fingerprint);
  retry_after := v.retry_after;
  if v.colleague_id is null then
    return;
  end if;
  expires_at := now() + interval '12 hours';
  insert into app_private.bearer (token_sha256, id, company_id, colleague_id, address_sha256, client,
    expires_at)
  values (p_token_sha256, app_private.new_id(), v.company_id, v.colleague_id, p_address, p_client, expires_at);
  perform app_private.audit('session-opened', v.company_id, v.colleague_id, null);
end
$$;
comment on function app.open_session(text, bytea, bytea, bytea, bytea, text) is
  'Opens a session for 12 hours when the stretched password is right, else counts the failure.';
grant execute on function app.open_session(text, bytea, bytea, bytea, bytea, text) to kollegium_api;

-- unit: app.close_session()
set local role kollegium_broker;
-- Log-out. The row is kept, expired, so that its address stays known (see log_in_wait); the worker
-- removes it after 30 days. An API key cannot log out.
create or replace function app.close_session() returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.colleague_caller();
begin
  update app_private.bearer set expires_at = now()
  where token_sha256 = sha256(convert_to(current_setting('kollegium.token'), 'UTF8'));
  perform app_private.own_token_ended();
  perform app_private.audit('session-closed', v_caller.company_id, v_caller.colleague_id, null);
end
$$;
comment on function app.close_session() is 'Ends the session of the token in use.';
grant execute on function app.close_session() to kollegium_api;

-- unit: app.claim_idempotency_key(p_key text, p_request_sha256 bytea)
set local role kollegium_broker;
-- The first answer to an Idempotency-Key of this company, or no row when the key is new. A key is
-- bound to its request: 422 for another one, 409 while the first is still running.
create or replace function app.claim_idempotency_key(p_key text, p_request_sha256 bytea)
returns table (status integer, headers jsonb, body text)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_company constant uuid := (app_private.caller()).company_id;
  v_first app_private.idempotent_answer;
begin
  if not pg_try_advisory_xact_lock(hashtextextended('idempotency ' || v_company || ' ' || p_key, 0)) then
    perform app_private.refuse(409, 'idempotency-in-progress', '{"retry_after": 1}');
  end if;
  select * into v_first from app_private.idempotent_answer a
  where a.company_id = v_company and a.key = p_key;
  if not found then
    return;
  end if;
  if v_first.request_sha256 <> p_request_sha256 then
    perform app_private.refuse(422, 'idempotency-key-reused');
  end if;
  return query select v_first.status, v_first.headers, v_first.body;
end
$$;
comment on function app.claim_idempotency_key(text, bytea) is
  'First answer to this company''s Idempotency-Key; no row when it is new.';
grant execute on function app.claim_idempotency_key(text, bytea) to kollegium_api;

-- unit: app.keep_answer( p_key text, p_request_sha256 bytea, p_status integer, p_headers jsonb, p_body text)
set local role kollegium_broker;
-- 28000 when the token died since the key was claimed: then nothing is kept, and the effect is undone.
create or replace function app.keep_answer(
  p_key text, p_request_sha256 bytea, p_status integer, p_headers jsonb, p_body text)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
begin
  insert into app_private.idempotent_answer (company_id, key, request_sha256, status, headers, body)
  values (v_caller.company_id, p_key, p_request_sha256, p_status, p_headers, p_body);
end
$$;
comment on function app.keep_answer(text, bytea, integer, jsonb, text) is
  'Keeps the answer to an Idempotency-Key in the transaction of its effect.';
grant execute on function app.keep_answer(text, bytea, integer, jsonb, text) to kollegium_api;

-- unit: app.replace_answer( p_key text, p_request_sha256 bytea, p_status integer, p_headers jsonb, p_body text)
set local role kollegium_broker;
-- What takes more than one transaction is answered 202 as long as it goes on: the answer at its end
-- takes the place of that one, and of no other.
create or replace function app.replace_answer(
  p_key text, p_request_sha256 bytea, p_status integer, p_headers jsonb, p_body text)
returns boolean language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
begin
  update app_private.idempotent_answer a set status = p_status, headers = p_headers, body = p_body
  where a.company_id = v_caller.company_id and a.key = p_key
    and a.request_sha256 = p_request_sha256 and a.status = 202;
  return found;
end
$$;
comment on function app.replace_answer(text, bytea, integer, jsonb, text) is
  'The last answer to an Idempotency-Key whose request was answered 202 so far.';
grant execute on function app.replace_answer(text, bytea, integer, jsonb, text) to kollegium_api;

-- unit: app_private.purge_sessions()
set local role kollegium_broker;
-- Sessions 30 days after their end, kept answers after 48 hours, links to a new password that nobody used, buckets
-- that have been full for an hour. Returns the number of rows.
create or replace function app_private.purge_sessions() returns bigint
language sql volatile set search_path = pg_catalog, pg_temp
as $$
  with bearers as (delete from app_private.bearer where expires_at < now() - interval '30 days' returning 1),
    answers as (delete from app_private.idempotent_answer where created_at < now() - interval '48 hours' returning 1),
    resets as (delete from app_private.password_reset where expires_at < now() returning 1),
    buckets as (delete from app_private.rate where full_at < now() - interval '1 hour' returning 1)
  select (select count(*) from bearers) + (select count(*) from answers) + (select count(*) from resets)
    + (select count(*) from buckets)
$$;

-- unit: app.take_job(p_name text, p_slots integer, p_seconds integer)
set local role kollegium_broker;
-- The lease of a slot of this job that is due and that nobody holds, for p_seconds; null: there is none now.
-- A lease that ran out is taken over: whoever held it is gone, or so slow that others go on.
create or replace function app.take_job(p_name text, p_slots integer, p_seconds integer) returns uuid
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_now constant timestamptz := clock_timestamp();
  v_slot integer;
  v_lease constant uuid := app_private.new_id();
begin
  for s in 1..p_slots loop
    if not exists (select from app_private.job j where j.name = p_name and j.slot = s) then
      insert into app_private.job (name, slot) values (p_name, s) on conflict do nothing;
    end if;
  end loop;
  select j.slot into v_slot from app_private.job j
  where j.name = p_name and j.slot <= p_slots and j.due_at <= v_now
    and (j.leased_until is null or j.leased_until < v_now)
  order by j.slot limit 1 for update skip locked;
  if not found then
    return null;
  end if;
  update app_private.job set lease = v_lease, leased_until = v_now + make_interval(secs => p_seconds),
    started_at = v_now, failures = failures + (lease is not null)::integer,
    failure = case when lease is not null then 'lost' else failure end
  where name = p_name and slot = v_slot;
  return v_lease;
end
$$;
comment on function app.take_job(text, integer, integer) is
  'The lease of a job that is due and that nobody is at; null when there is none.';
grant execute on function app.take_job(text, integer, integer) to kollegium_worker;

-- unit: app.keep_jobs(p_leases uuid[], p_seconds integer)
set local role kollegium_broker;
-- Says that these are still at it; returns those that are. One that ran out and was taken over is not.
create or replace function app.keep_jobs(p_leases uuid[], p_seconds integer) returns setof uuid
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  update app_private.job set leased_until = clock_timestamp() + make_interval(secs => p_seconds)
  where lease = any (p_leases) returning lease
$$;
comment on function app.keep_jobs(uuid[], integer) is 'Renews leases of jobs; returns those that still stand.';
grant execute on function app.keep_jobs(uuid[], integer) to kollegium_worker;

-- unit: app.end_job(p_lease uuid, p_failure text, p_pause double precision)
set local role kollegium_broker;
-- How a round ended: p_failure null means well. The next one is due p_pause seconds from now. False when the
-- lease is somebody else's by now: then what this one says counts no more.
create or replace function app.end_job(p_lease uuid, p_failure text, p_pause double precision) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_now constant timestamptz := clock_timestamp();
begin
  update app_private.job set lease = null, leased_until = null, due_at = v_now + make_interval(secs => p_pause),
    succeeded_at = case when p_failure is null then v_now else succeeded_at end,
    seconds = case when p_failure is null then extract(epoch from v_now - started_at) else seconds end,
    failures = case when p_failure is null then 0 else failures + 1 end,
    failure = case when p_failure is null then null else left(p_failure, 40) end
  where lease = p_lease;
  return found;
end
$$;
comment on function app.end_job(uuid, text, double precision) is
  'Ends a round of a job, well or with a failure; false when the lease was lost.';
grant execute on function app.end_job(uuid, text, double precision) to kollegium_worker;

-- unit: app_private.job_backlog(p_name text)
set local role kollegium_broker;
-- What waits for a job, counted up to a thousand.
create or replace function app_private.job_backlog(p_name text) returns bigint
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
  case p_name
    when 'offers' then
      return (select count(*) from (select from app.offer where state = 'open' and expires_at <= now()
                                    limit 1000) w);
    when 'waves' then
      return (select count(*) from (select from app.brokerage where wave_ends_at <= now() limit 1000) w);
    when 'names' then
      return (select count(*) from (select from app.company where names_due_before is not null limit 1000) w);
    when 'mails' then
      return (select count(*) from (select from app_private.outbox where kind <> 'mail' limit 1000) w);
    when 'merges' then
      return (select count(*) from (select from app.company_merge where rehearsal_due
                or (state = 'consented' and execute_at <= now()) limit 1000) w);
    when 'imports' then
      return (select count(*) from (select from app.lead_import where state in ('waiting', 'running')
                                    limit 1000) w);
    when 'consents' then
      return (select count(*) from (select from app.import_consent where state = 'running'
                and created_at < now() - interval '15 seconds' limit 1000) w);
    else
      return null;
  end case;
end
$$;

-- unit: app.jobs()
set local role kollegium_broker;
-- The jobs as whoever watches them wants them: an auditor, or the metrics of a worker.
create or replace function app.jobs()
returns table (name text, running boolean, succeeded_at timestamptz, seconds double precision, failures integer,
  failure text, backlog bigint)
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  select j.name, bool_or(coalesce(j.leased_until > clock_timestamp(), false)), max(j.succeeded_at),
    (array_agg(j.seconds order by j.succeeded_at desc nulls last))[1], sum(j.failures)::integer,
    (array_agg(j.failure order by j.started_at desc nulls last))[1], app_private.job_backlog(j.name)
  from app_private.job j group by j.name order by j.name
$$;
comment on function app.jobs() is 'Jobs of the workers: last success, duration, failures since, and what waits.';
grant execute on function app.jobs() to kollegium_worker, kollegium_auditor;

-- unit: app.purge()
set local role kollegium_broker;
-- Each subject says in its own purge_<subject>() what has served its time there, and for how long it does.
-- Returns the number of rows.
create or replace function app.purge() returns bigint
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  select app_private.purge_sessions() + app_private.purge_companies() + app_private.purge_imports()
    + app_private.purge_merges()
$$;
comment on function app.purge() is 'Removes expired sessions, answers, buckets and tokens, and rows of imports after 7 days.';
grant execute on function app.purge() to kollegium_worker;

-- unit: policies/api_key.sql
set local role kollegium_owner;
-- api_key: Keys belong to the company; their tokens are not stored, only hashes in app_private.bearer.
alter table app.api_key enable row level security;
alter table app.api_key force row level security;

drop policy if exists select_own on app.api_key;
create policy select_own on app.api_key for select to kollegium_api
  using (company_id = (select app.current_company_id()));
comment on policy select_own on app.api_key is 'own company''s row: the keys of the company';
drop policy if exists cross_broker on app.api_key;
create policy cross_broker on app.api_key for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.api_key is 'broker: the functions in sql/functions decide; its grants bound them';

grant select (id, company_id, name, created_by_id, created_at, revoked_at) on app.api_key to kollegium_api;
grant select, insert on app.api_key to kollegium_broker;
grant update (company_id, name, revoked_at) on app.api_key to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: app.create_api_key, app.revoke_api_key


-- unit: policies/brokerage.sql
set local role kollegium_owner;
-- brokerage: A run of offering a lead is the operator's business.
alter table app.brokerage enable row level security;
alter table app.brokerage force row level security;

drop policy if exists select_operator on app.brokerage;
create policy select_operator on app.brokerage for select to kollegium_api
  using (operator_company_id = (select app.current_company_id()));
comment on policy select_operator on app.brokerage is 'own company''s row: the operator sees its brokerages';
drop policy if exists cross_broker on app.brokerage;
create policy cross_broker on app.brokerage for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.brokerage is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.brokerage to kollegium_api;
grant select, insert on app.brokerage to kollegium_broker;
grant update (operator_company_id, state, closed_at, wave_ends_at) on app.brokerage to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: app.offer_lead and what ends an offer


-- unit: policies/colleague.sql
set local role kollegium_owner;
-- colleague: The colleagues of one company know each other; others meet their names on leads.
alter table app.colleague enable row level security;
alter table app.colleague force row level security;

drop policy if exists select_own on app.colleague;
create policy select_own on app.colleague for select to kollegium_api
  using (company_id = (select app.current_company_id()));
comment on policy select_own on app.colleague is 'own company''s row: colleagues see each other';
drop policy if exists cross_broker on app.colleague;
create policy cross_broker on app.colleague for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.colleague is 'broker: the functions in sql/functions decide; its grants bound them';

grant select (id, company_id, email, name, role, active, language, created_at, changed_at, version) on app.colleague to kollegium_api;
grant select, insert on app.colleague to kollegium_broker;
grant update (company_id, name, role, active, language, changed_at, version) on app.colleague to kollegium_broker;
-- What changes in the former system follows until the cut-over (app.legacy_change_users).
grant update (email) on app.colleague to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: roles and activity change through app.change_colleague


-- unit: policies/company.sql
set local role kollegium_owner;
-- company: A company sees itself. What others need of it (the name) stands on participations.
alter table app.company enable row level security;
alter table app.company force row level security;

drop policy if exists select_own on app.company;
create policy select_own on app.company for select to kollegium_api
  using (id = (select app.current_company_id()));
comment on policy select_own on app.company is 'own company''s row: a company sees itself';
drop policy if exists cross_broker on app.company;
create policy cross_broker on app.company for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.company is 'broker: the functions in sql/functions decide; its grants bound them';

grant select (id, name, state, delegator_role, language, created_at, changed_at, version) on app.company to kollegium_api;
grant select, insert on app.company to kollegium_broker;
grant update (name, state, absorbed_into, delegator_role, language, changed_at, version, names_due_before) on app.company to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: companies are set up by staff and changed by app.change_company
-- not granted: absorbed_into, origin_legacy_user_id to kollegium_api: nobody's business over HTTP


-- unit: policies/company_merge.sql
set local role kollegium_owner;
-- company_merge: Both companies see a request, its rehearsal and what became of it. The asking side reads
-- whom it named, not whether there is such a company: other_company_id and parties are not granted,
-- and the companies stand in the row only once the other side has answered.
alter table app.company_merge enable row level security;
alter table app.company_merge force row level security;

drop policy if exists select_party on app.company_merge;
create policy select_party on app.company_merge for select to kollegium_api
  using (coalesce((select app.current_company_id()) = any (parties), false));
comment on policy select_party on app.company_merge is 'party of the row: survivor and absorbed';
drop policy if exists cross_broker on app.company_merge;
create policy cross_broker on app.company_merge for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.company_merge is 'broker: the functions in sql/functions decide; its grants bound them';

grant select (id, asking_company_id, asking_company_name, asking_side, named_email, named_company_id,
  state, survivor_company_id, survivor_name, absorbed_company_id, absorbed_name, execute_at, reference,
  rehearsal_due, rehearsal_id, rehearsal, rehearsed_at, survivor_consent_at, survivor_consent,
  absorbed_consent_at, absorbed_consent, refusal, problem, done_at, result, undone_at, undo_result,
  created_at, changed_at, version) on app.company_merge to kollegium_api;
grant select, insert on app.company_merge to kollegium_broker;
grant update (state, survivor_company_id, survivor_name, absorbed_company_id, absorbed_name, named_email,
  rehearsal_due, rehearsal_id, rehearsal, rehearsed_at, survivor_consent_at, survivor_consent,
  absorbed_consent_at, absorbed_consent, refusal, problem, done_at, done_id, result, undone_at,
  undo_result, changed_at, version) on app.company_merge to kollegium_broker;
-- not granted: other_company_id, parties, done_id to kollegium_api: see above
-- not granted: insert, update, delete to kollegium_api: app.request_merge, app.consent_to_merge, app.refuse_merge


-- unit: policies/disclosure.sql
set local role kollegium_owner;
-- disclosure: Who received which personal data when. Seen by the operator and the recipient.
alter table app.disclosure enable row level security;
alter table app.disclosure force row level security;

drop policy if exists select_party on app.disclosure;
create policy select_party on app.disclosure for select to kollegium_api
  using (coalesce((select app.current_company_id()) = any (parties), false));
comment on policy select_party on app.disclosure is 'party of the row: operator and recipient';
drop policy if exists cross_broker on app.disclosure;
create policy cross_broker on app.disclosure for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.disclosure is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.disclosure to kollegium_api;
grant select, insert on app.disclosure to kollegium_broker;
grant update (company_id, operator_company_id) on app.disclosure to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api; of anything but the companies to the broker, who
-- moves them in a merge, and delete to anybody: it is evidence


-- unit: policies/engagement.sql
set local role kollegium_owner;
-- engagement: Company X works lead Y: seen by X, the operator and the giver. The row keeps its company.
alter table app.engagement enable row level security;
alter table app.engagement force row level security;

drop policy if exists select_party on app.engagement;
create policy select_party on app.engagement for select to kollegium_api
  using (coalesce((select app.current_company_id()) = any (parties), false));
comment on policy select_party on app.engagement is 'party of the row: taker, operator, giver';
drop policy if exists cross_broker on app.engagement;
create policy cross_broker on app.engagement for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.engagement is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.engagement to kollegium_api;
grant select, insert on app.engagement to kollegium_broker;
grant update (company_id, company_name, operator_company_id, giver_company_id, state, steps, step, handler_id, handler_name, value, closed_at) on app.engagement to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: app.change_engagement, app.close_engagement, app.reopen_engagement


-- unit: policies/history.sql
set local role kollegium_owner;
-- history: What happened to a lead, for all its parties.
alter table app.history enable row level security;
alter table app.history force row level security;

drop policy if exists select_party on app.history;
create policy select_party on app.history for select to kollegium_api
  using (coalesce((select app.current_company_id()) = any (parties), false));
comment on policy select_party on app.history is 'party of the row: the parties of the lead';
drop policy if exists cross_broker on app.history;
create policy cross_broker on app.history for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.history is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.history to kollegium_api;
grant select, insert, delete on app.history to kollegium_broker;
grant update (parties, company_id) on app.history to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: history is written by the functions that
-- make it; the broker deletes what a merge wrote when it is undone, and nothing else


-- unit: policies/import_consent.sql
set local role kollegium_owner;
-- import_consent: What a company stated of the consent of the persons in its files.
alter table app.import_consent enable row level security;
alter table app.import_consent force row level security;

drop policy if exists select_own on app.import_consent;
create policy select_own on app.import_consent for select to kollegium_api
  using (company_id = (select app.current_company_id()));
comment on policy select_own on app.import_consent is 'own company''s row: what the company stated';
drop policy if exists cross_broker on app.import_consent;
create policy cross_broker on app.import_consent for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.import_consent is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.import_consent to kollegium_api;
grant select, insert on app.import_consent to kollegium_broker;
grant update (company_id, state, row_number, leads, submitted) on app.import_consent to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: app.state_consent, app.continue_consent


-- unit: policies/import_mapping.sql
set local role kollegium_owner;
-- import_mapping: How a company reads the files of its sources.
alter table app.import_mapping enable row level security;
alter table app.import_mapping force row level security;

drop policy if exists select_own on app.import_mapping;
create policy select_own on app.import_mapping for select to kollegium_api
  using (company_id = (select app.current_company_id()));
comment on policy select_own on app.import_mapping is 'own company''s row: the company''s mappings';
drop policy if exists cross_broker on app.import_mapping;
create policy cross_broker on app.import_mapping for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.import_mapping is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.import_mapping to kollegium_api;
grant select, insert, delete on app.import_mapping to kollegium_broker;
grant update (company_id) on app.import_mapping to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: app.save_mapping, app.forget_mapping


-- unit: policies/invitation.sql
set local role kollegium_owner;
-- invitation: Who was invited into a company is seen by that company alone.
alter table app.invitation enable row level security;
alter table app.invitation force row level security;

drop policy if exists select_own on app.invitation;
create policy select_own on app.invitation for select to kollegium_api
  using (company_id = (select app.current_company_id()));
comment on policy select_own on app.invitation is 'own company''s row: open and past invitations';
drop policy if exists cross_broker on app.invitation;
create policy cross_broker on app.invitation for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.invitation is 'broker: the functions in sql/functions decide; its grants bound them';

grant select (id, company_id, email, role, state, invited_by_id, created_at, expires_at, answered_at) on app.invitation to kollegium_api;
grant select, insert on app.invitation to kollegium_broker;
grant update (company_id, state, answered_at) on app.invitation to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: app.invite_colleague, app.accept_invitation, app.revoke_invitation


-- unit: policies/lead.sql
set local role kollegium_owner;
-- lead: The envelope: operator, giver and the one engaged taker see it, and nobody else.
alter table app.lead enable row level security;
alter table app.lead force row level security;

drop policy if exists select_party on app.lead;
create policy select_party on app.lead for select to kollegium_api
  using (coalesce((select app.current_company_id()) = any (parties), false));
comment on policy select_party on app.lead is 'party of the row: operator, giver, engaged taker';
drop policy if exists cross_broker on app.lead;
create policy cross_broker on app.lead for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.lead is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.lead to kollegium_api;
grant select, insert on app.lead to kollegium_broker;
grant update (operator_company_id, operator_name, giver_company_id, giver_name, external_ref, engaged_company_id, engaged_company_name, engagement_id, state, interest, postcode_area,
  tags, teaser_interest, teaser_tags, distribution_permission, rejection_reason, submitted_at, changed_at, version) on app.lead to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: every change goes through a function that locks the lead


-- unit: policies/lead_import.sql
set local role kollegium_owner;
-- lead_import: Reports of the files a company imported.
alter table app.lead_import enable row level security;
alter table app.lead_import force row level security;

drop policy if exists select_own on app.lead_import;
create policy select_own on app.lead_import for select to kollegium_api
  using (company_id = (select app.current_company_id()));
comment on policy select_own on app.lead_import is 'own company''s row: the company''s imports';
drop policy if exists cross_broker on app.lead_import;
create policy cross_broker on app.lead_import for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.lead_import is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.lead_import to kollegium_api;
grant select, insert on app.lead_import to kollegium_broker;
grant update (company_id, state, done, imported, duplicates, refused, problem, attempts, retry_at, ended_at)
  on app.lead_import to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: app.start_import, app.continue_import


-- unit: policies/lead_import_row.sql
set local role kollegium_owner;
-- lead_import_row: One result for each row of an imported file; no personal data.
alter table app.lead_import_row enable row level security;
alter table app.lead_import_row force row level security;

drop policy if exists select_own on app.lead_import_row;
create policy select_own on app.lead_import_row for select to kollegium_api
  using (company_id = (select app.current_company_id()));
comment on policy select_own on app.lead_import_row is 'own company''s row: the company''s imports';
drop policy if exists cross_broker on app.lead_import_row;
create policy cross_broker on app.lead_import_row for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.lead_import_row is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.lead_import_row to kollegium_api;
grant select, insert on app.lead_import_row to kollegium_broker;
grant update (company_id) on app.lead_import_row to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: app.continue_import


-- unit: policies/marketplace.sql
set local role kollegium_owner;
-- marketplace: Its operator sees the marketplace. Partners see its name and steps on their participation.
alter table app.marketplace enable row level security;
alter table app.marketplace force row level security;

drop policy if exists select_operator on app.marketplace;
create policy select_operator on app.marketplace for select to kollegium_api
  using (operator_company_id = (select app.current_company_id()));
comment on policy select_operator on app.marketplace is 'own company''s row: the operator sees its marketplace';
drop policy if exists cross_broker on app.marketplace;
create policy cross_broker on app.marketplace for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.marketplace is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.marketplace to kollegium_api;
grant select, insert on app.marketplace to kollegium_broker;
grant update (operator_company_id, name, operator_name, steps, operator_may_take, giver_may_withdraw, auto_accept,
  auto_offer, response_hours, reopen_days, teaser_digits, changed_at, version) on app.marketplace to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: app.create_marketplace, app.change_marketplace (cards change too)


-- unit: policies/message.sql
set local role kollegium_owner;
-- message: Shared by all parties of the lead.
alter table app.message enable row level security;
alter table app.message force row level security;

drop policy if exists select_party on app.message;
create policy select_party on app.message for select to kollegium_api
  using (coalesce((select app.current_company_id()) = any (parties), false));
comment on policy select_party on app.message is 'party of the row: the parties of the lead';
drop policy if exists cross_broker on app.message;
create policy cross_broker on app.message for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.message is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.message to kollegium_api;
grant select, insert, delete on app.message to kollegium_broker;
grant update (parties, company_id) on app.message to kollegium_broker;
-- not granted: insert to kollegium_api: app.add_message takes company and author from the context
-- not granted: update of the text to anybody; delete to kollegium_api: messages stay, but for one of the former
-- system that was deleted there and not touched here


-- unit: policies/note.sql
set local role kollegium_owner;
-- note: Internal: read by the colleagues of the company that wrote it.
alter table app.note enable row level security;
alter table app.note force row level security;

drop policy if exists select_own on app.note;
create policy select_own on app.note for select to kollegium_api
  using (company_id = (select app.current_company_id()));
comment on policy select_own on app.note is 'own company''s row: internal notes';
drop policy if exists cross_broker on app.note;
create policy cross_broker on app.note for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.note is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.note to kollegium_api;
grant select, insert, delete on app.note to kollegium_broker;
grant update (company_id) on app.note to kollegium_broker;
-- not granted: insert to kollegium_api: app.add_note takes company and author from the context
-- not granted: update of the text to anybody; delete to kollegium_api: notes stay (a merge moves them), but
-- for one of the former system that was deleted there and not touched here


-- unit: policies/offer.sql
set local role kollegium_owner;
-- offer: An offer is seen by the company it was made to while it is open or has won, and by the operator
-- always. Lost, declined, expired and withdrawn offers vanish for the taker.
alter table app.offer enable row level security;
alter table app.offer force row level security;

drop policy if exists select_own_or_operator on app.offer;
create policy select_own_or_operator on app.offer for select to kollegium_api
  using ((company_id = (select app.current_company_id()) and state in ('open', 'picked'))
  or operator_company_id = (select app.current_company_id()));
comment on policy select_own_or_operator on app.offer is 'own or operator''s row in a visible state';
drop policy if exists cross_broker on app.offer;
create policy cross_broker on app.offer for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.offer is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.offer to kollegium_api;
grant select, insert, delete on app.offer to kollegium_broker;
grant update (company_id, operator_company_id, company_name, state, interest, postcode_area, tags, marketplace_name, expires_at, answered_at, answered_by_name, decline_reason) on app.offer to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: app.pick_lead, app.decline_offer, app.reopen_offer


-- unit: policies/participation.sql
set local role kollegium_owner;
-- participation: A company sees its own membership card, the operator those of its partners. An invitation that
-- is not answered yet is seen by the invited company alone: otherwise inviting an e-mail address
-- would tell the operator which company it belongs to (he sees app.partner_invitation instead).
alter table app.participation enable row level security;
alter table app.participation force row level security;

drop policy if exists select_own_or_operator on app.participation;
create policy select_own_or_operator on app.participation for select to kollegium_api
  using (company_id = (select app.current_company_id())
  or (operator_company_id = (select app.current_company_id()) and state in ('active', 'declined', 'ended')));
comment on policy select_own_or_operator on app.participation is 'own or operator''s row in a visible state';
drop policy if exists update_own_or_operator on app.participation;
create policy update_own_or_operator on app.participation for update to kollegium_api
  using (company_id = (select app.current_company_id())
  or (operator_company_id = (select app.current_company_id()) and state in ('active', 'declined', 'ended')))
  with check (company_id = (select app.current_company_id())
  or (operator_company_id = (select app.current_company_id()) and state in ('active', 'declined', 'ended')));
comment on policy update_own_or_operator on app.participation is 'own or operator''s row in a visible state: both set areas, tags, pause and cap';
drop policy if exists cross_broker on app.participation;
create policy cross_broker on app.participation for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.participation is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.participation to kollegium_api;
grant update (postcode_areas, tags, paused, cap, version) on app.participation to kollegium_api;
grant select, insert, delete on app.participation to kollegium_broker;
grant update (company_id, operator_company_id, capacities, state, postcode_areas, tags, paused, cap, marketplace_name, operator_name,
  company_name, steps, answered_at, ended_at, version) on app.participation to kollegium_broker;
-- not granted: insert, delete to kollegium_api: participations come and go through invitations
-- not granted: update of company, operator, capacities, state and printed names to kollegium_api


-- unit: policies/partner_invitation.sql
set local role kollegium_owner;
-- partner_invitation: Whom an operator invited: by e-mail address or by company id, as he wrote it.
alter table app.partner_invitation enable row level security;
alter table app.partner_invitation force row level security;

drop policy if exists select_operator on app.partner_invitation;
create policy select_operator on app.partner_invitation for select to kollegium_api
  using (operator_company_id = (select app.current_company_id()));
comment on policy select_operator on app.partner_invitation is 'own company''s row: the operator sees whom it invited';
drop policy if exists cross_broker on app.partner_invitation;
create policy cross_broker on app.partner_invitation for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.partner_invitation is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.partner_invitation to kollegium_api;
grant select, insert on app.partner_invitation to kollegium_broker;
grant update (company_id, operator_company_id, state) on app.partner_invitation to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: app.invite_partner, app.end_participation


-- unit: policies/prospect.sql
set local role kollegium_owner;
-- prospect: All personal data of the person behind a lead. A taker sees it from the pick on, not before.
alter table app.prospect enable row level security;
alter table app.prospect force row level security;

drop policy if exists select_party on app.prospect;
create policy select_party on app.prospect for select to kollegium_api
  using (coalesce((select app.current_company_id()) = any (parties), false));
comment on policy select_party on app.prospect is 'party of the row: the parties of the lead';
drop policy if exists cross_broker on app.prospect;
create policy cross_broker on app.prospect for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.prospect is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.prospect to kollegium_api;
grant select, insert on app.prospect to kollegium_broker;
grant update (parties, name, salutation, company, email, phone, street, postcode, city, country, answers, about) on app.prospect to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: app.create_lead, app.change_lead


-- unit: end

reset role;
set local check_function_bodies = on;
do $$
declare
  v record;
begin
  for v in select p.oid, p.proowner::regrole::text as owner, l.lanvalidator::regproc as validator
           from pg_proc p join pg_language l on l.oid = p.prolang
           where p.pronamespace::regnamespace::text in ('app', 'app_private')
             and l.lanname in ('sql', 'plpgsql') loop
    perform set_config('role', v.owner, true);
    execute format('select %s(%s)', v.validator, v.oid);
  end loop;
end $$;
reset role;
