-- What has served its time is removed: by each subject, called by the worker.
set local role kollegium_broker;

-- Each subject says in its own purge_<subject>() what has served its time there, and for how long it does.
-- Returns the number of rows.
create or replace function app.purge() returns bigint
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  select app_private.purge_sessions() + app_private.purge_companies() + app_private.purge_imports()
    + app_private.purge_merges() + app_private.purge_calls() + app_private.purge_files()
    + app_private.purge_outbox() + app_private.purge_events() + app_private.purge_lead_keys()
    + app_private.purge_deliveries() + app_private.purge_meta_leads() + app_private.purge_presence()
$$;
comment on function app.purge() is 'Removes expired sessions, answers, buckets and tokens, and rows of imports after 7 days, claims of calls, parts of files that were never put in, mails that were sent or given up, events after 7 days, keys of persons that are no longer looked for, deliveries to webhooks of eight days ago, leads that Meta named 90 days after they came in, who looked at a lead.';
grant execute on function app.purge() to kollegium_worker;
