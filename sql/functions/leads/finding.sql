-- Finding the few among many. A list walks the index of its order and filters what it meets; while matches are
-- frequent that is the fastest way to a page. When few rows match, these functions ask indexes that no
-- condition of kollegium_api can reach behind a policy (LIKE, @> and && are not leakproof). They answer
-- with ids of leads of the caller's company and nothing else; the list then reads those through
-- the policies, filters included. null says: many match, walk.
set local role kollegium_broker;

-- What each word of a search must match in app.prospect.searched; at most ten. One or two letters count at the
-- beginning of a word only. A search without a word finds nothing.
create or replace function app.search_words(p_text text) returns text[]
language sql immutable parallel safe strict security definer set search_path = pg_catalog, pg_temp
as $$
  select coalesce(array_agg(case when length(w) < 3 then '% ' else '%' end || w || '%'), array[''])
  from (
    select distinct w from regexp_split_to_table(searching.without_umlauts(searching.folded(p_text)),
      '[\u0001-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00bf\u2000-\u206f\u3000-\u303f]+') w
    where w <> '' limit 10
  ) x
$$;
comment on function app.search_words(text) is
  'Patterns for app.prospect.searched, one for each word of a search.';

-- The same when the search holds telephone numbers in any notation: each number without trunk zero and country
-- code, so that it matches E.164 and what is kept as it was typed. null: there is none.
create or replace function app.search_numbers(p_text text) returns text[]
language plpgsql immutable parallel safe strict security definer
set search_path = pg_catalog, pg_temp
as $$
declare
  v_rest text := regexp_replace(p_text, '\(\s*0\s*\)', '', 'g');
  v_patterns text[] := '{}';
  v_run text;
  v_number text;
begin
  for v_run in
    select m[1] from regexp_matches(v_rest, '((?:\+\s*)?\(?[0-9][0-9 ()/.\u00a0\u2010-\u2015-]{4,}[0-9])', 'g') m
  loop
    v_number := regexp_replace(v_run, '[^0-9]', '', 'g');
    if v_run like '+%' or v_number like '00%' then
      v_number := regexp_replace(ltrim(v_number, '0'),
        '^(1|7|2[07]|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]'
        '|(2[1-689]|3[578]|42|5[09]|6[7-9]|8[0357-9]|9[679])[0-9])', '');
    end if;
    v_number := ltrim(v_number, '0');
    if length(v_number) >= 4 then
      v_patterns := v_patterns || ('%' || v_number || '%');
      v_rest := replace(v_rest, v_run, ' ');
    end if;
  end loop;
  if v_patterns = '{}' then
    return null;
  end if;
  return v_patterns || array_remove(app.search_words(v_rest), '');
end
$$;
comment on function app.search_numbers(text) is
  'Patterns for app.prospect.searched of a search that holds telephone numbers; null when it holds none.';
grant execute on function app.search_words(text), app.search_numbers(text) to kollegium_api;

-- Whether the company has no more than 3,000 leads in each capacity (p_as null: in any), so that a walk is short.
create or replace function app_private.has_few_leads(p_company uuid, p_as text) returns boolean
language sql stable set search_path = pg_catalog, pg_temp
as $$
  select max(n) <= 3000 from (
    select count(*) as n from (select from app.lead l
      where l.operator_company_id = p_company and coalesce(p_as, 'operator') = 'operator' limit 3001) o
    union all
    select count(*) from (select from app.lead l
      where l.giver_company_id = p_company and coalesce(p_as, 'giver') = 'giver' limit 3001) g
    union all
    select count(*) from (select from app.lead l
      where l.engaged_company_id = p_company and coalesce(p_as, 'taker') = 'taker' limit 3001) t) x
$$;

-- Leads that a search finds, at most 5,000. Rows of others that match the same words are read, too, so no
-- more than 20,000 in all; as an operator only the own marketplaces' are.
create or replace function app.find_by_text(p_as text, p_text text)
returns uuid[] language plpgsql stable security definer
set search_path = pg_catalog, pg_temp set enable_seqscan = off
as $$
declare
  v_company constant uuid := app.current_company_id();
  v_words constant text[] := app.search_words(p_text);
  v_numbers constant text[] := app.search_numbers(p_text);
  v_operated uuid[];
  v_match text;
  v_read integer;
  v_found uuid[];
begin
  if app_private.has_few_leads(v_company, p_as) then
    return null;
  end if;
  if p_as = 'operator' then
    select array_agg(m.id) into v_operated from app.marketplace m where m.operator_company_id = v_company;
  end if;
  select string_agg(format('p.searched like ($1)[%s]', n), ' and ') into v_match
  from generate_subscripts(v_words, 1) n;
  if v_numbers is not null then
    select format('(%s or %s)', v_match, string_agg(format('p.searched like ($2)[%s]', n), ' and ')) into v_match
    from generate_subscripts(v_numbers, 1) n;
  end if;
  execute format('select count(*), array_agg(x.lead_id) filter (where x.own)'
    ' from (select p.lead_id, $3 = any (p.parties) as own from app.prospect p where %s and %s limit 20001) x',
    case when v_operated is null then 'true' else 'array[p.marketplace_id] && $4' end, v_match)
  into v_read, v_found using v_words, v_numbers, v_company, v_operated;
  if v_read > 20000 or cardinality(v_found) > 5000 then
    return null;
  end if;
  return coalesce(v_found, '{}');
end
$$;
comment on function app.find_by_text(text, text) is
  'Ids of the caller''s leads that a search finds; null when they are many or he has few leads.';

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
grant execute on function app.find_by_text(text, text),
  app.find_by_facets(text, text, uuid, uuid, text), app.find_by_engagement(text, text, text) to kollegium_api;
