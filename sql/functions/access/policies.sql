-- Who does see the rows of a lead, by the policies as they stand in the catalogue at this moment.
set local role kollegium_broker;

-- Tables of app whose rows hang on a lead, by the catalogue, so that none can be forgotten; key: the lead's column.
-- shows: SQL that names the policies which show a row to looking.company, '' where it is hidden; without row
-- security it is seen by all.
create or replace function app_private.lead_side()
returns table (tab text, key text, shows text)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
begin
  return query
    with p as (
      select p.polrelid, p.polname, p.polpermissive,
        replace(replace(pg_get_expr(p.polqual, p.polrelid),
          '( SELECT app.current_company_id() AS current_company_id)', 'looking.company'),
          'app.current_company_id()', 'looking.company') as shown
      from pg_policy p
      where p.polcmd in ('r', '*') and exists (
        select from unnest(p.polroles) r where r = 0 or pg_has_role('kollegium_api', r, 'usage')))
    select c.oid::regclass::text, case when c.oid = 'app.lead'::regclass then 'id' else 'lead_id' end,
      case
        when not has_any_column_privilege('kollegium_api', c.oid, 'select') then ''''''
        when not c.relrowsecurity then quote_literal('no row security')
        else coalesce(
          (select 'case when ' || coalesce(
              (select string_agg('(' || r.shown || ')', ' and ') from p r where r.polrelid = c.oid
               and not r.polpermissive), 'true')
            || ' then concat_ws('', '', ' || string_agg(format('case when %s then %L end', p.shown, p.polname), ', '
              order by p.polname) || ') else '''' end'
           from p where p.polrelid = c.oid and p.polpermissive), '''''') end
    from pg_class c
    where c.relnamespace = 'app'::regnamespace and c.relkind in ('r', 'p')
      and (c.oid = 'app.lead'::regclass or exists (
        select from pg_attribute a where a.attrelid = c.oid and a.attname = 'lead_id' and not a.attisdropped))
    order by 1;
end
$$;

-- The rows of a lead that each of these companies is shown, and by which policy; of the tables of these parts.
create or replace function app_private.shown_by_policy(
  p_marketplace uuid, p_lead uuid, p_companies uuid[], p_parts text[])
returns table (tab text, place text, company_id uuid, policy text)
language plpgsql stable set search_path = pg_catalog, pg_temp
as $$
declare
  v record;
begin
  for v in select * from app_private.lead_side() s where app_private.access_part(s.tab) = any (p_parts) loop
    return query execute format(
      'select %L, t.place, looking.company, t.policy from unnest($3) looking (company)
       cross join lateral (select concat(tableoid, '' '', ctid) as place, %s as policy from %s
         where marketplace_id = $1 and %I = $2) t where t.policy <> ''''', v.tab, v.shows, v.tab, v.key)
    using p_marketplace, p_lead, p_companies;
  end loop;
end
$$;
