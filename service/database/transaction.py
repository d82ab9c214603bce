"""The only module that knows the tenant: the transaction and its context.

One transaction per request. Its first statement is `app.enter_to_write(token)`, for a read
`app.enter_to_read(token)`: the token travels as a bind parameter and becomes a transaction-local
setting, from which PostgreSQL looks the company up. What an operation asks of it is in `tx.py`.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Concatenate, ParamSpec, TypeVar

import asyncpg

from service.database.retries import Retries
from service.database.tx import ENTER_TO_READ, ENTER_TO_WRITE, Tx
from service.database.wire import (
    ConnectionLost,
    Lane,
    Lanes,
    Pool,
    PoolExhausted,
    PostgresError,
    Share,
    Statement,
)
from service.database.wire.connection import as_texts
from service.database.wire.login import address
from service.database.wire.protocol import Values
from service.errors import Problem, Refused
from service.settings import ServiceSettings

__all__ = ["Database", "Lane", "Tx"]

T = TypeVar("T")
P = ParamSpec("P")

_READS = "reads"


class _Reading(Tx):
    """Statements that read. Each is a transaction with a context of its own, and has a connection
    for as long as it takes: from its lane, or on loan."""

    reads = True

    def __init__(self, database: "Database", token: str | None, kind: str) -> None:
        super().__init__(None, token, whole=False, seconds=database.seconds)
        self._database, self._kind = database, kind

    async def _batch(self, batch: list[Statement], lane: Lane | None = None) -> Values:
        if lane is not None and self._kind == _READS:
            return await self._database.lanes.ask(lane, as_texts(batch))
        async with self._database.pool.lend(self._kind) as connection:
            return await connection.batch(batch, seconds=self._seconds)


def shares(size: int) -> dict[str, Share]:
    """What of the pool is whose, so that none of them starves another: reads, writes, and long work
    (files). A read never waits for a write that waits for a lock. Of one or two connections
    nothing is kept for anybody."""
    if size < 3:
        return {}
    kept, long = max(1, size // 3), max(1, size // 6)
    most = size - kept - long
    return {"reads": Share(kept, most), "writes": Share(kept, most), "long": Share(long, long)}


class Database:
    """A pool of connections as kollegium_api. seconds: what a request may take."""

    def __init__(self, settings: ServiceSettings) -> None:
        self._url = settings.database_url
        self.seconds = settings.request_timeout
        shared = shares(settings.connections)
        spare = settings.connections - sum(share.kept for share in shared.values())
        # Together all connections there are.
        self._kinds = ["reads"] * spare
        for kind, share in shared.items():
            self._kinds += [kind] * share.kept
        self._timeout = settings.pool_timeout
        self.pool = Pool(
            address(settings.database_url),
            size=settings.connections,
            seconds=settings.pool_timeout,
            # PgBouncer in transaction mode may hand each transaction another server connection.
            named=not settings.through_pgbouncer,
            shares=shared,
        )
        # Of three connections that reads may have a lane takes two: one is for all else.
        most = shared["reads"].most if shared else settings.connections
        self.lanes = Lanes(self.pool, _READS, max(1, most - 1))

    @classmethod
    async def open(cls, settings: ServiceSettings) -> "Database":
        """Connects once, to fail early: raises OSError, TimeoutError or ConnectionLost when the
        server does not let us in."""
        database = cls(settings)
        async with database.pool.lend("reads"):
            return database

    async def warm_up(self) -> None:
        """Opens all connections and lets each look a token up once. The first statement of a new
        connection takes ten times as long, and a burst should not be what pays for that."""
        lost = (ConnectionLost, PoolExhausted, OSError, TimeoutError)
        async with contextlib.AsyncExitStack() as stack:
            with contextlib.suppress(*lost):  # requests will meet it, and tell
                for kind in self._kinds:
                    connection = await stack.enter_async_context(self.pool.lend(kind))
                    for enter in (ENTER_TO_WRITE, ENTER_TO_READ):
                        with contextlib.suppress(PostgresError):  # nobody has this token
                            nobody = Statement(enter, ("kgs_nobody",))
                            await connection.batch([nobody], seconds=self.seconds)

    async def close(self) -> None:
        """Closes all connections."""
        await self.pool.close()

    async def run(
        self,
        token: str | None,
        operation: Callable[Concatenate[Tx, P], Awaitable[T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T:
        """Runs an operation that writes, as the bearer of the token (None: as nobody).

        Raises Problem, PostgresError (28000: no valid token), and what the pool raises.
        """
        return await self.transaction(token, lambda tx: operation(tx, *args, **kwargs))

    async def transaction(
        self,
        token: str | None,
        work: Callable[[Tx], Awaitable[T]],
        *,
        reads: bool = False,
        whole: bool = False,
        long: bool = False,
    ) -> T:
        """The same for any work. reads: it changes nothing, and each statement sees the
        newest state. whole: it commits at its end and not with its `view`, because something
        follows there. long: it may take its time, in a share of its own."""
        kind = "long" if long else _READS if reads else "writes"
        retries = Retries(self.seconds)
        while True:
            try:
                if reads:
                    return await _complete(_Reading(self, token, kind), work)
                async with self.pool.lend(kind) as connection:
                    tx = Tx(connection, token, whole=whole, seconds=self.seconds)
                    return await _complete(tx, work)
            except PostgresError as error:
                pause = retries.pause(error)
                if pause is None:
                    raise
            await asyncio.sleep(pause)

    async def ping(self) -> None:
        """Whether requests get a connection that works. Raises what they would meet."""
        await self.transaction(None, lambda tx: tx.value(bool, "select true"), reads=True)

    @contextlib.asynccontextmanager
    async def probe(self) -> AsyncIterator[Any]:
        """A new connection of its own, without context, to look at the database itself."""
        connection = await asyncpg.connect(
            self._url, timeout=self._timeout, command_timeout=self.seconds, statement_cache_size=0
        )
        try:
            yield connection
        finally:
            await connection.close(timeout=1)


async def _complete(tx: Tx, work: Callable[[Tx], Awaitable[T]]) -> T:
    """Commits when the work succeeds; otherwise its effect is undone before anybody is told."""
    try:
        result = await work(tx)
        await tx.finish()
    except Refused:
        await tx.finish()
        raise
    except (Problem, PostgresError):
        await tx.undo()
        raise
    return result
