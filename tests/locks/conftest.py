"""The ring: a world with places to stop, and sessions that meet in it."""

import itertools
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from typing import Any

import pytest_asyncio

from tests.fixtures.database import NewDatabase, connected
from tests.fixtures.world import World
from tests.locks import meeting
from tests.locks.acts import Act
from tests.locks.meeting import Meeting, Met, Session
from tests.locks.stage import Stage

Seen = tuple[Any, ...]


@dataclass
class Ring:
    """Sessions of each kind, the stage, and what acts come to when they meet."""

    stage: Stage
    watcher: Any
    sessions: dict[str, list[Session]]
    world: World
    numbers: Any = field(default_factory=lambda: itertools.count(1))

    def session(self, act: Act, number: int) -> Session:
        """The session number `number` of the kind that does such a thing."""
        kind = act.who if act.who in self.sessions else "api"
        return self.sessions[kind][number]

    async def _begin(self, start: str, acts: list[Act]) -> tuple[Any, list[Any]]:
        lead = await self.stage.lead(start)
        return lead, [act.doing(self.world, lead, next(self.numbers)) for act in acts]

    async def _seen(self, lead: Any, answers: list[Any], what: Any) -> Seen:
        broken = await self.stage.broken(lead)
        return (*answers, await self.stage.outcome(lead), *broken)

    async def serial(self, start: str, acts: list[Act], order: list[int]) -> Seen:
        """One after the other, in this order: answers in the order of acts, and the outcome."""
        lead, doings = await self._begin(start, acts)
        answers: list[Any] = [None] * len(acts)
        for number in order:
            answers[number] = await self.session(acts[number], number).run(doings[number])
        return await self._seen(lead, answers, acts)

    async def meeting(self, start: str, acts: list[Act], stops: list[int]) -> tuple[Met, str, Seen]:
        """The first stops at these places, and there each of the others runs. What came of it, the
        place of the last stop, and what is seen."""
        lead, doings = await self._begin(start, acts)
        sessions = [self.session(act, number) for number, act in enumerate(acts)]
        others = list(zip(stops, sessions[1:], doings[1:], strict=True))
        met = await Meeting(self.watcher).meet(sessions[0], doings[0], others)
        place = next(iter(sessions[0].places[stops[-1] - 1 :]), "?")
        return met, place, await self._seen(lead, met.answers, acts)

    async def serials(self, start: str, acts: list[Act]) -> list[Seen]:
        """What is seen after each order in which they may come."""
        orders = itertools.permutations(range(len(acts)))
        return [await self.serial(start, acts, list(order)) for order in orders]

    async def interleaved(self, start: str, one: Act, other: Act) -> list[tuple[str, Seen]]:
        """`one` stopped at each of its places, `other` in between."""
        found: list[tuple[str, Seen]] = []
        before: str | None = ""
        for stop in range(1, 100):
            met, place, seen = await self.meeting(start, [one, other], [stop])
            if not met.reached:
                return found
            found.append((place, seen))
            # From here on `one` only holds more: `other` waits at the same place again, and what it
            # did until then is what it does alone.
            if met.blocked[0] is not None and met.blocked[0] in (before, "first"):
                return found
            before = met.blocked[0]
        raise AssertionError("it has no end")


@pytest_asyncio.fixture(scope="module")
async def ring(new_database: NewDatabase, world_template: tuple[str, World]) -> AsyncIterator[Ring]:
    """The world with places to stop, and the sessions."""
    async with AsyncExitStack() as stack:
        urls = await stack.enter_async_context(new_database(world_template[0]))

        async def open_one(url: str) -> Any:
            return await stack.enter_async_context(connected(url))

        superuser, cleaner, watcher = [await open_one(urls.superuser) for _ in range(3)]
        await meeting.prepare(superuser)
        stage = Stage(superuser, cleaner, world_template[1])
        await stage.build()
        sessions = {
            kind: [await Session.on(await open_one(url)) for _ in range(3)]
            for kind, url in (("api", urls.api), ("worker", urls.worker), ("staff", urls.staff))
        }
        yield Ring(stage, watcher, sessions, world_template[1])
