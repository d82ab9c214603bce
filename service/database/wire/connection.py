"""One connection: log-in, then groups of statements, one batch at a time or several in a line. What
cannot be trusted is closed."""

import asyncio
import itertools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Self, cast

from service.database.wire import messages
from service.database.wire.errors import ConnectionLost, PostgresError
from service.database.wire.login import Address, Scram
from service.database.wire.parameters import as_text
from service.database.wire.protocol import Group, Protocol, Texts, Values

_SETTINGS = {"client_encoding": "UTF8", "application_name": "kollegium", "TimeZone": "UTC"}
# Named statements a connection keeps; the service has fewer, so this only bounds a mistake.
_MAX_STATEMENTS = 500
# A prepared statement whose result type online DDL changed, or that the server does not know.
_STALE = frozenset({"0A000", "26000"})


class Statement(NamedTuple):
    """SQL with $1, $2 … and their values. It returns at most one column, as text."""

    sql: str
    values: Sequence[Any] = ()


def as_texts(statements: Sequence[Statement]) -> Texts:
    """Statements as they travel. Raises TypeError for a value that has no text form."""
    return [(sql, [as_text(value) for value in values]) for sql, values in statements]


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

    def __init__(self, where: Address, protocol: Protocol, *, named: bool) -> None:
        self._where = where
        self._protocol = protocol
        self._named = named
        self._names: dict[str, bytes] = {}
        self._numbers = itertools.count()
        self.trips = 0
        protocol.answered = self._answered

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

    async def batch(self, statements: Sequence[Statement], *, seconds: float) -> Values:
        """Sends all statements at once; one list of values for each.

        Outside an explicit transaction the batch is one: it is committed when all of it succeeded,
        else undone. Raises PostgresError and leaves the connection usable; TimeoutError,
        cancellation and ConnectionLost close it. PostgreSQL ends a statement whose client is gone
        within a second (client_connection_check_interval in sql/roles.sql); no cancel request is
        sent: PgBouncer before 1.21 stops on one that comes at the wrong moment.
        """
        answer: asyncio.Future[Values] = self._protocol.loop.create_future()
        self._send([(as_texts(statements), answer)])
        # What asyncio.timeout does, without its bookkeeping: nothing else is waited for here.
        limit = self._protocol.loop.call_later(seconds, give_up, answer)
        try:
            return await answer
        except PostgresError:
            raise
        except BaseException:
            self.abort()
            raise
        finally:
            limit.cancel()

    def line(
        self,
        batches: Sequence[tuple[Texts, "asyncio.Future[Values]"]],
        *,
        seconds: float,
        ended: Callable[[], None],
    ) -> None:
        """Sends batches of several requests in one write, each a transaction of its own that
        answers its own future. Nobody can cancel it from outside; after so many seconds it closes
        the connection, and what has no answer yet gets TimeoutError. `ended` is called when nothing
        is under way any more. Raises ConnectionLost."""
        self._send(batches)
        late = TimeoutError()
        limit = self._protocol.loop.call_later(seconds, self._protocol.break_off, late)

        def end() -> None:
            limit.cancel()
            ended()

        self._protocol.ended = end

    def _send(self, batches: Sequence[tuple[Texts, "asyncio.Future[Values]"]]) -> None:
        """One write. Who waits for it is remembered in the order in which it is sent."""
        protocol = self._protocol
        if protocol.lost or protocol.transport is None:
            raise ConnectionLost("the connection is closed")
        out: list[bytes] = []
        groups = []
        for statements, answer in batches:
            group = Group(answer, len(statements))
            self._encode(statements, group, out)
            groups.append(group)
        protocol.groups.extend(groups)
        protocol.transport.write(b"".join(out))
        self.trips += 1

    def _encode(self, statements: Texts, group: Group, out: list[bytes]) -> None:
        """A group as messages. Names are prepared before anything is executed: what a group's first
        statement refuses must not keep the name from the next group."""
        names = self._names
        bound: list[bytes] = []
        for sql, values in statements:
            name = names.get(sql)
            if name is None:
                name = self._name(sql, group.prepared)
                (out if name else bound).append(messages.parse(name, sql))
            bound.append(messages.bind(name, values))
            bound.append(messages.EXECUTE)
        out += bound
        out.append(messages.SYNC)

    def _answered(self, group: Group) -> None:
        if group.error is None:
            return
        # What follows an error is skipped, so a new name may stand for nothing. Names are not
        # used twice: one that does exist on the server must not be prepared again.
        for sql in group.prepared:
            self._names.pop(sql, None)
        if group.error.sqlstate in _STALE:
            self._names.clear()

    def _name(self, sql: str, prepared: list[str]) -> bytes:
        """A name for a statement that is not prepared yet; the unnamed one where names do not
        last."""
        if not self._named or len(self._names) >= _MAX_STATEMENTS:
            return b""
        name = f"s{next(self._numbers)}".encode()
        self._names[sql] = name
        prepared.append(sql)
        return name

    async def _log_in(self) -> None:
        protocol = self._protocol
        scram = Scram(self._where.password)
        settings = {
            "user": self._where.user,
            "database": self._where.database,
            **_SETTINGS,
            **self._where.settings,
        }
        asked = False  # whether it has still to prove itself
        await self._say(messages.startup(settings))
        while True:
            if not protocol.requests:
                raise ConnectionLost("the server is ready before it asked who logs in")
            request = protocol.requests.pop(0)
            code, body = int.from_bytes(request[:4], "big"), request[4:]
            if len(request) < 4 or (code == messages.OK and asked):
                raise ConnectionLost("the server did not prove that it knows the password")
            if code == messages.OK:
                break
            if code == messages.SASL:
                mechanism, first = scram.first(body)
                asked = True
                await self._say(messages.sasl(first, mechanism))
            elif code == messages.SASL_CONTINUE:
                await self._say(messages.sasl(scram.final(body.decode("latin-1"))))
            elif code == messages.SASL_FINAL:
                scram.verify(body.decode("latin-1"))
                asked = False
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
        waiter = protocol.say()
        if data:
            protocol.transport.write(data)
        await waiter

    def abort(self) -> None:
        """Closes at once; nothing that was sent is waited for."""
        self._protocol.break_off(ConnectionLost("the connection was closed"))

    async def close(self) -> None:
        """Says goodbye and closes."""
        transport = self._protocol.transport
        self._protocol.lost = True
        if transport is not None and not transport.is_closing():
            transport.write(messages.TERMINATE)
            transport.close()


def give_up(waiter: asyncio.Future[Any]) -> None:
    """Ends a wait whose time is over; whoever waits gets TimeoutError."""
    if not waiter.done():
        waiter.set_exception(TimeoutError())


async def _dial(where: Address) -> Protocol:
    """A transport to the server, encrypted when the address says so."""
    loop = asyncio.get_running_loop()
    if where.socket is not None:
        _, protocol = await loop.create_unix_connection(Protocol, where.socket)
        return protocol
    if where.tls is None:
        _, protocol = await loop.create_connection(Protocol, where.host, where.port)
        return protocol
    plain, question = await loop.create_connection(_Question, where.host, where.port)
    plain.write(messages.SSL_REQUEST)
    if await question.answer != b"S":
        plain.close()
        raise ConnectionLost("the server does not speak TLS")
    protocol = Protocol()
    encrypted = await loop.start_tls(plain, protocol, where.tls, server_hostname=where.host)
    protocol.connection_made(cast("asyncio.BaseTransport", encrypted))
    return protocol
