create table app_private.rate (
  bucket bytea primary key,
  full_at timestamptz not null
);
create index on app_private.rate (full_at);

comment on table app_private.rate is 'Rate limits: one row for each bucket in use.';
comment on column app_private.rate.bucket is 'SHA-256 of what is limited; holds no address.';
comment on column app_private.rate.full_at is 'When the bucket will be full again.';

grant select, insert, update, delete on app_private.rate to kollegium_broker;
