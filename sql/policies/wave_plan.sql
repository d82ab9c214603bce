-- wave_plan: Whom a marketplace offers to, and in which order, is its operator's business.
alter table app.wave_plan enable row level security;
alter table app.wave_plan force row level security;

drop policy if exists select_operator on app.wave_plan;
create policy select_operator on app.wave_plan for select to kollegium_api
  using (operator_company_id = (select app.current_company_id()));
comment on policy select_operator on app.wave_plan is 'own company''s row: the operator sees its plan';
drop policy if exists cross_broker on app.wave_plan;
create policy cross_broker on app.wave_plan for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.wave_plan is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.wave_plan to kollegium_api;
grant select, insert on app.wave_plan to kollegium_broker;
grant update (operator_company_id, waves, on_cap, recycle, version) on app.wave_plan to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: app.set_waves
