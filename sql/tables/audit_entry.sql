create table app_private.audit_entry (
  id uuid primary key,
  at timestamptz not null default app_private.clock(),
  company_id uuid,
  colleague_id uuid,
  action text not null,
  object_id uuid,
  detail jsonb not null default '{}'
);
create index on app_private.audit_entry (at);

comment on table app_private.audit_entry is 'Security-relevant events; no personal data, never changed.';
comment on column app_private.audit_entry.id is 'Id (time-ordered UUID).';
comment on column app_private.audit_entry.at is 'When.';
comment on column app_private.audit_entry.company_id is 'Whose action; null: nobody''s.';
comment on column app_private.audit_entry.colleague_id is 'The colleague; null for an API key.';
comment on column app_private.audit_entry.action is 'What was done. [none]';
comment on column app_private.audit_entry.object_id is 'To what.';
comment on column app_private.audit_entry.detail is 'Details without personal data. [none]';

grant select, insert on app_private.audit_entry to kollegium_broker;
