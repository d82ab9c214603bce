-- Whom a lead would be offered to and why, the same of what happened, and what a taker keeps of an ended offer.
set local role kollegium_broker;

-- A lead that the caller's company operates; 404 where it is no party, 403 where it is another.
create or replace function app_private.operated_lead(p_marketplace uuid, p_lead uuid)
returns app.lead language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_company constant uuid := app.current_company_id();
  v_lead app.lead;
begin
  select * into v_lead from app.lead
  where marketplace_id = p_marketplace and id = p_lead and v_company = any (parties);
  if not found then
    perform app_private.refuse(404, 'not-found');
  end if;
  perform app_private.expect_operator(v_lead, v_company);
  return v_lead;
end
$$;

-- Who was left out of a wave, by name: [{company_id, company_name, reason}], nearest to an offer first.
create or replace function app_private.left_out_by_name(p_left_out jsonb) returns jsonb
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
  return coalesce((
    select jsonb_agg(jsonb_build_object('company_id', co.id, 'company_name', co.name, 'reason', l.key)
      order by array_position(app_private.reasons(), l.key), co.name, co.id)
    from jsonb_each(p_left_out) l, jsonb_array_elements_text(l.value) e (id)
    join app.company co on co.id = e.id::uuid), '[]');
end
$$;

-- Who would be offered this lead by the plan of now, wave by wave, if nobody took it before; writes nothing.
create or replace function app.preview_offer(p_marketplace uuid, p_lead uuid) returns table (waves jsonb)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_lead constant app.lead := app_private.operated_lead(p_marketplace, p_lead);
  v_plan constant jsonb := app_private.plan_of(p_marketplace);
  v_before uuid[] := '{}';
  v_last jsonb := '{}';
  v_wave record;
begin
  waves := '[]';
  for n in 1 .. jsonb_array_length(v_plan -> 'waves') loop
    v_wave := app_private.wave_of(v_lead, v_plan, n, v_before, v_last);
    waves := waves || jsonb_build_object('number', n,
      'offered', coalesce((select jsonb_agg(jsonb_build_object('company_id', p.company_id,
        'company_name', p.company_name) order by t.place)
      from unnest(v_wave.takers) with ordinality t (id, place)
      join app.participation p on p.marketplace_id = p_marketplace and p.company_id = t.id), '[]'),
      'left_out', app_private.left_out_by_name(v_wave.left_out));
    v_before := v_before || v_wave.takers;
    v_last := v_wave.left_out;
  end loop;
  return next;
end
$$;
comment on function app.preview_offer(uuid, uuid) is
  'Who would be offered a lead of the caller''s marketplace, wave by wave, and who not and why.';
grant execute on function app.preview_offer(uuid, uuid) to kollegium_api;

-- What happened with a lead of the caller's marketplace, the newest brokerage first.
create or replace function app.brokerages_of(p_marketplace uuid, p_lead uuid, p_after uuid, p_limit integer)
returns table (id uuid, state text, opened_at timestamptz, closed_at timestamptz, waves jsonb)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_lead constant app.lead := app_private.operated_lead(p_marketplace, p_lead);
begin
  return query
    select b.id, b.state, b.opened_at, b.closed_at, (
      select jsonb_agg(jsonb_build_object('number', w.n,
        'offered', coalesce((select jsonb_agg(jsonb_build_object('company_id', o.company_id,
            'company_name', o.company_name, 'outcome', o.state, 'opened_at', o.opened_at,
            'expires_at', o.expires_at, 'answered_at', o.answered_at) order by o.opened_at, o.company_name, o.id)
          from app.offer o where o.marketplace_id = b.marketplace_id and o.brokerage_id = b.id
            and o.wave = w.n), '[]'),
        'left_out', app_private.left_out_by_name(b.left_out -> w.n::text)) order by w.n)
      from generate_series(1, greatest(b.wave, (select max(k.key::integer) from jsonb_each(b.left_out) k))) w (n))
    from app.brokerage b
    where b.marketplace_id = v_lead.marketplace_id and b.lead_id = v_lead.id and (p_after is null or b.id < p_after)
    order by b.id desc limit p_limit;
end
$$;
comment on function app.brokerages_of(uuid, uuid, uuid, integer) is
  'Who was offered a lead of the caller''s marketplace in which wave and what came of it, who not and why.';
grant execute on function app.brokerages_of(uuid, uuid, uuid, integer) to kollegium_api;

-- What the caller's company keeps of its ended offers, the newest first: no lead, no person, no winner. Computed
-- from the offers, state by state, as their lists are; nothing is written for it.
create or replace function app.my_receipts(p_after uuid, p_limit integer)
returns table (id uuid, marketplace_name text, postcode_area text, offered_at timestamptz, outcome text,
  seconds integer, offered_together bigint)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_company constant uuid := app.current_company_id();
begin
  return query
    select o.id, o.marketplace_name, left(o.postcode_area, 2), o.opened_at, o.state,
      greatest(0, extract(epoch from coalesce(o.answered_at, o.expires_at) - o.opened_at))::integer,
      (select count(*) from app.offer r where r.marketplace_id = o.marketplace_id
        and r.brokerage_id = o.brokerage_id and r.wave = o.wave)
    from unnest(array['picked', 'lost', 'declined', 'expired', 'withdrawn']) s (ended)
    cross join lateral (
      select * from app.offer e
      where e.company_id = v_company and e.state = s.ended and (p_after is null or e.id < p_after)
      order by e.id desc limit p_limit) o
    order by o.id desc limit p_limit;
end
$$;
comment on function app.my_receipts(uuid, integer) is
  'What the caller''s company keeps of its ended offers: neither lead nor person nor who won.';
grant execute on function app.my_receipts(uuid, integer) to kollegium_api;
