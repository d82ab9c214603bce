"""Nobody deals with himself by way of a merge (docs/domain.md, case 2): a giver is not offered its
own lead by an offer of whom it merged with, and an operator takes what its partners left over."""

from typing import Any
from uuid import UUID

import asyncpg
import pytest

from tests.fixtures.world import World
from tests.merging.conftest import Place

MAY = "update app.marketplace set operator_may_take = true"
PICK = "engagement_id from app.pick_lead($1, $2)"
REOPEN = "lead_id from app.reopen_offer($1, $2)"


async def _offered(place: Place, world: World, *companies: Any) -> UUID:
    """A lead of Geber in its first of two waves: these, then all the others."""
    waves: list[dict[str, Any]] = [
        {"order": "priority", "response_minutes": 60, "working_time": False} for _ in range(2)
    ]
    waves[0]["company_ids"] = [str(company.id) for company in companies]
    plan = {"waves": waves, "on_cap": "skip", "recycle": "never"}
    b = place.builder(world)
    await b.call(world.nord, "app.set_waves($1, null, $2)", world.nord_id, plan)
    lead: UUID = world.leads["available"]
    await b.call(world.nord, "app.offer_lead($1, $2, null, null)", world.nord_id, lead)
    return lead


async def _refusal(place: Place, world: World, who: Any, call: str, *values: Any) -> str:
    with pytest.raises(asyncpg.PostgresError) as refused:
        await place.builder(world).call(who, call, *values)
    return str(refused.value.constraint_name)


async def _next_wave(place: Place, lead: UUID) -> None:
    await place.superuser.execute(
        "update app.offer set expires_at = now() - interval '1 s', answered_at = now() - interval"
        " '1 h' where lead_id = $1 and state in ('open', 'declined')",
        lead,
    )
    await place.worker.fetchval("select app.expire_offers(50)")
    await place.worker.fetchval("select app.end_waves(50)")


@pytest.mark.parametrize("giver_stays", [True, False])
@pytest.mark.parametrize("answer", ["open", "declined"])
async def test_a_giver_gets_no_lead_of_its_own_by_a_merge(
    place: Place, world: World, giver_stays: bool, answer: str
) -> None:
    """Klein's offer of Geber's lead, open or declined, is not Geber's to pick or to take back."""
    lead = await _offered(place, world, world.klein, world.huber)
    key = (world.nord_id, lead)
    if answer == "declined":
        await place.builder(world).call(world.cora, "app.decline_offer($1, $2, 'weit')", *key)
    pair = (world.geber, world.klein) if giver_stays else (world.klein, world.geber)
    await place.merging.merge(*pair)
    for who in (world.cora, world.gerd):
        assert await _refusal(place, world, who, REOPEN, *key) == "lead-no-longer-available"
        assert await _refusal(place, world, who, PICK, *key) == "lead-no-longer-available"
        # nor by hand
    together = pair[0].id
    for call, whom in (
        ("app.offer_lead($1, $2, $3, null)", [together]),
        ("app.assign_lead($1, $2, $3)", together),
    ):
        if call.startswith("app.offer"):
            await _next_wave(place, lead)
            await _next_wave(place, lead)
        assert await _refusal(place, world, world.nord, call, *key, whom) == "taker-unfit"
    # The control: Huber had its offer.
    states = await place.superuser.fetch(
        "select company_id, state from app.offer where lead_id = $1", lead
    )
    assert {row["company_id"] for row in states} >= {world.huber.id, together}


@pytest.mark.parametrize("operator_stays", [True, False])
async def test_an_operator_and_its_taker_take_after_the_first_wave(
    place: Place, world: World, operator_stays: bool
) -> None:
    """Klein is offered a lead together with Huber and merges with the operator: they wait as the
    operator does, and the pick is marked."""
    await place.superuser.execute(MAY)
    lead = await _offered(place, world, world.klein, world.huber)
    key = (world.nord_id, lead)
    pair = (world.nord, world.klein) if operator_stays else (world.klein, world.nord)
    await place.merging.merge(*pair)
    for who in (world.cora, world.olga):
        refused = await _refusal(place, world, who, PICK, *key)
        assert refused == "operator-takes-after-first-wave"
        own = "app.assign_lead($1, $2, $3)"
        refused = await _refusal(place, world, who, own, *key, pair[0].id)
        assert refused == "operator-takes-after-first-wave"
    await _next_wave(place, lead)
    assert (
        await place.superuser.fetchval(
            "select count(*) from app.offer where lead_id = $1 and wave = 2 and company_id = $2",
            *(lead, pair[0].id),
        )
        == 0
    )
    await place.builder(world).call(world.cora, PICK, *key)
    marked = "select self_pick from app.engagement where lead_id = $1"
    assert await place.superuser.fetchval(marked, lead) is True


async def test_a_declined_offer_is_not_taken_back_by_who_operates_now(
    place: Place, world: World
) -> None:
    await place.superuser.execute(MAY)
    lead = await _offered(place, world, world.klein, world.huber)
    key = (world.nord_id, lead)
    await place.builder(world).call(world.cora, "app.decline_offer($1, $2, 'weit')", *key)
    await place.merging.merge(world.nord, world.klein)
    assert await _refusal(place, world, world.cora, REOPEN, *key) == "lead-no-longer-available"
    refused = await _refusal(place, world, world.cora, PICK, *key)
    assert refused == "operator-takes-after-first-wave"
