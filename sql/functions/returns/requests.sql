-- A taker asks to return a lead, and its company may want to release that first. Until it is released nothing of it
-- stands where somebody else reads: no state, no history, no version.
set local role kollegium_broker;

-- The calls that the operator is shown: those that are named, else, where the reason needs some, those that count.
-- 422 when one is named that is none of this engagement.
create or replace function app_private.shown_calls(
  p_engagement app.engagement, p_calls uuid[], p_reason jsonb)
returns jsonb language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_unknown uuid[];
begin
  select array_agg(distinct n.id) into v_unknown from unnest(p_calls) n (id)
  where not exists (select from app.call_attempt a where a.marketplace_id = p_engagement.marketplace_id
    and a.engagement_id = p_engagement.id and a.id = n.id);
  if v_unknown is not null then
    perform app_private.refuse(422, 'call-unknown', jsonb_build_object('calls', v_unknown));
  end if;
  return coalesce((select jsonb_agg(jsonb_build_object('outcome', a.outcome, 'at', a.created_at) order by a.id)
    from (select c.* from app.call_attempt c
          where c.marketplace_id = p_engagement.marketplace_id and c.engagement_id = p_engagement.id
            and case when p_calls is not null then c.id = any (p_calls)
              else app_private.needed_evidence(p_reason) <> '{"attempts": 0, "days": 0}'
                and (p_reason ->> 'code' <> 'not_reached' or c.outcome <> 'reached') end
          order by c.id desc limit 100) a), '[]');
end
$$;

-- The files that are shown: shared ones of the engagement, which the operator reads anyway. 422 for any other; what is
-- internal stays so.
create or replace function app_private.shown_files(p_engagement app.engagement, p_files uuid[])
returns uuid[] language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_unknown uuid[];
begin
  select array_agg(distinct n.id) into v_unknown from unnest(p_files) n (id)
  where not exists (select from app.message_file f where f.marketplace_id = p_engagement.marketplace_id
    and f.engagement_id = p_engagement.id and f.id = n.id);
  if v_unknown is not null then
    perform app_private.refuse(422, 'file-unknown', jsonb_build_object('files', v_unknown));
  end if;
  return coalesce(p_files, '{}');
end
$$;

-- The taker asks; until the operator decides it goes on working the lead. Where its company wants release, what a
-- member (or an API key) asks waits for a delegator or admin.
create or replace function app.request_return(
  p_marketplace uuid, p_lead uuid, p_reason text, p_comment text, p_calls uuid[] default null,
  p_files uuid[] default null)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_rules constant app.return_rules := app_private.return_rules_now(p_marketplace);
  v_waits constant boolean := v_caller.role not in ('delegator', 'admin')
    and (select c.returns_need_release from app.company c where c.id = v_caller.company_id);
  v_id constant uuid := app_private.new_id();
  v_engagement app.engagement;
  v_reason jsonb;
  v_evidence record;
begin
  v_engagement := app_private.own_engagement(p_marketplace, p_lead, v_caller.company_id, null);
  perform app_private.expect_engagement(v_engagement, array['active']);
  if (app_private.open_return(v_engagement)).state = 'waiting' then
    perform app_private.refuse(409, 'return-state', '{"state": "waiting"}');
  end if;
  v_reason := app_private.expect_return_allowed(v_engagement, v_rules, p_reason);
  v_evidence := app_private.return_evidence(v_engagement, p_reason);
  insert into app.return_request (marketplace_id, id, lead_id, engagement_id, company_id, operator_company_id, state,
    reason, comment, asked_by_id, asked_by_name, requested_at, attempts, days, calls, files)
  values (p_marketplace, v_id, p_lead, v_engagement.id, v_caller.company_id, v_engagement.operator_company_id,
    case when v_waits then 'waiting' else 'requested' end, p_reason, p_comment, v_caller.colleague_id,
    v_caller.colleague_name, case when not v_waits then app_private.clock() end, v_evidence.attempts, v_evidence.days,
    app_private.shown_calls(v_engagement, p_calls, v_reason), app_private.shown_files(v_engagement, p_files));
  if v_waits then
    perform app_private.mail('return-waiting', c.email, c.language, c.company_id, jsonb_build_object(
      'colleague', v_caller.colleague_name, 'marketplace_id', p_marketplace, 'lead', p_lead))
    from app.colleague c
    where c.company_id = v_caller.company_id and c.active and c.role in ('delegator', 'admin');
  else
    perform app_private.send_return(v_engagement, v_rules, v_reason, v_caller);
  end if;
end
$$;
comment on function app.request_return(uuid, uuid, text, text, uuid[], uuid[]) is
  'The taker asks to return the lead, with calls as evidence; it works it until the operator decides.';
grant execute on function app.request_return(uuid, uuid, text, text, uuid[], uuid[]) to kollegium_api;

-- The request of an engagement that is neither decided nor taken back.
create or replace function app_private.open_return(p_engagement app.engagement)
returns app.return_request language sql stable set search_path = pg_catalog, pg_temp
as $$
  select r from app.return_request r
  where r.marketplace_id = p_engagement.marketplace_id and r.engagement_id = p_engagement.id
    and r.state in ('waiting', 'requested')
$$;

-- From here on the operator knows of it: state, history, mail, and when silence decides. A reason that the rules
-- accept by themselves ends it at once.
create or replace function app_private.send_return(
  p_engagement app.engagement, p_rules app.return_rules, p_reason jsonb, p_caller app.caller)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_evidence constant record := app_private.return_evidence(p_engagement, p_reason ->> 'code');
  v_request app.return_request;
