-- api_key: Keys belong to the company; their tokens are not stored, only hashes in app_private.bearer.
alter table app.api_key enable row level security;
alter table app.api_key force row level security;

drop policy if exists select_own on app.api_key;
create policy select_own on app.api_key for select to kollegium_api
  using (company_id = (select app.current_company_id()));
comment on policy select_own on app.api_key is 'own company''s row: the keys of the company';
drop policy if exists cross_broker on app.api_key;
create policy cross_broker on app.api_key for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.api_key is 'broker: the functions in sql/functions decide; its grants bound them';

grant select (id, company_id, name, created_by_id, created_at, revoked_at) on app.api_key to kollegium_api;
grant select, insert on app.api_key to kollegium_broker;
grant update (company_id, name, revoked_at) on app.api_key to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: app.create_api_key, app.revoke_api_key
