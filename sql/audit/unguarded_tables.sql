-- Returns nothing when all is well.
-- Tables of app without enabled and forced row-level security or without a policy, and other
-- relations (views without security_invoker, materialized views, foreign tables) that pass by it.
select c.oid::regclass as relation,
       case when c.relkind in ('r', 'p') and not c.relrowsecurity then 'row-level security is off'
            when c.relkind in ('r', 'p') and not c.relforcerowsecurity then 'not forced: binds all but the owner'
            when c.relkind in ('r', 'p') then 'no policy'
            else 'is no table: shows rows past the policies' end as finding
from pg_catalog.pg_class c
where c.relnamespace = 'app'::regnamespace
  and case when c.relkind in ('r', 'p')
           then not c.relrowsecurity or not c.relforcerowsecurity
                or not exists (select from pg_catalog.pg_policy p where p.polrelid = c.oid)
           when c.relkind = 'v'
           then not 'security_invoker=true' = any (coalesce(c.reloptions, '{}'))
           else c.relkind in ('m', 'f') end
order by 1;
