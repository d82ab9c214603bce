-- prospect: All personal data of the person behind a lead. A taker sees it from the pick on, not before.
alter table app.prospect enable row level security;
alter table app.prospect force row level security;

drop policy if exists select_party on app.prospect;
create policy select_party on app.prospect for select to kollegium_api
  using (coalesce((select app.current_company_id()) = any (parties), false));
comment on policy select_party on app.prospect is 'party of the row: the parties of the lead';
drop policy if exists cross_broker on app.prospect;
create policy cross_broker on app.prospect for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.prospect is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.prospect to kollegium_api;
grant select, insert on app.prospect to kollegium_broker;
grant update (parties, name, salutation, company, email, phone, street, postcode, city, country, answers, about) on app.prospect to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: app.create_lead, app.change_lead
