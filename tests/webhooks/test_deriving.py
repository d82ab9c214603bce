"""Deliveries are made of events: of each once, in whatever order transactions end."""

import json
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from tests.fixtures.database import Urls, connected
from tests.fixtures.market import Market
from tests.webhooks.test_webhooks import added

_KEYS = {"id", "kind", "at", "marketplace_id", "lead_id", "engagement_id", "version"}
_MADE = (
    "select d.id, d.kind, d.payload from app_private.webhook_delivery d"
    " where d.webhook_id = $1 order by d.id"
)


@pytest.fixture
async def superuser(world_database: Urls) -> AsyncIterator[Any]:
    async with connected(world_database.superuser) as connection:
        yield connection
        await connection.execute(
            "truncate app_private.webhook, app_private.webhook_delivery cascade"
        )


@pytest.fixture
async def worker(world_database: Urls) -> AsyncIterator[Any]:
    async with connected(world_database.worker) as connection:
        await derive(connection)  # what happened before
        yield connection


async def derive(worker: Any, limit: int = 5000) -> int:
    return int(await worker.fetchval("select app.derive_deliveries($1)", limit))


async def made(superuser: Any, hook: Any) -> list[Any]:
    return list(await superuser.fetch(_MADE, UUID(hook["id"])))


async def tell(connection: Any, world: Any, kind: str = "lead.changed") -> None:
    """An event of Huber, as a function of the life cycle tells it."""
    await connection.execute(
        "select app_private.tell($1, array[$2::uuid], $3, $4, app_private.nobody())",
        kind, world.huber.id, world.nord_id, world.leads["engaged"],
    )  # fmt: skip


async def test_a_company_is_told_what_concerns_it_and_ids_alone(
    market: Market, superuser: Any, worker: Any
) -> None:
    huber, klein = await added(market.anna), await added(market.cora)
    picky = await added(market.anna, kinds=["lead.won"])
    lead = await market.offered(market.world.huber)
    assert (await market.anna.post(market.path(lead, "/pick"))).status_code == 200
    assert await derive(worker) > 0
    assert await derive(worker) == 0
    found = await made(superuser, huber)
    assert {"offer.opened", "lead.picked"} <= {one["kind"] for one in found}
    assert await made(superuser, klein) == []
    assert await made(superuser, picky) == []
    for one in found:
        said = one["payload"]
        assert set(said) == {"type", "timestamp", "data"}
        assert set(said["data"]) <= _KEYS
        assert (said["type"], said["data"]["id"]) == (one["kind"], str(one["id"]))
        assert said["data"]["lead_id"] == lead
        assert said["data"]["marketplace_id"] == str(market.m)
        assert "Petra" not in json.dumps(said)
        assert "Anna" not in json.dumps(said)


async def test_no_event_is_left_out_whatever_commits_first(
    market: Market, superuser: Any, worker: Any, world_database: Urls
) -> None:
    """The earlier one stands before what was looked at when it comes to light."""
    hook = await added(market.anna)
    async with connected(world_database.superuser) as late:
        transaction = late.transaction()
        await transaction.start()
        await tell(late, market.world, "lead.won")
        await tell(superuser, market.world, "lead.lost")
        assert await derive(worker) == 1
        assert [one["kind"] for one in await made(superuser, hook)] == ["lead.lost"]
        assert await derive(worker) == 0
        await tell(superuser, market.world)
        assert await derive(worker) == 1
        await transaction.commit()
    assert await derive(worker) == 1
    found = await made(superuser, hook)
    assert [one["kind"] for one in found] == ["lead.won", "lead.lost", "lead.changed"]
    assert await derive(worker) == 0


async def test_two_workers_make_it_once(
    market: Market, superuser: Any, worker: Any, world_database: Urls
) -> None:
    hook = await added(market.anna)
    await tell(superuser, market.world)
    async with connected(world_database.worker) as other, other.transaction():
        assert await derive(other) == 1
        assert await derive(worker) == 0, "the first one is at it, and nobody waits"
    assert len(await made(superuser, hook)) == 1
    assert await derive(worker) == 0


