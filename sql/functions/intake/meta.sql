-- Meta's lead ads: notifications name leads, the worker fetches them. What signs and fetches is read by nobody.
set local role kollegium_broker;

-- HMAC-SHA-256 (RFC 2104) by the two parts into which a secret is made.
create or replace function app_private.hmac_sha256(p_inner bytea, p_outer bytea, p_message bytea) returns bytea
language sql immutable set search_path = pg_catalog, pg_temp
as $$
  select sha256(p_outer || sha256(p_inner || p_message))
$$;

-- A new app secret and access token; what waited for them is due at once, and what was given up is tried again.
create or replace function app.set_meta_access(p_key uuid, p_inner bytea, p_outer bytea, p_token text)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.admin_caller();
  v_key app.intake_key;
begin
  update app.intake_key k set failing_since = null, failure = null
  where k.id = p_key and k.company_id = v_caller.company_id and k.kind = 'meta' and k.revoked_at is null
  returning * into v_key;
  if not found then
    perform app_private.refuse(404, 'not-found');
  end if;
  insert into app_private.meta_access (marketplace_id, intake_key_id, hmac_inner, hmac_outer, access_token)
  values (v_key.marketplace_id, p_key, p_inner, p_outer, p_token)
  on conflict (marketplace_id, intake_key_id) do update set hmac_inner = excluded.hmac_inner,
    hmac_outer = excluded.hmac_outer, access_token = excluded.access_token, set_at = app_private.clock();
  update app_private.meta_lead set state = 'waiting', ended_at = null, due_at = app_private.clock(running => true)
  where marketplace_id = v_key.marketplace_id and intake_key_id = p_key and state <> 'taken';
  perform app_private.audit('meta-access-set', v_caller.company_id, v_caller.colleague_id, p_key);
end
$$;
comment on function app.set_meta_access(uuid, bytea, bytea, text) is
  'With what a key of Meta''s lead ads of the caller''s company works from now on (admin).';
grant execute on function app.set_meta_access(uuid, bytea, bytea, text) to kollegium_api;

-- Nothing is fetched by this key any more.
create or replace function app_private.end_meta_access(p_key uuid) returns void
language sql volatile set search_path = pg_catalog, pg_temp
as $$
  delete from app_private.meta_access where intake_key_id = p_key;
  update app_private.meta_lead set state = 'failed', failure = 'key-revoked', lease_until = null,
    ended_at = app_private.clock()
  where intake_key_id = p_key and state = 'waiting'
$$;

-- A notification: the key of its address, its body as it came, and what signs it. Its leads are kept, so that what is
-- answered with 200 is not lost; one that is named again stays as it is. 404 for any other key or signature.
create or replace function app.hear_of_meta_leads(
  p_key_sha256 bytea, p_signature bytea, p_body bytea, p_named jsonb)
returns boolean language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_key app.intake_key;
  v_wait integer;
begin
  select k.* into v_key from app.intake_key k
  join app.company co on co.id = k.company_id and co.state = 'active'
  join app_private.meta_access a on a.marketplace_id = k.marketplace_id and a.intake_key_id = k.id
  where k.key_sha256 = p_key_sha256 and k.kind = 'meta' and k.revoked_at is null
    -- Hashes are compared, so the time it takes tells nothing.
    and sha256(app_private.hmac_sha256(a.hmac_inner, a.hmac_outer, p_body)) = sha256(p_signature);
  if not found then
    perform app_private.refuse(404, 'not-found');
  end if;
  v_wait := app_private.take('intake ' || v_key.id, 600, '1 min');
  if v_wait > 0 then
    perform app_private.refuse(429, 'too-many-requests', jsonb_build_object('retry_after', v_wait));
  end if;
  insert into app_private.meta_lead (marketplace_id, intake_key_id, leadgen_id, form_id, page_id, sent_at)
  select v_key.marketplace_id, v_key.id, l.leadgen_id, l.form_id, l.page_id, to_timestamp(l.created_time)
  from jsonb_to_recordset(p_named -> 'leads') l (leadgen_id text, form_id text, page_id text, created_time bigint)
  order by l.leadgen_id
  on conflict do nothing;
  return true;
