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
  differences integer not null check (differences >= 0),
  since_import integer not null check (since_import >= 0),
  digest text not null
);

create table app_private.merge_hint (
  company_id uuid not null references app.company,
  kind text not null check (kind in ('legacy_group', 'vat_id')),
  value text not null check (length(value) between 1 and 200),
  label text check (length(label) between 1 and 200),
  primary key (company_id, kind, value)
);
create index on app_private.merge_hint (kind, value);

grant select, update (features_on, switched_at) on app_private.cohort to kollegium_broker;
grant select, insert, update (week, features_on, overridden, assigned_at, switched_at)
  on app_private.cohort_company to kollegium_broker;
grant select, insert, update (proven_at, leads, prospects, offers, differences, since_import, digest)
  on app_private.legacy_proof to kollegium_broker;
grant select, insert, delete on app_private.merge_hint to kollegium_broker;

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
comment on column app_private.legacy_proof.leads is 'Leads that the user saw before.';
comment on column app_private.legacy_proof.prospects is 'Records of personal data that he saw before.';
comment on column app_private.legacy_proof.offers is 'Offers that he saw before.';
comment on column app_private.legacy_proof.differences is 'Rows that differ; 0: proven.';
comment on column app_private.legacy_proof.since_import is 'Rows that came into being or were changed here since the import, which are no differences.';
comment on column app_private.legacy_proof.digest is 'Digest over what was compared, the same on every run over the same rows.';
comment on table app_private.merge_hint is 'What companies of the former service have in common there. Two companies with equal kind and value are suggested for a merge, never merged by it. Merge: rows stay with their companies; an absorbed one is not suggested any more. Erasure: a VAT id can belong to a person in business; app.keep_merge_hints replaces all rows, and none are kept once the source names none.';
comment on column app_private.merge_hint.company_id is 'The company.';
comment on column app_private.merge_hint.kind is 'legacy_group (known to all its members) or vat_id (for staff alone).';
comment on column app_private.merge_hint.value is 'Id of the group, or VAT id in capitals without spaces.';
comment on column app_private.merge_hint.label is 'Name of the group; null for a VAT id.';
