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
    teaser_digits = v.teaser_digits, next_step_required = v.next_step_required,
    hand_back_hours = v.hand_back_hours, price_cents = v.price_cents,
    currency = v.currency, contact_target_minutes = v.contact_target_minutes, stalled_hours = v.stalled_hours,
    duplicate_days = v.duplicate_days
  where id = p_marketplace;
end
$$;

-- Name and steps stand on the membership cards too. Running engagements keep the steps with which
-- they began.
create or replace function app.change_marketplace(p_marketplace uuid, p_versions integer[], p_settings jsonb)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_marketplace app.marketplace;
begin
  v_marketplace := app_private.operated_marketplace(p_marketplace, v_caller.company_id);
  perform app_private.expect_version(v_marketplace.version, p_versions);
  perform app_private.apply_settings(p_marketplace, p_settings);
  if exists (select from app.marketplace m where m.id = p_marketplace and m = v_marketplace) then
    return;  -- nothing changes, so no version does
  end if;
  perform app_private.fill_keys(p_marketplace, m.duplicate_days) from app.marketplace m
  where m.id = p_marketplace and m.duplicate_days is distinct from v_marketplace.duplicate_days;
  update app.marketplace set version = version + 1, changed_at = app_private.clock()
  where id = p_marketplace returning * into v_marketplace;
  update app.participation set marketplace_name = v_marketplace.name, steps = v_marketplace.steps
  where marketplace_id = p_marketplace;
  perform app_private.audit('marketplace-changed', v_caller.company_id, v_caller.colleague_id, p_marketplace);
end
$$;
comment on function app.change_marketplace(uuid, integer[], jsonb) is
  'Changes settings of a marketplace of the caller''s company and the cards of its partners.';
grant execute on function app.change_marketplace(uuid, integer[], jsonb) to kollegium_api;

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
  if exists (select from app.marketplace m
             where m.id = p_marketplace and m.operator_company_id = v_caller.company_id) then
    v_company := app_private.active_company(p_company, p_email);
  end if;
  if v_company is not null then
    -- A card is written for another company: not beside a merge or a rename of it. Who waited looks again.
    perform app_private.hold_company(v_company);
    perform app_private.hold_name(v_company);
    v_company := app_private.active_company(p_company, p_email);
  end if;
  v_marketplace := app_private.operated_marketplace(p_marketplace, v_caller.company_id);
  perform app_private.charge_mail(v_caller.company_id, coalesce(p_email, p_company::text),
    p_marketplace::text);
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
      jsonb_build_object('marketplace', v_marketplace.name, 'marketplace_id', p_marketplace,
        'operator', v_caller.company_name, 'capacity', p_capacity));
  else
    perform app_private.mail_company('partner-invitation', v_company,
      jsonb_build_object('marketplace', v_marketplace.name, 'marketplace_id', p_marketplace,
        'operator', v_caller.company_name, 'capacity', p_capacity));
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
  perform app_private.hold_name(p_company);
  for v_invitation in
    select * from app.partner_invitation
    where email = p_email and state = 'open' and operator_company_id <> p_company
    order by marketplace_id, id
  loop
    perform from app.marketplace where id = v_invitation.marketplace_id for share;
    perform from app.partner_invitation
    where marketplace_id = v_invitation.marketplace_id and id = v_invitation.id and state = 'open'
    for no key update;
    if found then
      perform app_private.deliver_partner_invitation(
        v_invitation.marketplace_id, v_invitation.id, p_company);
    end if;
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
  -- The marketplace before its invitations, and these before the card: the order of who invites.
  perform app_private.hold_name(v_caller.company_id);
  perform from app.marketplace where id = p_marketplace for share;
  select array_agg(x.id order by x.id) into v_open from (
    select i.id from app.partner_invitation i
    where i.marketplace_id = p_marketplace and i.state = 'open' and (i.company_id = v_caller.company_id
      or i.email in (select c.email from app.colleague c where c.company_id = v_caller.company_id))
    order by i.id for no key update of i) x;
  select state into v_state from app.participation
  where marketplace_id = p_marketplace and company_id = v_caller.company_id for no key update;
  if not found then
    perform app_private.refuse(404, 'not-found');
  end if;
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
  update app.participation set state = v_answer, answered_at = app_private.clock(), version = version + 1
  where marketplace_id = p_marketplace and company_id = v_caller.company_id;
  update app.partner_invitation set state = case when p_accept then 'accepted' else 'declined' end
  where marketplace_id = p_marketplace and id = any (v_open) and state = 'open';
  perform app_private.mail_company('partner-answered',
    (select operator_company_id from app.marketplace where id = p_marketplace),
    (select jsonb_build_object('marketplace', m.name, 'marketplace_id', m.id, 'company', v_caller.company_name,
       'accepted', p_accept) from app.marketplace m where m.id = p_marketplace));
  perform app_private.audit('partner-invitation-answered', v_caller.company_id,
    v_caller.colleague_id, p_marketplace, jsonb_build_object('accepted', p_accept));