begin
  update app.return_request set attempts = v_evidence.attempts, days = v_evidence.days,
    remind_at = app_private.add_working_days(p_engagement.marketplace_id, requested_at, p_rules.silence_days - 1),
    silence_at = app_private.add_working_days(p_engagement.marketplace_id, requested_at, p_rules.silence_days)
  where marketplace_id = p_engagement.marketplace_id and engagement_id = p_engagement.id and state = 'requested'
  returning * into v_request;
  update app.engagement set state = 'return_requested', return_reason = v_request.reason,
    return_comment = v_request.comment, return_requested_at = v_request.requested_at
  where marketplace_id = p_engagement.marketplace_id and id = p_engagement.id;
  perform app_private.touch_lead(p_engagement.marketplace_id, p_engagement.lead_id);
  perform app_private.record(p_engagement.marketplace_id, p_engagement.lead_id, 'return-requested', p_caller,
    jsonb_strip_nulls(jsonb_build_object('reason', v_request.reason, 'comment', v_request.comment)));
  if (p_reason ->> 'automatic')::boolean then
    perform app_private.finish_return(p_engagement.marketplace_id, p_engagement.lead_id, app_private.nobody(), null,
      'reason');
  end if;
end
$$;

-- What waits inside the company goes to the operator, by a delegator or admin. What counts is when the operator gets
-- it: window, evidence and quota are asked once more.
create or replace function app.release_return(p_marketplace uuid, p_lead uuid)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_rules constant app.return_rules := app_private.return_rules_now(p_marketplace);
  v_engagement app.engagement;
  v_request app.return_request;
  v_reason jsonb;
begin
  v_engagement := app_private.own_engagement(p_marketplace, p_lead, v_caller.company_id, null);
  if v_caller.role not in ('delegator', 'admin') then
    perform app_private.refuse(403, 'delegator-required');
  end if;
  v_request := app_private.expect_open_return(v_engagement, array['waiting']);
  v_reason := app_private.expect_return_allowed(v_engagement, v_rules, v_request.reason);
  update app.return_request set state = 'requested', requested_at = app_private.clock(),
    released_by_name = v_caller.colleague_name
  where marketplace_id = p_marketplace and id = v_request.id;
  perform app_private.send_return(v_engagement, v_rules, v_reason, v_caller);
end
$$;
comment on function app.release_return(uuid, uuid) is
  'A delegator or admin releases what a colleague asked to return: the operator is told.';
grant execute on function app.release_return(uuid, uuid) to kollegium_api;

-- The open request of an engagement; 409 when there is none, or in another state.
create or replace function app_private.expect_open_return(p_engagement app.engagement, p_states text[])
returns app.return_request language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_request constant app.return_request := app_private.open_return(p_engagement);
begin
  if v_request.state is null then
    perform app_private.refuse(409, 'engagement-state', jsonb_build_object('state', p_engagement.state));
  elsif v_request.state <> all (p_states) then
    perform app_private.refuse(409, 'return-state', jsonb_build_object('state', v_request.state));
  end if;
  return v_request;
end
$$;

-- Takes a request back before the operator decides, or does not release it: by who asked, by delegators and admins;
-- by any colleague where the company wants no release.
create or replace function app.withdraw_return(p_marketplace uuid, p_lead uuid)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_engagement app.engagement;
  v_request app.return_request;
begin
  v_engagement := app_private.own_engagement(p_marketplace, p_lead, v_caller.company_id, null);
  v_request := app_private.expect_open_return(v_engagement, array['waiting', 'requested']);
  if v_caller.role not in ('delegator', 'admin') and v_request.asked_by_id is distinct from v_caller.colleague_id
     and (select c.returns_need_release from app.company c where c.id = v_caller.company_id) then
    perform app_private.refuse(403, 'delegator-required');
  end if;
  perform app_private.void_return(p_marketplace, v_engagement.id);
  if v_request.state = 'requested' then
    update app.engagement set state = 'active' where marketplace_id = p_marketplace and id = v_engagement.id;
    perform app_private.touch_lead(p_marketplace, p_lead);
    perform app_private.record(p_marketplace, p_lead, 'return-withdrawn', v_caller);
  elsif v_request.asked_by_id is distinct from v_caller.colleague_id then
    perform app_private.mail('return-not-released', c.email, c.language, c.company_id, jsonb_build_object(
      'colleague', v_caller.colleague_name, 'marketplace_id', p_marketplace, 'lead', p_lead))
    from app.colleague c
    where c.id = v_request.asked_by_id and c.company_id = v_caller.company_id and c.active;
  end if;
end
$$;
comment on function app.withdraw_return(uuid, uuid) is
  'Takes a request to return a lead back before it is decided; inside the company: it is not released.';
grant execute on function app.withdraw_return(uuid, uuid) to kollegium_api;

-- The open request of an engagement is moot: taken back, or the engagement went another way.
create or replace function app_private.void_return(p_marketplace uuid, p_engagement uuid)
returns void language sql volatile set search_path = pg_catalog, pg_temp
as $$
  update app.return_request set state = case state when 'waiting' then 'dropped' else 'withdrawn' end,
    ended_at = app_private.clock()
  where marketplace_id = p_marketplace and engagement_id = p_engagement and state in ('waiting', 'requested')
$$;
