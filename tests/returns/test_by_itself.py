"""What happens to returns without anybody doing it: reasons that accept, silence, and what comes
back is offered again."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from service.jobs.worker import timers
from tests.fixtures import clock
from tests.fixtures.database import connected
from tests.fixtures.market import Market, offers_of, state
from tests.returns.acting import asks, calls, picked, reason, rules, shown
from tests.returns.test_rules import NOON

DUE = datetime(2027, 3, 10, 16, tzinfo=UTC)  # Wednesday, 17 in Berlin: two working days later


async def recycle(market: Market, how: str) -> None:
    """What the plan of Marktplatz Nord says of leads that come back."""
    waves = [{"response_minutes": 60, "working_time": False}]
    answer = await market.olga.put(
        f"/marketplaces/{market.m}/waves",
        {"waves": waves, "recycle": how},
        headers={"If-Match": "*"},
    )
    assert answer.status_code == 200, answer.text


#: Mails about its way to a taker.
FORTH = {"offer-opened", "lead-engaged"}


async def told(market: Market, address: str, lead: str) -> list[str]:
    """Templates of the mails about a lead's way back, newest first."""
    mails = [m for m in await market.mails_to(address) if lead in str(m["payload"])]
    return [m["template"] for m in mails if m["template"] not in FORTH]


async def test_a_reason_accepts_at_once(market: Market) -> None:
    await recycle(market, "never")
    await rules(market, reason("wrong_number", automatic=True, attempts=1), reason("other"))
    lead, other = await picked(market), await picked(market)
    assert (await asks(market, lead, "wrong_number")).status_code == 409
    assert (await asks(market, other)).json()["state"] == "return_requested"
    await calls(market, lead, ("wrong_number", ""))
    asked = await asks(market, lead, "wrong_number")
    assert (asked.status_code, asked.json()["state"]) == (202, "returned")
    request = asked.json()["return_request"]
    assert (request["state"], request["automatic"]) == ("accepted", "reason")
    assert (await market.anna.get(market.path(lead))).status_code == 404
    assert await state(market, lead) == "available"
    assert await told(market, "anna@huber.example", lead) == ["return-accepted-by-itself"]
    assert "return-came-by-itself" in await told(market, "olga@nord.example", lead)
    events = (await market.olga.get(market.path(lead, "/history"))).json()["items"]
    assert [e["event"] for e in events[:2]] == ["returned", "return-requested"]
    assert events[0]["detail"] == {"automatic": "reason"}
    assert events[0]["company_name"] is None  # nobody did it


async def silent(market: Market, superuser: Any, number: int = 1, **more: Any) -> list[str]:
    """Returns that Anna asked for on a Monday at noon."""
    await recycle(market, "never")
    await rules(market, **{"silence_days": 2, **more})
    await clock.stop(superuser, NOON)
    leads = [await picked(market) for _ in range(number)]
    for lead in leads:
        assert (await asks(market, lead)).status_code == 202
    return leads


async def test_silence_accepts_after_working_days(
    market: Market, superuser: Any, worker: Any
) -> None:
    (lead,) = await silent(market, superuser)
    assert (await shown(market, lead, market.olga))["return_request"]["decide_by"] == (
        "2027-03-10T16:00:00Z"
    )
    await clock.stop(superuser, datetime(2027, 3, 9, 15, 59, tzinfo=UTC))
    await timers.decide_returns(worker)
    assert await told(market, "olga@nord.example", lead) == ["return-requested"]
    await clock.stop(superuser, DUE - timedelta(seconds=1))
    for _ in range(2):
        await timers.decide_returns(worker)
    mails = await told(market, "olga@nord.example", lead)
    assert mails == ["return-due", "return-requested"]  # once, a working day before
    assert (await shown(market, lead))["state"] == "return_requested"
    await clock.stop(superuser, DUE)
    assert await timers.decide_returns(worker) == 1
    request = (await shown(market, lead))["return_request"]
    assert (request["state"], request["automatic"]) == ("accepted", "silence")
    assert (await market.anna.get(market.path(lead))).status_code == 404
    assert await timers.decide_returns(worker) == 0
    assert (await told(market, "anna@huber.example", lead))[0] == "return-accepted-by-itself"


