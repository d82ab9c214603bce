-- Returns nothing when all is well.
-- Roles of the service with an attribute that passes by the wall, or that may become a role which
-- does. The memberships that are meant: kollegium_owner may become the others, for migrations and for
-- commands that have no log-in but his.
select r.rolname as role,
       concat_ws(', ', case when r.rolsuper then 'SUPERUSER' end,
                 case when r.rolbypassrls then 'BYPASSRLS' end,
                 case when r.rolcreaterole then 'CREATEROLE' end,
                 case when r.rolcreatedb then 'CREATEDB' end,
                 case when r.rolreplication then 'REPLICATION' end,
                 case when r.rolinherit then 'INHERIT' end) as finding
from pg_catalog.pg_roles r
where r.rolname like 'kollegium\_%'
  and (r.rolsuper or r.rolbypassrls or r.rolcreaterole or r.rolcreatedb or r.rolreplication or r.rolinherit)
union all
select m.member::regrole::text, 'may become ' || m.roleid::regrole
from pg_catalog.pg_auth_members m
where m.member::regrole::text like 'kollegium\_%'
  and not (m.member::regrole::text = 'kollegium_owner' and m.roleid::regrole::text in (
    'kollegium_broker', 'kollegium_api', 'kollegium_worker', 'kollegium_staff', 'kollegium_auditor'))
union all
select c.relowner::regrole::text, 'owns ' || c.oid::regclass || ' (kollegium_owner should)'
from pg_catalog.pg_class c
where c.relnamespace::regnamespace::text in ('app', 'app_private') and c.relkind in ('r', 'p', 'v', 'm')
  and c.relowner::regrole::text <> 'kollegium_owner'
order by 1, 2;
