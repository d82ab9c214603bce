"""Prices: the price that a taker saw is the price that it pays, and the giver reads none."""

from typing import Any

from tests.fixtures.database import as_bearer, connected
from tests.fixtures.http import Person
from tests.fixtures.market import Market, slug
from tests.leads.test_returns import items, ok, read
from tests.merging.stage import Merging


async def priced(market: Market, cents: int | None = 4500, **more: Any) -> None:
    """A price in Euro for everybody, unless the test goes on to say otherwise."""
    change = {"price_cents": cents, "currency": "EUR", **more}
    await ok(market.olga.patch(f"/marketplaces/{market.m}", change))


async def no_own_prices(market: Market) -> None:
    for company in (market.world.huber, market.world.klein):
        await ok(own_price(market, market.olga, company, None))


async def own_price(market: Market, who: Person, company: Any, cents: int | None) -> Any:
    path = f"/marketplaces/{market.m}/participations/{company.id}"
    return await who.patch(path, {"price_cents": cents})


async def price_of(market: Market, who: Person, lead: str) -> Any:
    """What the offer of a lead says."""
    offers = await items(who, f"/offers?lead={lead}")
    return offers[0]["price"]


async def engagement(market: Market, who: Person, lead: str) -> Any:
    return await ok(who.get(market.path(lead, "/engagement")))


EUR45 = {"amount_cents": 4500, "currency": "EUR"}


async def test_without_a_price_nothing_is_charged(market: Market) -> None:
    lead = await market.offered(market.world.huber)
    assert await price_of(market, market.anna, lead) is None
    await ok(market.anna.post(market.path(lead, "/pick")))
    found = await engagement(market, market.anna, lead)
    assert (found["price"], found["credited_at"]) == (None, None)
    assert "posting" not in await read(market, market.olga, lead)


async def test_the_price_that_was_seen_is_paid(market: Market) -> None:
    await priced(market)
    lead = await market.offered(market.world.huber, market.world.klein)
    assert await price_of(market, market.anna, lead) == EUR45
    await priced(market, 9900, currency="CHF")
    assert (await own_price(market, market.olga, market.world.huber, 100)).status_code == 200
    assert await price_of(market, market.anna, lead) == EUR45
    await ok(market.ben.post(market.path(lead, "/pick")))
    for who in (market.anna, market.olga):
        assert (await engagement(market, who, lead))["price"] == EUR45
    later = await market.offered(market.world.huber, market.world.klein)
    assert await price_of(market, market.anna, later) == {"amount_cents": 100, "currency": "CHF"}
    assert await price_of(market, market.cora, later) == {"amount_cents": 9900, "currency": "CHF"}


async def test_zero_on_a_card_is_free_and_null_is_the_marketplaces(market: Market) -> None:
    await priced(market)
    await no_own_prices(market)
    for cents, seen in ((0, None), (100, {"amount_cents": 100, "currency": "EUR"}), (None, EUR45)):
        card = await own_price(market, market.olga, market.world.huber, cents)
        assert card.json()["price_cents"] == cents
        lead = await market.offered(market.world.huber)
        assert await price_of(market, market.anna, lead) == seen


async def test_a_taker_reads_its_price_and_sets_none(market: Market) -> None:
    own = await own_price(market, market.olga, market.world.huber, 100)
    refused = await own_price(market, market.anna, market.world.huber, 1)
    assert (refused.status_code, slug(refused)) == (403, "operator-required")
    same = await own_price(market, market.anna, market.world.huber, 100)
    assert (same.status_code, same.json()["version"]) == (200, own.json()["version"])
    assert (await own_price(market, market.cora, market.world.huber, 1)).status_code == 404
    for bad in (-1, 100_000_001, 4.5, "45"):
        assert (await own_price(market, market.olga, market.world.huber, bad)).status_code == 400  # type: ignore[arg-type]
    for change in (
        {"price_cents": -1},
        {"currency": "JPY"},
        {"currency": "eur"},
        {"currency": None},
    ):
        answer = await market.olga.patch(f"/marketplaces/{market.m}", change)
        assert answer.status_code == 400, change
    async with connected(market.urls.api) as api, as_bearer(api, market.anna.token):
        cards = "update app.participation set price_cents = 1"
        denied = False
        try:
            await api.execute(cards)
        except Exception as error:  # whatever the driver calls it
            denied = "permission denied" in str(error)
        assert denied


async def test_who_is_assigned_past_an_offer_pays_what_it_said(market: Market) -> None:
    await priced(market)
    await no_own_prices(market)
    lead = await market.offered(market.world.huber)
    fresh = await market.draft()
    await ok(market.olga.post(market.path(fresh, "/accept")))
    await priced(market, 9900)
    for one, cents in ((lead, 4500), (fresh, 9900)):
        body = {"company_id": str(market.world.huber.id)}
        await ok(market.olga.post(market.path(one, "/assign"), body))
        price = (await engagement(market, market.anna, one))["price"]
        assert price == {"amount_cents": cents, "currency": "EUR"}


