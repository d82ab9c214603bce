"""`make bench ARGS=search`: the search and the operator's open offers, beside the build of before.

Both builds stand side by side, each with a database of the same rows, and are asked in turns: a
term of one, the same term of the other. Ratios within a run bear a noisy machine; the p95 of the
mix does not, so how busy the machine was is written beside it.
"""

import asyncio
import contextlib
import http.client
import json
import os
import platform
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from bench import services, tools, world
from bench.before import checkout
from bench.cluster import Cluster

ROOT = Path(__file__).resolve().parent.parent
BEFORE = "e842407"  # whose search reads all leads of a company
BATCH = 50_000
OFFERS = 0.75  # of the leads: 750,000 at a million
PAGE = 20
Tell = Callable[[str], None]


class Term(NamedTuple):
    """What is searched for, how often it occurs, and how often it is drawn for the mix."""

    kind: str
    text: str
    weight: int
    same: bool = True  # both builds mean the same by it


TERMS = (
    Term("rare", "Zwiebelhuber", 8),
    Term("rare", "erna gibtsnicht", 4, same=False),
    Term("rare", "clara.30022", 4, same=False),
    Term("rare", "R-2024-0000072", 6, same=False),
    Term("rare", "0155 2371924", 6, same=False),
    Term("rare", "Quandtmeier Emma", 4, same=False),
    Term("between", "Quandtmeier", 8),
    Term("between", "denscheidt", 6),
    Term("between", "Baufinanzierung, Baujahr 1999", 4, same=False),
    Term("frequent", "Schmidt", 10),
    Term("frequent", "Photovoltaik", 10),
    Term("frequent", "Berlin", 10),
    Term("frequent", "huber", 10),
    Term("frequent", "Müller", 10, same=False),
)


class Build(NamedTuple):
    """One of the two: its service, its database."""

    name: str
    database: str
    root: Path
    port: int


def parts() -> dict[str, str]:
    """The statements of search.sql."""
    pieces = (ROOT / "bench" / "search.sql").read_text("utf-8").split("-- part: ")[1:]
    return {piece.partition("\n")[0].strip(): piece.partition("\n")[2] for piece in pieces}


async def fill(cluster: Cluster, name: str, root: Path, leads: int, tell: Tell) -> None:
    """Builds a database by a build's own migrations, unless it is there."""
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


@contextlib.contextmanager
def serving(
    cluster: Cluster, directory: Path, databases: dict[str, tuple[str, Path]]
) -> Iterator[dict[str, Build]]:
    """Both services, one worker each, as in production."""
    with contextlib.ExitStack() as stack:
        found = {}
        for name, (database, root) in databases.items():
            running = stack.enter_context(
                services.started("service", cluster, database, directory / name, root=root)
            )
            found[name] = Build(name, database, root, int(running.url.rpartition(":")[2]))
        yield found


class Client:
    """Asks one service as the operator of half of the leads, over one connection."""

    def __init__(self, build: Build) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", build.port, timeout=30)
        self._last = 0.0
        self._head = {"Authorization": f"Bearer {world.token(0)}"}

    def ask(self, path: str) -> tuple[float, list[str]]:
        """Milliseconds and the ids on the page. Raises RuntimeError for anything but 200."""
        if time.monotonic() - self._last > 2:
            self._connection.close()  # the service would, while the other is asked
            self._connection.connect()
        start = time.perf_counter()
        self._connection.request("GET", path, headers=self._head)
        answer = self._connection.getresponse()
        body = answer.read()
        self._last = time.monotonic()
        took = (time.perf_counter() - start) * 1000
        if answer.status == 503:
            return took, ["it took too long"]  # the statement's five seconds: a lower bound
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status} {body[:300]!r}")
        return took, [item["id"] for item in json.loads(body)["items"]]


def _search(term: Term) -> str:
    return f"/leads?q={quote(term.text)}&limit={PAGE}"


