-- The tools of a merge: locks, the journal, and moving rows by the list of rules.
set local role kollegium_broker;

-- For whoever is about to make a row for another company than the caller's: waits for a merge of it.
-- Look at the company after this, in a statement of its own.
create or replace function app_private.hold_company(p_company uuid)
returns void language sql volatile set search_path = pg_catalog, pg_temp
as $$ select pg_advisory_xact_lock_shared(app_private.company_lock_key(p_company)) $$;

-- The active company that has this id, or a colleague with this address; null: none.
create or replace function app_private.active_company(p_company uuid, p_email text)
returns uuid language sql volatile set search_path = pg_catalog, pg_temp
as $$
  select co.id from app.company co
  where co.state = 'active' and co.id = coalesce(p_company,
    (select c.company_id from app.colleague c where c.email = p_email and c.active))
$$;

-- Both companies, exclusively, in the order of their ids: waits for what their colleagues have under
-- way, makes what they begin now wait (app.enter), and leaves everybody else alone. Before that it waits
-- for the batch of an import that is under way: while it does, nobody waits for it in turn.
create or replace function app_private.lock_companies(p_one uuid, p_other uuid)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
set lock_timeout = '20s'
as $$
begin
  perform pg_advisory_xact_lock(app_private.legacy_lock_key());
  perform pg_advisory_xact_lock(app_private.company_lock_key(least(p_one, p_other)));
  perform pg_advisory_xact_lock(app_private.company_lock_key(greatest(p_one, p_other)));
end
$$;

-- What a merge or its undo changes and others lock, too, in the order in which everybody does: companies,
-- their colleagues, marketplaces, leads (docs/architecture.md). The keys of all of them change, so nobody
-- may refer to them meanwhile.
create or replace function app_private.lock_for_merge(
  p_from uuid, p_to uuid, p_markets uuid[], p_leads uuid[])
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v record;
begin
  perform from app.company where id in (p_from, p_to) order by id for no key update;
  perform from app.colleague where company_id in (p_from, p_to) order by id for update;
  -- Also where they only take part: cards that come back or are written anew print the marketplace's name.
  for v in select m.id, m.operator_company_id in (p_from, p_to) as operated from app.marketplace m
           where m.operator_company_id in (p_from, p_to) or m.id in (
             select p.marketplace_id from app.participation p where p.company_id in (p_from, p_to))
           order by m.id loop
    if v.operated then
      perform from app.marketplace where id = v.id for update;
    else
      perform from app.marketplace where id = v.id for share;
    end if;
  end loop;
  perform from app.partner_invitation
  where state = 'open' and (operator_company_id in (p_from, p_to) or company_id in (p_from, p_to))
  order by marketplace_id, id for update;
  perform from app.lead where (marketplace_id, id) in (select * from unnest(p_markets, p_leads))
  order by marketplace_id, id for update;
end
$$;

-- The leads that a company is or was part of: as operator, giver or taker, by an offer, by work done.
-- What it wrote about leads (notes, messages, history, disclosures) is on these and no others.
create or replace function app_private.leads_of(
  p_company uuid, out marketplaces uuid[], out leads uuid[])
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select array_agg(k.marketplace_id), array_agg(k.id)
  from (select marketplace_id, id from app.lead where operator_company_id = p_company
        union select marketplace_id, id from app.lead where giver_company_id = p_company
        union select marketplace_id, id from app.lead where engaged_company_id = p_company
        union select marketplace_id, lead_id from app.engagement where company_id = p_company
        union select marketplace_id, lead_id from app.offer where company_id = p_company) k
$$;

-- Keeps what a row was before it was changed or removed. p_before: the columns changed, or all.
create or replace function app_private.journal(
  p_merge uuid, p_tab text, p_kind text, p_marketplace uuid, p_id uuid, p_before jsonb,
  p_after jsonb default null)
returns void language sql volatile set search_path = pg_catalog, pg_temp
as $$
  insert into app_private.merge_journal (merge_id, tab, kind, marketplace_id, id, before, after)
  values (p_merge, p_tab, p_kind, p_marketplace, p_id, p_before, p_after)
$$;

-- Which rows of a table a step of the merge looks at: $1 the absorbed company, $3 and $4 marketplaces
-- and ids of the leads concerned.
create or replace function app_private.merge_scope(p_tab text, p_found text, p_own text)
returns text language sql immutable set search_path = pg_catalog, pg_temp
as $$
  select case p_found
    when 'lead' then case p_tab when 'app.disclosure' then  -- an export is of no lead
      '(t.marketplace_id, t.id) in (select d.marketplace_id, d.id from app.disclosure d
         where (d.marketplace_id, d.lead_id) in (select * from unnest($3, $4))
       union all select d.marketplace_id, d.id from app.disclosure d
         where d.lead_id is null and $1 in (d.company_id, d.operator_company_id))'
      else format('(t.marketplace_id, t.%I) in (select * from unnest($3, $4))',
      case p_tab when 'app.lead' then 'id' else 'lead_id' end) end
    when 'marketplace' then 't.operator_company_id = $1'
    when 'pending' then format('t.delivered_at is null and t.%I = $1', p_own)
    when 'own' then format('t.%I = $1', p_own)
    else format('(t.marketplace_id, t.import_id) in (select i.marketplace_id, i.id from %s i
                 where i.company_id = $2)', p_found)  -- a table that has moved already
  end
