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

-- Fields that are null stay. The name is printed on other rows, too: sql/functions/companies/printed_names.sql.
create or replace function app.change_company(
  p_versions integer[], p_name text, p_delegator_role boolean, p_language text,
  p_returns_need_release boolean default null)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.admin_caller();
  v_company app.company;
begin
  if p_name is not null then
    perform app_private.lock_name(v_caller.company_id);
  end if;
  select * into v_company from app.company where id = v_caller.company_id for no key update;
  perform app_private.expect_version(v_company.version, p_versions);
  update app.company set name = coalesce(p_name, name),
    delegator_role = coalesce(p_delegator_role, delegator_role),
    language = coalesce(p_language, language),
    returns_need_release = coalesce(p_returns_need_release, returns_need_release),
    changed_at = app_private.clock(), version = version + 1
  where id = v_caller.company_id and (name, delegator_role, language, returns_need_release) is distinct from
    (coalesce(p_name, name), coalesce(p_delegator_role, delegator_role), coalesce(p_language, language),
     coalesce(p_returns_need_release, returns_need_release));
  if not found then
    return;  -- nothing changes, so no version does
  end if;
  if p_name <> v_company.name then
    perform app_private.print_name(v_caller.company_id);
  end if;
  perform app_private.audit('company-changed', v_caller.company_id, v_caller.colleague_id,
    v_caller.company_id);
end
$$;
comment on function app.change_company(integer[], text, boolean, text, boolean) is
  'Changes the caller''s company (admin); live rows show the new name, evidence keeps the former.';
grant execute on function app.change_company(integer[], text, boolean, text, boolean) to kollegium_api;

create or replace function app_private.colleague_card(p_colleague uuid) returns json
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select json_build_object('id', c.id, 'name', c.name, 'email', c.email, 'role', c.role,
    'active', c.active, 'language', c.language, 'created_at', c.created_at, 'version', c.version)
  from app.colleague c where c.id = p_colleague
$$;

-- Role and activity of a colleague (admin), or somebody's own name and language. Deactivation
-- ends his sessions and clears him as handler; leads and API keys stay (docs/domain.md, case 3). Returns
-- him as he is now: who deactivates himself is not shown it by a policy any more.
create or replace function app.change_colleague(
  p_colleague uuid, p_versions integer[], p_role text, p_active boolean, p_name text, p_language text)
returns json language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
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
  perform app_private.expect_version(v_colleague.version, p_versions);
  if v_colleague.role = 'admin' and v_colleague.active
     and (coalesce(p_role, 'admin') <> 'admin' or not coalesce(p_active, true))
     and not exists (select from app.colleague o where o.company_id = v_caller.company_id
                     and o.id <> p_colleague and o.role = 'admin' and o.active) then
    perform app_private.refuse(409, 'last-admin');
  end if;
  update app.colleague set role = coalesce(p_role, role), active = coalesce(p_active, active),
    name = coalesce(p_name, name), language = coalesce(p_language, language),
    changed_at = app_private.clock(), version = version + 1
  where id = p_colleague and (role, active, name, language) is distinct from (coalesce(p_role, role),
    coalesce(p_active, active), coalesce(p_name, name), coalesce(p_language, language));
  if not found then
    return app_private.colleague_card(p_colleague);  -- nothing changes, so no version does
  end if;
  if not coalesce(p_active, true) then
    delete from app_private.bearer where colleague_id = p_colleague;
    if v_caller.colleague_id = p_colleague then
      perform app_private.own_token_ended();
    end if;
    perform app_private.change_handler_name(v_caller.company_id, p_colleague, null);
  elsif p_name <> v_colleague.name then
    perform app_private.change_handler_name(v_caller.company_id, p_colleague, p_name);
  end if;
  perform app_private.audit('colleague-changed', v_caller.company_id, v_caller.colleague_id,
    p_colleague, jsonb_strip_nulls(jsonb_build_object('role', p_role, 'active', p_active)));
  return app_private.colleague_card(p_colleague);
