-- Schemas and tables. Who sees a row stands in sql/policies, what may change hands in sql/functions.

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

-- ---------------------------------------------------------------------------------------------
-- The reference set: companies, colleagues, marketplaces, participations
-- ---------------------------------------------------------------------------------------------
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
  unique (id, state),
  check ((state = 'absorbed') = (absorbed_into is not null))
);

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

-- ---------------------------------------------------------------------------------------------
-- The lead side: marketplace_id first in every key; who may see a row stands in the row
-- ---------------------------------------------------------------------------------------------
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
  distribution_permission boolean not null,
  source text not null default 'api',
  external_ref text,
  rejection_reason text,
  operator_name text not null,
  giver_name text,
  engaged_company_name text,
  engagement_id uuid,
  created_by_id uuid references app.colleague (id),
  created_at timestamptz not null default now(),
  submitted_at timestamptz,
  changed_at timestamptz not null default now(),
  version integer not null default 1,
  primary key (marketplace_id, id),
  unique (marketplace_id, id, parties),
  foreign key (marketplace_id, operator_company_id)
    references app.marketplace (id, operator_company_id) deferrable initially deferred,
  check (state in ('draft', 'rejected', 'withdrawn', 'erased') or distribution_permission),
  check ((engaged_company_id is not null) >= (state in ('engaged', 'closed')))
);
create index lead_operator on app.lead (operator_company_id, id desc);
create index lead_operator_state on app.lead (operator_company_id, state, id desc);
create index lead_giver on app.lead (giver_company_id, id desc) where giver_company_id is not null;
create index lead_engaged on app.lead (engaged_company_id, id desc) where engaged_company_id is not null;
-- What a giver or operator imported once is not imported twice. The colliding rows are his own.
create unique index lead_external_ref on app.lead
  (marketplace_id, coalesce(giver_company_id, operator_company_id), source, external_ref)
  where external_ref is not null;

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
  erased_at timestamptz,
  primary key (marketplace_id, lead_id),
  foreign key (marketplace_id, lead_id, parties)
    references app.lead (marketplace_id, id, parties) deferrable initially deferred
);
create index prospect_email on app.prospect (marketplace_id, email_key) where email_key is not null;
create index prospect_phone on app.prospect (marketplace_id, phone_key) where phone_key is not null;

