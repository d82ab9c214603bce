"""`kollegium worker`: the timers."""

import asyncio
import os
import random
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import asyncpg
import click
import structlog

from service import logs
from service.commands import connections
from service.commands.connections import LOST, Source, Unreachable
from service.commands.output import console, data_dir_option, json_option, print_json, run

log = structlog.get_logger()

EXPIRE_SECONDS = 5.0
IMPORT_SECONDS = 1.0
PURGE_SECONDS = 600.0
BATCH = 50  # leads in one transaction: few enough that nobody waits long for their locks
NAMES = 500  # leads on which a new name is printed in one transaction
ADDRESSED = 200  # rows of the outbox that become mails in one transaction, a company's each
_LONGEST_WAIT = 30.0
_STATEMENT_SECONDS = 60.0  # above the role's statement_timeout: only a dead line takes longer

Connect = Callable[[], Awaitable[Any]]


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


async def print_names(connection: Any, stop: asyncio.Event | None = None) -> int:
    """Prints the new names of large companies on their leads; returns the number of leads."""
    return await _batches(connection, "select app.print_names($1)", NAMES, stop)


async def address(connection: Any, stop: asyncio.Event | None = None) -> int:
    """Makes mails of what is for a company or whoever has an address; returns of how many."""
    return await _batches(connection, "select app.address_mails($1)", ADDRESSED, stop)


async def purge(connection: Any) -> int:
    """Removes what has served its time; returns the number of rows."""
    return int(await connection.fetchval("select app.purge()", timeout=_STATEMENT_SECONDS))


async def merges(
    connection: Any,
    stop: asyncio.Event | None = None,
    postponed: Callable[[str], None] = lambda sqlstate: None,
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


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return


async def _timers(connection: Any, stop: asyncio.Event) -> None:
    expired = await expire(connection, stop)
    if expired:
        log.info("offers_expired", leads=expired)
    ended = await end_waves(connection, stop)
    if ended:
        log.info("waves_ended", leads=ended)
    printed = await print_names(connection, stop)
    if printed:
        log.info("names_printed", leads=printed)


async def _mails(connection: Any, stop: asyncio.Event) -> None:
    addressed = await address(connection, stop)
    if addressed:
        log.info("mails_addressed", rows=addressed)


async def _merges(connection: Any, stop: asyncio.Event) -> None:
    merged = await merges(
        connection, stop, lambda state: log.warning("merge_postponed", sqlstate=state)
    )
    if merged:
        log.info("merges_worked_on", merges=merged)


async def _imports(connection: Any, stop: asyncio.Event) -> None:
    advanced = await imports(connection, stop) + await consents(connection, stop)
    if advanced:
        log.info("imports_advanced", transactions=advanced)


async def _purge(connection: Any, stop: asyncio.Event) -> None:
    log.info("purged", rows=await purge(connection))


# What is done how often, in seconds. Each has a connection of its own: a large merge keeps no offer
# from expiring, and a large file keeps nothing.
TASKS: list[tuple[Callable[[Any, asyncio.Event], Awaitable[None]], float]] = [
    (_timers, EXPIRE_SECONDS),
    (_mails, EXPIRE_SECONDS),
    (_merges, EXPIRE_SECONDS),
    (_imports, IMPORT_SECONDS),
    (_purge, PURGE_SECONDS),
]


async def work(connect: Connect, stop: asyncio.Event) -> None:
    """Runs all tasks until `stop` is set; a lost or refusing database is tried again.

    Errors that waiting cannot cure (a missing right, a wrong password) pass through.
    """
    running = [
        asyncio.create_task(_again_and_again(connect, stop, round_, seconds))
        for round_, seconds in TASKS
    ]
    try:
        ended, _ = await asyncio.wait(running, return_when=asyncio.FIRST_EXCEPTION)
        for task in ended:
            task.result()
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def _again_and_again(
    connect: Connect,
    stop: asyncio.Event,
    round_: Callable[[Any, asyncio.Event], Awaitable[None]],
    seconds: float,
) -> None:
    failures = 0
    while not stop.is_set():
        connection = None
        try:
            connection = await connect()
            while not stop.is_set():
                await round_(connection, stop)
                failures = 0
                await _wait(stop, seconds)
        except (Unreachable, asyncpg.PostgresError, *LOST) as error:
            failures += 1
            # Spread, so that many workers do not return in step.
            pause = min(_LONGEST_WAIT, 2.0 ** min(failures, 6) / 2) * random.uniform(0.5, 1)  # noqa: S311
            log.warning(
                "database_lost",
                error=type(error.__cause__ or error).__name__,
                sqlstate=getattr(error, "sqlstate", None),
                retry_in=round(pause, 1),
            )
            await _wait(stop, pause)
        finally:
            if connection is not None:
                await _close(connection)


async def _close(connection: Any) -> None:
    try:
        await connection.close(timeout=5)
    except (asyncpg.PostgresError, *LOST):
        connection.terminate()


def connector(source: Source) -> Connect:
    """Opens connections as kollegium_worker."""

    async def connect() -> Any:
        connection = await connections.log_in(source)
        try:
            await connections.become(connection, "worker", source)
        except BaseException:
            await _close(connection)
            raise
        return connection

    return connect


async def _one_round(connect: Connect) -> dict[str, int]:
    connection = await connect()
    try:
        return {
            "expired_leads": await expire(connection),
            "ended_waves": await end_waves(connection),
            "printed_names": await print_names(connection),
            "addressed": await address(connection),
            "merges": await merges(connection),
            "imports": await imports(connection),
            "purged_rows": await purge(connection),
        }
    finally:
        await _close(connection)


@click.command()
@click.option("--once", is_flag=True, help="Do what is due now, report it, and end.")
@json_option
@data_dir_option
def worker(once: bool, as_json: bool, data_dir: Path) -> None:
    """Run the timers: overdue offers expire, what is for a company becomes mails to its
    colleagues, due merges are rehearsed and run, large files are imported, old sessions and
    answers are removed.

    Connects with DATABASE_WORKER_URL, else with DATABASE_URL and SET ROLE kollegium_worker. Runs
    until SIGTERM or Ctrl-C; when the database is away it tries again, at most every 30 s. Several
    workers at once do no harm.
    """
    connect = connector(connections.find("worker", data_dir))
    if once:
        done = run(_one_round(connect))
        if as_json:
            print_json(done)
        else:
            console.print(
                f"Offers of {done['expired_leads']} leads expired, "
                f"{done['ended_waves']} waves ended, "
                f"names printed on {done['printed_names']} leads, "
                f"{done['addressed']} rows of the outbox addressed, "
                f"{done['merges']} merges worked on, "
                f"imports went on in {done['imports']} steps, "
                f"{done['purged_rows']} old rows removed."
            )
        return
    logs.configure(os.environ.get("KOLLEGIUM_LOG_LEVEL", "info"))

    async def main() -> None:
        from service.commands.serving import stop_on_signals

        stop = asyncio.Event()
        stop_on_signals(stop)
        log.info("working")
        await work(connect, stop)
        log.info("stopped")

    run(main())
