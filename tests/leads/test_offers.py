"""Offers over HTTP: who gets one, what it shows, and every way in which it ends."""

from tests.fixtures.database import connected
from tests.fixtures.http import Person
from tests.fixtures.market import Market, offers_of, slug, state


async def test_offers_go_to_matching_takers(market: Market) -> None:
    m = market.m
    areas = {"postcode_areas": ["20", "21"], "tags": ["photovoltaik"]}
    changed = await market.cora.patch(
        f"/marketplaces/{m}/participations/{market.world.klein.id}", areas
    )
    assert changed.status_code == 200
    paused = {"paused": True}
    await market.lena.patch(f"/marketplaces/{m}/participations/{market.world.lang.id}", paused)
    fits = await market.offered(prospect={"postcode": "20095"}, tags=["photovoltaik"])
    elsewhere = await market.offered(prospect={"postcode": "80331"}, tags=["photovoltaik"])
    other = await market.offered(prospect={"postcode": "20095"}, tags=["umzug"])
    untagged = await market.offered(prospect={"postcode": "21073"})
    assert {fits, untagged} <= await offers_of(market.cora)
    assert not {elsewhere, other} & await offers_of(market.cora)
    assert {fits, elsewhere, other, untagged} <= await offers_of(market.anna)
    assert not {fits, elsewhere, other, untagged} & await offers_of(market.lena)
    chosen = await market.draft(prospect={"postcode": "80331"})
    await market.olga.post(market.path(chosen, "/accept"))
    refused = await market.olga.post(
        market.path(chosen, "/offer"), {"company_ids": [str(market.world.lang.id)]}
    )
    assert (refused.status_code, slug(refused)) == (422, "taker-unfit")
    assert refused.json()["companies"] == [str(market.world.lang.id)]
    named = {"company_ids": [str(market.world.klein.id)]}  # the area matters not for chosen ones
    assert (await market.olga.post(market.path(chosen, "/offer"), named)).status_code == 200
    for world_company in (market.world.klein, market.world.lang):
        reset = {"postcode_areas": [], "tags": [], "paused": False}
        await market.olga.patch(f"/marketplaces/{m}/participations/{world_company.id}", reset)


async def test_the_teaser_holds_no_personal_data(market: Market) -> None:
    lead = await market.offered(prospect={"postcode": "20095", "city": "Hamburg"})
    items = (await market.anna.get("/offers?state=open&limit=100")).json()["items"]
    offer = next(item for item in items if item["lead_id"] == lead)
    assert offer["teaser"] == {
        "interest": "Wärmepumpe für ein Reihenhaus",
        "postcode_area": "20",
        "tags": [],
    }
    assert "Petra" not in str(offer)
    assert "Hamburg" not in str(offer)
    assert "20095" not in str(offer)
    assert (await market.anna.get(market.path(lead))).status_code == 404


async def test_declining_is_for_the_whole_company_and_can_be_taken_back(market: Market) -> None:
    lead = await market.offered(market.world.huber, market.world.klein)
    declined = await market.ben.post(market.path(lead, "/decline"), {"reason": "zu weit"})
    assert declined.json()["state"] == "declined"
    assert lead not in await offers_of(market.anna)
    refused = await market.anna.post(market.path(lead, "/pick"))
    assert (refused.status_code, slug(refused)) == (409, "offer-declined")
    seen = (await market.olga.get("/offers?as=operator&state=declined&limit=100")).json()["items"]
    assert {"zu weit"} == {o["decline_reason"] for o in seen if o["lead_id"] == lead}
    assert (await market.anna.post(market.path(lead, "/reopen"))).json()["state"] == "open"
    assert (await market.anna.post(market.path(lead, "/pick"))).status_code == 200


async def test_a_reason_may_follow_a_refusal_once(market: Market) -> None:
    lead = await market.offered(market.world.huber, market.world.klein)

    async def why(person: Person, reason: str | None) -> str | None:
        answer = await person.post(market.path(lead, "/decline"), {"reason": reason})
        assert answer.status_code == 200, answer.text
        found: str | None = answer.json()["decline_reason"]
        return found

    assert await why(market.ben, None) is None
    assert await why(market.anna, "zu weit") == "zu weit"
    assert await why(market.ben, "zu teuer") == "zu weit"
    assert await why(market.ben, None) == "zu weit"
    await market.anna.post(market.path(lead, "/reopen"))
    assert await why(market.ben, "zu teuer") == "zu teuer"


