-- What changes tables, as kollegium_owner. Functions, policies and roles follow from sql/ by
-- themselves; a function that goes or gets other parameters is dropped here. What is said here of
-- tables stands in sql/tables, too: an upgraded database is compared with one that sql/ built.
-- A foreign key: alembic/blind.py says between which lines.

-- What time it is. No other function and no default asks the server (tests/policies/catalogue.py), so whoever
-- replaces the first function turns the clock of all of them; kollegium_api cannot, it owns nothing.
-- Their bodies are bound when they are created (no search path is looked at later) and the planner puts them
-- in place: a condition or default costs what now() cost, and takes the same index.
create function app_private.clock() returns timestamptz
language sql stable parallel safe return now();
comment on function app_private.clock() is
  'The time of the transaction: what the business goes by. Tests turn the clock by replacing it.';
grant execute on function app_private.clock() to kollegium_broker, kollegium_api;

-- Leases, limits and ids go by the time that runs on within a transaction.
create function app_private.clock(running boolean) returns timestamptz
language sql volatile parallel safe
return case when running then app_private.clock() + (clock_timestamp() - now()) else app_private.clock() end;
comment on function app_private.clock(boolean) is
  'running => true: the same time, going on within the transaction.';
grant execute on function app_private.clock(boolean) to kollegium_broker;

alter table app.api_key alter created_at set default app_private.clock();
alter table app_private.audit_entry alter at set default app_private.clock();
alter table app_private.bearer alter created_at set default app_private.clock();
alter table app.brokerage alter opened_at set default app_private.clock();
alter table app_private.cohort_company alter assigned_at set default app_private.clock();
alter table app.colleague alter created_at set default app_private.clock(),
  alter changed_at set default app_private.clock();
alter table app.company alter created_at set default app_private.clock(),
  alter changed_at set default app_private.clock();
alter table app.company_merge alter created_at set default app_private.clock(),
  alter changed_at set default app_private.clock();
alter table app_private.company_split alter created_at set default app_private.clock();
alter table app_private.credential alter changed_at set default app_private.clock();
alter table app.disclosure alter created_at set default app_private.clock();
alter table app.engagement alter started_at set default app_private.clock();
alter table app.history alter created_at set default app_private.clock();
alter table app_private.idempotent_answer alter created_at set default app_private.clock();
alter table app_private.import_chunk alter created_at set default app_private.clock();
alter table app.import_consent alter created_at set default app_private.clock();
alter table app.import_mapping alter saved_at set default app_private.clock();
alter table app.invitation alter created_at set default app_private.clock();
alter table app.lead alter received_at set default app_private.clock(),
  alter created_at set default app_private.clock(),
  alter changed_at set default app_private.clock();
alter table app.lead_import alter retry_at set default app_private.clock(),
  alter created_at set default app_private.clock();
alter table app_private.legacy_marketplace alter imported_at set default app_private.clock();
alter table app_private.legacy_proof alter proven_at set default app_private.clock();
alter table app_private.legacy_quarantine alter first_seen_at set default app_private.clock(),
  alter last_seen_at set default app_private.clock();
alter table app_private.legacy_user alter imported_at set default app_private.clock();
alter table app.marketplace alter created_at set default app_private.clock(),
  alter changed_at set default app_private.clock();
alter table app_private.merge_token alter created_at set default app_private.clock();
alter table app.message alter created_at set default app_private.clock();
alter table app.note alter created_at set default app_private.clock();
alter table app.offer alter opened_at set default app_private.clock();
alter table app_private.outbox alter created_at set default app_private.clock(),
  alter due_at set default app_private.clock();
alter table app.participation alter invited_at set default app_private.clock();
alter table app.partner_invitation alter created_at set default app_private.clock();
set local role kollegium_broker;
alter table legacy_staging.load alter began_at set default app_private.clock();
set local role kollegium_owner;
