"""Files of any size go in in small transactions, and go on after whatever stopped them."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from service.jobs.worker import timers as worker
from tests.fixtures.database import Urls, connected
from tests.fixtures.market import Market, state
from tests.imports.large import LARGE, a_file, raw_rows, step, upload, working

pytestmark = pytest.mark.usefixtures("large")


async def test_a_large_file_is_accepted_and_worked_off(market: Market) -> None:
    accepted = await upload(market.gerd, market.m, a_file(LARGE, bad=3))
    assert accepted.status_code == 202, accepted.text
    job = accepted.json()
    assert (job["state"], job["rows"], job["done"]) == ("waiting", LARGE, 0)
    assert (await market.anna.get(f"/imports/{job['id']}")).status_code == 404
    assert await raw_rows(market.urls, job["id"]) == LARGE
    seen = []
    async with working(market.urls) as connection:
        while True:
            shown = (await market.gerd.get(f"/imports/{job['id']}?limit=1000")).json()
            if shown["state"] not in ("waiting", "running"):
                break
            seen.append((shown["state"], shown["done"]))
            assert shown["rows"] == LARGE
            assert await step(connection)
    assert seen == [("waiting", 0)] + [("running", 50 * n) for n in range(1, LARGE // 50 + 1)]
    assert (shown["state"], shown["done"]) == ("done", LARGE)
    assert (shown["imported"], shown["duplicates"], shown["refused"]) == (LARGE - 3, 0, 3)
    assert [row["row_number"] for row in shown["rows"]] == list(range(2, LARGE + 2))
    assert await raw_rows(market.urls, job["id"]) == 0
    lead = (await market.gerd.get(market.path(shown["rows"][0]["lead_id"]))).json()
    assert lead["prospect"]["name"] == "Petra Muster0"
    history = (await market.gerd.get(market.path(lead["id"], "/history"))).json()["items"]
    assert history[0]["colleague_name"] == "Gerd"


@pytest.mark.parametrize("rows", [40, LARGE])
async def test_a_dry_run_keeps_no_lead(market: Market, rows: int) -> None:
    content = a_file(rows, bad=1)
    answer = await upload(market.gerd, market.m, content, "&dry_run=true&limit=1000")
    assert answer.status_code == (201 if rows < LARGE else 202)
    async with working(market.urls) as connection:
        await worker.imports(connection)
    tried = (await market.gerd.get(f"/imports/{answer.json()['id']}?limit=1000")).json()
    assert (tried["dry_run"], tried["state"]) == (True, "done")
    assert (tried["imported"], tried["refused"]) == (rows - 1, 1)
    assert {row["lead_id"] for row in tried["rows"]} == {None}
    assert await raw_rows(market.urls, tried["id"]) == 0
    really = (await upload(market.gerd, market.m, content, "&limit=1000")).json()
    async with working(market.urls) as connection:
        await worker.imports(connection)
    report = (await market.gerd.get(f"/imports/{really['id']}")).json()
    assert (report["imported"], report["duplicates"]) == (rows - 1, 0)


async def test_who_repeats_the_key_hears_of_the_same_import(market: Market) -> None:
    for rows, status in ((30, 201), (LARGE, 202)):
        content, key = a_file(rows), f"import-{uuid4()}"
        first = await upload(market.gerd, market.m, content, **{"Idempotency-Key": key})
        again = await upload(market.gerd, market.m, content, **{"Idempotency-Key": key})
        assert (first.status_code, again.status_code) == (status, status)
        assert first.content == again.content
        other = await upload(market.gerd, market.m, a_file(3), **{"Idempotency-Key": key})
        assert other.status_code == 422
    async with working(market.urls) as connection:
        await worker.imports(connection)
    again = await upload(market.gerd, market.m, content, **{"Idempotency-Key": key})
    assert again.content == first.content  # the first answer, also when it is done


async def test_a_cut_request_leaves_its_import_to_the_worker(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was acknowledged to the key is true, and goes on."""
    from service.domain.imports import operations

    async def cut(*_: Any) -> bool:
        raise ConnectionResetError

    with monkeypatch.context() as patch:
        patch.setattr(operations, "go_on", cut)
        content = a_file(60)
        answer = await upload(market.gerd, market.m, content, **{"Idempotency-Key": "cut"})
    assert (answer.status_code, answer.json()["state"]) == (202, "waiting")
    path = f"/imports/{answer.json()['id']}"
    async with working(market.urls) as connection:
        await worker.imports(connection)  # the request may still be at it
        assert (await market.gerd.get(path)).json()["done"] == 0
        async with connected(market.urls.superuser) as superuser:
            await superuser.execute("update app.lead_import set retry_at = now() where done = 0")
        await worker.imports(connection)
    assert (await market.gerd.get(path)).json()["imported"] == 60
    again = await upload(market.gerd, market.m, content, **{"Idempotency-Key": "cut"})
    assert again.content == answer.content


