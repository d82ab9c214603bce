-- Notices: which mails a colleague gets, and when. What is not a kind of notice (passwords, invitations, merges, what a
-- company must decide) comes to everybody, at once.
set local role kollegium_broker;

-- The kind of notice that a mail is; null: one that nobody can switch off.
create or replace function app_private.notice_of(p_template text) returns text
language sql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$
  select case
    when p_template = 'offer-opened' then 'offers'
    when p_template = 'offer-last-call' then 'last_calls'
    when p_template in ('lead-assigned', 'lead-revoked', 'lead-handed-back') then 'assignments'
    when p_template in ('lead-engaged', 'lead-unplaced', 'lead-came-back', 'lead-rejected') then 'placements'
    when p_template in ('message-received', 'file-received') then 'messages'
    when p_template ^@ 'return-' then 'returns'
    when p_template = 'follow-up-due' then 'reminders'
    when p_template = 'partner-answered' then 'partners' end
$$;

-- What a colleague chose, or what holds for who did not choose.
create or replace function app_private.notices_of(p_colleague uuid,
  out time_zone text, out digest_time time, out quiet_begins time, out quiet_ends time, out digested text[],
  out refused text[])
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
  select p.time_zone, p.digest_time, p.quiet_begins, p.quiet_ends, p.digested, p.refused
  into time_zone, digest_time, quiet_begins, quiet_ends, digested, refused
  from app_private.notice_preference p where p.colleague_id = p_colleague;
  if not found then
    time_zone := 'Europe/Berlin';
    digest_time := '08:00';
    digested := '{}';
    refused := '{}';
  end if;
end
$$;

-- When a clock on the wall shows p_at next. What a change of the clock leaves out or repeats is read in winter time, so
-- it comes once each day.
create or replace function app_private.next_at(p_after timestamptz, p_zone text, p_at time) returns timestamptz
language sql stable strict set search_path = pg_catalog, pg_temp
as $$
  select min(d.moment) from (
    select ((p_after at time zone p_zone)::date + n + p_at) at time zone p_zone as moment
    from generate_series(0, 2) n) d
  where d.moment > p_after
$$;

-- Whether a colleague wants a mail of this kind, and until when it waits for him: for the digest after it happened,
-- however late it is addressed, or for the end of quiet hours, if it is quiet now. Null: it does not wait.
create or replace function app_private.notice_wait(
  p_colleague uuid, p_notice text, p_happened timestamptz, p_now timestamptz, out wanted boolean, out until timestamptz)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v record;
  v_clock time;
begin
  wanted := true;
  if p_notice is null then
    return;
  end if;
  v := app_private.notices_of(p_colleague);
  v_clock := (p_now at time zone v.time_zone)::time;
  if p_notice = any (v.refused) then
    wanted := false;
  elsif p_notice = any (v.digested) then
    until := app_private.next_at(p_happened, v.time_zone, v.digest_time);
  elsif v.quiet_begins < v.quiet_ends and v_clock >= v.quiet_begins and v_clock < v.quiet_ends
      or v.quiet_begins > v.quiet_ends and (v_clock >= v.quiet_begins or v_clock < v.quiet_ends) then
    until := app_private.next_at(p_now, v.time_zone, v.quiet_ends);
  end if;
end
$$;

-- The one place where a choice is kept; the colleague is locked. What waits for him follows it.
create or replace function app_private.keep_notices(p_colleague uuid, p_time_zone text, p_digest_time time,
  p_quiet_begins time, p_quiet_ends time, p_digested text[], p_refused text[])
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_now constant timestamptz := app_private.clock(running => true);
begin
  delete from app_private.notice_preference where colleague_id = p_colleague;
  insert into app_private.notice_preference (colleague_id, time_zone, digest_time, quiet_begins, quiet_ends, digested,
    refused)
  values (p_colleague, p_time_zone, p_digest_time, p_quiet_begins, p_quiet_ends, p_digested, p_refused);
  delete from app_private.outbox where kind = 'waiting' and colleague_id = p_colleague and notices <@ p_refused;
  update app_private.outbox o set due_at = coalesce(w.until, v_now)
  from app_private.outbox x
  cross join lateral app_private.notice_wait(p_colleague, x.notices[1], v_now, v_now) w
  where x.kind = 'waiting' and x.colleague_id = p_colleague and o.id = x.id and o.due_at > v_now;
end
$$;

create or replace function app.my_notices(out time_zone text, out digest_time text, out quiet_begins text,
  out quiet_ends text, out digested text[], out refused text[])
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.colleague_caller();
begin
  select n.time_zone, left(n.digest_time::text, 5), left(n.quiet_begins::text, 5), left(n.quiet_ends::text, 5),
    n.digested, n.refused into time_zone, digest_time, quiet_begins, quiet_ends, digested, refused
  from app_private.notices_of(v_caller.colleague_id) n;
end
$$;
comment on function app.my_notices() is 'Which mails the caller gets, and when.';
grant execute on function app.my_notices() to kollegium_api;

