"""Exclusive areas are united by a merge, and parted by its undo without a second holder; a
company's absences are the survivor's, and come back."""

from typing import Any
from uuid import UUID

from tests.fixtures.world import World
from tests.merging.conftest import Place

SPLIT = "select app.split_colleague($1, 'Ben Solar', $2, $3, 'Brief')"
HOLD = "app.set_exclusive_areas($1, $2, null, $3)"


async def _holds(place: Place, world: World, company: Any, *areas: str) -> None:
    await place.builder(world).call(world.nord, HOLD, world.nord_id, company.id, [*areas])


async def _held(place: Place, world: World) -> dict[Any, list[str]]:
    rows = await place.superuser.fetch(
        "select company_id, exclusive_areas from app.participation where marketplace_id = $1"
        " and exclusive_areas <> '{}'",
        world.nord_id,
    )
    return {row["company_id"]: sorted(row["exclusive_areas"]) for row in rows}


async def test_united_and_parted(place: Place, world: World) -> None:
    await _holds(place, world, world.klein, "25", "4")
    await _holds(place, world, world.huber, "1")
    before = await _held(place, world)
    merge = await place.merging.merge(world.huber, world.klein)
    assert await _held(place, world) == {world.huber.id: ["1", "25", "4"]}
    await place.merging.undo(merge)
    assert await _held(place, world) == before


async def test_what_somebody_was_given_since_stays_his(place: Place, world: World) -> None:
    """The operator takes 25 from the survivor and gives 257 to Lang: Klein comes back with 4
    alone, and Huber keeps what it was left."""
    await _holds(place, world, world.klein, "25", "4")
    await _holds(place, world, world.huber, "1")
    merge = await place.merging.merge(world.huber, world.klein)
    await _holds(place, world, world.huber, "1")
    await _holds(place, world, world.lang, "257")
    await place.merging.undo(merge)
    expected = {world.huber.id: ["1"], world.lang.id: ["257"], world.klein.id: ["4"]}
    assert await _held(place, world) == expected


async def test_what_the_survivor_was_given_since_stays_its_own(place: Place, world: World) -> None:
    """The operator set its areas anew: 25, which was Klein's, stays Huber's."""
    await _holds(place, world, world.klein, "25", "4")
    merge = await place.merging.merge(world.huber, world.klein)
    await _holds(place, world, world.huber, "25", "9")
    await place.merging.undo(merge)
    assert await _held(place, world) == {world.huber.id: ["25", "9"], world.klein.id: ["4"]}


async def test_a_card_that_goes_back_takes_them_along(place: Place, world: World) -> None:
    """Neu had no card: it works with Klein's, holds what Klein held, and gives it back."""
    await _holds(place, world, world.klein, "25")
    merge = await place.merging.merge(world.neu, world.klein)
    assert await _held(place, world) == {world.neu.id: ["25"]}
    await place.merging.undo(merge)
    assert await _held(place, world) == {world.klein.id: ["25"]}


async def test_who_splits_off_holds_nothing(place: Place, world: World) -> None:
    await _holds(place, world, world.huber, "1")
    lead = world.leads["engaged"]
    await place.superuser.execute(
        "update app.participation set cap_day = 3, time_zone = 'Europe/Vienna'"
        " where company_id = $1",
        world.huber.id,
    )
    done = await place.staff.fetchval(SPLIT, world.ben.email, [world.nord_id], [lead])
    assert await _held(place, world) == {world.huber.id: ["1"]}
    card = await place.superuser.fetchrow(
        "select cap_day, time_zone from app.participation where company_id = $1",
        UUID(done["company_id"]),
    )
    assert tuple(card) == (3, "Europe/Vienna")


async def test_the_survivor_is_away_when_it_was(place: Place, world: World) -> None:
    """Klein's absence is none of Huber's; it comes back as it was, what was entered since stays."""
    add = "id from app.add_company_absence(now(), now() + interval '1 day')"
    b = place.builder(world)
    kleins, hubers = await b.call(world.cora, add), await b.call(world.anna, add)
    merge = await place.merging.merge(world.huber, world.klein)
    rows = "select id, company_id from app.company_absence"
    assert dict(await place.superuser.fetch(rows)) == {hubers: world.huber.id}
    since = await b.call(world.cora, add)  # for both
    await place.merging.undo(merge)
    back = {hubers: world.huber.id, since: world.huber.id, kleins: world.klein.id}
    assert dict(await place.superuser.fetch(rows)) == back
