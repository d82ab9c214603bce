-- engagement_card: Names of a former taker and its colleagues: seen by it and the operator, not by the giver.
alter table app.engagement_card enable row level security;
alter table app.engagement_card force row level security;

drop policy if exists select_party on app.engagement_card;
create policy select_party on app.engagement_card for select to kollegium_api
  using (coalesce((select app.current_company_id()) = any (parties), false));
comment on policy select_party on app.engagement_card is 'party of the row: operator and taker';
drop policy if exists cross_broker on app.engagement_card;
create policy cross_broker on app.engagement_card for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.engagement_card is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.engagement_card to kollegium_api;
grant select, insert, delete on app.engagement_card to kollegium_broker;
grant update (company_id, operator_company_id) on app.engagement_card to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api; update of a name to anybody: they are evidence; delete
-- to kollegium_api: the broker deletes one when the former system takes an end back, and nothing else
