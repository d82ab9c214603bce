-- Moving in: what the leads of a batch are to become. Nothing is written here.
set local role kollegium_broker;

-- Offers and comments of the leads after p_after up to p_last: their common hash, without those that
-- wait in quarantine, so that a healed one shows as a change of its lead.
create or replace function app_private.legacy_beside(p_load integer, p_after bigint, p_last bigint)
returns table (lead_id bigint, has_offers boolean, has_open boolean, hash bigint, offers bigint[], comments uuid[])
language sql stable set search_path = pg_catalog, pg_temp rows 5000
as $$
  select x.lead_id, bool_or(x.offer), bool_or(x.open), bit_xor(x.hash) filter (where not x.waits),
    array_agg(x.id order by x.id) filter (where x.offer and not x.waits),
    array_agg(x.comment order by x.comment) filter (where x.comment is not null and not x.waits)
  from (
    select o.lead_id, o.id, null::uuid as comment, true as offer, o.state = 'open' as open, b.id is not null as waits,
      hash_record_extended(row(o.id, o.user_id, o.state, o.reason, o.offered_at, o.expires_at,
        o.answered_at), 1) as hash
    from legacy_staging.offers o
    left join legacy_staging.blocked b on b.load = p_load and b.source_table = 'offers' and b.id = o.id
    where o.load = p_load and o.lead_id > p_after and o.lead_id <= p_last
    union all
    select c.lead_id, c.id, app_private.legacy_id('comment', c.id, c.created_at), false, false, b.id is not null, hash_record_extended(row(c.id), 2)
    from legacy_staging.comments c
    left join legacy_staging.blocked b on b.load = p_load and b.source_table = 'comments' and b.id = c.id
    where c.load = p_load and c.lead_id > p_after and c.lead_id <= p_last) x
  group by x.lead_id
$$;

-- Is there an offer or comment of the lead that waits in quarantine and could come in now?
create or replace function app_private.legacy_healed_beside(p_load integer, p_lead bigint)
returns boolean language sql stable set search_path = pg_catalog, pg_temp
as $$
  select exists (
    select from (
      select 'offers' as source_table, o.id from legacy_staging.offers o
      where o.load = p_load and o.lead_id = p_lead
      union all
      select 'comments', c.id from legacy_staging.comments c
      where c.load = p_load and c.lead_id = p_lead) x
    where app_private.legacy_waits(x.source_table, x.id) and not exists (
      select from legacy_staging.blocked b
      where b.load = p_load and b.source_table = x.source_table and b.id = x.id))
$$;

