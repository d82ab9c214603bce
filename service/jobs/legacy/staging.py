"""A load: rows of the former system in `legacy_staging`, as long as a run works with them."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from io import BytesIO

import asyncpg

from service.jobs.legacy.contacts import clean_contacts
from service.jobs.legacy.contract import LegacyTable, tables
from service.jobs.legacy.files import Recoded, SourceError
from service.jobs.legacy.halving import TooMany, halved, of_a_row
from service.jobs.legacy.reasons import reasons
from service.jobs.legacy.sources import Connection, LegacySource
from service.vocabulary import address_of

_TYPED_AT_ONCE = 5_000  # rows, where a table is read row by row
_UNREADABLE = 1_000  # of so many at once: where more cannot be read, the table is another one
_ADDRESSES_AT_ONCE = 10_000

Told = Callable[[str, int], None]  # table, rows read


def silent(table: str, rows: int) -> None:
    """For whoever does not want to be told."""


async def _stage(
    connection: Connection, source: LegacySource, table: LegacyTable, load: int
) -> int:
    """Rows of a table at once; row by row where PostgreSQL cannot read one."""
    rows = source.rows(table, load)
    try:
        status = await connection.copy_to_table(
            table.name,
            schema_name="legacy_staging",
            source=rows.pieces,
            columns=list(rows.columns),
            format=rows.format,
        )
    except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError) as error:
        raise SourceError(f"The source is not the contract's: {error}.") from error
    except asyncpg.PostgresError as error:
        if not of_a_row(error):
            raise
        try:
            return await _stage_row_by_row(connection, source, table, load)
        except TooMany as many:
            raise SourceError(
                f"{table.name}: so many rows cannot be read that it is not the rows; compare the "
                f"source with sql/legacy/schema.sql (PostgreSQL: {many})."
            ) from None
    await _tell_recoded(connection, table, load, rows.recoded)
    return int(status.rsplit(" ", 1)[-1])


async def _stage_row_by_row(
    connection: Connection, source: LegacySource, table: LegacyTable, load: int
) -> int:
    """As text first, then typed; what cannot be read becomes a finding, and its row waits."""
    records, count = source.records(table), 0
    await connection.execute("select app.legacy_begin_reading($1)", table.name)

    async def keep(some: Sequence[tuple[int, bytes]]) -> None:
        between = records.separator
        lines = [f"{place}{between}{load}{between}".encode() + line for place, line in some]
        await connection.copy_to_table(
            "legacy_text",
            source=BytesIO(b"".join(lines)),
            columns=["place", "load", *records.columns],
            format=records.format,
        )

    async def typed(places: Sequence[int]) -> None:
        await connection.execute(
            "select app.legacy_read_rows($1, $2, $3, $4)", load, table.name, places[0], places[-1]
        )

    async for block in records.blocks:
        unread = await halved(list(enumerate(block, count + 1)), keep, _UNREADABLE)
        keys = [records.number(line) or f"row {place}" for (place, line), _ in unread]
        await _add_findings(connection, load, table, "record-unreadable", keys)
        count += len(block)
    for first in range(1, count + 1, _TYPED_AT_ONCE):
        places = range(first, min(first + _TYPED_AT_ONCE, count + 1))
        for place, _ in await halved(places, typed, _UNREADABLE):
            await connection.execute(
                "select app.legacy_read_row($1, $2, $3)", load, table.name, place
            )
    await _tell_recoded(connection, table, load, records.recoded)
    return count


async def _tell_recoded(
    connection: Connection, table: LegacyTable, load: int, recoded: list[Recoded]
) -> None:
    keys = [one.key for one in recoded]
    await _add_findings(connection, load, table, "text-recoded", keys)


async def _add_findings(
    connection: Connection, load: int, table: LegacyTable, reason: str, keys: list[str]
) -> None:
    if keys:
        await connection.execute(
            "select app.legacy_add_findings($1, $2, $3, $4, $5)",
            *(load, table.name, reasons()[reason].kind, reason, keys),
        )


async def _spell_addresses(connection: Connection, load: int) -> None:
    """Keeps each log-in as the log-in spells it (docs/decisions/0030)."""
    last = -(2**63)
    while users := await connection.fetch(
        "select * from app.legacy_emails($1, $2, $3)", load, last, _ADDRESSES_AT_ONCE
    ):
        ids = [user["id"] for user in users]
        addresses = await asyncio.to_thread(lambda: [address_of(user["email"]) for user in users])
        await connection.execute(
            "select app.legacy_keep_addresses($1, $2, $3)", load, ids, addresses
        )
        last = ids[-1]


@asynccontextmanager
async def staged(
    connection: Connection, source: LegacySource, told: Told = silent
) -> AsyncIterator[int]:
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
        await _spell_addresses(connection, load)
        await clean_contacts(connection, load)
        await connection.execute("select app.legacy_seal_load($1)", load)
        yield load
    finally:
        # A lost connection must not hide why it was lost.
        with suppress(asyncpg.InterfaceError, asyncpg.PostgresError, OSError):
            await connection.execute("select app.legacy_end_load($1)", load)
