"""Ratings: a taker says how good a lead was; the operator reads it, the giver averages."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from tests.fixtures.database import as_bearer, connected
from tests.fixtures.http import Person
from tests.fixtures.market import Market, slug
from tests.leads.test_returns import ok, read
from tests.merging.stage import Merging

SINCE = {"from": "2020-01-01T00:00:00Z"}
ROWS = "select count(*) from app.rating where lead_id = $1"


async def rate(market: Market, lead: str, by: Person | None = None, **given: Any) -> Any:
    return await (by or market.anna).post(market.path(lead, "/engagement/rating"), given)


async def picked(market: Market, source: str = "api") -> str:
    lead = await market.offered(market.world.huber, source=source)
    await ok(market.anna.post(market.path(lead, "/pick")))
    return lead


async def rating_of(market: Market, lead: str, who: Person) -> Any:
    found = await ok(who.get(market.path(lead, "/engagement")))
    given = found["rating"]
    return given and (given["stars"], given["reason"])


async def rows(market: Market, lead: str, who: Person) -> int:
    async with connected(market.urls.api) as api, as_bearer(api, who.token):
        return int(await api.fetchval(ROWS, UUID(lead)))


async def test_a_taker_rates_once_and_anew(market: Market) -> None:
    lead = await picked(market)
    version = (await ok(market.olga.get(market.path(lead))))["version"]
    first = await ok(rate(market, lead, stars=2, reason="wrong_contact"))
    assert (first["rating"]["stars"], first["rating"]["reason"]) == (2, "wrong_contact")
    anew = await ok(rate(market, lead, by=market.ben, stars=5))
    assert (anew["rating"]["stars"], anew["rating"]["reason"]) == (5, None)
    assert anew["rating"]["rated_at"] == first["rating"]["rated_at"]
    assert await rating_of(market, lead, market.olga) == (5, None)
    assert await rows(market, lead, market.olga) == await rows(market, lead, market.anna) == 1
    # The giver, who reads the engagement, reads no row and no sign of it.
    assert await rating_of(market, lead, market.gerd) is None
    assert await rows(market, lead, market.gerd) == 0
    assert '"stars"' not in await read(market, market.gerd, lead)
    assert '"stars"' in await read(market, market.olga, lead)  # the control
    assert (await ok(market.olga.get(market.path(lead))))["version"] == version


async def test_who_may_not(market: Market) -> None:
    lead = await market.offered(market.world.huber)
    for who, refused in (
        (market.cora, (404, "not-found")),
        (market.anna, (404, "not-found")),  # an offer is no engagement
        (market.gerd, (403, "taker-required")),
        (market.olga, (403, "taker-required")),
    ):
        answer = await rate(market, lead, by=who, stars=3)
        assert (answer.status_code, slug(answer)) == refused
    await ok(market.anna.post(market.path(lead, "/pick")))
    for bad in ({}, {"stars": 0}, {"stars": 6}, {"reason": "hübsch"}, {"stars": 2.5}):
        answer = await rate(market, lead, **bad)
        assert (answer.status_code, slug(answer)) == (400, "validation-failed"), bad
    assert await rating_of(market, lead, market.anna) is None


async def test_who_gave_it_back_may_still_rate_until_it_is_long_over(market: Market) -> None:
    lead = await picked(market)
    await ok(market.anna.post(market.path(lead, "/engagement/return"), {"reason": "other"}), 202)
    await ok(market.olga.post(market.path(lead, "/engagement/return/accept")))
    found = await ok(rate(market, lead, reason="outside_area"))
    assert (found["state"], found["rating"]["reason"]) == ("returned", "outside_area")
    await ok(market.olga.post(market.path(lead, "/assign"),
                              {"company_id": str(market.world.klein.id)}))  # fmt: skip
    assert await rating_of(market, lead, market.cora) is None  # who comes next starts empty
    await ok(rate(market, lead, by=market.cora, stars=4))
    assert await rating_of(market, lead, market.anna) == (None, "outside_area")
    async with connected(market.urls.superuser) as superuser:
        await superuser.execute(
            "update app.engagement set ended_at = $2 where lead_id = $1 and state = 'returned'",
            *(UUID(lead), datetime.now(UTC) - timedelta(days=30, minutes=1)),
        )
    late = await rate(market, lead, stars=1)
    assert (late.status_code, slug(late), late.json()["days"]) == (409, "rating-window-over", 30)
    await ok(rate(market, lead, by=market.cora, stars=3))  # hers runs


async def givers(market: Market, who: Person, source: str) -> tuple[Any, Any]:
    """What a report says of a source, and of Firma Geber."""
    found = await ok(who.get(f"/reports/marketplaces/{market.m}", params=SINCE))
    geber = str(market.world.geber.id)
    return (
        next(s["rating"] for s in found["sources"]
             if (s["source"], s["giver_company_id"]) == (source, geber)),
        next(g["rating"] for g in found["givers"] if g["giver_company_id"] == geber),
    )  # fmt: skip


async def test_averages_for_operator_and_giver(market: Market) -> None:
    leads = [await picked(market, "Messe") for _ in range(5)]
    nothing = {"stars": None, "ratings": None, "reasons": []}
    for lead, stars in zip(leads[:4], (5, 4, 4, 2), strict=True):
        await ok(rate(market, lead, stars=stars, reason="not_interested" if stars == 2 else None))
    await ok(rate(market, leads[4], reason="wrong_contact"))
    fair, _ = await givers(market, market.olga, "Messe")
    reasons = [{"reason": why, "ratings": 1} for why in ("not_interested", "wrong_contact")]
    assert fair == {"stars": 3.75, "ratings": 5, "reasons": reasons}
    assert (await givers(market, market.gerd, "Messe"))[0] == nothing  # four with stars
    await ok(rate(market, leads[4], stars=2))
    fair, all_of_it = await givers(market, market.olga, "Messe")
    assert fair["stars"] == 3.4
    assert all_of_it["ratings"] >= 5
    own, whole = await givers(market, market.gerd, "Messe")
    assert own == nothing | {"stars": 3.5}
    assert whole["ratings"] is None
    takers = await ok(market.anna.get(f"/reports/marketplaces/{market.m}", params=SINCE))
    assert takers["givers"] == takers["sources"] == []


async def test_a_rating_follows_its_engagement_through_a_merge_and_back(market: Market) -> None:
    world, lead = market.world, await picked(market)
    await ok(rate(market, lead, stars=1))
    seen = {"anna": 1, "cora": 0, "olga": 1, "gerd": 0}
    assert {who: await rows(market, lead, getattr(market, who)) for who in seen} == seen
    async with connected(market.urls.staff) as staff:
        merging = Merging(staff)
        merge = await merging.merge(world.klein, world.huber)
        try:
            assert await rows(market, lead, market.cora) == 1
            await ok(rate(market, lead, by=market.cora, stars=3))
        finally:
            await merging.undo(merge)
    assert {who: await rows(market, lead, getattr(market, who)) for who in seen} == seen
    assert await rating_of(market, lead, market.anna) == (3, None)