async def test_an_operator_that_takes_itself_owes_nothing(market: Market) -> None:
    await priced(market, operator_may_take=True)
    lead = await market.offered(market.world.huber)
    await ok(market.anna.post(market.path(lead, "/decline"), {}))
    await market.grace_over(lead)
    await ok(market.olga.post(market.path(lead, "/pick")))
    assert (await engagement(market, market.olga, lead))["price"] is None


async def ended(market: Market, how: str) -> str:
    """A lead of 45 Euro that Huber picked and lost again."""
    lead = await market.offered(market.world.huber)
    await ok(market.anna.post(market.path(lead, "/pick")))
    path = market.path(lead, "/engagement")
    if how == "returned":
        await ok(market.anna.post(f"{path}/return", {"reason": "not_reached"}), 202)
        assert (await engagement(market, market.anna, lead))["credited_at"] is None
        await ok(market.olga.post(f"{path}/return/accept"))
    elif how == "revoked":
        await ok(market.olga.post(market.path(lead, "/revoke"), {"reason": "Ohne Kontakt"}))
    else:
        await ok(market.anna.post(f"{path}/close", {"outcome": "lost"}))
        await ok(market.olga.post(market.path(lead, "/recycle")))
    return lead


async def test_a_return_and_a_revocation_are_credited_once(market: Market) -> None:
    await priced(market)
    await no_own_prices(market)
    for how in ("returned", "revoked", "lost"):
        lead = await ended(market, how)
        found = await engagement(market, market.anna, lead)
        assert found["state"] == how
        assert (found["credited_at"] is not None) == (how != "lost")
        async with connected(market.urls.superuser) as superuser:
            rows = await superuser.fetch(
                "select kind, reason, amount_cents from app.posting where lead_id = $1 order by id",
                lead,
            )
        expected = [("charge", "pick", 4500)]
        assert [tuple(row) for row in rows] == expected + (
            [("credit", how, 4500)] if how != "lost" else []
        )


async def test_a_refused_return_is_not_credited(market: Market) -> None:
    await priced(market)
    lead = await market.offered(market.world.huber)
    await ok(market.anna.post(market.path(lead, "/pick")))
    path = market.path(lead, "/engagement")
    await ok(market.anna.post(f"{path}/return", {"reason": "not_reached"}), 202)
    await ok(market.olga.post(f"{path}/return/refuse"))
    assert (await engagement(market, market.anna, lead))["credited_at"] is None


async def test_the_giver_and_the_next_taker_read_no_price(market: Market) -> None:
    await priced(market)
    await no_own_prices(market)
    lead = await ended(market, "returned")
    await own_price(market, market.olga, market.world.klein, 6600)
    await ok(market.olga.post(market.path(lead, "/offer"), {}))
    await ok(market.cora.post(market.path(lead, "/pick")))
    assert "4500" in await read(market, market.olga, lead)  # the control
    assert "4500" in await read(market, market.anna, lead)
    assert "4500" not in await read(market, market.cora, lead)
    for amount in ("4500", "6600"):
        assert amount not in await read(market, market.gerd, lead)
    assert (await engagement(market, market.gerd, lead))["price"] is None


async def test_postings_follow_their_engagement_through_a_merge_and_back(market: Market) -> None:
    """Also a credit that was posted while the companies were one."""
    await priced(market)
    await no_own_prices(market)
    huber, klein = market.world.huber, market.world.klein
    picked = await market.offered(huber)
    await ok(market.anna.post(market.path(picked, "/pick")))
    gone = await ended(market, "returned")
    open_one = await market.offered(huber)
    whose = "select distinct company_id as id from app.posting where lead_id = any ($1)"
    async with connected(market.urls.superuser) as su, connected(market.urls.staff) as staff:
        merging = Merging(staff)
        merge = await merging.merge(klein, huber)
        assert [row["id"] for row in await su.fetch(whose, [picked, gone])] == [klein.id]
        await ok(market.cora.post(market.path(open_one, "/pick")))
        await ok(market.olga.post(market.path(picked, "/revoke"), {"reason": "Ohne Kontakt"}))
        await merging.undo(merge)
        assert [row["id"] for row in await su.fetch(whose, [picked, gone])] == [huber.id]
        rows = await su.fetch(
            "select p.kind, p.company_id = e.company_id as fits from app.posting p"
            " join app.engagement e on e.marketplace_id = p.marketplace_id"
            " and e.id = p.engagement_id where p.lead_id = any ($1) order by p.id",
            [picked, gone, open_one],
        )
    assert [row["kind"] for row in rows] == ["charge", "charge", "credit", "charge", "credit"]
    assert all(row["fits"] for row in rows)
