-- The report of a marketplace: who was offered and took what, how fast. The same rows that each taker reads as receipts
-- (app.my_receipts), added up by taker, so that what a taker is told of fairness can be compared with it.
set local role kollegium_broker;

-- Whether the company reads all of a report: it operates the marketplace. 404 for who does not even take part.
create or replace function app_private.reads_all(p_marketplace uuid, p_company uuid) returns boolean
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_all constant boolean := exists (select from app.marketplace m
    where m.id = p_marketplace and m.operator_company_id = p_company);
begin
  if not v_all and not exists (select from app.participation p where p.marketplace_id = p_marketplace
       and p.company_id = p_company and p.state <> 'invited') then
    perform app_private.refuse(404, 'not-found');
  end if;
  return v_all;
end
$$;

-- The quota of returns of a taker as it is now (app_private.return_quota).
create or replace function app_private.quota_of_taker(p_marketplace uuid, p_operator uuid, p_company uuid)
returns jsonb language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v app.engagement;
begin
  v.marketplace_id := p_marketplace;
  v.operator_company_id := p_operator;
  v.company_id := p_company;
  return app_private.return_quota(v, app_private.return_rules_now(p_marketplace));
end
$$;

-- Takers of a marketplace by the offers that were opened, and the engagements that began, from p_from until p_to: for its
-- operator all of them, with their shares; for a taker its own line, without shares, which would tell it how much
-- others get. With p_by (week, month) there is a line for each period of the calendar besides; period null: all told.
-- acceptance: of the offers that ended and were not withdrawn how many it picked.
create or replace function app.report_takers(p_marketplace uuid, p_from timestamptz, p_to timestamptz, p_by text)
returns table (period timestamptz, period_ends timestamptz, company_id uuid, company_name text, offered bigint,
  open bigint, picked bigint, declined bigint, expired bigint, lost_offers bigint, withdrawn bigint, acceptance numeric,
  median_seconds numeric, p90_seconds numeric, median_working_seconds numeric, p90_working_seconds numeric,
  offered_together numeric, share_of_offers numeric, share_of_picks numeric, begun bigint, assigned bigint,
  self_picks bigint, won bigint, lost bigint, returns_asked bigint, returned bigint, revoked bigint, value numeric,
  conversion numeric, contacted bigint, median_contact_seconds numeric, p90_contact_seconds numeric, in_target bigint,
  late bigint, return_quota jsonb)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_company constant uuid := app.current_company_id();
  v_all constant boolean := app_private.reads_all(p_marketplace, v_company);
  v_operator constant uuid := (select m.operator_company_id from app.marketplace m where m.id = p_marketplace);
  v_only constant uuid := case when not v_all then v_company end;
  v_zone constant text := (app_private.calendar_of(p_marketplace)).time_zone;
begin
  return query
    with a as materialized (
      select * from app_private.report_offers(p_marketplace, p_from, p_to, p_by, v_only)),
    e as materialized (
      select * from app_private.report_engagements(p_marketplace, p_from, p_to, p_by, v_only)),
    t as (select a.period, sum(a.offered) as offered, sum(a.picked) as picked from a group by a.period)
    select case when k.period is not null then greatest(k.period, p_from) end,
      case when k.period is not null then least(
        (k.period at time zone v_zone + ('1 ' || p_by)::interval) at time zone v_zone, p_to) end,
      k.company_id, co.name,
      coalesce(a.offered, 0), coalesce(a.open, 0), coalesce(a.picked, 0), coalesce(a.declined, 0),
      coalesce(a.expired, 0), coalesce(a.lost, 0), coalesce(a.withdrawn, 0),
      round(a.picked::numeric / nullif(a.offered - a.open - a.withdrawn, 0), 4), round(a.seconds[1]::numeric, 1),
      round(a.seconds[2]::numeric, 1), round(a.working[1]::numeric, 1), round(a.working[2]::numeric, 1), a.together,
      case when v_all then round(a.offered / nullif(t.offered, 0), 4) end,
      case when v_all then round(a.picked / nullif(t.picked, 0), 4) end,
      coalesce(e.begun, 0), coalesce(e.assigned, 0), coalesce(e.self_picks, 0), coalesce(e.won, 0),
      coalesce(e.lost, 0), coalesce(e.returns_asked, 0), coalesce(e.returned, 0), coalesce(e.revoked, 0), e.value,
      round(e.won::numeric / nullif(e.begun, 0), 4), coalesce(e.contacted, 0), round(e.contact[1]::numeric, 1),
      round(e.contact[2]::numeric, 1), coalesce(e.in_target, 0), coalesce(e.late, 0),
      case when k.period is null then app_private.quota_of_taker(p_marketplace, v_operator, k.company_id) end
    from (select a.company_id, a.period from a union select e.company_id, e.period from e) k
    join app.company co on co.id = k.company_id
    left join a on a.company_id = k.company_id and a.period is not distinct from k.period
    left join e on e.company_id = k.company_id and e.period is not distinct from k.period
    left join t on t.period is not distinct from k.period
    order by k.period nulls first, co.name, k.company_id;
