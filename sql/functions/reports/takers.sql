-- The report of a marketplace: who was offered and took what. The same rows that each taker reads as receipts
-- (app.my_receipts), added up by taker, so that what a taker is told of fairness can be compared with it.
set local role kollegium_broker;

-- Takers of a marketplace by the offers that were opened, and the engagements that began, from p_from until p_to: for its
-- operator all of them, with their shares; for a taker its own line, without shares, which would tell it how much
-- others get. 404 for who neither operates the marketplace nor takes part.
create or replace function app.report_takers(p_marketplace uuid, p_from timestamptz, p_to timestamptz)
returns table (company_id uuid, company_name text, offered bigint, open bigint, picked bigint, declined bigint,
  expired bigint, lost_offers bigint, withdrawn bigint, median_seconds double precision, p90_seconds double precision,
  offered_together numeric, share_of_offers numeric, share_of_picks numeric, begun bigint, assigned bigint,
  self_picks bigint, won bigint, lost bigint, returns_asked bigint, returned bigint, revoked bigint, value numeric)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_company constant uuid := app.current_company_id();
  v_operator constant uuid := (select m.operator_company_id from app.marketplace m where m.id = p_marketplace);
  v_all constant boolean := coalesce(v_operator = v_company, false);
begin
  if not v_all and not exists (select from app.participation p where p.marketplace_id = p_marketplace
       and p.company_id = v_company and p.state <> 'invited') then
    perform app_private.refuse(404, 'not-found');
  end if;
  return query
    with o as (
      select x.company_id, x.state, extract(epoch from x.answered_at - x.opened_at)::double precision as seconds,
        count(*) over (partition by x.brokerage_id, x.wave) as together
      from app.offer x
      where x.marketplace_id = p_marketplace and x.opened_at >= p_from and x.opened_at < p_to),
    a as (
      select o.company_id, count(*) as offered, count(*) filter (where o.state = 'open') as open,
        count(*) filter (where o.state = 'picked') as picked, count(*) filter (where o.state = 'declined') as declined,
        count(*) filter (where o.state = 'expired') as expired, count(*) filter (where o.state = 'lost') as lost_offers,
        count(*) filter (where o.state = 'withdrawn') as withdrawn,
        percentile_cont(0.5) within group (order by o.seconds) filter (where o.state in ('picked', 'declined')) as median,
        percentile_cont(0.9) within group (order by o.seconds) filter (where o.state in ('picked', 'declined')) as p90,
        round(avg(o.together), 1) as together,
        round(count(*) / sum(count(*)) over (), 4) as share_of_offers,
        round(count(*) filter (where o.state = 'picked')
          / nullif(sum(count(*) filter (where o.state = 'picked')) over (), 0), 4) as share_of_picks
      from o group by o.company_id),
    e as (
      select x.company_id, count(*) as begun, count(*) filter (where x.origin = 'assignment') as assigned,
        count(*) filter (where x.self_pick) as self_picks, count(*) filter (where x.state = 'won') as won,
        count(*) filter (where x.state = 'lost') as lost,
        count(*) filter (where x.return_requested_at is not null) as returns_asked,
        count(*) filter (where x.state = 'returned') as returned,
        count(*) filter (where x.state = 'revoked') as revoked, sum(x.value) filter (where x.state = 'won') as value
      from app.engagement x
      where x.marketplace_id = p_marketplace and x.started_at >= p_from and x.started_at < p_to group by x.company_id)
    select k.id, co.name, coalesce(a.offered, 0), coalesce(a.open, 0), coalesce(a.picked, 0), coalesce(a.declined, 0),
      coalesce(a.expired, 0), coalesce(a.lost_offers, 0), coalesce(a.withdrawn, 0), a.median, a.p90, a.together,
      case when v_all then a.share_of_offers end, case when v_all then a.share_of_picks end,
      coalesce(e.begun, 0), coalesce(e.assigned, 0), coalesce(e.self_picks, 0), coalesce(e.won, 0),
      coalesce(e.lost, 0), coalesce(e.returns_asked, 0), coalesce(e.returned, 0), coalesce(e.revoked, 0), e.value
    from (select a.company_id from a union select e.company_id from e) k (id)
    join app.company co on co.id = k.id
    left join a on a.company_id = k.id
    left join e on e.company_id = k.id
    where v_all or k.id = v_company
    order by co.name, k.id;
end
$$;
comment on function app.report_takers(uuid, timestamptz, timestamptz) is
  'What takers of a marketplace were offered and took: for its operator all, for a taker its own line.';
grant execute on function app.report_takers(uuid, timestamptz, timestamptz) to kollegium_api;