async def test_a_worker_that_dies_while_it_makes_them_made_nothing(
    market: Market, superuser: Any, worker: Any, world_database: Urls
) -> None:
    hook = await added(market.anna)
    await tell(superuser, market.world)
    async with connected(world_database.worker) as other:
        transaction = other.transaction()
        await transaction.start()
        assert await derive(other) == 1
        await transaction.rollback()
    assert await made(superuser, hook) == []
    assert await derive(worker) == 1
    assert len(await made(superuser, hook)) == 1


@pytest.mark.parametrize("seen", ["3:3:", "9223372036854775806:9223372036854775806:"])
async def test_what_is_looked_at_again_is_not_told_again(
    market: Market, superuser: Any, worker: Any, seen: str
) -> None:
    """All anew, or by another server, where numbers of transactions begin anew."""
    hook = await added(market.anna)
    await tell(superuser, market.world)
    assert await derive(worker) == 1
    sql = "update app_private.event_reader set seen = $1::text::pg_snapshot where name = 'webhooks'"
    await superuser.execute(sql, seen)
    assert await derive(worker) > 1
    assert len(await made(superuser, hook)) == 1
    await tell(superuser, market.world)
    assert await derive(worker) == 1
    assert len(await made(superuser, hook)) == 2


async def test_it_goes_on_in_parts_and_leaves_none_out(
    market: Market, superuser: Any, worker: Any, world_database: Urls
) -> None:
    """Each in a transaction of its own, one of which is still under way."""
    hook = await added(market.anna)
    async with connected(world_database.superuser) as late:
        await tell(superuser, market.world, "lead.offered")
        transaction = late.transaction()
        await transaction.start()
        await tell(late, market.world, "lead.won")
        for kind in ("lead.lost", "lead.reopened", "lead.changed"):
            await tell(superuser, market.world, kind)
        assert [await derive(worker, 2) for _ in range(3)] == [2, 2, 0]
        await transaction.commit()
    assert [await derive(worker, 2) for _ in range(2)] == [1, 0]
    kinds = ["lead.offered", "lead.won", "lead.lost", "lead.reopened", "lead.changed"]
    assert [one["kind"] for one in await made(superuser, hook)] == kinds


async def test_a_part_of_a_snapshot_saw_what_the_whole_saw_up_to_there(superuser: Any) -> None:
    whole = "100:110:101,105,107"
    for last in range(98, 112):
        part = await superuser.fetchval(
            "select app_private.snapshot_up_to($1::text::pg_snapshot, $2::text::xid8)::text",
            whole, str(last),
        )  # fmt: skip
        for number in range(96, 115):
            sees = "select pg_visible_in_snapshot($1::text::xid8, $2::text::pg_snapshot)"
            expected = number <= last and (
                await superuser.fetchval(sees, str(number), whole) or number >= 110
            )
            assert await superuser.fetchval(sees, str(number), part) == expected, (last, number)


async def test_what_is_off_misses_what_happens_and_goes_on_from_then(
    market: Market, superuser: Any, worker: Any
) -> None:
    await tell(superuser, market.world)
    hook = await added(market.anna)
    path = f"/webhooks/{hook['id']}"
    assert await derive(worker) == 1
    assert await made(superuser, hook) == [], "it happened before"
    await tell(superuser, market.world, "lead.won")
    await derive(worker)
    await market.anna.patch(path, {"state": "off"}, etag="*")
    states = "select state, failure from app_private.webhook_delivery where webhook_id = $1"
    [given_up] = await superuser.fetch(states, UUID(hook["id"]))
    assert tuple(given_up) == ("failed", "disabled")
    await tell(superuser, market.world, "lead.lost")
    await derive(worker)
    await market.anna.patch(path, {"state": "active"}, etag="*")
    await tell(superuser, market.world, "lead.changed")
    await derive(worker)
    assert [one["kind"] for one in await made(superuser, hook)] == ["lead.won", "lead.changed"]