end
$$;
comment on function app.report_takers(uuid, timestamptz, timestamptz, text) is
  'What takers of a marketplace were offered and took, how fast: for its operator all, for a taker its own line.';

-- Colleagues of the caller's company by what they picked, and by the engagements of the period that they called first:
-- nobody else's. Who left stands with his name; an API key has none.
create or replace function app.report_colleagues(p_marketplace uuid, p_from timestamptz, p_to timestamptz)
returns table (colleague_id uuid, colleague_name text, picked bigint, contacted bigint, median_contact_seconds numeric,
  p90_contact_seconds numeric, in_target bigint, late bigint)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_company constant uuid := app.current_company_id();
  v_target constant integer := 60 * (select m.contact_target_minutes from app.marketplace m where m.id = p_marketplace);
begin
  perform app_private.reads_all(p_marketplace, v_company);
  return query
    with e as materialized (
      select e.id, e.origin, e.picked_by_id, e.started_at, e.first_contact_at from app.engagement e
      where e.company_id = v_company and e.marketplace_id = p_marketplace
        and e.started_at >= p_from and e.started_at < p_to),
    k as materialized (select k.* from app_private.working_edges(
      p_marketplace, (select min(e.started_at) from e), app_private.clock()) k),
    x as (
      select e.origin, e.picked_by_id, e.started_at, e.first_contact_at, c.colleague_id,
        width_bucket(e.started_at, k.edges) as started, width_bucket(e.first_contact_at, k.edges) as called,
        k.edges, k.sums
      from e cross join k
      left join lateral (
        select c.colleague_id from app.call_attempt c
        where c.marketplace_id = p_marketplace and c.engagement_id = e.id order by c.id limit 1) c on true offset 0),
    r as (
      select x.picked_by_id as colleague_id, true as picked, null::double precision as seconds
      from x where x.origin = 'pick'
      union all
      select x.colleague_id, false, app_private.worked_at(x.edges, x.sums, x.called, x.first_contact_at)
        - app_private.worked_at(x.edges, x.sums, x.started, x.started_at)
      from x where x.first_contact_at is not null),
    s as (
      select r.colleague_id, count(*) filter (where r.picked) as picked, count(r.seconds) as contacted,
        percentile_cont(array[0.5, 0.9]) within group (order by r.seconds) as contact,
        count(*) filter (where r.seconds <= v_target) as in_target, count(*) filter (where r.seconds > v_target) as late
      from r group by r.colleague_id)
    select s.colleague_id, c.name, s.picked, s.contacted, round(s.contact[1]::numeric, 1),
      round(s.contact[2]::numeric, 1), s.in_target, s.late
    from s left join app.colleague c on c.id = s.colleague_id and c.company_id = v_company
    order by c.name, s.colleague_id;
end
$$;
comment on function app.report_colleagues(uuid, timestamptz, timestamptz) is
  'What colleagues of the caller''s company picked on a marketplace, and how fast they called.';

-- What a marketplace wants, for who reads its report: its target in minutes of working time, and its zone.
create or replace function app.report_terms(
  p_marketplace uuid, out contact_target_minutes integer, out time_zone text)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform app_private.reads_all(p_marketplace, app.current_company_id());
  select m.contact_target_minutes into contact_target_minutes from app.marketplace m where m.id = p_marketplace;
  time_zone := (app_private.calendar_of(p_marketplace)).time_zone;
end
$$;
comment on function app.report_terms(uuid) is 'The target of speed to lead and the zone of a marketplace, for who takes part.';
grant execute on function app.report_takers(uuid, timestamptz, timestamptz, text),
  app.report_colleagues(uuid, timestamptz, timestamptz), app.report_terms(uuid) to kollegium_api;