async def test_a_weekend_is_no_working_day(market: Market, superuser: Any, worker: Any) -> None:
    await rules(market, silence_days=1)
    await clock.stop(superuser, datetime(2027, 3, 12, 20, tzinfo=UTC))  # a Friday evening
    lead = await picked(market)
    await asks(market, lead)
    request = (await shown(market, lead))["return_request"]
    assert request["decide_by"] == "2027-03-15T16:00:00Z"
    await clock.stop(superuser, datetime(2027, 3, 15, 16, tzinfo=UTC))
    await timers.decide_returns(worker)
    assert (await shown(market, lead))["state"] == "returned"


@pytest.mark.parametrize("how", ["refuse", "accept", "withdraw"])
async def test_who_answers_in_time_is_not_silent(
    market: Market, superuser: Any, worker: Any, how: str
) -> None:
    (lead,) = await silent(market, superuser)
    who = market.anna if how == "withdraw" else market.olga
    answer = await who.post(market.path(lead, f"/engagement/return/{how}"))
    assert answer.status_code == 200
    before = (await shown(market, lead))["state"]
    await clock.stop(superuser, DUE + timedelta(days=30))
    assert await timers.decide_returns(worker) == 0
    assert (await shown(market, lead))["state"] == before


async def test_without_days_silence_says_nothing(
    market: Market, superuser: Any, worker: Any
) -> None:
    (lead,) = await silent(market, superuser, silence_days=None)
    assert (await shown(market, lead))["return_request"]["decide_by"] is None
    await clock.stop(superuser, NOON + timedelta(days=300))
    assert await timers.decide_returns(worker) == 0
    assert (await shown(market, lead))["state"] == "return_requested"


async def test_after_a_pause_all_are_accepted_once_and_nobody_is_reminded(
    market: Market, superuser: Any, worker: Any
) -> None:
    leads = await silent(market, superuser, 3)
    await clock.stop(superuser, DUE + timedelta(days=9))
    async with connected(market.urls.worker) as other:
        await asyncio.gather(timers.decide_returns(worker), timers.decide_returns(other))
    for lead in leads:
        assert (await shown(market, lead))["state"] == "returned"
        events = (await market.olga.get(market.path(lead, "/history"))).json()["items"]
        assert [e["event"] for e in events].count("returned") == 1
        assert "return-due" not in await told(market, "olga@nord.example", lead)
        assert (await told(market, "anna@huber.example", lead)).count(
            "return-accepted-by-itself"
        ) == 1


async def test_the_operator_who_answers_in_this_moment_comes_first(
    market: Market, superuser: Any, worker: Any
) -> None:
    """By hand: the worker passes over the lead, does others meanwhile, and finds that it was
    refused."""
    lead, other = await silent(market, superuser, 2)
    await clock.stop(superuser, DUE)
    async with connected(market.urls.api) as api:
        transaction = api.transaction()
        await transaction.start()
        await api.fetchrow("select * from app.enter($1)", market.world.olga.token)
        await api.execute("select app.refuse_return($1, $2, null)", market.m, lead)
        assert await worker.fetchval("select app.accept_silent_returns(50)") == 1
        await transaction.commit()
    assert await worker.fetchval("select app.accept_silent_returns(50)") == 0
    states = [(await shown(market, one))["state"] for one in (lead, other)]
    assert states == ["active", "returned"]


async def test_two_workers_accept_once(market: Market, superuser: Any, worker: Any) -> None:
    """By hand: the second passes over the lead, and finds nothing to do afterwards either."""
    (lead,) = await silent(market, superuser)
    await clock.stop(superuser, DUE)
    async with connected(market.urls.worker) as first:
        transaction = first.transaction()
        await transaction.start()
        assert await first.fetchval("select app.accept_silent_returns(50)") == 1
        assert await worker.fetchval("select app.accept_silent_returns(50)") == 0
        await transaction.commit()
    assert await worker.fetchval("select app.accept_silent_returns(50)") == 0
    assert (await shown(market, lead))["state"] == "returned"


