"""Plans of waves name companies for good: one that was absorbed stands for its survivor, before and
after, in what runs and in what is set; undoing the merge undoes that."""

from typing import Any

from tests.fixtures.world import World
from tests.merging.conftest import Place

WAVE = {"order": "priority", "response_minutes": 60, "working_time": False}


async def _named(place: Place, world: World) -> list[list[str]]:
    waves = await place.builder(world).call(
        world.nord, "waves from app.waves_of($1)", world.nord_id
    )
    return [wave["company_ids"] for wave in waves]


async def _plan(place: Place, world: World, *companies: Any) -> None:
    waves = [WAVE | {"company_ids": [str(company.id)]} for company in companies]
    plan = {"waves": waves, "on_cap": "skip", "recycle": "never"}
    await place.builder(world).call(world.nord, "app.set_waves($1, null, $2)", world.nord_id, plan)


async def _offered_in(place: Place, lead: Any) -> dict[int, Any]:
    rows = await place.superuser.fetch(
        "select wave, company_id from app.offer where lead_id = $1 and state <> 'withdrawn'", lead
    )
    return {row["wave"]: row["company_id"] for row in rows}


async def _wave_over(place: Place, lead: Any) -> None:
    await place.superuser.execute(
        "update app.offer set expires_at = now() - interval '1 s'"
        " where lead_id = $1 and state = 'open'",
        lead,
    )
    await place.worker.fetchval("select app.expire_offers(50)")
    await place.worker.fetchval("select app.end_waves(50)")


async def test_the_absorbed_company_stands_for_the_survivor(place: Place, world: World) -> None:
    """Lang first, then Klein, which Huber absorbs while Lang's wave runs: the second wave is
    Huber's. After the undoing the plan says Klein again."""
    lead = world.leads["available"]
    await _plan(place, world, world.lang, world.klein)
    await place.builder(world).call(
        world.nord, "app.offer_lead($1, $2, null, null)", world.nord_id, lead
    )
    before = await _named(place, world)
    merge = await place.merging.merge(world.huber, world.klein)
    assert await _named(place, world) == [[str(world.lang.id)], [str(world.huber.id)]]
    await _wave_over(place, lead)
    assert await _offered_in(place, lead) == {1: world.lang.id, 2: world.huber.id}
    await place.merging.undo(merge)
    assert await _named(place, world) == before


async def test_nobody_is_offered_a_lead_twice_by_a_merge(place: Place, world: World) -> None:
    """Klein had it in the first wave; the second names Huber, which Klein absorbed since."""
    lead = world.leads["available"]
    await _plan(place, world, world.klein, world.huber)
    await place.builder(world).call(
        world.nord, "app.offer_lead($1, $2, null, null)", world.nord_id, lead
    )
    await place.merging.merge(world.klein, world.huber)
    await _wave_over(place, lead)
    assert await _offered_in(place, lead) == {1: world.klein.id}
    left = await place.superuser.fetchval(
        "select left_out -> '2' from app.brokerage where lead_id = $1", lead
    )
    assert left["offered-before"] == [str(world.klein.id)]
    state = "select state from app.lead where id = $1"
    assert await place.superuser.fetchval(state, lead) == "unplaced"


async def test_a_merge_that_takes_the_last_offer_makes_the_next_wave_due(
    place: Place, world: World
) -> None:
    """The giver absorbs the only taker of the first wave: the worker goes on, the lead stays
    offered until then, and its new owner is left out as its giver."""
    lead = world.leads["available"]
    await _plan(place, world, world.klein, world.lang)
    await place.builder(world).call(
        world.nord, "app.offer_lead($1, $2, null, null)", world.nord_id, lead
    )
    await place.merging.merge(world.geber, world.klein)
    state = "select state from app.lead where id = $1"
    assert await place.superuser.fetchval(state, lead) == "offered"
    await place.worker.fetchval("select app.end_waves(50)")
    assert await _offered_in(place, lead) == {2: world.lang.id}
