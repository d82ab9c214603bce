-- Jobs of the workers: leases in rows, by the clock of the database alone.
set local role kollegium_broker;

-- The lease of a slot of this job that is due and that nobody holds, for p_seconds; null: there is none now.
-- A lease that ran out is taken over: whoever held it is gone, or so slow that others go on.
create or replace function app.take_job(p_name text, p_slots integer, p_seconds integer) returns uuid
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_now constant timestamptz := app_private.clock(running => true);
  v_slot integer;
  v_lease constant uuid := app_private.new_id();
begin
  for s in 1..p_slots loop
    if not exists (select from app_private.job j where j.name = p_name and j.slot = s) then
      insert into app_private.job (name, slot) values (p_name, s) on conflict do nothing;
    end if;
  end loop;
  select j.slot into v_slot from app_private.job j
  where j.name = p_name and j.slot <= p_slots and j.due_at <= v_now
    and (j.leased_until is null or j.leased_until < v_now)
  order by j.slot limit 1 for update skip locked;
  if not found then
    return null;
  end if;
  update app_private.job set lease = v_lease, leased_until = v_now + make_interval(secs => p_seconds),
    started_at = v_now, failures = failures + (lease is not null)::integer,
    failure = case when lease is not null then 'lost' else failure end
  where name = p_name and slot = v_slot;
  return v_lease;
end
$$;
comment on function app.take_job(text, integer, integer) is
  'The lease of a job that is due and that nobody is at; null when there is none.';
grant execute on function app.take_job(text, integer, integer) to kollegium_worker;

-- Says that these are still at it; returns those that are. One that ran out and was taken over is not.
create or replace function app.keep_jobs(p_leases uuid[], p_seconds integer) returns setof uuid
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  update app_private.job set leased_until = app_private.clock(running => true) + make_interval(secs => p_seconds)
  where lease = any (p_leases) returning lease
$$;
comment on function app.keep_jobs(uuid[], integer) is 'Renews leases of jobs; returns those that still stand.';
grant execute on function app.keep_jobs(uuid[], integer) to kollegium_worker;

-- How a round ended: p_failure null means well. The next one is due p_pause seconds from now. False when the
-- lease is somebody else's by now: then what this one says counts no more.
create or replace function app.end_job(p_lease uuid, p_failure text, p_pause double precision) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_now constant timestamptz := app_private.clock(running => true);
begin
  update app_private.job set lease = null, leased_until = null, due_at = v_now + make_interval(secs => p_pause),
    succeeded_at = case when p_failure is null then v_now else succeeded_at end,
    seconds = case when p_failure is null then extract(epoch from v_now - started_at) else seconds end,
    failures = case when p_failure is null then 0 else failures + 1 end,
    failure = case when p_failure is null then null else left(p_failure, 40) end
  where lease = p_lease;
  return found;
end
$$;
comment on function app.end_job(uuid, text, double precision) is
  'Ends a round of a job, well or with a failure; false when the lease was lost.';
grant execute on function app.end_job(uuid, text, double precision) to kollegium_worker;

-- What waits for a job, counted up to a thousand.
create or replace function app_private.job_backlog(p_name text) returns bigint
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
  case p_name
    when 'offers' then
      return (select count(*) from (select from app.offer where state = 'open' and expires_at <= app_private.clock()
                                    limit 1000) w);
    when 'waves' then
      return (select count(*) from (select from app.brokerage where wave_ends_at <= app_private.clock() limit 1000) w);
    when 'last-calls' then
      return (select count(*) from (select from app.brokerage where last_call_at <= app_private.clock() limit 1000) w);
    when 'returns' then
      return (select count(*) from (select from app.return_request where state = 'requested'
                and silence_at <= app_private.clock() limit 1000) w);
    when 'comebacks' then
      return (select count(*) from (select from app_private.comeback limit 1000) w);
    when 'names' then
      return (select count(*) from (select from app.company where names_due_before is not null limit 1000) w);
    when 'reminders' then
      return (select count(*) from (select from app.follow_up where done_at is null and reminded_at is null
                and due_at <= app_private.clock() limit 1000) w);
    when 'hand-backs' then
      return (select count(*) from app_private.stalled(1000));
    when 'mails' then
      return (select count(*) from (select from app_private.outbox where kind <> 'mail' limit 1000) w);
    when 'delivery' then
      return (select count(*) from (select from app_private.outbox where kind = 'mail' and delivered_at is null
                and failed_at is null and due_at <= app_private.clock() limit 1000) w);
    when 'webhooks' then
      return (select count(*) from (select from app_private.webhook_delivery d join app_private.webhook w
                on w.id = d.webhook_id and w.state = 'active' where d.state = 'pending'
                and d.due_at <= app_private.clock() limit 1000) w);
    when 'meta-leads' then
      return (select count(*) from (select from app_private.meta_lead where state = 'waiting'
                and due_at <= app_private.clock() limit 1000) w);
    when 'pushes' then
      return (select count(*) from (select from app_private.push_message where due_at <= app_private.clock()
                                    limit 1000) w);
    when 'merges' then
      return (select count(*) from (select from app.company_merge where rehearsal_due
                or (state = 'consented' and execute_at <= app_private.clock()) limit 1000) w);
    when 'imports' then
      return (select count(*) from (select from app.lead_import where state in ('waiting', 'running')
                                    limit 1000) w);
    when 'consents' then
      return (select count(*) from (select from app.import_consent where state = 'running'
                and created_at < app_private.clock() - interval '15 seconds' limit 1000) w);
    else
      return null;
  end case;
end
$$;

-- The jobs as whoever watches them wants them: an auditor, or the metrics of a worker.
create or replace function app.jobs()
returns table (name text, running boolean, succeeded_at timestamptz, seconds double precision, failures integer,
  failure text, backlog bigint)
language sql volatile security definer set search_path = pg_catalog, pg_temp
as $$
  select j.name, bool_or(coalesce(j.leased_until > app_private.clock(running => true), false)), max(j.succeeded_at),
    (array_agg(j.seconds order by j.succeeded_at desc nulls last))[1], sum(j.failures)::integer,
    (array_agg(j.failure order by j.started_at desc nulls last))[1], app_private.job_backlog(j.name)
  from app_private.job j group by j.name order by j.name
$$;
comment on function app.jobs() is 'Jobs of the workers: last success, duration, failures since, and what waits.';
grant execute on function app.jobs() to kollegium_worker, kollegium_auditor;
