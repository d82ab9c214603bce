"""Where a generated former system goes: a schema of a database, or a directory of CSV files."""

import csv
import io
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import ExitStack
from pathlib import Path

from service.jobs.legacy.contract import quoted, schema_script, tables
from service.jobs.legacy.practice.generating import Chunk
from service.jobs.legacy.sources import Connection

Told = Callable[[str, int], None]  # table, rows written


class SchemaExists(Exception):
    """The schema is there already; nothing was changed."""


def _csv(chunk: Chunk) -> bytes:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(chunk.rows)
    return text.getvalue().encode()


async def fill_schema(
    connection: Connection, schema: str, chunks: Iterable[Chunk], reader: str | None, told: Told
) -> None:
    """Creates the schema and fills it, in one transaction. Raises SchemaExists.

    `reader` is the role that may read it afterwards; None: nobody but its owner.
    """
    if await connection.fetchval("select to_regnamespace($1) is not null", quoted(schema)):
        raise SchemaExists(schema)
    async with connection.transaction():
        await connection.execute(schema_script(schema))
        for chunk in chunks:
            await connection.copy_to_table(
                chunk.table,
                schema_name=schema,
                source=_pieces(_csv(chunk)),
                columns=list(tables()[chunk.table].names),
                format="csv",
            )
            told(chunk.table, len(chunk.rows))
        if reader:
            name = quoted(schema)
            await connection.execute(f"grant usage on schema {name} to {reader}")
            await connection.execute(f"grant select on all tables in schema {name} to {reader}")
    for table in tables():
        await connection.execute(f"analyze {quoted(schema)}.{table}")


async def _pieces(data: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(data), 1 << 16):
        yield data[start : start + (1 << 16)]


def fill_directory(directory: Path, chunks: Iterable[Chunk], told: Told) -> None:
    """Writes one CSV file with a header for each table. Raises SchemaExists when one is there."""
    files = {name: directory / f"{name}.csv" for name in tables()}
    there = [str(file) for file in files.values() if file.exists()]
    if there:
        raise SchemaExists(there[0])
    directory.mkdir(parents=True, exist_ok=True)
    with ExitStack() as stack:
        opened = {name: stack.enter_context(file.open("xb")) for name, file in files.items()}
        for name, file in opened.items():
            file.write((",".join(tables()[name].names) + "\n").encode())
        for chunk in chunks:
            opened[chunk.table].write(_csv(chunk))
            told(chunk.table, len(chunk.rows))
