"""Lanes: reads that come in one turn of the event loop share a connection, a write and a read.

Each read stays a transaction of its own, with its own context: a Sync ends it, and the next one
begins with nothing (docs/decisions/0052-reads-share-a-connection.md). A lane holds reads of one
kind, so a slow one delays nobody outside its kind, and those behind it for a bounded time. Lanes
take connections from the share of reads and never all of them.
"""

import asyncio
import collections
from typing import NamedTuple

from service.database.wire.connection import Connection
from service.database.wire.errors import ConnectionLost, PoolExhausted
from service.database.wire.pool import Pool
from service.database.wire.protocol import Texts, Values


class Lane(NamedTuple):
    """A kind of read. seconds: what all that is under way together may take."""

    name: str
    seconds: float


# Of one write: as many as are answered before anybody notices.
MOST_TOGETHER = 32


class Lanes:
    """The lanes of a pool. kind: whose places they take; most: how many a lane has at once."""

    def __init__(self, pool: Pool, kind: str, most: int) -> None:
        self._pool, self._kind, self._most = pool, kind, most
        self._queues: dict[Lane, _Queue] = {}

    async def ask(self, lane: Lane, statements: Texts) -> Values:
        """The values of a read that is a transaction of its own. Whoever is cancelled loses his
        answer, and disturbs nobody. Raises PostgresError, ConnectionLost, TimeoutError,
        PoolExhausted, OSError."""
        queue = self._queues.get(lane)
        if queue is None:
            queue = self._queues[lane] = _Queue(lane, self._pool, self._kind, self._most)
        return await queue.put(statements)


class _Queue:
    """What waits in a lane, and how many of its connections are under way."""

    def __init__(self, lane: Lane, pool: Pool, kind: str, most: int) -> None:
        self._lane, self._pool, self._kind, self._most = lane, pool, kind, most
        self._pending: collections.deque[tuple[Texts, asyncio.Future[Values]]] = collections.deque()
        self._under_way = 0
        self._called = False
        self._fetching: asyncio.Task[None] | None = None
        self._limit: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()

    def put(self, statements: Texts) -> "asyncio.Future[Values]":
        answer: asyncio.Future[Values] = self._loop.create_future()
        self._pending.append((statements, answer))
        if not self._called:
            self._called = True
            self._loop.call_soon(self._go)  # after all that came in this turn
        return answer

    def _go(self) -> None:
        """Sends what waits, as far as there are connections for it."""
        self._called = False
        while self._pending and self._under_way < self._most and self._fetching is None:
            connection = self._pool.try_lend(self._kind)
            if connection is None:
                self._under_way += 1
                self._fetching = self._loop.create_task(self._fetch())
            else:
                self._under_way += 1
                self._send(connection)
        if self._pending and self._limit is None:
            waiting = [answer for _, answer in self._pending]
            self._limit = self._loop.call_later(self._pool.seconds, self._too_late, waiting)

    async def _fetch(self) -> None:
        """A connection that is not there at once."""
        waiting = [answer for _, answer in self._pending]
        try:
            connection = await self._pool.borrow(self._kind)
        except (PoolExhausted, ConnectionLost, OSError, TimeoutError) as error:
            self._under_way -= 1
            self._refuse(waiting, error)
            connection = None
        finally:
            self._fetching = None
        if connection is not None:
            self._send(connection)
        self._go()

    def _send(self, connection: Connection) -> None:
        asked: list[tuple[Texts, asyncio.Future[Values]]] = []
        while self._pending and len(asked) < MOST_TOGETHER:
            one = self._pending.popleft()
            if not one[1].done():  # who left before anything was sent
                asked.append(one)
        if not self._pending and self._limit is not None:
            self._limit.cancel()
            self._limit = None

        def ended() -> None:
            self._under_way -= 1
            self._pool.give_back(self._kind, connection)
            self._go()

        if not asked:
            ended()
            return
        try:
            connection.line(asked, seconds=self._lane.seconds, ended=ended)
        except ConnectionLost as error:
            self._refuse([answer for _, answer in asked], error)
            ended()

    def _too_late(self, waiting: "list[asyncio.Future[Values]]") -> None:
        """They waited for a connection for as long as one may."""
        self._limit = None
        still = {id(answer) for _, answer in self._pending}
        late = [answer for answer in waiting if id(answer) in still]
        self._refuse(late, PoolExhausted("no connection became free in time"))
        self._go()

    def _refuse(self, waiting: "list[asyncio.Future[Values]]", error: Exception) -> None:
        for answer in waiting:
            if not answer.done():
                answer.set_exception(error)
        while self._pending and self._pending[0][1].done():
            self._pending.popleft()
