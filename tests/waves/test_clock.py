"""One function gives the time: whoever replaces it turns everything, and that is no runtime role
(docs/decisions/0059)."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from tests.fixtures import clock
from tests.fixtures.database import Urls, as_bearer, connected
from tests.fixtures.market import Market, offers_of, state

REPLACE = (
    "create or replace function {} returns timestamptz language sql stable return now() + '1 day'"
)


@pytest_asyncio.fixture
async def superuser(world_database: Urls) -> AsyncIterator[Any]:
    """Turns the clock, and turns it back."""
    async with connected(world_database.superuser) as connection:
        yield connection
        await clock.right(connection)


async def test_the_clock_turns_lists_timers_defaults_and_ids(
    market: Market, superuser: Any
) -> None:
    """Two days and an hour later Klein's offer is over, for the list and for the timer."""
    lead = await market.offered(market.world.klein)
    assert lead in await offers_of(market.cora)
    async with connected(market.urls.worker) as worker:
        await clock.turn(superuser, timedelta(hours=49))
        assert (await market.cora.get("/offers")).status_code == 401
        await clock.stay_logged_in(superuser)
        assert lead not in await offers_of(market.cora)
        assert await worker.fetchval("select app.expire_offers(50)") >= 1
        assert await state(market, lead) == "unplaced"
        note = await market.olga.post(market.path(lead, "/notes"), {"text": "Später"})
        written = datetime.fromisoformat(note.json()["created_at"])
        assert written > datetime.now(UTC) + timedelta(hours=48)
        made = int(note.json()["id"].replace("-", "")[:12], 16) / 1000
        assert abs(made - written.timestamp()) < 60
        await clock.right(superuser)


@pytest.mark.parametrize("role", ["api", "worker", "staff", "auditor"])
async def test_no_runtime_role_turns_the_clock(market: Market, role: str) -> None:
    async with connected(getattr(market.urls, role)) as connection:
        await connection.execute("set default_transaction_read_only = off")
        for name in ("app_private.clock()", "app.clock()"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(REPLACE.format(name))
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.fetchval("select app_private.clock()")


async def test_the_planner_puts_it_in_place(market: Market) -> None:
    """A condition of the web tier costs what `now()` cost: no call a row, and an index takes it."""
    async with connected(market.urls.api) as api, as_bearer(api, market.world.cora.token):
        await api.execute("set local enable_seqscan = off")
        plan = await api.fetch(
            "explain (verbose) select id from app.offer where expires_at > app.clock()"
            " and company_id = (select app.current_company_id()) and state = 'open'"
        )
    text = "\n".join(row[0] for row in plan)
    assert "expires_at > now()" in text
    assert "clock" not in text