create or replace function app.set_notices(p_time_zone text, p_digest_time time, p_quiet_begins time, p_quiet_ends time,
  p_digested text[], p_refused text[])
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.colleague_caller();
begin
  perform from app.colleague where id = v_caller.colleague_id for no key update;
  perform app_private.keep_notices(v_caller.colleague_id, p_time_zone, p_digest_time, p_quiet_begins, p_quiet_ends,
    p_digested, p_refused);
end
$$;
comment on function app.set_notices(text, time, time, time, text[], text[]) is
  'Which mails the caller gets, and when; replaces what he chose before.';
grant execute on function app.set_notices(text, time, time, time, text[], text[]) to kollegium_api;

-- What a link in a mail names: whom, which kinds, and that it was made here.
create or replace function app_private.unsubscribe_token(p_colleague uuid, p_notices text[]) returns text
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select t.words || '.'
    || encode(substring(sha256(s.pepper || convert_to('unsubscribe ' || t.words, 'UTF8')) for 16), 'hex')
  from app_private.secret s,
    (select 'kgu_' || replace(p_colleague::text, '-', '') || '.' || array_to_string(p_notices, '~') as words) t
$$;

-- By the link in a mail, with no log-in: mails of these kinds come to its reader no more. Says nothing, whatever the
-- token is; a repetition changes nothing.
create or replace function app.unsubscribe(p_token text) returns void
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_colleague uuid;
  v_notices text[];
  v record;
begin
  if p_token !~ '^kgu_[0-9a-f]{32}\.[a-z_~]+\.[0-9a-f]{32}$' then
    return;
  end if;
  v_colleague := substring(p_token from 5 for 32)::uuid;
  v_notices := string_to_array(split_part(p_token, '.', 2), '~');
  if p_token <> app_private.unsubscribe_token(v_colleague, v_notices) then
    return;
  end if;
  perform from app.colleague where id = v_colleague for no key update;
  v := app_private.notices_of(v_colleague);
  if not found or v_notices <@ v.refused then
    return;
  end if;
  perform app_private.keep_notices(v_colleague, v.time_zone, v.digest_time, v.quiet_begins, v.quiet_ends,
    array(select k from unnest(v.digested) k where k <> all (v_notices)),
    array(select k from unnest(v.refused || v_notices) k group by k order by k));
  perform app_private.audit('notices-unsubscribed', c.company_id, c.id, c.id)
  from app.colleague c where c.id = v_colleague;
end
$$;
comment on function app.unsubscribe(text) is 'Ends the kinds of mails that a link in one of them names; tells nothing.';
grant execute on function app.unsubscribe(text) to kollegium_api;

-- What waited for a colleague until now becomes one mail: of at most p_limit colleagues; returns of how many. One thing
-- alone comes as it is. What was for a company that he acts for no more goes. Somebody who is being looked after by
-- another worker, or whose company is being merged, is left for later.
create or replace function app.gather_mails(p_limit integer) returns integer
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_now constant timestamptz := app_private.clock(running => true);
  v record;
  v_count integer := 0;
begin
  for v in select distinct o.colleague_id from app_private.outbox o
      where o.kind = 'waiting' and o.due_at <= v_now limit p_limit loop
    perform from app.colleague c where c.id = v.colleague_id
      and pg_try_advisory_xact_lock_shared(app_private.company_lock_key(c.company_id))
      for no key update skip locked;
    if found then
      v_count := v_count + 1;
      perform app_private.gather(v.colleague_id, v_now);
    end if;
  end loop;
  return v_count;
end
$$;
comment on function app.gather_mails(integer) is
  'Makes one mail of what waited for a colleague, for each whose time has come.';
grant execute on function app.gather_mails(integer) to kollegium_worker;

-- The same for one, who is locked. A group for each kind, with its last fifty in full and the number of all.
create or replace function app_private.gather(p_colleague uuid, p_now timestamptz) returns void
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  with gone as (
    delete from app_private.outbox o where o.kind = 'waiting' and o.colleague_id = p_colleague and o.due_at <= p_now
    returning o.*
  ), waited as (
    select g.id, g.template, g.payload, g.notices, c.email, c.language, c.company_id,
      row_number() over (partition by g.notices order by g.id desc) as place
    from gone g join app.colleague c on c.id = g.colleague_id and c.active and c.company_id = g.company_id
  ), grouped as (
    select w.notices[1] as notice, count(*) as count, min(w.id::text) as first,
      jsonb_agg(jsonb_build_object('template', w.template, 'payload', w.payload) order by w.id)
        filter (where w.place <= 50) as mails
    from waited w group by w.notices
  )
  insert into app_private.outbox (id, kind, template, recipient, language, company_id, payload, created_at, due_at,
    colleague_id, notices)
  select app_private.new_id(), 'mail', case when t.count = 1 then o.template else 'digest' end, o.email, o.language,
    o.company_id,
    case when t.count = 1 then o.payload else jsonb_build_object('count', t.count, 'groups', t.groups) end, p_now, p_now, p_colleague, t.notices
  from (select sum(g.count) as count, array_agg(g.notice order by g.notice) as notices,
          jsonb_agg(jsonb_build_object('notice', g.notice, 'count', g.count, 'mails', g.mails)
            order by g.first) as groups
        from grouped g) t
  cross join lateral (select * from waited w order by w.id limit 1) o;
end
$$;
