create table app.partner_invitation (
  marketplace_id uuid not null,
  id uuid not null,
  operator_company_id uuid not null,
  email text check (email = lower(email) and length(email) between 3 and 254),
  company_id uuid references app.company,
  capacity text not null check (capacity in ('giver', 'taker')),
  postcode_areas text[] not null default '{}',
  tags text[] not null default '{}',
  cap integer,
  state text not null default 'open' check (state in ('open', 'accepted', 'declined', 'withdrawn')),
  created_at timestamptz not null default app_private.clock(),
  primary key (marketplace_id, id),
  foreign key (marketplace_id, operator_company_id)
    references app.marketplace (id, operator_company_id) deferrable initially deferred,
  check (num_nonnulls(email, company_id) = 1)
);
create index on app.partner_invitation (email) where state = 'open';
create index on app.partner_invitation (company_id) where state = 'open';

comment on table app.partner_invitation is 'Whom an operator invited, as he wrote it: never tells whether an address is known.';
comment on column app.partner_invitation.marketplace_id is 'The marketplace.';
comment on column app.partner_invitation.id is 'Id (time-ordered UUID).';
comment on column app.partner_invitation.operator_company_id is 'The operator who invited.';
comment on column app.partner_invitation.email is 'Invited address, lower case; null when a company was named. [personal]';
comment on column app.partner_invitation.company_id is 'Invited company; null when an address was named.';
comment on column app.partner_invitation.capacity is 'giver or taker. [none]';
comment on column app.partner_invitation.postcode_areas is 'Proposed postcode prefixes of the card. [none]';
comment on column app.partner_invitation.tags is 'Proposed tags of the card. [free text]';
comment on column app.partner_invitation.cap is 'Proposed cap of the card; null: no limit.';
comment on column app.partner_invitation.state is 'open; accepted; declined; withdrawn. [none]';
comment on column app.partner_invitation.created_at is 'When it was sent.';
