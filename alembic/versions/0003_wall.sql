-- sql/functions/10_context.sql
set local role kollegium_owner;
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
  from (select extract(epoch from clock_timestamp()) * 1000 as ms) t
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
    and b.active and b.company_state = 'active' and b.expires_at > statement_timestamp();
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
    and b.active and b.company_state = 'active' and b.expires_at > statement_timestamp();
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

-- Optimistic concurrency (docs/domain.md, case 8). p_expected null means that the client sent If-Match: *.
create or replace function app_private.expect_version(p_actual integer, p_expected integer)
returns void language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
begin
  if p_expected is not null and p_expected <> p_actual then
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
  v_now constant timestamptz := clock_timestamp();
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
    full_at + p_per / p_limit - clock_timestamp() - p_per))))::integer, 0)
  from app_private.rate where bucket = sha256(convert_to(p_bucket, 'UTF8'))
$$;

-- Security-relevant events for the auditor. No personal data goes into p_detail.
create or replace function app_private.audit(
  p_action text, p_company uuid, p_colleague uuid, p_object uuid, p_detail jsonb default '{}')
returns void language sql volatile set search_path = pg_catalog, pg_temp
as $$
  insert into app_private.audit_entry (id, company_id, colleague_id, action, object_id, detail)
  values (app_private.new_id(), p_company, p_colleague, p_action, p_object, p_detail)
$$;

create or replace function app_private.mail(
  p_template text, p_recipient text, p_language text, p_company uuid, p_payload jsonb)
returns void language sql volatile set search_path = pg_catalog, pg_temp
as $$
  insert into app_private.outbox (id, kind, template, recipient, language, company_id, payload)
  values (app_private.new_id(), 'mail', p_template, p_recipient, p_language, p_company, p_payload)
$$;

-- A mail to every active colleague of a company, each in his language.
create or replace function app_private.mail_company(p_template text, p_company uuid, p_payload jsonb)
returns void language sql volatile set search_path = pg_catalog, pg_temp
as $$
  insert into app_private.outbox (id, kind, template, recipient, language, company_id, payload)
  select app_private.new_id(), 'mail', p_template, c.email, c.language, p_company, p_payload
  from app.colleague c where c.company_id = p_company and c.active
$$;

-- sql/functions/20_sessions.sql
set local role kollegium_owner;
-- Log-in, log-out, and the answers kept for repeated requests.
--
-- The web tier stretches the password with Argon2id and sends the result; the database keeps a
-- SHA-256 of it and compares. So neither a dump nor the web tier's memory holds what the other
-- needs, and the web tier never says which company somebody belongs to.
--
-- Failed log-ins are limited by three buckets, none of them the peer address alone:
--   account and address   9 in 15 minutes   guessing one password; the owner elsewhere goes on
--   account             100 in 1 hour       guessing from many addresses; known addresses go on
--   password and address 9 in 15 minutes    one password tried over many accounts
set local role kollegium_broker;

create or replace function app_private.log_in_wait(
  p_email text, p_address bytea, p_fingerprint bytea, p_take boolean)
returns integer language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_known constant boolean := exists (
    select from app_private.bearer b join app.colleague c on c.id = b.colleague_id
    where c.email = p_email and b.address_sha256 = p_address);
  v_pair constant text := 'log-in ' || p_email || ' ' || encode(p_address, 'hex');
  v_account constant text := 'log-in ' || p_email;
  v_spray constant text := 'spray ' || encode(p_fingerprint, 'hex') || ' ' || encode(p_address, 'hex');
begin
  if p_take then
    return greatest(
      app_private.take(v_pair, 9, '15 min'),
      case when v_known then 0 else app_private.take(v_account, 100, '1 hour') end,
      app_private.take(v_spray, 9, '15 min'));
  end if;
  return greatest(
    app_private.seconds_to_wait(v_pair, 9, '15 min'),
    case when v_known then 0 else app_private.seconds_to_wait(v_account, 100, '1 hour') end,
    app_private.seconds_to_wait(v_spray, 9, '15 min'));
end
$$;

-- The salt to stretch with. An unknown address gets a salt too, always the same one, so that the
-- answer does not tell whether it is known. retry_after > 0: do not stretch, answer 429.
create or replace function app.prepare_log_in(
  p_email text, p_address bytea, p_fingerprint bytea, out salt bytea, out retry_after integer)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  retry_after := app_private.log_in_wait(p_email, p_address, p_fingerprint, false);
  salt := coalesce(
    (select cr.salt from app_private.credential cr join app.colleague c on c.id = cr.colleague_id
     where c.email = p_email),
    (select substring(sha256(s.pepper || convert_to(p_email, 'UTF8')) from 1 for 16)
     from app_private.secret s));
end
$$;
comment on function app.prepare_log_in(text, bytea, bytea) is
  'Salt for an e-mail address, known or not, and the seconds to wait after too many failures.';
grant execute on function app.prepare_log_in(text, bytea, bytea) to kollegium_api;

-- Opens a session when the proof is right: one row with expires_at. Otherwise one row with
-- retry_after (0: wrong e-mail or password). Counts the failure, so the caller must commit.
create or replace function app.open_session(
  p_email text, p_proof bytea, p_token_sha256 bytea, p_address bytea, p_fingerprint bytea,
  out expires_at timestamptz, out retry_after integer)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_colleague app.colleague;
begin
  retry_after := app_private.log_in_wait(p_email, p_address, p_fingerprint, true);
  if retry_after > 0 then
    return;
  end if;
  select c.* into v_colleague
  from app.colleague c
  join app_private.credential cr on cr.colleague_id = c.id
  join app.company co on co.id = c.company_id and co.state = 'active'
  where c.email = p_email and c.active and cr.proof_sha256 = sha256(p_proof);
  if v_colleague.id is null then
    return;
  end if;
  -- Success pays the attempt back: only failures count. What others spent on this account stays, and
  -- so does what was tried with this password on others: an account of his own must not buy anybody
  -- further guesses.
  delete from app_private.rate
  where bucket = sha256(convert_to('log-in ' || p_email || ' ' || encode(p_address, 'hex'), 'UTF8'));
  update app_private.rate set full_at = full_at - interval '15 min' / 9
  where bucket = sha256(convert_to(
    'spray ' || encode(p_fingerprint, 'hex') || ' ' || encode(p_address, 'hex'), 'UTF8'));
  expires_at := now() + interval '12 hours';
  insert into app_private.bearer (token_sha256, colleague_id, address_sha256, expires_at)
  values (p_token_sha256, v_colleague.id, p_address, expires_at);
  perform app_private.audit('session-opened', v_colleague.company_id, v_colleague.id, null);
end
$$;
comment on function app.open_session(text, bytea, bytea, bytea, bytea) is
  'Opens a session for 12 hours when the stretched password is right, else counts the failure.';
grant execute on function app.open_session(text, bytea, bytea, bytea, bytea) to kollegium_api;

-- Log-out. The row is kept, expired, so that its address stays known (see log_in_wait); the worker
-- removes it after 30 days. An API key cannot log out.
create or replace function app.close_session() returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
begin
  if v_caller.colleague_id is null then
    perform app_private.refuse(403, 'colleague-required');
  end if;
  update app_private.bearer set expires_at = now()
  where token_sha256 = sha256(convert_to(current_setting('kollegium.token'), 'UTF8'));
  perform app_private.audit('session-closed', v_caller.company_id, v_caller.colleague_id, null);
end
$$;
comment on function app.close_session() is 'Ends the session of the token in use.';
grant execute on function app.close_session() to kollegium_api;

-- The first answer to an Idempotency-Key of this company, or no row when the key is new. A key is
-- bound to its request: 422 for another one, 409 while the first is still running.
create or replace function app.claim_idempotency_key(p_key text, p_request_sha256 bytea)
returns table (status integer, headers jsonb, body text)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_company constant uuid := app.current_company_id();
  v_first app_private.idempotent_answer;
begin
  if not pg_try_advisory_xact_lock(hashtextextended('idempotency ' || v_company || ' ' || p_key, 0)) then
    perform app_private.refuse(409, 'idempotency-in-progress', '{"retry_after": 1}');
  end if;
  select * into v_first from app_private.idempotent_answer a
  where a.company_id = v_company and a.key = p_key;
  if not found then
    return;
  end if;
  if v_first.request_sha256 <> p_request_sha256 then
    perform app_private.refuse(422, 'idempotency-key-reused');
  end if;
  return query select v_first.status, v_first.headers, v_first.body;
end
$$;
comment on function app.claim_idempotency_key(text, bytea) is
  'First answer to this company''s Idempotency-Key; no row when it is new.';
grant execute on function app.claim_idempotency_key(text, bytea) to kollegium_api;

create or replace function app.keep_answer(
  p_key text, p_request_sha256 bytea, p_status integer, p_headers jsonb, p_body text)
returns void language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  insert into app_private.idempotent_answer (company_id, key, request_sha256, status, headers, body)
  values (app.current_company_id(), p_key, p_request_sha256, p_status, p_headers, p_body)
$$;
comment on function app.keep_answer(text, bytea, integer, jsonb, text) is
  'Keeps the answer to an Idempotency-Key in the transaction of its effect.';
grant execute on function app.keep_answer(text, bytea, integer, jsonb, text) to kollegium_api;

-- sql/functions/30_companies.sql
set local role kollegium_owner;
-- Companies, colleagues, invitations, API keys. Changes are for admins; the last one stays.
set local role kollegium_broker;

-- A new company with its first admin (staff). The proof is the Argon2id result of his password.
create or replace function app.create_company(
  p_name text, p_admin_name text, p_admin_email text, p_language text, p_salt bytea, p_proof bytea,
  out company_id uuid, out colleague_id uuid)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  company_id := app_private.new_id();
  insert into app.company (id, name, language) values (company_id, p_name, p_language);
  colleague_id := app_private.add_colleague(
    company_id, p_admin_email, p_admin_name, 'admin', p_language, p_salt, p_proof);
  perform app_private.audit('company-created', company_id, colleague_id, company_id);
end
$$;
comment on function app.create_company(text, text, text, text, bytea, bytea) is
  'Creates a company and its first admin.';
grant execute on function app.create_company(text, text, text, text, bytea, bytea) to kollegium_staff;

-- E-mail addresses are unique over all companies; 409 when this one is taken. Whoever calls this
-- has shown that the address is his (invitation) or is staff, so the answer tells him nothing new.
create or replace function app_private.add_colleague(
  p_company uuid, p_email text, p_name text, p_role text, p_language text, p_salt bytea, p_proof bytea)
returns uuid language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_id constant uuid := app_private.new_id();
begin
  insert into app.colleague (id, company_id, email, name, role, language)
  values (v_id, p_company, p_email, p_name, p_role, p_language)
  on conflict (email) do nothing;
  if not found then
    perform app_private.refuse(409, 'email-taken');
  end if;
  insert into app_private.credential (colleague_id, salt, proof_sha256)
  values (v_id, p_salt, sha256(p_proof));
  perform app_private.claim_partner_invitations(p_email, p_company);
  return v_id;
end
$$;

create or replace function app.list_companies()
returns table (id uuid, name text, state text, colleagues bigint, created_at timestamptz)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select co.id, co.name, co.state, count(c.id) filter (where c.active), co.created_at
  from app.company co left join app.colleague c on c.company_id = co.id
  group by co.id order by co.name, co.id
$$;
comment on function app.list_companies() is 'All companies with the number of their active colleagues.';
grant execute on function app.list_companies() to kollegium_staff;

-- Fields that are null stay. The name stands on participations too, the membership cards by which
-- others know this company, so both change together.
create or replace function app.change_company(
  p_version integer, p_name text, p_delegator_role boolean, p_language text)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.admin_caller();
  v_version integer;
begin
  select version into v_version from app.company where id = v_caller.company_id for no key update;
  perform app_private.expect_version(v_version, p_version);
  update app.company set name = coalesce(p_name, name),
    delegator_role = coalesce(p_delegator_role, delegator_role),
    language = coalesce(p_language, language), changed_at = now(), version = version + 1
  where id = v_caller.company_id;
  if p_name is not null then
    update app.participation set company_name = p_name where company_id = v_caller.company_id;
    update app.participation set operator_name = p_name
    where operator_company_id = v_caller.company_id;
    update app.marketplace set operator_name = p_name
    where operator_company_id = v_caller.company_id;
  end if;
  perform app_private.audit('company-changed', v_caller.company_id, v_caller.colleague_id,
    v_caller.company_id);
end
$$;
comment on function app.change_company(integer, text, boolean, text) is
  'Changes the caller''s company (admin); the name on membership cards with it.';