OPEN_OFFERS = f"/offers?as=operator&state=open&limit={PAGE}"


def measure(builds: dict[str, Build], rounds: int, seconds: float, tell: Tell) -> dict[str, Any]:
    """Rounds over all terms; within a round each term is asked of both in turn. The first round
    warms up."""
    clients = {name: Client(build) for name, build in builds.items()}
    paths = {term.text: _search(term) for term in TERMS} | {"open offers": OPEN_OFFERS}
    took: dict[str, dict[str, list[float]]] = {
        text: {name: [] for name in clients} for text in paths
    }
    pages: dict[str, dict[str, list[str]]] = {text: {} for text in paths}
    for number in range(rounds + 1):
        for text, path in paths.items():
            tell(f"round {number} of {rounds}: {text}")
            for name, client in clients.items():
                spent: list[float] = []
                until = time.monotonic() + seconds
                while not spent or (time.monotonic() < until and len(spent) < 200):
                    milliseconds, page = client.ask(path)
                    spent.append(milliseconds)
                pages[text][name] = page
                if number:
                    took[text][name].append(statistics.median(spent))
    return {
        text: {
            **{name: round(statistics.median(took[text][name]), 3) for name in clients},
            "ratio": round(
                statistics.median(
                    before / now
                    for before, now in zip(took[text]["before"], took[text]["now"], strict=True)
                ),
                2,
            ),
            "found": len(pages[text]["now"]),
            "same_page": pages[text]["now"] == pages[text]["before"],
        }
        for text in paths
    }


def mix(builds: dict[str, Build], requests: int) -> dict[str, float]:
    """The searches of a day, drawn by their weights, asked of this build; milliseconds."""
    draw = random.Random(7)  # noqa: S311 - the same terms each time
    client = Client(builds["now"])
    terms = draw.choices(TERMS, [term.weight for term in TERMS], k=requests)
    took = sorted(client.ask(_search(term))[0] for term in terms)
    return {
        name: round(took[min(len(took) - 1, int(len(took) * share))], 2)
        for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99))
    }


async def insert_cost(cluster: Cluster, database: str, *, without: tuple[str, ...] = ()) -> float:
    """Microseconds of app.create_lead, in a transaction that is undone. without: indexes."""
    async with cluster.connected(database) as connection:
        transaction = connection.transaction()
        await transaction.start()
        for index in without:
            await connection.execute(f"drop index app.{index}")
        await connection.fetchval("select app.enter_to_write($1)", world.token(0))
        person = {"name": "Xaver Quittenbaum-Öztürk", "email": "xaver@post.example",
                  "phone": "+491711234567", "postcode": "25746", "city": "Heide"}  # fmt: skip
        sql = (
            "select count(c.id) from generate_series(1, 500) n, lateral app.create_lead($1,"
            " 'Photovoltaik mit Speicher, Baujahr ' || n, '{}', true, $2::jsonb, false, 'api',"
            " 'neu-' || n) c"
        )
        best = []
        for number in range(4):
            values = (world.uid(3, 0), json.dumps(person))
            start = time.perf_counter()
            await connection.fetchval(sql.replace("'neu-'", f"'neu-{number}-'"), *values)
            best.append((time.perf_counter() - start) / 500 * 1e6)
        await transaction.rollback()
    return round(statistics.median(best[1:]), 1)


SEARCHING = ("prospect_searched",)
LISTING = (
    "lead_facets", "lead_operator_received", "lead_giver_received", "lead_engaged_received",
    "lead_operator_changed", "lead_giver_changed", "lead_engaged_changed",
)  # fmt: skip


async def write_costs(cluster: Cluster, databases: dict[str, tuple[str, Path]]) -> dict[str, float]:
    """What an inserted lead costs in both builds, and here without the new indexes."""
    now = databases["now"][0]
    return {
        "before": await insert_cost(cluster, databases["before"][0]),
        "now": await insert_cost(cluster, now),
        "now, without the index of the search": await insert_cost(cluster, now, without=SEARCHING),
        "now, without those of the lists": await insert_cost(cluster, now, without=LISTING),
    }


