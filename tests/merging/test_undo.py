"""Undo after people went on working: nothing that was acknowledged is lost, nothing is half."""

import json
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from tests.fixtures.world import World
from tests.merging.conftest import Place
from tests.merging.stage import owned


async def _refused(place: Place, merge: UUID) -> dict[str, Any]:
    with pytest.raises(asyncpg.PostgresError) as refusal:
        await place.merging.undo(merge)
    assert refusal.value.constraint_name == "merge-not-undoable"
    detail: dict[str, Any] = json.loads(refusal.value.detail)
    return detail


async def test_work_done_since_is_kept(place: Place, world: World) -> None:
    """Lang was absorbed by Huber; then a step, a note, a message, and a pick of an offer that came
    from Lang."""
    b = place.builder(world)
    lead = await b.draft(world.geber, world.nord_id, "Für Lang allein")
    for call in ("submit_lead", "accept_lead"):
        await b.call(world.olga, f"app.{call}($1, $2)", world.nord_id, lead)
    await b.call(
        world.olga, "app.offer_lead($1, $2, $3, null)", world.nord_id, lead, [world.lang.id]
    )
    merge = await place.merging.merge(world.huber, world.lang)
    assigned = world.leads["assigned"]
    await b.call(
        world.ben,
        "app.change_engagement($1, $2, null, 'angebot', true, $3)",
        *(world.nord_id, assigned, world.ben.id),
    )
    note = await b.call(world.anna, "id from app.add_note($1, $2, 'neu')", world.nord_id, assigned)
    message = await b.call(
        world.lena, "id from app.add_message($1, $2, 'neu')", world.nord_id, assigned
    )
    await b.call(world.lena, "picked from app.pick_lead($1, $2)", world.nord_id, lead)
    result = await place.merging.undo(merge)
    fetch = place.superuser.fetchrow
    # Lang has its lead back, with the step that Ben made; Ben is no colleague of Lang's any more.
    engagement = await fetch("select * from app.engagement where lead_id = $1", assigned)
    assert (engagement["company_id"], engagement["step"]) == (world.lang.id, "angebot")
    assert (engagement["handler_id"], engagement["handler_name"]) == (None, None)
    # What was made since stays with the survivor, and is listed.
    for table, made in (("note", note), ("message", message)):
        row = await fetch(f"select * from app.{table} where id = $1", made)
        assert row["company_id"] == world.huber.id
        assert str(made) in result["since"][f"app.{table}"]["ids"]
    picked = await fetch("select * from app.engagement where lead_id = $1", lead)
    assert picked["company_id"] == world.huber.id
    offer = await fetch("select * from app.offer where lead_id = $1", lead)
    assert (offer["company_id"], offer["state"]) == (world.huber.id, "picked")
    # The message is seen as its lead is: by Lang, and not by Huber.
    assert (
        world.lang.id
        in (await fetch("select * from app.message where id = $1", message))["parties"]
    )
    assert await b.call(world.lena, "count(*) from app.lead where id = $1", assigned) == 1
    assert await b.call(world.anna, "count(*) from app.lead where id = $1", assigned) == 0
    assert await b.call(world.anna, "count(*) from app.lead where id = $1", lead) == 1


async def test_a_wave_that_went_on_stays_as_it_went(place: Place, world: World) -> None:
    """The giver absorbs its only taker: the offer ends, the lead is unplaced, the operator offers
    it to another. Undo does not bring the old wave back."""
    b = place.builder(world)
    lead = await b.draft(world.geber, world.nord_id, "Von Geber für Lang")
    for call in ("submit_lead", "accept_lead"):
        await b.call(world.olga, f"app.{call}($1, $2)", world.nord_id, lead)
    offer = "app.offer_lead($1, $2, $3, null)"
    await b.call(world.olga, offer, world.nord_id, lead, [world.lang.id])
    merge = await place.merging.merge(world.geber, world.lang)
    state = "select state from app.lead where id = $1"
    assert await place.superuser.fetchval(state, lead) == "unplaced"
    await b.call(world.olga, offer, world.nord_id, lead, [world.huber.id])
    await place.merging.undo(merge)
    assert await place.superuser.fetchval(state, lead) == "offered"
    rows = await place.superuser.fetch(
        "select company_id, state from app.offer where lead_id = $1 order by id", lead
    )
    assert [tuple(row) for row in rows] == [
        (world.lang.id, "withdrawn"),
        (world.huber.id, "open"),
    ]
    await b.call(world.anna, "picked from app.pick_lead($1, $2)", world.nord_id, lead)


