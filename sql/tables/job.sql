create table app_private.job (
  name text not null constraint job_name_known check (name ~ '^[a-z]+(-[a-z]+)*$' and length(name) <= 40),
  slot integer not null check (slot between 1 and 16),
  lease uuid,
  leased_until timestamptz,
  started_at timestamptz,
  due_at timestamptz not null default '-infinity',
  succeeded_at timestamptz,
  seconds double precision,
  failures integer not null default 0,
  failure text check (length(failure) <= 40),
  primary key (name, slot),
  constraint job_lease_ends check ((lease is null) = (leased_until is null))
);

comment on table app_private.job is 'What the workers do: when it is due, who is at it, how it went. A row for each slot, so that some jobs may run in several workers at once. Holds nothing of persons or companies.';
comment on column app_private.job.name is 'Name of the job, as in service/jobs/worker. [none]';
comment on column app_private.job.slot is '1, 2 …: how many workers may do it at once.';
comment on column app_private.job.lease is 'Whoever is at it has this; null: nobody. Only the lease that is written here may say how it went.';
comment on column app_private.job.leased_until is 'Until when, by the clock of the database; a worker that lives says so again. Later anybody may take over.';
comment on column app_private.job.started_at is 'When its last round began.';
comment on column app_private.job.due_at is 'When its next round may begin.';
comment on column app_private.job.succeeded_at is 'When a round last ended well.';
comment on column app_private.job.seconds is 'How long that round took.';
comment on column app_private.job.failures is 'Rounds that failed or were lost since then.';
comment on column app_private.job.failure is 'What the last of them met: an SQLSTATE, or the name of an error. [none]';

grant select, insert, update on app_private.job to kollegium_broker;
