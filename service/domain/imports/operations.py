"""A file of leads goes in in small transactions; repeating it adds nothing.

Read once, its rows are noted down together (`start`). Then whoever goes on with them, the request
that brought them or the worker, takes up to 50 at a time (sql/functions/imports/imports.sql).
"""

import asyncio
import contextlib
import time
from collections.abc import Callable
from uuid import UUID

import msgspec

from service.database.transaction import Database, Tx
from service.database.wire import ConnectionLost, PoolExhausted, PostgresError
from service.domain.imports import queries
from service.domain.imports.files.uploads import PreparedFile
from service.domain.imports.messages import (
    WHY,
    ConsentReport,
    Import,
    ImportJob,
    ImportReport,
    Outcome,
    SavedMapping,
)
from service.errors import Problem
from service.vocabulary import Page, decode_cursor, encode_cursor

_CHUNKS_A_TRIP = 20
_LEASE_SECONDS = 15  # who goes on by himself is not helped by the worker meanwhile
_PAUSE_SECONDS = 0.05  # while another import of the company has its turn
_FAULTS = (Problem, PostgresError, ConnectionLost, PoolExhausted, OSError, TimeoutError)


async def start(tx: Tx, marketplace_id: UUID, upload: PreparedFile) -> ImportJob | ImportReport:
    """Notes a file down, all of it or nothing. Raises what a single lead raises."""
    seconds = 0 if upload.is_large else _LEASE_SECONDS
    import_id = await queries.start(tx, marketplace_id, upload.report, seconds)
    for number, chunk in enumerate(upload.chunks):
        queries.add_chunk(tx, marketplace_id, import_id, number, chunk)
        if number % _CHUNKS_A_TRIP == _CHUNKS_A_TRIP - 1:
            await queries.flush(tx)
    return await show(tx, import_id, None, 1)


async def finish(
    database: Database, token: str, started: ImportJob | ImportReport, *, limit: int
) -> ImportJob | ImportReport | None:
    """Goes on with an import for as long as a request may take; its report, or None when that was
    not enough or anything went wrong: then the worker goes on."""
    until = time.monotonic() + database.seconds
    with contextlib.suppress(*_FAULTS):
        while time.monotonic() < until:
            if await go_on(database, token, started.id):
                return await _report(database, token, started.id, limit)
    return None


async def import_whole(
    database: Database,
    token: str,
    marketplace_id: UUID,
    upload: PreparedFile,
    told: Callable[[int], None] = lambda done: None,
) -> ImportReport:
    """A file of any size, to its end, with a report of all its rows. Raises what `start` raises;
    what is done by then stays, and the worker goes on with the rest."""
    started = await database.run(token, start, marketplace_id, upload)
    while not await go_on(database, token, started.id):
        told(await database.transaction(token, lambda tx: _done(tx, started.id), reads=True))
    return await _report(database, token, started.id, upload.rows + 1)


async def go_on(database: Database, token: str, import_id: UUID) -> bool:
    """The next rows of an import; whether it ended with them."""
    progress = await database.transaction(
        token, lambda tx: queries.go_on(tx, import_id, _LEASE_SECONDS), long=True
    )
    if progress.state not in ("waiting", "running"):
        return True
    if not progress.went_on:
        await asyncio.sleep(_PAUSE_SECONDS)
    return False


async def _report(database: Database, token: str, import_id: UUID, limit: int) -> ImportReport:
    async def read(tx: Tx) -> ImportReport:
        found = await show(tx, import_id, None, limit)
        if not isinstance(found, ImportReport):
            raise RuntimeError("an import that ended goes on")
        return found

    return await database.transaction(token, read, reads=True)


async def _done(tx: Tx, import_id: UUID) -> int:
    return (await queries.one(tx, import_id)).done


async def saved_mappings(tx: Tx) -> list[SavedMapping]:
    """All mappings of the caller's company, newest first."""
    return (await queries.mappings(tx, None, 100)).items


async def list_mappings(tx: Tx, cursor: str | None, limit: int) -> Page[SavedMapping]:
    """A page of them."""
    return await queries.mappings(tx, cursor, limit)


async def save_mapping(tx: Tx, name: str, text: str) -> SavedMapping:
    """Keeps a mapping for its source."""
    return await queries.mapping(tx, await queries.save_mapping(tx, name, text))


async def forget_mapping(tx: Tx, mapping_id: UUID) -> None:
    """Removes one."""
    queries.forget_mapping(tx, mapping_id)


async def list_consents(
    tx: Tx, import_id: UUID, cursor: str | None, limit: int
) -> Page[ConsentReport]:
    """What was stated of the persons in a file."""
    return await queries.consents(tx, import_id, cursor, limit)


async def list_imports(tx: Tx, cursor: str | None, limit: int) -> Page[Import]:
    """Imports of the caller's company."""
    return await queries.imports(tx, cursor, limit)


async def show(
    tx: Tx, import_id: UUID, cursor: str | None, limit: int, outcome: Outcome | None = None
) -> ImportJob | ImportReport:
    """How far an import is; when it ended, its report with a page of its rows (of one outcome)."""
    found = await queries.one(tx, import_id)
    if found.state in ("waiting", "running"):
        return msgspec.convert(found, ImportJob, from_attributes=True)
    position = decode_cursor(cursor)
    after = min(position.int, 2**31 - 1) if position else 0
    rows = await queries.rows(tx, found.marketplace_id, import_id, after, limit, outcome)
    following = None
    if len(rows) > limit:
        rows = rows[:limit]
        following = encode_cursor(UUID(int=rows[-1].row_number))
    known = msgspec.structs.asdict(found) | {"rows": rows, "next_cursor": following}
    return ImportReport(**known, detail=WHY.get(found.problem or ""))
