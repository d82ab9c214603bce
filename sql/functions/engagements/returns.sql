-- The ways back: the operator decides about a return that the taker asked for (functions/returns), revokes, recycles.
set local role kollegium_broker;

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

-- The return is accepted: by the operator, or (p_automatic) by reason or silence. The returner loses lead and person;
-- its engagement, notes and conversation stay with it. The lead is locked, and a return is asked for.
create or replace function app_private.finish_return(
  p_marketplace uuid, p_lead uuid, p_caller app.caller, p_comment text, p_automatic text)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_lead app.lead;
  v_engagement app.engagement;
begin
  select * into v_lead from app.lead where marketplace_id = p_marketplace and id = p_lead;
  select * into v_engagement from app.engagement
  where marketplace_id = p_marketplace and id = v_lead.engagement_id;
  update app.return_request set state = 'accepted', automatic = p_automatic, answer = p_comment,
    ended_at = app_private.clock()
  where marketplace_id = p_marketplace and engagement_id = v_engagement.id and state = 'requested';
  perform app_private.record(p_marketplace, p_lead, 'returned', p_caller,
    jsonb_strip_nulls(jsonb_build_object('comment', p_comment, 'automatic', p_automatic)));
  perform app_private.take_back(v_lead, 'returned');
  perform app_private.come_back(v_lead, v_engagement.id);
end
$$;

create or replace function app.accept_return(p_marketplace uuid, p_lead uuid, p_comment text)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
begin
  perform app_private.engagement_to_decide(p_marketplace, p_lead, v_caller.company_id, array['return_requested']);
  perform app_private.finish_return(p_marketplace, p_lead, v_caller, p_comment, null);
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
  update app.return_request set state = 'refused', answer = p_comment, ended_at = app_private.clock()
  where marketplace_id = p_marketplace and engagement_id = (v.engagement).id and state = 'requested';
  perform app_private.touch_lead(p_marketplace, p_lead);
  perform app_private.record(p_marketplace, p_lead, 'return-refused', v_caller,
    jsonb_strip_nulls(jsonb_build_object('comment', p_comment)));
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
