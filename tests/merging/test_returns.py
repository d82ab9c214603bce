"""Requests to return a lead follow their company through a merge, back, and into a split."""

from tests.fixtures.world import World
from tests.merging.conftest import Place
from tests.merging.stage import fingerprint, mark

SEEN = "(select state from app.return_request where lead_id = $1)"
NEEDED = "app.change_company(null, null, null, null, true)"
ASK = "app.request_return($1, $2, 'other', null)"


async def _waits(place: Place, world: World) -> None:
    """Ben of Huber asked; Anna did not release it yet."""
    b, of = place.builder(world), (world.nord_id, world.leads["engaged"])
    await b.call(world.anna, NEEDED)
    await b.call(world.ben, ASK, *of)
    assert await b.call(world.anna, SEEN, of[1]) == "waiting"


async def test_what_waits_is_released_by_who_absorbs(place: Place, world: World) -> None:
    b, of = place.builder(world), (world.nord_id, world.leads["engaged"])
    await _waits(place, world)
    before, until = await fingerprint(place.superuser), await mark(place.superuser)
    merge = await place.merging.merge(world.klein, world.huber)
    assert await b.call(world.cora, SEEN, of[1]) == "waiting"
    assert await b.call(world.olga, SEEN, of[1]) is None
    await place.merging.undo(merge)
    after = await fingerprint(place.superuser, until)
    assert {t for t in before if before[t] != after[t]} == set()
    assert await b.call(world.cora, SEEN, of[1]) is None
    await place.merging.merge(world.klein, world.huber)
    await b.call(world.cora, "app.release_return($1, $2)", *of)
    assert await b.call(world.olga, SEEN, of[1]) == "requested"
    await b.call(world.olga, "app.accept_return($1, $2, null)", *of)
    assert await b.call(world.cora, SEEN, of[1]) == "accepted"


async def test_a_request_goes_with_a_lead_that_is_split_off(place: Place, world: World) -> None:
    b, lead = place.builder(world), world.leads["engaged"]
    await place.merging.merge(world.klein, world.huber)
    await b.call(world.cora, NEEDED)
    await b.call(world.ben, ASK, world.nord_id, lead)
    await place.staff.fetchval(
        "select app.split_colleague($1, 'Ben Solar', $2, $3, 'Brief')",
        *(world.ben.email, [world.nord_id], [lead]),
    )
    assert await b.call(world.ben, SEEN, lead) == "waiting"
    assert await b.call(world.cora, SEEN, lead) is None


async def test_rules_follow_their_operator(place: Place, world: World) -> None:
    b = place.builder(world)
    rules = {"window_days": 3}
    await b.call(world.olga, "app.set_return_rules($1, null, $2)", world.nord_id, rules)
    window = "(select window_days from app.return_rules where marketplace_id = $1)"
    await place.merging.merge(world.geber, world.nord)
    assert await b.call(world.gerd, window, world.nord_id) == 3
    assert await b.call(world.anna, window, world.nord_id) is None
    asked = "(select window_days from app.return_rules_of($1))"
    assert await b.call(world.anna, asked, world.nord_id) == 3  # the control
