create table app.call_attempt (
  marketplace_id uuid not null,
  id uuid not null,
  lead_id uuid not null,
  engagement_id uuid not null,
  company_id uuid not null references app.company,
  colleague_id uuid references app.colleague (id),
  colleague_name text not null,
  outcome text not null
    check (outcome in ('reached', 'not_reached', 'mailbox', 'wrong_number', 'call_back')),
  note text check (length(note) between 1 and 4000),
  call_back_at timestamptz,
  created_at timestamptz not null default app_private.clock(),
  primary key (marketplace_id, id),
  foreign key (marketplace_id, lead_id) references app.lead (marketplace_id, id),
  foreign key (marketplace_id, engagement_id) references app.engagement (marketplace_id, id)
);
create index call_attempt_lead on app.call_attempt (marketplace_id, lead_id, company_id, id desc);
-- The first attempt of an engagement, for its speed to lead; what counts as evidence of a return.
create index call_attempt_engagement on app.call_attempt (marketplace_id, engagement_id, id);

comment on table app.call_attempt is 'What a call brought: read by the colleagues of the company that called. Rows are added and never changed. Erasure of the person: outcome and times stay, the note goes.';
comment on column app.call_attempt.marketplace_id is 'The marketplace.';
comment on column app.call_attempt.id is 'Id (time-ordered UUID).';
comment on column app.call_attempt.lead_id is 'The lead.';
comment on column app.call_attempt.engagement_id is 'The engagement in which it was called.';
comment on column app.call_attempt.company_id is 'The company that called and alone reads it.';
comment on column app.call_attempt.colleague_id is 'Who called; null for an API key.';
comment on column app.call_attempt.colleague_name is 'Name of who called, or of the key. [personal]';
comment on column app.call_attempt.outcome is 'reached; not_reached; mailbox; wrong_number; call_back. [none]';
comment on column app.call_attempt.note is 'What was said, up to 4,000 characters; null: nothing. [free text]';
comment on column app.call_attempt.call_back_at is 'When to call again; null: nothing was agreed.';
comment on column app.call_attempt.created_at is 'When it was entered.';
