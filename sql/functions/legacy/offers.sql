-- Moving in: the offers of a batch of leads. One company has one offer of a lead: where two of its
-- users had one, since a merge, the better one stays, as in the merge itself (docs/domain.md, case 4).
set local role kollegium_broker;

-- Offers of the given leads. What an offer becomes depends on the pick first (rule L4), and for a lead
-- that was touched here on how it stands here. A giver or operator is not offered its own lead through
-- somebody who came to it by a merge.
create or replace function app_private.legacy_offers_of(
  p_load integer, p_rows app_private.legacy_lead_row[])
returns setof app_private.legacy_offer_row language sql stable set search_path = pg_catalog, pg_temp rows 15000
as $$
  select r.marketplace_id, app_private.legacy_id('offer', o.id, o.offered_at),
    r.brokerage_id, r.lead_id, p.company_id, r.operator_company_id, 1, s.state,
    r.teaser, r.postcode_area, app_private.teaser_tags(r.tags), r.marketplace_name, p.company_name, o.offered_at,
    coalesce(o.expires_at, o.offered_at + make_interval(hours => r.hours)),
    case when s.state = 'open' then null
         else coalesce(o.answered_at, case when s.state in ('picked', 'lost') then r.picked_at end,
                       o.updated_at) end,
    case when s.state in ('picked', 'declined') then p.colleague_name end,
    case when s.state = 'declined' then o.reason end, r.action,
    greatest(o.updated_at, o.answered_at), o.id, p.colleague_id,
    row_number() over (partition by r.lead_id, p.company_id
      order by app_private.offer_rank(s.state), p.own_company_id <> p.company_id, o.id)
  -- The teaser of a lead is made once, for all its offers.
  from (select u.*, app_private.teaser(u.interest) as teaser from unnest(p_rows) u offset 0) r
  join legacy_staging.offers o on o.load = p_load and o.lead_id = r.legacy_id
  join app_private.legacy_party p on p.legacy_id = o.user_id
  cross join lateral (select case
    when r.action <> 'complete' and r.taker_id = p.colleague_id then 'picked'
    when r.state in ('engaged', 'closed') and o.state in ('open', 'picked') then 'lost'
    when o.state = 'open' and (r.state <> 'offered'
      or p.company_id = r.giver_company_id and p.colleague_id <> r.created_by_id
      or p.company_id = r.operator_company_id and p.colleague_id <> r.owner_id) then 'withdrawn'
    else o.state end as state) s
  where (r.action <> 'complete' or app_private.legacy_waits('offers', o.id))
    and not exists (select from legacy_staging.blocked b
      where b.load = p_load and b.source_table = 'offers' and b.id = o.id)
$$;

create or replace function app_private.legacy_write_offers(
  p_load integer, p_rows app_private.legacy_lead_row[])
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_offers app_private.legacy_offer_row[];
begin
  insert into app.brokerage (marketplace_id, id, lead_id, operator_company_id, state, opened_at, closed_at)
  select r.marketplace_id, r.brokerage_id, r.lead_id, r.operator_company_id, b.state, r.created_at,
    case when b.state <> 'open' then coalesce(r.picked_at, r.updated_at) end
  from unnest(p_rows) r
  cross join lateral (select app_private.legacy_brokerage_state(r.state) as state) b
  where r.has_offers
  on conflict (marketplace_id, id) do nothing;
  select array_agg(o) into v_offers from app_private.legacy_offers_of(p_load, p_rows) o;
  perform app_private.legacy_change_offers(p_rows, v_offers);
  insert into app.offer (marketplace_id, id, brokerage_id, lead_id, company_id, operator_company_id,
    wave, state, interest, postcode_area, tags, marketplace_name, company_name, opened_at, expires_at,
    answered_at, answered_by_name, decline_reason)
  select o.marketplace_id, o.id, o.brokerage_id, o.lead_id, o.company_id, o.operator_company_id, o.wave,
    o.state, o.interest, o.postcode_area, o.tags, o.marketplace_name, o.company_name, o.opened_at,
    o.expires_at, o.answered_at, o.answered_by_name, o.decline_reason
  from unnest(v_offers) o where o.place = 1
  on conflict do nothing;
  perform app_private.legacy_journal_offers(v_offers);
  perform app_private.legacy_conclude_waves(v_offers);
end
$$;

-- Offers that are here already: the better one of two may be another one now, what it says may have changed,
-- and what is gone there, or waits in quarantine, is not on offer here either. Who declined here after the last
-- word there has declined.
create or replace function app_private.legacy_change_offers(
  p_rows app_private.legacy_lead_row[], p_offers app_private.legacy_offer_row[])
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  if not exists (select from unnest(p_rows) r where r.action = 'change') then
    return;
  end if;
  delete from app.offer t using unnest(p_offers) o, unnest(p_offers) other
  where o.place = 1 and o.action = 'change' and t.marketplace_id = o.marketplace_id
    and t.brokerage_id = o.brokerage_id and t.company_id = o.company_id and t.id <> o.id
    and other.id = t.id;
  -- By company and not by id: its time could be corrected there.
  update app.offer t set state = o.state, interest = o.interest, postcode_area = o.postcode_area,
    tags = o.tags, decline_reason = o.decline_reason, expires_at = o.expires_at,
    answered_at = case when t.state = o.state then t.answered_at else o.answered_at end,
    answered_by_name = case when t.state = o.state then t.answered_by_name else o.answered_by_name end
  from unnest(p_offers) o
  where o.place = 1 and o.action = 'change' and t.marketplace_id = o.marketplace_id
    and t.brokerage_id = o.brokerage_id and t.company_id = o.company_id
    and not (t.state = 'declined' and t.answered_at > o.changed_at and o.state <> 'picked')
    and (t.state, t.interest, t.postcode_area, t.tags, t.decline_reason, t.expires_at) is distinct from
      (o.state, o.interest, o.postcode_area, o.tags, o.decline_reason, o.expires_at);
  update app.offer t set state = 'withdrawn', answered_at = app_private.clock(), answered_by_name = null
  from unnest(p_rows) r
  where r.action = 'change' and t.marketplace_id = r.marketplace_id and t.brokerage_id = r.brokerage_id
    and t.state in ('open', 'picked') and not exists (
      select from unnest(p_offers) o
      where o.place = 1 and o.lead_id = t.lead_id and o.company_id = t.company_id);
end
$$;

-- Leads whose only open offers there were to their own giver or operator, since a merge: nobody has one.
create or replace function app_private.legacy_conclude_waves(p_offers app_private.legacy_offer_row[])
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_markets uuid[];
  v_leads uuid[];
begin
  select array_agg(x.marketplace_id), array_agg(x.lead_id) into v_markets, v_leads
  from (select distinct o.marketplace_id, o.lead_id from unnest(p_offers) o
        join app.lead l on l.marketplace_id = o.marketplace_id and l.id = o.lead_id and l.state = 'offered'
          and o.company_id = any (l.parties)
        where o.action in ('new', 'change') and o.state = 'withdrawn'
          and not exists (select from app.offer t where t.marketplace_id = o.marketplace_id
            and t.lead_id = o.lead_id and t.state = 'open')) x;
  update app.lead set state = 'unplaced'
  where (marketplace_id, id) in (select * from unnest(v_markets, v_leads));
  update app.brokerage set state = 'exhausted', closed_at = app_private.clock()
  where (marketplace_id, lead_id) in (select * from unnest(v_markets, v_leads)) and state = 'open';
end
$$;
