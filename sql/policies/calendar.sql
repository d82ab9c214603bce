-- calendar: When a marketplace works is its operator's to say and to read; takers see the ends of their windows.
alter table app.calendar enable row level security;
alter table app.calendar force row level security;

drop policy if exists select_operator on app.calendar;
create policy select_operator on app.calendar for select to kollegium_api
  using (operator_company_id = (select app.current_company_id()));
comment on policy select_operator on app.calendar is 'own company''s row: the operator sees its calendar';
drop policy if exists cross_broker on app.calendar;
create policy cross_broker on app.calendar for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.calendar is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.calendar to kollegium_api;
grant select, insert on app.calendar to kollegium_broker;
grant update (operator_company_id, time_zone, hours, federal_state, regional_holidays, own_days, version)
  on app.calendar to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: app.set_calendar
