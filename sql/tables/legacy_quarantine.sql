create table app_private.legacy_quarantine (
  source_table text not null,
  legacy_key text not null,
  reason text not null,
  field text,
  blocked_by text,
  first_seen_at timestamptz not null default app_private.clock(),
  last_seen_at timestamptz not null default app_private.clock(),
  healed_at timestamptz,
  primary key (source_table, legacy_key, reason)
);
create index on app_private.legacy_quarantine (source_table, reason) where healed_at is null;

comment on table app_private.legacy_quarantine is 'Legacy rows that could not be imported; no values, so no personal data.';
comment on column app_private.legacy_quarantine.source_table is 'The legacy table. [none]';
comment on column app_private.legacy_quarantine.legacy_key is 'The row''s legacy number, two of them with a slash for group_members; its place in the table where that cannot be read. [none]';
comment on column app_private.legacy_quarantine.reason is 'Why; service/jobs/legacy/reasons.toml has the words and what heals it. [none]';
comment on column app_private.legacy_quarantine.field is 'The columns concerned, where it is not the whole row; of an unforeseen error what PostgreSQL calls it. [none]';
comment on column app_private.legacy_quarantine.blocked_by is 'For depends-on: the row that has to be healed first, as table:number. [none]';
comment on column app_private.legacy_quarantine.first_seen_at is 'When an import met it first.';
comment on column app_private.legacy_quarantine.last_seen_at is 'When an import met it last.';
comment on column app_private.legacy_quarantine.healed_at is 'When an import did not find it any more; null: it waits.';

grant select, insert, update, delete on app_private.legacy_quarantine to kollegium_broker;