grant execute on function app.change_company(integer, text, boolean, text) to kollegium_api;

-- Role and activity of a colleague (admin), or somebody's own name and language. Deactivation
-- ends his sessions and clears him as handler; leads and API keys stay (docs/domain.md, case 3).
create or replace function app.change_colleague(
  p_colleague uuid, p_version integer, p_role text, p_active boolean, p_name text, p_language text)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_colleague app.colleague;
begin
  -- One change of the staff of a company at a time, so that two admins cannot demote each other.
  perform from app.company where id = v_caller.company_id for no key update;
  select * into v_colleague from app.colleague
  where id = p_colleague and company_id = v_caller.company_id for no key update;
  if not found then
    perform app_private.refuse(404, 'not-found');
  end if;
  if v_caller.role <> 'admin' and (v_caller.colleague_id is distinct from p_colleague
      or p_role is not null or p_active is not null) then
    perform app_private.refuse(403, 'admin-required');
  end if;
  perform app_private.expect_version(v_colleague.version, p_version);
  if v_colleague.role = 'admin' and v_colleague.active
     and (coalesce(p_role, 'admin') <> 'admin' or not coalesce(p_active, true))
     and not exists (select from app.colleague o where o.company_id = v_caller.company_id
                     and o.id <> p_colleague and o.role = 'admin' and o.active) then
    perform app_private.refuse(409, 'last-admin');
  end if;
  update app.colleague set role = coalesce(p_role, role), active = coalesce(p_active, active),
    name = coalesce(p_name, name), language = coalesce(p_language, language),
    changed_at = now(), version = version + 1
  where id = p_colleague;
  if not coalesce(p_active, true) then
    delete from app_private.bearer where colleague_id = p_colleague;
    perform app_private.change_handler_name(v_caller.company_id, p_colleague, null);
  elsif p_name <> v_colleague.name then
    perform app_private.change_handler_name(v_caller.company_id, p_colleague, p_name);
  end if;
  perform app_private.audit('colleague-changed', v_caller.company_id, v_caller.colleague_id,
    p_colleague, jsonb_strip_nulls(jsonb_build_object('role', p_role, 'active', p_active)));
end
$$;
comment on function app.change_colleague(uuid, integer, text, boolean, text, text) is
  'Role and activity by an admin, own name and language by oneself; the last admin stays.';
grant execute on function app.change_colleague(uuid, integer, text, boolean, text, text) to kollegium_api;

-- An invitation is bound to its address: the token goes there and nowhere else, and the colleague
-- it creates has that address. Whether the address is known already is not told to the inviter.
create or replace function app.invite_colleague(p_email text, p_role text, p_token text)
returns uuid language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.admin_caller();
  v_id constant uuid := app_private.new_id();
begin
  -- A second invitation to the same address replaces the first.
  update app.invitation set state = 'revoked', answered_at = now()
  where company_id = v_caller.company_id and email = p_email and state = 'open';
  insert into app.invitation (id, company_id, email, role, invited_by_id, expires_at)
  values (v_id, v_caller.company_id, p_email, p_role, v_caller.colleague_id, now() + interval '14 days');
  insert into app_private.invitation_token (token_sha256, invitation_id)
  values (sha256(convert_to(p_token, 'UTF8')), v_id);
  perform app_private.mail('invitation', p_email, v_caller.language, v_caller.company_id,
    jsonb_build_object('company', v_caller.company_name, 'inviter', v_caller.colleague_name,
                       'token', p_token, 'days', 14));
  perform app_private.audit('colleague-invited', v_caller.company_id, v_caller.colleague_id, v_id,
    jsonb_build_object('role', p_role));
  return v_id;
end
$$;
comment on function app.invite_colleague(text, text, text) is
  'Invites an e-mail address into the caller''s company (admin); mails the token there.';
grant execute on function app.invite_colleague(text, text, text) to kollegium_api;

create or replace function app.revoke_invitation(p_invitation uuid)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.admin_caller();
begin
  update app.invitation set state = 'revoked', answered_at = now()
  where id = p_invitation and company_id = v_caller.company_id and state = 'open';
  if not found then
    perform app_private.refuse(404, 'not-found');
  end if;
  perform app_private.audit('invitation-revoked', v_caller.company_id, v_caller.colleague_id, p_invitation);
end
$$;
comment on function app.revoke_invitation(uuid) is 'Takes an open invitation back (admin).';
grant execute on function app.revoke_invitation(uuid) to kollegium_api;

-- Accepting needs no log-in: the token is the right. 404 for unknown, revoked and expired ones, 409
-- for one that was used: who repeats a request whose answer got lost is told that it worked.
create or replace function app.accept_invitation(
  p_token text, p_name text, p_salt bytea, p_proof bytea,
  out company_id uuid, out company_name text, out colleague_id uuid, out email text, out role text)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_invitation app.invitation;
  v_language text;
begin
  select i.* into v_invitation
  from app_private.invitation_token t join app.invitation i on i.id = t.invitation_id
  where t.token_sha256 = sha256(convert_to(p_token, 'UTF8')) and i.state <> 'revoked'
    and i.expires_at > now()
  for update of i;
  if not found then
    perform app_private.refuse(404, 'not-found');
  elsif v_invitation.state = 'accepted' then
    perform app_private.refuse(409, 'invitation-accepted');
  end if;
  company_id := v_invitation.company_id;
  perform pg_advisory_xact_lock_shared(app_private.company_lock_key(company_id));
  select co.name, co.language into company_name, v_language
  from app.company co where co.id = v_invitation.company_id and co.state = 'active';
  if not found then
    perform app_private.refuse(404, 'not-found');
  end if;
  email := v_invitation.email;
  role := v_invitation.role;
  -- Who was a colleague before and left comes back as himself, with the invited role.
  update app.colleague c set active = true, role = v_invitation.role, name = p_name,
    changed_at = now(), version = version + 1
  where c.email = v_invitation.email and c.company_id = v_invitation.company_id and not c.active
  returning c.id into colleague_id;
  if found then
    delete from app_private.credential cr where cr.colleague_id = accept_invitation.colleague_id;
    insert into app_private.credential (colleague_id, salt, proof_sha256)
    values (accept_invitation.colleague_id, p_salt, sha256(p_proof));
  else
    colleague_id := app_private.add_colleague(
      company_id, email, p_name, role, v_language, p_salt, p_proof);
  end if;
  update app.invitation set state = 'accepted', answered_at = now() where id = v_invitation.id;
  perform app_private.audit('invitation-accepted', company_id, colleague_id, v_invitation.id);
end
$$;
comment on function app.accept_invitation(text, text, bytea, bytea) is
  'Makes the invited address a colleague of the inviting company; 409 when it was done before.';
grant execute on function app.accept_invitation(text, text, bytea, bytea) to kollegium_api;

-- API keys belong to the company, not to who made them; the token is shown once, by the web tier.
create or replace function app.create_api_key(p_name text, p_token_sha256 bytea)
returns uuid language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.admin_caller();
  v_id constant uuid := app_private.new_id();
begin
  insert into app.api_key (id, company_id, name, created_by_id)
  values (v_id, v_caller.company_id, p_name, v_caller.colleague_id);
  insert into app_private.bearer (token_sha256, api_key_id, expires_at)
  values (p_token_sha256, v_id, 'infinity');
  perform app_private.audit('api-key-created', v_caller.company_id, v_caller.colleague_id, v_id);
  return v_id;
end
$$;
comment on function app.create_api_key(text, bytea) is 'A new key of the caller''s company (admin).';
grant execute on function app.create_api_key(text, bytea) to kollegium_api;

create or replace function app.revoke_api_key(p_key uuid)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.admin_caller();
begin
  update app.api_key set revoked_at = now()
  where id = p_key and company_id = v_caller.company_id and revoked_at is null;
  if not found then
    perform app_private.refuse(404, 'not-found');
  end if;
  delete from app_private.bearer where api_key_id = p_key;
  perform app_private.audit('api-key-revoked', v_caller.company_id, v_caller.colleague_id, p_key);
end
$$;
comment on function app.revoke_api_key(uuid) is 'Ends a key of the caller''s company at once (admin).';
grant execute on function app.revoke_api_key(uuid) to kollegium_api;

-- sql/functions/40_marketplaces.sql
set local role kollegium_owner;
-- Marketplaces and who takes part in them.
set local role kollegium_broker;

-- The marketplace, locked, when the caller's company operates it; otherwise 404, as for none.
create or replace function app_private.operated_marketplace(p_marketplace uuid, p_company uuid)
returns app.marketplace language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_marketplace app.marketplace;
begin
  select * into v_marketplace from app.marketplace
  where id = p_marketplace and operator_company_id = p_company for no key update;
  if not found then
    perform app_private.refuse(404, 'not-found');
  end if;
  return v_marketplace;
end
$$;

create or replace function app.create_marketplace(p_settings jsonb)
returns uuid language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_id constant uuid := app_private.new_id();
begin
  insert into app.marketplace (id, operator_company_id, name, operator_name, steps)
  values (v_id, v_caller.company_id, p_settings ->> 'name', v_caller.company_name,
          array(select jsonb_array_elements_text(p_settings -> 'steps')));
  perform app_private.apply_settings(v_id, p_settings);
  perform app_private.audit('marketplace-created', v_caller.company_id, v_caller.colleague_id, v_id);
  return v_id;
end
$$;
comment on function app.create_marketplace(jsonb) is
  'A new marketplace operated by the caller''s company; keys are the columns of app.marketplace.';
grant execute on function app.create_marketplace(jsonb) to kollegium_api;

create or replace function app_private.apply_settings(p_marketplace uuid, p_settings jsonb)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v app.marketplace;
begin
  -- Keys that are absent stay; the composite carries the types and refuses what does not convert.
  select (jsonb_populate_record(m, p_settings)).* into v from app.marketplace m where id = p_marketplace;
  update app.marketplace set name = v.name, steps = v.steps, operator_may_take = v.operator_may_take,
    giver_may_withdraw = v.giver_may_withdraw, auto_accept = v.auto_accept,
    auto_offer = v.auto_offer, response_hours = v.response_hours, reopen_days = v.reopen_days,
    teaser_digits = v.teaser_digits, changed_at = now()
  where id = p_marketplace;
end
$$;

-- Name and steps stand on the membership cards too. Running engagements keep the steps with which
-- they began.
create or replace function app.change_marketplace(p_marketplace uuid, p_version integer, p_settings jsonb)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_marketplace app.marketplace;
begin
  v_marketplace := app_private.operated_marketplace(p_marketplace, v_caller.company_id);
  perform app_private.expect_version(v_marketplace.version, p_version);
  perform app_private.apply_settings(p_marketplace, p_settings);
  update app.marketplace set version = version + 1 where id = p_marketplace returning * into v_marketplace;
  update app.participation set marketplace_name = v_marketplace.name, steps = v_marketplace.steps
  where marketplace_id = p_marketplace;
  perform app_private.audit('marketplace-changed', v_caller.company_id, v_caller.colleague_id, p_marketplace);
end
$$;
comment on function app.change_marketplace(uuid, integer, jsonb) is
  'Changes settings of a marketplace of the caller''s company and the cards of its partners.';
grant execute on function app.change_marketplace(uuid, integer, jsonb) to kollegium_api;

-- Invites a company, or whoever has an e-mail address. For an address the operator's record is the
-- same whether or not a colleague has it, so inviting cannot be used to ask who is a customer; an
-- unknown address finds the invitation waiting when its company is set up. 404 for an unknown id.
create or replace function app.invite_partner(
  p_marketplace uuid, p_company uuid, p_email text, p_capacity text,
  p_postcode_areas text[], p_tags text[], p_cap integer)
returns uuid language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_marketplace app.marketplace;
  v_id constant uuid := app_private.new_id();
  v_company uuid;
begin
  v_marketplace := app_private.operated_marketplace(p_marketplace, v_caller.company_id);
  select co.id into v_company from app.company co
  where co.state = 'active' and co.id = coalesce(p_company,
    (select c.company_id from app.colleague c where c.email = p_email and c.active));
  if p_company is not null and v_company is null then
    perform app_private.refuse(404, 'not-found');
  end if;
  if v_company = v_caller.company_id then
    perform app_private.refuse(409, 'own-company');
  end if;
  update app.partner_invitation set state = 'withdrawn'
  where marketplace_id = p_marketplace and capacity = p_capacity and state = 'open'
    and (email = p_email or company_id = p_company);
  insert into app.partner_invitation (marketplace_id, id, operator_company_id, email, company_id,
    capacity, postcode_areas, tags, cap)
  values (p_marketplace, v_id, v_caller.company_id, p_email, p_company, p_capacity,
    p_postcode_areas, p_tags, p_cap);
  if p_email is not null then
    perform app_private.mail('partner-invitation', p_email, v_caller.language, v_caller.company_id,
      jsonb_build_object('marketplace', v_marketplace.name, 'operator', v_caller.company_name,
                         'capacity', p_capacity));
  else
    perform app_private.mail_company('partner-invitation', v_company,
      jsonb_build_object('marketplace', v_marketplace.name, 'operator', v_caller.company_name,
                         'capacity', p_capacity));
  end if;
  perform app_private.deliver_partner_invitation(p_marketplace, v_id, v_company);
  perform app_private.audit('partner-invited', v_caller.company_id, v_caller.colleague_id, v_id);
  return v_id;
