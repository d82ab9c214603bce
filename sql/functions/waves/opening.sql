-- Waves: how a brokerage begins, and goes on to its next wave by itself.
set local role kollegium_broker;

-- When so many minutes of a wave are over, counted from now.
create or replace function app_private.window_end(p_marketplace uuid, p_wave jsonb, p_minutes integer)
returns timestamptz language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
  return coalesce(
    case when (p_wave ->> 'working_time')::boolean
      then app_private.add_working_time(p_marketplace, app_private.clock(), p_minutes) end,
    app_private.clock() + make_interval(mins => p_minutes));
end
$$;

-- Whose turn it is must not be read by two at once. The plan is locked after the lead and before the cards.
create or replace function app_private.hold_turns(p_marketplace uuid, p_plan jsonb)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  if p_plan @? '$.waves[*] ? (@.order == "round_robin")' then
    perform from app.wave_plan where marketplace_id = p_marketplace for no key update;
  end if;
end
$$;

-- A run of offering: its plan is kept, and the first wave in which somebody is offered the lead opens. False, and
-- nothing is written, when there is none.
create or replace function app_private.begin_brokerage(p_lead app.lead, p_plan jsonb, p_caller app.caller)
returns boolean language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_id constant uuid := app_private.new_id();
  v_next record;
begin
  perform app_private.hold_turns(p_lead.marketplace_id, p_plan);
  v_next := app_private.next_wave(p_lead, p_plan, 0, '{}', '{}');
  if v_next.number is null then
    return false;
  end if;
  insert into app.brokerage (marketplace_id, id, lead_id, operator_company_id, state, opened_by_id, wave, plan,
    left_out)
  values (p_lead.marketplace_id, v_id, p_lead.id, p_lead.operator_company_id, 'open', p_caller.colleague_id,
    v_next.number, p_plan, v_next.left_out);
  perform app_private.set_state(p_lead.marketplace_id, p_lead.id, 'offered');
  perform app_private.open_wave(p_lead, v_id, p_plan, v_next.number, v_next.takers, p_caller);
  return true;
end
$$;

-- One wave: an offer, with a copy of the teaser, to each of the companies.
create or replace function app_private.open_wave(
  p_lead app.lead, p_brokerage uuid, p_plan jsonb, p_number integer, p_takers uuid[], p_caller app.caller)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_wave constant jsonb := p_plan -> 'waves' -> (p_number - 1);
  v_minutes constant integer := (v_wave ->> 'response_minutes')::integer;
  v_expires_at constant timestamptz := app_private.window_end(p_lead.marketplace_id, v_wave, v_minutes);
  v_interest constant text := app_private.teaser(p_lead.interest);
  v_tags constant text[] := app_private.teaser_tags(p_lead.tags);
  v_placed_before constant integer := (select count(*) from app.engagement e
    where e.marketplace_id = p_lead.marketplace_id and e.lead_id = p_lead.id and e.ended_at is not null);
  v_market app.marketplace;
  v_offered uuid[];
  v_held uuid[];
begin
  select * into v_market from app.marketplace where id = p_lead.marketplace_id;
  with opened as (
    insert into app.offer (marketplace_id, id, brokerage_id, lead_id, company_id, operator_company_id,
      wave, state, interest, postcode_area, tags, marketplace_name, company_name, expires_at, placed_before, price_cents, currency)
    select p.marketplace_id, app_private.new_id(), p_brokerage, p_lead.id, p.company_id, p.operator_company_id,
      p_number, 'open', v_interest, p_lead.postcode_area, v_tags, p.marketplace_name,
      p.company_name, v_expires_at, v_placed_before, pr.price_cents, pr.currency
    from app.participation p
    -- As app_private.price_of, which is no part of a plan: called for thousands of takers it would cost more.
    cross join lateral (select nullif(coalesce(p.price_cents, v_market.price_cents), 0) as cents) c
    cross join lateral (select c.cents as price_cents, case when c.cents is not null then v_market.currency end
      as currency) pr
    where p.marketplace_id = p_lead.marketplace_id and p.company_id = any (p_takers)
      and p.state = 'active'
    -- A participation that ends meanwhile withdraws these offers, or gets none. Picks go on: theirs is the
    -- weaker lock (no key update), so that whoever offers many leads at once holds none of them up. Who is being
    -- merged, or leaves, at this moment is not waited for: the others are.
    for key share of p skip locked
    returning company_id)
  select array_agg(company_id) into v_offered from opened;
  select array_agg(p.company_id) into v_held from app.participation p
  where p.marketplace_id = p_lead.marketplace_id and p.company_id = any (p_takers) and p.state = 'active'
    and p.company_id <> all (coalesce(v_offered, '{}'));
  if v_held is not null and v_offered is null then
    raise exception using errcode = '55P03', message = 'all takers of the wave are being merged';
  end if;
  update app.brokerage set wave = p_number, wave_ends_at = null, left_out = case when v_held is null then left_out
      else jsonb_set(left_out, array[p_number::text, 'merging'], to_jsonb(v_held)) end, last_call_at = case when v_wave ? 'last_call_minutes'
    then app_private.window_end(p_lead.marketplace_id, v_wave, v_minutes - (v_wave ->> 'last_call_minutes')::integer) end
  where marketplace_id = p_lead.marketplace_id and id = p_brokerage;
  if v_wave ->> 'order' = 'round_robin' then
    insert into app_private.wave_turn as t (marketplace_id, number, company_id, turn)
    select p_lead.marketplace_id, p_number, c.id, (select coalesce(max(o.turn), 0) + 1
      from app_private.wave_turn o where o.marketplace_id = p_lead.marketplace_id and o.number = p_number)
    from unnest(v_offered) c (id)
    on conflict (marketplace_id, number, company_id) do update set turn = excluded.turn;
  end if;
  perform app_private.record(p_lead.marketplace_id, p_lead.id, 'offered', p_caller, jsonb_build_object(
    'offers', coalesce(cardinality(v_offered), 0), 'expires_at', v_expires_at)
    || case when jsonb_array_length(p_plan -> 'waves') > 1 then jsonb_build_object('wave', p_number) else '{}' end);
  perform app_private.tell('offer.opened', v_offered, p_lead.marketplace_id, p_lead.id, app_private.nobody());
  perform app_private.conclude_wave(p_lead.marketplace_id, p_lead.id);  -- if nobody was left
