-- Files of leads. A file becomes an import whose rows wait in chunks; whoever goes on with it (the request
-- that brought it, the worker) takes the next rows in a transaction of their own: their leads, their results
-- and the mark how far the import is are committed together or not at all. So an import of any size holds
-- locks for a moment only, and goes on where it was after whatever stopped it.
set local role kollegium_broker;

-- Notes down that a file is to be imported; its rows follow in the same transaction (add_import_chunk).
-- p_report: file_name, format, encoding, separator, dry_run, remarks, skipped, sheets, rows. The worker leaves it alone for so
-- many seconds, in which the caller goes on with it himself. 404, 403 for who may not put leads in.
create or replace function app.start_import(p_marketplace uuid, p_report jsonb, p_seconds integer)
returns uuid language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_id constant uuid := app_private.new_id();
  v_rows constant integer := (p_report ->> 'rows')::integer;
begin
  perform app_private.intake_card(p_marketplace, v_caller);
  insert into app.lead_import (marketplace_id, id, company_id, colleague_id, api_key_id, file_name, format,
    encoding, separator, dry_run, remarks, skipped, sheets, state, rows, retry_at, ended_at)
  values (p_marketplace, v_id, v_caller.company_id, v_caller.colleague_id,
    v_caller.api_key_id, p_report ->> 'file_name', p_report ->> 'format', p_report ->> 'encoding',
    p_report ->> 'separator', coalesce((p_report ->> 'dry_run')::boolean, false),
    coalesce(p_report -> 'remarks', '[]'), coalesce(p_report -> 'skipped', '[]'),
    coalesce(p_report -> 'sheets', '[]'),
    case v_rows when 0 then 'done' else 'waiting' end, v_rows,
    app_private.clock() + make_interval(secs => p_seconds), case v_rows when 0 then app_private.clock() end);
  perform app_private.audit('import-started', v_caller.company_id, v_caller.colleague_id, v_id);
  return v_id;
end
$$;
comment on function app.start_import(uuid, jsonb, integer) is
  'A file of leads that is to be imported; 404 or 403 for who may not put leads into the marketplace.';
grant execute on function app.start_import(uuid, jsonb, integer) to kollegium_api;

-- Its rows from 50 x p_number + 1 on, at most 50. A row is what is known of its result (row_number,
-- outcome, code, field, detail, warnings), and where a lead can be made of it the lead: interest, tags,
-- distribution_permission, submit, prospect, source, external_ref, received_at.
create or replace function app.add_import_chunk(
  p_marketplace uuid, p_import uuid, p_number integer, p_rows jsonb)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
begin
  perform from app.lead_import i
  where i.marketplace_id = p_marketplace and i.id = p_import and i.company_id = v_caller.company_id
    and i.created_at = app_private.clock()  -- made in this transaction: nobody has gone on with it
    and jsonb_array_length(p_rows) = least(50, i.rows - 50 * p_number);
  if not found then
    perform app_private.refuse(404, 'not-found');
  end if;
  insert into app_private.import_chunk (marketplace_id, import_id, number, rows)
  values (p_marketplace, p_import, p_number, p_rows);
end
$$;
comment on function app.add_import_chunk(uuid, uuid, integer, jsonb) is
  'Rows of an import that this transaction started.';
grant execute on function app.add_import_chunk(uuid, uuid, integer, jsonb) to kollegium_api;

-- As whom an import goes on: the company and the colleague (or API key) that uploaded it, as they are now;
-- a merge may have moved both. No row when the company, or he in it, is not active any more. Whoever
-- deactivates him waits for the rows that go in meanwhile.
create or replace function app_private.import_caller(p_import app.lead_import)
returns app.caller language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller app.caller;
begin
  perform from app.colleague c where c.id = p_import.colleague_id for key share;
  perform from app.api_key k where k.id = p_import.api_key_id for key share;
  select co.id, co.name, co.delegator_role, c.id, coalesce(c.name, k.name), c.email,
         coalesce(c.role, 'member'), coalesce(c.language, co.language), k.id
  into v_caller
  from app.company co
  left join app.colleague c on c.id = p_import.colleague_id and c.company_id = co.id and c.active
  left join app.api_key k on k.id = p_import.api_key_id and k.company_id = co.id and k.active
  where co.id = p_import.company_id and co.state = 'active' and num_nonnulls(c.id, k.id) = 1;
  return v_caller;
end
$$;

