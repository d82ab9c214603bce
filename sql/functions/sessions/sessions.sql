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

-- Whether the account logged in from this address within the last 30 days.
create or replace function app_private.logged_in_from(p_email text, p_address bytea) returns boolean
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select exists (select from app_private.bearer b join app.colleague c on c.id = b.colleague_id
    where c.email = p_email and b.address_sha256 = p_address)
$$;

create or replace function app_private.log_in_wait(
  p_email text, p_address bytea, p_fingerprint bytea, p_take boolean)
returns integer language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_known constant boolean := app_private.logged_in_from(p_email, p_address);
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

-- The salt to stretch with, and for a password of the former system the iterations of its PBKDF2 (null:
-- Argon2id). An unknown address gets the same kind of answer, always the same one: as long as former
-- passwords are about, half of the unknown addresses look as if they had one, so that neither the
-- answer nor the time it takes tells whether an address is known. retry_after > 0: answer 429. known: the account
-- logged in from there before, so its turn comes before what is tried from there otherwise.
create or replace function app.begin_log_in(
  p_email text, p_address bytea, p_fingerprint bytea,
  out salt bytea, out pbkdf2_iterations integer, out retry_after integer, out known boolean)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_digest bytea;
begin
  known := app_private.logged_in_from(p_email, p_address);
  retry_after := app_private.log_in_wait(p_email, p_address, p_fingerprint, false);
  select coalesce(cr.pbkdf2_salt, cr.salt), cr.pbkdf2_iterations into salt, pbkdf2_iterations
  from app_private.credential cr join app.colleague c on c.id = cr.colleague_id
  where c.email = p_email;
  if not found then
    select sha256(s.pepper || convert_to(p_email, 'UTF8')) into v_digest from app_private.secret s;
    salt := substring(v_digest from 1 for 16);
    if get_byte(v_digest, 31) < 128 then
      select cr.pbkdf2_iterations into pbkdf2_iterations from app_private.credential cr
      where cr.pbkdf2_iterations is not null limit 1;
    end if;
  end if;
end
$$;
comment on function app.begin_log_in(text, bytea, bytea) is
  'How to stretch the password for an e-mail address, known or not; seconds to wait after failures.';
grant execute on function app.begin_log_in(text, bytea, bytea) to kollegium_api;

-- Whose password this is, against the limits of log-ins: colleague_id is null when it is wrong, and then
-- the failure is counted and told to the auditor; retry_after > 0: answer 429. The credential stays locked,
-- so that a password that is just being replaced opens nothing.
create or replace function app_private.check_password(
  p_email text, p_proof bytea, p_address bytea, p_fingerprint bytea,
  out colleague_id uuid, out company_id uuid, out retry_after integer)
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  retry_after := app_private.log_in_wait(p_email, p_address, p_fingerprint, true);
  if retry_after > 0 then
    return;
  end if;
  select c.id, c.company_id into check_password.colleague_id, check_password.company_id
  from app.colleague c
  join app_private.credential cr on cr.colleague_id = c.id
  join app.company co on co.id = c.company_id and co.state = 'active'
  where c.email = p_email and c.active and cr.proof_sha256 = sha256(p_proof)
  for key share of co, c  -- who is just being deactivated or merged is waited for, and read again
  for share of cr;
  if not found then
    perform app_private.audit('log-in-failed', c.company_id, c.id, null)
    from (values (true)) x left join app.colleague c on c.email = p_email;
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
end
$$;

-- Opens a session when the proof is right: one row with expires_at. Otherwise one row with
-- retry_after (0: wrong e-mail or password). Counts the failure, so the caller must commit.
create or replace function app.open_session(
  p_email text, p_proof bytea, p_token_sha256 bytea, p_address bytea, p_fingerprint bytea,
  p_client text default null, out expires_at timestamptz, out retry_after integer)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v record;
begin
  select * into v from app_private.check_password(p_email, p_proof, p_address, p_fingerprint);
  retry_after := v.retry_after;
  if v.colleague_id is null then
    return;
  end if;
  expires_at := app_private.clock() + interval '12 hours';
  insert into app_private.bearer (token_sha256, id, company_id, colleague_id, address_sha256, client,
    expires_at)
  values (p_token_sha256, app_private.new_id(), v.company_id, v.colleague_id, p_address, p_client, expires_at);
  perform app_private.audit('session-opened', v.company_id, v.colleague_id, null);
end
$$;
comment on function app.open_session(text, bytea, bytea, bytea, bytea, text) is
  'Opens a session for 12 hours when the stretched password is right, else counts the failure.';
grant execute on function app.open_session(text, bytea, bytea, bytea, bytea, text) to kollegium_api;

-- Log-out. The row is kept, expired, so that its address stays known (see log_in_wait); the worker
-- removes it after 30 days. An API key cannot log out.
create or replace function app.close_session() returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.colleague_caller();
begin
  update app_private.bearer set expires_at = app_private.clock()
  where token_sha256 = sha256(convert_to(current_setting('kollegium.token'), 'UTF8'));
  perform app_private.end_push(array[sha256(convert_to(current_setting('kollegium.token'), 'UTF8'))]);
  perform app_private.own_token_ended();
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
  v_company constant uuid := (app_private.caller()).company_id;
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

-- 28000 when the token died since the key was claimed: then nothing is kept, and the effect is undone.
create or replace function app.keep_answer(
  p_key text, p_request_sha256 bytea, p_status integer, p_headers jsonb, p_body text)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
begin
  insert into app_private.idempotent_answer (company_id, key, request_sha256, status, headers, body)
  values (v_caller.company_id, p_key, p_request_sha256, p_status, p_headers, p_body);
end
$$;
comment on function app.keep_answer(text, bytea, integer, jsonb, text) is
  'Keeps the answer to an Idempotency-Key in the transaction of its effect.';
grant execute on function app.keep_answer(text, bytea, integer, jsonb, text) to kollegium_api;

-- What takes more than one transaction is answered 202 as long as it goes on: the answer at its end
-- takes the place of that one, and of no other.
create or replace function app.replace_answer(
  p_key text, p_request_sha256 bytea, p_status integer, p_headers jsonb, p_body text)
returns boolean language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
begin
  update app_private.idempotent_answer a set status = p_status, headers = p_headers, body = p_body
  where a.company_id = v_caller.company_id and a.key = p_key
    and a.request_sha256 = p_request_sha256 and a.status = 202;
  return found;
end
$$;
comment on function app.replace_answer(text, bytea, integer, jsonb, text) is
  'The last answer to an Idempotency-Key whose request was answered 202 so far.';
grant execute on function app.replace_answer(text, bytea, integer, jsonb, text) to kollegium_api;

-- Sessions 30 days after their end, kept answers after 48 hours, links to a new password that nobody used, buckets
-- that have been full for an hour. Returns the number of rows.
create or replace function app_private.purge_sessions() returns bigint
language sql volatile set search_path = pg_catalog, pg_temp
as $$
  with bearers as (
      delete from app_private.bearer where expires_at < app_private.clock() - interval '30 days' returning 1),
    answers as (
      delete from app_private.idempotent_answer
      where created_at < app_private.clock() - interval '48 hours' returning 1),
    resets as (delete from app_private.password_reset where expires_at < app_private.clock() returning 1),
    buckets as (delete from app_private.rate where full_at < app_private.clock() - interval '1 hour' returning 1)
  select (select count(*) from bearers) + (select count(*) from answers) + (select count(*) from resets)
    + (select count(*) from buckets)
$$;
