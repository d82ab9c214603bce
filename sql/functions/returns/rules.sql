-- Which returns a marketplace takes: reasons with their evidence, window, quota, silence.
set local role kollegium_broker;

-- The rules of a marketplace; where none are set: six reasons without evidence, for 14 days, as many as one likes,
-- and five working days of silence.
create or replace function app_private.return_rules_now(p_marketplace uuid)
returns app.return_rules language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_rules app.return_rules;
begin
  select * into v_rules from app.return_rules where marketplace_id = p_marketplace;
  if not found then
    v_rules.marketplace_id := p_marketplace;
    v_rules.reasons := app_private.usual_return_reasons();
    v_rules.window_days := 14;
    v_rules.quota_days := 90;
    v_rules.silence_days := 5;
    v_rules.version := 0;
  end if;
  return v_rules;
end
$$;

create or replace function app_private.usual_return_reasons() returns jsonb
language sql immutable set search_path = pg_catalog, pg_temp
as $$
  select jsonb_agg(jsonb_build_object('code', r.code, 'label', jsonb_build_object('de', r.de, 'en', r.en),
    'evidence', '{}'::jsonb, 'automatic', false) order by r.place)
  from (values
    (1, 'wrong_number', 'Falsche Nummer', 'Wrong number'),
    (2, 'not_reached', 'Nicht erreicht', 'Not reached'),
    (3, 'duplicate', 'Schon bekannt', 'Known already'),
    (4, 'not_interested', 'Kein Interesse', 'Not interested'),
    (5, 'outside_area', 'Außerhalb des Gebiets', 'Outside the area'),
    (6, 'other', 'Anderer Grund', 'Another reason')) r (place, code, de, en)
$$;

-- The whole rules of a marketplace of the caller's company. 412 when it is not the expected version (0: none
-- were set yet). Requests that the operator has already are decided as they were asked.
create or replace function app.set_return_rules(p_marketplace uuid, p_versions integer[], p_rules jsonb)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_marketplace constant app.marketplace := app_private.operated_marketplace(p_marketplace, v_caller.company_id);
  v_before constant app.return_rules := app_private.return_rules_now(p_marketplace);
  v app.return_rules := jsonb_populate_record(v_before, p_rules);
begin
  perform app_private.expect_version(v_before.version, p_versions);
  if v = v_before then
    return;  -- nothing changes, so no version does
  end if;
  insert into app.return_rules (marketplace_id, operator_company_id, reasons, window_days, quota_percent,
    quota_days, silence_days)
  values (p_marketplace, v_marketplace.operator_company_id, v.reasons, v.window_days, v.quota_percent,
    v.quota_days, v.silence_days)
  on conflict (marketplace_id) do update set reasons = excluded.reasons, window_days = excluded.window_days,
    quota_percent = excluded.quota_percent, quota_days = excluded.quota_days,
    silence_days = excluded.silence_days, version = app.return_rules.version + 1;
  perform app_private.audit('return-rules-changed', v_caller.company_id, v_caller.colleague_id, p_marketplace);
end
$$;
comment on function app.set_return_rules(uuid, integer[], jsonb) is
  'Sets which returns a marketplace of the caller''s company takes; keys are the columns of app.return_rules.';
grant execute on function app.set_return_rules(uuid, integer[], jsonb) to kollegium_api;

-- The rules for the operator and its partners, former ones too, which may still work leads; no row for anybody else.
create or replace function app.return_rules_of(p_marketplace uuid)
returns table (reasons jsonb, window_days integer, quota_percent integer, quota_days integer,
  silence_days integer, version integer)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_company constant uuid := app.current_company_id();
  v_rules constant app.return_rules := app_private.return_rules_now(p_marketplace);
begin
  return query
    select v_rules.reasons, v_rules.window_days, v_rules.quota_percent, v_rules.quota_days,
      v_rules.silence_days, v_rules.version
    from app.marketplace m
    where m.id = p_marketplace and (m.operator_company_id = v_company
      or exists (select from app.participation p where p.marketplace_id = m.id
                 and p.company_id = v_company and p.state in ('active', 'ended')));
end
$$;
comment on function app.return_rules_of(uuid) is
  'Which returns a marketplace takes, for its operator and its partners, former ones too.';
grant execute on function app.return_rules_of(uuid) to kollegium_api;

-- Until when an engagement may be returned: to the end of the last day, in the zone of the marketplace.
create or replace function app_private.return_until(p_engagement app.engagement, p_rules app.return_rules)
returns timestamptz language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_zone constant text := (app_private.calendar_of(p_engagement.marketplace_id)).time_zone;
begin
  return ((p_engagement.started_at at time zone v_zone)::date + p_rules.window_days + 1)::timestamp
    at time zone v_zone;
end
$$;

-- What the call log of an engagement shows for a reason: attempts, and on how many days of the marketplace's zone.
-- Who was reached was not "not reached".
create or replace function app_private.return_evidence(
  p_engagement app.engagement, p_reason text, out attempts integer, out days integer)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_zone constant text := (app_private.calendar_of(p_engagement.marketplace_id)).time_zone;
begin
  select count(*), count(distinct (a.created_at at time zone v_zone)::date) into attempts, days
  from app.call_attempt a
  where a.marketplace_id = p_engagement.marketplace_id and a.engagement_id = p_engagement.id
    and (p_reason <> 'not_reached' or a.outcome <> 'reached');
end
$$;

