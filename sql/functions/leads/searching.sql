-- The search: which leads of a company hold the words or the telephone number that are looked for. An index of
-- trigrams knows few among many, a walk from the newest lead knows many: the first windows of the walk tell which it is.
-- Like the functions of finding.sql these reach what no condition of kollegium_api can, and answer with ids of leads of the
-- caller's company and nothing else; the list reads those through the policies.
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

-- The condition on app.prospect that the index is asked for a search, with some of the company's texts at hand; null: the
-- index is no help. Left to the comparison are words whose places are more than what they exclude: beginnings of one
-- or two letters, what every twentieth text holds or ten times as many as hold the rarest, and more than seven digits.
create or replace function app_private.index_condition(p_words text[], p_sample text[]) returns text
language sql immutable set search_path = pg_catalog, pg_temp
as $$
  with known as (
    select w, w like '\% %' as short, (select count(*) from unnest(p_sample) s where s like w) as texts
    from unnest(p_words) w where w ~ '^% [[:alnum:]]|[[:alnum:]]{3}'
  ), worth as (
    select * from known where not short or not exists (select from known k where not k.short)
  )
  select string_agg(format('p.searched like %L', regexp_replace(w, '^%\d+(\d{7}%)$', '%\1')), ' and ') from worth
  where texts <= greatest(cardinality(p_sample) / 20, 10 * (select min(texts) from worth))
$$;

-- Leads before p_before by the index, newest first, at most p_rows. null: it is no help, or it names more than 20,000. It
-- knows no companies, so those of others are read, too.
create or replace function app_private.search_index(p_company uuid, p_words text[], p_numbers text[], p_sample text[],
  p_before uuid, p_rows integer)
returns uuid[] language plpgsql stable set search_path = pg_catalog, pg_temp set enable_seqscan = off
as $$
declare
  v_words constant text := app_private.index_condition(p_words, p_sample);
  v_numbers constant text := app_private.index_condition(p_numbers, p_sample);
  v_read integer;
  v_found uuid[];
begin
  if v_words is null and p_words <> '{""}' or v_numbers is null and p_numbers is not null then
    return null;
  end if;
  execute format('select count(*), array_agg(x.lead_id order by x.lead_id desc)'
    ' filter (where $1 = any (x.parties) and x.lead_id < $2 and (x.searched like all ($3) or x.searched like all ($4)))'
    ' from (select * from app.prospect p where %s limit 20001) x', concat_ws(' or ', v_words, v_numbers))
  into v_read, v_found using p_company, p_before, p_words, p_numbers;
  return case when v_read <= 20000 then coalesce(v_found[:p_rows], '{}') end;
end
$$;

-- The next p_leads leads of the company in one capacity before p_before, on the way from the newest to the oldest: where they
-- end (null: there are no more), and which of them the search finds, newest first.
create or replace function app_private.search_window(p_company uuid, p_as text, p_words text[], p_numbers text[],
  p_before uuid, p_leads integer, out last uuid, out matching uuid[])
language plpgsql stable set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
begin
  last := (
    (select l.id from app.lead l where p_as = 'operator' and l.operator_company_id = p_company and l.id < p_before
      order by l.id desc offset p_leads - 1 limit 1)
    union all
    (select l.id from app.lead l where p_as = 'giver' and l.giver_company_id = p_company and l.id < p_before
      order by l.id desc offset p_leads - 1 limit 1)
    union all
    (select l.id from app.lead l where p_as = 'taker' and l.engaged_company_id = p_company and l.id < p_before
      order by l.id desc offset p_leads - 1 limit 1));
  if p_as = 'operator' then
    -- The keys of each of his marketplaces are in the order of time: read in a row, without the leads.
    matching := array(select p.lead_id from app.prospect p
      where p.marketplace_id = any (array(
          select m.id from app.marketplace m where m.operator_company_id = p_company))
        and p.lead_id < p_before and p.lead_id >= coalesce(last, '00000000-0000-0000-0000-000000000000')
        and (p.searched like all (p_words) or p.searched like all (p_numbers))
      order by p.lead_id desc);
  else
    matching := array(select x.id
      from (
        select l.marketplace_id, l.id from app.lead l
        where p_as = 'giver' and l.giver_company_id = p_company and l.id < p_before
          and l.id >= coalesce(last, '00000000-0000-0000-0000-000000000000')
        union all
        select l.marketplace_id, l.id from app.lead l
        where p_as = 'taker' and l.engaged_company_id = p_company and l.id < p_before
          and l.id >= coalesce(last, '00000000-0000-0000-0000-000000000000')) x
      join app.prospect p on p.marketplace_id = x.marketplace_id and p.lead_id = x.id
      where p.searched like all (p_words) or p.searched like all (p_numbers)
      order by x.id desc);
  end if;
