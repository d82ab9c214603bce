-- Telling: what happens to a lead is one row for each company concerned, in the transaction of its cause.
-- Whoever tells others (mails, webhooks, streams) reads them.
set local role kollegium_broker;

-- One row for each of p_companies, in one statement; a company that stands there twice is told once. p_version and
-- p_engagement only where all of them see the lead. Who did it is told to his own company.
create or replace function app_private.tell(
  p_kind text, p_companies uuid[], p_marketplace uuid, p_lead uuid, p_caller app.caller,
  p_engagement uuid default null, p_version integer default null)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  -- Before the first id: a transaction that has no number yet makes no id that stands before one it does not know of.
  v_transaction constant xid8 := pg_current_xact_id();
begin
  insert into app.event (marketplace_id, id, company_id, kind, lead_id, engagement_id, version, colleague_id,
    written_by)
  select p_marketplace, app_private.new_id(), c.id, p_kind, p_lead, p_engagement, p_version,
    case when c.id = p_caller.company_id then p_caller.colleague_id end, v_transaction
  from (select distinct t.id from unnest(p_companies) t (id) where t.id is not null) c;
end
$$;

-- What a merge or its undoing has moved no event tells of: its companies read again what they know of their
-- marketplaces.
create or replace function app_private.tell_resync(p_companies uuid[])
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  perform app_private.tell('resync', array_agg(k.company_id), k.marketplace_id, null, app_private.nobody())
  from (select p.marketplace_id, p.company_id from app.participation p where p.company_id = any (p_companies)
        union select m.id, m.operator_company_id from app.marketplace m
        where m.operator_company_id = any (p_companies)) k
  group by k.marketplace_id;
end
$$;

-- Seven days are kept. A partition in which nothing is younger is emptied as a whole, if nobody reads it in this
-- moment; in one that its day has come round to again (no worker ran for a day) the old rows go some at a time.
create or replace function app_private.purge_events() returns bigint
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_before constant timestamptz := app_private.clock() - interval '7 days';
  v_old boolean;
  v_young boolean;
  v_count bigint := 0;
  v_rows bigint;
begin
  for s in 0..8 loop
    v_old := (select e.at from app.event e where e.slot = s order by e.written_by limit 1) < v_before;
    v_young := (select e.at from app.event e where e.slot = s order by e.written_by desc limit 1) >= v_before;
    continue when v_old is not true;
    if v_young then
      delete from app.event e where e.slot = s and e.id in (
        select o.id from app.event o where o.slot = s and o.at < v_before limit 5000);
      get diagnostics v_rows = row_count;
      v_count := v_count + v_rows;
    else
      begin
        execute format('lock table app_private.event_day_%s in access exclusive mode nowait', s);
        execute format('truncate app_private.event_day_%s', s);
        v_count := v_count + 1;
      exception when lock_not_available then null;
      end;
    end if;
  end loop;
  return v_count;
end
$$;
