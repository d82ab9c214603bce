-- Delivery of mails by the worker: claimed with a lease, sent outside any transaction, settled by number of the
-- attempt. So a worker that dies repeats a mail at the worst, and never loses one.
set local role kollegium_broker;

-- How long after an attempt the next one may be: 1 min, 5 min, 15 min, 1 h, 4 h, then every 8 h. Null: none
-- any more, after about three days, when tokens that it holds are worth nothing.
create or replace function app_private.mail_pause(p_attempt integer) returns interval
language sql immutable set search_path = pg_catalog, pg_temp
as $$
  select case when p_attempt <= 5 then (array['1 min', '5 min', '15 min', '1 hour', '4 hours'])[p_attempt]::interval
    when p_attempt <= 13 then '8 hours' end
$$;

-- How a mail ends: with nothing left in it that could be misused.
create or replace function app_private.end_mail(p_id uuid, p_failure text) returns void
language sql volatile set search_path = pg_catalog, pg_temp
as $$
  update app_private.outbox set payload = '{}', lease_until = null, failure = p_failure,
    delivered_at = case when p_failure is null then app_private.clock() end,
    failed_at = case when p_failure is not null then app_private.clock() end
  where id = p_id
$$;

-- The p_limit mails that are due longest, for p_seconds. Those to a suppressed address end here, and those that
-- waited for three days: nobody needs them any more, and a mail server that is named late gets no flood.
create or replace function app.claim_mails(p_limit integer, p_seconds integer)
returns table (id uuid, attempt integer, template text, recipient text, language text, payload jsonb,
  created_at timestamptz, notices text[], time_zone text, unsubscribe text)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_now constant timestamptz := app_private.clock(running => true);
  v_ids uuid[];
begin
  select array_agg(d.id) into v_ids
  from (select o.id from app_private.outbox o
        where o.kind = 'mail' and o.delivered_at is null and o.failed_at is null and o.due_at <= v_now
          and (o.lease_until is null or o.lease_until < v_now)
        order by o.due_at limit p_limit for update skip locked) d;
  perform app_private.end_mail(o.id, case when s.email is not null then 'suppressed' else 'too-old' end)
  from app_private.outbox o left join app_private.suppressed_address s on s.email = lower(o.recipient)
  where o.id = any (v_ids) and (s.email is not null or o.created_at < v_now - interval '3 days');
  return query
  update app_private.outbox o set attempts = o.attempts + 1, lease_until = v_now + make_interval(secs => p_seconds)
  where o.id = any (v_ids) and o.failed_at is null
  returning o.id, o.attempts, o.template, o.recipient, o.language, o.payload, o.created_at, o.notices,
    (app_private.notices_of(o.colleague_id)).time_zone,
    case when o.notices is not null then app_private.unsubscribe_token(o.colleague_id, o.notices) end;
end
$$;
comment on function app.claim_mails(integer, integer) is
  'Mails that are due, for whoever sends them within so many seconds.';
grant execute on function app.claim_mails(integer, integer) to kollegium_worker;

-- How an attempt went. p_outcome: sent; later: the mail server says not now; unsent: no attempt of this mail, nobody
-- was reached or the mail server refuses us; refused: for good; unknown: for good, and the address does not exist.
-- p_failure are codes or a word of ours, never a text of others: those name addresses. False when another attempt
-- has begun since: then what this one says counts no more, unless it is that the mail was sent.
create or replace function app.settle_mail(p_id uuid, p_attempt integer, p_outcome text, p_failure text)
returns boolean language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_mail app_private.outbox;
  v_now constant timestamptz := app_private.clock(running => true);
begin
  select * into v_mail from app_private.outbox
  where id = p_id and delivered_at is null and failed_at is null for update;
  if not found or v_mail.attempts <> p_attempt and p_outcome <> 'sent' then
    return false;
  end if;
  case
    when p_outcome = 'sent' then
      perform app_private.end_mail(p_id, null);
    when p_outcome = 'unsent' then
      update app_private.outbox set attempts = attempts - 1, lease_until = null, failure = p_failure,
        due_at = v_now + interval '1 min'
      where id = p_id;
    when p_outcome = 'later' and app_private.mail_pause(p_attempt) is not null then
      update app_private.outbox set lease_until = null, failure = p_failure,
        due_at = v_now + app_private.mail_pause(p_attempt)
      where id = p_id;
    when p_outcome in ('later', 'refused', 'unknown') then
      perform app_private.end_mail(p_id, p_failure);
      if p_outcome = 'unknown' then
        insert into app_private.suppressed_address (email, failure) values (lower(v_mail.recipient), p_failure)
        on conflict do nothing;
      end if;
  end case;
  return true;
end
$$;
comment on function app.settle_mail(uuid, integer, text, text) is
  'How an attempt to send a mail went: sent, later, unsent, refused or unknown.';
grant execute on function app.settle_mail(uuid, integer, text, text) to kollegium_worker;

-- Mails that were given up, newest first, without what they said.
create or replace function app.failed_mails(p_limit integer)
returns table (id uuid, template text, recipient text, created_at timestamptz, failed_at timestamptz,
  attempts integer, failure text, suppressed boolean)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select o.id, o.template, o.recipient, o.created_at, o.failed_at, o.attempts, o.failure,
    exists (select from app_private.suppressed_address s where s.email = lower(o.recipient))
  from app_private.outbox o where o.failed_at is not null
  order by coalesce(o.delivered_at, o.failed_at) desc limit p_limit
$$;
comment on function app.failed_mails(integer) is 'Mails that were given up, and why; newest first.';
grant execute on function app.failed_mails(integer) to kollegium_worker;

-- An address exists again: what is written from now on is sent. False where it was not suppressed.
create or replace function app.allow_mails(p_email text) returns boolean
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
begin
  delete from app_private.suppressed_address where email = lower(p_email);
  return found;
end
$$;
comment on function app.allow_mails(text) is 'Sends to an address again that a mail server did not know.';
grant execute on function app.allow_mails(text) to kollegium_worker;

-- What was sent is kept a month, for questions; what was given up three. Some at a time.
create or replace function app_private.purge_outbox() returns bigint
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_count bigint;
begin
  delete from app_private.outbox where id in (
    select o.id from app_private.outbox o
    where (o.delivered_at is not null or o.failed_at is not null)
      and coalesce(o.delivered_at, o.failed_at)
        < app_private.clock() - case when o.failed_at is null then interval '30 days' else interval '90 days' end
    order by coalesce(o.delivered_at, o.failed_at) limit 5000);
  get diagnostics v_count = row_count;
  return v_count;
end
$$;
