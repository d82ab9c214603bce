-- call_claim: Who is calling now: read by his own colleagues, and by no other company.
alter table app.call_claim enable row level security;
alter table app.call_claim force row level security;

drop policy if exists select_own on app.call_claim;
create policy select_own on app.call_claim for select to kollegium_api
  using (company_id = (select app.current_company_id()));
comment on policy select_own on app.call_claim is 'own company''s row: claims of calls';
drop policy if exists cross_broker on app.call_claim;
create policy cross_broker on app.call_claim for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.call_claim is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.call_claim to kollegium_api;
grant select, insert, delete on app.call_claim to kollegium_broker;
grant update (company_id) on app.call_claim to kollegium_broker;
-- not granted: insert, delete to kollegium_api: app.claim_call, app.release_call and app.log_call take the
-- colleague from the context; update to anybody: a claim is renewed by a new one
