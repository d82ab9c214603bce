-- The ways back: a return that the taker asks for and the operator decides, revoking, recycling. Which reasons
-- a marketplace takes, with what evidence, how many and how long, is not decided here: whoever adds such rules asks
-- them in app_private.expect_return_allowed.
set local role kollegium_broker;

-- 422 unless the reason is one that the marketplace takes.
create or replace function app_private.expect_return_allowed(p_engagement app.engagement, p_reason text)
returns void language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_reasons constant text[] :=
    array['wrong_number', 'not_reached', 'duplicate', 'not_interested', 'outside_area', 'other'];
begin
  if p_reason is null or p_reason <> all (v_reasons) then
    perform app_private.refuse(422, 'return-reason-unknown', jsonb_build_object('reasons', v_reasons));
  end if;
end
$$;

-- The taker asks; until the operator decides it goes on working the lead.
create or replace function app.request_return(p_marketplace uuid, p_lead uuid, p_reason text, p_comment text)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_engagement app.engagement;
begin
  v_engagement := app_private.own_engagement(p_marketplace, p_lead, v_caller.company_id, null);
  perform app_private.expect_engagement(v_engagement, array['active']);
  perform app_private.expect_return_allowed(v_engagement, p_reason);
  update app.engagement set state = 'return_requested', return_reason = p_reason, return_comment = p_comment,
    return_requested_at = app_private.clock()
  where marketplace_id = p_marketplace and id = v_engagement.id;
  perform app_private.touch_lead(p_marketplace, p_lead);
  perform app_private.record(p_marketplace, p_lead, 'return-requested', v_caller,
    jsonb_strip_nulls(jsonb_build_object('reason', p_reason, 'comment', p_comment)));
  perform app_private.mail_company('return-requested', v_engagement.operator_company_id, jsonb_build_object(
    'company', v_engagement.company_name, 'lead', p_lead, 'reason', p_reason));
end
$$;
comment on function app.request_return(uuid, uuid, text, text) is
  'The taker asks to return the lead; it works it until the operator decides.';
grant execute on function app.request_return(uuid, uuid, text, text) to kollegium_api;

-- The lead, locked, and its current engagement, for who decides about it: the operator. 409 when there is none,
-- or in another state.
create or replace function app_private.engagement_to_decide(
  p_marketplace uuid, p_lead uuid, p_operator uuid, p_states text[],
  out lead app.lead, out engagement app.engagement)
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  lead := app_private.lock_lead(p_marketplace, p_lead, p_operator);
  perform app_private.expect_operator(lead, p_operator);
  if lead.engagement_id is null then
    perform app_private.expect_state(lead.state, array['engaged', 'closed']);
  end if;
  select * into engagement from app.engagement e
  where e.marketplace_id = p_marketplace and e.id = lead.engagement_id;
  perform app_private.expect_engagement(engagement, p_states);
end
$$;

-- With it the returner loses lead and person; its engagement, notes and conversation stay with it.
create or replace function app.accept_return(p_marketplace uuid, p_lead uuid, p_comment text)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v record;
begin
  v := app_private.engagement_to_decide(p_marketplace, p_lead, v_caller.company_id, array['return_requested']);
  perform app_private.record(p_marketplace, p_lead, 'returned', v_caller,
    jsonb_strip_nulls(jsonb_build_object('comment', p_comment)));
  perform app_private.take_back(v.lead, 'returned');
  perform app_private.mail_company('return-accepted', (v.engagement).company_id, jsonb_build_object(
    'operator', (v.lead).operator_name, 'lead', p_lead));
end
$$;
comment on function app.accept_return(uuid, uuid, text) is
  'The operator takes the lead back: it is available, and the returner keeps what was its own.';
grant execute on function app.accept_return(uuid, uuid, text) to kollegium_api;

create or replace function app.refuse_return(p_marketplace uuid, p_lead uuid, p_comment text)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v record;
begin
  v := app_private.engagement_to_decide(p_marketplace, p_lead, v_caller.company_id, array['return_requested']);
  update app.engagement set state = 'active' where marketplace_id = p_marketplace and id = (v.engagement).id;
  perform app_private.touch_lead(p_marketplace, p_lead);
  perform app_private.record(p_marketplace, p_lead, 'return-refused', v_caller,
    jsonb_strip_nulls(jsonb_build_object('comment', p_comment)));
  perform app_private.mail_company('return-refused', (v.engagement).company_id, jsonb_build_object(
    'operator', (v.lead).operator_name, 'lead', p_lead));
end
$$;
comment on function app.refuse_return(uuid, uuid, text) is
  'The operator refuses a return: the taker goes on working the lead.';
grant execute on function app.refuse_return(uuid, uuid, text) to kollegium_api;

create or replace function app.revoke_engagement(p_marketplace uuid, p_lead uuid, p_reason text)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v record;
begin
  v := app_private.engagement_to_decide(p_marketplace, p_lead, v_caller.company_id,
    array['active', 'return_requested']);
  perform app_private.record(p_marketplace, p_lead, 'revoked', v_caller, jsonb_build_object('reason', p_reason));
  perform app_private.take_back(v.lead, 'revoked');
  perform app_private.mail_company('lead-revoked', c.id, jsonb_build_object(
    'operator', (v.lead).operator_name, 'lead', p_lead, 'reason', p_reason))
  from unnest(array[(v.engagement).company_id]) c (id) where c.id <> v_caller.company_id;
end
$$;
comment on function app.revoke_engagement(uuid, uuid, text) is
  'The operator takes the lead from its taker; it is available again.';
grant execute on function app.revoke_engagement(uuid, uuid, text) to kollegium_api;

-- A lead that its taker closed as lost is available again; what was returned or revoked is already.
create or replace function app.recycle_lead(p_marketplace uuid, p_lead uuid)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v record;
begin
  v := app_private.engagement_to_decide(p_marketplace, p_lead, v_caller.company_id, array['lost']);
  perform app_private.record(p_marketplace, p_lead, 'recycled', v_caller);
  perform app_private.take_back(v.lead, 'lost');
end
$$;
comment on function app.recycle_lead(uuid, uuid) is
  'closed as lost → available (operator); its former taker keeps what was its own.';
grant execute on function app.recycle_lead(uuid, uuid) to kollegium_api;
