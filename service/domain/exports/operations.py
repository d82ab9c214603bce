"""Taking a list out: entered in the ledger first, then page by page under the caller's token."""

from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from service.database.transaction import Database, Tx
from service.domain.exports.columns import Columns, personal
from service.domain.exports.running import Running
from service.domain.exports.writing import Row, Writer

#: Rows of a page: what an export holds in memory at once.
PAGE = 500
_BEGIN = "select app.begin_export($1, $2)"

#: A page of a list, by its cursor.
Ask = Callable[[Tx, str | None], Awaitable[Any]]


class Export(NamedTuple):
    """A list to be taken out: under which name, which of its columns, of which marketplace (None:
    of all), and how a page of it is asked for."""

    name: str
    known: Columns
    columns: list[str]
    marketplace: UUID | None
    ask: Ask


async def begin(tx: Tx, export: Export, running: Running) -> UUID:
    """Enters it in the ledger; returns the company's id. Raises too-many-requests when the company
    or the process takes out as much as it may at once; then nothing is entered."""
    company = await tx.value(UUID, _BEGIN, export.marketplace, personal(export.columns))
    running.expect(company)
    return company


async def parts(
    database: Database, token: str, export: Export, writer: Writer
) -> AsyncGenerator[bytes, None]:
    """The file. Each page is a transaction of its own in the share of long work, whose connection
    is given back before a byte of it is sent: a slow client holds none. A token that dies ends it
    with the next page."""
    page = await _page(database, token, export, None)
    yield writer.head() + writer.rows(_rows(page))
    while page.next_cursor is not None:
        page = await _page(database, token, export, page.next_cursor)
        yield writer.rows(_rows(page))
    if tail := writer.tail():
        yield tail


async def _page(database: Database, token: str, export: Export, cursor: str | None) -> Any:
    return await database.transaction(
        token, lambda tx: export.ask(tx, cursor), reads=True, long=True
    )


def _rows(page: Any) -> list[Row]:
    """As they would be sent: lists pass rows through in types that nobody looks into."""
    rows: list[Row] = msgspec.json.decode(msgspec.json.encode(page.items))
    return rows
