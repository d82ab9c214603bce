"""Which schema this release needs, and what a database says it was built from.

Each revision ends by writing one row (sql/tables/schema_state.sql): its name, the hash of the
folder sql/ as it was applied, and the older revisions whose releases may go on serving. What stands
there is compared with this release by `check`, `/readyz`, `serve`, `migrate` and `demo`; nobody
reads the catalogue for it.
"""

import functools
import re
import tomllib
from typing import Any, NamedTuple

import asyncpg
import msgspec

from service.database.shipped import ALEMBIC_INI, RELEASED, VERSIONS, sql_hash


class Built(msgspec.Struct, frozen=True):
    """What a database says of itself; hash is None where it was built before it could say so."""

    revision: str
    hash: str | None = None
    serves: list[str] = []


class Unfit(NamedTuple):
    """Why the schema is not right, and what to do."""

    detail: str
    advice: str


def alembic_config() -> Any:
    """The configuration (alembic.config.Config) of the migrations of this release."""
    from alembic.config import Config  # it takes longer than all the rest of a command

    return Config(ALEMBIC_INI)


_REVISION = re.compile(r'^revision = "(\w+)"\ndown_revision = (?:"(\w+)"|None)$', re.MULTILINE)


@functools.cache
def revisions() -> list[str]:
    """Those of this release, the newest first. Read from their files: importing Alembic, which
    finds the same (tests/policies/test_release.py), would take as long as the rest of a start."""
    texts = (file.read_text("utf-8") for file in VERSIONS.glob("*.py"))
    made = [match.groups() for text in texts for match in _REVISION.finditer(text)]
    after = {earlier: revision for revision, earlier in made}
    found: list[str] = []
    while (following := after.pop(found[0] if found else None, None)) is not None:
        found.insert(0, following)
    if not found or after or len(found) != len(made):
        raise RuntimeError(f"{VERSIONS} holds no chain of revisions")
    return found


def head() -> str:
    """The newest revision in alembic/versions."""
    return revisions()[0]


@functools.cache
def released() -> dict[str, str]:
    """The revisions that were released, with the hash of what each built."""
    known = (
        tomllib.loads(RELEASED.read_text("utf-8")).get("release", []) if RELEASED.exists() else []
    )
    return {release["revision"]: release["sql"] for release in known}


async def built_from(connection: Any) -> Built | None:
    """What the database says it was built from; None when it was never migrated."""
    try:
        async with connection.transaction():
            row = await connection.fetchrow("select revision, hash, serves from app.schema_state()")
    except (asyncpg.UndefinedFunctionError, asyncpg.InvalidSchemaNameError):
        return await _before_it_said(connection)
    return Built(*row) if row else await _before_it_said(connection)


async def _before_it_said(connection: Any) -> Built | None:
    """A database without the row: empty, or of a development state before it had one."""
    async with connection.transaction():
        if await connection.fetchval("select to_regclass('public.alembic_version')") is None:
            return None
        found = await connection.fetchval("select version_num from public.alembic_version")
    return Built(found) if found else None


MIGRATE = "Run `kollegium migrate` as the owner (DATABASE_OWNER_URL), then start again."
_ANEW = (
    "Its data is kept as long as the tree that built it is used. To go on with this one it is "
    "built anew and its data lost: `kollegium demo --reset` for the demo's data directory; any "
    "other database is dropped, created, and migrated with `kollegium migrate`."
)


def fault(built: Built | None) -> Unfit | None:
    """What keeps the service from running on this database; None: nothing."""
    if built is None:
        return Unfit("The database was never migrated", MIGRATE)
    stale = unfit(built)
    if stale:
        return stale
    if built.revision == head() or head() in built.serves:
        return None
    return Unfit(f"The schema is at {built.revision}, not at {head()}", MIGRATE)


def unfit(built: Built) -> Unfit | None:
    """What `migrate` cannot mend: the database is newer, or of no release and not of this tree."""
    if built.revision not in revisions():
        if head() in built.serves:
            return None
        return Unfit(
            f"The schema is at {built.revision}, which this release does not know",
            f"This release ends at {head()}: install the release that made the schema.",
        )
    wanted = sql_hash() if built.revision == head() else released().get(built.revision)
    if built.hash is not None and built.hash == wanted:
        return None
    kind = "released" if built.revision in released() else "unreleased"
    return Unfit(
        f"The schema was built from another state of the {kind} revision {built.revision} "
        f"({_short(built.hash)}; this tree has {_short(wanted)})",
        _ANEW,
    )


def _short(value: str | None) -> str:
    return f"sql/ {value[:12]}" if value else "sql/ unknown"
