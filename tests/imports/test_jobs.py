"""Files of any size go in in small transactions, and go on after whatever stopped them."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import asyncpg
import pytest

from service.domain.imports.files import uploads
from service.jobs.worker import timers as worker
from tests.fixtures.database import Urls, as_bearer, connected
from tests.fixtures.http import Person
from tests.fixtures.market import Market, slug, state
from tests.fixtures.sizes import sized

# The smallest file that is not imported while its uploader waits.
LARGE = sized(151, whole=501)
CSV = {"content-type": "text/csv"}
HEAD = "Vorname;Nachname;PLZ;Ort;Telefon;E-Mail;Anliegen;Einwilligung\n"


@pytest.fixture(autouse=True)
def large(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the small size the worker takes care of smaller files, too."""
    assert uploads.IN_REQUEST == 500
    monkeypatch.setattr(uploads, "IN_REQUEST", LARGE - 1)


def a_file(rows: int, *, bad: int = 0) -> bytes:
    """A file of that many new persons, the last `bad` of them without a way to reach them."""
    mark = uuid4().hex[:12]
    lines = [
        f"Petra;Muster{n};10115;Berlin;;{f'p{n}.{mark}@muster.example' if n < rows - bad else ''};"
        "Wärmepumpe;ja\n"
        for n in range(rows)
    ]
    return (HEAD + "".join(lines)).encode()


async def upload(who: Person, market: Any, content: bytes, query: str = "", **headers: str) -> Any:
    """POST /imports."""
    path = f"/imports?marketplace={market}&filename=leads.csv{query}"
    return await who.post(path, content=content, headers={**CSV, **headers})


@asynccontextmanager
async def working(urls: Urls) -> AsyncIterator[Any]:
    """A connection as kollegium_worker."""
    async with connected(urls.worker) as connection:
        yield connection


async def step(connection: Any) -> bool:
    """One step of the worker; whether it went on with anything."""
    claimed = await connection.fetchrow("select * from app.claim_import()")
    if claimed["import_id"] is None:
        return False
    return bool(await connection.fetchval("select app.work_on_import($1, $2)", *claimed))


async def _as(urls: Urls, who: Person, sql: str, *values: Any) -> Any:
    """`select * from <sql>` as kollegium_api in somebody's context."""
    async with connected(urls.api) as api, as_bearer(api, who.token):
        return await api.fetchrow(f"select * from {sql}", *values)


async def raw_rows(urls: Urls, import_id: str) -> int:
    async with connected(urls.superuser) as superuser:
        return int(
            await superuser.fetchval(
                "select coalesce(sum(jsonb_array_length(rows)), 0) from app_private.import_chunk"
                " where import_id = $1",
                UUID(import_id),
            )
        )


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


async def test_it_ends_with_the_reason_when_its_uploader_is_gone(market: Market) -> None:
    gisa = await market.joins(market.gerd, "gisa.import@geber.example", "Gisa Geber")
    job = (await upload(gisa, market.m, a_file(LARGE))).json()
    async with working(market.urls) as connection:
        assert await step(connection)
        me = (await gisa.get("/me")).json()["colleague"]["id"]
        gone = await market.gerd.patch(f"/colleagues/{me}", {"active": False}, etag="*")
        assert gone.status_code == 200, gone.text
        await worker.imports(connection)
    report = (await market.gerd.get(f"/imports/{job['id']}?limit=1000")).json()
    assert (report["state"], report["problem"]) == ("failed", "uploader-inactive")
    assert (report["done"], report["imported"], len(report["rows"])) == (50, 50, 50)
    assert report["detail"]["de"]
    assert report["detail"]["en"]
    assert await raw_rows(market.urls, job["id"]) == 0


async def test_it_ends_with_the_reason_when_the_giver_has_left(market: Market) -> None:
    invited = await market.olga.post(
        f"/marketplaces/{market.m}/participations",
        {"company_id": str(market.world.neu.id), "capacity": "giver"},
    )
    assert invited.status_code == 201, invited.text
    assert (await market.nina.post(f"/marketplaces/{market.m}/participations/accept")).is_success
    job = (await upload(market.nina, market.m, a_file(LARGE))).json()
    async with working(market.urls) as connection:
        assert await step(connection)
        left = f"/marketplaces/{market.m}/participations/{market.world.neu.id}"
        assert (await market.nina.delete(left)).is_success
        await worker.imports(connection)
    report = (await market.nina.get(f"/imports/{job['id']}")).json()
    assert (report["state"], report["problem"]) == ("failed", "participation-inactive")
    assert 0 < report["done"] == report["imported"] <= 50  # a step ends after a second, too


