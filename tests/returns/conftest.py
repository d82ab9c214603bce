"""Fixtures of the tests of returns."""

from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio

from tests.fixtures import clock
from tests.fixtures.database import Urls, connected


@pytest_asyncio.fixture
async def superuser(world_database: Urls) -> AsyncIterator[Any]:
    """Turns the clock, and turns it back."""
    async with connected(world_database.superuser) as connection:
        await clock.stay_logged_in(connection)
        await connection.execute("truncate app_private.rate")
        yield connection
        await clock.right(connection)
        await connection.execute("truncate app_private.rate")  # limits of that time


@pytest_asyncio.fixture
async def worker(world_database: Urls) -> AsyncIterator[Any]:
    """The connection of a worker."""
    async with connected(world_database.worker) as connection:
        yield connection
