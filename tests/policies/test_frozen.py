"""`sql/`, the frozen copies and what `alembic upgrade head` builds are the same wall."""

import os
import re
import subprocess
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

import frozen
from tests.fixtures.database import ROOT, NewDatabase, connected, database
from tests.fixtures.programs import psql
from tests.policies.fingerprint import fingerprint

# How frozen.joined begins each file of a copy.
HEAD = re.compile(r"^-- (sql/\S+\.sql)\nset local role kollegium_owner;\n", re.MULTILINE)
SQL = [
    file for file in (ROOT / "sql").rglob("*.sql") if file.parent.name not in ("audit", "legacy")
]
# Takes the wall away and leaves the tables: what sql/ does not put back is missed afterwards.
TEAR_DOWN = """
    do $$
    declare v record;
    begin
      for v in select c.oid::regclass as tab, p.polname from pg_policy p
               join pg_class c on c.oid = p.polrelid loop
        execute format('drop policy %I on %s', v.polname, v.tab);
      end loop;
      for v in select c.oid::regclass as tab from pg_class c
               where c.relnamespace = 'app'::regnamespace and c.relkind in ('r', 'p') loop
        execute format('alter table %s disable row level security', v.tab);
        execute format('alter table %s no force row level security', v.tab);
      end loop;
      for v in select p.oid::regprocedure as func from pg_proc p
               where p.pronamespace::regnamespace::text in ('app', 'app_private') loop
        execute format('drop function %s', v.func);
      end loop;
    end $$;
    revoke all on all tables in schema app from kollegium_api, kollegium_broker, kollegium_worker,
      kollegium_staff, kollegium_auditor;
"""


@pytest_asyncio.fixture(scope="module")
async def head(new_database: NewDatabase) -> AsyncIterator[Any]:
    """A superuser's connection to a database at head."""
    async with new_database() as urls, connected(urls.superuser) as connection:
        yield connection


async def _rebuilt(head: Any, *, change: str = "") -> list[str]:
    """The fingerprint after tearing the wall down and applying sql/; rolled back afterwards."""
    transaction = head.transaction()
    await transaction.start()
    try:
        await head.execute(TEAR_DOWN)
        torn = await fingerprint(head)
        assert not [line for line in torn if line.startswith(("policy:", "function:"))]
        await head.execute((ROOT / "sql" / "roles.sql").read_text("utf-8"))
        for file in frozen.wall():
            await head.execute(f"set local role kollegium_owner;\n{file.read_text('utf-8')}")
        await head.execute(f"reset role; {change}")
        return await fingerprint(head)
    finally:
        await transaction.rollback()


async def test_sql_files_rebuild_the_wall(head: Any) -> None:
    before = await fingerprint(head)
    assert await _rebuilt(head) == before
    assert await fingerprint(head) == before


@pytest.mark.parametrize(
    "change",
    [
        "alter policy select_own on app.note using (true)",
        "alter policy select_own on app.note to public",
        "comment on policy select_own on app.note is 'another'",
        "alter table app.note no force row level security",
        "grant update (cap) on app.participation to kollegium_worker",
        "revoke select on app.lead from kollegium_api",
        "grant execute on function app.purge() to kollegium_api",
        "alter function app.enter(text) owner to kollegium_owner",
        "alter function app.enter(text) reset search_path",
        "create or replace function app.purge() returns bigint language sql as 'select 0::bigint'",
        "alter role kollegium_worker set jit = on",
    ],
)
async def test_a_change_is_noticed(head: Any, change: str) -> None:
    assert await _rebuilt(head, change=change) != await fingerprint(head)


async def test_offline_script_builds_the_same(server: Any, head: Any) -> None:
    """`alembic upgrade head --sql`, applied with psql to an empty database."""
    environment = {key: value for key, value in os.environ.items() if "DATABASE" not in key}
    script = subprocess.run(
        [sys.executable, "-m", "alembic", "upgrade", "head", "--sql"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    async with database(server.superuser_url) as urls:
        result = psql(urls.superuser, script)
        assert result.returncode == 0, result.stderr
        async with connected(urls.superuser) as connection:
            assert await fingerprint(connection) == await fingerprint(head)


def _sections(copy: Path) -> dict[Path, str]:
    """What a frozen copy holds, file by file; a copy of one file has no heads."""
    text = copy.read_text("utf-8")
    parts = HEAD.split(text)
    if len(parts) == 1:
        first = text.partition("\n")[0]
        return {f: text for f in SQL if f.read_text("utf-8").partition("\n")[0] == first}
    return {ROOT / name: part for name, part in zip(parts[1::2], parts[2::2], strict=True)}


def _newest() -> dict[Path, tuple[str, str]]:
    """File of sql/ -> the newest copy that holds it, and its text there."""
    return {
        file: (copy.name, text.rstrip("\n"))
        for copy in sorted(frozen.VERSIONS.glob("*.sql"))
        for file, text in _sections(copy).items()
    }


@pytest.mark.parametrize("file", sorted(SQL), ids=lambda file: file.name)
def test_newest_frozen_copy_is_current(file: Path) -> None:
    """What is read in sql/ is what the last revision that speaks of it applies."""
    newest = _newest()
    assert file in newest, f"no revision holds it: python alembic/frozen.py NNNN_slug {file}"
    name, text = newest[file]
    assert text == file.read_text("utf-8").rstrip("\n"), f"python alembic/frozen.py {name} ..."


def test_frozen_copies_are_compared_with_something() -> None:
    """A copy of a file that is gone would be compared with nothing."""
    assert set(_newest()) == set(SQL)
    assert len(SQL) >= 30
