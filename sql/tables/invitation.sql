create table app.invitation (
  id uuid primary key,
  company_id uuid not null references app.company,
  email text not null check (email = lower(email) and length(email) between 3 and 254),
  role text not null check (role in ('member', 'delegator', 'admin')),
  state text not null default 'open' check (state in ('open', 'accepted', 'revoked')),
  invited_by_id uuid references app.colleague (id),
  created_at timestamptz not null default app_private.clock(),
  expires_at timestamptz not null,
  answered_at timestamptz
);
create index on app.invitation (company_id, id);

comment on table app.invitation is 'An e-mail address invited to become a colleague.';
comment on column app.invitation.id is 'Id (time-ordered UUID).';
comment on column app.invitation.company_id is 'The inviting company.';
comment on column app.invitation.email is 'The address the token goes to; the colleague made has it. Lower case. [personal]';
comment on column app.invitation.role is 'Role that the invited person will have. [none]';
comment on column app.invitation.state is 'open; accepted; revoked (also by a later invitation to the same address). [none]';
comment on column app.invitation.invited_by_id is 'The admin who invited; null for an API key.';
comment on column app.invitation.created_at is 'When it was sent.';
comment on column app.invitation.expires_at is '14 days after it was sent; later the token is not found.';
comment on column app.invitation.answered_at is 'When it was accepted or revoked.';
