create table app.company_absence (
  id uuid primary key,
  company_id uuid not null references app.company,
  begins_at timestamptz not null,
  ends_at timestamptz not null,
  created_at timestamptz not null default app_private.clock(),
  check (begins_at < ends_at)
);
create index company_absence_company on app.company_absence (company_id, id desc);
-- Who is away when a wave opens: those that have not ended.
create index company_absence_ends on app.company_absence (ends_at);

comment on table app.company_absence is 'From when to when a whole company is away: it is offered nothing meanwhile, what it has stays. Erasure: no personal data.';
comment on column app.company_absence.id is 'Id (time-ordered UUID).';
comment on column app.company_absence.company_id is 'Which company, which alone reads it.';
comment on column app.company_absence.begins_at is 'From when.';
comment on column app.company_absence.ends_at is 'Until when, not included.';
comment on column app.company_absence.created_at is 'When it was entered.';
