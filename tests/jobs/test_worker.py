"""The worker: a job that hangs or breaks delays no other, and a lease outlives no dead worker.

Nothing is timed: who waits is seen in pg_stat_activity, what is over in the job's row.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any

import asyncpg
import pytest
from prometheus_client import REGISTRY

from service.jobs.worker import loop
from service.jobs.worker.loop import JOBS, Hopeless, Job, Worker
from tests.fixtures.database import Urls, connected, waiting_for_locks

Condition = Callable[[], Awaitable[Any]]


@pytest.fixture
async def superuser(urls: Urls) -> AsyncIterator[Any]:
    async with connected(urls.superuser) as connection:
        await connection.execute("delete from app_private.job")
        yield connection


@pytest.fixture
async def hand(urls: Urls, superuser: Any) -> AsyncIterator[Any]:
    """A worker by hand."""
    async with connected(urls.worker) as connection:
        yield connection


async def until(condition: Condition) -> Any:
    for _ in range(2_000):
        found = await condition()
        if found:
            return found
        await asyncio.sleep(0.01)
    raise AssertionError("it never came to be")


@contextlib.asynccontextmanager
async def running(urls: Urls, *jobs: Job) -> AsyncIterator[asyncio.Task[None]]:
    """A worker with these jobs."""
    stop = asyncio.Event()
    worker = Worker(lambda: asyncpg.connect(urls.worker), stop, jobs)
    task = asyncio.create_task(worker.run())
    try:
        yield task
    finally:
        stop.set()
        await asyncio.wait_for(asyncio.gather(task, return_exceptions=True), 20)


def row(superuser: Any, name: str, condition: str) -> Condition:
    """Asks whether the job's row is so by now."""

    async def ask() -> Any:
        sql = f"select * from app_private.job where name = $1 and {condition}"
        return await superuser.fetchrow(sql, name)

    return ask


async def fine(connection: Any, stop: asyncio.Event) -> int:
    return int(await connection.fetchval("select 1"))


async def hanging(connection: Any, stop: asyncio.Event) -> int:
    """Waits for a lock for as long as it takes; the role's own time-outs would end that."""
    async with connection.transaction():
        await connection.execute("set local lock_timeout = 0; set local statement_timeout = 0")
        return int(await connection.fetchval("select 1 from (select pg_advisory_xact_lock(77)) l"))


async def test_a_job_that_hangs_delays_no_other(urls: Urls, superuser: Any) -> None:
    """By hand: the lock that the one waits for is held here until the other ended twice."""
    await superuser.execute("select pg_advisory_lock(77)")
    try:
        async with running(
            urls,
            Job("hangs", "hangs_done", 0.05, 600, hanging),
            Job("fine", "fine_done", 0.05, 60, fine),
        ):
            waiting: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
            await waiting_for_locks(superuser, waiting)
            first = await until(row(superuser, "fine", "succeeded_at is not null"))
            later = f"succeeded_at > '{first['succeeded_at'].isoformat()}'"
            await until(row(superuser, "fine", later))
            await waiting_for_locks(superuser, waiting)  # the one still waits, with its lease
            assert await row(superuser, "hangs", "lease is not null and succeeded_at is null")()
            await superuser.execute("select pg_advisory_unlock(77)")
            await until(row(superuser, "hangs", "succeeded_at is not null"))
    finally:
        await superuser.execute("select pg_advisory_unlock_all()")


async def test_a_round_is_cut_off_at_its_limit(urls: Urls, superuser: Any) -> None:
    """Its statement is cancelled in the database, too: nobody waits any more."""
    await superuser.execute("select pg_advisory_lock(77)")
    try:
        async with running(urls, Job("hangs", "hangs_done", 0.05, 0.2, hanging)):
            found = await until(row(superuser, "hangs", "failures >= 2"))
            assert (found["failure"], found["succeeded_at"]) == ("TimeoutError", None)
    finally:
        await superuser.execute("select pg_advisory_unlock_all()")
    waiting = "select count(*) from pg_stat_activity where wait_event_type = 'Lock'"
    assert await superuser.fetchval(f"{waiting} and datname = current_database()") == 0


