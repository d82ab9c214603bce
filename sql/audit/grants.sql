-- A table to read: who holds what on the tables of app, columns joined into one line. Grants of the
-- owner are left out. kollegium_worker, kollegium_staff, kollegium_auditor and public must not appear.
with g as (
  select c.relname as "table", a.grantee, a.privilege_type as privilege, null::name as col, 0 as place
  from pg_catalog.pg_class c, aclexplode(c.relacl) a
  where c.relnamespace = 'app'::regnamespace and c.relkind in ('r', 'p', 'v', 'm') and a.grantee <> c.relowner
  union all
  select c.relname, a.grantee, a.privilege_type, t.attname, t.attnum
  from pg_catalog.pg_attribute t
  join pg_catalog.pg_class c on c.oid = t.attrelid, aclexplode(t.attacl) a
  where c.relnamespace = 'app'::regnamespace and a.grantee <> c.relowner
)
select g."table", case g.grantee when 0 then 'public' else g.grantee::regrole::text end as role,
       lower(g.privilege) as privilege,
       coalesce(string_agg(g.col, ', ' order by g.place), 'whole table') as columns
from g group by g."table", g.grantee, g.privilege order by 1, 2, 3;