end
$$;
comment on function app.invite_partner(uuid, uuid, text, text, text[], text[], integer) is
  'Invites a company, by id or by a colleague''s e-mail, to a marketplace of the caller''s company.';
grant execute on function app.invite_partner(uuid, uuid, text, text, text[], text[], integer) to kollegium_api;

-- Writes the invited company's card. Who is active already gets a further capacity at once when the
-- operator named his company: he may decline each offer, so it takes nothing from him. An invitation
-- to an address waits for the answer, or its card would tell whose address it is.
create or replace function app_private.deliver_partner_invitation(
  p_marketplace uuid, p_invitation uuid, p_company uuid, p_answered boolean default false)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_state text;
begin
  if p_company is null or (not p_answered
      and exists (select from app.partner_invitation i where i.marketplace_id = p_marketplace
                  and i.id = p_invitation and i.email is not null)
      and exists (select from app.participation p where p.marketplace_id = p_marketplace
                  and p.company_id = p_company and p.state = 'active')) then
    return;
  end if;
  insert into app.participation as p (marketplace_id, company_id, operator_company_id, capacities,
    state, postcode_areas, tags, cap, marketplace_name, operator_name, company_name, steps)
  select m.id, co.id, m.operator_company_id, array[i.capacity], 'invited', i.postcode_areas, i.tags,
    i.cap, m.name, m.operator_name, co.name, m.steps
  from app.partner_invitation i
  join app.marketplace m on m.id = i.marketplace_id
  join app.company co on co.id = p_company
  where i.marketplace_id = p_marketplace and i.id = p_invitation
  on conflict (marketplace_id, company_id) do update set
    capacities = case when p.state in ('active', 'invited')
      then array(select distinct unnest(p.capacities || excluded.capacities) order by 1)
      else excluded.capacities end,
    state = case when p.state = 'active' then 'active' else 'invited' end,
    postcode_areas = case when excluded.capacities = array['giver'] and p.state in ('active', 'invited')
      then p.postcode_areas else excluded.postcode_areas end,
    tags = case when excluded.capacities = array['giver'] and p.state in ('active', 'invited')
      then p.tags else excluded.tags end,
    cap = case when excluded.capacities = array['giver'] and p.state in ('active', 'invited')
      then p.cap else excluded.cap end,
    ended_at = null, version = p.version + 1
  returning p.state into v_state;
  if v_state = 'active' then
    update app.partner_invitation set state = 'accepted'
    where marketplace_id = p_marketplace and id = p_invitation;
  end if;
end
$$;

-- A new colleague brings the invitations that wait for his address to his company.
create or replace function app_private.claim_partner_invitations(p_email text, p_company uuid)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_invitation app.partner_invitation;
begin
  for v_invitation in
    select * from app.partner_invitation
    where email = p_email and state = 'open' and operator_company_id <> p_company
    order by id
  loop
    perform app_private.deliver_partner_invitation(
      v_invitation.marketplace_id, v_invitation.id, p_company);
  end loop;
end
$$;

-- The invited company answers; a partner that was invited for a further capacity answers for that.
create or replace function app.answer_partner_invitation(p_marketplace uuid, p_accept boolean)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_state text;
  v_answer text := case when p_accept then 'active' else 'declined' end;
  v_open uuid[];
begin
  select state into v_state from app.participation
  where marketplace_id = p_marketplace and company_id = v_caller.company_id for no key update;
  if not found then
    perform app_private.refuse(404, 'not-found');
  end if;
  select array_agg(i.id order by i.id) into v_open from app.partner_invitation i
  where i.marketplace_id = p_marketplace and i.state = 'open' and (i.company_id = v_caller.company_id
    or i.email in (select c.email from app.colleague c where c.company_id = v_caller.company_id));
  if v_state = v_answer and v_open is null then
    return;
  end if;
  if v_state = 'active' and v_open is not null then
    if p_accept then
      perform app_private.deliver_partner_invitation(p_marketplace, i.id, v_caller.company_id, true)
      from unnest(v_open) i (id);
    end if;
    v_answer := 'active';
  elsif v_state <> 'invited' then
    perform app_private.refuse(409, 'participation-state', jsonb_build_object('state', v_state));
  end if;
  update app.participation set state = v_answer, answered_at = now(), version = version + 1
  where marketplace_id = p_marketplace and company_id = v_caller.company_id;
  update app.partner_invitation set state = case when p_accept then 'accepted' else 'declined' end
  where marketplace_id = p_marketplace and id = any (v_open) and state = 'open';
  perform app_private.mail_company('partner-answered',
    (select operator_company_id from app.marketplace where id = p_marketplace),
    (select jsonb_build_object('marketplace', m.name, 'company', v_caller.company_name,
       'accepted', p_accept) from app.marketplace m where m.id = p_marketplace));
  perform app_private.audit('partner-invitation-answered', v_caller.company_id,
    v_caller.colleague_id, p_marketplace, jsonb_build_object('accepted', p_accept));
end
$$;
comment on function app.answer_partner_invitation(uuid, boolean) is
  'Accepts or declines the invitation of the caller''s company to a marketplace.';
grant execute on function app.answer_partner_invitation(uuid, boolean) to kollegium_api;

-- Ends a participation: by the operator, or by the company itself. Its open offers are withdrawn;
-- what it works already it may finish. p_company may be the id of an open invitation.
create or replace function app.end_participation(p_marketplace uuid, p_company uuid)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_participation app.participation;
  v_invited uuid[];
  v_offer record;
begin
  -- Several where the company was invited as giver and as taker.
  with withdrawn as (
    update app.partner_invitation i set state = 'withdrawn'
    where i.marketplace_id = p_marketplace and i.operator_company_id = v_caller.company_id
      and (i.id = p_company or i.company_id = p_company) and i.state = 'open'
    returning coalesce(i.company_id,
      (select c.company_id from app.colleague c where c.email = i.email)) as company_id
  ) select array_agg(w.company_id) into v_invited from withdrawn w;
  if v_invited is not null then
    delete from app.participation
    where marketplace_id = p_marketplace and company_id = any (v_invited) and state = 'invited';
    -- Another invitation of the same company that is still open gets it a new card.
    perform app_private.deliver_partner_invitation(p_marketplace, i.id, c.id)
    from app.partner_invitation i
    join unnest(v_invited) c (id) on c.id = i.company_id
      or i.email in (select o.email from app.colleague o where o.company_id = c.id)
    where i.marketplace_id = p_marketplace and i.state = 'open';
    perform app_private.audit('partner-invitation-withdrawn', v_caller.company_id,
      v_caller.colleague_id, p_marketplace);
    return;
  end if;
  -- Leads before the participation, the order in which a pick takes its locks.
  perform app_private.lock_lead(o.marketplace_id, o.lead_id)
  from (select marketplace_id, lead_id from app.offer
        where company_id = p_company and marketplace_id = p_marketplace and state = 'open'
        order by lead_id) o
  where p_company = v_caller.company_id or exists (
    select from app.marketplace m where m.id = p_marketplace
      and m.operator_company_id = v_caller.company_id);
  select * into v_participation from app.participation
  where marketplace_id = p_marketplace and company_id = p_company
    and (company_id = v_caller.company_id
         or (operator_company_id = v_caller.company_id and state <> 'invited'))
  for no key update;
  if not found then
    perform app_private.refuse(404, 'not-found');
  end if;
  if v_participation.state <> 'active' then
    perform app_private.refuse(409, 'participation-state', jsonb_build_object('state', v_participation.state));
  end if;
  update app.participation set state = 'ended', ended_at = now(), version = version + 1
  where marketplace_id = p_marketplace and company_id = p_company;
  for v_offer in
    select o.marketplace_id, o.lead_id from app.offer o
    where o.company_id = p_company and o.marketplace_id = p_marketplace and o.state = 'open'
    order by o.lead_id
  loop
    perform app_private.lock_lead(v_offer.marketplace_id, v_offer.lead_id);
    update app.offer set state = 'withdrawn', answered_at = now()
    where marketplace_id = v_offer.marketplace_id and lead_id = v_offer.lead_id
      and company_id = p_company and state = 'open';
    perform app_private.conclude_wave(v_offer.marketplace_id, v_offer.lead_id);
  end loop;
  perform app_private.audit('participation-ended', v_caller.company_id, v_caller.colleague_id, p_marketplace,
    jsonb_build_object('company', p_company));
end
$$;
comment on function app.end_participation(uuid, uuid) is
  'Ends a company''s participation, or withdraws an open invitation; open offers are withdrawn.';
grant execute on function app.end_participation(uuid, uuid) to kollegium_api;

-- sql/functions/45_lead_rows.sql
set local role kollegium_owner;
-- What every function about a lead begins with: lock it, check its state, record what happened.
--
-- Every function of a lead first locks it (app_private.lock_lead) and then looks at what is so:
-- two calls for one lead happen one after the other, and the second sees what the first did.
-- Locks are taken in the order lead, offers, participation.
set local role kollegium_broker;

-- The lead, locked against every other change; 404 unless the company is a party (docs/domain.md, case 9).
-- p_company null: the caller has shown in another way that he may know of the lead.
create or replace function app_private.lock_lead(p_marketplace uuid, p_lead uuid, p_company uuid default null)
returns app.lead language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_lead app.lead;
begin
  select * into v_lead from app.lead
  where marketplace_id = p_marketplace and id = p_lead
    and (p_company is null or p_company = any (parties))
  for update;
  if not found then
    perform app_private.refuse(404, 'not-found');
  end if;
  return v_lead;
end
$$;

-- The same for who only adds to the lead: waits for whoever moves it between companies, no more.
create or replace function app_private.hold_lead(p_marketplace uuid, p_lead uuid, p_company uuid)
returns app.lead language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_lead app.lead;
begin
  select * into v_lead from app.lead
  where marketplace_id = p_marketplace and id = p_lead and p_company = any (parties)
  for key share;
  if not found then
    perform app_private.refuse(404, 'not-found');
  end if;
  return v_lead;
end
$$;

create or replace function app_private.expect_state(p_state text, p_allowed text[])
returns void language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
begin
  if p_state <> all (p_allowed) then
    perform app_private.refuse(409, 'lead-state',
      jsonb_build_object('state', p_state, 'allowed', p_allowed));
  end if;
end
$$;

create or replace function app_private.expect_operator(p_lead app.lead, p_company uuid)
returns void language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
begin
  if p_lead.operator_company_id <> p_company then
    perform app_private.refuse(403, 'operator-required');
  end if;
end
$$;

-- One line of the lead's history, seen by all its parties: no personal data, no name of a taker
-- other than the engaged one.
create or replace function app_private.record(
  p_marketplace uuid, p_lead uuid, p_event text, p_caller app.caller, p_detail jsonb default '{}')
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  insert into app.history (marketplace_id, id, lead_id, parties, event, company_id, company_name,
    colleague_id, colleague_name, detail)
  select l.marketplace_id, app_private.new_id(), l.id, l.parties, p_event, p_caller.company_id,
    p_caller.company_name, p_caller.colleague_id, p_caller.colleague_name, p_detail
  from app.lead l where l.marketplace_id = p_marketplace and l.id = p_lead;
end
$$;

-- For what happens by itself (timers, rules of the marketplace): nobody did it.
create or replace function app_private.nobody() returns app.caller
language sql immutable set search_path = pg_catalog, pg_temp
as $$ select null::app.caller $$;

create or replace function app_private.set_state(p_marketplace uuid, p_lead uuid, p_state text)
returns void language sql volatile set search_path = pg_catalog, pg_temp
as $$
  update app.lead set state = p_state, changed_at = now(), version = version + 1
  where marketplace_id = p_marketplace and id = p_lead
$$;

-- THE function that changes the companies of a lead. What always has the visibility of the lead
-- moves with it; forgetting a table here fails at commit, by its foreign key on parties.
create or replace function app_private.engage(
  p_marketplace uuid, p_lead uuid, p_company uuid, p_company_name text, p_engagement uuid)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_parties uuid[];
