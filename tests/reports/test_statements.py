"""The statement of a month: what a taker owes, entry by entry, as list and as file."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.fixtures import clock
from tests.fixtures.database import connected
from tests.fixtures.http import Person
from tests.fixtures.market import Market, slug
from tests.leads.test_returns import ok
from tests.reports.test_prices import own_price, priced

# By the calendar of the marketplace (Berlin): the last minutes of October, the first of November.
OCTOBER = datetime(2026, 10, 31, 22, 59, 30, tzinfo=UTC)
NOVEMBER = datetime(2026, 10, 31, 23, 0, 30, tzinfo=UTC)
DECEMBER = datetime(2026, 12, 1, 9, tzinfo=UTC)


async def statement(market: Market, who: Person, **query: Any) -> Any:
    return await ok(who.get(f"/marketplaces/{market.m}/statement", params=query))


async def file(market: Market, who: Person, language: str, **query: Any) -> Any:
    return await who.get(
        "/exports/statement.csv",
        params={"marketplace": str(market.m), **query},
        headers={"accept-language": language},
    )


async def picked(market: Market, company: str, who: Person) -> str:
    lead = await market.offered(getattr(market.world, company))
    await ok(who.post(market.path(lead, "/pick")))
    return lead


class Autumn:
    """Huber took a lead in October and two in November, gave one of October back in December;
    Klein took one in November."""

    leads: dict[str, str]


@pytest.fixture
async def autumn(market: Market) -> Any:
    """Once for the module."""
    if not hasattr(Autumn, "leads"):
        Autumn.leads = leads = {}
        async with connected(market.urls.superuser) as su:
            await clock.stay_logged_in(su)
            await su.execute("truncate app_private.rate")
            await priced(market)
            await ok(own_price(market, market.olga, market.world.klein, 12050))
            await clock.stop(su, OCTOBER)
            leads["oct"] = await picked(market, "huber", market.anna)
            await clock.stop(su, NOVEMBER)
            leads["nov"] = await picked(market, "huber", market.ben)
            await clock.stop(su, NOVEMBER + timedelta(minutes=5))
            leads["klein"] = await picked(market, "klein", market.cora)
            await clock.stop(su, DECEMBER)
            await ok(market.olga.post(market.path(leads["oct"], "/revoke"), {"reason": "x"}))
            await clock.right(su)
            await su.execute("truncate app_private.rate")  # of times that are not yet
    return Autumn.leads


async def test_a_month_is_one_of_the_marketplaces_calendar(market: Market, autumn: Any) -> None:
    october = await statement(market, market.anna, month="2026-10")
    assert [one["lead_id"] for one in october["items"]] == [autumn["oct"]]
    assert (october["begins_at"], october["ends_at"], october["time_zone"]) == (
        "2026-09-30T22:00:00Z", "2026-10-31T23:00:00Z", "Europe/Berlin",
    )  # fmt: skip
    november = await statement(market, market.anna, month="2026-11")
    assert [one["lead_id"] for one in november["items"]] == [autumn["nov"]]


async def test_a_credit_stands_in_its_own_month(market: Market, autumn: Any) -> None:
    december = await statement(market, market.anna, month="2026-12")
    (entry,) = december["items"]
    assert (entry["kind"], entry["reason"], entry["amount_cents"], entry["currency"]) == (
        "credit", "revoked", -4500, "EUR",
    )  # fmt: skip
    assert entry["charged_at"].startswith("2026-10-31T22:59")
    assert entry["posted_at"].startswith("2026-12-01T09:00")
    (total,) = december["totals"]
    assert total == {
        "company_id": str(market.world.huber.id), "company_name": "Firma Huber",
        "currency": "EUR", "charges": 0, "charged_cents": 0, "credits": 1,
        "credited_cents": 4500, "balance_cents": -4500,
    }  # fmt: skip
    # October's stays as it was.
    assert (await statement(market, market.anna, month="2026-10"))["totals"][0]["charges"] == 1


async def test_the_operator_reads_all_takers_or_one(market: Market, autumn: Any) -> None:
    huber, klein = str(market.world.huber.id), str(market.world.klein.id)
    november = await statement(market, market.olga, month="2026-11")
    assert {one["company_id"] for one in november["items"]} == {huber, klein}
    assert [(t["company_name"], t["balance_cents"]) for t in november["totals"]] == [
        ("Firma Huber", 4500), ("Firma Klein", 12050),
    ]  # fmt: skip
    one = await statement(market, market.olga, month="2026-11", company=klein)
    assert [t["company_name"] for t in one["totals"]] == ["Firma Klein"]
    first = await statement(market, market.olga, month="2026-11", limit=1)
    rest = await statement(market, market.olga, month="2026-11", cursor=first["next_cursor"])
    assert first["items"] + rest["items"] == november["items"]
    assert rest["totals"] == november["totals"]


async def test_a_taker_reads_its_own_and_nobody_else_any(market: Market, autumn: Any) -> None:
    klein = str(market.world.klein.id)
    mine = await statement(market, market.cora, month="2026-11")
    assert {one["company_id"] for one in mine["items"]} == {klein}
    path = f"/marketplaces/{market.m}/statement"
    export = f"/exports/statement.csv?marketplace={market.m}"
    for who, query in ((market.anna, f"company={klein}"), (market.fritz, "")):
        for found in (await who.get(f"{path}?{query}"), await who.get(f"{export}&{query}")):
            assert (found.status_code, slug(found)) == (404, "not-found")
    assert (await statement(market, market.anna, month="2026-11", company=str(
        market.world.huber.id)))["items"]  # fmt: skip


async def test_an_empty_statement_says_why(market: Market, autumn: Any) -> None:
    giver = await statement(market, market.gerd, month="2026-11")
    assert (giver["items"], giver["totals"]) == ([], [])
    assert "wer sie nimmt" in giver["why_empty"]["de"]
    quiet = await statement(market, market.anna, month="2026-01")
    assert "In this month" in quiet["why_empty"]["en"]
    await priced(market, None)
    free = await statement(market, market.anna, month="2026-01")
    assert "cost your company nothing" in free["why_empty"]["en"]
    assert "In this month" in (await statement(market, market.olga, month="2026-01"))[
        "why_empty"]["en"]  # fmt: skip
    await ok(own_price(market, market.olga, market.world.klein, None))
    assert "price_cents" in (await statement(market, market.olga, month="2026-01"))[
        "why_empty"]["en"]  # fmt: skip
    full = await statement(market, market.anna, month="2026-11")
    assert full["why_empty"] is None


async def test_as_a_file_in_german_and_english(market: Market, autumn: Any) -> None:
    found = await file(market, market.olga, "de", month="2026-11")
    assert found.status_code == 200
    assert found.headers["content-type"] == "text/csv; charset=utf-8"
    assert found.headers["content-disposition"].endswith("''statement-2026-11.csv")
    assert found.content.startswith(b"\xef\xbb\xbfDatum;Art;Grund;Firma;")
    rows = list(csv.reader(io.StringIO(found.content.decode("utf-8-sig")), delimiter=";"))
    assert rows[0][-2:] == ["Betrag", "Währung"]
    assert rows[1] == [
        "01.11.2026 00:00", "Berechnung", "Pick", "Firma Huber", autumn["nov"], rows[1][5],
        "01.11.2026 00:00", "45,00", "EUR",
    ]  # fmt: skip
    assert rows[3] == ["", "Summe", "", "Firma Huber", "", "", "", "45,00", "EUR"]
    assert rows[4][7] == "120,50"
    english = await file(market, market.anna, "en", month="2026-12")
    rows = list(csv.reader(io.StringIO(english.content.decode("utf-8-sig"))))
    assert [row[7] for row in rows] == ["Amount", "-45.00", "-45.00"]
    assert rows[1][:3] == ["2026-12-01 10:00", "Credit", "Revocation"]
    assert rows[1][6] == "2026-10-31 23:59"
    assert "Petra" not in found.text + english.text


async def test_a_name_is_no_formula(market: Market, autumn: Any) -> None:
    async with connected(market.urls.superuser) as su:
        await su.execute("update app.posting set company_name = '=1+1; \"x\"' where lead_id = $1",
                         autumn["klein"])  # fmt: skip
        found = await file(market, market.olga, "de", month="2026-11")
        rows = list(csv.reader(io.StringIO(found.content.decode("utf-8-sig")), delimiter=";"))
        assert [row[3] for row in rows if row[0]][2] == '\'=1+1; "x"'
        await su.execute("update app.posting set company_name = 'Firma Klein' where lead_id = $1",
                         autumn["klein"])  # fmt: skip


async def test_asking_writes_nothing(market: Market, autumn: Any) -> None:
    counts = "select sum(n_tup_ins + n_tup_upd + n_tup_del) from pg_stat_xact_user_tables"
    async with connected(market.urls.api) as api, api.transaction():
        await api.execute("select app.enter_to_read($1)", market.anna.token)
        await api.fetch("select * from app.statement_month($1, '2026-11', null)", market.m)
        assert await api.fetchval(counts) == 0
    head = await market.anna.send(
        "head", f"/exports/statement.csv?marketplace={market.m}&month=2026-11"
    )
    assert (head.status_code, head.content) == (200, b"")


async def test_bad_questions(market: Market) -> None:
    path = f"/marketplaces/{market.m}/statement"
    for query in ("month=2026-13", "month=2026-1", "month=November", "month=1999-01",
                  "month=2026-11%0A", "company=huber"):  # fmt: skip
        assert (await market.olga.get(f"{path}?{query}")).status_code == 400, query
    assert (await market.olga.get("/exports/statement.csv")).status_code == 400
    now = await statement(market, market.olga)
    assert now["month"] == datetime.now(UTC).strftime("%Y-%m")
