-- Offers and waves that end because time is over.
set local role kollegium_broker;

-- All leads of a batch are locked before anything of them: the next wave of one locks cards, and who holds a card may
-- wait for another lead. The timers pass over a lead that somebody holds, and come back: a merge, which holds all leads of two
-- companies for as long as it takes, stops no wave of anybody else.

-- advance_wave, or later where the wave would be for companies alone whose cards somebody holds.
create or replace function app_private.try_to_advance(p_marketplace uuid, p_lead uuid)
returns boolean language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  return app_private.advance_wave(p_marketplace, p_lead);
exception when lock_not_available then
  update app.brokerage set wave_ends_at = app_private.clock() + interval '5 s'
  where marketplace_id = p_marketplace and lead_id = p_lead and state = 'open';
  return false;
end
$$;

-- Timer: offers whose window is over expire. At most p_limit leads a call; returns how many. Leads of the
-- former system that nobody touched here wait for its word until the cut-over: what an offer became is
-- decided there, and a lead that this timer changed could not follow it any more.
create or replace function app.expire_offers(p_limit integer)
returns integer language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_former constant timestamptz := app_private.legacy_since();
  v_since constant timestamptz := coalesce(v_former, '-infinity');
  v_due record;
  v_markets uuid[];
  v_leads uuid[];
  v_companies uuid[];
  v_count integer := 0;
begin
  select array_agg(d.marketplace_id), array_agg(d.id) into v_markets, v_leads from (
    select l.marketplace_id, l.id from app.lead l where (l.marketplace_id, l.id) in (
      select o.marketplace_id, o.lead_id from app.offer o
      where o.state = 'open' and o.expires_at <= app_private.clock() and o.expires_at > v_since
        and (v_former is null or not app_private.legacy_awaited(o.marketplace_id, o.lead_id)))
    order by l.marketplace_id, l.id limit p_limit for update skip locked) d;
  for v_due in select d.marketplace_id, d.lead_id from unnest(v_markets, v_leads) d (marketplace_id, lead_id) loop
    with ended as (
      update app.offer set state = 'expired', answered_at = app_private.clock()
      where marketplace_id = v_due.marketplace_id and lead_id = v_due.lead_id
        and state = 'open' and expires_at <= app_private.clock() returning company_id)
    select array_agg(company_id) into v_companies from ended;
    if v_companies is not null then
      perform app_private.tell('offer.expired', v_companies, v_due.marketplace_id, v_due.lead_id, app_private.nobody());
      perform app_private.conclude_wave(v_due.marketplace_id, v_due.lead_id);
      perform app_private.try_to_advance(v_due.marketplace_id, v_due.lead_id);
      v_count := v_count + 1;
    end if;
  end loop;
  return v_count;
end
$$;
comment on function app.expire_offers(integer) is
  'Timer of the response window: overdue offers expire; the next wave opens, or the lead is unplaced.';
grant execute on function app.expire_offers(integer) to kollegium_worker;

-- Timer: waves whose last refusal can no longer be taken back end, and the next ones open. At most p_limit leads a call; returns
-- how many it ended.
create or replace function app.end_waves(p_limit integer)
returns integer language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_due record;
  v_markets uuid[];
  v_leads uuid[];
  v_ended boolean;
  v_count integer := 0;
begin
  select array_agg(d.marketplace_id), array_agg(d.id) into v_markets, v_leads from (
    select l.marketplace_id, l.id from app.lead l where (l.marketplace_id, l.id) in (
      select b.marketplace_id, b.lead_id from app.brokerage b where b.wave_ends_at <= app_private.clock())
    order by l.marketplace_id, l.id limit p_limit for update skip locked) d;
  for v_due in select d.marketplace_id, d.lead_id from unnest(v_markets, v_leads) d (marketplace_id, lead_id) loop
    v_ended := app_private.conclude_wave(v_due.marketplace_id, v_due.lead_id);
    if not v_ended then
      v_ended := app_private.try_to_advance(v_due.marketplace_id, v_due.lead_id);
    end if;
    v_count := v_count + v_ended::integer;
  end loop;
  return v_count;
end
$$;
comment on function app.end_waves(integer) is
  'Timer of the time in which a refusal may be taken back: then the next wave opens, or the lead is unplaced.';
grant execute on function app.end_waves(integer) to kollegium_worker;