begin
  update app.lead set engaged_company_id = p_company, engaged_company_name = p_company_name,
    engagement_id = p_engagement, state = 'engaged', changed_at = now(), version = version + 1
  where marketplace_id = p_marketplace and id = p_lead
  returning parties into v_parties;
  update app.prospect set parties = v_parties where marketplace_id = p_marketplace and lead_id = p_lead;
  update app.message set parties = v_parties where marketplace_id = p_marketplace and lead_id = p_lead;
  update app.history set parties = v_parties where marketplace_id = p_marketplace and lead_id = p_lead;
end
$$;

-- sql/functions/50_leads.sql
set local role kollegium_owner;
-- Leads on their way to the market: create, submit, accept, reject, change, withdraw.
set local role kollegium_broker;

-- As whom the caller puts leads into a marketplace: the card of an active giver, null for its operator;
-- 404 for who may not know of it.
create or replace function app_private.intake_card(p_marketplace uuid, p_caller app.caller)
returns app.participation language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_giver app.participation;
begin
  if exists (select from app.marketplace m
             where m.id = p_marketplace and m.operator_company_id = p_caller.company_id) then
    return null;
  end if;
  select * into v_giver from app.participation p
  where p.marketplace_id = p_marketplace and p.company_id = p_caller.company_id;
  if not found or v_giver.state = 'invited' then
    perform app_private.refuse(404, 'not-found');
  elsif v_giver.state <> 'active' or not 'giver' = any (v_giver.capacities) then
    perform app_private.refuse(403, 'giver-required');
  end if;
  return v_giver;
end
$$;

-- A new lead, put in by the operator or an active giver of the marketplace; 404 for anybody else.
-- created is false when the same source and external_ref came in before: then id is that lead.
create or replace function app.create_lead(
  p_marketplace uuid, p_interest text, p_tags text[], p_distribution_permission boolean,
  p_prospect jsonb, p_submit boolean, p_source text, p_external_ref text,
  out id uuid, out created boolean)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_giver constant app.participation := app_private.intake_card(p_marketplace, v_caller);
  v_marketplace app.marketplace;
  v_prospect app.prospect;
begin
  select * into v_marketplace from app.marketplace m where m.id = p_marketplace;
  v_prospect := jsonb_populate_record(null::app.prospect, p_prospect);
  id := app_private.new_id();
  created := true;
  insert into app.lead (marketplace_id, id, operator_company_id, giver_company_id, state, interest,
    postcode_area, tags, distribution_permission, source, external_ref, operator_name, giver_name,
    created_by_id)
  values (p_marketplace, id, v_marketplace.operator_company_id, v_giver.company_id, 'draft', p_interest,
    left(coalesce(v_prospect.postcode, ''), v_marketplace.teaser_digits), p_tags,
    p_distribution_permission, p_source, p_external_ref, v_marketplace.operator_name,
    v_giver.company_name, v_caller.colleague_id)
  on conflict (marketplace_id, coalesce(giver_company_id, operator_company_id), source, external_ref)
    where external_ref is not null do nothing;
  if not found then
    created := false;
    select l.id into id from app.lead l
    where l.marketplace_id = p_marketplace and l.source = p_source and l.external_ref = p_external_ref
      and coalesce(l.giver_company_id, l.operator_company_id) = v_caller.company_id;
    return;
  end if;
  insert into app.prospect (marketplace_id, lead_id, parties, name, salutation, company, email,
    phone, street, postcode, city, country, answers)
  select l.marketplace_id, l.id, l.parties, v_prospect.name, v_prospect.salutation,
    v_prospect.company, v_prospect.email, v_prospect.phone, v_prospect.street,
    v_prospect.postcode, v_prospect.city, v_prospect.country, coalesce(v_prospect.answers, '{}')
  from app.lead l where l.marketplace_id = p_marketplace and l.id = create_lead.id;
  perform app_private.record(p_marketplace, id, 'created', v_caller, jsonb_build_object('source', p_source));
  if p_submit then
    perform app_private.submit(p_marketplace, id, v_caller);
  end if;
end
$$;
comment on function app.create_lead(uuid, text, text[], boolean, jsonb, boolean, text, text) is
  'A new draft, submitted at once on request; the same external_ref of one source comes in once.';
grant execute on function app.create_lead(uuid, text, text[], boolean, jsonb, boolean, text, text)
  to kollegium_api;

-- draft → submitted, and on to available and offered where the marketplace says so.
create or replace function app_private.submit(p_marketplace uuid, p_lead uuid, p_caller app.caller)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_lead constant app.lead := app_private.lock_lead(p_marketplace, p_lead, p_caller.company_id);
  v_marketplace app.marketplace;
begin
  if p_caller.company_id <> all (array_remove(array[v_lead.operator_company_id, v_lead.giver_company_id], null)) then
    perform app_private.refuse(403, 'giver-required');
  end if;
  perform app_private.expect_state(v_lead.state, array['draft']);
  if not v_lead.distribution_permission then
    perform app_private.refuse(422, 'distribution-permission-missing');
  end if;
  if exists (select from app.prospect p where p.marketplace_id = p_marketplace and p.lead_id = p_lead
             and num_nonnulls(p.email, p.phone) = 0) then
    perform app_private.refuse(422, 'contact-missing');
  end if;
  update app.lead set submitted_at = now() where marketplace_id = p_marketplace and id = p_lead;
  perform app_private.set_state(p_marketplace, p_lead, 'submitted');
  perform app_private.record(p_marketplace, p_lead, 'submitted', p_caller);
  select * into v_marketplace from app.marketplace where id = p_marketplace;
  if v_marketplace.auto_accept then
    perform app_private.accept(p_marketplace, p_lead, app_private.nobody());
  end if;
end
$$;

create or replace function app.submit_lead(p_marketplace uuid, p_lead uuid)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
begin
  perform app_private.submit(p_marketplace, p_lead, v_caller);
end
$$;
comment on function app.submit_lead(uuid, uuid) is
  'draft → submitted (giver or operator); needs the person''s consent to pass the data on.';
grant execute on function app.submit_lead(uuid, uuid) to kollegium_api;

create or replace function app_private.accept(p_marketplace uuid, p_lead uuid, p_caller app.caller)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_lead app.lead;
  v_marketplace app.marketplace;
  v_takers uuid[];
begin
  perform app_private.set_state(p_marketplace, p_lead, 'available');
  perform app_private.record(p_marketplace, p_lead, 'accepted', p_caller);
  select * into v_marketplace from app.marketplace where id = p_marketplace;
  if v_marketplace.auto_offer then
    select * into v_lead from app.lead where marketplace_id = p_marketplace and id = p_lead;
    v_takers := app_private.matching_takers(v_lead);
    if cardinality(v_takers) > 0 then
      perform app_private.open_brokerage(v_lead, v_takers, v_marketplace.response_hours, p_caller);
    end if;
  end if;
end
$$;

-- submitted → available. Accepting what is accepted already changes nothing.
create or replace function app.accept_lead(p_marketplace uuid, p_lead uuid)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_lead app.lead;
begin
  v_lead := app_private.lock_lead(p_marketplace, p_lead, v_caller.company_id);
  perform app_private.expect_operator(v_lead, v_caller.company_id);
  perform app_private.expect_state(v_lead.state, array['submitted', 'available']);
  if v_lead.state = 'submitted' then
    perform app_private.accept(p_marketplace, p_lead, v_caller);
  end if;
end
$$;
comment on function app.accept_lead(uuid, uuid) is 'submitted → available (operator).';
grant execute on function app.accept_lead(uuid, uuid) to kollegium_api;

create or replace function app.reject_lead(p_marketplace uuid, p_lead uuid, p_reason text)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_lead app.lead;
begin
  v_lead := app_private.lock_lead(p_marketplace, p_lead, v_caller.company_id);
  perform app_private.expect_operator(v_lead, v_caller.company_id);
  perform app_private.expect_state(v_lead.state, array['submitted']);
  update app.lead set rejection_reason = p_reason where marketplace_id = p_marketplace and id = p_lead;
  perform app_private.set_state(p_marketplace, p_lead, 'rejected');
  perform app_private.record(p_marketplace, p_lead, 'rejected', v_caller, jsonb_build_object('reason', p_reason));
  perform app_private.mail_company('lead-rejected', v_lead.giver_company_id,
    jsonb_build_object('operator', v_lead.operator_name, 'lead', p_lead, 'reason', p_reason));
end
$$;
comment on function app.reject_lead(uuid, uuid, text) is
  'submitted → rejected (operator); the giver is told the reason.';
grant execute on function app.reject_lead(uuid, uuid, text) to kollegium_api;

-- By the operator, or the giver where the marketplace allows it. Loses against a committed pick.
create or replace function app.withdraw_lead(p_marketplace uuid, p_lead uuid, p_reason text)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_lead app.lead;
begin
  v_lead := app_private.lock_lead(p_marketplace, p_lead, v_caller.company_id);
  if v_lead.operator_company_id <> v_caller.company_id then
    if v_lead.giver_company_id is distinct from v_caller.company_id then
      perform app_private.refuse(403, 'operator-required');
    elsif not (select giver_may_withdraw from app.marketplace where id = p_marketplace) then
      perform app_private.refuse(403, 'giver-may-not-withdraw');
    end if;
  end if;
  if v_lead.state = 'engaged' then
    perform app_private.refuse(409, 'lead-engaged');
  end if;
  perform app_private.expect_state(v_lead.state,
    array['draft', 'submitted', 'available', 'offered', 'unplaced']);
  perform app_private.close_brokerage(p_marketplace, p_lead, 'withdrawn', 'withdrawn');
  perform app_private.set_state(p_marketplace, p_lead, 'withdrawn');
  perform app_private.record(p_marketplace, p_lead, 'withdrawn', v_caller,
    jsonb_strip_nulls(jsonb_build_object('reason', p_reason)));
end
$$;
comment on function app.withdraw_lead(uuid, uuid, text) is
  'Takes a lead back before it is picked (operator; giver where allowed); 409 after the pick.';
grant execute on function app.withdraw_lead(uuid, uuid, text) to kollegium_api;

-- Corrections. The giver until the lead is offered, the operator until it is closed, the engaged
-- taker the contact data while he works it. Keys that are absent stay (docs/domain.md, case 8).
create or replace function app.change_lead(
  p_marketplace uuid, p_lead uuid, p_version integer, p_envelope jsonb, p_prospect jsonb)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_lead app.lead;
  v_changed app.lead;
  v_prospect app.prospect;
begin
  v_lead := app_private.lock_lead(p_marketplace, p_lead, v_caller.company_id);
  perform app_private.expect_version(v_lead.version, p_version);
  if v_caller.company_id = v_lead.operator_company_id then
    perform app_private.expect_state(v_lead.state,
      array['draft', 'submitted', 'available', 'offered', 'unplaced', 'engaged']);
  elsif v_caller.company_id = v_lead.giver_company_id then
    perform app_private.expect_state(v_lead.state, array['draft', 'submitted', 'available']);
  else
    perform app_private.expect_state(v_lead.state, array['engaged']);
    if p_envelope <> '{}' then
      perform app_private.refuse(403, 'operator-required');
    end if;
  end if;
  v_changed := jsonb_populate_record(v_lead, p_envelope);
  select (jsonb_populate_record(p, p_prospect)).* into v_prospect
  from app.prospect p where p.marketplace_id = p_marketplace and p.lead_id = p_lead;
  if v_lead.state <> 'draft' then
    if num_nonnulls(v_prospect.email, v_prospect.phone) = 0 then
      perform app_private.refuse(422, 'contact-missing');
    elsif not v_changed.distribution_permission then
      perform app_private.refuse(422, 'distribution-permission-missing');
    end if;
  end if;
  update app.prospect set name = v_prospect.name, salutation = v_prospect.salutation,
    company = v_prospect.company, email = v_prospect.email, phone = v_prospect.phone,
    street = v_prospect.street, postcode = v_prospect.postcode, city = v_prospect.city,
    country = v_prospect.country, answers = coalesce(v_prospect.answers, '{}')
  where marketplace_id = p_marketplace and lead_id = p_lead and p_prospect <> '{}';
  update app.lead set interest = v_changed.interest, tags = v_changed.tags,
    distribution_permission = v_changed.distribution_permission,
    postcode_area = left(coalesce(v_prospect.postcode, ''),
      (select m.teaser_digits from app.marketplace m where m.id = p_marketplace)),
    changed_at = now(), version = version + 1
  where marketplace_id = p_marketplace and id = p_lead;
  perform app_private.record(p_marketplace, p_lead, 'changed', v_caller, jsonb_build_object('fields',
    (select coalesce(jsonb_agg(k order by k), '[]') from jsonb_object_keys(p_envelope || p_prospect) k)));
