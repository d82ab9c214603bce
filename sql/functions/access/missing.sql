-- Why a company does not see a part of a lead.
set local role kollegium_broker;

-- What became of its last offer; else why it was offered nothing: left out (detail: by which rule), or its card.
create or replace function app_private.why_not_offered(
  p_marketplace uuid, p_lead uuid, p_company uuid, p_at timestamptz,
  out because text, out since timestamptz, out detail text)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
  select 'offer-' || o.state, coalesce(o.answered_at, o.expires_at) into because, since
  from app_private.offers_then(p_marketplace, p_lead) o
  where o.company_id = p_company and o.opened_at <= p_at and o.state not in ('open', 'picked')
  order by o.opened_at desc limit 1;
  if found then
    return;
  end if;
  select 'left-out', b.opened_at, r.key into because, since, detail
  from app.brokerage b
  cross join lateral jsonb_each(b.left_out) w
  cross join lateral jsonb_each(w.value) r
  where b.marketplace_id = p_marketplace and b.lead_id = p_lead and b.opened_at <= p_at
    and r.value ? p_company::text
  order by b.opened_at desc, w.key desc limit 1;
  if found then
    return;
  end if;
  select case when c.state <> 'active' then 'card-' || c.state
      when 'taker' = any (c.capacities) then 'never-offered' else 'not-taker' end,
    coalesce(c.ended_at, c.answered_at, c.invited_at)
  into because, since
  from app.participation c where c.marketplace_id = p_marketplace and c.company_id = p_company;
  if not found then
    because := 'no-card';
  end if;
end
$$;

-- The part is one that app.who_sees did not find for the company at that moment.
create or replace function app_private.why_not(
  p_marketplace uuid, p_lead uuid, p_company uuid, p_part text, p_at timestamptz,
  out because text, out since timestamptz, out detail text)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_now text[];
begin
  select 'absorbed', m.done_at, m.survivor_company_id into because, since, detail
  from app.company_merge m
  where m.absorbed_company_id = p_company and m.done_at <= p_at and coalesce(m.undone_at, 'infinity') > p_at;
  if found then
    return;
  end if;
  if exists (select from app.lead l where l.marketplace_id = p_marketplace and l.id = p_lead and l.created_at > p_at) then
    because := 'not-yet';
    return;
  end if;
  select array_agg(s.because) into v_now from app_private.access_spans(p_marketplace, p_lead) s
  where s.company_id = p_company and s.since <= p_at and s.until > p_at;
  if p_part = 'own' or (p_part in ('record', 'conversation') and v_now && array['operator', 'engaged', 'worked']) then
    because := 'nothing-there';
    return;
  elsif p_part = 'offer' and v_now && array['giver', 'engaged', 'operator'] then
    because := case when 'giver' = any (v_now) then 'own-lead' when 'operator' = any (v_now) then 'nothing-there'
      else 'assigned' end;
    return;
  elsif p_part <> 'offer' and v_now && array['offered', 'might-reopen'] then
    because := 'offer-alone';
    return;
  end if;
  select case when s.because <> 'engaged' or s.until is distinct from e.ended_at then 'went-over'
      when e.state = 'lost' then 'recycled' else e.state end, s.until into because, since
  from app_private.access_spans(p_marketplace, p_lead) s
  left join app.engagement e on e.marketplace_id = p_marketplace and e.id = s.engagement_id
  where s.company_id = p_company and s.because in ('operator', 'giver', 'engaged') and s.until <= p_at
  order by s.until desc limit 1;
  if not found then
    select n.because, n.since, n.detail into because, since, detail
    from app_private.why_not_offered(p_marketplace, p_lead, p_company, p_at) n;
  end if;
end
$$;
