-- What a database was built from, asked at each start and by /readyz.
set local role kollegium_broker;

create or replace function app.schema_state()
returns table (revision text, hash text, serves text[])
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$ select s.revision, s.hash, s.serves from app_private.schema_state s $$;
comment on function app.schema_state() is
  'The revision this database is at, the hash of the sql/ it was built from, and the revisions that may serve on it.';
grant execute on function app.schema_state() to
  kollegium_api, kollegium_worker, kollegium_staff, kollegium_auditor, kollegium_owner;
