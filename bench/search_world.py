"""The worlds of the search: the same leads in the schema of this build and of the one before.

`search.sql` says who is who. A world is built once and kept; both builds make theirs by their own
migrations.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from bench import before, world
from bench.cluster import Cluster

ROOT = Path(__file__).resolve().parent.parent
BEFORE = "e842407"  # whose search reads all leads of a company
BATCH = 50_000
OFFERS = 0.75  # of the leads: 750,000 at a million
Tell = Callable[[str], None]


class SearchWorld(NamedTuple):
    """A database of one build, and that build's tree."""

    database: str
    root: Path


def worlds(home: Path, leads: int) -> dict[str, SearchWorld]:
    """Before and now, with that many leads."""
    return {
        "before": SearchWorld(f"search_{leads}_before", before.checkout(home, BEFORE).root),
        "now": SearchWorld(f"search_{leads}_now", ROOT),
    }


def parts() -> dict[str, str]:
    """The statements of search.sql."""
    pieces = (ROOT / "bench" / "search.sql").read_text("utf-8").split("-- part: ")[1:]
    return {piece.partition("\n")[0].strip(): piece.partition("\n")[2] for piece in pieces}


async def fill(cluster: Cluster, at: SearchWorld, leads: int, tell: Tell) -> None:
    """Builds a database by a build's own migrations, unless it is there."""
    name, root = at
    if name in await cluster.databases():
        return
    await cluster.create(name)
    url = cluster.url(name)
    environment = {"PATH": os.environ["PATH"], "DATABASE_OWNER_URL": url, "LANG": "C.UTF-8"}
    command = [sys.executable, "-m", "alembic", "upgrade", "head"]
    await asyncio.to_thread(
        subprocess.run, command, cwd=root, env=environment, check=True, capture_output=True
    )
    await cluster.set_passwords()
    text = parts()
    more = ("", "") if root != ROOT else (", about", ", interest || ' ' || reference")
    insert = text["leads"].replace("$about_column", more[0]).replace("$about_value", more[1])
    async with cluster.connected(name) as connection:
        await connection.execute(world.HELPERS)
        await connection.execute("set session_replication_role = replica")
        indexes = await connection.fetch(
            "select schemaname || '.' || indexname as name, indexdef from pg_indexes"
            " where schemaname = 'app' and indexdef not like 'CREATE UNIQUE%'"
        )
        for row in indexes:
            await connection.execute(f"drop index {row['name']}")
        await connection.execute(text["reference"])
        for first in range(0, leads, BATCH):
            tell(f"{name}: lead {first:,} of {leads:,}")
            last = min(first + BATCH, leads) - 1
            await connection.execute(insert.replace("$1", str(first)).replace("$2", str(last)))
        await connection.execute(text["offers"].replace("$1", str(int(leads * OFFERS))))
        for row in indexes:
            tell(f"{name}: {row['name']}")
            await connection.execute(row["indexdef"])
        await connection.execute("vacuum (freeze, analyze)")
        await connection.execute("checkpoint")
    await cluster.complete(name)


async def sizes(cluster: Cluster, database: str) -> dict[str, int]:
    """Bytes of the tables and of the indexes that find the few."""
    async with cluster.connected(database) as connection:
        rows = await connection.fetch(
            "select relname, pg_relation_size(oid) as bytes from pg_class where oid in"
            " ('app.prospect'::regclass, 'app.prospect_searched'::regclass,"
            " 'app.lead'::regclass, 'app.lead_facets'::regclass)"
        )
    return {row["relname"]: row["bytes"] for row in rows}
