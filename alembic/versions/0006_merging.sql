-- sql/functions/40_marketplaces.sql
set local role kollegium_owner;
-- Marketplaces and who takes part in them.
set local role kollegium_broker;

-- The marketplace, locked, when the caller's company operates it; otherwise 404, as for none.
create or replace function app_private.operated_marketplace(p_marketplace uuid, p_company uuid)
returns app.marketplace language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_marketplace app.marketplace;
begin
  select * into v_marketplace from app.marketplace
  where id = p_marketplace and operator_company_id = p_company for no key update;
  if not found then
    perform app_private.refuse(404, 'not-found');
  end if;
  return v_marketplace;
end
$$;

create or replace function app.create_marketplace(p_settings jsonb)
returns uuid language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_id constant uuid := app_private.new_id();
begin
  insert into app.marketplace (id, operator_company_id, name, operator_name, steps)
  values (v_id, v_caller.company_id, p_settings ->> 'name', v_caller.company_name,
          array(select jsonb_array_elements_text(p_settings -> 'steps')));
  perform app_private.apply_settings(v_id, p_settings);
  perform app_private.audit('marketplace-created', v_caller.company_id, v_caller.colleague_id, v_id);
  return v_id;
end
$$;
comment on function app.create_marketplace(jsonb) is
  'A new marketplace operated by the caller''s company; keys are the columns of app.marketplace.';
grant execute on function app.create_marketplace(jsonb) to kollegium_api;

create or replace function app_private.apply_settings(p_marketplace uuid, p_settings jsonb)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v app.marketplace;
begin
  -- Keys that are absent stay; the composite carries the types and refuses what does not convert.
  select (jsonb_populate_record(m, p_settings)).* into v from app.marketplace m where id = p_marketplace;
  update app.marketplace set name = v.name, steps = v.steps, operator_may_take = v.operator_may_take,
    giver_may_withdraw = v.giver_may_withdraw, auto_accept = v.auto_accept,
    auto_offer = v.auto_offer, response_hours = v.response_hours, reopen_days = v.reopen_days,
    teaser_digits = v.teaser_digits, changed_at = now()
  where id = p_marketplace;
end
$$;

-- Name and steps stand on the membership cards too. Running engagements keep the steps with which
-- they began.
create or replace function app.change_marketplace(p_marketplace uuid, p_version integer, p_settings jsonb)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_marketplace app.marketplace;
begin
  v_marketplace := app_private.operated_marketplace(p_marketplace, v_caller.company_id);
  perform app_private.expect_version(v_marketplace.version, p_version);
  perform app_private.apply_settings(p_marketplace, p_settings);
  update app.marketplace set version = version + 1 where id = p_marketplace returning * into v_marketplace;
  update app.participation set marketplace_name = v_marketplace.name, steps = v_marketplace.steps
  where marketplace_id = p_marketplace;
  perform app_private.audit('marketplace-changed', v_caller.company_id, v_caller.colleague_id, p_marketplace);
end
$$;
comment on function app.change_marketplace(uuid, integer, jsonb) is
  'Changes settings of a marketplace of the caller''s company and the cards of its partners.';
grant execute on function app.change_marketplace(uuid, integer, jsonb) to kollegium_api;

-- Invites a company, or whoever has an e-mail address. For an address the operator's record is the
-- same whether or not a colleague has it, so inviting cannot be used to ask who is a customer; an
-- unknown address finds the invitation waiting when its company is set up. 404 for an unknown id.
create or replace function app.invite_partner(
  p_marketplace uuid, p_company uuid, p_email text, p_capacity text,
  p_postcode_areas text[], p_tags text[], p_cap integer)
returns uuid language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_marketplace app.marketplace;
  v_id constant uuid := app_private.new_id();
  v_company uuid;
begin
  v_marketplace := app_private.operated_marketplace(p_marketplace, v_caller.company_id);
  v_company := app_private.active_company(p_company, p_email);
  if v_company is not null then
    -- A card is written for another company: not beside a merge of it. Who waited looks again.
    perform app_private.hold_company(v_company);
    v_company := app_private.active_company(p_company, p_email);
  end if;
  if p_company is not null and v_company is null then
    perform app_private.expect_not_absorbed(p_marketplace, p_company, v_caller.company_id);
    perform app_private.refuse(404, 'not-found');
  end if;
  if v_company = v_caller.company_id then
    perform app_private.refuse(409, 'own-company');
  end if;
  update app.partner_invitation set state = 'withdrawn'
  where marketplace_id = p_marketplace and capacity = p_capacity and state = 'open'
    and (email = p_email or company_id = p_company);
  insert into app.partner_invitation (marketplace_id, id, operator_company_id, email, company_id,
    capacity, postcode_areas, tags, cap)
  values (p_marketplace, v_id, v_caller.company_id, p_email, p_company, p_capacity,
    p_postcode_areas, p_tags, p_cap);
  if p_email is not null then
    perform app_private.mail('partner-invitation', p_email, v_caller.language, v_caller.company_id,
      jsonb_build_object('marketplace', v_marketplace.name, 'operator', v_caller.company_name,
                         'capacity', p_capacity));
  else
    perform app_private.mail_company('partner-invitation', v_company,
      jsonb_build_object('marketplace', v_marketplace.name, 'operator', v_caller.company_name,
                         'capacity', p_capacity));
  end if;
  perform app_private.deliver_partner_invitation(p_marketplace, v_id, v_company);
  perform app_private.audit('partner-invited', v_caller.company_id, v_caller.colleague_id, v_id);
  return v_id;
end
$$;
comment on function app.invite_partner(uuid, uuid, text, text, text[], text[], integer) is
  'Invites a company, by id or by a colleague''s e-mail, to a marketplace of the caller''s company.';
grant execute on function app.invite_partner(uuid, uuid, text, text, text[], text[], integer) to kollegium_api;

-- Writes the invited company's card. Who is active already gets a further capacity at once when the
-- operator named his company: he may decline each offer, so it takes nothing from him. An invitation
-- to an address waits for the answer, or its card would tell whose address it is.
create or replace function app_private.deliver_partner_invitation(
  p_marketplace uuid, p_invitation uuid, p_company uuid, p_answered boolean default false)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_state text;
begin
  if p_company is null or (not p_answered
      and exists (select from app.partner_invitation i where i.marketplace_id = p_marketplace
                  and i.id = p_invitation and i.email is not null)
      and exists (select from app.participation p where p.marketplace_id = p_marketplace
                  and p.company_id = p_company and p.state = 'active')) then
    return;
  end if;
  insert into app.participation as p (marketplace_id, company_id, operator_company_id, capacities,
    state, postcode_areas, tags, cap, marketplace_name, operator_name, company_name, steps)
  select m.id, co.id, m.operator_company_id, array[i.capacity], 'invited', i.postcode_areas, i.tags,
    i.cap, m.name, m.operator_name, co.name, m.steps
  from app.partner_invitation i
  join app.marketplace m on m.id = i.marketplace_id
  join app.company co on co.id = p_company
  where i.marketplace_id = p_marketplace and i.id = p_invitation
  on conflict (marketplace_id, company_id) do update set
    capacities = case when p.state in ('active', 'invited')
      then array(select distinct unnest(p.capacities || excluded.capacities) order by 1)
      else excluded.capacities end,
    state = case when p.state = 'active' then 'active' else 'invited' end,
    postcode_areas = case when excluded.capacities = array['giver'] and p.state in ('active', 'invited')
      then p.postcode_areas else excluded.postcode_areas end,
    tags = case when excluded.capacities = array['giver'] and p.state in ('active', 'invited')
      then p.tags else excluded.tags end,
    cap = case when excluded.capacities = array['giver'] and p.state in ('active', 'invited')
      then p.cap else excluded.cap end,
    ended_at = null, version = p.version + 1
  returning p.state into v_state;
  if v_state = 'active' then
    update app.partner_invitation set state = 'accepted'
    where marketplace_id = p_marketplace and id = p_invitation;
  end if;
end
$$;

-- A new colleague brings the invitations that wait for his address to his company.
create or replace function app_private.claim_partner_invitations(p_email text, p_company uuid)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_invitation app.partner_invitation;
begin
  for v_invitation in
    select * from app.partner_invitation
    where email = p_email and state = 'open' and operator_company_id <> p_company
    order by id
  loop
    perform app_private.deliver_partner_invitation(
      v_invitation.marketplace_id, v_invitation.id, p_company);
  end loop;
end
$$;

-- The invited company answers; a partner that was invited for a further capacity answers for that.
create or replace function app.answer_partner_invitation(p_marketplace uuid, p_accept boolean)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_state text;
  v_answer text := case when p_accept then 'active' else 'declined' end;
  v_open uuid[];
begin
  select state into v_state from app.participation
  where marketplace_id = p_marketplace and company_id = v_caller.company_id for no key update;
  if not found then
    perform app_private.refuse(404, 'not-found');
  end if;
  select array_agg(i.id order by i.id) into v_open from app.partner_invitation i
  where i.marketplace_id = p_marketplace and i.state = 'open' and (i.company_id = v_caller.company_id
    or i.email in (select c.email from app.colleague c where c.company_id = v_caller.company_id));
  if v_state = v_answer and v_open is null then
    return;
  end if;
  if v_state = 'active' and v_open is not null then
    if p_accept then
      perform app_private.deliver_partner_invitation(p_marketplace, i.id, v_caller.company_id, true)
      from unnest(v_open) i (id);
    end if;
    v_answer := 'active';
  elsif v_state <> 'invited' then
    perform app_private.refuse(409, 'participation-state', jsonb_build_object('state', v_state));
  end if;
  update app.participation set state = v_answer, answered_at = now(), version = version + 1
  where marketplace_id = p_marketplace and company_id = v_caller.company_id;
  update app.partner_invitation set state = case when p_accept then 'accepted' else 'declined' end
  where marketplace_id = p_marketplace and id = any (v_open) and state = 'open';
  perform app_private.mail_company('partner-answered',
    (select operator_company_id from app.marketplace where id = p_marketplace),
    (select jsonb_build_object('marketplace', m.name, 'company', v_caller.company_name,
       'accepted', p_accept) from app.marketplace m where m.id = p_marketplace));
  perform app_private.audit('partner-invitation-answered', v_caller.company_id,
    v_caller.colleague_id, p_marketplace, jsonb_build_object('accepted', p_accept));
end
$$;
comment on function app.answer_partner_invitation(uuid, boolean) is
  'Accepts or declines the invitation of the caller''s company to a marketplace.';
grant execute on function app.answer_partner_invitation(uuid, boolean) to kollegium_api;

-- Ends a participation: by the operator, or by the company itself. Its open offers are withdrawn;
-- what it works already it may finish. p_company may be the id of an open invitation.
create or replace function app.end_participation(p_marketplace uuid, p_company uuid)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_participation app.participation;
  v_invited uuid[];
  v_offer record;
begin
  -- Several where the company was invited as giver and as taker.
  with withdrawn as (
    update app.partner_invitation i set state = 'withdrawn'
    where i.marketplace_id = p_marketplace and i.operator_company_id = v_caller.company_id
      and (i.id = p_company or i.company_id = p_company) and i.state = 'open'
    returning coalesce(i.company_id,
      (select c.company_id from app.colleague c where c.email = i.email)) as company_id
  ) select array_agg(w.company_id) into v_invited from withdrawn w;
  if v_invited is not null then
    delete from app.participation
    where marketplace_id = p_marketplace and company_id = any (v_invited) and state = 'invited';
    -- Another invitation of the same company that is still open gets it a new card.
    perform app_private.deliver_partner_invitation(p_marketplace, i.id, c.id)
    from app.partner_invitation i
    join unnest(v_invited) c (id) on c.id = i.company_id
      or i.email in (select o.email from app.colleague o where o.company_id = c.id)
    where i.marketplace_id = p_marketplace and i.state = 'open';
    perform app_private.audit('partner-invitation-withdrawn', v_caller.company_id,
      v_caller.colleague_id, p_marketplace);
    return;
  end if;
  -- Leads before the participation, the order in which a pick takes its locks.
  perform app_private.lock_lead(o.marketplace_id, o.lead_id)
  from (select marketplace_id, lead_id from app.offer
        where company_id = p_company and marketplace_id = p_marketplace and state = 'open'
        order by lead_id) o
  where p_company = v_caller.company_id or exists (
    select from app.marketplace m where m.id = p_marketplace
      and m.operator_company_id = v_caller.company_id);
  select * into v_participation from app.participation
  where marketplace_id = p_marketplace and company_id = p_company
    and (company_id = v_caller.company_id
         or (operator_company_id = v_caller.company_id and state <> 'invited'))
  for no key update;
  if not found then
    perform app_private.expect_not_absorbed(p_marketplace, p_company, v_caller.company_id);
    perform app_private.refuse(404, 'not-found');
  end if;
  if v_participation.state <> 'active' then
    perform app_private.refuse(409, 'participation-state', jsonb_build_object('state', v_participation.state));
  end if;
  update app.participation set state = 'ended', ended_at = now(), version = version + 1
  where marketplace_id = p_marketplace and company_id = p_company;
  for v_offer in
    select o.marketplace_id, o.lead_id from app.offer o
    where o.company_id = p_company and o.marketplace_id = p_marketplace and o.state = 'open'
    order by o.lead_id
  loop
    perform app_private.lock_lead(v_offer.marketplace_id, v_offer.lead_id);
    update app.offer set state = 'withdrawn', answered_at = now()
    where marketplace_id = v_offer.marketplace_id and lead_id = v_offer.lead_id
      and company_id = p_company and state = 'open';
    perform app_private.conclude_wave(v_offer.marketplace_id, v_offer.lead_id);
  end loop;
  perform app_private.audit('participation-ended', v_caller.company_id, v_caller.colleague_id, p_marketplace,
    jsonb_build_object('company', p_company));
end
$$;
comment on function app.end_participation(uuid, uuid) is
  'Ends a company''s participation, or withdraws an open invitation; open offers are withdrawn.';
grant execute on function app.end_participation(uuid, uuid) to kollegium_api;

-- sql/functions/50_leads.sql
set local role kollegium_owner;
-- Leads on their way to the market: create, submit, accept, reject, change, withdraw.
set local role kollegium_broker;

-- As whom the caller puts leads into a marketplace: the card of an active giver, null for its operator;
-- 404 for who may not know of it.
create or replace function app_private.intake_card(p_marketplace uuid, p_caller app.caller)
returns app.participation language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_giver app.participation;
begin
  if exists (select from app.marketplace m
             where m.id = p_marketplace and m.operator_company_id = p_caller.company_id) then
    return null;
  end if;
  select * into v_giver from app.participation p
  where p.marketplace_id = p_marketplace and p.company_id = p_caller.company_id;
  if not found or v_giver.state = 'invited' then
    perform app_private.refuse(404, 'not-found');
  elsif v_giver.state <> 'active' or not 'giver' = any (v_giver.capacities) then
    perform app_private.refuse(403, 'giver-required');
  end if;
  return v_giver;
end
$$;

-- A new lead, put in by the operator or an active giver of the marketplace; 404 for anybody else.
-- created is false when the same source and external_ref came in before: then id is that lead.
create or replace function app.create_lead(
  p_marketplace uuid, p_interest text, p_tags text[], p_distribution_permission boolean,
  p_prospect jsonb, p_submit boolean, p_source text, p_external_ref text,
  out id uuid, out created boolean)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_giver constant app.participation := app_private.intake_card(p_marketplace, v_caller);
  v_marketplace app.marketplace;
  v_prospect app.prospect;
begin
  select * into v_marketplace from app.marketplace m where m.id = p_marketplace;
  if v_marketplace.operator_company_id <> v_caller.company_id then
    -- The lead names the operator: not beside a merge of it. Who waited looks again.
    perform app_private.hold_company(v_marketplace.operator_company_id);
    select * into v_marketplace from app.marketplace m where m.id = p_marketplace;
  end if;
  v_prospect := jsonb_populate_record(null::app.prospect, p_prospect);
  id := app_private.new_id();
  created := true;
  insert into app.lead (marketplace_id, id, operator_company_id, giver_company_id, state, interest,
    postcode_area, tags, distribution_permission, source, external_ref, operator_name, giver_name,
    created_by_id)
  values (p_marketplace, id, v_marketplace.operator_company_id, v_giver.company_id, 'draft', p_interest,
    left(coalesce(v_prospect.postcode, ''), v_marketplace.teaser_digits), p_tags,
    p_distribution_permission, p_source, p_external_ref, v_marketplace.operator_name,
    v_giver.company_name, v_caller.colleague_id)
  on conflict (marketplace_id, coalesce(giver_company_id, operator_company_id), source, external_ref)
    where external_ref is not null do nothing;
  if not found then
    created := false;
    select l.id into id from app.lead l
    where l.marketplace_id = p_marketplace and l.source = p_source and l.external_ref = p_external_ref
      and coalesce(l.giver_company_id, l.operator_company_id) = v_caller.company_id;
    return;
  end if;
  insert into app.prospect (marketplace_id, lead_id, parties, name, salutation, company, email,
    phone, street, postcode, city, country, answers)
  select l.marketplace_id, l.id, l.parties, v_prospect.name, v_prospect.salutation,
    v_prospect.company, v_prospect.email, v_prospect.phone, v_prospect.street,
    v_prospect.postcode, v_prospect.city, v_prospect.country, coalesce(v_prospect.answers, '{}')
  from app.lead l where l.marketplace_id = p_marketplace and l.id = create_lead.id;
  perform app_private.record(p_marketplace, id, 'created', v_caller, jsonb_build_object('source', p_source));
  if p_submit then
    perform app_private.submit(p_marketplace, id, v_caller);
  end if;
end
$$;
comment on function app.create_lead(uuid, text, text[], boolean, jsonb, boolean, text, text) is
  'A new draft, submitted at once on request; the same external_ref of one source comes in once.';
grant execute on function app.create_lead(uuid, text, text[], boolean, jsonb, boolean, text, text)
  to kollegium_api;

-- draft → submitted, and on to available and offered where the marketplace says so.
create or replace function app_private.submit(p_marketplace uuid, p_lead uuid, p_caller app.caller)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_lead constant app.lead := app_private.lock_lead(p_marketplace, p_lead, p_caller.company_id);
  v_marketplace app.marketplace;
begin
  if p_caller.company_id <> all (array_remove(array[v_lead.operator_company_id, v_lead.giver_company_id], null)) then
    perform app_private.refuse(403, 'giver-required');
  end if;
  perform app_private.expect_state(v_lead.state, array['draft']);
  if not v_lead.distribution_permission then
    perform app_private.refuse(422, 'distribution-permission-missing');
  end if;
  if exists (select from app.prospect p where p.marketplace_id = p_marketplace and p.lead_id = p_lead
             and num_nonnulls(p.email, p.phone) = 0) then
    perform app_private.refuse(422, 'contact-missing');
  end if;
  update app.lead set submitted_at = now() where marketplace_id = p_marketplace and id = p_lead;
  perform app_private.set_state(p_marketplace, p_lead, 'submitted');
  perform app_private.record(p_marketplace, p_lead, 'submitted', p_caller);
  select * into v_marketplace from app.marketplace where id = p_marketplace;
  if v_marketplace.auto_accept then
    perform app_private.accept(p_marketplace, p_lead, app_private.nobody());
  end if;
end
$$;

create or replace function app.submit_lead(p_marketplace uuid, p_lead uuid)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
begin
  perform app_private.submit(p_marketplace, p_lead, v_caller);
