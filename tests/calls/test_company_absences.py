"""A whole company is away: nothing is offered to it meanwhile, what it has stays."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from tests.fixtures import clock
from tests.fixtures.database import Urls, as_bearer, connected
from tests.fixtures.market import Market, offers_of, slug
from tests.waves.test_waves import plan, reasons, waves_of

MONDAY = datetime(2027, 3, 8, 9, tzinfo=UTC)
PATH = "/company/absences"


@pytest_asyncio.fixture
async def superuser(world_database: Urls) -> AsyncIterator[Any]:
    """Turns the clock, and turns it back."""
    async with connected(world_database.superuser) as connection:
        await clock.stay_logged_in(connection)
        yield connection
        await clock.right(connection)
        await connection.execute("delete from app.company_absence")


async def closed(market: Market, begins: datetime, ends: datetime) -> str:
    """Klein is away; returns the id."""
    body = {"begins_at": begins.isoformat(), "ends_at": ends.isoformat()}
    made = await market.cora.post(PATH, body)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def test_offers_leave_it_out_and_open_ones_stay(market: Market, superuser: Any) -> None:
    now = datetime.now(UTC)
    begins, ends = now + timedelta(days=1), now + timedelta(days=3)
    await plan(market, {"response_minutes": 40320})
    absence = await closed(market, begins, ends)
    open_before = await market.offered()
    await clock.stop(superuser, begins)
    during = await market.offered()
    left_out = (await waves_of(market, during))[0]["left_out"]
    assert reasons(left_out)["Firma Klein"] == "absent"
    offers = await offers_of(market.cora)
    assert open_before in offers
    assert during not in offers
    picked = await market.cora.post(market.path(open_before, "/pick"))
    assert picked.status_code == 200
    lead = await market.draft()
    await market.olga.post(market.path(lead, "/accept"))
    body = {"company_ids": [str(market.world.klein.id)]}
    by_hand = await market.olga.post(market.path(lead, "/offer"), body)
    assert (by_hand.status_code, slug(by_hand)) == (422, "taker-unfit")
    body = {"company_id": str(market.world.klein.id)}
    assert (await market.olga.post(market.path(lead, "/assign"), body)).status_code == 200
    await clock.stop(superuser, ends)
    assert await market.offered() in await offers_of(market.cora)
    await clock.stop(superuser, begins)
    assert (await market.cora.delete(f"{PATH}/{absence}")).status_code == 204
    assert await market.offered() in await offers_of(market.cora)


async def test_admins_enter_it_and_the_company_alone_reads_it(
    market: Market, superuser: Any
) -> None:
    body = {"begins_at": MONDAY.isoformat(), "ends_at": (MONDAY + timedelta(days=9)).isoformat()}
    for colleague in (market.ben, market.dora):  # a member, a delegator
        refused = await colleague.post(PATH, body)
        assert (refused.status_code, slug(refused)) == (403, "admin-required")
    made = await market.anna.post(PATH, body)
    assert made.status_code == 201, made.text
    one = f"{PATH}/{made.json()['id']}"
    assert (await market.ben.get(PATH)).json()["items"] == [made.json()]
    refused = await market.ben.delete(one)
    assert (refused.status_code, slug(refused)) == (403, "admin-required")
    for who in (market.cora, market.olga, market.gerd):
        assert (await who.get(PATH)).json()["items"] == []
        async with connected(market.urls.api) as api, as_bearer(api, who.token):
            assert await api.fetchval("select count(*) from app.company_absence") == 0
    assert (await market.cora.delete(one)).status_code == 404
    assert (await market.anna.delete(one)).status_code == 204
    assert (await market.anna.delete(one)).status_code == 404


@pytest.mark.parametrize(("begins", "ends"), [(2, 1), (-9, -8), (1, 1)])
async def test_it_ends_after_it_began_and_ahead(market: Market, begins: int, ends: int) -> None:
    now = datetime.now(UTC)
    spans = [(now + timedelta(days=days)).isoformat() for days in (begins, ends)]
    answer = await market.anna.post(PATH, {"begins_at": spans[0], "ends_at": spans[1]})
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["pointer"] == "/ends_at"
