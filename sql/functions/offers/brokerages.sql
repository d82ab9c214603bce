-- Brokerages: whom a lead is offered to, one wave of offers, and its end.
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
    and not app_private.gave_back(p_lead, p.company_id)
    and (cardinality(p.postcode_areas) = 0
         or exists (select from unnest(p.postcode_areas) area where starts_with(pr.postcode, area)))
    and (cardinality(p.tags) = 0 or cardinality(p_lead.tags) = 0 or p.tags && p_lead.tags)
$$;

-- One wave: an offer, with a copy of the teaser, to each of the companies.
create or replace function app_private.open_brokerage(
  p_lead app.lead, p_takers uuid[], p_hours integer, p_caller app.caller)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_id constant uuid := app_private.new_id();
  v_expires_at constant timestamptz := app_private.clock() + make_interval(hours => p_hours);
  v_interest constant text := app_private.teaser(p_lead.interest);
  v_tags constant text[] := app_private.teaser_tags(p_lead.tags);
  v_placed_before constant integer := (select count(*) from app.engagement e
    where e.marketplace_id = p_lead.marketplace_id and e.lead_id = p_lead.id and e.ended_at is not null);
  v_offered uuid[];
begin
  insert into app.brokerage (marketplace_id, id, lead_id, operator_company_id, state, opened_by_id)
  values (p_lead.marketplace_id, v_id, p_lead.id, p_lead.operator_company_id, 'open', p_caller.colleague_id);
  with opened as (
    insert into app.offer (marketplace_id, id, brokerage_id, lead_id, company_id, operator_company_id,
      wave, state, interest, postcode_area, tags, marketplace_name, company_name, expires_at,
      placed_before)
    select p.marketplace_id, app_private.new_id(), v_id, p_lead.id, p.company_id, p.operator_company_id,
      1, 'open', v_interest, p_lead.postcode_area, v_tags, p.marketplace_name,
      p.company_name, v_expires_at, v_placed_before
    from app.participation p
    where p.marketplace_id = p_lead.marketplace_id and p.company_id = any (p_takers)
      and p.state = 'active'
    -- A participation that ends meanwhile withdraws these offers, or gets none. Picks go on: theirs is the
    -- weaker lock (no key update), so that whoever offers many leads at once holds none of them up.
    for key share
    returning company_id)
  select array_agg(company_id) into v_offered from opened;
  perform app_private.set_state(p_lead.marketplace_id, p_lead.id, 'offered');
  perform app_private.record(p_lead.marketplace_id, p_lead.id, 'offered', p_caller,
    jsonb_build_object('offers', coalesce(cardinality(v_offered), 0), 'expires_at', v_expires_at));
  perform app_private.mail_companies('offer-opened', v_offered, jsonb_build_object(
    'operator', p_lead.operator_name, 'interest', left(v_interest, 200),
    'postcode_area', p_lead.postcode_area, 'expires_at', v_expires_at));
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
                                and not app_private.cap_reached(p)
                                and not app_private.gave_back(v_lead, w.id), false) as fits
          from unnest(p_companies) w (id)
          left join app.participation p on p.marketplace_id = p_marketplace and p.company_id = w.id) c;
    if cardinality(v_unfit) > 0 then
      perform app_private.expect_not_absorbed(p_marketplace, c.id, v_caller.company_id)
      from unnest(v_unfit) c (id);
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
  update app.brokerage set state = p_state, closed_at = app_private.clock(), wave_ends_at = null
  where marketplace_id = p_marketplace and lead_id = p_lead and state = 'open';
  update app.offer set state = p_offers, answered_at = app_private.clock()
  where marketplace_id = p_marketplace and lead_id = p_lead and state = 'open'
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
  where o.marketplace_id = p_marketplace and o.brokerage_id = p_brokerage and o.state = 'declined';
  return greatest(v_end, app_private.clock());
end
$$;

-- THE function that ends a wave, whoever took the last offer away: a refusal, a window that is over, who
-- leaves, a merge and its undo, the timer. It looks for itself, under the lead's lock: a lead that is not
-- offered (picked or withdrawn in this moment), or has an open offer, stays as it is. Where a refusal may
-- still be taken back, the timer comes back (app.end_waves), unless it is to end at once. Returns whether the
-- wave ended: the lead is unplaced and the operator has it again.
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
  perform app_private.close_brokerage(p_marketplace, p_lead, 'exhausted', 'withdrawn');
  perform app_private.set_state(p_marketplace, p_lead, 'unplaced');
  perform app_private.record(p_marketplace, p_lead, 'unplaced', app_private.nobody());
  perform app_private.mail_company('lead-unplaced', v_lead.operator_company_id,
    jsonb_build_object('lead', p_lead, 'interest', app_private.subject_of(v_lead.interest)));
  return true;
end
$$;
