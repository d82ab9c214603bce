-- Offers: pick, decline, re-open, and assignment past them. The one place where a lead gets a taker.
set local role kollegium_broker;

-- Company X works lead Y from here on: engagement and disclosure, in one transaction with history and events.
create or replace function app_private.begin_engagement(
  p_lead app.lead, p_company uuid, p_company_name text, p_steps text[], p_origin text,
  p_self_pick boolean, p_colleague uuid, p_colleague_name text)
returns uuid language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_id constant uuid := app_private.new_id();
  v_handler uuid;
begin
  -- Who picks is held since he began (app_private.printing_caller), so he neither leaves nor is renamed.
  select c.id into v_handler from app.colleague c where c.id = p_colleague and c.active;
  insert into app.engagement (marketplace_id, id, lead_id, company_id, operator_company_id,
    giver_company_id, company_name, state, origin, self_pick, picked_by_id, picked_by_name, steps,
    step, handler_id, handler_name)
  values (p_lead.marketplace_id, v_id, p_lead.id, p_company, p_lead.operator_company_id,
    p_lead.giver_company_id, p_company_name, 'active', p_origin, p_self_pick, p_colleague,
    p_colleague_name, p_steps, p_steps[1], v_handler,
    case when v_handler is not null then p_colleague_name end);
  perform app_private.engage(p_lead.marketplace_id, p_lead.id, p_company, p_company_name, v_id);
  insert into app.disclosure (marketplace_id, id, lead_id, company_id, operator_company_id,
    company_name, colleague_name, cause, fields)
  select p.marketplace_id, app_private.new_id(), p.lead_id, p_company, p_lead.operator_company_id,
    p_company_name, p_colleague_name, p_origin,
    array(select f.key from jsonb_each(jsonb_strip_nulls(to_jsonb(p))) f
          where f.key in ('name', 'salutation', 'company', 'email', 'phone', 'street', 'postcode',
                          'city', 'country', 'answers') order by 1)
  from app.prospect p where p.marketplace_id = p_lead.marketplace_id and p.lead_id = p_lead.id;
  return v_id;
end
$$;

-- The caller, for what prints his name and his company's: both stay as they are until the end of the
-- transaction, and so does his being active. Comes before any lead is locked.
create or replace function app_private.printing_caller()
returns app.caller language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
begin
  perform app_private.hold_name(v_caller.company_id);
  perform from app.colleague where id = v_caller.colleague_id for share;
  return app_private.caller();  -- in a statement of its own: he may have waited
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

-- 409 with the cap that is full; the card is locked, so that two picks of one company do not pass it together.
create or replace function app_private.expect_room(p_card app.participation)
returns void language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_full text;
begin
  if num_nonnulls(p_card.cap, p_card.cap_day, p_card.cap_week, p_card.cap_month) = 0 then
    return;
  end if;
  v_full := app_private.full_cap(p_card);
  if v_full is not null then
    perform app_private.refuse(409, 'cap-reached', jsonb_build_object('period', v_full, 'cap',
      case v_full when 'open' then p_card.cap when 'day' then p_card.cap_day when 'week' then p_card.cap_week
        else p_card.cap_month end));
  end if;
end
$$;

-- What an operator takes itself was offered to its partners before: the lead is unplaced, or a later wave is
-- under way (docs/domain.md, case 2).
create or replace function app_private.expect_first_wave_over(p_lead app.lead)
returns void language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
  if p_lead.state <> 'unplaced' and not (p_lead.state = 'offered' and exists (
      select from app.brokerage b
      join app.offer o on o.marketplace_id = b.marketplace_id and o.brokerage_id = b.id and o.wave < b.wave
      where b.marketplace_id = p_lead.marketplace_id and b.lead_id = p_lead.id and b.state = 'open')) then
    perform app_private.refuse(409, 'operator-takes-after-first-wave');
  end if;
end
$$;

-- The caller's open offer becomes the one that is picked, and ends the brokerage; the lead is locked.
-- Returns the steps of his card and what he was offered it for; 409 when he may not take it.
create or replace function app_private.take_offer(
  p_lead app.lead, p_caller app.caller, out steps text[], out price_cents integer, out currency text)
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_offer app.offer;
  v_card app.participation;
