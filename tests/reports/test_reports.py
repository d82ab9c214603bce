"""The report of a marketplace: what the operator reads of all, a taker of itself, a giver of its
sources; it agrees with the receipts of the takers."""

from typing import Any

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
