create table app_private.event_reader (
  name text primary key,
  seen pg_snapshot not null
);
insert into app_private.event_reader (name, seen)
values ('mails', pg_current_snapshot()), ('webhooks', pg_current_snapshot()), ('pushes', pg_current_snapshot());

comment on table app_private.event_reader is 'How far the worker is with what it makes of events.';
comment on column app_private.event_reader.name is 'What it makes of them. [none]';
comment on column app_private.event_reader.seen is 'The transactions whose events were looked at: all that this snapshot saw.';

grant select, insert, update on app_private.event_reader to kollegium_broker;
