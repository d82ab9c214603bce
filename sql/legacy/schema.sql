-- The former, user-based model: the contract for whoever exports the old system.
--
-- Runs with psql alone, as whoever may create a schema: psql -1 -v ON_ERROR_STOP=1 -f sql/legacy/schema.sql
-- It belongs to no revision. Kollegium reads it through `kollegium legacy --schema/--url/--csv` and
-- never writes to it; `kollegium legacy generate` fills it with invented data.
--
-- There are no foreign keys, unique constraints or checks beside primary keys, because the old
-- system had none: what does not fit together is found by `kollegium legacy plan`, row by row.
-- Ids are numbers that were never used twice. Times are with time zone. Text is UTF-8.
--
-- WHO SAW WHAT: the legacy rules, of which `kollegium legacy prove` holds the new ones to account
--
--   L1  A user acts for himself alone. Groups gave nobody a right to see anything.
--   L2  A user whose deleted_at is set sees nothing and his API keys open nothing.
--   L3  A user sees a lead, with all the personal data in it, when he
--         a) owns its marketplace                        (marketplaces.owner_user_id), or
--         b) gave it                                     (leads.giver_user_id), or
--         c) picked it                                   (leads.picked_by_user_id).
--       Nobody else sees it, whatever offers, comments or participations he has.
--   L4  A user to whom a lead was offered sees the offer (what is asked for, the leading digits of the
--       postcode, the tags), and not the person, while the offer is open: offers.state = 'open',
--       leads.state = 'offered' and nobody picked it. After the pick the picker sees his offer; for
--       everybody else it is gone.
--   L5  The owner of the marketplace sees every offer of its leads, in any state.
--   L6  An internal comment is seen by its author; a shared one by whoever sees the lead.
--   L7  A user sees the marketplaces that he owns, and those where he is a participant by name and
--       statuses; the owner sees his participants, others do not.
--   L8  An API key acts as its user.

create schema legacy;
comment on schema legacy is 'The former, user-based model. Read when its users move in, never written.';
set search_path = legacy;

-- ---------------------------------------------------------------------------------------------
-- Users and groups
-- ---------------------------------------------------------------------------------------------
create table users (
  id bigint primary key,
  email text,
  password_hash text,
  first_name text,
  last_name text,
  company_name text,
  vat_id text,
  phone text,
  language text,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  deleted_at timestamptz
);
comment on table users is 'A user was a firm of his own: log-in, name and everything he owned.';
comment on column users.id is 'Number of the user.';
comment on column users.email is 'Log-in. Compared exactly, so two users may differ in case alone.';
comment on column users.password_hash is
  'pbkdf2_sha256$<iterations>$<salt>$<base64 of 32 bytes>: PBKDF2 with HMAC-SHA-256 over the UTF-8 bytes of password and salt. Anything else, or null, cannot be checked.';
comment on column users.first_name is 'First name.';
comment on column users.last_name is 'Last name.';
comment on column users.company_name is 'The firm''s name as the user wrote it; several users may have the same.';
comment on column users.vat_id is 'VAT id as written; not checked by the old system.';
comment on column users.phone is 'Telephone number as written.';
comment on column users.language is 'de or en; null means de.';
comment on column users.created_at is 'When he registered.';
comment on column users.updated_at is 'When the row changed last.';
comment on column users.deleted_at is 'Set: deleted by himself or staff. The row stays, because leads point to it.';

