create table app.follow_up (
  marketplace_id uuid not null,
  id uuid not null,
  lead_id uuid not null,
  company_id uuid not null references app.company,
  colleague_id uuid references app.colleague (id),
  due_at timestamptz not null,
  text text check (length(text) between 1 and 4000),
  done_at timestamptz,
  reminded_at timestamptz,
  created_at timestamptz not null default app_private.clock(),
  version integer not null default 1,
  primary key (marketplace_id, id),
  foreign key (marketplace_id, lead_id) references app.lead (marketplace_id, id)
);
create index follow_up_lead on app.follow_up (marketplace_id, lead_id, company_id, id desc);
-- Whose is due next; what a colleague who leaves had to do.
create index follow_up_next on app.follow_up (company_id, colleague_id, due_at, id) where done_at is null;
create index follow_up_nobodys on app.follow_up (company_id, due_at, id) where done_at is null and colleague_id is null;
-- Who is to be reminded.
create index follow_up_due on app.follow_up (due_at) where done_at is null and reminded_at is null;

comment on table app.follow_up is 'A date for a lead, for one colleague: read by the colleagues of his company alone. Erasure of the person deletes the text.';
comment on column app.follow_up.marketplace_id is 'The marketplace.';
comment on column app.follow_up.id is 'Id (time-ordered UUID).';
comment on column app.follow_up.lead_id is 'The lead.';
comment on column app.follow_up.company_id is 'The company whose it is and which alone reads it.';
comment on column app.follow_up.colleague_id is 'Who is to do it; null: nobody, since he left.';
comment on column app.follow_up.due_at is 'When.';
comment on column app.follow_up.text is 'What, up to 4,000 characters; null: nothing was said. [free text]';
comment on column app.follow_up.done_at is 'When it was done; null: it is open.';
comment on column app.follow_up.reminded_at is 'When a reminder was written; null: not yet, or not since it was put off.';
comment on column app.follow_up.created_at is 'When it was made.';
comment on column app.follow_up.version is 'Counts changes.';
