-- Moving in: a batch of leads with everything that belongs to them, in one transaction.
--
-- The primary key of app_private.legacy_lead lets each lead in once: who inserts that row inserts the
-- lead. A second run waits there for the first and then finds nothing left to do.
set local role kollegium_broker;

-- Where the batches of a load begin: the number of the lead before each.
create or replace function app.legacy_lead_batches(p_load integer, p_limit integer)
returns setof bigint language sql stable security definer set search_path = pg_catalog, pg_temp
as $$
  select 0
  union all
  (select l.id from (select s.id, row_number() over (order by s.id) as n
                     from legacy_staging.leads s where s.load = p_load) l
   where l.n % p_limit = 0 order by l.id)
$$;
comment on function app.legacy_lead_batches(integer, integer) is
  'The numbers after which the batches of a load begin, of so many leads each.';
grant execute on function app.legacy_lead_batches(integer, integer) to kollegium_staff;

-- At most p_limit leads after number p_after; batches may run side by side. last is where the next batch begins, null after the end.
create or replace function app.legacy_import_leads(
  p_load integer, p_after bigint, p_limit integer,
  out last bigint, out seen integer, out created integer, out changed integer)
language plpgsql volatile security definer set search_path = pg_catalog, pg_temp
as $$
declare
  v_rows app_private.legacy_lead_row[];
begin
  perform pg_advisory_xact_lock_shared(app_private.legacy_load_lock(p_load));
  perform app_private.legacy_hold_merges();
  created := 0; changed := 0;
  select max(s.id), count(*) into last, seen
  from (select l.id from legacy_staging.leads l where l.load = p_load and l.id > p_after
        order by l.id limit p_limit) s;
  if last is null then
    return;
  end if;
  perform app_private.legacy_hold_companies(p_load, p_after, last);
  select array_agg(r order by r.legacy_id) into v_rows
  from app_private.legacy_lead_rows(p_load, p_after, last) r;
  insert into legacy_staging.finding (load, source_table, legacy_key, kind, reason)
  select p_load, 'leads', r.legacy_id::text, 'quarantine', r.action
  from unnest(v_rows) r where r.action in ('changed-here', 'giver-changed');
  perform app_private.legacy_settle_touched(p_load, v_rows);
  v_rows := app_private.legacy_claim_leads(v_rows);
  if v_rows is null then
    return;
  end if;
  select count(*) filter (where r.action = 'new'), count(*) filter (where r.action <> 'new')
  into created, changed from unnest(v_rows) r;
  if changed > 0 then
    perform app_private.legacy_change_leads(p_load, v_rows);
  end if;
  perform app_private.legacy_add_leads(p_load, v_rows);
  perform app_private.legacy_write_offers(p_load, v_rows);
  perform app_private.legacy_add_picks(v_rows);
  perform app_private.legacy_add_comments(p_load, v_rows);
  perform app_private.legacy_journal_leads(p_load, v_rows);
  perform app_private.audit('legacy-leads-imported', null, null, null, jsonb_build_object(
    'after', p_after, 'last', last, 'created', created, 'changed', changed));
end
$$;
comment on function app.legacy_import_leads(integer, bigint, integer) is
  'A batch of legacy leads with offers, engagements, notes, messages and history, in one transaction.';
grant execute on function app.legacy_import_leads(integer, bigint, integer) to kollegium_staff;

-- A merge changes the row of the company it absorbs: it waits for the batch, or the batch for it. So
-- nothing is ever given to an absorbed company (docs/domain.md, case 6).
create or replace function app_private.legacy_hold_companies(p_load integer, p_after bigint, p_last bigint)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  perform from app.company co where co.id in (
    select p.company_id from app_private.legacy_party p where p.legacy_id in (
      select l.giver_user_id from legacy_staging.leads l
      where l.load = p_load and l.id > p_after and l.id <= p_last
      union select l.picked_by_user_id from legacy_staging.leads l
      where l.load = p_load and l.id > p_after and l.id <= p_last
      union select m.owner_user_id from legacy_staging.marketplaces m where m.load = p_load
      union select o.user_id from legacy_staging.offers o
      where o.load = p_load and o.lead_id > p_after and o.lead_id <= p_last
      union select c.user_id from legacy_staging.comments c
      where c.load = p_load and c.lead_id > p_after and c.lead_id <= p_last))
  order by co.id for share;
end
$$;

