-- Rows of a file that go in together: what app_private.put_lead_in does with one lead, as statements for all of them.
-- A lead comes into its table as what its steps make of it, with the version that they count; the steps are told as they
-- would have been. Whatever is odd about one of the rows is an error here, and the rows go in one by one.
set local role kollegium_broker;

-- p_leads: interest, tags, distribution_permission, submit, prospect, source, external_ref, received_at. For each, in
-- their order, the lead it became or was already, and whether it was made.
create or replace function app_private.put_leads_in(p_caller app.caller, p_marketplace uuid, p_leads jsonb)
returns table (place bigint, lead_id uuid, created boolean)
language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_ids constant uuid[] := array(select app_private.new_id() from jsonb_array_elements(p_leads));
  v_giver app.participation;
  v_marketplace app.marketplace;
  v_state text;
  v_new uuid[];
begin
  perform app_private.hold_intake(p_marketplace, p_caller.company_id);
  v_giver := app_private.intake_card(p_marketplace, p_caller);
  select * into v_marketplace from app.marketplace m where m.id = p_marketplace;
  v_state := case when v_marketplace.auto_accept and v_marketplace.duplicate_days is null then 'available' else 'submitted' end;
  perform app_private.expect_apart(p_leads);
  with made as (
    insert into app.lead (marketplace_id, id, operator_company_id, giver_company_id, state, interest,
      postcode_area, tags, distribution_permission, source, external_ref, operator_name, giver_name,
      created_by_id, received_at, teaser_interest, teaser_tags, submitted_at, version)
    select p_marketplace, u.id, v_marketplace.operator_company_id, v_giver.company_id,
      case when r.submit then v_state else 'draft' end, r.interest,
      left(coalesce((r.prospect).postcode, ''), v_marketplace.teaser_digits), r.tags,
      r.distribution_permission, r.source, r.external_ref, v_marketplace.operator_name, co.name,
      p_caller.colleague_id, coalesce(r.received_at, app_private.clock()),
      nullif(app_private.teaser(r.interest), r.interest), nullif(app_private.teaser_tags(r.tags), r.tags),
      case when r.submit then app_private.clock() end,
      case when not r.submit then 1 when v_state = 'submitted' then 2 else 3 end
    from app_private.leads_in(p_leads) r
    join unnest(v_ids) with ordinality u (id, place) on u.place = r.place
    left join app.company co on co.id = v_giver.company_id
    order by r.place
    on conflict (marketplace_id, coalesce(giver_company_id, operator_company_id), source, external_ref)
      where external_ref is not null do nothing
    returning id)
  select array_agg(m.id order by m.id) into v_new from made m;
  insert into app.prospect (marketplace_id, lead_id, parties, name, salutation, company, email,
    phone, street, postcode, city, country, answers, about)
  select l.marketplace_id, l.id, l.parties, (r.prospect).name, (r.prospect).salutation, (r.prospect).company,
    (r.prospect).email, (r.prospect).phone, (r.prospect).street, (r.prospect).postcode, (r.prospect).city,
    (r.prospect).country, coalesce((r.prospect).answers, '{}'), concat_ws(' ', l.interest, l.external_ref)
  from app_private.leads_in(p_leads) r
  join unnest(v_ids) with ordinality u (id, place) on u.place = r.place
  join app.lead l on l.marketplace_id = p_marketplace and l.id = u.id
  where u.id = any (v_new);
  perform app_private.go_to_market(p_marketplace, v_new, v_marketplace, p_caller);
  return query
    select r.place, coalesce(n.id, k.id), n.id is not null
    from app_private.leads_in(p_leads) r
    join unnest(v_ids) with ordinality u (id, place) on u.place = r.place
    left join unnest(v_new) n (id) on n.id = u.id
    left join app.lead k on n.id is null and k.marketplace_id = p_marketplace and k.source = r.source
      and k.external_ref = r.external_ref and coalesce(k.giver_company_id, k.operator_company_id) = p_caller.company_id
    order by r.place;
end
$$;

