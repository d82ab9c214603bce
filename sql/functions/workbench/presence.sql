-- Who looks at a lead now.
set local role kollegium_broker;

-- The caller looks at the lead for the next 60 seconds; answers which of his colleagues do. Whoever sees
-- the lead, or worked it once, may look; nobody is told of another company's people.
create or replace function app.look_at(p_marketplace uuid, p_lead uuid) returns text[]
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_now constant timestamptz := app_private.clock(running => true);
begin
  if v_caller.colleague_id is null then
    perform app_private.refuse(403, 'colleague-required');
  end if;
  perform from app.lead
  where marketplace_id = p_marketplace and id = p_lead
    and (v_caller.company_id = any (parties) or app_private.ever_worked(p_marketplace, p_lead, v_caller.company_id));
  if not found then
    perform app_private.refuse(404, 'not-found');
  end if;
  insert into app_private.presence (marketplace_id, lead_id, colleague_id, until)
  values (p_marketplace, p_lead, v_caller.colleague_id, v_now + interval '60 seconds')
  on conflict (marketplace_id, lead_id, colleague_id) do update set until = excluded.until;
  return coalesce((select array_agg(c.name order by c.name, c.id)
    from app_private.presence p join app.colleague c on c.id = p.colleague_id
    where p.marketplace_id = p_marketplace and p.lead_id = p_lead and p.until > v_now
      and c.company_id = v_caller.company_id and c.active and c.id <> v_caller.colleague_id), '{}');
end
$$;
comment on function app.look_at(uuid, uuid) is
  'The caller looks at a lead for the next 60 seconds; the names of colleagues of his company that do so, too.';
grant execute on function app.look_at(uuid, uuid) to kollegium_api;

create or replace function app_private.purge_presence() returns bigint
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_count bigint;
begin
  delete from app_private.presence where (marketplace_id, lead_id, colleague_id) in (
    select p.marketplace_id, p.lead_id, p.colleague_id from app_private.presence p
    where p.until < app_private.clock()
    for update skip locked);
  get diagnostics v_count = row_count;
  return v_count;
end
$$;
