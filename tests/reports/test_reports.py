"""The report of a marketplace: what the operator reads of all, a taker of itself, a giver of its
sources; it agrees with the receipts of the takers."""

import csv
import io
from datetime import datetime
from typing import Any
from uuid import UUID

from tests.calls.test_handing_back import setting
from tests.fixtures.database import connected
from tests.fixtures.http import Person
from tests.fixtures.market import Market, slug
from tests.leads.test_returns import items, ok

FROM = {"from": "2020-01-01T00:00:00Z"}


async def report(market: Market, who: Person, **query: str) -> Any:
    return await ok(who.get(f"/reports/marketplaces/{market.m}", params=query))


async def line(market: Market, who: Person, company: Any) -> Any:
    takers = (await report(market, who, **FROM))["takers"]
    return next(one for one in takers if one["company_id"] == str(company.id))


async def test_it_counts_what_happens(market: Market) -> None:
    huber, klein = market.world.huber, market.world.klein
    before = await line(market, market.olga, huber)
    other = await line(market, market.olga, klein)
    lead = await market.offered(huber, klein)
    await ok(market.anna.post(market.path(lead, "/pick")))
    await ok(market.anna.post(market.path(lead, "/engagement/close"),
                              {"outcome": "won", "value": 100}))  # fmt: skip
    gone = await market.offered(huber)
    await ok(market.anna.post(market.path(gone, "/pick")))
    await ok(market.anna.post(market.path(gone, "/engagement/return"), {"reason": "other"}), 202)
    await ok(market.olga.post(market.path(gone, "/engagement/return/accept")))
    after = await line(market, market.olga, huber)
    moved = {k: after[k] - before[k] for k in ("offered", "picked", "begun", "won", "returned",
                                               "returns_asked", "declined")}  # fmt: skip
    assert moved == {"offered": 2, "picked": 2, "begun": 2, "won": 1, "returned": 1,
                     "returns_asked": 1, "declined": 0}  # fmt: skip
    assert after["value"] - (before["value"] or 0) == 100
    assert after["median_seconds"] is not None
    later = await line(market, market.olga, klein)
    assert later["lost_offers"] - other["lost_offers"] == 1
    takers = (await report(market, market.olga, **FROM))["takers"]
    assert abs(sum(one["share_of_offers"] for one in takers if one["offered"]) - 1) < 0.01


async def test_a_taker_reads_its_own_line_and_it_agrees_with_its_receipts(market: Market) -> None:
    (own,) = (await report(market, market.cora, **FROM))["takers"]
    operators = await line(market, market.olga, market.world.klein)
    hidden = {"share_of_offers", "share_of_picks"}
    assert {k: v for k, v in own.items() if k not in hidden} == {
        k: v for k, v in operators.items() if k not in hidden
    }
    assert [own[k] for k in sorted(hidden)] == [None, None]
    mine = [r for r in await items(market.cora, "/receipts?limit=100")
            if r["marketplace_name"] == "Marktplatz Nord"]  # fmt: skip
    ended = own["offered"] - own["open"]
    assert len(mine) == ended
    for outcome, name in (("picked", "picked"), ("lost", "lost_offers"), ("declined", "declined"),
                          ("expired", "expired"), ("withdrawn", "withdrawn")):  # fmt: skip
        assert sum(r["outcome"] == outcome for r in mine) == own[name], outcome
    assert (await report(market, market.cora, **FROM))["sources"] == []


async def test_a_giver_reads_its_own_sources(market: Market) -> None:
    found = await report(market, market.gerd, **FROM)
    assert found["takers"] == []
    assert {one["giver_company_id"] for one in found["sources"]} == {str(market.world.geber.id)}
    assert sum(one["leads"] for one in found["sources"]) > 0
    operators = await report(market, market.olga, **FROM)
    theirs = [o for o in operators["sources"]
              if o["giver_company_id"] == str(market.world.geber.id)]  # fmt: skip
    ratings = {"ratings": None, "reasons": []}  # no more than an average of many: test_ratings
    assert [o | {"rating": o["rating"] | ratings} for o in theirs] == found["sources"]


