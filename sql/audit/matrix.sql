-- A table to read: who may do what, from the live catalogue: role, object, command, which rows (by the policies) and
-- which columns; who executes which function with whose rights; schemas, database, memberships. Whoever owns an
-- object is left out: FORCE binds owners of tables, too. `kollegium audit matrix` prints it; --declared what the files say.
with who as (
  select 0::oid as oid, 'public'::text as name union all select r.oid, r.rolname from pg_catalog.pg_roles r
), relation as (
  select c.*, n.nspname || '.' || c.relname as name
  from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where n.nspname in ('app', 'app_private', 'searching', 'legacy_staging') and c.relkind in ('r', 'p', 'v', 'm', 'S', 'f')
), held as (
  select c.oid, c.name, w.name as role, a.grantee, lower(a.privilege_type) as command, null::text as col,
    a.is_grantable as passes
  from relation c cross join lateral aclexplode(c.relacl) a join who w on w.oid = a.grantee where a.grantee <> c.relowner
  union all
  select c.oid, c.name, w.name, a.grantee, lower(a.privilege_type), t.attname, a.is_grantable
  from relation c join pg_catalog.pg_attribute t on t.attrelid = c.oid and not t.attisdropped
  cross join lateral aclexplode(t.attacl) a join who w on w.oid = a.grantee where a.grantee <> c.relowner
), granted as (
  select h.oid, h.name, h.role, h.grantee, h.command, bool_or(h.passes) as passes,
    case when bool_or(h.col is null) then '' else string_agg(h.col, ', ' order by h.col) end as columns
  from held h group by 1, 2, 3, 4, 5
), policy as (
  select p.polrelid, p.polcmd, p.polroles, p.polname, replace(coalesce(
      case when p.polcmd = 'a' then null else pg_get_expr(p.polqual, p.polrelid) end,
      pg_get_expr(p.polwithcheck, p.polrelid)),
      '( SELECT app.current_company_id() AS current_company_id)', '<company>') as rows,
    p.polwithcheck is null or p.polqual is null
      or pg_get_expr(p.polqual, p.polrelid) = pg_get_expr(p.polwithcheck, p.polrelid) as same, p.polpermissive
  from pg_catalog.pg_policy p
), formed as (
  select p.*, case
      when not p.same or not p.polpermissive then 'NOT IN THE SET: ' || p.rows
      when p.rows = 'COALESCE((<company> = ANY (parties)), false)' then 'party of the row'
      when p.rows in ('(company_id = <company>)', '(operator_company_id = <company>)', '(id = <company>)')
        then 'own company''s row'
      when p.rows ~ ('^\(\(\(company_id = <company>\) AND \(state = ANY \(ARRAY\[[^]]*\]\)\)\)'
                     ' OR \(operator_company_id = <company>\)\)$')
        or p.rows ~ ('^\(\(company_id = <company>\) OR \(\(operator_company_id = <company>\)'
                     ' AND \(state = ANY \(ARRAY\[[^]]*\]\)\)\)\)$') then 'own or operator''s row in a visible state'
      when p.rows = 'true' then 'every row'
      else 'NOT IN THE SET: ' || p.rows end as form
  from policy p
)
select 'table' as kind, g.role, g.name as object, g.command || case when g.passes then ' with grant option' else '' end as command,
  case when g.command not in ('select', 'insert', 'update', 'delete') then 'past the policies'
    when c.relkind not in ('r', 'p') then 'by its definition'
    when not c.relrowsecurity then 'every row: no row security'
    else coalesce((select string_agg(distinct f.form, '; ' order by f.form) from formed f
      where f.polrelid = g.oid and (0 = any (f.polroles) or g.grantee = any (f.polroles))
        and f.polcmd in ('*', case g.command when 'select' then 'r' when 'insert' then 'a' when 'update' then 'w' else 'd' end)),
      'no row') end as rows, g.columns
from granted g join relation c on c.oid = g.oid
union all
select 'function', w.name, p.oid::regprocedure::text,
  'execute' || case when a.is_grantable then ' with grant option' else '' end,
  'with the rights of ' || case when p.prosecdef then p.proowner::regrole::text else 'its caller' end, ''
from pg_catalog.pg_proc p
cross join lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
join who w on w.oid = a.grantee
where p.pronamespace::regnamespace::text in ('app', 'app_private', 'searching', 'legacy_staging') and a.grantee <> p.proowner
  and not exists (select from pg_catalog.pg_depend d
    where d.classid = 'pg_catalog.pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
union all
select 'schema', w.name, n.nspname, lower(a.privilege_type) || case when a.is_grantable then ' with grant option' else '' end, '', ''
from pg_catalog.pg_namespace n cross join lateral aclexplode(n.nspacl) a join who w on w.oid = a.grantee
where n.nspname in ('app', 'app_private', 'searching', 'legacy_staging') and a.grantee <> n.nspowner
union all
select 'database', w.name, 'database',
  lower(a.privilege_type) || case when a.is_grantable then ' with grant option' else '' end, '', ''
from pg_catalog.pg_database d cross join lateral aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a
join who w on w.oid = a.grantee
where d.datname = current_database() and a.grantee <> d.datdba
union all
select 'membership', m.member::regrole::text, m.roleid::regrole::text,
  'member of' || case when m.admin_option then ' with admin option' else '' end, '', ''
from pg_catalog.pg_auth_members m
where m.member::regrole::text like 'kollegium%' or m.roleid::regrole::text like 'kollegium%'
order by 1, 2, 3, 4;
