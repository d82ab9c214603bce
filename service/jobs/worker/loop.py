"""Runs the jobs: none waits for another, and several workers share them.

A job has a name, a period, a time limit, a task and a connection of its own. Before each round it
takes its lease, a row of `app_private.job`; a task beside the jobs says every few seconds that the
leases of this worker stand, and reads what the metrics show. When a worker dies, its leases run out
and another takes over. All times are the database's.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple
from uuid import UUID

import asyncpg
import structlog
from prometheus_client import Gauge

from service.database.drift import watching
from service.database.retries import LOST, longer_and_longer
from service.jobs.worker import holidays, timers

log = structlog.get_logger()

LEASE_SECONDS = 15
KEEP_SECONDS = 5.0
_SELDOM = 60.0  # a job that is done so seldom tells of each round: a sign of life

SUCCEEDED = Gauge("kollegium_job_last_success_seconds", "When a job last ended well", ["job"])
TOOK = Gauge("kollegium_job_duration_seconds", "How long that took", ["job"])
FAILURES = Gauge("kollegium_job_failures", "Rounds that failed since", ["job"])
BACKLOG = Gauge("kollegium_job_backlog", "What waits, up to a thousand", ["job"])

Connect = Callable[[], Awaitable[Any]]


class Job(NamedTuple):
    """Done every `period` seconds, or at once again while something is left; `event` is what the
    log calls it. A round ends by itself after half of `limit`, and is cut off at `limit`; so many
    workers as `slots` may be at it."""

    name: str
    event: str
    period: float
    limit: float
    work: Callable[[Any, asyncio.Event], Awaitable[int]]
    slots: int = 1


JOBS = [
    Job("offers", "offers_expired", 5, 60, timers.expire),
    Job("waves", "waves_ended", 5, 60, timers.end_waves),
    Job("last-calls", "last_calls_made", 5, 60, timers.call_last),
    Job("returns", "returns_decided", 30, 60, timers.decide_returns),
    Job("comebacks", "leads_offered_again", 5, 60, timers.offer_again),
    Job("hand-backs", "leads_handed_back", 300, 60, timers.hand_back),
    Job("names", "names_printed", 5, 120, timers.print_names),
    Job("reminders", "reminders_written", 30, 60, timers.remind),
    Job("mails", "mails_addressed", 5, 60, timers.address),
    # One merge may take ten minutes, and is begun before half of the limit.
    Job("merges", "merges_worked_on", 5, 1400, timers.merges),
    Job("imports", "imports_advanced", 1, 120, timers.imports, slots=4),
    Job("consents", "consents_advanced", 1, 120, timers.consents, slots=2),
    Job("purge", "purged", 600, 120, timers.purge),
    Job("holidays", "holidays_written", 86400, 120, holidays.fill),
]


class Hopeless(Exception):
    """What waiting cannot cure: a wrong password, a role that the login may not become."""


class Worker:
    """The jobs of one process. `connect` opens a connection as kollegium_worker, or raises
    Hopeless."""

    def __init__(self, connect: Connect, stop: asyncio.Event, jobs: Sequence[Job] = JOBS) -> None:
        self._connect = connect
        self._stop = stop
        self._jobs = jobs
        self._leases: set[UUID] = set()

    async def run(self) -> None:
        """Until `stop` is set; a lost or refusing database is tried again. Raises Hopeless."""
        running = [asyncio.create_task(self._again_and_again(job)) for job in self._jobs]
        keeping = asyncio.create_task(self._keep())
        try:
            await asyncio.wait([keeping, *running], return_when=asyncio.FIRST_EXCEPTION)
        finally:
            for task in (keeping, *running):
                task.cancel()
            ended = await asyncio.gather(keeping, *running, return_exceptions=True)
        for error in ended:
            if isinstance(error, Exception):
                raise error

    async def _again_and_again(self, job: Job) -> None:
        at_hand: list[Any] = []  # the connection, while there is one
        failures, lost = 0, None
        try:
            while not self._stop.is_set():
                try:
                    connection = at_hand[0] if at_hand else await self._connect()
                    at_hand[:] = [connection]
                    if lost is not None:  # how the round before ended, which it could not say
                        await self._end(connection, *lost, pause=0)
                    pause, failures, lost = await self._round(job, connection), 0, None
                except Hopeless:
                    raise
                except Exception as error:
                    failures += 1
                    pause = longer_and_longer(failures)
                    lost = (error.lease, error.why) if isinstance(error, _RoundFailed) else None
                    _tell(job.name, error, pause)
                    await _close(at_hand)
                await _wait(self._stop, pause)
        finally:
            await _close(at_hand)

    async def _round(self, job: Job, connection: Any) -> float:
        """One round, if this worker gets it; seconds until the next one."""
        sql = "select app.take_job($1, $2, $3)"
        lease = await connection.fetchval(sql, job.name, job.slots, LEASE_SECONDS, timeout=60)
        if lease is None:
            return job.period
        enough = _Enough(self._stop, job.limit / 2)
        self._leases.add(lease)
        try:
            async with asyncio.timeout(job.limit):
                done = await job.work(connection, enough)
        except Exception as error:
            raise _RoundFailed(lease, error) from error
        finally:
            self._leases.discard(lease)
        pause = 0.0 if enough.is_set() else job.period
        if not await self._end(connection, lease, None, pause=pause):
            log.warning("lease_lost", job=job.name)
        if done or job.period >= _SELDOM:
            log.info(job.event, done=done)
        return pause

    async def _end(self, connection: Any, lease: UUID, why: str | None, pause: float) -> bool:
        sql = "select app.end_job($1, $2, $3)"
        return bool(await connection.fetchval(sql, lease, why, pause, timeout=60))

    async def _keep(self) -> None:
        """Renews the leases of this worker, and shows how all jobs are."""
        at_hand: list[Any] = []
        failures = 0
        try:
            while not self._stop.is_set():
                try:
                    connection = at_hand[0] if at_hand else await self._connect()
                    at_hand[:] = [connection]
                    await self._renew(connection)
                    pause, failures = KEEP_SECONDS, 0
                except Hopeless:
                    raise
                except Exception as error:
                    failures += 1
                    pause = longer_and_longer(failures)
                    _tell("leases", error, pause)
                    await _close(at_hand)
                await _wait(self._stop, pause)
        finally:
            await _close(at_hand)

    async def _renew(self, connection: Any) -> None:
        sql = "select app.keep_jobs($1, $2)"
        await connection.fetch(sql, list(self._leases), LEASE_SECONDS, timeout=10)
        _show(await connection.fetch("select * from app.jobs()", timeout=10))
        watching.show(await connection.fetch("select * from app.watched()", timeout=10))


class _Enough(asyncio.Event):
    """Set when the worker stops, or a round has had its time: the next round goes on."""

    def __init__(self, stop: asyncio.Event, seconds: float) -> None:
        super().__init__()
        self._stop = stop
        self._ends = asyncio.get_running_loop().time() + seconds

    def is_set(self) -> bool:
        """Looked at between two transactions."""
        return self._stop.is_set() or asyncio.get_running_loop().time() >= self._ends


class _RoundFailed(Exception):
    def __init__(self, lease: UUID, error: Exception) -> None:
        super().__init__(str(error))
        self.lease = lease
        self.why = str(getattr(error, "sqlstate", None) or type(error).__name__)


def _tell(job: str, error: Exception, pause: float) -> None:
    cause = error.__cause__ if isinstance(error, _RoundFailed) else error
    away = isinstance(cause, (asyncpg.PostgresError, *LOST)) and not isinstance(cause, TimeoutError)
    log.warning(
        "database_lost" if away else "job_failed",
        job=job,
        error=type(cause).__name__,
        sqlstate=getattr(cause, "sqlstate", None),
        retry_in=round(pause, 1),
    )


def _show(rows: Sequence[Any]) -> None:
    for row in rows:
        if row["succeeded_at"] is not None:
            SUCCEEDED.labels(row["name"]).set(row["succeeded_at"].timestamp())
            TOOK.labels(row["name"]).set(row["seconds"])
        FAILURES.labels(row["name"]).set(row["failures"])
        if row["backlog"] is not None:
            BACKLOG.labels(row["name"]).set(row["backlog"])


async def once(connect: Connect, jobs: Sequence[Job] = JOBS) -> dict[str, int]:
    """What is due now, whoever is at it; by job, how much was done."""
    connection = await connect()
    try:
        return {job.name: await job.work(connection, asyncio.Event()) for job in jobs}
    finally:
        await _close([connection])


async def _wait(stop: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(stop.wait(), seconds)
    except TimeoutError:
        return


async def _close(at_hand: list[Any]) -> None:
    """Closes the connection, if there is one; the next one is a new one."""
    while at_hand:
        connection = at_hand.pop()
        try:
            await connection.close(timeout=5)
        except (asyncpg.PostgresError, *LOST):
            connection.terminate()