@pytest.mark.parametrize("error", [KeyError("a bug"), asyncpg.UndefinedTableError("gone")])
async def test_a_job_that_breaks_delays_no_other(
    urls: Urls, superuser: Any, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "longer_and_longer", lambda _: 0.01)

    async def broken(connection: Any, stop: asyncio.Event) -> int:
        raise error

    async with running(
        urls,
        Job("broken", "broken_done", 0.05, 60, broken),
        Job("fine", "fine_done", 0.05, 60, fine),
    ) as task:
        found = await until(row(superuser, "broken", "failures >= 3"))
        assert found["failure"] == getattr(error, "sqlstate", None) or type(error).__name__
        await until(row(superuser, "fine", "succeeded_at > now() - interval '1 hour'"))
        assert not task.done()


async def test_a_connection_that_is_cut_is_opened_anew(
    urls: Urls, superuser: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "longer_and_longer", lambda _: 0.01)
    async with running(urls, Job("fine", "fine_done", 0.05, 60, fine)):
        first = await until(row(superuser, "fine", "succeeded_at is not null"))
        await superuser.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where usename = 'kollegium_worker' and datname = current_database()"
        )
        later = f"succeeded_at > '{first['succeeded_at'].isoformat()}'"
        await until(row(superuser, "fine", later))


async def test_what_waiting_cannot_cure_ends_the_worker() -> None:
    async def refused() -> Any:
        raise Hopeless

    with pytest.raises(Hopeless):
        await Worker(refused, asyncio.Event(), [Job("fine", "fine_done", 1, 60, fine)]).run()


async def test_only_one_worker_has_a_lease_and_a_dead_one_s_is_taken_over(
    superuser: Any, hand: Any
) -> None:
    """The clock is the database's: the row is set back, nobody waits."""
    take = "select app.take_job('offers', 1, 15)"
    first = await hand.fetchval(take)
    assert first is not None
    assert await hand.fetchval(take) is None
    # Its worker lives and says so: the lease goes on from now.
    await superuser.execute("update app_private.job set leased_until = clock_timestamp()")
    assert await hand.fetch("select app.keep_jobs($1, 15)", [first]) != []
    assert await hand.fetchval(take) is None
    # It died: nobody renews, the lease runs out.
    await superuser.execute("update app_private.job set leased_until = clock_timestamp()")
    second = await hand.fetchval(take)
    assert second not in (None, first)
    told = await superuser.fetchrow("select failures, failure from app_private.job")
    assert tuple(told) == (1, "lost")
    # What the dead one says when it comes back counts no more.
    assert await hand.fetch("select app.keep_jobs($1, 15)", [first]) == []
    assert await hand.fetchval("select app.end_job($1, null, 0)", first) is False
    assert await superuser.fetchval("select lease from app_private.job") == second
    assert await hand.fetchval("select app.end_job($1, null, 0)", second) is True
    ended = await superuser.fetchrow("select lease, failures, succeeded_at from app_private.job")
    assert (ended["lease"], ended["failures"]) == (None, 0)
    assert ended["succeeded_at"] is not None


async def test_two_at_once_share_the_slots_of_a_job(urls: Urls, hand: Any) -> None:
    async with connected(urls.worker) as other:
        take = "select app.take_job('imports', 2, 15)"
        await hand.fetchval("select app.end_job($1, null, 0)", await hand.fetchval(take))
        async with hand.transaction():
            first = await hand.fetchval(take)
            second = await other.fetchval(take)  # beside the open transaction: no waiting
        assert None not in (first, second)
        assert first != second
        assert await other.fetchval(take) is None


async def test_a_job_is_done_once_a_period_by_all_workers_together(
    superuser: Any, hand: Any
) -> None:
    take = "select app.take_job('purge', 1, 15)"
    lease = await hand.fetchval(take)
    await hand.fetchval("select app.end_job($1, null, 600)", lease)
    assert await hand.fetchval(take) is None
    await superuser.execute("update app_private.job set due_at = clock_timestamp()")
    assert await hand.fetchval(take) is not None


