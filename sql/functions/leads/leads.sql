-- Leads on their way to the market: create, submit, accept, reject, change, withdraw.
set local role kollegium_broker;

-- As whom the caller puts leads into a marketplace: the card of an active giver, null for its operator;
-- 404 for who may not know of it. Whoever ends the participation waits for what goes in beside it.
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
  where p.marketplace_id = p_marketplace and p.company_id = p_caller.company_id
  for key share;
  if not found or v_giver.state = 'invited' then
    perform app_private.refuse(404, 'not-found');
  elsif v_giver.state <> 'active' or not 'giver' = any (v_giver.capacities) then
    perform app_private.refuse(403, 'giver-required');
  end if;
  return v_giver;
end
$$;

-- For who is about to put a lead into a marketplace: it names the operator and its giver, so it comes not
-- beside a merge or a rename of them. Comes before any row is locked; who waited looks again.
create or replace function app_private.hold_intake(p_marketplace uuid, p_company uuid)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_operator constant uuid := (select operator_company_id from app.marketplace where id = p_marketplace);
begin
  if v_operator <> p_company then
    perform app_private.hold_company(v_operator);
    perform app_private.hold_name(v_operator);
  end if;
  perform app_private.hold_name(p_company);
end
$$;

-- A new lead, put in by the operator or an active giver of the marketplace; 404 for anybody else.
-- created is false when the same source and external_ref came in before: then id is that lead.
create or replace function app_private.put_lead_in(
  p_caller app.caller, p_marketplace uuid, p_interest text, p_tags text[],
  p_distribution_permission boolean, p_prospect jsonb, p_submit boolean, p_source text,
  p_external_ref text, p_received_at timestamptz, out id uuid, out created boolean)
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_giver app.participation;
  v_marketplace app.marketplace;
  v_prospect app.prospect;
begin
  if lower(btrim(p_source)) = 'legacy' then  -- its references are the former system's numbers
    perform app_private.refuse(400, 'validation-failed');
  end if;
  perform app_private.hold_intake(p_marketplace, p_caller.company_id);
  v_giver := app_private.intake_card(p_marketplace, p_caller);
  select * into v_marketplace from app.marketplace m where m.id = p_marketplace;
  v_prospect := jsonb_populate_record(null::app.prospect, p_prospect);
  id := app_private.new_id();
  created := true;
  insert into app.lead (marketplace_id, id, operator_company_id, giver_company_id, state, interest,
    postcode_area, tags, distribution_permission, source, external_ref, operator_name, giver_name,
    created_by_id, received_at, teaser_interest, teaser_tags)
  values (p_marketplace, id, v_marketplace.operator_company_id, v_giver.company_id, 'draft', p_interest,
    left(coalesce(v_prospect.postcode, ''), v_marketplace.teaser_digits), p_tags,
    p_distribution_permission, p_source, p_external_ref, v_marketplace.operator_name,
    (select co.name from app.company co where co.id = v_giver.company_id), p_caller.colleague_id,
    coalesce(p_received_at, app_private.clock()), nullif(app_private.teaser(p_interest), p_interest),
    nullif(app_private.teaser_tags(p_tags), p_tags))
  on conflict (marketplace_id, coalesce(giver_company_id, operator_company_id), source, external_ref)
    where external_ref is not null do nothing;
  if not found then
    created := false;
    select l.id into id from app.lead l
    where l.marketplace_id = p_marketplace and l.source = p_source and l.external_ref = p_external_ref
      and coalesce(l.giver_company_id, l.operator_company_id) = p_caller.company_id;
    return;
  end if;
  insert into app.prospect (marketplace_id, lead_id, parties, name, salutation, company, email,
    phone, street, postcode, city, country, answers, about)
  select l.marketplace_id, l.id, l.parties, v_prospect.name, v_prospect.salutation,
    v_prospect.company, v_prospect.email, v_prospect.phone, v_prospect.street,
    v_prospect.postcode, v_prospect.city, v_prospect.country, coalesce(v_prospect.answers, '{}'),
    concat_ws(' ', l.interest, l.external_ref)
  from app.lead l where l.marketplace_id = p_marketplace and l.id = put_lead_in.id;
  perform app_private.record(p_marketplace, id, 'created', p_caller, jsonb_build_object('source', p_source));
  if p_submit then
    perform app_private.submit(p_marketplace, id, p_caller);
  end if;
end
$$;

create or replace function app.create_lead(
  p_marketplace uuid, p_interest text, p_tags text[], p_distribution_permission boolean,
  p_prospect jsonb, p_submit boolean, p_source text, p_external_ref text,
  p_received_at timestamptz default null,
  out id uuid, out created boolean)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
begin
  select l.id, l.created into id, created
  from app_private.put_lead_in(v_caller, p_marketplace, p_interest, p_tags, p_distribution_permission,
    p_prospect, p_submit, p_source, p_external_ref, p_received_at) l;
