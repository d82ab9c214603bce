-- call_attempt: What calls brought: read by the colleagues of the company that called. Operator and giver read none.
alter table app.call_attempt enable row level security;
alter table app.call_attempt force row level security;

drop policy if exists select_own on app.call_attempt;
create policy select_own on app.call_attempt for select to kollegium_api
  using (company_id = (select app.current_company_id()));
comment on policy select_own on app.call_attempt is 'own company''s row: its calls';
drop policy if exists cross_broker on app.call_attempt;
create policy cross_broker on app.call_attempt for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.call_attempt is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.call_attempt to kollegium_api;
grant select, insert on app.call_attempt to kollegium_broker;
grant update (company_id) on app.call_attempt to kollegium_broker;
-- not granted: insert to kollegium_api: app.log_call takes company and colleague from the context
-- not granted: update of what was entered, delete to anybody: it is evidence of a return
