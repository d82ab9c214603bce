-- Plans of waves: what an operator set, and what a brokerage keeps of it.
set local role kollegium_broker;

-- Companies as they are by now: one that was absorbed stands for its survivor, in the same place. So a plan needs
-- no change by a merge, and is what it was after its undoing.
create or replace function app_private.surviving(p_companies uuid[])
returns uuid[] language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
  return array(
    with recursive followed as (
      select u.n, c.id, c.absorbed_into from unnest(p_companies) with ordinality u (id, n)
      join app.company c on c.id = u.id
      union all
      select f.n, c.id, c.absorbed_into from followed f join app.company c on c.id = f.absorbed_into)
    select f.id from followed f where f.absorbed_into is null group by f.id order by min(f.n));
end
$$;

create or replace function app_private.uuids(p_list jsonb) returns uuid[]
language sql immutable set search_path = pg_catalog, pg_temp
as $$ select array(select e.id::uuid from jsonb_array_elements_text(p_list) with ordinality e (id, n) order by e.n) $$;

create or replace function app_private.texts(p_list jsonb) returns text[]
language sql immutable set search_path = pg_catalog, pg_temp
as $$ select array(select jsonb_array_elements_text(p_list)) $$;

-- One wave: all that match, or exactly these, whose area and tags then do not matter.
create or replace function app_private.single_wave(p_companies uuid[], p_hours integer) returns jsonb
language sql immutable set search_path = pg_catalog, pg_temp
as $$
  select jsonb_build_object('on_cap', 'skip', 'recycle', 'never', 'waves', jsonb_build_array(
    jsonb_build_object('order', 'priority', 'response_minutes', p_hours * 60, 'working_time', false)
    || case when p_companies is null then '{}'::jsonb
       else jsonb_build_object('company_ids', p_companies, 'by_hand', true) end))
$$;

-- The plan of a marketplace, as a brokerage keeps it; where none is set: one wave to all that match, for the
-- hours of the marketplace.
create or replace function app_private.plan_of(p_marketplace uuid) returns jsonb
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_plan app.wave_plan;
begin
  select * into v_plan from app.wave_plan where marketplace_id = p_marketplace;
  if found then
    return jsonb_build_object('waves', v_plan.waves, 'on_cap', v_plan.on_cap, 'recycle', v_plan.recycle,
      'seed', v_plan.seed);
  end if;
  return app_private.single_wave(null, (select m.response_hours from app.marketplace m where m.id = p_marketplace));
end
$$;

-- Everybody a plan names must hold an answered card of the marketplace.
create or replace function app_private.expect_partners(p_marketplace uuid, p_waves jsonb)
returns void language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_named constant uuid[] := array(
    select e.id::uuid from jsonb_array_elements(p_waves) w (wave),
      lateral (select jsonb_array_elements_text(coalesce(w.wave -> 'company_ids', '[]')) union
               select jsonb_object_keys(coalesce(w.wave -> 'weights', '{}'))) e (id));
  v_unfit uuid[];
begin
  select array_agg(n.id) into v_unfit from unnest(v_named) n (id)
  where not exists (select from app.participation p where p.marketplace_id = p_marketplace
    and p.company_id = any (app_private.surviving(array[n.id])) and p.state <> 'invited');
  if v_unfit is not null then
    perform app_private.refuse(422, 'taker-unfit', jsonb_build_object('companies', v_unfit));
  end if;
end
$$;

-- The whole plan of a marketplace of the caller's company. 412 when it is not the expected version (0: none was
-- set yet); 422 taker-unfit where it names somebody who is no partner. What runs keeps its plan.
create or replace function app.set_waves(p_marketplace uuid, p_versions integer[], p_plan jsonb)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_marketplace constant app.marketplace := app_private.operated_marketplace(p_marketplace, v_caller.company_id);
  v_before app.wave_plan;
begin
  select * into v_before from app.wave_plan where marketplace_id = p_marketplace;
  perform app_private.expect_version(coalesce(v_before.version, 0), p_versions);
  if v_before.waves = p_plan -> 'waves' and v_before.on_cap = p_plan ->> 'on_cap'
     and v_before.recycle = p_plan ->> 'recycle' then
    return;  -- nothing changes, so no version does
  end if;
  perform app_private.expect_partners(p_marketplace, p_plan -> 'waves');
  insert into app.wave_plan (marketplace_id, operator_company_id, waves, on_cap, recycle, seed)
  values (p_marketplace, v_marketplace.operator_company_id, p_plan -> 'waves', p_plan ->> 'on_cap',
    p_plan ->> 'recycle', gen_random_uuid())
  on conflict (marketplace_id) do update set waves = excluded.waves, on_cap = excluded.on_cap,
    recycle = excluded.recycle, version = app.wave_plan.version + 1;
  perform app_private.audit('waves-changed', v_caller.company_id, v_caller.colleague_id, p_marketplace);
end
$$;
comment on function app.set_waves(uuid, integer[], jsonb) is
  'Sets the plan of waves of a marketplace of the caller''s company: waves, on_cap, recycle.';
grant execute on function app.set_waves(uuid, integer[], jsonb) to kollegium_api;

-- The plan as its operator reads it, with companies as they are by now; no row for anybody else.
create or replace function app.waves_of(p_marketplace uuid)
returns table (waves jsonb, on_cap text, recycle text, version integer)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_company constant uuid := app.current_company_id();
  v_plan constant jsonb := app_private.plan_of(p_marketplace);
begin
  return query
    select (select jsonb_agg(w.wave || case when w.wave ? 'company_ids' then jsonb_build_object('company_ids',
        app_private.surviving(app_private.uuids(w.wave -> 'company_ids'))) else '{}' end order by w.n)
      from jsonb_array_elements(v_plan -> 'waves') with ordinality w (wave, n)),
      v_plan ->> 'on_cap', v_plan ->> 'recycle',
      coalesce((select p.version from app.wave_plan p where p.marketplace_id = p_marketplace), 0)
    from app.marketplace m where m.id = p_marketplace and m.operator_company_id = v_company;
end
$$;
comment on function app.waves_of(uuid) is 'The plan of waves of a marketplace of the caller''s company.';
grant execute on function app.waves_of(uuid) to kollegium_api;