async def _declined(person: Person) -> set[str]:
    items = (await person.get("/offers?state=declined&limit=100")).json()["items"]
    return {item["lead_id"] for item in items}


async def test_when_all_decline_the_operator_gets_it_back(market: Market) -> None:
    """Fifteen seconds after the last refusal, and not before."""
    lead = await market.offered(market.world.huber, market.world.klein)
    for person in (market.anna, market.cora):
        assert (await person.post(market.path(lead, "/decline"))).status_code == 200
    async with connected(market.urls.worker) as worker:
        await worker.fetchval("select app.end_waves(50)")
    assert await state(market, lead) == "offered"
    assert lead in await _declined(market.cora)
    assert await market.grace_over(lead) == 1
    assert await state(market, lead) == "unplaced"
    assert (await market.mails_to("olga@nord.example"))[0]["template"] == "lead-unplaced"
    assert lead not in await _declined(market.cora)
    late = await market.anna.post(market.path(lead, "/reopen"))
    assert (late.status_code, slug(late)) == (409, "lead-no-longer-available")
    again = await market.olga.post(market.path(lead, "/offer"))
    assert again.json()["state"] == "offered"  # a new brokerage may ask everybody again
    assert lead in await offers_of(market.anna)


async def test_the_last_refusal_can_be_taken_back(market: Market) -> None:
    """The wave goes on then, as long as it has time, and a colleague picks."""
    lead = await market.offered(market.world.huber)
    assert (await market.ben.post(market.path(lead, "/decline"))).status_code == 200
    assert lead in await _declined(market.anna)
    assert lead not in await _declined(market.cora)
    assert (await market.anna.post(market.path(lead, "/reopen"))).json()["state"] == "open"
    assert await market.grace_over(lead) == 0
    assert lead not in await _declined(market.anna)
    assert (await market.anna.post(market.path(lead, "/pick"))).status_code == 200


async def test_the_time_to_take_back_counts_from_each_refusal(market: Market) -> None:
    """Huber declined long ago, then Klein's window is over: nobody is waited for."""
    lead = await market.offered(market.world.huber, market.world.klein)
    assert (await market.anna.post(market.path(lead, "/decline"))).status_code == 200
    assert await market.grace_over(lead) == 0
    assert await state(market, lead) == "offered"
    overdue = (
        "update app.offer set expires_at = now() - interval '1 s' "
        "where lead_id = $1 and state = 'open'"
    )
    async with (
        connected(market.urls.superuser) as superuser,
        connected(market.urls.worker) as worker,
    ):
        await superuser.execute(overdue, lead)
        await worker.fetchval("select app.expire_offers(50)")
    assert await state(market, lead) == "unplaced"


async def test_declined_offers_are_listed_while_they_may_be_reopened(market: Market) -> None:
    """Page by page, own ones alone, and none of a lead that is gone."""
    leads = [await market.offered(market.world.huber, market.world.klein) for _ in range(3)]
    for lead in leads:
        await market.anna.post(market.path(lead, "/decline"), {"reason": "zu weit"})
    first = (await market.anna.get("/offers?state=declined&limit=2")).json()
    rest = await market.anna.get(f"/offers?state=declined&limit=2&cursor={first['next_cursor']}")
    found = [item["lead_id"] for item in first["items"] + rest.json()["items"]]
    assert [lead for lead in found if lead in leads] == leads[::-1]
    assert first["items"][0]["decline_reason"] == "zu weit"
    assert (await market.cora.post(market.path(leads[0], "/pick"))).status_code == 200
    await market.olga.post(market.path(leads[1], "/withdraw"))
    assert set(leads) & await _declined(market.anna) == {leads[2]}


async def test_an_overdue_offer_is_gone_even_before_the_timer(market: Market) -> None:
    lead = await market.offered(market.world.huber)
    async with connected(market.urls.superuser) as superuser:
        await superuser.execute(
            "update app.offer set expires_at = now() - interval '1 s' where lead_id = $1", lead
        )
    assert lead not in await offers_of(market.anna)
    refused = await market.anna.post(market.path(lead, "/pick"))
    assert (refused.status_code, slug(refused)) == (409, "lead-no-longer-available")
    async with connected(market.urls.worker) as worker:
        assert await worker.fetchval("select app.expire_offers(50)") >= 1
    assert await state(market, lead) == "unplaced"


