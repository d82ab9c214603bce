"""The rules of the wall, each a question to the catalogue.

A rule answers with one line for each finding; no line: kept. Rules speak of all tables of `app`,
those of today and those to come, so a table that is added without its wall is found without a test
having been written for it. What is listed by name here is what a rule allows.
"""

import re
from typing import Any

from tests.policies.questions import (
    ALL_ROLES,
    COMPANY,
    CONTEXT_HELPERS,
    FORMS,
    FUNCTIONS,
    NEVER_UPDATED,
    POLICIES,
    REFERENCE_SET,
    RUNTIME,
    TABLES,
)


def _form(expression: str | None) -> str | None:
    """Name of the form that an expression has, or None."""
    for name, pattern in FORMS.items():
        if re.fullmatch(pattern, expression or ""):
            return name
    return None


async def tables_are_guarded(db: Any) -> list[str]:
    """RLS enabled and forced, and a policy, on every table; nothing else in app that holds rows."""
    findings = []
    guarded = {row["table"] for row in await db.fetch(POLICIES)}
    for table in await db.fetch(TABLES):
        for is_so, what in (
            (table["enabled"], "RLS is not enabled"),
            (table["forced"], "RLS is not forced"),
            (table["name"] in guarded, "no policy"),
        ):
            if not is_so:
                findings.append(f"{table['name']}: {what}")
    others = await db.fetch(
        """select c.relname, c.relkind::text as kind from pg_class c
           where c.relnamespace = 'app'::regnamespace and c.relkind not in ('r', 'p', 'i', 'I',
           'c', 't')
             and not (c.relkind = 'v' and 'security_invoker=true' = any (coalesce(c.reloptions,
             '{}')))"""
    )
    return findings + [
        f"{row['relname']}: kind {row['kind']} passes by the policies" for row in others
    ]


async def policies_have_a_known_form(db: Any) -> list[str]:
    """Each deparsed expression is one of FORMS, and the comment says which."""
    findings = []
    for policy in await db.fetch(POLICIES):
        name = f"{policy['table']}.{policy['name']}"
        form = _form(policy["using"])
        if form is None:
            findings.append(f"{name}: unknown form {policy['using']}")
        elif not policy["comment"].startswith(form):
            findings.append(f"{name}: is '{form}', comment says '{policy['comment']}'")
        if policy["checking"] not in (None, policy["using"]):
            findings.append(f"{name}: check differs from using: {policy['checking']}")
    return findings


async def policies_contain_no_other_subquery(db: Any) -> list[str]:
    """No SELECT but `( SELECT app.current_company_id() …)`: a policy reads its own row alone."""
    findings = []
    for policy in await db.fetch(POLICIES):
        text = f"{policy['using'] or ''} {policy['checking'] or ''}"
        if re.search(r"\bselect\b|\bexists\b", re.sub(COMPANY, "", text), re.IGNORECASE):
            findings.append(f"{policy['table']}.{policy['name']}: {text}")
    return findings


async def policies_are_for_api_and_broker(db: Any) -> list[str]:
    """kollegium_api: select or update, never broker's form; kollegium_broker: all; nobody else."""
    findings = []
    for policy in await db.fetch(POLICIES):
        name, roles = f"{policy['table']}.{policy['name']}", list(policy["roles"])
        broker = _form(policy["using"]) == "broker" and policy["checking"] == "true"
        fits = {
            "kollegium_broker": policy["command"] == "*" and broker,
            "kollegium_api": policy["command"] in ("r", "w") and policy["using"] != "true",
        }.get(roles[0], False)
        if len(roles) != 1 or not fits or not policy["permissive"]:
            findings.append(f"{name}: {policy['command']} to {', '.join(roles)}")
    return findings


async def nobody_inserts_beside_updating(db: Any) -> list[str]:
    """No runtime role holds INSERT and UPDATE on a table: no upsert, no CVE-2026-120154."""
    rows = await db.fetch(
        f"""select t.name, r.role from ({TABLES}) t, unnest($1::text[]) r (role)
            where has_any_column_privilege(r.role, t.oid, 'INSERT')
              and has_any_column_privilege(r.role, t.oid, 'UPDATE')""",
        list(RUNTIME),
    )
    return [f"{row['name']}: {row['role']} inserts and updates" for row in rows]


