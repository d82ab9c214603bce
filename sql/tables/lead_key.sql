create table app_private.lead_key (
  marketplace_id uuid not null,
  hash bytea not null,
  lead_id uuid not null,
  kind text not null check (kind in ('email', 'phone', 'name')),
  submitted_at timestamptz not null,
  primary key (marketplace_id, hash, lead_id),
  foreign key (marketplace_id, lead_id) references app.lead (marketplace_id, id)
);
create index lead_key_lead on app_private.lead_key (marketplace_id, lead_id);
-- What is older than the marketplace looks back, for app.purge.
create index lead_key_age on app_private.lead_key (marketplace_id, submitted_at);

comment on table app_private.lead_key is 'By what a person of a submitted lead is known again, where the marketplace looks for duplicates: keyed hashes, for its operator alone. Erasure of the person deletes its rows; so do time and the setting.';
comment on column app_private.lead_key.marketplace_id is 'The marketplace; part of the hash, so those of two have nothing in common.';
comment on column app_private.lead_key.hash is 'Keyed hash of the address, the number, or name and postcode, each in one spelling. [personal]';
comment on column app_private.lead_key.lead_id is 'The lead.';
comment on column app_private.lead_key.kind is 'email; phone; name: with the postcode. [none]';
comment on column app_private.lead_key.submitted_at is 'When the lead was submitted.';

grant select, insert, delete on app_private.lead_key to kollegium_broker;