async def test_outsiders_and_empty_periods(market: Market) -> None:
    refused = await market.fritz.get(f"/reports/marketplaces/{market.m}")
    assert (refused.status_code, slug(refused)) == (404, "not-found")
    quiet = await report(market, market.olga, **FROM, to="2020-02-01T00:00:00Z")
    assert (quiet["takers"], quiet["sources"]) == ([], [])
    assert "nichts angeboten" in quiet["why_empty"]["de"]
    assert (await market.olga.get(
        f"/reports/marketplaces/{market.m}?from=gestern")).status_code == 400  # fmt: skip


async def shifted(market: Market, lead: str, to: str) -> None:
    """A lead's offers and engagements began at that moment of the wall in Berlin, and what came of
    them as much later as it did."""
    async with connected(market.urls.superuser) as superuser:
        moment = "($2::timestamp at time zone 'Europe/Berlin')"
        await superuser.execute(
            f"update app.offer set answered_at = answered_at - opened_at + {moment},"
            f" opened_at = {moment} where lead_id = $1", UUID(lead), datetime.fromisoformat(to),
        )  # fmt: skip
        await superuser.execute(
            f"update app.engagement set started_at = {moment} where lead_id = $1",
            UUID(lead), datetime.fromisoformat(to),
        )  # fmt: skip


async def answered(market: Market, lead: str, answer: str, call: str | None) -> None:
    """… and were answered, and called first, at those."""
    async with connected(market.urls.superuser) as superuser:
        await superuser.execute(
            "update app.offer set answered_at = $2::timestamp at time zone 'Europe/Berlin'"
            " where lead_id = $1", UUID(lead), datetime.fromisoformat(answer),
        )  # fmt: skip
        await superuser.execute(
            "update app.engagement set started_at = $2::timestamp at time zone 'Europe/Berlin',"
            " first_contact_at = $3::timestamp at time zone 'Europe/Berlin' where lead_id = $1",
            *(UUID(lead), datetime.fromisoformat(answer)),
            call and datetime.fromisoformat(call),
        )


async def test_answers_and_first_calls_count_in_working_time(market: Market) -> None:
    """Friday evening to Monday morning is an hour: the calendar is Monday to Friday, 9 to 17."""
    lead = await market.offered(market.world.huber)
    await ok(market.anna.post(market.path(lead, "/pick")))
    await ok(market.ben.post(market.path(lead, "/engagement/calls"), {"outcome": "mailbox"}), 201)
    uncalled = await market.offered(market.world.huber)
    await ok(market.ben.post(market.path(uncalled, "/pick")))
    for one in (lead, uncalled):
        await shifted(market, one, "2026-03-27 16:30")
    await answered(market, lead, "2026-03-30 09:30", "2026-03-30 10:45:30")
    await answered(market, uncalled, "2026-03-30 10:30", None)
    span = {"from": "2026-03-01T00:00:00+01:00", "to": "2026-04-01T00:00:00+02:00"}
    await setting(market, contact_target_minutes=60)
    try:
        found = await report(market, market.anna, **span)
        (own,) = found["takers"]
        # 1 h and 2 h of work; on the wall two days and 16 hours, the clock being put forward.
        assert (own["median_working_seconds"], own["p90_working_seconds"]) == (5400, 6840)
        assert own["median_seconds"] == 230_400 + 1800
        assert (own["contacted"], own["median_contact_seconds"]) == (1, 4530)
        assert (own["in_target"], own["late"]) == (0, 2)
        assert found["contact_target_minutes"] == 60
        picks = {one["colleague_name"]: (one["picked"], one["contacted"], one["late"])
                 for one in found["colleagues"]}  # fmt: skip
        assert picks == {"Anna": (1, 0, 0), "Ben": (1, 1, 1)}
        operators = await report(market, market.olga, **span)
        assert operators["colleagues"] == []  # its own alone
        assert [t["late"] for t in operators["takers"]] == [2]
        assert (await report(market, market.gerd, **span))["colleagues"] == []
        await setting(market, contact_target_minutes=80)
        (own,) = (await report(market, market.anna, **span))["takers"]
        assert (own["in_target"], own["late"]) == (1, 1)
    finally:
        await setting(market, contact_target_minutes=None)


