"""The consent of the persons in a file, stated afterwards for its drafts, with its proof.

As with the file itself, rows go on in small transactions: in the request for as long as one may
take, then by the worker (sql/functions/imports/consents.sql).
"""

import contextlib
import time
from uuid import UUID

import msgspec

from service.database.transaction import Database, Tx
from service.database.wire import ConnectionLost, PoolExhausted, PostgresError
from service.domain.imports import queries
from service.domain.imports.messages import ConsentDraft, ConsentJob, ConsentReport
from service.domain.leads.contact import expect_past
from service.errors import Problem

_FAULTS = (Problem, PostgresError, ConnectionLost, PoolExhausted, OSError, TimeoutError)


async def state(tx: Tx, import_id: UUID, data: ConsentDraft) -> ConsentJob | ConsentReport:
    """Notes the statement down; the same one again goes on with the one that there is. Raises
    Problem validation-failed for a time that nobody agreed at."""
    expect_past(data.given_at, "/given_at")
    sql = "select app.state_consent($1, $2, $3, $4)"
    stated = import_id, data.text, data.source, data.given_at
    return await show(tx, await tx.value(UUID, sql, *stated))


async def finish(
    database: Database, token: str, stated: ConsentJob | ConsentReport
) -> ConsentJob | ConsentReport | None:
    """Goes on for as long as a request may take; None when the worker has to."""
    until = time.monotonic() + database.seconds
    with contextlib.suppress(*_FAULTS):
        while time.monotonic() < until:
            ended = await database.run(token, _go_on, stated.id)
            if ended:
                return await database.transaction(token, lambda tx: show(tx, stated.id), reads=True)
    return None


async def _go_on(tx: Tx, consent_id: UUID) -> bool:
    """The next drafts; true when all were looked at."""
    return await tx.value(bool, "select app.continue_consent($1)", consent_id)


async def show(tx: Tx, consent_id: UUID) -> ConsentJob | ConsentReport:
    """A statement, and what came of it."""
    found = await queries.consent(tx, consent_id)
    if found.state == "running":
        return msgspec.convert(found, ConsentJob, from_attributes=True)
    return found