create table app.brokerage (
  marketplace_id uuid not null,
  id uuid not null,
  lead_id uuid not null,
  operator_company_id uuid not null,
  state text not null check (state in ('open', 'placed', 'withdrawn', 'exhausted')),
  wave integer not null default 1,
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
create index offer_open on app.offer (company_id, id desc) where state = 'open';
create index offer_company on app.offer (company_id, id desc);
create index offer_operator on app.offer (operator_company_id, id desc);
create index offer_lead on app.offer (marketplace_id, lead_id, company_id);
create index offer_due on app.offer (expires_at) where state = 'open';

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
create index engagement_company on app.engagement (company_id, handler_id, id desc);

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

create table app.lead_import (
  marketplace_id uuid not null,
  id uuid not null,
  company_id uuid not null references app.company,
  colleague_id uuid references app.colleague (id),
  file_name text not null check (length(file_name) <= 255),
  format text not null,
  encoding text not null,
  separator text,
  imported integer not null,
  duplicates integer not null,
  refused integer not null,
  created_at timestamptz not null default now(),
  primary key (marketplace_id, id),
  foreign key (marketplace_id) references app.marketplace (id)
);
create index lead_import_company on app.lead_import (company_id, id desc);

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

-- ---------------------------------------------------------------------------------------------
-- app_private: no policy needed because nobody but the broker has a grant
-- ---------------------------------------------------------------------------------------------
create table app_private.secret (
  only_row boolean primary key default true check (only_row),
  pepper bytea not null
);
insert into app_private.secret (pepper)
values (sha256(convert_to(gen_random_uuid()::text || gen_random_uuid()::text, 'UTF8')));

create table app_private.credential (
  colleague_id uuid primary key references app.colleague on delete cascade,
  salt bytea not null check (length(salt) = 16),
  proof_sha256 bytea not null check (length(proof_sha256) = 32),
  changed_at timestamptz not null default now()
);

create table app_private.bearer (
  token_sha256 bytea primary key check (length(token_sha256) = 32),
  company_id uuid not null,
  company_state text not null default 'active',
  colleague_id uuid,
  api_key_id uuid,
  active boolean not null default true,
  address_sha256 bytea,
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

create table app_private.invitation_token (
  token_sha256 bytea primary key check (length(token_sha256) = 32),
  invitation_id uuid not null unique references app.invitation on delete cascade
);

create table app_private.rate (
  bucket bytea primary key,
  full_at timestamptz not null
);
create index on app_private.rate (full_at);

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

create table app_private.outbox (
  id uuid primary key,
  kind text not null check (kind in ('mail')),
  template text not null,
  recipient text not null,
  language text not null check (language in ('de', 'en')),
  company_id uuid references app.company,
  payload jsonb not null,
  created_at timestamptz not null default now(),
  due_at timestamptz not null default now(),
  attempts integer not null default 0,
  lease_until timestamptz,
  delivered_at timestamptz
);
create index outbox_due on app_private.outbox (due_at) where delivered_at is null;

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

-- Not granted: nothing here to kollegium_api, worker, staff or auditor. They go through functions.
grant select on app_private.secret to kollegium_broker;
grant select, insert, update, delete on app_private.credential, app_private.bearer,
  app_private.invitation_token, app_private.rate, app_private.idempotent_answer,
  app_private.outbox to kollegium_broker;
grant select, insert on app_private.audit_entry to kollegium_broker;

-- ---------------------------------------------------------------------------------------------
-- What the tables and columns mean. The rules of the business are in docs/domain.md.
-- ---------------------------------------------------------------------------------------------
comment on table app.company is 'The tenant: what every policy compares with. Equal names are allowed.';
comment on column app.company.id is 'Id, made by app_private.new_id (time-ordered UUID).';
comment on column app.company.name is 'Name as others read it; printed on participations too.';
comment on column app.company.state is 'active; absorbed (by a merge); closed. Only active companies have a context.';
comment on column app.company.absorbed_into is 'The survivor of the merge; set exactly when absorbed.';
comment on column app.company.delegator_role is 'true: only delegators and admins hand engagements to others (docs/domain.md, roles).';
comment on column app.company.language is 'Language of mails to the company as such: de or en.';
comment on column app.company.origin_legacy_user_id is 'The user of the former service this company was made for; null for new ones.';
comment on column app.company.created_at is 'When the company was set up.';
comment on column app.company.changed_at is 'When a setting changed last.';
comment on column app.company.version is 'Counts changes; the ETag.';

comment on table app.colleague is 'One person acting for exactly one company.';
comment on column app.colleague.id is 'Id (time-ordered UUID).';
comment on column app.colleague.company_id is 'The company he acts for; read anew in every transaction (docs/domain.md, case 5).';
comment on column app.colleague.email is 'Log-in, lower case, unique over all companies.';
comment on column app.colleague.name is 'Name as colleagues and partners read it.';
comment on column app.colleague.role is 'member; delegator (hands over, too); admin (colleagues, keys, consent, too).';
comment on column app.colleague.active is 'false: no log-in, no context; what he worked stays with the company (case 3).';
comment on column app.colleague.language is 'Language of his mails: de or en.';
comment on column app.colleague.created_at is 'When he joined.';
comment on column app.colleague.changed_at is 'When role, activity, name or language changed last.';
comment on column app.colleague.version is 'Counts changes; the ETag.';

comment on table app.invitation is 'An e-mail address invited to become a colleague.';
comment on column app.invitation.id is 'Id (time-ordered UUID).';
comment on column app.invitation.company_id is 'The inviting company.';
comment on column app.invitation.email is 'The address the token goes to; the colleague made has it. Lower case.';
comment on column app.invitation.role is 'Role that the invited person will have.';
comment on column app.invitation.state is 'open; accepted; revoked (also by a later invitation to the same address).';
comment on column app.invitation.invited_by_id is 'The admin who invited; null for an API key.';
comment on column app.invitation.created_at is 'When it was sent.';
comment on column app.invitation.expires_at is '14 days after it was sent; later the token is not found.';
comment on column app.invitation.answered_at is 'When it was accepted or revoked.';

comment on table app.api_key is 'A key of the company for its programs; acts as a member without a person.';
comment on column app.api_key.id is 'Id (time-ordered UUID).';
comment on column app.api_key.company_id is 'The owner: the company, not who made it (case 3).';
comment on column app.api_key.name is 'What it is for, in the words of who made it; author of what it writes.';
comment on column app.api_key.created_by_id is 'The admin who made it.';
comment on column app.api_key.created_at is 'When it was made.';
comment on column app.api_key.revoked_at is 'Set: the key has no context any more.';
comment on column app.api_key.active is 'Whether it still opens anything.';

comment on table app.marketplace is 'Where an operator brings leads and takers together.';
comment on column app.marketplace.id is 'Id; first in the key of everything on the lead side.';
comment on column app.marketplace.operator_company_id is 'The company that operates it; any colleague may.';
comment on column app.marketplace.name is 'Name; printed on participations too.';
comment on column app.marketplace.operator_name is 'Name of the operator, printed here for reports and mails.';
comment on column app.marketplace.steps is 'Pipeline steps of engagements, in order; 1 to 20. Running ones keep theirs.';
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

comment on table app.participation is 'A company''s membership card of a marketplace: all that it needs to know of others is printed here.';
comment on column app.participation.marketplace_id is 'The marketplace.';
comment on column app.participation.company_id is 'The participating company.';
comment on column app.participation.operator_company_id is 'The operator, who sees the card once it is answered.';
comment on column app.participation.capacities is 'giver, taker or both.';
comment on column app.participation.state is 'invited; active; declined; ended. Offers and leads need active.';
comment on column app.participation.postcode_areas is 'Postcode prefixes it takes leads from; empty: everywhere.';
comment on column app.participation.tags is 'Tags it takes leads with; empty: any.';
comment on column app.participation.paused is 'true: no new offers.';
comment on column app.participation.cap is 'Engagements at work at the same time; null: no limit.';
comment on column app.participation.marketplace_name is 'Printed name of the marketplace.';
comment on column app.participation.operator_name is 'Printed name of the operator.';
comment on column app.participation.company_name is 'Printed name of the participant.';
comment on column app.participation.steps is 'Printed pipeline steps of the marketplace.';
comment on column app.participation.invited_at is 'When it was first invited.';
comment on column app.participation.answered_at is 'When it accepted or declined.';
comment on column app.participation.ended_at is 'When it ended.';
comment on column app.participation.version is 'Counts changes; the ETag.';

comment on table app.partner_invitation is 'Whom an operator invited, as he wrote it: never tells whether an address is known.';
comment on column app.partner_invitation.marketplace_id is 'The marketplace.';
comment on column app.partner_invitation.id is 'Id (time-ordered UUID).';
comment on column app.partner_invitation.operator_company_id is 'The operator who invited.';
comment on column app.partner_invitation.email is 'Invited address, lower case; null when a company was named.';
comment on column app.partner_invitation.company_id is 'Invited company; null when an address was named.';
comment on column app.partner_invitation.capacity is 'giver or taker.';
comment on column app.partner_invitation.postcode_areas is 'Proposed postcode prefixes of the card.';
comment on column app.partner_invitation.tags is 'Proposed tags of the card.';
comment on column app.partner_invitation.cap is 'Proposed cap of the card; null: no limit.';
comment on column app.partner_invitation.state is 'open; accepted; declined; withdrawn.';
comment on column app.partner_invitation.created_at is 'When it was sent.';

comment on table app.lead is 'The envelope of a lead: whose it is and how far it is. No personal data.';
comment on column app.lead.marketplace_id is 'The marketplace.';
comment on column app.lead.id is 'Id (time-ordered UUID).';
comment on column app.lead.operator_company_id is 'The operator of the marketplace.';
comment on column app.lead.giver_company_id is 'The giver; null when the operator put it in.';
comment on column app.lead.engaged_company_id is 'The taker that works or worked it; null before the pick.';
comment on column app.lead.parties is 'Who sees the lead: operator, giver, engaged taker. Generated; children copy it.';
comment on column app.lead.state is 'Life cycle of docs/domain.md.';
comment on column app.lead.interest is 'What is asked for; part of the teaser.';
comment on column app.lead.postcode_area is 'Leading digits of the prospect''s postcode; part of the teaser.';
comment on column app.lead.tags is 'Tags that takers are matched by.';
comment on column app.lead.distribution_permission is 'The person consents to the data being passed on; needed to submit.';
comment on column app.lead.source is 'Where it came in: api, or a file format of the import.';
comment on column app.lead.external_ref is 'Id in that source; comes in once for each giver or operator.';
comment on column app.lead.rejection_reason is 'The operator''s reason, for the giver.';
comment on column app.lead.operator_name is 'Printed name of the operator.';
comment on column app.lead.giver_name is 'Printed name of the giver.';
comment on column app.lead.engaged_company_name is 'Printed name of the engaged taker.';
comment on column app.lead.engagement_id is 'The current engagement.';
comment on column app.lead.created_by_id is 'The colleague who put it in; null for an API key.';
comment on column app.lead.created_at is 'When it came in.';
comment on column app.lead.submitted_at is 'When it was submitted.';
comment on column app.lead.changed_at is 'When anything of it changed last.';
comment on column app.lead.version is 'Counts changes of lead, prospect and engagement; the ETag.';

comment on table app.prospect is 'The person behind a lead: all its personal data, and nothing of it elsewhere.';
comment on column app.prospect.marketplace_id is 'The marketplace.';
comment on column app.prospect.lead_id is 'The lead; one prospect each.';
comment on column app.prospect.parties is 'Copy of lead.parties; a difference fails at commit.';
comment on column app.prospect.name is 'Full name.';
comment on column app.prospect.salutation is 'Salutation as given.';
comment on column app.prospect.company is 'The person''s own firm, if any; no tenant.';
comment on column app.prospect.email is 'E-mail address as given.';
comment on column app.prospect.phone is 'Telephone number, E.164 where it could be read.';
comment on column app.prospect.street is 'Street and number.';
comment on column app.prospect.postcode is 'Postcode; its first digits are in the teaser.';
comment on column app.prospect.city is 'Town.';
comment on column app.prospect.country is 'Country as given.';
comment on column app.prospect.answers is 'Answers to the questions of the form: question to answer.';
comment on column app.prospect.email_key is 'E-mail address for finding duplicates. Generated.';
comment on column app.prospect.phone_key is 'Digits of the number for finding duplicates. Generated.';
comment on column app.prospect.erased_at is 'When the personal data was removed; null: it is there.';

comment on table app.brokerage is 'One run of offering a lead.';
comment on column app.brokerage.marketplace_id is 'The marketplace.';
comment on column app.brokerage.id is 'Id (time-ordered UUID).';
comment on column app.brokerage.lead_id is 'The lead; at most one open brokerage each.';
comment on column app.brokerage.operator_company_id is 'The operator, who alone sees it.';
comment on column app.brokerage.state is 'open; placed; withdrawn; exhausted (nobody took it).';
comment on column app.brokerage.wave is 'Number of the wave that is open, from 1.';
comment on column app.brokerage.opened_by_id is 'The colleague who opened it; null for a rule or an API key.';
comment on column app.brokerage.opened_at is 'When it was opened.';
comment on column app.brokerage.closed_at is 'When it ended.';

comment on table app.offer is 'A lead offered to a company (not a person): a snapshot of the teaser.';
comment on column app.offer.marketplace_id is 'The marketplace.';
comment on column app.offer.id is 'Id (time-ordered UUID).';
comment on column app.offer.brokerage_id is 'The brokerage; one offer of it for each company.';
comment on column app.offer.lead_id is 'The lead; a taker sees no more of it than this row.';
comment on column app.offer.company_id is 'The taker.';
comment on column app.offer.operator_company_id is 'The operator.';
comment on column app.offer.wave is 'Number of the wave.';
comment on column app.offer.state is 'open; picked; declined; expired; withdrawn; lost. The taker sees the first two.';
comment on column app.offer.interest is 'Teaser: what was asked for when it was offered.';
comment on column app.offer.postcode_area is 'Teaser: leading digits of the postcode.';
comment on column app.offer.tags is 'Teaser: tags.';
comment on column app.offer.marketplace_name is 'Printed name of the marketplace.';
comment on column app.offer.company_name is 'Printed name of the taker, for the operator.';
comment on column app.offer.opened_at is 'When it was opened.';
comment on column app.offer.expires_at is 'End of the response window; no pick after it.';
comment on column app.offer.answered_at is 'When its state left open.';
comment on column app.offer.answered_by_name is 'The colleague who picked or declined.';
comment on column app.offer.decline_reason is 'The taker''s reason, for the operator.';

comment on table app.engagement is 'Company X works lead Y: from the pick or assignment to its end.';
comment on column app.engagement.marketplace_id is 'The marketplace.';
comment on column app.engagement.id is 'Id (time-ordered UUID).';
comment on column app.engagement.lead_id is 'The lead; at most one current engagement each.';
comment on column app.engagement.company_id is 'The taker; stays when the lead goes back.';
comment on column app.engagement.operator_company_id is 'The operator.';
comment on column app.engagement.giver_company_id is 'The giver, if any.';
comment on column app.engagement.parties is 'Who sees it: operator, giver, taker. Generated.';
comment on column app.engagement.company_name is 'Printed name of the taker.';
comment on column app.engagement.state is 'active; won; lost; return_requested; returned; revoked.';
comment on column app.engagement.origin is 'pick or assignment.';
comment on column app.engagement.self_pick is 'The operator took it on its own marketplace (case 2).';
comment on column app.engagement.picked_by_id is 'The colleague who picked; null for an assignment.';
comment on column app.engagement.picked_by_name is 'His name at that time.';
comment on column app.engagement.steps is 'The pipeline steps with which it began.';
comment on column app.engagement.step is 'The present step.';
comment on column app.engagement.handler_id is 'The colleague responsible; null: nobody.';
comment on column app.engagement.handler_name is 'His name.';
comment on column app.engagement.value is 'Value of a won engagement, in the marketplace''s currency.';
comment on column app.engagement.started_at is 'When it began.';
comment on column app.engagement.closed_at is 'When it was won or lost.';

comment on table app.note is 'Internal: read by the colleagues of one company.';
comment on column app.note.marketplace_id is 'The marketplace.';
comment on column app.note.id is 'Id (time-ordered UUID).';
comment on column app.note.lead_id is 'The lead.';
comment on column app.note.company_id is 'The company that wrote and alone reads it.';
comment on column app.note.author_id is 'The author; null for an API key.';
comment on column app.note.author_name is 'Name of the author, or of the key.';
comment on column app.note.text is 'The text, up to 10,000 characters.';
comment on column app.note.created_at is 'When it was written.';

comment on table app.message is 'Shared by all parties of a lead.';
comment on column app.message.marketplace_id is 'The marketplace.';
comment on column app.message.id is 'Id (time-ordered UUID).';
comment on column app.message.lead_id is 'The lead.';
comment on column app.message.parties is 'Copy of lead.parties; a difference fails at commit.';
comment on column app.message.company_id is 'The author''s company.';
comment on column app.message.company_name is 'Its printed name.';
comment on column app.message.author_id is 'The author; null for an API key.';
comment on column app.message.author_name is 'Name of the author, or of the key.';
comment on column app.message.text is 'The text, up to 10,000 characters.';
comment on column app.message.created_at is 'When it was written.';

comment on table app.history is 'What happened to a lead, for its parties: no personal data of the prospect.';
comment on column app.history.marketplace_id is 'The marketplace.';
comment on column app.history.id is 'Id (time-ordered UUID).';
comment on column app.history.lead_id is 'The lead.';
comment on column app.history.parties is 'Copy of lead.parties; a difference fails at commit.';
comment on column app.history.event is 'What happened: created, submitted, offered, picked …';
comment on column app.history.company_id is 'Who did it; null: a timer or a rule.';
comment on column app.history.company_name is 'Its printed name.';
comment on column app.history.colleague_id is 'The colleague who did it; null for an API key.';
comment on column app.history.colleague_name is 'His name at that time.';
comment on column app.history.detail is 'Details by event; never the name of a taker other than the engaged one.';
comment on column app.history.created_at is 'When it happened.';

comment on table app.disclosure is 'Who received which personal data when: evidence, never changed.';
comment on column app.disclosure.marketplace_id is 'The marketplace.';
comment on column app.disclosure.id is 'Id (time-ordered UUID).';
comment on column app.disclosure.lead_id is 'The lead.';
comment on column app.disclosure.company_id is 'The recipient.';
comment on column app.disclosure.operator_company_id is 'The operator, who disclosed.';
comment on column app.disclosure.parties is 'Who sees it: operator and recipient. Generated.';
comment on column app.disclosure.company_name is 'Printed name of the recipient.';
comment on column app.disclosure.colleague_name is 'The colleague whose pick it was; null for an assignment.';
comment on column app.disclosure.reason is 'pick or assignment.';
comment on column app.disclosure.fields is 'Names of the fields that held data then; no values.';
comment on column app.disclosure.created_at is 'When.';

comment on table app.lead_import is 'Report of a file that a company imported.';
comment on column app.lead_import.marketplace_id is 'The marketplace.';
comment on column app.lead_import.id is 'Id (time-ordered UUID).';
comment on column app.lead_import.company_id is 'The importing company.';
comment on column app.lead_import.colleague_id is 'Who imported; null for an API key.';
comment on column app.lead_import.file_name is 'Name of the file, up to 255 characters.';
comment on column app.lead_import.format is 'Detected format.';
comment on column app.lead_import.encoding is 'Detected encoding.';
comment on column app.lead_import.separator is 'Detected separator; null for spreadsheets.';
comment on column app.lead_import.imported is 'Rows that became leads.';
comment on column app.lead_import.duplicates is 'Rows that had come in before.';
comment on column app.lead_import.refused is 'Rows that could not be used.';
comment on column app.lead_import.created_at is 'When.';

comment on table app.lead_import_row is 'Result of one row of an imported file; none of its data.';
comment on column app.lead_import_row.marketplace_id is 'The marketplace.';
comment on column app.lead_import_row.import_id is 'The import.';
comment on column app.lead_import_row.row_number is 'Number of the row in the file.';
comment on column app.lead_import_row.company_id is 'The importing company.';
comment on column app.lead_import_row.outcome is 'imported; duplicate; refused.';
comment on column app.lead_import_row.lead_id is 'The lead it became or was already.';
comment on column app.lead_import_row.code is 'Why it was refused.';
comment on column app.lead_import_row.field is 'The field that was the reason.';
comment on column app.lead_import_row.detail is 'Why, in words, for the reader of the report; none of the row''s data.';
comment on column app.lead_import_row.warnings is 'What was corrected or left out.';

comment on table app_private.secret is 'One random value, made with the database, known to nobody.';
comment on column app_private.secret.only_row is 'There is one row.';
comment on column app_private.secret.pepper is 'Makes salts of unknown e-mail addresses unpredictable.';
comment on table app_private.credential is 'How a colleague shows who he is.';
comment on column app_private.credential.colleague_id is 'The colleague.';
comment on column app_private.credential.salt is '16 random bytes, handed to the web tier to stretch with.';
comment on column app_private.credential.proof_sha256 is 'SHA-256 of the stretched password.';
comment on column app_private.credential.changed_at is 'When the password was set.';
comment on table app_private.bearer is 'Tokens of sessions and API keys, as hashes: the source of every context.';
comment on column app_private.bearer.token_sha256 is 'SHA-256 of the token.';
comment on column app_private.bearer.company_id is 'For whom the token acts: the company of its colleague or key.';
comment on column app_private.bearer.company_state is 'State of that company; no context unless it is active.';
comment on column app_private.bearer.active is 'Whether its colleague or key is active; no context otherwise.';
comment on column app_private.bearer.colleague_id is 'Whose session; null for an API key.';
comment on column app_private.bearer.api_key_id is 'Which API key; null for a session.';
comment on column app_private.bearer.address_sha256 is 'SHA-256 of the client''s address at log-in.';
comment on column app_private.bearer.created_at is 'When it was issued.';
comment on column app_private.bearer.expires_at is 'No context from then on; infinity for API keys.';
comment on table app_private.invitation_token is 'Tokens of open invitations, as hashes.';
comment on column app_private.invitation_token.token_sha256 is 'SHA-256 of the token that was mailed.';
comment on column app_private.invitation_token.invitation_id is 'The invitation.';
comment on table app_private.rate is 'Rate limits: one row for each bucket in use.';
comment on column app_private.rate.bucket is 'SHA-256 of what is limited; holds no address.';
comment on column app_private.rate.full_at is 'When the bucket will be full again.';
comment on table app_private.idempotent_answer is 'First answers to Idempotency-Keys, kept for 48 hours.';
comment on column app_private.idempotent_answer.company_id is 'The company whose key it is.';
comment on column app_private.idempotent_answer.key is 'The key, up to 255 characters.';
comment on column app_private.idempotent_answer.request_sha256 is 'SHA-256 of method, path and body it is bound to.';
comment on column app_private.idempotent_answer.status is 'HTTP status of the answer; below 500.';
comment on column app_private.idempotent_answer.headers is 'Its headers.';
comment on column app_private.idempotent_answer.body is 'Its body, byte for byte.';
comment on column app_private.idempotent_answer.created_at is 'When.';
comment on table app_private.outbox is 'What is to be sent, written in the transaction of its cause.';
comment on column app_private.outbox.id is 'Id (time-ordered UUID).';
comment on column app_private.outbox.kind is 'mail.';
comment on column app_private.outbox.template is 'Which mail.';
comment on column app_private.outbox.recipient is 'E-mail address.';
comment on column app_private.outbox.language is 'de or en.';
comment on column app_private.outbox.company_id is 'The company on whose behalf it is sent.';
comment on column app_private.outbox.payload is 'Values for the template.';
comment on column app_private.outbox.created_at is 'When it was written.';
comment on column app_private.outbox.due_at is 'Not to be tried before.';
comment on column app_private.outbox.attempts is 'Attempts so far.';
comment on column app_private.outbox.lease_until is 'Somebody is sending it until then.';
comment on column app_private.outbox.delivered_at is 'Done.';
comment on table app_private.audit_entry is 'Security-relevant events; no personal data, never changed.';
comment on column app_private.audit_entry.id is 'Id (time-ordered UUID).';
comment on column app_private.audit_entry.at is 'When.';
comment on column app_private.audit_entry.company_id is 'Whose action; null: nobody''s.';
comment on column app_private.audit_entry.colleague_id is 'The colleague; null for an API key.';
comment on column app_private.audit_entry.action is 'What was done.';
comment on column app_private.audit_entry.object_id is 'To what.';
comment on column app_private.audit_entry.detail is 'Details without personal data.';
