create table app_private.legacy_participation (
  marketplace_id uuid not null,
  company_id uuid not null,
  first_id bigint not null,
  row_hash bigint not null,
  version integer not null,
  primary key (marketplace_id, company_id)
);

comment on table app_private.legacy_participation is 'Participations that came from the former system.';
comment on column app_private.legacy_participation.marketplace_id is 'The marketplace.';
comment on column app_private.legacy_participation.company_id is 'The company made for the participant; a merge changes the card, not this.';
comment on column app_private.legacy_participation.first_id is 'The lowest number of his participant rows.';
comment on column app_private.legacy_participation.row_hash is 'Hash of his participant rows as imported; 0: they are deleted there, and followed.';
comment on column app_private.legacy_participation.version is 'Version of the card when written.';

grant select, insert, update, delete on app_private.legacy_participation to kollegium_broker;
