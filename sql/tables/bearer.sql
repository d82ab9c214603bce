create table app_private.bearer (
  token_sha256 bytea primary key check (length(token_sha256) = 32),
  id uuid not null default gen_random_uuid(),
  company_id uuid not null,
  company_state text not null default 'active',
  colleague_id uuid,
  api_key_id uuid,
  active boolean not null default true,
  address_sha256 bytea,
  client text check (length(client) between 1 and 200),
  created_at timestamptz not null default app_private.clock(),
  expires_at timestamptz not null,
  check (num_nonnulls(colleague_id, api_key_id) = 1),
  -- What a token is worth stands in its own row, so that looking it up is one probe of one index. The
  -- copies cannot drift: whoever moves, deactivates, revokes or closes changes them by these keys.
  foreign key (company_id, company_state) references app.company (id, state)
    on update cascade on delete cascade,
  foreign key (company_id, colleague_id, active) references app.colleague (company_id, id, active)
    on update cascade on delete cascade,
  foreign key (company_id, api_key_id, active) references app.api_key (company_id, id, active)
    on update cascade on delete cascade
);
create index on app_private.bearer (company_id);
create index on app_private.bearer (colleague_id) where colleague_id is not null;
create index on app_private.bearer (api_key_id) where api_key_id is not null;
create index on app_private.bearer (expires_at);

comment on table app_private.bearer is 'Tokens of sessions and API keys, as hashes: the source of every context.';
comment on column app_private.bearer.token_sha256 is 'SHA-256 of the token.';
comment on column app_private.bearer.id is 'What a session is called in lists; of no use without the token.';
comment on column app_private.bearer.company_id is 'For whom the token acts: the company of its colleague or key.';
comment on column app_private.bearer.company_state is 'State of that company; no context unless it is active. [none]';
comment on column app_private.bearer.active is 'Whether its colleague or key is active; no context otherwise.';
comment on column app_private.bearer.colleague_id is 'Whose session; null for an API key.';
comment on column app_private.bearer.api_key_id is 'Which API key; null for a session.';
comment on column app_private.bearer.address_sha256 is 'SHA-256 of the client''s address at log-in.';
comment on column app_private.bearer.client is 'What the program called itself at log-in (User-Agent), for its owner to know it again. [free text]';
comment on column app_private.bearer.created_at is 'When it was issued.';
comment on column app_private.bearer.expires_at is 'No context from then on; infinity for API keys.';

grant select, insert, update, delete on app_private.bearer to kollegium_broker;
