"""Connections on loan. The last one returned goes out first: few, warm connections do the work."""

import asyncio
from collections.abc import Mapping

from service.database.wire.connection import Connection
from service.database.wire.errors import ConnectionLost, PoolExhausted, PostgresError
from service.database.wire.login import Address
from service.database.wire.places import Places, Share


class Pool:
    """At most `size` connections; each is lent to one transaction at a time. `shares`: how many of
    them each kind of work has at least and at most."""

    def __init__(
        self,
        where: Address,
        *,
        size: int,
        seconds: float,
        named: bool,
        shares: Mapping[str, Share] = {},
    ) -> None:
        self._where = where
        self.seconds = seconds
        self._named = named
        self._free: list[Connection] = []
        self._places = Places(size, shares)
        self._opening = asyncio.Lock()
        self._closed = False

    def lend(self, kind: str = "") -> "Loan":
        """A connection outside any transaction: `async with pool.lend() as connection`.

        Raises PoolExhausted when none becomes free within the time limit; OSError, TimeoutError
        and ConnectionLost when none can be opened.
        """
        return Loan(self, kind)

    def try_lend(self, kind: str) -> Connection | None:
        """A connection that is free at this moment, to be given back; None when there is none."""
        if not self._free or not self._places.take_now(kind):
            return None
        while self._free:
            connection = self._free.pop()
            if not connection.closed:
                return connection
        self._places.give(kind)
        return None

    async def borrow(self, kind: str) -> Connection:
        """A connection to be given back; waits for it. Raises what `lend` raises."""
        try:
            await self._places.take(kind, seconds=self.seconds)
        except TimeoutError as error:
            raise PoolExhausted("no connection became free in time") from error
        try:
            return await (self._fresh() if self._free else self._one_at_a_time())
        except BaseException:
            self._places.give(kind)
            raise

    def give_back(self, kind: str, connection: Connection) -> None:
        """Keeps it only when no transaction is open: nobody inherits another's context."""
        if self._closed or not connection.idle:
            connection.abort()
        else:
            self._free.append(connection)
        self._places.give(kind)

    async def _fresh(self) -> Connection:
        while self._free:
            connection = self._free.pop()
            if not connection.closed:
                return connection
        try:
            return await Connection.open(self._where, seconds=self.seconds, named=self._named)
        except PostgresError as error:
            # Our own log-in was refused: nothing that a client did, whatever the SQLSTATE.
            raise ConnectionLost(f"the server refused the log-in ({error.sqlstate})") from error

    async def _one_at_a_time(self) -> Connection:
        """A connection that came back meanwhile, or a new one. A burst that opened as many at once
        as it could would wait longer for their log-ins than for one another."""
        async with asyncio.timeout(self.seconds):
            await self._opening.acquire()
        try:
            return await self._fresh()
        finally:
            self._opening.release()

    async def close(self) -> None:
        """Closes the free connections; those on loan close when they come back."""
        self._closed = True
        while self._free:
            await self._free.pop().close()


class Loan:
    """One connection on loan. A class, because a generator would cost as much as its statement."""

    __slots__ = ("_connection", "_kind", "_pool")

    def __init__(self, pool: Pool, kind: str) -> None:
        self._pool = pool
        self._kind = kind

    async def __aenter__(self) -> Connection:
        self._connection = await self._pool.borrow(self._kind)
        return self._connection

    async def __aexit__(self, *_: object) -> None:
        self._pool.give_back(self._kind, self._connection)