async def updates_are_granted_by_column(db: Any) -> list[str]:
    """UPDATE only by column, and never of a column that a policy reads or that says whose a row
    is."""
    rows = await db.fetch(
        f"""select t.name, r.role, null as column from ({TABLES}) t, unnest($1::text[]) r (role)
            where has_table_privilege(r.role, t.oid, 'UPDATE')
            union all
            select t.name, r.role, a.attname from ({TABLES}) t
            join pg_attribute a on a.attrelid = t.oid and a.attnum > 0 and not a.attisdropped,
            unnest($2::text[]) r (role)
            where has_column_privilege(r.role, t.oid, a.attnum, 'UPDATE')""",
        ["kollegium_broker", *RUNTIME],
        list(RUNTIME),
    )
    return [
        f"{row['name']}.{row['column'] or '*'}: update to {row['role']}"
        for row in rows
        if row["column"] is None or NEVER_UPDATED.fullmatch(row["column"])
    ]


async def runtime_roles_only_select_and_update(db: Any) -> list[str]:
    """No DELETE, TRUNCATE, REFERENCES, TRIGGER to runtime roles; nothing to PUBLIC or strangers."""
    rows = await db.fetch(
        f"""select t.name, a.grantee, a.privilege_type as privilege,
                   case a.grantee when 0 then 'public' else a.grantee::regrole::text end as role
            from ({TABLES}) t join pg_class c on c.oid = t.oid, aclexplode(c.relacl) a
            union
            select t.name, a.grantee, a.privilege_type,
                   case a.grantee when 0 then 'public' else a.grantee::regrole::text end
            from ({TABLES}) t join pg_attribute c on c.attrelid = t.oid, aclexplode(c.attacl) a"""
    )
    allowed = {
        "kollegium_owner": None,
        "kollegium_broker": {"SELECT", "INSERT", "UPDATE", "DELETE"},
        "kollegium_api": {"SELECT", "INSERT", "UPDATE"},
    }
    return [
        f"{row['name']}: {row['privilege']} to {row['role']}"
        for row in rows
        if (granted := allowed.get(row["role"], set())) is not None
        and row["privilege"] not in granted
    ]


async def no_role_is_privileged(db: Any) -> list[str]:
    """No SUPERUSER, BYPASSRLS, CREATEDB, CREATEROLE, REPLICATION; only owner may become others."""
    roles = await db.fetch(
        """select rolname from pg_roles where rolname = any ($1)
           and (rolsuper or rolbypassrls or rolcreatedb or rolcreaterole or rolreplication or
           rolinherit)""",
        list(ALL_ROLES),
    )
    members = await db.fetch(
        """select m.member::regrole::text as member, m.roleid::regrole::text as role
           from pg_auth_members m where m.member::regrole::text = any ($1)
             and not (m.member::regrole::text = 'kollegium_owner'
                      and m.roleid::regrole::text = any ($1))""",
        list(ALL_ROLES),
    )
    return [f"{row['rolname']}: has an attribute it must not have" for row in roles] + [
        f"{row['member']}: is a member of {row['role']}" for row in members
    ]


async def definer_functions_are_the_brokers(db: Any) -> list[str]:
    """SECURITY DEFINER: owned by kollegium_broker; every function has its search_path pinned, but
    where the body was bound when it was created and looks no name up any more."""
    return [
        f"{row['signature']}: owner {row['owner']}, {', '.join(row['config']) or 'no search_path'}"
        for row in await db.fetch(FUNCTIONS)
        if ("search_path=pg_catalog, pg_temp" not in row["config"] and not row["bound"])
        or (row["definer"] and row["owner"] != "kollegium_broker")
    ]


async def nothing_is_executable_by_public(db: Any) -> list[str]:
    """EXECUTE never to PUBLIC; functions of app_private to nobody but the broker."""
    return [
        f"{row['signature']}: executable by {role}"
        for row in await db.fetch(FUNCTIONS)
        for role in row["executors"]
        if role == "public"
        or (
            row["name"].startswith("app_private.")
            and row["signature"] != "app_private.clock()"  # planners put it in place of app.clock()
            and role not in ("kollegium_broker", "kollegium_owner")
        )
    ]


async def one_function_gives_the_time(db: Any) -> list[str]:
    """Nothing asks the server what time it is but app_private.clock: no function, default, check
    or policy. Who replaces it turns the clock of everything (docs/decisions/0059)."""
    rows = await db.fetch(
        r"""select what from (
              select p.oid::regprocedure::text, regexp_replace(
                pg_get_functiondef(p.oid), '--[^\n]*', '', 'g')
              from pg_proc p where p.prokind = 'f' and p.proname <> 'clock' and
                p.pronamespace::regnamespace::text in ('app', 'app_private', 'searching')
              union all
              select 'default of ' || d.adrelid::regclass || '.' || a.attname,
                pg_get_expr(d.adbin, d.adrelid)
              from pg_attrdef d
              join pg_attribute a on a.attrelid = d.adrelid and a.attnum = d.adnum
              union all
              select k.conrelid::regclass || ' ' || k.conname, pg_get_constraintdef(k.oid)
              from pg_constraint k where k.contype = 'c' and k.conrelid <> 0
              union all
              select p.polrelid::regclass || ' ' || p.polname, concat_ws(' ',
                pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid))
              from pg_policy p
            ) x (what, code)
            where code ~* ('\m(now|clock_timestamp|statement_timestamp|transaction_timestamp'
              || '|timeofday)\s*\(|\m(current_timestamp|current_date|current_time|localtimestamp'
              || '|localtime)\M|''(now|today|tomorrow|yesterday)''')
            order by 1"""
    )
    return [f"{row['what']}: asks the server for the time" for row in rows]


