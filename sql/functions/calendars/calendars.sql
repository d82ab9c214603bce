-- Working time: which hours a marketplace works, and when so many minutes of them have passed. SQL alone counts,
-- by the calendar's zone, whatever the session's zone is.
set local role kollegium_broker;

-- The calendar of a marketplace; where none is set: Monday to Friday from 9 to 17, Berlin, no holidays.
create or replace function app_private.calendar_of(p_marketplace uuid)
returns app.calendar language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_calendar app.calendar;
begin
  select * into v_calendar from app.calendar where marketplace_id = p_marketplace;
  if not found then
    v_calendar.marketplace_id := p_marketplace;
    v_calendar.time_zone := 'Europe/Berlin';
    v_calendar.hours := (select jsonb_object_agg(d.day, case when d.place <= 5
        then '[{"opens": "09:00", "closes": "17:00"}]'::jsonb else '[]' end)
      from unnest(app_private.days_of_the_week()) with ordinality d (day, place));
    v_calendar.regional_holidays := false;
    v_calendar.own_days := '[]';
    v_calendar.version := 0;
  end if;
  return v_calendar;
end
$$;

create or replace function app_private.days_of_the_week() returns text[]
language sql immutable set search_path = pg_catalog, pg_temp
as $$ select array['monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday', 'sunday'] $$;

-- The spans of a day as moments. An own day counts before a holiday, a holiday before the day of the week. A
-- wall-clock time that a change of the clock leaves out or repeats is read as PostgreSQL does, in winter time;
-- so a span over the change is as long as it really is, and one within what is left out is none.
create or replace function app_private.working_spans(p_calendar app.calendar, p_day date)
returns table (opens timestamptz, closes timestamptz)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_hours jsonb := jsonb_path_query_first(p_calendar.own_days, '$[*] ? (@.date == $day).hours',
    jsonb_build_object('day', to_char(p_day, 'YYYY-MM-DD')));
begin
  if v_hours is null and exists (select from app_private.holiday h
      where h.region = p_calendar.federal_state and h.day = p_day
        and (p_calendar.regional_holidays or not h.regional)) then
    return;
  end if;
  v_hours := coalesce(v_hours,
    p_calendar.hours -> (app_private.days_of_the_week())[extract(isodow from p_day)], '[]');
  return query
    select (p_day + (s.span ->> 'opens')::interval) at time zone p_calendar.time_zone,
      (p_day + (s.span ->> 'closes')::interval) at time zone p_calendar.time_zone
    from jsonb_array_elements(v_hours) with ordinality s (span, place) order by s.place;
end
$$;

-- When p_minutes of working time have passed since p_from. A calendar that opens too seldom for it to come
-- within eleven years has no answer: null.
create or replace function app_private.add_working_time(p_marketplace uuid, p_from timestamptz, p_minutes integer)
returns timestamptz language plpgsql stable strict set search_path = pg_catalog, pg_temp
as $$
declare
  v_calendar constant app.calendar := app_private.calendar_of(p_marketplace);
  v_first constant date := (p_from at time zone v_calendar.time_zone)::date;
  v_left numeric := p_minutes * 60;
  v_span record;
  v_has numeric;
begin
  for d in -1..4000 loop  -- a span of the day before may end after midnight, by a change of zone
    for v_span in select * from app_private.working_spans(v_calendar, v_first + d) loop
      v_has := extract(epoch from v_span.closes - greatest(v_span.opens, p_from));
      continue when v_has <= 0;
      if v_has >= v_left then
        return greatest(v_span.opens, p_from) + make_interval(secs => v_left::double precision);
      end if;
      v_left := v_left - v_has;
    end loop;
  end loop;
  return null;
end
$$;

-- Since when p_minutes of working time have passed until p_until: the last moment of which add_working_time says that
-- they have. Null where that is longer ago than eleven years.
create or replace function app_private.subtract_working_time(
  p_marketplace uuid, p_until timestamptz, p_minutes integer)
returns timestamptz language plpgsql stable strict set search_path = pg_catalog, pg_temp
as $$
declare
  v_calendar constant app.calendar := app_private.calendar_of(p_marketplace);
  v_last constant date := (p_until at time zone v_calendar.time_zone)::date;
  v_left numeric := p_minutes * 60;
  v_span record;
  v_has numeric;
begin
  for d in -1..4000 loop
    for v_span in select * from app_private.working_spans(v_calendar, v_last - d) s order by s.opens desc loop
      v_has := extract(epoch from least(v_span.closes, p_until) - v_span.opens);
      continue when v_has <= 0;
      if v_has >= v_left then
        return least(v_span.closes, p_until) - make_interval(secs => v_left::double precision);
      end if;
      v_left := v_left - v_has;
    end loop;
  end loop;
  return null;
end
$$;

create or replace function app.time_zone_known(p_name text) returns boolean
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$ select exists (select from pg_timezone_names z where z.name = p_name) $$;
comment on function app.time_zone_known(text) is 'Whether there is a time zone of this name.';
grant execute on function app.time_zone_known(text) to kollegium_api;

