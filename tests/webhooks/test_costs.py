"""What is read of very many deliveries and events, counted; nothing is timed."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from tests.fixtures.database import Urls, connected

MANY = 20_000
_READ = (
    "select coalesce(sum(seq_tup_read + coalesce(idx_tup_fetch, 0)), 0)::bigint"
    " from pg_stat_xact_all_tables where relname like $1"
)


@pytest.fixture(scope="module")
async def hooks(world_database: Urls, world: Any) -> AsyncIterator[tuple[UUID, UUID]]:
    """Of Huber: one with very many deliveries, one with three, of which one is pending."""
    async with connected(world_database.superuser) as superuser:
        large, small = [
            await superuser.fetchval(
                "insert into app_private.webhook (id, company_id, name, url)"
                " values (app_private.new_id(), $1, '', 'https://1.1.1.1/') returning id",
                world.huber.id,
            )
            for _ in range(2)
        ]
        await superuser.execute(
            "insert into app_private.webhook_delivery (webhook_id, id, slot, kind, payload, state,"
            " ended_at) select case when n > 3 then $1::uuid else $2 end, app_private.new_id(),"
            " n % 9, 'ping', '{}', case when n = 2 then 'pending' else 'delivered' end,"
            " case when n <> 2 then now() end from generate_series(1, $3) n",
            large, small, MANY,
        )  # fmt: skip
        await superuser.execute(
            "insert into app.event"
            " (marketplace_id, id, slot, company_id, kind, lead_id, written_by)"
            " select $1, app_private.new_id(), n % 9, $2, 'lead.changed', $1, '3'"
            " from generate_series(1, $3) n",
            world.nord_id, world.huber.id, MANY,
        )  # fmt: skip
        await superuser.execute("analyze app_private.webhook_delivery, app.event")
        async with connected(world_database.worker) as worker:
            await worker.fetchval("select app.derive_deliveries(5000)")  # how the world began
        yield large, small


@pytest.mark.parametrize(("which", "found", "most"), [(0, 101, 130), (1, 3, 10)])
async def test_a_page_of_the_log_costs_a_page(
    world_database: Urls, world: Any, hooks: Any, which: int, found: int, most: int
) -> None:
    async with connected(world_database.api) as api, api.transaction():
        await api.fetchval("select app.enter_to_read($1)", world.anna.token)
        sql = "select id from app.my_deliveries($1, null, $2)"
        page = await api.fetch(sql, hooks[which], None)
        assert len(page) == found
        assert await api.fetchval(_READ, "webhook_delivery%") <= most
        after = await api.fetch(sql, hooks[which], page[1]["id"])
        assert len(after) == (101 if which == 0 else 1)
        assert await api.fetchval(_READ, "webhook_delivery%") <= 2 * most


async def test_what_is_due_is_found_among_very_many(world_database: Urls, hooks: Any) -> None:
    async with connected(world_database.worker) as worker, worker.transaction():
        claimed = await worker.fetch("select * from app.claim_deliveries(16, 60)")
        assert [one["webhook_id"] for one in claimed] == [hooks[1]]
        assert await worker.fetchval(_READ, "webhook_delivery%") < 20


async def test_what_happened_is_found_among_very_many(world_database: Urls, hooks: Any) -> None:
    async with connected(world_database.worker) as worker, worker.transaction():
        assert await worker.fetchval("select app.derive_deliveries(5000)") == 0
        assert await worker.fetchval(_READ, "event_day%") < 20
