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
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from bench import services, tools, world
from bench.cluster import Cluster
from bench.search_costs import costs
from bench.search_world import BEFORE, ROOT, SearchWorld, Tell, fill, sizes, worlds

PAGE = 20
TOO_LONG = "it took too long"


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


@contextlib.contextmanager
def serving(
    cluster: Cluster, directory: Path, databases: dict[str, SearchWorld]
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
            return took, [TOO_LONG]  # the statement's five seconds: a lower bound
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
            "same_page": None
            if TOO_LONG in (*pages[text]["now"], *pages[text]["before"])
            else pages[text]["now"] == pages[text]["before"],
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
    same = [t.text for t in TERMS if t.same and found[t.text]["same_page"] is False]
    goals.append(("same pages as before", "all that mean the same", same or "all", not same, None))
    return [
        {"name": name, "goal": goal, "measured": measured, "met": met,
         "control": None if row is None else f"{BEFORE}: {row['before']} ms, here {row['now']} ms"}
        for name, goal, measured, met, row in goals
    ]  # fmt: skip


def run(
    directory: Path, evidence: Path, leads: int, rounds: int, seconds: float, tell: Tell
) -> dict[str, Any]:
    """Builds what is missing, measures, and writes search.json. Beside it a quarter of the leads,
    in one round, for the growth."""
    small, large = worlds(directory, leads // 4), worlds(directory, leads)
    with Cluster.start(directory, durable=False) as cluster:
        for databases, count in ((small, leads // 4), (large, leads)):
            for each in databases.values():
                asyncio.run(fill(cluster, each, count, tell))
    load = [round(x, 2) for x in os.getloadavg()]
    with Cluster.start(directory) as cluster:
        with serving(cluster, directory, large) as builds:
            found = measure(builds, rounds, seconds, tell)
            tell("the mix")
            day = mix(builds, 100 if rounds < 2 else 1000)
        with serving(cluster, directory, small) as builds:
            quarter = measure(builds, 1, seconds, tell)
        tell("what an inserted lead costs")
        inserted = asyncio.run(costs(cluster, large))
        size = asyncio.run(sizes(cluster, large["now"].database))
    result = {
        "date": datetime.now(UTC).strftime("%Y-%m-%d"),
        "commit": _commit(),
        "goals": judged(found, day),
        "leads": leads,
        "of one company": leads // 2,
        "milliseconds": found,
        "milliseconds with a quarter of the leads": {
            text: {name: row[name] for name in ("before", "now")} for text, row in quarter.items()
        },
        "mix": day,
        "microseconds of processor time of an inserted lead": inserted,
        "bytes": size,
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


def _commit() -> str:
    git = tools.tool("git", "apt install git")
    command = [git, "rev-parse", "--short", "HEAD"]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.strip()
