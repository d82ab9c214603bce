-- A table to read: every policy as PostgreSQL deparses it, and which of the four forms it has.
-- Anything in the column `form` but the four names is a finding (sql/README.md).
with p as (
  select c.relname as "table", p.polname as policy,
         case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update'
                       when 'd' then 'delete' else 'all' end as command,
         array_to_string(array(select case r when 0 then 'public' else r::regrole::text end
                               from unnest(p.polroles) r), ', ') as role,
         replace(pg_get_expr(p.polqual, p.polrelid),
           '( SELECT app.current_company_id() AS current_company_id)', '<company>') as using,
         replace(pg_get_expr(p.polwithcheck, p.polrelid),
           '( SELECT app.current_company_id() AS current_company_id)', '<company>') as "check"
  from pg_catalog.pg_policy p join pg_catalog.pg_class c on c.oid = p.polrelid
  where c.relnamespace = 'app'::regnamespace
)
select p."table", p.policy, p.command, p.role,
       case
         when p."check" is distinct from p.using and p."check" is not null then 'NOT IN THE SET'
         when p.using = 'COALESCE((<company> = ANY (parties)), false)' then 'party of the row'
         when p.using in ('(company_id = <company>)', '(operator_company_id = <company>)',
                          '(id = <company>)') then 'own company''s row'
         when p.using ~ ('^\(\(\(company_id = <company>\) AND \(state = ANY \(ARRAY\[[^]]*\]\)\)\)'
                         ' OR \(operator_company_id = <company>\)\)$')
           or p.using ~ ('^\(\(company_id = <company>\) OR \(\(operator_company_id = <company>\)'
                         ' AND \(state = ANY \(ARRAY\[[^]]*\]\)\)\)\)$')
           then 'own or operator''s row in a visible state'
         when p.using = 'true' and p.role = 'kollegium_broker' then 'broker'
         else 'NOT IN THE SET'
       end as form,
       p.using
from p order by p."table", p.role, p.policy;
