-- lead_import: Reports of the files a company imported.
alter table app.lead_import enable row level security;
alter table app.lead_import force row level security;

drop policy if exists select_own on app.lead_import;
create policy select_own on app.lead_import for select to kollegium_api
  using (company_id = (select app.current_company_id()));
comment on policy select_own on app.lead_import is 'own company''s row: the company''s imports';
drop policy if exists cross_broker on app.lead_import;
create policy cross_broker on app.lead_import for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.lead_import is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.lead_import to kollegium_api;
grant select, insert on app.lead_import to kollegium_broker;
grant update (company_id, state, done, imported, duplicates, refused, problem, attempts, retry_at, ended_at)
  on app.lead_import to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: app.start_import, app.continue_import
