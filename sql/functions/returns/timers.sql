-- What happens to returns without anybody doing it: the operator is reminded, silence accepts, and what came back
-- is offered again. A lead that somebody holds is passed over and looked at in the next round: a long merge holds up
-- nobody else's.
set local role kollegium_broker;

-- Timer: operators that did not answer are reminded, once a request. At most p_limit a call; returns how many.
create or replace function app.remind_of_returns(p_limit integer)
returns integer language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_due record;
  v_markets uuid[];
  v_leads uuid[];
  v_count integer := 0;
begin
  select array_agg(d.marketplace_id), array_agg(d.id) into v_markets, v_leads from (
    select l.marketplace_id, l.id from app.lead l where (l.marketplace_id, l.id) in (
      select r.marketplace_id, r.lead_id from app.return_request r
      where r.state = 'requested' and r.remind_at <= app_private.clock())
    order by l.marketplace_id, l.id limit p_limit for update skip locked) d;
  for v_due in
    update app.return_request r set remind_at = null from app.engagement e
    where (r.marketplace_id, r.lead_id) in (select * from unnest(v_markets, v_leads))
      and r.state = 'requested' and r.remind_at <= app_private.clock()
      and e.marketplace_id = r.marketplace_id and e.id = r.engagement_id
    returning r.marketplace_id, r.lead_id, r.engagement_id, r.operator_company_id, r.silence_at
  loop
    v_count := v_count + 1;
    continue when v_due.silence_at <= app_private.clock();  -- after a pause: it is accepted in this moment
    perform app_private.tell('lead.return_due', array[v_due.operator_company_id], v_due.marketplace_id, v_due.lead_id,
      app_private.nobody(), v_due.engagement_id);
  end loop;
  return v_count;
end
$$;
comment on function app.remind_of_returns(integer) is
  'Timer: reminds operators of returns, a working day before silence accepts them.';
grant execute on function app.remind_of_returns(integer) to kollegium_worker;

-- Timer: returns that nobody answered are accepted. It looks again under the lead's lock, so it may be called by
-- several workers and after any pause. At most p_limit a call; returns how many it accepted.
create or replace function app.accept_silent_returns(p_limit integer)
returns integer language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_due record;
  v_markets uuid[];
  v_leads uuid[];
  v_count integer := 0;
begin
  select array_agg(d.marketplace_id), array_agg(d.id) into v_markets, v_leads from (
    select l.marketplace_id, l.id from app.lead l where (l.marketplace_id, l.id) in (
      select r.marketplace_id, r.lead_id from app.return_request r
      where r.state = 'requested' and r.silence_at <= app_private.clock())
    order by l.marketplace_id, l.id limit p_limit for update skip locked) d;
  for v_due in select d.marketplace_id, d.lead_id from unnest(v_markets, v_leads) d (marketplace_id, lead_id) loop
    continue when not exists (select from app.return_request r
      where r.marketplace_id = v_due.marketplace_id and r.lead_id = v_due.lead_id and r.state = 'requested'
        and r.silence_at <= app_private.clock());
    perform app_private.finish_return(v_due.marketplace_id, v_due.lead_id, app_private.nobody(), null, 'silence');
    v_count := v_count + 1;
  end loop;
  return v_count;
end
$$;
comment on function app.accept_silent_returns(integer) is
  'Timer: accepts returns that the operator did not answer in its working days.';
grant execute on function app.accept_silent_returns(integer) to kollegium_worker;

-- A lead came back: returned, or closed as lost (p_engagement). What the plan of waves says of that: the worker offers
-- it again, the operator is asked, or nothing. Who ends an engagement holds its lead and may hold others, so it does
-- not offer itself: that locks cards.
create or replace function app_private.come_back(p_lead app.lead, p_engagement uuid)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_recycle constant text := app_private.plan_of(p_lead.marketplace_id) ->> 'recycle';
begin
  if v_recycle = 'auto' then
    insert into app_private.comeback (marketplace_id, lead_id, engagement_id)
    values (p_lead.marketplace_id, p_lead.id, p_engagement)
    on conflict (marketplace_id, lead_id) do update set engagement_id = excluded.engagement_id;
  elsif v_recycle = 'ask' then
    perform app_private.tell('lead.came_back', array[p_lead.operator_company_id], p_lead.marketplace_id, p_lead.id,
      app_private.nobody());
  end if;
end
$$;

-- One that came back; the lead is locked. False: it waits on, because those it would be offered to are all held by
-- somebody (app_private.open_wave).
create or replace function app_private.offer_once_more(p_due app_private.comeback)
returns boolean language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_plan constant jsonb := app_private.plan_of(p_due.marketplace_id);
  v_lead app.lead;
begin
  select * into v_lead from app.lead where marketplace_id = p_due.marketplace_id and id = p_due.lead_id;
  if v_plan ->> 'recycle' <> 'auto' then
    return true;
  end if;
  if v_lead.state = 'closed' and v_lead.engagement_id = p_due.engagement_id then
    perform app_private.record(v_lead.marketplace_id, v_lead.id, 'recycled', app_private.nobody());
    perform app_private.take_back(v_lead, 'lost');
    select * into v_lead from app.lead where marketplace_id = p_due.marketplace_id and id = p_due.lead_id;
  end if;
  if v_lead.state = 'available' and not app_private.begin_brokerage(v_lead, v_plan, app_private.nobody()) then
    perform app_private.tell('lead.came_back', array[v_lead.operator_company_id], v_lead.marketplace_id, v_lead.id,
      app_private.nobody());
  end if;
  return true;
exception when lock_not_available then
  insert into app_private.comeback select p_due.*;
  return false;
end
$$;

-- Timer: offers again what came back, by the plan of now; whoever returned or lost it is left out. What somebody did
-- to the lead meanwhile (offered, withdrew, re-opened it) stays. At most p_limit a call; returns how many rows. A lead
-- that somebody holds is passed over.
create or replace function app.offer_again(p_limit integer)
returns integer language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_due app_private.comeback;
  v_markets uuid[];
  v_leads uuid[];
  v_count integer := 0;
begin
  select array_agg(d.marketplace_id), array_agg(d.id) into v_markets, v_leads from (
    select l.marketplace_id, l.id from app.lead l where (l.marketplace_id, l.id) in (
      select c.marketplace_id, c.lead_id from app_private.comeback c)
    order by l.marketplace_id, l.id limit p_limit for update skip locked) d;
  for v_due in
    delete from app_private.comeback c where (c.marketplace_id, c.lead_id) in (select * from unnest(v_markets, v_leads))
    returning c.*
  loop
    v_count := v_count + app_private.offer_once_more(v_due)::integer;
  end loop;
  return v_count;
end
$$;
comment on function app.offer_again(integer) is
  'Timer: offers leads again that came back, where the plan of waves says so.';
grant execute on function app.offer_again(integer) to kollegium_worker;
