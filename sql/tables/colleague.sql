create table app.colleague (
  id uuid primary key,
  company_id uuid not null references app.company,
  email text not null unique check (email = lower(email) and length(email) between 3 and 254),
  name text not null check (length(name) between 1 and 200),
  role text not null check (role in ('member', 'delegator', 'admin')),
  active boolean not null default true,
  language text not null default 'de' check (language in ('de', 'en')),
  created_at timestamptz not null default app_private.clock(),
  changed_at timestamptz not null default app_private.clock(),
  version integer not null default 1,
  unique (company_id, id),
  unique (company_id, id, active)
);

comment on table app.colleague is 'One person acting for exactly one company.';
comment on column app.colleague.id is 'Id (time-ordered UUID).';
comment on column app.colleague.company_id is 'The company he acts for; read anew in every transaction (docs/domain.md, case 5).';
comment on column app.colleague.email is 'Log-in, lower case, unique over all companies. [personal]';
comment on column app.colleague.name is 'Name as colleagues and partners read it. [personal]';
comment on column app.colleague.role is 'member; delegator (hands over, too); admin (colleagues, keys, consent, too). [none]';
comment on column app.colleague.active is 'false: no log-in, no context; what he worked stays with the company (case 3).';
comment on column app.colleague.language is 'Language of his mails: de or en. [none]';
comment on column app.colleague.created_at is 'When he joined.';
comment on column app.colleague.changed_at is 'When role, activity, name or language changed last.';
comment on column app.colleague.version is 'Counts changes; the ETag.';
