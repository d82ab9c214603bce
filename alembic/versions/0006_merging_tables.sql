-- Merging companies: requests and their consents, the journal that undo reads, tokens, splits.

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
  created_at timestamptz not null default now(),
  changed_at timestamptz not null default now(),
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

create table app_private.merge_token (
  token_sha256 bytea primary key check (length(token_sha256) = 32),
  merge_id uuid not null references app.company_merge on delete cascade,
  rehearsal_id uuid not null,
  colleague_id uuid not null references app.colleague on delete cascade,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null
);
create index on app_private.merge_token (merge_id);

create table app_private.merge_journal (
  merge_id uuid not null references app.company_merge on delete cascade,
  tab text not null,
  kind text not null check (kind in ('moved', 'changed', 'collapsed', 'created')),
  marketplace_id uuid,
  id uuid,
  columns text[],
  before jsonb,
  after jsonb
);
create index on app_private.merge_journal (merge_id, tab, kind);

create table app_private.company_split (
  id uuid primary key,
  company_id uuid not null references app.company,
  new_company_id uuid not null references app.company,
  colleague_id uuid not null references app.colleague,
  reference text not null check (length(reference) between 1 and 200),
  leads jsonb not null,
  created_at timestamptz not null default now()
);

grant select, insert, update, delete on app_private.merge_token to kollegium_broker;
grant select, insert, delete on app_private.merge_journal to kollegium_broker;
grant select, insert on app_private.company_split to kollegium_broker;

comment on table app.company_merge is 'A request to merge two companies, its rehearsal, its consents, and what became of it. Merge rule: keep; names and ids are those of then.';
comment on column app.company_merge.id is 'Id (time-ordered UUID).';
comment on column app.company_merge.asking_company_id is 'The company whose admin asked; for a request of staff the survivor.';
comment on column app.company_merge.asking_company_name is 'Its name then.';
comment on column app.company_merge.asking_side is 'survivor: it wants to absorb; absorbed: it wants to be absorbed.';
comment on column app.company_merge.named_email is 'The address that was named, whether or not a colleague has it; erased with the company it belongs to.';
comment on column app.company_merge.named_company_id is 'The company that was named, whether or not there is one.';
comment on column app.company_merge.other_company_id is 'Whom that is; null: nobody. Not shown to the asking side before the other one answers.';
comment on column app.company_merge.parties is 'Who sees the request: both companies. Generated.';
comment on column app.company_merge.state is 'requested; answered (rehearsal is due); rehearsed; consented; done; undone; refused.';
comment on column app.company_merge.survivor_company_id is 'The company that stays; null until the other side answers.';
comment on column app.company_merge.survivor_name is 'Its name.';
comment on column app.company_merge.absorbed_company_id is 'The company that is absorbed; null until the other side answers.';
comment on column app.company_merge.absorbed_name is 'Its name.';
comment on column app.company_merge.execute_at is 'Not before; the worker runs it then. Null: staff runs it.';
comment on column app.company_merge.reference is 'Reference of the written request that staff has on file.';
comment on column app.company_merge.rehearsal_due is 'true: the worker is to rehearse.';
comment on column app.company_merge.rehearsal_id is 'Id of the latest rehearsal, made under its locks: rows with a later id were added since.';
comment on column app.company_merge.rehearsal is 'What the merge would do: docs/merging.md. Ids, names and numbers; no contact data.';
comment on column app.company_merge.rehearsed_at is 'When it was rehearsed.';
comment on column app.company_merge.survivor_consent_at is 'When an admin of the survivor consented to this rehearsal.';
comment on column app.company_merge.survivor_consent is 'His name, or the reference of the written consent.';
comment on column app.company_merge.absorbed_consent_at is 'When an admin of the absorbed company consented to this rehearsal.';
comment on column app.company_merge.absorbed_consent is 'His name, or the reference of the written consent.';
comment on column app.company_merge.refusal is 'Why it was refused or taken back, in the words of who did.';
comment on column app.company_merge.problem is 'Why the last attempt to run it failed; null: it did not.';
comment on column app.company_merge.done_at is 'When the merge took place; it can be undone for 30 days.';
comment on column app.company_merge.done_id is 'Id made at its end: rows with a later id were made since.';
comment on column app.company_merge.result is 'What it did: rows by table, rows added since the rehearsal.';
comment on column app.company_merge.undone_at is 'When it was undone.';
comment on column app.company_merge.undo_result is 'What undoing did, and which rows stayed with the survivor.';
comment on column app.company_merge.created_at is 'When it was asked for.';
comment on column app.company_merge.changed_at is 'When it changed last.';
comment on column app.company_merge.version is 'Counts changes; the ETag.';
comment on table app_private.merge_token is 'Tokens with which an admin consents from his mail, as hashes.';
comment on column app_private.merge_token.token_sha256 is 'SHA-256 of the token that was mailed.';
comment on column app_private.merge_token.merge_id is 'The merge.';
comment on column app_private.merge_token.rehearsal_id is 'The rehearsal it consents to; a later one makes it void.';
comment on column app_private.merge_token.colleague_id is 'The admin it was mailed to; void when he is none any more.';
comment on column app_private.merge_token.created_at is 'When it was mailed.';
comment on column app_private.merge_token.expires_at is '14 days later.';
comment on table app_private.merge_journal is 'Every row that a merge moved, changed, collapsed or created: what undo reads. Kept 30 days after the merge, then without content.';
comment on column app_private.merge_journal.merge_id is 'The merge.';
comment on column app_private.merge_journal.tab is 'The table, with its schema.';
comment on column app_private.merge_journal.kind is 'moved (columns went from the absorbed company to the survivor); changed; collapsed (removed); created.';
comment on column app_private.merge_journal.marketplace_id is 'First part of the row''s key, where it has one.';
comment on column app_private.merge_journal.id is 'The row; for rows without an id null, their key stands in before.';
comment on column app_private.merge_journal.columns is 'moved: the columns that named the absorbed company.';
comment on column app_private.merge_journal.before is 'changed: the columns before; collapsed: the whole row.';
comment on column app_private.merge_journal.after is 'changed: the same columns after the merge.';
comment on table app_private.company_split is 'Colleagues who left a company with leads of it, into one of their own.';
comment on column app_private.company_split.id is 'Id (time-ordered UUID).';
comment on column app_private.company_split.company_id is 'The company he left.';
comment on column app_private.company_split.new_company_id is 'The company made for him.';
comment on column app_private.company_split.colleague_id is 'Who left.';
comment on column app_private.company_split.reference is 'Reference of the written request.';
comment on column app_private.company_split.leads is 'The leads that went with him: marketplace and lead.';
comment on column app_private.company_split.created_at is 'When.';
