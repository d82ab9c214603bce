create table app_private.invitation_token (
  token_sha256 bytea primary key check (length(token_sha256) = 32),
  invitation_id uuid not null unique references app.invitation on delete cascade
);

comment on table app_private.invitation_token is 'Tokens of open invitations, as hashes.';
comment on column app_private.invitation_token.token_sha256 is 'SHA-256 of the token that was mailed.';
comment on column app_private.invitation_token.invitation_id is 'The invitation.';

grant select, insert, update, delete on app_private.invitation_token to kollegium_broker;
