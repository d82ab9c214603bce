-- What a lead costs a taker: the price that stood on its offer. Charges and credits are posted where an engagement
-- begins and ends; who pays and how is between operator and taker.
set local role kollegium_broker;

-- The card's own price before the marketplace's; nothing (0 or none) is no price.
create or replace function app_private.price_of(
  p_card integer, p_marketplace integer, p_currency text, out price_cents integer, out currency text)
language sql immutable set search_path = pg_catalog, pg_temp
as $$
  select p.cents, case when p.cents is not null then p_currency end
  from (select nullif(coalesce(p_card, p_marketplace), 0) as cents) p
$$;

-- Whom a lead is assigned to past its open offer, pays what that offer said; others what holds now.
create or replace function app_private.price_to_assign(
  p_lead app.lead, p_card app.participation, p_market app.marketplace, out price_cents integer, out currency text)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
  select o.price_cents, o.currency into price_cents, currency from app.offer o
  where o.marketplace_id = p_lead.marketplace_id and o.lead_id = p_lead.id and o.company_id = p_card.company_id
    and o.state = 'open';
  if not found then
    select p.price_cents, p.currency into price_cents, currency
    from app_private.price_of(p_card.price_cents, p_market.price_cents, p_market.currency) p;
  end if;
end
$$;

create or replace function app_private.charge(p_lead app.lead, p_engagement uuid, p_company uuid,
  p_company_name text, p_reason text, p_cents integer, p_currency text)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  insert into app.posting (marketplace_id, id, lead_id, engagement_id, company_id, operator_company_id,
    company_name, kind, reason, amount_cents, currency)
  values (p_lead.marketplace_id, app_private.new_id(), p_lead.id, p_engagement, p_company,
    p_lead.operator_company_id, p_company_name, 'charge', p_reason, p_cents, p_currency);
end
$$;

-- What was charged for an engagement is taken back, all of it; nothing was: nothing is.
create or replace function app_private.credit(p_engagement app.engagement, p_reason text)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_charge app.posting;
begin
  select * into v_charge from app.posting
  where marketplace_id = p_engagement.marketplace_id and engagement_id = p_engagement.id and kind = 'charge';
  if not found then
    return;
  end if;
  insert into app.posting (marketplace_id, id, lead_id, engagement_id, company_id, operator_company_id,
    company_name, kind, reason, amount_cents, currency)
  values (v_charge.marketplace_id, app_private.new_id(), v_charge.lead_id, v_charge.engagement_id,
    v_charge.company_id, v_charge.operator_company_id, p_engagement.company_name, 'credit', p_reason,
    v_charge.amount_cents, v_charge.currency);
end
$$;

-- What a taker of the caller's marketplace pays instead of its price; null: its price. 403 for the taker itself.
-- Offers that were made keep theirs.
create or replace function app.set_price(p_marketplace uuid, p_company uuid, p_cents integer)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_card app.participation;
begin
  select * into v_card from app.participation
  where marketplace_id = p_marketplace and company_id = p_company and (company_id = v_caller.company_id
    or operator_company_id = v_caller.company_id and state <> 'invited') for no key update;
  if not found then
    perform app_private.refuse(404, 'not-found');
  elsif v_card.price_cents is not distinct from p_cents then
    return;  -- nothing changes, so no version does
  elsif v_card.operator_company_id <> v_caller.company_id then
    perform app_private.refuse(403, 'operator-required');
  end if;
  update app.participation set price_cents = p_cents, version = version + 1
  where marketplace_id = p_marketplace and company_id = p_company;
  perform app_private.audit('price-changed', v_caller.company_id, v_caller.colleague_id, p_marketplace,
    jsonb_build_object('company', p_company));
end
$$;
comment on function app.set_price(uuid, uuid, integer) is
  'What a taker of the caller''s marketplace pays for a lead instead of its price (operator).';
grant execute on function app.set_price(uuid, uuid, integer) to kollegium_api;