end
$$;
comment on function app.submit_lead(uuid, uuid) is
  'draft → submitted (giver or operator); needs the person''s consent to pass the data on.';
grant execute on function app.submit_lead(uuid, uuid) to kollegium_api;

create or replace function app_private.accept(p_marketplace uuid, p_lead uuid, p_caller app.caller)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_lead app.lead;
  v_marketplace app.marketplace;
  v_takers uuid[];
begin
  perform app_private.set_state(p_marketplace, p_lead, 'available');
  perform app_private.record(p_marketplace, p_lead, 'accepted', p_caller);
  select * into v_marketplace from app.marketplace where id = p_marketplace;
  if v_marketplace.auto_offer then
    select * into v_lead from app.lead where marketplace_id = p_marketplace and id = p_lead;
    v_takers := app_private.matching_takers(v_lead);
    if cardinality(v_takers) > 0 then
      perform app_private.open_brokerage(v_lead, v_takers, v_marketplace.response_hours, p_caller);
    end if;
  end if;
end
$$;

-- submitted → available. Accepting what is accepted already changes nothing.
create or replace function app.accept_lead(p_marketplace uuid, p_lead uuid)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_lead app.lead;
begin
  v_lead := app_private.lock_lead(p_marketplace, p_lead, v_caller.company_id);
  perform app_private.expect_operator(v_lead, v_caller.company_id);
  perform app_private.expect_state(v_lead.state, array['submitted', 'available']);
  if v_lead.state = 'submitted' then
    perform app_private.accept(p_marketplace, p_lead, v_caller);
  end if;
end
$$;
comment on function app.accept_lead(uuid, uuid) is 'submitted → available (operator).';
grant execute on function app.accept_lead(uuid, uuid) to kollegium_api;

create or replace function app.reject_lead(p_marketplace uuid, p_lead uuid, p_reason text)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_lead app.lead;
begin
  v_lead := app_private.lock_lead(p_marketplace, p_lead, v_caller.company_id);
  perform app_private.expect_operator(v_lead, v_caller.company_id);
  perform app_private.expect_state(v_lead.state, array['submitted']);
  update app.lead set rejection_reason = p_reason where marketplace_id = p_marketplace and id = p_lead;
  perform app_private.set_state(p_marketplace, p_lead, 'rejected');
  perform app_private.record(p_marketplace, p_lead, 'rejected', v_caller, jsonb_build_object('reason', p_reason));
  perform app_private.mail_company('lead-rejected', v_lead.giver_company_id,
    jsonb_build_object('operator', v_lead.operator_name, 'lead', p_lead, 'reason', p_reason));
end
$$;
comment on function app.reject_lead(uuid, uuid, text) is
  'submitted → rejected (operator); the giver is told the reason.';
grant execute on function app.reject_lead(uuid, uuid, text) to kollegium_api;

-- By the operator, or the giver where the marketplace allows it. Loses against a committed pick.
create or replace function app.withdraw_lead(p_marketplace uuid, p_lead uuid, p_reason text)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_lead app.lead;
begin
  v_lead := app_private.lock_lead(p_marketplace, p_lead, v_caller.company_id);
  if v_lead.operator_company_id <> v_caller.company_id then
    if v_lead.giver_company_id is distinct from v_caller.company_id then
      perform app_private.refuse(403, 'operator-required');
    elsif not (select giver_may_withdraw from app.marketplace where id = p_marketplace) then
      perform app_private.refuse(403, 'giver-may-not-withdraw');
    end if;
  end if;
  if v_lead.state = 'engaged' then
    perform app_private.refuse(409, 'lead-engaged');
  end if;
  perform app_private.expect_state(v_lead.state,
    array['draft', 'submitted', 'available', 'offered', 'unplaced']);
  perform app_private.close_brokerage(p_marketplace, p_lead, 'withdrawn', 'withdrawn');
  perform app_private.set_state(p_marketplace, p_lead, 'withdrawn');
  perform app_private.record(p_marketplace, p_lead, 'withdrawn', v_caller,
    jsonb_strip_nulls(jsonb_build_object('reason', p_reason)));
end
$$;
comment on function app.withdraw_lead(uuid, uuid, text) is
  'Takes a lead back before it is picked (operator; giver where allowed); 409 after the pick.';
grant execute on function app.withdraw_lead(uuid, uuid, text) to kollegium_api;

-- Corrections. The giver until the lead is offered, the operator until it is closed, the engaged
-- taker the contact data while he works it. Keys that are absent stay (docs/domain.md, case 8).
create or replace function app.change_lead(
  p_marketplace uuid, p_lead uuid, p_version integer, p_envelope jsonb, p_prospect jsonb)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_lead app.lead;
  v_changed app.lead;
  v_prospect app.prospect;
begin
  v_lead := app_private.lock_lead(p_marketplace, p_lead, v_caller.company_id);
  perform app_private.expect_version(v_lead.version, p_version);
  if v_caller.company_id = v_lead.operator_company_id then
    perform app_private.expect_state(v_lead.state,
      array['draft', 'submitted', 'available', 'offered', 'unplaced', 'engaged']);
  elsif v_caller.company_id = v_lead.giver_company_id then
    perform app_private.expect_state(v_lead.state, array['draft', 'submitted', 'available']);
  else
    perform app_private.expect_state(v_lead.state, array['engaged']);
    if p_envelope <> '{}' then
      perform app_private.refuse(403, 'operator-required');
    end if;
  end if;
  v_changed := jsonb_populate_record(v_lead, p_envelope);
  select (jsonb_populate_record(p, p_prospect)).* into v_prospect
  from app.prospect p where p.marketplace_id = p_marketplace and p.lead_id = p_lead;
  if v_lead.state <> 'draft' then
    if num_nonnulls(v_prospect.email, v_prospect.phone) = 0 then
      perform app_private.refuse(422, 'contact-missing');
    elsif not v_changed.distribution_permission then
      perform app_private.refuse(422, 'distribution-permission-missing');
    end if;
  end if;
  update app.prospect set name = v_prospect.name, salutation = v_prospect.salutation,
    company = v_prospect.company, email = v_prospect.email, phone = v_prospect.phone,
    street = v_prospect.street, postcode = v_prospect.postcode, city = v_prospect.city,
    country = v_prospect.country, answers = coalesce(v_prospect.answers, '{}')
  where marketplace_id = p_marketplace and lead_id = p_lead and p_prospect <> '{}';
  update app.lead set interest = v_changed.interest, tags = v_changed.tags,
    distribution_permission = v_changed.distribution_permission,
    postcode_area = left(coalesce(v_prospect.postcode, ''),
      (select m.teaser_digits from app.marketplace m where m.id = p_marketplace)),
    changed_at = now(), version = version + 1
  where marketplace_id = p_marketplace and id = p_lead;
  perform app_private.record(p_marketplace, p_lead, 'changed', v_caller, jsonb_build_object('fields',
    (select coalesce(jsonb_agg(k order by k), '[]') from jsonb_object_keys(p_envelope || p_prospect) k)));
end
$$;
comment on function app.change_lead(uuid, uuid, integer, jsonb, jsonb) is
  'Corrects interest, tags and contact data; 412 when the version is not the expected one.';
grant execute on function app.change_lead(uuid, uuid, integer, jsonb, jsonb) to kollegium_api;

-- sql/functions/55_brokerages.sql
set local role kollegium_owner;
-- Brokerages: whom a lead is offered to, one wave of offers, and its end.
set local role kollegium_broker;

-- Who may get a lead at all.
create or replace function app_private.may_take(p_participation app.participation, p_giver uuid)
returns boolean language sql immutable set search_path = pg_catalog, pg_temp
as $$
  select p_participation.state = 'active' and 'taker' = any (p_participation.capacities)
    and not p_participation.paused and p_participation.company_id is distinct from p_giver
$$;

-- The cap counts what a company works on a marketplace at present.
create or replace function app_private.cap_reached(p_participation app.participation)
returns boolean language sql stable set search_path = pg_catalog, pg_temp
as $$
  select p_participation.cap is not null and p_participation.cap <= (
    select count(*) from app.engagement e
    where e.company_id = p_participation.company_id
      and e.marketplace_id = p_participation.marketplace_id
      and e.state in ('active', 'return_requested'))
$$;

-- Active takers whose area, tags and cap fit, not paused, not the giver (docs/domain.md, life cycle).
-- No areas: everywhere. No tags on either side: no restriction.
create or replace function app_private.matching_takers(p_lead app.lead)
returns uuid[] language sql stable set search_path = pg_catalog, pg_temp
as $$
  select coalesce(array_agg(p.company_id order by p.company_id), '{}')
  from app.participation p
  left join app.prospect pr on pr.marketplace_id = p_lead.marketplace_id and pr.lead_id = p_lead.id
  where p.marketplace_id = p_lead.marketplace_id
    and app_private.may_take(p, p_lead.giver_company_id)
    and not app_private.cap_reached(p)
    and (cardinality(p.postcode_areas) = 0
         or exists (select from unnest(p.postcode_areas) area where starts_with(pr.postcode, area)))
    and (cardinality(p.tags) = 0 or cardinality(p_lead.tags) = 0 or p.tags && p_lead.tags)
$$;

-- One wave: an offer, with a snapshot of the teaser, to each of the companies.
create or replace function app_private.open_brokerage(
  p_lead app.lead, p_takers uuid[], p_hours integer, p_caller app.caller)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_id constant uuid := app_private.new_id();
  v_expires_at constant timestamptz := now() + make_interval(hours => p_hours);
  v_taker uuid;
begin
  insert into app.brokerage (marketplace_id, id, lead_id, operator_company_id, state, opened_by_id)
  values (p_lead.marketplace_id, v_id, p_lead.id, p_lead.operator_company_id, 'open', p_caller.colleague_id);
  insert into app.offer (marketplace_id, id, brokerage_id, lead_id, company_id, operator_company_id,
    wave, state, interest, postcode_area, tags, marketplace_name, company_name, expires_at)
  select p.marketplace_id, app_private.new_id(), v_id, p_lead.id, p.company_id, p.operator_company_id,
    1, 'open', p_lead.interest, p_lead.postcode_area, p_lead.tags, p.marketplace_name,
    p.company_name, v_expires_at
  from app.participation p
  where p.marketplace_id = p_lead.marketplace_id and p.company_id = any (p_takers)
    and p.state = 'active'
  for share;  -- a participation that ends meanwhile withdraws these offers, or gets none
  perform app_private.set_state(p_lead.marketplace_id, p_lead.id, 'offered');
  perform app_private.record(p_lead.marketplace_id, p_lead.id, 'offered', p_caller,
    jsonb_build_object('offers', cardinality(p_takers), 'expires_at', v_expires_at));
  foreach v_taker in array p_takers loop
    perform app_private.mail_company('offer-opened', v_taker, jsonb_build_object(
      'operator', p_lead.operator_name, 'interest', left(p_lead.interest, 200),
      'postcode_area', p_lead.postcode_area, 'expires_at', v_expires_at));
  end loop;
  perform app_private.conclude_wave(p_lead.marketplace_id, p_lead.id);  -- if nobody was left
end
$$;

-- available or unplaced → offered. p_companies null: all matching takers; else exactly these, whose
-- area and tags then do not matter, but who must be active takers with room. Nobody: 409.
create or replace function app.offer_lead(p_marketplace uuid, p_lead uuid, p_companies uuid[], p_hours integer)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_lead app.lead;
  v_takers uuid[];
  v_unfit uuid[];
begin
  v_lead := app_private.lock_lead(p_marketplace, p_lead, v_caller.company_id);
  perform app_private.expect_operator(v_lead, v_caller.company_id);
  perform app_private.expect_state(v_lead.state, array['available', 'unplaced']);
  if p_companies is null then
    v_takers := app_private.matching_takers(v_lead);
  else
    select array_agg(distinct c.id) filter (where fits), array_agg(distinct c.id) filter (where not fits)
    into v_takers, v_unfit
    from (select w.id, coalesce(app_private.may_take(p, v_lead.giver_company_id)
                                and not app_private.cap_reached(p), false) as fits
          from unnest(p_companies) w (id)
          left join app.participation p on p.marketplace_id = p_marketplace and p.company_id = w.id) c;
    if cardinality(v_unfit) > 0 then
      perform app_private.expect_not_absorbed(p_marketplace, c.id, v_caller.company_id)
      from unnest(v_unfit) c (id);
      perform app_private.refuse(422, 'taker-unfit', jsonb_build_object('companies', v_unfit));
    end if;
  end if;
  if coalesce(cardinality(v_takers), 0) = 0 then
    perform app_private.refuse(409, 'no-matching-taker');
  end if;
  perform app_private.open_brokerage(v_lead, v_takers, coalesce(p_hours,
    (select m.response_hours from app.marketplace m where m.id = p_marketplace)), v_caller);
end
$$;
comment on function app.offer_lead(uuid, uuid, uuid[], integer) is
  'available or unplaced → offered (operator), to all matching or to chosen takers.';
grant execute on function app.offer_lead(uuid, uuid, uuid[], integer) to kollegium_api;

-- Ends the open brokerage: what is still open becomes p_offers ('lost' or 'withdrawn').
create or replace function app_private.close_brokerage(
  p_marketplace uuid, p_lead uuid, p_state text, p_offers text)
returns void language sql volatile set search_path = pg_catalog, pg_temp
as $$
  update app.brokerage set state = p_state, closed_at = now()
  where marketplace_id = p_marketplace and lead_id = p_lead and state = 'open';
  update app.offer set state = p_offers, answered_at = now()
  where marketplace_id = p_marketplace and lead_id = p_lead and state = 'open'
$$;

-- The wave is over when no offer of it is open any more: the operator gets the lead back.
create or replace function app_private.conclude_wave(p_marketplace uuid, p_lead uuid)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_lead app.lead;
begin
  if exists (select from app.offer where marketplace_id = p_marketplace and lead_id = p_lead
             and state = 'open') then
    return;
  end if;
  update app.brokerage set state = 'exhausted', closed_at = now()
  where marketplace_id = p_marketplace and lead_id = p_lead and state = 'open';
  perform app_private.set_state(p_marketplace, p_lead, 'unplaced');
  perform app_private.record(p_marketplace, p_lead, 'unplaced', app_private.nobody());
  select * into v_lead from app.lead where marketplace_id = p_marketplace and id = p_lead;
  perform app_private.mail_company('lead-unplaced', v_lead.operator_company_id,
    jsonb_build_object('lead', p_lead, 'interest', left(v_lead.interest, 200)));
end
$$;

-- sql/functions/60_offers.sql
set local role kollegium_owner;
-- Offers: pick, decline, re-open, and assignment past them. The one place where a lead gets a taker.
set local role kollegium_broker;

-- Company X works lead Y from here on: engagement, disclosure, history, mails, in one transaction.
create or replace function app_private.begin_engagement(
  p_lead app.lead, p_company uuid, p_company_name text, p_steps text[], p_origin text,
  p_self_pick boolean, p_colleague uuid, p_colleague_name text)
returns uuid language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_id constant uuid := app_private.new_id();
  v_handler uuid;
begin
  -- Waits for a deactivation under way: who leaves must not become handler beside it.
  select c.id into v_handler from app.colleague c where c.id = p_colleague and c.active for share;
  insert into app.engagement (marketplace_id, id, lead_id, company_id, operator_company_id,
    giver_company_id, company_name, state, origin, self_pick, picked_by_id, picked_by_name, steps,
    step, handler_id, handler_name)
  values (p_lead.marketplace_id, v_id, p_lead.id, p_company, p_lead.operator_company_id,
    p_lead.giver_company_id, p_company_name, 'active', p_origin, p_self_pick, p_colleague,
    p_colleague_name, p_steps, p_steps[1], v_handler,
    case when v_handler is not null then p_colleague_name end);
  perform app_private.engage(p_lead.marketplace_id, p_lead.id, p_company, p_company_name, v_id);
  insert into app.disclosure (marketplace_id, id, lead_id, company_id, operator_company_id,
    company_name, colleague_name, reason, fields)
  select p.marketplace_id, app_private.new_id(), p.lead_id, p_company, p_lead.operator_company_id,
    p_company_name, p_colleague_name, p_origin,
    array(select f.key from jsonb_each(jsonb_strip_nulls(to_jsonb(p))) f
          where f.key in ('name', 'salutation', 'company', 'email', 'phone', 'street', 'postcode',
                          'city', 'country', 'answers') order by 1)
  from app.prospect p where p.marketplace_id = p_lead.marketplace_id and p.lead_id = p_lead.id;
  perform app_private.mail_company('lead-engaged', c.id, jsonb_build_object('lead', p_lead.id,
    'company', p_company_name, 'interest', left(p_lead.interest, 200)))
  from unnest(array[p_lead.operator_company_id, p_lead.giver_company_id]) c (id)
  where c.id is not null and c.id <> p_company;
  return v_id;
end
$$;

-- Picking is limited: 300 attempts a minute of a colleague (or API key), 600 of a company. A pick that
-- succeeds is charged last, so that nobody waits for the bucket while it waits for a lead; what a
-- refused one charged would be undone with it, so app.attempt_pick charges it afterwards.
create or replace function app_private.charge_pick(p_caller app.caller)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  perform app_private.take('pick ' || coalesce(p_caller.colleague_id, p_caller.api_key_id), 300, '1 min');
  perform app_private.take('pick ' || p_caller.company_id, 600, '1 min');
end
$$;

-- Exclusive: one company wins (docs/domain.md, case 1). Returns the engagement's id; picked is false
-- when a colleague of the caller had it already. 404 for a company that never had an offer, 409
-- without any name for one that came too late, 429 for too many attempts (see charge_pick).
-- An operator takes what its partners left over, where its marketplace says so (case 2).
create or replace function app.pick_lead(
  p_marketplace uuid, p_lead uuid, out engagement_id uuid, out picked boolean)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_lead app.lead;
  v_offer app.offer;
  v_card app.participation;
  v_marketplace app.marketplace;
  v_wait integer;
begin
  v_wait := greatest(
    app_private.seconds_to_wait('pick ' || coalesce(v_caller.colleague_id, v_caller.api_key_id), 300, '1 min'),
    app_private.seconds_to_wait('pick ' || v_caller.company_id, 600, '1 min'));
  if v_wait > 0 then
    perform app_private.refuse(429, 'too-many-requests', jsonb_build_object('retry_after', v_wait));
  end if;
  select * into v_marketplace from app.marketplace where id = p_marketplace;
  if not exists (select from app.offer where marketplace_id = p_marketplace and lead_id = p_lead
                 and company_id = v_caller.company_id)
     and not (v_marketplace.operator_may_take and v_marketplace.operator_company_id = v_caller.company_id)
     -- assigned directly: a colleague who picks it is told that it is theirs already
     and not exists (select from app.engagement where marketplace_id = p_marketplace
                     and lead_id = p_lead and company_id = v_caller.company_id) then
    perform app_private.refuse(404, 'not-found');
  end if;
  v_lead := app_private.lock_lead(p_marketplace, p_lead);
  if v_lead.engaged_company_id = v_caller.company_id then
    engagement_id := v_lead.engagement_id;
    picked := false;
    perform app_private.charge_pick(v_caller);
    return;
  end if;
  if v_caller.company_id = v_lead.operator_company_id then
    if v_lead.state <> 'unplaced' then
      perform app_private.refuse(409, 'operator-takes-after-first-wave');
    end if;
    engagement_id := app_private.begin_engagement(v_lead, v_caller.company_id, v_caller.company_name,
      v_marketplace.steps, 'pick', true, v_caller.colleague_id, v_caller.colleague_name);
  else
    select * into v_offer from app.offer
    where marketplace_id = p_marketplace and lead_id = p_lead and company_id = v_caller.company_id
    order by id desc limit 1;
    if v_offer.state = 'declined' and v_lead.state = 'offered' then
      perform app_private.refuse(409, 'offer-declined');
    elsif v_offer.state <> 'open' or v_offer.expires_at <= now() then
      perform app_private.refuse(409, 'lead-no-longer-available');
    end if;
    -- Locked, so that two picks of one company do not pass its cap together.
    select * into v_card from app.participation
    where marketplace_id = p_marketplace and company_id = v_caller.company_id for no key update;
    if v_card.state <> 'active' then
      perform app_private.refuse(409, 'lead-no-longer-available');
    elsif app_private.cap_reached(v_card) then
      perform app_private.refuse(409, 'cap-reached', jsonb_build_object('cap', v_card.cap));
    end if;
    update app.offer set state = 'picked', answered_at = now(), answered_by_name = v_caller.colleague_name
    where marketplace_id = p_marketplace and id = v_offer.id;
    perform app_private.close_brokerage(p_marketplace, p_lead, 'placed', 'lost');
    engagement_id := app_private.begin_engagement(v_lead, v_caller.company_id, v_caller.company_name,
      v_card.steps, 'pick', false, v_caller.colleague_id, v_caller.colleague_name);
  end if;
  perform app_private.record(p_marketplace, p_lead, 'picked', v_caller);
  perform app_private.charge_pick(v_caller);
  picked := true;