end
$$;
comment on function app.change_lead(uuid, uuid, integer, jsonb, jsonb) is
  'Corrects interest, tags and contact data; 412 when the version is not the expected one.';
grant execute on function app.change_lead(uuid, uuid, integer, jsonb, jsonb) to kollegium_api;

-- sql/functions/55_brokerages.sql
set local role kollegium_owner;
-- Brokerages: whom a lead is offered to, one wave of offers, and its end.
set local role kollegium_broker;

-- Who may get a lead at all.
create or replace function app_private.may_take(p_participation app.participation, p_giver uuid)
returns boolean language sql immutable set search_path = pg_catalog, pg_temp
as $$
  select p_participation.state = 'active' and 'taker' = any (p_participation.capacities)
    and not p_participation.paused and p_participation.company_id is distinct from p_giver
$$;

-- The cap counts what a company works on a marketplace at present.
create or replace function app_private.cap_reached(p_participation app.participation)
returns boolean language sql stable set search_path = pg_catalog, pg_temp
as $$
  select p_participation.cap is not null and p_participation.cap <= (
    select count(*) from app.engagement e
    where e.company_id = p_participation.company_id
      and e.marketplace_id = p_participation.marketplace_id
      and e.state in ('active', 'return_requested'))
$$;

-- Active takers whose area, tags and cap fit, not paused, not the giver (docs/domain.md, life cycle).
-- No areas: everywhere. No tags on either side: no restriction.
create or replace function app_private.matching_takers(p_lead app.lead)
returns uuid[] language sql stable set search_path = pg_catalog, pg_temp
as $$
  select coalesce(array_agg(p.company_id order by p.company_id), '{}')
  from app.participation p
  left join app.prospect pr on pr.marketplace_id = p_lead.marketplace_id and pr.lead_id = p_lead.id
  where p.marketplace_id = p_lead.marketplace_id
    and app_private.may_take(p, p_lead.giver_company_id)
    and not app_private.cap_reached(p)
    and (cardinality(p.postcode_areas) = 0
         or exists (select from unnest(p.postcode_areas) area where starts_with(pr.postcode, area)))
    and (cardinality(p.tags) = 0 or cardinality(p_lead.tags) = 0 or p.tags && p_lead.tags)
$$;

-- One wave: an offer, with a snapshot of the teaser, to each of the companies.
create or replace function app_private.open_brokerage(
  p_lead app.lead, p_takers uuid[], p_hours integer, p_caller app.caller)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_id constant uuid := app_private.new_id();
  v_expires_at constant timestamptz := now() + make_interval(hours => p_hours);
  v_taker uuid;
begin
  insert into app.brokerage (marketplace_id, id, lead_id, operator_company_id, state, opened_by_id)
  values (p_lead.marketplace_id, v_id, p_lead.id, p_lead.operator_company_id, 'open', p_caller.colleague_id);
  insert into app.offer (marketplace_id, id, brokerage_id, lead_id, company_id, operator_company_id,
    wave, state, interest, postcode_area, tags, marketplace_name, company_name, expires_at)
  select p.marketplace_id, app_private.new_id(), v_id, p_lead.id, p.company_id, p.operator_company_id,
    1, 'open', p_lead.interest, p_lead.postcode_area, p_lead.tags, p.marketplace_name,
    p.company_name, v_expires_at
  from app.participation p
  where p.marketplace_id = p_lead.marketplace_id and p.company_id = any (p_takers)
    and p.state = 'active'
  for share;  -- a participation that ends meanwhile withdraws these offers, or gets none
  perform app_private.set_state(p_lead.marketplace_id, p_lead.id, 'offered');
  perform app_private.record(p_lead.marketplace_id, p_lead.id, 'offered', p_caller,
    jsonb_build_object('offers', cardinality(p_takers), 'expires_at', v_expires_at));
  foreach v_taker in array p_takers loop
    perform app_private.mail_company('offer-opened', v_taker, jsonb_build_object(
      'operator', p_lead.operator_name, 'interest', left(p_lead.interest, 200),
      'postcode_area', p_lead.postcode_area, 'expires_at', v_expires_at));
  end loop;
  perform app_private.conclude_wave(p_lead.marketplace_id, p_lead.id);  -- if nobody was left
end
$$;

-- available or unplaced → offered. p_companies null: all matching takers; else exactly these, whose
-- area and tags then do not matter, but who must be active takers with room. Nobody: 409.
create or replace function app.offer_lead(p_marketplace uuid, p_lead uuid, p_companies uuid[], p_hours integer)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_lead app.lead;
  v_takers uuid[];
  v_unfit uuid[];
begin
  v_lead := app_private.lock_lead(p_marketplace, p_lead, v_caller.company_id);
  perform app_private.expect_operator(v_lead, v_caller.company_id);
  perform app_private.expect_state(v_lead.state, array['available', 'unplaced']);
  if p_companies is null then
    v_takers := app_private.matching_takers(v_lead);
  else
    select array_agg(distinct c.id) filter (where fits), array_agg(distinct c.id) filter (where not fits)
    into v_takers, v_unfit
    from (select w.id, coalesce(app_private.may_take(p, v_lead.giver_company_id)
                                and not app_private.cap_reached(p), false) as fits
          from unnest(p_companies) w (id)
          left join app.participation p on p.marketplace_id = p_marketplace and p.company_id = w.id) c;
    if cardinality(v_unfit) > 0 then
      perform app_private.refuse(422, 'taker-unfit', jsonb_build_object('companies', v_unfit));
    end if;
  end if;
  if coalesce(cardinality(v_takers), 0) = 0 then
    perform app_private.refuse(409, 'no-matching-taker');
  end if;
  perform app_private.open_brokerage(v_lead, v_takers, coalesce(p_hours,
    (select m.response_hours from app.marketplace m where m.id = p_marketplace)), v_caller);
end
$$;
comment on function app.offer_lead(uuid, uuid, uuid[], integer) is
  'available or unplaced → offered (operator), to all matching or to chosen takers.';
grant execute on function app.offer_lead(uuid, uuid, uuid[], integer) to kollegium_api;

-- Ends the open brokerage: what is still open becomes p_offers ('lost' or 'withdrawn').
create or replace function app_private.close_brokerage(
  p_marketplace uuid, p_lead uuid, p_state text, p_offers text)
returns void language sql volatile set search_path = pg_catalog, pg_temp
as $$
  update app.brokerage set state = p_state, closed_at = now()
  where marketplace_id = p_marketplace and lead_id = p_lead and state = 'open';
  update app.offer set state = p_offers, answered_at = now()
  where marketplace_id = p_marketplace and lead_id = p_lead and state = 'open'
$$;

-- The wave is over when no offer of it is open any more: the operator gets the lead back.
create or replace function app_private.conclude_wave(p_marketplace uuid, p_lead uuid)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_lead app.lead;
begin
  if exists (select from app.offer where marketplace_id = p_marketplace and lead_id = p_lead
             and state = 'open') then
    return;
  end if;
  update app.brokerage set state = 'exhausted', closed_at = now()
  where marketplace_id = p_marketplace and lead_id = p_lead and state = 'open';
  perform app_private.set_state(p_marketplace, p_lead, 'unplaced');
  perform app_private.record(p_marketplace, p_lead, 'unplaced', app_private.nobody());
  select * into v_lead from app.lead where marketplace_id = p_marketplace and id = p_lead;
  perform app_private.mail_company('lead-unplaced', v_lead.operator_company_id,
    jsonb_build_object('lead', p_lead, 'interest', left(v_lead.interest, 200)));
end
$$;

-- sql/functions/60_offers.sql
set local role kollegium_owner;
-- Offers: pick, decline, re-open, and assignment past them. The one place where a lead gets a taker.
set local role kollegium_broker;

-- Company X works lead Y from here on: engagement, disclosure, history, mails, in one transaction.
create or replace function app_private.begin_engagement(
  p_lead app.lead, p_company uuid, p_company_name text, p_steps text[], p_origin text,
  p_self_pick boolean, p_colleague uuid, p_colleague_name text)
returns uuid language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_id constant uuid := app_private.new_id();
  v_handler uuid;
begin
  -- Waits for a deactivation under way: who leaves must not become handler beside it.
  select c.id into v_handler from app.colleague c where c.id = p_colleague and c.active for share;
  insert into app.engagement (marketplace_id, id, lead_id, company_id, operator_company_id,
    giver_company_id, company_name, state, origin, self_pick, picked_by_id, picked_by_name, steps,
    step, handler_id, handler_name)
  values (p_lead.marketplace_id, v_id, p_lead.id, p_company, p_lead.operator_company_id,
    p_lead.giver_company_id, p_company_name, 'active', p_origin, p_self_pick, p_colleague,
    p_colleague_name, p_steps, p_steps[1], v_handler,
    case when v_handler is not null then p_colleague_name end);
  perform app_private.engage(p_lead.marketplace_id, p_lead.id, p_company, p_company_name, v_id);
  insert into app.disclosure (marketplace_id, id, lead_id, company_id, operator_company_id,
    company_name, colleague_name, reason, fields)
  select p.marketplace_id, app_private.new_id(), p.lead_id, p_company, p_lead.operator_company_id,
    p_company_name, p_colleague_name, p_origin,
    array(select f.key from jsonb_each(jsonb_strip_nulls(to_jsonb(p))) f
          where f.key in ('name', 'salutation', 'company', 'email', 'phone', 'street', 'postcode',
                          'city', 'country', 'answers') order by 1)
  from app.prospect p where p.marketplace_id = p_lead.marketplace_id and p.lead_id = p_lead.id;
  perform app_private.mail_company('lead-engaged', c.id, jsonb_build_object('lead', p_lead.id,
    'company', p_company_name, 'interest', left(p_lead.interest, 200)))
  from unnest(array[p_lead.operator_company_id, p_lead.giver_company_id]) c (id)
  where c.id is not null and c.id <> p_company;
  return v_id;
end
$$;

-- Picking is limited: 300 attempts a minute of a colleague (or API key), 600 of a company. A pick that
-- succeeds is charged last, so that nobody waits for the bucket while it waits for a lead; what a
-- refused one charged would be undone with it, so app.attempt_pick charges it afterwards.
create or replace function app_private.charge_pick(p_caller app.caller)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  perform app_private.take('pick ' || coalesce(p_caller.colleague_id, p_caller.api_key_id), 300, '1 min');
  perform app_private.take('pick ' || p_caller.company_id, 600, '1 min');
end
$$;

-- Exclusive: one company wins (docs/domain.md, case 1). Returns the engagement's id; picked is false
-- when a colleague of the caller had it already. 404 for a company that never had an offer, 409
-- without any name for one that came too late, 429 for too many attempts (see charge_pick).
-- An operator takes what its partners left over, where its marketplace says so (case 2).
create or replace function app.pick_lead(
  p_marketplace uuid, p_lead uuid, out engagement_id uuid, out picked boolean)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_lead app.lead;
  v_offer app.offer;
  v_card app.participation;
  v_marketplace app.marketplace;
  v_wait integer;
