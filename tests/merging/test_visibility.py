"""Who sees what after a merge, through the policies, as the former colleagues of both sides."""

from tests.fixtures.database import as_bearer
from tests.fixtures.world import World
from tests.merging.conftest import Place

TABLES = ("lead", "prospect", "engagement", "message", "history", "disclosure", "note",
          "invitation", "api_key")  # fmt: skip
Seen = dict[str, set[str]]


async def _seen(place: Place, token: str) -> Seen:
    """Table -> ids of the rows that a colleague is shown."""
    found: Seen = {}
    async with as_bearer(place.api, token):
        for table in TABLES:
            key = "lead_id" if table == "prospect" else "id"
            rows = await place.api.fetch(f"select {key}::text as id from app.{table}")
            found[table] = {row["id"] for row in rows}
    return found


async def test_both_see_what_either_saw(place: Place, world: World) -> None:
    before = {name: await _seen(place, getattr(world, name).token)
              for name in ("anna", "ben", "lena", "olga", "gerd", "cora", "fritz")}  # fmt: skip
    assert before["anna"]["lead"]
    assert before["lena"]["lead"]
    assert not before["anna"]["lead"] & before["lena"]["lead"]
    merge = await place.merging.merge(world.huber, world.lang)
    both = {table: before["anna"][table] | before["lena"][table] for table in TABLES}
    for name in ("anna", "ben", "lena"):
        assert await _seen(place, getattr(world, name).token) == both, name
    # Nobody else sees more or less than before.
    for name in ("olga", "gerd", "cora", "fritz"):
        assert await _seen(place, getattr(world, name).token) == before[name], name
    await place.merging.undo(merge)
    for name, seen in before.items():
        assert await _seen(place, getattr(world, name).token) == seen, name


async def test_both_work_what_either_worked(place: Place, world: World) -> None:
    """Lena works the lead that Ben picked, Anna the one assigned to Lang, and hands over."""
    await place.merging.merge(world.huber, world.lang)
    b = place.builder(world)
    change = "app.change_engagement($1, $2, null, $3, true, $4)"
    await b.call(
        world.lena, change, world.nord_id, world.leads["engaged"], "kontaktiert", world.lena.id
    )
    await b.call(
        world.anna, change, world.nord_id, world.leads["assigned"], "angebot", world.lena.id
    )
    rows = await place.superuser.fetch(
        "select step, handler_name from app.engagement where lead_id = any ($1) order by step",
        [world.leads["engaged"], world.leads["assigned"]],
    )
    assert [tuple(row) for row in rows] == [("angebot", "Lena"), ("kontaktiert", "Lena")]
