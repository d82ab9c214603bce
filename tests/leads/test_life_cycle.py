"""The life cycle of a lead over HTTP: each transition, who may, and what others then see."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.fixtures.database import connected
from tests.fixtures.http import Person
from tests.fixtures.market import Market


def slug(answer: httpx.Response) -> str:
    """The problem's slug."""
    return str(answer.json()["type"]).rpartition(":")[2]


async def state(market: Market, lead: str) -> str:
    """The lead's state as the operator sees it."""
    return str((await market.olga.get(market.path(lead))).json()["state"])


async def offers_of(person: Person) -> set[str]:
    """Leads with an open offer to the person's company."""
    items = (await person.get("/offers?state=open&limit=100")).json()["items"]
    return {item["lead_id"] for item in items}


async def test_a_draft_is_edited_and_submitted(market: Market) -> None:
    lead = await market.draft(submit=False, distribution_permission=False)
    refused = await market.gerd.post(market.path(lead, "/submit"))
    assert (refused.status_code, slug(refused)) == (422, "distribution-permission-missing")
    seen = await market.gerd.get(market.path(lead))
    changed = await market.gerd.patch(
        market.path(lead),
        {"distribution_permission": True, "prospect": {"postcode": "20095"}},
        etag=seen.headers["etag"],
    )
    assert changed.json()["postcode_area"] == "20"
    assert changed.json()["prospect"]["name"] == "Petra Muster"  # not named: stays
    assert (await market.gerd.post(market.path(lead, "/submit"))).json()["state"] == "submitted"
    again = await market.gerd.post(market.path(lead, "/submit"))
    assert (again.status_code, slug(again)) == (409, "lead-state")
    assert again.json()["state"] == "submitted"


async def test_a_person_who_cannot_be_reached_is_not_submitted(market: Market) -> None:
    lead = await market.draft(submit=False, prospect={"email": None})
    refused = await market.gerd.post(market.path(lead, "/submit"))
    assert (refused.status_code, slug(refused)) == (422, "contact-missing")
    assert await state(market, lead) == "draft"


async def test_submitting_at_once_is_all_or_nothing(market: Market) -> None:
    body = {
        "prospect": {"name": "Ohne Einwilligung", "email": "ohne@muster.example"},
        "interest": "Küche",
        "distribution_permission": False,
        "submit": True,
    }
    refused = await market.gerd.post(f"/marketplaces/{market.m}/leads", body)
    assert refused.status_code == 422
    found = await market.gerd.get("/leads?as=giver&q=Ohne Einwilligung")
    assert found.json()["items"] == []
    body["submit"] = False
    assert (await market.gerd.post(f"/marketplaces/{market.m}/leads", body)).status_code == 201
    found = await market.gerd.get("/leads?as=giver&q=Ohne Einwilligung")
    assert len(found.json()["items"]) == 1


async def test_only_giver_and_operator_put_leads_in(market: Market) -> None:
    body = {
        "prospect": {"name": "X", "email": "x@muster.example"},
        "interest": "y",
        "distribution_permission": True,
    }
    path = f"/marketplaces/{market.m}/leads"
    assert (await market.olga.post(path, body)).json()["giver_company_id"] is None
    assert (await market.gerd.post(path, body)).json()["giver_name"] == "Firma Geber"
    refused = await market.anna.post(path, body)
    assert (refused.status_code, slug(refused)) == (403, "giver-required")
    for outsider in (market.fritz, market.nina):  # not here, and invited but not yet answered
        assert (await outsider.post(path, body)).status_code == 404


async def test_a_rejection_tells_the_giver_why(market: Market) -> None:
    lead = await market.draft()
    rejected = await market.otto.post(market.path(lead, "/reject"), {"reason": "Adresse fehlt"})
    assert rejected.json()["state"] == "rejected"
    assert (await market.gerd.get(market.path(lead))).json()["rejection_reason"] == "Adresse fehlt"
    mails = await market.mails_to("gerd@geber.example")
    assert mails[0]["template"] == "lead-rejected"
    assert mails[0]["payload"]["reason"] == "Adresse fehlt"
    refused = await market.gerd.post(market.path(lead, "/accept"))
    assert (refused.status_code, slug(refused)) == (403, "operator-required")


async def test_duplicates_are_shown_to_who_may_see_them(market: Market) -> None:
    contact = {"email": "doppelt@muster.example", "phone": "+49 30 23125001"}
    first = await market.draft(prospect=contact)
    second = await market.draft(market.olga, prospect={"email": "DOPPELT@muster.example"})
    shown = (await market.olga.get(market.path(second))).json()["possible_duplicates"]
    assert [(d["id"], d["matches"]) for d in shown] == [(first, ["email"])]
    # The giver sees his own leads alone: the operator's second one is not told to him.
    assert (await market.gerd.get(market.path(first))).json()["possible_duplicates"] == []


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


async def test_when_all_decline_the_operator_gets_it_back(market: Market) -> None:
    lead = await market.offered(market.world.huber, market.world.klein)
    for person in (market.anna, market.cora):
        assert (await person.post(market.path(lead, "/decline"))).status_code == 200
    assert await state(market, lead) == "unplaced"
    assert (await market.mails_to("olga@nord.example"))[0]["template"] == "lead-unplaced"
    late = await market.anna.post(market.path(lead, "/reopen"))
    assert (late.status_code, slug(late)) == (409, "lead-no-longer-available")
    again = await market.olga.post(market.path(lead, "/offer"))
    assert again.json()["state"] == "offered"  # a new brokerage may ask everybody again
    assert lead in await offers_of(market.anna)


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


