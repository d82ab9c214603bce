"""Who logged in from where he is before does not wait for what strangers try.

Run by `make soak ARGS=log-in`; not collected otherwise. Two hundred wrong log-ins are under way all
the time, each from another address and for another account, so that no limit ends them early.
"""

import itertools
import json
import statistics
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import httpx

from tests.fixtures.database import NewDatabase, connected
from tests.fixtures.world import PASSWORD, World
from tests.soak.place import Answers, asked, keep, meanwhile, serving

ROUNDS, WRONG = 6, 200
WHO = ("anna", "ben", "dora", "cora", "lena", "olga", "gerd")


def _right(world: World) -> list[list[Any]]:
    """A log-in of each of them, from an address of his own."""
    found = []
    for number, name in enumerate(WHO):
        body = json.dumps({"email": getattr(world, name).email, "password": PASSWORD})
        headers = {"content-type": "application/json", "x-forwarded-for": f"198.51.100.{number}"}
        found.append(["POST", "/sessions", headers, body])
    return found


async def _wrong(client: httpx.AsyncClient, numbers: Any, answers: dict[int, int]) -> None:
    while True:
        number = next(numbers)
        address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
        answer = await client.post(
            "/sessions",
            json={"email": f"w{number}@fremd.example", "password": f"falsch {number}"},
            headers={"x-forwarded-for": address},
        )
        answers[answer.status_code] = answers.get(answer.status_code, 0) + 1


async def test_log_in(
    new_database: NewDatabase, world_template: tuple[str, World], tmp_path: Path
) -> None:
    world = world_template[1]
    answers: dict[int, int] = {}
    turns: list[tuple[Answers, Answers]] = []
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        urls = await enter(new_database(world_template[0]))
        superuser = await enter(connected(urls.superuser))
        trusted = {"KOLLEGIUM_TRUSTED_PROXIES": "127.0.0.1/32"}
        port = await enter(serving(urls.api, tmp_path / "service.log", **trusted))
        limits = httpx.Limits(max_connections=WRONG)
        client = await enter(
            httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=120, limits=limits)
        )
        await asked(port, _right(world))  # from now on their addresses are known
        numbers = itertools.count(1)
        for number in range(ROUNDS):
            await superuser.execute("delete from app_private.rate")
            quiet = await asked(port, _right(world))
            async with meanwhile(*(_wrong(client, numbers, answers) for _ in range(WRONG))):
                while sum(answers.values()) < (number + 1) * 20:
                    await asked(port, [["GET", "/healthz", {}, ""]])
                loaded = await asked(port, _right(world))
            turns.append((quiet, loaded))
            print(f"{number}: {quiet.at(0.5):.0f} ms quiet, {loaded.at(0.5):.0f} ms loaded")
    assert all(set(one.statuses) == {201} for pair in turns for one in pair), turns
    ratios = [loaded.at(0.5) / quiet.at(0.5) for quiet, loaded in turns]
    ratio = statistics.median(ratios)
    quiet, loaded = (statistics.median(pair[k].at(0.5) for pair in turns) for k in (0, 1))
    keep({"name": f"log-in: a right one beside {WRONG} wrong ones", "goal": "<= 3 x undisturbed",
          "measured": round(ratio, 2), "met": ratio <= 3,
          "control": f"undisturbed {quiet:.0f} ms, beside them {loaded:.0f} ms; turns "
          + ", ".join(f"{one:.1f}" for one in sorted(ratios)),
          "wrong ones answered": {str(key): count for key, count in answers.items()}})  # fmt: skip
    assert set(answers) <= {401, 429, 503}
    assert ratio <= 3
