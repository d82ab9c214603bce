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

comment on table app_private.merge_journal is 'Every row that a merge moved, changed, collapsed or created: what undo reads. Kept 30 days after the merge, then without content.';
comment on column app_private.merge_journal.merge_id is 'The merge.';
comment on column app_private.merge_journal.tab is 'The table, with its schema. [none]';
comment on column app_private.merge_journal.kind is 'moved (columns went from the absorbed company to the survivor); changed; collapsed (removed); created. [none]';
comment on column app_private.merge_journal.marketplace_id is 'First part of the row''s key, where it has one.';
comment on column app_private.merge_journal.id is 'The row; for rows without an id null, their key stands in before.';
comment on column app_private.merge_journal.columns is 'moved: the columns that named the absorbed company. [none]';
comment on column app_private.merge_journal.before is 'changed: the columns before; collapsed: the whole row. [personal]';
comment on column app_private.merge_journal.after is 'changed: the same columns after the merge. [personal]';

grant select, insert, delete on app_private.merge_journal to kollegium_broker;
