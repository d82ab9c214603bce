"""Returns that wait for their operator, in one list."""

from typing import Any

from tests.fixtures.http import Person
from tests.fixtures.market import Market
from tests.leads.test_returns import items, ok
from tests.returns.acting import asks, calls, picked, reason, rules


async def waiting(market: Market, who: Person, query: str = "") -> list[dict[str, Any]]:
    return await items(who, f"/returns?limit=100{query}")


async def test_what_waits_is_listed_for_the_operator_alone(market: Market) -> None:
    await rules(market, reason("other"), silence_days=3)
    before = {one["lead_id"] for one in await waiting(market, market.olga)}
    leads = [await picked(market), await picked(market)]
    await ok(market.anna.patch("/company", {"returns_need_release": True}))
    try:
        assert (await asks(market, leads[1], by=market.ben)).status_code == 202
    finally:
        await ok(market.anna.patch("/company", {"returns_need_release": False}))
    made = await calls(market, leads[0], ("wrong_number", ""))
    asked = await asks(market, leads[0], comment="Nummer gibt es nicht", call_ids=made)
    assert asked.status_code == 202
    (one,) = [r for r in await waiting(market, market.olga) if r["lead_id"] not in before]
    shown = (await ok(market.olga.get(market.path(leads[0], "/engagement"))))["return_request"]
    shared = ("reason", "comment", "asked_by", "requested_at", "evidence", "decide_by")
    assert {name: one[name] for name in shared} == {name: shown[name] for name in shared}
    assert (one["lead_id"], one["company_name"]) == (leads[0], "Firma Huber")
    assert one["decide_by"] is not None
    for other in (market.anna, market.gerd, market.cora):
        assert await waiting(market, other) == []
    # Released, it is there: who asked first comes first.
    await ok(market.anna.post(market.path(leads[1], "/engagement/return/release")))
    found = [r["lead_id"] for r in await waiting(market, market.olga, f"&marketplace={market.m}")]
    assert [lead for lead in found if lead in leads] == [leads[1], leads[0]]
    first = await ok(market.olga.get("/returns?limit=1"))
    rest = await ok(market.olga.get(f"/returns?limit=100&cursor={first['next_cursor']}"))
    assert [r["lead_id"] for r in first["items"] + rest["items"]] == found
    assert await waiting(market, market.olga, f"&marketplace={market.world.huber.id}") == []
    await ok(market.olga.post(market.path(leads[0], "/engagement/return/accept")))
    await ok(market.olga.post(market.path(leads[1], "/engagement/return/refuse")))
    left = {r["lead_id"] for r in await waiting(market, market.olga)}
    assert not left & set(leads)
