-- Lists that the colleagues of a company want to find again.
set local role kollegium_broker;

-- Keeps a view; the one that had its name goes. At most 100 a company.
create or replace function app.save_view(p_name text, p_address text) returns uuid
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_id constant uuid := app_private.new_id();
begin
  delete from app.saved_view v where v.company_id = v_caller.company_id and v.name = p_name;
  if (select count(*) from app.saved_view v where v.company_id = v_caller.company_id) >= 100 then
    perform app_private.refuse(409, 'too-many-views');
  end if;
  insert into app.saved_view (id, company_id, name, address, saved_by)
  values (v_id, v_caller.company_id, p_name, p_address,
    coalesce(v_caller.colleague_name, v_caller.company_name));
  return v_id;
end
$$;
comment on function app.save_view(text, text) is
  'Keeps a list for the colleagues of the caller''s company; the view of that name before goes.';
grant execute on function app.save_view(text, text) to kollegium_api;

create or replace function app.forget_view(p_id uuid) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
begin
  delete from app.saved_view v where v.id = p_id and v.company_id = v_caller.company_id;
  if not found then
    perform app_private.refuse(404, 'not-found');
  end if;
end
$$;
comment on function app.forget_view(uuid) is 'Removes a view of the caller''s company.';
grant execute on function app.forget_view(uuid) to kollegium_api;