end
$$;
comment on function app.pick_lead(uuid, uuid) is
  'The caller''s company takes the lead it was offered; exactly one company wins.';
grant execute on function app.pick_lead(uuid, uuid) to kollegium_api;

-- The same for the service: a refusal is the answer and not an error, so that the attempt stays counted.
-- Null when the lead is the caller's company's; otherwise problem and detail as `refuse` had them. 429 is
-- an error here, too: it costs no further attempt.
create or replace function app.attempt_pick(p_marketplace uuid, p_lead uuid) returns json
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_problem text;
  v_detail text;
begin
  perform app.pick_lead(p_marketplace, p_lead);
  return null;
exception when sqlstate 'KG404' or sqlstate 'KG409' then
  get stacked diagnostics v_problem = constraint_name, v_detail = pg_exception_detail;
  perform set_config('synchronous_commit', 'off', true);  -- a count that a crash loses harms nobody
  perform app_private.charge_pick(app_private.caller());
  return json_build_object('problem', v_problem, 'detail', v_detail::json);
end
$$;
comment on function app.attempt_pick(uuid, uuid) is
  'As app.pick_lead, but a refusal is returned, and the attempt counts against the limits.';
grant execute on function app.attempt_pick(uuid, uuid) to kollegium_api;

-- The operator gives a lead to a taker of its marketplace past the offers, which become lost.
create or replace function app.assign_lead(p_marketplace uuid, p_lead uuid, p_company uuid)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_lead app.lead;
  v_card app.participation;
  v_marketplace app.marketplace;
begin
  v_lead := app_private.lock_lead(p_marketplace, p_lead, v_caller.company_id);
  perform app_private.expect_operator(v_lead, v_caller.company_id);
  perform app_private.expect_state(v_lead.state, array['available', 'offered', 'unplaced']);
  select * into v_marketplace from app.marketplace where id = p_marketplace;
  if p_company = v_caller.company_id then
    if not v_marketplace.operator_may_take then
      perform app_private.refuse(409, 'operator-may-not-take');
    elsif v_lead.state <> 'unplaced' then
      perform app_private.refuse(409, 'operator-takes-after-first-wave');
    end if;
    v_card.company_name := v_caller.company_name;
    v_card.steps := v_marketplace.steps;
  else
    select * into v_card from app.participation
    where marketplace_id = p_marketplace and company_id = p_company for no key update;
    if not coalesce(app_private.may_take(v_card, v_lead.giver_company_id), false) then
      perform app_private.expect_not_absorbed(p_marketplace, p_company, v_caller.company_id);
      perform app_private.refuse(422, 'taker-unfit', jsonb_build_object('companies', array[p_company]));
    elsif app_private.cap_reached(v_card) then
      perform app_private.refuse(409, 'cap-reached', jsonb_build_object('cap', v_card.cap));
    end if;
  end if;
  perform app_private.close_brokerage(p_marketplace, p_lead, 'placed', 'lost');
  perform app_private.begin_engagement(v_lead, p_company, v_card.company_name, v_card.steps,
    'assignment', p_company = v_caller.company_id, null, null);
  perform app_private.record(p_marketplace, p_lead, 'assigned', v_caller,
    jsonb_build_object('company', v_card.company_name));
  perform app_private.mail_company('lead-assigned', p_company, jsonb_build_object(
    'operator', v_lead.operator_name, 'interest', left(v_lead.interest, 200)));
end
$$;
comment on function app.assign_lead(uuid, uuid, uuid) is
  'Gives a lead directly to a taker (operator); open offers become lost.';
grant execute on function app.assign_lead(uuid, uuid, uuid) to kollegium_api;

-- The caller's own latest offer for the lead, the lead locked first; 404 without one.
create or replace function app_private.own_offer(p_marketplace uuid, p_lead uuid, p_company uuid)
returns app.offer language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_offer app.offer;
begin
  if not exists (select from app.offer where marketplace_id = p_marketplace and lead_id = p_lead
                 and company_id = p_company) then
    perform app_private.refuse(404, 'not-found');
  end if;
  perform app_private.lock_lead(p_marketplace, p_lead);
  select * into v_offer from app.offer
  where marketplace_id = p_marketplace and lead_id = p_lead and company_id = p_company
  order by id desc limit 1;
  return v_offer;
end
$$;

-- For the whole company. Declining twice changes nothing.
create or replace function app.decline_offer(p_marketplace uuid, p_lead uuid, p_reason text)
returns app.offer language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_offer app.offer;
begin
  v_offer := app_private.own_offer(p_marketplace, p_lead, v_caller.company_id);
  if v_offer.state = 'declined' then
    return v_offer;
  elsif v_offer.state <> 'open' then
    perform app_private.refuse(409, 'lead-no-longer-available');
  end if;
  update app.offer set state = 'declined', decline_reason = p_reason, answered_at = now(),
    answered_by_name = v_caller.colleague_name
  where marketplace_id = p_marketplace and id = v_offer.id returning * into v_offer;
  perform app_private.conclude_wave(p_marketplace, p_lead);
  return v_offer;
end
$$;
comment on function app.decline_offer(uuid, uuid, text) is
  'Declines the offer for the whole company; the last refusal of a wave makes the lead unplaced.';
grant execute on function app.decline_offer(uuid, uuid, text) to kollegium_api;

-- Takes one's own refusal back while the lead is still offered, the window open, and the company a
-- partner: who left the marketplace could not pick, and the lead would wait for him in vain.
create or replace function app.reopen_offer(p_marketplace uuid, p_lead uuid)
returns app.offer language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_offer app.offer;
  v_state text;
begin
  v_offer := app_private.own_offer(p_marketplace, p_lead, v_caller.company_id);
  if v_offer.state = 'open' then
    return v_offer;
  end if;
  select state into v_state from app.participation
  where marketplace_id = p_marketplace and company_id = v_caller.company_id for share;
  if v_state is distinct from 'active' or v_offer.state <> 'declined' or v_offer.expires_at <= now()
     or not exists (select from app.brokerage where marketplace_id = p_marketplace
                    and id = v_offer.brokerage_id and state = 'open') then
    perform app_private.refuse(409, 'lead-no-longer-available');
  end if;
  update app.offer set state = 'open', decline_reason = null, answered_at = null, answered_by_name = null
  where marketplace_id = p_marketplace and id = v_offer.id returning * into v_offer;
  return v_offer;
end
$$;
comment on function app.reopen_offer(uuid, uuid) is
  'Re-opens the company''s own declined offer while the lead is still offered.';
grant execute on function app.reopen_offer(uuid, uuid) to kollegium_api;

-- Timer: offers whose window is over expire. At most p_limit leads a call; returns how many. Leads of the
-- former system that nobody touched here wait for its word until the cut-over: what an offer became is
-- decided there, and a lead that this timer changed could not follow it any more. Those that were overdue
-- long before the first import are not even looked at: there may be many.
create or replace function app.expire_offers(p_limit integer)
returns integer language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_former constant boolean := exists (select from app_private.legacy_state where cut_over_at is null);
  v_since constant timestamptz := coalesce((select min(u.imported_at) - interval '7 days'
    from app_private.legacy_user u where v_former), '-infinity');
  v_due record;
  v_count integer := 0;
begin
  for v_due in
    select distinct o.marketplace_id, o.lead_id from app.offer o
    where o.state = 'open' and o.expires_at <= now() and o.expires_at > v_since and not (v_former and exists (
      select from app.lead l join app_private.legacy_lead k
        on k.legacy_id = case when l.external_ref ~ '^[0-9]{1,18}$' then l.external_ref::bigint end
        and k.lead_id = l.id and k.version = l.version
      where l.marketplace_id = o.marketplace_id and l.id = o.lead_id and l.source = 'legacy'))
    order by o.marketplace_id, o.lead_id limit p_limit
  loop
    perform app_private.lock_lead(v_due.marketplace_id, v_due.lead_id);
    update app.offer set state = 'expired', answered_at = now()
    where marketplace_id = v_due.marketplace_id and lead_id = v_due.lead_id
      and state = 'open' and expires_at <= now();
    if found then
      perform app_private.conclude_wave(v_due.marketplace_id, v_due.lead_id);
      v_count := v_count + 1;
    end if;
  end loop;
  return v_count;
end
$$;
comment on function app.expire_offers(integer) is
  'Timer of the response window: overdue offers expire, leads without an open offer are unplaced.';
grant execute on function app.expire_offers(integer) to kollegium_worker;

-- sql/functions/80_operation.sql
set local role kollegium_owner;
-- For the worker and the auditor.
set local role kollegium_broker;

-- Removes what has served its time: sessions 30 days after their end, kept answers after 48 hours,
-- full rate buckets, expired invitation tokens. Returns the number of rows.
create or replace function app.purge() returns bigint
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_count bigint;
  v_total bigint := 0;
begin
  delete from app_private.bearer where expires_at < now() - interval '30 days';
  get diagnostics v_count = row_count;
  v_total := v_total + v_count;
  delete from app_private.idempotent_answer where created_at < now() - interval '48 hours';
  get diagnostics v_count = row_count;
  v_total := v_total + v_count;
  delete from app_private.rate where full_at < now() - interval '1 hour';
  get diagnostics v_count = row_count;
  v_total := v_total + v_count;
  delete from app_private.invitation_token t using app.invitation i
  where i.id = t.invitation_id and (i.expires_at < now() or i.state = 'revoked');
  get diagnostics v_count = row_count;
  return v_total + v_count + app_private.purge_merges();
end
$$;
comment on function app.purge() is 'Removes expired sessions, answers, buckets and tokens.';
grant execute on function app.purge() to kollegium_worker;

-- The outbox, newest first. Until real delivery exists this is how mails are read.
create or replace function app.read_mails(p_limit integer)
returns table (id uuid, template text, recipient text, language text, payload jsonb, created_at timestamptz)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select o.id, o.template, o.recipient, o.language, o.payload, o.created_at
  from app_private.outbox o where o.kind = 'mail' order by o.id desc limit p_limit
$$;
comment on function app.read_mails(integer) is 'Mails waiting in the outbox, newest first.';
grant execute on function app.read_mails(integer) to kollegium_worker;

create or replace function app.read_audit_log(p_since timestamptz, p_limit integer)
returns table (at timestamptz, company_id uuid, colleague_id uuid, action text, object_id uuid, detail jsonb)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select a.at, a.company_id, a.colleague_id, a.action, a.object_id, a.detail
  from app_private.audit_entry a where a.at >= p_since order by a.id desc limit p_limit
$$;
comment on function app.read_audit_log(timestamptz, integer) is
  'Security-relevant events, newest first; ids and actions, no personal data.';
grant execute on function app.read_audit_log(timestamptz, integer) to kollegium_auditor, kollegium_staff;

-- sql/functions/90_merge_rules.sql
set local role kollegium_owner;
-- What becomes of every row that names a company when one company absorbs another, and when the
-- merge is undone. The merge reads this list; a column that is missing here fails a test
-- (tests/merging/test_rules.py), so a new table needs its line before it can be released.
--
--   move      names the owner or the author: the survivor from then on; the journal knows whose it
--             was, and undo gives it back
--   follow    a copy of what another row says (`of`): changes with it, in both directions, so that
--             rows made since the merge follow too
--   choose    as move, but where both sides have a row for the same thing one goes to the journal
--   unite     as choose, and what stays takes over what the other one allowed
--   generated made by PostgreSQL out of the others
--   cascade   follows by a foreign key with `on update cascade`
--   keep      evidence of what was: never changes
--   tenant    the companies themselves: the absorbed one stays, marked, so that its id can be answered
--
-- found: how its rows are found without reading the whole table: by an index of the column (own), by
-- the leads concerned (lead), by the operator (marketplace), by the table in `of`, among what waits to be
-- sent (pending), or one by one (key).
-- Tables are worked off in this order: leads are locked first, as everywhere.
set local role kollegium_broker;

create or replace function app_private.merge_rules()
returns table (place integer, tab text, col text, rule text, found text, of text, why text)
language sql immutable set search_path = pg_catalog, pg_temp
as $$
  values
    (10, 'app.lead', 'operator_company_id', 'follow', 'lead', 'app.marketplace', 'the operator of the marketplace'),
    (10, 'app.lead', 'giver_company_id', 'move', 'lead', null, 'who gave it'),
    (10, 'app.lead', 'engaged_company_id', 'move', 'lead', null, 'who works it; undo: the company of its engagement'),
    (10, 'app.lead', 'parties', 'generated', 'lead', null, 'who sees it'),
    (20, 'app.engagement', 'company_id', 'move', 'lead', null, 'who works the lead'),
    (20, 'app.engagement', 'operator_company_id', 'follow', 'lead', 'app.marketplace', 'the operator'),
    (20, 'app.engagement', 'giver_company_id', 'follow', 'lead', 'app.lead', 'the giver of the lead'),
    (20, 'app.engagement', 'parties', 'generated', 'lead', null, 'who sees it'),
    (30, 'app.offer', 'company_id', 'choose', 'lead', null, 'of two offers for one lead the better one stays (case 4)'),
    (30, 'app.offer', 'operator_company_id', 'follow', 'lead', 'app.marketplace', 'the operator'),
    (40, 'app.brokerage', 'operator_company_id', 'follow', 'lead', 'app.marketplace', 'the operator'),
    (50, 'app.prospect', 'parties', 'follow', 'lead', 'app.lead', 'who sees the lead'),
    (60, 'app.message', 'company_id', 'move', 'lead', null, 'the author; the printed name stays'),
    (60, 'app.message', 'parties', 'follow', 'lead', 'app.lead', 'who sees the lead'),
    (70, 'app.history', 'company_id', 'move', 'lead', null, 'who did it; the printed name stays'),
    (70, 'app.history', 'parties', 'follow', 'lead', 'app.lead', 'who sees the lead'),
    (80, 'app.note', 'company_id', 'move', 'lead', null, 'whose internal note it is'),
    (90, 'app.disclosure', 'company_id', 'move', 'lead', null, 'the recipient; the printed name stays'),
    (90, 'app.disclosure', 'operator_company_id', 'follow', 'lead', 'app.marketplace', 'the operator'),
    (90, 'app.disclosure', 'parties', 'generated', 'lead', null, 'who sees it'),
    (100, 'app.lead_import', 'company_id', 'move', 'own', null, 'who imported'),
    (110, 'app.lead_import_row', 'company_id', 'follow', 'app.lead_import', 'app.lead_import', 'its report'),
    (120, 'app.participation', 'company_id', 'unite', 'own', null, 'one card for each company and marketplace (case 4)'),
    (120, 'app.participation', 'operator_company_id', 'follow', 'marketplace', 'app.marketplace', 'the operator'),
    (130, 'app.partner_invitation', 'company_id', 'move', 'own', null, 'the invited company'),
    (130, 'app.partner_invitation', 'operator_company_id', 'follow', 'marketplace', 'app.marketplace', 'the operator'),
    (140, 'app.marketplace', 'operator_company_id', 'move', 'own', null, 'who operates it'),
    (150, 'app.colleague', 'company_id', 'move', 'own', null, 'whom he acts for, from his next request on (case 5)'),
    (160, 'app.invitation', 'company_id', 'move', 'own', null, 'who invited'),
    (170, 'app.api_key', 'company_id', 'move', 'own', null, 'the owner; its token keeps working'),
    (175, 'app_private.bearer', 'company_id', 'cascade', 'own', 'app.colleague', 'for whom a token acts, from the next request on (case 5)'),
    (175, 'app_private.bearer', 'company_state', 'cascade', 'own', 'app.company', 'whether that company acts at all'),
    (180, 'app_private.idempotent_answer', 'company_id', 'choose', 'key', null, 'where both used one key the survivor''s answer stays'),
    (190, 'app_private.outbox', 'company_id', 'move', 'pending', null, 'on whose behalf; what is sent already stays'),
    (200, 'app_private.audit_entry', 'company_id', 'keep', null, null, 'who did it then'),
    (210, 'app.company', 'id', 'tenant', null, null, 'both companies keep their ids'),
    (210, 'app.company', 'absorbed_into', 'tenant', null, null, 'the survivor, on the absorbed company'),
    (220, 'app.company_merge', 'asking_company_id', 'keep', null, null, 'record of a merge'),
    (220, 'app.company_merge', 'named_company_id', 'keep', null, null, 'record of a merge'),
    (220, 'app.company_merge', 'other_company_id', 'keep', null, null, 'record of a merge'),
    (220, 'app.company_merge', 'survivor_company_id', 'keep', null, null, 'record of a merge'),
    (220, 'app.company_merge', 'absorbed_company_id', 'keep', null, null, 'record of a merge'),
    (220, 'app.company_merge', 'parties', 'generated', null, null, 'both companies'),
    (220, 'app_private.cohort_company', 'company_id', 'keep', null, null, 'the week in which its features came'),
    (220, 'app_private.legacy_proof', 'company_id', 'keep', null, null, 'what was proven of it then'),
    (220, 'app_private.legacy_user', 'company_id', 'keep', null, null, 'the company made for him; the import goes on from it to its survivor'),
    (220, 'app_private.legacy_participation', 'company_id', 'keep', null, null, 'the company made for the participant'),
    (230, 'app_private.company_split', 'company_id', 'keep', null, null, 'record of a split'),
    (230, 'app_private.company_split', 'new_company_id', 'keep', null, null, 'record of a split')
$$;

-- sql/functions/91_merge_journal.sql
set local role kollegium_owner;
-- The tools of a merge: locks, the journal, and moving rows by the list of rules.
set local role kollegium_broker;

-- For whoever is about to make a row for another company than the caller's: waits for a merge of it.
-- Look at the company after this, in a statement of its own.
create or replace function app_private.hold_company(p_company uuid)
returns void language sql volatile set search_path = pg_catalog, pg_temp
as $$ select pg_advisory_xact_lock_shared(app_private.company_lock_key(p_company)) $$;

-- The active company that has this id, or a colleague with this address; null: none.
create or replace function app_private.active_company(p_company uuid, p_email text)
returns uuid language sql volatile set search_path = pg_catalog, pg_temp
as $$
  select co.id from app.company co
  where co.state = 'active' and co.id = coalesce(p_company,
    (select c.company_id from app.colleague c where c.email = p_email and c.active))
