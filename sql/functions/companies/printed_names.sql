-- Names that are printed on rows of others, because their readers may not look them up. Live rows follow
-- a rename: cards, leads, open offers, the active engagement (docs/domain.md, case 11). History,
-- disclosures, messages and closed engagements are evidence: they keep the name of their time.
set local role kollegium_broker;

-- Whoever prints the name of a company holds this lock shared, and reads the name after it; who prints it
-- anew on all rows holds it exclusively. So no row comes in with the former name behind his back.
create or replace function app_private.name_lock_key(p_company uuid) returns bigint
language sql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$ select hashtextextended('name ' || p_company::text, 0) $$;

create or replace function app_private.hold_name(p_company uuid)
returns void language sql volatile set search_path = pg_catalog, pg_temp
as $$ select pg_advisory_xact_lock_shared(app_private.name_lock_key(p_company)) $$;

create or replace function app_private.lock_name(p_company uuid)
returns void language sql volatile set search_path = pg_catalog, pg_temp
as $$ select pg_advisory_xact_lock(app_private.name_lock_key(p_company)) $$;

-- The names of now on leads and on what is live of them: their open offers, the active engagement. Versions
-- stay as they are: who moves leads between companies gives them back byte for byte. The caller has the
-- leads locked, and the companies that are named.
create or replace function app_private.print_live_names(p_markets uuid[], p_leads uuid[])
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  update app.lead l set operator_name = n.operator, giver_name = n.giver, engaged_company_name = n.taker
  from (select k.m, k.l, o.name as operator, g.name as giver, t.name as taker
        from unnest(p_markets, p_leads) k (m, l)
        join app.lead x on x.marketplace_id = k.m and x.id = k.l
        join app.company o on o.id = x.operator_company_id
        left join app.company g on g.id = x.giver_company_id
        left join app.company t on t.id = x.engaged_company_id) n
  where l.marketplace_id = n.m and l.id = n.l
    and (l.operator_name, l.giver_name, l.engaged_company_name) is distinct from (n.operator, n.giver, n.taker);
  update app.engagement e set company_name = c.name
  from unnest(p_markets, p_leads) k (m, l), app.company c
  where e.marketplace_id = k.m and e.lead_id = k.l and e.state in ('active', 'return_requested')
    and c.id = e.company_id and c.name <> e.company_name;
  update app.offer o set company_name = c.name
  from unnest(p_markets, p_leads) k (m, l), app.company c
  where o.marketplace_id = k.m and o.lead_id = k.l and o.state = 'open'
    and c.id = o.company_id and c.name <> o.company_name;
end
$$;

-- The same after a rename: those whose names changed have a new version. The caller has the leads locked.
create or replace function app_private.print_on_leads(p_markets uuid[], p_leads uuid[])
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_markets uuid[];
  v_leads uuid[];
begin
  select array_agg(l.marketplace_id), array_agg(l.id) into v_markets, v_leads
  from unnest(p_markets, p_leads) k (m, l_id)
  join app.lead l on l.marketplace_id = k.m and l.id = k.l_id
  join app.company o on o.id = l.operator_company_id
  left join app.company g on g.id = l.giver_company_id
  left join app.company t on t.id = l.engaged_company_id
  where (l.operator_name, l.giver_name, l.engaged_company_name) is distinct from (o.name, g.name, t.name);
  perform app_private.renew_leads(v_markets, v_leads);
  perform app_private.print_live_names(v_markets, v_leads);
end
$$;

-- After a merge and its undo: on the cards and marketplaces of both companies, and on the leads that
-- changed hands. One may have been renamed since the merge, so what the journal knows is not enough.
create or replace function app_private.print_after_move(
  p_one uuid, p_other uuid, p_markets uuid[], p_leads uuid[])
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  update app.marketplace m set operator_name = c.name from app.company c
  where c.id in (p_one, p_other) and m.operator_company_id = c.id and m.operator_name <> c.name;
  update app.participation p set company_name = c.name from app.company c
  where c.id in (p_one, p_other) and p.company_id = c.id and p.company_name <> c.name;
  update app.participation p set operator_name = c.name from app.company c
  where c.id in (p_one, p_other) and p.operator_company_id = c.id and p.operator_name <> c.name;
  perform app_private.print_live_names(p_markets, p_leads);
end
$$;

-- The next leads of a company that may show a former name, newest first, locked. Where it stopped stands
-- in the company's row.
create or replace function app_private.lock_next_leads(
  p_company uuid, p_limit integer, out markets uuid[], out leads uuid[])
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_before constant uuid := (select names_due_before from app.company where id = p_company);
begin
  select array_agg(k.marketplace_id), array_agg(k.id) into markets, leads from (
    select u.marketplace_id, u.id from (
      (select l.marketplace_id, l.id from app.lead l
       where l.operator_company_id = p_company and l.id < v_before order by l.id desc limit p_limit)
      union
      (select l.marketplace_id, l.id from app.lead l
       where l.giver_company_id = p_company and l.id < v_before order by l.id desc limit p_limit)
      union
      (select l.marketplace_id, l.id from app.lead l
       where l.engaged_company_id = p_company and l.id < v_before order by l.id desc limit p_limit)) u
    order by u.id desc limit p_limit) k;
  update app.company set names_due_before = case when cardinality(leads) = p_limit then leads[p_limit] end
  where id = p_company;
  perform from app.lead where (marketplace_id, id) in (select * from unnest(markets, leads))
  order by marketplace_id, id for no key update;
end
$$;

-- A new name of a company, everywhere: on up to 1,000 leads at once, on the rest by the timer, so that
-- nobody waits for the locks of a large company.
create or replace function app_private.print_name(p_company uuid)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_name constant text := (select name from app.company where id = p_company);
  v_next record;
begin
  update app.company set names_due_before = 'ffffffff-ffff-ffff-ffff-ffffffffffff' where id = p_company;
  perform from app.marketplace where operator_company_id = p_company order by id for no key update;
  update app.marketplace set operator_name = v_name where operator_company_id = p_company;
  v_next := app_private.lock_next_leads(p_company, 1000);
  perform from app.participation where company_id = p_company or operator_company_id = p_company
  order by marketplace_id, company_id for update;  -- against offers, which hold the card by its key
  update app.participation set company_name = v_name where company_id = p_company;
  update app.participation set operator_name = v_name where operator_company_id = p_company;
  perform app_private.print_on_leads(v_next.markets, v_next.leads);
  -- Its card is held, so none comes in beside this; where the lead's lock is not held, the order is.
  perform from app.offer where company_id = p_company and state = 'open'
  order by marketplace_id, lead_id for no key update;
  update app.offer set company_name = v_name where company_id = p_company and state = 'open';
end
$$;

-- Timer: names on the leads of large companies that were renamed. At most p_limit leads a call; returns
-- how many it looked at.
create or replace function app.print_names(p_limit integer)
returns integer language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_company uuid;
  v_next record;
begin
  select id into v_company from app.company where names_due_before is not null order by id limit 1;
  if v_company is null then
    return 0;
  end if;
  perform app_private.lock_name(v_company);
  perform from app.company where id = v_company for no key update;
  v_next := app_private.lock_next_leads(v_company, p_limit);
  perform app_private.print_on_leads(v_next.markets, v_next.leads);
  return greatest(cardinality(v_next.leads), 1);
end
$$;
comment on function app.print_names(integer) is
  'Timer of a rename: the new name of a large company on its leads, some at a time.';
grant execute on function app.print_names(integer) to kollegium_worker;
