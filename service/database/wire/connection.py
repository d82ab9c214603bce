"""One connection: log-in, then batches, one at a time. What cannot be trusted is closed."""

import asyncio
import itertools
import struct
from collections.abc import Sequence
from typing import Any, NamedTuple, Self, cast

from service.database.wire import messages
from service.database.wire.errors import ConnectionLost, PostgresError
from service.database.wire.login import Address, Scram
from service.database.wire.parameters import as_text

_SETTINGS = {"client_encoding": "UTF8", "application_name": "kollegium", "TimeZone": "UTC"}
# Named statements a connection keeps; the service has fewer, so this only bounds a mistake.
_MAX_STATEMENTS = 500
# A prepared statement whose result type online DDL changed, or that the server does not know.
_STALE = frozenset({"0A000", "26000"})
_length = struct.Struct("!xI").unpack_from  # of a message, after its kind
_column = struct.Struct("!2xi").unpack_from  # of the one column of a row, -1 for null


class Statement(NamedTuple):
    """SQL with $1, $2 … and their values. It returns at most one column, as text."""

    sql: str
    values: Sequence[Any] = ()


class _Protocol(asyncio.Protocol):
    """Collects the server's messages until it is ready for the next batch."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.waiter: asyncio.Future[None] | None = None
        self.results: list[list[bytes | None]] = []
        self.error: PostgresError | None = None
        self.requests: list[bytes] = []
        self.status = b""
        self.lost = False
        self._rows: list[bytes | None] = []
        self._rest = bytearray()
        self.loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost = True
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_exception(self.error or ConnectionLost("the server hung up"))

    def begin(self) -> asyncio.Future[None]:
        """Forgets the last answer; the future is done when the server is ready again."""
        self.results, self._rows, self.error, self.status = [], [], None, b""
        self.waiter = self.loop.create_future()
        return self.waiter

    def data_received(self, data: bytes) -> None:
        """Takes whole messages out; the rest of a cut one waits for more."""
        buffer: bytes | bytearray = data
        if self._rest:
            buffer = self._rest
            buffer += data
        start, size = 0, len(buffer)
        while size - start >= 5:
            end = start + 1 + _length(buffer, start)[0]
            if end > size:
                break
            self._message(buffer[start], buffer, start + 5, end)
            start = end
        if buffer is self._rest:
            del self._rest[:start]
        elif start < size:
            self._rest += data[start:]

    def _message(self, kind: int, buffer: bytes | bytearray, start: int, end: int) -> None:
        if kind == messages.DATA_ROW:
            length = _column(buffer, start)[0]
            value = None if length < 0 else bytes(buffer[start + 6 : start + 6 + length])
            self._rows.append(value)
        elif kind in (messages.COMMAND_COMPLETE, messages.EMPTY_QUERY):
            self.results.append(self._rows)
            self._rows = []
        elif kind == messages.READY:
            self.status = bytes(buffer[start:end])
            self._wake()
        elif kind == messages.ERROR:
            self.error = PostgresError(messages.fields(bytes(buffer[start:end])))
        elif kind == messages.AUTHENTICATION:
            self.requests.append(bytes(buffer[start:end]))
            self._wake()

    def _wake(self) -> None:
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_result(None)


class _Question(asyncio.Protocol):
    """Waits for the one byte that says whether the server speaks TLS."""

    def __init__(self) -> None:
        self.answer: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    def data_received(self, data: bytes) -> None:
        if not self.answer.done():
            self.answer.set_result(data)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.answer.done():
            self.answer.set_exception(ConnectionLost("the server hung up"))


class Connection:
    """A logged-in connection. `trips` counts round trips, for who guards their number."""

    def __init__(self, where: Address, protocol: _Protocol, *, named: bool) -> None:
        self._where = where
        self._protocol = protocol
        self._named = named
        self._names: dict[str, bytes] = {}
        self._numbers = itertools.count()
        self.trips = 0

    @classmethod
    async def open(cls, where: Address, *, seconds: float, named: bool = True) -> Self:
        """Connects and logs in within so many seconds.

        named False: statements are prepared anew each time, for a pooler that may give every
        transaction another server connection. Raises OSError, TimeoutError, ConnectionLost,
        PostgresError.
        """
        async with asyncio.timeout(seconds):
            connection = cls(where, await _dial(where), named=named)
            try:
                await connection._log_in()
            except BaseException:
                connection.abort()
                raise
        return connection

    @property
    def closed(self) -> bool:
        """Whether it is of no use any more."""
        return self._protocol.lost

    @property
    def idle(self) -> bool:
        """Whether it is outside any transaction, and so may serve somebody else."""
        return not self._protocol.lost and self._protocol.status == messages.IDLE

    async def batch(
        self, statements: Sequence[Statement], *, seconds: float
    ) -> list[list[bytes | None]]:
        """Sends all statements at once; one list of values for each.

        Outside an explicit transaction the batch is one: it is committed when all of it succeeded,
        else undone. Raises PostgresError and leaves the connection usable; TimeoutError,
        cancellation and ConnectionLost close it. PostgreSQL ends a statement whose client is gone
        within a second (client_connection_check_interval in sql/roles.sql); no cancel request is
        sent: PgBouncer before 1.21 stops on one that comes at the wrong moment.
        """
        out: list[bytes] = []
        prepared: list[str] = []
        for sql, values in statements:
            name = self._names.get(sql)
            if name is None:
                name = self._name(sql, prepared)
                out.append(messages.parse(name, sql))
            out.append(messages.bind(name, [as_text(value) for value in values]))
            out.append(messages.EXECUTE)
        out.append(messages.SYNC)
        await self._exchange(b"".join(out), seconds)
        if self._protocol.error is not None:
            # What follows an error is skipped, so a new name may stand for nothing. Names are not
            # used twice: one that does exist on the server must not be prepared again.
            for sql in prepared:
                del self._names[sql]
            if self._protocol.error.sqlstate in _STALE:
                self._names.clear()
            raise self._protocol.error
        return self._protocol.results

    def _name(self, sql: str, prepared: list[str]) -> bytes:
        """A name for a statement that is not prepared yet; the unnamed one where names do not
        last."""
        if not self._named or len(self._names) >= _MAX_STATEMENTS:
            return b""
        name = f"s{next(self._numbers)}".encode()
        self._names[sql] = name
        prepared.append(sql)
        return name

    async def _exchange(self, data: bytes, seconds: float) -> None:
        protocol = self._protocol
        if protocol.lost or protocol.transport is None:
            raise ConnectionLost("the connection is closed")
        waiter = protocol.begin()
        protocol.transport.write(data)
        self.trips += 1
        # What asyncio.timeout does, without its bookkeeping: nothing else is waited for here.
        limit = protocol.loop.call_later(seconds, give_up, waiter)
        try:
            await waiter
        except BaseException:
            self.abort()
            raise
        finally:
            limit.cancel()

    async def _log_in(self) -> None:
        protocol = self._protocol
        scram = Scram(self._where.password)
        settings = {
            "user": self._where.user,
            "database": self._where.database,
            **_SETTINGS,
            **self._where.settings,
        }
        await self._say(messages.startup(settings))
        while True:
            request = protocol.requests.pop(0)
            code, body = int.from_bytes(request[:4], "big"), request[4:]
            if code == messages.OK:
                break
            if code == messages.SASL:
                mechanism, first = scram.first(body)
                await self._say(messages.sasl(first, mechanism))
            elif code == messages.SASL_CONTINUE:
                await self._say(messages.sasl(scram.final(body.decode())))
            elif code == messages.SASL_FINAL:
                scram.verify(body.decode())
                if not protocol.requests:
                    await self._say(b"")
            else:
                raise ConnectionLost("the server asks for another log-in than SCRAM-SHA-256")
        while not protocol.status:
            await self._say(b"")

    async def _say(self, data: bytes) -> None:
        """Sends a message of the log-in and waits for the next request, or for readiness."""
        protocol = self._protocol
        if protocol.lost or protocol.transport is None:
            raise ConnectionLost("the server hung up during the log-in")
        waiter = protocol.begin()
        if data:
            protocol.transport.write(data)
        await waiter

    def abort(self) -> None:
        """Closes at once; nothing that was sent is waited for."""
        self._protocol.lost = True
        if self._protocol.transport is not None:
            self._protocol.transport.abort()

    async def close(self) -> None:
        """Says goodbye and closes."""
        transport = self._protocol.transport
        self._protocol.lost = True
        if transport is not None and not transport.is_closing():
            transport.write(messages.TERMINATE)
            transport.close()


def give_up(waiter: asyncio.Future[None]) -> None:
    """Ends a wait whose time is over; whoever waits gets TimeoutError."""
    if not waiter.done():
        waiter.set_exception(TimeoutError())


async def _dial(where: Address) -> _Protocol:
    """A transport to the server, encrypted when the address says so."""
    loop = asyncio.get_running_loop()
    if where.socket is not None:
        _, protocol = await loop.create_unix_connection(_Protocol, where.socket)
        return protocol
    if where.tls is None:
        _, protocol = await loop.create_connection(_Protocol, where.host, where.port)
        return protocol
    plain, question = await loop.create_connection(_Question, where.host, where.port)
    plain.write(messages.SSL_REQUEST)
    if await question.answer != b"S":
        plain.close()
        raise ConnectionLost("the server does not speak TLS")
    protocol = _Protocol()
    encrypted = await loop.start_tls(plain, protocol, where.tls, server_hostname=where.host)
    protocol.connection_made(cast("asyncio.BaseTransport", encrypted))
    return protocol