$$;

-- Both companies, exclusively, in the order of their ids: waits for what their colleagues have under
-- way, makes what they begin now wait (app.enter), and leaves everybody else alone.
create or replace function app_private.lock_companies(p_one uuid, p_other uuid)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
set lock_timeout = '20s'
as $$
begin
  perform pg_advisory_xact_lock(app_private.company_lock_key(least(p_one, p_other)));
  perform pg_advisory_xact_lock(app_private.company_lock_key(greatest(p_one, p_other)));
end
$$;

-- The leads that a company is or was part of: as operator, giver or taker, by an offer, by work done.
-- What it wrote about leads (notes, messages, history, disclosures) is on these and no others.
create or replace function app_private.leads_of(
  p_company uuid, out marketplaces uuid[], out leads uuid[])
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select array_agg(k.marketplace_id), array_agg(k.id)
  from (select marketplace_id, id from app.lead where operator_company_id = p_company
        union select marketplace_id, id from app.lead where giver_company_id = p_company
        union select marketplace_id, id from app.lead where engaged_company_id = p_company
        union select marketplace_id, lead_id from app.engagement where company_id = p_company
        union select marketplace_id, lead_id from app.offer where company_id = p_company) k
$$;

-- Keeps what a row was before it was changed or removed. p_before: the columns changed, or all.
create or replace function app_private.journal(
  p_merge uuid, p_tab text, p_kind text, p_marketplace uuid, p_id uuid, p_before jsonb,
  p_after jsonb default null)
returns void language sql volatile set search_path = pg_catalog, pg_temp
as $$
  insert into app_private.merge_journal (merge_id, tab, kind, marketplace_id, id, before, after)
  values (p_merge, p_tab, p_kind, p_marketplace, p_id, p_before, p_after)
$$;

-- Which rows of a table a step of the merge looks at: $1 the absorbed company, $3 and $4 marketplaces
-- and ids of the leads concerned.
create or replace function app_private.merge_scope(p_tab text, p_found text, p_own text)
returns text language sql immutable set search_path = pg_catalog, pg_temp
as $$
  select case p_found
    when 'lead' then format('(t.marketplace_id, t.%I) in (select * from unnest($3, $4))',
      case p_tab when 'app.lead' then 'id' else 'lead_id' end)
    when 'marketplace' then 't.operator_company_id = $1'
    when 'pending' then format('t.delivered_at is null and t.%I = $1', p_own)
    when 'own' then format('t.%I = $1', p_own)
    else format('(t.marketplace_id, t.import_id) in (select i.marketplace_id, i.id from %s i
                 where i.company_id = $2)', p_found)  -- a table that has moved already
  end
$$;

-- Tells whoever waits on this connection which table comes next, of how many; nobody else sees anything
-- of it before the end.
create or replace function app_private.tell_progress(p_tab text, p_done bigint, p_all bigint)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  raise notice 'progress % % %', p_done, p_all, p_tab;
end
$$;

-- Moves the rows of one table from $1 to $2: set-based, one statement for the journal and one for the
-- rows. Returns how many rows changed.
create or replace function app_private.move_table(
  p_merge uuid, p_from uuid, p_to uuid, p_tab text, p_markets uuid[], p_leads uuid[])
returns bigint language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_owned text[];
  v_set text;
  v_any text;
  v_scope text;
  v_count bigint;
begin
  -- Cards have no id and are handed over one by one (merge_cards).
  select array_agg(r.col) filter (where r.rule in ('move', 'choose')),
    string_agg(case when r.col = 'parties' then 'parties = array_replace(t.parties, $1, $2)'
      else format('%1$I = case when t.%1$I = $1 then $2 else t.%1$I end', r.col) end, ', '),
    string_agg(case when r.col = 'parties' then '$1 = any (t.parties)'
      else format('t.%I = $1', r.col) end, ' or '),
    string_agg(distinct app_private.merge_scope(r.tab, r.found, r.col), ' or ')
  into v_owned, v_set, v_any, v_scope
  from app_private.merge_rules() r
  where r.tab = p_tab and r.rule in ('move', 'choose', 'unite', 'follow');
  if v_owned is not null then
    execute format('insert into app_private.merge_journal (merge_id, tab, kind, marketplace_id, id, columns)
      select $5, %L, ''moved'', %s, t.id, array_remove(array[%s], null) from %s t where (%s) and (%s)',
      p_tab,
      case when p_tab = any (array['app.colleague', 'app.invitation', 'app.api_key',
             'app_private.outbox', 'app.marketplace']) then 'null::uuid' else 't.marketplace_id' end,
      (select string_agg(format('case when t.%1$I = $1 then %1$L end', c), ', ') from unnest(v_owned) c),
      p_tab, v_scope,
      (select string_agg(format('t.%I = $1', c), ' or ') from unnest(v_owned) c))
    using p_from, p_to, p_markets, p_leads, p_merge;
  end if;
  execute format('update %s t set %s where (%s) and (%s)', p_tab, v_set, v_scope, v_any)
  using p_from, p_to, p_markets, p_leads;
  get diagnostics v_count = row_count;
  return v_count;
end
$$;

-- Sets columns of one row and keeps what they were; the key is in p_key (columns of the table).
create or replace function app_private.change_row(
  p_merge uuid, p_tab text, p_marketplace uuid, p_id uuid, p_key jsonb, p_change jsonb)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_before jsonb;
begin
  execute format('select to_jsonb(t) from %s t where %s for update', p_tab,
    app_private.row_condition(p_tab)) into strict v_before using p_key;
  perform app_private.journal(p_merge, p_tab, 'changed', p_marketplace, p_id,
    (select jsonb_object_agg(k, v_before -> k) from jsonb_object_keys(p_change) k), p_change);
  perform app_private.set_row(p_tab, p_key, p_change);
end
$$;

-- The condition on the key that is in $1, for tables whose rows are changed one by one.
create or replace function app_private.row_condition(p_tab text)
returns text language sql immutable set search_path = pg_catalog, pg_temp
as $$
  select case p_tab when 'app.participation'
    then 't.marketplace_id = ($1 ->> ''marketplace_id'')::uuid and t.company_id = ($1 ->> ''company_id'')::uuid'
    else 't.marketplace_id = ($1 ->> ''marketplace_id'')::uuid and t.id = ($1 ->> ''id'')::uuid' end
$$;

create or replace function app_private.set_row(p_tab text, p_key jsonb, p_change jsonb)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  execute format('update %1$s t set %2$s from jsonb_populate_record(null::%1$s, $2) c where %3$s', p_tab,
    (select string_agg(format('%1$I = c.%1$I', k), ', ') from jsonb_object_keys(p_change) k),
    app_private.row_condition(p_tab)) using p_key, p_change;
end
$$;

-- sql/functions/92_merge_rows.sql
set local role kollegium_owner;
-- Where two companies have a row for the same thing (docs/domain.md, case 4). Everything that is
-- changed or removed here goes to the journal first.
set local role kollegium_broker;

-- Two leads of one source with the same external_ref, put in by both: both stay, the absorbed
-- company's forgets its reference, which otherwise would stand for two.
create or replace function app_private.merge_references(
  p_merge uuid, p_from uuid, p_to uuid, p_markets uuid[], p_leads uuid[])
returns void language sql volatile set search_path = pg_catalog, pg_temp
as $$
  select app_private.change_row(p_merge, 'app.lead', a.marketplace_id, a.id,
    jsonb_build_object('marketplace_id', a.marketplace_id, 'id', a.id), '{"external_ref": null}')
  from app.lead a
  where (a.marketplace_id, a.id) in (select * from unnest(p_markets, p_leads))
    and a.external_ref is not null and coalesce(a.giver_company_id, a.operator_company_id) = p_from
    and exists (select from app.lead b where b.marketplace_id = a.marketplace_id
      and b.source = a.source and b.external_ref = a.external_ref
      and coalesce(b.giver_company_id, b.operator_company_id) = p_to)
$$;

-- picked > open > declined > expired > withdrawn > lost
create or replace function app_private.offer_rank(p_state text)
returns integer language sql immutable set search_path = pg_catalog, pg_temp
as $$ select array_position(array['picked', 'open', 'declined', 'expired', 'withdrawn', 'lost'], p_state) $$;

-- Offers for one lead on both sides: the side with the better one keeps its offers (the survivor when
-- they are equal), those of the other go to the journal.
create or replace function app_private.merge_offers(
  p_merge uuid, p_from uuid, p_to uuid, p_markets uuid[], p_leads uuid[])
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  with better as (
    select o.marketplace_id, o.lead_id,
      case when min(app_private.offer_rank(o.state)) filter (where o.company_id = p_from)
              < min(app_private.offer_rank(o.state)) filter (where o.company_id = p_to)
           then p_to else p_from end as removed
    from app.offer o
    where (o.marketplace_id, o.lead_id) in (select * from unnest(p_markets, p_leads))
      and o.company_id in (p_from, p_to)
    group by o.marketplace_id, o.lead_id having count(distinct o.company_id) = 2),
  gone as (
    delete from app.offer o using better b
    where o.marketplace_id = b.marketplace_id and o.lead_id = b.lead_id and o.company_id = b.removed
    returning o.*)
  insert into app_private.merge_journal (merge_id, tab, kind, marketplace_id, id, before)
  select p_merge, 'app.offer', 'collapsed', g.marketplace_id, g.id, to_jsonb(g) from gone g;
  -- A giver is never offered its own lead, an operator takes otherwise (case 2): such offers end.
  perform app_private.change_row(p_merge, 'app.offer', o.marketplace_id, o.id,
    jsonb_build_object('marketplace_id', o.marketplace_id, 'id', o.id),
    jsonb_build_object('state', 'withdrawn', 'answered_at', now()))
  from app.offer o join app.lead l on l.marketplace_id = o.marketplace_id and l.id = o.lead_id
  where (o.marketplace_id, o.lead_id) in (select * from unnest(p_markets, p_leads))
    and o.state = 'open' and o.company_id in (p_from, p_to)
    and (l.giver_company_id in (p_from, p_to) or l.operator_company_id in (p_from, p_to));
end
$$;

-- Leads whose last open offer went that way: their wave is over, as in app_private.conclude_wave, but
-- with the journal.
create or replace function app_private.merge_waves(p_merge uuid)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v record;
begin
  for v in
    select distinct b.marketplace_id, b.id, b.lead_id
    from app_private.merge_journal j
    join app.brokerage b on b.marketplace_id = j.marketplace_id and b.state = 'open'
      and b.id = coalesce((j.before ->> 'brokerage_id')::uuid, (select o.brokerage_id from app.offer o
        where o.marketplace_id = j.marketplace_id and o.id = j.id))
    where j.merge_id = p_merge and j.tab = 'app.offer' and j.kind in ('changed', 'collapsed')
      and not exists (select from app.offer o where o.marketplace_id = b.marketplace_id
        and o.lead_id = b.lead_id and o.state = 'open')
    order by b.marketplace_id, b.lead_id
  loop
    perform app_private.change_row(p_merge, 'app.brokerage', v.marketplace_id, v.id,
      jsonb_build_object('marketplace_id', v.marketplace_id, 'id', v.id),
      jsonb_build_object('state', 'exhausted', 'closed_at', now()));
    perform app_private.change_row(p_merge, 'app.lead', v.marketplace_id, v.lead_id,
      jsonb_build_object('marketplace_id', v.marketplace_id, 'id', v.lead_id),
      jsonb_build_object('state', 'unplaced', 'changed_at', now(), 'version', l.version + 1))
    from app.lead l where l.marketplace_id = v.marketplace_id and l.id = v.lead_id;
    with written as (
      insert into app.history (marketplace_id, id, lead_id, parties, event, detail)
      select l.marketplace_id, app_private.new_id(), l.id, l.parties, 'unplaced',
        jsonb_build_object('merge', p_merge)
      from app.lead l where l.marketplace_id = v.marketplace_id and l.id = v.lead_id
      returning marketplace_id, id)
    insert into app_private.merge_journal (merge_id, tab, kind, marketplace_id, id)
    select p_merge, 'app.history', 'created', w.marketplace_id, w.id from written w;
  end loop;
end
$$;

create or replace function app_private.collapse_card(p_merge uuid, p_marketplace uuid, p_company uuid)
returns void language sql volatile set search_path = pg_catalog, pg_temp
as $$
  with gone as (delete from app.participation p where p.marketplace_id = p_marketplace
                and p.company_id = p_company returning p.*)
  insert into app_private.merge_journal (merge_id, tab, kind, marketplace_id, before)
  select p_merge, 'app.participation', 'collapsed', g.marketplace_id, to_jsonb(g) from gone g
$$;

-- What a card of both is afterwards: the better state; where both count, areas and tags united (none
-- means all), the larger cap (none means no limit), paused only if both are. Areas, tags, cap and
-- pause count for takers alone; a card that was declined or ended adds nothing.
create or replace function app_private.united_card(p_kept app.participation, p_other app.participation)
returns jsonb language plpgsql immutable set search_path = pg_catalog, pg_temp
as $$
declare
  v_order constant text[] := array['active', 'invited', 'ended', 'declined'];
  v_first app.participation := p_kept;
  v_second app.participation := p_other;
begin
  if array_position(v_order, p_other.state) < array_position(v_order, p_kept.state) then
    v_first := p_other;
    v_second := p_kept;
  end if;
  if v_second.state in ('active', 'invited') then
    if 'taker' = any (v_first.capacities) and 'taker' = any (v_second.capacities) then
      v_first.postcode_areas := app_private.united(v_first.postcode_areas, v_second.postcode_areas);
      v_first.tags := app_private.united(v_first.tags, v_second.tags);
      v_first.cap := case when num_nulls(v_first.cap, v_second.cap) = 0
        then greatest(v_first.cap, v_second.cap) end;
      v_first.paused := v_first.paused and v_second.paused;
    elsif 'taker' = any (v_second.capacities) then
      v_first.postcode_areas := v_second.postcode_areas;
      v_first.tags := v_second.tags;
      v_first.cap := v_second.cap;
      v_first.paused := v_second.paused;
    end if;
    v_first.capacities := array(select distinct unnest(v_first.capacities || v_second.capacities) order by 1);
  end if;
  return jsonb_build_object('capacities', v_first.capacities, 'state', v_first.state,
    'postcode_areas', v_first.postcode_areas, 'tags', v_first.tags, 'paused', v_first.paused,
    'cap', v_first.cap, 'answered_at', v_first.answered_at, 'ended_at', v_first.ended_at,
    'version', p_kept.version + 1);
end
$$;

-- None on either side means no restriction, so none is what remains.
create or replace function app_private.united(p_one text[], p_other text[])
returns text[] language sql immutable set search_path = pg_catalog, pg_temp
as $$
  select case when cardinality(p_one) = 0 or cardinality(p_other) = 0 then '{}'
    else array(select distinct unnest(p_one || p_other) order by 1) end
$$;

-- Answers kept for an Idempotency-Key that both sides used: the survivor's stays.
create or replace function app_private.merge_answers(p_merge uuid, p_from uuid, p_to uuid)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  with gone as (
    delete from app_private.idempotent_answer a where a.company_id = p_from and exists (
      select from app_private.idempotent_answer b where b.company_id = p_to and b.key = a.key)
    returning a.*)
  insert into app_private.merge_journal (merge_id, tab, kind, before)
  select p_merge, 'app_private.idempotent_answer', 'collapsed', to_jsonb(g) from gone g;
  insert into app_private.merge_journal (merge_id, tab, kind, before)
  select p_merge, 'app_private.idempotent_answer', 'moved', jsonb_build_object('key', a.key)
  from app_private.idempotent_answer a where a.company_id = p_from;
  update app_private.idempotent_answer set company_id = p_to where company_id = p_from;
end
$$;

-- Cards: an operator holds none of its own marketplace; of two for one marketplace one stays; the
-- others are handed over.
create or replace function app_private.merge_cards(p_merge uuid, p_from uuid, p_to uuid)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_name constant text := (select name from app.company where id = p_to);
  v_card app.participation;
  v_kept app.participation;
begin
  perform app_private.collapse_card(p_merge, p.marketplace_id, p.company_id)
  from app.participation p
  where p.company_id in (p_from, p_to) and p.operator_company_id in (p_from, p_to);
  for v_card in select * from app.participation where company_id = p_from order by marketplace_id loop
    select * into v_kept from app.participation
    where marketplace_id = v_card.marketplace_id and company_id = p_to;
    if found then
      perform app_private.collapse_card(p_merge, v_card.marketplace_id, p_from);
      perform app_private.change_row(p_merge, 'app.participation', v_card.marketplace_id, null,
        jsonb_build_object('marketplace_id', v_card.marketplace_id, 'company_id', p_to),
        app_private.united_card(v_kept, v_card));
    else
      perform app_private.change_row(p_merge, 'app.participation', v_card.marketplace_id, null,
        jsonb_build_object('marketplace_id', v_card.marketplace_id, 'company_id', p_from),
        jsonb_build_object('company_id', p_to, 'company_name', v_name));
    end if;
  end loop;
  -- Invitations of one side by the other are over.
  perform app_private.change_row(p_merge, 'app.partner_invitation', i.marketplace_id, i.id,
    jsonb_build_object('marketplace_id', i.marketplace_id, 'id', i.id), '{"state": "withdrawn"}')
  from app.partner_invitation i
  where i.operator_company_id in (p_from, p_to) and i.state = 'open' and (i.company_id in (p_from, p_to)
    or i.email in (select c.email from app.colleague c where c.company_id in (p_from, p_to)));
  -- Printed names of the operator, on marketplaces and on the cards of their partners.
  with renamed as (
    select p_merge, 'app.participation' as tab, 'changed', p.marketplace_id, null::uuid,
      jsonb_build_object('company_id', p.company_id, 'operator_name', p.operator_name),
      jsonb_build_object('company_id', p.company_id, 'operator_name', v_name)
    from app.participation p where p.operator_company_id = p_from
    union all
    select p_merge, 'app.marketplace', 'changed', null, m.id,
      jsonb_build_object('operator_name', m.operator_name), jsonb_build_object('operator_name', v_name)
    from app.marketplace m where m.operator_company_id = p_from)
  insert into app_private.merge_journal (merge_id, tab, kind, marketplace_id, id, before, after)
  select * from renamed;
  update app.participation set operator_name = v_name where operator_company_id = p_from;
  update app.marketplace set operator_name = v_name where operator_company_id = p_from;
end
$$;

-- sql/functions/93_merge_move.sql
set local role kollegium_owner;
-- The merge itself, and its way back. Both run under the locks of app_private.lock_companies and in the
-- transaction of their caller: all of it or nothing.
set local role kollegium_broker;

-- Everything of p_from goes to p_to. Order of locks as everywhere: leads, offers, cards. Returns the
-- number of rows by table.
create or replace function app_private.perform_merge(p_merge uuid, p_from uuid, p_to uuid)
returns jsonb language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_markets uuid[];
  v_leads uuid[];
  v_late_markets uuid[];
  v_late_leads uuid[];
  v_rows jsonb := '{}';
  v_tab text;
  v_place bigint;
  v_places bigint;
