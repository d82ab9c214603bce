"""Speed to lead: from the pick to the first call, which is kept once and for all."""

from datetime import datetime
from typing import Any
from uuid import UUID

import pytest

from tests.calls.test_handing_back import setting, taken
from tests.fixtures.database import connected
from tests.fixtures.market import Market
from tests.leads.test_returns import ok


async def first_contact(market: Market, lead: str) -> list[datetime | None]:
    """Of the lead's engagements, the oldest first."""
    async with connected(market.urls.superuser) as superuser:
        rows = await superuser.fetch(
            "select first_contact_at from app.engagement where lead_id = $1 order by id", UUID(lead)
        )
    return [row[0] for row in rows]


@pytest.mark.parametrize("outcome", ["reached", "not_reached", "mailbox", "wrong_number"])
async def test_the_first_call_counts_and_no_later_one(market: Market, outcome: str) -> None:
    """Whatever it brought; a claim alone, a note, or a later call changes nothing."""
    lead = await taken(market)
    path = market.path(lead, "/engagement/calls")
    await ok(market.anna.post(market.path(lead, "/engagement/call")))
    await ok(market.anna.post(market.path(lead, "/notes"), {"text": "x"}), 201)
    assert await first_contact(market, lead) == [None]
    call = await ok(market.ben.post(path, {"outcome": outcome}), 201)
    (first,) = await first_contact(market, lead)
    assert first == datetime.fromisoformat(call["created_at"])
    await ok(market.anna.post(path, {"outcome": "reached"}), 201)
    assert await first_contact(market, lead) == [first]


async def test_each_engagement_has_its_own(market: Market) -> None:
    """A lead that comes back begins anew for its next taker."""
    lead = await taken(market)
    await ok(market.anna.post(market.path(lead, "/engagement/calls"), {"outcome": "mailbox"}), 201)
    (first,) = await first_contact(market, lead)
    await ok(market.olga.post(market.path(lead, "/revoke"), {"reason": "x"}))
    assigned = {"company_id": str(market.world.klein.id)}
    await ok(market.olga.post(market.path(lead, "/assign"), assigned))
    assert await first_contact(market, lead) == [first, None]


async def test_a_taker_reads_by_when_it_is_to_call(market: Market) -> None:
    """In working time of the marketplace: the end of its working time is said, not a duration."""
    lead = await taken(market)
    path = market.path(lead, "/engagement/call")
    shown: Any = await ok(market.anna.get(path))
    assert (shown["contact_by"], shown["first_attempt_at"]) == (None, None)
    await setting(market, contact_target_minutes=120)
    try:
        shown = await ok(market.anna.get(path))
        async with connected(market.urls.superuser) as superuser:
            expected = await superuser.fetchval(
                "select app_private.add_working_time(e.marketplace_id, e.started_at, 120)"
                " from app.engagement e where e.lead_id = $1", UUID(lead),
            )  # fmt: skip
        assert datetime.fromisoformat(shown["contact_by"]) == expected
        await ok(market.ben.post(f"{path}s", {"outcome": "mailbox"}), 201)
        shown = await ok(market.anna.get(path))
        assert [datetime.fromisoformat(shown["first_attempt_at"])] == await first_contact(
            market, lead
        )
        for wrong in (0, 10081, "30"):
            refused = await market.olga.patch(
                f"/marketplaces/{market.m}", {"contact_target_minutes": wrong}
            )
            assert refused.status_code == 400, refused.text
    finally:
        await setting(market, contact_target_minutes=None)
