create table app_private.push_subscription (
  id uuid primary key,
  token_sha256 bytea not null references app_private.bearer on delete cascade,
  endpoint text not null unique check (endpoint ~ '^https?://' and length(endpoint) <= 2100),
  p256dh text not null check (p256dh ~ '^[A-Za-z0-9_-]{87}$'),
  auth text not null check (auth ~ '^[A-Za-z0-9_-]{22}$'),
  created_at timestamptz not null default app_private.clock(),
  pushed_at timestamptz,
  failing_since timestamptz
);
create index push_subscription_token on app_private.push_subscription (token_sha256);

comment on table app_private.push_subscription is 'A browser that wants to be told of offers. Hangs on the session in which it was subscribed: goes with a log-out, with a colleague who is deactivated, when its push service says that it is gone, and when nobody logged in there for a month. Erasure: no data of a prospect.';
comment on column app_private.push_subscription.id is 'Id (time-ordered UUID).';
comment on column app_private.push_subscription.token_sha256 is 'The session; says whose browser it is, and for which company he acts.';
comment on column app_private.push_subscription.endpoint is 'Where the push service of the browser takes it, as service/outgoing spells it. [none]';
comment on column app_private.push_subscription.p256dh is 'Public key of the browser, for which it is encrypted (base64url). [none]';
comment on column app_private.push_subscription.auth is 'Secret between it and us (base64url). [none]';
comment on column app_private.push_subscription.created_at is 'When it was subscribed.';
comment on column app_private.push_subscription.pushed_at is 'When its push service last took something.';
comment on column app_private.push_subscription.failing_since is 'Since when it took nothing; null: the last time it did.';

grant select, insert, delete on app_private.push_subscription to kollegium_broker;
grant update (pushed_at, failing_since) on app_private.push_subscription to kollegium_broker;
