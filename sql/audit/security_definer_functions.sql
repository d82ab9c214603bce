-- Returns nothing when all is well.
-- Functions of app and app_private that run with another's rights and are not the broker's, whose
-- search_path is not pinned (temporary objects would win), or that anybody may execute.
select p.oid::regprocedure as function, f.finding
from pg_catalog.pg_proc p
cross join lateral (values
  (case when p.prosecdef and p.proowner::regrole::text <> 'kollegium_broker'
        then 'security definer of ' || p.proowner::regrole end),
  (case when p.prosqlbody is null  -- else its names were bound when it was created
             and not 'search_path=pg_catalog, pg_temp' = any (coalesce(p.proconfig, '{}'))
        then 'search_path is not "pg_catalog, pg_temp"' end),
  (case when exists (select from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a where a.grantee = 0)
        then 'executable by public' end),
  (case when p.pronamespace = 'app_private'::regnamespace
             and p.oid::regprocedure::text <> 'app_private.clock()'  -- tells the time and nothing else
             and exists (select from aclexplode(p.proacl) a
                         where a.grantee::regrole::text not in ('kollegium_broker', 'kollegium_owner', '-'))
        then 'private, but granted to others' end)
) f (finding)
where p.pronamespace in ('app'::regnamespace, 'app_private'::regnamespace) and f.finding is not null
order by 1, 2;
