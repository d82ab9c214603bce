"""The worlds: 50,000, 500,000 and 5,000,000 leads of 2,000 companies, from numbers alone.

`world.sql` has the same arithmetic and says who is who. A world is a database of the cluster,
built once and kept in `.data/`; indexes and constraints are put aside while rows come in, and put
back, which checks every row.
"""

import asyncio
import hashlib
import math
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config

from bench.cluster import Cluster
from service import identity
from service.database import schema

ROOT = Path(__file__).resolve().parent.parent
WORLDS = {"50k": 50_000, "500k": 500_000, "5m": 5_000_000}
MARKETPLACES, BLOCK = 200, 2_000  # leads of a block: ten of each marketplace
CONTESTED = 9_000_000_000  # number of the first of eight leads that 64 takers want
LOG_INS = 100  # colleagues with a password: 0, 100, 200 …; the smallest worlds have fewer
BATCH = 50  # blocks in one transaction

BIG = ("lead", "prospect", "brokerage", "offer", "engagement", "message", "history")
HELPERS = """
create schema bench;
create table bench.filled (first int primary key);
create table bench.aside (number int, kind text, on_table text, name text, definition text);
create function bench.id(kind int, n bigint) returns uuid language sql immutable strict as
$$ select ('01900000-0000-700' || kind || '-8000-' || lpad(n::text, 12, '0'))::uuid $$;
create function bench.day() returns timestamptz language sql immutable as
$$ select timestamptz '2026-01-01 00:00:00+00' $$;
create function bench.parties(m int, giver int, taker int) returns uuid[] language sql immutable as
$$ select array_remove(array[bench.id(1, m), bench.id(1, giver), bench.id(1, taker)], null) $$;
"""

Progress = Callable[[str, int, int], None]  # what, done, of how many


def database(leads: int) -> str:
    """Name of the world's database."""
    return f"world_{leads}"


def uid(kind: int, number: int) -> str:
    """The id of a company (1), colleague (2), marketplace (3), lead (4)."""
    return f"01900000-0000-700{kind}-8000-{number:012d}"


def token(colleague: int) -> str:
    """The bearer token of a colleague, as long as a real one."""
    return f"kgs_{colleague:043d}"


def password(colleague: int) -> str:
    """The password of one of the colleagues that log in."""
    return f"Kennwort-{colleague:05d}-mit-Absicht-lang"


def engaged_taker(marketplace: int, block: int, row: int) -> int:
    """The company that works the lead `row` (5 to 9) of a block."""
    return 400 + marketplace % 25 + 25 * ((block * 5 + row - 5) % 32)


def offered_taker(marketplace: int, block: int, row: int, which: int = 0) -> int:
    """One of the three companies with an offer for the lead `row` (0 to 4) of a block."""
    return 400 + marketplace % 25 + 25 * ((block * 5 + row + 21 * which) % 64)


def number(marketplace: int, block: int, row: int) -> int:
    """The number of a lead, counted over all marketplaces."""
    return (block * 10 + row) * MARKETPLACES + marketplace


async def migrate(url: str) -> None:
    """`alembic upgrade head`; env.py runs a loop of its own, hence the thread."""
    config = Config(ROOT / "alembic.ini")
    config.attributes["url"] = url
    await asyncio.to_thread(command.upgrade, config, "head")


async def bring_to_head(cluster: Cluster, name: str) -> bool:
    """Migrates a database unless it is at the newest revision; whether it was not."""
    async with cluster.connected(name) as connection:
        if schema.fault(await schema.built_from(connection)) is None:
            return False
    await migrate(cluster.url(name))
    return True