begin
  v_wait := greatest(
    app_private.seconds_to_wait('pick ' || coalesce(v_caller.colleague_id, v_caller.api_key_id), 300, '1 min'),
    app_private.seconds_to_wait('pick ' || v_caller.company_id, 600, '1 min'));
  if v_wait > 0 then
    perform app_private.refuse(429, 'too-many-requests', jsonb_build_object('retry_after', v_wait));
  end if;
  select * into v_marketplace from app.marketplace where id = p_marketplace;
  if not exists (select from app.offer where marketplace_id = p_marketplace and lead_id = p_lead
                 and company_id = v_caller.company_id)
     and not (v_marketplace.operator_may_take and v_marketplace.operator_company_id = v_caller.company_id)
     -- assigned directly: a colleague who picks it is told that it is theirs already
     and not exists (select from app.engagement where marketplace_id = p_marketplace
                     and lead_id = p_lead and company_id = v_caller.company_id) then
    perform app_private.refuse(404, 'not-found');
  end if;
  v_lead := app_private.lock_lead(p_marketplace, p_lead);
  if v_lead.engaged_company_id = v_caller.company_id then
    engagement_id := v_lead.engagement_id;
    picked := false;
    perform app_private.charge_pick(v_caller);
    return;
  end if;
  if v_caller.company_id = v_lead.operator_company_id then
    if v_lead.state <> 'unplaced' then
      perform app_private.refuse(409, 'operator-takes-after-first-wave');
    end if;
    engagement_id := app_private.begin_engagement(v_lead, v_caller.company_id, v_caller.company_name,
      v_marketplace.steps, 'pick', true, v_caller.colleague_id, v_caller.colleague_name);
  else
    select * into v_offer from app.offer
    where marketplace_id = p_marketplace and lead_id = p_lead and company_id = v_caller.company_id
    order by id desc limit 1;
    if v_offer.state = 'declined' and v_lead.state = 'offered' then
      perform app_private.refuse(409, 'offer-declined');
    elsif v_offer.state <> 'open' or v_offer.expires_at <= now() then
      perform app_private.refuse(409, 'lead-no-longer-available');
    end if;
    -- Locked, so that two picks of one company do not pass its cap together.
    select * into v_card from app.participation
    where marketplace_id = p_marketplace and company_id = v_caller.company_id for no key update;
    if v_card.state <> 'active' then
      perform app_private.refuse(409, 'lead-no-longer-available');
    elsif app_private.cap_reached(v_card) then
      perform app_private.refuse(409, 'cap-reached', jsonb_build_object('cap', v_card.cap));
    end if;
    update app.offer set state = 'picked', answered_at = now(), answered_by_name = v_caller.colleague_name
    where marketplace_id = p_marketplace and id = v_offer.id;
    perform app_private.close_brokerage(p_marketplace, p_lead, 'placed', 'lost');
    engagement_id := app_private.begin_engagement(v_lead, v_caller.company_id, v_caller.company_name,
      v_card.steps, 'pick', false, v_caller.colleague_id, v_caller.colleague_name);
  end if;
  perform app_private.record(p_marketplace, p_lead, 'picked', v_caller);
  perform app_private.charge_pick(v_caller);
  picked := true;
end
$$;
comment on function app.pick_lead(uuid, uuid) is
  'The caller''s company takes the lead it was offered; exactly one company wins.';
grant execute on function app.pick_lead(uuid, uuid) to kollegium_api;

-- The same for the service: a refusal is the answer and not an error, so that the attempt stays counted.
-- Null when the lead is the caller's company's; otherwise problem and detail as `refuse` had them. 429 is
-- an error here, too: it costs no further attempt.
create or replace function app.attempt_pick(p_marketplace uuid, p_lead uuid) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_problem text;
  v_detail text;
begin
  perform app.pick_lead(p_marketplace, p_lead);
  return null;
exception when sqlstate 'KG404' or sqlstate 'KG409' then
  get stacked diagnostics v_problem = constraint_name, v_detail = pg_exception_detail;
  perform set_config('synchronous_commit', 'off', true);  -- a count that a crash loses harms nobody
  perform app_private.charge_pick(app_private.caller());
  return json_build_object('problem', v_problem, 'detail', v_detail::json);
end
$$;
comment on function app.attempt_pick(uuid, uuid) is
  'As app.pick_lead, but a refusal is returned, and the attempt counts against the limits.';
grant execute on function app.attempt_pick(uuid, uuid) to kollegium_api;

-- The operator gives a lead to a taker of its marketplace past the offers, which become lost.
create or replace function app.assign_lead(p_marketplace uuid, p_lead uuid, p_company uuid)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_lead app.lead;
  v_card app.participation;
  v_marketplace app.marketplace;
begin
  v_lead := app_private.lock_lead(p_marketplace, p_lead, v_caller.company_id);
  perform app_private.expect_operator(v_lead, v_caller.company_id);
  perform app_private.expect_state(v_lead.state, array['available', 'offered', 'unplaced']);
  select * into v_marketplace from app.marketplace where id = p_marketplace;
  if p_company = v_caller.company_id then
    if not v_marketplace.operator_may_take then
      perform app_private.refuse(409, 'operator-may-not-take');
    elsif v_lead.state <> 'unplaced' then
      perform app_private.refuse(409, 'operator-takes-after-first-wave');
    end if;
    v_card.company_name := v_caller.company_name;
    v_card.steps := v_marketplace.steps;
  else
    select * into v_card from app.participation
    where marketplace_id = p_marketplace and company_id = p_company for no key update;
    if not coalesce(app_private.may_take(v_card, v_lead.giver_company_id), false) then
      perform app_private.refuse(422, 'taker-unfit', jsonb_build_object('companies', array[p_company]));
    elsif app_private.cap_reached(v_card) then
      perform app_private.refuse(409, 'cap-reached', jsonb_build_object('cap', v_card.cap));
    end if;
  end if;
  perform app_private.close_brokerage(p_marketplace, p_lead, 'placed', 'lost');
  perform app_private.begin_engagement(v_lead, p_company, v_card.company_name, v_card.steps,
    'assignment', p_company = v_caller.company_id, null, null);
  perform app_private.record(p_marketplace, p_lead, 'assigned', v_caller,
    jsonb_build_object('company', v_card.company_name));
  perform app_private.mail_company('lead-assigned', p_company, jsonb_build_object(
    'operator', v_lead.operator_name, 'interest', left(v_lead.interest, 200)));
end
$$;
comment on function app.assign_lead(uuid, uuid, uuid) is
  'Gives a lead directly to a taker (operator); open offers become lost.';
grant execute on function app.assign_lead(uuid, uuid, uuid) to kollegium_api;

-- The caller's own latest offer for the lead, the lead locked first; 404 without one.
create or replace function app_private.own_offer(p_marketplace uuid, p_lead uuid, p_company uuid)
returns app.offer language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_offer app.offer;
begin
  if not exists (select from app.offer where marketplace_id = p_marketplace and lead_id = p_lead
                 and company_id = p_company) then
    perform app_private.refuse(404, 'not-found');
  end if;
  perform app_private.lock_lead(p_marketplace, p_lead);
  select * into v_offer from app.offer
  where marketplace_id = p_marketplace and lead_id = p_lead and company_id = p_company
  order by id desc limit 1;
  return v_offer;
end
$$;

-- For the whole company. Declining twice changes nothing.
create or replace function app.decline_offer(p_marketplace uuid, p_lead uuid, p_reason text)
returns app.offer language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_offer app.offer;
begin
  v_offer := app_private.own_offer(p_marketplace, p_lead, v_caller.company_id);
  if v_offer.state = 'declined' then
    return v_offer;
  elsif v_offer.state <> 'open' then
    perform app_private.refuse(409, 'lead-no-longer-available');
  end if;
  update app.offer set state = 'declined', decline_reason = p_reason, answered_at = now(),
    answered_by_name = v_caller.colleague_name
  where marketplace_id = p_marketplace and id = v_offer.id returning * into v_offer;
  perform app_private.conclude_wave(p_marketplace, p_lead);
  return v_offer;
end
$$;
comment on function app.decline_offer(uuid, uuid, text) is
  'Declines the offer for the whole company; the last refusal of a wave makes the lead unplaced.';
grant execute on function app.decline_offer(uuid, uuid, text) to kollegium_api;

-- Takes one's own refusal back while the lead is still offered, the window open, and the company a
-- partner: who left the marketplace could not pick, and the lead would wait for him in vain.
create or replace function app.reopen_offer(p_marketplace uuid, p_lead uuid)
returns app.offer language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_offer app.offer;
  v_state text;
begin
  v_offer := app_private.own_offer(p_marketplace, p_lead, v_caller.company_id);
  if v_offer.state = 'open' then
    return v_offer;
  end if;
  select state into v_state from app.participation
  where marketplace_id = p_marketplace and company_id = v_caller.company_id for share;
  if v_state is distinct from 'active' or v_offer.state <> 'declined' or v_offer.expires_at <= now()
     or not exists (select from app.brokerage where marketplace_id = p_marketplace
                    and id = v_offer.brokerage_id and state = 'open') then
    perform app_private.refuse(409, 'lead-no-longer-available');
  end if;
  update app.offer set state = 'open', decline_reason = null, answered_at = null, answered_by_name = null
  where marketplace_id = p_marketplace and id = v_offer.id returning * into v_offer;
  return v_offer;
end
$$;
comment on function app.reopen_offer(uuid, uuid) is
  'Re-opens the company''s own declined offer while the lead is still offered.';
grant execute on function app.reopen_offer(uuid, uuid) to kollegium_api;

-- Timer: offers whose window is over expire. At most p_limit leads a call; returns how many.
create or replace function app.expire_offers(p_limit integer)
returns integer language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_due record;
  v_count integer := 0;
begin
  for v_due in
    select distinct o.marketplace_id, o.lead_id from app.offer o
    where o.state = 'open' and o.expires_at <= now()
    order by o.marketplace_id, o.lead_id limit p_limit
  loop
    perform app_private.lock_lead(v_due.marketplace_id, v_due.lead_id);
    update app.offer set state = 'expired', answered_at = now()
    where marketplace_id = v_due.marketplace_id and lead_id = v_due.lead_id
      and state = 'open' and expires_at <= now();
    if found then
      perform app_private.conclude_wave(v_due.marketplace_id, v_due.lead_id);
      v_count := v_count + 1;
    end if;
  end loop;
  return v_count;
end
$$;
comment on function app.expire_offers(integer) is
  'Timer of the response window: overdue offers expire, leads without an open offer are unplaced.';
grant execute on function app.expire_offers(integer) to kollegium_worker;

-- sql/functions/70_engagements.sql
set local role kollegium_owner;
-- Working a lead: step, handler, won and lost, notes and messages. Any colleague of the engaged
-- company may do it (announcement, 8 to 10).
set local role kollegium_broker;

-- The current engagement of a lead the caller's company works, the lead locked; 404 when it is no
-- party, 403 when it is one but not the engaged one.
create or replace function app_private.own_engagement(p_marketplace uuid, p_lead uuid, p_company uuid, p_version integer)
returns app.engagement language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_lead constant app.lead := app_private.lock_lead(p_marketplace, p_lead, p_company);
  v_engagement app.engagement;
begin
  if v_lead.engaged_company_id is distinct from p_company then
    perform app_private.refuse(403, 'taker-required');
  end if;
  perform app_private.expect_version(v_lead.version, p_version);
  select * into v_engagement from app.engagement
  where marketplace_id = p_marketplace and id = v_lead.engagement_id;
  return v_engagement;
end
$$;

create or replace function app_private.expect_active(p_engagement app.engagement)
returns void language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
begin
  if p_engagement.state <> 'active' then
    perform app_private.refuse(409, 'engagement-state', jsonb_build_object('state', p_engagement.state));
  end if;
end
$$;

-- Step, and handler: myself always; somebody else, or nobody, by delegators and admins, or by every
-- colleague while the company has switched the role off. Null arguments leave things as they are.
create or replace function app.change_engagement(
  p_marketplace uuid, p_lead uuid, p_version integer, p_step text, p_set_handler boolean, p_handler uuid)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_engagement app.engagement;
  v_handler app.colleague;
begin
  v_engagement := app_private.own_engagement(p_marketplace, p_lead, v_caller.company_id, p_version);
  perform app_private.expect_active(v_engagement);
  if p_step is not null and p_step <> all (v_engagement.steps) then
    perform app_private.refuse(422, 'step-unknown', jsonb_build_object('steps', v_engagement.steps));
  end if;
  if p_set_handler and p_handler is distinct from v_engagement.handler_id then
    if p_handler is distinct from v_caller.colleague_id and v_caller.delegator_role
       and v_caller.role not in ('delegator', 'admin') then
      perform app_private.refuse(403, 'delegator-required');
    end if;
    if p_handler is not null then
      -- Waits for a deactivation under way: who leaves must not become handler beside it.
      select * into v_handler from app.colleague
      where id = p_handler and company_id = v_caller.company_id and active for share;
      if not found then
        perform app_private.refuse(422, 'handler-unknown');
      end if;
    end if;
    update app.engagement set handler_id = v_handler.id, handler_name = v_handler.name
    where marketplace_id = p_marketplace and id = v_engagement.id;
    perform app_private.record(p_marketplace, p_lead, 'handler-changed', v_caller,
      jsonb_build_object('handler', v_handler.name));
  end if;
  if p_step is distinct from v_engagement.step and p_step is not null then
    update app.engagement set step = p_step where marketplace_id = p_marketplace and id = v_engagement.id;
    perform app_private.record(p_marketplace, p_lead, 'step-changed', v_caller,
      jsonb_build_object('from', v_engagement.step, 'to', p_step));
  end if;
  update app.lead set version = version + 1, changed_at = now()
  where marketplace_id = p_marketplace and id = p_lead;
end
$$;
comment on function app.change_engagement(uuid, uuid, integer, text, boolean, uuid) is
  'Step and handler of the engagement; handing over to others needs the role delegator.';
grant execute on function app.change_engagement(uuid, uuid, integer, text, boolean, uuid) to kollegium_api;

