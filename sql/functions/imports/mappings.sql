-- Mappings of files, kept by a company for each of its sources.
set local role kollegium_broker;

-- Keeps a mapping; the one that had its name goes. At most 100 a company.
create or replace function app.save_mapping(p_name text, p_mapping text) returns uuid
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_id constant uuid := app_private.new_id();
begin
  delete from app.import_mapping m where m.company_id = v_caller.company_id and m.name = p_name;
  if (select count(*) from app.import_mapping m where m.company_id = v_caller.company_id) >= 100 then
    perform app_private.refuse(409, 'too-many-mappings');
  end if;
  insert into app.import_mapping (id, company_id, name, mapping, saved_by)
  values (v_id, v_caller.company_id, p_name, p_mapping,
    coalesce(v_caller.colleague_name, v_caller.company_name));
  perform app_private.audit('mapping-saved', v_caller.company_id, v_caller.colleague_id, v_id);
  return v_id;
end
$$;
comment on function app.save_mapping(text, text) is
  'Keeps how the caller''s company reads files of a source; the mapping of that name before goes.';
grant execute on function app.save_mapping(text, text) to kollegium_api;

create or replace function app.forget_mapping(p_id uuid) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
begin
  delete from app.import_mapping m where m.id = p_id and m.company_id = v_caller.company_id;
  if not found then
    perform app_private.refuse(404, 'not-found');
  end if;
  perform app_private.audit('mapping-forgotten', v_caller.company_id, v_caller.colleague_id, p_id);
end
$$;
comment on function app.forget_mapping(uuid) is 'Removes a mapping of the caller''s company.';
grant execute on function app.forget_mapping(uuid) to kollegium_api;
