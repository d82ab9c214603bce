create table app_private.legacy_marketplace (
  legacy_id bigint primary key,
  owner_legacy_id bigint not null,
  marketplace_id uuid not null unique references app.marketplace,
  row_hash bigint not null,
  version integer not null,
  imported_at timestamptz not null default app_private.clock()
);

comment on table app_private.legacy_marketplace is 'Which marketplace one of the former system became.';
comment on column app_private.legacy_marketplace.legacy_id is 'Its legacy number.';
comment on column app_private.legacy_marketplace.owner_legacy_id is 'The user who owns it there; his company operates it.';
comment on column app_private.legacy_marketplace.marketplace_id is 'The marketplace.';
comment on column app_private.legacy_marketplace.row_hash is 'Hash of the row and its statuses as imported.';
comment on column app_private.legacy_marketplace.version is 'Version when written.';
comment on column app_private.legacy_marketplace.imported_at is 'When.';

grant select, insert, update, delete on app_private.legacy_marketplace to kollegium_broker;
