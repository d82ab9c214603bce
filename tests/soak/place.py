"""Where parts of the soak measure: the service as a process of its own on a test database, a client
that takes the time, and what was measured."""

import asyncio
import contextlib
import json
import os
import socket
import sys
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from tests.fixtures.database import ROOT

SERVE = [sys.executable, "-m", "service"]


def _environment(**more: str) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", **more}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@dataclass(frozen=True)
class Answers:
    """Milliseconds of each answer, and how many had which status."""

    times: list[float]
    statuses: dict[int, int]

    def at(self, share: float) -> float:
        """The quantile, as the time of an answer that there was."""
        return sorted(self.times)[min(len(self.times) - 1, int(share * len(self.times)))]


def together(all_of: Sequence[Answers]) -> Answers:
    """Those of several turns as if they were one."""
    statuses: Counter[int] = Counter()
    for one in all_of:
        statuses.update(one.statuses)
    return Answers([time for one in all_of for time in one.times], dict(statuses))


@contextlib.asynccontextmanager
async def process(*arguments: str, log: Path, **env: str) -> AsyncIterator[None]:
    """`kollegium …` until the block ends."""
    with log.open("wb") as out:
        running = await asyncio.create_subprocess_exec(
            *SERVE, *arguments, cwd=ROOT, env=_environment(**env), stdout=out, stderr=out
        )
    try:
        yield
        assert running.returncode is None, log.read_text("utf-8")[-2000:]
    finally:
        with contextlib.suppress(ProcessLookupError):
            running.terminate()
        await running.wait()


@contextlib.asynccontextmanager
async def serving(url: str, log: Path, **env: str) -> AsyncIterator[int]:
    """The service as in production: one process, pool by the number of cores. Its port."""
    port = _free_port()
    arguments = ("serve", "--port", str(port))
    async with process(*arguments, log=log, DATABASE_URL=url, **env):
        async with httpx.AsyncClient() as client:
            for _ in range(300):
                with contextlib.suppress(httpx.TransportError):
                    if (await client.get(f"http://127.0.0.1:{port}/readyz")).status_code == 200:
                        break
                await asyncio.sleep(0.1)
            else:
                raise AssertionError(log.read_text("utf-8")[-2000:])
        yield port


async def asked(
    port: int, requests: Sequence[Sequence[Any]], seconds: float = 0, pause: float = 0.0
) -> Answers:
    """What tests.soak.asking found."""
    given = {"port": port, "requests": requests, "seconds": seconds, "pause": pause}
    asking = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tests.soak.asking"),
        cwd=ROOT, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    out, _ = await asking.communicate(json.dumps(given).encode())
    assert asking.returncode == 0
    found = json.loads(out)
    return Answers([time for time, _ in found], dict(Counter(status for _, status in found)))


@contextlib.asynccontextmanager
async def meanwhile(*endless: Any) -> AsyncIterator[None]:
    """Loads that go on for as long as the block takes."""
    tasks = [asyncio.ensure_future(one) for one in endless]
    try:
        yield
        for task in tasks:
            if task.done():
                task.result()
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def keep(goal: dict[str, Any]) -> None:
    """Adds a goal and what was measured to what the run writes to docs/evidence."""
    print(json.dumps(goal))
    if file := os.environ.get("KOLLEGIUM_FIGURES"):
        with Path(file).open("a", encoding="utf-8") as out:
            out.write(json.dumps(goal) + "\n")
