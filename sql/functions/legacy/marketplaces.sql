-- Moving in: marketplaces, who takes part in them, API keys, groups.
set local role kollegium_broker;

create or replace function app_private.legacy_marketplaces_of(p_load integer)
returns table (legacy_id bigint, owner_id bigint, colleague_id uuid, marketplace_id uuid, company_id uuid,
  company_name text, name text,
  steps text[], response_hours integer, teaser_digits integer, giver_may_withdraw boolean,
  auto_accept boolean, created_at timestamptz, updated_at timestamptz, row_hash bigint)
language sql stable set search_path = pg_catalog, pg_temp rows 2000
as $$
  select m.id, p.legacy_id, p.colleague_id, app_private.legacy_id('marketplace', m.id, m.created_at), p.company_id,
    p.company_name, m.name, t.steps, coalesce(m.response_hours, 48), coalesce(m.teaser_digits, 2),
    coalesce(m.giver_may_withdraw, true), coalesce(m.auto_accept, false), m.created_at, m.updated_at,
    hash_record_extended(row(m.owner_user_id, m.name, m.response_hours, m.teaser_digits, m.giver_may_withdraw,
      m.auto_accept, t.steps), 0)
  from legacy_staging.marketplaces m
  join app_private.legacy_party p on p.legacy_id = m.owner_user_id
  cross join lateral (select coalesce((
    select array_agg(s.name order by s.position, s.id) from legacy_staging.statuses s
    where s.load = p_load and s.marketplace_id = m.id and not exists (
      select from legacy_staging.blocked b
      where b.load = p_load and b.source_table = 'statuses' and b.id = s.id)), array['neu']) as steps) t
  where m.load = p_load and not exists (
    select from legacy_staging.blocked b
    where b.load = p_load and b.source_table = 'marketplaces' and b.id = m.id)
$$;

-- All marketplaces of a load; there are few. The primary key of legacy_marketplace lets each in once.
create or replace function app.legacy_import_marketplaces(
  p_load integer, out seen integer, out created integer, out changed integer)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  m record;
begin
  perform app_private.legacy_hold_merges();
  seen := 0; created := 0; changed := 0;
  for m in
    select s.*, k.marketplace_id as known, k.row_hash as known_hash, k.version as written,
      k.owner_legacy_id as former_owner
    from app_private.legacy_marketplaces_of(p_load) s
    left join app_private.legacy_marketplace k on k.legacy_id = s.legacy_id
    order by s.legacy_id
  loop
    seen := seen + 1;
    if m.known is null then
      created := created + app_private.legacy_add_marketplace(
        m.legacy_id, m.owner_id, m.marketplace_id, m.company_id, m.company_name, m.name, m.steps,
        m.response_hours, m.teaser_digits, m.giver_may_withdraw, m.auto_accept, m.created_at, m.row_hash);
      perform app_private.legacy_journal(array['app.marketplace'], array[null::uuid],
        array[m.marketplace_id], array['operator_company_id'], array[m.colleague_id]);
    elsif m.known_hash <> m.row_hash and not app_private.legacy_cut_over() then
      perform app_private.legacy_hold_operators(m.known, m.company_id);
      update app.marketplace set name = m.name, steps = m.steps, response_hours = m.response_hours,
        teaser_digits = m.teaser_digits, giver_may_withdraw = m.giver_may_withdraw,
        auto_accept = m.auto_accept, changed_at = app_private.clock(), version = version + 1
      where id = m.known and version = m.written;
      if not found then
        perform app_private.legacy_conflict(p_load, 'marketplaces', m.legacy_id);
        continue;
      end if;
      update app.participation set marketplace_name = m.name, steps = m.steps where marketplace_id = m.known;
      update app.offer set marketplace_name = m.name where marketplace_id = m.known and state = 'open';
      if m.former_owner <> m.owner_id then
        perform app_private.legacy_change_operator(p_load, m.known, m.former_owner, m.company_id);
      end if;
      update app_private.legacy_marketplace set row_hash = m.row_hash, version = m.written + 1,
        owner_legacy_id = m.owner_id
      where legacy_id = m.legacy_id;
      perform app_private.audit('legacy-marketplace-changed', m.company_id, null, m.known);
      changed := changed + 1;
    end if;
  end loop;
  perform app_private.legacy_conflict(p_load, 'marketplaces', k.legacy_id, 'deleted-there')
  from app_private.legacy_marketplace k
  where not app_private.legacy_cut_over() and not exists (
    select from legacy_staging.marketplaces s where s.load = p_load and s.id = k.legacy_id);
end
$$;
comment on function app.legacy_import_marketplaces(integer) is
  'The marketplaces of a load, operated by the companies of their owners.';
grant execute on function app.legacy_import_marketplaces(integer) to kollegium_staff;

-- 1 when this call made it, 0 when another run was first, or the cut-over.
create or replace function app_private.legacy_add_marketplace(
  p_legacy_id bigint, p_owner bigint, p_id uuid, p_company uuid, p_company_name text, p_name text,
  p_steps text[], p_hours integer, p_digits integer, p_withdraw boolean, p_accept boolean, p_at timestamptz, p_hash bigint)
