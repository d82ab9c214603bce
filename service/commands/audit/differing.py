"""What two states of the wall differ in, in words: two databases, or what two revisions build."""

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

from service.commands.audit import matrix
from service.commands.audit.declared import Declared, Right
from service.database.shipped import RELEASED, VERSIONS, sql_files

T = TypeVar("T")

_POLICIES = """
    select c.oid::regclass::text as on, p.polname as name,
      case p.polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update'
        when 'd' then 'delete' else 'all' end as command,
      array_to_string(array(select case r when 0 then 'public' else r::regrole::text end
        from unnest(p.polroles) r order by 1), ', ') as roles,
      concat(case when not p.polpermissive then 'restrictive ' end,
        'using ' || pg_get_expr(p.polqual, p.polrelid),
        ' with check ' || pg_get_expr(p.polwithcheck, p.polrelid)) as rule
    from pg_catalog.pg_policy p join pg_catalog.pg_class c on c.oid = p.polrelid
    where c.relnamespace::regnamespace::text in ('app', 'app_private')
"""
_FUNCTIONS = """
    select p.oid::regprocedure::text as name, concat_ws(' ', p.proowner::regrole, p.prosecdef,
      array(select s from unnest(p.proconfig) s order by 1),
      md5(coalesce(pg_get_function_sqlbody(p.oid), p.prosrc))) as body
    from pg_catalog.pg_proc p
    where p.pronamespace::regnamespace::text in ('app', 'app_private', 'searching')
      and not exists (select from pg_catalog.pg_depend d
        where d.classid = 'pg_catalog.pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e')
"""


@dataclass(frozen=True)
class Rule:
    """A policy: for which command of whom, and which rows."""

    command: str
    roles: str
    rows: str


@dataclass
class State:
    """What decides over access, from wherever it was read."""

    rights: dict[tuple[str, str, str, str], Right]
    policies: dict[tuple[str, str], Rule]
    functions: dict[str, str]


def _rights(rights: list[Right]) -> dict[tuple[str, str, str, str], Right]:
    return {(one.kind, one.role, one.object, one.command): one for one in rights}


async def of_database(connection: Any) -> State:
    """A live one; any role may read its catalogue."""
    policies = {
        (row["on"], row["name"]): Rule(row["command"], row["roles"], _company(row["rule"]))
        for row in await connection.fetch(_POLICIES)
    }
    functions = {row["name"]: row["body"] for row in await connection.fetch(_FUNCTIONS)}
    return State(_rights(await matrix.live(connection)), policies, functions)


def of_revision(revision: str) -> State:
    """What a release builds, from the frozen scripts up to it; of the one that is not released,
    from `sql/` as it stands. Raises KeyError for a revision that is not there."""
    known = sorted({file.name.split("_")[0] for file in VERSIONS.glob("*.py")})
    if revision not in known:
        raise KeyError(revision)
    released = {one["revision"] for one in tomllib.loads(RELEASED.read_text("utf-8"))["release"]}
    if revision in released:
        upto = known[: known.index(revision) + 1]
        files = [file for one in upto for file in VERSIONS.glob(f"{one}_*.sql")]
    else:
        files = sql_files()
    read = Declared().read(file.read_text("utf-8") for file in files)
    return State(
        _rights(sorted(read.rights())),
        {
            key: Rule(one.command, ", ".join(sorted(one.roles)), _company(one.rule))
            for key, one in read.policies.items()
        },
        {name: f"{one.owner} {one.definer} {one.body}" for name, one in read.functions.items()},
    )


def _company(rule: str) -> str:
    for form in (
        "( SELECT app.current_company_id() AS current_company_id)",
        "(select app.current_company_id())",
    ):
        rule = rule.replace(form, "<company>")
    return rule


def _pairs(before: dict[Any, T], after: dict[Any, T]) -> Iterator[tuple[Any, T | None, T | None]]:
    for key in sorted(before.keys() | after.keys()):
        if before.get(key) != after.get(key):
            yield key, before.get(key), after.get(key)


def _may(right: Right) -> str:
    """What it is that may be done, and with which rows."""
    columns = f" ({right.columns})" if right.columns else ""
    verb = {"usage": "use", "member of": "become"}.get(right.command, right.command)
    verb = verb.replace("member of with admin option", "become and give away")
    return f"{verb} {right.object}{columns}" + (f", {right.rows}" if right.rows else "")


def in_words(before: State, after: State) -> list[str]:
    """A sentence for each difference; none: both are guarded alike."""
    found = []
    for (table, name), old_rule, rule in _pairs(before.policies, after.policies):
        what = f"the policy {name} of {table}"
        now = rule and f"lets {rule.roles} {rule.command} rows {rule.rows}"
        was = old_rule and f"let {old_rule.roles} {old_rule.command} rows {old_rule.rows}"
        if rule and old_rule:
            found.append(f"{what} now {now}; before, it {was}")
        else:
            found.append(f"{what} is new: it {now}" if rule else f"{what} is gone: it {was}")
    for (_, role, _, _), old, right in _pairs(before.rights, after.rights):
        if right:
            was = f"; before: {_may(old)}" if old else ""
            found.append(f"{role} may now {_may(right)}{was}")
        elif old:
            found.append(f"{role} may no more {_may(old)}")
    for name, old_body, body in _pairs(before.functions, after.functions):
        if body and old_body:
            found.append(f"the function {name} is another: its body, owner, rights or settings")
        else:
            found.append(f"the function {name} is {'new' if body else 'gone'}")
    return found
