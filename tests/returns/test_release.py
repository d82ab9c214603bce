"""Release inside the company: what a member asks waits for a delegator or admin, and nobody outside
reads of it before."""

from collections.abc import AsyncIterator
from typing import Any

import pytest_asyncio

from tests.files.test_files import PDF
from tests.fixtures import clock
from tests.fixtures.database import as_bearer, connected
from tests.fixtures.http import Person
from tests.fixtures.market import Market, slug, state
from tests.leads.test_returns import read
from tests.returns.acting import asks, calls, picked, reason, rules, shown
from tests.returns.test_rules import NOON


@pytest_asyncio.fixture(autouse=True)
async def release_needed(market: Market) -> AsyncIterator[None]:
    """Firma Huber wants it, for the time of a test."""
    for needed in (True, False):
        answer = await market.anna.patch("/company", {"returns_need_release": needed})
        assert answer.json()["returns_need_release"] is needed
        if needed:
            yield


async def release(market: Market, lead: str, by: Person) -> Any:
    return await by.post(market.path(lead, "/engagement/return/release"))


async def withdraw(market: Market, lead: str, by: Person) -> Any:
    return await by.post(market.path(lead, "/engagement/return/withdraw"))


async def request_of(market: Market, lead: str, who: Person | None = None) -> Any:
    return (await shown(market, lead, who))["return_request"]


async def test_the_setting_is_the_admins(market: Market) -> None:
    refused = await market.ben.patch("/company", {"returns_need_release": False})
    assert (refused.status_code, slug(refused)) == (403, "admin-required")
    before = (await market.anna.get("/company")).json()["version"]
    same = await market.anna.patch("/company", {"returns_need_release": True})
    assert same.json()["version"] == before


async def test_what_waits_is_known_inside_alone(market: Market) -> None:
    await rules(market)
    lead = await picked(market)
    before = {who: await read(market, who, lead) for who in (market.olga, market.gerd)}
    version = (await shown(market, lead))["version"]
    asked = await asks(market, lead, by=market.ben, comment="Geheime Sache")
    assert asked.status_code == 202, asked.text
    assert (asked.json()["state"], asked.json()["version"]) == ("active", version)
    for who in (market.ben, market.anna, market.dora):
        found = await request_of(market, lead, who)
        assert (found["state"], found["asked_by"], found["requested_at"]) == (
            "waiting",
            "Ben",
            None,
        )
    for who, text in before.items():
        assert await read(market, who, lead) == text
        assert await request_of(market, lead, who) is None
    assert "Geheime Sache" in await read(market, market.anna, lead)  # the control
    for path, body in (("/accept", {}), ("/refuse", {})):
        answer = await market.olga.post(market.path(lead, f"/engagement/return{path}"), body)
        assert (answer.status_code, slug(answer)) == (409, "engagement-state")
    mails = [await market.mails_to(f"{who}@huber.example") for who in ("anna", "dora", "ben")]
    assert [m[0]["template"] == "return-waiting" for m in mails] == [True, True, False]
    olgas = [m for m in await market.mails_to("olga@nord.example") if lead in str(m["payload"])]
    assert {m["template"] for m in olgas} == {"lead-engaged"}
    again = await asks(market, lead)
    assert (again.status_code, slug(again)) == (409, "return-state")
    assert again.json()["state"] == "waiting"


async def test_a_delegator_releases(market: Market) -> None:
    await rules(market)
    lead = await picked(market)
    assert slug(await release(market, lead, market.anna)) == "engagement-state"  # nobody asked
    await asks(market, lead, by=market.ben, comment="Niemand da")
    refused = await release(market, lead, market.ben)
    assert (refused.status_code, slug(refused)) == (403, "delegator-required")
    for who, status in ((market.olga, 403), (market.gerd, 403), (market.cora, 404)):
        assert (await release(market, lead, who)).status_code == status
    released = await release(market, lead, market.dora)
    assert released.status_code == 200, released.text
    assert released.json()["state"] == "return_requested"
    found = await request_of(market, lead, market.olga)
    told = ("state", "asked_by", "released_by", "comment")
    assert [found[name] for name in told] == ["requested", "Ben", "Dora", "Niemand da"]
    assert slug(await release(market, lead, market.dora)) == "return-state"
    assert (await market.mails_to("olga@nord.example"))[0]["template"] == "return-requested"
    accepted = await market.olga.post(market.path(lead, "/engagement/return/accept"))
    assert accepted.json()["state"] == "returned"
    found = await request_of(market, lead)
    assert (found["state"], found["automatic"], found["released_by"]) == ("accepted", None, "Dora")
    assert "Dora" not in await read(market, market.gerd, lead)


async def test_delegators_and_admins_wait_for_nobody(market: Market) -> None:
    await rules(market)
    for who in (market.anna, market.dora):
        asked = await asks(market, await picked(market), by=who)
        assert asked.json()["state"] == "return_requested"
    key = Person(market.client, "kgk_world-Firma Huber")
    asked = await asks(market, await picked(market), by=key)
    assert asked.json()["return_request"]["state"] == "waiting"  # it acts as a member


