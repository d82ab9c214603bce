create table app.absence (
  id uuid primary key,
  company_id uuid not null references app.company,
  colleague_id uuid not null references app.colleague (id),
  covered_by_id uuid references app.colleague (id),
  begins_at timestamptz not null,
  ends_at timestamptz not null,
  created_at timestamptz not null default app_private.clock(),
  check (begins_at < ends_at),
  check (covered_by_id <> colleague_id)
);
create index absence_company on app.absence (company_id, id desc);
-- Whom somebody covers, and who covers somebody.
create index absence_covered_by on app.absence (covered_by_id, ends_at);
create index absence_colleague on app.absence (colleague_id, ends_at);

comment on table app.absence is 'From when to when a colleague is away, and who looks after his leads meanwhile. Nothing is moved: who covers whom is derived when it is read. Erasure: no personal data of prospects.';
comment on column app.absence.id is 'Id (time-ordered UUID).';
comment on column app.absence.company_id is 'The company of both, which alone reads it.';
comment on column app.absence.colleague_id is 'Who is away.';
comment on column app.absence.covered_by_id is 'Who covers him; null: nobody.';
comment on column app.absence.begins_at is 'From when.';
comment on column app.absence.ends_at is 'Until when, not included.';
comment on column app.absence.created_at is 'When it was entered.';
