create table app.intake_key (
  marketplace_id uuid not null references app.marketplace (id),
  id uuid not null,
  company_id uuid not null references app.company,
  kind text not null check (kind in ('form', 'google', 'meta')),
  name text not null check (length(name) between 1 and 40),
  interest text not null check (length(interest) between 1 and 120),
  origins text[] not null default '{}' check (cardinality(origins) <= 20),
  consent_text text not null check (length(consent_text) between 1 and 10000),
  key_sha256 bytea not null unique check (length(key_sha256) = 32),
  secret_sha256 bytea check (length(secret_sha256) = 32),
  created_by_id uuid references app.colleague (id),
  created_at timestamptz not null default app_private.clock(),
  revoked_at timestamptz,
  failing_since timestamptz,
  failure text check (failure in ('token-refused', 'permission-missing')),
  primary key (marketplace_id, id),
  check ((kind <> 'form') = (secret_sha256 is not null)),
  check ((failing_since is null) = (failure is null))
);
create index intake_key_company on app.intake_key (company_id, id desc);

comment on table app.intake_key is 'An address at which leads come in for a company without a log-in: a form of its web site, the lead forms of an ad platform. Stays when it is revoked, since its consent text proves what persons agreed to. No data of persons.';
comment on column app.intake_key.id is 'Id (time-ordered UUID); the history of each lead that came in by it names it.';
comment on column app.intake_key.company_id is 'The giver or operator for whom leads come in.';
comment on column app.intake_key.marketplace_id is 'The marketplace into which they come.';
comment on column app.intake_key.kind is 'form: a form of a web site; google, meta: the webhook of lead forms there. [none]';
comment on column app.intake_key.name is 'What it is called: the source of its leads. [free text]';
comment on column app.intake_key.interest is 'What a lead is about when it does not say so itself. [free text]';
comment on column app.intake_key.origins is 'Web sites whose pages may send the form (scheme, host, port); empty: none, only programs. [none]';
comment on column app.intake_key.consent_text is 'What who ticks `consent` agrees to, word for word; never changes. [free text]';
comment on column app.intake_key.key_sha256 is 'SHA-256 of the key in the address.';
comment on column app.intake_key.secret_sha256 is 'SHA-256 of what the platform proves itself with; null for a form.';
comment on column app.intake_key.created_by_id is 'The admin who made it.';
comment on column app.intake_key.created_at is 'When.';
comment on column app.intake_key.revoked_at is 'Set: nothing comes in by it any more.';
comment on column app.intake_key.failing_since is 'Since when Meta gives no lead out for it; null: it does.';
comment on column app.intake_key.failure is 'Why: token-refused, the access token is void; permission-missing, it may not read leads. [none]';