begin
  perform app_private.tell_progress('app.lead', 0, 1);
  select k.marketplaces, k.leads into v_markets, v_leads from app_private.leads_of(p_from) k;
  -- Whoever locks several leads at once (timers) locks offered ones, in this order.
  perform from app.lead where (marketplace_id, id) in (select * from unnest(v_markets, v_leads))
    and state = 'offered' order by marketplace_id, id for update;
  perform app_private.merge_references(p_merge, p_from, p_to, v_markets, v_leads);
  v_rows := jsonb_build_object('app.lead',
    app_private.move_table(p_merge, p_from, p_to, 'app.lead', v_markets, v_leads));
  perform from app.participation where company_id in (p_from, p_to)
  order by marketplace_id, company_id for update;
  -- From here on nobody offers or assigns to either. What somebody else did until now comes along.
  select array_agg(k.marketplace_id), array_agg(k.id) into v_late_markets, v_late_leads
  from (select marketplace_id, id from app.lead where engaged_company_id = p_from
        union select marketplace_id, lead_id from app.offer where company_id = p_from
        except select * from unnest(v_markets, v_leads)) k;
  if v_late_leads is not null then
    perform app_private.move_table(p_merge, p_from, p_to, 'app.lead', v_late_markets, v_late_leads);
    v_markets := v_markets || v_late_markets;
    v_leads := v_leads || v_late_leads;
  end if;
  perform app_private.merge_offers(p_merge, p_from, p_to, v_markets, v_leads);
  perform app_private.merge_waves(p_merge);
  perform app_private.merge_cards(p_merge, p_from, p_to);
  perform app_private.merge_answers(p_merge, p_from, p_to);
  for v_tab, v_place, v_places in
    select r.tab, row_number() over (order by min(r.place)), count(*) over () + 1
    from app_private.merge_rules() r
    where r.rule in ('move', 'choose', 'unite', 'follow') and r.found <> 'key' and r.tab <> 'app.lead'
    group by r.tab order by min(r.place)
  loop
    perform app_private.tell_progress(v_tab, v_place, v_places);
    v_rows := v_rows || jsonb_build_object(v_tab,
      app_private.move_table(p_merge, p_from, p_to, v_tab, v_markets, v_leads));
  end loop;
  update app.company set state = 'absorbed', absorbed_into = p_to where id = p_from;
  return v_rows;
end
$$;

-- Gives back what the journal says: only the columns that the merge set, and only where they still
-- hold what it set, so that nothing that people did since is lost.
create or replace function app_private.give_back(p_merge uuid, p_from uuid, p_to uuid, p_done_at timestamptz)
returns jsonb language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v record;
  v_rows jsonb := '{}';
  v_count bigint;
  -- An array is looked up by hash; who works a lead follows the engagement it has now.
  v_engagements constant uuid[] := array(select j.id from app_private.merge_journal j
    where j.merge_id = p_merge and j.tab = 'app.engagement' and j.kind = 'moved'
      and 'company_id' = any (j.columns));
begin
  for v in
    select r.tab, array_agg(r.col) as cols, row_number() over (order by min(r.place)) - 1 as place,
      count(*) over () * 2 as places  -- copies follow afterwards: as long again
    from app_private.merge_rules() r
    where r.rule in ('move', 'choose') and r.found <> 'key' group by r.tab order by min(r.place)
  loop
    perform app_private.tell_progress(v.tab, v.place, v.places);
    execute format('update %1$s t set %2$s from app_private.merge_journal j
      where j.merge_id = $3 and j.tab = %1$L and j.kind = ''moved'' and t.id = j.id and %3$s and (%4$s)%5$s',
      v.tab,
      (select string_agg(format('%1$I = case when %1$L = any (j.columns) and t.%1$I = $2%2$s then $1 else t.%1$I end',
         c, case when v.tab = 'app.lead' and c = 'engaged_company_id' then
           ' and t.engagement_id = any ($5)'
           else '' end), ', ') from unnest(v.cols) c),
      case when exists (select from app_private.merge_journal j where j.merge_id = p_merge
        and j.tab = v.tab and j.kind = 'moved' and j.marketplace_id is not null)
        then 't.marketplace_id = j.marketplace_id' else 'true' end,
      (select string_agg(format('t.%I = $2', c), ' or ') from unnest(v.cols) c),
      -- An offer that was picked since belongs to the engagement of the survivor.
      case when v.tab = 'app.offer'
        then ' and not (t.state = ''picked'' and t.answered_at > $4) and $5 is not null' else ' and $4 is not null and $5 is not null' end)
    using p_from, p_to, p_merge, p_done_at, v_engagements;
    get diagnostics v_count = row_count;
    v_rows := v_rows || jsonb_build_object(v.tab, v_count);
  end loop;
  update app_private.idempotent_answer a set company_id = p_from
  from app_private.merge_journal j
  where j.merge_id = p_merge and j.tab = 'app_private.idempotent_answer' and j.kind = 'moved'
    and a.company_id = p_to and a.key = j.before ->> 'key';
  return v_rows;
end
$$;

-- Copies follow what they are copies of: operators their marketplace, givers and parties their lead,
-- rows of imports their report. So do rows made since.
create or replace function app_private.follow_back(
  p_from uuid, p_to uuid, p_operated uuid[], p_markets uuid[], p_leads uuid[], p_imports uuid[])
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v record;
begin
  for v in select r.*, count(*) over () + row_number() over (order by r.place) - 1 as done,
             count(*) over () * 2 as places
           from app_private.merge_rules() r where r.rule = 'follow'
             and r.of in ('app.lead', 'app.lead_import') order by r.place
  loop
    perform app_private.tell_progress(v.tab, v.done, v.places);
    if v.of = 'app.lead_import' then
      execute format('update %s t set %I = $1 where t.import_id = any ($3) and t.%2$I = $2', v.tab, v.col)
      using p_from, p_to, p_imports;
    else
      execute format('update %1$s t set %2$I = l.%2$I from app.lead l
        where (l.marketplace_id, l.id) in (select * from unnest($1, $2))
          and t.marketplace_id = l.marketplace_id and t.lead_id = l.id and t.%2$I is distinct from l.%2$I',
        v.tab, v.col) using p_markets, p_leads;
    end if;
  end loop;
end
$$;

create or replace function app_private.operators_back(p_from uuid, p_to uuid, p_operated uuid[])
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v record;
begin
  for v in select r.* from app_private.merge_rules() r
           where r.rule = 'follow' and r.of = 'app.marketplace' order by r.place
  loop
    execute format('update %s t set %I = $1 where t.marketplace_id = any ($3) and t.%2$I = $2', v.tab, v.col)
    using p_from, p_to, p_operated;
  end loop;
end
$$;

-- sql/functions/94_merge_undo.sql
set local role kollegium_owner;
-- Undoing a merge: rows that were changed or removed, and the order of it all.
set local role kollegium_broker;

-- A row that the merge changed: each column goes back if it still holds what the merge wrote.
create or replace function app_private.change_back(p_journal app_private.merge_journal, p_key jsonb)
returns boolean language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_count integer;
begin
  execute format('update %1$s t set %2$s from jsonb_populate_record(null::%1$s, $2) a,
    jsonb_populate_record(null::%1$s, $3) b where %3$s', p_journal.tab,
    (select string_agg(format(
       '%1$I = case when t.%1$I is not distinct from a.%1$I then b.%1$I else t.%1$I end', k), ', ')
     from jsonb_object_keys(p_journal.after) k),
    case when p_journal.tab = 'app.marketplace' then 't.id = ($1 ->> ''id'')::uuid'
      else app_private.row_condition(p_journal.tab) end)
  using p_key, p_journal.after, p_journal.before;
  get diagnostics v_count = row_count;
  return v_count = 1;
end
$$;

-- Offers, their brokerage and their lead go back together, or not at all where the lead went on since.
create or replace function app_private.changes_back(p_merge uuid, p_to uuid)
returns bigint language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v app_private.merge_journal;
  v_moved_on uuid[];
  v_count bigint := 0;
begin
  -- Brokerages that the merge closed and whose lead changed since, or that closed by themselves.
  select array_agg(b.id) into v_moved_on
  from app_private.merge_journal j
  join app.offer o on j.tab = 'app.offer' and o.marketplace_id = j.marketplace_id and o.id = j.id
  join app.brokerage b on b.marketplace_id = o.marketplace_id and b.id = o.brokerage_id
  where j.merge_id = p_merge and j.kind = 'changed' and not app_private.wave_stands(p_merge, b);
  for v in select * from app_private.merge_journal j
           where j.merge_id = p_merge and j.kind = 'changed' order by j.tab, j.marketplace_id, j.id
  loop
    continue when (v.tab = 'app.brokerage' and v.id = any (v_moved_on))
      or (v.tab = 'app.offer' and exists (select from app.offer o where o.marketplace_id = v.marketplace_id
            and o.id = v.id and o.brokerage_id = any (v_moved_on)))
      or (v.tab = 'app.lead' and v.after ? 'version' and exists (select from app.lead l
            where l.marketplace_id = v.marketplace_id and l.id = v.id
              and l.version <> (v.after ->> 'version')::integer));
    if app_private.change_back(v, jsonb_build_object('marketplace_id', v.marketplace_id, 'id', v.id,
         'company_id', coalesce(v.after ->> 'company_id', p_to::text))) then
      v_count := v_count + 1;
    end if;
  end loop;
  return v_count;
end
$$;

-- Whether the wave of a brokerage is still as the merge left it.
create or replace function app_private.wave_stands(p_merge uuid, p_brokerage app.brokerage)
returns boolean language sql stable set search_path = pg_catalog, pg_temp
as $$
  select coalesce(
    (select l.version = (j.after ->> 'version')::integer
     from app_private.merge_journal j
     join app.lead l on l.marketplace_id = j.marketplace_id and l.id = j.id
     where j.merge_id = p_merge and j.tab = 'app.lead' and j.kind = 'changed' and j.after ? 'version'
       and j.marketplace_id = p_brokerage.marketplace_id and j.id = p_brokerage.lead_id),
    p_brokerage.state = 'open')
$$;

-- Rows that went to the journal. An offer of a wave that is over by now comes back as lost, and not at
-- all where the offer that stayed was picked since.
create or replace function app_private.collapsed_back(p_merge uuid)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v app_private.merge_journal;
begin
  for v in select * from app_private.merge_journal where merge_id = p_merge and kind = 'collapsed' loop
    execute format('insert into %1$s select (jsonb_populate_record(null::%1$s, $1)).* on conflict do nothing',
      v.tab) using v.before;
  end loop;
  update app.offer o set state = 'lost', answered_at = now()
  from app_private.merge_journal j, app.brokerage b
  where j.merge_id = p_merge and j.tab = 'app.offer' and j.kind = 'collapsed'
    and o.marketplace_id = j.marketplace_id and o.id = j.id and o.state = 'open'
    and b.marketplace_id = o.marketplace_id and b.id = o.brokerage_id and b.state <> 'open';
end
$$;

-- Where the survivor took part only through the card that went back, what it began there since stays
-- its own, as after leaving a marketplace: offers end, work is finished.
create or replace function app_private.leave_cards(p_merge uuid, p_from uuid, p_to uuid)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v record;
begin
  insert into app.participation (marketplace_id, company_id, operator_company_id, capacities, state,
    postcode_areas, tags, paused, cap, marketplace_name, operator_name, company_name, steps,
    invited_at, answered_at, ended_at)
  select p.marketplace_id, p_to, p.operator_company_id, p.capacities, 'ended', p.postcode_areas,
    p.tags, p.paused, p.cap, p.marketplace_name, p.operator_name, c.name, p.steps, p.invited_at,
    p.answered_at, now()
  from app_private.merge_journal j
  join app.participation p on p.marketplace_id = j.marketplace_id and p.company_id = p_from
  join app.company c on c.id = p_to
  where j.merge_id = p_merge and j.tab = 'app.participation' and j.kind = 'changed'
    and j.before ->> 'company_id' = p_from::text and j.after ->> 'company_id' = p_to::text
    and p.operator_company_id <> p_to
    and (exists (select from app.offer o where o.company_id = p_to and o.marketplace_id = p.marketplace_id)
      or exists (select from app.engagement e where e.company_id = p_to and e.marketplace_id = p.marketplace_id)
      or exists (select from app.lead l where l.giver_company_id = p_to and l.marketplace_id = p.marketplace_id))
  on conflict do nothing;
  for v in
    select distinct o.marketplace_id, o.lead_id from app.offer o
    join app.participation p on p.marketplace_id = o.marketplace_id and p.company_id = o.company_id
    where o.company_id = p_to and o.state = 'open' and p.state = 'ended'
    order by o.marketplace_id, o.lead_id
  loop
    perform app_private.lock_lead(v.marketplace_id, v.lead_id);
    update app.offer set state = 'withdrawn', answered_at = now()
    where marketplace_id = v.marketplace_id and lead_id = v.lead_id and company_id = p_to and state = 'open';
    perform app_private.conclude_wave(v.marketplace_id, v.lead_id);
  end loop;
end
$$;

-- Who handles something of the company that he does not belong to any more, hands it back to nobody.
create or replace function app_private.clear_strangers(p_one uuid, p_other uuid)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v record;
begin
  for v in select distinct e.company_id, e.handler_id from app.engagement e
           join app.colleague c on c.id = e.handler_id and c.company_id <> e.company_id
           where e.company_id in (p_one, p_other) loop
    perform app_private.change_handler_name(v.company_id, v.handler_id, null);
    -- Closed ones too: the key on (company, handler) knows no former colleagues.
    update app.engagement set handler_id = null, handler_name = null
    where company_id = v.company_id and handler_id = v.handler_id;
  end loop;
end
$$;

-- What the survivor made since and keeps: by table the number and, up to 100, the ids.
create or replace function app_private.made_since(
  p_to uuid, p_since uuid, p_markets uuid[], p_leads uuid[])
returns jsonb language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v record;
  v_ids uuid[];
  v_found jsonb := '{}';
begin
  for v in select r.tab, r.col, r.found from app_private.merge_rules() r
           where r.rule in ('move', 'choose') and r.found in ('own', 'lead')
             and r.tab <> 'app.participation' order by r.place
  loop
    execute format('select array_agg(t.id order by t.id) from %s t where t.%I = $1 and t.id > $2%s', v.tab, v.col,
      case when v.tab in ('app.message', 'app.history', 'app.note', 'app.disclosure')
        then ' and (t.marketplace_id, t.lead_id) in (select * from unnest($3, $4))' else '' end)
    into v_ids using p_to, p_since, p_markets, p_leads;
    if v_ids is not null then
      v_found := v_found || jsonb_build_object(v.tab || case when v.tab = 'app.lead'
        then ' ' || v.col else '' end, jsonb_build_object('rows', cardinality(v_ids), 'ids', v_ids[1:100]));
    end if;
  end loop;
  return v_found;
end
$$;

-- The way back, in the order of locks. Returns rows by table and what stays with the survivor.
create or replace function app_private.perform_undo(p_merge app.company_merge)
returns jsonb language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_from constant uuid := p_merge.absorbed_company_id;
  v_to constant uuid := p_merge.survivor_company_id;
  v_operated constant uuid[] := array(select j.id from app_private.merge_journal j
    where j.merge_id = p_merge.id and j.tab = 'app.marketplace' and j.kind = 'moved');
  v_markets uuid[];
  v_leads uuid[];
  v_since jsonb;
  v_rows jsonb;
begin
  select array_agg(k.marketplace_id), array_agg(k.id) into v_markets, v_leads
  from (select j.marketplace_id, j.id from app_private.merge_journal j
        where j.merge_id = p_merge.id and j.tab = 'app.lead' and j.kind = 'moved'
        union select l.marketplace_id, l.id from app.lead l
        where l.operator_company_id = v_to and l.marketplace_id = any (v_operated)) k;
  perform from app.lead where (marketplace_id, id) in (select * from unnest(v_markets, v_leads))
    and state = 'offered' order by marketplace_id, id for update;
  v_since := app_private.made_since(v_to, p_merge.done_id, v_markets, v_leads);
  update app.company set state = 'active', absorbed_into = null where id = v_from;
  delete from app.history h using app_private.merge_journal j
  where j.merge_id = p_merge.id and j.tab = 'app.history' and j.kind = 'created'
    and h.marketplace_id = j.marketplace_id and h.id = j.id;
  v_rows := app_private.give_back(p_merge.id, v_from, v_to, p_merge.done_at);
  perform app_private.operators_back(v_from, v_to, v_operated);
  perform app_private.follow_back(v_from, v_to, v_operated, v_markets, v_leads,
    array(select j.id from app_private.merge_journal j
          where j.merge_id = p_merge.id and j.tab = 'app.lead_import' and j.kind = 'moved'));
  v_rows := v_rows || jsonb_build_object('changed', app_private.changes_back(p_merge.id, v_to));
  perform app_private.collapsed_back(p_merge.id);
  perform app_private.leave_cards(p_merge.id, v_from, v_to);
  perform app_private.clear_strangers(v_from, v_to);
  return jsonb_build_object('rows', v_rows, 'since', v_since);
end
$$;

-- sql/functions/95_merge_effects.sql
set local role kollegium_owner;
-- What a merge does, in words that two companies can consent to. Ids, names and numbers, no contact data.
set local role kollegium_broker;

-- Leads that the colleagues of one side see only since the merge, by marketplace and capacity, in both
-- directions. The digest tells whether the same leads are meant without keeping a list. p_until: only
-- what existed then.
create or replace function app_private.newly_visible(p_from uuid, p_to uuid, p_until uuid default null)
returns jsonb language sql stable set search_path = pg_catalog, pg_temp
as $$
  with sides (side, mine, theirs) as (values ('survivor', p_from, p_to), ('absorbed', p_to, p_from)),
  seen as (
    select s.side, l.marketplace_id, l.id, c.capacity, c.since
    from sides s
    join app.lead l on (l.operator_company_id = s.mine or l.giver_company_id = s.mine
      or l.engaged_company_id = s.mine) and s.theirs <> all (l.parties)
    cross join lateral (select
      case s.mine when l.operator_company_id then 'operator' when l.giver_company_id then 'giver'
        else 'taker' end as capacity,
      case when s.mine in (l.operator_company_id, l.giver_company_id) then l.id
        else coalesce(l.engagement_id, l.id) end as since) c
    where p_until is null or c.since <= p_until)
  select coalesce(jsonb_agg(jsonb_build_object('to', g.side, 'marketplace_id', g.marketplace_id,
    'marketplace', m.name, 'as', g.capacity, 'leads', g.leads, 'digest', g.digest)
    order by g.side, g.marketplace_id, g.capacity), '[]')
  from (select side, marketplace_id, capacity, count(*) as leads,
          bit_xor(hashtextextended(id::text, 0))::text as digest
        from seen group by side, marketplace_id, capacity) g
  join app.marketplace m on m.id = g.marketplace_id
$$;

create or replace function app_private.lead_keys(p_company uuid)
returns table (marketplace_id uuid, id uuid)
language sql stable set search_path = pg_catalog, pg_temp
as $$ select k.* from app_private.leads_of(p_company) o, unnest(o.marketplaces, o.leads) k $$;

-- What else the other side reads from then on, in numbers; for the rehearsal alone.
create or replace function app_private.newly_readable(p_mine uuid, p_theirs uuid)
returns jsonb language sql stable set search_path = pg_catalog, pg_temp
as $$
  select jsonb_build_object(
    'personal_data', (select count(*) from app.lead l
      join app.prospect p on p.marketplace_id = l.marketplace_id and p.lead_id = l.id and p.erased_at is null
      where (l.operator_company_id = p_mine or l.giver_company_id = p_mine or l.engaged_company_id = p_mine)
        and p_theirs <> all (l.parties)),
    'open_offers', (select count(*) from app.offer o where o.company_id = p_mine and o.state = 'open'),
    'notes', (select count(*) from app.note n where n.company_id = p_mine
      and (n.marketplace_id, n.lead_id) in (select * from app_private.lead_keys(p_mine))),
    'colleagues', (select coalesce(jsonb_agg(jsonb_build_object('name', c.name, 'role', c.role)
      order by c.id), '[]') from app.colleague c where c.company_id = p_mine and c.active))
