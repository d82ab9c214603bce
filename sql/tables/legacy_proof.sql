create table app_private.legacy_proof (
  company_id uuid primary key references app.company,
  proven_at timestamptz not null default app_private.clock(),
  users integer not null check (users >= 0),
  marketplaces integer not null check (marketplaces >= 0),
  participants integer not null check (participants >= 0),
  leads integer not null check (leads >= 0),
  prospects integer not null check (prospects >= 0),
  offers integer not null check (offers >= 0),
  comments integer not null check (comments >= 0),
  api_keys integer not null check (api_keys >= 0),
  differences integer not null check (differences >= 0),
  waiting integer not null check (waiting >= 0),
  since_import integer not null check (since_import >= 0),
  digest text not null
);

comment on table app_private.legacy_proof is 'Latest proof that a company sees exactly what its user of the former service saw. Merge: rows stay with their companies, a company of several colleagues is not proven again. Erasure: counts and a digest, no personal data.';
comment on column app_private.legacy_proof.company_id is 'The company.';
comment on column app_private.legacy_proof.proven_at is 'When the proof was made.';
comment on column app_private.legacy_proof.users is 'The user himself: 1, unless he was deleted there.';
comment on column app_private.legacy_proof.marketplaces is 'Marketplaces that he owned or took part in and should see now.';
comment on column app_private.legacy_proof.participants is 'Cards, his own and those of his marketplaces, likewise.';
comment on column app_private.legacy_proof.leads is 'Leads that the user saw before and should see now.';
comment on column app_private.legacy_proof.prospects is 'Records of personal data, likewise.';
comment on column app_private.legacy_proof.offers is 'Offers, likewise.';
comment on column app_private.legacy_proof.comments is 'Comments, internal and shared, likewise.';
comment on column app_private.legacy_proof.api_keys is 'API keys, likewise.';
comment on column app_private.legacy_proof.differences is 'Rows that differ; 0: proven.';
comment on column app_private.legacy_proof.waiting is 'Rows that he saw before and that wait in quarantine.';
comment on column app_private.legacy_proof.since_import is 'Rows that came into being or were changed here since the import, which are no differences.';
comment on column app_private.legacy_proof.digest is 'Digest over what was compared, the same on every run over the same rows. [none]';

grant select, insert, update (proven_at, users, marketplaces, participants, leads, prospects, offers, comments, api_keys, differences, waiting, since_import, digest) on app_private.legacy_proof to kollegium_broker;
