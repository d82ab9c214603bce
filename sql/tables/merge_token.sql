create table app_private.merge_token (
  token_sha256 bytea primary key check (length(token_sha256) = 32),
  merge_id uuid not null references app.company_merge on delete cascade,
  rehearsal_id uuid not null,
  colleague_id uuid not null references app.colleague on delete cascade,
  created_at timestamptz not null default app_private.clock(),
  expires_at timestamptz not null
);
create index on app_private.merge_token (merge_id);

comment on table app_private.merge_token is 'Tokens with which an admin consents from his mail, as hashes.';
comment on column app_private.merge_token.token_sha256 is 'SHA-256 of the token that was mailed.';
comment on column app_private.merge_token.merge_id is 'The merge.';
comment on column app_private.merge_token.rehearsal_id is 'The rehearsal it consents to; a later one makes it void.';
comment on column app_private.merge_token.colleague_id is 'The admin it was mailed to; void when he is none any more.';
comment on column app_private.merge_token.created_at is 'When it was mailed.';
comment on column app_private.merge_token.expires_at is '14 days later.';

grant select, insert, update, delete on app_private.merge_token to kollegium_broker;