$$;

-- What forbids the merge, each with what would help in the hands of the operator.
create or replace function app_private.merge_blocks(p_from uuid, p_to uuid)
returns jsonb language sql stable set search_path = pg_catalog, pg_temp
as $$
  select coalesce(jsonb_agg(b.block order by b.block::text), '[]') from (
    select jsonb_build_object('reason', 'company-not-active', 'company', co.name) as block
    from app.company co where co.id in (p_from, p_to) and co.state <> 'active'
    union all
    select jsonb_build_object('reason', 'operator-may-not-take', 'marketplace_id', m.id, 'marketplace', m.name)
    from app.participation p join app.marketplace m on m.id = p.marketplace_id
    where p.company_id in (p_from, p_to) and p.operator_company_id in (p_from, p_to)
      and p.state = 'active' and 'taker' = any (p.capacities) and not m.operator_may_take
    union all
    select jsonb_build_object('reason', 'card-too-large', 'marketplace_id', a.marketplace_id,
      'marketplace', a.marketplace_name)
    from app.participation a
    join app.participation b on b.marketplace_id = a.marketplace_id and b.company_id = p_to
    cross join lateral (select app_private.united_card(b, a) as card) u
    where a.company_id = p_from and (jsonb_array_length(u.card -> 'postcode_areas') > 1000
      or jsonb_array_length(u.card -> 'tags') > 100)) b
$$;

-- Names and switches: the survivor's stay.
create or replace function app_private.merge_settings(p_from uuid, p_to uuid)
returns jsonb language sql stable set search_path = pg_catalog, pg_temp
as $$
  select jsonb_object_agg(k.key, jsonb_build_object('stays', s.j -> k.key, 'goes', a.j -> k.key))
  from (select to_jsonb(c) as j from app.company c where c.id = p_to) s,
       (select to_jsonb(c) as j from app.company c where c.id = p_from) a,
       unnest(array['name', 'delegator_role', 'language']) k (key)
$$;

-- Rows that collapse or change, from the journal of the merge that has just been performed. Times and
-- versions are left out: they differ between two performances of one merge.
create or replace function app_private.merge_effects(p_merge uuid, p_from uuid, p_to uuid)
returns jsonb language sql stable set search_path = pg_catalog, pg_temp
as $$
  select coalesce(jsonb_agg(e.effect order by e.effect::text), '[]') from (
    select jsonb_strip_nulls(jsonb_build_object('tab', j.tab, 'kind', j.kind,
      'marketplace_id', j.marketplace_id, 'id', j.id,
      'lead_id', case when j.tab = 'app.offer' then coalesce(j.before ->> 'lead_id', (select o.lead_id::text
        from app.offer o where o.marketplace_id = j.marketplace_id and o.id = j.id)) end,
      'made', case when j.tab = 'app.participation' then extract(epoch from coalesce(
        (j.before ->> 'invited_at')::timestamptz, (select p.invited_at from app.participation p
         where p.marketplace_id = j.marketplace_id and p.company_id = p_to))) end,
      'of', case j.before ->> 'company_id' when p_from::text then 'absorbed'
        when p_to::text then 'survivor' end,
      'to', case j.kind when 'changed' then j.after - array['answered_at', 'closed_at', 'changed_at',
        'ended_at', 'version', 'operator_name', 'company_id', 'company_name'] end)) as effect
    from app_private.merge_journal j
    where j.merge_id = p_merge and j.kind in ('changed', 'collapsed') and j.tab <> 'app_private.idempotent_answer'
      and not coalesce(j.after ? 'operator_name', false)) e
$$;

-- Rows in p_new and not in p_old. p_until: without those that were made later.
create or replace function app_private.effects_beyond(
  p_new jsonb, p_old jsonb, p_until uuid default null, p_time timestamptz default null)
returns jsonb language sql immutable set search_path = pg_catalog, pg_temp
as $$
  select coalesce(jsonb_agg(n.value), '[]')
  from (select value from jsonb_array_elements(p_new)
        except select value from jsonb_array_elements(p_old)) n
  where p_until is null or not (coalesce((n.value ->> 'id')::uuid > p_until, false)
    or coalesce((n.value ->> 'made')::numeric > extract(epoch from p_time), false))
$$;

-- sql/functions/96_merge_run.sql
set local role kollegium_owner;
-- Rehearsing, running and undoing a merge: by staff, and by the worker when it is due.
set local role kollegium_broker;

-- The merge, locked with both companies; 404 for none, 409 when it is in another state.
create or replace function app_private.lock_merge(p_merge uuid, p_states text[])
returns app.company_merge language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_merge app.company_merge;
begin
  -- Companies before the request, as who consents does it: his are held since app.enter.
  perform app_private.lock_companies(m.survivor_company_id, m.absorbed_company_id)
  from app.company_merge m where m.id = p_merge and m.survivor_company_id is not null;
  select * into v_merge from app.company_merge where id = p_merge for update;
  if not found then
    perform app_private.refuse(404, 'not-found');
  elsif v_merge.state <> all (p_states) then
    perform app_private.refuse(409, 'merge-state',
      jsonb_build_object('state', v_merge.state, 'allowed', p_states));
  end if;
  return v_merge;
end
$$;

-- Performs the merge and takes it back: what it reports really happened. Consents to a former
-- rehearsal are void. Admins of both sides are told, with a token each.
create or replace function app.rehearse_merge(p_merge uuid)
returns jsonb language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_merge constant app.company_merge :=
    app_private.lock_merge(p_merge, array['answered', 'rehearsed', 'consented']);
  v_from constant uuid := v_merge.absorbed_company_id;
  v_to constant uuid := v_merge.survivor_company_id;
  v_id constant uuid := app_private.new_id();
  v_report jsonb;
begin
  v_report := jsonb_build_object('blocks', app_private.merge_blocks(v_from, v_to),
    'settings', app_private.merge_settings(v_from, v_to),
    'visible', app_private.newly_visible(v_from, v_to),
    'to_survivor', app_private.newly_readable(v_from, v_to),
    'to_absorbed', app_private.newly_readable(v_to, v_from));
  if v_report -> 'blocks' = '[]' then
    begin
      v_report := v_report || jsonb_build_object('rows', app_private.perform_merge(p_merge, v_from, v_to));
      set constraints all immediate;
      v_report := v_report || jsonb_build_object('effects', app_private.merge_effects(p_merge, v_from, v_to));
      raise exception using errcode = 'KGBCK';  -- back to where it was; the report stays
    exception when sqlstate 'KGBCK' then null;
    end;
  end if;
  update app.company_merge set state = 'rehearsed', rehearsal_due = false, rehearsal_id = v_id,
    rehearsal = v_report, rehearsed_at = now(), survivor_consent_at = null, survivor_consent = null,
    absorbed_consent_at = null, absorbed_consent = null, problem = null, changed_at = now(),
    version = version + 1
  where id = p_merge;
  perform app_private.mail_consents(p_merge);
  perform app_private.audit('merge-rehearsed', v_to, null, p_merge);
  return v_report;
end
$$;
comment on function app.rehearse_merge(uuid) is
  'Performs a merge, takes it back and keeps what it would do; former consents are void.';
grant execute on function app.rehearse_merge(uuid) to kollegium_staff, kollegium_worker;

-- Differences between what was consented to and what has just been performed, without rows that were
-- added since; an empty object: none.
create or replace function app_private.merge_drift(p_merge app.company_merge, p_now jsonb)
returns jsonb language sql immutable set search_path = pg_catalog, pg_temp
as $$
  select jsonb_strip_nulls(jsonb_build_object(
    'settings', case when p_now -> 'settings' <> r.j -> 'settings' then p_now -> 'settings' end,
    'visible', nullif(app_private.effects_beyond(p_now -> 'visible_then', r.j -> 'visible'), '[]'),
    'not_visible', nullif(app_private.effects_beyond(r.j -> 'visible', p_now -> 'visible_then'), '[]'),
    'effects', nullif(app_private.effects_beyond(p_now -> 'effects', r.j -> 'effects',
      p_merge.rehearsal_id, p_merge.rehearsed_at), '[]'),
    'no_effects', nullif(app_private.effects_beyond(r.j -> 'effects', p_now -> 'effects'), '[]')))
  from (select p_merge.rehearsal as j) r
$$;

-- The merge: one transaction. 409 merge-blocked when something forbids it, merge-drift when it would
-- do something else than was consented to.
create or replace function app.run_merge(p_merge uuid)
returns jsonb language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_merge constant app.company_merge := app_private.lock_merge(p_merge, array['consented']);
  v_from constant uuid := v_merge.absorbed_company_id;
  v_to constant uuid := v_merge.survivor_company_id;
  v_blocks jsonb;
  v_now jsonb;
  v_drift jsonb;
  v_result jsonb;
begin
  perform app_private.expect_colleague_features(v_from);
  perform app_private.expect_colleague_features(v_to);
  v_blocks := app_private.merge_blocks(v_from, v_to);
  if v_blocks <> '[]' then
    perform app_private.refuse(409, 'merge-blocked', jsonb_build_object('blocks', v_blocks));
  end if;
  v_now := jsonb_build_object('settings', app_private.merge_settings(v_from, v_to),
    'visible_then', app_private.newly_visible(v_from, v_to, v_merge.rehearsal_id));
  v_result := jsonb_build_object('rows', app_private.perform_merge(p_merge, v_from, v_to));
  v_now := v_now || jsonb_build_object('effects', app_private.merge_effects(p_merge, v_from, v_to));
  v_drift := app_private.merge_drift(v_merge, v_now);
  if v_drift <> '{}' then
    perform app_private.refuse(409, 'merge-drift', jsonb_build_object('drift', v_drift));
  end if;
  v_result := v_result || jsonb_build_object('effects', v_now -> 'effects', 'added',
    app_private.effects_beyond(v_now -> 'effects', v_merge.rehearsal -> 'effects'));
  update app.company_merge set state = 'done', done_at = now(), done_id = app_private.new_id(),
    result = v_result, problem = null, changed_at = now(), version = version + 1
  where id = p_merge;
  delete from app_private.merge_token where merge_id = p_merge;
  perform app_private.mail_merged(v_merge);
  perform app_private.audit('merge-done', v_to, null, p_merge, jsonb_build_object('absorbed', v_from));
  return v_result;
end
$$;
comment on function app.run_merge(uuid) is
  'Merges two companies whose admins consented to the rehearsal; refuses when it would do anything else.';
grant execute on function app.run_merge(uuid) to kollegium_staff;

-- Why a merge cannot be undone, or null.
create or replace function app_private.undo_hindrance(p_merge app.company_merge)
returns jsonb language sql stable set search_path = pg_catalog, pg_temp
as $$
  select coalesce(
    case when p_merge.done_at < now() - interval '30 days'
      then jsonb_build_object('reason', 'too-late', 'days', 30) end,
    (select jsonb_build_object('reason', 'merged-again', 'merge', m.id) from app.company_merge m
     where m.state = 'done' and m.done_id > p_merge.done_id
       and p_merge.survivor_company_id in (m.survivor_company_id, m.absorbed_company_id)
     order by m.done_id desc limit 1),
    (select jsonb_build_object('reason', 'colleague-split-off', 'split', s.id)
     from app_private.company_split s
     where s.company_id = p_merge.survivor_company_id and s.id > p_merge.done_id limit 1))
$$;

-- Back to two companies: what the merge moved goes back, what was made since stays with the survivor.
create or replace function app.undo_merge(p_merge uuid)
returns jsonb language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_merge constant app.company_merge := app_private.lock_merge(p_merge, array['done']);
  v_hindrance constant jsonb := app_private.undo_hindrance(v_merge);
  v_result jsonb;
begin
  if v_hindrance is not null then
    perform app_private.refuse(409, 'merge-not-undoable', v_hindrance);
  end if;
  v_result := app_private.perform_undo(v_merge);
  if exists (select from unnest(array[v_merge.survivor_company_id, v_merge.absorbed_company_id]) c (id)
             where exists (select from app.colleague a where a.company_id = c.id)
               and not exists (select from app.colleague a where a.company_id = c.id and a.active
                               and a.role = 'admin')) then
    perform app_private.refuse(409, 'merge-not-undoable', '{"reason": "no-admin"}');
  end if;
  update app.company_merge set state = 'undone', undone_at = now(), undo_result = v_result,
    changed_at = now(), version = version + 1
  where id = p_merge;
  perform app_private.mail_both('merge-undone', v_merge);
  perform app_private.audit('merge-undone', v_merge.survivor_company_id, null, p_merge,
    jsonb_build_object('absorbed', v_merge.absorbed_company_id));
  return v_result;
end
$$;
comment on function app.undo_merge(uuid) is
  'Undoes a merge within 30 days, unless the survivor merged again; lists what stays with it.';
grant execute on function app.undo_merge(uuid) to kollegium_staff;

-- What is due: one rehearsal or one merge a call, so that each has its own transaction. Returns its id,
-- or null when nothing is left. A merge that is refused tells why and waits for a new rehearsal.
create or replace function app.work_on_merges() returns uuid
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_id uuid;
  v_state text;
  v_problem jsonb;
  v_slug text;
  v_detail text;
begin
  select id, state into v_id, v_state from app.company_merge
  where rehearsal_due or (state = 'consented' and execute_at <= now())
  order by rehearsal_due desc, execute_at, id limit 1;
  if v_id is null then
    return null;
  end if;
  begin
    if v_state = 'consented' then
      perform app.run_merge(v_id);
    else
      perform app.rehearse_merge(v_id);
    end if;
    return v_id;
  exception when sqlstate 'KG409' then
    get stacked diagnostics v_slug = constraint_name, v_detail = pg_exception_detail;
    v_problem := jsonb_build_object('slug', v_slug) || coalesce(nullif(v_detail, ''), '{}')::jsonb;
  end;
  update app.company_merge set problem = v_problem, rehearsal_due = v_slug = 'merge-drift',
    state = case when v_slug = 'merge-state' then state when rehearsal is null then 'requested'
      else 'rehearsed' end,
    survivor_consent_at = null, survivor_consent = null, absorbed_consent_at = null,
    absorbed_consent = null, changed_at = now(), version = version + 1
  where id = v_id;
  return v_id;
end
$$;
comment on function app.work_on_merges() is
  'Rehearses or runs the next merge that is due; its id, or null when none is.';
grant execute on function app.work_on_merges() to kollegium_worker;

-- sql/functions/97_merge_requests.sql
set local role kollegium_owner;
-- Asking for a merge, and consenting. By admins of the two companies, by a token from their mail, or by
-- staff who has it in writing. Nothing of the other company is looked at, counted or locked before an
-- admin of it answers: the rehearsal is his to order first.
set local role kollegium_broker;

-- Asks for a merge with the company that has this id, or a colleague with this address. The answer, and
-- all that the asking side can read, is the same whether or not there is one (docs/domain.md, case 9).
-- p_side: what the caller's company is to be, survivor or absorbed. At most five a day.
create or replace function app.request_merge(
  p_side text, p_email text, p_company uuid, p_execute_at timestamptz)
returns uuid language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.admin_caller();
  v_id constant uuid := app_private.new_id();
  v_other uuid;
  v_wait integer;
begin
  perform app_private.expect_colleague_features(v_caller.company_id);
  v_wait := app_private.take('merge ' || v_caller.company_id, 5, '1 day');
  if v_wait > 0 then
    perform app_private.refuse(429, 'too-many-requests', jsonb_build_object('retry_after', v_wait));
  end if;
  v_other := app_private.active_company(p_company, p_email);
  if v_other = v_caller.company_id then
    perform app_private.refuse(409, 'merge-with-itself');
  end if;
  insert into app.company_merge (id, asking_company_id, asking_company_name, asking_side, named_email,
    named_company_id, other_company_id, state, execute_at)
  values (v_id, v_caller.company_id, v_caller.company_name, p_side, p_email, p_company, v_other,
    'requested', coalesce(p_execute_at, now()));
  perform app_private.mail_admins('merge-requested', v_other,
    jsonb_build_object('company', v_caller.company_name, 'merge', v_id, 'side', p_side));
  perform app_private.audit('merge-requested', v_caller.company_id, v_caller.colleague_id, v_id);
  return v_id;
end
$$;
comment on function app.request_merge(text, text, uuid, timestamptz) is
  'Asks the company of an address or id for a merge (admin); tells nothing about whether there is one.';
grant execute on function app.request_merge(text, text, uuid, timestamptz) to kollegium_api;

create or replace function app_private.mail_admins(p_template text, p_company uuid, p_payload jsonb)
returns void language sql volatile set search_path = pg_catalog, pg_temp
as $$
  select app_private.mail(p_template, c.email, c.language, c.company_id, p_payload)
  from app.colleague c where c.company_id = p_company and c.active and c.role = 'admin'
$$;

-- Staff asks for two companies with a written request on file. Without execute_at staff runs it.
create or replace function app.request_merge_in_writing(
  p_survivor uuid, p_absorbed uuid, p_execute_at timestamptz, p_reference text)
returns uuid language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_id constant uuid := app_private.new_id();
begin
  if p_survivor = p_absorbed then
    perform app_private.refuse(409, 'merge-with-itself');
  elsif (select count(*) from app.company where id in (p_survivor, p_absorbed) and state = 'active') < 2 then
    perform app_private.refuse(404, 'not-found');
  end if;
  perform app_private.expect_colleague_features(p_survivor);
  perform app_private.expect_colleague_features(p_absorbed);
  insert into app.company_merge (id, asking_company_id, asking_company_name, asking_side,
    named_company_id, other_company_id, state, survivor_company_id, survivor_name,
    absorbed_company_id, absorbed_name, execute_at, reference)
  select v_id, s.id, s.name, 'survivor', a.id, a.id, 'answered', s.id, s.name, a.id, a.name,
    p_execute_at, p_reference
  from app.company s, app.company a where s.id = p_survivor and a.id = p_absorbed;
  perform app_private.audit('merge-requested', p_survivor, null, v_id,
    jsonb_build_object('reference', p_reference));
  return v_id;
end
$$;
comment on function app.request_merge_in_writing(uuid, uuid, timestamptz, text) is
  'Records a written request to merge two companies, with its reference.';
grant execute on function app.request_merge_in_writing(uuid, uuid, timestamptz, text) to kollegium_staff;

-- The request as the caller's admin may answer it, locked; 404 when his company is not named in it.
create or replace function app_private.own_merge(p_merge uuid, p_caller app.caller, p_states text[])
returns app.company_merge language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_merge app.company_merge;
begin
  select * into v_merge from app.company_merge
  where id = p_merge and p_caller.company_id = any (parties) for update;
  if not found then
    perform app_private.refuse(404, 'not-found');
  elsif v_merge.state <> all (p_states) then
    perform app_private.refuse(409, 'merge-state',
      jsonb_build_object('state', v_merge.state, 'allowed', p_states));
  end if;
  return v_merge;
end
$$;

-- Orders a rehearsal. The first one is ordered by the side that was asked: from then on both sides know
-- each other's name and read the rehearsal.
create or replace function app.order_rehearsal(p_merge uuid)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.admin_caller();
  v_merge app.company_merge;
