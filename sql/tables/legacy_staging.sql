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
  began_at timestamptz not null default app_private.clock(),
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
