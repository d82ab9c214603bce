-- Working a lead: step, handler, won and lost, notes and messages. Any colleague of the engaged
-- company may do it (announcement, 8 to 10).
set local role kollegium_broker;

-- The current engagement of a lead the caller's company works, the lead locked; 404 when it is no
-- party, 403 when it is one but not the engaged one, 409 when it worked it and does no more.
create or replace function app_private.own_engagement(p_marketplace uuid, p_lead uuid, p_company uuid, p_versions integer[])
returns app.engagement language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_lead app.lead;
  v_engagement app.engagement;
begin
  -- What is written names the caller. Whoever deactivates him changes his row first, then the leads he handles.
  perform from app.colleague where id = (app_private.caller()).colleague_id for key share;
  if app_private.ever_worked(p_marketplace, p_lead, p_company) then
    v_lead := app_private.lock_lead(p_marketplace, p_lead);
    if v_lead.engaged_company_id is distinct from p_company then
      perform app_private.refuse_ended(v_lead, p_company);
    end if;
  else
    v_lead := app_private.lock_lead(p_marketplace, p_lead, p_company);
  end if;
  if v_lead.engaged_company_id is distinct from p_company then
    perform app_private.refuse(403, 'taker-required');
  end if;
  perform app_private.expect_version(v_lead.version, p_versions);
  select * into v_engagement from app.engagement
  where marketplace_id = p_marketplace and id = v_lead.engagement_id;
  return v_engagement;
end
$$;

create or replace function app_private.expect_engagement(p_engagement app.engagement, p_states text[])
returns void language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
begin
  if p_engagement.state <> all (p_states) then
    perform app_private.refuse(409, 'engagement-state', jsonb_build_object('state', p_engagement.state));
  end if;
end
$$;

-- Step, and handler: myself always; somebody else, or nobody, by delegators and admins, or by every
-- colleague while the company has switched the role off. Null arguments leave things as they are.
create or replace function app.change_engagement(
  p_marketplace uuid, p_lead uuid, p_versions integer[], p_step text, p_set_handler boolean, p_handler uuid)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_engagement app.engagement;
  v_handler app.colleague;
begin
  if p_set_handler and p_handler is not null then
    -- Before the lead, as a pick: who leaves, or is renamed, must not become handler beside it.
    select * into v_handler from app.colleague
    where id = p_handler and company_id = v_caller.company_id and active for share;
  end if;
  v_engagement := app_private.own_engagement(p_marketplace, p_lead, v_caller.company_id, p_versions);
  perform app_private.expect_engagement(v_engagement, array['active', 'return_requested']);
  if p_step is not null and p_step <> all (v_engagement.steps) then
    perform app_private.refuse(422, 'step-unknown', jsonb_build_object('steps', v_engagement.steps));
  end if;
  if p_set_handler and p_handler is distinct from v_engagement.handler_id then
    if p_handler is distinct from v_caller.colleague_id and v_caller.delegator_role
       and v_caller.role not in ('delegator', 'admin') then
      perform app_private.refuse(403, 'delegator-required');
    end if;
    if p_handler is not null and v_handler.id is null then
      perform app_private.refuse(422, 'handler-unknown');
    end if;
    update app.engagement set handler_id = v_handler.id, handler_name = v_handler.name
    where marketplace_id = p_marketplace and id = v_engagement.id;
    perform app_private.record(p_marketplace, p_lead, 'handler-changed', v_caller,
      jsonb_build_object('handler', v_handler.name));
  end if;
  if p_step is distinct from v_engagement.step and p_step is not null then
    perform app_private.expect_next_step(p_marketplace, p_lead, v_caller.company_id);
    update app.engagement set step = p_step where marketplace_id = p_marketplace and id = v_engagement.id;
    perform app_private.record(p_marketplace, p_lead, 'step-changed', v_caller,
      jsonb_build_object('from', v_engagement.step, 'to', p_step));
  end if;
  if p_set_handler and p_handler is distinct from v_engagement.handler_id
      or p_step is not null and p_step is distinct from v_engagement.step then
    perform app_private.touch_lead(p_marketplace, p_lead);
  end if;
end
$$;
comment on function app.change_engagement(uuid, uuid, integer[], text, boolean, uuid) is
  'Step and handler of the engagement; handing over to others needs the role delegator.';
grant execute on function app.change_engagement(uuid, uuid, integer[], text, boolean, uuid) to kollegium_api;

-- The name of a colleague on what he handles at present; what is closed keeps his name. null: he leaves
-- and handles nothing any more; the engagement stays with the company (docs/domain.md, case 3).
create or replace function app_private.change_handler_name(p_company uuid, p_colleague uuid, p_name text)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v record;
begin
  for v in select e.marketplace_id, e.lead_id, e.id from app.engagement e
           where e.company_id = p_company and e.handler_id = p_colleague
             and e.state in ('active', 'return_requested')
           order by e.marketplace_id, e.lead_id loop
    perform app_private.lock_lead(v.marketplace_id, v.lead_id);
    update app.engagement set handler_name = p_name,
      handler_id = case when p_name is not null then handler_id end
    where marketplace_id = v.marketplace_id and id = v.id and handler_id = p_colleague
      and state in ('active', 'return_requested');
    if found and p_name is not null then
      perform app_private.renew_leads(array[v.marketplace_id], array[v.lead_id]);
    elsif found then
      perform app_private.touch_lead(v.marketplace_id, v.lead_id);
      perform app_private.record(v.marketplace_id, v.lead_id, 'handler-changed', app_private.nobody(),
        '{"handler": null}');
    end if;
  end loop;
  if p_name is null then
    perform app_private.leave_behind(p_company, p_colleague);
  end if;
