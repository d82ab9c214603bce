-- The schemas, and who calls. A table each stands in a file beside this one; who sees a row in sql/policies,
-- what may change hands in sql/functions.
create schema app authorization kollegium_owner;
create schema app_private authorization kollegium_owner;
comment on schema app is 'What the service may touch: tables under row-level security, and functions.';
comment on schema app_private is 'Credentials, sessions, journals: reachable only through functions of app.';

grant usage on schema app to kollegium_api, kollegium_worker, kollegium_staff, kollegium_auditor;
grant usage, create on schema app, app_private to kollegium_broker;
-- A function is executable by nobody until a file grants it.
alter default privileges revoke execute on functions from public;
set local role kollegium_broker;
alter default privileges revoke execute on functions from public;
set local role kollegium_owner;

create type app.caller as (
  company_id uuid, company_name text, delegator_role boolean, colleague_id uuid,
  colleague_name text, email text, role text, language text, api_key_id uuid
);
comment on type app.caller is 'Who calls: company, colleague (or API key) and role, from the token.';
