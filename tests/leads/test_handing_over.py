"""Many leads to one colleague: each for itself, and who may hand over asked once."""

from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.fixtures.database import as_bearer, connected
from tests.fixtures.http import Person
from tests.fixtures.market import Market, slug

PATH = "/engagements/handler"


async def _picked(market: Market, count: int, by: str = "anna") -> list[str]:
    leads = []
    for _ in range(count):
        leads.append(await market.offered(market.world.huber, market.world.klein))
        answer = await getattr(market, by).post(market.path(leads[-1], "/pick"))
        assert answer.status_code == 200
    return leads


def _body(market: Market, leads: list[str], to: Any) -> dict[str, Any]:
    items = [{"marketplace_id": str(market.m), "lead_id": lead} for lead in leads]
    return {"items": items, "handler_id": None if to is None else str(to.id)}


async def _handlers(market: Market, leads: list[str], who: Person) -> list[str | None]:
    shown = [(await who.get(market.path(lead))).json() for lead in leads]
    return [lead["engagement"]["handler_name"] for lead in shown]


async def test_a_delegator_hands_many_over_and_back(market: Market) -> None:
    leads = await _picked(market, 3)
    for to in (market.world.ben, None):
        done = await market.dora.post(PATH, _body(market, leads, to))
        assert done.status_code == 200, done.text
        assert [(i["lead_id"], i["outcome"]) for i in done.json()["items"]] == [
            (lead, "done") for lead in leads
        ]
        assert await _handlers(market, leads, market.anna) == [to and "Ben"] * 3
    history = (await market.anna.get(market.path(leads[0], "/history"))).json()["items"]
    changed = [event for event in history if event["event"] == "handler-changed"]
    assert [event["detail"].get("handler") for event in changed[:2]] == [None, "Ben"]
    unassigned = (await market.ben.get("/leads?as=taker&handler=none&limit=100")).json()["items"]
    assert set(leads) <= {item["id"] for item in unassigned}


async def test_each_for_itself_and_says_why(market: Market) -> None:
    """What went elsewhere, is closed, or does not exist stops no other, and is not touched."""
    mine, closed = await _picked(market, 2)
    (foreign,) = await _picked(market, 1, by="cora")
    await market.anna.post(market.path(closed, "/engagement/close"), {"outcome": "lost"})
    leads = [foreign, closed, mine, str(uuid4()), mine]
    done = await market.dora.post(PATH, _body(market, leads, market.world.ben))
    assert [item["outcome"] for item in done.json()["items"]] == [
        "not-found", "engagement-state", "done", "not-found", "done",
    ]  # fmt: skip
    assert await _handlers(market, [mine], market.anna) == ["Ben"]
    assert await _handlers(market, [closed], market.anna) == ["Anna"]
    assert await _handlers(market, [foreign], market.cora) == ["Cora"]
    as_operator = await market.olga.post(PATH, _body(market, [mine], market.world.olga))
    assert as_operator.json()["items"][0]["outcome"] == "taker-required"


async def test_who_may_is_asked_once(market: Market) -> None:
    leads = await _picked(market, 2)
    refused = await market.ben.post(PATH, _body(market, leads, market.world.dora))
    assert (refused.status_code, slug(refused)) == (403, "delegator-required")
    back = await market.ben.post(PATH, _body(market, leads, None))
    assert (back.status_code, slug(back)) == (403, "delegator-required")
    stranger = await market.dora.post(PATH, _body(market, leads, market.world.cora))
    assert (stranger.status_code, slug(stranger)) == (422, "handler-unknown")
    assert await _handlers(market, leads, market.anna) == ["Anna", "Anna"]
    taken = await market.ben.post(PATH, _body(market, leads, market.world.ben))  # himself: always
    assert [item["outcome"] for item in taken.json()["items"]] == ["done", "done"]
    await market.anna.patch("/company", {"delegator_role": False})
    free = await market.ben.post(PATH, _body(market, leads, market.world.dora))
    await market.anna.patch("/company", {"delegator_role": True})
    assert [item["outcome"] for item in free.json()["items"]] == ["done", "done"]


@pytest.mark.parametrize("count", [0, 101])
async def test_between_one_and_a_hundred(market: Market, count: int) -> None:
    body = _body(market, [str(uuid4())] * count, market.world.ben)
    assert (await market.dora.post(PATH, body)).status_code == 400


async def test_two_who_do_it_at_once_lock_in_one_order(market: Market) -> None:
    """In the order of leads, not in that in which they are named; places say which is which."""
    leads = await _picked(market, 3)
    async with connected(market.urls.api) as api:
        for order in (leads, leads[::-1]):
            async with as_bearer(api, market.dora.token):
                rows = await api.fetch(
                    "select place, lead_id from app.hand_over($1, $2, $3)",
                    *([market.m] * 3, [UUID(lead) for lead in order], market.world.ben.id),
                )
            assert [str(row["lead_id"]) for row in rows] == sorted(leads)
            assert [order[row["place"] - 1] for row in rows] == sorted(leads)