-- One row, with its outcome. What the database cannot take is refused for that row alone.
create or replace function app_private.import_row(p_import app.lead_import, p_caller app.caller, p_row jsonb)
returns app.lead_import_row language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_lead constant jsonb := p_row -> 'lead';
  v_row app.lead_import_row := jsonb_populate_record(null::app.lead_import_row, p_row - 'lead');
  v_created boolean;
  v_constraint text;
begin
  v_row.marketplace_id := p_import.marketplace_id;
  v_row.import_id := p_import.id;
  v_row.company_id := p_import.company_id;
  v_row.detail := coalesce(v_row.detail, '{}');
  v_row.warnings := coalesce(v_row.warnings, '[]');
  if v_lead is null then
    return v_row;
  end if;
  begin
    select l.id, l.created into v_row.lead_id, v_created from app_private.put_lead_in(p_caller,
      p_import.marketplace_id, v_lead ->> 'interest', array(select jsonb_array_elements_text(v_lead -> 'tags')),
      (v_lead ->> 'distribution_permission')::boolean, v_lead -> 'prospect',
      (v_lead ->> 'submit')::boolean, v_lead ->> 'source', v_lead ->> 'external_ref',
      (v_lead ->> 'received_at')::timestamptz) l;
    if p_import.dry_run then
      raise exception using errcode = 'KGBCK';  -- back to where it was; what it found stays
    end if;
  exception
    when sqlstate 'KGBCK' then
      v_row.lead_id := case when not v_created then v_row.lead_id end;
    when data_exception or integrity_constraint_violation or sqlstate 'KG409' or sqlstate 'KG422' then
      get stacked diagnostics v_constraint = constraint_name;
      v_row.lead_id := null;
      v_row.outcome := 'refused';
      v_row.code := 'not-storable';
      v_row.detail := jsonb_build_object(
        'en', 'The row cannot be stored as it is' || coalesce(' (' || nullif(v_constraint, '') || ').', '.'),
        'de', 'Die Zeile lässt sich so nicht speichern' || coalesce(' (' || nullif(v_constraint, '') || ').', '.'));
      return v_row;
  end;
  v_row.outcome := case when v_created then 'imported' else 'duplicate' end;
  v_row.code := case when not v_created then 'known' end;
  return v_row;
end
$$;

-- Some rows with their outcomes, all together; one by one where the database does not take one of them.
create or replace function app_private.import_together(p_import app.lead_import, p_caller app.caller, p_rows jsonb)
returns setof app.lead_import_row language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_leads constant jsonb := jsonb_path_query_array(p_rows, '$[*].lead');
  v_put jsonb := '[]';
begin
  begin
    if v_leads <> '[]' then
      select jsonb_agg(jsonb_build_array(l.lead_id, l.created) order by l.place) into v_put
      from app_private.put_leads_in(p_caller, p_import.marketplace_id, v_leads) l;
    end if;
    if p_import.dry_run then
      raise exception using errcode = 'KGBCK';  -- back to where it was; what it found stays
    end if;
  exception
    when sqlstate 'KGBCK' then null;
    when data_exception or integrity_constraint_violation or sqlstate 'KG409' or sqlstate 'KG422' then
      return query select i.* from jsonb_array_elements(p_rows) with ordinality r (line, n),
        app_private.import_row(p_import, p_caller, r.line) i order by r.n;
      return;
  end;
  return query
    select p_import.marketplace_id, p_import.id, (r.line ->> 'row_number')::integer, p_import.company_id,
      case when r.put is null then r.line ->> 'outcome' when r.created then 'imported' else 'duplicate' end,
      case when r.put is not null and not (r.created and p_import.dry_run) then (r.put ->> 0)::uuid end,
      case when r.put is null then r.line ->> 'code' when not r.created then 'known' end,
      r.line ->> 'field', coalesce(nullif(r.line -> 'detail', 'null'), '{}'),
      coalesce(nullif(r.line -> 'warnings', 'null'), '[]')
    from (
      select e.line, e.n, p.put, (p.put ->> 1)::boolean as created
      from (select e.line, e.n, count(*) filter (where e.line ? 'lead') over (order by e.n) as of_leads
            from jsonb_array_elements(p_rows) with ordinality e (line, n)) e
      left join lateral (select v_put -> (e.of_leads::integer - 1)) p (put) on e.line ? 'lead') r
    order by r.n;
end
$$;

