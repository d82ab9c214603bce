"""Databases with a former system in schema `legacy`: a clean one, and a generated dirty one."""

from collections.abc import AsyncIterator

import pytest_asyncio

from service.jobs.legacy.practice.filling import fill_schema
from service.jobs.legacy.practice.generating import Generator
from tests.fixtures.database import NewDatabase, Urls, connected
from tests.fixtures.sizes import sized
from tests.legacy.system import build, imported

USERS, LEADS, SEED = 120, sized(600, whole=1_500), 41


@pytest_asyncio.fixture(scope="session")
async def clean_template(new_database: NewDatabase) -> AsyncIterator[str]:
    """The small clean system; clone it, never change it."""
    async with new_database() as urls:
        async with connected(urls.superuser) as superuser:
            await build(superuser)
        yield urls.database


@pytest_asyncio.fixture
async def clean(new_database: NewDatabase, clean_template: str) -> AsyncIterator[Urls]:
    """A clone of the clean system for one test."""
    async with new_database(clean_template) as urls:
        yield urls


@pytest_asyncio.fixture(scope="session")
async def brought_template(new_database: NewDatabase, clean_template: str) -> AsyncIterator[str]:
    """The clean system and what the first import brought over; clone it, never change it."""
    async with new_database(clean_template) as urls:
        await imported(urls)
        yield urls.database


@pytest_asyncio.fixture
async def brought(new_database: NewDatabase, brought_template: str) -> AsyncIterator[Urls]:
    """A clone of the clean system after its first import, for one test."""
    async with new_database(brought_template) as urls:
        yield urls


@pytest_asyncio.fixture(scope="session")
async def dirty_template(new_database: NewDatabase) -> AsyncIterator[str]:
    """A generated system with its dirt; clone it, never change it."""
    async with new_database() as urls:
        async with connected(urls.superuser) as superuser:
            chunks = Generator(USERS, LEADS, SEED).chunks()
            await fill_schema(superuser, "legacy", chunks, "kollegium_staff", lambda *_: None)
        yield urls.database


@pytest_asyncio.fixture
async def dirty(new_database: NewDatabase, dirty_template: str) -> AsyncIterator[Urls]:
    """A clone of the generated system for one test."""
    async with new_database(dirty_template) as urls:
        yield urls
