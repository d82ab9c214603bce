create table app_private.webhook (
  id uuid primary key,
  company_id uuid not null references app.company,
  name text not null check (length(name) <= 200),
  url text not null check (url ~ '^https?://' and length(url) <= 2100),
  kinds text[] check (cardinality(kinds) between 1 and 100),
  state text not null default 'active' check (state in ('active', 'off', 'gone', 'failing')),
  active_since timestamptz not null default app_private.clock(),
  failing_since timestamptz,
  slow boolean not null default false,
  served_at timestamptz not null default '-infinity',
  created_at timestamptz not null default app_private.clock(),
  version integer not null default 1
);
create index webhook_company on app_private.webhook (company_id, id);
create index webhook_served on app_private.webhook (served_at) where state = 'active';

comment on table app_private.webhook is 'An address of a company that is told of its events. Read and changed by its admins, through functions: an address may hold a secret. Erasure: no personal data.';
comment on column app_private.webhook.id is 'Id (time-ordered UUID).';
comment on column app_private.webhook.company_id is 'Whose events it is told.';
comment on column app_private.webhook.name is 'What it is for, in the words of who made it. [none]';
comment on column app_private.webhook.url is 'Where to, as service/outgoing spells it. [none]';
comment on column app_private.webhook.kinds is 'Of which kinds it is told; null: of all. [none]';
comment on column app_private.webhook.state is 'active; off: an admin switched it off; gone: the receiver answered 410; failing: nothing was taken for three days. [none]';
comment on column app_private.webhook.active_since is 'It is told of what happened since.';
comment on column app_private.webhook.failing_since is 'Since when every attempt failed; null: the last one did not.';
comment on column app_private.webhook.slow is 'Whether the last attempt failed or took long: then one delivery at a time, in the half of the places that is for such.';
comment on column app_private.webhook.served_at is 'When deliveries of it were last given to a worker: whoever waits longest comes first.';
comment on column app_private.webhook.created_at is 'When it was made.';
comment on column app_private.webhook.version is 'Counts changes by admins.';

grant select, insert, delete on app_private.webhook to kollegium_broker;
grant update (company_id, name, url, kinds, state, active_since, failing_since, slow, served_at, version)
  on app_private.webhook to kollegium_broker;
