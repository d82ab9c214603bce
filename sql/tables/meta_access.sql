create table app_private.meta_access (
  marketplace_id uuid not null,
  intake_key_id uuid not null,
  hmac_inner bytea not null check (length(hmac_inner) = 64),
  hmac_outer bytea not null check (length(hmac_outer) = 64),
  access_token text not null check (access_token ~ '^[!-~]+$' and length(access_token) <= 1000),
  set_at timestamptz not null default app_private.clock(),
  primary key (marketplace_id, intake_key_id),
  foreign key (marketplace_id, intake_key_id) references app.intake_key (marketplace_id, id)
);

comment on table app_private.meta_access is 'What a key of Meta''s lead ads works with: what notifications are checked by, and what leads are fetched with. Goes when the key is revoked. Nobody but functions reads it. Erasure: no personal data.';
comment on column app_private.meta_access.marketplace_id is 'The marketplace of the key.';
comment on column app_private.meta_access.intake_key_id is 'The key.';
comment on column app_private.meta_access.hmac_inner is 'The app secret as HMAC-SHA-256 uses it, first part: its bytes to 64, each against 36 (hexadecimal). The secret itself is not kept.';
comment on column app_private.meta_access.hmac_outer is 'The same, second part: against 5c.';
comment on column app_private.meta_access.access_token is 'The access token of the page, as it is: Graph wants to see it. [none]';
comment on column app_private.meta_access.set_at is 'When it was entered.';

grant select, insert, delete on app_private.meta_access to kollegium_broker;
grant update (hmac_inner, hmac_outer, access_token, set_at) on app_private.meta_access to kollegium_broker;
