create table app_private.outbox (
  id uuid primary key,
  kind text not null check (kind in ('mail', 'circular', 'reset', 'notice', 'waiting')),
  template text not null,
  recipient text,
  language text check (language in ('de', 'en')),
  company_id uuid references app.company,
  payload jsonb not null,
  created_at timestamptz not null default app_private.clock(),
  due_at timestamptz not null default app_private.clock(),
  attempts integer not null default 0,
  lease_until timestamptz,
  delivered_at timestamptz,
  failed_at timestamptz,
  failure text constraint outbox_failure_known check (failure ~ '^[a-z0-9][a-z0-9. -]{0,39}$'),
  colleague_id uuid,
  notices text[],
  check ((recipient is null) = (kind = 'circular')),
  check ((language is null) = (kind <> 'mail')),
  check (kind <> 'circular' or company_id is not null),
  constraint outbox_ends_once check (delivered_at is null or failed_at is null),
  constraint outbox_waits_for_somebody check (kind <> 'waiting' or colleague_id is not null and notices is not null)
);
create index outbox_due on app_private.outbox (due_at)
  where kind = 'mail' and delivered_at is null and failed_at is null;
create index outbox_done on app_private.outbox (coalesce(delivered_at, failed_at))
  where delivered_at is not null or failed_at is not null;
create index outbox_unaddressed on app_private.outbox (id) where kind in ('circular', 'reset', 'notice');
create index outbox_waiting on app_private.outbox (due_at) where kind = 'waiting';
create index outbox_waits_for on app_private.outbox (colleague_id) where kind = 'waiting';

comment on table app_private.outbox is 'What is to be sent, written in the transaction of its cause.';
comment on column app_private.outbox.id is 'Id (time-ordered UUID).';
comment on column app_private.outbox.kind is 'mail: to one address; circular: to all active colleagues of a company; reset: to the colleague of an address, if there is one; notice: the same, if he wants it; the worker makes mails of these three, or what is waiting: for the digest of a colleague, or the end of his quiet hours. [none]';
comment on column app_private.outbox.template is 'Which mail. [none]';
comment on column app_private.outbox.recipient is 'E-mail address; null for a circular. [personal]';
comment on column app_private.outbox.language is 'de or en; null until it is a mail, which a colleague gets in his own. [none]';
comment on column app_private.outbox.company_id is 'The company on whose behalf a mail is sent; whose colleagues a circular is for.';
comment on column app_private.outbox.payload is 'Values for the template; emptied when it is delivered or given up. [personal]';
comment on column app_private.outbox.created_at is 'When it was written.';
comment on column app_private.outbox.due_at is 'Not to be tried before.';
comment on column app_private.outbox.attempts is 'Attempts so far; whoever sends it names the one it was given.';
comment on column app_private.outbox.lease_until is 'Somebody is sending it until then.';
comment on column app_private.outbox.delivered_at is 'When a mail server took it.';
comment on column app_private.outbox.failed_at is 'When it was given up.';
comment on column app_private.outbox.failure is 'Why the last attempt failed: codes of the mail server, or a word of ours. [none]';
comment on column app_private.outbox.colleague_id is 'Whom it is for, where that is a colleague who may choose.';
comment on column app_private.outbox.notices is 'Which kinds of notice stand in it, which he can switch off; null: none of them. [none]';

grant select, insert, update, delete on app_private.outbox to kollegium_broker;
