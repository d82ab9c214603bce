create table app_private.cohort (
  week text primary key check (week ~ '^20[0-9]{2}-W(0[1-9]|[1-4][0-9]|5[0-3])$'),
  features_on boolean not null default false,
  switched_at timestamptz
);
-- The announcement: step by step, from calendar week 41 to the end of week 43.
insert into app_private.cohort (week) values ('2026-W41'), ('2026-W42'), ('2026-W43');

comment on table app_private.cohort is 'A week of the roll-out. Merge: nothing to do. Erasure: no personal data.';
comment on column app_private.cohort.week is 'ISO week, such as 2026-W41. [none]';
comment on column app_private.cohort.features_on is 'The week was switched on, and not off again since.';
comment on column app_private.cohort.switched_at is 'When it was switched last; null: never.';

grant select, update (features_on, switched_at) on app_private.cohort to kollegium_broker;
