-- Who should see the rows of a lead, by the facts of the market: docs/domain.md, "who sees what", as one list. It
-- reads no column `parties` and no policy, so that app.who_sees can hold the two against each other.
set local role kollegium_broker;

-- Which part of a lead a table or a function shows.
create or replace function app_private.access_part(p_tab text) returns text
language sql immutable set search_path = pg_catalog, pg_temp
as $$
  select case
    when p_tab in ('app.lead', 'app.merge_leads()') then 'lead'
    when p_tab = 'app.prospect' then 'person'
    when p_tab in ('app.offer', 'app.brokerage', 'app.offers_to_reopen()', 'app.my_receipts()') then 'offer'
    when p_tab in ('app.engagement', 'app.message', 'app.message_file', 'app.history') then 'conversation'
    when p_tab in ('app.engagement_card', 'app.disclosure', 'app.posting', 'app.rating', 'app.return_request')
      then 'record'
    else 'own' end
$$;

-- Rows that operator, giver and takers share. place: the row itself. since is null where it is when the fact began.
create or replace function app_private.shared_by_fact(p_marketplace uuid, p_lead uuid)
returns table (tab text, place text, company_id uuid, because text, engagement_id uuid, since timestamptz,
  until timestamptz)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
  return query
    with l as materialized (select * from app.lead x where x.marketplace_id = p_marketplace and x.id = p_lead),
    gave as materialized (
      select l.operator_company_id as who, 'operator' as why, true as operates from l
      union all select l.giver_company_id, 'giver', false from l where l.giver_company_id is not null),
    worked as materialized (
      select e.id, e.company_id as who, case when e.ended_at is null then 'engaged' else 'worked' end as why
      from app.engagement e where e.marketplace_id = p_marketplace and e.lead_id = p_lead),
    t as materialized (
      -- both: operator and giver; operator: the operator alone; of: the engagement whose taker sees it, too
      select 'app.lead' as tab, concat(x.tableoid, ' ', x.ctid) as place, 'both' as whose, w.id as of
      from app.lead x left join worked w on w.why = 'engaged'
      where x.marketplace_id = p_marketplace and x.id = p_lead
      union all select 'app.prospect', concat(x.tableoid, ' ', x.ctid), 'both', w.id
      from app.prospect x left join worked w on w.why = 'engaged'
      where x.marketplace_id = p_marketplace and x.lead_id = p_lead
      union all select 'app.engagement', concat(x.tableoid, ' ', x.ctid), 'both', x.id from app.engagement x
      where x.marketplace_id = p_marketplace and x.lead_id = p_lead
      union all select 'app.message', concat(x.tableoid, ' ', x.ctid), 'both', x.engagement_id from app.message x
      where x.marketplace_id = p_marketplace and x.lead_id = p_lead
      union all select 'app.message_file', concat(x.tableoid, ' ', x.ctid), 'both', x.engagement_id
      from app.message_file x where x.marketplace_id = p_marketplace and x.lead_id = p_lead
      union all select 'app.history', concat(x.tableoid, ' ', x.ctid), 'both', x.engagement_id from app.history x
      where x.marketplace_id = p_marketplace and x.lead_id = p_lead
      union all select 'app.engagement_card', concat(x.tableoid, ' ', x.ctid), 'operator', x.id
      from app.engagement_card x where x.marketplace_id = p_marketplace and x.lead_id = p_lead
      union all select 'app.posting', concat(x.tableoid, ' ', x.ctid), 'operator', x.engagement_id from app.posting x
      where x.marketplace_id = p_marketplace and x.lead_id = p_lead
      union all select 'app.rating', concat(x.tableoid, ' ', x.ctid), 'operator', x.engagement_id from app.rating x
      where x.marketplace_id = p_marketplace and x.lead_id = p_lead
      -- What was not released, or dropped before it was, is known inside the taker's company alone.
      union all select 'app.return_request', concat(x.tableoid, ' ', x.ctid),
        case when x.requested_at is null then 'taker' else 'operator' end, x.engagement_id
      from app.return_request x where x.marketplace_id = p_marketplace and x.lead_id = p_lead
      union all select 'app.brokerage', concat(x.tableoid, ' ', x.ctid), 'operator', null from app.brokerage x
      where x.marketplace_id = p_marketplace and x.lead_id = p_lead
      union all select 'app.offer', concat(x.tableoid, ' ', x.ctid), 'operator', null from app.offer x
      where x.marketplace_id = p_marketplace and x.lead_id = p_lead
      union all select 'app.disclosure', concat(x.tableoid, ' ', x.ctid), 'operator', null from app.disclosure x
      where x.marketplace_id = p_marketplace and x.lead_id = p_lead)
    select t.tab, t.place, g.who, g.why, null::uuid, null::timestamptz, null::timestamptz
    from t join gave g on t.whose = 'both' or (t.whose = 'operator' and g.operates)
    union all
    select t.tab, t.place, w.who, w.why, w.id, null, null from t join worked w on w.id = t.of;
end
$$;

