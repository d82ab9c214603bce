-- rating: How good a lead was for its taker: seen by it and the operator. The giver, who reads the engagement, reads
-- averages of many alone (app.ratings_of).
alter table app.rating enable row level security;
alter table app.rating force row level security;

drop policy if exists select_party on app.rating;
create policy select_party on app.rating for select to kollegium_api
  using (coalesce((select app.current_company_id()) = any (parties), false));
comment on policy select_party on app.rating is 'party of the row: operator and taker';
drop policy if exists cross_broker on app.rating;
create policy cross_broker on app.rating for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.rating is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.rating to kollegium_api;
grant select, insert on app.rating to kollegium_broker;
grant update (company_id, operator_company_id, stars, reason, changed_at) on app.rating to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: app.rate_lead
