"""The list of stalled leads: the same signs as those for which a lead is handed back."""

import random
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from tests.calls.test_handing_back import LATER, aged, setting, taken
from tests.fixtures.database import connected
from tests.fixtures.http import Person
from tests.fixtures.market import Market
from tests.leads.test_returns import items


async def stalled(who: Person, query: str = "") -> set[str]:
    return {one["id"] for one in await items(who, f"/leads?stalled=true&limit=100{query}")}


async def test_a_silent_handler_is_listed_until_he_does_something(market: Market) -> None:
    """By the taker and the operator; neither by the giver nor by another taker."""
    lead, fresh = await taken(market), await taken(market)
    await aged(market, lead)
    assert lead not in await stalled(market.anna)  # control: the marketplace does not ask
    await setting(market, stalled_hours=24)
    try:
        assert lead in await stalled(market.anna)
        assert lead in await stalled(market.ben, "&as=taker&state=engaged")
        assert lead in await stalled(market.olga, f"&as=operator&marketplace={market.m}")
        assert lead not in await stalled(market.gerd)
        assert lead not in await stalled(market.cora)
        assert fresh not in await stalled(market.anna)
        assert lead not in await stalled(market.anna, "&handler=none")
        assert lead not in await stalled(market.anna, "&step=Angebot")
        note = await market.ben.post(market.path(lead, "/notes"), {"text": "x"})
        assert note.status_code == 201
        assert lead in await stalled(market.anna)  # a colleague's sign is not the handler's
        again = await market.anna.post(market.path(lead, "/follow-ups"), {"due_at": LATER})
        assert again.status_code == 201
        assert lead not in await stalled(market.anna)
    finally:
        await setting(market, stalled_hours=None)


async def test_without_hours_of_its_own_it_is_when_leads_are_handed_back(market: Market) -> None:
    lead = await taken(market)
    await aged(market, lead)
    await setting(market, hand_back_hours=24)
    try:
        assert lead in await stalled(market.anna)
        await setting(market, stalled_hours=300)
        assert lead in await stalled(market.anna)
        await setting(market, hand_back_hours=None, stalled_hours=None)
        assert lead not in await stalled(market.anna)
    finally:
        await setting(market, hand_back_hours=None, stalled_hours=None)


@pytest.mark.parametrize("value", ["false", "yes", ""])
async def test_it_is_asked_for_or_not(market: Market, value: str) -> None:
    assert (await market.anna.get(f"/leads?stalled={value}")).status_code == 400


async def test_many_are_walked_and_one_lead_is_no_oracle(market: Market) -> None:
    """Where there are too many to name, each lead is asked for, and only who may knows."""
    lead = await taken(market)
    await aged(market, lead)
    await setting(market, stalled_hours=24)
    try:
        async with connected(market.urls.superuser) as superuser:
            text = await superuser.fetchval(
                "select pg_get_functiondef('app.find_stalled(uuid)'::regprocedure)"
            )
            await superuser.execute(text.replace("> 5000", ">= 0"))
            try:
                assert lead in await stalled(market.anna)
                assert lead not in await stalled(market.anna, "&handler=none")
                assert lead not in await stalled(market.gerd)
            finally:
                await superuser.execute(text)
        async with connected(market.urls.api) as api:
            for who, expected in ((market.anna, True), (market.olga, True), (market.gerd, False),
                                  (market.cora, False)):  # fmt: skip
                async with api.transaction():
                    await api.execute("select app.enter_to_read($1)", who.token)
                    sql = "select app.is_stalled($1, $2)"
                    assert await api.fetchval(sql, market.m, UUID(lead)) is expected
    finally:
        await setting(market, stalled_hours=None)


async def test_back_is_the_way_that_forward_was(market: Market) -> None:
    """What add_working_time says of a moment before the one found, it says of none after it; over
    nights, week ends and both changes of the clock."""
    chance = random.Random(7)
    async with connected(market.urls.superuser) as superuser:
        for _ in range(40):
            until = datetime(2026, 3, 20, tzinfo=UTC) + timedelta(
                seconds=chance.randrange(400 * 86_400)
            )
            minutes = chance.choice([1, 30, 8 * 60, 24 * 60, 100 * 60])
            row: Any = await superuser.fetchrow(
                "select x.since, app_private.add_working_time($1, x.since, $3) <= $2 as reached,"
                " app_private.add_working_time($1, x.since + interval '1 second', $3) <= $2"
                " as later"
                " from app_private.subtract_working_time($1, $2, $3) x (since)",
                market.m, until, minutes,
            )  # fmt: skip
            assert (row["reached"], row["later"]) == (True, False), (until, minutes, row["since"])
