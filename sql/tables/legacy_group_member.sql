create table app_private.legacy_group_member (
  group_legacy_id bigint not null,
  user_legacy_id bigint not null,
  primary key (group_legacy_id, user_legacy_id)
);

comment on table app_private.legacy_group_member is 'Who was in which group.';
comment on column app_private.legacy_group_member.group_legacy_id is 'Number of the group.';
comment on column app_private.legacy_group_member.user_legacy_id is 'Number of the user.';

grant select, insert, update, delete on app_private.legacy_group_member to kollegium_broker;
