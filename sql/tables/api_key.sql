create table app.api_key (
  id uuid primary key,
  company_id uuid not null references app.company,
  name text not null check (length(name) between 1 and 200),
  created_by_id uuid references app.colleague (id),
  created_at timestamptz not null default app_private.clock(),
  revoked_at timestamptz,
  active boolean not null generated always as (revoked_at is null) stored,
  unique (company_id, id, active)
);

comment on table app.api_key is 'A key of the company for its programs; acts as a member without a person.';
comment on column app.api_key.id is 'Id (time-ordered UUID).';
comment on column app.api_key.company_id is 'The owner: the company, not who made it (case 3).';
comment on column app.api_key.name is 'What it is for, in the words of who made it; author of what it writes. [free text]';
comment on column app.api_key.created_by_id is 'The admin who made it.';
comment on column app.api_key.created_at is 'When it was made.';
comment on column app.api_key.revoked_at is 'Set: the key has no context any more.';
comment on column app.api_key.active is 'Whether it still opens anything.';
