"""Claims and calls of two companies that become one, and part again."""

from typing import Any

from tests.fixtures.world import World
from tests.merging.conftest import Place

CLAIM = """insert into app.call_claim (marketplace_id, id, lead_id, company_id, colleague_id,
    colleague_name, claimed_at, until)
  values ($1, app_private.new_id(), $2, $3, $4, 'x', now(), now() + make_interval(mins => $5))"""


async def _claims(place: Place, world: World) -> list[tuple[Any, Any]]:
    rows = await place.superuser.fetch(
        "select company_id, colleague_id from app.call_claim where lead_id = $1 order by until",
        world.leads["assigned"],
    )
    return [(row["company_id"], row["colleague_id"]) for row in rows]


async def test_calls_follow_their_company_and_the_later_claim_counts(
    place: Place, world: World
) -> None:
    """Lang works the lead that was assigned to it; of Huber there is a claim from before."""
    b, lead = place.builder(world), world.leads["assigned"]
    for company, colleague, minutes in ((world.lang, world.lena, 14), (world.huber, world.ben, 3)):
        await place.superuser.execute(CLAIM, world.nord_id, lead, company.id, colleague.id, minutes)
    logged = "id from app.log_call($1, $2, 'mailbox', 'Frau war da', null)"
    lane = (world.nord_id, lead)
    await b.call(world.lena, logged, *lane)
    await place.superuser.execute(CLAIM, *lane, world.lang.id, world.lena.id, 14)
    before = await _claims(place, world)
    assert before == [(world.huber.id, world.ben.id), (world.lang.id, world.lena.id)]
    merge = await place.merging.merge(world.huber, world.lang)
    assert await _claims(place, world) == [(world.huber.id, world.lena.id)]
    seen = "count(*) from app.call_attempt where lead_id = $1 and note is not null"
    assert await b.call(world.ben, seen, lead) == 1
    since = await b.call(world.ben, "id from app.log_call($1, $2, 'reached', null, null)", *lane)
    result = await place.merging.undo(merge)
    assert sorted(await _claims(place, world)) == sorted(before)
    assert await b.call(world.lena, seen, lead) == 1
    assert await b.call(world.ben, seen, lead) == 0
    assert result["since"]["app.call_attempt"]["ids"] == [str(since)]


async def test_calls_go_with_a_lead_that_is_split_off(place: Place, world: World) -> None:
    b, lead = place.builder(world), world.leads["assigned"]
    merge = await place.merging.merge(world.huber, world.lang)
    await b.call(
        world.ben, "id from app.log_call($1, $2, 'reached', null, null)", world.nord_id, lead
    )
    await place.staff.fetchval(
        "select app.split_colleague($1, 'Lang Solar', $2, $3, 'Brief')",
        *(world.lena.email, [world.nord_id], [lead]),
    )
    assert merge
    count = "count(*) from app.call_attempt where lead_id = $1"
    assert await b.call(world.lena, count, lead) == 1
    assert await b.call(world.ben, count, lead) == 0


async def test_follow_ups_follow_and_strangers_have_none(place: Place, world: World) -> None:
    """Ben of Huber takes one that came with Lang; undone it is Lang's and nobody's."""
    b, lead = place.builder(world), world.leads["assigned"]
    add = "id from app.add_follow_up($1, $2, now() + interval '1 day', 'x', $3)"
    made = await b.call(world.lena, add, world.nord_id, lead, world.lena.id)
    merge = await place.merging.merge(world.huber, world.lang)
    change = "colleague_id from app.change_follow_up($1, $2, $3, null, $4)"
    given = await b.call(
        world.anna, change, world.nord_id, lead, made, {"colleague_id": str(world.ben.id)}
    )
    assert given == world.ben.id
    await place.merging.undo(merge)
    row = await place.superuser.fetchrow("select * from app.follow_up where id = $1", made)
    assert (row["company_id"], row["colleague_id"]) == (world.lang.id, None)
    assert await b.call(world.ben, "count(*) from app.follow_up where id = $1", made) == 0
