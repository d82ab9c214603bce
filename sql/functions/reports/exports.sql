-- Exports: what a company takes out as a file is entered where is written down who received which personal data.
set local role kollegium_broker;

-- Enters that the caller takes a list out now: a row for each marketplace that it is of (p_marketplace null: all on
-- which the caller's company has a part), with the personal fields that it names. Committed before the first byte, so
-- there may be an entry of a file that nobody got, and never a file without one. Returns the caller's company.
create or replace function app.begin_export(p_marketplace uuid, p_fields text[]) returns uuid
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.printing_caller();
  v record;
begin
  for v in
    select m.id, m.operator_company_id from app.marketplace m
    where (p_marketplace is null or m.id = p_marketplace)
      and (m.operator_company_id = v_caller.company_id or exists (select from app.participation p
        where p.marketplace_id = m.id and p.company_id = v_caller.company_id and p.state <> 'invited'))
    order by m.id for key share of m
  loop
    insert into app.disclosure (marketplace_id, id, company_id, operator_company_id, company_name, colleague_name,
      cause, fields, since, until)
    values (v.id, app_private.new_id(), v_caller.company_id, v.operator_company_id, v_caller.company_name,
      v_caller.colleague_name, 'export', p_fields, app_private.clock(), app_private.clock());
  end loop;
  return v_caller.company_id;
end
$$;
comment on function app.begin_export(uuid, text[]) is
  'Enters an export of the caller''s company into the ledger of disclosures.';
grant execute on function app.begin_export(uuid, text[]) to kollegium_api;
