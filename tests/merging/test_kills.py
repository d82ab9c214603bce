"""Killed at random points: of a merge and of its undoing everything happened, or nothing; taken up
again, they end as undisturbed ones do.

KOLLEGIUM_MERGE_KILLS (5, whole: 10) is how often the connection is killed, KOLLEGIUM_KILLS (2) how
often the job, KOLLEGIUM_SERVER_KILLS (1) how often PostgreSQL; KOLLEGIUM_SEED repeats a run."""

import asyncio
import os
import random
import subprocess
import sys
import time
from contextlib import AsyncExitStack
from dataclasses import dataclass
from uuid import UUID

import pytest

from tests.fixtures.clusters import HEAD
from tests.fixtures.database import (
    ROOT,
    _set_passwords,
    connected,
    database,
    urls_for,
)
from tests.fixtures.killable import KillableServer
from tests.fixtures.sizes import sized
from tests.fixtures.world import World, build_world
from tests.merging.conftest import Place, opened
from tests.merging.stage import fingerprint, mark, owned

CONNECTION_KILLS = sized(5, whole=10, name="KOLLEGIUM_MERGE_KILLS")
JOB_KILLS = int(os.environ.get("KOLLEGIUM_KILLS", "2"))
SERVER_KILLS = int(os.environ.get("KOLLEGIUM_SERVER_KILLS", "1"))
SEED = int(os.environ.get("KOLLEGIUM_SEED", "0")) or random.randrange(10**6)


@pytest.fixture
def chance() -> random.Random:
    """Random points, to be repeated with the printed seed."""
    print(f"KOLLEGIUM_SEED={SEED}")
    return random.Random(SEED)


async def _state(place: Place, merge: UUID) -> str:
    state = await place.staff.fetchval("select state from app.list_merges($1)", merge)
    return str(state)


@dataclass
class Ends:
    """All rows of a world in which Huber absorbs Klein and lets it go again, as undisturbed runs
    leave them, and how many seconds one takes."""

    world: World
    until: UUID
    rows: dict[str, dict[str, str]]
    seconds: float

    @classmethod
    async def of(cls, place: Place, world: World) -> "Ends":
        """Runs both undisturbed."""
        until, apart = await mark(place.superuser), await fingerprint(place.superuser)
        merge = await place.merging.prepare(world.huber, world.klein)
        begun = time.monotonic()
        await place.merging.run(merge)
        seconds = time.monotonic() - begun
        one = await fingerprint(place.superuser, until)
        assert await owned(place.superuser, world.klein.id) == []
        await place.merging.undo(merge)
        assert await fingerprint(place.superuser, until) == apart
        assert one != apart
        return cls(world, until, {"consented": apart, "done": one, "undone": apart}, seconds)

    async def taken_up(self, place: Place, merge: UUID, step: str) -> bool:
        """After a kill: all or nothing; then the step is done again, if it has to be. Returns
        whether the kill came in time."""
        before, after = ("consented", "done") if step == "run" else ("done", "undone")
        # The locks of what was killed end with it.
        await place.superuser.execute(
            "select pg_advisory_xact_lock(app_private.company_lock_key($1))", self.world.klein.id
        )
        state = await _state(place, merge)
        assert state in (before, after)
        assert await fingerprint(place.superuser, self.until) == self.rows[state]
        if state == before:
            await getattr(place.merging, step)(merge)
        assert await fingerprint(place.superuser, self.until) == self.rows[after]
        return state == before


async def _connection_killed(place: Place, merge: UUID, step: str, seconds: float) -> None:
    async with connected(place.urls.staff) as victim:
        pid = victim.get_server_pid()
        running = asyncio.create_task(victim.fetchval(f"select app.{step}_merge($1)", merge))
        await asyncio.sleep(seconds)
        await place.superuser.execute("select pg_terminate_backend($1)", pid)
        await asyncio.gather(running, return_exceptions=True)


async def test_the_connection_is_killed(place: Place, world: World, chance: random.Random) -> None:
    ends = await Ends.of(place, world)
    killed = 0
    for number in range(CONNECTION_KILLS):
        step = "undo" if number % 2 else "run"
        if step == "run":
            merge = await place.merging.prepare(world.huber, world.klein)
        await _connection_killed(place, merge, step, chance.uniform(0, ends.seconds))
        killed += await ends.taken_up(place, merge, step)
    print(f"{killed} of {CONNECTION_KILLS} connections were killed on the way")
    assert killed


def _job(place: Place, command: list[str]) -> "subprocess.Popen[bytes]":
    environment = {k: v for k, v in os.environ.items() if "DATABASE" not in k}
    urls = {"DATABASE_STAFF_URL": place.urls.staff, "DATABASE_WORKER_URL": place.urls.worker}
    return subprocess.Popen(
        [sys.executable, "-m", "service", *command],
        cwd=ROOT,
        env={**environment, **urls},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


async def test_the_job_is_killed(place: Place, world: World, chance: random.Random) -> None:
    """Staff's command and the worker, at any moment from their start to their end."""
    begun = time.monotonic()
    job = _job(place, ["worker", "--once"])  # and what it does besides is done
    assert await asyncio.to_thread(job.wait) == 0
    seconds = time.monotonic() - begun
    ends = await Ends.of(place, world)
    killed = 0
    for number in range(JOB_KILLS):
        step = "undo" if number % 2 else "run"
        if step == "run":
            merge = await place.merging.prepare(world.huber, world.klein)
        command = ["merge", step, str(merge), "--yes"]
        if step == "run" and chance.random() < 0.5:
            await place.superuser.execute("update app.company_merge set execute_at = now()")
            command = ["worker", "--once"]
        job = _job(place, command)
        await asyncio.sleep(chance.uniform(seconds / 2, seconds + ends.seconds))
        job.kill()
        job.wait()
        killed += await ends.taken_up(place, merge, step)
    print(f"{killed} of {JOB_KILLS} jobs were killed before their end")


async def test_postgresql_is_killed(own_server: KillableServer, chance: random.Random) -> None:
    async with database(own_server.running.superuser_url, HEAD) as urls:
        await _set_passwords(own_server.running.superuser_url)
        async with AsyncExitStack() as stack:
            place = await opened(stack, urls)
            world = await build_world(place.api, place.staff, place.worker, place.superuser)
            ends = await Ends.of(place, world)
        killed = 0
        for number in range(SERVER_KILLS):
            step = "undo" if number % 2 else "run"
            async with AsyncExitStack() as stack:
                place = await opened(stack, urls)
                if step == "run":
                    merge = await place.merging.prepare(world.huber, world.klein)
                pids = own_server.processes()
                running = asyncio.create_task(getattr(place.merging, step)(merge))
                await asyncio.sleep(chance.uniform(0, ends.seconds))
                await asyncio.to_thread(own_server.kill, pids)
                await asyncio.gather(running, return_exceptions=True)
            await asyncio.to_thread(own_server.restart)
            urls = urls_for(own_server.running.superuser_url, urls.database)
            async with AsyncExitStack() as stack:
                killed += await ends.taken_up(await opened(stack, urls), merge, step)
        print(f"{killed} of {SERVER_KILLS} times PostgreSQL was killed on the way")
