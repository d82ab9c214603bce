-- What every function about a lead begins with: lock it, check its state, record what happened.
--
-- Every function of a lead first locks it (app_private.lock_lead) and then looks at what is so:
-- two calls for one lead happen one after the other, and the second sees what the first did.
-- Locks are taken in the order lead, offers, participation.
set local role kollegium_broker;

-- The lead, locked against every other change; 404 unless the company is a party (docs/domain.md, case 9).
-- p_company null: the caller has shown in another way that he may know of the lead.
create or replace function app_private.lock_lead(p_marketplace uuid, p_lead uuid, p_company uuid default null)
returns app.lead language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_lead app.lead;
begin
  select * into v_lead from app.lead
  where marketplace_id = p_marketplace and id = p_lead
    and (p_company is null or p_company = any (parties))
  for update;
  if not found then
    perform app_private.refuse(404, 'not-found');
  end if;
  return v_lead;
end
$$;

-- The same for who only adds to the lead: waits for whoever moves it between companies, no more. Who worked it
-- and does no more is told so.
create or replace function app_private.hold_lead(p_marketplace uuid, p_lead uuid, p_company uuid)
returns app.lead language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_lead app.lead;
begin
  select * into v_lead from app.lead
  where marketplace_id = p_marketplace and id = p_lead
    and (p_company = any (parties) or app_private.ever_worked(p_marketplace, p_lead, p_company))
  for key share;
  if not found then
    perform app_private.refuse(404, 'not-found');
  elsif p_company <> all (v_lead.parties) then
    perform app_private.refuse_ended(v_lead, p_company);
  end if;
  return v_lead;
end
$$;

create or replace function app_private.expect_state(p_state text, p_allowed text[])
returns void language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
begin
  if p_state <> all (p_allowed) then
    perform app_private.refuse(409, 'lead-state',
      jsonb_build_object('state', p_state, 'allowed', p_allowed));
  end if;
end
$$;

create or replace function app_private.expect_operator(p_lead app.lead, p_company uuid)
returns void language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
begin
  if p_lead.operator_company_id <> p_company then
    perform app_private.refuse(403, 'operator-required');
  end if;
end
$$;

-- One line of the lead's history, in its current engagement and seen by the parties of that; without one by
-- operator and giver. No personal data; names of a taker are taken off when the engagement ends. Whoever reads it
-- is told (p_told false: what the former system says happened there is no news).
create or replace function app_private.record(
  p_marketplace uuid, p_lead uuid, p_event text, p_caller app.caller, p_detail jsonb default '{}',
  p_told boolean default true)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_lead app.lead;
begin
  select * into v_lead from app.lead l where l.marketplace_id = p_marketplace and l.id = p_lead;
  insert into app.history (marketplace_id, id, lead_id, engagement_id, parties, event, company_id, company_name,
    colleague_id, colleague_name, detail)
  values (p_marketplace, app_private.new_id(), p_lead, v_lead.engagement_id, v_lead.parties, p_event,
    p_caller.company_id, p_caller.company_name, p_caller.colleague_id, p_caller.colleague_name, p_detail);
  if p_told then
    perform app_private.tell('lead.' || replace(p_event, '-', '_'), v_lead.parties, p_marketplace, p_lead, p_caller,
      v_lead.engagement_id, v_lead.version);
  end if;
end
$$;

-- For what happens by itself (timers, rules of the marketplace): nobody did it.
create or replace function app_private.nobody() returns app.caller
language sql immutable set search_path = pg_catalog, pg_temp
as $$ select null::app.caller $$;

create or replace function app_private.set_state(p_marketplace uuid, p_lead uuid, p_state text)
returns void language sql volatile set search_path = pg_catalog, pg_temp
as $$
  update app.lead set state = p_state, changed_at = app_private.clock(), version = version + 1
  where marketplace_id = p_marketplace and id = p_lead
$$;

-- Something happened to the lead that its own columns do not show: who read it before is told by the
-- version, and the import of the former system sees that somebody acted here.
create or replace function app_private.touch_lead(p_marketplace uuid, p_lead uuid)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  update app.lead set changed_at = app_private.clock(), version = version + 1
  where marketplace_id = p_marketplace and id = p_lead;
end
$$;

-- The same for what nobody did to the leads themselves (a name, a handler who left): their readers are
-- told by a new version, and the import of the former system goes on following them.
create or replace function app_private.renew_leads(p_markets uuid[], p_leads uuid[])
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  perform app_private.legacy_renew(p_markets, p_leads);
  update app.lead set version = version + 1, changed_at = app_private.clock()
  where (marketplace_id, id) in (select * from unnest(p_markets, p_leads));
end
$$;

-- THE function that gives a lead to a taker. What always has the visibility of the lead moves with it;
-- forgetting a table here fails at commit, by its foreign key on parties. What was said before stays where it was.
create or replace function app_private.engage(
  p_marketplace uuid, p_lead uuid, p_company uuid, p_company_name text, p_engagement uuid)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_parties uuid[];
begin
  update app.lead set engaged_company_id = p_company, engaged_company_name = p_company_name,
    engagement_id = p_engagement, state = 'engaged', changed_at = app_private.clock(), version = version + 1
  where marketplace_id = p_marketplace and id = p_lead
  returning parties into v_parties;
  update app.prospect set parties = v_parties where marketplace_id = p_marketplace and lead_id = p_lead;
end
$$;