async def test_a_lease_is_renewed_while_its_round_goes_on(
    urls: Urls, superuser: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(loop, "KEEP_SECONDS", 0.05)
    await superuser.execute("select pg_advisory_lock(77)")
    try:
        async with running(urls, Job("hangs", "hangs_done", 0.05, 600, hanging)):
            held = await until(row(superuser, "hangs", "lease is not null"))
            later = (
                f"leased_until > timestamptz '{held['leased_until'].isoformat()}' + interval '1 ms'"
            )
            kept = await until(row(superuser, "hangs", later))
            assert kept["lease"] == held["lease"]
            await superuser.execute("select pg_advisory_unlock(77)")
    finally:
        await superuser.execute("select pg_advisory_unlock_all()")


async def test_a_round_ends_by_itself_and_the_next_goes_on_at_once(
    urls: Urls, superuser: Any
) -> None:
    rounds: list[int] = []

    async def large(connection: Any, stop: asyncio.Event) -> int:
        done = 0
        while not stop.is_set():
            done += int(await connection.fetchval("select 1"))
        rounds.append(done)
        return done

    async with running(urls, Job("large", "large_done", 3600, 0.4, large)):

        async def three() -> bool:
            return len(rounds) >= 3

        await until(three)
    assert await superuser.fetchval("select failures from app_private.job") == 0


async def test_the_metrics_of_a_worker_show_every_job(
    urls: Urls, superuser: Any, hand: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also those that another worker does: they come from the rows."""
    monkeypatch.setattr(loop, "KEEP_SECONDS", 0.05)
    lease = await hand.fetchval("select app.take_job('waves', 1, 15)")
    await hand.fetchval("select app.end_job($1, null, 600)", lease)
    lease = await hand.fetchval("select app.take_job('mails', 1, 15)")
    await hand.fetchval("select app.end_job($1, '40P01', 600)", lease)
    async with running(urls, Job("fine", "fine_done", 0.05, 60, fine)):

        async def shown() -> bool:
            names = ("waves", "fine")
            succeeded = "kollegium_job_last_success_seconds"
            return all(REGISTRY.get_sample_value(succeeded, {"job": n}) for n in names)

        await until(shown)
    ended = await superuser.fetchrow("select * from app_private.job where name = 'waves'")
    told = {
        name: REGISTRY.get_sample_value(f"kollegium_job_{name}", {"job": "waves"})
        for name in ("last_success_seconds", "duration_seconds", "failures", "backlog")
    }
    assert told == {
        "last_success_seconds": ended["succeeded_at"].timestamp(),
        "duration_seconds": ended["seconds"],
        "failures": 0,
        "backlog": 0,
    }
    assert REGISTRY.get_sample_value("kollegium_job_failures", {"job": "mails"}) == 1
    succeeded = "kollegium_job_last_success_seconds"
    assert REGISTRY.get_sample_value(succeeded, {"job": "mails"}) is None


async def test_every_job_tells_its_backlog(superuser: Any, hand: Any) -> None:
    """Of what a job does, but of purging and holidays, which nothing waits for."""
    for job in JOBS:
        lease = await hand.fetchval("select app.take_job($1, $2, 15)", job.name, job.slots)
        await hand.fetchval("select app.end_job($1, null, 0)", lease)
    jobs = {row["name"]: row["backlog"] for row in await hand.fetch("select * from app.jobs()")}
    assert jobs == {job.name: None if job.name in ("purge", "holidays") else 0 for job in JOBS}
    await superuser.execute(
        "insert into app_private.outbox (id, kind, template, recipient, payload)"
        " values (app_private.new_id(), 'reset', 'password-reset', 'a@b.example', '{}')"
    )
    jobs = {row["name"]: row["backlog"] for row in await hand.fetch("select * from app.jobs()")}
    assert jobs["mails"] == 1


async def test_every_job_runs(urls: Urls, superuser: Any) -> None:
    """The real ones, as the command starts them."""
    async with running(urls, *(job._replace(period=0.05) for job in JOBS)):
        for job in JOBS:
            await until(row(superuser, job.name, "succeeded_at is not null"))
    assert await superuser.fetchval("select sum(failures) from app_private.job") == 0
