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
create index message_lead on app.message (marketplace_id, lead_id, id desc);

comment on table app.message is 'Shared by the parties of one engagement; before any, by operator and giver.';
comment on column app.message.marketplace_id is 'The marketplace.';
comment on column app.message.id is 'Id (time-ordered UUID).';
comment on column app.message.lead_id is 'The lead.';
comment on column app.message.parties is 'Copy of engagement.parties, or without one of lead.origin_parties; a difference fails at commit.';
comment on column app.message.company_id is 'The author''s company.';
comment on column app.message.company_name is 'Its printed name; empty when it stands on the card of an engagement that ended. [none]';
comment on column app.message.author_id is 'The author; null for an API key.';
comment on column app.message.author_name is 'Name of the author, or of the key; empty as company_name is. [personal]';
comment on column app.message.text is 'The text, up to 10,000 characters. [free text]';
comment on column app.message.created_at is 'When it was written.';
comment on column app.message.engagement_id is 'The engagement in which it was written; null: before any.';
comment on column app.message.origin_parties is 'parties of a message before any engagement. Generated, for its foreign key.';