create table groups (
  id bigint primary key,
  owner_user_id bigint,
  name text,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
comment on table groups is 'A list of users who know each other. It gave no rights (L1).';
comment on column groups.id is 'Number of the group.';
comment on column groups.owner_user_id is 'Who made it.';
comment on column groups.name is 'Its name.';
comment on column groups.created_at is 'When it was made.';
comment on column groups.updated_at is 'When the row changed last.';

create table group_members (
  group_id bigint not null,
  user_id bigint not null,
  joined_at timestamptz not null,
  primary key (group_id, user_id)
);
comment on table group_members is 'Who is in which group; a user may be in several. Leaving deletes the row.';
comment on column group_members.group_id is 'The group.';
comment on column group_members.user_id is 'The user.';
comment on column group_members.joined_at is 'Since when.';

-- ---------------------------------------------------------------------------------------------
-- Marketplaces
-- ---------------------------------------------------------------------------------------------
create table marketplaces (
  id bigint primary key,
  owner_user_id bigint,
  name text,
  response_hours integer,
  teaser_digits integer,
  giver_may_withdraw boolean,
  auto_accept boolean,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
comment on table marketplaces is 'A place where leads are offered; it belonged to one user.';
comment on column marketplaces.id is 'Number of the marketplace.';
comment on column marketplaces.owner_user_id is 'The user who operates it.';
comment on column marketplaces.name is 'Its name.';
comment on column marketplaces.response_hours is 'How long an offer stays open; null means 48.';
comment on column marketplaces.teaser_digits is 'Leading digits of the postcode shown before the pick; null means 2.';
comment on column marketplaces.giver_may_withdraw is 'May a giver take back an unpicked lead? Null means true.';
comment on column marketplaces.auto_accept is 'Are new leads released without the owner? Null means false.';
comment on column marketplaces.created_at is 'When it was made.';
comment on column marketplaces.updated_at is 'When the row changed last.';

create table statuses (
  id bigint primary key,
  marketplace_id bigint not null,
  position integer not null,
  name text not null,
  updated_at timestamptz not null
);
comment on table statuses is 'The pipeline of a marketplace: steps of a picked lead, in order.';
comment on column statuses.id is 'Number of the status.';
comment on column statuses.marketplace_id is 'The marketplace.';
comment on column statuses.position is 'Order within the marketplace, ascending.';
comment on column statuses.name is 'Its name; once within a marketplace.';
comment on column statuses.updated_at is 'When the row changed last.';

create table participants (
  id bigint primary key,
  marketplace_id bigint not null,
  user_id bigint not null,
  role text not null,
  state text not null,
  postcode_areas text,
  tags text,
  cap integer,
  created_at timestamptz not null,
  updated_at timestamptz not null
);
comment on table participants is 'A user takes part in a marketplace of another user; two rows if he gives and takes.';
comment on column participants.id is 'Number of the row.';
comment on column participants.marketplace_id is 'The marketplace.';
comment on column participants.user_id is 'The user.';
comment on column participants.role is 'giver or taker.';
comment on column participants.state is 'invited; active; declined; ended.';
comment on column participants.postcode_areas is 'Where a taker works: leading digits, separated by commas; empty means everywhere.';
comment on column participants.tags is 'What a taker takes, separated by commas; empty means everything.';
comment on column participants.cap is 'Most leads a taker works at once; null means any number.';
comment on column participants.created_at is 'When he was invited.';
comment on column participants.updated_at is 'When the row changed last.';

-- ---------------------------------------------------------------------------------------------
-- Leads
-- ---------------------------------------------------------------------------------------------
create table leads (
  id bigint primary key,
  marketplace_id bigint not null,
  giver_user_id bigint,
  picked_by_user_id bigint,
  picked_at timestamptz,
  state text not null,
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
  created_at timestamptz not null,
  updated_at timestamptz not null
);
comment on table leads is 'Somebody who asks for something, with all his data in one row.';
comment on column leads.id is 'Number of the lead.';
comment on column leads.marketplace_id is 'The marketplace; a lead never moves to another.';
comment on column leads.giver_user_id is 'Who put it in; null, or the owner himself: the marketplace''s owner.';
comment on column leads.picked_by_user_id is 'Who works it; null: nobody. Cleared when it is given back.';
comment on column leads.picked_at is 'When he picked it; null means updated_at.';
comment on column leads.state is
  'new (waits for release); released; offered; picked, won, lost (need picked_by_user_id); rejected; withdrawn.';
comment on column leads.status_id is 'Status of a picked lead; null means the first one.';
comment on column leads.interest is 'What is asked for.';
comment on column leads.tags is 'Separated by commas.';
comment on column leads.consent is 'Did the person agree that the data is passed on? Null: nobody asked.';
comment on column leads.value is 'Value of a won lead.';
comment on column leads.closed_at is 'When it was won or lost; null means updated_at.';
comment on column leads.contact_name is 'Full name.';
comment on column leads.contact_salutation is 'Salutation.';
comment on column leads.contact_company is 'The person''s firm.';
comment on column leads.contact_email is 'E-mail address as given.';
comment on column leads.contact_phone is 'Telephone number as given.';
comment on column leads.contact_street is 'Street and number.';
comment on column leads.contact_postcode is 'Postcode as given.';
comment on column leads.contact_city is 'Town.';
comment on column leads.contact_country is 'Country.';
comment on column leads.created_at is 'When it came in.';
comment on column leads.updated_at is 'When the row changed last.';

create table offers (
  id bigint primary key,
  lead_id bigint not null,
  user_id bigint not null,
  state text not null,
  reason text,
  offered_at timestamptz not null,
  expires_at timestamptz,
  answered_at timestamptz,
  updated_at timestamptz not null
);
comment on table offers is 'A lead offered to a user.';
comment on column offers.id is 'Number of the offer.';
comment on column offers.lead_id is 'The lead.';
comment on column offers.user_id is 'The user; one offer of a lead each.';
comment on column offers.state is 'open; picked; declined; expired; lost; withdrawn.';
comment on column offers.reason is 'Why it was declined, in the user''s words.';
comment on column offers.offered_at is 'When it was made.';
comment on column offers.expires_at is 'Until when it can be picked; null means offered_at and the response hours.';
comment on column offers.answered_at is 'When its state left open.';
comment on column offers.updated_at is 'When the row changed last.';

create table comments (
  id bigint primary key,
  lead_id bigint not null,
  user_id bigint not null,
  shared boolean not null,
  text text,
  created_at timestamptz not null
);
comment on table comments is 'What users wrote about a lead. Never edited or deleted.';
comment on column comments.id is 'Number of the comment.';
comment on column comments.lead_id is 'The lead.';
comment on column comments.user_id is 'The author.';
comment on column comments.shared is 'true: for whoever sees the lead; false: for the author alone (L6).';
comment on column comments.text is 'The text.';
comment on column comments.created_at is 'When.';

create table api_keys (
  id bigint primary key,
  user_id bigint not null,
  name text,
  token_sha256 text,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  revoked_at timestamptz
);
comment on table api_keys is 'Access for a program of the user.';
comment on column api_keys.id is 'Number of the key.';
comment on column api_keys.user_id is 'The user as whom it acts.';
comment on column api_keys.name is 'What he called it.';
comment on column api_keys.token_sha256 is
  'SHA-256 of the token''s UTF-8 bytes, 64 hexadecimal digits: the form in which Kollegium keeps tokens too, so they go on working.';
comment on column api_keys.created_at is 'When it was made.';
comment on column api_keys.updated_at is 'When the row changed last.';
comment on column api_keys.revoked_at is 'Set: it opens nothing any more.';

create index on offers (lead_id);
create index on comments (lead_id);
reset search_path;
