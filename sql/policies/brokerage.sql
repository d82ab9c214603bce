-- brokerage: A run of offering a lead is the operator's business.
alter table app.brokerage enable row level security;
alter table app.brokerage force row level security;

drop policy if exists select_operator on app.brokerage;
create policy select_operator on app.brokerage for select to kollegium_api
  using (operator_company_id = (select app.current_company_id()));
comment on policy select_operator on app.brokerage is 'own company''s row: the operator sees its brokerages';
drop policy if exists cross_broker on app.brokerage;
create policy cross_broker on app.brokerage for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.brokerage is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.brokerage to kollegium_api;
grant select, insert on app.brokerage to kollegium_broker;
grant update (operator_company_id, state, closed_at, wave_ends_at, wave, left_out, last_call_at) on app.brokerage to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: app.offer_lead and what ends an offer
