"""A file of leads goes in in small transactions; repeating it adds nothing.

Read once, its rows are noted down together (`start`). Then whoever goes on with them, the request
that brought them or the worker, takes up to 50 at a time (sql/functions/imports/imports.sql).
"""

import asyncio
import contextlib
import time
from collections.abc import Callable
from uuid import UUID

from service.database.transaction import Database, Tx
from service.database.wire import ConnectionLost, PoolExhausted, PostgresError
from service.domain.imports import queries
from service.domain.imports.files.uploads import PreparedFile
from service.domain.imports.messages import ImportJob, ImportReport, Progress, SavedMapping
from service.errors import Problem

_CHUNKS_A_TRIP = 20
_ADD_CHUNK = "select app.add_import_chunk($1, $2, $3, $4)"
_LEASE_SECONDS = 15  # who goes on by himself is not helped by the worker meanwhile
_PAUSE_SECONDS = 0.05  # while another import of the company has its turn
_FAULTS = (Problem, PostgresError, ConnectionLost, PoolExhausted, OSError, TimeoutError)


async def start(tx: Tx, marketplace_id: UUID, upload: PreparedFile) -> ImportJob | ImportReport:
    """Notes a file down, all of it or nothing. Raises what a single lead raises."""
    seconds = 0 if upload.is_large else _LEASE_SECONDS
    sql = "select app.start_import($1, $2, $3)"
    import_id = await tx.value(UUID, sql, marketplace_id, upload.report, seconds)
    for number, chunk in enumerate(upload.chunks):
        tx.do(_ADD_CHUNK, marketplace_id, import_id, number, chunk)
        if number % _CHUNKS_A_TRIP == _CHUNKS_A_TRIP - 1:
            await tx.value(bool, "select true")  # sends what is queued
    return await queries.report(tx, import_id, None, 1)


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
    sql = "select state, went_on from app.continue_import($1, $2)"
    progress = await database.transaction(
        token, lambda tx: tx.view(Progress, sql, import_id, _LEASE_SECONDS), long=True
    )
    if progress.state not in ("waiting", "running"):
        return True
    if not progress.went_on:
        await asyncio.sleep(_PAUSE_SECONDS)
    return False


async def _report(database: Database, token: str, import_id: UUID, limit: int) -> ImportReport:
    async def read(tx: Tx) -> ImportReport:
        found = await queries.report(tx, import_id, None, limit)
        if not isinstance(found, ImportReport):
            raise RuntimeError("an import that ended goes on")
        return found

    return await database.transaction(token, read, reads=True)


async def _done(tx: Tx, import_id: UUID) -> int:
    return (await queries.one(tx, import_id)).done


async def expect_intake(tx: Tx, marketplace_id: UUID) -> list[SavedMapping]:
    """Before a file is read: all mappings of the caller's company, newest first. Raises Problem
    not-found or giver-required for who may not put leads in (`app.start_import` decides it)."""
    intake = await queries.intake(tx, marketplace_id)
    if intake != "open":
        raise Problem("not-found" if intake == "hidden" else "giver-required")
    return await saved_mappings(tx)


async def saved_mappings(tx: Tx) -> list[SavedMapping]:
    """All mappings of the caller's company, newest first."""
    return (await queries.mappings(tx, None, 100)).items


async def save_mapping(tx: Tx, name: str, text: str) -> SavedMapping:
    """Keeps a mapping for its source."""
    mapping_id = await tx.value(UUID, "select app.save_mapping($1, $2)", name, text)
    return await queries.mapping(tx, mapping_id)


async def forget_mapping(tx: Tx, mapping_id: UUID) -> None:
    """Removes one."""
    tx.do("select app.forget_mapping($1)", mapping_id)
