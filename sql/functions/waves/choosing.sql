-- Who is offered a lead in a wave, and who not and why. Nothing here writes: a preview asks the same as the timer.
set local role kollegium_broker;

-- Every active taker of the marketplace, judged for one wave. reason null: it is offered, in the order of
-- place. p_before: who had an offer of this brokerage already. p_deferred: who was full in the wave before, where
-- the plan says that they are looked at again.
create or replace function app_private.judged(
  p_lead app.lead, p_plan jsonb, p_number integer, p_before uuid[], p_deferred uuid[])
returns table (company_id uuid, reason text, place bigint)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_wave constant jsonb := p_plan -> 'waves' -> (p_number - 1);
  v_order constant text := v_wave ->> 'order';
  v_by_hand constant boolean := v_wave ? 'by_hand';
  v_named constant uuid[] := case when v_wave ? 'company_ids'
    then app_private.surviving(app_private.uuids(v_wave -> 'company_ids')) end;
  v_tags constant text[] := case when v_wave ? 'tags' then app_private.texts(v_wave -> 'tags') end;
  v_postcode constant text := (select pr.postcode from app.prospect pr
    where pr.marketplace_id = p_lead.marketplace_id and pr.lead_id = p_lead.id);
  v_fits constant boolean := not v_wave ? 'postcode_areas' or exists (
    select from unnest(app_private.texts(v_wave -> 'postcode_areas')) a where starts_with(v_postcode, a));
  v_former constant uuid[] := array(select distinct e.company_id from app.engagement e
    where e.marketplace_id = p_lead.marketplace_id and e.lead_id = p_lead.id and e.state = 'returned');
  v_absent constant uuid[] := app_private.absent_of(p_lead.marketplace_id);
  v_losers constant uuid[] := array(select distinct e.company_id from app.engagement e
    where e.marketplace_id = p_lead.marketplace_id and e.lead_id = p_lead.id and e.state = 'lost');
  v_weights constant jsonb := app_private.weights(v_wave -> 'weights');
begin
  return query
  with seen as materialized (
    select p.company_id as company, p.invited_at, case
      when p.company_id = p_lead.giver_company_id then 'giver'
      when p.company_id = any (p_before) then 'offered-before'
      when not v_by_hand and p.company_id = any (v_former) then 'returned-before'
      when not v_by_hand and p.company_id = any (v_losers) then 'lost-before'
      when p.paused then 'paused'
      when p.company_id = any (v_absent) then 'absent'
      when v_by_hand then null
      when p.company_id = any (p_deferred) then null
      when not h.holds and p.company_id <> all (v_named) then 'not-named'
      when not h.holds and not v_fits then 'wave-area'
      when not h.holds and v_tags is not null and not p.tags && v_tags then 'wave-tags'
      when not h.holds and cardinality(p.postcode_areas) > 0 and not exists (
        select from unnest(p.postcode_areas) a where starts_with(v_postcode, a)) then 'area'
      when cardinality(p.tags) > 0 and cardinality(p_lead.tags) > 0 and not p.tags && p_lead.tags then 'tags'
      end as why,
      case when num_nonnulls(p.cap, p.cap_day, p.cap_week, p.cap_month) > 0
        then app_private.full_cap(p) end as full_one,
      h.holds
    from app.participation p
    cross join lateral (select not v_by_hand and exists (
      select from unnest(p.exclusive_areas) a where starts_with(v_postcode, a)) as holds) h
    where p.marketplace_id = p_lead.marketplace_id and p.state = 'active' and 'taker' = any (p.capacities)
      and (not v_by_hand or p.company_id = any (v_named))
  ), asked as (  -- who holds the area has it alone, while it can take the lead at all
    select s.company, s.invited_at, s.full_one, case when s.why is null and not s.holds and exists (
      select from seen o where o.holds and o.why is null and o.full_one is null) then 'exclusive-area'
      else s.why end as why
    from seen s
  ), told as (
    select s.company, s.invited_at, coalesce(s.why, 'cap-' || s.full_one) as why,
      s.why is null and (s.full_one is null or p_plan ->> 'on_cap' = 'next_wave') as ranks,
      case v_order when 'priority' then coalesce(array_position(v_named, s.company), 2147483647)
        when 'round_robin' then coalesce((select t.turn from app_private.wave_turn t
          where t.marketplace_id = p_lead.marketplace_id and t.number = p_number and t.company_id = s.company), 0)
        when 'random' then app_private.drawn(p_plan, p_lead.id, s.company)
        else -ln(app_private.drawn(p_plan, p_lead.id, s.company))
          / coalesce((v_weights ->> s.company::text)::double precision, 1) end as key,
      case v_order when 'priority' then coalesce((v_weights ->> s.company::text)::integer, 1) end as weight
    from asked s
  ), ranked as (
    select t.*, row_number() over (partition by t.ranks order by t.key, t.weight desc, t.invited_at, t.company) as n
    from told t
  )
  select r.company, case when r.why is null and r.n > (v_wave ->> 'takers')::integer then 'not-this-time'
    else r.why end, r.n
  from ranked r;
