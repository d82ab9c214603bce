"""How a revision applies what `sql/` says.

The unreleased revision applies `sql/` as it stands: while a release is worked on there is one text
of each table, function and policy, and no copy. A released revision never changes: its script lies
frozen beside it (docs/decisions/0038, 0047).

    alembic/versions/0002_words.py    names the revision, and calls `upgrade`
    alembic/versions/0002_words.sql   unreleased: its own statements, those that change tables
                                      released: all that it does, in one script
"""

import hashlib
import re
import tomllib
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any, NamedTuple

from sqlalchemy import text

from blind import lifted
from service.database.shipped import RELEASED, ROOT, SQL, sql_hash

VERSIONS = ROOT / "alembic" / "versions"

_NAME = re.compile(r"\b((?:app|app_private|legacy_staging|searching)\.\w+)")
_MADE = re.compile(r"^create (?:unlogged )?(?:table|view|type|function) (\w+\.\w+)", re.MULTILINE)
FUNCTION = re.compile(r"\n\n(?=(?:--[^\n]*\n)*create or replace function )")
_UNIT = re.compile(r"^-- unit: (.+)\n", re.MULTILINE)
READERS = "kollegium_api, kollegium_worker, kollegium_staff, kollegium_auditor"


class Release(NamedTuple):
    """A line of alembic/released.toml: what was released, and the hashes that hold it."""

    version: str
    revision: str
    sql: str  # of the folder sql/ at that moment
    script: str  # of the frozen script


def releases() -> list[Release]:
    """All releases, the oldest first."""
    known = tomllib.loads(RELEASED.read_text("utf-8")) if RELEASED.exists() else {}
    return [Release(**line) for line in known.get("release", [])]


def upgrade(op: Any, file: str) -> None:
    """What the revision of a file in alembic/versions does; the last thing is to say so."""
    revision = Path(file).name.split("_")[0]
    apply(op, script_of(revision), role=None)
    apply(op, _state(revision))


def script_of(revision: str) -> str:
    """All that a revision does: frozen when it is released, composed from `sql/` before."""
    own = statements(revision)
    if revision in {release.revision for release in releases()}:
        return own.read_text("utf-8")
    return compose(lifted(own.read_text("utf-8")) if own.exists() else "")


def statements(revision: str) -> Path:
    """The SQL file beside a revision."""
    (python,) = VERSIONS.glob(f"{revision}_*.py")
    return python.with_suffix(".sql")


def compose(own: str) -> str:
    """The script of the unreleased revision: its own statements, and of `sql/` what has changed
    since the last release, function by function. The first one builds the tables as well; what
    bounds the values of all columns follows the statements of a later one, too."""
    before = units_of([statements(r.revision).read_text("utf-8") for r in releases()])
    if before and own:
        own = f"{own}\n{(SQL / 'tables' / 'bounds.sql').read_text('utf-8')}"
    now = units(first=not before)
    changed = {name: unit for name, unit in now.items() if before.get(name) != unit}
    return script(changed, own=own)


def script(parts: dict[str, str], *, own: str = "") -> str:
    """One script out of statements and units.

    Functions name each other, in circles too; so no order would do, none is kept, and PostgreSQL
    looks into their bodies when all are there.
    """
    return "\n".join(
        [
            "set local check_function_bodies = off;",
            *([f"set local role kollegium_owner;\n{own}"] if own else []),
            *(f"-- unit: {name}\n{unit}\n" for name, unit in parts.items()),
            f"-- unit: end\n{BODIES}",
        ]
    )


def units_of(scripts: list[str]) -> dict[str, str]:
    """The newest text of each unit in frozen scripts."""
    found: dict[str, str] = {}
    for script in scripts:
        pieces = _UNIT.split(script)
        found |= {
            name: unit.removesuffix("\n\n")
            for name, unit in zip(pieces[1::2], pieces[2::2], strict=True)
        }
    found.pop("end", None)
    return found


def units(*, first: bool) -> dict[str, str]:
    """What can be applied by itself, in order: the roles, the tables (`first`: later their own
    statements change them), each function with its comment and grants, the policies of each."""
    found = {"roles": f"reset role;\n{roles().read_text('utf-8')}"}
    if first:
        found["alembic"] = (
            "alter table public.alembic_version owner to kollegium_owner;\n"
            f"grant select on public.alembic_version to {READERS};"
        )
        found |= {f"tables/{file.stem}": _as("owner", file) for file in tables()}
    for file in wall():
        place = file.relative_to(SQL).as_posix()
        if not place.startswith("functions/"):
            found[place] = _as("owner", file)
            continue
        head, *functions = FUNCTION.split(file.read_text("utf-8"))
        role = re.findall(r"^set local role kollegium_\w+;", head, re.MULTILINE)
        for function in functions:
            (name,) = re.findall(r"^create or replace function ([^$]+?)\)", function, re.MULTILINE)
            found[re.sub(r"\s+", " ", f"{name})")] = "\n".join([*role, function.rstrip("\n")])
    return found


def _as(role: str, file: Path) -> str:
    return f"set local role kollegium_{role};\n{file.read_text('utf-8')}"


def _state(revision: str) -> str:
    """The row that says what the database was built from, and who may go on serving on it: the
    releases of the revision before."""
    known = releases()
    names = list(dict.fromkeys(release.revision for release in known))
    place = names.index(revision) if revision in names else len(names)
    hash_ = {r.revision: r.sql for r in known}.get(revision) or sql_hash()
    serves = f"{{{names[place - 1]}}}" if place else "{}"
    return (
        "insert into app_private.schema_state (revision, hash, serves)\n"
        f"values ('{revision}', '{hash_}', '{serves}')\n"
        "on conflict (only_row) do update\n"
        "set revision = excluded.revision, hash = excluded.hash, serves = excluded.serves;"
    )


def hash_of(script: str) -> str:
    """What a release keeps of its script, so that nobody changes it."""
    return hashlib.sha256(script.encode()).hexdigest()


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
