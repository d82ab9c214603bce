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
