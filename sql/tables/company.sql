create table app.company (
  id uuid primary key,
  name text not null check (length(name) between 1 and 200),
  state text not null default 'active' check (state in ('active', 'absorbed', 'closed')),
  absorbed_into uuid references app.company,
  delegator_role boolean not null default true,
  language text not null default 'de' check (language in ('de', 'en')),
  origin_legacy_user_id text unique,
  created_at timestamptz not null default app_private.clock(),
  changed_at timestamptz not null default app_private.clock(),
  version integer not null default 1,
  names_due_before uuid,
  returns_need_release boolean not null default false,
  unique (id, state),
  check ((state = 'absorbed') = (absorbed_into is not null))
);
create index company_names_due on app.company (id) where names_due_before is not null;

comment on table app.company is 'The tenant: what every policy compares with. Equal names are allowed.';
comment on column app.company.id is 'Id, made by app_private.new_id (time-ordered UUID).';
comment on column app.company.name is 'Name as others read it; printed on participations too. [none]';
comment on column app.company.state is 'active; absorbed (by a merge); closed. Only active companies have a context. [none]';
comment on column app.company.absorbed_into is 'The survivor of the merge; set exactly when absorbed.';
comment on column app.company.delegator_role is 'true: only delegators and admins hand engagements to others (docs/domain.md, roles).';
comment on column app.company.language is 'Language of mails to the company as such: de or en. [none]';
comment on column app.company.origin_legacy_user_id is 'The user of the former service this company was made for; null for new ones. [none]';
comment on column app.company.created_at is 'When the company was set up.';
comment on column app.company.changed_at is 'When a setting changed last.';
comment on column app.company.version is 'Counts changes; the ETag.';
comment on column app.company.names_due_before is 'Its leads with a smaller id may show a former name; null: none does. The timer app.print_names goes on from here.';
comment on column app.company.returns_need_release is 'true: what a member asks to return waits for a delegator or admin.';