-- When work ends on the p_days-th working day after the one of p_from, in the marketplace's zone: the day on which
-- something comes in is none of its days. Null for no days, and where such a day does not come within eleven years.
create or replace function app_private.add_working_days(p_marketplace uuid, p_from timestamptz, p_days integer)
returns timestamptz language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_calendar constant app.calendar := app_private.calendar_of(p_marketplace);
  v_first constant date := (p_from at time zone v_calendar.time_zone)::date;
  v_left integer := p_days;
  v_closes timestamptz;
begin
  for d in 1..4000 loop
    exit when v_left < 1 or v_left is null;
    select max(s.closes) into v_closes from app_private.working_spans(v_calendar, v_first + d) s
    where s.closes > s.opens;
    if v_closes is not null then
      v_left := v_left - 1;
      if v_left = 0 then
        return v_closes;
      end if;
    end if;
  end loop;
  return null;
end
$$;

-- The whole calendar of a marketplace of the caller's company. 412 when it is not the expected version (0:
-- none was set yet).
create or replace function app.set_calendar(p_marketplace uuid, p_versions integer[], p_calendar jsonb)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_marketplace constant app.marketplace := app_private.operated_marketplace(p_marketplace, v_caller.company_id);
  v_before constant app.calendar := app_private.calendar_of(p_marketplace);
  v app.calendar := jsonb_populate_record(v_before, p_calendar);
begin
  perform app_private.expect_version(v_before.version, p_versions);
  if v = v_before then
    return;  -- nothing changes, so no version does
  end if;
  insert into app.calendar (marketplace_id, operator_company_id, time_zone, hours, federal_state,
    regional_holidays, own_days)
  values (p_marketplace, v_marketplace.operator_company_id, v.time_zone, v.hours, v.federal_state,
    v.regional_holidays, v.own_days)
  on conflict (marketplace_id) do update set time_zone = excluded.time_zone, hours = excluded.hours,
    federal_state = excluded.federal_state, regional_holidays = excluded.regional_holidays,
    own_days = excluded.own_days, version = app.calendar.version + 1;
  if app_private.add_working_time(p_marketplace, app_private.clock(), 40320) is null then
    perform app_private.refuse(422, 'calendar-closed');
  end if;
  perform app_private.audit('calendar-changed', v_caller.company_id, v_caller.colleague_id, p_marketplace);
end
$$;
comment on function app.set_calendar(uuid, integer[], jsonb) is
  'Sets when a marketplace of the caller''s company works; keys are the columns of app.calendar.';
grant execute on function app.set_calendar(uuid, integer[], jsonb) to kollegium_api;

-- The calendar as its operator reads it, with the holidays that are known; no row for anybody else.
create or replace function app.calendar_of(p_marketplace uuid, p_language text)
returns table (time_zone text, hours jsonb, federal_state text, regional_holidays boolean, own_days jsonb,
  version integer, holidays jsonb)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_company constant uuid := app.current_company_id();
  v_calendar constant app.calendar := app_private.calendar_of(p_marketplace);
begin
  return query
    select v_calendar.time_zone, v_calendar.hours, v_calendar.federal_state, v_calendar.regional_holidays,
      v_calendar.own_days, v_calendar.version, coalesce((select jsonb_agg(jsonb_build_object('date', h.day,
        'name', case p_language when 'de' then h.name_de else h.name_en end) order by h.day)
      from app_private.holiday h where h.region = v_calendar.federal_state
        and (v_calendar.regional_holidays or not h.regional)), '[]')
    from app.marketplace m where m.id = p_marketplace and m.operator_company_id = v_company;
end
$$;
comment on function app.calendar_of(uuid, text) is
  'When a marketplace of the caller''s company works, with its holidays by name.';
grant execute on function app.calendar_of(uuid, text) to kollegium_api;

-- Which years of holidays the worker writes: this one and the two that follow, by the database's clock.
create or replace function app.holiday_years() returns integer[]
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select array[y.y, y.y + 1, y.y + 2]
  from (select extract(year from app_private.clock() at time zone 'Europe/Berlin')::integer as y) y
$$;
comment on function app.holiday_years() is 'The years whose holidays are kept.';
grant execute on function app.holiday_years() to kollegium_worker;

-- The holidays of whole years of a region; what the list no longer names goes. Returns how many rows changed.
create or replace function app.set_holidays(p_years integer[], p_days jsonb) returns integer
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_gone integer;
  v_count integer;
begin
  delete from app_private.holiday h
  where extract(year from h.day)::integer = any (p_years) and not exists (
    select from jsonb_to_recordset(p_days) d (region text, day date) where d.region = h.region and d.day = h.day);
  get diagnostics v_gone = row_count;
  insert into app_private.holiday as h (region, day, regional, name_de, name_en)
  select d.region, d.day, d.regional, d.name_de, d.name_en
  from jsonb_to_recordset(p_days) d (region text, day date, regional boolean, name_de text, name_en text)
  order by d.region, d.day
  on conflict (region, day) do update set regional = excluded.regional, name_de = excluded.name_de,
    name_en = excluded.name_en
  where (h.regional, h.name_de, h.name_en)
    is distinct from (excluded.regional, excluded.name_de, excluded.name_en);
  get diagnostics v_count = row_count;
  return v_gone + v_count;
end
$$;
comment on function app.set_holidays(integer[], jsonb) is
  'Writes the holidays of whole years, of all regions; returns how many rows changed.';
grant execute on function app.set_holidays(integer[], jsonb) to kollegium_worker;
