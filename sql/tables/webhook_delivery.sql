create table app_private.webhook_delivery (
  webhook_id uuid not null,
  id uuid not null,
  slot integer not null default (floor(extract(epoch from app_private.clock()) / 86400)::bigint % 9)::integer,
  kind text not null,
  payload jsonb not null,
  state text not null default 'pending' check (state in ('pending', 'delivered', 'failed')),
  step integer not null default 1,
  attempts integer not null default 0,
  due_at timestamptz not null default app_private.clock(running => true),
  lease_until timestamptz,
  status integer,
  failure text constraint webhook_delivery_failure_known check (failure in ('status', 'redirect', 'timeout',
    'unknown-name', 'forbidden', 'no-connection', 'tls', 'broken', 'stopped', 'disabled')),
  attempted_at timestamptz,
  ended_at timestamptz,
  created_at timestamptz not null default app_private.clock(),
  primary key (webhook_id, id, slot),
  constraint webhook_delivery_ends check ((state = 'pending') = (ended_at is null))
) partition by list (slot);
create index webhook_delivery_due on app_private.webhook_delivery (webhook_id, due_at) where state = 'pending';
create index webhook_delivery_leased on app_private.webhook_delivery (lease_until) where lease_until is not null;

comment on table app_private.webhook_delivery is 'An event on its way to a webhook, and what became of it; kept seven days. Read by the admins of the company. Erasure: no personal data, ids only.';
comment on column app_private.webhook_delivery.webhook_id is 'The webhook; one that was removed takes its deliveries along, when their day is over.';
comment on column app_private.webhook_delivery.id is 'Id of the event, or a new one (ping): the receiver sees it as webhook-id, the same in every attempt.';
comment on column app_private.webhook_delivery.slot is 'The day of the event, counted modulo nine: one partition each, emptied as a whole when all of it is old.';
comment on column app_private.webhook_delivery.kind is 'Kind of the event, or ping. [none]';
comment on column app_private.webhook_delivery.payload is 'What is sent, the same in every attempt: ids, kind and time. [none]';
comment on column app_private.webhook_delivery.state is 'pending; delivered: the receiver took it; failed: given up. [none]';
comment on column app_private.webhook_delivery.step is 'Which attempt of the schedule comes next; a replay begins anew.';
comment on column app_private.webhook_delivery.attempts is 'Attempts so far; whoever sends it names the one it was given.';
comment on column app_private.webhook_delivery.due_at is 'Not to be tried before.';
comment on column app_private.webhook_delivery.lease_until is 'Somebody is sending it until then.';
comment on column app_private.webhook_delivery.status is 'What the last attempt was answered: a status of HTTP; null: nothing.';
comment on column app_private.webhook_delivery.failure is 'Why the last attempt failed; null: it did not. [none]';
comment on column app_private.webhook_delivery.attempted_at is 'When it was last tried.';
comment on column app_private.webhook_delivery.ended_at is 'Since when nothing more is tried.';
comment on column app_private.webhook_delivery.created_at is 'Since when it waits.';

-- Days go round: nothing is created while the service runs, and emptying one locks no other.
do $$
declare
  v_column record;
begin
  for s in 0..8 loop
    execute format('create table app_private.webhook_delivery_day_%s partition of app_private.webhook_delivery
      for values in (%s)', s, s);
    execute format('comment on table app_private.webhook_delivery_day_%s is ''Deliveries of every ninth day: %s.''', s, s);
    for v_column in
      select a.attname, col_description(a.attrelid, a.attnum) as words from pg_catalog.pg_attribute a
      where a.attrelid = 'app_private.webhook_delivery'::regclass and a.attnum > 0
    loop
      execute format('comment on column app_private.webhook_delivery_day_%s.%I is %L', s, v_column.attname,
        v_column.words);
    end loop;
    execute format('grant select, truncate on app_private.webhook_delivery_day_%s to kollegium_broker', s);
  end loop;
end
$$;

grant select, insert, delete on app_private.webhook_delivery to kollegium_broker;
grant update (state, step, attempts, due_at, lease_until, status, failure, attempted_at, ended_at)
  on app_private.webhook_delivery to kollegium_broker;
