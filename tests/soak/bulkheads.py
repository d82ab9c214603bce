"""Nobody starves the others: while files are read, picks and corrections wait for locks, and the
worker works off imports, a company that has nothing to do with it is answered as quickly as ever.

Run by `make soak ARGS=bulkheads`; not collected otherwise. Quiet and loaded turns alternate, and
what is compared are turns beside each other, so that what else the machine does falls on both.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.fixtures.database import NewDatabase, Urls, connected
from tests.fixtures.pooler import pooler
from tests.fixtures.world import World
from tests.soak.place import Answers, asked, keep, meanwhile, process, serving, together

ROUNDS, SECONDS, PAUSE = 6, 4.0, 0.004
HEAD = "Vorname;Nachname;PLZ;Ort;Telefon;E-Mail;Anliegen;Einwilligung\n"
READ = ("/me", "/marketplaces", "/leads?as=operator", "/imports")


class Load:
    """Six imports, eight picks, twelve corrections; each begins again when it was answered."""

    def __init__(self, client: httpx.AsyncClient, world: World) -> None:
        self.client, self.world = client, world
        self.lead = f"/marketplaces/{world.nord_id}/leads/{world.leads['offered']}"
        self.answers: dict[str, int] = {}
        self._numbers = iter(range(10**9))

    async def _send(self, what: str, method: str, path: str, token: str, **more: Any) -> None:
        headers = {"authorization": f"Bearer {token}", **more.pop("headers", {})}
        answer = await self.client.request(method, path, headers=headers, **more)
        key = f"{what} {answer.status_code}"
        self.answers[key] = self.answers.get(key, 0) + 1
        if answer.status_code == 429:
            await asyncio.sleep(1)

    async def imports(self, rows: int) -> None:
        """Files of a giver, one after the other; those of more than 500 rows are the worker's."""
        row = "Petra;Muster;10115;Berlin;;petra.{}.{}@muster.example;Dach;ja\n"
        while True:
            number = next(self._numbers)
            text = HEAD + "".join(row.format(number, k) for k in range(rows))
            path = f"/imports?marketplace={self.world.nord_id}"
            sent = {"content": text.encode(), "headers": {"content-type": "text/csv"}}
            await self._send("import", "POST", path, self.world.gerd.token, **sent)

    async def picks(self) -> None:
        while True:
            await self._send("pick", "POST", f"{self.lead}/pick", self.world.anna.token)

    async def corrections(self) -> None:
        sent = {"json": {"interest": "Dach"}, "headers": {"if-match": "*"}}
        while True:
            await self._send("correction", "PATCH", self.lead, self.world.olga.token, **sent)

    def all(self) -> list[Any]:
        return [
            *(self.imports(rows) for rows in (60, 400, 400, 3_000, 3_000, 3_000)),
            *(self.picks() for _ in range(8)),
            *(self.corrections() for _ in range(12)),
        ]


@asynccontextmanager
async def _locked(superuser: Any, world: World) -> AsyncIterator[None]:
    """The lead that picks and corrections want, in somebody's hands."""
    async with superuser.transaction():
        await superuser.execute(
            "select from app.lead where id = $1 for update", world.leads["offered"]
        )
        yield


async def _waiting(superuser: Any) -> int:
    found: int = await superuser.fetchval("select count(*) from pg_locks where not granted")
    return found


async def _turns(
    port: int, superuser: Any, world: World, load: Load
) -> list[tuple[Answers, Answers]]:
    requests = [
        ["GET", path, {"authorization": f"Bearer {world.fritz.token}"}, ""] for path in READ
    ]
    turns = []
    for number in range(ROUNDS):
        quiet = await asked(port, requests, SECONDS, PAUSE)
        async with _locked(superuser, world), meanwhile(*load.all()):
            await asyncio.sleep(1)
            loaded = await asked(port, requests, SECONDS, PAUSE)
            assert await _waiting(superuser) >= 2, "the control: somebody does wait"
        turns.append((quiet, loaded))
        print(f"{number}: {quiet.at(0.99):.1f} ms quiet, {loaded.at(0.99):.1f} ms loaded")
        await asyncio.sleep(1)
    return turns


async def _measure(name: str, urls: Urls, url: str, world: World, logs: Path, **env: str) -> None:
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        superuser = await enter(connected(urls.superuser))
        port = await enter(serving(url, logs / "service.log", **env))
        await enter(process("worker", log=logs / "worker.log", DATABASE_WORKER_URL=urls.worker))
        base, limits = f"http://127.0.0.1:{port}", httpx.Limits(max_connections=40)
        client = await enter(httpx.AsyncClient(base_url=base, timeout=60, limits=limits))
        load = Load(client, world)
        turns = await _turns(port, superuser, world, load)
    quiet, loaded = (together([pair[k] for pair in turns]) for k in (0, 1))
    ratio = loaded.at(0.99) / quiet.at(0.99)
    refused = loaded.statuses.get(503, 0)
    statuses = set(quiet.statuses) | set(loaded.statuses)
    each = sorted(round(after.at(0.99) / before.at(0.99), 1) for before, after in turns)
    keep({"name": f"{name}: p99 of an uninvolved GET", "goal": "<= 5 x undisturbed",
          "measured": round(ratio, 2), "met": ratio <= 5,
          "control": f"undisturbed {quiet.at(0.99):.1f} ms, loaded {loaded.at(0.99):.1f} ms; "
          f"medians {quiet.at(0.5):.1f} and {loaded.at(0.5):.1f} ms; ratios of turns {each}",
          "answers": [len(quiet.times), len(loaded.times)], "load": load.answers})  # fmt: skip
    keep({"name": f"{name}: answers 503 to the uninvolved", "goal": "0", "measured": refused,
          "met": statuses == {200}, "control": f"its answers: {sorted(statuses)}"})  # fmt: skip
    assert statuses == {200}
    assert ratio <= 5


async def test_bulkheads(
    new_database: NewDatabase, world_template: tuple[str, World], tmp_path: Path
) -> None:
    async with new_database(world_template[0]) as urls:
        await _measure("bulkheads", urls, urls.api, world_template[1], tmp_path)


@pytest.mark.peers
async def test_through_a_pooler(
    new_database: NewDatabase, world_template: tuple[str, World], tmp_path: Path
) -> None:
    """With as many connections as the service has places: more would be another test."""
    async with new_database(world_template[0]) as urls, pooler(urls, 20) as url:
        given = (urls, url, world_template[1], tmp_path)
        await _measure("through PgBouncer", *given, KOLLEGIUM_PGBOUNCER="true")
