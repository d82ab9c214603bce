create table app_private.push_message (
  subscription_id uuid not null references app_private.push_subscription on delete cascade,
  event_id uuid not null,
  kind text not null check (kind in ('offer.opened', 'offer.last_call')),
  marketplace_id uuid not null,
  lead_id uuid not null,
  due_at timestamptz not null,
  attempts integer not null default 0,
  lease_until timestamptz,
  primary key (subscription_id, event_id)
);
create index push_message_due on app_private.push_message (due_at);

comment on table app_private.push_message is 'An offer of which a browser is to be told. Goes when it was, or when the offer is over. Erasure: names nobody.';
comment on column app_private.push_message.subscription_id is 'The browser.';
comment on column app_private.push_message.event_id is 'Id of the event.';
comment on column app_private.push_message.kind is 'Kind of the event. [none]';
comment on column app_private.push_message.marketplace_id is 'The marketplace.';
comment on column app_private.push_message.lead_id is 'The lead that is offered.';
comment on column app_private.push_message.due_at is 'Not before: at once, for the digest, after quiet hours, or after an attempt that failed.';
comment on column app_private.push_message.attempts is 'Attempts so far; whoever sends it names the one it was given.';
comment on column app_private.push_message.lease_until is 'Somebody is sending it until then.';

grant select, insert, delete on app_private.push_message to kollegium_broker;
grant update (due_at, attempts, lease_until) on app_private.push_message to kollegium_broker;
