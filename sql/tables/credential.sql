create table app_private.credential (
  colleague_id uuid primary key references app.colleague on delete cascade,
  salt bytea not null check (length(salt) = 16),
  proof_sha256 bytea not null check (length(proof_sha256) = 32),
  changed_at timestamptz not null default app_private.clock(),
  -- A password that was taken over is checked with PBKDF2 until its owner logs in (docs/decisions/0019).
  pbkdf2_iterations integer check (pbkdf2_iterations > 0),
  pbkdf2_salt bytea check (length(pbkdf2_salt) between 1 and 256)
);

comment on table app_private.credential is 'How a colleague shows who he is.';
comment on column app_private.credential.colleague_id is 'The colleague.';
comment on column app_private.credential.salt is '16 random bytes, handed to the web tier to stretch with.';
comment on column app_private.credential.proof_sha256 is 'SHA-256 of the stretched password.';
comment on column app_private.credential.changed_at is 'When the password was set.';
comment on column app_private.credential.pbkdf2_iterations is
  'Set: taken over from the former system, stretched with PBKDF2. Null: Argon2id.';
comment on column app_private.credential.pbkdf2_salt is 'The former system''s salt; set with the iterations.';

grant select, insert, update, delete on app_private.credential to kollegium_broker;