end
$$;

-- What is found of 400 of the company's newest leads in one capacity: by it the words of a search are weighed.
create or replace function app_private.search_sample(p_company uuid, p_as text) returns text[]
language sql stable set search_path = pg_catalog, pg_temp
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off
as $$
  select array_agg(p.searched) from (
    (select l.marketplace_id, l.id from app.lead l where p_as = 'operator' and l.operator_company_id = p_company
      order by l.id desc limit 400)
    union all
    (select l.marketplace_id, l.id from app.lead l where p_as = 'giver' and l.giver_company_id = p_company
      order by l.id desc limit 400)
    union all
    (select l.marketplace_id, l.id from app.lead l where p_as = 'taker' and l.engaged_company_id = p_company
      order by l.id desc limit 400)) x
  join app.prospect p on p.marketplace_id = x.marketplace_id and p.lead_id = x.id
$$;

-- What a search finds of the company's leads in one capacity before p_before, newest first, at most p_rows: fewer are all. It
-- walks as long as the matches so far promise an end within 25,000 leads, else asks the index; what that does
-- not name is walked for, four times as far each time.
create or replace function app_private.search_capacity(p_company uuid, p_as text, p_words text[],
  p_numbers text[], p_before uuid, p_rows integer)
returns uuid[] language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v_before uuid := p_before;
  v_leads integer := least(500, 5 * p_rows);
  v_seen integer := 0;
  v_ahead bigint;
  v_asked boolean := false;
  v_window record;
  v_found uuid[] := '{}';
  v_named uuid[];
begin
  loop
    v_window := app_private.search_window(p_company, p_as, p_words, p_numbers, v_before, v_leads);
    v_found := v_found || v_window.matching;
    if v_window.last is null or cardinality(v_found) >= p_rows then
      return v_found[:p_rows];
    end if;
    v_seen := v_seen + v_leads;
    v_before := v_window.last;
    v_ahead := v_seen::bigint * (p_rows - cardinality(v_found)) / nullif(cardinality(v_found), 0);
    if not v_asked and (v_ahead > 25000 or v_ahead is null and v_seen > 2000) then
      v_asked := true;
      v_named := app_private.search_index(p_company, p_words, p_numbers,
        app_private.search_sample(p_company, p_as), v_before, p_rows - cardinality(v_found));
      if v_named is not null then
        return v_found || v_named;
      end if;
    end if;
    v_leads := least(4 * v_seen, v_ahead + v_ahead / 4 + 100);
  end loop;
end
$$;

-- Leads that a search finds of those before p_before (null: of all), newest first, at most p_rows. p_as: operator, giver,
-- taker; null: in any capacity. What it answers, fewer than p_rows included, depends on the caller's leads alone.
create or replace function app.find_by_text(p_as text, p_text text, p_before uuid, p_rows integer)
returns uuid[] language plpgsql stable security definer
set search_path = pg_catalog, pg_temp set enable_seqscan = off
as $$
declare
  v_company constant uuid := app.current_company_id();
  v_words constant text[] := app.search_words(p_text);
  v_numbers constant text[] := app.search_numbers(p_text);
  v_before constant uuid := coalesce(p_before, 'ffffffff-ffff-ffff-ffff-ffffffffffff');
  v_rows constant integer := least(p_rows, 5001);
begin
  if v_company is null or v_words = '{""}' and v_numbers is null then
    return '{}';
  end if;
  return array(
    select distinct f.id
    from (values
        ('operator', exists (select from app.lead l where l.operator_company_id = v_company)),
        ('giver', exists (select from app.lead l where l.giver_company_id = v_company)),
        ('taker', exists (select from app.lead l where l.engaged_company_id = v_company))) c (capacity, has),
      unnest(app_private.search_capacity(v_company, c.capacity, v_words, v_numbers, v_before, v_rows)) f (id)
    where c.has and c.capacity = coalesce(p_as, c.capacity)
    order by f.id desc limit v_rows);
end
$$;
comment on function app.find_by_text(text, text, uuid, integer) is
  'Ids of the caller''s leads that a search finds, newest first.';
grant execute on function app.find_by_text(text, text, uuid, integer) to kollegium_api;
