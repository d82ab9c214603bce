create table app_private.idempotent_answer (
  company_id uuid not null references app.company,
  key text not null check (length(key) between 1 and 255),
  request_sha256 bytea not null,
  status integer not null check (status between 200 and 499),
  headers jsonb not null,
  body text not null,
  created_at timestamptz not null default app_private.clock(),
  primary key (company_id, key)
);
create index on app_private.idempotent_answer (created_at);

comment on table app_private.idempotent_answer is 'First answers to Idempotency-Keys, kept for 48 hours.';
comment on column app_private.idempotent_answer.company_id is 'The company whose key it is.';
comment on column app_private.idempotent_answer.key is 'The key, up to 255 characters. [free text]';
comment on column app_private.idempotent_answer.request_sha256 is 'SHA-256 of method, path and body it is bound to.';
comment on column app_private.idempotent_answer.status is 'HTTP status of the answer; below 500.';
comment on column app_private.idempotent_answer.headers is 'Its headers. [none]';
comment on column app_private.idempotent_answer.body is 'Its body, byte for byte. [personal]';
comment on column app_private.idempotent_answer.created_at is 'When.';

grant select, insert, update, delete on app_private.idempotent_answer to kollegium_broker;
