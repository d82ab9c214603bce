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
