create table app.import_consent (
  marketplace_id uuid not null,
  id uuid not null,
  import_id uuid not null,
  company_id uuid not null references app.company,
  colleague_id uuid references app.colleague (id),
  api_key_id uuid references app.api_key (id),
  stated_by text not null,
  text text not null check (length(text) between 1 and 10000),
  source text not null check (length(source) between 1 and 200),
  given_at timestamptz not null check (isfinite(given_at)),
  state text not null default 'running' check (state in ('running', 'done')),
  row_number integer not null default 0,
  leads integer not null default 0,
  submitted integer not null default 0 check (submitted <= leads),
  created_at timestamptz not null default app_private.clock(),
  primary key (marketplace_id, id),
  foreign key (marketplace_id, import_id) references app.lead_import (marketplace_id, id)
);
create index import_consent_import on app.import_consent (marketplace_id, import_id, id);
create index import_consent_company on app.import_consent (company_id, id desc);
create index import_consent_running on app.import_consent (id) where state = 'running';

comment on table app.import_consent is 'What a company states of the consent of the persons in one of its files: the proof of it, none of their data.';
comment on column app.import_consent.marketplace_id is 'The marketplace.';
comment on column app.import_consent.id is 'Id (time-ordered UUID); the history of each lead names it.';
comment on column app.import_consent.import_id is 'The import whose drafts it is for.';
comment on column app.import_consent.company_id is 'The company that states it; a merge moves it with the import.';
comment on column app.import_consent.colleague_id is 'Who states it; null for an API key.';
comment on column app.import_consent.api_key_id is 'The API key that states it; null for a colleague.';
comment on column app.import_consent.stated_by is 'His printed name, as it was then. [personal]';
comment on column app.import_consent.text is 'What the persons agreed to, word for word. [free text]';
comment on column app.import_consent.source is 'Where they did: a form, a campaign, paper. [free text]';
comment on column app.import_consent.given_at is 'When they did; of several the last.';
comment on column app.import_consent.state is 'running: not all drafts were looked at; done. [none]';
comment on column app.import_consent.row_number is 'Up to which row of the file drafts were looked at.';
comment on column app.import_consent.leads is 'Drafts that got the permission by it.';
comment on column app.import_consent.submitted is 'Those of them that were submitted.';
comment on column app.import_consent.created_at is 'When it was stated.';