returns integer language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  if app_private.legacy_cut_over() and not app_private.legacy_waits('marketplaces', p_legacy_id) then
    return 0;
  end if;
  -- A merge of the operator waits for this transaction, or this one for the merge.
  perform from app.company where id = p_company and state <> 'absorbed' for share;
  if not found then
    return 0;
  end if;
  insert into app.marketplace (id, operator_company_id, name, operator_name, steps, response_hours,
    teaser_digits, giver_may_withdraw, auto_accept, created_at)
  values (p_id, p_company, p_name, p_company_name, p_steps, p_hours, p_digits, p_withdraw, p_accept, p_at)
  on conflict (id) do nothing;
  if not found then
    return 0;
  end if;
  insert into app_private.legacy_marketplace (legacy_id, owner_legacy_id, marketplace_id, row_hash, version)
  values (p_legacy_id, p_owner, p_id, p_hash, 1);
  perform app_private.audit('legacy-marketplace-imported', p_company, null, p_id,
    jsonb_build_object('legacy_marketplace', p_legacy_id));
  return 1;
end
$$;

-- Before a marketplace changes hands: both companies, the marketplace and its leads are locked in the
-- order of everybody.
create or replace function app_private.legacy_hold_operators(p_marketplace uuid, p_company uuid)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_former constant uuid := (select m.operator_company_id from app.marketplace m where m.id = p_marketplace);
begin
  if v_former <> p_company then
    perform app_private.lock_companies(v_former, p_company);
    perform from app.marketplace where id = p_marketplace for update;
    perform from app.lead l where l.marketplace_id = p_marketplace order by l.id for update;
  end if;
end
$$;

-- A marketplace has another owner there: everything on it is seen and run by his company from then on, and by
-- the former one only what that gave itself. Requests of both wait, as for a merge.
create or replace function app_private.legacy_change_operator(
  p_load integer, p_marketplace uuid, p_former_owner bigint, p_company uuid)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_former constant uuid := (select m.operator_company_id from app.marketplace m where m.id = p_marketplace);
  v_name constant text := (select co.name from app.company co where co.id = p_company);
  v_leads uuid[];
begin
  if v_former = p_company then
    return;
  end if;
  select array_agg(l.id) into v_leads from app.lead l where l.marketplace_id = p_marketplace;
  update app.lead l set giver_company_id = v_former, giver_name = l.operator_name
  from app_private.legacy_lead k join legacy_staging.leads s on s.load = p_load and s.id = k.legacy_id
  where l.marketplace_id = p_marketplace and l.id = k.lead_id and k.marketplace_id = p_marketplace
    and l.giver_company_id is null and s.giver_user_id = p_former_owner;
  update app.lead set giver_company_id = null, giver_name = null
  where marketplace_id = p_marketplace and giver_company_id = p_company;
  update app.marketplace set operator_company_id = p_company, operator_name = v_name where id = p_marketplace;
  delete from app.participation where marketplace_id = p_marketplace and company_id = p_company;
  perform app_private.operators_back(p_company, v_former, array[p_marketplace]);
  update app.participation set operator_name = v_name where marketplace_id = p_marketplace;
  update app.lead set operator_name = v_name where marketplace_id = p_marketplace;
  perform app_private.follow_back(p_company, v_former, array[p_marketplace],
    array_fill(p_marketplace, array[coalesce(cardinality(v_leads), 0)]), v_leads, '{}');
  perform app_private.legacy_read_anew(
    array_fill(p_marketplace, array[coalesce(cardinality(v_leads), 0)]), v_leads);
end
$$;

-- 'a, b,,c' as an array: what the former system kept in one text.
create or replace function app_private.legacy_list(p_text text) returns text[]
language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$
begin
  return coalesce(array_remove(regexp_split_to_array(btrim(p_text), ' *, *'), ''), '{}');
end
$$;

-- One card for each marketplace and user: the rows of a giver and of a taker together. Who is deleted leaves
-- his company's card as it is, unless he was the last in it.
create or replace function app_private.legacy_cards_of(p_load integer)
returns table (first_id bigint, marketplace_id uuid, operator_company_id uuid, marketplace_name text,
  operator_name text, steps text[], company_id uuid, company_name text, own_company_id uuid, colleague_id uuid,
  capacities text[], state text,
  postcode_areas text[], tags text[], cap integer, created_at timestamptz, row_hash bigint)
language sql stable set search_path = pg_catalog, pg_temp rows 20000
as $$
  select p.first_id, m.id, m.operator_company_id, m.name, m.operator_name, m.steps, u.company_id,
    u.company_name, u.own_company_id, u.colleague_id, p.capacities,
    case when u.company_state = 'closed' then 'ended'
      else (array['active', 'invited', 'ended', 'declined'])[p.best] end, p.postcode_areas, p.tags, p.cap,
    p.created_at, hash_record_extended(row(u.active, p.capacities, p.best, p.postcode_areas, p.tags, p.cap), 0)
  from (
    select s.marketplace_id, s.user_id, min(s.id) as first_id, array_agg(s.role order by s.role) as capacities,
      min(array_position(array['active', 'invited', 'ended', 'declined'], s.state)) as best,
      app_private.legacy_list(max(s.postcode_areas) filter (where s.role = 'taker')) as postcode_areas,
      app_private.legacy_list(max(s.tags) filter (where s.role = 'taker')) as tags,
      max(s.cap) filter (where s.role = 'taker') as cap, min(s.created_at) as created_at
    from legacy_staging.participants s
    where s.load = p_load and not exists (
      select from legacy_staging.blocked b
      where b.load = p_load and b.source_table = 'participants' and b.id = s.id)
    group by s.marketplace_id, s.user_id) p
  join app_private.legacy_marketplace k on k.legacy_id = p.marketplace_id
  join app.marketplace m on m.id = k.marketplace_id
  join app_private.legacy_party u on u.legacy_id = p.user_id
$$;