-- The leads of a batch that are new, or differ from what was imported of them. action:
--   new            not imported yet
--   change         differs, and nobody touched it here
--   complete       was touched here, or the cut-over is past; a row beside it is healed and comes in
--   changed-here   differs, and was touched here;  giver-changed: a giver is never exchanged
--   late           differs after the cut-over: nothing happens
create or replace function app_private.legacy_lead_rows(p_load integer, p_after bigint, p_last bigint)
returns setof app_private.legacy_lead_row
language sql stable set search_path = pg_catalog, pg_temp rows 5000
as $$
  select l.id,
    act.action,
    m.id, coalesce(k.lead_id, app_private.legacy_id('lead', l.id, l.created_at)),
    array_remove(array[m.operator_company_id, v.giver_company_id, t.company_id], null),
    m.operator_company_id, m.operator_name, v.giver_company_id, v.giver_name,
    coalesce(g.colleague_id, o.colleague_id), coalesce(g.colleague_name, o.colleague_name), o.colleague_id,
    t.company_id, t.company_name, t.colleague_id, t.colleague_name, t.active,
    case when act.action = 'complete' then case when exists (
        select from app.brokerage w where w.marketplace_id = m.id and w.state = 'open'
          and w.id = app_private.legacy_id('brokerage', l.id, v.created_at)) then 'offered' else 'unplaced' end
      else case l.state
      when 'new' then case when l.consent then 'submitted' else 'draft' end
      when 'released' then 'available' when 'picked' then 'engaged'
      when 'won' then 'closed' when 'lost' then 'closed'
      when 'offered' then case when b.has_open then 'offered' else 'unplaced' end
      else l.state end end,
    case l.state when 'picked' then 'active' when 'won' then 'won' when 'lost' then 'lost' end,
    l.interest, left(coalesce(l.kept_postcode, ''), m.teaser_digits),
    app_private.legacy_list(l.tags), coalesce(l.consent, false), case when l.state = 'won' then l.value end,
    m.name, m.steps, case when l.status_id is null then m.steps[1] else st.step end, m.response_hours,
    coalesce(b.has_offers, false),
    app_private.legacy_id('brokerage', l.id, v.created_at),
    case when t.company_id is not null then coalesce(e.id, app_private.legacy_id(
      'engagement of ' || l.picked_by_user_id || ' ', l.id, coalesce(l.picked_at, l.updated_at))) end,
    case when t.company_id is not null then coalesce(e.started_at, l.picked_at, l.updated_at) end,
    case when l.state in ('won', 'lost') then coalesce(l.closed_at,
      case when e.state = l.state then e.closed_at end, l.updated_at) end,
    v.created_at, l.updated_at, coalesce(b.offers, '{}'), coalesce(b.comments, '{}'), h.hash, k.row_hash, a.version
  from legacy_staging.leads l
  join app_private.legacy_marketplace km on km.legacy_id = l.marketplace_id
  join app.marketplace m on m.id = km.marketplace_id
  join legacy_staging.marketplaces sm on sm.load = p_load and sm.id = l.marketplace_id
  join app_private.legacy_party o on o.legacy_id = sm.owner_user_id
  left join app_private.legacy_party g
    on g.legacy_id = l.giver_user_id and g.company_id <> m.operator_company_id
  left join app_private.legacy_party t on t.legacy_id = l.picked_by_user_id
  left join legacy_staging.statuses ss on ss.load = p_load and ss.id = l.status_id
  cross join lateral (select case when ss.name = any (m.steps) then ss.name end as step) st
  left join app_private.legacy_beside(p_load, p_after, p_last) b on b.lead_id = l.id
  left join app_private.legacy_lead k on k.legacy_id = l.id
  left join app.lead a on a.marketplace_id = k.marketplace_id and a.id = k.lead_id
  -- A giver stays who he is here; a merge may have made him the operator. Ids of what belongs to a lead hold
  -- although its time was corrected there.
  cross join lateral (select
    case when k.legacy_id is null then g.company_id else a.giver_company_id end as giver_company_id,
    case when k.legacy_id is null then g.company_name else a.giver_name end as giver_name,
    coalesce(a.created_at, l.created_at) as created_at) v
  -- The pick that is known already: whoever has it still, unless he gave it back and picked it anew.
  left join app.engagement e on e.marketplace_id = a.marketplace_id and e.id = a.engagement_id
    and e.picked_by_id = t.colleague_id and e.state in ('active', 'won', 'lost', 'return_requested')
    and (l.picked_at is null or l.picked_at <= e.started_at)
  cross join lateral (select coalesce(b.hash, 0) # hash_record_extended(row(
    l.giver_user_id, l.picked_by_user_id, l.picked_at, l.state, l.status_id, l.interest, l.tags,
    l.consent, l.value, l.closed_at, l.contact_name, l.contact_salutation, l.contact_company,
    l.contact_email, l.contact_phone, l.contact_street, l.contact_postcode, l.contact_city,
    l.contact_country, ss.name, sm.teaser_digits), 0) as hash) h
  cross join lateral (select case
    when k.legacy_id is null then 'new'
    when a.version = k.version and not c.cut_over
      then case when coalesce(a.giver_company_id, m.operator_company_id)
          <> coalesce(g.company_id, m.operator_company_id) then 'giver-changed' else 'change' end
    when app_private.legacy_healed_beside(p_load, l.id) then 'complete'
    when c.cut_over then 'late' else 'changed-here' end as action
    from (select (select app_private.legacy_cut_over()) as cut_over) c) act
  where l.load = p_load and l.id > p_after and l.id <= p_last
    and k.row_hash is distinct from h.hash
    and not exists (select from legacy_staging.blocked x
                    where x.load = p_load and x.source_table = 'leads' and x.id = l.id)
$$;
