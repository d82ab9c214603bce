-- Delivery of webhooks, by any number of workers: claimed with a lease, sent outside of any transaction, settled by
-- number of the attempt. So a worker that dies repeats a delivery at the worst, with the same id.
set local role kollegium_broker;

-- What is sent: type, timestamp and data as Standard Webhooks has them; data is what GET /events says, less names.
create or replace function app_private.webhook_payload(p_kind text, p_id uuid, p_at timestamptz, p_about jsonb)
returns jsonb language sql stable set search_path = pg_catalog, pg_temp
as $$
  select jsonb_build_object('type', p_kind, 'timestamp', t.at, 'data',
    jsonb_build_object('id', p_id, 'kind', p_kind, 'at', t.at) || jsonb_strip_nulls(p_about))
  from (select to_char(p_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') as at) t
$$;

-- How long after an attempt the next one may be; null: there is none any more, after about three days.
create or replace function app_private.webhook_pause(p_step integer) returns interval
language sql immutable set search_path = pg_catalog, pg_temp
as $$
  select (array['5 s', '5 min', '30 min', '2 h', '5 h', '10 h', '14 h', '20 h', '24 h'])[p_step]::interval
$$;

-- A webhook is told nothing any more, and what was on its way is given up.
create or replace function app_private.stop_webhook(p_id uuid, p_state text) returns void
language sql volatile set search_path = pg_catalog, pg_temp
as $$
  update app_private.webhook set state = p_state where id = p_id;
  update app_private.webhook_delivery set state = 'failed', failure = coalesce(failure, 'disabled'),
    lease_until = null, ended_at = app_private.clock()
  where webhook_id = p_id and state = 'pending'
$$;

-- Up to p_places deliveries that are due, for p_seconds. No receiver takes the places of others: a webhook has four
-- at once, and one while its last attempt failed or took long; all of those together have half of the 64 places that
-- all workers share. Who was served longest ago comes first. A webhook that another worker looks at now is left to it.
create or replace function app.claim_deliveries(p_places integer, p_seconds integer)
returns table (webhook_id uuid, id uuid, attempt integer, url text, secrets text[], body text)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_now constant timestamptz := app_private.clock(running => true);
  v_free integer;
  v_free_for_slow integer;
  v_ids uuid[];
  v record;
begin
  select 64 - count(*), 32 - count(*) filter (where w.slow) into v_free, v_free_for_slow
  from app_private.webhook_delivery d join app_private.webhook w on w.id = d.webhook_id
  where d.lease_until > v_now;
  v_free := least(v_free, p_places);
  for v in
    select w.id, w.url, w.slow from app_private.webhook w
    where w.state = 'active' and exists (
      select from app_private.webhook_delivery d where d.webhook_id = w.id and d.state = 'pending'
        and d.due_at <= v_now and (d.lease_until is null or d.lease_until <= v_now))
    order by w.served_at for no key update skip locked
  loop
    exit when v_free <= 0;
    continue when v.slow and v_free_for_slow <= 0;
    v_ids := array(
      select d.id from app_private.webhook_delivery d where d.webhook_id = v.id and d.state = 'pending'
        and d.due_at <= v_now and (d.lease_until is null or d.lease_until <= v_now)
      order by d.due_at, d.id
      limit greatest(0, least(v_free, case when v.slow then 1 else 4 end - (
        select count(*) from app_private.webhook_delivery b where b.webhook_id = v.id and b.lease_until > v_now))));
    continue when v_ids = '{}';
    v_free := v_free - cardinality(v_ids);
    v_free_for_slow := v_free_for_slow - case when v.slow then cardinality(v_ids) else 0 end;
    update app_private.webhook w set served_at = v_now where w.id = v.id;
    return query update app_private.webhook_delivery d set attempts = d.attempts + 1, attempted_at = v_now,
        lease_until = v_now + make_interval(secs => p_seconds)
      where d.webhook_id = v.id and d.id = any (v_ids)
      returning d.webhook_id, d.id, d.attempts, v.url, array(
        select s.secret from app_private.webhook_secret s where s.webhook_id = v.id and s.ends_at > v_now
        order by s.ends_at desc), d.payload::text;
  end loop;
end
$$;
comment on function app.claim_deliveries(integer, integer) is
  'Deliveries of webhooks that are due, for whoever sends them within so many seconds.';
grant execute on function app.claim_deliveries(integer, integer) to kollegium_worker;

-- How an attempt went: p_status is what was answered, p_failure why nothing was, or stopped: by us, it counts as none.
-- p_slow: it took long. False when another attempt has begun since; then what this one says counts no more, unless it
-- is that the receiver took it.
create or replace function app.settle_delivery(
  p_webhook uuid, p_id uuid, p_attempt integer, p_status integer, p_failure text, p_slow boolean)
returns boolean language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_now constant timestamptz := app_private.clock(running => true);
  v_taken constant boolean := coalesce(p_status between 200 and 299, false);
  v_pause interval;
  v_webhook app_private.webhook;
  v_delivery app_private.webhook_delivery;
begin
  select * into v_webhook from app_private.webhook w where w.id = p_webhook for no key update;
  select * into v_delivery from app_private.webhook_delivery d
  where d.webhook_id = p_webhook and d.id = p_id for update;
  if v_webhook.id is null or v_delivery.id is null or v_delivery.attempts <> p_attempt and not v_taken then
    return false;
  elsif p_failure = 'stopped' then
    update app_private.webhook_delivery set lease_until = null where webhook_id = p_webhook and id = p_id;
    return true;
  end if;
  v_pause := app_private.webhook_pause(v_delivery.step);
  update app_private.webhook_delivery set lease_until = null, status = p_status, step = step + 1,
    failure = case when not v_taken then coalesce(p_failure,
      case when p_status between 300 and 399 then 'redirect' else 'status' end) end,
    state = case when v_taken then 'delivered' when v_delivery.state <> 'pending' then v_delivery.state
      when v_pause is null then 'failed' else 'pending' end,
    ended_at = case when v_taken or v_pause is null then v_now else v_delivery.ended_at end,
    due_at = coalesce(v_now + v_pause, due_at)
  where webhook_id = p_webhook and id = p_id;
  update app_private.webhook set slow = p_slow or not v_taken,
    failing_since = case when not v_taken then coalesce(failing_since, v_now) end
  where id = p_webhook;
  if v_webhook.state = 'active' and not v_taken then
    perform app_private.judge_webhook(v_webhook, p_status, v_now);
  end if;
  return true;
end
$$;
comment on function app.settle_delivery(uuid, uuid, integer, integer, text, boolean) is
  'How an attempt to deliver to a webhook went.';
grant execute on function app.settle_delivery(uuid, uuid, integer, integer, text, boolean) to kollegium_worker;

-- 410 ends a webhook at once, three days without anything taken end it too; its admins are told.
create or replace function app_private.judge_webhook(
  p_webhook app_private.webhook, p_status integer, p_now timestamptz)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_state constant text := case when p_status = 410 then 'gone'
    when p_webhook.failing_since <= p_now - interval '3 days' then 'failing' end;
begin
  if v_state is not null then
    perform app_private.stop_webhook(p_webhook.id, v_state);
    perform app_private.mail_admins(case v_state when 'gone' then 'webhook-gone' else 'webhook-failing' end,
      p_webhook.company_id, jsonb_build_object('webhook', p_webhook.id,
      'name', coalesce(nullif(p_webhook.name, ''), p_webhook.id::text)));
  end if;
end
$$;

-- Seven whole days are kept: the partition of the day that comes next holds the one of eight days ago, and is emptied
-- as a whole, if nobody uses it in this moment.
create or replace function app_private.purge_deliveries() returns bigint
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_slot constant integer := (floor(extract(epoch from app_private.clock()) / 86400)::bigint + 1) % 9;
begin
  if not exists (select from app_private.webhook_delivery d where d.slot = v_slot) then
    return 0;
  end if;
  execute format('lock table app_private.webhook_delivery_day_%s in access exclusive mode nowait', v_slot);
  execute format('truncate app_private.webhook_delivery_day_%s', v_slot);
  return 1;
exception when lock_not_available then
  return 0;
end
$$;
