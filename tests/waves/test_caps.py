"""Caps of a day are those of the taker's zone, and several picks at once do not pass them."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from tests.fixtures import clock
from tests.fixtures.database import Urls, as_bearer, connected, waiting_for_locks
from tests.fixtures.guards import without
from tests.fixtures.market import Market, slug

LAST_SECOND = datetime(2027, 3, 8, 22, 59, 59, tzinfo=UTC)  # of Monday in Berlin
COUNTED = "perform app_private.expect_room(v_card);"
PICK = "select picked from app.pick_lead($1, $2)"


@pytest_asyncio.fixture
async def superuser(world_database: Urls) -> AsyncIterator[Any]:
    """Turns the clock, and turns it back."""
    async with connected(world_database.superuser) as connection:
        await clock.stay_logged_in(connection)
        await connection.execute("delete from app_private.rate")  # of another time
        yield connection
        await clock.right(connection)


async def caps(market: Market, **given: Any) -> None:
    """Sets Klein's caps; those not named are none."""
    path = f"/marketplaces/{market.m}/participations/{market.world.klein.id}"
    all_of_them = {"open": None, "day": None, "week": None, "month": None} | given
    zone = all_of_them.pop("zone", "Europe/Berlin")
    answer = await market.cora.patch(path, {"caps": all_of_them, "time_zone": zone})
    assert answer.status_code == 200, answer.text
    assert answer.json()["caps"] == all_of_them


async def leads(market: Market, count: int) -> list[str]:
    """So many leads that Klein is offered."""
    return [await market.offered(market.world.klein) for _ in range(count)]


async def picks(market: Market, some: list[str]) -> list[str]:
    """Picks all at once; the slug of each answer, or `picked`."""
    answers = await asyncio.gather(*(market.cora.post(market.path(x, "/pick")) for x in some))
    return ["picked" if a.status_code == 200 else slug(a) for a in answers]


async def test_64_picks_in_the_last_second_of_the_day(market: Market, superuser: Any) -> None:
    """Three in Monday, whoever asks; and three in Tuesday, which begins a second later. The
    control: without the lock of the card more than three of eight go through."""
    await caps(market)
    await clock.stop(superuser, LAST_SECOND - timedelta(days=1))
    some = await leads(market, 8)
    await caps(market, day=3)
    async with (
        without(superuser, "app_private.take_offer", " for no key update"),
        without(superuser, "app_private.take_offer", COUNTED, f"{COUNTED} perform pg_sleep(0.3);"),
    ):
        assert (await picks(market, some)).count("picked") > 3
    await caps(market)
    await clock.stop(superuser, LAST_SECOND)
    some = await leads(market, 64)
    await caps(market, day=3)
    told = await picks(market, some)
    assert sorted(told) == ["cap-reached"] * 61 + ["picked"] * 3
    left = [lead for lead, what in zip(some, told, strict=True) if what != "picked"]
    assert set(await picks(market, left[:8])) == {"cap-reached"}
    await clock.stop(superuser, LAST_SECOND + timedelta(seconds=1))
    told = await picks(market, left)
    assert sorted(told) == ["cap-reached"] * 58 + ["picked"] * 3


@pytest.mark.parametrize(
    ("given", "until"),
    [
        ({"day": 1, "zone": "Europe/Berlin"}, "2027-03-08T23:00:00Z"),
        ({"day": 1, "zone": "America/New_York"}, "2027-03-09T05:00:00Z"),
        ({"week": 1}, "2027-03-14T23:00:00Z"),
        ({"month": 1}, "2027-03-31T22:00:00Z"),
    ],
)
async def test_a_period_ends_where_the_taker_is(
    market: Market, superuser: Any, given: dict[str, Any], until: str
) -> None:
    ends = datetime.fromisoformat(until)
    await caps(market)
    await superuser.execute("update app.engagement set started_at = '2020-01-01 00:00+00'")
    await clock.stop(superuser, datetime(2027, 3, 8, 12, tzinfo=UTC))
    one, other = await leads(market, 2)
    await superuser.execute(
        "update app.offer set expires_at = '2027-05-01 00:00+00' where state = 'open'"
    )
    await caps(market, **given)
    assert await picks(market, [one]) == ["picked"]
    await clock.stop(superuser, ends - timedelta(seconds=1))
    refused = await market.cora.post(market.path(other, "/pick"))
    assert (refused.status_code, slug(refused)) == (409, "cap-reached")
    period = next(name for name in given if name != "zone")
    assert (refused.json()["period"], refused.json()["cap"]) == (period, 1)
    await clock.stop(superuser, ends)
    assert await picks(market, [other]) == ["picked"]


async def two_at_once(market: Market, superuser: Any) -> list[bool]:
    """One pick waits at the card for another of the same company."""
    await caps(market)
    await clock.stop(superuser, LAST_SECOND)
    one, other = await leads(market, 2)
    await caps(market, day=1)
    await superuser.execute("update app.engagement set started_at = '2020-01-01 00:00+00'")
    done = []
    async with connected(market.urls.api) as first, connected(market.urls.api) as second:
        async with as_bearer(first, market.world.cora.token):
            done.append(await first.fetchval(PICK, market.m, one))

            async def waits() -> bool:
                try:
                    async with as_bearer(second, market.world.cora.token):
                        return bool(await second.fetchval(PICK, market.m, other))
                except asyncpg.PostgresError:
                    return False

            task = asyncio.create_task(waits())
            await waiting_for_locks(superuser, task)  # without the card's: for the limit of picks
        done.append(await task)
    await caps(market)
    return done


async def test_the_second_of_two_counts_the_first(market: Market, superuser: Any) -> None:
    """The control: without the lock of the card it sees none, and goes through."""
    assert await two_at_once(market, superuser) == [True, False]
    async with without(superuser, "app_private.take_offer", " for no key update"):
        assert await two_at_once(market, superuser) == [True, True]


async def test_a_pick_that_waited_over_midnight_counts_for_its_day(
    market: Market, superuser: Any
) -> None:
    """Another pick of the next day, which was served before, takes nothing from it."""
    await caps(market)
    await superuser.execute("update app.engagement set started_at = '2020-01-01 00:00+00'")
    monday, tuesday = await leads(market, 2)
    await superuser.execute(
        "update app.offer set expires_at = '2027-05-01 00:00+00' where state = 'open'"
    )
    await caps(market, day=1)
    await clock.stop(superuser, LAST_SECOND)
    async with connected(market.urls.api) as early, as_bearer(early, market.world.cora.token):
        await superuser.execute(
            "update app.engagement set started_at = $1 where company_id = $2 and started_at = ("
            " select max(started_at) from app.engagement)",
            datetime(2020, 1, 1, tzinfo=UTC),
            market.world.klein.id,
        )
        await clock.stop(superuser, LAST_SECOND + timedelta(seconds=2))
        assert await picks(market, [tuesday]) == ["picked"]
        await clock.stop(superuser, LAST_SECOND)
        assert await early.fetchval(PICK, market.m, monday)
    await caps(market)
