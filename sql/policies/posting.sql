-- posting: What a taker owes for an engagement: seen by it and the operator. The giver, who reads the engagement,
-- does not read its price.
alter table app.posting enable row level security;
alter table app.posting force row level security;

drop policy if exists select_party on app.posting;
create policy select_party on app.posting for select to kollegium_api
  using (coalesce((select app.current_company_id()) = any (parties), false));
comment on policy select_party on app.posting is 'party of the row: operator and taker';
drop policy if exists cross_broker on app.posting;
create policy cross_broker on app.posting for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.posting is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.posting to kollegium_api;
grant select, insert on app.posting to kollegium_broker;
grant update (company_id, operator_company_id) on app.posting to kollegium_broker;
-- not granted: update of amount, kind, time or name to anybody, delete to anybody: it is evidence
-- not granted: insert to kollegium_api: a pick, an assignment and an end post
