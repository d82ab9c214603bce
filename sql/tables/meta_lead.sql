create table app_private.meta_lead (
  marketplace_id uuid not null,
  intake_key_id uuid not null,
  leadgen_id text not null check (leadgen_id ~ '^[0-9]{1,40}$'),
  form_id text check (form_id ~ '^[0-9]{1,40}$'),
  page_id text check (page_id ~ '^[0-9]{1,40}$'),
  sent_at timestamptz,
  state text not null default 'waiting' check (state in ('waiting', 'taken', 'failed')),
  attempts integer not null default 0,
  due_at timestamptz not null default app_private.clock(),
  lease_until timestamptz,
  failure text check (failure ~ '^[a-z0-9][a-z0-9-]{0,39}$'),
  heard_at timestamptz not null default app_private.clock(),
  ended_at timestamptz,
  primary key (marketplace_id, intake_key_id, leadgen_id),
  foreign key (marketplace_id, intake_key_id) references app.intake_key (marketplace_id, id),
  check ((state = 'waiting') = (ended_at is null))
);
create index meta_lead_due on app_private.meta_lead (due_at) where state = 'waiting';
create index meta_lead_ended on app_private.meta_lead (ended_at) where state <> 'waiting';

comment on table app_private.meta_lead is 'A lead that Meta named and the worker fetches: numbers alone, what the person said is in the lead. Kept 90 days after its end, as long as Meta keeps the lead. Erasure: names nobody.';
comment on column app_private.meta_lead.marketplace_id is 'The marketplace of the key.';
comment on column app_private.meta_lead.intake_key_id is 'The key at whose address it was named.';
comment on column app_private.meta_lead.leadgen_id is 'Its number there; external_ref of the lead that is made of it. [none]';
comment on column app_private.meta_lead.form_id is 'Number of the form there. [none]';
comment on column app_private.meta_lead.page_id is 'Number of the page there. [none]';
comment on column app_private.meta_lead.sent_at is 'When the person sent it off, as Meta says.';
comment on column app_private.meta_lead.state is 'waiting; taken: it came in, or is none (test data); failed: given up. [none]';
comment on column app_private.meta_lead.attempts is 'Attempts so far; whoever fetches it names the one it was given.';
comment on column app_private.meta_lead.due_at is 'Not to be fetched before.';
comment on column app_private.meta_lead.lease_until is 'Somebody is fetching it until then.';
comment on column app_private.meta_lead.failure is 'Why the last attempt failed, in a word of ours. [none]';
comment on column app_private.meta_lead.heard_at is 'When Meta named it.';
comment on column app_private.meta_lead.ended_at is 'Since when nothing more is tried.';

grant select, insert, delete on app_private.meta_lead to kollegium_broker;
grant update (state, attempts, due_at, lease_until, failure, ended_at) on app_private.meta_lead to kollegium_broker;
