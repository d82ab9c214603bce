create table app_private.legacy_group (
  legacy_id bigint primary key,
  owner_legacy_id bigint,
  name text
);

comment on table app_private.legacy_group is 'Groups of the former system: suggestions for merges, nothing else.';
comment on column app_private.legacy_group.legacy_id is 'Number of the group.';
comment on column app_private.legacy_group.owner_legacy_id is 'Number of the user who made it.';
comment on column app_private.legacy_group.name is 'Its name. [free text]';

grant select, insert, update, delete on app_private.legacy_group to kollegium_broker;
