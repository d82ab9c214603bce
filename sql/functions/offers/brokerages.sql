-- Brokerages: a lead is offered, and the end of a wave. Waves themselves are in functions/waves.
set local role kollegium_broker;

-- Who may get a lead at all.
create or replace function app_private.may_take(p_participation app.participation, p_giver uuid)
returns boolean language sql immutable set search_path = pg_catalog, pg_temp
as $$
  select p_participation.state = 'active' and 'taker' = any (p_participation.capacities)
    and not p_participation.paused and p_participation.company_id is distinct from p_giver
$$;

-- Who returned the lead is not offered it again; it can be assigned to him.
create or replace function app_private.gave_back(p_lead app.lead, p_company uuid)
returns boolean language sql stable set search_path = pg_catalog, pg_temp
as $$
  select exists (select from app.engagement e
    where e.marketplace_id = p_lead.marketplace_id and e.lead_id = p_lead.id and e.company_id = p_company
      and e.state = 'returned')
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

-- available or unplaced → offered, by the plan of the marketplace. By hand where companies or hours are named:
-- one wave, of exactly these, whose area and tags then do not matter, but who must be active takers with room, or
-- of all that match. Nobody: 409.
create or replace function app.offer_lead(p_marketplace uuid, p_lead uuid, p_companies uuid[], p_hours integer)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_lead app.lead;
  v_unfit uuid[];
  v_plan jsonb;
begin
  v_lead := app_private.lock_lead(p_marketplace, p_lead, v_caller.company_id);
  perform app_private.expect_operator(v_lead, v_caller.company_id);
  perform app_private.expect_state(v_lead.state, array['available', 'unplaced']);
  if p_companies is null and p_hours is null then
    v_plan := app_private.plan_of(p_marketplace);
  else
    v_plan := app_private.single_wave(p_companies, coalesce(p_hours,
      (select m.response_hours from app.marketplace m where m.id = p_marketplace)));
  end if;
  select array_agg(distinct w.id) into v_unfit
  from unnest(p_companies) w (id)
  left join app.participation p on p.marketplace_id = p_marketplace and p.company_id = w.id
  where not coalesce(app_private.may_take(p, v_lead.giver_company_id) and app_private.full_cap(p) is null
    and not app_private.gave_back(v_lead, w.id) and w.id <> all (app_private.absent_of(p_marketplace)), false);
  if cardinality(v_unfit) > 0 then
    perform app_private.expect_not_absorbed(p_marketplace, c.id, v_caller.company_id)
    from unnest(v_unfit) c (id);
    perform app_private.refuse(422, 'taker-unfit', jsonb_build_object('companies', v_unfit));
  end if;
  if not app_private.begin_brokerage(v_lead, v_plan, v_caller) then
    perform app_private.refuse(409, 'no-matching-taker');
  end if;
  perform app_private.tell_past_holder(v_lead, p_companies, v_caller);
end
$$;
comment on function app.offer_lead(uuid, uuid, uuid[], integer) is
  'available or unplaced → offered (operator), to all matching or to chosen takers.';
grant execute on function app.offer_lead(uuid, uuid, uuid[], integer) to kollegium_api;

-- Ends the open brokerage: what is still open becomes p_offers ('lost' or 'withdrawn').
create or replace function app_private.close_brokerage(
  p_marketplace uuid, p_lead uuid, p_state text, p_offers text)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_companies uuid[];
begin
  update app.brokerage set state = p_state, closed_at = app_private.clock(), wave_ends_at = null, last_call_at = null
  where marketplace_id = p_marketplace and lead_id = p_lead and state = 'open';
  with ended as (
    update app.offer set state = p_offers, answered_at = app_private.clock()
    where marketplace_id = p_marketplace and lead_id = p_lead and state = 'open' returning company_id)
  select array_agg(company_id) into v_companies from ended;
  if v_companies is not null then
    perform app_private.tell('offer.' || p_offers, v_companies, p_marketplace, p_lead, app_private.nobody());
  end if;
end
$$;

-- How long a wave waits for who may take his refusal back.
create or replace function app_private.grace() returns interval
language sql immutable set search_path = pg_catalog, pg_temp
as $$ select interval '15 s' $$;

-- When a wave without an open offer ends: 15 s after its last refusal, at the end of that offer's window
-- at the latest; at once (now) where nothing can be taken back.
create or replace function app_private.wave_end(p_marketplace uuid, p_brokerage uuid)
returns timestamptz language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_end timestamptz;
begin
  select max(least(o.answered_at + app_private.grace(), o.expires_at)) into v_end
  from app.offer o
  join app.participation p on p.marketplace_id = o.marketplace_id and p.company_id = o.company_id
    and p.state = 'active'
  join app.brokerage b on b.marketplace_id = o.marketplace_id and b.id = o.brokerage_id and b.wave = o.wave
  where o.marketplace_id = p_marketplace and o.brokerage_id = p_brokerage and o.state = 'declined';
  return greatest(v_end, app_private.clock());
end
$$;

-- THE function that ends a wave, whoever took the last offer away: a refusal, a window that is over, who
-- leaves, a merge and its undo, the timer. It looks for itself, under the lead's lock: a lead that is not
-- offered (picked or withdrawn in this moment), or has an open offer, stays as it is. Where a refusal may
-- still be taken back, the timer comes back (app.end_waves), unless it is to end at once; and where a further wave
-- follows, for that. Returns whether the lead is unplaced and the operator has it again.
create or replace function app_private.conclude_wave(
  p_marketplace uuid, p_lead uuid, p_at_once boolean default false)
returns boolean language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_lead constant app.lead := app_private.lock_lead(p_marketplace, p_lead);
  v_brokerage app.brokerage;
  v_end timestamptz;
begin
  select * into v_brokerage from app.brokerage
  where marketplace_id = p_marketplace and lead_id = p_lead and state = 'open';
  if not found or v_lead.state <> 'offered' then
    return false;
  end if;
  if not exists (select from app.offer where marketplace_id = p_marketplace and lead_id = p_lead
                 and state = 'open') then
    v_end := app_private.wave_end(p_marketplace, v_brokerage.id);
  end if;
  if v_end is null or (v_end > app_private.clock() and not p_at_once) then
    update app.brokerage set wave_ends_at = v_end
    where marketplace_id = p_marketplace and id = v_brokerage.id and wave_ends_at is distinct from v_end;
    return false;
  end if;
  if v_brokerage.wave < jsonb_array_length(v_brokerage.plan -> 'waves') then
    -- Who ends a wave may hold a card, and a further wave locks cards: the timer opens it (advance_wave). Due at
    -- a moment that is past and stays the same, because a merge must come to what its rehearsal came to.
    update app.brokerage set wave_ends_at = opened_at
    where marketplace_id = p_marketplace and id = v_brokerage.id;
    return false;
  end if;
  perform app_private.give_up(v_lead);
  return true;
end
$$;
