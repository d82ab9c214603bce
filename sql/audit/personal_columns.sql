-- A table to read: every column of app with personal data or texts that people wrote (the tag at the end of its
-- comment), the roles at run time that may select it, and by which rule of rows the web tier does. Names of former takers:
-- engagement_card, which a giver is no party of. `no row` is a role without a policy: it is shown nothing.
select c.relname as "table", a.attname as "column",
       substring(col_description(a.attrelid, a.attnum) from '\[([a-z ]+)\]$') as holds,
       coalesce(array_to_string(array(
         select r.name || case when exists (select from pg_catalog.pg_policy p where p.polrelid = c.oid
             and p.polcmd in ('r', '*') and r.name::regrole = any (p.polroles)) then '' else ' (no row)' end
         from unnest(array['kollegium_api', 'kollegium_worker', 'kollegium_staff', 'kollegium_auditor']) r (name)
         where has_column_privilege(r.name, c.oid, a.attnum, 'SELECT')), ', '), '') as readers,
       (select obj_description(p.oid, 'pg_policy') from pg_catalog.pg_policy p
        where p.polrelid = c.oid and p.polcmd = 'r' and 'kollegium_api'::regrole = any (p.polroles)
        order by p.polname limit 1) as rows
from pg_catalog.pg_attribute a join pg_catalog.pg_class c on c.oid = a.attrelid
where c.relnamespace = 'app'::regnamespace and c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped
  and col_description(a.attrelid, a.attnum) ~ '\[(personal|free text)\]$'
order by 1, 2;
