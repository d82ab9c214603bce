-- What somebody does about his own account: password, sessions, name. And what keeps mails to others few.
set local role kollegium_broker;

-- The caller, when he is a person; an API key has neither password nor sessions: 403.
create or replace function app_private.colleague_caller() returns app.caller
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
begin
  if v_caller.colleague_id is null then
    perform app_private.refuse(403, 'colleague-required');
  end if;
  return v_caller;
end
$$;

-- The one place where a password is replaced by one that its owner chose: always Argon2id.
create or replace function app_private.replace_password(p_colleague uuid, p_salt bytea, p_proof bytea)
returns void language sql volatile set search_path = pg_catalog, pg_temp
as $$
  insert into app_private.credential as cr (colleague_id, salt, proof_sha256)
  values (p_colleague, p_salt, sha256(p_proof))
  on conflict (colleague_id) do update set salt = excluded.salt, proof_sha256 = excluded.proof_sha256,
    pbkdf2_iterations = null, pbkdf2_salt = null, changed_at = app_private.clock()
$$;

-- Ends what is open of somebody, but for the session in use; and tells him. The rows stay, expired, so
-- that their addresses stay known (see log_in_wait).
create or replace function app_private.password_replaced(p_colleague uuid, p_action text)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v app.colleague;
begin
  update app_private.bearer set expires_at = app_private.clock()
  where colleague_id = p_colleague and expires_at > app_private.clock()
    and token_sha256 <> sha256(convert_to(coalesce(current_setting('kollegium.token', true), ''), 'UTF8'));
  perform app_private.end_push(array(select b.token_sha256 from app_private.bearer b
    where b.colleague_id = p_colleague
      and b.token_sha256 <> sha256(convert_to(coalesce(current_setting('kollegium.token', true), ''), 'UTF8'))));
  select * into v from app.colleague where id = p_colleague;
  delete from app_private.password_reset where email = v.email;
  perform app_private.mail('password-changed', v.email, v.language, null, '{}');
  perform app_private.audit(p_action, v.company_id, v.id, v.id);
end
$$;

-- How to stretch the caller's present password, as app.begin_log_in tells it.
create or replace function app.begin_password_change(
  p_address bytea, p_fingerprint bytea,
  out salt bytea, out pbkdf2_iterations integer, out retry_after integer)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.colleague_caller();
begin
  select b.salt, b.pbkdf2_iterations, b.retry_after into salt, pbkdf2_iterations, retry_after
  from app.begin_log_in(v_caller.email, p_address, p_fingerprint) b;
end
$$;
comment on function app.begin_password_change(bytea, bytea) is
  'How to stretch the caller''s present password; seconds to wait after failures.';
grant execute on function app.begin_password_change(bytea, bytea) to kollegium_api;

-- The right present password buys a new one and ends the other sessions. Who found an open session may
-- not guess here: failures count as those of log-ins do, so the caller must commit.
create or replace function app.change_password(
  p_proof bytea, p_salt bytea, p_new_proof bytea, p_address bytea, p_fingerprint bytea,
  out changed boolean, out retry_after integer)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.colleague_caller();
  v record;
begin
  perform from app_private.credential where colleague_id = v_caller.colleague_id for no key update;
  select * into v from app_private.check_password(v_caller.email, p_proof, p_address, p_fingerprint);
  retry_after := v.retry_after;
  changed := v.colleague_id is not null;
  if changed then
    perform app_private.replace_password(v_caller.colleague_id, p_salt, p_new_proof);
    perform app_private.password_replaced(v_caller.colleague_id, 'password-changed');
  end if;
end
$$;
comment on function app.change_password(bytea, bytea, bytea, bytea, bytea) is
  'Replaces the caller''s password against the present one; his other sessions end.';
grant execute on function app.change_password(bytea, bytea, bytea, bytea, bytea) to kollegium_api;

-- A password of the former system is replaced at the first log-in: the right proof of the old kind buys a
-- proof of the new kind, for the session that it has just opened. Anything else changes nothing, says
-- nothing, and is counted as a log-in that failed.
create or replace function app.renew_proof(
  p_proof bytea, p_salt bytea, p_new_proof bytea, p_address bytea, p_fingerprint bytea)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.colleague_caller();
  v record;
begin
  perform from app_private.credential where colleague_id = v_caller.colleague_id for no key update;
  select * into v from app_private.check_password(v_caller.email, p_proof, p_address, p_fingerprint);
  if v.colleague_id is not null then
    perform app_private.replace_password(v_caller.colleague_id, p_salt, p_new_proof)
    from app_private.credential cr
    where cr.colleague_id = v_caller.colleague_id and cr.pbkdf2_iterations is not null;
  end if;
end
$$;
comment on function app.renew_proof(bytea, bytea, bytea, bytea, bytea) is
  'Replaces the caller''s proof of the former system by one of Argon2id, against the right old one.';
grant execute on function app.renew_proof(bytea, bytea, bytea, bytea, bytea) to kollegium_api;

