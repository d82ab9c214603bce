create table app.company_merge (
  id uuid primary key,
  asking_company_id uuid not null references app.company,
  asking_company_name text not null,
  asking_side text not null check (asking_side in ('survivor', 'absorbed')),
  named_email text check (named_email = lower(named_email) and length(named_email) between 3 and 254),
  named_company_id uuid,
  other_company_id uuid references app.company,
  parties uuid[] not null generated always as
    (array_remove(array[asking_company_id, other_company_id], null)) stored,
  state text not null check (state in ('requested', 'answered', 'rehearsed', 'consented', 'done',
    'undone', 'refused')),
  survivor_company_id uuid references app.company,
  survivor_name text,
  absorbed_company_id uuid references app.company,
  absorbed_name text,
  execute_at timestamptz,
  reference text check (length(reference) between 1 and 200),
  rehearsal_due boolean not null default false,
  rehearsal_id uuid,
  rehearsal jsonb,
  rehearsed_at timestamptz,
  survivor_consent_at timestamptz,
  survivor_consent text,
  absorbed_consent_at timestamptz,
  absorbed_consent text,
  refusal text check (length(refusal) <= 1000),
  problem jsonb,
  done_at timestamptz,
  done_id uuid,
  result jsonb,
  undone_at timestamptz,
  undo_result jsonb,
  created_at timestamptz not null default app_private.clock(),
  changed_at timestamptz not null default app_private.clock(),
  version integer not null default 1,
  check (num_nonnulls(named_email, named_company_id) <= 1),
  check ((rehearsal is null) = (rehearsal_id is null)),
  check ((state in ('done', 'undone')) = (done_at is not null)),
  check ((survivor_company_id is null) = (absorbed_company_id is null)),
  check (survivor_company_id <> absorbed_company_id)
);
create index on app.company_merge (asking_company_id, id);
create index on app.company_merge (other_company_id, id);
create index company_merge_due on app.company_merge (execute_at)
  where state = 'consented' or rehearsal_due;

comment on table app.company_merge is 'A request to merge two companies, its rehearsal, its consents, and what became of it. Merge rule: keep; names and ids are those of then.';
comment on column app.company_merge.id is 'Id (time-ordered UUID).';
comment on column app.company_merge.asking_company_id is 'The company whose admin asked; for a request of staff the survivor.';
comment on column app.company_merge.asking_company_name is 'Its name then. [none]';
comment on column app.company_merge.asking_side is 'survivor: it wants to absorb; absorbed: it wants to be absorbed. [none]';
comment on column app.company_merge.named_email is 'The address that was named, whether or not a colleague has it; erased with the company it belongs to. [personal]';
comment on column app.company_merge.named_company_id is 'The company that was named, whether or not there is one.';
comment on column app.company_merge.other_company_id is 'Whom that is; null: nobody. Not shown to the asking side before the other one answers.';
comment on column app.company_merge.parties is 'Who sees the request: both companies. Generated.';
comment on column app.company_merge.state is 'requested; answered (rehearsal is due); rehearsed; consented; done; undone; refused. [none]';
comment on column app.company_merge.survivor_company_id is 'The company that stays; null until the other side answers.';
comment on column app.company_merge.survivor_name is 'Its name. [none]';
comment on column app.company_merge.absorbed_company_id is 'The company that is absorbed; null until the other side answers.';
comment on column app.company_merge.absorbed_name is 'Its name. [none]';
comment on column app.company_merge.execute_at is 'Not before; the worker runs it then. Null: staff runs it.';
comment on column app.company_merge.reference is 'Reference of the written request that staff has on file. [free text]';
comment on column app.company_merge.rehearsal_due is 'true: the worker is to rehearse.';
comment on column app.company_merge.rehearsal_id is 'Id of the latest rehearsal, made under its locks: rows with a later id were added since.';
comment on column app.company_merge.rehearsal is 'What the merge would do: docs/merging.md. Ids, names and numbers; no contact data. [personal]';
comment on column app.company_merge.rehearsed_at is 'When it was rehearsed.';
comment on column app.company_merge.survivor_consent_at is 'When an admin of the survivor consented to this rehearsal.';
comment on column app.company_merge.survivor_consent is 'His name, or the reference of the written consent. [personal]';
comment on column app.company_merge.absorbed_consent_at is 'When an admin of the absorbed company consented to this rehearsal.';
comment on column app.company_merge.absorbed_consent is 'His name, or the reference of the written consent. [personal]';
comment on column app.company_merge.refusal is 'Why it was refused or taken back, in the words of who did. [free text]';
comment on column app.company_merge.problem is 'Why the last attempt to run it failed; null: it did not. [none]';
comment on column app.company_merge.done_at is 'When the merge took place; it can be undone for 30 days.';
comment on column app.company_merge.done_id is 'Id made at its end: rows with a later id were made since.';
comment on column app.company_merge.result is 'What it did: rows by table, rows added since the rehearsal. [none]';
comment on column app.company_merge.undone_at is 'When it was undone.';
comment on column app.company_merge.undo_result is 'What undoing did, and which rows stayed with the survivor. [none]';
comment on column app.company_merge.created_at is 'When it was asked for.';
comment on column app.company_merge.changed_at is 'When it changed last.';
comment on column app.company_merge.version is 'Counts changes; the ETag.';
