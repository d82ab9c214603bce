-- Leads that come in without a log-in: by a form of a web site, by the lead forms of an ad platform.
set local role kollegium_broker;

-- A new key of the caller's company, for a marketplace into which it may put leads. At most 50 live ones.
create or replace function app.create_intake_key(
  p_marketplace uuid, p_kind text, p_name text, p_interest text, p_origins text[], p_consent_text text,
  p_key_sha256 bytea, p_secret_sha256 bytea)
returns uuid language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.admin_caller();
  v_id constant uuid := app_private.new_id();
begin
  if lower(btrim(p_name)) = 'legacy' then  -- its references are the former system's numbers
    perform app_private.refuse(400, 'validation-failed');
  end if;
  perform app_private.intake_card(p_marketplace, v_caller);
  if (select count(*) from app.intake_key k
      where k.company_id = v_caller.company_id and k.revoked_at is null) >= 50 then
    perform app_private.refuse(409, 'too-many-intake-keys');
  end if;
  insert into app.intake_key (id, company_id, marketplace_id, kind, name, interest, origins, consent_text,
    key_sha256, secret_sha256, created_by_id)
  values (v_id, v_caller.company_id, p_marketplace, p_kind, p_name, p_interest, p_origins, p_consent_text,
    p_key_sha256, p_secret_sha256, v_caller.colleague_id);
  perform app_private.audit('intake-key-created', v_caller.company_id, v_caller.colleague_id, v_id);
  return v_id;
end
$$;
comment on function app.create_intake_key(uuid, text, text, text, text[], text, bytea, bytea) is
  'A new address at which leads come in for the caller''s company (admin).';
grant execute on function app.create_intake_key(uuid, text, text, text, text[], text, bytea, bytea)
  to kollegium_api;

create or replace function app.revoke_intake_key(p_key uuid)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.admin_caller();
begin
  update app.intake_key set revoked_at = app_private.clock()
  where id = p_key and company_id = v_caller.company_id and revoked_at is null;
  if not found then
    perform app_private.refuse(404, 'not-found');
  end if;
  perform app_private.end_meta_access(p_key);
  perform app_private.audit('intake-key-revoked', v_caller.company_id, v_caller.colleague_id, p_key);
end
$$;
comment on function app.revoke_intake_key(uuid) is
  'Nothing comes in by this key of the caller''s company any more (admin).';
grant execute on function app.revoke_intake_key(uuid) to kollegium_api;

-- The live key of this address and kind, whose secret is the one given (null: it has none); 404 for any other.
create or replace function app_private.live_intake_key(
  p_key_sha256 bytea, p_kind text, p_secret_sha256 bytea)
returns app.intake_key language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_key app.intake_key;
begin
  select k.* into v_key from app.intake_key k
  join app.company co on co.id = k.company_id and co.state = 'active'
  where k.key_sha256 = p_key_sha256 and k.kind = p_kind and k.revoked_at is null
    and k.secret_sha256 is not distinct from p_secret_sha256;
  if not found then
    perform app_private.refuse(404, 'not-found');
  end if;
  return v_key;
end
$$;

-- The first look, before what was sent is read: is there such a key, may this web site use it, is it not too
-- much? A key takes 120 a minute, and 20 a minute from one address (which is only hashed). What a lead is
-- about when it does not say so. 404, 403 origin-not-allowed, 429.
create or replace function app.open_intake(
  p_key_sha256 bytea, p_kind text, p_secret_sha256 bytea, p_origin text, p_peer text)
returns text language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_key constant app.intake_key := app_private.live_intake_key(p_key_sha256, p_kind, p_secret_sha256);
  v_wait integer;
begin
  if p_origin is not null and p_origin <> all (v_key.origins) then
    perform app_private.refuse(403, 'origin-not-allowed');
  end if;
  v_wait := greatest(app_private.take('intake ' || v_key.id, 120, '1 min'),
    app_private.take('intake ' || v_key.id || ' from ' || p_peer, 20, '1 min'));
  if v_wait > 0 then
    perform app_private.refuse(429, 'too-many-requests', jsonb_build_object('retry_after', v_wait));
  end if;
  return v_key.interest;
end
$$;
comment on function app.open_intake(bytea, text, bytea, text, text) is
  'Whether a lead may come in by this key now; what it is about when it does not say so.';
grant execute on function app.open_intake(bytea, text, bytea, text, text) to kollegium_api;

-- The key, with its company held against merges, by a look that began after; 404 when it or its company is not live
-- any more. While the company is merged: 55P03, tried again.
create or replace function app_private.hold_intake_key(p_key app.intake_key) returns app.intake_key
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_key app.intake_key;
begin
  if not pg_try_advisory_xact_lock_shared(app_private.company_lock_key(p_key.company_id)) then
    raise exception using errcode = '55P03', constraint = 'company-being-merged',
      message = 'the company is being merged';
  end if;
  -- A statement of its own, with a snapshot of its own: whose key it is after a merge that has just ended.
  select k.* into v_key from app.intake_key k
  join app.company co on co.id = k.company_id and co.state = 'active'
  where k.marketplace_id = p_key.marketplace_id and k.id = p_key.id and k.revoked_at is null;
  if not found then
    perform app_private.refuse(404, 'not-found');
  elsif v_key.company_id <> p_key.company_id then
    raise exception using errcode = '40001', message = 'the company was merged';
  end if;
  return v_key;
end
$$;

-- Makes a lead of what came in by the key, which is held; as one of its company's API keys would: submitted with the
-- consent, else a draft. Which key it came by stands in the lead's history, and so what the person agreed to and
-- when. The same again is the same lead; nobody is told.
create or replace function app_private.take_lead_in(p_key app.intake_key, p_lead jsonb)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller app.caller;
  v_lead uuid;
  v_created boolean;
begin
  select co.id, co.name, co.delegator_role, null, p_key.name, null, 'member', co.language, null
  into v_caller from app.company co where co.id = p_key.company_id;
  select l.id, l.created into v_lead, v_created
  from app_private.put_lead_in(v_caller, p_key.marketplace_id, p_lead ->> 'interest',
    array(select jsonb_array_elements_text(p_lead -> 'tags')),
    (p_lead ->> 'distribution_permission')::boolean, p_lead -> 'prospect', false, p_key.name,
    p_lead ->> 'external_ref', (p_lead ->> 'received_at')::timestamptz) l;
  if v_created then
    perform app_private.record(p_key.marketplace_id, v_lead, 'came-in', v_caller, jsonb_build_object(
      'intake_key', p_key.id, 'consented', (p_lead ->> 'distribution_permission')::boolean), p_told => false);
    if (p_lead ->> 'submit')::boolean then
      perform app_private.submit(p_key.marketplace_id, v_lead, v_caller);
    end if;
  end if;
end
$$;

create or replace function app.take_in(
  p_key_sha256 bytea, p_kind text, p_secret_sha256 bytea, p_lead jsonb)
returns boolean language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_key app.intake_key := app_private.live_intake_key(p_key_sha256, p_kind, p_secret_sha256);
begin
  v_key := app_private.hold_intake_key(v_key);
  perform app_private.take_lead_in(v_key, p_lead);
  return true;
end
$$;
comment on function app.take_in(bytea, text, bytea, jsonb) is
  'A lead that a form or an ad platform sends; the same again is the same lead.';
grant execute on function app.take_in(bytea, text, bytea, jsonb) to kollegium_api;