begin
  select * into v_offer from app.offer
  where marketplace_id = p_lead.marketplace_id and lead_id = p_lead.id and company_id = p_caller.company_id
  order by id desc limit 1;
  if v_offer.id is null  -- it was assigned to them once, and is not theirs any more
      or p_lead.giver_company_id = p_caller.company_id then  -- they merged with its giver
    perform app_private.refuse(409, 'lead-no-longer-available');
  elsif v_offer.state = 'declined' and p_lead.state = 'offered' then
    perform app_private.refuse(409, 'offer-declined');
  elsif v_offer.state <> 'open' or v_offer.expires_at <= app_private.clock() then
    perform app_private.refuse(409, 'lead-no-longer-available');
  end if;
  -- Locked, so that two picks of one company do not pass its cap together.
  select * into v_card from app.participation
  where marketplace_id = p_lead.marketplace_id and company_id = p_caller.company_id for no key update;
  if v_card.state <> 'active' then
    perform app_private.refuse(409, 'lead-no-longer-available');
  end if;
  perform app_private.expect_room(v_card);
  update app.offer set state = 'picked', answered_at = app_private.clock(), answered_by_name = p_caller.colleague_name
  where marketplace_id = p_lead.marketplace_id and id = v_offer.id;
  perform app_private.close_brokerage(p_lead.marketplace_id, p_lead.id, 'placed', 'lost');
  steps := v_card.steps;
  price_cents := v_offer.price_cents;
  currency := v_offer.currency;
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
  v_caller app.caller := app_private.caller();
  v_lead app.lead;
  v_marketplace app.marketplace;
  v_steps text[];
  v_price integer;
  v_currency text;
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
  v_caller := app_private.printing_caller();
  v_lead := app_private.lock_lead(p_marketplace, p_lead);
  if v_lead.engaged_company_id = v_caller.company_id then
    engagement_id := v_lead.engagement_id;
    picked := false;
    perform app_private.charge_pick(v_caller);
    return;
  end if;
  if v_caller.company_id <> v_lead.operator_company_id then
    select t.steps, t.price_cents, t.currency into v_steps, v_price, v_currency
    from app_private.take_offer(v_lead, v_caller) t;
  else
    perform app_private.expect_first_wave_over(v_lead);
    perform app_private.close_brokerage(p_marketplace, p_lead, 'placed', 'lost');
    v_steps := v_marketplace.steps;
  end if;
  engagement_id := app_private.begin_engagement(v_lead, v_caller.company_id, v_caller.company_name,
    v_steps, 'pick', v_caller.company_id = v_lead.operator_company_id, v_caller.colleague_id,
    v_caller.colleague_name);
  if v_price is not null then
    perform app_private.charge(v_lead, engagement_id, v_caller.company_id, v_caller.company_name, 'pick', v_price,
      v_currency);
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
  v_price integer;
  v_currency text;
  v_id uuid;
begin
  perform app_private.hold_name(p_company);
  v_lead := app_private.lock_lead(p_marketplace, p_lead, v_caller.company_id);
  perform app_private.expect_operator(v_lead, v_caller.company_id);
  perform app_private.expect_state(v_lead.state, array['available', 'offered', 'unplaced']);
  select * into v_marketplace from app.marketplace where id = p_marketplace;
  if p_company = v_caller.company_id then
    if not v_marketplace.operator_may_take then
      perform app_private.refuse(409, 'operator-may-not-take');
    end if;
    perform app_private.expect_first_wave_over(v_lead);
    v_card.company_name := v_marketplace.operator_name;
    v_card.steps := v_marketplace.steps;
  else
    select * into v_card from app.participation
    where marketplace_id = p_marketplace and company_id = p_company for no key update;
    if not coalesce(app_private.may_take(v_card, v_lead.giver_company_id), false) then
      perform app_private.expect_not_absorbed(p_marketplace, p_company, v_caller.company_id);
      perform app_private.refuse(422, 'taker-unfit', jsonb_build_object('companies', array[p_company]));
    end if;
    perform app_private.expect_room(v_card);
    select p.price_cents, p.currency into v_price, v_currency
    from app_private.price_to_assign(v_lead, v_card, v_marketplace) p;
  end if;
  perform app_private.close_brokerage(p_marketplace, p_lead, 'placed', 'lost');
  v_id := app_private.begin_engagement(v_lead, p_company, v_card.company_name, v_card.steps,
    'assignment', p_company = v_caller.company_id, null, null);
  if v_price is not null then
    perform app_private.charge(v_lead, v_id, p_company, v_card.company_name, 'assignment', v_price,
      v_currency);
  end if;
  perform app_private.record(p_marketplace, p_lead, 'assigned', v_caller,
    jsonb_build_object('company', v_card.company_name));
  perform app_private.tell_past_holder(v_lead, array[p_company], v_caller);
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

