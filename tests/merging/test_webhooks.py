"""Webhooks of two companies that become one, and part again."""

from typing import Any
from uuid import UUID

from tests.fixtures.world import World
from tests.merging.conftest import Place

ADD = "app.add_webhook($1, 'https://1.1.1.1/', null, 'whsec_' || repeat('a', 44))"
MINE = "array_agg(name order by name) from app.my_webhooks()"
TELL = "select app_private.tell('lead.changed', array[$1::uuid], $2, $3, app_private.nobody())"


async def _told(place: Place, company: UUID, world: World) -> list[str]:
    """The names of those that hear of an event of a company."""
    await place.superuser.execute(TELL, company, world.nord_id, world.leads["assigned"])
    await place.superuser.execute("truncate app_private.webhook_delivery")
    await place.superuser.fetchval("select app.derive_deliveries(5000)")
    rows: list[Any] = await place.superuser.fetch(
        "select distinct w.name from app_private.webhook_delivery d join app_private.webhook w"
        " on w.id = d.webhook_id where d.kind = 'lead.changed' order by 1"
    )
    return [row["name"] for row in rows]


async def test_webhooks_follow_their_company(place: Place, world: World) -> None:
    """What was on its way goes on; after the undo each has its own again, and one made since stays
    with the survivor."""
    b = place.builder(world)
    theirs = await b.call(world.lena, ADD, "Lang")
    await b.call(world.anna, ADD, "Huber")
    assert await _told(place, world.lang.id, world) == ["Lang"]
    pending = "select state from app_private.webhook_delivery where webhook_id = $1"
    merge = await place.merging.merge(world.huber, world.lang)
    assert await place.superuser.fetchval(pending, theirs) == "pending"
    assert await b.call(world.anna, MINE) == ["Huber", "Lang"]
    assert await _told(place, world.huber.id, world) == ["Huber", "Lang"]
    assert await _told(place, world.lang.id, world) == []
    await b.call(world.anna, ADD, "neu")
    await place.merging.undo(merge)
    assert await b.call(world.lena, MINE) == ["Lang"]
    assert await b.call(world.anna, MINE) == ["Huber", "neu"]
    assert await _told(place, world.lang.id, world) == ["Lang"]
    assert await _told(place, world.huber.id, world) == ["Huber", "neu"]