-- The leads in p_leads as rows, in their order.
create or replace function app_private.leads_in(p_leads jsonb)
returns table (interest text, tags text[], distribution_permission boolean, submit boolean, prospect app.prospect,
  source text, external_ref text, received_at timestamptz, place bigint)
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select e.lead ->> 'interest', array(select jsonb_array_elements_text(e.lead -> 'tags')),
    (e.lead ->> 'distribution_permission')::boolean, coalesce((e.lead ->> 'submit')::boolean, false),
    jsonb_populate_record(null::app.prospect, e.lead -> 'prospect'), e.lead ->> 'source', e.lead ->> 'external_ref',
    (e.lead ->> 'received_at')::timestamptz, e.place
  from jsonb_array_elements(p_leads) with ordinality e (lead, place)
$$;

-- As one lead is refused (put_lead_in, submit); and that no two of them are one: the second came in before only when the
-- first is in.
create or replace function app_private.expect_apart(p_leads jsonb)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_found record;
begin
  select bool_or(lower(btrim(r.source)) = 'legacy') as legacy,
    bool_or(r.submit and not r.distribution_permission) as unpermitted,
    bool_or(r.submit and num_nonnulls((r.prospect).email, (r.prospect).phone) = 0) as unreachable,
    count(r.external_ref) > count(distinct (r.source, r.external_ref)) filter (where r.external_ref is not null) as twice
  into v_found from app_private.leads_in(p_leads) r;
  if v_found.legacy then
    perform app_private.refuse(400, 'validation-failed');
  elsif v_found.unpermitted then
    perform app_private.refuse(422, 'distribution-permission-missing');
  elsif v_found.unreachable then
    perform app_private.refuse(422, 'contact-missing');
  elsif v_found.twice then
    raise unique_violation using message = 'two of these rows are one lead';
  end if;
end
$$;

-- New leads, submitted or drafts, as far as the marketplace lets them by itself: whose person came in before waits for the
-- operator. Every step of each is told.
create or replace function app_private.go_to_market(
  p_marketplace uuid, p_leads uuid[], p_market app.marketplace, p_caller app.caller)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_accepted uuid[];
  v_lead app.lead;
begin
  select array_agg(l.id order by l.id) into v_accepted from app.lead l
  where l.marketplace_id = p_marketplace and l.id = any (p_leads) and l.state <> 'draft';
  if p_market.duplicate_days is not null then
    v_accepted := array(select unnest(v_accepted) except select unnest(
      app_private.mark_duplicates(p_marketplace, v_accepted)));
    update app.lead set state = 'available', version = version + 1
    where marketplace_id = p_marketplace and id = any (v_accepted) and p_market.auto_accept;
  end if;
  perform app_private.record_intake(p_marketplace, p_leads, p_caller);
  if p_market.auto_accept and p_market.auto_offer then
    for v_lead in
      select * from app.lead l where l.marketplace_id = p_marketplace and l.id = any (v_accepted) order by l.id
    loop
      perform app_private.begin_brokerage(v_lead, app_private.plan_of(p_marketplace), app_private.nobody());
    end loop;
  end if;
end
$$;

-- app_private.record for leads that have just come in: each of the steps that they made, in the order of the leads.
create or replace function app_private.record_intake(p_marketplace uuid, p_leads uuid[], p_caller app.caller)
returns void language sql volatile set search_path = pg_catalog, pg_temp
as $$
  with step as materialized (
    select l.id, l.parties, s.event, s.version, l.source, case when s.version < 3 then p_caller.company_id end as company_id,
      case when s.version < 3 then p_caller.colleague_id end as colleague_id
    from app.lead l
    join (values ('created', 1), ('submitted', 2), ('accepted', 3)) s (event, version) on s.version <= l.version
    where l.marketplace_id = p_marketplace and l.id = any (p_leads)
  ), told as (
    insert into app.event (marketplace_id, id, company_id, kind, lead_id, version, colleague_id)
    select p_marketplace, app_private.new_id(), c.id, 'lead.' || s.event, s.id, s.version,
      case when c.id = s.company_id then s.colleague_id end
    from step s, lateral (select distinct unnest(s.parties)) c (id)
    order by s.id, s.version
  )
  insert into app.history (marketplace_id, id, lead_id, parties, event, company_id, company_name, colleague_id,
    colleague_name, detail)
  select p_marketplace, app_private.new_id(), s.id, s.parties, s.event, s.company_id,
    case when s.company_id is not null then p_caller.company_name end, s.colleague_id,
    case when s.company_id is not null then p_caller.colleague_name end,
    case s.version when 1 then jsonb_build_object('source', s.source) else '{}' end
  from step s order by s.id, s.version
$$;
