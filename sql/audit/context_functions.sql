-- Returns nothing when all is well.
-- The functions that say who calls must be STABLE (IMMUTABLE would be folded into a cached plan, so
-- that the next caller is taken for the last one), not LEAKPROOF, SECURITY DEFINER; each exactly once.
-- PUBLIC or another role of the service must not be able to replace them: no CREATE on the schemas.
select w.name as function,
       case when count(p.oid) <> 1 then count(p.oid) || ' of them'
            when bool_or(p.provolatile <> 's') then 'is not STABLE'
            when bool_or(p.proleakproof) then 'is LEAKPROOF'
            else 'is not SECURITY DEFINER' end as finding
from (values ('app.current_company_id', true), ('app_private.caller', true),
             ('app_private.admin_caller', false)) w (name, definer)
left join pg_catalog.pg_proc p on p.pronamespace::regnamespace || '.' || p.proname = w.name
group by w.name, w.definer
having count(p.oid) <> 1 or bool_or(p.provolatile <> 's') or bool_or(p.proleakproof)
       or (w.definer and not bool_and(p.prosecdef))
union all
select n.nspname, 'CREATE is granted to ' || case a.grantee when 0 then 'public' else a.grantee::regrole::text end
from pg_catalog.pg_namespace n, aclexplode(n.nspacl) a
where n.nspname in ('app', 'app_private') and a.privilege_type = 'CREATE'
  and case a.grantee when 0 then 'public' else a.grantee::regrole::text end
      not in ('kollegium_owner', 'kollegium_broker')
order by 1, 2;
