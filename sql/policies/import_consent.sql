-- import_consent: What a company stated of the consent of the persons in its files.
alter table app.import_consent enable row level security;
alter table app.import_consent force row level security;

drop policy if exists select_own on app.import_consent;
create policy select_own on app.import_consent for select to kollegium_api
  using (company_id = (select app.current_company_id()));
comment on policy select_own on app.import_consent is 'own company''s row: what the company stated';
drop policy if exists cross_broker on app.import_consent;
create policy cross_broker on app.import_consent for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.import_consent is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.import_consent to kollegium_api;
grant select, insert on app.import_consent to kollegium_broker;
grant update (company_id, state, row_number, leads, submitted) on app.import_consent to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: app.state_consent, app.continue_consent
