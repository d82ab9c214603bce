-- Returns nothing when all is well.
-- A role that holds INSERT and UPDATE on one table can use INSERT … ON CONFLICT DO UPDATE; four flaws
-- since 2017 (the last: CVE-2026-120154) let it read rows in spite of policies. No role of the service
-- but the broker, whose functions decide, holds both, by table or by column.
select c.oid::regclass as "table", r.rolname as role
from pg_catalog.pg_class c, pg_catalog.pg_roles r
where c.relnamespace = 'app'::regnamespace and c.relkind in ('r', 'p')
  and r.rolname in ('kollegium_api', 'kollegium_worker', 'kollegium_staff', 'kollegium_auditor')
  and has_any_column_privilege(r.rolname, c.oid, 'INSERT')
  and has_any_column_privilege(r.rolname, c.oid, 'UPDATE')
order by 1, 2;