def judged(found: dict[str, Any], day: dict[str, float]) -> list[dict[str, Any]]:
    """The goals and what was measured; the control is the build of before."""
    by_kind = {kind: [t for t in TERMS if t.kind == kind] for kind in ("rare", "frequent")}
    goals = []
    for term in by_kind["rare"]:
        row = found[term.text]
        goals.append((f"search, fewer matches than a page: {term.text}", ">= 50 x as fast",
                      row["ratio"], row["ratio"] >= 50, row))  # fmt: skip
    for term in by_kind["frequent"]:
        row = found[term.text]
        slower = round(row["now"] / row["before"], 2)
        goals.append((f"search, frequent: {term.text}", "<= 1.5 x the time", slower,
                      slower <= 1.5, row))  # fmt: skip
    goals.append(("search, mix: p95 in ms", "<= 50", day["p95"], day["p95"] <= 50, None))
    row = found["open offers"]
    goals.append(("GET /offers?as=operator&state=open", ">= 100 x as fast", row["ratio"],
                  row["ratio"] >= 100, row))  # fmt: skip
    same = [t.text for t in TERMS if t.same and not found[t.text]["same_page"]]
    goals.append(("same pages as before", "all that mean the same", same or "all", not same, None))
    return [
        {"name": name, "goal": goal, "measured": measured, "met": met,
         "control": None if row is None else f"{BEFORE}: {row['before']} ms, here {row['now']} ms"}
        for name, goal, measured, met, row in goals
    ]  # fmt: skip


def run(
    directory: Path, evidence: Path, leads: int, rounds: int, seconds: float, tell: Tell
) -> dict[str, Any]:
    """Builds what is missing, measures, and writes search.json."""
    databases = {
        "before": (f"search_{leads}_before", checkout(directory, BEFORE).root),
        "now": (f"search_{leads}_now", ROOT),
    }
    with Cluster.start(directory, durable=False) as cluster:
        for database, root in databases.values():
            asyncio.run(fill(cluster, database, root, leads, tell))
    load = [round(x, 2) for x in os.getloadavg()]
    with Cluster.start(directory) as cluster:
        with serving(cluster, directory, databases) as builds:
            found = measure(builds, rounds, seconds, tell)
            tell("the mix")
            day = mix(builds, 100 if rounds < 3 else 1000)
        tell("what an inserted lead costs")
        costs = asyncio.run(write_costs(cluster, databases))
        sizes = asyncio.run(_sizes(cluster, databases["now"][0]))
    result = {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "commit": _commit(),
        "goals": judged(found, day),
        "leads": leads,
        "of one company": leads // 2,
        "milliseconds": found,
        "mix": day,
        "microseconds of an inserted lead": costs,
        "bytes": sizes,
        "machine": {
            "cores": os.cpu_count(),
            "python": platform.python_version(),
            "load before and after": [load, [round(x, 2) for x in os.getloadavg()]],
        },
    }
    evidence.mkdir(parents=True, exist_ok=True)
    text = json.dumps(result, indent=1, ensure_ascii=False)
    (evidence / "search.json").write_text(text + "\n", "utf-8")
    return result


async def _sizes(cluster: Cluster, database: str) -> dict[str, int]:
    async with cluster.connected(database) as connection:
        rows = await connection.fetch(
            "select relname, pg_relation_size(oid) as bytes from pg_class where oid in"
            " ('app.prospect'::regclass, 'app.prospect_searched'::regclass,"
            " 'app.lead'::regclass, 'app.lead_facets'::regclass)"
        )
    return {row["relname"]: row["bytes"] for row in rows}


def _commit() -> str:
    git = tools.tool("git", "apt install git")
    command = [git, "rev-parse", "--short", "HEAD"]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()
