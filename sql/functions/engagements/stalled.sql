-- Stalled leads as a list: whose handler was silent for as long as the marketplace waits (stalled_hours, else
-- hand_back_hours), by the same signs for which hand_back waits. The taker reads its own, the operator all.
set local role kollegium_broker;

-- The last moment at which a silence must have begun by which a lead is stalled now; null: none ever is.
create or replace function app_private.stalled_since(p_marketplace uuid)
returns timestamptz language sql stable set search_path = pg_catalog, pg_temp
as $$
  select app_private.subtract_working_time(m.id, app_private.clock(), coalesce(m.stalled_hours, m.hand_back_hours) * 60)
  from app.marketplace m where m.id = p_marketplace
$$;

-- Ids of the caller's stalled leads; null when they are many. p_marketplace null: of all. Marketplaces first, because
-- of each it is reckoned once since when.
create or replace function app.find_stalled(p_marketplace uuid)
returns uuid[] language plpgsql stable security definer
set search_path = pg_catalog, pg_temp set enable_seqscan = off
as $$
declare
  v_company constant uuid := app.current_company_id();
  v_found uuid[];
begin
  with m as materialized (
    select k.id, app_private.stalled_since(k.id) as since
    from (
      select x.id from app.marketplace x where x.operator_company_id = v_company
      union select e.marketplace_id from app.engagement e where e.company_id = v_company and e.state = 'active') k
    where p_marketplace is null or k.id = p_marketplace),
  e as (
    select e.marketplace_id, e.lead_id, e.id, e.handler_id, m.since
    from app.engagement e join m on m.id = e.marketplace_id
    where e.company_id = v_company and e.state = 'active' and e.handler_id is not null and e.started_at <= m.since
    union
    select e.marketplace_id, e.lead_id, e.id, e.handler_id, m.since
    from m join app.engagement e on e.marketplace_id = m.id
    where e.operator_company_id = v_company and e.state = 'active' and e.handler_id is not null
      and e.started_at <= m.since)
  select array_agg(x.lead_id) into v_found from (
    select e.lead_id from e
    where app_private.handler_seen_at(e.marketplace_id, e.lead_id, e.id, e.handler_id) <= e.since
    limit 5001) x;
  return case when cardinality(v_found) > 5000 then null else coalesce(v_found, '{}') end;
end
$$;
comment on function app.find_stalled(uuid) is
  'Ids of leads of the caller''s company whose handler is silent for too long; null when they are many.';

-- The same of one lead, for a walk among many; false for what the caller's company neither works nor operates.
create or replace function app.is_stalled(p_marketplace uuid, p_lead uuid)
returns boolean language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_company constant uuid := app.current_company_id();
  v app.engagement;
  v_since timestamptz;
begin
  select * into v from app.engagement e
  where e.marketplace_id = p_marketplace and e.lead_id = p_lead and e.ended_at is null and e.state = 'active'
    and e.handler_id is not null and v_company in (e.company_id, e.operator_company_id);
  if not found then
    return false;
  end if;
  v_since := app_private.stalled_since(p_marketplace);
  return coalesce(v.started_at <= v_since
    and app_private.handler_seen_at(p_marketplace, p_lead, v.id, v.handler_id) <= v_since, false);
end
$$;
comment on function app.is_stalled(uuid, uuid) is
  'Whether the handler of a lead of the caller''s company is silent for too long.';
grant execute on function app.find_stalled(uuid), app.is_stalled(uuid, uuid) to kollegium_api;
