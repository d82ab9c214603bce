"""Who waits for a merge holds no connection of the service, so all others find one."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg
import httpx
import pytest

from service.database import tx
from tests.fixtures.database import as_bearer
from tests.fixtures.http import Person, from_address, running
from tests.fixtures.world import World
from tests.merging.conftest import Place

COLLEAGUES = 6  # who write at once; the pool has two connections


@asynccontextmanager
async def _merging(place: Place, world: World) -> AsyncIterator[None]:
    """Klein is being merged into Huber inside the block; it commits at the end."""
    merge = await place.merging.prepare(world.huber, world.klein)
    async with place.staff.transaction():
        await place.merging.run(merge)
        yield


async def _others(place: Place, world: World) -> tuple[set[int], int, list[httpx.Response]]:
    """Colleagues of Huber write, and Lena of Lang reads and writes beside them: the statuses of her
    answers, how many of them waited all the time, and what they were answered."""
    notes = f"/marketplaces/{world.nord_id}/leads/{world.leads['engaged']}/notes"
    settings = {"pool_size": 2, "pool_timeout": 0.5}
    async with running(place.urls.api, **settings) as app, from_address(app) as client:
        anna, lena = Person(client, world.anna.token), Person(client, world.lena.token)
        async with _merging(place, world):
            writing = [
                asyncio.create_task(anna.post(notes, {"text": str(n)})) for n in range(COLLEAGUES)
            ]
            answers = []
            for _ in range(5):
                answers.append(await lena.get("/leads"))
                answers.append(await lena.patch("/company", {"language": "de"}))
            waiting = sum(not task.done() for task in writing)
        return {answer.status_code for answer in answers}, waiting, await asyncio.gather(*writing)


async def test_others_find_a_connection(place: Place, world: World) -> None:
    hers, waiting, theirs = await _others(place, world)
    assert (hers, waiting) == ({200}, COLLEAGUES)
    assert [answer.status_code for answer in theirs] == [201] * COLLEAGUES


async def test_who_waited_inside_would_hold_them_all(
    place: Place, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: with the door that waits for the lock, Lena is told to come back later."""
    monkeypatch.setattr(tx, "ENTER_TO_WRITE", "select true from app.enter($1)")
    hers, _, _ = await _others(place, world)
    assert 503 in hers


async def test_nobody_waits_forever(place: Place, world: World) -> None:
    notes = f"/marketplaces/{world.nord_id}/leads/{world.leads['engaged']}/notes"
    async with running(place.urls.api, request_timeout=0.3) as app, from_address(app) as client:
        anna = Person(client, world.anna.token)
        async with _merging(place, world):
            answer = await anna.post(notes, {"text": "zu früh"})
        assert answer.status_code == 503
        assert answer.headers["retry-after"]
        assert (await anna.post(notes, {"text": "danach"})).status_code == 201


async def test_the_door_that_does_not_wait(place: Place, world: World) -> None:
    """In psql: 55P03 while it lasts, 28000 for nobody; others pass, and the context is theirs."""
    door = "select app.enter_to_write($1)"
    async with _merging(place, world):
        for token in (world.anna.token, world.cora.token):
            with pytest.raises(asyncpg.LockNotAvailableError, match="being merged"):
                await place.api.execute(door, token)
        async with place.api.transaction():
            await place.api.execute(door, world.lena.token)
            assert await place.api.fetchval("select app.current_company_id()") == world.lang.id
    with pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
        await place.api.execute(door, "kgs_nobody")
    async with as_bearer(place.api, world.cora.token) as caller:
        assert caller["company_id"] == world.huber.id
