-- Moving in: what an import gives to somebody whose company was merged belongs to that company when
-- the merge is undone. The journal of the merge says so, as if the rows had been there before it.
set local role kollegium_broker;

-- Who was moved by a merge that can still be undone, latest last.
create or replace function app_private.legacy_moved()
returns table (colleague_id uuid, merge_id uuid, absorbed uuid, survivor uuid, done_id uuid)
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select j.id, m.id, m.absorbed_company_id, m.survivor_company_id, m.done_id
  from app.company_merge m
  join app_private.merge_journal j
    on j.merge_id = m.id and j.tab = 'app.colleague' and j.kind = 'moved'
  where m.state = 'done'
$$;

-- Notes that columns of rows belong to a colleague, so that they go where he goes. Parallel arrays: a
-- table, marketplace (null where it has none), id and column; whose it is.
create or replace function app_private.legacy_journal(
  p_tabs text[], p_markets uuid[], p_ids uuid[], p_columns text[], p_colleagues uuid[])
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  -- One entry a row: undo joins them.
  with found as materialized (
    select v.merge_id, x.tab, x.marketplace_id, x.id, x.col
    from unnest(p_tabs, p_markets, p_ids, p_columns, p_colleagues)
      x (tab, marketplace_id, id, col, colleague_id)
    join app_private.legacy_moved() v using (colleague_id)
  ), known as (
    delete from app_private.merge_journal j
    using (select distinct f.merge_id, f.tab, f.id from found f) f
    where j.merge_id = f.merge_id and j.tab = f.tab and j.kind = 'moved' and j.id = f.id
    returning j.merge_id, j.tab, j.marketplace_id, j.id, j.columns
  )
  insert into app_private.merge_journal (merge_id, tab, kind, marketplace_id, id, columns)
  select a.merge_id, a.tab, 'moved', a.marketplace_id, a.id, array_agg(distinct a.col)
  from (select * from found
        union select k.merge_id, k.tab, k.marketplace_id, k.id, c.col from known k, unnest(k.columns) c (col)) a
  group by a.merge_id, a.tab, a.marketplace_id, a.id;
end
$$;

create or replace function app_private.legacy_journal_leads(
  p_load integer, p_rows app_private.legacy_lead_row[])
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  if not exists (select from app_private.legacy_moved()) then
    return;
  end if;
  perform app_private.legacy_journal(array_agg(x.tab), array_agg(x.marketplace_id), array_agg(x.id),
    array_agg(x.col), array_agg(x.colleague_id))
  from (
    select k.tab, r.marketplace_id, k.id, k.col, k.colleague_id
    from unnest(p_rows) r
    cross join lateral (values
      ('app.lead', r.lead_id, 'giver_company_id',
       case when r.giver_company_id is not null then r.created_by_id end),
      ('app.lead', r.lead_id, 'engaged_company_id', r.taker_id),
      ('app.engagement', r.engagement_id, 'company_id', r.taker_id),
      ('app.disclosure', r.engagement_id, 'company_id', r.taker_id),
      ('app.history', app_private.legacy_id('created', r.legacy_id, r.created_at), 'company_id',
       case when r.action = 'new' then r.created_by_id end),
      ('app.history', app_private.legacy_id('picked' || r.engagement_id, r.legacy_id, r.picked_at),
       'company_id', r.taker_id),
      ('app.history', app_private.legacy_id(r.outcome || r.engagement_id, r.legacy_id, r.closed_at),
       'company_id', r.taker_id)) k (tab, id, col, colleague_id)
    where r.action <> 'complete' and k.id is not null and k.colleague_id is not null
    union
    select case when c.shared then 'app.message' else 'app.note' end, r.marketplace_id,
      app_private.legacy_id('comment', c.id, c.created_at), 'company_id', u.colleague_id
    from unnest(p_rows) r
    join legacy_staging.comments c on c.load = p_load and c.lead_id = r.legacy_id
    join app_private.legacy_user u on u.legacy_id = c.user_id) x;
end
$$;

