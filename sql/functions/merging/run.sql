-- Rehearsing, running and undoing a merge: by staff, and by the worker when it is due.
set local role kollegium_broker;

-- The merge, locked with both companies; 404 for none, 409 when it is in another state.
create or replace function app_private.lock_merge(p_merge uuid, p_states text[])
returns app.company_merge language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_merge app.company_merge;
begin
  -- Companies before the request, as who consents does it: his are held since app.enter.
  perform app_private.lock_companies(m.survivor_company_id, m.absorbed_company_id)
  from app.company_merge m where m.id = p_merge and m.survivor_company_id is not null;
  select * into v_merge from app.company_merge where id = p_merge for update;
  if not found then
    perform app_private.refuse(404, 'not-found');
  elsif v_merge.state <> all (p_states) then
    perform app_private.refuse(409, 'merge-state',
      jsonb_build_object('state', v_merge.state, 'allowed', p_states));
  end if;
  return v_merge;
end
$$;

-- Performs the merge and takes it back: what it reports really happened. Consents to a former
-- rehearsal are void. Admins of both sides are told, with a token each.
create or replace function app.rehearse_merge(p_merge uuid)
returns jsonb language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_merge constant app.company_merge :=
    app_private.lock_merge(p_merge, array['answered', 'rehearsed', 'consented']);
  v_from constant uuid := v_merge.absorbed_company_id;
  v_to constant uuid := v_merge.survivor_company_id;
  v_id constant uuid := app_private.new_id();
  v_report jsonb;
begin
  v_report := jsonb_build_object('blocks', app_private.merge_blocks(v_from, v_to),
    'settings', app_private.merge_settings(v_from, v_to),
    'visible', app_private.newly_visible(v_from, v_to),
    'to_survivor', app_private.newly_readable(v_from, v_to),
    'to_absorbed', app_private.newly_readable(v_to, v_from));
  if v_report -> 'blocks' = '[]' then
    begin
      v_report := v_report || jsonb_build_object('rows', app_private.perform_merge(p_merge, v_from, v_to));
      set constraints all immediate;
      v_report := v_report || jsonb_build_object('effects', app_private.merge_effects(p_merge, v_from, v_to));
      raise exception using errcode = 'KGBCK';  -- back to where it was; the report stays
    exception when sqlstate 'KGBCK' then null;
    end;
  end if;
  update app.company_merge set state = 'rehearsed', rehearsal_due = false, rehearsal_id = v_id,
    rehearsal = v_report, rehearsed_at = app_private.clock(), survivor_consent_at = null, survivor_consent = null,
    absorbed_consent_at = null, absorbed_consent = null, problem = null, changed_at = app_private.clock(),
    version = version + 1
  where id = p_merge;
  perform app_private.mail_consents(p_merge);
  perform app_private.audit('merge-rehearsed', v_to, null, p_merge);
  return v_report;
end
$$;
comment on function app.rehearse_merge(uuid) is
  'Performs a merge, takes it back and keeps what it would do; former consents are void.';
grant execute on function app.rehearse_merge(uuid) to kollegium_staff;

-- Differences between what was consented to and what has just been performed, without rows that were
-- added since; an empty object: none.
create or replace function app_private.merge_drift(p_merge app.company_merge, p_now jsonb)
returns jsonb language sql immutable set search_path = pg_catalog, pg_temp
as $$
  select jsonb_strip_nulls(jsonb_build_object(
    'settings', case when p_now -> 'settings' <> r.j -> 'settings' then p_now -> 'settings' end,
    'visible', nullif(app_private.effects_beyond(p_now -> 'visible_then', r.j -> 'visible'), '[]'),
    'not_visible', nullif(app_private.effects_beyond(r.j -> 'visible', p_now -> 'visible_then'), '[]'),
    'effects', nullif(app_private.effects_beyond(p_now -> 'effects', r.j -> 'effects',
      p_merge.rehearsal_id, p_merge.rehearsed_at), '[]'),
    'no_effects', nullif(app_private.effects_beyond(r.j -> 'effects', p_now -> 'effects'), '[]')))
  from (select p_merge.rehearsal as j) r
$$;

-- The merge: one transaction. 409 merge-blocked when something forbids it, merge-drift when it would
-- do something else than was consented to, merge-consent-expired when that was more than 14 days ago.
create or replace function app.run_merge(p_merge uuid)
returns jsonb language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_merge constant app.company_merge := app_private.lock_merge(p_merge, array['consented']);
  v_from constant uuid := v_merge.absorbed_company_id;
  v_to constant uuid := v_merge.survivor_company_id;
  v_blocks jsonb;
  v_now jsonb;
  v_drift jsonb;
  v_result jsonb;
