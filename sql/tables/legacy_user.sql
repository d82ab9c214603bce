create table app_private.legacy_user (
  legacy_id bigint primary key,
  company_id uuid not null unique references app.company,
  colleague_id uuid not null unique references app.colleague,
  vat_id text,
  row_hash bigint not null,
  version integer not null,
  imported_at timestamptz not null default app_private.clock()
);

comment on table app_private.legacy_user is
  'Which company and colleague a user of the former system became. Merge: stays as it was; the colleague''s row says where he is now.';
comment on column app_private.legacy_user.legacy_id is 'Number of the user.';
comment on column app_private.legacy_user.company_id is 'The company made for him.';
comment on column app_private.legacy_user.colleague_id is 'Its first colleague.';
comment on column app_private.legacy_user.vat_id is 'VAT id as he wrote it, for suggestions of merges. [personal]';
comment on column app_private.legacy_user.row_hash is 'Hash of the legacy row as imported; differs when it changed since.';
comment on column app_private.legacy_user.version is
  'Sum of both versions when written; differs when somebody changed them here.';
comment on column app_private.legacy_user.imported_at is 'When.';

grant select, insert, update, delete on app_private.legacy_user to kollegium_broker;
