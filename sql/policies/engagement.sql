-- engagement: Company X works lead Y: seen by X, the operator and the giver. The row keeps its company.
alter table app.engagement enable row level security;
alter table app.engagement force row level security;

drop policy if exists select_party on app.engagement;
create policy select_party on app.engagement for select to kollegium_api
  using (coalesce((select app.current_company_id()) = any (parties), false));
comment on policy select_party on app.engagement is 'party of the row: taker, operator, giver';
drop policy if exists cross_broker on app.engagement;
create policy cross_broker on app.engagement for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.engagement is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.engagement to kollegium_api;
grant select, insert on app.engagement to kollegium_broker;
grant update (company_id, company_name, operator_company_id, giver_company_id, state, steps, step, picked_by_name, handler_id, handler_name, value, closed_at, return_reason, return_comment, return_requested_at, ended_at, first_contact_at) on app.engagement to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: app.change_engagement, app.close_engagement, app.request_return …
