-- A lead whose handler does nothing is nobody's again, by itself, where its marketplace says after how long.
set local role kollegium_broker;

-- When the handler of an engagement last gave a sign of himself: he took or got it, changed a step, wrote, called,
-- put a file in. A date of his own that is still to come is one, too, and so is an absence in which somebody covers
-- him: from its end on he is waited for. What colleagues do is not his.
create or replace function app_private.handler_seen_at(
  p_marketplace uuid, p_lead uuid, p_engagement uuid, p_handler uuid)
returns timestamptz language sql stable set search_path = pg_catalog, pg_temp
as $$
  select greatest(
    (select e.started_at from app.engagement e where e.marketplace_id = p_marketplace and e.id = p_engagement),
    (select max(h.created_at) from app.history h where h.marketplace_id = p_marketplace and h.lead_id = p_lead
      and h.engagement_id = p_engagement and (h.colleague_id = p_handler or h.event = 'handler-changed')),
    (select max(n.created_at) from app.note n where n.marketplace_id = p_marketplace and n.lead_id = p_lead
      and n.author_id = p_handler),
    (select max(m.created_at) from app.message m where m.marketplace_id = p_marketplace and m.lead_id = p_lead
      and m.author_id = p_handler),
    (select max(f.created_at) from app.note_file f where f.marketplace_id = p_marketplace and f.lead_id = p_lead
      and f.author_id = p_handler),
    (select max(f.created_at) from app.message_file f where f.marketplace_id = p_marketplace and f.lead_id = p_lead
      and f.author_id = p_handler),
    (select max(a.created_at) from app.call_attempt a where a.marketplace_id = p_marketplace
      and a.engagement_id = p_engagement and a.colleague_id = p_handler),
    (select max(greatest(f.created_at, f.done_at, case when f.done_at is null then f.due_at end))
      from app.follow_up f where f.marketplace_id = p_marketplace and f.lead_id = p_lead
      and f.colleague_id = p_handler),
    (select max(a.ends_at) from app.absence a where a.colleague_id = p_handler and a.covered_by_id is not null
      and a.begins_at <= app_private.clock()))
$$;

-- Whether he was waited for long enough, in working time of the marketplace: for one lead under its lock.
create or replace function app_private.is_stalled(
  p_marketplace uuid, p_lead uuid, p_engagement uuid, p_handler uuid, p_hours integer)
returns boolean language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_seen constant timestamptz := app_private.handler_seen_at(p_marketplace, p_lead, p_engagement, p_handler);
begin
  return v_seen <= app_private.clock() - make_interval(hours => p_hours)
    and app_private.add_working_time(p_marketplace, v_seen, p_hours * 60) <= app_private.clock();
end
$$;

-- Engagements that are to be handed back, up to p_limit in the order of leads. When a handler must have been silent
-- is reckoned once a marketplace, not once a lead.
create or replace function app_private.stalled(p_limit integer)
returns table (marketplace_id uuid, lead_id uuid, id uuid, company_id uuid, handler_id uuid, hours integer, name text)
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select e.marketplace_id, e.lead_id, e.id, e.company_id, e.handler_id, m.hand_back_hours, m.name
  from (
    select x.id, x.name, x.hand_back_hours,
      app_private.subtract_working_time(x.id, app_private.clock(), x.hand_back_hours * 60) as since
    from app.marketplace x where x.hand_back_hours is not null offset 0) m
  join app.engagement e on e.marketplace_id = m.id and e.state = 'active' and e.handler_id is not null
  where e.started_at <= m.since
    and app_private.handler_seen_at(e.marketplace_id, e.lead_id, e.id, e.handler_id) <= m.since
  order by e.marketplace_id, e.lead_id limit p_limit
$$;

-- Hands up to p_limit leads back; returns of how many. Looked at again under the lead's lock: whoever did something
-- meanwhile keeps it, and of two workers one does it. What is locked is left for the next round, and so is what
-- belongs to a company that is being merged.
create or replace function app.hand_back(p_limit integer) returns integer
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v record;
  v_count integer := 0;
begin
  for v in select * from app_private.stalled(p_limit) loop
    continue when not pg_try_advisory_xact_lock_shared(app_private.company_lock_key(v.company_id));
    perform from app.lead where marketplace_id = v.marketplace_id and id = v.lead_id for update skip locked;
    continue when not found;
    update app.engagement e set handler_id = null, handler_name = null
    where e.marketplace_id = v.marketplace_id and e.id = v.id and e.state = 'active' and e.handler_id = v.handler_id
      and app_private.is_stalled(e.marketplace_id, e.lead_id, e.id, e.handler_id, v.hours);
    continue when not found;
    perform app_private.record(v.marketplace_id, v.lead_id, 'handler-changed', app_private.nobody(),
      jsonb_build_object('handler', null, 'stalled_hours', v.hours));
    perform app_private.touch_lead(v.marketplace_id, v.lead_id);
    perform app_private.mail('lead-handed-back', c.email, c.language, v.company_id, jsonb_build_object(
      'marketplace', v.name, 'marketplace_id', v.marketplace_id, 'lead', v.lead_id, 'hours', v.hours))
    from app.colleague c
    where c.company_id = v.company_id and c.active and c.role in ('delegator', 'admin');
    v_count := v_count + 1;
  end loop;
  return v_count;
end
$$;
comment on function app.hand_back(integer) is
  'Makes leads nobody''s again whose handler did nothing for as long as the marketplace waits; of how many.';
grant execute on function app.hand_back(integer) to kollegium_worker;
