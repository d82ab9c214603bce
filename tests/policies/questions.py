"""Who and what the catalogue is asked about: roles, the closed set of policy forms, and the
rows."""

import re

RUNTIME = ("kollegium_api", "kollegium_worker", "kollegium_staff", "kollegium_auditor")
ALL_ROLES = ("kollegium_owner", "kollegium_broker", *RUNTIME)
# The small reference set (design.md §5); everything else begins its keys with marketplace_id.
REFERENCE_SET = (
    "company", "colleague", "invitation", "api_key", "import_mapping", "saved_view", "absence",
    "company_absence", "marketplace", "company_merge", "intake_key",
)  # fmt: skip
CONTEXT_HELPERS = (
    "app.current_company_id",
    "app.current_colleague_id",
    "app.who_am_i",
    "app_private.caller",
    "app_private.admin_caller",
)
# Read by policies, or saying whose a row is: never set by a runtime role.
NEVER_UPDATED = re.compile(r"parties|state|capacities|steps|id|.*_id|.*_name")

COMPANY = r"\( SELECT app\.current_company_id\(\) AS current_company_id\)"
STATES = r"\(state = ANY \(ARRAY\[('[a-z_]+'::text(, )?)+\]\)\)"
OWN = rf"\((company_id|operator_company_id|id) = {COMPANY}\)"
MINE = rf"\(company_id = {COMPANY}\)"
OPERATOR = rf"\(operator_company_id = {COMPANY}\)"
# The closed set of policy forms: the name stands in the policy's comment.
FORMS = {
    "party of the row": rf"COALESCE\(\({COMPANY} = ANY \(parties\)\), false\)",
    "own company's row": OWN,
    "own or operator's row in a visible state": (
        rf"\(\({MINE} AND {STATES}\) OR {OPERATOR}\)"
        rf"|\({MINE} OR \({OPERATOR} AND {STATES}\)\)"
    ),
    "broker": "true",
}

TABLES = """
    select c.oid, c.relname as name, c.relrowsecurity as enabled, c.relforcerowsecurity as forced
    from pg_class c where c.relnamespace = 'app'::regnamespace and c.relkind in ('r', 'p')
"""
POLICIES = """
    select c.relname as table, p.polname as name, p.polcmd::text as command,
           p.polpermissive as permissive,
           array(select case r when 0 then 'public' else r::regrole::text end
                 from unnest(p.polroles) r) as roles,
           pg_get_expr(p.polqual, p.polrelid) as using,
           pg_get_expr(p.polwithcheck, p.polrelid) as checking,
           coalesce(obj_description(p.oid, 'pg_policy'), '') as comment
    from pg_policy p join pg_class c on c.oid = p.polrelid
    where c.relnamespace = 'app'::regnamespace
"""
FUNCTIONS = """
    select p.oid::regprocedure::text as signature, n.nspname || '.' || p.proname as name,
           p.proowner::regrole::text as owner, p.prosecdef as definer, p.provolatile::text as
             volatile,
           p.prosqlbody is not null as bound, p.proleakproof as leakproof,
           coalesce(p.proconfig, '{}') as config,
           obj_description(p.oid, 'pg_proc') as comment, p.prokind::text as kind,
           array(select case a.grantee when 0 then 'public' else a.grantee::regrole::text end
                 from aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a) as executors
    from pg_proc p join pg_namespace n on n.oid = p.pronamespace
    where n.nspname in ('app', 'app_private')
"""
