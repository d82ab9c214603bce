-- When a company is away as a whole: nothing is offered to it meanwhile. What it has stays as it is.
set local role kollegium_broker;

-- Who of a marketplace is away now.
create or replace function app_private.absent_of(p_marketplace uuid) returns uuid[]
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select array(select a.company_id from app.company_absence a
    join app.participation p on p.marketplace_id = p_marketplace and p.company_id = a.company_id
    where a.begins_at <= app_private.clock() and a.ends_at > app_private.clock())
$$;

create or replace function app.add_company_absence(p_begins_at timestamptz, p_ends_at timestamptz)
returns app.company_absence language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.admin_caller();
  v_absence app.company_absence;
begin
  insert into app.company_absence (id, company_id, begins_at, ends_at)
  values (app_private.new_id(), v_caller.company_id, p_begins_at, p_ends_at)
  returning * into v_absence;
  perform app_private.audit('company-away', v_caller.company_id, v_caller.colleague_id, v_absence.id,
    jsonb_build_object('begins_at', p_begins_at, 'ends_at', p_ends_at));
  return v_absence;
end
$$;
comment on function app.add_company_absence(timestamptz, timestamptz) is
  'The caller''s company is away as a whole and is offered nothing (admin).';
grant execute on function app.add_company_absence(timestamptz, timestamptz) to kollegium_api;

create or replace function app.drop_company_absence(p_id uuid)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.admin_caller();
begin
  delete from app.company_absence where id = p_id and company_id = v_caller.company_id;
  if not found then
    perform app_private.refuse(404, 'not-found');
  end if;
  perform app_private.audit('company-back', v_caller.company_id, v_caller.colleague_id, p_id);
end
$$;
comment on function app.drop_company_absence(uuid) is 'Removes an absence of the caller''s company (admin).';
grant execute on function app.drop_company_absence(uuid) to kollegium_api;

-- A merge: when the survivor is away counts for both. What the absorbed company had entered goes to the journal,
-- and comes back with an undo.
create or replace function app_private.merge_company_absences(p_merge uuid, p_from uuid)
returns void language sql volatile set search_path = pg_catalog, pg_temp
as $$
  with gone as (delete from app.company_absence a where a.company_id = p_from returning a.*)
  insert into app_private.merge_journal (merge_id, tab, kind, id, before)
  select p_merge, 'app.company_absence', 'collapsed', g.id, to_jsonb(g) from gone g
$$;
