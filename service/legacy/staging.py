"""A load: rows of the former system in `legacy_staging`, as long as a run works with them."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import asyncpg

from service.legacy.contract import Table, tables
from service.legacy.files import SourceError
from service.legacy.sources import Connection, Source

Told = Callable[[str, int], None]  # table, rows read


def silent(table: str, rows: int) -> None:
    """For whoever does not want to be told."""


async def _stage(connection: Connection, source: Source, table: Table, load: int) -> int:
    rows = source.rows(table, load)
    try:
        status = await connection.copy_to_table(
            table.name,
            schema_name="legacy_staging",
            source=rows.pieces,
            columns=list(rows.columns),
            format=rows.format,
        )
    except asyncpg.DataError as error:
        where = getattr(error, "context", None) or ""
        raise SourceError(
            f"{table.name}: PostgreSQL cannot read a value: {error} {where}"
        ) from error
    except asyncpg.IntegrityConstraintViolationError as error:
        raise SourceError(
            f"{table.name} breaks the contract of sql/legacy/schema.sql: {error}."
        ) from error
    except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError) as error:
        raise SourceError(f"The source is not the contract's: {error}.") from error
    if rows.recoded:
        keys = [recoded.key for recoded in rows.recoded]
        await connection.execute(
            "select app.legacy_add_warnings($1, $2, $3, $4)", load, table.name, "text-recoded", keys
        )
    return int(status.rsplit(" ", 1)[-1])


@asynccontextmanager
async def staged(connection: Connection, source: Source, told: Told = silent) -> AsyncIterator[int]:
    """Reads the source into a load, checks its rows, and yields its number; empties it after.

    `connection` is kollegium_staff's and lives as long as the load: a run that is killed leaves
    rows behind, which the next run removes. Raises SourceError.
    """
    await connection.execute("set idle_in_transaction_session_timeout = 0")
    await connection.execute("set statement_timeout = 0")
    load = int(await connection.fetchval("select app.legacy_begin_load($1)", source.kind))
    try:
        for table in tables().values():
            told(table.name, await _stage(connection, source, table, load))
        await connection.execute("select app.legacy_seal_load($1)", load)
        yield load
    finally:
        # A lost connection must not hide why it was lost.
        with suppress(asyncpg.InterfaceError, asyncpg.PostgresError, OSError):
            await connection.execute("select app.legacy_end_load($1)", load)
