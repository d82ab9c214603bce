-- Working time between many pairs of moments at once: the calendar becomes one line of edges, in which a moment is
-- found by halving. Adding up day by day, as add_working_time does, is for one moment.
set local role kollegium_broker;

-- When work begins and ends from p_from until p_to, in turn, and how many seconds of it had passed at each edge. At
-- places of odd number (from 1) work begins. Empty arrays where it never does.
create or replace function app_private.working_edges(
  p_marketplace uuid, p_from timestamptz, p_to timestamptz, out edges timestamptz[], out sums double precision[])
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_calendar constant app.calendar := app_private.calendar_of(p_marketplace);
  v_first constant date := (p_from at time zone v_calendar.time_zone)::date - 1;
  v_days constant integer := greatest(0, (p_to at time zone v_calendar.time_zone)::date - v_first + 1);
begin
  with s as (
    select s.opens, s.closes, date_part('epoch', s.closes - s.opens) as seconds
    from generate_series(0, v_days) d cross join lateral app_private.working_spans(v_calendar, v_first + d) s
    where s.closes > s.opens),
  t as (select s.*, sum(s.seconds) over (order by s.opens) as total from s)
  select coalesce(array_agg(x.at order by x.at, x.total, x.begins), '{}'),
    coalesce(array_agg(x.total order by x.at, x.total, x.begins), '{}') into edges, sums
  from t cross join lateral (values (t.opens, t.total - t.seconds, 1), (t.closes, t.total, 0)) x (at, total, begins);
end
$$;

-- Seconds of work that had passed at a moment; p_place: width_bucket(p_at, p_edges).
create or replace function app_private.worked_at(
  p_edges timestamptz[], p_sums double precision[], p_place integer, p_at timestamptz)
returns double precision language sql immutable parallel safe
return coalesce(p_sums[p_place], 0)
  + case when p_place % 2 = 1 then date_part('epoch', p_at - p_edges[p_place]) else 0 end;

-- The smallest id that something may have that was made at a moment or later. Ids are made at that moment or after it,
-- so rows since then lie behind it in an index of ids.
create or replace function app_private.first_id(p_at timestamptz)
returns uuid language sql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$
  select encode(substring(int8send(greatest(0, floor(extract(epoch from p_at) * 1000)::bigint - 1)) from 3)
    || '\x00000000000000000000'::bytea, 'hex')::uuid
$$;
