-- Reading events: a process asks for whom there is something new, each stream reads its own under its own token.
--
-- A place among events is an id and the numbers of transactions that were under way when it was reached: "id" or
-- "id~number,number". What those commit later stands before the id and is new all the same; everything else that is
-- new stands after it. So nothing is left out and nothing told twice, however long a transaction lasts.
set local role kollegium_broker;

-- A name for a company that says nothing to who does not know the database's secret.
create or replace function app_private.channel_of(p_company uuid) returns text
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select encode(substring(sha256(s.pepper || convert_to('channel ' || p_company, 'UTF8')) for 16), 'hex')
  from app_private.secret s
$$;

-- Transactions that are under way, as a place has them.
create or replace function app_private.under_way() returns text
language sql stable set search_path = pg_catalog, pg_temp
as $$ select coalesce('~' || string_agg(x::text, ','), '') from pg_snapshot_xip(pg_current_snapshot()) x $$;

-- Channels with something new since p_after, which the last call returned; null: from now on. Names no company and
-- no event, so it asks for no token: a process calls it once for all of its streams.
create or replace function app.wakeups(p_after text, out after text, out channels text[])
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_after constant pg_snapshot := p_after;
begin
  after := pg_current_snapshot()::text;
  channels := array(
    select app_private.channel_of(n.company_id) from (
      select distinct e.company_id from app.event e
      where e.written_by >= pg_snapshot_xmin(v_after) and not pg_visible_in_snapshot(e.written_by, v_after)) n);
end
$$;
comment on function app.wakeups(text) is 'For which channels there are new events since the last call.';
grant execute on function app.wakeups(text) to kollegium_api;

-- The channels of these tokens, in their order; null: it is not valid (any more).
create or replace function app.channels_of(p_tokens text[]) returns text[]
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select array(
    select (select app_private.channel_of(b.company_id) from app_private.bearer b
      where b.token_sha256 = sha256(convert_to(t.token, 'UTF8')) and b.active and b.company_state = 'active'
        and b.expires_at > app_private.clock(running => true, within_statement => false))
    from unnest(p_tokens) with ordinality t (token, place) order by t.place)
$$;
comment on function app.channels_of(text[]) is 'The channels of these tokens; null where one is not valid.';
grant execute on function app.channels_of(text[]) to kollegium_api;

-- What was told to the caller's company after a place, oldest first, at most p_limit and what came late; null: from
-- now on. A place that is more than a day old is gone: then the only event is a resync and the place begins anew,
-- because the caller has to read again what it knows. reader: the colleague or API key.
create or replace function app.my_events(
  p_after text, p_limit integer, out channel text, out reader text, out place text, out pending text, out events json)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_company uuid;
  v_since constant timestamptz := app_private.clock() - interval '24 hours';
  v_id uuid := split_part(p_after, '~', 1)::uuid;
  v_late xid8[] := coalesce(string_to_array(nullif(split_part(p_after, '~', 2), ''), ',')::xid8[], '{}');
  v_ids uuid[];
begin
  select c.company_id, coalesce(c.colleague_id, c.api_key_id)::text into v_company, reader from app_private.caller() c;
  channel := app_private.channel_of(v_company);
  if v_id is null or v_id < app_private.id_at(v_since) then
    place := app_private.id_at(app_private.clock(running => true)) || app_private.under_way();
    events := case when v_id is not null then json_build_array(json_build_object('id', split_part(place, '~', 1),
      'kind', 'resync', 'at', app_private.clock())) end;
    return;
  end if;
  v_ids := array(select e.id from app.event e where e.company_id = v_company and e.id > v_id order by e.id limit p_limit);
  events := (
    select json_agg(json_strip_nulls(json_build_object('id', e.id, 'kind', e.kind, 'marketplace_id', e.marketplace_id,
      'lead_id', e.lead_id, 'engagement_id', e.engagement_id, 'version', e.version, 'actor', c.name, 'at', e.at))
      order by e.id <= v_id, e.id)
    from app.event e left join app.colleague c on c.id = e.colleague_id and c.company_id = e.company_id
    where e.company_id = v_company and (e.id = any (v_ids) or e.written_by = any (v_late) and e.id <= v_id));
  if events is null then
    place := p_after;
    return;
  end if;
  place := coalesce(v_ids[cardinality(v_ids)], v_id) || app_private.under_way();
  pending := (select '~' || string_agg(distinct x, ',') from unnest(
    string_to_array(concat_ws(',', nullif(split_part(p_after, '~', 2), ''), nullif(split_part(place, '~', 2), '')), ',')) x);
end
$$;
comment on function app.my_events(text, integer) is
  'Events of the caller''s company after a place; the place after them, and what an event before the last names beside its id.';
grant execute on function app.my_events(text, integer) to kollegium_api;

-- The first id of a moment.
create or replace function app_private.id_at(p_at timestamptz) returns uuid
language sql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$
  select encode(
    substring(int8send(floor(ms)::bigint) from 3)
    || int2send((28672 + floor((ms - floor(ms)) * 4096))::smallint) || '\x8000000000000000'::bytea, 'hex')::uuid
  from (select extract(epoch from p_at) * 1000 as ms) t
$$;
