"""Merging a company with 100,000 leads: against the bare updates, and beside other people's work.

`python -m bench.migration.merge` (make bench-merge) builds the world of merge_world.sql in a server
of its own under .data/, measures on fresh clones of it in turn, and writes the goals into
docs/evidence/migration.json. Goals: a merge takes at most 2.0 times the bare updates of the same
rows (merge_bare.sql), and while it runs the 99th percentile of other companies' requests is at most
1.5 times what it is without it.
"""

import argparse
import asyncio
import contextlib
import os
import secrets
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from unittest.mock import patch
from uuid import UUID

import asyncpg

from bench.migration.evidence import goal, record
from service import embedded
from service.commands.connections import with_database, with_login
from service.embedded import EmbeddedServer

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
RATIO, P99 = 2.0, 1.5
CLIENTS, PAUSE = 4, 0.08  # far from saturation: what is measured is waiting, not throughput
SETTINGS = {"shared_buffers": "1GB", "max_wal_size": "8GB", "checkpoint_timeout": "30min",
            "autovacuum": "off"}  # fmt: skip
LIST = (
    "select id, state, interest from app.lead where engaged_company_id ="
    " (select app.current_company_id()) order by id desc limit 20"
)


class Bench:
    """The server with the template database; each measurement gets a clone."""

    def __init__(self, url: str, password: str) -> None:
        self.url, self.password, self.number = url, password, 0
        self.companies: dict[str, UUID] = {}

    async def prepare(self) -> None:
        """Schema and world."""
        async with connection(self.url) as server:
            await server.execute("create database world")
        environment = {**os.environ, "DATABASE_OWNER_URL": with_database(self.url, "world")}
        command = [sys.executable, "-m", "alembic", "upgrade", "head"]
        await asyncio.to_thread(
            subprocess.run, command, cwd=ROOT, env=environment, check=True, capture_output=True
        )
        async with connection(with_database(self.url, "world")) as world:
            for role in ("kollegium_api", "kollegium_staff"):
                await world.execute(f"alter role {role} password '{self.password}'")
            await world.execute(_sql("merge_world.sql"))
            rows = await world.fetch("select right(name, 1) as letter, id from app.company")
            self.companies = {row["letter"]: row["id"] for row in rows}
            await world.execute("vacuum (analyze)")

    async def clone(self) -> str:
        """A fresh copy, read once so that it lies in memory; its superuser URL."""
        self.number += 1
        name = f"clone{self.number}"
        async with connection(self.url) as server:
            if self.number > 1:
                await server.execute(f"drop database clone{self.number - 1} with (force)")
            await server.execute(f"create database {name} template world strategy file_copy")
            await server.execute("checkpoint")
        url = with_database(self.url, name)
        async with connection(url) as db:
            for table in ("lead", "prospect", "history", "engagement", "offer", "note", "message"):
                await db.fetchval(f"select sum(length(t::text)) from app.{table} t")
        return url

    def role(self, url: str, role: str) -> str:
        """The same database as another role."""
        return with_login(url, f"kollegium_{role}", self.password)


@contextlib.asynccontextmanager
async def connection(url: str) -> AsyncIterator[Any]:
    """A connection for the time of the block."""
    db = await asyncpg.connect(url)
    try:
        yield db
    finally:
        await db.close()


def _sql(name: str) -> str:
    return (HERE / name).read_text("utf-8")


async def bare(bench: Bench) -> float:
    """Seconds of the bare updates, commit included."""
    url = await bench.clone()
    script = _sql("merge_bare.sql").format(
        absorbed=bench.companies["A"], survivor=bench.companies["S"]
    )
    async with connection(url) as db:
        begun = time.perf_counter()
        async with db.transaction():
            await db.execute(script)
        return time.perf_counter() - begun


async def load(url: str, stop: asyncio.Event) -> list[float]:
    """Milliseconds of requests of company B, one after the other on CLIENTS connections."""
    found: list[float] = []

    async def client() -> None:
        async with connection(url) as db:
            while not stop.is_set():
                begun = time.perf_counter()
                async with db.transaction():
                    await db.execute("select app.enter($1)", "kgs_bench-Admin B")
                    rows = await db.fetch(LIST)
                if len(rows) != 20:
                    raise RuntimeError("company B does not see its leads")
                found.append((time.perf_counter() - begun) * 1000)
                await asyncio.sleep(PAUSE)

    await asyncio.gather(*(client() for _ in range(CLIENTS)))
    return found


