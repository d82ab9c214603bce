"""A database says what it was built from; every door that opens on it compares."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from service.database import readiness, schema
from service.database.schema import Built
from service.database.shipped import sql_files, sql_hash
from tests.fixtures.commands import kollegium
from tests.fixtures.database import NewDatabase, Urls, connected

OTHER = "1" * 64
ANOTHER_TREE = f"update app_private.schema_state set hash = '{OTHER}'"
SENTENCES = ("was built from another state of the", OTHER[:12], "kollegium demo --reset")


@pytest_asyncio.fixture(scope="module")
async def other_tree(new_database: NewDatabase) -> AsyncIterator[Urls]:
    """A database that a different sql/ built."""
    async with new_database() as urls:
        async with connected(urls.superuser) as superuser:
            await superuser.execute(ANOTHER_TREE)
        yield urls


@pytest.mark.parametrize(
    ("command", "variable", "role"),
    [
        (["check", "--json"], "DATABASE_URL", "api"),
        (["serve", "--port", "0"], "DATABASE_URL", "api"),
        (["migrate"], "DATABASE_OWNER_URL", "owner"),
        (["migrate", "--dry-run"], "DATABASE_OWNER_URL", "owner"),
        (["demo", "--port", "0"], "DATABASE_URL", "superuser"),
    ],
)
def test_a_database_of_another_tree_is_refused_in_words(
    other_tree: Urls, tmp_path: Path, command: list[str], variable: str, role: str
) -> None:
    env = {variable: getattr(other_tree, role), "KOLLEGIUM_DATA_DIR": str(tmp_path)}
    done = kollegium(*command, env=env)
    said = " ".join((done.stdout + done.stderr).split())
    assert done.returncode == 1
    for sentence in SENTENCES:
        assert sentence in said, said


async def test_readyz_refuses_it_too(other_tree: Urls) -> None:
    """/readyz logs what `refuse_privileged` raises (tests/http/test_operation.py)."""
    async with connected(other_tree.api) as connection:
        with pytest.raises(readiness.NotReady, match="another state of the"):
            await readiness.refuse_privileged(connection)


async def test_a_database_from_before_it_could_say_is_refused(new_database: NewDatabase) -> None:
    async with new_database() as urls, connected(urls.superuser) as superuser:
        await superuser.execute("drop function app.schema_state()")
        async with connected(urls.api) as connection:
            built = await schema.built_from(connection)
        assert built == Built(schema.head())
        assert "another state" in str(schema.fault(built))


async def test_head_says_what_it_was_built_from(empty_database: Urls) -> None:
    for url in (empty_database.api, empty_database.owner, empty_database.auditor):
        async with connected(url) as connection:
            built = await schema.built_from(connection)
            assert built is not None
            assert (built.revision, built.hash) == (schema.head(), sql_hash())
    assert schema.fault(built) is None


def test_a_newer_schema_says_which_release_may_go_on_serving() -> None:
    """A release is replaced while it serves: its processes stay ready on the next schema."""
    assert schema.fault(Built("9999", OTHER, [schema.head()])) is None
    refused = schema.fault(Built("9999", OTHER, ["0000"]))
    assert refused
    assert "install the release that made" in refused.advice


def test_the_hash_covers_what_is_applied_and_is_read_once(monkeypatch: Any) -> None:
    import frozen

    assert set(sql_files()) == {frozen.roles(), *frozen.tables(), *frozen.wall()}
    sql_hash()
    monkeypatch.setattr(Path, "read_text", None)  # a second reading would fail
    assert len(sql_hash()) == 64


async def test_readyz_asks_for_one_row_and_not_the_catalogue(empty_database: Urls) -> None:
    asked: list[str] = []
    async with connected(empty_database.api) as connection:
        connection.add_query_logger(lambda record: asked.append(record.query))
        await schema.built_from(connection)
        await asyncio.sleep(0)
    assert [query for query in asked if "select" in query] == [
        "select revision, hash, serves from app.schema_state()"
    ]
