"""Connections on loan. The last one returned goes out first: few, warm connections do the work."""

import asyncio
import collections
import contextlib

from service.postgres.connection import Connection, give_up
from service.postgres.errors import ConnectionLost, PoolExhausted, PostgresError
from service.postgres.login import Address


class Pool:
    """At most `size` connections; each is lent to one transaction at a time."""

    def __init__(self, where: Address, *, size: int, seconds: float, named: bool) -> None:
        self._where = where
        self._seconds = seconds
        self._named = named
        self._free: list[Connection] = []
        self._places = size
        self._waiting: collections.deque[asyncio.Future[None]] = collections.deque()
        self._opening = asyncio.Lock()
        self._closed = False

    def lend(self) -> "Loan":
        """A connection outside any transaction: `async with pool.lend() as connection`.

        Raises PoolExhausted when none becomes free within the time limit; OSError, TimeoutError
        and ConnectionLost when none can be opened.
        """
        return Loan(self)

    def _take_back(self, connection: Connection) -> None:
        """Keeps it only when no transaction is open: nobody inherits another's context."""
        if self._closed or not connection.idle:
            connection.abort()
        else:
            self._free.append(connection)

    async def _fresh(self) -> Connection:
        while self._free:
            connection = self._free.pop()
            if not connection.closed:
                return connection
        try:
            return await Connection.open(self._where, seconds=self._seconds, named=self._named)
        except PostgresError as error:
            # Our own log-in was refused: nothing that a client did, whatever the SQLSTATE.
            raise ConnectionLost(f"the server refused the log-in ({error.sqlstate})") from error

    async def _one_at_a_time(self) -> Connection:
        """A connection that came back meanwhile, or a new one. A burst that opened as many at once
        as it could would wait longer for their log-ins than for one another."""
        async with asyncio.timeout(self._seconds):
            await self._opening.acquire()
        try:
            return await self._fresh()
        finally:
            self._opening.release()

    async def _take_place(self) -> None:
        if self._places > 0 and not self._waiting:
            self._places -= 1
        else:
            await self._wait_for_place()

    async def _wait_for_place(self) -> None:
        loop = asyncio.get_running_loop()
        waiter = loop.create_future()
        self._waiting.append(waiter)
        limit = loop.call_later(self._seconds, give_up, waiter)
        try:
            await waiter
        except BaseException as error:
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                self._give_place()  # the place came in the same moment; pass it on
            else:
                with contextlib.suppress(ValueError):
                    self._waiting.remove(waiter)
            if isinstance(error, TimeoutError):
                raise PoolExhausted("no connection became free in time") from error
            raise
        finally:
            limit.cancel()

    def _give_place(self) -> None:
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return
        self._places += 1

    async def close(self) -> None:
        """Closes the free connections; those on loan close when they come back."""
        self._closed = True
        while self._free:
            await self._free.pop().close()


class Loan:
    """One connection on loan. A class, because a generator would cost as much as its statement."""

    __slots__ = ("_connection", "_pool")

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def __aenter__(self) -> Connection:
        pool = self._pool
        await pool._take_place()
        try:
            self._connection = await (pool._fresh() if pool._free else pool._one_at_a_time())
        except BaseException:
            pool._give_place()
            raise
        return self._connection

    async def __aexit__(self, *_: object) -> None:
        self._pool._take_back(self._connection)
        self._pool._give_place()
