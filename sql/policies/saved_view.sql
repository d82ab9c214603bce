-- saved_view: Lists as the colleagues of a company want to find them again.
alter table app.saved_view enable row level security;
alter table app.saved_view force row level security;

drop policy if exists select_own on app.saved_view;
create policy select_own on app.saved_view for select to kollegium_api
  using (company_id = (select app.current_company_id()));
comment on policy select_own on app.saved_view is 'own company''s row: the company''s views';
drop policy if exists cross_broker on app.saved_view;
create policy cross_broker on app.saved_view for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.saved_view is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.saved_view to kollegium_api;
grant select, insert, delete on app.saved_view to kollegium_broker;
grant update (company_id) on app.saved_view to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: app.save_view, app.forget_view
