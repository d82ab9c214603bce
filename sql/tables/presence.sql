create table app_private.presence (
  marketplace_id uuid not null,
  lead_id uuid not null,
  colleague_id uuid not null references app.colleague (id),
  until timestamptz not null,
  primary key (marketplace_id, lead_id, colleague_id),
  foreign key (marketplace_id, lead_id) references app.lead (marketplace_id, id)
);
create index presence_until on app_private.presence (until);

comment on table app_private.presence is 'Who looks at a lead now: told to the colleagues of his company of today, for 60 seconds at a time. Erasure: names nobody, and is gone within the hour.';
comment on column app_private.presence.marketplace_id is 'The marketplace.';
comment on column app_private.presence.lead_id is 'The lead.';
comment on column app_private.presence.colleague_id is 'Who looks at it.';
comment on column app_private.presence.until is 'Until when that counts, unless he says so again.';

grant select, insert, delete on app_private.presence to kollegium_broker;
grant update (until) on app_private.presence to kollegium_broker;
