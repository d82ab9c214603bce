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

-- Offers of one brokerage on both sides: the better one stays (the survivor's when they are equal), the other goes
-- to the journal. Run by run: what came of a lead that was taken back is no reason to lose the offer that is open now.
create or replace function app_private.merge_offers(
  p_merge uuid, p_from uuid, p_to uuid, p_markets uuid[], p_leads uuid[])
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  with better as (
    select o.marketplace_id, o.brokerage_id,
      case when min(app_private.offer_rank(o.state)) filter (where o.company_id = p_from)
              < min(app_private.offer_rank(o.state)) filter (where o.company_id = p_to)
           then p_to else p_from end as removed
    from app.offer o
    where (o.marketplace_id, o.lead_id) in (select * from unnest(p_markets, p_leads))
      and o.company_id in (p_from, p_to)
    group by o.marketplace_id, o.brokerage_id having count(distinct o.company_id) = 2),
  gone as (
    delete from app.offer o using better b
    where o.marketplace_id = b.marketplace_id and o.brokerage_id = b.brokerage_id and o.company_id = b.removed
    returning o.*)
  insert into app_private.merge_journal (merge_id, tab, kind, marketplace_id, id, before)
  select p_merge, 'app.offer', 'collapsed', g.marketplace_id, g.id, to_jsonb(g) from gone g;
  -- A giver is never offered its own lead, an operator takes otherwise (case 2): such offers end.
  perform app_private.change_row(p_merge, 'app.offer', o.marketplace_id, o.id,
    jsonb_build_object('marketplace_id', o.marketplace_id, 'id', o.id),
    jsonb_build_object('state', 'withdrawn', 'answered_at', app_private.clock()))
  from app.offer o join app.lead l on l.marketplace_id = o.marketplace_id and l.id = o.lead_id
  where (o.marketplace_id, o.lead_id) in (select * from unnest(p_markets, p_leads))
    and o.state = 'open' and o.company_id in (p_from, p_to)
    and (l.giver_company_id in (p_from, p_to) or l.operator_company_id in (p_from, p_to));
end
$$;

-- Leads that lost an open offer by the merge: a wave without another ends with it; what that changed goes to
-- the journal. Not a moment later, where somebody may still take a refusal back, and no wave that was without
-- an open offer before, which is the timer's: a merge must come to what its rehearsal came to, at any time.
create or replace function app_private.merge_waves(p_merge uuid)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v record;
  v_mark uuid;
begin
  for v in
    select distinct b.marketplace_id, b.id, b.lead_id, to_jsonb(b) as brokerage, to_jsonb(l) as lead
    from app_private.merge_journal j
    join app.brokerage b on b.marketplace_id = j.marketplace_id and b.state = 'open'
      and b.id = coalesce((j.before ->> 'brokerage_id')::uuid, (select o.brokerage_id from app.offer o
        where o.marketplace_id = j.marketplace_id and o.id = j.id))
    join app.lead l on l.marketplace_id = b.marketplace_id and l.id = b.lead_id
    where j.merge_id = p_merge and j.tab = 'app.offer' and j.kind in ('changed', 'collapsed')
      and j.before ->> 'state' = 'open'
    order by b.marketplace_id, b.lead_id
  loop
    v_mark := app_private.new_id();
    perform app_private.conclude_wave(v.marketplace_id, v.lead_id, true);
    perform app_private.journal_change(p_merge, 'app.brokerage', v.marketplace_id, v.id, v.brokerage);
    perform app_private.journal_change(p_merge, 'app.lead', v.marketplace_id, v.lead_id, v.lead);
    insert into app_private.merge_journal (merge_id, tab, kind, marketplace_id, id)
    select p_merge, 'app.history', 'created', h.marketplace_id, h.id from app.history h
    where h.marketplace_id = v.marketplace_id and h.lead_id = v.lead_id and h.id > v_mark;
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
-- means all), the areas each holds alone, the larger cap (none means no limit), paused only if both are, the price of
-- the card that stays. Areas, tags, cap and
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
      v_first.cap := app_private.larger_cap(v_first.cap, v_second.cap);
      v_first.cap_day := app_private.larger_cap(v_first.cap_day, v_second.cap_day);
      v_first.cap_week := app_private.larger_cap(v_first.cap_week, v_second.cap_week);
      v_first.cap_month := app_private.larger_cap(v_first.cap_month, v_second.cap_month);
      v_first.paused := v_first.paused and v_second.paused;
      v_first.exclusive_areas := v_first.exclusive_areas || v_second.exclusive_areas;
    elsif 'taker' = any (v_second.capacities) then
      v_first.postcode_areas := v_second.postcode_areas;
      v_first.tags := v_second.tags;
      v_first.cap := v_second.cap;
      v_first.cap_day := v_second.cap_day;
      v_first.cap_week := v_second.cap_week;
      v_first.cap_month := v_second.cap_month;
      v_first.time_zone := v_second.time_zone;
      v_first.price_cents := v_second.price_cents;
      v_first.paused := v_second.paused;
      v_first.exclusive_areas := v_second.exclusive_areas;
    end if;
    v_first.capacities := array(select distinct unnest(v_first.capacities || v_second.capacities) order by 1);
  end if;
  return jsonb_build_object('capacities', v_first.capacities, 'state', v_first.state,
    'postcode_areas', v_first.postcode_areas, 'tags', v_first.tags, 'paused', v_first.paused,
    'cap', v_first.cap, 'cap_day', v_first.cap_day, 'cap_week', v_first.cap_week,
    'cap_month', v_first.cap_month, 'time_zone', v_first.time_zone, 'exclusive_areas', v_first.exclusive_areas,
    'price_cents', v_first.price_cents,
    'answered_at', v_first.answered_at, 'ended_at', v_first.ended_at, 'version', p_kept.version + 1);
end
$$;

-- None on either side means no limit.
create or replace function app_private.larger_cap(p_one integer, p_other integer) returns integer
language sql immutable set search_path = pg_catalog, pg_temp
as $$ select case when num_nulls(p_one, p_other) = 0 then greatest(p_one, p_other) end $$;

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