-- For the whole company. Declining twice changes nothing, but that a reason may follow.
create or replace function app.decline_offer(p_marketplace uuid, p_lead uuid, p_reason text)
returns app.offer language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_offer app.offer;
begin
  v_offer := app_private.own_offer(p_marketplace, p_lead, v_caller.company_id);
  if v_offer.state = 'declined' then
    if v_offer.decline_reason is null and p_reason is not null then
      update app.offer set decline_reason = p_reason
      where marketplace_id = p_marketplace and id = v_offer.id returning * into v_offer;
    end if;
    return v_offer;
  elsif v_offer.state <> 'open' then
    perform app_private.refuse(409, 'lead-no-longer-available');
  end if;
  update app.offer set state = 'declined', decline_reason = p_reason, answered_at = app_private.clock(),
    answered_by_name = v_caller.colleague_name
  where marketplace_id = p_marketplace and id = v_offer.id returning * into v_offer;
  perform app_private.touch_lead(p_marketplace, p_lead);
  perform app_private.tell('offer.declined', array[v_offer.company_id, v_offer.operator_company_id], p_marketplace,
    p_lead, v_caller);
  perform app_private.conclude_wave(p_marketplace, p_lead);
  return v_offer;
end
$$;
comment on function app.decline_offer(uuid, uuid, text) is
  'Declines the offer for the whole company; 15 s after the last refusal of a wave the lead is unplaced.';
grant execute on function app.decline_offer(uuid, uuid, text) to kollegium_api;

-- Takes one's own refusal back while the lead is still offered, the wave and the window open, and the company a
-- partner: who left the marketplace could not pick, and the lead would wait for him in vain.
create or replace function app.reopen_offer(p_marketplace uuid, p_lead uuid)
returns app.offer language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.printing_caller();
  v_offer app.offer;
  v_state text;
begin
  v_offer := app_private.own_offer(p_marketplace, p_lead, v_caller.company_id);
  if v_offer.state = 'open' then
    return v_offer;
  end if;
  select state into v_state from app.participation
  where marketplace_id = p_marketplace and company_id = v_caller.company_id for share;
  if v_state is distinct from 'active' or v_offer.state <> 'declined' or exists (  -- it merged with the giver
       select from app.lead l where l.marketplace_id = p_marketplace and l.id = p_lead
         and l.giver_company_id = v_caller.company_id) or v_offer.expires_at <= app_private.clock()
     or not exists (select from app.brokerage where marketplace_id = p_marketplace
                    and id = v_offer.brokerage_id and state = 'open' and wave = v_offer.wave) then
    perform app_private.refuse(409, 'lead-no-longer-available');
  end if;
  -- It is live again, and shows the name of today.
  update app.offer set state = 'open', decline_reason = null, answered_at = null, answered_by_name = null,
    company_name = v_caller.company_name
  where marketplace_id = p_marketplace and id = v_offer.id returning * into v_offer;
  update app.brokerage set wave_ends_at = null
  where marketplace_id = p_marketplace and id = v_offer.brokerage_id;
  perform app_private.touch_lead(p_marketplace, p_lead);
  perform app_private.tell('offer.reopened', array[v_offer.company_id, v_offer.operator_company_id], p_marketplace,
    p_lead, v_caller);
  return v_offer;
end
$$;
comment on function app.reopen_offer(uuid, uuid) is
  'Re-opens the company''s own declined offer while the lead is still offered.';
grant execute on function app.reopen_offer(uuid, uuid) to kollegium_api;

-- What the company declined and may still take back: the lead is offered, the window open, the company a
-- partner. A function, because no row says all of it, and a refusal that is final is nothing to be seen.
create or replace function app.offers_to_reopen()
returns setof app.offer language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_company constant uuid := app.current_company_id();
begin
  return query
    select o.* from app.offer o
    join app.brokerage b on b.marketplace_id = o.marketplace_id and b.id = o.brokerage_id and b.state = 'open'
      and b.wave = o.wave
    join app.participation p on p.marketplace_id = o.marketplace_id and p.company_id = o.company_id
      and p.state = 'active'
    where o.company_id = v_company and o.state = 'declined' and o.expires_at > app_private.clock();
end
$$;
comment on function app.offers_to_reopen() is
  'The offers that the caller''s company declined and may still re-open.';
grant execute on function app.offers_to_reopen() to kollegium_api;
