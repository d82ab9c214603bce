-- Areas that one taker holds alone on a marketplace: set by its operator, kept apart, taken into account by waves.
set local role kollegium_broker;

-- Areas overlap where one is a prefix of the other: 25 and 257.
create or replace function app_private.overlaps(p_one text, p_other text) returns boolean
language sql immutable set search_path = pg_catalog, pg_temp
as $$ select starts_with(p_one, p_other) or starts_with(p_other, p_one) $$;

-- Who holds the area of a lead, whether it can take leads at present or not; null: nobody.
create or replace function app_private.area_holder(p_lead app.lead) returns uuid
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select p.company_id from app.participation p
  join app.prospect pr on pr.marketplace_id = p.marketplace_id and pr.lead_id = p_lead.id
  where p.marketplace_id = p_lead.marketplace_id and p.state = 'active' and 'taker' = any (p.capacities)
    and exists (select from unnest(p.exclusive_areas) a where starts_with(pr.postcode, a))
$$;

-- The areas that a taker holds, in place of those it held; by the operator alone. Two at once wait for each other
-- at the marketplace, so that no area is given twice. 409 exclusive-area-held with who holds what overlaps.
create or replace function app.set_exclusive_areas(
  p_marketplace uuid, p_company uuid, p_versions integer[], p_areas text[])
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_card app.participation;
  v_holders jsonb;
begin
  if p_company = v_caller.company_id and exists (select from app.participation p
       where p.marketplace_id = p_marketplace and p.company_id = p_company) then
    perform app_private.refuse(403, 'operator-required');
  end if;
  perform app_private.operated_marketplace(p_marketplace, v_caller.company_id);
  select * into v_card from app.participation
  where marketplace_id = p_marketplace and company_id = p_company and state <> 'invited' for no key update;
  if not found then
    perform app_private.expect_not_absorbed(p_marketplace, p_company, v_caller.company_id);
    perform app_private.refuse(404, 'not-found');
  end if;
  perform app_private.expect_version(v_card.version, p_versions);
  if v_card.exclusive_areas = p_areas then
    return;  -- nothing changes, so no version does
  elsif p_areas <> '{}' and not (v_card.state = 'active' and 'taker' = any (v_card.capacities)) then
    perform app_private.refuse(422, 'taker-unfit', jsonb_build_object('companies', array[p_company]));
  end if;
  select jsonb_agg(jsonb_build_object('area', a.area, 'company_id', p.company_id, 'company_name', p.company_name)
    order by a.area, p.company_name) into v_holders
  from app.participation p, unnest(p.exclusive_areas) a (area)
  where p.marketplace_id = p_marketplace and p.company_id <> p_company and p.state = 'active'
    and exists (select from unnest(p_areas) n (area) where app_private.overlaps(n.area, a.area));
  if v_holders is not null then
    perform app_private.refuse(409, 'exclusive-area-held', jsonb_build_object('holders', v_holders));
  end if;
  update app.participation set exclusive_areas = p_areas, version = version + 1
  where marketplace_id = p_marketplace and company_id = p_company;
  perform app_private.audit('exclusive-areas-changed', v_caller.company_id, v_caller.colleague_id, p_marketplace,
    jsonb_build_object('company', p_company, 'before', v_card.exclusive_areas, 'after', p_areas));
end
$$;
comment on function app.set_exclusive_areas(uuid, uuid, integer[], text[]) is
  'Which postcode areas a taker holds alone on a marketplace of the caller''s company.';
grant execute on function app.set_exclusive_areas(uuid, uuid, integer[], text[]) to kollegium_api;

-- By hand an operator may go past who holds the area; its audit log then says so, with the holder.
create or replace function app_private.tell_past_holder(p_lead app.lead, p_companies uuid[], p_caller app.caller)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_holder constant uuid := app_private.area_holder(p_lead);
begin
  if v_holder <> all (p_companies) then
    perform app_private.audit('exclusive-area-passed', p_caller.company_id, p_caller.colleague_id, p_lead.id,
      jsonb_build_object('holder', v_holder, 'companies', p_companies));
  end if;
end
$$;

-- After a merge was undone: a card that came back holds what nobody was given meanwhile, and one that is no
-- active taker's any more holds nothing.
create or replace function app_private.part_areas(p_from uuid, p_to uuid)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  update app.participation p set exclusive_areas = '{}'
  where p.company_id in (p_from, p_to) and p.exclusive_areas <> '{}'
    and not (p.state = 'active' and 'taker' = any (p.capacities));
  update app.participation p set exclusive_areas = array(
    select k.area from unnest(p.exclusive_areas) with ordinality k (area, n)
    where not exists (select from app.participation o, unnest(o.exclusive_areas) h (area)
      where o.marketplace_id = p.marketplace_id and o.company_id <> p_from and app_private.overlaps(k.area, h.area))
    order by k.n)
  where p.company_id = p_from and p.exclusive_areas <> '{}';
end
$$;
