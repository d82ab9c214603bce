-- Merging what two companies do about calls of one lead.
set local role kollegium_broker;

-- Claims on both sides for one lead (one of them is of an engagement that is over): the one that counts longer
-- stays, the other goes to the journal.
create or replace function app_private.merge_claims(
  p_merge uuid, p_from uuid, p_to uuid, p_markets uuid[], p_leads uuid[])
returns void language sql volatile set search_path = pg_catalog, pg_temp
as $$
  with gone as (
    delete from app.call_claim c using app.call_claim a, app.call_claim b
    where (a.marketplace_id, a.lead_id) in (select * from unnest(p_markets, p_leads))
      and a.company_id = p_from and b.company_id = p_to
      and b.marketplace_id = a.marketplace_id and b.lead_id = a.lead_id
      and c.marketplace_id = a.marketplace_id and c.id = case when a.until > b.until then b.id else a.id end
    returning c.*)
  insert into app_private.merge_journal (merge_id, tab, kind, marketplace_id, id, before)
  select p_merge, 'app.call_claim', 'collapsed', g.marketplace_id, g.id, to_jsonb(g) from gone g
$$;