async def test_who_asked_takes_it_back_and_who_releases_may_not(market: Market) -> None:
    await rules(market)
    one, other, third = [await picked(market) for _ in range(3)]
    for lead in (one, other, third):
        await asks(market, lead, by=market.ben)
    assert (await withdraw(market, one, market.ben)).json()["return_request"]["state"] == "dropped"
    assert (await market.mails_to("ben@huber.example"))[0]["template"] != "return-not-released"
    dropped = await withdraw(market, other, market.dora)
    assert dropped.json()["return_request"]["state"] == "dropped"
    mail = (await market.mails_to("ben@huber.example"))[0]
    assert (mail["template"], mail["payload"]["colleague"]) == ("return-not-released", "Dora")
    assert await request_of(market, other, market.olga) is None  # nor afterwards
    assert slug(await withdraw(market, other, market.ben)) == "engagement-state"
    # After release, until the operator decides.
    await release(market, third, market.anna)
    taken = await withdraw(market, third, market.ben)
    assert (taken.json()["state"], taken.json()["return_request"]["state"]) == (
        "active",
        "withdrawn",
    )
    assert (await request_of(market, third, market.olga))["state"] == "withdrawn"
    history = (await market.olga.get(market.path(third, "/history"))).json()["items"]
    assert history[0]["event"] == "return-withdrawn"
    mine = await picked(market)
    await asks(market, mine)
    refused = await withdraw(market, mine, market.ben)  # Anna asked
    assert (refused.status_code, slug(refused)) == (403, "delegator-required")
    assert (await asks(market, third, by=market.ben)).status_code == 202  # and may ask again


async def test_where_no_release_is_wanted_any_colleague_takes_back(market: Market) -> None:
    await market.anna.patch("/company", {"returns_need_release": False})
    await rules(market)
    lead = await picked(market)
    assert (await asks(market, lead, by=market.ben)).json()["state"] == "return_requested"
    await market.anna.patch("/company", {"returns_need_release": True})
    await market.anna.patch("/company", {"returns_need_release": False})
    other = await picked(market)
    await asks(market, other)
    assert (await withdraw(market, other, market.ben)).json()["state"] == "active"


async def test_the_release_is_asked_what_the_request_was(market: Market, superuser: Any) -> None:
    await rules(market, window_days=1)
    await clock.stop(superuser, NOON)
    late, early = await picked(market), await picked(market)
    for lead in (late, early):
        assert (await asks(market, lead, by=market.ben)).status_code == 202
    assert (await release(market, early, market.dora)).status_code == 200
    await superuser.execute("update app.engagement set started_at = started_at - interval '2 days'"
                            " where lead_id = $1", late)  # fmt: skip
    refused = await release(market, late, market.dora)
    assert (refused.status_code, slug(refused)) == (409, "return-window-over")
    assert (await request_of(market, late))["state"] == "waiting"


async def test_what_waits_counts_for_the_quota_once(market: Market, superuser: Any) -> None:
    await superuser.execute("update app.engagement set started_at = '2020-01-01 00:00+00'")
    await rules(market, quota_percent=50)
    one, other = await picked(market), await picked(market)
    await asks(market, one, by=market.ben)
    assert (await shown(market, other))["return"]["quota"]["used"] == 1
    assert slug(await asks(market, other, by=market.ben)) == "return-quota-reached"
    assert (await release(market, one, market.dora)).status_code == 200
    assert (await shown(market, other))["return"]["quota"]["used"] == 1


async def test_closing_and_revoking_end_what_waits(market: Market) -> None:
    await rules(market)
    one, other = await picked(market), await picked(market)
    for lead in (one, other):
        await asks(market, lead, by=market.ben)
    await market.anna.post(market.path(one, "/engagement/close"), {"outcome": "won"})
    await market.olga.post(market.path(other, "/revoke"), {"reason": "x"})
    for lead in (one, other):
        assert (await request_of(market, lead))["state"] == "dropped"
        assert await request_of(market, lead, market.olga) is None
    assert await state(market, one) == "closed"


async def test_evidence_shown_is_what_was_chosen(market: Market) -> None:
    await rules(market, reason("other"))
    lead = await picked(market)
    made = await calls(market, lead, ("mailbox", ""), ("not_reached", ""))
    await asks(market, lead, by=market.ben, call_ids=made[1:])
    await release(market, lead, market.dora)
    evidence = (await request_of(market, lead, market.olga))["evidence"]
    assert [c["outcome"] for c in evidence["calls"]] == ["not_reached"]


async def test_in_psql_neither(market: Market) -> None:
    """The policy alone: the operator's token finds no row that waits, the taker's does."""
    await rules(market)
    lead = await picked(market)
    await asks(market, lead, by=market.ben)
    found = {}
    async with connected(market.urls.api) as api:
        for name in ("anna", "olga", "gerd", "cora"):
            async with as_bearer(api, getattr(market.world, name).token):
                found[name] = await api.fetchval(
                    "select count(*) from app.return_request where lead_id = $1", lead
                )
    assert found == {"anna": 1, "olga": 0, "gerd": 0, "cora": 0}


async def test_files_of_what_waits_stay_until_it_is_decided(market: Market) -> None:
    """But what the operator put in it may remove, or it would learn that something waits."""
    await rules(market)
    lead = await picked(market)
    path = market.path(lead, "/files")
    put = {"files": {"file": ("Foto.pdf", PDF)}}
    shared = [
        (await who.post(f"{path}?shared=true", **put)).json()["id"]
        for who in (market.ben, market.ben, market.olga)
    ]
    mine, free, operators = shared
    asked = await asks(market, lead, by=market.ben, file_ids=[mine, operators])
    assert asked.status_code == 202, asked.text
    refused = await market.anna.delete(f"{path}/{mine}")
    assert (refused.status_code, slug(refused)) == (409, "return-state")
    assert refused.json()["state"] == "waiting"
    for who, file in ((market.anna, free), (market.olga, operators)):
        assert (await who.delete(f"{path}/{file}")).status_code == 204
    await release(market, lead, market.dora)
    evidence = (await request_of(market, lead, market.olga))["evidence"]
    assert [f["id"] for f in evidence["files"]] == [mine]
    await withdraw(market, lead, market.ben)
    assert (await market.anna.delete(f"{path}/{mine}")).status_code == 204  # nothing waits