-- Somebody wants to set the password of an address anew. What happens here is the same for every address,
-- known or not: two rows are written, and the worker works out whether anybody is told. So neither the
-- answer nor its time tells anything. Three an hour for an address; what is more is forgotten.
create or replace function app.request_password_reset(p_email text, p_token text)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  if app_private.take('reset ' || p_email, 3, '1 hour') > 0 then
    return;
  end if;
  insert into app_private.password_reset (token_sha256, email, expires_at)
  values (sha256(convert_to(p_token, 'UTF8')), p_email, app_private.clock() + interval '30 min');
  perform app_private.mail_owner('password-reset', p_email,
    jsonb_build_object('token', p_token, 'minutes', 30));
end
$$;
comment on function app.request_password_reset(text, text) is
  'Mails a token for a new password to whoever has this address, if anybody; tells nothing about that.';
grant execute on function app.request_password_reset(text, text) to kollegium_api;

-- Whether it is worth stretching a password for this token.
create or replace function app.password_reset_stands(p_token text)
returns boolean language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select exists (select from app_private.password_reset r
    where r.token_sha256 = sha256(convert_to(p_token, 'UTF8')) and r.expires_at > app_private.clock())
$$;
comment on function app.password_reset_stands(text) is 'Whether a token for a new password is open.';
grant execute on function app.password_reset_stands(text) to kollegium_api;

-- The token is the right, once: whoever has the address is the colleague. 404 for one that was used, that
-- expired or never was, and for who is no colleague (any more). All sessions end, and what was guessed
-- at this account is forgotten: its owner has shown himself.
create or replace function app.reset_password(p_token text, p_salt bytea, p_proof bytea, p_address bytea)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_email text;
  v_colleague uuid;
begin
  delete from app_private.password_reset
  where token_sha256 = sha256(convert_to(p_token, 'UTF8')) and expires_at > app_private.clock()
  returning email into v_email;
  select c.id into v_colleague from app.colleague c
  join app.company co on co.id = c.company_id and co.state = 'active'
  where c.email = v_email and c.active for key share of co, c;
  if not found then
    perform app_private.refuse(404, 'not-found');
  end if;
  perform app_private.replace_password(v_colleague, p_salt, p_proof);
  perform app_private.password_replaced(v_colleague, 'password-reset');
  delete from app_private.rate where bucket in (sha256(convert_to('log-in ' || v_email, 'UTF8')),
    sha256(convert_to('log-in ' || v_email || ' ' || encode(p_address, 'hex'), 'UTF8')));
end
$$;
comment on function app.reset_password(text, bytea, bytea, bytea) is
  'Sets a password anew with the token that was mailed, once; all sessions of its owner end.';
grant execute on function app.reset_password(text, bytea, bytea, bytea) to kollegium_api;

create or replace function app.my_sessions()
returns table (id uuid, client text, opened_at timestamptz, expires_at timestamptz, same_address boolean,
  current boolean)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.colleague_caller();
  v_token constant bytea := sha256(convert_to(current_setting('kollegium.token'), 'UTF8'));
begin
  return query select b.id, b.client, b.created_at, b.expires_at,
    coalesce(b.address_sha256 = m.address_sha256, false), b.token_sha256 = v_token
  from app_private.bearer b
  join app_private.bearer m on m.token_sha256 = v_token
  where b.colleague_id = v_caller.colleague_id and b.expires_at > app_private.clock();
end
$$;
comment on function app.my_sessions() is 'Open sessions of the caller.';
grant execute on function app.my_sessions() to kollegium_api;

create or replace function app.end_session(p_session uuid) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.colleague_caller();
begin
  update app_private.bearer set expires_at = app_private.clock()
  where colleague_id = v_caller.colleague_id and id = p_session and expires_at > app_private.clock();
  if not found then
    perform app_private.refuse(404, 'not-found');
  end if;
  perform app_private.end_push(array(select b.token_sha256 from app_private.bearer b
    where b.colleague_id = v_caller.colleague_id and b.id = p_session));
  if app.current_company_id() is null then
    perform app_private.own_token_ended();
  end if;
  perform app_private.audit('session-closed', v_caller.company_id, v_caller.colleague_id, null);
end
$$;
comment on function app.end_session(uuid) is 'Ends one of the caller''s sessions.';
grant execute on function app.end_session(uuid) to kollegium_api;

-- One's own name and language. The name changes where it is printed and live (docs/domain.md, case 11).
create or replace function app.change_me(p_versions integer[], p_name text, p_language text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.colleague_caller();
begin
  perform app.change_colleague(v_caller.colleague_id, p_versions, null, null, p_name, p_language);
end
$$;
comment on function app.change_me(integer[], text, text) is 'Changes the caller''s own name and language.';
grant execute on function app.change_me(integer[], text, text) to kollegium_api;

-- Mails that a company has sent to others are few: about one thing (its colleagues, one marketplace, a
-- merge) five a day to one recipient, an address or a company; twenty a day to one recipient from all; 300
-- an hour of one company. 429 beyond.
create or replace function app_private.charge_mail(p_company uuid, p_recipient text, p_about text)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_wait constant integer := greatest(
    app_private.take('mails of ' || p_company, 300, '1 hour'),
    app_private.take('mails of ' || p_company || ' to ' || p_recipient || ' about ' || p_about, 5, '1 day'),
    app_private.take('mails to ' || p_recipient, 20, '1 day'));
begin
  if v_wait > 0 then
    perform app_private.refuse(429, 'too-many-requests', jsonb_build_object('retry_after', v_wait));
  end if;
end
$$;