end
$$;
comment on function app.hear_of_meta_leads(bytea, bytea, bytea, jsonb) is
  'Leads that a signed notification of Meta names; the worker fetches them.';
grant execute on function app.hear_of_meta_leads(bytea, bytea, bytea, jsonb) to kollegium_api;

-- Up to p_limit leads that are due, for p_seconds, each with what fetches it: the access token, and the proof that we
-- know the app secret. Not by a key whose token is void: those wait for another one.
create or replace function app.claim_meta_leads(p_limit integer, p_seconds integer)
returns table (marketplace_id uuid, intake_key_id uuid, leadgen_id text, attempt integer, sent_at timestamptz,
  interest text, access_token text, proof text)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_now constant timestamptz := app_private.clock(running => true);
begin
  return query
  with due as (
    select m.marketplace_id, m.intake_key_id, m.leadgen_id, k.interest, a.access_token, a.hmac_inner, a.hmac_outer
    from app_private.meta_lead m
    join app.intake_key k on k.marketplace_id = m.marketplace_id and k.id = m.intake_key_id and k.failure is null
    join app_private.meta_access a on a.marketplace_id = m.marketplace_id and a.intake_key_id = m.intake_key_id
    where m.state = 'waiting' and m.due_at <= v_now and (m.lease_until is null or m.lease_until <= v_now)
    order by m.due_at limit p_limit for update of m skip locked)
  update app_private.meta_lead m set attempts = m.attempts + 1,
    lease_until = v_now + make_interval(secs => p_seconds)
  from due d
  where m.marketplace_id = d.marketplace_id and m.intake_key_id = d.intake_key_id and m.leadgen_id = d.leadgen_id
  returning m.marketplace_id, m.intake_key_id, m.leadgen_id, m.attempts, m.sent_at, d.interest, d.access_token,
    encode(app_private.hmac_sha256(d.hmac_inner, d.hmac_outer, convert_to(d.access_token, 'UTF8')), 'hex');
end
$$;
comment on function app.claim_meta_leads(integer, integer) is
  'Leads that Meta named and that are due, for whoever fetches them within so many seconds.';
grant execute on function app.claim_meta_leads(integer, integer) to kollegium_worker;

-- The claimed lead of this attempt, held; null when another attempt has begun since, or it is over.
create or replace function app_private.claimed_meta_lead(
  p_marketplace uuid, p_key uuid, p_leadgen text, p_attempt integer)
returns app_private.meta_lead language sql volatile set search_path = pg_catalog, pg_temp
as $$
  select m from app_private.meta_lead m
  where m.marketplace_id = p_marketplace and m.intake_key_id = p_key and m.leadgen_id = p_leadgen
    and m.attempts = p_attempt and m.state = 'waiting' for update
$$;

-- What was fetched comes in, and is over. p_lead null: there is nothing to take in (test data).
create or replace function app.take_meta_lead(
  p_marketplace uuid, p_key uuid, p_leadgen text, p_attempt integer, p_lead jsonb)
returns boolean language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_key app.intake_key;
begin
  select k.* into v_key from app.intake_key k where k.marketplace_id = p_marketplace and k.id = p_key;
  v_key := app_private.hold_intake_key(v_key);
  if (app_private.claimed_meta_lead(p_marketplace, p_key, p_leadgen, p_attempt)).leadgen_id is null then
    return false;
  end if;
  if p_lead is not null then
    perform app_private.take_lead_in(v_key, p_lead);
  end if;
  update app_private.meta_lead set state = 'taken', lease_until = null, failure = null, ended_at = app_private.clock()
  where marketplace_id = p_marketplace and intake_key_id = p_key and leadgen_id = p_leadgen;
  return true;
