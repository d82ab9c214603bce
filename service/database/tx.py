"""What an operation does with its transaction: ask, write, end.

Statements wait for each other only where Python needs an answer in between: what is queued with
`do` goes out together with the next statement, and with it begin, context and, where the operation
says that it is the last one, commit. Before that, a write asks `app.leave()` whether its token is
still alive: it may have waited for a lock.
"""

import contextlib
import functools
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeVar, cast

import msgspec
from sqlalchemy import Select

from service.database import statements
from service.database.passing import passing
from service.database.wire import Connection, Lane, PostgresError, Statement
from service.database.wire.protocol import Values
from service.errors import Problem, Refused
from service.vocabulary import Page, cut, decode_cursor, fetched

T = TypeVar("T")

_BEGIN = Statement("begin")
_COMMIT = Statement("commit")
_ROLLBACK = Statement("rollback")
_SAVEPOINT = Statement("savepoint operation")
_BACK = Statement("rollback to savepoint operation")
ENTER_TO_WRITE = "select app.enter_to_write($1)"
ENTER_TO_READ = "select app.enter_to_read($1)"
_LEAVE = Statement("select app.leave()")
_NOTHING = Statement("select null")


class Known(Exception):
    """The question of `Tx.unless` has an answer."""

    def __init__(self, answer: Any) -> None:
        super().__init__("known before")
        self.answer = answer


class _Question:
    """Of `Tx.unless`; `passed`: it had no answer, and the savepoint behind it stands."""

    __slots__ = ("_decoder", "passed", "sent", "statement")

    def __init__(self, statement: Statement, decoder: msgspec.json.Decoder[Any]) -> None:
        self.statement, self._decoder = statement, decoder
        self.sent = self.passed = False

    def look(self, results: Values) -> None:
        """Takes what the batch returned from the question on. Raises Known."""
        if results and results[0] and results[0][0]:
            raise Known(self._decoder.decode(results[0][0]))
        self.passed = len(results) > 1