async def test_an_import_holds_no_lock_that_a_pick_needs(market: Market) -> None:
    """Its leads are offered to Huber, whose card an import kept locked until its end."""
    await market.olga.patch(
        f"/marketplaces/{market.m}",
        {"auto_accept": True, "auto_offer": True},
        etag="*",
    )
    try:
        lead = await market.draft()
        assert await state(market, lead) == "offered"
        assert (await upload(market.gerd, market.m, a_file(LARGE))).status_code == 202
        async with working(market.urls) as connection, connection.transaction():
            assert await step(connection)
            offered = await connection.fetchval("select pg_backend_pid()")
            picked = await asyncio.wait_for(market.anna.post(market.path(lead, "/pick")), 3)
            assert picked.status_code == 200, picked.text
            assert await _locks_cards(market.urls, offered)
            # The control: who leaves the marketplace waits for these offers.
            place = f"/marketplaces/{market.m}/participations/{market.world.klein.id}"
            leaving = asyncio.wait_for(market.cora.delete(place), 0.5)
            with pytest.raises(TimeoutError):
                await leaving
        async with working(market.urls) as connection:
            await worker.imports(connection)
    finally:
        await market.olga.patch(
            f"/marketplaces/{market.m}",
            {"auto_accept": False, "auto_offer": False},
            etag="*",
        )


async def _locks_cards(urls: Urls, pid: int) -> bool:
    async with connected(urls.superuser) as superuser:
        return bool(
            await superuser.fetchval(
                "select exists (select from pg_locks where pid = $1 and mode = 'RowShareLock'"
                " and relation = 'app.participation'::regclass)",
                pid,
            )
        )


async def test_a_worker_that_dies_loses_nothing_and_repeats_nothing(market: Market) -> None:
    job = (await upload(market.gerd, market.m, a_file(LARGE))).json()
    async with working(market.urls) as connection:
        assert await step(connection)
    dying = await asyncpg.connect(market.urls.worker)
    transaction = dying.transaction()
    await transaction.start()
    assert await step(dying)  # 50 rows more, not committed
    async with working(market.urls) as other:
        assert not await step(other)  # nobody goes on with it beside him
    pid = dying.get_server_pid()
    dying.terminate()
    async with connected(market.urls.superuser) as superuser:
        await superuser.execute("select pg_terminate_backend($1, 5000)", pid)
        await superuser.execute(
            "update app.lead_import set retry_at = now() where retry_at > now()"
        )
    assert (await market.gerd.get(f"/imports/{job['id']}")).json()["done"] == 50
    async with working(market.urls) as connection:
        await worker.imports(connection)
    report = (await market.gerd.get(f"/imports/{job['id']}")).json()
    assert (report["imported"], report["duplicates"]) == (LARGE, 0)


async def test_two_workers_share_companies_and_not_one_company(market: Market) -> None:
    first = (await upload(market.gerd, market.m, a_file(LARGE))).json()
    second = (await upload(market.gerd, market.m, a_file(LARGE))).json()
    other = (await upload(market.olga, market.m, a_file(LARGE))).json()
    async with working(market.urls) as one, working(market.urls) as two:
        claimed = await one.fetchrow("select * from app.claim_import()")
        assert str(claimed["import_id"]) == first["id"]
        async with one.transaction():
            assert await one.fetchval("select app.work_on_import($1, $2)", *claimed)
            assert await step(two)
            assert await step(two)
            # Not even who names it goes on with it, or with the next one of the company.
            for job in (first, second):
                named = (market.m, UUID(job["id"]))
                assert not await two.fetchval("select app.work_on_import($1, $2)", *named)
            done = [
                (await who.get(f"/imports/{job['id']}")).json()["done"]
                for who, job in ((market.gerd, first), (market.gerd, second), (market.olga, other))
            ]
            assert done == [0, 0, 100]  # `one` has not committed yet
            # A small one of the same company waits for the moment of that step, no longer.
            small = asyncio.create_task(upload(market.gerd, market.m, a_file(3)))
            await asyncio.sleep(0.2)
            assert not small.done()
        assert (await small).status_code == 201
        await asyncio.gather(worker.imports(one), worker.imports(two))
    for who, job in ((market.gerd, first), (market.gerd, second), (market.olga, other)):
        report = (await who.get(f"/imports/{job['id']}")).json()
        assert (report["state"], report["imported"]) == ("done", LARGE)
    ended = [(await market.gerd.get(f"/imports/{j['id']}")).json() for j in (first, second)]
    rows = [(await market.gerd.get(f"/imports/{j['id']}?limit=1000")).json() for j in ended]
    assert rows[0]["ended_at"] < rows[1]["ended_at"]
