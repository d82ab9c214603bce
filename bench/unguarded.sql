-- A copy of a world without the wall, to show what the wall costs. Only the benchmark makes it, only
-- in its own cluster. Policies are off, and the context is a plain setting that is believed: the
-- token is looked up once, as any service has to, and every later statement reads the setting.
do $$
declare
  v_table regclass;
begin
  for v_table in select oid::regclass from pg_class where relrowsecurity and relnamespace = 'app'::regnamespace
  loop
    execute format('alter table %s disable row level security, no force row level security', v_table);
  end loop;
end
$$;

create or replace function app.current_company_id() returns uuid
language sql stable as $$ select nullif(current_setting('kollegium.company', true), '')::uuid $$;
-- `create or replace` would keep them: an inlined function must be neither.
alter function app.current_company_id() security invoker;
alter function app.current_company_id() reset all;

create or replace function app_private.caller() returns app.caller
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$ begin return current_setting('kollegium.caller')::app.caller; end $$;

create or replace function app.enter(p_token text) returns app.caller
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller app.caller;
begin
  select co.id, co.name, co.delegator_role, c.id, c.name, c.email, c.role, c.language, null::uuid
  into v_caller
  from app_private.bearer b
  join app.company co on co.id = b.company_id
  join app.colleague c on c.id = b.colleague_id
  where b.token_sha256 = sha256(convert_to(p_token, 'UTF8'))
    and b.active and b.company_state = 'active' and b.expires_at > statement_timestamp();
  if v_caller.company_id is null then
    raise exception using errcode = '28000', message = 'no valid token';
  end if;
  perform set_config('kollegium.company', v_caller.company_id::text, true);
  perform set_config('kollegium.caller', v_caller::text, true);
  return v_caller;
end
$$;

create or replace function app.enter_to_write(p_token text) returns boolean
language plpgsql volatile as $$ begin perform app.enter(p_token); return true; end $$;
alter function app.enter_to_write(text) security invoker;
alter function app.enter_to_write(text) reset all;

create or replace function app.enter_to_read(p_token text) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_company uuid;
begin
  select b.company_id into v_company from app_private.bearer b
  where b.token_sha256 = sha256(convert_to(p_token, 'UTF8'))
    and b.active and b.company_state = 'active' and b.expires_at > statement_timestamp();
  if v_company is null then
    raise exception using errcode = '28000', message = 'no valid token';
  end if;
  perform set_config('kollegium.company', v_company::text, true);
  return true;
end
$$;

-- For the peers, which do all of it in their own code.
grant usage on schema app, app_private to bench_peer;
grant select, insert, update, delete on all tables in schema app, app_private to bench_peer;
alter role bench_peer set plan_cache_mode = force_generic_plan;
alter role bench_peer set jit = off;
grant execute on all functions in schema app, app_private to bench_peer;
