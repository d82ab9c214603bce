-- Offers and engagements of a marketplace, added up by taker and period: what app.report_takers tells. All told
-- stands in lines without a period.
set local role kollegium_broker;

-- Offers of a marketplace that were opened from p_from until p_to, by taker, and where p_by is week or month
-- by the period of the calendar in which they were opened, too. together: to how many an offer went.
create or replace function app_private.report_offers(
  p_marketplace uuid, p_from timestamptz, p_to timestamptz, p_by text, p_company uuid)
returns table (company_id uuid, period timestamptz, offered bigint, open bigint, picked bigint, declined bigint,
  expired bigint, lost bigint, withdrawn bigint, seconds double precision[], working double precision[], together numeric)
language plpgsql stable set search_path = pg_catalog, pg_temp
  set work_mem = '64MB' set enable_sort = off set plan_cache_mode = force_custom_plan
as $$
declare
  v_zone constant text := (app_private.calendar_of(p_marketplace)).time_zone;
begin
  return query
    with x as materialized (
      select x.brokerage_id, x.wave, x.company_id, x.state, x.opened_at, x.answered_at from app.offer x
      where x.marketplace_id = p_marketplace and x.id >= app_private.first_id(p_from)
        and x.opened_at >= p_from and x.opened_at < p_to),
    k as materialized (select k.* from app_private.working_edges(
      p_marketplace, (select min(x.opened_at) from x), app_private.clock()) k),
    g as (select x.brokerage_id, x.wave, count(*) as together from x group by x.brokerage_id, x.wave),
    o as (
      select x.company_id, x.state, g.together,
        case when p_by is not null then date_trunc(p_by, x.opened_at, v_zone) end as period
      from x join g on g.brokerage_id = x.brokerage_id and g.wave = x.wave
      where p_company is null or x.company_id = p_company),
    a as (
      select o.company_id, w.period, count(*) as offered, count(*) filter (where o.state = 'open') as open,
        count(*) filter (where o.state = 'picked') as picked, count(*) filter (where o.state = 'declined') as declined,
        count(*) filter (where o.state = 'expired') as expired, count(*) filter (where o.state = 'lost') as lost,
        count(*) filter (where o.state = 'withdrawn') as withdrawn, round(avg(o.together), 1) as together
      from o cross join lateral unnest(case when p_by is null then array[null::timestamptz]
        else array[null, o.period] end) w (period)
      group by o.company_id, w.period),
    p as (
      select x.company_id, x.opened_at, x.answered_at, width_bucket(x.opened_at, k.edges) as opened,
        width_bucket(x.answered_at, k.edges) as answered, k.edges, k.sums
      from x cross join k
      where x.state in ('picked', 'declined') and (p_company is null or x.company_id = p_company) offset 0),
    s as (
      select p.company_id, case when p_by is not null then date_trunc(p_by, p.opened_at, v_zone) end as period,
        date_part('epoch', p.answered_at - p.opened_at) as seconds,
        app_private.worked_at(p.edges, p.sums, p.answered, p.answered_at)
          - app_private.worked_at(p.edges, p.sums, p.opened, p.opened_at) as working
      from p offset 0),  -- the edges are not carried through what sorts
    h as (
      select s.company_id, w.period,
        percentile_cont(array[0.5, 0.9]) within group (order by s.seconds) as seconds,
        percentile_cont(array[0.5, 0.9]) within group (order by s.working) as working
      from s cross join lateral unnest(case when p_by is null then array[null::timestamptz]
        else array[null, s.period] end) w (period)
      group by s.company_id, w.period)
    select a.company_id, a.period, a.offered, a.open, a.picked, a.declined, a.expired, a.lost, a.withdrawn, h.seconds,
      h.working, a.together
    from a left join h on h.company_id = a.company_id and h.period is not distinct from a.period;
end
$$;

-- Engagements that began from p_from until p_to in the same way, by their present state, and how fast they were called
-- in working time. late: called after the target, or not until it had passed.
create or replace function app_private.report_engagements(
  p_marketplace uuid, p_from timestamptz, p_to timestamptz, p_by text, p_company uuid)
returns table (company_id uuid, period timestamptz, begun bigint, assigned bigint, self_picks bigint, won bigint,
  lost bigint, returns_asked bigint, returned bigint, revoked bigint, value numeric, contacted bigint, in_target bigint,
  late bigint, contact double precision[])
language plpgsql stable set search_path = pg_catalog, pg_temp
  set work_mem = '64MB' set enable_sort = off set plan_cache_mode = force_custom_plan
as $$
declare
  v_zone constant text := (app_private.calendar_of(p_marketplace)).time_zone;
  v_target constant integer := 60 * (select m.contact_target_minutes from app.marketplace m where m.id = p_marketplace);
begin
  return query
    with x as materialized (
      select x.company_id, x.state, x.origin, x.self_pick, x.value, x.started_at, x.return_requested_at,
        x.first_contact_at, coalesce(x.first_contact_at, x.ended_at, x.closed_at, app_private.clock()) as until
      from app.engagement x
      where x.marketplace_id = p_marketplace and x.id >= app_private.first_id(p_from)
        and x.started_at >= p_from and x.started_at < p_to and (p_company is null or x.company_id = p_company)),
    k as materialized (select k.* from app_private.working_edges(
      p_marketplace, (select min(x.started_at) from x), app_private.clock()) k),
    p as (
      select x.company_id, x.state, x.origin, x.self_pick, x.value, x.started_at, x.until,
        x.return_requested_at is not null as asked, x.first_contact_at is not null as contacted,
        width_bucket(x.started_at, k.edges) as started, width_bucket(x.until, k.edges) as over, k.edges, k.sums
      from x cross join k offset 0),
    e as (
      select p.company_id, p.state, p.origin, p.self_pick, p.value, p.asked, p.contacted,
        case when p_by is not null then date_trunc(p_by, p.started_at, v_zone) end as period,
        app_private.worked_at(p.edges, p.sums, p.over, p.until)
          - app_private.worked_at(p.edges, p.sums, p.started, p.started_at) as seconds
      from p offset 0)  -- the edges are not carried through what sorts
    select e.company_id, w.period, count(*), count(*) filter (where e.origin = 'assignment'),
      count(*) filter (where e.self_pick), count(*) filter (where e.state = 'won'),
      count(*) filter (where e.state = 'lost'), count(*) filter (where e.asked),
      count(*) filter (where e.state = 'returned'), count(*) filter (where e.state = 'revoked'),
      sum(e.value) filter (where e.state = 'won'), count(*) filter (where e.contacted),
      count(*) filter (where e.contacted and e.seconds <= v_target), count(*) filter (where e.seconds > v_target),
      percentile_cont(array[0.5, 0.9]) within group (order by e.seconds) filter (where e.contacted)
    from e cross join lateral unnest(case when p_by is null then array[null::timestamptz]
      else array[null, e.period] end) w (period)
    group by e.company_id, w.period;
end
$$;
