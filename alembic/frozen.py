"""How a revision applies what `sql/` says.

The unreleased revision applies `sql/` as it stands: while a release is worked on there is one text
of each table, function and policy, and no copy. A released revision never changes, and will carry
its own (docs/decisions/0038).
"""

import re
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from sqlalchemy import text

ROOT = Path(__file__).resolve().parent.parent
SQL = ROOT / "sql"

_NAME = re.compile(r"\b((?:app|app_private|legacy_staging|searching)\.\w+)")
_MADE = re.compile(r"^create (?:unlogged )?(?:table|view|type|function) (\w+\.\w+)", re.MULTILINE)


def apply(op: Any, script: str, *, role: str | None = "kollegium_owner") -> None:
    """Runs statements as `role` (None: as the connecting user).

    They go to the server as they are: `op.execute` would read `:name` as a bind parameter, and
    asyncpg prepares single statements only.
    """
    if role is not None:
        script = f"set local role {role};\n{script}\nreset role;\n"
    context = op.get_context()
    if context.as_sql:
        context.impl.static_output(script)
        return
    connection = op.get_bind()
    # The driver's BEGIN is sent with the first statement; before it the script would commit alone.
    connection.execute(text("select 1"))
    connection.connection.dbapi_connection.run_async(lambda driver: driver.execute(script))


def roles() -> Path:
    """The file of the roles; it is run as who connects."""
    return SQL / "roles.sql"


def tables() -> list[Path]:
    """The files of the tables, each after those whose tables it names; bounds.sql, which speaks of
    all, at the end."""
    code = {
        file: re.sub(r"--.*", "", file.read_text("utf-8"))
        for file in sorted((SQL / "tables").glob("*.sql"))
    }
    makers = {name: file for file, sql in code.items() for name in _MADE.findall(sql)}
    schemas, bounds = (SQL / "tables" / name for name in ("schemas.sql", "bounds.sql"))
    order: TopologicalSorter[Path] = TopologicalSorter()
    for file, sql in code.items():
        named = {makers[name] for name in _NAME.findall(_structure(sql)) if name in makers}
        order.add(file, *sorted({schemas, *named} - {file}))
    order.add(bounds, *sorted(code.keys() - {bounds}))
    return list(order.static_order())


def _structure(sql: str) -> str:
    """Without what is said about a table: a sentence may name any other."""
    return re.sub(r"^comment on .*?';$", "", sql, flags=re.MULTILINE | re.DOTALL)


def wall() -> list[Path]:
    """The files of the wall in the order in which they are applied: functions, then policies."""
    return [
        *sorted((SQL / "functions").rglob("*.sql")),
        *sorted((SQL / "policies").glob("*.sql")),
    ]


def joined(files: list[Path]) -> str:
    """One script out of several files, each beginning as kollegium_owner.

    Functions name each other, in circles too; so no order would do, none is kept, and PostgreSQL
    looks into their bodies when all are there.
    """
    parts = [
        f"-- {file.relative_to(ROOT)}\nset local role kollegium_owner;\n{file.read_text('utf-8')}"
        for file in files
    ]
    return "\n".join(["set local check_function_bodies = off;", *parts, BODIES])


# What `create function` leaves out while check_function_bodies is off, each as its owner.
BODIES = """
reset role;
set local check_function_bodies = on;
do $$
declare
  v record;
begin
  for v in select p.oid, p.proowner::regrole::text as owner, l.lanvalidator::regproc as validator
           from pg_proc p join pg_language l on l.oid = p.prolang
           where p.pronamespace::regnamespace::text in ('app', 'app_private')
             and l.lanname in ('sql', 'plpgsql') loop
    perform set_config('role', v.owner, true);
    execute format('select %s(%s)', v.validator, v.oid);
  end loop;
end $$;
reset role;
"""
