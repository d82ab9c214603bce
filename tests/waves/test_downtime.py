"""A worker that was away for six hours goes on where things are: one wave at a time, each with its
whole window of working time, and nobody is offered a lead twice."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest_asyncio

from tests.fixtures import clock
from tests.fixtures.database import Urls, connected
from tests.fixtures.market import Market, state
from tests.waves.test_waves import plan, waves_of, works

MONDAY = datetime(2027, 3, 8, 9, tzinfo=UTC)  # 10 in Berlin, where work is from 9 to 17
WAVE = {"order": "round_robin", "takers": 1, "response_minutes": 120, "working_time": True}


@pytest_asyncio.fixture
async def superuser(world_database: Urls) -> AsyncIterator[Any]:
    """Turns the clock, and turns it back."""
    async with connected(world_database.superuser) as connection:
        await clock.stay_logged_in(connection)
        yield connection
        await clock.right(connection)


async def test_six_hours_without_a_worker(market: Market, superuser: Any) -> None:
    await clock.stop(superuser, MONDAY)
    await plan(market, WAVE, WAVE, WAVE)
    leads = [await market.offered() for _ in range(3)]
    async with connected(market.urls.worker) as worker:
        ends = []
        for hours in (6, 24, 48):  # 16 of Monday in Berlin; then 10 of Tuesday, of Wednesday
            await clock.stop(superuser, MONDAY + timedelta(hours=hours))
            for _ in range(2):
                await works(worker)
            last = (await waves_of(market, leads[0]))[-1]
            ends.append(last["offered"][0]["expires_at"] if last["offered"] else None)
    # An hour of Monday is left and one of Tuesday; then two of Tuesday.
    assert ends[:2] == ["2027-03-09T09:00:00Z", "2027-03-09T11:00:00Z"]
    for lead in leads:
        waves = await waves_of(market, lead)
        offered = [one["company_id"] for wave in waves for one in wave["offered"]]
        assert len(offered) == len({*offered}) == 3
        assert await state(market, lead) == "unplaced"
