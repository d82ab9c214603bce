create table app.note (
  marketplace_id uuid not null,
  id uuid not null,
  lead_id uuid not null,
  company_id uuid not null references app.company,
  author_id uuid references app.colleague (id),
  author_name text not null,
  text text not null check (length(text) between 1 and 10000),
  created_at timestamptz not null default app_private.clock(),
  engagement_id uuid,
  primary key (marketplace_id, id),
  foreign key (marketplace_id, lead_id) references app.lead (marketplace_id, id),
  foreign key (marketplace_id, engagement_id) references app.engagement (marketplace_id, id)
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
comment on column app.note.engagement_id is 'The engagement in which it was written; null: before any. Who reads it does not hang on it.';
