create table app_private.cohort_company (
  company_id uuid primary key references app.company,
  week text not null references app_private.cohort,
  features_on boolean not null default false,
  overridden boolean not null default false,
  assigned_at timestamptz not null default app_private.clock(),
  switched_at timestamptz
);
create index on app_private.cohort_company (week, company_id);

comment on table app_private.cohort_company is 'Which week a company of the former service belongs to, and whether it may invite and merge. A legacy company without a row may not; companies set up here need none and may. Merge: both sides keep their rows, a merge needs both switched on, and undo finds the absorbed one as it was. Erasure: no personal data.';
comment on column app_private.cohort_company.company_id is 'The company; has an origin_legacy_user_id.';
comment on column app_private.cohort_company.week is 'Its week. [none]';
comment on column app_private.cohort_company.features_on is 'Inviting colleagues and merging are switched on. app_private.expect_colleague_features reads it and locks it against a change.';
comment on column app_private.cohort_company.overridden is 'Staff chose the week by hand; no assignment changes it.';
comment on column app_private.cohort_company.assigned_at is 'When it got its week.';
comment on column app_private.cohort_company.switched_at is 'When it was switched on or off last; null: never.';

grant select, insert, update (week, features_on, overridden, assigned_at, switched_at) on app_private.cohort_company to kollegium_broker;
