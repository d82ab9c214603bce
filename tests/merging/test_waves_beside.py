"""A merge that takes long delays no wave of others: it runs in a task and on a connection of its
own, and the timers pass over what it holds. By hand: the merge stops before its commit."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from service.jobs.worker import timers
from service.jobs.worker.loop import JOBS
from tests.fixtures.guards import without
from tests.fixtures.world import World
from tests.merging.conftest import Place

LATE = (
    "update app.offer set expires_at = now() - interval '1 s' where lead_id = $1 and state = 'open'"
)
ROWS = "select wave, company_id from app.offer where lead_id = $1 order by wave, company_id"


@asynccontextmanager
async def merging(place: Place, world: World) -> AsyncIterator[None]:
    """Klein is being merged into Huber inside the block; it commits at the end."""
    merge = await place.merging.prepare(world.huber, world.klein)
    async with place.staff.transaction():
        await place.merging.run(merge)
        yield


async def plan(place: Place, world: World, *waves: list[Any]) -> None:
    """A wave for each list of companies."""
    body = {
        "waves": [
            {
                "order": "priority",
                "response_minutes": 60,
                "working_time": False,
                "company_ids": [str(company.id) for company in companies],
            }
            for companies in waves
        ],
        "on_cap": "skip",
        "recycle": "auto",
    }
    b = place.builder(world)
    await b.call(world.nord, "app.set_waves($1, null, $2)", world.nord_id, body)


async def offered(place: Place, world: World) -> UUID:
    """A new lead, in its first wave, whose window is over."""
    b = place.builder(world)
    lead = await b.draft(world.geber, world.nord_id, "Dach")
    for call in ("app.submit_lead($1, $2)", "app.accept_lead($1, $2)"):
        await b.call(world.olga, call, world.nord_id, lead)
    await b.call(world.olga, "app.offer_lead($1, $2, null, null)", world.nord_id, lead)
    await place.superuser.execute(LATE, lead)
    return lead


async def works(place: Place) -> None:
    """A round of the timers; nothing of it waits longer than this."""
    await place.worker.execute("set lock_timeout = '300ms'")
    for timer in (timers.expire, timers.end_waves, timers.call_last, timers.offer_again):
        await timer(place.worker)


async def waves_of(place: Place, lead: UUID) -> list[tuple[int, Any]]:
    return [tuple(row) for row in await place.superuser.fetch(ROWS, lead)]


def test_merges_are_a_job_of_their_own() -> None:
    """So is each timer; a job has a task and a connection (tests/jobs/test_worker.py)."""
    works_of = {job.name: job.work for job in JOBS}
    assert len({*works_of.values()}) == len(JOBS)
    assert works_of["merges"] is timers.merges


async def test_leads_that_a_merge_holds_delay_no_other(place: Place, world: World) -> None:
    """Two leads of others, and between them one that Klein was offered, in one batch."""
    await plan(place, world, [world.lang], [world.lang])
    before = await offered(place, world)
    await plan(place, world, [world.klein], [world.lang])
    kleins = await offered(place, world)
    await plan(place, world, [world.lang], [world.lang])
    after = await offered(place, world)
    states = "select id, state from app.lead where id = any ($1)"
    async with merging(place, world):
        await works(place)
        found = dict(await place.superuser.fetch(states, [before, kleins, after]))
        assert found == {before: "unplaced", kleins: "offered", after: "unplaced"}
    await works(place)
    assert (2, world.lang.id) in await waves_of(place, kleins)


async def test_the_control_waits_for_the_lead(place: Place, world: World) -> None:
    """Without passing it over the round of all is cut off where the merge is."""
    await plan(place, world, [world.klein], [world.lang])
    await offered(place, world)
    wait = (" for update skip locked", " for update")
    async with without(place.superuser, "app.expire_offers", *wait), merging(place, world):
        with pytest.raises(asyncpg.LockNotAvailableError):
            await works(place)


async def test_a_wave_opens_without_who_is_being_merged(place: Place, world: World) -> None:
    """Huber, whose card the merge holds, is left out of the second wave and named; the third
    looks at it again."""
    await place.builder(world).partner(world.nord, world.nord_id, world.neu, "taker")
    await plan(place, world, [world.lang], [world.huber, world.neu], [world.huber])
    lead = await offered(place, world)
    async with merging(place, world):
        await works(place)
        assert await waves_of(place, lead) == [(1, world.lang.id), (2, world.neu.id)]
        left = await place.superuser.fetchval(
            "select left_out -> '2' -> 'merging' from app.brokerage where lead_id = $1", lead
        )
        assert left == [str(world.huber.id)]
    await place.superuser.execute(LATE, lead)
    await works(place)
    assert (3, world.huber.id) in await waves_of(place, lead)


async def test_a_wave_for_it_alone_waits_and_holds_up_nobody(place: Place, world: World) -> None:
    await place.builder(world).partner(world.nord, world.nord_id, world.neu, "taker")
    await plan(place, world, [world.lang], [world.huber])
    hubers = await offered(place, world)
    await plan(place, world, [world.lang], [world.neu])
    other = await offered(place, world)
    async with merging(place, world):
        await works(place)
        assert await waves_of(place, hubers) == [(1, world.lang.id)]
        assert await waves_of(place, other) == [(1, world.lang.id), (2, world.neu.id)]
        state = "select state from app.lead where id = $1"
        assert await place.superuser.fetchval(state, hubers) == "offered"
    await place.superuser.execute(
        "update app.brokerage set wave_ends_at = now() where wave_ends_at > now()"
    )
    await works(place)
    assert await waves_of(place, hubers) == [(1, world.lang.id), (2, world.huber.id)]


async def test_the_control_waits_for_the_card(place: Place, world: World) -> None:
    """With a card that is waited for nobody gets the wave."""
    await place.builder(world).partner(world.nord, world.nord_id, world.neu, "taker")
    await plan(place, world, [world.lang], [world.huber, world.neu])
    lead = await offered(place, world)
    wait = (" for key share of p skip locked", " for key share of p")
    async with without(place.superuser, "app_private.open_wave", *wait), merging(place, world):
        await works(place)
        assert await waves_of(place, lead) == [(1, world.lang.id)]
