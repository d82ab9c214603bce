-- import_mapping: How a company reads the files of its sources.
alter table app.import_mapping enable row level security;
alter table app.import_mapping force row level security;

drop policy if exists select_own on app.import_mapping;
create policy select_own on app.import_mapping for select to kollegium_api
  using (company_id = (select app.current_company_id()));
comment on policy select_own on app.import_mapping is 'own company''s row: the company''s mappings';
drop policy if exists cross_broker on app.import_mapping;
create policy cross_broker on app.import_mapping for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.import_mapping is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.import_mapping to kollegium_api;
grant select, insert, delete on app.import_mapping to kollegium_broker;
grant update (company_id) on app.import_mapping to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: app.save_mapping, app.forget_mapping
