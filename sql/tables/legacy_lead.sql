-- No foreign key to app.lead: leads are never deleted, and it would cost a tenth of the import.
create table app_private.legacy_lead (
  legacy_id bigint primary key,
  marketplace_id uuid not null,
  lead_id uuid not null,
  row_hash bigint not null,
  version integer not null,
  offers bigint[] not null default '{}',
  comments uuid[] not null default '{}'
);

comment on table app_private.legacy_lead is 'Which lead one of the former system became.';
comment on column app_private.legacy_lead.legacy_id is 'Its legacy number.';
comment on column app_private.legacy_lead.marketplace_id is 'The marketplace.';
comment on column app_private.legacy_lead.lead_id is 'The lead.';
comment on column app_private.legacy_lead.row_hash is
  'Hash of the row, its offers and comments as imported; 0: it is deleted there or waits in quarantine since, and followed.';
comment on column app_private.legacy_lead.version is 'Version of the lead when written; differs when somebody worked it here.';

comment on column app_private.legacy_lead.offers is 'Numbers of its offers as imported.';
comment on column app_private.legacy_lead.comments is 'Ids of the notes and messages that came with it.';

grant select, insert, update, delete on app_private.legacy_lead to kollegium_broker;
