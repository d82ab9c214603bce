create table app_private.webhook_secret (
  webhook_id uuid not null references app_private.webhook on delete cascade,
  secret text not null check (secret ~ '^whsec_[A-Za-z0-9+/]{32,100}={0,2}$'),
  made_at timestamptz not null default app_private.clock(),
  ends_at timestamptz not null default 'infinity',
  primary key (webhook_id, secret)
);

comment on table app_private.webhook_secret is 'What deliveries are signed with: one secret a webhook, and for a day the one before. As it is, because signing needs it; shown once, when it is made. Erasure: no personal data.';
comment on column app_private.webhook_secret.webhook_id is 'The webhook.';
comment on column app_private.webhook_secret.secret is 'whsec_ and base64 (Standard Webhooks). [none]';
comment on column app_private.webhook_secret.made_at is 'When it was made.';
comment on column app_private.webhook_secret.ends_at is 'Until when it signs.';

grant select, insert, delete on app_private.webhook_secret to kollegium_broker;
grant update (ends_at) on app_private.webhook_secret to kollegium_broker;
