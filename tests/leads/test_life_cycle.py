"""The life cycle of a lead over HTTP: each transition, who may, and what others then see."""

from typing import Any
from uuid import uuid4

import pytest

from tests.fixtures.database import connected
from tests.fixtures.market import Market, offers_of, slug, state


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
