-- company: A company sees itself. What others need of it (the name) stands on participations.
alter table app.company enable row level security;
alter table app.company force row level security;

drop policy if exists select_own on app.company;
create policy select_own on app.company for select to kollegium_api
  using (id = (select app.current_company_id()));
comment on policy select_own on app.company is 'own company''s row: a company sees itself';
drop policy if exists cross_broker on app.company;
create policy cross_broker on app.company for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.company is 'broker: the functions in sql/functions decide; its grants bound them';

grant select (id, name, state, delegator_role, language, created_at, changed_at, version, returns_need_release) on app.company to kollegium_api;
grant select, insert on app.company to kollegium_broker;
grant update (name, state, absorbed_into, delegator_role, language, changed_at, version, names_due_before, returns_need_release) on app.company to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: companies are set up by staff and changed by app.change_company
-- not granted: absorbed_into, origin_legacy_user_id to kollegium_api: nobody's business over HTTP