async def test_what_comes_back_is_offered_again(market: Market, worker: Any) -> None:
    await recycle(market, "auto")
    await rules(market)
    returned, lost, won = await picked(market), await picked(market), await picked(market)
    await asks(market, returned)
    await market.olga.post(market.path(returned, "/engagement/return/accept"))
    for lead, outcome in ((lost, "lost"), (won, "won")):
        await market.anna.post(market.path(lead, "/engagement/close"), {"outcome": outcome})
    assert [await state(market, lead) for lead in (returned, lost)] == ["available", "closed"]
    assert await timers.offer_again(worker) == 2
    assert [await state(market, lead) for lead in (returned, lost, won)] == [
        "offered", "offered", "closed",
    ]  # fmt: skip
    assert {returned, lost} <= await offers_of(market.cora)
    assert not {returned, lost} & await offers_of(market.anna)  # nor to who lost it
    assert await timers.offer_again(worker) == 0
    reopening = await market.anna.post(market.path(lost, "/engagement/reopen"))
    assert reopening.status_code == 409
    preview = (await market.olga.get(market.path(lost, "/brokerages"))).json()["items"][0]
    why = {one["company_name"]: one["reason"] for one in preview["waves"][0]["left_out"]}
    assert why["Firma Huber"] == "lost-before"
    # By hand the operator may offer it to who lost it, not to who returned it.
    await market.cora.post(market.path(lost, "/decline"), {"reason": "x"})


async def test_what_was_done_meanwhile_stays(market: Market, worker: Any) -> None:
    await recycle(market, "auto")
    await rules(market)
    reopened, withdrawn, planless = [await picked(market) for _ in range(3)]
    for lead in (reopened, planless):
        await market.anna.post(market.path(lead, "/engagement/close"), {"outcome": "lost"})
    await asks(market, withdrawn)
    await market.olga.post(market.path(withdrawn, "/engagement/return/accept"))
    again = await market.anna.post(market.path(reopened, "/engagement/reopen"))
    assert again.status_code == 200, again.text
    assert (await market.olga.post(market.path(withdrawn, "/withdraw"), {})).status_code == 200
    assert await timers.offer_again(worker) == 3
    assert [await state(market, lead) for lead in (reopened, withdrawn, planless)] == [
        "engaged", "withdrawn", "offered",
    ]  # fmt: skip
    # Closed again: then it goes.
    await market.anna.post(market.path(reopened, "/engagement/close"), {"outcome": "lost"})
    await recycle(market, "never")
    assert await timers.offer_again(worker) == 1  # the plan of now says no
    assert await state(market, reopened) == "closed"


async def test_asked_or_nothing(market: Market, worker: Any) -> None:
    await rules(market)
    for how in ("ask", "never"):
        await recycle(market, how)
        lead = await picked(market)
        await market.anna.post(market.path(lead, "/engagement/close"), {"outcome": "lost"})
        assert await timers.offer_again(worker) == 0
        assert ("lead-came-back" in await told(market, "olga@nord.example", lead)) == (how == "ask")
        assert await state(market, lead) == "closed"


async def test_nobody_left_is_told(market: Market, worker: Any) -> None:
    await rules(market)
    chosen = [{"company_ids": [str(market.world.huber.id)], "response_minutes": 60}]
    plan = {"waves": chosen, "recycle": "auto"}
    answer = await market.olga.put(
        f"/marketplaces/{market.m}/waves", plan, headers={"If-Match": "*"}
    )
    assert answer.status_code == 200
    lead = await picked(market)
    await asks(market, lead)
    await market.olga.post(market.path(lead, "/engagement/return/accept"))
    assert await timers.offer_again(worker) == 1
    assert await state(market, lead) == "available"
    assert "lead-came-back" in await told(market, "olga@nord.example", lead)


async def test_two_workers_offer_once(market: Market, worker: Any) -> None:
    """By hand: the second passes over the lead, and finds nothing to do afterwards either."""
    await recycle(market, "auto")
    await rules(market)
    lead = await picked(market)
    await market.anna.post(market.path(lead, "/engagement/close"), {"outcome": "lost"})
    async with connected(market.urls.worker) as first:
        transaction = first.transaction()
        await transaction.start()
        assert await first.fetchval("select app.offer_again(50)") == 1
        assert await worker.fetchval("select app.offer_again(50)") == 0
        await transaction.commit()
    assert await worker.fetchval("select app.offer_again(50)") == 0
    brokerages = (await market.olga.get(market.path(lead, "/brokerages"))).json()["items"]
    assert [b["state"] for b in brokerages] == ["open", "placed"]