async def test_an_operator_goes_with_what_was_made_since(place: Place, world: World) -> None:
    """Nord was absorbed by Fremd; a lead that came in since goes back with its marketplace."""
    merge = await place.merging.merge(world.fremd, world.nord)
    b = place.builder(world)
    assert await owned(place.superuser, world.nord.id) == []
    lead = await b.draft(world.geber, world.nord_id, "Neu")
    own = await b.draft(world.fritz, world.nord_id, "Auch neu")
    await b.call(world.fritz, "app.submit_lead($1, $2)", world.nord_id, lead)
    await place.merging.undo(merge)
    rows = await place.superuser.fetch(
        "select operator_company_id from app.lead where id = any ($1)", [lead, own]
    )
    assert [row[0] for row in rows] == [world.nord.id] * 2
    assert await b.call(world.olga, "count(*) from app.lead where id = $1", lead) == 1
    assert await b.call(world.fritz, "count(*) from app.lead where id = $1", lead) == 0


@pytest.mark.parametrize("side", ["operator", "taker"])
async def test_entries_of_exports_go_along_and_come_back(
    place: Place, world: World, side: str
) -> None:
    """An export is of no lead, by which a merge finds all else that was disclosed. What a partner
    took out before and since names the operator of the time."""
    b = place.builder(world)
    export = "app.begin_export(null, '{email}')"
    entries = (
        "select company_id, operator_company_id from app.disclosure where cause = 'export'"
        " and marketplace_id = $1 order by id"
    )
    before = [(world.huber.id, world.nord.id), (world.nord.id, world.nord.id)]
    for who in (world.anna, world.olga):
        await b.call(who, export)
    assert [tuple(x) for x in await place.superuser.fetch(entries, world.nord_id)] == before
    gone, stays = (world.nord, world.fremd) if side == "operator" else (world.huber, world.klein)
    merge = await place.merging.merge(stays, gone)
    assert await owned(place.superuser, gone.id) == []
    merged = [tuple(stays.id if one == gone.id else one for one in row) for row in before]
    assert [tuple(x) for x in await place.superuser.fetch(entries, world.nord_id)] == merged
    await b.call(world.cora, export)  # on a marketplace whose operator goes back
    await place.merging.undo(merge)
    rows = [tuple(x) for x in await place.superuser.fetch(entries, world.nord_id)]
    assert rows[:2] == before
    assert {row[1] for row in rows} == {world.nord.id}


async def test_who_has_no_card_any_more_leaves_as_usual(place: Place, world: World) -> None:
    """Fremd took part in Marktplatz Nord only through Lang's card: its open offer ends."""
    b = place.builder(world)
    merge = await place.merging.merge(world.fremd, world.lang)
    lead = await b.draft(world.geber, world.nord_id, "Für Fremd")
    for call in ("submit_lead", "accept_lead"):
        await b.call(world.olga, f"app.{call}($1, $2)", world.nord_id, lead)
    await b.call(
        world.olga, "app.offer_lead($1, $2, $3, null)", world.nord_id, lead, [world.fremd.id]
    )
    await place.merging.undo(merge)
    card = await place.superuser.fetchrow(
        "select * from app.participation where company_id = $1", world.fremd.id
    )
    assert (card["state"], card["company_name"]) == ("ended", "Firma Fremd")
    state = await place.superuser.fetchval("select state from app.lead where id = $1", lead)
    assert state == "unplaced"


async def test_not_after_thirty_days(place: Place, world: World) -> None:
    merge = await place.merging.merge(world.huber, world.klein)
    turn = "update app.company_merge set done_at = now() - interval '{}' where id = $1"
    await place.superuser.execute(turn.format("30 days 1 hour"), merge)
    assert (await _refused(place, merge))["reason"] == "too-late"
    await place.superuser.execute(turn.format("29 days 23 hours"), merge)
    await place.merging.undo(merge)


async def test_not_after_a_further_merge_of_the_survivor(place: Place, world: World) -> None:
    first = await place.merging.merge(world.huber, world.klein)
    second = await place.merging.merge(world.huber, world.lang)
    assert await _refused(place, first) == {"reason": "merged-again", "merge": str(second)}
    await place.merging.undo(second)
    await place.merging.undo(first)


async def test_not_without_an_admin_on_each_side(place: Place, world: World) -> None:
    merge = await place.merging.merge(world.huber, world.klein)
    role = "app.change_colleague($1, null, $2, null, null, null)"
    b = place.builder(world)
    await b.call(world.anna, role, world.cora.id, "member")
    assert (await _refused(place, merge))["reason"] == "no-admin"
    await b.call(world.anna, role, world.cora.id, "admin")
    await place.merging.undo(merge)
    with pytest.raises(asyncpg.PostgresError) as refusal:
        await place.merging.undo(merge)
    assert refusal.value.constraint_name == "merge-state"


async def test_the_journal_is_cleared_when_it_has_served(place: Place, world: World) -> None:
    merge = await place.merging.merge(world.huber, world.klein)
    count = "select count(*) from app_private.merge_journal where tab <> 'app.participation'"
    await place.worker.fetchval("select app.purge()")
    assert await place.superuser.fetchval(count) > 0
    await place.superuser.execute(
        "update app.company_merge set done_at = now() - interval '31 days' where id = $1", merge
    )
    await place.worker.fetchval("select app.purge()")
    assert await place.superuser.fetchval(count) == 0
