-- Moving in: rows of the former system while a run works with them (docs/moving-in.md).
--
-- Staff fills schema legacy_staging with COPY and can read nothing there; these functions read it.
-- A load belongs to one run: its first session holds a session-level lock on the load's number, and each
-- batch one for its transaction. A run that was killed lets go of both, and the next run empties what it
-- left behind.
set local role kollegium_broker;

create or replace function app_private.legacy_load_lock(p_load integer) returns bigint
language sql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$ select hashtextextended('legacy load ' || p_load, 0) $$;

create or replace function app_private.legacy_hold_merges()
returns void language sql volatile set search_path = pg_catalog, pg_temp
as $$ select pg_advisory_xact_lock_shared(app_private.legacy_lock_key()) $$;

-- Empties what loads left that no session holds. Truncates where nobody else is at work: deleting
-- millions of rows would take as long as reading them. Truncating makes new files and new plans, so
-- a table that has nothing is left alone.
create or replace function app_private.legacy_clear_loads()
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_dead integer[];
  v_alive boolean;
  v_table name;
begin
  select array_agg(l.load) filter (where l.dead), bool_or(not l.dead) into v_dead, v_alive
  from (select load, pg_try_advisory_xact_lock(app_private.legacy_load_lock(load)) as dead
        from legacy_staging.load) l;
  for v_table in select c.relname from pg_class c
                 where c.relnamespace = 'legacy_staging'::regnamespace and c.relkind = 'r'
                   and pg_relation_size(c.oid) > 0 loop
    if coalesce(v_alive, false) then
      execute format('delete from legacy_staging.%I where load = any ($1)', v_table) using v_dead;
    else
      execute format('truncate legacy_staging.%I', v_table);
    end if;
  end loop;
end
$$;

-- Begins a load and returns its number. The session keeps it until app.legacy_end_load, or its end.
create or replace function app.legacy_begin_load(p_source text)
returns integer language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_load integer;
begin
  -- One at a time takes a number and clears; the rows of others are theirs.
  perform pg_advisory_xact_lock(hashtextextended('legacy loads', 0));
  perform app_private.legacy_clear_loads();
  select coalesce(max(load), 0) + 1 into v_load from legacy_staging.load;
  perform pg_advisory_lock_shared(app_private.legacy_load_lock(v_load));
  insert into legacy_staging.load (load, source) values (v_load, p_source);
  return v_load;
end
$$;
comment on function app.legacy_begin_load(text) is
  'Begins a load of legacy rows into legacy_staging; what dead runs left is emptied.';
grant execute on function app.legacy_begin_load(text) to kollegium_staff;

-- Every row of the load is there: gives the planner its statistics and looks at each row.
create or replace function app.legacy_seal_load(p_load integer)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_table name;
begin
  update legacy_staging.load set sealed_at = app_private.clock() where load = p_load;
  for v_table in select c.relname from pg_class c
                 where c.relnamespace = 'legacy_staging'::regnamespace and c.relkind = 'r' loop
    execute format('analyze legacy_staging.%I', v_table);
  end loop;
  perform app_private.legacy_keep_known(p_load);
  perform app_private.legacy_check_values(p_load);
  perform app_private.legacy_check_users(p_load);
  perform app_private.legacy_check_marketplaces(p_load);
  perform app_private.legacy_check_leads(p_load);
  perform app_private.legacy_check_beside_leads(p_load);
  perform app_private.legacy_check_dependents(p_load);
  -- Of rows that have nothing but a number here, no more than that is told.
  delete from legacy_staging.finding f using legacy_staging.finding w
  where f.load = p_load and w.load = p_load and w.reason in ('record-unreadable', 'not-found')
    and f.source_table = w.source_table and f.legacy_key = w.legacy_key and f.reason <> w.reason;
  analyze legacy_staging.finding;
  analyze legacy_staging.blocked;
end
$$;
comment on function app.legacy_seal_load(integer) is
  'Ends the reading of a load and finds what cannot be imported, and why.';
grant execute on function app.legacy_seal_load(integer) to kollegium_staff;

create or replace function app.legacy_end_load(p_load integer)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  perform pg_advisory_xact_lock(hashtextextended('legacy loads', 0));
  perform pg_advisory_unlock_shared(app_private.legacy_load_lock(p_load));
  perform app_private.legacy_clear_loads();
end
$$;
comment on function app.legacy_end_load(integer) is 'Ends a load: its rows go.';
grant execute on function app.legacy_end_load(integer) to kollegium_staff;

-- The id of what a legacy row becomes: a UUID of version 7 with the row's own time in front, so that
-- lists stay in their old order, and a digest of kind and number behind: the same in every run.
create or replace function app_private.legacy_id(p_kind text, p_legacy_id bigint, p_at timestamptz)
returns uuid language plpgsql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$
declare
  v_digest constant text := md5(p_kind || p_legacy_id);
begin
  -- A time that is out of range waits in quarantine, and must not end what looks at it there.
  return lpad(to_hex(floor(extract(epoch from least(greatest(p_at, '1970-01-01 00:00+00'),
      '2999-12-31 00:00+00')) * 1000)::bigint), 12, '0')
    || '7' || substr(v_digest, 1, 3) || 'a' || substr(v_digest, 4, 15);
end
$$;
