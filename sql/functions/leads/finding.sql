-- Finding the few among many. A list walks the index of its order and filters what it meets; while matches are
-- frequent that is the fastest way to a page. When few rows match, these functions ask indexes that no
-- condition of kollegium_api can reach behind a policy (@> is not leakproof). They answer
-- with ids of leads of the caller's company and nothing else; the list then reads those through
-- the policies, filters included. null says: many match, walk.
set local role kollegium_broker;

-- Leads by what their row says; null: no matter. At most 5,000.
create or replace function app.find_by_facets(
  p_state text, p_source text, p_marketplace uuid, p_giver uuid, p_tag text)
returns uuid[] language plpgsql stable security definer
set search_path = pg_catalog, pg_temp set enable_seqscan = off
as $$
declare
  v_company constant uuid := app.current_company_id();
  v_parties constant uuid[] := array[v_company] || array_remove(array[p_giver], null);
  v_facets constant text[] := array_remove(array[p_state, p_source, p_marketplace::text], null);
  v_tags constant text[] := array_remove(array[p_tag], null);
  v_found uuid[];
begin
  select array_agg(x.id) into v_found from (
    select l.id from app.lead l
    where l.parties @> v_parties and array[l.state, l.source, l.marketplace_id::text] @> v_facets
      and l.tags @> v_tags
    limit 5001) x;
  return case when cardinality(v_found) > 5000 then null else coalesce(v_found, '{}') end;
end
$$;
comment on function app.find_by_facets(text, text, uuid, uuid, text) is
  'Ids of the caller''s leads by state, source, marketplace, giver, tag; null when they are many.';

-- Leads by an engagement that the caller is a party of; null: no matter. p_handler: none, or an id. At most 5,000.
create or replace function app.find_by_engagement(p_state text, p_step text, p_handler text)
returns uuid[] language plpgsql stable security definer
set search_path = pg_catalog, pg_temp set enable_seqscan = off
as $$
declare
  v_company constant uuid := app.current_company_id();
  v_facets constant text[] := array_remove(array[p_state, p_step, p_handler], null);
  v_found uuid[];
begin
  select array_agg(x.lead_id) into v_found from (
    select e.lead_id from app.engagement e
    where e.parties @> array[v_company]
      and array[e.state, e.step, coalesce(e.handler_id::text, 'none')] @> v_facets
    limit 5001) x;
  return case when cardinality(v_found) > 5000 then null else coalesce(v_found, '{}') end;
end
$$;
comment on function app.find_by_engagement(text, text, text) is
  'Ids of the caller''s leads by state, step and handler of an engagement; null when they are many.';
grant execute on function app.find_by_facets(text, text, uuid, uuid, text), app.find_by_engagement(text, text, text) to kollegium_api;
