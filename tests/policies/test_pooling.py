"""The context ends with its transaction, whatever becomes of the request: cancelled anywhere, on a
pooled connection, or through PgBouncer in transaction mode, where each transaction of a client may
run on another server connection. The web tier's own Database does the work."""

import asyncio
import os
import random
from collections import Counter
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from service.database.transaction import Database, Tx
from service.settings import ServiceSettings
from tests.fixtures.database import Urls
from tests.fixtures.pooler import pooler
from tests.fixtures.sizes import sized
from tests.fixtures.world import World

CANCELLED = sized(300, whole=600, name="KOLLEGIUM_CANCELLATIONS")
CONNECTIONS = 4


async def _look(tx: Tx, pause: float = 0.0) -> tuple[Any, int, int]:
    """Company of the context, leads seen, and the server connection that it was."""
    if pause:
        await tx.value(str, "select pg_sleep($1)::text", pause)
    await asyncio.sleep(0)
    return (
        await tx.value(UUID | None, "select app.current_company_id()"),
        await tx.value(int, "select count(*) from app.lead"),
        await tx.value(int, "select pg_backend_pid()"),
    )


async def _nobody_is_left(database: Database) -> int:
    """Every connection of the pool, all used at once: no context. Returns how many there were."""
    # Reads and writes have shares of their own: together they need all of them.
    found = await asyncio.gather(
        *[
            database.transaction(None, lambda tx: _look(tx, 0.05), reads=bool(number % 2))
            for number in range(CONNECTIONS)
        ]
    )
    assert [look[:2] for look in found] == [(None, 0)] * CONNECTIONS
    return len({look[2] for look in found})


async def _client(
    database: Database, world: World, dice: random.Random, seen: Counter[str]
) -> None:
    """One request of Huber's, Klein's or nobody's, cancelled at some point or left alone."""
    token, company, leads = dice.choice(
        [
            (world.anna.token, world.huber.id, 2),
            (world.cora.token, world.klein.id, 0),
            (None, None, 0),
        ]
    )
    request = asyncio.create_task(database.run(token, _look, dice.choice([0.0, 0.001])))
    if dice.random() < 0.75:
        await asyncio.sleep(dice.uniform(0, 0.012))
        request.cancel()
    try:
        look = await request
    except asyncio.CancelledError:
        seen["cancelled"] += 1
        return
    seen["answered"] += 1
    assert look[:2] == (company, leads)


async def _storm(database: Database, world: World, cancellations: int, seed: int) -> Counter[str]:
    dice, seen = random.Random(seed), Counter[str]()
    while seen["cancelled"] < cancellations:
        await asyncio.gather(
            *[_client(database, world, dice, seen) for _ in range(3 * CONNECTIONS)]
        )
        # The next users come before anything had time to settle.
        await _nobody_is_left(database)
    return seen


def _seed() -> int:
    return int(os.environ.get("KOLLEGIUM_SEED", random.SystemRandom().randrange(2**32)))


async def test_cancelled_requests_leave_no_context(
    world_database: Urls, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    seed = _seed()
    database = await Database.open(
        ServiceSettings(database_url=world_database.api, pool_size=CONNECTIONS)
    )
    try:
        seen = await _storm(database, world, CANCELLED, seed)
        assert await _nobody_is_left(database) > CONNECTIONS // 2  # more than one share of them
        assert (await database.run(world.anna.token, _look))[0] == world.huber.id
    finally:
        await database.close()
    with capsys.disabled():
        print(f"\ncontext after cancellation: {dict(seen)}, none leaked (seed {seed})")
    assert seen["cancelled"] >= CANCELLED
    assert seen["answered"] > CANCELLED / 20


@pytest.mark.peers
async def test_many_clients_through_pgbouncer(
    world_database: Urls, world: World, capsys: pytest.CaptureFixture[str]
) -> None:
    """Forty clients of two companies and of none share three server connections."""
    seed = _seed()
    async with pooler(world_database, 3) as url:
        settings = ServiceSettings(database_url=url, pool_size=CONNECTIONS, through_pgbouncer=True)
        databases = [await Database.open(settings) for _ in range(10)]
        try:
            seen: Counter[str] = Counter()
            backends: Counter[int] = Counter()

            async def client(number: int) -> None:
                dice = random.Random(seed + number)
                for _ in range(12):
                    await _client(databases[number % 10], world, dice, seen)
                    look = await databases[number % 10].run(None, _look)
                    assert look[:2] == (None, 0)
                    backends[look[2]] += 1

            await asyncio.gather(*[client(number) for number in range(40)])
        finally:
            await asyncio.gather(*[database.close() for database in databases])
    with capsys.disabled():
        print(
            f"\nthrough PgBouncer: {dict(seen)} and {backends.total()} without a token on "
            f"{len(backends)} server connections, none leaked (seed {seed})"
        )
    assert seen["answered"] >= 50
    assert seen["cancelled"] >= 100


@pytest.mark.peers
async def test_a_session_setting_would_leak(world_database: Urls, world: World) -> None:
    """The control: a context that does not end with its transaction is seen by the next user, on
    the
    same connection and through PgBouncer. So the storms above would notice."""
    async with pooler(world_database, 1) as url:
        for place in (world_database.api, url):
            first = await asyncpg.connect(place, statement_cache_size=0)
            next_user = (
                first
                if place == world_database.api
                else await asyncpg.connect(place, statement_cache_size=0)
            )
            await first.execute("select set_config('kollegium.token', $1, false)", world.anna.token)
            assert await next_user.fetchval("select count(*) from app.lead") == 2
            await first.execute("select set_config('kollegium.token', '', false)")
            assert await next_user.fetchval("select count(*) from app.lead") == 0
            await first.close()
            if next_user is not first:
                await next_user.close()
