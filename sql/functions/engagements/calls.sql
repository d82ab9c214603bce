-- "I am calling now", and what calls brought. Both are the engaged company's own.
set local role kollegium_broker;

-- The claim of a company that counts now: it has not run out, and who made it still acts for the company.
create or replace function app_private.call_claim_now(p_marketplace uuid, p_lead uuid, p_company uuid)
returns app.call_claim language sql volatile set search_path = pg_catalog, pg_temp
as $$
  select cl from app.call_claim cl
  join app.colleague c on c.id = cl.colleague_id and c.company_id = cl.company_id and c.active
  where cl.marketplace_id = p_marketplace and cl.lead_id = p_lead and cl.company_id = p_company
    and cl.until > app_private.clock(running => true)
$$;

-- For 15 minutes from now colleagues are told that the caller is calling; whoever asks again renews it. Of two
-- in the same moment the second waits for the lead and is told. The time runs on while one waits, so it is
-- looked at after the lock.
create or replace function app.claim_call(p_marketplace uuid, p_lead uuid)
returns app.call_claim language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_claim app.call_claim;
  v_now timestamptz;
begin
  -- What was asked to be returned is worked, until the operator decides.
  perform app_private.expect_engagement(
    app_private.own_engagement(p_marketplace, p_lead, v_caller.company_id, null), array['active', 'return_requested']);
  if v_caller.colleague_id is null then
    perform app_private.refuse(403, 'colleague-required');
  end if;
  v_claim := app_private.call_claim_now(p_marketplace, p_lead, v_caller.company_id);
  if v_claim.colleague_id <> v_caller.colleague_id then
    perform app_private.refuse(409, 'colleague-calling', jsonb_build_object(
      'colleague_name', v_claim.colleague_name,
      'until', to_char(v_claim.until at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')));
  end if;
  delete from app.call_claim
  where marketplace_id = p_marketplace and lead_id = p_lead and company_id = v_caller.company_id;
  v_now := app_private.clock(running => true);
  insert into app.call_claim (marketplace_id, id, lead_id, company_id, colleague_id, colleague_name, claimed_at,
    until)
  values (p_marketplace, app_private.new_id(), p_lead, v_caller.company_id, v_caller.colleague_id,
    v_caller.colleague_name, v_now, v_now + interval '15 minutes')
  returning * into v_claim;
  return v_claim;
end
$$;
comment on function app.claim_call(uuid, uuid) is
  'The caller is calling: for 15 minutes his colleagues are told; 409 with the name of one who is already.';
grant execute on function app.claim_call(uuid, uuid) to kollegium_api;

-- Without an outcome: he did not call after all. A colleague's claim stays.
create or replace function app.release_call(p_marketplace uuid, p_lead uuid)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
begin
  perform app_private.own_engagement(p_marketplace, p_lead, v_caller.company_id, null);
  delete from app.call_claim
  where marketplace_id = p_marketplace and lead_id = p_lead and company_id = v_caller.company_id
    and colleague_id = v_caller.colleague_id;
end
$$;
comment on function app.release_call(uuid, uuid) is 'Drops the caller''s claim of a call, if he has one.';
grant execute on function app.release_call(uuid, uuid) to kollegium_api;

-- What a call brought, with or without a claim before; the caller's own claim ends with it. When to call again
-- is a follow-up, too.
create or replace function app.log_call(
  p_marketplace uuid, p_lead uuid, p_outcome text, p_note text, p_call_back_at timestamptz)
returns app.call_attempt language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_engagement app.engagement;
  v_attempt app.call_attempt;
begin
  v_engagement := app_private.own_engagement(p_marketplace, p_lead, v_caller.company_id, null);
  perform app_private.expect_engagement(v_engagement, array['active', 'return_requested']);
  if p_call_back_at is null then
    perform app_private.expect_next_step(p_marketplace, p_lead, v_caller.company_id);
  end if;
  delete from app.call_claim
  where marketplace_id = p_marketplace and lead_id = p_lead and company_id = v_caller.company_id
    and colleague_id = v_caller.colleague_id;
  insert into app.call_attempt (marketplace_id, id, lead_id, engagement_id, company_id, colleague_id,
    colleague_name, outcome, note, call_back_at)
  values (p_marketplace, app_private.new_id(), p_lead, v_engagement.id, v_caller.company_id,
    v_caller.colleague_id, v_caller.colleague_name, p_outcome, p_note, p_call_back_at)
  returning * into v_attempt;
  -- It may have begun before the pick that it waited for was done.
  update app.engagement set first_contact_at = greatest(started_at, v_attempt.created_at)
  where marketplace_id = p_marketplace and id = v_engagement.id and first_contact_at is null;
  if p_call_back_at is not null then
    perform app_private.follow_call(v_attempt, v_engagement.handler_id);
  end if;
  return v_attempt;
end
$$;
comment on function app.log_call(uuid, uuid, text, text, timestamptz) is
  'Enters what a call brought and ends the caller''s claim.';
grant execute on function app.log_call(uuid, uuid, text, text, timestamptz) to kollegium_api;

-- How it stands with calls of the current engagement: who is calling now, how often it was tried, when first, and
-- by when the marketplace wants that.
create or replace function app.call_state(
  p_marketplace uuid, p_lead uuid, out colleague_id uuid, out colleague_name text, out until timestamptz,
  out attempts bigint, out first_attempt_at timestamptz, out contact_by timestamptz)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_lead app.lead;
  v_claim app.call_claim;
begin
  select * into v_lead from app.lead
  where marketplace_id = p_marketplace and id = p_lead and v_caller.company_id = any (parties);
  if not found then
    perform app_private.refuse(404, 'not-found');
  elsif v_lead.engaged_company_id is distinct from v_caller.company_id then
    perform app_private.refuse(403, 'taker-required');
  end if;
  v_claim := app_private.call_claim_now(p_marketplace, p_lead, v_caller.company_id);
  colleague_id := v_claim.colleague_id;
  colleague_name := v_claim.colleague_name;
  until := v_claim.until;
  select count(*) into attempts from app.call_attempt
  where marketplace_id = p_marketplace and engagement_id = v_lead.engagement_id;
  select e.first_contact_at, app_private.add_working_time(p_marketplace, e.started_at, m.contact_target_minutes)
  into first_attempt_at, contact_by
  from app.engagement e join app.marketplace m on m.id = e.marketplace_id
  where e.marketplace_id = p_marketplace and e.id = v_lead.engagement_id;
end
$$;
comment on function app.call_state(uuid, uuid) is
  'Who of the caller''s company is calling a lead now, how often it was tried, and when first.';
grant execute on function app.call_state(uuid, uuid) to kollegium_api;

-- Claims that ran out and that nobody ended. Who is at one now is not waited for.
create or replace function app_private.purge_calls() returns bigint
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_count bigint;
begin
  delete from app.call_claim where (marketplace_id, id) in (
    select c.marketplace_id, c.id from app.call_claim c where c.until < app_private.clock() - interval '1 hour'
    for update skip locked);
  get diagnostics v_count = row_count;
  return v_count;
end
$$;
