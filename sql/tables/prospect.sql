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