begin
  v_merge := app_private.own_merge(p_merge, v_caller,
    array['requested', 'answered', 'rehearsed', 'consented']);
  perform app_private.expect_colleague_features(v_caller.company_id);
  if v_merge.state = 'requested' and v_merge.asking_company_id = v_caller.company_id then
    perform app_private.refuse(409, 'merge-other-side-first');
  end if;
  update app.company_merge m set rehearsal_due = true, changed_at = now(), version = m.version + 1,
    state = case m.state when 'requested' then 'answered' else m.state end,
    survivor_company_id = s.id, survivor_name = s.name, absorbed_company_id = a.id, absorbed_name = a.name
  from app.company s, app.company a
  where m.id = p_merge
    and s.id = case m.asking_side when 'survivor' then m.asking_company_id else m.other_company_id end
    and a.id = case m.asking_side when 'survivor' then m.other_company_id else m.asking_company_id end;
  perform app_private.audit('merge-rehearsal-ordered', v_caller.company_id, v_caller.colleague_id, p_merge);
end
$$;
comment on function app.order_rehearsal(uuid) is
  'Orders a rehearsal of a merge (admin); the first one by the side that was asked.';
grant execute on function app.order_rehearsal(uuid) to kollegium_api;

-- Notes the consent of one side to the latest rehearsal; with both, the merge may run.
create or replace function app_private.note_consent(p_merge app.company_merge, p_company uuid, p_by text)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  if p_merge.rehearsal -> 'blocks' <> '[]' then
    perform app_private.refuse(409, 'merge-blocked', jsonb_build_object('blocks', p_merge.rehearsal -> 'blocks'));
  end if;
  update app.company_merge set changed_at = now(), version = version + 1,
    survivor_consent_at = case when survivor_company_id = p_company then now() else survivor_consent_at end,
    survivor_consent = case when survivor_company_id = p_company then p_by else survivor_consent end,
    absorbed_consent_at = case when absorbed_company_id = p_company then now() else absorbed_consent_at end,
    absorbed_consent = case when absorbed_company_id = p_company then p_by else absorbed_consent end
  where id = p_merge.id;
  update app.company_merge set state = 'consented'
  where id = p_merge.id and num_nulls(survivor_consent_at, absorbed_consent_at) = 0;
end
$$;

-- Consents to the rehearsal that the admin has read; 409 when there is a later one.
create or replace function app.consent_to_merge(p_merge uuid, p_rehearsal uuid)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.admin_caller();
  v_merge app.company_merge;
begin
  v_merge := app_private.own_merge(p_merge, v_caller, array['rehearsed', 'consented']);
  perform app_private.expect_colleague_features(v_caller.company_id);
  if v_merge.rehearsal_id <> p_rehearsal then
    perform app_private.refuse(409, 'merge-rehearsed-anew');
  end if;
  perform app_private.note_consent(v_merge, v_caller.company_id, v_caller.colleague_name);
  perform app_private.audit('merge-consented', v_caller.company_id, v_caller.colleague_id, p_merge);
end
$$;
comment on function app.consent_to_merge(uuid, uuid) is
  'Consents to a rehearsal in the name of the caller''s company (admin).';
grant execute on function app.consent_to_merge(uuid, uuid) to kollegium_api;

-- Refuses, or takes back what one asked for or consented to: possible until the merge is done.
create or replace function app.refuse_merge(p_merge uuid, p_reason text)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.admin_caller();
  v_merge app.company_merge;
begin
  v_merge := app_private.own_merge(p_merge, v_caller,
    array['requested', 'answered', 'rehearsed', 'consented']);
  perform app_private.end_request(v_merge, v_caller.company_id, p_reason);
  perform app_private.audit('merge-refused', v_caller.company_id, v_caller.colleague_id, p_merge);
end
$$;
comment on function app.refuse_merge(uuid, text) is
  'Refuses a merge, or takes the request or consent back (admin).';
grant execute on function app.refuse_merge(uuid, text) to kollegium_api;

create or replace function app_private.end_request(p_merge app.company_merge, p_company uuid, p_reason text)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  update app.company_merge set state = 'refused', rehearsal_due = false, refusal = p_reason,
    changed_at = now(), version = version + 1
  where id = p_merge.id;
  delete from app_private.merge_token where merge_id = p_merge.id;
  perform app_private.mail_admins('merge-refused', c.id, jsonb_build_object('merge', p_merge.id,
    'company', (select name from app.company where id = p_company)))
  from unnest(array_remove(p_merge.parties, p_company)) c (id);
end
$$;

-- From the mail, without a log-in: the token is the right, while who got it is an active admin and no
-- later rehearsal was made. 404 otherwise.
create or replace function app.answer_merge_by_token(p_token text, p_consent boolean)
returns table (merge_id uuid, state text)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_admin app.colleague;
  v_merge app.company_merge;
begin
  select c.* into v_admin
  from app_private.merge_token t
  join app.colleague c on c.id = t.colleague_id and c.active and c.role = 'admin'
  where t.token_sha256 = sha256(convert_to(p_token, 'UTF8')) and t.expires_at > now();
  perform app_private.hold_company(v_admin.company_id);
  select m.* into v_merge
  from app_private.merge_token t
  join app.company_merge m on m.id = t.merge_id and m.rehearsal_id = t.rehearsal_id
    and v_admin.company_id = any (m.parties) and m.state in ('rehearsed', 'consented')
  where t.token_sha256 = sha256(convert_to(p_token, 'UTF8')) for update of m;
  if not found then
    perform app_private.refuse(404, 'not-found');
  end if;
  if p_consent then
    perform app_private.note_consent(v_merge, v_admin.company_id, v_admin.name);
  else
    perform app_private.end_request(v_merge, v_admin.company_id, null);
  end if;
  perform app_private.audit(case when p_consent then 'merge-consented' else 'merge-refused' end,
    v_admin.company_id, v_admin.id, v_merge.id, '{"by": "token"}');
  return query select m.id, m.state from app.company_merge m where m.id = v_merge.id;
end
$$;
comment on function app.answer_merge_by_token(text, boolean) is
  'Consents to a merge, or refuses it, with the token from an admin''s mail.';
grant execute on function app.answer_merge_by_token(text, boolean) to kollegium_api;

-- Staff has the consent of a side in writing.
create or replace function app.record_merge_consent(p_merge uuid, p_side text, p_reference text)
returns text language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_merge constant app.company_merge := app_private.lock_merge(p_merge, array['rehearsed', 'consented']);
  v_company constant uuid := case p_side when 'survivor' then v_merge.survivor_company_id
    else v_merge.absorbed_company_id end;
begin
  perform app_private.note_consent(v_merge, v_company, p_reference);
  perform app_private.audit('merge-consented', v_company, null, p_merge,
    jsonb_build_object('reference', p_reference));
  return (select m.state from app.company_merge m where m.id = p_merge);
end
$$;
comment on function app.record_merge_consent(uuid, text, text) is
  'Records the written consent of one side to the latest rehearsal, with its reference.';
grant execute on function app.record_merge_consent(uuid, text, text) to kollegium_staff;

-- sql/functions/98_merge_reading.sql
set local role kollegium_owner;
-- Who is told of a merge, how merges are listed, what an old id answers, and what is cleared away.
set local role kollegium_broker;

-- A mail to each admin of both sides with a token of his own.
create or replace function app_private.mail_consents(p_merge uuid)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v record;
  v_token text;
begin
  delete from app_private.merge_token where merge_id = p_merge;
  for v in
    select m.*, c.id as admin, c.email, c.language, c.company_id as side
    from app.company_merge m
    join app.colleague c on c.company_id = any (m.parties) and c.active and c.role = 'admin'
    where m.id = p_merge order by c.id
  loop
    v_token := 'kgm_' || replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '');
    insert into app_private.merge_token (token_sha256, merge_id, rehearsal_id, colleague_id, expires_at)
    values (sha256(convert_to(v_token, 'UTF8')), p_merge, v.rehearsal_id, v.admin, now() + interval '14 days');
    perform app_private.mail('merge-rehearsed', v.email, v.language, v.side, jsonb_build_object(
      'merge', p_merge, 'survivor', v.survivor_name, 'absorbed', v.absorbed_name, 'token', v_token,
      'days', 14, 'blocks', jsonb_array_length(v.rehearsal -> 'blocks'),
      'leads', (select coalesce(sum((g ->> 'leads')::bigint), 0)
                from jsonb_array_elements(v.rehearsal -> 'visible') g)));
  end loop;
end
$$;

create or replace function app_private.mail_both(p_template text, p_merge app.company_merge)
returns void language sql volatile set search_path = pg_catalog, pg_temp
as $$
  select app_private.mail_company(p_template, c.id, jsonb_build_object('merge', p_merge.id,
    'survivor', p_merge.survivor_name, 'absorbed', p_merge.absorbed_name))
  from unnest(array[p_merge.survivor_company_id, p_merge.absorbed_company_id]) c (id)
$$;

-- All colleagues of both, who are one company by now, and the operators where the absorbed one took part.
create or replace function app_private.mail_merged(p_merge app.company_merge)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  perform app_private.mail_both('merge-done', p_merge);
  perform app_private.mail_company('merge-partner', o.id, jsonb_build_object(
    'survivor', p_merge.survivor_name, 'absorbed', p_merge.absorbed_name, 'marketplaces', o.names))
  from (select m.operator_company_id as id, jsonb_agg(distinct m.name) as names
        from app_private.merge_journal j join app.marketplace m on m.id = j.marketplace_id
        where j.merge_id = p_merge.id and j.tab = 'app.participation'
          and p_merge.absorbed_company_id::text = coalesce(j.before ->> 'company_id', '')
          and m.operator_company_id <> p_merge.survivor_company_id
          and coalesce(j.before ->> 'state', 'active') <> 'invited'
        group by m.operator_company_id) o;
end
$$;

create or replace function app.list_merges(p_merge uuid default null)
returns setof app.company_merge language sql stable security definer set search_path = pg_catalog, pg_temp
as $$ select m.* from app.company_merge m where p_merge is null or m.id = p_merge order by m.id desc $$;
comment on function app.list_merges(uuid) is 'Merges, newest first, or one of them (staff).';
grant execute on function app.list_merges(uuid) to kollegium_staff;

-- Every single lead that one side sees only since (or would see by) the merge, for who wants the list
-- behind the numbers of a rehearsal. Ordered by id; before the merge is done. Each capacity walks its own
-- index and stops after a page; one in which the rehearsal found nothing to see is not walked at all.
create or replace function app.merge_leads(p_merge uuid, p_side text, p_after uuid, p_limit integer)
returns table (marketplace_id uuid, id uuid, state text, personal_data boolean)
language plpgsql stable security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_after constant uuid := coalesce(p_after, '00000000-0000-0000-0000-000000000000');
  v_mine uuid;
  v_theirs uuid;
  v_as text[];
begin
  select case p_side when 'survivor' then m.absorbed_company_id else m.survivor_company_id end,
    case p_side when 'survivor' then m.survivor_company_id else m.absorbed_company_id end,
    array(select g ->> 'as' from jsonb_array_elements(m.rehearsal -> 'visible') g where g ->> 'to' = p_side)
  into v_mine, v_theirs, v_as
  from app.company_merge m
  where m.id = p_merge and m.state in ('rehearsed', 'consented')
    and app.current_company_id() = any (m.parties);
  return query
  select k.marketplace_id, k.id, k.state, p.erased_at is null
  from (
    (select l.marketplace_id, l.id, l.state from app.lead l
     where 'operator' = any (v_as) and l.operator_company_id = v_mine and l.id > v_after
       and v_theirs <> all (l.parties) order by l.id limit p_limit)
    union
    (select l.marketplace_id, l.id, l.state from app.lead l
     where 'giver' = any (v_as) and l.giver_company_id = v_mine and l.id > v_after
       and v_theirs <> all (l.parties) order by l.id limit p_limit)
    union
    (select l.marketplace_id, l.id, l.state from app.lead l
     where 'taker' = any (v_as) and l.engaged_company_id = v_mine and l.id > v_after
       and v_theirs <> all (l.parties) order by l.id limit p_limit)) k
  left join app.prospect p on p.marketplace_id = k.marketplace_id and p.lead_id = k.id
  order by k.id limit p_limit;
end
$$;
comment on function app.merge_leads(uuid, text, uuid, integer) is
  'The leads behind a rehearsal''s numbers: what the colleagues of one side would newly see.';
grant execute on function app.merge_leads(uuid, text, uuid, integer) to kollegium_api;

-- The company that an absorbed one has become, through all merges since.
create or replace function app_private.survivor_of(p_company uuid)
returns uuid language sql stable set search_path = pg_catalog, pg_temp
as $$
  with recursive chain (id, next) as (
    select c.id, c.absorbed_into from app.company c where c.id = p_company
    union all
    select c.id, c.absorbed_into from chain h join app.company c on c.id = h.next)
  select id from chain where next is null and id <> p_company
$$;

-- 410 with the survivor's id for an absorbed company, to the operator on whose marketplace it had a card
-- that he could see (docs/domain.md, case 4); nothing for anybody else, for whom it never existed.
create or replace function app_private.expect_not_absorbed(
  p_marketplace uuid, p_company uuid, p_operator uuid)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_survivor constant uuid := app_private.survivor_of(p_company);
begin
  if v_survivor is not null and exists (
       select from app.marketplace m where m.id = p_marketplace and m.operator_company_id = p_operator)
     and exists (
       select from app_private.merge_journal j
       where j.tab = 'app.participation' and j.marketplace_id = p_marketplace
         and j.before ->> 'company_id' = p_company::text
         and (j.before ->> 'state' is distinct from 'invited')) then
    perform app_private.refuse(410, 'company-absorbed', jsonb_build_object('company_id', v_survivor));
  end if;
end
$$;

create or replace function app.expect_not_absorbed(p_marketplace uuid, p_company uuid)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
begin
  perform app_private.expect_not_absorbed(p_marketplace, p_company, v_caller.company_id);
end
$$;
comment on function app.expect_not_absorbed(uuid, uuid) is
  '410 with the survivor''s id for an absorbed partner of the caller''s marketplace; else nothing.';
grant execute on function app.expect_not_absorbed(uuid, uuid) to kollegium_api;

-- What nobody needs any more: the journal when a merge cannot be undone any more (but for cards, by which
-- old ids are answered), answers kept for repeated requests after 48 hours as everywhere, addresses in
-- requests that came to nothing.
create or replace function app_private.purge_merges()
returns bigint language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_count bigint;
begin
  delete from app_private.merge_journal j using app.company_merge m
  where m.id = j.merge_id and j.tab <> 'app.participation'
    and (m.state = 'undone' or m.done_at < now() - interval '30 days'
      or (j.tab = 'app_private.idempotent_answer' and m.done_at < now() - interval '48 hours'));
  get diagnostics v_count = row_count;
  update app.company_merge set named_email = null
  where named_email is not null and changed_at < now() - interval '30 days'
    and state in ('done', 'undone', 'refused');
  delete from app_private.merge_token where expires_at < now();
  return v_count;
end
$$;

-- sql/functions/99_split.sql
set local role kollegium_owner;
-- Splitting a colleague off into a company of his own, with chosen leads of the company he leaves.
set local role kollegium_broker;

-- The leads that came with him: those that the journal of a merge says belonged to his former company
-- and that his present one still gives or works.
create or replace function app.leads_of_merge(p_merge uuid)
returns table (marketplace_id uuid, lead_id uuid)
language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select j.marketplace_id, j.id from app_private.merge_journal j
  join app.company_merge m on m.id = j.merge_id and m.state = 'done'
  join app.lead l on l.marketplace_id = j.marketplace_id and l.id = j.id
    and m.survivor_company_id in (l.giver_company_id, l.engaged_company_id)
  where j.merge_id = p_merge and j.tab = 'app.lead' and j.kind = 'moved' order by 1, 2
$$;
comment on function app.leads_of_merge(uuid) is
  'The leads that came with an absorbed company and are still the survivor''s (staff).';
grant execute on function app.leads_of_merge(uuid) to kollegium_staff;

-- The colleague becomes the admin of a new company. Leads that his company gives or works go with him:
-- with their engagements, offers, notes and disclosures, and with a card of each marketplace. Leads it
-- operates belong to their marketplace and cannot go. The last admin cannot leave.
create or replace function app.split_colleague(
  p_email text, p_company_name text, p_markets uuid[], p_leads uuid[], p_reference text)
returns jsonb language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_colleague app.colleague;
  v_new constant uuid := app_private.new_id();
  v_id constant uuid := app_private.new_id();
  v_old uuid;
  v_rows jsonb;
begin
  select company_id into v_old from app.colleague where email = p_email and active;
  if v_old is null then
    perform app_private.refuse(404, 'not-found');
  end if;
  perform app_private.lock_companies(v_old, v_new);
  select * into v_colleague from app.colleague where email = p_email and company_id = v_old for update;
  if not exists (select from app.colleague c where c.company_id = v_old and c.id <> v_colleague.id
                 and c.active and c.role = 'admin') then
    perform app_private.refuse(409, 'last-admin');
  end if;
  perform from app.lead l where (l.marketplace_id, l.id) in (select * from unnest(p_markets, p_leads))
  order by l.marketplace_id, l.id for update;
  perform app_private.expect_splittable(v_old, p_markets, p_leads);
  insert into app.company (id, name, delegator_role, language)
  select v_new, p_company_name, c.delegator_role, v_colleague.language from app.company c where c.id = v_old;
  perform app_private.change_handler_name(v_old, v_colleague.id, null);
  update app.engagement set handler_id = null, handler_name = null
  where company_id = v_old and handler_id = v_colleague.id;
  update app.colleague set company_id = v_new, role = 'admin', changed_at = now(), version = version + 1
  where id = v_colleague.id;
  v_rows := app_private.split_leads(v_old, v_new, p_company_name, p_markets, p_leads);
  insert into app_private.company_split (id, company_id, new_company_id, colleague_id, reference, leads)
  select v_id, v_old, v_new, v_colleague.id, p_reference, coalesce(jsonb_agg(jsonb_build_object(
    'marketplace_id', k.m, 'lead_id', k.l)), '[]') from unnest(p_markets, p_leads) k (m, l);
  perform app_private.mail_company('colleague-split', c.id, jsonb_build_object('colleague', v_colleague.name,
    'company', p_company_name, 'leads', cardinality(p_leads))) from unnest(array[v_old, v_new]) c (id);
  perform app_private.audit('colleague-split', v_old, v_colleague.id, v_new,
    jsonb_build_object('reference', p_reference, 'leads', cardinality(p_leads)));
  return jsonb_build_object('split_id', v_id, 'company_id', v_new, 'colleague_id', v_colleague.id, 'rows', v_rows);
end
$$;
comment on function app.split_colleague(text, text, uuid[], uuid[], text) is
  'Makes a company of its own for a colleague, with chosen leads of the company he leaves.';
grant execute on function app.split_colleague(text, text, uuid[], uuid[], text) to kollegium_staff;

-- 422 with the leads that cannot go: unknown ones, and those that the company neither gives nor works,
-- or operates.
create or replace function app_private.expect_splittable(p_company uuid, p_markets uuid[], p_leads uuid[])
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_unfit uuid[];
begin
  select array_agg(k.id) into v_unfit
  from unnest(p_markets, p_leads) k (marketplace_id, id)
  where not exists (select from app.lead l where l.marketplace_id = k.marketplace_id and l.id = k.id
    and l.operator_company_id <> p_company and p_company in (l.giver_company_id, l.engaged_company_id));
  if v_unfit is not null then
    perform app_private.refuse(422, 'leads-not-splittable', jsonb_build_object('leads', v_unfit));
  end if;