class Tx:
    """One open transaction. Rows come back as structs of the type that is asked for."""

    #: Whether it only reads: then each statement is a transaction of its own.
    reads = False

    def __init__(
        self, connection: Connection | None, token: str | None, *, whole: bool, seconds: float
    ) -> None:
        self._connection = connection
        enter = ENTER_TO_READ if self.reads else ENTER_TO_WRITE
        self._enter = [] if token is None else [Statement(enter, (token,))]
        # A read commits nothing; what it shows after its token died is nothing, too.
        self._leave = [] if token is None or self.reads else [_LEAVE]
        self._whole = whole
        self._seconds = seconds
        self._queue: list[Statement] = []
        self._attempt: Statement | None = None
        self._question: _Question | None = None
        self._begun = False
        self._ended = False

    def do(self, sql: str, *values: Any) -> None:
        """Queues a statement whose result nobody wants; it goes out with the next one."""
        self._queue.append(Statement(sql, values))

    def attempt(self, sql: str, *values: Any) -> None:
        """Queues a statement that returns null, or a refusal as JSON. Then what it did is kept, and
        the next statement raises Refused."""
        self._attempt = Statement(sql, values)
        self._queue.append(self._attempt)

    async def rows(
        self, kind: type[T], sql: str, *values: Any, lane: Lane | None = None
    ) -> list[T]:
        """All rows of a select. lane: see `view`."""
        found = await self._send(Statement(_all_of(sql), values), lane=lane)
        items: list[T] = _decoder(list[kind]).decode(found[0] or b"[]")  # type: ignore[valid-type]
        return items

    async def listed(
        self, kind: type[T], sql: str, *values: Any, lane: Lane | None = None
    ) -> list[T]:
        """The same for rows that nobody looks into: they say what `kind` says, in types that cost
        less (passing.py). Ids are text."""
        rows: list[T] = await self.rows(passing(cast("Any", kind)), sql, *values, lane=lane)
        return rows

    async def row(
        self, kind: type[T], sql: str, *values: Any, last: bool = False, lane: Lane | None = None
    ) -> T | None:
        """The first row, or None. last, lane: see `view`."""
        found = await self._send(
            Statement(_one_of(sql), values),
            last=last,
            lane=lane,
        )
        return cast("T", _decoder(kind).decode(found[0])) if found and found[0] else None

    async def one(
        self, kind: type[T], sql: str, *values: Any, last: bool = False, lane: Lane | None = None
    ) -> T:
        """The first row; what the policies hide does not exist: Problem not-found."""
        row = await self.row(kind, sql, *values, last=last, lane=lane)
        if row is None:
            if self._begun and not self._ended:
                # Nobody's context shows nothing: that is another answer than "it does not exist".
                await self._batch(self._leave)
            raise Problem("not-found")
        return row

    async def view(self, kind: type[T], sql: str, *values: Any, lane: Lane | None = None) -> T:
        """The row with which an operation ends: what it wrote is committed in the same trip. lane:
        where the transaction only reads, it goes out with others of its kind; for statements that
        are asked often and whose work is bounded."""
        return await self.one(kind, sql, *values, last=True, lane=lane)

    async def value(self, kind: type[T], sql: str, *values: Any) -> T:
        """The one column of the one row."""
        found = await self._send(Statement(f"select to_json(x.v)::text from ({sql}) x (v)", values))
        return cast("T", _decoder(kind).decode(found[0] or b"null"))

    async def page(
        self,
        kind: type[T],
        statement: Select[Any],
        *,
        cursor: str | None,
        limit: int,
        key: str = "id",
        oldest_first: bool = False,
        lane: Lane | None = None,
        **values: Any,
    ) -> Page[T]:
        """A page of a statement without order and limit; `values` are its bind parameters. Keyset:
        stable while rows are added. `key` names a column of it that is unique and ordered by time.
        """
        after = decode_cursor(cursor)
        column = statement.selected_columns[key]
        made = statements.page(statement, column, oldest_first, after is not None, fetched(limit))
        given = made.values({**values, statements.AFTER: after})
        return cut(await self.listed(kind, made.sql, *given, lane=lane), limit, key)

    @contextlib.asynccontextmanager
    async def unless(self, kind: type[T], sql: str, *values: Any) -> AsyncIterator[None]:
        """What happens inside is undone when it raises, and the transaction goes on; so it is when
        the question has a row for an answer: then Known is raised, whatever else happened. The
        question goes out with the first statement inside, and is answered before it."""
        self._question = question = _Question(Statement(_one_of(sql), values), _decoder(kind))
        try:
            yield
            if not question.sent:
                await self._send(_NOTHING)
        except (Refused, Known):
            raise
        except (Problem, PostgresError):
            if not question.sent:
                self._queue.clear()
                self._attempt = None
                await self._send(_NOTHING)
            elif question.passed:
                await self._batch([_BACK])
            raise

    async def undone(self) -> None:
        """Ends the transaction without what happened inside `unless`."""
        await self._batch([_BACK, *self._leave, _COMMIT])
        self._ended = True

    async def _send(
        self, statement: Statement, *, last: bool = False, lane: Lane | None = None
    ) -> list[bytes | None]:
        """Sends what is queued and this statement in one round trip; returns its values.

        A batch outside begin and commit is a transaction of its own: reads need no more, and
        neither does a write that is done with its first batch.
        """
        if self._ended:
            raise RuntimeError("a statement after the one that ended the transaction")
        last = last and not self._whole and not self.reads
        batch: list[Statement] = []
        if not self._begun:
            if not (last or self.reads):
                batch.append(_BEGIN)
                self._begun = True
            batch += self._enter
        question, self._question = self._question, None
        if question is not None:
            question.sent, at = True, len(batch)
            batch += (question.statement, _SAVEPOINT)
        batch += self._queue
        self._queue = []
        position = len(batch)
        batch.append(statement)
        if last:
            batch += self._leave
            batch += [_COMMIT] if self._begun else []
        try:
            results = await self._batch(batch, lane)
        except PostgresError as error:
            if question is not None:
                question.look(error.results[at:])
            raise
        self._ended = last
        if question is not None:
            question.look(results[at:])
        self._look(batch, results)
        return results[position]

    def _look(self, batch: list[Statement], results: Values) -> None:
        """Raises Refused for the refusal that an attempt returned."""
        if self._attempt is None:
            return
        returned, self._attempt = results[batch.index(self._attempt)][0], None
        if returned is not None:
            refusal = msgspec.json.decode(returned)
            raise Refused(refusal["problem"], **refusal["detail"])

    async def finish(self) -> None:
        """Commits what is not committed yet."""
        if self._ended or not (self._begun or self._queue):
            return
        start, end = ([], [_COMMIT]) if self._begun else (self._enter, [])
        batch = [*start, *self._queue, *self._leave, *end]
        await self._batch(batch)

    async def undo(self) -> None:
        """Ends an explicit transaction without effect."""
        connection = self._connection
        if self._begun and connection and not connection.closed and not connection.idle:
            await self._batch([_ROLLBACK])

    async def _batch(self, batch: list[Statement], lane: Lane | None = None) -> Values:
        """One round trip on the connection that the transaction has."""
        if self._connection is None:
            raise RuntimeError("a transaction without a connection")
        return await self._connection.batch(batch, seconds=self._seconds)


# Most statements are constants: what is put around them is, too.
@functools.lru_cache(maxsize=512)
def _all_of(sql: str) -> str:
    return f"select coalesce(json_agg(x), '[]')::text from ({sql}) x"


@functools.lru_cache(maxsize=512)
def _one_of(sql: str) -> str:
    return f"select to_json(x)::text from ({sql}) x limit 1"


# One a type, made once: making it costs more than a row.
_decoder = cast("Callable[[Any], msgspec.json.Decoder[Any]]", functools.cache(msgspec.json.Decoder))
