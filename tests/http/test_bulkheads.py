"""Reads, writes and long work have connections of their own: none of them keeps another waiting."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from service.database import transaction as database
from service.settings import ServiceSettings
from tests.fixtures.database import ROOT, Urls, connected
from tests.fixtures.http import Person, from_address, running
from tests.fixtures.world import World

CSV = {"content-type": "text/csv"}
HEAD = "Vorname;Nachname;PLZ;Ort;Telefon;E-Mail;Anliegen;Einwilligung\n"


@asynccontextmanager
async def serving(urls: Urls) -> AsyncIterator[httpx.AsyncClient]:
    """The service with six connections, all open, for which requests wait two seconds at most."""
    async with (
        running(urls.api, pool_size=6, pool_timeout=2) as app,
        from_address(app) as client,
    ):
        await app.warm_up()
        yield client


@asynccontextmanager
async def behind(urls: Urls, lock: str, *requests: Any) -> AsyncIterator[None]:
    """Requests that wait for a lock for as long as the block takes, and then end as they like."""
    async with connected(urls.superuser) as holder:
        async with holder.transaction():
            await holder.execute(lock)
            tasks = [asyncio.ensure_future(request) for request in requests]
            await asyncio.sleep(0.1)  # long enough for each to wait for its lock or connection
            yield
        await asyncio.gather(*tasks, return_exceptions=True)


def waiting_writers(client: httpx.AsyncClient, world: World) -> list[Any]:
    """Eight picks and twelve corrections that wait for leads which somebody has locked."""
    anna, olga = Person(client, world.anna.token), Person(client, world.olga.token)
    offered = f"/marketplaces/{world.nord_id}/leads/{world.leads['offered']}"
    return [anna.post(f"{offered}/pick") for _ in range(8)] + [
        olga.patch(offered, {"interest": "Dach"}, etag="*") for _ in range(12)
    ]


def imports(client: httpx.AsyncClient, world: World) -> list[Any]:
    """Six files of a giver."""
    gerd = Person(client, world.gerd.token)
    row = "Petra;Muster;10115;Berlin;;petra{}@muster.example;Dach;ja\n"
    return [
        gerd.post(
            f"/imports?marketplace={world.nord_id}",
            content=(HEAD + "".join(row.format(f"{k}.{n}") for n in range(60))).encode(),
            headers=CSV,
        )
        for k in range(6)
    ]


LEADS = "select from app.lead for update"


async def test_reads_are_answered_while_all_others_wait(world_database: Urls, world: World) -> None:
    """Fritz has nothing to do with it; he is answered, every time."""
    async with serving(world_database) as client:
        fritz = Person(client, world.fritz.token)
        async with behind(
            world_database, LEADS, *waiting_writers(client, world), *imports(client, world)
        ):
            for path in ("/leads?as=operator", "/marketplaces", "/me", "/imports") * 5:
                answer = await fritz.get(path)
                assert answer.status_code == 200, (path, answer.text)
        await settle(world_database)


async def test_without_shares_they_would_not(
    world_database: Urls, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: one pool for all."""
    monkeypatch.setattr(database, "shares", lambda size: {})
    async with serving(world_database) as client:
        fritz = Person(client, world.fritz.token)
        async with behind(world_database, LEADS, *waiting_writers(client, world)):
            assert (await fritz.get("/leads?as=operator")).status_code == 503


async def test_writes_and_reads_are_answered_while_files_wait(
    world_database: Urls, world: World
) -> None:
    async with serving(world_database) as client:
        fritz = Person(client, world.fritz.token)
        async with behind(
            world_database,
            "lock table app_private.import_chunk in exclusive mode",
            *imports(client, world),
        ):
            assert (await fritz.get("/me")).status_code == 200
            made = await fritz.post("/api-keys", {"name": "Probe"})
            assert made.status_code == 201, made.text


async def test_a_file_is_taken_while_writers_wait(world_database: Urls, world: World) -> None:
    async with serving(world_database) as client:
        fritz = Person(client, world.fritz.token)
        async with behind(world_database, LEADS, *waiting_writers(client, world)):
            one = HEAD + "Petra;Muster;10115;Berlin;;petra.f@muster.example;Dach;ja\n"
            made = await fritz.post(
                f"/imports?marketplace={world.sued_id}", content=one.encode(), headers=CSV
            )
            assert made.status_code == 201, made.text
            assert made.json()["imported"] == 1


def test_the_pooler_that_is_shipped_has_room_for_two_processes() -> None:
    """Where it has not, what waits for a lock takes the connections that others keep for reads."""
    ini = (ROOT / "deploy" / "pgbouncer.ini").read_text("utf-8")
    size = re.search(r"^default_pool_size = (\d+)$", ini, re.MULTILINE)
    assert size is not None
    assert int(size[1]) >= 2 * max(ServiceSettings(database_url="x", pool_size=0).connections, 10)


async def settle(urls: Urls) -> None:
    """What was left to the worker is done."""
    from service.jobs.worker import timers as worker

    async with connected(urls.superuser) as superuser, connected(urls.worker) as connection:
        await superuser.execute("update app.lead_import set retry_at = now()")
        await worker.imports(connection)
