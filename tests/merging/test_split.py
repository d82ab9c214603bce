"""A colleague leaves into a company of his own, with chosen leads."""

from typing import Any
from uuid import UUID

import asyncpg
import pytest

from tests.fixtures.world import World
from tests.merging.conftest import Place

SPLIT = "select app.split_colleague($1, $2, $3, $4, 'Brief')"


async def _split(place: Place, email: str, leads: list[Any], world: World) -> Any:
    markets = [world.nord_id] * len(leads)
    return await place.staff.fetchval(SPLIT, email, "Lang Solar", markets, leads)


async def test_who_came_by_a_merge_leaves_with_what_came_along(place: Place, world: World) -> None:
    merge = await place.merging.merge(world.huber, world.lang)
    rows = await place.staff.fetch("select * from app.leads_of_merge($1)", merge)
    leads = [row["lead_id"] for row in rows]
    assert leads == [world.leads["assigned"]]
    b = place.builder(world)
    await b.call(
        world.anna,
        "app.change_engagement($1, $2, null, null, true, $3)",
        *(world.nord_id, world.leads["engaged"], world.lena.id),
    )
    done = await _split(place, world.lena.email, leads, world)
    new = done["company_id"]
    # Lena is still logged in, admin of her own company, and works the lead; Huber does not see it.
    me = await b.call(world.lena, "row_to_json(c)::jsonb from app.who_am_i() c")
    assert (me["company_id"], me["role"], me["company_name"]) == (new, "admin", "Lang Solar")
    one = "count(*) from app.{} where {} = $1"
    for table, key in (("lead", "id"), ("prospect", "lead_id"), ("engagement", "lead_id"),
                       ("note", "lead_id"), ("disclosure", "lead_id")):  # fmt: skip
        assert await b.call(world.lena, one.format(table, key), leads[0]) == 1, table
        assert await b.call(world.anna, one.format(table, key), leads[0]) == 0, table
    assert (
        await b.call(
            world.lena,
            "company_name from app.participation where marketplace_id = $1",
            world.nord_id,
        )
        == "Lang Solar"
    )
    # The lead she handled for Huber is Huber's, and handled by nobody.
    handler = "select handler_id from app.engagement where lead_id = $1"
    assert await place.superuser.fetchval(handler, world.leads["engaged"]) is None
    # The merge that brought her cannot be undone any more: her lead went elsewhere.
    with pytest.raises(asyncpg.PostgresError) as refusal:
        await place.merging.undo(merge)
    assert "colleague-split-off" in str(refusal.value.detail)
    # The way back is another merge.
    await place.merging.merge(world.huber, UUID(new))
    assert await b.call(world.anna, one.format("lead", "id"), leads[0]) == 1


async def test_what_cannot_go(place: Place, world: World) -> None:
    for leads in ([world.leads["assigned"]], [world.leads["offered"]]):
        with pytest.raises(asyncpg.PostgresError) as refusal:
            await _split(place, world.ben.email, leads, world)
        assert refusal.value.constraint_name == "leads-not-splittable"
        assert str(leads[0]) in str(refusal.value.detail)
    with pytest.raises(asyncpg.PostgresError) as refusal:  # the operator's leads stay with it
        await _split(place, world.otto.email, [world.leads["engaged"]], world)
    assert refusal.value.constraint_name == "leads-not-splittable"
    with pytest.raises(asyncpg.PostgresError) as refusal:
        await _split(place, world.anna.email, [], world)
    assert refusal.value.constraint_name == "last-admin"
    with pytest.raises(asyncpg.PostgresError) as refusal:
        await _split(place, "nobody@unknown.example", [], world)
    assert refusal.value.constraint_name == "not-found"
    assert await place.superuser.fetchval("select count(*) from app_private.company_split") == 0


async def test_without_leads_and_with_a_giver(place: Place, world: World) -> None:
    """Ben leaves with the lead he works; the giver's view of it stays."""
    b = place.builder(world)
    lead = world.leads["engaged"]
    history = "count(*) from app.history where lead_id = $1"
    before = await b.call(world.gerd, history, lead)
    done = await _split(place, world.ben.email, [lead], world)
    assert await b.call(world.gerd, history, lead) >= before
    assert done["rows"]["app.lead"] == 1
    await b.call(world.ben, "app.close_engagement($1, $2, 'won', 10)", world.nord_id, lead)