async def test_fairness_over_time_adds_up_to_the_whole(market: Market) -> None:
    """Weeks and months of the calendar, each with its own shares; a taker reads its own."""
    days = ("2026-04-05 23:30", "2026-04-06 00:30", "2026-05-01 00:30")  # a Sunday, a Monday
    for day in days:
        lead = await market.offered(market.world.huber, market.world.klein)
        await ok(market.anna.post(market.path(lead, "/pick")))
        await shifted(market, lead, day)
    span = {"from": "2026-04-01T00:00:00+02:00", "to": "2026-06-01T00:00:00+02:00"}
    weekly = await report(market, market.olga, **span, by="week")
    begins = [one["begins_at"] for one in weekly["periods"]]
    assert begins == ["2026-03-31T22:00:00Z", "2026-04-05T22:00:00Z", "2026-04-26T22:00:00Z"]
    assert weekly["periods"][0]["ends_at"] == "2026-04-05T22:00:00Z"
    monthly = await report(market, market.olga, **span, by="month")
    assert [len(one["takers"]) for one in monthly["periods"]] == [2, 2]
    assert [sum(t["offered"] for t in one["takers"]) for one in monthly["periods"]] == [4, 2]
    for found in (weekly, monthly):
        for name in ("offered", "picked", "lost_offers", "begun"):
            for whole in found["takers"]:
                parts = [t[name] for one in found["periods"] for t in one["takers"]
                         if t["company_id"] == whole["company_id"]]  # fmt: skip
                assert sum(parts) == whole[name], name
        for one in found["periods"]:
            assert abs(sum(t["share_of_offers"] for t in one["takers"]) - 1) < 0.001
    own = await report(market, market.cora, **span, by="month")
    assert {t["company_id"] for one in own["periods"] for t in one["takers"]} == {
        str(market.world.klein.id)
    }
    assert {t["share_of_offers"] for one in own["periods"] for t in one["takers"]} == {None}
    assert (await report(market, market.olga, **span))["periods"] == []
    url = f"/reports/marketplaces/{market.m}"
    for wrong in ("by=day", "by=week&from=2020-01-01T00:00:00Z"):
        assert (await market.olga.get(f"{url}?{wrong}")).status_code == 400


async def test_takers_as_a_file(market: Market) -> None:
    """By the reader's language; a taker finds itself alone, an outsider nothing."""
    lead = await market.offered(market.world.huber)
    await ok(market.anna.post(market.path(lead, "/pick")))
    await shifted(market, lead, "2026-07-06 10:00")
    url = (f"/reports/marketplaces/{market.m}/takers.csv?by=week"
           "&from=2026-07-01T00:00:00Z&to=2026-08-01T00:00:00Z")  # fmt: skip
    german = await market.olga.get(url, headers={"Accept-Language": "de"})
    assert german.status_code == 200, german.text
    assert german.headers["content-disposition"].startswith("attachment;")
    rows = list(csv.reader(io.StringIO(german.text.lstrip("\ufeff")), delimiter=";"))
    assert rows[0][:5] == ["Von", "Bis", "Firma", "Angeboten", "Offen"]
    assert rows[1][:4] == ["06.07.2026 00:00", "13.07.2026 00:00", "Firma Huber", "1"]
    english = list(csv.reader(io.StringIO((await market.anna.get(url)).text.lstrip("\ufeff"))))
    assert english[1][:6] == ["2026-07-06 00:00", "2026-07-13 00:00", "Firma Huber", "1", "0", "1"]
    assert (await market.fritz.get(url)).status_code == 404
