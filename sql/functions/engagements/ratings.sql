-- A taker rates the lead of an engagement, and what operator and giver read of that.
set local role kollegium_broker;

-- By any colleague of the company that works or worked the lead, its latest engagement; again: the new rating counts.
-- 409 when the engagement has been over for 30 days. Nothing else of the lead changes, so nobody is told by a version.
create or replace function app.rate_lead(p_marketplace uuid, p_lead uuid, p_stars integer, p_reason text)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_company constant uuid := (app_private.caller()).company_id;
  v_engagement app.engagement;
begin
  if app_private.ever_worked(p_marketplace, p_lead, v_company) then
    -- Waits for whoever moves it to another company, and for its end.
    perform from app.lead where marketplace_id = p_marketplace and id = p_lead for key share;
  else
    perform app_private.hold_lead(p_marketplace, p_lead, v_company);
    perform app_private.refuse(403, 'taker-required');
  end if;
  select * into v_engagement from app.engagement
  where marketplace_id = p_marketplace and lead_id = p_lead and company_id = v_company order by id desc limit 1;
  if coalesce(v_engagement.closed_at, v_engagement.ended_at) < app_private.clock() - interval '30 days' then
    perform app_private.refuse(409, 'rating-window-over', '{"days": 30}');
  end if;
  insert into app.rating (marketplace_id, engagement_id, lead_id, company_id, operator_company_id, stars, reason)
  values (p_marketplace, v_engagement.id, p_lead, v_company, v_engagement.operator_company_id, p_stars, p_reason)
  on conflict (marketplace_id, engagement_id) do update
    set stars = excluded.stars, reason = excluded.reason, changed_at = app_private.clock()
    where (app.rating.stars, app.rating.reason) is distinct from (excluded.stars, excluded.reason);
end
$$;
comment on function app.rate_lead(uuid, uuid, integer, text) is
  'The taker rates the lead, once an engagement; until 30 days after its end it may rate anew.';
grant execute on function app.rate_lead(uuid, uuid, integer, text) to kollegium_api;

-- What takers said of the leads that came in within a period: per source and giver, and (source null) per giver.
-- For the operator all of it; a giver reads of its own leads an average in halves, of five ratings or more: neither
-- one rating nor who gave it can be told from that. Nobody else reads anything.
create or replace function app.ratings_of(p_marketplace uuid, p_from timestamptz, p_to timestamptz)
returns table (source text, giver_company_id uuid, giver_name text, rating jsonb)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_company constant uuid := app.current_company_id();
  v_all constant boolean := coalesce(v_company = (
    select m.operator_company_id from app.marketplace m where m.id = p_marketplace), false);
begin
  return query
    with r as (
      select l.source, l.giver_company_id, min(l.giver_name) as giver_name, avg(x.stars) as stars,
        count(x.stars) as starred, count(x.*) as rated,
        array_agg(x.reason) filter (where x.reason is not null) as reasons
      from app.lead l
      left join app.engagement e on e.marketplace_id = l.marketplace_id and e.lead_id = l.id
      left join app.rating x on x.marketplace_id = e.marketplace_id and x.engagement_id = e.id
      where l.marketplace_id = p_marketplace and l.received_at >= p_from and l.received_at < p_to
        and (v_all or l.giver_company_id = v_company)
      group by grouping sets ((l.source, l.giver_company_id), (l.giver_company_id)))
    select r.source, r.giver_company_id, r.giver_name, case when v_all
      then jsonb_build_object('stars', round(r.stars, 2), 'ratings', r.rated, 'reasons', coalesce((
        select jsonb_agg(jsonb_build_object('reason', k.reason, 'ratings', k.n) order by k.n desc, k.reason)
        from (select u.reason, count(*) as n from unnest(r.reasons) u (reason) group by u.reason) k), '[]'))
      else jsonb_build_object('stars', case when r.starred >= 5 then round(r.stars * 2) / 2 end,
        'ratings', null, 'reasons', '[]'::jsonb) end
    from r;
end
$$;
comment on function app.ratings_of(uuid, timestamptz, timestamptz) is
  'Ratings of the leads of a period by source and giver: for the operator in full, for a giver coarse averages.';
grant execute on function app.ratings_of(uuid, timestamptz, timestamptz) to kollegium_api;
