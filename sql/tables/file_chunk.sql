create table app_private.file_chunk (
  marketplace_id uuid not null,
  file_id uuid not null,
  number integer not null check (number between 0 and 399),
  content bytea not null check (length(content) between 1 and 262144),
  kept boolean not null default false,
  created_at timestamptz not null default app_private.clock(),
  primary key (marketplace_id, file_id, number)
);
-- What is compressed already (PDF, pictures, office documents) is not compressed again.
alter table app_private.file_chunk alter content set storage external;
-- What belongs to no file, for its removal.
create index file_chunk_loose on app_private.file_chunk (created_at) where not kept;

comment on table app_private.file_chunk is 'What is in the files of leads, in parts of 256 KiB; read through app.file_part alone, which asks who sees the file (app.note_file, app.message_file). Goes with its file, at its erasure, too.';
comment on column app_private.file_chunk.marketplace_id is 'The marketplace of the file.';
comment on column app_private.file_chunk.file_id is 'The file.';
comment on column app_private.file_chunk.number is 'Its place in the file, from 0.';
comment on column app_private.file_chunk.content is 'The bytes: 256 KiB, of the last part what is left. [personal]';
comment on column app_private.file_chunk.kept is 'Whether it belongs to a file by now.';
comment on column app_private.file_chunk.created_at is 'When it was written.';

grant select, insert, delete, update (kept) on app_private.file_chunk to kollegium_broker;
