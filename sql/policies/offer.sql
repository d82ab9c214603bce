-- offer: An offer is seen by the company it was made to while it is open or has won, and by the operator
-- always. Lost, declined, expired and withdrawn offers vanish for the taker.
alter table app.offer enable row level security;
alter table app.offer force row level security;

drop policy if exists select_own_or_operator on app.offer;
create policy select_own_or_operator on app.offer for select to kollegium_api
  using ((company_id = (select app.current_company_id()) and state in ('open', 'picked'))
  or operator_company_id = (select app.current_company_id()));
comment on policy select_own_or_operator on app.offer is 'own or operator''s row in a visible state';
drop policy if exists cross_broker on app.offer;
create policy cross_broker on app.offer for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.offer is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.offer to kollegium_api;
grant select, insert, delete on app.offer to kollegium_broker;
grant update (company_id, operator_company_id, company_name, state, interest, postcode_area, tags, marketplace_name, expires_at, answered_at, answered_by_name, decline_reason) on app.offer to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: app.pick_lead, app.decline_offer, app.reopen_offer
