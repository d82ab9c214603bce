-- Pushes are made of events, as mails are, and sent by any number of workers: claimed with a lease, sent outside of
-- any transaction, settled by the number of the attempt.
set local role kollegium_broker;

-- What was committed since the last call and is an offer becomes messages to the browsers of each colleague who wants to
-- hear of that kind: at once, for his digest, or after his quiet hours, as he chose for mails. Two callers: the second
-- has nothing to do. In a database that was restored into another server it begins anew: nobody needs the old ones.
create or replace function app.derive_pushes() returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_at constant timestamptz := app_private.clock(running => true);
  v_seen pg_snapshot;
  v_now pg_snapshot;
  v_count bigint := 0;
begin
  select r.seen into v_seen from app_private.event_reader r where r.name = 'pushes' for update skip locked;
  if not found then
    return 0;
  end if;
  v_now := pg_current_snapshot();
  if pg_snapshot_xmin(v_seen) <= pg_snapshot_xmax(v_now) then
    insert into app_private.push_message (subscription_id, event_id, kind, marketplace_id, lead_id, due_at)
    select s.id, e.id, e.kind, e.marketplace_id, e.lead_id, coalesce(w.until, v_at)
    from app.event e
    join app_private.bearer b on b.company_id = e.company_id and b.active and b.company_state = 'active'
    join app_private.push_subscription s on s.token_sha256 = b.token_sha256
    cross join lateral app_private.notice_wait(b.colleague_id,
      case e.kind when 'offer.opened' then 'offers' else 'last_calls' end, e.at, v_at) w
    where e.kind in ('offer.opened', 'offer.last_call') and w.wanted
      and e.written_by >= pg_snapshot_xmin(v_seen) and not pg_visible_in_snapshot(e.written_by, v_seen)
      and pg_visible_in_snapshot(e.written_by, v_now)
    on conflict do nothing;
    get diagnostics v_count = row_count;
  end if;
  update app_private.event_reader r set seen = v_now where r.name = 'pushes' and r.seen::text <> v_now::text;
  return v_count;
end
$$;
comment on function app.derive_pushes() is 'Makes messages to browsers of offers since the last call.';
grant execute on function app.derive_pushes() to kollegium_worker;

-- Up to p_limit browsers for which something is due, for p_seconds: one message each, of all that is due. What is over by
-- now is not told. lead_id only where it is one lead; ends_at is when the first of the offers ends.
create or replace function app.claim_pushes(p_limit integer, p_seconds integer)
returns table (subscription_id uuid, endpoint text, p256dh text, auth text, language text, event_ids uuid[],
  attempt integer, kind text, count bigint, marketplace_id uuid, lead_id uuid, ends_at timestamptz)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
#variable_conflict use_column
declare
  v_now constant timestamptz := app_private.clock(running => true);
  v record;
begin
  for v in
    select s.id, s.endpoint, s.p256dh, s.auth, c.language, b.company_id
    from app_private.push_subscription s
    join app_private.bearer b on b.token_sha256 = s.token_sha256
    join app.colleague c on c.id = b.colleague_id
    where exists (select from app_private.push_message m where m.subscription_id = s.id and m.due_at <= v_now
      and (m.lease_until is null or m.lease_until <= v_now))
    order by s.pushed_at nulls first limit p_limit for no key update of s skip locked
  loop
    delete from app_private.push_message m where m.subscription_id = v.id and m.due_at <= v_now
      and not exists (select from app.offer o where o.marketplace_id = m.marketplace_id and o.lead_id = m.lead_id
        and o.company_id = v.company_id and o.state = 'open' and o.expires_at > v_now);
    return query
    with due as (
      update app_private.push_message m set attempts = m.attempts + 1,
        lease_until = v_now + make_interval(secs => p_seconds)
      where m.subscription_id = v.id and m.due_at <= v_now and (m.lease_until is null or m.lease_until <= v_now)
      returning m.*)
    select v.id, v.endpoint, v.p256dh, v.auth, v.language, array_agg(d.event_id order by d.event_id), max(d.attempts),
      case when bool_and(d.kind = 'offer.last_call') then 'offer.last_call' else 'offer.opened' end,
      count(distinct d.lead_id), (array_agg(d.marketplace_id))[1],
      case when count(distinct d.lead_id) = 1 then (array_agg(d.lead_id))[1] end, min(o.expires_at)
    from due d
    join app.offer o on o.marketplace_id = d.marketplace_id and o.lead_id = d.lead_id
      and o.company_id = v.company_id and o.state = 'open'
    having count(*) > 0;
  end loop;
end
$$;
comment on function app.claim_pushes(integer, integer) is
  'What browsers are to be told now, for whoever sends it within so many seconds.';
grant execute on function app.claim_pushes(integer, integer) to kollegium_worker;

-- How it went. p_outcome: taken; gone: the push service does not know the browser any more; refused: it takes no such
-- message; later: not now; stopped: by us, it counts as no attempt. A browser that takes nothing for two weeks goes.
-- False when another attempt has begun since.
create or replace function app.settle_push(p_subscription uuid, p_events uuid[], p_attempt integer, p_outcome text)
returns boolean language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_now constant timestamptz := app_private.clock(running => true);
  v_subscription app_private.push_subscription;
  v_pause constant interval := (array['10 s', '1 min', '5 min', '30 min', '2 h'])[p_attempt]::interval;
begin
  select * into v_subscription from app_private.push_subscription s where s.id = p_subscription for no key update;
  if not found or p_attempt <> (select max(m.attempts) from app_private.push_message m
      where m.subscription_id = p_subscription and m.event_id = any (p_events)) then
    return false;
  end if;
  if p_outcome = 'gone' or p_outcome in ('refused', 'later')
      and v_subscription.failing_since < v_now - interval '14 days' then
    delete from app_private.push_subscription where id = p_subscription;
  elsif p_outcome = 'stopped' then
    update app_private.push_message set lease_until = null, attempts = attempts - 1
    where subscription_id = p_subscription and event_id = any (p_events);
  else
    update app_private.push_subscription set
      pushed_at = case when p_outcome = 'taken' then v_now else pushed_at end,
      failing_since = case when p_outcome <> 'taken' then coalesce(failing_since, v_now) end
    where id = p_subscription;
    if p_outcome = 'later' and v_pause is not null then
      update app_private.push_message set lease_until = null, due_at = v_now + v_pause
      where subscription_id = p_subscription and event_id = any (p_events);
    else
      delete from app_private.push_message where subscription_id = p_subscription and event_id = any (p_events);
    end if;
  end if;
  return true;
end
$$;
comment on function app.settle_push(uuid, uuid[], integer, text) is
  'How a message to a browser went: taken, gone, refused, later or stopped.';
grant execute on function app.settle_push(uuid, uuid[], integer, text) to kollegium_worker;
