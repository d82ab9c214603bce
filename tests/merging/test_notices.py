"""What waits for a colleague goes with him, through a merge and back; what he chose stays his."""

from typing import Any

import pytest

from tests.fixtures.world import World
from tests.merging.conftest import Place

CORA = "cora@klein.example"


async def _wait(place: Place, world: World) -> None:
    """Cora has a digest, and two things wait for it."""
    cora = await place.superuser.fetchval("select id from app.colleague where email = $1", CORA)
    await place.superuser.execute("truncate app_private.outbox")
    await place.superuser.execute(
        "insert into app_private.notice_preference values"
        " ($1, 'Europe/Berlin', '08:00', null, null, '{messages}', '{offers}')",
        cora,
    )
    for _ in range(2):
        await place.superuser.execute(
            "select app_private.mail_company('message-received', $1, $2)",
            world.klein.id,
            {"company": "Nord", "lead": "0190-l", "marketplace_id": "0190-m"},
        )
    await place.worker.fetchval("select app.address_mails(100)")
    assert await _rows(place, "waiting") == [("message-received", world.klein.id)] * 2


async def _rows(place: Place, kind: str) -> list[tuple[str, Any]]:
    rows = await place.superuser.fetch(
        "select template, company_id from app_private.outbox where kind = $1 and recipient = $2"
        " and template !~ '^merge-' order by id",
        kind,
        CORA,
    )
    return [(row["template"], row["company_id"]) for row in rows]


async def _gather(place: Place) -> None:
    await place.superuser.execute(
        "update app_private.outbox set due_at = now() - interval '1 min' where kind = 'waiting'"
    )
    await place.worker.fetchval("select app.gather_mails(100)")


@pytest.mark.parametrize("back", [False, True])
async def test_a_digest_survives_a_merge_and_its_undoing(
    place: Place, world: World, back: bool
) -> None:
    await _wait(place, world)
    merge = await place.merging.merge(world.huber, world.klein)
    company = world.huber.id
    if back:
        await place.merging.undo(merge)
        company = world.klein.id
    await _gather(place)
    assert await _rows(place, "mail") == [("digest", company)]
    kept = await place.superuser.fetchrow(
        "select p.digested, p.refused from app_private.notice_preference p"
        " join app.colleague c on c.id = p.colleague_id where c.email = $1",
        CORA,
    )
    assert (kept["digested"], kept["refused"]) == (["messages"], ["offers"])


async def test_what_waits_for_another_company_goes(place: Place, world: World) -> None:
    """The control: he acts for another company by now, and is told nothing of the former."""
    await _wait(place, world)
    await place.superuser.execute(
        "update app_private.outbox set company_id = $1 where kind = 'waiting'", world.huber.id
    )
    await _gather(place)
    assert await _rows(place, "mail") == []
    assert await _rows(place, "waiting") == []
