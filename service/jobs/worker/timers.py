"""What the timers do: each calls its function of the database until nothing is left, or it is time.

A batch is a transaction. `stop` ends a round between two of them; what is left is done in the next.
"""

import asyncio
from collections.abc import Callable
from typing import Any

import asyncpg
import structlog

from service.database.retries import LOST

log = structlog.get_logger()

BATCH = 50  # leads in one transaction: few enough that nobody waits long for their locks
NAMES = 500  # leads on which a new name is printed in one transaction
ADDRESSED = 200  # rows of the outbox that become mails in one transaction, a company's each
_STATEMENT_SECONDS = 60.0  # above the role's statement_timeout: only a dead line takes longer


async def _batches(connection: Any, sql: str, limit: int, stop: asyncio.Event | None) -> int:
    """Calls a timer until it finds nothing more, a batch a transaction; returns the sum."""
    total = 0
    while not (stop and stop.is_set()):
        count = int(await connection.fetchval(sql, limit, timeout=_STATEMENT_SECONDS))
        total += count
        if count == 0:
            break
    return total


async def expire(connection: Any, stop: asyncio.Event | None = None) -> int:
    """Lets all overdue offers expire; returns the number of leads."""
    return await _batches(connection, "select app.expire_offers($1)", BATCH, stop)


async def end_waves(connection: Any, stop: asyncio.Event | None = None) -> int:
    """Ends waves whose last refusal can no longer be taken back; returns the number of leads."""
    return await _batches(connection, "select app.end_waves($1)", BATCH, stop)


async def call_last(connection: Any, stop: asyncio.Event | None = None) -> int:
    """Tells those who did not answer that their window ends; returns the number of leads."""
    return await _batches(connection, "select app.call_last($1)", BATCH, stop)


async def decide_returns(connection: Any, stop: asyncio.Event | None = None) -> int:
    """Reminds operators of returns, and accepts those that silence decides; returns of how many."""
    reminded = await _batches(connection, "select app.remind_of_returns($1)", BATCH, stop)
    return reminded + await _batches(
        connection, "select app.accept_silent_returns($1)", BATCH, stop
    )


async def offer_again(connection: Any, stop: asyncio.Event | None = None) -> int:
    """Offers leads again that came back, where the plan says so; returns how many it looked at."""
    return await _batches(connection, "select app.offer_again($1)", BATCH, stop)


async def print_names(connection: Any, stop: asyncio.Event | None = None) -> int:
    """Prints the new names of large companies on their leads; returns the number of leads."""
    return await _batches(connection, "select app.print_names($1)", NAMES, stop)


async def address(connection: Any, stop: asyncio.Event | None = None) -> int:
    """Makes mails of what happened to leads and of what is for a company or whoever has an address;
    returns of how many. Then of what waited: what came while nobody worked is among it."""
    await connection.fetchval("select app.mail_events()", timeout=_STATEMENT_SECONDS)
    total = await _batches(connection, "select app.address_mails($1)", ADDRESSED, stop)
    return total + await _batches(connection, "select app.gather_mails($1)", BATCH, stop)


async def remind(connection: Any, stop: asyncio.Event | None = None) -> int:
    """Writes the reminders of follow-ups that are due; returns of how many."""
    return await _batches(connection, "select app.remind($1)", ADDRESSED, stop)


async def hand_back(connection: Any, stop: asyncio.Event | None = None) -> int:
    """Makes leads nobody's whose handler did nothing for too long; returns of how many."""
    return await _batches(connection, "select app.hand_back($1)", BATCH, stop)


async def purge(connection: Any, stop: asyncio.Event | None = None) -> int:
    """Removes what has served its time; returns the number of rows."""
    return int(await connection.fetchval("select app.purge()", timeout=_STATEMENT_SECONDS))


async def merges(
    connection: Any,
    stop: asyncio.Event | None = None,
    postponed: Callable[[str], None] = lambda state: log.warning("merge_postponed", sqlstate=state),
) -> int:
    """Rehearses and runs the merges that are due, each in a transaction; returns how many.

    Large companies take longer than a timer may. A lost race is left for the next round, and told
    to `postponed` with its SQLSTATE.
    """
    total = 0
    while not (stop and stop.is_set()):
        try:
            async with connection.transaction():
                await connection.execute("set local statement_timeout = '10min'")
                done = await connection.fetchval("select app.work_on_merges()", timeout=660)
        except (asyncpg.DeadlockDetectedError, asyncpg.LockNotAvailableError) as error:
            postponed(str(error.sqlstate))
            break
        if done is None:
            break
        total += 1
    return total


async def imports(connection: Any, stop: asyncio.Event | None = None) -> int:
    """Goes on with files that were uploaded, a few rows a transaction, company by company; returns
    how many transactions there were. What fails is tried again later, and ends in the end."""
    total = 0
    while not (stop and stop.is_set()):
        claimed = await connection.fetchrow(
            "select * from app.claim_import()", timeout=_STATEMENT_SECONDS
        )
        if claimed["import_id"] is None:
            break
        try:
            total += await connection.fetchval(
                "select app.work_on_import($1, $2)", *claimed, timeout=_STATEMENT_SECONDS
            )
        except asyncpg.PostgresError as error:
            if isinstance(error, LOST):
                raise
            log.warning("import_postponed", sqlstate=error.sqlstate)
    return total


async def consents(connection: Any, stop: asyncio.Event | None = None) -> int:
    """Goes on with consents that were stated for files, a few rows a transaction; returns how many
    transactions there were."""
    total = 0
    while not (stop and stop.is_set()):
        if (
            await connection.fetchval("select app.work_on_consent()", timeout=_STATEMENT_SECONDS)
            is None
        ):
            break
        total += 1
    return total