-- The quota of a taker, null where there is none: of the engagements that began in the last quota_days, how many
-- it returned or asks to return, and how many more it may. What waits for an answer, or for release, counts; what
-- was refused or taken back does not. An operator that took a lead itself has none.
create or replace function app_private.return_quota(p_engagement app.engagement, p_rules app.return_rules)
returns jsonb language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_since constant timestamptz := app_private.clock() - make_interval(hours => 24 * p_rules.quota_days);
  v_picks integer;
  v_used integer;
begin
  if p_rules.quota_percent is null or p_engagement.company_id = p_engagement.operator_company_id then
    return null;
  end if;
  select count(*), count(*) filter (where e.state in ('returned', 'return_requested')) into v_picks, v_used
  from app.engagement e
  where e.company_id = p_engagement.company_id and e.marketplace_id = p_engagement.marketplace_id
    and e.started_at > v_since;
  v_used := v_used + (select count(*) from app.return_request r
    join app.engagement e on e.marketplace_id = r.marketplace_id and e.id = r.engagement_id
    where r.company_id = p_engagement.company_id and r.marketplace_id = p_engagement.marketplace_id
      and r.state = 'waiting' and e.started_at > v_since);
  return jsonb_build_object('percent', p_rules.quota_percent, 'days', p_rules.quota_days, 'picks', v_picks,
    'used', v_used, 'left', greatest(0, v_picks * p_rules.quota_percent / 100 - v_used));
end
$$;

-- Whether the engagement may be returned for that reason now; returns the reason as the rules have it. The lead is
-- locked. Of two requests of one company the second waits for its card, as picks do for a cap, and counts the first.
create or replace function app_private.expect_return_allowed(
  p_engagement app.engagement, p_rules app.return_rules, p_reason text)
returns jsonb language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_reason constant jsonb := jsonb_path_query_first(p_rules.reasons, '$[*] ? (@.code == $code)',
    jsonb_build_object('code', p_reason));
  v_until constant timestamptz := app_private.return_until(p_engagement, p_rules);
  v_evidence record;
  v_quota jsonb;
begin
  if v_reason is null then
    perform app_private.refuse(422, 'return-reason-unknown', jsonb_build_object(
      'reasons', jsonb_path_query_array(p_rules.reasons, '$[*].code')));
  elsif app_private.clock() >= v_until then
    perform app_private.refuse(409, 'return-window-over', jsonb_build_object(
      'until', to_char(v_until at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')));
  end if;
  v_evidence := app_private.return_evidence(p_engagement, p_reason);
  if v_evidence.attempts < coalesce((v_reason #>> '{evidence,attempts}')::integer, 0)
     or v_evidence.days < coalesce((v_reason #>> '{evidence,days}')::integer, 0) then
    perform app_private.refuse(409, 'return-evidence-missing', jsonb_build_object('evidence',
      jsonb_build_object('attempts', v_evidence.attempts, 'days', v_evidence.days),
      'needed', app_private.needed_evidence(v_reason)));
  end if;
  if p_rules.quota_percent is not null then
    perform from app.participation
    where marketplace_id = p_engagement.marketplace_id and company_id = p_engagement.company_id
    for no key update;
    v_quota := app_private.return_quota(p_engagement, p_rules);
    -- What waits for release counts already; when it is released it is not counted against itself.
    if v_quota is not null and (v_quota ->> 'picks')::integer * p_rules.quota_percent / 100
       <= (v_quota ->> 'used')::integer - ((app_private.open_return(p_engagement)).state is not null)::integer then
      perform app_private.refuse(409, 'return-quota-reached', jsonb_build_object('quota', v_quota));
    end if;
  end if;
  return v_reason;
end
$$;

create or replace function app_private.needed_evidence(p_reason jsonb) returns jsonb
language sql immutable set search_path = pg_catalog, pg_temp
as $$
  select jsonb_build_object('attempts', coalesce((p_reason #>> '{evidence,attempts}')::integer, 0),
    'days', coalesce((p_reason #>> '{evidence,days}')::integer, 0))
$$;

-- What a taker may know before it asks: until when, for which reasons with what evidence, and how many more.
-- Null for anybody but the company that works the lead, and when it is closed.
create or replace function app.return_terms(p_marketplace uuid, p_engagement uuid)
returns jsonb language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_company constant uuid := app.current_company_id();
  v_rules constant app.return_rules := app_private.return_rules_now(p_marketplace);
  v_engagement app.engagement;
begin
  select * into v_engagement from app.engagement e
  where e.marketplace_id = p_marketplace and e.id = p_engagement and e.company_id = v_company
    and e.state in ('active', 'return_requested');
  if not found then
    return null;
  end if;
  return jsonb_build_object(
    'allowed_until', app_private.return_until(v_engagement, v_rules),
    'quota', app_private.return_quota(v_engagement, v_rules),
    'needs_release', (select c.returns_need_release from app.company c where c.id = v_company),
    'reasons', (select jsonb_agg(jsonb_build_object('code', r.reason ->> 'code', 'label', r.reason -> 'label',
        'automatic', r.reason -> 'automatic', 'needed', app_private.needed_evidence(r.reason),
        'evidence', to_jsonb(v)) order by r.n)
      from jsonb_array_elements(v_rules.reasons) with ordinality r (reason, n),
        lateral app_private.return_evidence(v_engagement, r.reason ->> 'code') v));
end
$$;
comment on function app.return_terms(uuid, uuid) is
  'Until when, why and how often the caller''s company may return a lead that it works.';
grant execute on function app.return_terms(uuid, uuid) to kollegium_api;
