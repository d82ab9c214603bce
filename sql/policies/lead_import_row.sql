-- lead_import_row: One result for each row of an imported file; no personal data.
alter table app.lead_import_row enable row level security;
alter table app.lead_import_row force row level security;

drop policy if exists select_own on app.lead_import_row;
create policy select_own on app.lead_import_row for select to kollegium_api
  using (company_id = (select app.current_company_id()));
comment on policy select_own on app.lead_import_row is 'own company''s row: the company''s imports';
drop policy if exists cross_broker on app.lead_import_row;
create policy cross_broker on app.lead_import_row for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.lead_import_row is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.lead_import_row to kollegium_api;
grant select, insert on app.lead_import_row to kollegium_broker;
grant update (company_id) on app.lead_import_row to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: app.continue_import