async def context_helpers_are_stable(db: Any) -> list[str]:
    """STABLE, not IMMUTABLE (would be folded into a cached plan), and nothing is LEAKPROOF."""
    functions = await db.fetch(FUNCTIONS)
    findings = [f"{row['signature']}: leakproof" for row in functions if row["leakproof"]]
    for helper in CONTEXT_HELPERS:
        found = [row for row in functions if row["name"] == helper]
        if len(found) != 1 or found[0]["volatile"] != "s":
            findings.append(f"{helper}: missing, overloaded or not stable")
    return findings


async def private_schema_is_unreachable(db: Any) -> list[str]:
    """No privilege of a runtime role on app_private or on a table in it; no CREATE on any
    schema."""
    rows = await db.fetch(
        """select r.role, 'app_private' as what from unnest($1::text[]) r (role)
           where has_schema_privilege(r.role, 'app_private', 'usage')
           union all
           select r.role, c.oid::regclass::text from unnest($1::text[]) r (role), pg_class c
           where c.relnamespace = 'app_private'::regnamespace and c.relkind in ('r', 'p', 'v', 'm')
             and (has_table_privilege(r.role, c.oid, 'select, insert, update, delete, truncate')
                  or has_any_column_privilege(r.role, c.oid, 'select, insert, update'))
           union all
           select r.role, 'create on ' || n.nspname from unnest($1::text[]) r (role), pg_namespace n
           where n.nspname in ('app', 'app_private', 'public')
             and has_schema_privilege(r.role, n.oid, 'create')""",
        list(RUNTIME),
    )
    return [f"{row['role']}: {row['what']}" for row in rows]


async def values_are_readable(db: Any) -> list[str]:
    """No time or number of `app` that clients cannot read: a check on the column alone refuses it.
    PostgreSQL knows infinite times, years that ISO 8601 does not, and NaN."""
    columns = await db.fetch(
        f"""select t.name, a.attname as column, format_type(a.atttypid, null) as type,
                   array(select pg_get_expr(k.conbin, k.conrelid) from pg_constraint k
                         where k.conrelid = t.oid and k.contype = 'c' and k.convalidated
                           and k.conkey = array[a.attnum]) as checks
            from ({TABLES}) t join pg_attribute a on a.attrelid = t.oid and a.attnum > 0
            where not a.attisdropped
              and format_type(a.atttypid, null) in ('timestamp with time zone', 'date', 'numeric',
                'timestamp without time zone', 'real', 'double precision')
            order by 1, 2"""
    )
    findings = []
    for row in columns:
        times = ("infinity", "-infinity", "0044-03-15 BC", "10000-01-01")
        numbers = ("NaN",) if row["type"] == "numeric" else ("NaN", "Infinity", "-Infinity")
        for bad in times if row["type"].startswith(("timestamp", "date")) else numbers:
            checks = " and ".join(f"({check})" for check in row["checks"]) or "true"
            value = f"select '{bad}'::{row['type']} as {row['column']}"
            if await db.fetchval(f"select {checks} from ({value}) x") is not False:
                findings.append(f"{row['name']}.{row['column']}: {bad}")
    return findings


# Where parties that are no generated column come from, as (columns, table, its columns): the lead,
# or the engagement for rows that have one and the lead without its taker for all others.
_OF_LEAD = ("marketplace_id, lead_id, parties", "app.lead", "marketplace_id, id, parties")
_OF_ENGAGEMENT = (
    "marketplace_id, lead_id, engagement_id, parties",
    "app.engagement",
    "marketplace_id, lead_id, id, parties",
)
_OF_ORIGIN = (
    "marketplace_id, lead_id, origin_parties",
    "app.lead",
    "marketplace_id, id, origin_parties",
)
_ORIGIN = "CASE WHEN (engagement_id IS NULL) THEN parties ELSE NULL::uuid[] END"


