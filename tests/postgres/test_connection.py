"""The wire client against a real server: log-in, batches as transactions, limits, cancellation."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import urlsplit

import pytest

from service.database.wire import Connection, ConnectionLost, PostgresError, Statement
from service.database.wire.login import Scram, address
from tests.fixtures.database import Urls, connected
from tests.fixtures.pooler import pooler


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


async def test_a_wrong_password_is_refused_and_a_right_one_let_in(url: str) -> None:
    parts = urlsplit(url)
    wrong = parts._replace(netloc=parts.netloc.replace(parts.password or "", "falsch")).geturl()
    with pytest.raises(PostgresError) as refused:
        await Connection.open(address(wrong), seconds=5)
    assert refused.value.sqlstate == "28P01"
    async with opened(url) as connection:
        assert await values(connection, "select session_user::text") == [b"kollegium_api"]
        assert connection.idle


async def test_a_server_that_does_not_know_the_password_is_found_out() -> None:
    scram = Scram("geheim")
    _, first = scram.first(b"SCRAM-SHA-256\0\0")
    nonce = first.decode().partition("r=")[2]
    scram.final(f"r={nonce}SERVER,s=c2FsdA==,i=4096")
    with pytest.raises(ConnectionLost):
        scram.verify("v=AAAA")
    with pytest.raises(ConnectionLost):
        Scram("geheim").final("r=EINANDERER,s=c2FsdA==,i=4096")
    with pytest.raises(ConnectionLost):
        Scram("geheim").first(b"MD5\0\0")


async def test_a_batch_is_one_transaction_and_one_round_trip(url: str) -> None:
    async with opened(url) as connection:
        before = connection.trips
        found = await connection.batch(
            [
                Statement("select pg_current_xact_id()::text"),
                Statement("select set_config('test.x', $1, true)", ("eins",)),
                Statement("select current_setting('test.x')"),
                Statement("select pg_current_xact_id()::text"),
            ],
            seconds=5,
        )
        assert connection.trips == before + 1
        assert found[0] == found[3]
        assert found[2] == [b"eins"]
        assert await values(connection, "select current_setting('test.x', true)") == [b""]


async def test_an_error_undoes_the_batch_and_leaves_the_connection_usable(
    world_database: Urls,
) -> None:
    async with connected(world_database.superuser) as superuser:
        await superuser.execute("create table public.tally (n int)")
        await superuser.execute("grant insert, select on public.tally to kollegium_api")
    async with opened(world_database.api) as connection:
        insert = Statement("insert into public.tally values (1)")
        fails, late = Statement("select (1 / $1::int)::text", (0,)), Statement("select 'nie'")
        for _ in range(3):  # names of skipped statements must not be taken for prepared ones
            with pytest.raises(PostgresError) as error:
                await connection.batch([insert, fails, late], seconds=5)
            assert error.value.sqlstate == "22012"
        assert connection.idle
        assert await values(connection, "select count(*)::text from public.tally") == [b"0"]
        await connection.batch([insert, late], seconds=5)
        assert await values(connection, "select count(*)::text from public.tally") == [b"1"]


async def test_an_explicit_transaction_is_not_idle(url: str) -> None:
    async with opened(url) as connection:
        await connection.batch([Statement("begin"), Statement("select '1'")], seconds=5)
        assert not connection.idle
        with pytest.raises(PostgresError):
            await values(connection, "select kein")
        assert not connection.idle
        await connection.batch([Statement("rollback")], seconds=5)
        assert connection.idle


async def test_the_time_limit_closes_and_cancels(url: str, world_database: Urls) -> None:
    connection = await Connection.open(address(url), seconds=5)
    with pytest.raises(TimeoutError):
        await connection.batch([Statement("select pg_sleep(4)::text")], seconds=0.2)
    assert connection.closed
    await nobody_sleeps(world_database)
    with pytest.raises(ConnectionLost):
        await values(connection, "select '1'")


async def test_cancellation_closes_and_cancels(url: str, world_database: Urls) -> None:
    connection = await Connection.open(address(url), seconds=5)
    task = asyncio.create_task(values(connection, "select pg_sleep(4)::text"))
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert connection.closed
    await nobody_sleeps(world_database)


@pytest.mark.peers
async def test_a_statement_given_up_behind_a_pooler_ends(world_database: Urls) -> None:
    async with pooler(world_database, 1) as place:
        connection = await Connection.open(address(place), seconds=5, named=False)
        with pytest.raises(TimeoutError):
            await connection.batch([Statement("select pg_sleep(4)::text")], seconds=0.2)
        await nobody_sleeps(world_database)
        async with opened(place, named=False) as another:  # the one server connection is free
            assert await values(another, "select '1'") == [b"1"]


async def nobody_sleeps(urls: Urls) -> None:
    """Waits up to 2 s until no statement of this database sleeps on the server."""
    sql = "select count(*) from pg_stat_activity where query like 'select pg_sleep%' and state = $1"
    async with connected(urls.superuser) as superuser:
        for _ in range(40):
            if await superuser.fetchval(f"{sql} and datname = $2", "active", urls.database) == 0:
                return
            await asyncio.sleep(0.05)
    raise AssertionError("the statement still runs")


async def test_a_killed_backend_is_noticed(url: str, world_database: Urls) -> None:
    async with opened(url) as connection, connected(world_database.superuser) as superuser:
        pid = int((await values(connection, "select pg_backend_pid()::text"))[0] or b"0")
        await superuser.fetchval("select pg_terminate_backend($1)", pid)
        for _ in range(40):
            if connection.closed:
                break
            await asyncio.sleep(0.05)
        assert connection.closed
        with pytest.raises(ConnectionLost):
            await values(connection, "select '1'")


async def test_unnamed_statements_serve_where_names_do_not_last(url: str) -> None:
    async with opened(url, named=False) as connection:
        for n in range(3):
            assert await values(connection, "select $1::text", str(n)) == [str(n).encode()]
        assert await values(connection, "select count(*)::text from pg_prepared_statements") == [
            b"0"
        ]
    async with opened(url) as connection:  # control: named ones stay
        await values(connection, "select 'x'")
        found = await values(connection, "select count(*)::text from pg_prepared_statements")
        assert found == [b"2"]


async def test_large_values_and_many_rows_come_whole(url: str) -> None:
    async with opened(url) as connection:
        text = "ä" * 300_000
        assert await values(connection, "select $1::text", text) == [text.encode()]
        rows = await values(connection, "select n::text from generate_series(1, 20000) n")
        assert rows == [str(n).encode() for n in range(1, 20001)]
        assert await values(connection, "select null::text") == [None]
        assert await values(connection, "") == []


async def test_strange_servers_are_given_up_in_time(
    unused_tcp_port_factory: Callable[[], int],
) -> None:
    async def silent(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()
        writer.close()

    port = unused_tcp_port_factory()
    server = await asyncio.start_server(silent, "127.0.0.1", port)
    with pytest.raises(TimeoutError):
        await Connection.open(address(f"postgresql://a:b@127.0.0.1:{port}/c"), seconds=0.2)
    server.close()
    closed = unused_tcp_port_factory()
    with pytest.raises(ConnectionRefusedError):
        await Connection.open(address(f"postgresql://a:b@127.0.0.1:{closed}/c"), seconds=1)