end
$$;

create or replace function app_private.split_leads(
  p_old uuid, p_new uuid, p_name text, p_markets uuid[], p_leads uuid[])
returns jsonb language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_tab text;
  v_count bigint;
  v_rows jsonb := '{}';
begin
  insert into app.participation (marketplace_id, company_id, operator_company_id, capacities, state,
    postcode_areas, tags, paused, cap, marketplace_name, operator_name, company_name, steps, answered_at)
  select p.marketplace_id, p_new, p.operator_company_id, p.capacities, p.state, p.postcode_areas, p.tags,
    p.paused, p.cap, p.marketplace_name, p.operator_name, p_name, p.steps, p.answered_at
  from app.participation p where p.company_id = p_old and p.marketplace_id = any (p_markets);
  -- The same columns and the same order as in a merge; what was written in the old company's name
  -- (messages, history) stays in it, and is seen as its lead is.
  foreach v_tab in array array['app.lead', 'app.engagement', 'app.offer', 'app.prospect', 'app.message',
                               'app.history', 'app.note', 'app.disclosure'] loop
    execute (select format('update %s t set %s where (t.marketplace_id, t.%s) in (select * from unnest($3, $4))
      and $1 is not null and $2 is not null', v_tab,
      string_agg(case when r.rule in ('move', 'choose') or r.tab = 'app.engagement'
        then format('%1$I = case when t.%1$I = $1 then $2 else t.%1$I end', r.col)
        else 'parties = l.parties' end, ', ')
      || case when bool_or(r.col = 'parties') then ' from app.lead l' else '' end,
      case v_tab when 'app.lead' then 'id' else 'lead_id' end)
      || case when bool_or(r.col = 'parties')
         then ' and l.marketplace_id = t.marketplace_id and l.id = t.lead_id' else '' end
      from app_private.merge_rules() r
      where r.tab = v_tab and (r.rule in ('move', 'choose', 'follow')) and r.col <> 'operator_company_id'
        and not (v_tab in ('app.message', 'app.history') and r.col = 'company_id'))
    using p_old, p_new, p_markets, p_leads;
    get diagnostics v_count = row_count;
    v_rows := v_rows || jsonb_build_object(v_tab, v_count);
  end loop;
  return v_rows;
end
$$;

-- sql/policies/api_key.sql
set local role kollegium_owner;
-- api_key: Keys belong to the company; their tokens are not stored, only hashes in app_private.bearer.
alter table app.api_key enable row level security;
alter table app.api_key force row level security;

drop policy if exists select_own on app.api_key;
create policy select_own on app.api_key for select to kollegium_api
  using (company_id = (select app.current_company_id()));
comment on policy select_own on app.api_key is 'own company''s row: the keys of the company';
drop policy if exists cross_broker on app.api_key;
create policy cross_broker on app.api_key for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.api_key is 'broker: the functions in sql/functions decide; its grants bound them';

grant select (id, company_id, name, created_by_id, created_at, revoked_at) on app.api_key to kollegium_api;
grant select, insert on app.api_key to kollegium_broker;
grant update (company_id, revoked_at) on app.api_key to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: app.create_api_key, app.revoke_api_key

-- sql/policies/brokerage.sql
set local role kollegium_owner;
-- brokerage: A run of offering a lead is the operator's business.
alter table app.brokerage enable row level security;
alter table app.brokerage force row level security;

drop policy if exists select_operator on app.brokerage;
create policy select_operator on app.brokerage for select to kollegium_api
  using (operator_company_id = (select app.current_company_id()));
comment on policy select_operator on app.brokerage is 'own company''s row: the operator sees its brokerages';
drop policy if exists cross_broker on app.brokerage;
create policy cross_broker on app.brokerage for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.brokerage is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.brokerage to kollegium_api;
grant select, insert on app.brokerage to kollegium_broker;
grant update (operator_company_id, state, closed_at) on app.brokerage to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: app.offer_lead and what ends an offer

-- sql/policies/colleague.sql
set local role kollegium_owner;
-- colleague: The colleagues of one company know each other; others meet their names on leads.
alter table app.colleague enable row level security;
alter table app.colleague force row level security;

drop policy if exists select_own on app.colleague;
create policy select_own on app.colleague for select to kollegium_api
  using (company_id = (select app.current_company_id()));
comment on policy select_own on app.colleague is 'own company''s row: colleagues see each other';
drop policy if exists cross_broker on app.colleague;
create policy cross_broker on app.colleague for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.colleague is 'broker: the functions in sql/functions decide; its grants bound them';

grant select (id, company_id, email, name, role, active, language, created_at, changed_at, version) on app.colleague to kollegium_api;
grant select, insert on app.colleague to kollegium_broker;
grant update (company_id, name, role, active, language, changed_at, version) on app.colleague to kollegium_broker;
-- What changes in the former system follows until the cut-over (app.legacy_change_users).
grant update (email) on app.colleague to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: roles and activity change through app.change_colleague

-- sql/policies/company.sql
set local role kollegium_owner;
-- company: A company sees itself. What others need of it (the name) stands on participations.
alter table app.company enable row level security;
alter table app.company force row level security;

drop policy if exists select_own on app.company;
create policy select_own on app.company for select to kollegium_api
  using (id = (select app.current_company_id()));
comment on policy select_own on app.company is 'own company''s row: a company sees itself';
drop policy if exists cross_broker on app.company;
create policy cross_broker on app.company for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.company is 'broker: the functions in sql/functions decide; its grants bound them';

grant select (id, name, state, delegator_role, language, created_at, changed_at, version) on app.company to kollegium_api;
grant select, insert on app.company to kollegium_broker;
grant update (name, state, absorbed_into, delegator_role, language, changed_at, version) on app.company to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: companies are set up by staff and changed by app.change_company
-- not granted: absorbed_into, origin_legacy_user_id to kollegium_api: nobody's business over HTTP

-- sql/policies/company_merge.sql
set local role kollegium_owner;
-- company_merge: Both companies see a request, its rehearsal and what became of it. The asking side reads
-- whom it named, not whether there is such a company: other_company_id and parties are not granted,
-- and the companies stand in the row only once the other side has answered.
alter table app.company_merge enable row level security;
alter table app.company_merge force row level security;

drop policy if exists select_party on app.company_merge;
create policy select_party on app.company_merge for select to kollegium_api
  using (coalesce((select app.current_company_id()) = any (parties), false));
comment on policy select_party on app.company_merge is 'party of the row: survivor and absorbed';
drop policy if exists cross_broker on app.company_merge;
create policy cross_broker on app.company_merge for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.company_merge is 'broker: the functions in sql/functions decide; its grants bound them';

grant select (id, asking_company_id, asking_company_name, asking_side, named_email, named_company_id,
  state, survivor_company_id, survivor_name, absorbed_company_id, absorbed_name, execute_at, reference,
  rehearsal_due, rehearsal_id, rehearsal, rehearsed_at, survivor_consent_at, survivor_consent,
  absorbed_consent_at, absorbed_consent, refusal, problem, done_at, result, undone_at, undo_result,
  created_at, changed_at, version) on app.company_merge to kollegium_api;
grant select, insert on app.company_merge to kollegium_broker;
grant update (state, survivor_company_id, survivor_name, absorbed_company_id, absorbed_name, named_email,
  rehearsal_due, rehearsal_id, rehearsal, rehearsed_at, survivor_consent_at, survivor_consent,
  absorbed_consent_at, absorbed_consent, refusal, problem, done_at, done_id, result, undone_at,
  undo_result, changed_at, version) on app.company_merge to kollegium_broker;
-- not granted: other_company_id, parties, done_id to kollegium_api: see above
-- not granted: insert, update, delete to kollegium_api: app.request_merge, app.consent_to_merge, app.refuse_merge

-- sql/policies/disclosure.sql
set local role kollegium_owner;
-- disclosure: Who received which personal data when. Seen by the operator and the recipient.
alter table app.disclosure enable row level security;
alter table app.disclosure force row level security;

drop policy if exists select_party on app.disclosure;
create policy select_party on app.disclosure for select to kollegium_api
  using (coalesce((select app.current_company_id()) = any (parties), false));
comment on policy select_party on app.disclosure is 'party of the row: operator and recipient';
drop policy if exists cross_broker on app.disclosure;
create policy cross_broker on app.disclosure for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.disclosure is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.disclosure to kollegium_api;
grant select, insert on app.disclosure to kollegium_broker;
grant update (company_id, operator_company_id) on app.disclosure to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api; of anything but the companies to the broker, who
-- moves them in a merge, and delete to anybody: it is evidence

-- sql/policies/engagement.sql
set local role kollegium_owner;
-- engagement: Company X works lead Y: seen by X, the operator and the giver. The row keeps its company.
alter table app.engagement enable row level security;
alter table app.engagement force row level security;

drop policy if exists select_party on app.engagement;
create policy select_party on app.engagement for select to kollegium_api
  using (coalesce((select app.current_company_id()) = any (parties), false));
comment on policy select_party on app.engagement is 'party of the row: taker, operator, giver';
drop policy if exists cross_broker on app.engagement;
create policy cross_broker on app.engagement for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.engagement is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.engagement to kollegium_api;
grant select, insert on app.engagement to kollegium_broker;
grant update (company_id, operator_company_id, giver_company_id, state, step, handler_id, handler_name, value, closed_at) on app.engagement to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: app.change_engagement, app.close_engagement, app.reopen_engagement

-- sql/policies/history.sql
set local role kollegium_owner;
-- history: What happened to a lead, for all its parties.
alter table app.history enable row level security;
alter table app.history force row level security;

drop policy if exists select_party on app.history;
create policy select_party on app.history for select to kollegium_api
  using (coalesce((select app.current_company_id()) = any (parties), false));
comment on policy select_party on app.history is 'party of the row: the parties of the lead';
drop policy if exists cross_broker on app.history;
create policy cross_broker on app.history for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.history is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.history to kollegium_api;
grant select, insert, delete on app.history to kollegium_broker;
grant update (parties, company_id) on app.history to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: history is written by the functions that
-- make it; the broker deletes what a merge wrote when it is undone, and nothing else

-- sql/policies/invitation.sql
set local role kollegium_owner;
-- invitation: Who was invited into a company is seen by that company alone.
alter table app.invitation enable row level security;
alter table app.invitation force row level security;

drop policy if exists select_own on app.invitation;
create policy select_own on app.invitation for select to kollegium_api
  using (company_id = (select app.current_company_id()));
comment on policy select_own on app.invitation is 'own company''s row: open and past invitations';
drop policy if exists cross_broker on app.invitation;
create policy cross_broker on app.invitation for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.invitation is 'broker: the functions in sql/functions decide; its grants bound them';

grant select (id, company_id, email, role, state, invited_by_id, created_at, expires_at, answered_at) on app.invitation to kollegium_api;
grant select, insert on app.invitation to kollegium_broker;
grant update (company_id, state, answered_at) on app.invitation to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: app.invite_colleague, app.accept_invitation, app.revoke_invitation

-- sql/policies/lead.sql
set local role kollegium_owner;
-- lead: The envelope: operator, giver and the one engaged taker see it, and nobody else.
alter table app.lead enable row level security;
alter table app.lead force row level security;

drop policy if exists select_party on app.lead;
create policy select_party on app.lead for select to kollegium_api
  using (coalesce((select app.current_company_id()) = any (parties), false));
comment on policy select_party on app.lead is 'party of the row: operator, giver, engaged taker';
drop policy if exists cross_broker on app.lead;
create policy cross_broker on app.lead for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.lead is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.lead to kollegium_api;
grant select, insert on app.lead to kollegium_broker;
grant update (operator_company_id, giver_company_id, external_ref, engaged_company_id, engaged_company_name, engagement_id, state, interest, postcode_area,
  tags, distribution_permission, rejection_reason, submitted_at, changed_at, version) on app.lead to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: every change goes through a function that locks the lead

-- sql/policies/lead_import.sql
set local role kollegium_owner;
-- lead_import: Reports of the files a company imported.
alter table app.lead_import enable row level security;
alter table app.lead_import force row level security;

drop policy if exists select_own on app.lead_import;
create policy select_own on app.lead_import for select to kollegium_api
  using (company_id = (select app.current_company_id()));
comment on policy select_own on app.lead_import is 'own company''s row: the company''s imports';
drop policy if exists cross_broker on app.lead_import;
create policy cross_broker on app.lead_import for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.lead_import is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.lead_import to kollegium_api;
grant select, insert on app.lead_import to kollegium_broker;
grant update (company_id) on app.lead_import to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: app.record_import

-- sql/policies/lead_import_row.sql
set local role kollegium_owner;
-- lead_import_row: One result for each row of an imported file; no personal data.
alter table app.lead_import_row enable row level security;
alter table app.lead_import_row force row level security;

drop policy if exists select_own on app.lead_import_row;
create policy select_own on app.lead_import_row for select to kollegium_api
  using (company_id = (select app.current_company_id()));
comment on policy select_own on app.lead_import_row is 'own company''s row: the company''s imports';
drop policy if exists cross_broker on app.lead_import_row;
create policy cross_broker on app.lead_import_row for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.lead_import_row is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.lead_import_row to kollegium_api;
grant select, insert on app.lead_import_row to kollegium_broker;
grant update (company_id) on app.lead_import_row to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: app.record_import

-- sql/policies/marketplace.sql
set local role kollegium_owner;
-- marketplace: Its operator sees the marketplace. Partners see its name and steps on their participation.
alter table app.marketplace enable row level security;
alter table app.marketplace force row level security;

drop policy if exists select_operator on app.marketplace;
create policy select_operator on app.marketplace for select to kollegium_api
  using (operator_company_id = (select app.current_company_id()));
comment on policy select_operator on app.marketplace is 'own company''s row: the operator sees its marketplace';
drop policy if exists cross_broker on app.marketplace;
create policy cross_broker on app.marketplace for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.marketplace is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.marketplace to kollegium_api;
grant select, insert on app.marketplace to kollegium_broker;
grant update (operator_company_id, name, operator_name, steps, operator_may_take, giver_may_withdraw, auto_accept,
  auto_offer, response_hours, reopen_days, teaser_digits, changed_at, version) on app.marketplace to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: app.create_marketplace, app.change_marketplace (cards change too)

-- sql/policies/message.sql
set local role kollegium_owner;
-- message: Shared by all parties of the lead.
alter table app.message enable row level security;
alter table app.message force row level security;

drop policy if exists select_party on app.message;
create policy select_party on app.message for select to kollegium_api
  using (coalesce((select app.current_company_id()) = any (parties), false));
comment on policy select_party on app.message is 'party of the row: the parties of the lead';
drop policy if exists cross_broker on app.message;
create policy cross_broker on app.message for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.message is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.message to kollegium_api;
grant select, insert on app.message to kollegium_broker;
grant update (parties, company_id) on app.message to kollegium_broker;
-- not granted: insert to kollegium_api: app.add_message takes company and author from the context
-- not granted: update of the text, delete to anybody: messages stay

-- sql/policies/note.sql
set local role kollegium_owner;
-- note: Internal: read by the colleagues of the company that wrote it.
alter table app.note enable row level security;
alter table app.note force row level security;

drop policy if exists select_own on app.note;
create policy select_own on app.note for select to kollegium_api
  using (company_id = (select app.current_company_id()));
comment on policy select_own on app.note is 'own company''s row: internal notes';
drop policy if exists cross_broker on app.note;
create policy cross_broker on app.note for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.note is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.note to kollegium_api;
grant select, insert on app.note to kollegium_broker;
grant update (company_id) on app.note to kollegium_broker;
-- not granted: insert to kollegium_api: app.add_note takes company and author from the context
-- not granted: update of the text, delete to anybody: notes stay (a merge moves them)

-- sql/policies/offer.sql
set local role kollegium_owner;
-- offer: An offer is seen by the company it was made to while it is open or has won, and by the operator
-- always. Lost, declined, expired and withdrawn offers vanish for the taker.
alter table app.offer enable row level security;
alter table app.offer force row level security;

drop policy if exists select_own_or_operator on app.offer;
create policy select_own_or_operator on app.offer for select to kollegium_api
  using ((company_id = (select app.current_company_id()) and state in ('open', 'picked'))
  or operator_company_id = (select app.current_company_id()));
comment on policy select_own_or_operator on app.offer is 'own or operator''s row in a visible state';
drop policy if exists cross_broker on app.offer;
create policy cross_broker on app.offer for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.offer is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.offer to kollegium_api;
grant select, insert, delete on app.offer to kollegium_broker;
grant update (company_id, operator_company_id, state, answered_at, answered_by_name, decline_reason) on app.offer to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: app.pick_lead, app.decline_offer, app.reopen_offer

-- sql/policies/participation.sql
set local role kollegium_owner;
-- participation: A company sees its own membership card, the operator those of its partners. An invitation that
-- is not answered yet is seen by the invited company alone: otherwise inviting an e-mail address
-- would tell the operator which company it belongs to (he sees app.partner_invitation instead).
alter table app.participation enable row level security;
alter table app.participation force row level security;

drop policy if exists select_own_or_operator on app.participation;
create policy select_own_or_operator on app.participation for select to kollegium_api
  using (company_id = (select app.current_company_id())
  or (operator_company_id = (select app.current_company_id()) and state in ('active', 'declined', 'ended')));
comment on policy select_own_or_operator on app.participation is 'own or operator''s row in a visible state';
drop policy if exists update_own_or_operator on app.participation;
create policy update_own_or_operator on app.participation for update to kollegium_api
  using (company_id = (select app.current_company_id())
  or (operator_company_id = (select app.current_company_id()) and state in ('active', 'declined', 'ended')))
  with check (company_id = (select app.current_company_id())
  or (operator_company_id = (select app.current_company_id()) and state in ('active', 'declined', 'ended')));
comment on policy update_own_or_operator on app.participation is 'own or operator''s row in a visible state: both set areas, tags, pause and cap';
drop policy if exists cross_broker on app.participation;
create policy cross_broker on app.participation for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.participation is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.participation to kollegium_api;
grant update (postcode_areas, tags, paused, cap, version) on app.participation to kollegium_api;
grant select, insert, delete on app.participation to kollegium_broker;
grant update (company_id, operator_company_id, capacities, state, postcode_areas, tags, paused, cap, marketplace_name, operator_name,
  company_name, steps, answered_at, ended_at, version) on app.participation to kollegium_broker;
-- not granted: insert, delete to kollegium_api: participations come and go through invitations
-- not granted: update of company, operator, capacities, state and printed names to kollegium_api

-- sql/policies/partner_invitation.sql
set local role kollegium_owner;
-- partner_invitation: Whom an operator invited: by e-mail address or by company id, as he wrote it.
alter table app.partner_invitation enable row level security;
alter table app.partner_invitation force row level security;

drop policy if exists select_operator on app.partner_invitation;
create policy select_operator on app.partner_invitation for select to kollegium_api
  using (operator_company_id = (select app.current_company_id()));
comment on policy select_operator on app.partner_invitation is 'own company''s row: the operator sees whom it invited';
drop policy if exists cross_broker on app.partner_invitation;
create policy cross_broker on app.partner_invitation for all to kollegium_broker using (true) with check (true);
comment on policy cross_broker on app.partner_invitation is 'broker: the functions in sql/functions decide; its grants bound them';

grant select on app.partner_invitation to kollegium_api;
grant select, insert on app.partner_invitation to kollegium_broker;
grant update (company_id, operator_company_id, state) on app.partner_invitation to kollegium_broker;
-- not granted: insert, update, delete to kollegium_api: app.invite_partner, app.end_participation
