"""Connections on loan: bounded, reused, never handed on with a transaction open."""

import asyncio
import random
from typing import Any

import pytest

from service.database.wire import (
    Connection,
    ConnectionLost,
    Pool,
    PoolExhausted,
    PostgresError,
    Statement,
)
from service.database.wire.login import address
from tests.fixtures.database import Urls, connected


def pool(urls: Urls, *, size: int = 2, seconds: float = 5) -> Pool:
    """A pool as kollegium_api."""
    return Pool(address(urls.api), size=size, seconds=seconds, named=True)


async def pid(connection: Connection) -> bytes | None:
    """The server process behind a connection."""
    found = await connection.batch([Statement("select pg_backend_pid()::text")], seconds=5)
    return found[0][0]


async def test_connections_are_reused_and_bounded(world_database: Urls) -> None:
    lending = pool(world_database, seconds=0.3)
    async with lending.lend() as one:
        first = await pid(one)
    async with lending.lend() as one, lending.lend() as two:
        assert await pid(one) == first
        assert await pid(two) != first
        with pytest.raises(PoolExhausted):
            async with lending.lend():
                pass
    async with lending.lend():
        pass  # control: places came back
    await lending.close()


async def test_who_waits_is_served_in_turn(world_database: Urls) -> None:
    lending = pool(world_database, size=1)
    order: list[int] = []

    async def work(number: int) -> None:
        async with lending.lend() as connection:
            order.append(number)
            await pid(connection)

    await asyncio.gather(*(work(number) for number in range(20)))
    assert order == list(range(20))
    await lending.close()


async def test_an_open_transaction_ends_with_its_loan(world_database: Urls) -> None:
    lending = pool(world_database, size=1)
    begin = [Statement("begin"), Statement("select set_config('test.secret', 'meins', true)")]
    async with lending.lend() as connection:
        before = await pid(connection)
        await connection.batch(begin, seconds=5)
    async with lending.lend() as connection:
        assert await pid(connection) != before
        found = await connection.batch(
            [Statement("select current_setting('test.secret', true)")], seconds=5
        )
        assert found == [[None]]
    await lending.close()


async def test_dead_connections_are_replaced(world_database: Urls) -> None:
    lending = pool(world_database, size=1)
    async with lending.lend() as connection:
        before = int(await pid(connection) or 0)
    async with connected(world_database.superuser) as superuser:
        await superuser.fetchval("select pg_terminate_backend($1)", before)
        await asyncio.sleep(0.2)
    async with lending.lend() as connection:
        assert int(await pid(connection) or 0) != before
    await lending.close()


async def test_a_burst_does_not_log_in_all_at_once(
    world_database: Urls, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Eight at once: connections are opened one after the other, and what comes back is used."""
    at_once, opened, most = 0, 0, 0
    real = Connection.open

    async def slow(*args: Any, **options: Any) -> Connection:
        nonlocal at_once, opened, most
        at_once, opened = at_once + 1, opened + 1
        most = max(most, at_once)
        connection = await real(*args, **options)
        await asyncio.sleep(0.05)
        at_once -= 1
        return connection

    monkeypatch.setattr(Connection, "open", slow)
    lending = pool(world_database, size=8)

    async def one() -> bytes | None:
        async with lending.lend() as connection:
            return await pid(connection)

    assert None not in await asyncio.gather(*(one() for _ in range(8)))
    assert most == 1
    assert opened < 8
    async with lending.lend() as a, lending.lend() as b:  # the control: two are still two
        assert await pid(a) != await pid(b)
    await lending.close()


async def test_a_refused_log_in_is_a_lost_connection(world_database: Urls) -> None:
    """To whoever asked it is a fault of ours, not "unauthenticated", whatever PostgreSQL says."""
    where = address(world_database.api)._replace(password="falsch")
    lending = Pool(where, size=1, seconds=5, named=True)
    for _ in range(2):  # and the place comes back
        with pytest.raises(ConnectionLost):
            async with lending.lend():
                pass


async def test_random_cancellation_loses_no_place(world_database: Urls) -> None:
    """400 tasks cancelled at random moments; afterwards every place is free and no context left."""
    lending = pool(world_database, size=3, seconds=10)
    chance = random.Random(20261005)

    async def work() -> None:
        async with lending.lend() as connection:
            await connection.batch(
                [Statement("begin"), Statement("select set_config('test.x', 'y', true)")],
                seconds=5,
            )
            await connection.batch(
                [Statement("select pg_sleep(0.002)::text"), Statement("commit")], seconds=5
            )

    async def one() -> Any:
        task = asyncio.create_task(work())
        await asyncio.sleep(chance.random() * 0.01)
        task.cancel()
        return (await asyncio.gather(task, return_exceptions=True))[0]

    outcomes: list[Any] = []
    for _ in range(40):
        outcomes += await asyncio.gather(*(one() for _ in range(10)))
    cancelled = sum(isinstance(outcome, asyncio.CancelledError) for outcome in outcomes)
    assert cancelled > 50
    assert not [o for o in outcomes if isinstance(o, PoolExhausted | PostgresError)]
    async with lending.lend() as a, lending.lend() as b, lending.lend() as c:
        for connection in (a, b, c):
            found = await connection.batch(
                [Statement("select coalesce(current_setting('test.x', true), '')")], seconds=5
            )
            assert found == [[b""]]
    await lending.close()
