-- roles.sql: who exists, and what nobody has.
--
-- Safe to repeat. Needs CREATEROLE the first time; later runs change nothing.
-- Run through `alembic upgrade head`, or by hand: psql -v ON_ERROR_STOP=1 -1 -f sql/roles.sql
--
--   kollegium_owner    owns schemas and tables, runs migrations; FORCE ROW LEVEL SECURITY binds it too
--   kollegium_broker   owns the functions that cross companies; nobody logs in as it
--   kollegium_api      the web tier: selects what the policies show, executes the functions meant for it
--   kollegium_worker   timers and the outbox, through functions only
--   kollegium_staff    sets companies up, later migrates, merges, erases; through functions only
--   kollegium_auditor  reads the catalogue and the audit log; no personal data
--
-- Not granted: SUPERUSER, BYPASSRLS, CREATEDB, CREATEROLE, REPLICATION to any of them. No role is
-- created with a password; give the ones that log in theirs with `alter role … password …`.
do $$
declare
  v_role text;
  v_roles constant text[] := array['kollegium_owner', 'kollegium_broker', 'kollegium_api',
                                   'kollegium_worker', 'kollegium_staff', 'kollegium_auditor'];
begin
  -- Two databases of one server may be migrated at once; roles belong to the server.
  perform pg_advisory_xact_lock(hashtextextended('kollegium roles', 0));
  foreach v_role in array v_roles loop
    if not exists (select from pg_catalog.pg_roles where rolname = v_role) then
      -- noinherit: a role that may become another must say so with SET ROLE. Without it the
      -- owner would pass through the policies of the broker.
      execute format('create role %I noinherit %s', v_role,
                     case v_role when 'kollegium_broker' then 'nologin' else 'login' end);
    end if;
  end loop;
  -- The owner may become each of them (noinherit: only with SET ROLE), so that commands run with the
  -- owner's log-in alone. It adds no right: as the broker he crosses companies already.
  foreach v_role in array array_remove(v_roles, 'kollegium_owner') loop
    if not pg_has_role('kollegium_owner', v_role, 'member') then
      execute format('grant %I to kollegium_owner', v_role);
    end if;
  end loop;
  if not pg_has_role(current_user, 'kollegium_owner', 'member') then
    execute format('grant kollegium_owner to %I', current_user);
  end if;
  if not has_schema_privilege('kollegium_owner', 'public', 'create') then
    grant create on schema public to kollegium_owner;
  end if;
  if not has_database_privilege('kollegium_owner', current_database(), 'create') then
    execute format('grant create on database %I to kollegium_owner', current_database());
  end if;
end
$$;

-- Limits of each role. The web tier gives up by closing its connection; the check interval is how
-- soon its statement ends then. Its lists walk indexes, whatever the server says a page costs. They are set only where they differ, so that a run without CREATEROLE passes.
do $$
declare
  v_wanted constant jsonb := '{
    "kollegium_api":     ["statement_timeout=5s", "lock_timeout=3s",
                          "idle_in_transaction_session_timeout=10s", "jit=off",
                          "client_connection_check_interval=1s",
                          "plan_cache_mode=force_generic_plan", "random_page_cost=1.1"],
    "kollegium_worker":  ["statement_timeout=30s", "lock_timeout=5s",
                          "idle_in_transaction_session_timeout=30s", "jit=off"],
    "kollegium_staff":   ["statement_timeout=10min", "lock_timeout=10s",
                          "idle_in_transaction_session_timeout=1min"],
    "kollegium_auditor": ["statement_timeout=1min", "lock_timeout=1s",
                          "idle_in_transaction_session_timeout=1min",
                          "default_transaction_read_only=on"]
  }';
  v_role text;
  v_setting text;
begin
  for v_role, v_setting in
    select r.key, s.value from jsonb_each(v_wanted) r, jsonb_array_elements_text(r.value) s
  loop
    if not exists (select from pg_catalog.pg_roles
                   where rolname = v_role and v_setting = any (rolconfig)) then
      execute format('alter role %I set %I = %L', v_role,
                     split_part(v_setting, '=', 1), split_part(v_setting, '=', 2));
    end if;
  end loop;
end
$$;