end
$$;
comment on function app.change_colleague(uuid, integer[], text, boolean, text, text) is
  'Role and activity by an admin, own name and language by oneself; the last admin stays.';
grant execute on function app.change_colleague(uuid, integer[], text, boolean, text, text) to kollegium_api;

-- An invitation is bound to its address: the token goes there and nowhere else, and the colleague
-- it creates has that address. Whether the address is known already is not told to the inviter.
create or replace function app.invite_colleague(p_email text, p_role text, p_token text)
returns uuid language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.admin_caller();
  v_id constant uuid := app_private.new_id();
begin
  perform app_private.expect_colleague_features(v_caller.company_id);
  perform app_private.charge_mail(v_caller.company_id, p_email, 'colleagues');
  -- A second invitation to the same address replaces the first.
  update app.invitation set state = 'revoked', answered_at = app_private.clock()
  where company_id = v_caller.company_id and email = p_email and state = 'open';
  insert into app.invitation (id, company_id, email, role, invited_by_id, expires_at)
  values (v_id, v_caller.company_id, p_email, p_role, v_caller.colleague_id, app_private.clock() + interval '14 days');
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
  update app.invitation set state = 'revoked', answered_at = app_private.clock()
  where id = p_invitation and company_id = v_caller.company_id and state = 'open';
  if not found then
    perform app_private.refuse(404, 'not-found');
  end if;
  perform app_private.audit('invitation-revoked', v_caller.company_id, v_caller.colleague_id, p_invitation);
end
$$;
comment on function app.revoke_invitation(uuid) is 'Takes an open invitation back (admin).';
grant execute on function app.revoke_invitation(uuid) to kollegium_api;

-- Whether it is worth stretching a password for this token: known ones are answered as below.
create or replace function app.invitation_stands(p_token text)
returns boolean language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select exists (select from app_private.invitation_token t
    where t.token_sha256 = sha256(convert_to(p_token, 'UTF8')))
$$;
comment on function app.invitation_stands(text) is 'Whether an invitation has this token, open or not.';
grant execute on function app.invitation_stands(text) to kollegium_api;

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
  -- The company before the invitation, as everybody; who waited for a merge looks again.
  perform app_private.hold_company(i.company_id), app_private.hold_name(i.company_id)
  from app_private.invitation_token t join app.invitation i on i.id = t.invitation_id
  where t.token_sha256 = sha256(convert_to(p_token, 'UTF8'));
  select i.* into v_invitation
  from app_private.invitation_token t join app.invitation i on i.id = t.invitation_id
  where t.token_sha256 = sha256(convert_to(p_token, 'UTF8')) and i.state <> 'revoked'
    and i.expires_at > app_private.clock()
  for update of i;
  if not found then
    perform app_private.refuse(404, 'not-found');
  elsif v_invitation.state = 'accepted' then
    perform app_private.refuse(409, 'invitation-accepted');
  end if;
  company_id := v_invitation.company_id;
  select co.name, co.language into company_name, v_language
  from app.company co where co.id = v_invitation.company_id and co.state = 'active';
  if not found then
    perform app_private.refuse(404, 'not-found');
  end if;
  email := v_invitation.email;
  role := v_invitation.role;
  -- Who was a colleague before and left comes back as himself, with the invited role.
  update app.colleague c set active = true, role = v_invitation.role, name = p_name,
    changed_at = app_private.clock(), version = version + 1
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
  update app.invitation set state = 'accepted', answered_at = app_private.clock() where id = v_invitation.id;
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
  insert into app_private.bearer (token_sha256, company_id, api_key_id, expires_at)
  values (p_token_sha256, v_caller.company_id, v_id, 'infinity');
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
  update app.api_key set revoked_at = app_private.clock()
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

-- Tokens of invitations that are over. Returns the number of rows.
create or replace function app_private.purge_companies() returns bigint
language sql volatile set search_path = pg_catalog, pg_temp
as $$
  with tokens as (
    delete from app_private.invitation_token t using app.invitation i
    where i.id = t.invitation_id and (i.expires_at < app_private.clock() or i.state = 'revoked')
    returning 1)
  select count(*) from tokens
$$;
