-- The wall watches itself: what was found is kept here for /readyz, metrics and the auditor; what is looked at, and what
-- it should be, stands outside of the database (service/database/drift).
set local role kollegium_broker;

-- Whether the caller is to look now: nobody did for p_age seconds, and nobody is at it.
create or replace function app.claim_watch(p_name text, p_age double precision) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_now constant timestamptz := app_private.clock(running => true);
begin
  update app_private.watch set claimed_until = v_now + interval '60 seconds'
  where name = p_name and checked_at < v_now - make_interval(secs => p_age)
    and (claimed_until is null or claimed_until < v_now);
  return found or not exists (select from app_private.watch w where w.name = p_name);
end
$$;
comment on function app.claim_watch(text, double precision) is
  'Whether the caller is to look at the wall now: nobody did for so many seconds, and nobody is at it.';
grant execute on function app.claim_watch(text, double precision) to kollegium_api, kollegium_worker;

-- Keeps what was found. What was open once stays latched, whatever is found later: who opened a wall may have closed it.
create or replace function app.record_watch(p_name text, p_level text, p_findings jsonb) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_now constant timestamptz := app_private.clock(running => true);
  v_open constant text := case when p_level = 'open' then left(coalesce(p_findings -> 0 ->> 'detail', 'open'), 1000) end;
  v_was boolean;
begin
  select w.latched_at is not null into v_was from app_private.watch w where w.name = p_name for update;
  insert into app_private.watch (name, checked_at, level, findings, latched_at, latched)
  values (p_name, v_now, p_level, p_findings, case when v_open is not null then v_now end, v_open)
  on conflict (name) do update set checked_at = excluded.checked_at, level = excluded.level,
    findings = excluded.findings, claimed_until = null,
    latched_at = coalesce(app_private.watch.latched_at, excluded.latched_at),
    latched = coalesce(app_private.watch.latched, excluded.latched);
  if v_open is not null and v_was is not true then
    perform app_private.audit('wall-open', null, null, null, jsonb_build_object('watch', p_name, 'found', v_open));
  end if;
end
$$;
comment on function app.record_watch(text, text, jsonb) is
  'Keeps what was found when the wall was looked at; what was open stays latched.';
grant execute on function app.record_watch(text, text, jsonb) to kollegium_api, kollegium_worker, kollegium_owner;

create or replace function app.watched()
returns table (name text, checked_at timestamptz, age double precision, level text, findings jsonb,
  latched_at timestamptz, latched text)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select w.name, w.checked_at, extract(epoch from app_private.clock(running => true) - w.checked_at), w.level,
    w.findings, w.latched_at, w.latched from app_private.watch w order by w.name
$$;
comment on function app.watched() is
  'What was found when the wall was last looked at, how long ago that is, and since when readiness is red for it.';
grant execute on function app.watched() to
  kollegium_api, kollegium_worker, kollegium_staff, kollegium_auditor, kollegium_owner;

-- The way back: staff says why a latch may go. What is open now keeps it.
create or replace function app.unlatch_watch(p_name text, p_reason text) returns text
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_watch app_private.watch;
begin
  select * into v_watch from app_private.watch w where w.name = p_name for update;
  if not found or v_watch.latched_at is null then
    return 'nothing is latched';
  elsif p_reason is null or length(btrim(p_reason)) not between 10 and 500 then
    return 'a reason of 10 to 500 characters is needed';
  elsif v_watch.level = 'open' then
    return 'it is still open: ' || coalesce(v_watch.findings -> 0 ->> 'detail', '');
  end if;
  update app_private.watch set latched_at = null, latched = null where name = p_name;
  perform app_private.audit('wall-unlatched', null, null, null,
    jsonb_build_object('watch', p_name, 'reason', btrim(p_reason), 'by', session_user, 'found', v_watch.latched));
  return null;
end
$$;
comment on function app.unlatch_watch(text, text) is
  'Ends a latch of readiness, with a reason, when nothing is open any more; returns why it stays, null: it is gone.';
grant execute on function app.unlatch_watch(text, text) to kollegium_staff;
