"""`sql/` and what `alembic upgrade head` builds are the same wall."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

import frozen
from tests.fixtures.database import ROOT, NewDatabase, connected
from tests.policies.fingerprint import fingerprint

NOT_APPLIED = [ROOT / "sql" / "audit", ROOT / "sql" / "legacy"]
SQL = [file for file in (ROOT / "sql").rglob("*.sql") if file.parent not in NOT_APPLIED]
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
               where p.pronamespace::regnamespace::text in ('app', 'app_private')
                 and p.oid::regprocedure::text not like 'app_private.clock(%' loop -- of the tables
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


@pytest_asyncio.fixture(scope="module")
async def lines(head: Any) -> list[str]:
    """Its fingerprint."""
    return await fingerprint(head)


@asynccontextmanager
async def tried(head: Any) -> AsyncIterator[None]:
    """A transaction that leaves nothing."""
    transaction = head.transaction()
    await transaction.start()
    try:
        yield
    finally:
        await transaction.rollback()


async def _rebuilt(head: Any) -> list[str]:
    """The fingerprint after tearing the wall down and applying sql/; rolled back afterwards."""
    async with tried(head):
        await head.execute(TEAR_DOWN)
        torn = await fingerprint(head)
        left = [line for line in torn if line.startswith(("policy:", "function: app"))]
        assert all("app_private.clock(" in line for line in left)
        await head.execute(frozen.script(frozen.units(first=False)))
        await head.execute("reset role")
        return await fingerprint(head)


async def test_sql_files_rebuild_the_wall(head: Any, lines: list[str]) -> None:
    assert await _rebuilt(head) == lines
    assert await fingerprint(head) == lines


async def test_functions_stand_in_no_order(
    head: Any, lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name says the subject and nothing else; backwards the same wall is built."""
    functions = [file for file in frozen.wall() if "functions" in file.parts]
    policies = [file for file in frozen.wall() if "policies" in file.parts]
    monkeypatch.setattr(frozen, "wall", lambda: [*reversed(functions), *policies])
    assert await _rebuilt(head) == lines


def test_a_unit_is_a_function_with_all_that_is_said_of_it() -> None:
    """What stands in no unit would be read and not be applied."""
    units = frozen.units(first=True)
    lines = {line for unit in units.values() for line in unit.splitlines()}
    for file in SQL:
        head = frozen.FUNCTION.split(file.read_text("utf-8"))[0]
        for line in file.read_text("utf-8").splitlines():
            assert line in lines or (line in head.splitlines() and line.startswith("--")), file
    made = [re.findall("create or replace function", unit) for unit in units.values()]
    assert max(map(len, made)) == 1


@pytest.mark.parametrize(
    ("language", "body"), [("sql", "select no_such_name"), ("plpgsql", "begin no such thing; end")]
)
async def test_a_body_that_means_nothing_is_refused(head: Any, language: str, body: str) -> None:
    """Bodies are looked at when all functions are there, but they are."""
    wrong = f"create function app.wrong() returns void language {language} as $b${body}$b$;"
    script = frozen.script({**frozen.units(first=False), "app.wrong()": wrong})
    async with tried(head):
        with pytest.raises((asyncpg.UndefinedColumnError, asyncpg.PostgresSyntaxError)):
            await head.execute(script)


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
async def test_a_change_is_noticed(head: Any, lines: list[str], change: str) -> None:
    async with tried(head):
        await head.execute(change)
        assert await fingerprint(head) != lines


def test_every_file_of_sql_is_applied() -> None:
    """A file in a room that nobody applies would be read and not be so."""
    applied = {frozen.roles(), *frozen.tables(), *frozen.wall()}
    assert applied == set(SQL)
    assert len(SQL) >= 80


def test_tables_come_after_those_that_they_name() -> None:
    order = [file.stem for file in frozen.tables()]
    assert order[0] == "schemas"
    for earlier, later in [("company", "colleague"), ("lead", "offer"), ("company", "bearer")]:
        assert order.index(earlier) < order.index(later)


def test_a_table_stands_in_the_file_of_its_name() -> None:
    made = {
        (file.stem, name)
        for file in frozen.tables()
        for name in re.findall(
            r"^create table (?:app|app_private)\.(\w+)", file.read_text("utf-8"), re.M
        )
    }
    assert len(made) >= 40
    assert [pair for pair in sorted(made) if pair[0] != pair[1]] == []
