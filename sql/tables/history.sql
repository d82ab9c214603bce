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
create index history_lead on app.history (marketplace_id, lead_id, id desc);

comment on table app.history is 'What happened to a lead, for the parties of the engagement in which it did, before any for operator and giver: no personal data of the prospect.';
comment on column app.history.marketplace_id is 'The marketplace.';
comment on column app.history.id is 'Id (time-ordered UUID).';
comment on column app.history.lead_id is 'The lead.';
comment on column app.history.parties is 'Copy of engagement.parties, or without one of lead.origin_parties; a difference fails at commit.';
comment on column app.history.event is 'What happened: created, submitted, offered, picked … [none]';
comment on column app.history.company_id is 'Who did it; null: a timer or a rule.';
comment on column app.history.company_name is 'Its printed name; null when it stands on the card of an engagement that ended. [none]';
comment on column app.history.colleague_id is 'The colleague who did it; null for an API key.';
comment on column app.history.colleague_name is 'His name at that time; null as company_name is. [personal]';
comment on column app.history.detail is 'Details by event: names of takers and handlers (company, handler) only until the engagement ends. [personal]';
comment on column app.history.created_at is 'When it happened.';
comment on column app.history.engagement_id is 'The engagement in which it happened; null: before any.';
comment on column app.history.origin_parties is 'parties of what happened before any engagement. Generated, for its foreign key.';