end
$$;
comment on function app.take_meta_lead(uuid, uuid, text, integer, jsonb) is
  'A lead that was fetched from Meta comes in; the same again is the same lead.';
grant execute on function app.take_meta_lead(uuid, uuid, text, integer, jsonb) to kollegium_worker;

-- An attempt that brought nothing. p_outcome: later: try again; unsent: no attempt of this lead (the worker stopped);
-- unusable: for good; token-refused, permission-missing: all leads of the key wait for another token. Its admins are
-- told in words. After three days without success they are told too, and it is tried daily for as long as Meta keeps it.
create or replace function app.settle_meta_lead(
  p_marketplace uuid, p_key uuid, p_leadgen text, p_attempt integer, p_outcome text, p_failure text)
returns boolean language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_now constant timestamptz := app_private.clock(running => true);
  v_lead app_private.meta_lead;
  v_pause constant interval := app_private.mail_pause(p_attempt);
  v_over boolean;
begin
  v_lead := app_private.claimed_meta_lead(p_marketplace, p_key, p_leadgen, p_attempt);
  if v_lead.leadgen_id is null then
    return false;
  end if;
  if p_outcome in ('token-refused', 'permission-missing', 'unsent') then
    update app_private.meta_lead set attempts = attempts - 1, lease_until = null, failure = p_failure
    where marketplace_id = p_marketplace and intake_key_id = p_key and leadgen_id = p_leadgen;
    if p_outcome <> 'unsent' then
      perform app_private.meta_token_refused(p_marketplace, p_key, p_outcome);
    end if;
    return true;
  end if;
  v_over := p_outcome = 'unusable' or v_lead.heard_at < v_now - interval '85 days';
  update app_private.meta_lead set lease_until = null, failure = p_failure, due_at = v_now + coalesce(v_pause, '1 day'),
    state = case when v_over then 'failed' else 'waiting' end, ended_at = case when v_over then v_now end
  where marketplace_id = p_marketplace and intake_key_id = p_key and leadgen_id = p_leadgen;
  if (p_outcome = 'unusable' or v_pause is null)
      and app_private.take('meta lead missed ' || p_key, 1, interval '1 day') = 0 then
    perform app_private.mail_about_key(p_marketplace, p_key, 'meta-lead-missed',
      jsonb_build_object('leadgen', p_leadgen, 'failure', p_failure));
  end if;
  return true;
end
$$;
comment on function app.settle_meta_lead(uuid, uuid, text, integer, text, text) is
  'An attempt to fetch a lead from Meta that brought nothing: later, unsent, unusable, or the token is at fault.';
grant execute on function app.settle_meta_lead(uuid, uuid, text, integer, text, text) to kollegium_worker;

-- Said once, until there is another token.
create or replace function app_private.meta_token_refused(p_marketplace uuid, p_key uuid, p_failure text) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  update app.intake_key set failing_since = app_private.clock(), failure = p_failure
  where marketplace_id = p_marketplace and id = p_key and failure is null and revoked_at is null;
  if found then
    perform app_private.mail_about_key(p_marketplace, p_key,
      case p_failure when 'token-refused' then 'meta-token-refused' else 'meta-permission-missing' end, '{}');
  end if;
end
$$;

-- To the admins of the company whose key it is.
create or replace function app_private.mail_about_key(p_marketplace uuid, p_key uuid, p_template text, p_more jsonb)
returns void language sql volatile set search_path = pg_catalog, pg_temp
as $$
  select app_private.mail_admins(p_template, k.company_id, jsonb_build_object('name', k.name) || p_more)
  from app.intake_key k where k.marketplace_id = p_marketplace and k.id = p_key
$$;

-- What was fetched or given up is kept as long as Meta keeps the lead, and would name it again.
create or replace function app_private.purge_meta_leads() returns bigint
language sql volatile set search_path = pg_catalog, pg_temp
as $$
  with gone as (delete from app_private.meta_lead
    where state <> 'waiting' and ended_at < app_private.clock() - interval '90 days' returning 1)
  select count(*) from gone
$$;