@pytest.mark.parametrize("outcome", ["won", "lost"])
async def test_won_or_lost_closes_and_may_be_taken_back(market: Market, outcome: str) -> None:
    lead = await market.offered(market.world.huber)
    await market.anna.post(market.path(lead, "/pick"))
    closed = await market.ben.post(
        market.path(lead, "/engagement/close"), {"outcome": outcome, "value": 1234.567}
    )
    assert (closed.json()["state"], closed.json()["value"]) == (outcome, 1234.57)
    assert await state(market, lead) == "closed"
    step = await market.ben.patch(
        market.path(lead, "/engagement"), {"step": "kontaktiert"}, etag="*"
    )
    assert (step.status_code, slug(step)) == (409, "engagement-state")
    assert (await market.dora.post(market.path(lead, "/engagement/reopen"))).status_code == 200
    assert await state(market, lead) == "engaged"
    async with connected(market.urls.superuser) as superuser:
        await market.anna.post(market.path(lead, "/engagement/close"), {"outcome": outcome})
        await superuser.execute(
            "update app.engagement set closed_at = now() - interval '15 days' where lead_id = $1",
            lead,
        )
    late = await market.anna.post(market.path(lead, "/engagement/reopen"))
    assert (late.status_code, slug(late)) == (409, "reopen-window-over")


async def test_steps_are_the_marketplaces(market: Market) -> None:
    lead = await market.offered(market.world.huber)
    await market.anna.post(market.path(lead, "/pick"))
    path = market.path(lead, "/engagement")
    wrong = await market.anna.patch(path, {"step": "ausgedacht"}, etag="*")
    assert (wrong.status_code, slug(wrong)) == (422, "step-unknown")
    assert wrong.json()["steps"] == ["neu", "kontaktiert", "angebot"]
    stranger = await market.anna.patch(path, {"handler_id": str(market.world.cora.id)}, etag="*")
    assert (stranger.status_code, slug(stranger)) == (422, "handler-unknown")
    foreign = await market.olga.patch(path, {"step": "kontaktiert"}, etag="*")
    assert (foreign.status_code, slug(foreign)) == (403, "taker-required")


async def test_history_names_nobody_who_lost(market: Market) -> None:
    lead = await market.offered(market.world.huber, market.world.klein)
    await market.anna.post(market.path(lead, "/pick"))
    await market.ben.patch(market.path(lead, "/engagement"), {"step": "kontaktiert"}, etag="*")
    events = (await market.gerd.get(market.path(lead, "/history"))).json()["items"]
    assert [e["event"] for e in events] == [
        "step-changed",
        "picked",
        "offered",
        "accepted",
        "submitted",
        "created",
    ]
    assert "Klein" not in str(events)
    assert events[1]["company_name"] == "Firma Huber"  # control: the engaged one is named
    async with connected(market.urls.superuser) as superuser:
        fields = await superuser.fetchval(
            "select fields from app.disclosure where lead_id = $1", lead
        )
    assert {"name", "email"} <= set(fields)


async def test_a_marketplace_may_accept_and_offer_by_itself(market: Market) -> None:
    await market.olga.patch(f"/marketplaces/{market.m}", {"auto_accept": True, "auto_offer": True})
    lead = await market.draft()
    assert await state(market, lead) == "offered"
    assert lead in await offers_of(market.anna)
    await market.olga.patch(
        f"/marketplaces/{market.m}", {"auto_accept": False, "auto_offer": False}
    )


async def test_lists_page_filter_and_never_show_what_is_not_mine(market: Market) -> None:
    tag = uuid4().hex[:8]
    made = [await market.draft(interest=f"Liste {tag} {n}") for n in range(5)]
    seen: list[str] = []
    cursor = ""
    while True:
        page: Any = (await market.gerd.get(f"/leads?as=giver&q={tag}&limit=2{cursor}")).json()
        seen += [item["id"] for item in page["items"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == list(reversed(made))
    assert (await market.anna.get(f"/leads?q={tag}")).json()["items"] == []
    submitted = (await market.olga.get(f"/leads?state=submitted&q={tag}")).json()["items"]
    assert len(submitted) == 5
    elsewhere = await market.olga.get(f"/leads?marketplace={market.world.sued_id}&q={tag}")
    assert elsewhere.json()["items"] == []
    percent = await market.gerd.get("/leads?as=giver&q=%25%25")
    assert percent.json()["items"] == []  # a wildcard is a character like any other


async def test_the_same_external_ref_comes_in_once(market: Market) -> None:
    ref = uuid4().hex
    first = await market.draft(external_ref=ref)
    body = {
        "prospect": {"name": "Petra", "email": "p@muster.example"},
        "interest": "x",
        "distribution_permission": True,
        "external_ref": ref,
    }
    again = await market.gerd.post(f"/marketplaces/{market.m}/leads", body)
    assert (again.status_code, slug(again)) == (409, "lead-exists")
    assert again.json()["lead_id"] == first
    # The operator's own references are his own.
    assert (await market.olga.post(f"/marketplaces/{market.m}/leads", body)).status_code == 201