def p99(values: list[float]) -> float:
    """The 99th percentile."""
    return statistics.quantiles(values, n=100)[98]


async def merged(bench: Bench, *, disturbed: bool = False) -> dict[str, float]:
    """Seconds of rehearsal, merge and undo; with `disturbed` also other people's p99."""
    url = await bench.clone()
    figures: dict[str, float] = {}
    async with connection(bench.role(url, "staff")) as staff, connection(url) as superuser:
        merge = await staff.fetchval(
            "select app.request_merge_in_writing($1, $2, null, 'bench')",
            *(bench.companies["S"], bench.companies["A"]),
        )

        async def timed(name: str, sql: str) -> None:
            begun = time.perf_counter()
            await staff.execute(sql, merge)
            figures[name] = time.perf_counter() - begun

        await timed("rehearsal", "select app.rehearse_merge($1)")
        for side in ("survivor", "absorbed"):
            await staff.execute("select app.record_merge_consent($1, $2, 'bench')", merge, side)
        # Between a rehearsal and the consents to it autovacuum has its time.
        await superuser.execute("vacuum (analyze)")
        await superuser.execute("checkpoint")
        if not disturbed:
            await timed("merge", "select app.run_merge($1)")
            await timed("undo", "select app.undo_merge($1)")
            return figures
        for name in ("quiet", "during"):
            stop = asyncio.Event()
            working = asyncio.create_task(load(bench.role(url, "api"), stop))
            await asyncio.sleep(1)
            if name == "quiet":
                await asyncio.sleep(figures["rehearsal"])
            else:
                await timed("merge", "select app.run_merge($1)")
            stop.set()
            figures[name] = p99(await working)
    return figures


def _goals(
    bares: list[float], merges: list[dict[str, float]], beside: dict[str, float]
) -> list[Any]:
    plain = statistics.median(bares)
    times = {name: statistics.median(m[name] for m in merges) for name in merges[0]}
    ratio, share = times["merge"] / plain, beside["during"] / beside["quiet"]
    print(f"bare updates {plain:.1f} s; " + ", ".join(f"{k} {v:.1f} s" for k, v in times.items()))
    return [
        goal("merge", "100,000 leads, wall time as a ratio to the bare updates", f"<= {RATIO}",
             f"{ratio:.2f} ({times['merge']:.1f} s, bare {plain:.1f} s; rehearsal "
             f"{times['rehearsal']:.1f} s, undo {times['undo']:.1f} s)", ratio <= RATIO),
        goal("merge", "p99 of other companies meanwhile, as a ratio to undisturbed", f"<= {P99}",
             f"{share:.2f} ({beside['during']:.1f} ms, undisturbed {beside['quiet']:.1f} ms)",
             share <= P99),
    ]  # fmt: skip


async def measure(bench: Bench, rounds: int) -> list[Any]:
    """All of it, in turn."""
    print("building the world …", flush=True)
    await bench.prepare()
    bares, merges = [], []
    for number in range(rounds):
        bares.append(await bare(bench))
        merges.append(await merged(bench))
        print(f"round {number + 1}: bare {bares[-1]:.1f} s, {merges[-1]}", flush=True)
    return _goals(bares, merges, await merged(bench, disturbed=True))


def main() -> None:
    """Runs the benchmark and writes the evidence."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--no-evidence", action="store_true", help="print only")
    given = parser.parse_args()
    directory = ROOT / ".data" / "bench-merge"
    shutil.rmtree(directory, ignore_errors=True)
    with patch.dict(embedded.SETTINGS, SETTINGS), EmbeddedServer.start(directory) as server:
        bench = Bench(server.superuser_url, secrets.token_hex(16))
        goals = asyncio.run(measure(bench, given.rounds))
    shutil.rmtree(directory, ignore_errors=True)
    for one in goals:
        print(f"{'met' if one['met'] else 'MISSED'}: {one['name']}: {one['measured']}")
    if not given.no_evidence:
        record("merge", goals)


if __name__ == "__main__":
    main()
