"""Parameters of the wire client: every type arrives as what it is, and no text breaks out."""

import contextlib
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.database.wire import Connection, Json, Statement
from service.database.wire.login import address
from service.database.wire.parameters import as_text
from tests.fixtures.database import Urls


@pytest.fixture(scope="module")
def url(world_database: Urls) -> str:
    """kollegium_api's URL of this module's database."""
    return world_database.api


@contextlib.asynccontextmanager
async def opened(url: str, **options: Any) -> AsyncIterator[Connection]:
    """A connection, closed at the end."""
    connection = await Connection.open(address(url), seconds=5, **options)
    try:
        yield connection
    finally:
        await connection.close()


async def values(connection: Connection, sql: str, *given: Any) -> list[bytes | None]:
    """The column of one statement."""
    return (await connection.batch([Statement(sql, given)], seconds=5))[0]


@pytest.mark.parametrize(
    ("value", "sql", "expected"),
    [
        (UUID(int=7), "$1::uuid", str(UUID(int=7))),
        (True, "$1::bool", "true"),
        (12, "$1::int", "12"),
        (Decimal("1.50"), "$1::numeric", "1.50"),
        (
            datetime(2026, 10, 5, tzinfo=UTC),
            "$1::timestamptz at time zone 'UTC'",
            "2026-10-05 00:00:00",
        ),
        (b"\x00\xff", "encode($1::bytea, 'hex')", "00ff"),
        ({"a": [1]}, "$1::jsonb -> 'a' -> 0", "1"),
        (Json([{"a": 1}]), "$1::jsonb -> 0 -> 'a'", "1"),
        (
            ['a"b', "c\\d", "{,}", "", None],
            "array_to_json($1::text[])",
            '["a\\"b","c\\\\d","{,}","",null]',
        ),
        ([UUID(int=1)], "cardinality($1::uuid[])", "1"),
        ([], "cardinality($1::text[])", "0"),
        (None, "$1::text is null", "true"),
    ],
)
async def test_parameters_arrive_as_what_they_are(
    url: str, value: Any, sql: str, expected: str
) -> None:
    async with opened(url) as connection:
        assert await values(connection, f"select ({sql})::text", value) == [expected.encode()]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))))
def test_no_text_breaks_out_of_its_array(texts: list[str]) -> None:
    """The array literal read back by hand: quotes and backslashes are always escaped."""
    literal = (as_text(texts) or b"").decode()
    found, current, position = [], None, 1
    while position < len(literal) - 1:
        character = literal[position]
        if current is None:
            current = "" if character == '"' else None
        elif character == "\\":
            position += 1
            current += literal[position]
        elif character == '"':
            found.append(current)
            current = None
        else:
            current += character
        position += 1
    assert found == texts


async def test_what_has_no_text_form_is_refused_before_anything_is_sent(url: str) -> None:
    async with opened(url) as connection:
        before = connection.trips
        with pytest.raises(TypeError):
            await values(connection, "select $1::text", object())
        assert connection.trips == before
        assert connection.idle