end
$$;
comment on function app.answer_partner_invitation(uuid, boolean) is
  'Accepts or declines the invitation of the caller''s company to a marketplace.';
grant execute on function app.answer_partner_invitation(uuid, boolean) to kollegium_api;

-- The leads of which a company has an open offer, locked in the order of everybody.
create or replace function app_private.lock_offered(p_marketplace uuid, p_company uuid)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  perform from app.lead l
  where l.marketplace_id = p_marketplace and l.id in (select o.lead_id from app.offer o
    where o.company_id = p_company and o.marketplace_id = p_marketplace and o.state = 'open')
  order by l.id for update;
end
$$;

-- The open offers of a company that has left are withdrawn. Its card is locked, so none comes any more;
-- of those that came in while it waited for the card, a lead that somebody has at this moment is not
-- waited for, because he may wait for the card: the request begins again (55P03).
create or replace function app_private.withdraw_offers(p_marketplace uuid, p_company uuid)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_leads uuid[];
  v_lead uuid;
begin
  perform from app.lead l
  where l.marketplace_id = p_marketplace and l.id in (select o.lead_id from app.offer o
    where o.company_id = p_company and o.marketplace_id = p_marketplace and o.state = 'open')
  order by l.id for update nowait;
  with withdrawn as (
    update app.offer set state = 'withdrawn', answered_at = app_private.clock()
    where company_id = p_company and marketplace_id = p_marketplace and state = 'open'
    returning lead_id
  ) select array_agg(w.lead_id order by w.lead_id) into v_leads from withdrawn w;
  foreach v_lead in array coalesce(v_leads, '{}') loop
    perform app_private.tell('offer.withdrawn', array[p_company], p_marketplace, v_lead, app_private.nobody());
    perform app_private.conclude_wave(p_marketplace, v_lead);
  end loop;
end
$$;

-- Ends a participation: by the operator, or by the company itself. Its open offers are withdrawn;
-- what it works already it may finish. p_company may be the id of an open invitation.
create or replace function app.end_participation(p_marketplace uuid, p_company uuid)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_participation app.participation;
  v_invited uuid[];
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
    -- All of theirs before the cards, as who answers.
    perform from app.partner_invitation i
    where i.marketplace_id = p_marketplace and i.state = 'open' and (i.company_id = any (v_invited)
      or i.email in (select o.email from app.colleague o where o.company_id = any (v_invited)))
    order by i.id for no key update;
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
  if p_company = v_caller.company_id or exists (select from app.marketplace m
       where m.id = p_marketplace and m.operator_company_id = v_caller.company_id) then
    perform app_private.lock_offered(p_marketplace, p_company);
  end if;
  select * into v_participation from app.participation
  where marketplace_id = p_marketplace and company_id = p_company
    and (company_id = v_caller.company_id
         or (operator_company_id = v_caller.company_id and state <> 'invited'))
  for update;  -- against offers and leads that come in beside it, which hold the card by its key
  if not found then
    perform app_private.expect_not_absorbed(p_marketplace, p_company, v_caller.company_id);
    perform app_private.refuse(404, 'not-found');
  end if;
  if v_participation.state <> 'active' then
    perform app_private.refuse(409, 'participation-state', jsonb_build_object('state', v_participation.state));
  end if;
  update app.participation set state = 'ended', ended_at = app_private.clock(), exclusive_areas = '{}', version = version + 1
  where marketplace_id = p_marketplace and company_id = p_company;
  perform app_private.withdraw_offers(p_marketplace, p_company);
  perform app_private.audit('participation-ended', v_caller.company_id, v_caller.colleague_id, p_marketplace,
    jsonb_build_object('company', p_company));
end
$$;
comment on function app.end_participation(uuid, uuid) is
  'Ends a company''s participation, or withdraws an open invitation; open offers are withdrawn.';
grant execute on function app.end_participation(uuid, uuid) to kollegium_api;
