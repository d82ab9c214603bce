"""Imports that end before their last row: who may no longer, what nobody foresaw; what stays."""

from uuid import UUID, uuid4

import asyncpg
import pytest

from service.jobs.worker import timers as worker
from tests.fixtures.database import as_bearer, connected
from tests.fixtures.market import Market, slug
from tests.imports.large import LARGE, a_file, called_by, raw_rows, step, upload, working

pytestmark = pytest.mark.usefixtures("large")


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
            "select pg_get_functiondef('app_private.put_leads_in'::regproc)"
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
            await called_by(market.urls, who, *call)
        assert refused.value.sqlstate == "KG404"
    assert (await called_by(market.urls, market.gerd, *go_on))["went_on"]  # the control
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
