-- Deliveries are made of events: of each that a webhook's company is told and that the webhook wants.
set local role kollegium_broker;

-- The part of a snapshot up to a transaction: what it saw of those, and nothing of later ones.
create or replace function app_private.snapshot_up_to(p_snapshot pg_snapshot, p_last xid8) returns pg_snapshot
language sql immutable set search_path = pg_catalog, pg_temp
as $$
  select (coalesce(min(u.x), p_last::text::bigint + 1) || ':' || p_last::text::bigint + 1 || ':'
    || coalesce(string_agg(u.x::text, ',' order by u.x), ''))::pg_snapshot
  from (select x::text::bigint as x from pg_snapshot_xip(p_snapshot) x where x <= p_last) u
$$;

-- Events that were committed since the last call become deliveries, of about p_limit at a time; returns how many events
-- there were. Ids stand in the order of time and commits do not, so this goes by transactions: what this snapshot sees
-- and the last one did not. Two callers: the second has nothing to do. What is there already stays as it is, so a
-- database that was restored into another server, where numbers of transactions begin anew, looks at all again.
create or replace function app.derive_deliveries(p_limit integer) returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_seen pg_snapshot;
  v_now pg_snapshot;
  v_last xid8;
  v_count bigint;
begin
  select r.seen into v_seen from app_private.event_reader r where r.name = 'webhooks' for update skip locked;
  if not found then
    return 0;
  end if;
  v_now := pg_current_snapshot();  -- what is committed after this is not seen by it, whatever a later statement sees
  if pg_snapshot_xmin(v_seen) > pg_snapshot_xmax(v_now) then
    v_count := app_private.deliver_events(null, null);
  else
    select e.written_by into v_last from app.event e
    where e.written_by >= pg_snapshot_xmin(v_seen) and not pg_visible_in_snapshot(e.written_by, v_seen)
      and pg_visible_in_snapshot(e.written_by, v_now)
    order by e.written_by offset p_limit - 1 limit 1;
    if found then
      v_now := app_private.snapshot_up_to(v_now, v_last);
    end if;
    v_count := app_private.deliver_events(v_seen, v_now);
  end if;
  update app_private.event_reader r set seen = v_now where r.name = 'webhooks' and r.seen::text <> v_now::text;
  return v_count;
end
$$;
comment on function app.derive_deliveries(integer) is 'Makes deliveries to webhooks of what happened since the last call.';
grant execute on function app.derive_deliveries(integer) to kollegium_worker;

-- Deliveries of the events that p_now saw and p_seen did not; null: of all that are kept. Returns how many events.
create or replace function app_private.deliver_events(p_seen pg_snapshot, p_now pg_snapshot) returns bigint
language sql volatile set search_path = pg_catalog, pg_temp
as $$
  with fresh as materialized (
    select e.* from app.event e
    where e.written_by >= coalesce(pg_snapshot_xmin(p_seen), '0') and (p_seen is null
      or not pg_visible_in_snapshot(e.written_by, p_seen) and pg_visible_in_snapshot(e.written_by, p_now))),
  made as (
    insert into app_private.webhook_delivery (webhook_id, id, slot, kind, payload)
    select w.id, f.id, f.slot, f.kind, app_private.webhook_payload(f.kind, f.id, f.at, jsonb_build_object(
      'marketplace_id', f.marketplace_id, 'lead_id', f.lead_id, 'engagement_id', f.engagement_id, 'version', f.version))
    from fresh f join app_private.webhook w on w.company_id = f.company_id and w.state = 'active'
      and f.at >= w.active_since and (w.kinds is null or f.kind = any (w.kinds))
    on conflict do nothing)
  select count(*) from fresh
$$;