async def test_withdrawing_loses_against_the_pick(market: Market) -> None:
    lead = await market.offered(market.world.huber)
    await market.anna.post(market.path(lead, "/pick"))
    refused = await market.gerd.post(market.path(lead, "/withdraw"))
    assert (refused.status_code, slug(refused)) == (409, "lead-engaged")
    open_lead = await market.offered(market.world.huber)
    assert (await market.gerd.post(market.path(open_lead, "/withdraw"))).status_code == 200
    assert open_lead not in await offers_of(market.anna)
    await market.olga.patch(f"/marketplaces/{market.m}", {"giver_may_withdraw": False})
    kept = await market.offered(market.world.huber)
    refused = await market.gerd.post(market.path(kept, "/withdraw"))
    assert (refused.status_code, slug(refused)) == (403, "giver-may-not-withdraw")
    assert (await market.olga.post(market.path(kept, "/withdraw"))).status_code == 200
    await market.olga.patch(f"/marketplaces/{market.m}", {"giver_may_withdraw": True})


async def test_assigning_passes_the_offers_by(market: Market) -> None:
    lead = await market.offered(market.world.huber, market.world.klein)
    to_klein = {"company_id": str(market.world.klein.id)}
    assert (await market.anna.post(market.path(lead, "/assign"), to_klein)).status_code == 404
    assigned = await market.olga.post(market.path(lead, "/assign"), to_klein)
    assert assigned.json()["engaged_company_name"] == "Firma Klein"
    assert assigned.json()["engagement"]["origin"] == "assignment"
    assert lead not in await offers_of(market.anna)
    assert (await market.cora.get(market.path(lead))).json()["prospect"]["name"] == "Petra Muster"
    late = await market.anna.post(market.path(lead, "/pick"))
    assert (late.status_code, slug(late)) == (409, "lead-no-longer-available")
    own = await market.cora.post(market.path(lead, "/pick"))
    assert own.status_code == 200  # ours already


async def test_the_operator_takes_only_where_it_says_so_and_last(market: Market) -> None:
    lead = await market.offered(market.world.huber)
    assert (await market.olga.post(market.path(lead, "/pick"))).status_code == 404
    await market.olga.patch(f"/marketplaces/{market.m}", {"operator_may_take": True})
    early = await market.olga.post(market.path(lead, "/pick"))
    assert (early.status_code, slug(early)) == (409, "operator-takes-after-first-wave")
    await market.anna.post(market.path(lead, "/decline"))
    assert await market.grace_over(lead) == 1
    taken = await market.otto.post(market.path(lead, "/pick"))
    assert taken.status_code == 200
    assert taken.json()["self_pick"] is True
    await market.olga.patch(f"/marketplaces/{market.m}", {"operator_may_take": False})
    as_both = [x["id"] for x in (await market.olga.get("/leads?limit=100")).json()["items"]]
    assert as_both.count(lead) == 1  # operator and taker at once, listed once


async def test_a_cap_bounds_what_a_company_works_at_once(market: Market) -> None:
    card = f"/marketplaces/{market.m}/participations/{market.world.lang.id}"
    works = (await market.lena.get("/leads?as=taker&state=engaged&limit=100")).json()["items"]
    await market.olga.patch(card, {"cap": len(works) + 1})
    first = await market.offered(market.world.lang, market.world.huber)
    second = await market.offered(market.world.lang, market.world.huber)
    assert (await market.lena.post(market.path(first, "/pick"))).status_code == 200
    refused = await market.lena.post(market.path(second, "/pick"))
    assert (refused.status_code, slug(refused)) == (409, "cap-reached")
    await market.lena.post(market.path(first, "/engagement/close"), {"outcome": "lost"})
    assert (await market.lena.post(market.path(second, "/pick"))).status_code == 200
    await market.olga.patch(card, {"cap": None})


async def test_who_left_the_marketplace_does_not_reopen(market: Market) -> None:
    lead = await market.offered(market.world.huber, market.world.klein)
    assert (await market.cora.post(market.path(lead, "/decline"))).status_code == 200
    card = f"/marketplaces/{market.m}/participations/{market.world.klein.id}"
    assert (await market.olga.delete(card)).status_code == 204
    refused = await market.cora.post(market.path(lead, "/reopen"))
    assert (refused.status_code, slug(refused)) == (409, "lead-no-longer-available")
    assert (await market.anna.post(market.path(lead, "/decline"))).status_code == 200
    assert await market.grace_over(lead) == 1
    assert await state(market, lead) == "unplaced"  # it waits for nobody
    body = {"company_id": str(market.world.klein.id), "capacity": "taker"}
    await market.olga.post(f"/marketplaces/{market.m}/participations", body)
    await market.cora.post(f"/marketplaces/{market.m}/participations/accept")
