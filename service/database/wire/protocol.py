"""What the server says: messages taken out of the stream, and answers told to whoever asked.

Everything up to a Sync is a *group*, and the server answers groups in the order in which they were
sent. Several may be under way on a connection: the next answer is always the first one's.
"""

import asyncio
import collections
import struct
from collections.abc import Callable
from typing import cast

from service.database.wire import messages
from service.database.wire.errors import ConnectionLost, PostgresError

_length = struct.Struct("!xI").unpack_from  # of a message, after its kind
_column = struct.Struct("!2xi").unpack_from  # of the one column of a row, -1 for null

Values = list[list[bytes | None]]  # of each statement, its column
Texts = list[tuple[str, list[bytes | None]]]  # statements, their values as text


class Group:
    """Statements up to a Sync, and whoever waits for their values. Whoever leaves only cancels his
    future: the answer comes all the same, and is for nobody."""

    __slots__ = ("answer", "error", "prepared", "results", "statements")

    def __init__(self, answer: "asyncio.Future[Values]", statements: int) -> None:
        self.answer = answer
        self.statements = statements
        self.prepared: list[str] = []  # what was to be prepared with it
        self.results: Values = []
        self.error: PostgresError | None = None

    def settle(self) -> None:
        """The server is done with it."""
        if self.answer.done():
            return
        if self.error is not None:
            self.error.results = self.results
            self.answer.set_exception(self.error)
        else:
            self.answer.set_result(self.results)

    def fail(self, error: Exception) -> None:
        """There will be no answer."""
        if not self.answer.done():
            self.answer.set_exception(error)


class Protocol(asyncio.Protocol):
    """Collects the server's messages, and tells each group its answer."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.groups: collections.deque[Group] = collections.deque()
        # Is told of every group that is answered, before whoever asked is.
        self.answered: Callable[[Group], None] | None = None
        # Is told once that nothing is under way any more.
        self.ended: Callable[[], None] | None = None
        self.requests: list[bytes] = []  # of the log-in
        self.waiter: asyncio.Future[None] | None = None  # the log-in
        self.error: PostgresError | None = None  # that belongs to no group
        self.status = b""
        self.lost = False
        self._rows: list[bytes | None] = []
        self._rest = bytearray()
        self.loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_exception(self.error or ConnectionLost("the server hung up"))
        self.break_off(ConnectionLost("the server hung up"))

    def break_off(self, error: Exception) -> None:
        """Closes at once; what is under way fails with the error. A statement that the server
        refused before it hung up knows better why."""
        self.lost = True
        if self.transport is not None:
            self.transport.abort()
        groups, self.groups = self.groups, collections.deque()
        for group in groups:
            group.fail(group.error or error)
        self._tell_end()

    def say(self) -> asyncio.Future[None]:
        """Of the log-in: done when the server asks for more or is ready."""
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
            if length > end - start - 6:  # what follows may be somebody else's answer
                self.break_off(ConnectionLost("a row is longer than its message"))
                return
            value = None if length < 0 else bytes(buffer[start + 6 : start + 6 + length])
            self._rows.append(value)
        elif kind == messages.COMMAND_COMPLETE or kind == messages.EMPTY_QUERY:
            if self.groups:
                self.groups[0].results.append(self._rows)
            self._rows = []
        elif kind == messages.READY:
            self.status = bytes(buffer[start:end])
            self._rows = []
            if self.groups:
                self._ready(self.groups.popleft())
            self._wake()
        elif kind == messages.ERROR:
            error = PostgresError(messages.fields(bytes(buffer[start:end])))
            if self.groups:
                self.groups[0].error = error
            else:
                self.error = error
            self._rows = []
        elif kind == messages.AUTHENTICATION:
            self.requests.append(bytes(buffer[start:end]))
            self._wake()

    def _ready(self, group: Group) -> None:
        """A group is answered. What cannot be told apart any more is closed: fewer results than
        statements, or an open transaction whose context the next group would inherit."""
        whole = group.error is not None or len(group.results) == group.statements
        if not whole or (self.groups and self.status != messages.IDLE):
            self.groups.appendleft(group)
            self.break_off(ConnectionLost("the connection is in no known state"))
            return
        if self.answered is not None:
            self.answered(group)
        group.settle()
        if not self.groups:
            self._tell_end()

    def _tell_end(self) -> None:
        told, self.ended = self.ended, None
        if told is not None:
            told()

    def _wake(self) -> None:
        if self.waiter is not None and not self.waiter.done():
            self.waiter.set_result(None)
