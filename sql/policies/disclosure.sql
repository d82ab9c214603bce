-- disclosure: Who received which personal data when. Seen by the operator and the recipient.
alter table app.disclosure enable row level security;
alter table app.disclosure force row level security;

drop policy if exists select_party on app.disclosure;
create policy select_party on app.disclosure for select to kollegium_api
  using (coalesce((select app.current_company_id()) = any (parties), false));
comment on policy select_party on app.disclosure is 'party of the row: operator and recipient';
drop policy if exists cross_broker on app.disclosure;
create policy cross_broker on app.disclosure for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.disclosure is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.disclosure to kollegium_api;
grant select, insert on app.disclosure to kollegium_broker;
grant update (company_id, operator_company_id) on app.disclosure to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api; of anything but the companies to the broker, who
-- moves them in a merge, and delete to anybody: it is evidence
