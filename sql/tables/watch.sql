create table app_private.watch (
  name text primary key check (name in ('drift', 'canary')),
  checked_at timestamptz not null,
  level text not null check (level in ('ok', 'differs', 'open')),
  findings jsonb not null check (jsonb_typeof(findings) = 'array'),
  claimed_until timestamptz,
  latched_at timestamptz,
  latched text check (length(latched) <= 1000),
  constraint watch_latch_says_why check ((latched_at is null) = (latched is null))
);

comment on table app_private.watch is 'What was found when the wall was last looked at: drift compares the catalogue with the files, canary tries it as two companies. Read by /readyz. No personal data.';
comment on column app_private.watch.name is 'Which of the two. [none]';
comment on column app_private.watch.checked_at is 'When it was last looked at.';
comment on column app_private.watch.level is 'ok; differs: something is not as the files say; open: somebody may see or change more than they say. [none]';
comment on column app_private.watch.findings is 'What is not as it should be, each with the file that says so: names of tables, functions, roles. [none]';
comment on column app_private.watch.claimed_until is 'Somebody is looking, until then at most.';
comment on column app_private.watch.latched_at is 'Since when readiness is red; stays when what was open is closed again, until staff says why it may.';
comment on column app_private.watch.latched is 'What was open then. [none]';

grant select, insert, update on app_private.watch to kollegium_broker;
