-- A table to read: who may execute what, and why. Whatever is not in it nobody can call who logs in;
-- helpers in app_private are called by these functions alone. `runs as` says with whose rights the
-- body works: the broker's crosses companies and decides by the token, the caller's sees what he sees.
select a.grantee::regrole::text as role, p.oid::regprocedure as function,
  case when p.prosecdef then p.proowner::regrole::text else 'its caller' end as "runs as",
  pg_catalog.obj_description(p.oid, 'pg_proc') as why
from pg_catalog.pg_proc p
cross join lateral aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
where p.pronamespace in ('app'::regnamespace, 'app_private'::regnamespace) and a.grantee <> p.proowner
order by 1, p.oid::regprocedure::text;