end
$$;

-- Goes on where a wave is over: opens the next one in which somebody is offered the lead; none: the lead is
-- unplaced. Called by the timers alone, for it locks plan and cards after the lead. It looks for itself, under the
-- lead's lock, and a company that had an offer of the brokerage gets no second one: so it may be called by
-- several workers, twice, and after any pause. Returns whether the wave ended.
create or replace function app_private.advance_wave(p_marketplace uuid, p_lead uuid)
returns boolean language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_lead constant app.lead := app_private.lock_lead(p_marketplace, p_lead);
  v_brokerage app.brokerage;
  v_next record;
begin
  select * into v_brokerage from app.brokerage
  where marketplace_id = p_marketplace and lead_id = p_lead and state = 'open';
  if not found or v_lead.state <> 'offered' or exists (select from app.offer o
       where o.marketplace_id = p_marketplace and o.lead_id = p_lead and o.state = 'open') then
    return false;
  end if;
  v_brokerage.wave_ends_at := app_private.wave_end(p_marketplace, v_brokerage.id);
  if v_brokerage.wave_ends_at > app_private.clock() then
    update app.brokerage set wave_ends_at = v_brokerage.wave_ends_at
    where marketplace_id = p_marketplace and id = v_brokerage.id;
    return false;
  end if;
  perform app_private.hold_turns(p_marketplace, v_brokerage.plan);
  v_next := app_private.next_wave(v_lead, v_brokerage.plan, v_brokerage.wave,
    array(select o.company_id from app.offer o where o.marketplace_id = p_marketplace
          and o.brokerage_id = v_brokerage.id), v_brokerage.left_out);
  update app.brokerage set left_out = v_next.left_out
  where marketplace_id = p_marketplace and id = v_brokerage.id;
  if v_next.number is null then
    perform app_private.give_up(v_lead);
  else
    perform app_private.open_wave(v_lead, v_brokerage.id, v_brokerage.plan, v_next.number, v_next.takers,
      app_private.nobody());
    perform app_private.touch_lead(p_marketplace, p_lead);
  end if;
  return true;
end
$$;

-- The last wave is over: the lead is unplaced and the operator has it again.
create or replace function app_private.give_up(p_lead app.lead)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  perform app_private.close_brokerage(p_lead.marketplace_id, p_lead.id, 'exhausted', 'withdrawn');
  perform app_private.set_state(p_lead.marketplace_id, p_lead.id, 'unplaced');
  perform app_private.record(p_lead.marketplace_id, p_lead.id, 'unplaced', app_private.nobody());
end
$$;

-- Timer: a last call to all colleagues of those whose offer is still open. At most p_limit leads a call; returns
-- how many.
create or replace function app.call_last(p_limit integer)
returns integer language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_due record;
  v_lead app.lead;
  v_count integer := 0;
begin
  for v_due in
    select b.marketplace_id, b.id, b.lead_id from app.brokerage b
    join app.lead l on l.marketplace_id = b.marketplace_id and l.id = b.lead_id
    where b.last_call_at <= app_private.clock()
    order by l.marketplace_id, l.id limit p_limit for update of l skip locked
  loop
    v_lead := app_private.lock_lead(v_due.marketplace_id, v_due.lead_id);
    update app.brokerage set last_call_at = null
    where marketplace_id = v_due.marketplace_id and id = v_due.id and last_call_at <= app_private.clock();
    continue when not found;
    v_count := v_count + 1;
    perform app_private.tell('offer.last_call', array_agg(o.company_id), v_due.marketplace_id, v_due.lead_id,
      app_private.nobody())
    from app.offer o where o.marketplace_id = v_due.marketplace_id and o.brokerage_id = v_due.id
      and o.state = 'open' and o.expires_at > app_private.clock();
  end loop;
  return v_count;
end
$$;
comment on function app.call_last(integer) is
  'Timer: tells the colleagues of a wave''s companies that it will leave them.';
grant execute on function app.call_last(integer) to kollegium_worker;
