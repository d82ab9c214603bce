create table app_private.password_reset (
  token_sha256 bytea primary key check (length(token_sha256) = 32),
  email text not null check (email = lower(email) and length(email) between 3 and 254),
  expires_at timestamptz not null
);
create index on app_private.password_reset (email);
create index on app_private.password_reset (expires_at);

comment on table app_private.password_reset is 'Who asked to set a password anew; one row for each request, whether or not the address is known. Gone when used, or after its time (app.purge).';
comment on column app_private.password_reset.token_sha256 is 'SHA-256 of the token that was mailed.';
comment on column app_private.password_reset.email is 'For whoever has this address. Lower case. [personal]';
comment on column app_private.password_reset.expires_at is '30 minutes after it was asked for.';

grant select, insert, delete on app_private.password_reset to kollegium_broker;
