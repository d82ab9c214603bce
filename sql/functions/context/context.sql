-- Who is calling? The bearer token is the only thing a session can present; the company is looked
-- up from it by the database, for every statement anew. There is no setting that names a company,
-- so kollegium_api cannot choose one: setting kollegium.token to anything but a valid token yields
-- no context, and no context yields no row.
set local role kollegium_broker;

-- Time-ordered id (layout of UUID version 7): inserts stay at the right edge of every index, and
-- lists ordered by id are ordered by time. Milliseconds, then 12 bits of their fraction, so that
-- rows of one transaction keep their order.
create or replace function app_private.new_id() returns uuid
language sql volatile parallel safe set search_path = pg_catalog, pg_temp
as $$
  select encode(
    substring(int8send(floor(ms)::bigint) from 3)
    || int2send((28672 + floor((ms - floor(ms)) * 4096))::smallint)
    || substring(uuid_send(gen_random_uuid()) from 9), 'hex')::uuid
  from (select extract(epoch from app_private.clock(running => true)) * 1000 as ms) t
$$;

-- The time, for conditions that the web tier writes itself: the planner puts it in place.
create or replace function app.clock() returns timestamptz
language sql stable parallel safe return app_private.clock();
comment on function app.clock() is 'The time of the transaction.';
grant execute on function app.clock() to kollegium_api;

-- A further id of the same moment: what is made of a row later stands where it stood.
create or replace function app_private.id_beside(p_id uuid) returns uuid
language sql volatile parallel safe set search_path = pg_catalog, pg_temp
as $$
  select encode(substring(uuid_send(p_id) from 1 for 8)
    || substring(uuid_send(gen_random_uuid()) from 9), 'hex')::uuid
$$;

-- Own errors. SQLSTATE KGnnn is the HTTP status nnn; the constraint name is the problem's slug,
-- which is what callers match on; detail is JSON for the client (docs/errors.md).
create or replace function app_private.refuse(p_status integer, p_problem text, p_detail jsonb default '{}')
returns void language plpgsql set search_path = pg_catalog, pg_temp
as $$
begin
  raise exception using errcode = 'KG' || p_status, constraint = p_problem,
    message = p_problem, detail = p_detail::text;
end
$$;

-- The company of the session's token, or null. Expiry is measured against the statement, not the
-- transaction: a log-out elsewhere ends a running request with its next statement. Called as
-- `(select app.current_company_id())` by every policy: once per statement and table, never per row. So
-- it is the dearest part of a short request, and a probe of one index: foreign keys keep company_id,
-- company_state and active in step with the rows that decide them.
create or replace function app.current_company_id() returns uuid
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_sha256 constant bytea := sha256(convert_to(current_setting('kollegium.token', true), 'UTF8'));
  v_company_id uuid;
begin
  select b.company_id into v_company_id from app_private.bearer b
  where b.token_sha256 = v_sha256
    and b.active and b.company_state = 'active'
    and b.expires_at > app_private.clock(running => true, within_statement => false);
  return v_company_id;
end
$$;
comment on function app.current_company_id() is
  'Company of the token in kollegium.token, or null. Every policy compares with it.';
grant execute on function app.current_company_id() to kollegium_api, kollegium_broker;

-- The whole caller. An API key acts for its company as a member and has no colleague.
create or replace function app_private.caller() returns app.caller
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_token constant text := coalesce(current_setting('kollegium.token', true), '');
  v_caller app.caller;
begin
  select co.id, co.name, co.delegator_role, c.id, coalesce(c.name, k.name), c.email,
         coalesce(c.role, 'member'), coalesce(c.language, co.language), k.id
  into v_caller
  from app_private.bearer b
  join app.company co on co.id = b.company_id
  left join app.colleague c on c.id = b.colleague_id
  left join app.api_key k on k.id = b.api_key_id
  where b.token_sha256 = sha256(convert_to(v_token, 'UTF8'))
    and b.active and b.company_state = 'active'
    and b.expires_at > app_private.clock(running => true, within_statement => false);
  if v_caller.company_id is null then
    raise exception using errcode = '28000', message = 'no valid token';
  end if;
  return v_caller;
end
$$;

create or replace function app.who_am_i() returns app.caller
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$ select app_private.caller() $$;
comment on function app.who_am_i() is 'Company, colleague and role of the token in use.';
grant execute on function app.who_am_i() to kollegium_api;

-- For lists of what one handles oneself; null for an API key, which handles nothing.
create or replace function app.current_colleague_id() returns uuid
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$ select c.colleague_id from app_private.caller() c $$;
comment on function app.current_colleague_id() is 'Colleague of the token in use; null for an API key.';
grant execute on function app.current_colleague_id() to kollegium_api;

-- A merge holds this lock exclusively; everything else that writes for a company holds it shared.
create or replace function app_private.company_lock_key(p_company uuid) returns bigint
language sql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$ select hashtextextended('company ' || p_company::text, 0) $$;

-- The first statement of a transaction: makes the context transaction-local, waits for a merge of the
-- caller's company and reads the caller again in a new statement after it. Raises 28000 for a token that is unknown, expired, revoked, or of an inactive colleague.
create or replace function app.enter(p_token text) returns app.caller
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_token constant text := set_config('kollegium.token', coalesce(p_token, ''), true);
  v_before uuid;
  v_caller app.caller;
