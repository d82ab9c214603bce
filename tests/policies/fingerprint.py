"""Everything that decides over access, as lines of text: two databases with equal lines are guarded
alike. Object ids, the order of grants and the order of creation do not matter."""

from typing import Any

_SCHEMAS = "('app', 'app_private')"
_WHO = "case {0} when 0 then 'public' else {0}::regrole::text end"

_QUESTIONS = {
    "policy": f"""
        select c.oid::regclass::text, p.polname, p.polcmd::text, p.polpermissive,
          array(select {_WHO.format("r")} from unnest(p.polroles) r order by 1)::text,
          pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid),
          obj_description(p.oid, 'pg_policy')
        from pg_policy p join pg_class c on c.oid = p.polrelid""",
    "table": f"""
        select c.oid::regclass::text, c.relkind::text, c.relowner::regrole::text,
          c.relrowsecurity, c.relforcerowsecurity, obj_description(c.oid, 'pg_class')
        from pg_class c where c.relnamespace::regnamespace::text in {_SCHEMAS}
          and c.relkind in ('r', 'p', 'v', 'm', 'S', 'f')""",
    "table grant": f"""
        select c.oid::regclass::text, {_WHO.format("a.grantee")}, a.privilege_type, a.is_grantable
        from pg_class c, aclexplode(coalesce(c.relacl, acldefault('r', c.relowner))) a
        where c.relnamespace::regnamespace::text in {_SCHEMAS} and c.relkind in ('r', 'p', 'v',
        'm')""",
    "column grant": f"""
        select c.oid::regclass::text, t.attname, {_WHO.format("a.grantee")}, a.privilege_type
        from pg_attribute t join pg_class c on c.oid = t.attrelid, aclexplode(t.attacl) a
        where c.relnamespace::regnamespace::text in {_SCHEMAS}""",
    "function": f"""
        select p.oid::regprocedure::text, p.proowner::regrole::text, p.prosecdef,
          p.provolatile::text,
          p.proleakproof, p.proparallel::text, p.proconfig::text, pg_get_functiondef(p.oid),
          obj_description(p.oid, 'pg_proc')
        from pg_proc p where p.pronamespace::regnamespace::text in {_SCHEMAS}""",
    "function grant": f"""
        select p.oid::regprocedure::text, {_WHO.format("a.grantee")}, a.privilege_type
        from pg_proc p, aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
        where p.pronamespace::regnamespace::text in {_SCHEMAS}""",
    "schema grant": f"""
        select n.nspname, n.nspowner::regrole::text, {_WHO.format("a.grantee")}, a.privilege_type
        from pg_namespace n, aclexplode(n.nspacl) a where n.nspname in {_SCHEMAS}""",
    "default grant": f"""
        select d.defaclrole::regrole::text, d.defaclnamespace, d.defaclobjtype::text,
          {_WHO.format("a.grantee")}, a.privilege_type
        from pg_default_acl d, aclexplode(d.defaclacl) a
        where d.defaclrole::regrole::text like 'kollegium%'""",
    "column": f"""
        select c.oid::regclass::text,
          row_number() over (partition by c.oid order by a.attnum), a.attname,
          format_type(a.atttypid, a.atttypmod),
          a.attnotnull, pg_get_expr(d.adbin, d.adrelid), col_description(c.oid, a.attnum)
        from pg_attribute a join pg_class c on c.oid = a.attrelid
        left join pg_attrdef d on d.adrelid = c.oid and d.adnum = a.attnum
        where c.relnamespace::regnamespace::text in {_SCHEMAS} and c.relkind in ('r', 'p', 'c')
          and a.attnum > 0 and not a.attisdropped""",
    "constraint": f"""
        select k.conrelid::regclass::text, k.conname, pg_get_constraintdef(k.oid)
        from pg_constraint k where k.connamespace::regnamespace::text in {_SCHEMAS}
          and k.conrelid <> 0""",
    "index": f"select schemaname, indexdef from pg_indexes where schemaname in {_SCHEMAS}",
    "trigger": "select tgrelid::regclass::text, tgname from pg_trigger where not tgisinternal",
    "role": """
        select rolname, rolsuper, rolbypassrls, rolcreatedb, rolcreaterole, rolinherit, rolcanlogin,
          (select array_agg(s order by s) from unnest(rolconfig) s)::text
        from pg_roles where rolname like 'kollegium%'""",
    "version": "select version_num from public.alembic_version",
}


async def fingerprint(db: Any) -> list[str]:
    """The sorted lines of a database. Run as superuser: roles see not all of the catalogue
    alike."""
    lines = []
    for kind, question in _QUESTIONS.items():
        for row in await db.fetch(question):
            lines.append(f"{kind}: " + " | ".join(str(value) for value in row.values()))
    return sorted(lines)
