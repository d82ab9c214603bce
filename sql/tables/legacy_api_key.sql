create table app_private.legacy_api_key (
  legacy_id bigint primary key,
  api_key_id uuid not null unique references app.api_key
);

comment on table app_private.legacy_api_key is 'Which API key one of the former system became.';
comment on column app_private.legacy_api_key.legacy_id is 'Its legacy number.';
comment on column app_private.legacy_api_key.api_key_id is 'The key.';

grant select, insert, update, delete on app_private.legacy_api_key to kollegium_broker;