end
$$;

create or replace function app.close_engagement(
  p_marketplace uuid, p_lead uuid, p_outcome text, p_value numeric)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_engagement app.engagement;
begin
  v_engagement := app_private.own_engagement(p_marketplace, p_lead, v_caller.company_id, null);
  perform app_private.expect_engagement(v_engagement, array['active']);
  update app.engagement set state = p_outcome, value = p_value, closed_at = app_private.clock()
  where marketplace_id = p_marketplace and id = v_engagement.id;
  perform app_private.void_return(p_marketplace, v_engagement.id);
  perform app_private.set_state(p_marketplace, p_lead, 'closed');
  perform app_private.record(p_marketplace, p_lead, p_outcome, v_caller,
    jsonb_strip_nulls(jsonb_build_object('value', p_value)));
  if p_outcome = 'lost' then
    perform app_private.come_back(l, v_engagement.id) from app.lead l
    where l.marketplace_id = p_marketplace and l.id = p_lead;
  end if;
end
$$;
comment on function app.close_engagement(uuid, uuid, text, numeric) is
  'Ends the engagement as won or lost; the lead is closed.';
grant execute on function app.close_engagement(uuid, uuid, text, numeric) to kollegium_api;

create or replace function app.reopen_engagement(p_marketplace uuid, p_lead uuid)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.printing_caller();
  v_handler app.colleague;
  v_engagement app.engagement;
  v_days integer;
begin
  -- It is live again and shows the names of today; who handled it and left, handles it no more.
  select c.* into v_handler from app.lead l
  join app.engagement e on e.marketplace_id = l.marketplace_id and e.id = l.engagement_id
  join app.colleague c on c.id = e.handler_id and c.active
  where l.marketplace_id = p_marketplace and l.id = p_lead and c.company_id = v_caller.company_id
  for share of c;
  v_engagement := app_private.own_engagement(p_marketplace, p_lead, v_caller.company_id, null);
  perform app_private.expect_engagement(v_engagement, array['won', 'lost']);
  select reopen_days into v_days from app.marketplace where id = p_marketplace;
  if v_engagement.closed_at < app_private.clock() - make_interval(days => v_days) then
    perform app_private.refuse(409, 'reopen-window-over', jsonb_build_object('days', v_days));
  end if;
  update app.engagement set state = 'active', value = null, closed_at = null,
    company_name = v_caller.company_name, handler_id = v_handler.id, handler_name = v_handler.name
  where marketplace_id = p_marketplace and id = v_engagement.id;
  perform app_private.set_state(p_marketplace, p_lead, 'engaged');
  perform app_private.record(p_marketplace, p_lead, 'reopened', v_caller);
end
$$;
comment on function app.reopen_engagement(uuid, uuid) is
  'Takes won or lost back within the days that the marketplace allows.';
grant execute on function app.reopen_engagement(uuid, uuid) to kollegium_api;

-- An internal note: read by the colleagues of the author's company alone.
create or replace function app.add_note(p_marketplace uuid, p_lead uuid, p_text text)
returns app.note language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_lead app.lead;
  v_note app.note;
begin
  v_lead := app_private.hold_lead(p_marketplace, p_lead, v_caller.company_id);
  insert into app.note (marketplace_id, id, lead_id, company_id, author_id, author_name, text, engagement_id)
  values (p_marketplace, app_private.new_id(), p_lead, v_caller.company_id, v_caller.colleague_id,
          v_caller.colleague_name, p_text, v_lead.engagement_id)
  returning * into v_note;
  return v_note;
end
$$;
comment on function app.add_note(uuid, uuid, text) is
  'Adds an internal note of the caller''s company to a lead it sees.';
grant execute on function app.add_note(uuid, uuid, text) to kollegium_api;

-- A message: read by the parties of the current engagement, without one by operator and giver.
create or replace function app.add_message(p_marketplace uuid, p_lead uuid, p_text text)
returns app.message language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_lead app.lead;
  v_message app.message;
begin
  v_lead := app_private.hold_lead(p_marketplace, p_lead, v_caller.company_id);
  insert into app.message (marketplace_id, id, lead_id, engagement_id, parties, company_id, company_name,
    author_id, author_name, text)
  values (p_marketplace, app_private.new_id(), p_lead, v_lead.engagement_id, v_lead.parties,
    v_caller.company_id, v_caller.company_name, v_caller.colleague_id, v_caller.colleague_name, p_text)
  returning * into v_message;
  perform app_private.tell('message.added', v_lead.parties, p_marketplace, p_lead, v_caller, v_lead.engagement_id,
    v_lead.version);
  return v_message;
end
$$;
comment on function app.add_message(uuid, uuid, text) is
  'Adds a message that all present parties of the lead read.';
grant execute on function app.add_message(uuid, uuid, text) to kollegium_api;
