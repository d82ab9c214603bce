-- Moving in: picks and comments of a batch, and leads that changed in the former system.
set local role kollegium_broker;

create or replace function app_private.legacy_add_picks(p_rows app_private.legacy_lead_row[])
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  insert into app.engagement (marketplace_id, id, lead_id, company_id, operator_company_id,
    giver_company_id, company_name, state, origin, self_pick, picked_by_id, picked_by_name, steps, step,
    handler_id, handler_name, value, started_at, closed_at)
  select r.marketplace_id, r.engagement_id, r.lead_id, r.taker_company_id, r.operator_company_id,
    r.giver_company_id, r.taker_company_name, r.outcome, 'pick',
    r.taker_company_id = r.operator_company_id, r.taker_id, r.taker_name, r.steps,
    coalesce(r.step, r.steps[1]),
    case when r.taker_active then r.taker_id end, case when r.taker_active then r.taker_name end,
    r.value, r.picked_at, r.closed_at
  from unnest(p_rows) r where r.engagement_id is not null and r.action <> 'complete'
  on conflict (marketplace_id, id) do nothing;
  insert into app.disclosure (marketplace_id, id, lead_id, company_id, operator_company_id,
    company_name, colleague_name, cause, fields, since)
  select r.marketplace_id, r.engagement_id, r.lead_id, r.taker_company_id, r.operator_company_id,
    r.taker_company_name, r.taker_name, 'pick', array_remove(array[
      'answers', case when p.city is not null then 'city' end,
      case when p.company is not null then 'company' end,
      case when p.country is not null then 'country' end,
      case when p.email is not null then 'email' end, case when p.name is not null then 'name' end,
      case when p.phone is not null then 'phone' end,
      case when p.postcode is not null then 'postcode' end,
      case when p.salutation is not null then 'salutation' end,
      case when p.street is not null then 'street' end], null), r.picked_at
  from unnest(p_rows) r
  join app.prospect p on p.marketplace_id = r.marketplace_id and p.lead_id = r.lead_id
  where r.engagement_id is not null and r.action <> 'complete'
  on conflict (marketplace_id, id) do nothing;
  insert into app.history (marketplace_id, id, lead_id, engagement_id, parties, event, company_id, company_name,
    colleague_id, colleague_name, detail, created_at)
  select r.marketplace_id, app_private.legacy_id(e.event || r.engagement_id::text, r.legacy_id, e.at),
    r.lead_id, r.engagement_id, r.parties, e.event, r.taker_company_id, r.taker_company_name, r.taker_id, r.taker_name,
    e.detail, e.at
  from unnest(p_rows) r
  cross join lateral (values ('picked', r.picked_at, '{}'::jsonb), (r.outcome, r.closed_at,
    jsonb_strip_nulls(jsonb_build_object('value', r.value)))) e (event, at, detail)
  where r.engagement_id is not null and r.action <> 'complete' and e.at is not null
  on conflict (marketplace_id, id) do nothing;
end
$$;

-- The former system knows no engagements: who has a lead reads all that was said of it. So a shared comment
-- belongs to the engagement that the lead has now, and goes with it (legacy_change_leads).
create or replace function app_private.legacy_add_comments(
  p_load integer, p_rows app_private.legacy_lead_row[])
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  insert into app.note (marketplace_id, id, lead_id, engagement_id, company_id, author_id, author_name, text,
    created_at)
  select r.marketplace_id, app_private.legacy_id('comment', c.id, c.created_at), r.lead_id, l.engagement_id,
    p.company_id, p.colleague_id, p.colleague_name, c.text, c.created_at
  from unnest(p_rows) r
  join app.lead l on l.marketplace_id = r.marketplace_id and l.id = r.lead_id
  join legacy_staging.comments c on c.load = p_load and c.lead_id = r.legacy_id and not c.shared
  join app_private.legacy_party p on p.legacy_id = c.user_id
  where (r.action <> 'complete' or app_private.legacy_waits('comments', c.id))
    and not exists (select from legacy_staging.blocked b
      where b.load = p_load and b.source_table = 'comments' and b.id = c.id)
  on conflict (marketplace_id, id) do nothing;
  insert into app.message (marketplace_id, id, lead_id, engagement_id, parties, company_id, company_name,
    author_id, author_name, text, created_at)
  select r.marketplace_id, app_private.legacy_id('comment', c.id, c.created_at), r.lead_id, l.engagement_id, l.parties,
    p.company_id, p.company_name, p.colleague_id, p.colleague_name, c.text, c.created_at
  from unnest(p_rows) r
  join app.lead l on l.marketplace_id = r.marketplace_id and l.id = r.lead_id
  join legacy_staging.comments c on c.load = p_load and c.lead_id = r.legacy_id and c.shared
  join app_private.legacy_party p on p.legacy_id = c.user_id
  where (r.action <> 'complete' or app_private.legacy_waits('comments', c.id))
    and not exists (select from legacy_staging.blocked b
      where b.load = p_load and b.source_table = 'comments' and b.id = c.id)
  on conflict (marketplace_id, id) do nothing;
end
$$;