async def build(
    cluster: Cluster,
    leads: int,
    progress: Progress,
    seconds: float = math.inf,
    template: str = "template0",
) -> bool:
    """Builds a world, or goes on building it; False when the time was up before it was complete.

    Needs a server without fsync to be quick. `template` may be migrated already. Steps are marked
    in the schema `bench` of the world, which goes when it is complete.
    """
    name, deadline = database(leads), time.monotonic() + seconds
    if not await cluster.exists(name):
        await _begin(cluster, name, leads, template)
    starts = await _steps(
        cluster,
        name,
        "select generate_series(0, $1::int - 1, $2::int) except "
        "select first from bench.filled order by 1",
        leads // BLOCK,
        BATCH,
    )
    await _fill(cluster, name, starts, leads // BLOCK, progress, deadline)
    if time.monotonic() > deadline or not await _put_back(cluster, name, progress, deadline):
        return False
    progress("vacuum", 0, 1)
    async with cluster.connected(name) as connection:
        await connection.execute("drop schema bench cascade")
        await connection.execute("vacuum (freeze, analyze)")
        await connection.execute("checkpoint")
    progress("vacuum", 1, 1)
    await cluster.complete(name)
    return True


async def _begin(cluster: Cluster, name: str, leads: int, template: str) -> None:
    """Schema, reference set, and the big tables without keys and indexes; or nothing at all."""
    await cluster.create(name, template)
    try:
        await bring_to_head(cluster, name)
        await cluster.set_passwords()
        async with cluster.connected(name) as connection, connection.transaction():
            await connection.execute(HELPERS)
            parts = _parts()
            await connection.execute(parts["reference"])
            await connection.execute(parts["contested"])
            await _credentials(connection, min(LOG_INS, leads // 500))
            await connection.execute("set constraints all immediate")
            put_aside = await _definitions(connection)
            await connection.executemany(
                "insert into bench.aside values ($1, $2, $3, $4, $5)",
                [(n, *row) for n, row in enumerate(put_aside)],
            )
            await connection.execute(";".join(_drops(put_aside)))
    except BaseException:
        await cluster.drop(name)
        raise


def _parts() -> dict[str, str]:
    text = (ROOT / "bench" / "world.sql").read_text("utf-8")
    pieces = text.split("-- part: ")[1:]
    return {piece.partition("\n")[0].strip(): piece.partition("\n")[2] for piece in pieces}


async def _credentials(connection: Any, count: int) -> None:
    """What a log-in compares with; salts follow from the number, so that worlds are the same."""
    rows = []
    for colleague in range(0, count * 100, 100):
        salt = hashlib.sha256(f"salt {colleague}".encode()).digest()[:16]
        proof = identity.stretch_now(password(colleague), salt)
        rows.append((uid(2, colleague), salt, hashlib.sha256(proof).digest()))
    await connection.executemany(
        "insert into app_private.credential (colleague_id, salt, proof_sha256) values ($1, $2, $3)",
        rows,
    )


async def _steps(cluster: Cluster, name: str, sql: str, *values: Any) -> list[Any]:
    async with cluster.connected(name) as connection:
        return [row[0] for row in await connection.fetch(sql, *values)]


async def _fill(
    cluster: Cluster,
    name: str,
    starts: list[int],
    blocks: int,
    progress: Progress,
    deadline: float,
) -> None:
    """Two connections, one for each of the two cores that are assumed; blocks in order."""
    script = _parts()["leads"]
    left = iter(starts)
    done = blocks - sum(min(BATCH, blocks - start) for start in starts)

    async def work() -> None:
        nonlocal done
        async with cluster.connected(name) as connection:
            await connection.execute("set synchronous_commit = off; set work_mem = '256MB'")
            for start in left:
                if time.monotonic() > deadline:
                    return
                end = min(start + BATCH, blocks) - 1
                text = script.replace("$1", str(start)).replace("$2", str(end))
                async with connection.transaction():
                    await connection.execute(text)
                    await connection.execute("insert into bench.filled values ($1)", start)
                done += end - start + 1
                progress("rows", done * BLOCK, blocks * BLOCK)

    await asyncio.gather(work(), work())


async def _definitions(connection: Any) -> list[tuple[str, str, str, str]]:
    """(kind, table, name, definition) of keys and indexes of the big tables, in building order."""
    rows = await connection.fetch(
        """
        select case contype when 'f' then 'foreign' else 'key' end as kind,
          conrelid::regclass::text as table, quote_ident(conname) as name,
          pg_get_constraintdef(oid) as definition
        from pg_constraint
        where contype in ('p', 'u', 'f')
          and (conrelid = any ($1::regclass[]) or confrelid = any ($1::regclass[]))
        union all
        select 'index', indrelid::regclass::text, indexrelid::regclass::text,
          pg_get_indexdef(indexrelid)
        from pg_index i
        where indrelid = any ($1::regclass[])
          and not exists (select from pg_constraint c where c.conindid = i.indexrelid)
        order by 1 desc, 2, 3
        """,
        [f"app.{table}" for table in BIG],
    )
    order = {"key": 0, "index": 1, "foreign": 2}
    return sorted((tuple(row) for row in rows), key=lambda row: (order[row[0]], row[1], row[2]))


def _drops(put_aside: list[tuple[str, str, str, str]]) -> list[str]:
    return [
        f"drop index {name}" if kind == "index" else f"alter table {table} drop constraint {name}"
        for kind, table, name, _ in reversed(put_aside)
    ]


async def _put_back(cluster: Cluster, name: str, progress: Progress, deadline: float) -> bool:
    """Builds keys and indexes again, which checks the rows. Raises when one is not what it was."""
    async with cluster.connected(name) as connection:
        put_aside = [
            tuple(row)
            for row in await connection.fetch(
                "select kind, on_table, name, definition from bench.aside order by number"
            )
        ]
        await connection.execute("set maintenance_work_mem = '1GB'")
        there = {row[:3] for row in await _definitions(connection)}
        for done, (kind, table, key, definition) in enumerate(put_aside):
            progress("keys and indexes", done, len(put_aside))
            if (kind, table, key) in there:
                continue
            if time.monotonic() > deadline:
                return False
            await connection.execute(
                definition
                if kind == "index"
                else f"alter table {table} add constraint {key} {definition}"
            )
        progress("keys and indexes", len(put_aside), len(put_aside))
        if await _definitions(connection) != put_aside:
            raise RuntimeError("a key or an index of the world is not what the migrations made")
    return True