begin
  for attempt in 1 .. 3 loop
    v_before := app.current_company_id();
    if v_before is null then
      raise exception using errcode = '28000', message = 'no valid token';
    end if;
    perform pg_advisory_xact_lock_shared(app_private.company_lock_key(v_before));
    -- A statement of its own, with a snapshot of its own: it sees the merge it may have waited for.
    v_caller := app_private.caller();
    if v_caller.company_id = v_before then
      return v_caller;
    end if;
  end loop;
  raise exception using errcode = '40001', message = 'the company is being merged';
end
$$;
comment on function app.enter(text) is
  'Enters the tenant context for this transaction and returns the caller; 28000 when there is none.';
grant execute on function app.enter(text) to kollegium_api;

-- The same for a request that writes. It does not wait: while the company is merged or a merge of it is
-- rehearsed, the service tries again, and has the connection for those who have nothing to do with it.
-- Raises 55P03 (constraint company-being-merged) then, 40001 for a merge that committed in this moment.
create or replace function app.enter_to_write(p_token text) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_token constant text := set_config('kollegium.token', coalesce(p_token, ''), true);
  v_company constant uuid := app.current_company_id();
begin
  if v_company is null then
    raise exception using errcode = '28000', message = 'no valid token';
  elsif not pg_try_advisory_xact_lock_shared(app_private.company_lock_key(v_company)) then
    raise exception using errcode = '55P03', constraint = 'company-being-merged',
      message = 'the company is being merged';
  -- A statement of its own, with a snapshot of its own: it sees the merge that has just ended.
  elsif app.current_company_id() is distinct from v_company then
    raise exception using errcode = '40001', message = 'the company was merged';
  end if;
  return true;
end
$$;
comment on function app.enter_to_write(text) is
  'Enters the tenant context for this transaction; 55P03 at once while the company is being merged.';
grant execute on function app.enter_to_write(text) to kollegium_api;

-- The same for an operation that only reads. It takes no lock, so nobody waits for a merge to look at his
-- leads: until it commits he sees what was, from then on what is. Raises 28000 as `enter` does.
create or replace function app.enter_to_read(p_token text) returns boolean
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_token constant text := set_config('kollegium.token', coalesce(p_token, ''), true);
begin
  if app.current_company_id() is null then
    raise exception using errcode = '28000', message = 'no valid token';
  end if;
  return true;
end
$$;
comment on function app.enter_to_read(text) is
  'Enters the tenant context for this transaction without a lock, for reading; 28000 when there is none.';
grant execute on function app.enter_to_read(text) to kollegium_api;

-- The last statement of a transaction that writes. A token can die while its request waits for a lock: a
-- colleague is deactivated, logs out, a key is revoked. Then what the request did is undone and the answer is
-- 28000, as if it had come a moment later; without this it would be committed, and the answer, read through
-- the policies in nobody's context, "not found". What ends the caller's own token says so.
create or replace function app.leave() returns boolean
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  if app.current_company_id() is null and current_setting('kollegium.ended', true) is distinct from 'true' then
    raise exception using errcode = '28000', message = 'the token died meanwhile';
  end if;
  return true;
end
$$;
comment on function app.leave() is
  'Ends a transaction that writes; 28000 when the token died since `enter`, unless by this transaction.';
grant execute on function app.leave() to kollegium_api;

-- For functions that end sessions: `leave` must not take for an accident what was asked for.
create or replace function app_private.own_token_ended() returns void
language sql volatile set search_path = pg_catalog, pg_temp
as $$ select set_config('kollegium.ended', 'true', true) $$;

-- The caller, when he is an admin; otherwise 403.
create or replace function app_private.admin_caller() returns app.caller
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
begin
  if v_caller.role <> 'admin' then
    perform app_private.refuse(403, 'admin-required');
  end if;
  return v_caller;
end
$$;

-- Optimistic concurrency (docs/domain.md, case 8): one of the expected versions is the present one.
-- p_expected null means that the client sent If-Match: *.
create or replace function app_private.expect_version(p_actual integer, p_expected integer[])
returns void language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
begin
  if p_expected is not null and p_actual <> all (p_expected) then
    perform app_private.refuse(412, 'version-stale', jsonb_build_object('version', p_actual));
  end if;
end
$$;

-- One cell rate: at most p_limit uses at once, refilled evenly over p_per. Returns the seconds to
-- wait (0: taken). The bucket is a hash, so that no e-mail address is stored here.
create or replace function app_private.take(p_bucket text, p_limit integer, p_per interval)
returns integer language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_bucket constant bytea := sha256(convert_to(p_bucket, 'UTF8'));
  v_now constant timestamptz := app_private.clock(running => true);
  v_full_at timestamptz;
begin
  insert into app_private.rate as r (bucket, full_at) values (v_bucket, v_now + p_per / p_limit)
  on conflict (bucket) do update set full_at = greatest(r.full_at, v_now) + p_per / p_limit
  where greatest(r.full_at, v_now) + p_per / p_limit <= v_now + p_per
  returning full_at into v_full_at;
  if found then
    return 0;
  end if;
  return app_private.seconds_to_wait(p_bucket, p_limit, p_per);
end
$$;

-- What `take` would answer, without taking.
create or replace function app_private.seconds_to_wait(p_bucket text, p_limit integer, p_per interval)
returns integer language sql volatile set search_path = pg_catalog, pg_temp
as $$
  select coalesce(max(greatest(0, ceil(extract(epoch from
    full_at + p_per / p_limit - app_private.clock(running => true) - p_per))))::integer, 0)
  from app_private.rate where bucket = sha256(convert_to(p_bucket, 'UTF8'))
$$;