-- The name of a colleague on what he handles. null: he leaves and handles nothing any more; the
-- engagement stays with the company (docs/domain.md, case 3), and what is closed keeps his name.
create or replace function app_private.change_handler_name(p_company uuid, p_colleague uuid, p_name text)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v record;
begin
  for v in select e.marketplace_id, e.lead_id, e.id from app.engagement e
           where e.company_id = p_company and e.handler_id = p_colleague
             and (p_name is not null or e.state in ('active', 'return_requested'))
           order by e.marketplace_id, e.lead_id loop
    perform app_private.lock_lead(v.marketplace_id, v.lead_id);
    update app.engagement set handler_name = p_name,
      handler_id = case when p_name is not null then handler_id end
    where marketplace_id = v.marketplace_id and id = v.id and handler_id = p_colleague;
    update app.lead set version = version + 1, changed_at = now()
    where marketplace_id = v.marketplace_id and id = v.lead_id;
    if p_name is null then
      perform app_private.record(v.marketplace_id, v.lead_id, 'handler-changed', app_private.nobody(),
        '{"handler": null}');
    end if;
  end loop;
end
$$;

create or replace function app.close_engagement(
  p_marketplace uuid, p_lead uuid, p_outcome text, p_value numeric)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_engagement app.engagement;
begin
  v_engagement := app_private.own_engagement(p_marketplace, p_lead, v_caller.company_id, null);
  perform app_private.expect_active(v_engagement);
  update app.engagement set state = p_outcome, value = p_value, closed_at = now()
  where marketplace_id = p_marketplace and id = v_engagement.id;
  perform app_private.set_state(p_marketplace, p_lead, 'closed');
  perform app_private.record(p_marketplace, p_lead, p_outcome, v_caller,
    jsonb_strip_nulls(jsonb_build_object('value', p_value)));
end
$$;
comment on function app.close_engagement(uuid, uuid, text, numeric) is
  'Ends the engagement as won or lost; the lead is closed.';
grant execute on function app.close_engagement(uuid, uuid, text, numeric) to kollegium_api;

create or replace function app.reopen_engagement(p_marketplace uuid, p_lead uuid)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_engagement app.engagement;
  v_days integer;
begin
  v_engagement := app_private.own_engagement(p_marketplace, p_lead, v_caller.company_id, null);
  if v_engagement.state not in ('won', 'lost') then
    perform app_private.refuse(409, 'engagement-state', jsonb_build_object('state', v_engagement.state));
  end if;
  select reopen_days into v_days from app.marketplace where id = p_marketplace;
  if v_engagement.closed_at < now() - make_interval(days => v_days) then
    perform app_private.refuse(409, 'reopen-window-over', jsonb_build_object('days', v_days));
  end if;
  update app.engagement set state = 'active', value = null, closed_at = null
  where marketplace_id = p_marketplace and id = v_engagement.id;
  perform app_private.set_state(p_marketplace, p_lead, 'engaged');
  perform app_private.record(p_marketplace, p_lead, 'reopened', v_caller);
end
$$;
comment on function app.reopen_engagement(uuid, uuid) is
  'Takes won or lost back within the days that the marketplace allows.';
grant execute on function app.reopen_engagement(uuid, uuid) to kollegium_api;

-- An internal note: read by the colleagues of the author's company alone.
create or replace function app.add_note(p_marketplace uuid, p_lead uuid, p_text text)
returns app.note language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_note app.note;
begin
  perform app_private.hold_lead(p_marketplace, p_lead, v_caller.company_id);
  insert into app.note (marketplace_id, id, lead_id, company_id, author_id, author_name, text)
  values (p_marketplace, app_private.new_id(), p_lead, v_caller.company_id, v_caller.colleague_id,
          v_caller.colleague_name, p_text)
  returning * into v_note;
  return v_note;
end
$$;
comment on function app.add_note(uuid, uuid, text) is
  'Adds an internal note of the caller''s company to a lead it sees.';
grant execute on function app.add_note(uuid, uuid, text) to kollegium_api;

-- A message: read by all parties of the lead.
create or replace function app.add_message(p_marketplace uuid, p_lead uuid, p_text text)
returns app.message language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_lead app.lead;
  v_message app.message;
begin
  v_lead := app_private.hold_lead(p_marketplace, p_lead, v_caller.company_id);
  insert into app.message (marketplace_id, id, lead_id, parties, company_id, company_name,
    author_id, author_name, text)
  values (p_marketplace, app_private.new_id(), p_lead, v_lead.parties, v_caller.company_id,
    v_caller.company_name, v_caller.colleague_id, v_caller.colleague_name, p_text)
  returning * into v_message;
  perform app_private.mail_company('message-received', c.id,
    jsonb_build_object('company', v_caller.company_name, 'lead', p_lead))
  from unnest(v_lead.parties) c (id) where c.id <> v_caller.company_id;
  return v_message;
end
$$;
comment on function app.add_message(uuid, uuid, text) is
  'Adds a message that all parties of the lead read.';
grant execute on function app.add_message(uuid, uuid, text) to kollegium_api;

-- sql/functions/75_imports.sql
set local role kollegium_owner;
-- Files of leads: their rows go in one by one, their reports are kept.
set local role kollegium_broker;

-- Rows of a file, each through the door of a single lead. A row is an object with number, interest,
-- tags, distribution_permission, prospect, source, external_ref. Answers one row for each.
create or replace function app.create_leads(p_marketplace uuid, p_rows jsonb)
returns table (row_number integer, lead_id uuid, created boolean)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_row jsonb;
begin
  for v_row in select value from jsonb_array_elements(p_rows) with ordinality order by ordinality loop
    row_number := (v_row ->> 'number')::integer;
    select c.id, c.created into lead_id, created from app.create_lead(
      p_marketplace, v_row ->> 'interest',
      array(select jsonb_array_elements_text(v_row -> 'tags')),
      (v_row ->> 'distribution_permission')::boolean, v_row -> 'prospect',
      (v_row ->> 'distribution_permission')::boolean, v_row ->> 'source', v_row ->> 'external_ref') c;
    return next;
  end loop;
end
$$;
comment on function app.create_leads(uuid, jsonb) is
  'Creates the leads of a file; those with the person''s consent are submitted at once.';
grant execute on function app.create_leads(uuid, jsonb) to kollegium_api;

-- The report of a file, for who may put leads into the marketplace; 404 for anybody else.
create or replace function app.record_import(p_marketplace uuid, p_report jsonb, p_rows jsonb)
returns uuid language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_id constant uuid := app_private.new_id();
begin
  -- A file without a usable row created no lead that would have asked.
  perform app_private.intake_card(p_marketplace, v_caller);
  insert into app.lead_import (marketplace_id, id, company_id, colleague_id, file_name, format,
    encoding, separator, imported, duplicates, refused)
  select p_marketplace, v_id, v_caller.company_id, v_caller.colleague_id, r.file_name, r.format,
    r.encoding, r.separator, r.imported, r.duplicates, r.refused
  from jsonb_populate_record(null::app.lead_import, p_report) r;
  insert into app.lead_import_row (marketplace_id, import_id, row_number, company_id, outcome,
    lead_id, code, field, detail, warnings)
  select p_marketplace, v_id, r.row_number, v_caller.company_id, r.outcome, r.lead_id, r.code,
    r.field, coalesce(r.detail, '{}'), coalesce(r.warnings, '[]')
  from jsonb_populate_recordset(null::app.lead_import_row, p_rows) r;
  return v_id;
end
$$;
comment on function app.record_import(uuid, jsonb, jsonb) is
  'Keeps the report of an import: its counts and one row for each row of the file.';
grant execute on function app.record_import(uuid, jsonb, jsonb) to kollegium_api;

-- sql/functions/80_operation.sql
set local role kollegium_owner;
-- For the worker and the auditor.
set local role kollegium_broker;

-- Removes what has served its time: sessions 30 days after their end, kept answers after 48 hours,
-- full rate buckets, expired invitation tokens. Returns the number of rows.
create or replace function app.purge() returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_count bigint;
  v_total bigint := 0;
begin
  delete from app_private.bearer where expires_at < now() - interval '30 days';
  get diagnostics v_count = row_count;
  v_total := v_total + v_count;
  delete from app_private.idempotent_answer where created_at < now() - interval '48 hours';
  get diagnostics v_count = row_count;
  v_total := v_total + v_count;
  delete from app_private.rate where full_at < now() - interval '1 hour';
  get diagnostics v_count = row_count;
  v_total := v_total + v_count;
  delete from app_private.invitation_token t using app.invitation i
  where i.id = t.invitation_id and (i.expires_at < now() or i.state = 'revoked');
  get diagnostics v_count = row_count;
  return v_total + v_count;
end
$$;
comment on function app.purge() is 'Removes expired sessions, answers, buckets and tokens.';
grant execute on function app.purge() to kollegium_worker;

-- The outbox, newest first. Until real delivery exists this is how mails are read.
create or replace function app.read_mails(p_limit integer)
returns table (id uuid, template text, recipient text, language text, payload jsonb, created_at timestamptz)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select o.id, o.template, o.recipient, o.language, o.payload, o.created_at
  from app_private.outbox o where o.kind = 'mail' order by o.id desc limit p_limit
$$;
comment on function app.read_mails(integer) is 'Mails waiting in the outbox, newest first.';
grant execute on function app.read_mails(integer) to kollegium_worker;

create or replace function app.read_audit_log(p_since timestamptz, p_limit integer)
returns table (at timestamptz, company_id uuid, colleague_id uuid, action text, object_id uuid, detail jsonb)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select a.at, a.company_id, a.colleague_id, a.action, a.object_id, a.detail
  from app_private.audit_entry a where a.at >= p_since order by a.id desc limit p_limit
$$;
comment on function app.read_audit_log(timestamptz, integer) is
  'Security-relevant events, newest first; ids and actions, no personal data.';
grant execute on function app.read_audit_log(timestamptz, integer) to kollegium_auditor, kollegium_staff;

-- sql/policies/api_key.sql
set local role kollegium_owner;
-- api_key: Keys belong to the company; their tokens are not stored, only hashes in app_private.bearer.
alter table app.api_key enable row level security;
alter table app.api_key force row level security;

drop policy if exists select_own on app.api_key;
create policy select_own on app.api_key for select to kollegium_api
  using (company_id = (select app.current_company_id()));
comment on policy select_own on app.api_key is 'own company''s row: the keys of the company';
drop policy if exists cross_broker on app.api_key;
create policy cross_broker on app.api_key for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.api_key is 'broker: the functions in sql/functions decide; its grants bound them';

grant select (id, company_id, name, created_by_id, created_at, revoked_at) on app.api_key to kollegium_api;
grant select, insert on app.api_key to kollegium_broker;
grant update (revoked_at) on app.api_key to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: app.create_api_key, app.revoke_api_key

-- sql/policies/brokerage.sql
set local role kollegium_owner;
-- brokerage: A run of offering a lead is the operator's business.
alter table app.brokerage enable row level security;
alter table app.brokerage force row level security;

drop policy if exists select_operator on app.brokerage;
create policy select_operator on app.brokerage for select to kollegium_api
  using (operator_company_id = (select app.current_company_id()));
comment on policy select_operator on app.brokerage is 'own company''s row: the operator sees its brokerages';
drop policy if exists cross_broker on app.brokerage;
create policy cross_broker on app.brokerage for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.brokerage is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.brokerage to kollegium_api;
grant select, insert on app.brokerage to kollegium_broker;
grant update (state, closed_at) on app.brokerage to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: app.offer_lead and what ends an offer

-- sql/policies/colleague.sql
set local role kollegium_owner;
-- colleague: The colleagues of one company know each other; others meet their names on leads.
alter table app.colleague enable row level security;
alter table app.colleague force row level security;

drop policy if exists select_own on app.colleague;
create policy select_own on app.colleague for select to kollegium_api
  using (company_id = (select app.current_company_id()));
comment on policy select_own on app.colleague is 'own company''s row: colleagues see each other';
drop policy if exists cross_broker on app.colleague;
create policy cross_broker on app.colleague for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.colleague is 'broker: the functions in sql/functions decide; its grants bound them';

grant select (id, company_id, email, name, role, active, language, created_at, changed_at, version) on app.colleague to kollegium_api;
grant select, insert on app.colleague to kollegium_broker;
grant update (name, role, active, language, changed_at, version) on app.colleague to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: roles and activity change through app.change_colleague

-- sql/policies/company.sql
set local role kollegium_owner;
-- company: A company sees itself. What others need of it (the name) stands on participations.
alter table app.company enable row level security;
alter table app.company force row level security;