$$;

-- Tells whoever waits on this connection which table comes next, of how many; nobody else sees anything
-- of it before the end.
create or replace function app_private.tell_progress(p_tab text, p_done bigint, p_all bigint)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  raise notice 'progress % % %', p_done, p_all, p_tab;
end
$$;

-- Moves the rows of one table from $1 to $2: set-based, one statement for the journal and one for the
-- rows. Returns how many rows changed.
create or replace function app_private.move_table(
  p_merge uuid, p_from uuid, p_to uuid, p_tab text, p_markets uuid[], p_leads uuid[])
returns bigint language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_owned text[];
  v_set text;
  v_any text;
  v_scope text;
  v_count bigint;
begin
  -- Cards have no id and are handed over one by one (merge_cards).
  select array_agg(r.col) filter (where r.rule in ('move', 'choose')),
    string_agg(case when r.col = 'parties' then 'parties = array_replace(t.parties, $1, $2)'
      else format('%1$I = case when t.%1$I = $1 then $2 else t.%1$I end', r.col) end, ', '),
    string_agg(case when r.col = 'parties' then '$1 = any (t.parties)'
      else format('t.%I = $1', r.col) end, ' or '),
    string_agg(distinct app_private.merge_scope(r.tab, r.found, r.col), ' or ')
  into v_owned, v_set, v_any, v_scope
  from app_private.merge_rules() r
  where r.tab = p_tab and r.rule in ('move', 'choose', 'unite', 'follow');
  if v_owned is not null then
    execute format('insert into app_private.merge_journal (merge_id, tab, kind, marketplace_id, id, columns)
      select $5, %L, ''moved'', %s, t.id, array_remove(array[%s], null) from %s t where (%s) and (%s)',
      p_tab,
      case when p_tab = any (array['app.colleague', 'app.invitation', 'app.api_key', 'app.import_mapping', 'app.saved_view', 'app.absence',
             'app_private.webhook', 'app_private.outbox', 'app.marketplace']) then 'null::uuid' else 't.marketplace_id' end,
      (select string_agg(format('case when t.%1$I = $1 then %1$L end', c), ', ') from unnest(v_owned) c),
      p_tab, v_scope,
      (select string_agg(format('t.%I = $1', c), ' or ') from unnest(v_owned) c))
    using p_from, p_to, p_markets, p_leads, p_merge;
  end if;
  execute format('update %s t set %s where (%s) and (%s)', p_tab, v_set, v_scope, v_any)
  using p_from, p_to, p_markets, p_leads;
  get diagnostics v_count = row_count;
  return v_count;
end
$$;

-- Sets columns of one row and keeps what they were; the key is in p_key (columns of the table).
create or replace function app_private.change_row(
  p_merge uuid, p_tab text, p_marketplace uuid, p_id uuid, p_key jsonb, p_change jsonb)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_before jsonb;
begin
  execute format('select to_jsonb(t) from %s t where %s for update', p_tab,
    app_private.row_condition(p_tab)) into strict v_before using p_key;
  perform app_private.journal(p_merge, p_tab, 'changed', p_marketplace, p_id,
    (select jsonb_object_agg(k, v_before -> k) from jsonb_object_keys(p_change) k), p_change);
  perform app_private.set_row(p_tab, p_key, p_change);
end
$$;

-- Keeps what another function changed of a row: the columns that differ from p_before, if any do.
create or replace function app_private.journal_change(
  p_merge uuid, p_tab text, p_marketplace uuid, p_id uuid, p_before jsonb)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_after jsonb;
begin
  execute format('select to_jsonb(t) from %s t where %s', p_tab, app_private.row_condition(p_tab))
  into strict v_after using p_before;
  insert into app_private.merge_journal (merge_id, tab, kind, marketplace_id, id, before, after)
  select p_merge, p_tab, 'changed', p_marketplace, p_id, jsonb_object_agg(k.key, p_before -> k.key),
    jsonb_object_agg(k.key, k.value)
  from jsonb_each(v_after) k where p_before -> k.key <> k.value having count(*) > 0;
end
$$;

-- The condition on the key that is in $1, for tables whose rows are changed one by one.
create or replace function app_private.row_condition(p_tab text)
returns text language sql immutable set search_path = pg_catalog, pg_temp
as $$
  select case p_tab when 'app.participation'
    then 't.marketplace_id = ($1 ->> ''marketplace_id'')::uuid and t.company_id = ($1 ->> ''company_id'')::uuid'
    else 't.marketplace_id = ($1 ->> ''marketplace_id'')::uuid and t.id = ($1 ->> ''id'')::uuid' end
$$;

create or replace function app_private.set_row(p_tab text, p_key jsonb, p_change jsonb)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  execute format('update %1$s t set %2$s from jsonb_populate_record(null::%1$s, $2) c where %3$s', p_tab,
    (select string_agg(format('%1$I = c.%1$I', k), ', ') from jsonb_object_keys(p_change) k),
    app_private.row_condition(p_tab)) using p_key, p_change;
end
$$;
