"""Where the former system is read: a schema, another PostgreSQL, or a directory of files.

Each source hands over the rows of a table as the bytes of a COPY, so that nothing is kept in
memory. All of them only read.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol, TypeAlias

import asyncpg

from service.legacy.contract import Table, quoted
from service.legacy.files import Recoded, SourceError, copy_lines, csv_header, csv_records

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
_QUEUE = 8  # pieces of a COPY under way, some 64 KB each


@dataclass(frozen=True)
class Rows:
    """The rows of a table as COPY data: format, columns in their order, and the bytes."""

    format: Literal["text", "csv", "binary"]
    columns: tuple[str, ...]
    pieces: AsyncIterator[bytes]
    recoded: list[Recoded] = field(default_factory=list)


class Source(Protocol):
    """The former system as one of the three kinds shows it."""

    @property
    def kind(self) -> str:
        """schema, url or csv."""
        ...

    def rows(self, table: Table, load: int) -> Rows:
        """The rows of a table, each with the number of the load in front."""
        ...


@dataclass(frozen=True)
class DatabaseSource:
    """A schema that a connection reads; the connection does nothing else meanwhile."""

    connection: Connection
    schema: str
    kind: str = "schema"

    def rows(self, table: Table, load: int) -> Rows:
        """Binary, with the types of the contract, whatever the types of the source are."""
        columns = ", ".join(f"{column.name}::{column.type}" for column in table.columns)
        query = (
            f"select {int(load)}::integer, {columns} "  # noqa: S608 - names of the contract
            f"from {quoted(self.schema)}.{table.name} order by {table.key}"
        )
        return Rows("binary", ("load", *table.names), self._copied(query))

    async def _copied(self, query: str) -> AsyncIterator[bytes]:
        """COPY … TO as an iterator; the server waits while nobody takes pieces."""
        queue: asyncio.Queue[bytes | None] = asyncio.Queue(_QUEUE)

        async def fill() -> None:
            try:
                await self.connection.copy_from_query(query, output=queue.put, format="binary")
            finally:
                await queue.put(None)

        filling = asyncio.create_task(fill())
        try:
            while (piece := await queue.get()) is not None:
                yield piece
            await filling
        finally:
            filling.cancel()


@dataclass(frozen=True)
class FileSource:
    """A directory, a file a table: `users.csv` (COPY … CSV HEADER) or `users.copy` (COPY text).

    `latin1` reads records that are no UTF-8 as Windows-1252; otherwise they end the reading.
    """

    directory: Path
    latin1: bool = False
    kind: str = "csv"

    def rows(self, table: Table, load: int) -> Rows:
        """Raises SourceError for a missing file, an unknown or missing column."""
        text, plain = (self.directory / f"{table.name}{end}" for end in (".csv", ".copy"))
        recoded: list[Recoded] = []
        if text.is_file():
            columns = csv_header(text, table)
            key = columns.index("id") if "id" in columns else 0
            records = csv_records(text, f"{load},".encode(), self.latin1, recoded, key)
            return Rows("csv", ("load", *columns), _threaded(records), recoded)
        if plain.is_file():
            lines = copy_lines(plain, f"{load}\t".encode(), self.latin1, recoded)
            return Rows("text", ("load", *table.names), _threaded(lines), recoded)
        raise SourceError(
            f"{self.directory} has neither {text.name} nor {plain.name}: export each table of "
            "sql/legacy/schema.sql with `copy … to … with (format csv, header)`, or as pg_dump "
            "writes it."
        )


async def _threaded(pieces: Any) -> AsyncIterator[bytes]:
    """Blocks of a file, read beside the loop."""
    iterator = iter(pieces)
    while (piece := await asyncio.to_thread(next, iterator, None)) is not None:
        yield piece


@asynccontextmanager
async def reading(connection: Connection, schema: str, kind: str) -> AsyncIterator[DatabaseSource]:
    """A read-only transaction with one snapshot over all tables of the source."""
    if not await connection.fetchval("select to_regnamespace($1) is not null", quoted(schema)):
        raise SourceError(f"The source has no schema {schema}; name it with --schema.")
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        # A slow target may keep this transaction idle between two tables.
        await connection.execute("set local idle_in_transaction_session_timeout = 0")
        await connection.execute("set local statement_timeout = 0")
        yield DatabaseSource(connection, schema, kind)