drop policy if exists select_own on app.company;
create policy select_own on app.company for select to kollegium_api
  using (id = (select app.current_company_id()));
comment on policy select_own on app.company is 'own company''s row: a company sees itself';
drop policy if exists cross_broker on app.company;
create policy cross_broker on app.company for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.company is 'broker: the functions in sql/functions decide; its grants bound them';

grant select (id, name, state, delegator_role, language, created_at, changed_at, version) on app.company to kollegium_api;
grant select, insert on app.company to kollegium_broker;
grant update (name, delegator_role, language, changed_at, version) on app.company to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: companies are set up by staff and changed by app.change_company
-- not granted: absorbed_into, origin_legacy_user_id to kollegium_api: nobody's business over HTTP

-- sql/policies/disclosure.sql
set local role kollegium_owner;
-- disclosure: Who received which personal data when. Seen by the operator and the recipient.
alter table app.disclosure enable row level security;
alter table app.disclosure force row level security;

drop policy if exists select_party on app.disclosure;
create policy select_party on app.disclosure for select to kollegium_api
  using (coalesce((select app.current_company_id()) = any (parties), false));
comment on policy select_party on app.disclosure is 'party of the row: operator and recipient';
drop policy if exists cross_broker on app.disclosure;
create policy cross_broker on app.disclosure for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.disclosure is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.disclosure to kollegium_api;
grant select, insert on app.disclosure to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api; update, delete to anybody: it is evidence

-- sql/policies/engagement.sql
set local role kollegium_owner;
-- engagement: Company X works lead Y: seen by X, the operator and the giver. The row keeps its company.
alter table app.engagement enable row level security;
alter table app.engagement force row level security;

drop policy if exists select_party on app.engagement;
create policy select_party on app.engagement for select to kollegium_api
  using (coalesce((select app.current_company_id()) = any (parties), false));
comment on policy select_party on app.engagement is 'party of the row: taker, operator, giver';
drop policy if exists cross_broker on app.engagement;
create policy cross_broker on app.engagement for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.engagement is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.engagement to kollegium_api;
grant select, insert on app.engagement to kollegium_broker;
grant update (state, step, handler_id, handler_name, value, closed_at) on app.engagement to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: app.change_engagement, app.close_engagement, app.reopen_engagement

-- sql/policies/history.sql
set local role kollegium_owner;
-- history: What happened to a lead, for all its parties.
alter table app.history enable row level security;
alter table app.history force row level security;

drop policy if exists select_party on app.history;
create policy select_party on app.history for select to kollegium_api
  using (coalesce((select app.current_company_id()) = any (parties), false));
comment on policy select_party on app.history is 'party of the row: the parties of the lead';
drop policy if exists cross_broker on app.history;
create policy cross_broker on app.history for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.history is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.history to kollegium_api;
grant select, insert on app.history to kollegium_broker;
grant update (parties) on app.history to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: history is written by the functions that make it

-- sql/policies/invitation.sql
set local role kollegium_owner;
-- invitation: Who was invited into a company is seen by that company alone.
alter table app.invitation enable row level security;
alter table app.invitation force row level security;

drop policy if exists select_own on app.invitation;
create policy select_own on app.invitation for select to kollegium_api
  using (company_id = (select app.current_company_id()));
comment on policy select_own on app.invitation is 'own company''s row: open and past invitations';
drop policy if exists cross_broker on app.invitation;
create policy cross_broker on app.invitation for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.invitation is 'broker: the functions in sql/functions decide; its grants bound them';

grant select (id, company_id, email, role, state, invited_by_id, created_at, expires_at, answered_at) on app.invitation to kollegium_api;
grant select, insert on app.invitation to kollegium_broker;
grant update (state, answered_at) on app.invitation to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: app.invite_colleague, app.accept_invitation, app.revoke_invitation

-- sql/policies/lead.sql
set local role kollegium_owner;
-- lead: The envelope: operator, giver and the one engaged taker see it, and nobody else.
alter table app.lead enable row level security;
alter table app.lead force row level security;

drop policy if exists select_party on app.lead;
create policy select_party on app.lead for select to kollegium_api
  using (coalesce((select app.current_company_id()) = any (parties), false));
comment on policy select_party on app.lead is 'party of the row: operator, giver, engaged taker';
drop policy if exists cross_broker on app.lead;
create policy cross_broker on app.lead for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.lead is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.lead to kollegium_api;
grant select, insert on app.lead to kollegium_broker;
grant update (engaged_company_id, engaged_company_name, engagement_id, state, interest, postcode_area,
  tags, distribution_permission, rejection_reason, submitted_at, changed_at, version) on app.lead to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: every change goes through a function that locks the lead

-- sql/policies/lead_import.sql
set local role kollegium_owner;
-- lead_import: Reports of the files a company imported.
alter table app.lead_import enable row level security;
alter table app.lead_import force row level security;

drop policy if exists select_own on app.lead_import;
create policy select_own on app.lead_import for select to kollegium_api
  using (company_id = (select app.current_company_id()));
comment on policy select_own on app.lead_import is 'own company''s row: the company''s imports';
drop policy if exists cross_broker on app.lead_import;
create policy cross_broker on app.lead_import for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.lead_import is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.lead_import to kollegium_api;
grant select, insert on app.lead_import to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: app.record_import

-- sql/policies/lead_import_row.sql
set local role kollegium_owner;
-- lead_import_row: One result for each row of an imported file; no personal data.
alter table app.lead_import_row enable row level security;
alter table app.lead_import_row force row level security;

drop policy if exists select_own on app.lead_import_row;
create policy select_own on app.lead_import_row for select to kollegium_api
  using (company_id = (select app.current_company_id()));
comment on policy select_own on app.lead_import_row is 'own company''s row: the company''s imports';
drop policy if exists cross_broker on app.lead_import_row;
create policy cross_broker on app.lead_import_row for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.lead_import_row is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.lead_import_row to kollegium_api;
grant select, insert on app.lead_import_row to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: app.record_import

-- sql/policies/marketplace.sql
set local role kollegium_owner;
-- marketplace: Its operator sees the marketplace. Partners see its name and steps on their participation.
alter table app.marketplace enable row level security;
alter table app.marketplace force row level security;

drop policy if exists select_operator on app.marketplace;
create policy select_operator on app.marketplace for select to kollegium_api
  using (operator_company_id = (select app.current_company_id()));
comment on policy select_operator on app.marketplace is 'own company''s row: the operator sees its marketplace';
drop policy if exists cross_broker on app.marketplace;
create policy cross_broker on app.marketplace for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.marketplace is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.marketplace to kollegium_api;
grant select, insert on app.marketplace to kollegium_broker;
grant update (name, operator_name, steps, operator_may_take, giver_may_withdraw, auto_accept,
  auto_offer, response_hours, reopen_days, teaser_digits, changed_at, version) on app.marketplace to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: app.create_marketplace, app.change_marketplace (cards change too)

-- sql/policies/message.sql
set local role kollegium_owner;
-- message: Shared by all parties of the lead.
alter table app.message enable row level security;
alter table app.message force row level security;

drop policy if exists select_party on app.message;
create policy select_party on app.message for select to kollegium_api
  using (coalesce((select app.current_company_id()) = any (parties), false));
comment on policy select_party on app.message is 'party of the row: the parties of the lead';
drop policy if exists cross_broker on app.message;
create policy cross_broker on app.message for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.message is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.message to kollegium_api;
grant select, insert on app.message to kollegium_broker;
grant update (parties) on app.message to kollegium_broker;
-- not granted: insert to kollegium_api: app.add_message takes company and author from the context
-- not granted: update of the text, delete to anybody: messages stay

-- sql/policies/note.sql
set local role kollegium_owner;
-- note: Internal: read by the colleagues of the company that wrote it.
alter table app.note enable row level security;
alter table app.note force row level security;

drop policy if exists select_own on app.note;
create policy select_own on app.note for select to kollegium_api
  using (company_id = (select app.current_company_id()));
comment on policy select_own on app.note is 'own company''s row: internal notes';
drop policy if exists cross_broker on app.note;
create policy cross_broker on app.note for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.note is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.note to kollegium_api;
grant select, insert on app.note to kollegium_broker;
-- not granted: insert to kollegium_api: app.add_note takes company and author from the context
-- not granted: update, delete to anybody: notes stay

-- sql/policies/offer.sql
set local role kollegium_owner;
-- offer: An offer is seen by the company it was made to while it is open or has won, and by the operator
-- always. Lost, declined, expired and withdrawn offers vanish for the taker.
alter table app.offer enable row level security;
alter table app.offer force row level security;

drop policy if exists select_own_or_operator on app.offer;
create policy select_own_or_operator on app.offer for select to kollegium_api
  using ((company_id = (select app.current_company_id()) and state in ('open', 'picked'))
  or operator_company_id = (select app.current_company_id()));
comment on policy select_own_or_operator on app.offer is 'own or operator''s row in a visible state';
drop policy if exists cross_broker on app.offer;
create policy cross_broker on app.offer for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.offer is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.offer to kollegium_api;
grant select, insert on app.offer to kollegium_broker;
grant update (state, answered_at, answered_by_name, decline_reason) on app.offer to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: app.pick_lead, app.decline_offer, app.reopen_offer

-- sql/policies/participation.sql
set local role kollegium_owner;
-- participation: A company sees its own membership card, the operator those of its partners. An invitation that
-- is not answered yet is seen by the invited company alone: otherwise inviting an e-mail address
-- would tell the operator which company it belongs to (he sees app.partner_invitation instead).
alter table app.participation enable row level security;
alter table app.participation force row level security;

drop policy if exists select_own_or_operator on app.participation;
create policy select_own_or_operator on app.participation for select to kollegium_api
  using (company_id = (select app.current_company_id())
  or (operator_company_id = (select app.current_company_id()) and state in ('active', 'declined', 'ended')));
comment on policy select_own_or_operator on app.participation is 'own or operator''s row in a visible state';
drop policy if exists update_own_or_operator on app.participation;
create policy update_own_or_operator on app.participation for update to kollegium_api
  using (company_id = (select app.current_company_id())
  or (operator_company_id = (select app.current_company_id()) and state in ('active', 'declined', 'ended')))
  with check (company_id = (select app.current_company_id())
  or (operator_company_id = (select app.current_company_id()) and state in ('active', 'declined', 'ended')));
comment on policy update_own_or_operator on app.participation is 'own or operator''s row in a visible state: both set areas, tags, pause and cap';
drop policy if exists cross_broker on app.participation;
create policy cross_broker on app.participation for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.participation is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.participation to kollegium_api;
grant update (postcode_areas, tags, paused, cap, version) on app.participation to kollegium_api;
grant select, insert, delete on app.participation to kollegium_broker;
grant update (capacities, state, postcode_areas, tags, cap, marketplace_name, operator_name,
  company_name, steps, answered_at, ended_at, version) on app.participation to kollegium_broker;
-- not granted: insert, delete to kollegium_api: participations come and go through invitations
-- not granted: update of company, operator, capacities, state and printed names to kollegium_api

-- sql/policies/partner_invitation.sql
set local role kollegium_owner;
-- partner_invitation: Whom an operator invited: by e-mail address or by company id, as he wrote it.
alter table app.partner_invitation enable row level security;
alter table app.partner_invitation force row level security;

drop policy if exists select_operator on app.partner_invitation;
create policy select_operator on app.partner_invitation for select to kollegium_api
  using (operator_company_id = (select app.current_company_id()));
comment on policy select_operator on app.partner_invitation is 'own company''s row: the operator sees whom it invited';
drop policy if exists cross_broker on app.partner_invitation;
create policy cross_broker on app.partner_invitation for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.partner_invitation is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.partner_invitation to kollegium_api;
grant select, insert on app.partner_invitation to kollegium_broker;
grant update (state) on app.partner_invitation to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: app.invite_partner, app.end_participation

-- sql/policies/prospect.sql
set local role kollegium_owner;
-- prospect: All personal data of the person behind a lead. A taker sees it from the pick on, not before.
alter table app.prospect enable row level security;
alter table app.prospect force row level security;

drop policy if exists select_party on app.prospect;
create policy select_party on app.prospect for select to kollegium_api
  using (coalesce((select app.current_company_id()) = any (parties), false));
comment on policy select_party on app.prospect is 'party of the row: the parties of the lead';
drop policy if exists cross_broker on app.prospect;
create policy cross_broker on app.prospect for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.prospect is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.prospect to kollegium_api;
grant select, insert on app.prospect to kollegium_broker;
grant update (parties, name, salutation, company, email, phone, street, postcode, city, country, answers) on app.prospect to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: app.create_lead, app.change_lead
