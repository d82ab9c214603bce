"""Connections and worlds for the tests of merging."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Any

import pytest
import pytest_asyncio

from tests.fixtures.database import NewDatabase, Urls, connected
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


async def _place(stack: AsyncExitStack, new_database: NewDatabase, source: str | None) -> Place:
    urls = await stack.enter_async_context(new_database(source))
    api, staff, worker, superuser = [
        await stack.enter_async_context(connected(url))
        for url in (urls.api, urls.staff, urls.worker, urls.superuser)
    ]
    return Place(urls, api, staff, worker, superuser, Merging(staff))


@pytest_asyncio.fixture
async def place(
    new_database: NewDatabase, world_template: tuple[str, World]
) -> AsyncIterator[Place]:
    """The world of all tests, in a clone for one test."""
    async with AsyncExitStack() as stack:
        yield await _place(stack, new_database, world_template[0])


RandomPlace = Callable[[int], Awaitable[tuple[Place, RandomWorld]]]


@pytest_asyncio.fixture
async def random_place(new_database: NewDatabase) -> AsyncIterator[RandomPlace]:
    """`await random_place(seed)`: a random world in a database of its own."""
    async with AsyncExitStack() as stack:

        async def make(seed: int) -> tuple[Place, RandomWorld]:
            place = await _place(stack, new_database, None)
            return place, await RandomWorld(place.builder(), seed).build()

        yield make


@pytest.fixture
def seeds() -> list[int]:
    """Seeds of random worlds: KOLLEGIUM_MERGE_WORLDS of them, from KOLLEGIUM_SEED on."""
    import os

    first = int(os.environ.get("KOLLEGIUM_SEED", "2026"))
    return list(range(first, first + int(os.environ.get("KOLLEGIUM_MERGE_WORLDS", "4"))))