end
$$;

-- A number above 0 and below 1 that belongs to seed, lead and company: drawn once, the same whenever it is asked.
create or replace function app_private.drawn(p_plan jsonb, p_lead uuid, p_company uuid) returns double precision
language sql immutable set search_path = pg_catalog, pg_temp
as $$
  select ((('x' || left(md5(coalesce(p_plan ->> 'seed', '') || p_lead || p_company), 13))::bit(52)::bigint) + 0.5)
    / 4503599627370496
$$;

-- Weights by the companies that there are by now.
create or replace function app_private.weights(p_weights jsonb) returns jsonb
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
  return (select jsonb_object_agg((app_private.surviving(array[w.key::uuid]))[1], w.value)
    from jsonb_each(p_weights) w where cardinality(app_private.surviving(array[w.key::uuid])) = 1);
end
$$;

-- The reasons, the ones nearest to an offer first: of very many only the first 500 are kept.
create or replace function app_private.reasons() returns text[]
language sql immutable set search_path = pg_catalog, pg_temp
as $$
  select array['not-this-time', 'merging', 'cap-open', 'cap-day', 'cap-week', 'cap-month', 'exclusive-area', 'paused', 'absent',
    'returned-before', 'lost-before', 'offered-before', 'giver', 'not-named', 'wave-tags', 'wave-area', 'tags', 'area']
$$;

-- One wave: its takers in their order, and who is left out, by reason.
create or replace function app_private.wave_of(
  p_lead app.lead, p_plan jsonb, p_number integer, p_before uuid[], p_last jsonb,
  out takers uuid[], out left_out jsonb)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_deferred uuid[] := '{}';
begin
  if p_plan ->> 'on_cap' = 'next_wave' then
    select coalesce(array_agg(c.id::uuid), '{}') into v_deferred
    from jsonb_each(coalesce(p_last, '{}')) l, jsonb_array_elements_text(l.value) c (id)
    where l.key like 'cap-%';
  end if;
  with judged as (
    select * from app_private.judged(p_lead, p_plan, p_number, p_before, v_deferred)
  ), kept as (
    select j.reason, j.company_id from judged j where j.reason is not null
    order by array_position(app_private.reasons(), j.reason), j.place limit 500
  )
  select (select array_agg(j.company_id order by j.place) from judged j where j.reason is null),
    coalesce((select jsonb_object_agg(k.reason, k.companies)
      from (select k.reason, jsonb_agg(k.company_id) as companies from kept k group by k.reason) k), '{}')
  into takers, left_out;
end
$$;

-- The next wave after p_after in which somebody is offered the lead; number null: there is none. left_out:
-- by number, with the waves that nobody was in.
create or replace function app_private.next_wave(
  p_lead app.lead, p_plan jsonb, p_after integer, p_before uuid[], p_left_out jsonb,
  out number integer, out takers uuid[], out left_out jsonb)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_wave record;
begin
  left_out := p_left_out;
  for n in p_after + 1 .. coalesce(jsonb_array_length(p_plan -> 'waves'), 0) loop
    v_wave := app_private.wave_of(p_lead, p_plan, n, p_before, left_out -> (n - 1)::text);
    left_out := left_out || jsonb_build_object(n, v_wave.left_out);
    if v_wave.takers is not null then
      number := n;
      takers := v_wave.takers;
      return;
    end if;
  end loop;
end
$$;

-- Which cap of a card is full: open, day, week, month; null: there is room. Days, weeks (from Monday) and months
-- are those of the taker's zone, and count what it began to work in them.
create or replace function app_private.full_cap(p_card app.participation)
returns text language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_local constant timestamp := app_private.clock() at time zone p_card.time_zone;
  v_cap record;
begin
  if app_private.cap_reached(p_card) then
    return 'open';
  end if;
  for v_cap in select * from (values ('day', p_card.cap_day), ('week', p_card.cap_week),
                 ('month', p_card.cap_month)) c (period, most) where most is not null loop
    if v_cap.most <= (
      select count(*) from app.engagement e
      where e.company_id = p_card.company_id and e.marketplace_id = p_card.marketplace_id
        and e.started_at >= date_trunc(v_cap.period, v_local) at time zone p_card.time_zone
        and e.started_at < (date_trunc(v_cap.period, v_local) + ('1 ' || v_cap.period)::interval)
          at time zone p_card.time_zone) then
      return v_cap.period;
    end if;
  end loop;
  return null;
end
$$;
