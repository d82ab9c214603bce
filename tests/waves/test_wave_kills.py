"""Two workers, killed at any moment: every lead goes through its waves once."""

import asyncio
import contextlib
import os
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg

from service.jobs.worker import timers
from tests.fixtures import clock
from tests.fixtures.database import connected
from tests.fixtures.market import Market

MONDAY = datetime(2027, 3, 8, 9, tzinfo=UTC)
KILLS = int(os.environ.get("KOLLEGIUM_WAVE_KILLS", "12"))
LEADS = 6
WAVE = {"order": "round_robin", "takers": 1, "response_minutes": 60, "working_time": False}
# The last: the driver's own, when it is cut off between two of its messages.
CUT = (
    asyncpg.PostgresError, asyncpg.InterfaceError, OSError,
    asyncpg.exceptions.InternalClientError,
)  # fmt: skip
DUE = """
    select (select count(*) from app.offer where state = 'open'
              and expires_at <= app_private.clock())
      + (select count(*) from app.brokerage where wave_ends_at <= app_private.clock())
"""


async def work(url: str, pids: list[int]) -> None:
    """A worker's round, which may end at any moment."""
    with contextlib.suppress(*CUT):
        async with connected(url) as worker:
            pids.append(worker.get_server_pid())
            await timers.expire(worker)
            await timers.end_waves(worker)


async def until_done(market: Market, superuser: Any, chance: random.Random, kills: int) -> int:
    """Two workers at once, one of them killed, until nothing is due; returns how many were."""
    killed = 0
    while await superuser.fetchval(DUE):
        pids: list[int] = []
        tasks = [asyncio.create_task(work(market.urls.worker, pids)) for _ in range(2)]
        if killed < kills:
            await asyncio.sleep(chance.random() * 0.12)
            for pid in pids[: chance.randint(1, 2)]:
                killed += bool(await superuser.fetchval("select pg_terminate_backend($1)", pid))
        await asyncio.gather(*tasks)
    return killed


async def test_two_workers_with_kills(market: Market) -> None:
    seed = int(os.environ.get("KOLLEGIUM_SEED", random.randrange(10**6)))
    print(f"seed {seed}")
    chance, killed = random.Random(seed), 0
    async with connected(market.urls.superuser) as superuser:
        await clock.stay_logged_in(superuser)
        try:
            while killed < KILLS:
                await clock.stop(superuser, MONDAY)
                body = {"waves": [WAVE] * 3}
                path = f"/marketplaces/{market.m}/waves"
                await market.olga.put(path, body, headers={"If-Match": "*"})
                leads = [await market.offered() for _ in range(LEADS)]
                for hour in range(1, 4):
                    await clock.stop(superuser, MONDAY + timedelta(hours=hour))
                    killed += await until_done(market, superuser, chance, KILLS - killed)
                rows = await superuser.fetch(
                    "select l.state, array_agg(o.wave order by o.wave) as waves,"
                    " count(distinct o.company_id) as takers from app.lead l"
                    " join app.offer o on o.lead_id = l.id where l.id = any ($1)"
                    " group by l.id, l.state",
                    leads,
                )
                assert [tuple(row) for row in rows] == [("unplaced", [1, 2, 3], 3)] * LEADS
                told = await superuser.fetchval(
                    "select count(*) from app.history where event = 'unplaced'"
                    " and lead_id = any ($1)",
                    leads,
                )
                assert told == LEADS
        finally:
            await clock.right(superuser)
