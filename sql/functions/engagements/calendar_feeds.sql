-- Follow-ups in a calendar: read without a log-in, under a secret address.
set local role kollegium_broker;

-- A new address for the caller's calendar; the one before ends.
create or replace function app.open_calendar_feed(p_token text)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
begin
  if v_caller.colleague_id is null then
    perform app_private.refuse(403, 'colleague-required');
  end if;
  -- Held against himself in two places, and against who deactivates him.
  perform from app.colleague where id = v_caller.colleague_id for no key update;
  delete from app_private.calendar_feed where colleague_id = v_caller.colleague_id;
  insert into app_private.calendar_feed (colleague_id, token_sha256)
  values (v_caller.colleague_id, sha256(convert_to(p_token, 'UTF8')));
end
$$;
comment on function app.open_calendar_feed(text) is 'A secret address for the caller''s follow-ups; the one before ends.';
grant execute on function app.open_calendar_feed(text) to kollegium_api;

create or replace function app.close_calendar_feed()
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
begin
  if v_caller.colleague_id is null then
    perform app_private.refuse(403, 'colleague-required');
  end if;
  perform from app.colleague where id = v_caller.colleague_id for no key update;
  delete from app_private.calendar_feed where colleague_id = v_caller.colleague_id;
end
$$;
comment on function app.close_calendar_feed() is 'Ends the secret address of the caller''s follow-ups.';
grant execute on function app.close_calendar_feed() to kollegium_api;

-- What the calendar behind an address is told: language, and the open follow-ups of the colleague and of whom he
-- covers now, what is due next first, of leads that his company sees. Dates, ids and names of marketplaces: no text,
-- no person. Unknown addresses get a problem (returned, so that it stays counted), thirty a minute from one peer.
create or replace function app.calendar_feed(p_token text, p_peer bytea) returns jsonb
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_colleague app.colleague;
  v_wait integer;
begin
  select c.* into v_colleague from app_private.calendar_feed f
  join app.colleague c on c.id = f.colleague_id and c.active
  join app.company co on co.id = c.company_id and co.state = 'active'
  where f.token_sha256 = sha256(convert_to(p_token, 'UTF8'));
  if not found then
    v_wait := app_private.take('calendar feed ' || encode(p_peer, 'hex'), 30, interval '1 minute');
    return case when v_wait = 0 then '{"problem": "not-found"}'::jsonb
      else jsonb_build_object('problem', 'too-many-requests', 'retry_after', v_wait) end;
  end if;
  return jsonb_build_object('language', v_colleague.language, 'items', (
    select coalesce(jsonb_agg(to_jsonb(x)), '[]') from (
      select d.id, d.marketplace_id, d.lead_id, m.name as marketplace, d.due_at, d.created_at, d.version
      from app.follow_up d
      join app.lead l on l.marketplace_id = d.marketplace_id and l.id = d.lead_id
        and v_colleague.company_id = any (l.parties)
      join app.marketplace m on m.id = d.marketplace_id
      where d.company_id = v_colleague.company_id and d.done_at is null
        and d.colleague_id = any (array(select app_private.looked_after(v_colleague.company_id, v_colleague.id)))
      order by d.due_at, d.id limit 500) x));
end
$$;
comment on function app.calendar_feed(text, bytea) is 'The follow-ups behind a secret address, without text and person.';
grant execute on function app.calendar_feed(text, bytea) to kollegium_api;
