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
