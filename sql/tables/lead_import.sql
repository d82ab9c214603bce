create table app.lead_import (
  marketplace_id uuid not null,
  id uuid not null,
  company_id uuid not null references app.company,
  colleague_id uuid references app.colleague (id),
  file_name text not null check (length(file_name) <= 255),
  format text not null,
  encoding text not null,
  separator text,
  imported integer not null,
  duplicates integer not null,
  refused integer not null,
  created_at timestamptz not null default now(),
  primary key (marketplace_id, id),
  foreign key (marketplace_id) references app.marketplace (id)
);
create index lead_import_company on app.lead_import (company_id, id desc);

comment on table app.lead_import is 'Report of a file that a company imported.';
comment on column app.lead_import.marketplace_id is 'The marketplace.';
comment on column app.lead_import.id is 'Id (time-ordered UUID).';
comment on column app.lead_import.company_id is 'The importing company.';
comment on column app.lead_import.colleague_id is 'Who imported; null for an API key.';
comment on column app.lead_import.file_name is 'Name of the file, up to 255 characters.';
comment on column app.lead_import.format is 'Detected format.';
comment on column app.lead_import.encoding is 'Detected encoding.';
comment on column app.lead_import.separator is 'Detected separator; null for spreadsheets.';
comment on column app.lead_import.imported is 'Rows that became leads.';
comment on column app.lead_import.duplicates is 'Rows that had come in before.';
comment on column app.lead_import.refused is 'Rows that could not be used.';
comment on column app.lead_import.created_at is 'When.';
