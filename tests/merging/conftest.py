"""Connections and worlds for the tests of merging."""

import os
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from service.jobs.worker import timers as worker
from tests.fixtures.database import NewDatabase, Urls, connected
from tests.fixtures.http import from_address, running
from tests.fixtures.market import Market
from tests.fixtures.sizes import sized
from tests.fixtures.world import Builder, World
from tests.merging.random_world import RandomWorld
from tests.merging.stage import Merging


@dataclass
class Place:
    """A database of its own and a connection for each role."""

    urls: Urls
    api: Any
    staff: Any
    worker: Any
    superuser: Any
    merging: Merging

    def builder(self, world: World | None = None) -> Builder:
        """Acts as people of the world."""
        made = Builder(self.api, self.staff, self.worker, self.superuser)
        if world is not None:
            made.world = world
        return made


async def opened(stack: AsyncExitStack, urls: Urls) -> Place:
    """Connections to a database, for the time of the stack."""
    api, staff, worker, superuser = [
        await stack.enter_async_context(connected(url))
        for url in (urls.api, urls.staff, urls.worker, urls.superuser)
    ]
    return Place(urls, api, staff, worker, superuser, Merging(staff))


async def _place(stack: AsyncExitStack, new_database: NewDatabase, source: str | None) -> Place:
    return await opened(stack, await stack.enter_async_context(new_database(source)))


@pytest_asyncio.fixture
async def place(
    new_database: NewDatabase, world_template: tuple[str, World]
) -> AsyncIterator[Place]:
    """The world of all tests, in a clone for one test."""
    async with AsyncExitStack() as stack:
        yield await _place(stack, new_database, world_template[0])


@dataclass
class Office:
    """The place with the service in front of it."""

    place: Place
    market: Market
    world: World

    async def work(self) -> int:
        """What the worker does in one round; returns on how many merges it worked."""
        return await worker.merges(self.place.worker)

    async def mails(self, address: str, template: str) -> list[dict[str, Any]]:
        """Payloads of the mails of a kind to an address, newest first."""
        found = await self.market.mails_to(address)
        return [mail["payload"] for mail in found if mail["template"] == template]


@pytest_asyncio.fixture
async def office(place: Place, world: World) -> AsyncIterator[Office]:
    """The service on the place, in this process."""
    async with running(place.urls.api) as app, from_address(app) as client:
        yield Office(place, Market(client, place.urls, world), world)


RandomPlace = Callable[[int], AbstractAsyncContextManager[tuple[Place, RandomWorld]]]


@pytest.fixture
def random_place(new_database: NewDatabase) -> RandomPlace:
    """`async with random_place(seed) as (place, world)`: a random world in its own database."""

    @asynccontextmanager
    async def make(seed: int) -> AsyncIterator[tuple[Place, RandomWorld]]:
        async with AsyncExitStack() as stack:
            place = await _place(stack, new_database, None)
            yield place, await RandomWorld(place.builder(), seed).build()

    return make


@pytest.fixture
def seeds() -> list[int]:
    """Seeds of random worlds: KOLLEGIUM_MERGE_WORLDS of them, from KOLLEGIUM_SEED on."""
    first = int(os.environ.get("KOLLEGIUM_SEED", "61"))
    return list(range(first, first + sized(2, whole=4, name="KOLLEGIUM_MERGE_WORLDS")))