begin
  perform app_private.expect_fresh_rehearsal(v_merge);
  perform app_private.expect_colleague_features(v_from);
  perform app_private.expect_colleague_features(v_to);
  v_blocks := app_private.merge_blocks(v_from, v_to);
  if v_blocks <> '[]' then
    perform app_private.refuse(409, 'merge-blocked', jsonb_build_object('blocks', v_blocks));
  end if;
  v_now := jsonb_build_object('settings', app_private.merge_settings(v_from, v_to),
    'visible_then', app_private.newly_visible(v_from, v_to, v_merge.rehearsal_id));
  v_result := jsonb_build_object('rows', app_private.perform_merge(p_merge, v_from, v_to));
  v_now := v_now || jsonb_build_object('effects', app_private.merge_effects(p_merge, v_from, v_to));
  v_drift := app_private.merge_drift(v_merge, v_now);
  if v_drift <> '{}' then
    perform app_private.refuse(409, 'merge-drift', jsonb_build_object('drift', v_drift));
  end if;
  v_result := v_result || jsonb_build_object('effects', v_now -> 'effects', 'added',
    app_private.effects_beyond(v_now -> 'effects', v_merge.rehearsal -> 'effects'));
  update app.company_merge set state = 'done', done_at = app_private.clock(), done_id = app_private.new_id(),
    result = v_result, problem = null, changed_at = app_private.clock(), version = version + 1
  where id = p_merge;
  delete from app_private.merge_token where merge_id = p_merge;
  perform app_private.mail_merged(v_merge);
  perform app_private.tell_resync(array[v_to]);
  perform app_private.audit('merge-done', v_to, null, p_merge, jsonb_build_object('absorbed', v_from));
  return v_result;
end
$$;
comment on function app.run_merge(uuid) is
  'Merges two companies whose admins consented to the rehearsal; refuses when it would do anything else.';
grant execute on function app.run_merge(uuid) to kollegium_staff;

-- Why a merge cannot be undone, or null.
create or replace function app_private.undo_hindrance(p_merge app.company_merge)
returns jsonb language sql stable set search_path = pg_catalog, pg_temp
as $$
  select coalesce(
    case when p_merge.done_at < app_private.clock() - interval '30 days'
      then jsonb_build_object('reason', 'too-late', 'days', 30) end,
    (select jsonb_build_object('reason', 'merged-again', 'merge', m.id) from app.company_merge m
     where m.state = 'done' and m.done_id > p_merge.done_id
       and p_merge.survivor_company_id in (m.survivor_company_id, m.absorbed_company_id)
     order by m.done_id desc limit 1),
    (select jsonb_build_object('reason', 'colleague-split-off', 'split', s.id)
     from app_private.company_split s
     where s.company_id = p_merge.survivor_company_id and s.id > p_merge.done_id limit 1))
$$;

-- Back to two companies: what the merge moved goes back, what was made since stays with the survivor.
create or replace function app.undo_merge(p_merge uuid)
returns jsonb language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_merge constant app.company_merge := app_private.lock_merge(p_merge, array['done']);
  v_hindrance constant jsonb := app_private.undo_hindrance(v_merge);
  v_result jsonb;
begin
  if v_hindrance is not null then
    perform app_private.refuse(409, 'merge-not-undoable', v_hindrance);
  end if;
  v_result := app_private.perform_undo(v_merge);
  if exists (select from unnest(array[v_merge.survivor_company_id, v_merge.absorbed_company_id]) c (id)
             where exists (select from app.colleague a where a.company_id = c.id)
               and not exists (select from app.colleague a where a.company_id = c.id and a.active
                               and a.role = 'admin')) then
    perform app_private.refuse(409, 'merge-not-undoable', '{"reason": "no-admin"}');
  end if;
  update app.company_merge set state = 'undone', undone_at = app_private.clock(), undo_result = v_result,
    changed_at = app_private.clock(), version = version + 1
  where id = p_merge;
  perform app_private.mail_both('merge-undone', v_merge);
  perform app_private.tell_resync(array[v_merge.survivor_company_id, v_merge.absorbed_company_id]);
  perform app_private.audit('merge-undone', v_merge.survivor_company_id, null, p_merge,
    jsonb_build_object('absorbed', v_merge.absorbed_company_id));
  return v_result;
end
$$;
comment on function app.undo_merge(uuid) is
  'Undoes a merge within 30 days, unless the survivor merged again; lists what stays with it.';
grant execute on function app.undo_merge(uuid) to kollegium_staff;

-- What is due: one rehearsal or one merge a call, so that each has its own transaction. Returns its id,
-- or null when nothing is left. A merge that is refused tells why and waits for a new rehearsal.
create or replace function app.work_on_merges() returns uuid
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_id uuid;
  v_state text;
  v_problem jsonb;
  v_slug text;
  v_detail text;
begin
  select id, state into v_id, v_state from app.company_merge
  where rehearsal_due or (state = 'consented' and execute_at <= app_private.clock())
  order by rehearsal_due desc, execute_at, id limit 1;
  if v_id is null then
    return null;
  end if;
  begin
    if v_state = 'consented' then
      perform app.run_merge(v_id);
    else
      perform app.rehearse_merge(v_id);
    end if;
    return v_id;
  exception when sqlstate 'KG409' then
    get stacked diagnostics v_slug = constraint_name, v_detail = pg_exception_detail;
    v_problem := jsonb_build_object('slug', v_slug) || coalesce(nullif(v_detail, ''), '{}')::jsonb;
  end;
  update app.company_merge set problem = v_problem, rehearsal_due = v_slug in ('merge-drift', 'merge-consent-expired'),
    state = case when v_slug = 'merge-state' then state when rehearsal is null then 'requested'
      else 'rehearsed' end,
    survivor_consent_at = null, survivor_consent = null, absorbed_consent_at = null,
    absorbed_consent = null, changed_at = app_private.clock(), version = version + 1
  where id = v_id;
  return v_id;
end
$$;
comment on function app.work_on_merges() is
  'Rehearses or runs the next merge that is due; its id, or null when none is.';
grant execute on function app.work_on_merges() to kollegium_worker;
