-- intake_key: Where leads come in for a company without a log-in; keys and secrets are not stored, only hashes.
alter table app.intake_key enable row level security;
alter table app.intake_key force row level security;

drop policy if exists select_own on app.intake_key;
create policy select_own on app.intake_key for select to kollegium_api
  using (company_id = (select app.current_company_id()));
comment on policy select_own on app.intake_key is 'own company''s row: where its leads come in';
drop policy if exists cross_broker on app.intake_key;
create policy cross_broker on app.intake_key for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.intake_key is 'broker: the functions in sql/functions decide; its grants bound them';

grant select (id, company_id, marketplace_id, kind, name, interest, origins, consent_text, created_by_id, created_at,
  revoked_at, failing_since, failure) on app.intake_key to kollegium_api;
grant select, insert on app.intake_key to kollegium_broker;
grant update (company_id, revoked_at, failing_since, failure) on app.intake_key to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: app.create_intake_key, app.revoke_intake_key; no hash is read
