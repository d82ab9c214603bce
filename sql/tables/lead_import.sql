create table app.lead_import (
  marketplace_id uuid not null,
  id uuid not null,
  company_id uuid not null references app.company,
  colleague_id uuid references app.colleague (id),
  api_key_id uuid references app.api_key (id),
  file_name text not null check (length(file_name) <= 255),
  format text not null,
  encoding text not null,
  separator text,
  dry_run boolean not null default false,
  state text not null check (state in ('waiting', 'running', 'done', 'failed')),
  rows integer not null check (rows >= 0),
  done integer not null default 0 check (done between 0 and rows),
  imported integer not null default 0,
  duplicates integer not null default 0,
  refused integer not null default 0,
  remarks jsonb not null default '[]',
  skipped jsonb not null default '[]',
  sheets jsonb not null default '[]',
  problem text,
  attempts integer not null default 0,
  retry_at timestamptz not null default app_private.clock(),
  created_at timestamptz not null default app_private.clock(),
  ended_at timestamptz,
  primary key (marketplace_id, id),
  foreign key (marketplace_id) references app.marketplace (id),
  check (done = imported + duplicates + refused),
  check (state <> 'done' or done = rows),
  check ((state = 'failed') = (problem is not null)),
  check ((state in ('done', 'failed')) = (ended_at is not null))
);
create index lead_import_company on app.lead_import (company_id, id desc);
create index lead_import_unended on app.lead_import (retry_at) where state in ('waiting', 'running');

comment on table app.lead_import is 'A file that a company imports: how far it is, and its report.';
comment on column app.lead_import.marketplace_id is 'The marketplace.';
comment on column app.lead_import.id is 'Id (time-ordered UUID).';
comment on column app.lead_import.company_id is 'The importing company, as `enter` found it at the upload; a merge moves it.';
comment on column app.lead_import.colleague_id is 'Who imports; null for an API key.';
comment on column app.lead_import.api_key_id is 'The API key that imports; null for a colleague.';
comment on column app.lead_import.file_name is 'Name of the file, up to 255 characters. [free text]';
comment on column app.lead_import.format is 'Detected format. [none]';
comment on column app.lead_import.encoding is 'Detected encoding. [none]';
comment on column app.lead_import.separator is 'Detected separator; null for spreadsheets. [none]';
comment on column app.lead_import.dry_run is 'true: every row is tried and taken back.';
comment on column app.lead_import.state is 'waiting; running: some of its rows have a result; done: all have; failed: see problem. [none]';
comment on column app.lead_import.rows is 'Rows of the file that get a result.';
comment on column app.lead_import.done is 'Rows that have theirs: the first so many.';
comment on column app.lead_import.imported is 'Rows that became leads.';
comment on column app.lead_import.duplicates is 'Rows that had come in before.';
comment on column app.lead_import.refused is 'Rows that could not be used.';
comment on column app.lead_import.remarks is 'What there is to know of the file as a whole; none of its data. [none]';
comment on column app.lead_import.skipped is 'Lines that are no rows: a title above the header, the footer of a report. [free text]';
comment on column app.lead_import.sheets is 'Sheets of a spreadsheet: which were read, from which row on, and which not. [free text]';
comment on column app.lead_import.problem is 'Why it failed, as a slug; what is done stays. [none]';
comment on column app.lead_import.attempts is 'How often it was begun since it last went on.';
comment on column app.lead_import.retry_at is 'Not to be gone on with by the worker before.';
comment on column app.lead_import.created_at is 'When it was uploaded.';
comment on column app.lead_import.ended_at is 'When it was done, or failed.';
