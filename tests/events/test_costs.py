"""What a stream reads of very many events of its company, counted; nothing is timed."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio

from tests.fixtures.database import Urls, connected

MANY = 20_000
_READ = (
    "select coalesce(sum(seq_tup_read + coalesce(idx_tup_fetch, 0)), 0)::bigint"
    " from pg_stat_xact_all_tables where relname like 'event_day%'"
)


@pytest_asyncio.fixture(scope="module")
async def ids(world_database: Urls, world: Any) -> AsyncIterator[list[UUID]]:
    """Of very many events of Huber, oldest first, three of them of a transaction of their own."""
    async with connected(world_database.superuser) as superuser:
        await superuser.execute(
            "insert into app.event"
            " (marketplace_id, id, slot, company_id, kind, lead_id, version, written_by)"
            " select $1, app_private.new_id(), n % 9, $2, 'lead.changed', $1, n,"
            "   (case when n % 7000 = 1 then 4 else n + 10 end)::text::xid8"
            " from generate_series(1, $3) n",
            world.nord_id, world.huber.id, MANY,
        )  # fmt: skip
        await superuser.execute("analyze app.event")
        rows = await superuser.fetch(
            "select id from app.event where lead_id = marketplace_id order by id",
        )
        yield [row["id"] for row in rows]


@pytest.mark.parametrize(
    ("back", "late", "found"),
    [(3, "", 3), (1, "", 1), (MANY, "", 100), (3, "~4", 6)],
    ids=["few", "one", "a page of very many", "few and what came late"],
)
async def test_a_stream_reads_what_it_tells(
    world_database: Urls, world: Any, ids: list[UUID], back: int, late: str, found: int
) -> None:
    async with connected(world_database.api) as api, api.transaction():
        await api.fetchval("select app.enter_to_read($1)", world.anna.token)
        place = f"{ids[-back - 1] if back < MANY else ids[0]}{late}"
        before = await api.fetchval(_READ)
        events = await api.fetchval("select events from app.my_events($1, 100)", place)
        assert len(events) >= found
        assert await api.fetchval(_READ) - before <= 5 * (found + 20)