-- The next rows of an import: the rest of a chunk, or what a second is enough for. With them how far it is. Where leads
-- are offered at once, to thousands perhaps, the first row tells how many such a second takes.
create or replace function app_private.import_rows(p_import app.lead_import, p_caller app.caller, p_seconds integer)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_until constant timestamptz := app_private.clock(running => true) + interval '1 second';
  v_chunk constant integer := p_import.done / 50;
  v_take integer := (select case when m.auto_offer then 1 else 50 end from app.marketplace m
    where m.id = p_import.marketplace_id);
  v_import app.lead_import := p_import;
  v_left numeric;
  v_rows jsonb;
begin
  select c.rows into strict v_rows from app_private.import_chunk c
  where c.marketplace_id = p_import.marketplace_id and c.import_id = p_import.id and c.number = v_chunk;
  loop
    with result as (
      insert into app.lead_import_row (marketplace_id, import_id, row_number, company_id, outcome, lead_id,
        code, field, detail, warnings)
      select r.marketplace_id, r.import_id, r.row_number, r.company_id, r.outcome, r.lead_id, r.code, r.field, r.detail,
        r.warnings
      from app_private.import_together(p_import, p_caller, jsonb_path_query_array(v_rows, '$[$begin to $end]',
        jsonb_build_object('begin', v_import.done % 50, 'end', v_import.done % 50 + v_take - 1))) r
      returning outcome)
    select v_import.done + count(*), v_import.imported + count(*) filter (where r.outcome = 'imported'),
      v_import.duplicates + count(*) filter (where r.outcome = 'duplicate'),
      v_import.refused + count(*) filter (where r.outcome = 'refused')
    into v_import.done, v_import.imported, v_import.duplicates, v_import.refused from result r;
    v_left := extract(epoch from v_until - app_private.clock(running => true));
    exit when v_import.done = v_import.rows or v_import.done / 50 > v_chunk or v_left <= 0;
    v_take := greatest(1, least(50, (v_import.done - p_import.done) * v_left / (1.000001 - v_left)));
  end loop;
  if v_import.done = v_import.rows or v_import.done / 50 > v_chunk then
    delete from app_private.import_chunk c
    where c.marketplace_id = p_import.marketplace_id and c.import_id = p_import.id and c.number = v_chunk;
  end if;
  update app.lead_import i set state = 'running', done = v_import.done, imported = v_import.imported,
    duplicates = v_import.duplicates, refused = v_import.refused, attempts = 0,
    retry_at = app_private.clock(running => true) + make_interval(secs => p_seconds)
  where i.marketplace_id = p_import.marketplace_id and i.id = p_import.id;
  if v_import.done = v_import.rows then
    perform app_private.end_import(p_import, null);
  end if;
end
$$;

-- Done, or failed for a reason; what is done stays, what is not is forgotten.
create or replace function app_private.end_import(p_import app.lead_import, p_problem text, p_sqlstate text default null)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  update app.lead_import i set state = case when p_problem is null then 'done' else 'failed' end,
    problem = p_problem, ended_at = app_private.clock(running => true)
  where i.marketplace_id = p_import.marketplace_id and i.id = p_import.id;
  delete from app_private.import_chunk c
  where c.marketplace_id = p_import.marketplace_id and c.import_id = p_import.id;
  perform app_private.audit('import-ended', p_import.company_id, p_import.colleague_id, p_import.id,
    jsonb_strip_nulls(jsonb_build_object('problem', p_problem, 'sqlstate', p_sqlstate)));
end
$$;

-- Goes on with an import by one transaction's worth; whether it did. It does not while somebody else goes on
-- with an import of this company, or the company is being merged: whoever asked comes back. Errors that pass
-- (lost races, no room, time-outs) are raised; all others end it.
create or replace function app_private.advance_import(p_marketplace uuid, p_import uuid, p_seconds integer)
returns boolean language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_company constant uuid := (select i.company_id from app.lead_import i
    where i.marketplace_id = p_marketplace and i.id = p_import);
  v_import app.lead_import;
  v_caller app.caller;
  v_state text;