-- Leads that changed there and not here. Who touched one here since the rows were computed makes the
-- batch begin again (40001).
create or replace function app_private.legacy_change_leads(
  p_load integer, p_rows app_private.legacy_lead_row[])
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_moved integer;
begin
  -- Two statements: a condition on rows that a sub-select locks would be looked at before they are locked, and
  -- those that it leaves out not be locked at all.
  perform from unnest(p_rows) r
  join app.lead l on l.marketplace_id = r.marketplace_id and l.id = r.lead_id
  where r.action = 'change' order by l.marketplace_id, l.id for no key update of l;
  select count(*) into v_moved from unnest(p_rows) r
  join app.lead l on l.marketplace_id = r.marketplace_id and l.id = r.lead_id
  where r.action = 'change' and l.version <> r.app_version;
  if v_moved > 0 then
    raise exception using errcode = '40001', message = 'leads were changed while they were imported';
  end if;
  update app.lead l set engaged_company_id = r.taker_company_id,
    engaged_company_name = r.taker_company_name, engagement_id = r.engagement_id, state = r.state,
    interest = r.interest, postcode_area = r.postcode_area, tags = r.tags,
    teaser_interest = nullif(app_private.teaser(r.interest), r.interest),
    teaser_tags = nullif(app_private.teaser_tags(r.tags), r.tags),
    distribution_permission = r.consent, changed_at = app_private.clock(), version = l.version + 1,
    submitted_at = coalesce(l.submitted_at, case when r.state <> 'draft' then r.updated_at end)
  from unnest(p_rows) r
  where r.action = 'change' and l.marketplace_id = r.marketplace_id and l.id = r.lead_id;
  update app.prospect p set parties = l.parties, name = s.contact_name,
    salutation = s.contact_salutation, company = s.contact_company, email = s.kept_email,
    phone = s.kept_phone, street = s.contact_street, postcode = s.kept_postcode,
    city = s.kept_city, country = s.kept_country, answers = s.kept_answers, about = concat_ws(' ', r.interest, r.legacy_id)
  from unnest(p_rows) r
  join legacy_staging.leads s on s.load = p_load and s.id = r.legacy_id
  join app.lead l on l.marketplace_id = r.marketplace_id and l.id = r.lead_id
  where r.action = 'change' and p.marketplace_id = r.marketplace_id and p.lead_id = r.lead_id;
  update app.message m set engagement_id = l.engagement_id, parties = l.parties
  from unnest(p_rows) r
  join app.lead l on l.marketplace_id = r.marketplace_id and l.id = r.lead_id
  join app_private.legacy_lead k on k.legacy_id = r.legacy_id
  where r.action = 'change' and m.marketplace_id = r.marketplace_id and m.lead_id = r.lead_id
    and m.id = any (k.comments) and m.engagement_id is distinct from l.engagement_id;
  perform app_private.legacy_change_brokerages(p_rows);
end
$$;

-- A pick that was deleted there and is back: its names are printed again where they stood.
create or replace function app_private.legacy_revive(p_marketplace uuid, p_engagement uuid)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_card app.engagement_card;
begin
  delete from app.engagement_card where marketplace_id = p_marketplace and id = p_engagement
  returning * into v_card;
  if not found then
    return;
  end if;
  update app.message m set company_name = v_card.names -> m.id::text ->> 'company_name',
    author_name = v_card.names -> m.id::text ->> 'author_name'
  where m.marketplace_id = p_marketplace and m.lead_id = v_card.lead_id and v_card.names ? m.id::text;
  update app.message_file f set company_name = v_card.names -> f.id::text ->> 'company_name',
    author_name = v_card.names -> f.id::text ->> 'author_name'
  where f.marketplace_id = p_marketplace and f.lead_id = v_card.lead_id and v_card.names ? f.id::text;
  update app.history h set
    company_name = coalesce(v_card.names -> h.id::text ->> 'company_name', h.company_name),
    colleague_name = coalesce(v_card.names -> h.id::text ->> 'colleague_name', h.colleague_name),
    detail = h.detail || coalesce(v_card.names -> h.id::text -> 'detail', '{}')
  where h.marketplace_id = p_marketplace and h.lead_id = v_card.lead_id and v_card.names ? h.id::text;
  update app.engagement set state = 'active', ended_at = null, company_name = v_card.company_name,
    picked_by_name = v_card.picked_by_name
  where marketplace_id = p_marketplace and id = p_engagement;
end
$$;

create or replace function app_private.legacy_change_brokerages(p_rows app_private.legacy_lead_row[])
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  update app.brokerage b set state = app_private.legacy_brokerage_state(r.state),
    closed_at = case when r.state <> 'offered' then coalesce(r.picked_at, r.updated_at) end
  from unnest(p_rows) r
  where r.action = 'change' and b.marketplace_id = r.marketplace_id
    and b.id = r.brokerage_id;
  -- Given back, or picked by somebody else since: that engagement is over.
  perform app_private.end_engagement(e.marketplace_id, e.id, 'revoked')
  from unnest(p_rows) r
  join app.engagement e on e.marketplace_id = r.marketplace_id and e.lead_id = r.lead_id
    and e.id is distinct from r.engagement_id and e.ended_at is null
  where r.action = 'change';
  perform app_private.legacy_revive(r.marketplace_id, r.engagement_id)
  from unnest(p_rows) r where r.action = 'change' and r.engagement_id is not null;
  -- A status that is no step here any more leaves the step as it is.
  update app.engagement e set state = r.outcome, value = r.value, closed_at = r.closed_at,
    steps = case when r.step <> all (e.steps) then r.steps else e.steps end,
    step = coalesce(r.step, e.step),
    handler_id = case when r.taker_active then r.taker_id end,
    handler_name = case when r.taker_active then r.taker_name end
  from unnest(p_rows) r
  where r.action = 'change' and e.marketplace_id = r.marketplace_id and e.id = r.engagement_id;
end
$$;