end
$$;
comment on function app.create_lead(uuid, text, text[], boolean, jsonb, boolean, text, text, timestamptz) is
  'A new draft, submitted at once on request; the same external_ref of one source comes in once.';
grant execute on function app.create_lead(uuid, text, text[], boolean, jsonb, boolean, text, text, timestamptz)
  to kollegium_api;

-- draft → submitted, and on to available and offered where the marketplace says so; one whose person came in before
-- waits for the operator.
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
  update app.lead set submitted_at = app_private.clock() where marketplace_id = p_marketplace and id = p_lead;
  perform app_private.set_state(p_marketplace, p_lead, 'submitted');
  perform app_private.record(p_marketplace, p_lead, 'submitted', p_caller);
  select * into v_marketplace from app.marketplace where id = p_marketplace;
  if app_private.mark_duplicates(p_marketplace, array[p_lead]) = '{}' and v_marketplace.auto_accept then
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
begin
  perform app_private.set_state(p_marketplace, p_lead, 'available');
  perform app_private.record(p_marketplace, p_lead, 'accepted', p_caller);
  select * into v_marketplace from app.marketplace where id = p_marketplace;
  if v_marketplace.auto_offer then
    select * into v_lead from app.lead where marketplace_id = p_marketplace and id = p_lead;
    perform app_private.begin_brokerage(v_lead, app_private.plan_of(p_marketplace), p_caller);
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
-- What p_prospect has under `kept` joins the answers that are there.
create or replace function app.change_lead(
  p_marketplace uuid, p_lead uuid, p_versions integer[], p_envelope jsonb, p_prospect jsonb)
returns void language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_caller constant app.caller := app_private.caller();
  v_lead app.lead;
  v_changed app.lead;
  v_known app.prospect;
  v_prospect app.prospect;
  v_fields jsonb;
begin
  v_lead := app_private.lock_lead(p_marketplace, p_lead, v_caller.company_id);
  perform app_private.expect_version(v_lead.version, p_versions);
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
  select * into v_known from app.prospect where marketplace_id = p_marketplace and lead_id = p_lead;
  v_prospect := jsonb_populate_record(v_known, p_prospect);
  v_prospect.answers := coalesce(v_prospect.answers, '{}') || coalesce(p_prospect -> 'kept', '{}');
  if v_lead.state <> 'draft' then
    if num_nonnulls(v_prospect.email, v_prospect.phone) = 0 then
      perform app_private.refuse(422, 'contact-missing');
    elsif not v_changed.distribution_permission then
      perform app_private.refuse(422, 'distribution-permission-missing');
    end if;
  end if;
  select jsonb_agg(f.key order by f.key) into v_fields
  from jsonb_each(to_jsonb(v_changed) || to_jsonb(v_prospect)) f
  where f.value is distinct from (to_jsonb(v_lead) || to_jsonb(v_known)) -> f.key;
  if v_fields is null then
    return;  -- nothing changes, so no version does
  end if;
  update app.prospect set name = v_prospect.name, salutation = v_prospect.salutation,
    company = v_prospect.company, email = v_prospect.email, phone = v_prospect.phone,
    street = v_prospect.street, postcode = v_prospect.postcode, city = v_prospect.city,
    country = v_prospect.country, answers = v_prospect.answers,
    about = concat_ws(' ', v_changed.interest, v_changed.external_ref)
  where marketplace_id = p_marketplace and lead_id = p_lead
    and (p_prospect <> '{}' or v_changed.interest <> v_lead.interest);
  update app.lead set interest = v_changed.interest, tags = v_changed.tags,
    teaser_interest = nullif(app_private.teaser(v_changed.interest), v_changed.interest),
    teaser_tags = nullif(app_private.teaser_tags(v_changed.tags), v_changed.tags),
    distribution_permission = v_changed.distribution_permission,
    postcode_area = left(coalesce(v_prospect.postcode, ''),
      (select m.teaser_digits from app.marketplace m where m.id = p_marketplace)),
    changed_at = app_private.clock(), version = version + 1
  where marketplace_id = p_marketplace and id = p_lead;
  if v_fields ?| array['name', 'email', 'phone', 'postcode'] and v_lead.state <> 'draft' then
    perform app_private.renew_keys(p_marketplace, p_lead);
  end if;
  if v_fields ?| array['interest', 'tags', 'postcode'] then
    perform app_private.reword_offers(p_marketplace, p_lead);
  end if;
  perform app_private.record(p_marketplace, p_lead, 'changed', v_caller,
    jsonb_build_object('fields', v_fields));
end
$$;
comment on function app.change_lead(uuid, uuid, integer[], jsonb, jsonb) is
  'Corrects interest, tags and contact data; 412 when the version is not the expected one.';
grant execute on function app.change_lead(uuid, uuid, integer[], jsonb, jsonb) to kollegium_api;
