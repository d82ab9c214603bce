create table app_private.schema_state (
  only_row boolean primary key default true check (only_row),
  revision text not null,
  hash text not null check (hash ~ '^[0-9a-f]{64}$'),
  serves text[] not null
);

comment on table app_private.schema_state is
  'What this database was built from: written by the last revision that was applied. No personal data; never erased.';
comment on column app_private.schema_state.only_row is 'There is one row.';
comment on column app_private.schema_state.revision is 'The last revision that was applied. [none]';
comment on column app_private.schema_state.hash is 'SHA-256 of the folder sql/ that it applied. [none]';
comment on column app_private.schema_state.serves is
  'Older revisions whose releases may go on serving on this schema while they are being replaced. [none]';

grant select on app_private.schema_state to kollegium_broker;
