create table app.import_mapping (
  id uuid primary key,
  company_id uuid not null references app.company,
  name text not null check (length(name) between 1 and 40),
  mapping text not null check (length(mapping) between 1 and 65536),
  saved_by text not null,
  saved_at timestamptz not null default app_private.clock()
);
create index import_mapping_company on app.import_mapping (company_id, id desc);

comment on table app.import_mapping is 'How a company reads files of one of its sources: which column is which field. No personal data of prospects.';
comment on column app.import_mapping.id is 'Id (time-ordered UUID).';
comment on column app.import_mapping.company_id is 'Whose it is; a merge moves it.';
comment on column app.import_mapping.name is 'The source; of several with one name the newest counts. [free text]';
comment on column app.import_mapping.mapping is 'The mapping (TOML). [free text]';
comment on column app.import_mapping.saved_by is 'Printed name of who saved it. [personal]';
comment on column app.import_mapping.saved_at is 'When.';