async def test_what_nobody_foresaw_ends_it_and_is_not_tried_for_ever(market: Market) -> None:
    job = (await upload(market.gerd, market.m, a_file(LARGE))).json()
    async with connected(market.urls.superuser) as superuser, working(market.urls) as connection:
        assert await step(connection)
        body = await superuser.fetchval(
            "select pg_get_functiondef('app_private.put_lead_in'::regproc)"
        )
        await superuser.execute(
            body.replace("\nbegin\n", "\nbegin\n  perform 1 / 0 from nowhere;\n")
        )
        try:
            await worker.imports(connection)
        finally:
            await superuser.execute(body)
        report = (await market.gerd.get(f"/imports/{job['id']}")).json()
        assert (report["state"], report["problem"], report["done"]) == ("failed", "unforeseen", 50)
        logged = await superuser.fetchval(
            "select detail from app_private.audit_entry where object_id = $1"
            " and action = 'import-ended'",
            UUID(job["id"]),
        )
    assert logged == {"problem": "unforeseen", "sqlstate": "42P01"}


async def test_where_it_stops_again_and_again_it_ends(market: Market) -> None:
    """An error that cannot be caught where it happens: each attempt counts and waits longer."""
    job = (await upload(market.gerd, market.m, a_file(LARGE))).json()
    async with connected(market.urls.superuser) as superuser, working(market.urls) as connection:
        for _ in range(20):
            claimed = await connection.fetchrow("select * from app.claim_import()")
            assert str(claimed["import_id"]) == job["id"]
            assert await connection.fetchrow("select * from app.claim_import()") == (None, None)
            await superuser.execute("update app.lead_import set retry_at = now() where done = 0")
        assert (await connection.fetchrow("select * from app.claim_import()"))["import_id"] is None
    report = (await market.gerd.get(f"/imports/{job['id']}")).json()
    assert (report["state"], report["problem"]) == ("failed", "interrupted")


async def test_a_row_that_cannot_be_stored_is_refused_alone(market: Market) -> None:
    async with connected(market.urls.api) as api, as_bearer(api, market.gerd.token):
        rows = [
            {"row_number": n, "lead": {
                "interest": interest, "tags": [], "distribution_permission": True, "submit": True,
                "prospect": {"name": "Petra", "email": f"{uuid4()}@muster.example"},
                "source": "x", "external_ref": str(uuid4())}}
            for n, interest in ((2, "Dach"), (3, "x" * 5000), (4, "Dach"))
        ]  # fmt: skip
        head = {"file_name": "x", "format": "x", "encoding": "utf-8", "rows": 3}
        job = await api.fetchval("select app.start_import($1, $2, 0)", market.m, head)
        await api.execute("select app.add_import_chunk($1, $2, 0, $3)", market.m, job, rows)
    async with working(market.urls) as connection:
        await worker.imports(connection)
    report = (await market.gerd.get(f"/imports/{job}")).json()
    assert report["state"] == "done"
    assert [row["outcome"] for row in report["rows"]] == ["imported", "refused", "imported"]
    assert report["rows"][1]["code"] == "not-storable"
    assert "interest" in report["rows"][1]["detail"]["en"]


async def test_raw_rows_are_kept_for_a_week_at_most(market: Market) -> None:
    job = (await upload(market.gerd, market.m, a_file(LARGE))).json()
    async with connected(market.urls.superuser) as superuser, working(market.urls) as connection:
        await worker.purge(connection)
        assert await raw_rows(market.urls, job["id"]) == LARGE
        await superuser.execute(
            "update app.lead_import set created_at = now() - interval '7 days 1 min' where id = $1",
            UUID(job["id"]),
        )
        await worker.purge(connection)
    assert await raw_rows(market.urls, job["id"]) == 0
    report = (await market.gerd.get(f"/imports/{job['id']}")).json()
    assert (report["state"], report["problem"], report["rows"]) == ("failed", "too-old", [])


async def test_chunks_come_with_their_import_alone(market: Market) -> None:
    """Nobody adds rows to an import that was committed, least of all another company."""
    job = (await upload(market.gerd, market.m, a_file(LARGE))).json()
    rows = [{"row_number": 1, "outcome": "refused"}] * 50
    add = ("app.add_import_chunk($1, $2, 11, $3)", market.m, UUID(job["id"]), rows)
    go_on = ("app.continue_import($1, 0)", UUID(job["id"]))
    for who, call in ((market.gerd, add), (market.olga, add), (market.olga, go_on)):
        with pytest.raises(asyncpg.PostgresError) as refused:
            await _as(market.urls, who, *call)
        assert refused.value.sqlstate == "KG404"
    assert (await _as(market.urls, market.gerd, *go_on))["went_on"]  # the control
    async with working(market.urls) as connection:
        await worker.imports(connection)


async def test_a_giver_that_may_not_is_told_at_the_upload(market: Market) -> None:
    refused = await upload(market.anna, market.m, a_file(LARGE))
    assert (refused.status_code, slug(refused)) == (403, "giver-required")
    async with connected(market.urls.superuser) as superuser:
        assert not await superuser.fetchval("select count(*) from app_private.import_chunk")


async def test_a_file_is_read_for_who_may_put_leads_in_alone(market: Market) -> None:
    unreadable = b"\x00 no file of leads"
    asked = (
        (market.gerd, market.m),
        (market.olga, market.m),
        (market.anna, market.m),
        (market.gerd, uuid4()),
    )
    told = [slug(await upload(who, m, unreadable)) for who, m in asked]
    assert told == ["file-unreadable", "file-unreadable", "giver-required", "not-found"]
