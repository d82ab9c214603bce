-- Files of leads: their rows go in one by one, their reports are kept.
set local role kollegium_broker;

-- Rows of a file, each through the door of a single lead. A row is an object with number, interest,
-- tags, distribution_permission, submit, prospect, source, external_ref, received_at. Answers one row for each.
create or replace function app.create_leads(p_marketplace uuid, p_rows jsonb)
returns table (row_number integer, lead_id uuid, created boolean)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_row jsonb;
begin
  for v_row in select value from jsonb_array_elements(p_rows) with ordinality order by ordinality loop
    row_number := (v_row ->> 'number')::integer;
    select c.id, c.created into lead_id, created from app.create_lead(
      p_marketplace, v_row ->> 'interest',
      array(select jsonb_array_elements_text(v_row -> 'tags')),
      (v_row ->> 'distribution_permission')::boolean, v_row -> 'prospect',
      (v_row ->> 'submit')::boolean, v_row ->> 'source', v_row ->> 'external_ref',
      (v_row ->> 'received_at')::timestamptz) c;
    return next;
  end loop;
end
$$;
comment on function app.create_leads(uuid, jsonb) is
  'Creates the leads of a file; those with the person''s consent and a contact are submitted at once.';
grant execute on function app.create_leads(uuid, jsonb) to kollegium_api;

-- The report of a file, for who may put leads into the marketplace; 404 for anybody else.
create or replace function app.record_import(p_marketplace uuid, p_report jsonb, p_rows jsonb)
returns uuid language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_id constant uuid := app_private.new_id();
begin
  -- A file without a usable row created no lead that would have asked.
  perform app_private.intake_card(p_marketplace, v_caller);
  insert into app.lead_import (marketplace_id, id, company_id, colleague_id, file_name, format,
    encoding, separator, imported, duplicates, refused)
  select p_marketplace, v_id, v_caller.company_id, v_caller.colleague_id, r.file_name, r.format,
    r.encoding, r.separator, r.imported, r.duplicates, r.refused
  from jsonb_populate_record(null::app.lead_import, p_report) r;
  insert into app.lead_import_row (marketplace_id, import_id, row_number, company_id, outcome,
    lead_id, code, field, detail, warnings)
  select p_marketplace, v_id, r.row_number, v_caller.company_id, r.outcome, r.lead_id, r.code,
    r.field, coalesce(r.detail, '{}'), coalesce(r.warnings, '[]')
  from jsonb_populate_recordset(null::app.lead_import_row, p_rows) r;
  return v_id;
end
$$;
comment on function app.record_import(uuid, jsonb, jsonb) is
  'Keeps the report of an import: its counts and one row for each row of the file.';
grant execute on function app.record_import(uuid, jsonb, jsonb) to kollegium_api;