-- Those of the rows that are this run's to write; null when none is left.
create or replace function app_private.legacy_claim_leads(p_rows app_private.legacy_lead_row[])
returns app_private.legacy_lead_row[] language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_won bigint[];
begin
  perform app_private.legacy_remove_comments(k.marketplace_id, array(
    select c from unnest(k.comments) c except select c from unnest(r.comments) c))
  from unnest(p_rows) r
  join app_private.legacy_lead k on k.legacy_id = r.legacy_id and not k.comments <@ r.comments
  where r.action in ('change', 'changed-here');
  with new as (
    insert into app_private.legacy_lead (legacy_id, marketplace_id, lead_id, row_hash, version, offers, comments)
    select r.legacy_id, r.marketplace_id, r.lead_id, r.row_hash, 1, r.offers, r.comments
    from unnest(p_rows) r
    where r.action = 'new'
      and (not (select app_private.legacy_cut_over()) or app_private.legacy_waits('leads', r.legacy_id))
    order by r.legacy_id
    on conflict (legacy_id) do nothing returning legacy_id
  ), known as (
    update app_private.legacy_lead k set row_hash = r.row_hash,
      offers = case r.action when 'complete' then k.offers else '{}' end || r.offers,
      comments = case r.action when 'complete' then k.comments else '{}' end || r.comments,
      version = k.version + case r.action when 'change' then 1 else 0 end
    from unnest(p_rows) r
    where r.action in ('change', 'complete') and k.legacy_id = r.legacy_id and k.row_hash = r.known_hash
    returning k.legacy_id
  ) select array_agg(w.legacy_id) into v_won
  from (select legacy_id from new union all select legacy_id from known) w;
  return (select array_agg(r order by r.legacy_id) from unnest(p_rows) r
          join unnest(v_won) w (legacy_id) using (legacy_id));
end
$$;

create or replace function app_private.legacy_add_leads(p_load integer, p_rows app_private.legacy_lead_row[])
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  insert into app.lead (marketplace_id, id, operator_company_id, giver_company_id, engaged_company_id,
    state, interest, postcode_area, tags, distribution_permission, source, external_ref, operator_name,
    giver_name, engaged_company_name, engagement_id, created_by_id, received_at, created_at, submitted_at,
    changed_at, teaser_interest, teaser_tags)
  select r.marketplace_id, r.lead_id, r.operator_company_id, r.giver_company_id, r.taker_company_id,
    r.state, r.interest, r.postcode_area, r.tags, r.consent, 'legacy', r.legacy_id::text,
    r.operator_name, r.giver_name, r.taker_company_name, r.engagement_id, r.created_by_id, r.created_at,
    r.created_at, case when r.state <> 'draft' then r.created_at end, r.updated_at,
    nullif(app_private.teaser(r.interest), r.interest), nullif(app_private.teaser_tags(r.tags), r.tags)
  from unnest(p_rows) r where r.action = 'new';
  insert into app.prospect (marketplace_id, lead_id, parties, name, salutation, company, email, phone,
    street, postcode, city, country, answers, about)
  select r.marketplace_id, r.lead_id, r.parties, l.contact_name, l.contact_salutation,
    l.contact_company, l.kept_email, l.kept_phone, l.contact_street, l.kept_postcode,
    l.kept_city, l.kept_country, l.kept_answers, concat_ws(' ', r.interest, r.legacy_id)
  from unnest(p_rows) r
  join legacy_staging.leads l on l.load = p_load and l.id = r.legacy_id
  where r.action = 'new';
  insert into app.history (marketplace_id, id, lead_id, parties, event, company_id, company_name,
    colleague_id, colleague_name, detail, created_at)
  select r.marketplace_id, app_private.legacy_id('created', r.legacy_id, r.created_at), r.lead_id,
    array_remove(array[r.operator_company_id, r.giver_company_id], null), 'created', coalesce(r.giver_company_id, r.operator_company_id),
    coalesce(r.giver_name, r.operator_name), r.created_by_id, r.created_by_name,
    '{"source": "legacy"}', r.created_at
  from unnest(p_rows) r where r.action = 'new';
end
$$;

create or replace function app_private.legacy_brokerage_state(p_lead_state text) returns text
language sql immutable parallel safe set search_path = pg_catalog, pg_temp
as $$
  select case p_lead_state when 'offered' then 'open' when 'engaged' then 'placed'
    when 'closed' then 'placed' when 'withdrawn' then 'withdrawn' else 'exhausted' end
$$;
