"""Killed at random points and resumed: the same end state as undisturbed.

KOLLEGIUM_KILLS sets how often the job is killed (1, whole: 2), KOLLEGIUM_SERVER_KILLS how often
PostgreSQL (1); KOLLEGIUM_SEED repeats a run.
"""

import asyncio
import os
import random
import subprocess
import sys
import time
from typing import Any

import pytest

from service.jobs.legacy.practice.filling import fill_schema
from service.jobs.legacy.practice.generating import Generator
from tests.fixtures.clusters import HEAD
from tests.fixtures.database import (
    ROOT,
    Urls,
    _set_passwords,
    connected,
    database,
    urls_for,
)
from tests.fixtures.killable import KillableServer
from tests.fixtures.sizes import sized
from tests.legacy.system import imported, state

KILLS = sized(1, whole=2, name="KOLLEGIUM_KILLS")
SERVER_KILLS = int(os.environ.get("KOLLEGIUM_SERVER_KILLS", "1"))
SEED = int(os.environ.get("KOLLEGIUM_SEED", "0")) or random.randrange(10**6)
BATCH = sized(16, whole=40)
_COMMAND = [sys.executable, "-m", "service", "legacy", "import", "--batch", str(BATCH)]


def _job(url: str) -> subprocess.Popen[bytes]:
    environment = {k: v for k, v in os.environ.items() if "DATABASE" not in k}
    return subprocess.Popen(
        [*_COMMAND, "--log", "-", "--json"],
        cwd=ROOT,
        env={**environment, "DATABASE_STAFF_URL": url},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )


def _killed_after(job: subprocess.Popen[bytes], lines: int, seconds: float) -> bool:
    """Kills the job a moment after so many lines of its log; False: it had ended before."""
    assert job.stdout is not None
    for _ in range(lines):
        if not job.stdout.readline():
            break
    time.sleep(seconds)
    ended = job.poll() is not None
    job.kill()
    job.wait()
    job.stdout.close()
    return not ended


async def _forget(superuser: Any) -> None:
    """Back to a database into which nothing was imported."""
    await superuser.execute(
        "truncate app.company, app_private.legacy_lead, app_private.legacy_quarantine, "
        "app_private.legacy_group, app_private.legacy_group_member, app_private.audit_entry, "
        "app_private.legacy_participation cascade"
    )


async def _lines(url: str) -> int:
    """Lines that an undisturbed job logs; fails with what it said when it fails."""
    done = await asyncio.to_thread(_job(url).communicate)
    return len(done[0].splitlines())


@pytest.fixture
def source() -> random.Random:
    """Random points, to be repeated with the printed seed."""
    print(f"KOLLEGIUM_SEED={SEED}")
    return random.Random(SEED)


async def test_the_job_is_killed_and_resumed(dirty: Urls, source: random.Random) -> None:
    async with connected(dirty.superuser) as superuser:
        lines = await _lines(dirty.staff)
        wanted = await state(superuser)
        assert lines > 30  # the control: the job came to its end, batch by batch
        await _forget(superuser)
        assert await state(superuser) != wanted
        killed = halves = 0
        while killed < KILLS:
            job = await asyncio.to_thread(_job, dirty.staff)
            point = source.randrange(0, lines)
            moment = source.random() * (0.9 if point == 0 else 0.03)
            killed += await asyncio.to_thread(_killed_after, job, point, moment)
            half = await superuser.fetchval("select count(*) from app.lead")
            halves += 0 < half < int(wanted["app.lead"].split()[0])
            if killed % 5 == 0 or killed == KILLS:
                await imported(dirty)
                assert await state(superuser) == wanted, f"KOLLEGIUM_SEED={SEED}"
                await _forget(superuser)
        print(f"killed {killed} times, {halves} times between two batches of leads")
        assert await superuser.fetchval("select count(*) from legacy_staging.leads") == 0


async def test_postgresql_is_killed_and_the_job_resumed(
    own_server: KillableServer, source: random.Random
) -> None:
    root = own_server.running.superuser_url
    async with database(root, HEAD) as urls:
        await _set_passwords(root)
        async with connected(urls.superuser) as superuser:
            chunks = Generator(sized(30, whole=60), sized(300, whole=600), 43).chunks()
            await fill_schema(superuser, "legacy", chunks, "kollegium_staff", lambda *_: None)
            lines = await _lines(urls.staff)
            wanted = await state(superuser)
            await _forget(superuser)
            assert await state(superuser) != wanted
        for _ in range(SERVER_KILLS):
            job = await asyncio.to_thread(_job, urls.staff)
            assert job.stdout is not None
            for _ in range(source.randrange(1, lines - 3)):
                await asyncio.to_thread(job.stdout.readline)
            time.sleep(source.random() * 0.02)
            own_server.kill()
            rest = (await asyncio.to_thread(job.communicate))[0]
            assert b'"event":"done"' not in rest, "the job was over before the server was killed"
            assert job.returncode == 1
            await asyncio.to_thread(own_server.restart)
            urls = urls_for(own_server.running.superuser_url, urls.database)
            await imported(urls)
            async with connected(urls.superuser) as superuser:
                assert await state(superuser) == wanted, f"KOLLEGIUM_SEED={SEED}"
                await _forget(superuser)