async def parties_follow_the_lead(db: Any) -> list[str]:
    """A parties column is NOT NULL, and generated or tied to what it is a copy of by deferred
    foreign keys: to the lead, or to engagement and lead so that one of the two holds."""
    rows = await db.fetch(
        f"""select t.name, a.attnotnull as filled, a.attgenerated = 's' as generated,
              (select pg_get_expr(d.adbin, d.adrelid) from pg_attribute o
               join pg_attrdef d on d.adrelid = t.oid and d.adnum = o.attnum
               where o.attrelid = t.oid and o.attname = 'origin_parties'
                 and o.attgenerated = 's') as origin,
              array(select row(
                  array_to_string(array(
                    select c.attname::text from unnest(k.conkey) with ordinality u (n, i)
                    join pg_attribute c on c.attrelid = t.oid and c.attnum = u.n
                    order by u.i), ', '),
                  k.confrelid::regclass::text,
                  array_to_string(array(
                    select c.attname::text from unnest(k.confkey) with ordinality u (n, i)
                    join pg_attribute c on c.attrelid = k.confrelid and c.attnum = u.n
                    order by u.i), ', '))
                from pg_constraint k where k.conrelid = t.oid and k.contype = 'f'
                  and k.condeferrable and k.condeferred and k.convalidated
                  and k.confmatchtype = 's') as keys
            from ({TABLES}) t join pg_attribute a on a.attrelid = t.oid
            where a.attname = 'parties' and not a.attisdropped"""
    )
    findings = []
    for row in rows:
        keys = {tuple(key) for key in row["keys"]}
        tied = _OF_LEAD in keys or (
            {_OF_ENGAGEMENT, _OF_ORIGIN} <= keys and _flat(row["origin"]) == _ORIGIN
        )
        if not row["filled"] or not (row["generated"] or tied):
            findings.append(
                f"{row['name']}.parties: not null {row['filled']}, generated {row['generated']}, "
                f"foreign key {tied}"
            )
    return findings


def _flat(expression: str | None) -> str:
    return " ".join((expression or "").split())


async def keys_begin_with_the_marketplace(db: Any) -> list[str]:
    """Primary keys, unique indexes and foreign keys between lead-side tables: marketplace_id
    first."""
    rows = await db.fetch(
        f"""select t.name, i.indexrelid::regclass::text as what from ({TABLES}) t
            join pg_index i on i.indrelid = t.oid and i.indisunique
            left join pg_attribute a on a.attrelid = t.oid and a.attnum = i.indkey[0]
            where t.name <> all ($1) and a.attname is distinct from 'marketplace_id'
            union all
            select t.name, k.conname from ({TABLES}) t
            join pg_constraint k on k.conrelid = t.oid and k.contype = 'f'
            join ({TABLES}) o on o.oid = k.confrelid
            join pg_attribute a on a.attrelid = t.oid and a.attnum = k.conkey[1]
            where t.name <> all ($1) and o.name <> all ($1) and a.attname <> 'marketplace_id'""",
        list(REFERENCE_SET),
    )
    return [f"{row['name']}: {row['what']} does not begin with marketplace_id" for row in rows]


async def texts_say_what_they_hold(db: Any) -> list[str]:
    """The comment of a text or JSON column ends in [personal] (data about a person), [free text]
    (people write what they like, so anything may stand in it) or [none]: erasure reads it."""
    rows = await db.fetch(
        """select c.oid::regclass::text || '.' || a.attname as what
           from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0
           join pg_type t on t.oid = a.atttypid left join pg_type e on e.oid = t.typelem
           where c.relnamespace::regnamespace::text in ('app', 'app_private')
             and c.relkind in ('r', 'p') and not a.attisdropped
             and (t.typcategory = 'S' or e.typcategory = 'S'
                  or t.oid in ('json'::regtype, 'jsonb'::regtype))
             and coalesce(col_description(c.oid, a.attnum), '')
               !~ ' \\[(personal|free text|none)\\]$'"""
    )
    return [
        f"{row['what']}: its comment ends in none of [personal], [free text], [none]"
        for row in rows
    ]


async def everything_is_explained(db: Any) -> list[str]:
    """A comment on each table, column, and function that a runtime role may execute."""
    rows = await db.fetch(
        """select c.oid::regclass::text || coalesce('.' || a.attname, '') as what
           from pg_class c
           left join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
           where c.relnamespace::regnamespace::text in ('app', 'app_private')
             and c.relkind in ('r', 'p', 'v')
             and (col_description(c.oid, a.attnum) is null or obj_description(c.oid, 'pg_class')
             is null)"""
    )
    functions = [
        row["signature"]
        for row in await db.fetch(FUNCTIONS)
        if not row["comment"] and set(row["executors"]) & {*RUNTIME, "public"}
    ]
    return [f"{what}: no comment" for what in [*(row["what"] for row in rows), *functions]]