-- Offers that stay follow their user. Those that gave way to a better one of the same company come back with
-- the undo of the merge that brought both together, the latest that moved one of the two and not the other.
create or replace function app_private.legacy_journal_offers(p_offers app_private.legacy_offer_row[])
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
begin
  if p_offers is null or not exists (select from app_private.legacy_moved()) then
    return;
  end if;
  delete from app_private.merge_journal j using unnest(p_offers) o
  where j.merge_id in (select v.merge_id from app_private.legacy_moved() v)
    and j.tab = 'app.offer' and j.kind = 'collapsed' and j.id = o.id
    -- What was declined here after the last word there stays declined.
    and not (o.place > 1 and o.state <> 'picked' and j.before ->> 'state' = 'declined'
      and (j.before ->> 'answered_at')::timestamptz > o.changed_at);
  perform app_private.legacy_journal(array_agg('app.offer'::text), array_agg(o.marketplace_id),
    array_agg(o.id), array_agg('company_id'::text), array_agg(o.colleague_id))
  from unnest(p_offers) o;
  with moved as materialized (
    select * from app_private.legacy_moved()
  )
  insert into app_private.merge_journal (merge_id, tab, kind, marketplace_id, id, before)
  select distinct on (o.id) v.merge_id, 'app.offer', 'collapsed', o.marketplace_id, o.id,
    to_jsonb(o) || jsonb_build_object('company_id',
      case when v.colleague_id = o.colleague_id then v.absorbed else v.survivor end)
  from unnest(p_offers) o
  join unnest(p_offers) kept on kept.lead_id = o.lead_id and kept.company_id = o.company_id and kept.place = 1
  join moved v on v.colleague_id in (o.colleague_id, kept.colleague_id)
  where o.place > 1 and not exists (
    select from moved b where b.merge_id = v.merge_id and b.colleague_id <> v.colleague_id
      and b.colleague_id in (o.colleague_id, kept.colleague_id))
    and not exists (select from app_private.merge_journal j where j.merge_id = v.merge_id
      and j.tab = 'app.offer' and j.kind = 'collapsed' and j.id = o.id)
  order by o.id, v.done_id desc;
end
$$;

-- A new card goes back with its user, through every merge that moved him before p_before (null: all).
create or replace function app_private.legacy_journal_card(
  p_marketplace uuid, p_colleague uuid, p_before uuid default null)
returns void language sql volatile set search_path = pg_catalog, pg_temp
as $$
  insert into app_private.merge_journal (merge_id, tab, kind, marketplace_id, before, after)
  select v.merge_id, 'app.participation', 'changed', p_marketplace,
    jsonb_build_object('company_id', a.id, 'company_name', a.name),
    jsonb_build_object('company_id', s.id, 'company_name', s.name)
  from app_private.legacy_moved() v
  join app.company a on a.id = v.absorbed
  join app.company s on s.id = v.survivor
  where v.colleague_id = p_colleague and (p_before is null or v.done_id < p_before)
$$;

-- A card that was united with another one of its company comes back with the undo of the latest merge that
-- moved its user and none of those who have the other.
create or replace function app_private.legacy_journal_united_card(
  p_marketplace uuid, p_colleague uuid, p_card app.participation)
returns void language plpgsql volatile set search_path = pg_catalog, pg_temp
as $$
declare
  v_merge record;
begin
  select v.merge_id, v.done_id, a.id, a.name into v_merge
  from app_private.legacy_moved() v
  join app.company a on a.id = v.absorbed
  where v.colleague_id = p_colleague and not exists (
    select from app_private.legacy_moved() b
    join app_private.legacy_user u on u.colleague_id = b.colleague_id
    join app_private.legacy_participation k on k.company_id = u.company_id and k.marketplace_id = p_marketplace
    where b.merge_id = v.merge_id and b.colleague_id <> p_colleague)
  order by v.done_id desc limit 1;
  if found then
    insert into app_private.merge_journal (merge_id, tab, kind, marketplace_id, before)
    values (v_merge.merge_id, 'app.participation', 'collapsed', p_marketplace,
      to_jsonb(p_card) || jsonb_build_object('company_id', v_merge.id, 'company_name', v_merge.name));
    perform app_private.legacy_journal_card(p_marketplace, p_colleague, v_merge.done_id);
  end if;
end
$$;