-- Rows of one company: its offers, what it received, and what functions show it of them.
create or replace function app_private.offered_by_fact(p_marketplace uuid, p_lead uuid)
returns table (tab text, place text, company_id uuid, because text, engagement_id uuid, since timestamptz,
  until timestamptz)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
  return query
    select 'app.offer', concat(x.tableoid, ' ', x.ctid), x.company_id,
      case x.state when 'open' then 'offered' else 'picked' end, null::uuid,
      case x.state when 'open' then x.opened_at else x.answered_at end,
      case x.state when 'open' then x.expires_at end
    from app.offer x
    where x.marketplace_id = p_marketplace and x.lead_id = p_lead and x.state in ('open', 'picked')
    union all
    -- As app.offers_to_reopen asks.
    select 'app.offers_to_reopen()', concat(x.tableoid, ' ', x.ctid), x.company_id, 'may-reopen', null, x.answered_at,
      x.expires_at
    from app.offer x
    join app.brokerage b on b.marketplace_id = x.marketplace_id and b.id = x.brokerage_id and b.state = 'open'
      and b.wave = x.wave
    join app.participation p on p.marketplace_id = x.marketplace_id and p.company_id = x.company_id
      and p.state = 'active'
    where x.marketplace_id = p_marketplace and x.lead_id = p_lead and x.state = 'declined'
      and x.expires_at > app_private.clock()
    union all
    select 'app.my_receipts()', concat(x.tableoid, ' ', x.ctid), x.company_id, 'receipt', null,
      coalesce(x.answered_at, x.expires_at), null
    from app.offer x
    where x.marketplace_id = p_marketplace and x.lead_id = p_lead and x.state <> 'open'
    union all
    select 'app.disclosure', concat(x.tableoid, ' ', x.ctid), x.company_id, 'received', null, x.since, x.until
    from app.disclosure x where x.marketplace_id = p_marketplace and x.lead_id = p_lead
    union all
    -- A merge that is rehearsed names each lead that one side would newly see, with state, without person.
    select 'app.merge_leads()', concat(l.tableoid, ' ', l.ctid), side.sees, 'merge-rehearsed', null, m.rehearsed_at, null
    from app.company_merge m
    cross join lateral (values ('survivor', m.survivor_company_id, m.absorbed_company_id),
      ('absorbed', m.absorbed_company_id, m.survivor_company_id)) side (name, sees, owns)
    join app.lead l on l.marketplace_id = p_marketplace and l.id = p_lead
      and side.owns in (l.operator_company_id, l.giver_company_id, l.engaged_company_id)
      and side.sees <> all (array_remove(array[l.operator_company_id, l.giver_company_id, l.engaged_company_id], null))
    where m.state in ('rehearsed', 'consented') and exists (
      select from jsonb_array_elements(m.rehearsal -> 'visible') g where g ->> 'to' = side.name
        and side.owns = case g ->> 'as' when 'operator' then l.operator_company_id
          when 'giver' then l.giver_company_id else l.engaged_company_id end);
end
$$;

-- Rows that a company wrote for itself, or that were told to it.
create or replace function app_private.own_by_fact(p_marketplace uuid, p_lead uuid)
returns table (tab text, place text, company_id uuid, because text, engagement_id uuid, since timestamptz,
  until timestamptz)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
  return query
    select 'app.note', concat(x.tableoid, ' ', x.ctid), x.company_id, 'own', null::uuid, x.created_at, null::timestamptz
    from app.note x where x.marketplace_id = p_marketplace and x.lead_id = p_lead
    union all
    select 'app.note_file', concat(x.tableoid, ' ', x.ctid), x.company_id, 'own', null, x.created_at, null
    from app.note_file x where x.marketplace_id = p_marketplace and x.lead_id = p_lead
    union all
    select 'app.call_claim', concat(x.tableoid, ' ', x.ctid), x.company_id, 'own', null, x.claimed_at, null
    from app.call_claim x where x.marketplace_id = p_marketplace and x.lead_id = p_lead
    union all
    select 'app.call_attempt', concat(x.tableoid, ' ', x.ctid), x.company_id, 'own', null, x.created_at, null
    from app.call_attempt x where x.marketplace_id = p_marketplace and x.lead_id = p_lead
    union all
    select 'app.follow_up', concat(x.tableoid, ' ', x.ctid), x.company_id, 'own', null, x.created_at, null
    from app.follow_up x where x.marketplace_id = p_marketplace and x.lead_id = p_lead
    union all
    select 'app.lead_import_row', concat(x.tableoid, ' ', x.ctid), x.company_id, 'imported', null, i.created_at, null
    from app.lead_import_row x
    join app.lead_import i on i.marketplace_id = x.marketplace_id and i.id = x.import_id
    where x.marketplace_id = p_marketplace and x.lead_id = p_lead
    union all
    select 'app.event', concat(x.tableoid, ' ', x.ctid), x.company_id, 'told', null, x.at, null
    from app.event x where x.marketplace_id = p_marketplace and x.lead_id = p_lead;
end
$$;
