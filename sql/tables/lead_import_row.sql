create table app.lead_import_row (
  marketplace_id uuid not null,
  import_id uuid not null,
  row_number integer not null,
  company_id uuid not null references app.company,
  outcome text not null check (outcome in ('imported', 'duplicate', 'refused')),
  lead_id uuid,
  code text,
  field text,
  detail jsonb not null default '{}',
  warnings jsonb not null default '[]',
  primary key (marketplace_id, import_id, row_number),
  foreign key (marketplace_id, import_id) references app.lead_import (marketplace_id, id)
);
create index lead_import_row_outcome on app.lead_import_row (marketplace_id, import_id, outcome, row_number);

comment on table app.lead_import_row is 'Result of one row of an imported file; none of its data.';
comment on column app.lead_import_row.marketplace_id is 'The marketplace.';
comment on column app.lead_import_row.import_id is 'The import.';
comment on column app.lead_import_row.row_number is 'Number of the row in the file.';
comment on column app.lead_import_row.company_id is 'The importing company.';
comment on column app.lead_import_row.outcome is 'imported; duplicate; refused. [none]';
comment on column app.lead_import_row.lead_id is 'The lead it became or was already.';
comment on column app.lead_import_row.code is 'Why it was refused. [none]';
comment on column app.lead_import_row.field is 'The field that was the reason. [none]';
comment on column app.lead_import_row.detail is 'Why, in words, for the reader of the report; none of the row''s data. [none]';
comment on column app.lead_import_row.warnings is 'What was corrected or left out. [free text]';
