"""Where the former system is read: a schema, another PostgreSQL, or a directory of files.

Each source hands over the rows of a table as the bytes of a COPY, so that nothing is kept in
memory. All of them only read.
"""

import asyncio
import csv
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

import asyncpg

from service.jobs.legacy.contract import LegacyTable, quoted
from service.jobs.legacy.files import Recoded, SourceError, copy_lines, csv_header, csv_records

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record]"
_QUEUE = 8  # pieces of a COPY under way, some 64 KB each


@dataclass(frozen=True)
class Rows:
    """The rows of a table as COPY data: format, columns in their order, and the bytes."""

    format: Literal["text", "csv", "binary"]
    columns: tuple[str, ...]
    pieces: AsyncIterator[bytes]
    recoded: list[Recoded] = field(default_factory=list)


@dataclass(frozen=True)
class Records:
    """The same record by record, in blocks, each value as it stands there."""

    format: Literal["text", "csv"]
    columns: tuple[str, ...]
    blocks: AsyncIterator[list[bytes]]
    recoded: list[Recoded] = field(default_factory=list)

    @property
    def separator(self) -> str:
        """What stands between two values."""
        return "," if self.format == "csv" else "\t"

    def number(self, record: bytes) -> str | None:
        """The row's own number, where it can be read; without one it has only its place."""
        if "id" not in self.columns:
            return None
        with suppress(csv.Error, IndexError, UnicodeDecodeError):
            text = record.decode()
            values = next(csv.reader([text], delimiter=self.separator))
            number = values[self.columns.index("id")].strip()
            return number if re.fullmatch("[0-9]{1,18}", number) else None
        return None


class LegacySource(Protocol):
    """The former system as one of the three kinds shows it."""

    @property
    def kind(self) -> str:
        """schema, url or csv."""
        ...

    def rows(self, table: LegacyTable, load: int) -> Rows:
        """The rows of a table, each with the number of the load in front."""
        ...

    def records(self, table: LegacyTable) -> Records:
        """The same, for reading row by row what could not be read as a whole."""
        ...


@dataclass(frozen=True)
class DatabaseSource:
    """A schema that a connection reads; the connection does nothing else meanwhile."""

    connection: Connection
    schema: str
    kind: str = "schema"

    def rows(self, table: LegacyTable, load: int) -> Rows:
        """Binary, with the types of the contract, whatever the types of the source are."""
        columns = ", ".join(f"{column.name}::{column.type}" for column in table.columns)
        query = (
            f"select {int(load)}::integer, {columns} "  # noqa: S608 - names of the contract
            f"from {quoted(self.schema)}.{table.name} order by {table.key}"
        )
        return Rows("binary", ("load", *table.names), self._copied(query, "binary"))

    def records(self, table: LegacyTable) -> Records:
        """Every value as text, whatever its type there."""
        columns = ", ".join(f"{quoted(name)}::text" for name in table.names)
        query = (
            f"select {columns} "  # noqa: S608 - names of the contract
            f"from {quoted(self.schema)}.{table.name} order by {table.key}"
        )
        return Records("text", table.names, _lines(self._copied(query, "text")))

    async def _copied(self, query: str, how: Literal["text", "binary"]) -> AsyncIterator[bytes]:
        """COPY … TO as an iterator; the server waits while nobody takes pieces. In a savepoint, so
        that the snapshot outlives a value that cannot be read."""
        queue: asyncio.Queue[bytes | None] = asyncio.Queue(_QUEUE)

        async def fill() -> None:
            try:
                await self.connection.copy_from_query(query, output=queue.put, format=how)
            finally:
                await queue.put(None)

        savepoint = self.connection.transaction()
        await savepoint.start()
        filling = asyncio.create_task(fill())
        try:
            while (piece := await queue.get()) is not None:
                yield piece
            await filling
        finally:
            # Who stopped taking pieces leaves a full queue behind.
            while not filling.done():
                filling.cancel()
                while not queue.empty():
                    queue.get_nowait()
                await asyncio.wait([filling], timeout=0.1)
            await savepoint.rollback()


@dataclass(frozen=True)
class FileSource:
    """A directory, a file a table: `users.csv` (COPY … CSV HEADER) or `users.copy` (COPY text).

    `latin1` reads records that are no UTF-8 as Windows-1252; otherwise they end the reading.
    """

    directory: Path
    latin1: bool = False
    kind: str = "csv"

    def rows(self, table: LegacyTable, load: int) -> Rows:
        """Raises SourceError for a missing file, an unknown or missing column."""
        read = self.records(table)
        pieces = _joined(read.blocks, f"{load}{read.separator}".encode())
        return Rows(read.format, ("load", *read.columns), pieces, read.recoded)

    def records(self, table: LegacyTable) -> Records:
        """Raises SourceError as `rows` does."""
        text, plain = (self.directory / f"{table.name}{end}" for end in (".csv", ".copy"))
        recoded: list[Recoded] = []
        if text.is_file():
            columns = csv_header(text, table)
            key = columns.index("id") if "id" in columns else 0
            records = csv_records(text, self.latin1, recoded, key)
            return Records("csv", columns, _threaded(records), recoded)
        if plain.is_file():
            lines = copy_lines(plain, self.latin1, recoded)
            return Records("text", table.names, _threaded(lines), recoded)
        raise SourceError(
            f"{self.directory} has neither {text.name} nor {plain.name}: export each table of "
            "sql/legacy/schema.sql with `copy … to … with (format csv, header)`, or as pg_dump "
            "writes it."
        )


async def _threaded(blocks: Iterator[list[bytes]]) -> AsyncIterator[list[bytes]]:
    """Blocks of a file, read beside the loop."""
    while (block := await asyncio.to_thread(next, blocks, None)) is not None:
        yield block


async def _joined(blocks: AsyncIterator[list[bytes]], prefix: bytes) -> AsyncIterator[bytes]:
    async for block in blocks:
        yield prefix + prefix.join(block)


async def _lines(pieces: AsyncIterator[bytes]) -> AsyncIterator[list[bytes]]:
    """Pieces of a COPY in text format, line by line."""
    rest = b""
    async for piece in pieces:
        lines = (rest + piece).split(b"\n")
        rest = lines.pop()
        if lines:
            yield [line + b"\n" for line in lines]


@asynccontextmanager
async def reading(connection: Connection, schema: str, kind: str) -> AsyncIterator[DatabaseSource]:
    """A read-only transaction with one snapshot over all tables of the source."""
    if not await connection.fetchval("select to_regnamespace($1) is not null", quoted(schema)):
        raise SourceError(f"The source has no schema {schema}; name it with --schema.")
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        # A slow target may keep this transaction idle between two tables.
        await connection.execute("set local idle_in_transaction_session_timeout = 0")
        await connection.execute("set local statement_timeout = 0")
        await connection.execute("set local datestyle = 'ISO, YMD'")  # for values read as text
        yield DatabaseSource(connection, schema, kind)
