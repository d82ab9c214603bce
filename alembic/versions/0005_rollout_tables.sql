-- The staged roll-out of the colleague features: weeks, companies, proofs, hints at merges.

create table app_private.cohort (
  week text primary key check (week ~ '^20[0-9]{2}-W(0[1-9]|[1-4][0-9]|5[0-3])$'),
  features_on boolean not null default false,
  switched_at timestamptz
);
-- The announcement: step by step, from calendar week 41 to the end of week 43.
insert into app_private.cohort (week) values ('2026-W41'), ('2026-W42'), ('2026-W43');

create table app_private.cohort_company (
  company_id uuid primary key references app.company,
  week text not null references app_private.cohort,
  features_on boolean not null default false,
  overridden boolean not null default false,
  assigned_at timestamptz not null default now(),
  switched_at timestamptz
);
create index on app_private.cohort_company (week, company_id);

create table app_private.legacy_proof (
  company_id uuid primary key references app.company,
  proven_at timestamptz not null default now(),
  leads integer not null check (leads >= 0),
  prospects integer not null check (prospects >= 0),
  offers integer not null check (offers >= 0),
  comments integer not null check (comments >= 0),
  api_keys integer not null check (api_keys >= 0),
  differences integer not null check (differences >= 0),
  waiting integer not null check (waiting >= 0),
  since_import integer not null check (since_import >= 0),
  digest text not null
);

grant select, update (features_on, switched_at) on app_private.cohort to kollegium_broker;
grant select, insert, update (week, features_on, overridden, assigned_at, switched_at)
  on app_private.cohort_company to kollegium_broker;
grant select, insert, update (proven_at, leads, prospects, offers, comments, api_keys,
  differences, waiting, since_import, digest)
  on app_private.legacy_proof to kollegium_broker;

comment on table app_private.cohort is 'A week of the roll-out. Merge: nothing to do. Erasure: no personal data.';
comment on column app_private.cohort.week is 'ISO week, such as 2026-W41.';
comment on column app_private.cohort.features_on is 'The week was switched on, and not off again since.';
comment on column app_private.cohort.switched_at is 'When it was switched last; null: never.';
comment on table app_private.cohort_company is 'Which week a company of the former service belongs to, and whether it may invite and merge. A legacy company without a row may not; companies set up here need none and may. Merge: both sides keep their rows, a merge needs both switched on, and undo finds the absorbed one as it was. Erasure: no personal data.';
comment on column app_private.cohort_company.company_id is 'The company; has an origin_legacy_user_id.';
comment on column app_private.cohort_company.week is 'Its week.';
comment on column app_private.cohort_company.features_on is 'Inviting colleagues and merging are switched on. app_private.expect_colleague_features reads it and locks it against a change.';
comment on column app_private.cohort_company.overridden is 'Staff chose the week by hand; no assignment changes it.';
comment on column app_private.cohort_company.assigned_at is 'When it got its week.';
comment on column app_private.cohort_company.switched_at is 'When it was switched on or off last; null: never.';
comment on table app_private.legacy_proof is 'Latest proof that a company sees exactly what its user of the former service saw. Merge: rows stay with their companies, a company of several colleagues is not proven again. Erasure: counts and a digest, no personal data.';
comment on column app_private.legacy_proof.company_id is 'The company.';
comment on column app_private.legacy_proof.proven_at is 'When the proof was made.';
comment on column app_private.legacy_proof.leads is 'Leads that the user saw before and should see now.';
comment on column app_private.legacy_proof.prospects is 'Records of personal data, likewise.';
comment on column app_private.legacy_proof.offers is 'Offers, likewise.';
comment on column app_private.legacy_proof.comments is 'Comments, internal and shared, likewise.';
comment on column app_private.legacy_proof.api_keys is 'API keys, likewise.';
comment on column app_private.legacy_proof.differences is 'Rows that differ; 0: proven.';
comment on column app_private.legacy_proof.waiting is 'Rows that he saw before and that wait in quarantine.';
comment on column app_private.legacy_proof.since_import is 'Rows that came into being or were changed here since the import, which are no differences.';
comment on column app_private.legacy_proof.digest is 'Digest over what was compared, the same on every run over the same rows.';