begin
  if not pg_try_advisory_xact_lock(hashtextextended('import ' || v_company, 0))
     or not pg_try_advisory_xact_lock_shared(app_private.company_lock_key(v_company)) then
    return false;
  end if;
  perform app_private.hold_intake(p_marketplace, v_company);
  -- A statement of its own: it sees what was done until now, and the merge that has just ended.
  select * into v_import from app.lead_import i
  where i.marketplace_id = p_marketplace and i.id = p_import and i.company_id = v_company
    and i.state in ('waiting', 'running') for no key update;
  if not found then
    return false;
  end if;
  v_caller := app_private.import_caller(v_import);
  if v_caller.company_id is null then
    perform app_private.end_import(v_import, 'uploader-inactive');
    return true;
  end if;
  begin
    perform app_private.intake_card(p_marketplace, v_caller);
    perform app_private.import_rows(v_import, v_caller, p_seconds);
  exception
    when sqlstate 'KG403' or sqlstate 'KG404' then
      perform app_private.end_import(v_import, 'participation-inactive');
    when transaction_rollback or lock_not_available or insufficient_resources or operator_intervention
      or system_error then raise;
    when others then
      get stacked diagnostics v_state = returned_sqlstate;
      perform app_private.end_import(v_import, 'unforeseen', v_state);
  end;
  return true;
end
$$;

-- For the request that brought the file: the same in its caller's context, company by company.
create or replace function app.continue_import(p_import uuid, p_seconds integer, out state text, out went_on boolean)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_marketplace uuid;
begin
  select i.marketplace_id into v_marketplace from app.lead_import i
  where i.id = p_import and i.company_id = v_caller.company_id;
  if not found then
    perform app_private.refuse(404, 'not-found');
  end if;
  went_on := app_private.advance_import(v_marketplace, p_import, p_seconds);
  select i.state into state from app.lead_import i
  where i.marketplace_id = v_marketplace and i.id = p_import;
end
$$;
comment on function app.continue_import(uuid, integer) is
  'The next rows of an import of the caller''s company; its state, and whether it went on.';
grant execute on function app.continue_import(uuid, integer) to kollegium_api;

-- The import that is next for the worker, of each company the one that runs or the oldest; null: none.
-- Where it stopped twenty times without going on, it ends.
create or replace function app.claim_import(out marketplace_id uuid, out import_id uuid)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_import app.lead_import;
begin
  loop
    select * into v_import from app.lead_import i
    where i.state in ('waiting', 'running') and i.retry_at <= app_private.clock(running => true) and not exists (
      select from app.lead_import o where o.company_id = i.company_id and o.state in ('waiting', 'running')
        and (o.state <> 'running', o.id) < (i.state <> 'running', i.id))
    order by i.retry_at limit 1 for no key update skip locked;
    exit when not found or v_import.attempts < 20;
    perform app_private.end_import(v_import, 'interrupted');
  end loop;
  update app.lead_import i set attempts = i.attempts + 1,
    retry_at = app_private.clock(running => true) + make_interval(secs => least(60, i.attempts + 1))
  where i.marketplace_id = v_import.marketplace_id and i.id = v_import.id;
  marketplace_id := v_import.marketplace_id;
  import_id := v_import.id;
end
$$;
comment on function app.claim_import() is 'The import that the worker goes on with next; null when there is none.';
grant execute on function app.claim_import() to kollegium_worker;

-- For the worker, which has no token: company and colleague are those of the import.
create or replace function app.work_on_import(p_marketplace uuid, p_import uuid) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  if app_private.advance_import(p_marketplace, p_import, 0) then
    return true;
  end if;
  -- It had to wait for another one of the company: that was no attempt.
  perform from app.lead_import i where i.marketplace_id = p_marketplace and i.id = p_import
    and i.attempts > 0 and i.state in ('waiting', 'running') for no key update skip locked;
  if found then
    update app.lead_import i set attempts = i.attempts - 1
    where i.marketplace_id = p_marketplace and i.id = p_import;
  end if;
  return false;
end
$$;
comment on function app.work_on_import(uuid, uuid) is
  'The next rows of an import, for the company that uploaded it; false when it has to wait.';
grant execute on function app.work_on_import(uuid, uuid) to kollegium_worker;

-- Raw rows are kept for 7 days at most: what is not imported by then fails.
create or replace function app_private.purge_imports() returns bigint
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_import app.lead_import;
  v_count bigint := 0;
begin
  for v_import in
    select * from app.lead_import i where i.state in ('waiting', 'running')
      and i.created_at < app_private.clock() - interval '7 days' for no key update skip locked
  loop
    perform app_private.end_import(v_import, 'too-old');
    v_count := v_count + 1;
  end loop;
  return v_count;
end
$$;
