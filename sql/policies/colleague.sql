-- colleague: The colleagues of one company know each other; others meet their names on leads.
alter table app.colleague enable row level security;
alter table app.colleague force row level security;

drop policy if exists select_own on app.colleague;
create policy select_own on app.colleague for select to kollegium_api
  using (company_id = (select app.current_company_id()));
comment on policy select_own on app.colleague is 'own company''s row: colleagues see each other';
drop policy if exists cross_broker on app.colleague;
create policy cross_broker on app.colleague for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.colleague is 'broker: the functions in sql/functions decide; its grants bound them';

grant select (id, company_id, email, name, role, active, language, created_at, changed_at, version) on app.colleague to kollegium_api;
grant select, insert on app.colleague to kollegium_broker;
grant update (name, role, active, language, changed_at, version) on app.colleague to kollegium_broker;
-- What changes in the former system follows until the cut-over (app.legacy_change_users).
grant update (email) on app.colleague to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: roles and activity change through app.change_colleague
