create table app_private.legacy_state (
  only_row boolean primary key default true check (only_row),
  cut_over_at timestamptz
);
insert into app_private.legacy_state default values;

comment on table app_private.legacy_state is 'How far moving in has come.';
comment on column app_private.legacy_state.only_row is 'There is one row.';
comment on column app_private.legacy_state.cut_over_at is
  'From then on nobody works in the former system: nothing of it overwrites a row here.';

grant select, update on app_private.legacy_state to kollegium_broker;
