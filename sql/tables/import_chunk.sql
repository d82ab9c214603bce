create table app_private.import_chunk (
  marketplace_id uuid not null,
  import_id uuid not null,
  number integer not null check (number >= 0),
  rows jsonb not null check (jsonb_array_length(rows) between 1 and 50),
  created_at timestamptz not null default app_private.clock(),
  primary key (marketplace_id, import_id, number),
  foreign key (marketplace_id, import_id) references app.lead_import (marketplace_id, id)
);
create index on app_private.import_chunk (created_at);

comment on table app_private.import_chunk is 'Up to 50 rows of a file that wait to become leads. Personal data: each chunk goes with its last row, all of an import when it ends, at the latest after 7 days.';
comment on column app_private.import_chunk.marketplace_id is 'The marketplace.';
comment on column app_private.import_chunk.import_id is 'The import (app.lead_import).';
comment on column app_private.import_chunk.number is 'Its place in the file: rows 50 x number + 1 and following.';
comment on column app_private.import_chunk.rows is 'What was read of them: a lead to put in, or why there is none. [personal]';
comment on column app_private.import_chunk.created_at is 'When it was uploaded.';

grant select, insert, delete on app_private.import_chunk to kollegium_broker;
