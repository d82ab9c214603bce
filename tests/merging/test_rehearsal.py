"""The rehearsal performs the merge and leaves no trace; the merge does what it said, or nothing."""

from typing import Any
from uuid import UUID

import asyncpg
import pytest

from tests.fixtures.world import World
from tests.merging.conftest import Place
from tests.merging.stage import fingerprint, mark


async def _report(place: Place, merge: UUID) -> Any:
    return await place.staff.fetchval("select rehearsal from app.list_merges($1)", merge)


async def _refused(place: Place, merge: UUID) -> tuple[str, str]:
    """The slug and the detail with which the merge refuses."""
    with pytest.raises(asyncpg.PostgresError) as refusal:
        await place.merging.run(merge)
    return str(refusal.value.constraint_name), str(refusal.value.detail)


async def test_it_reports_and_changes_nothing(place: Place, world: World) -> None:
    before, until = await fingerprint(place.superuser), await mark(place.superuser)
    merge = await place.merging.prepare(world.huber, world.klein)
    assert await fingerprint(place.superuser, until) == before
    report = await _report(place, merge)
    visible = {(g["to"], g["as"]): g["leads"] for g in report["visible"]}
    # Huber works the leads engaged and won; Klein has none, so Klein's colleagues gain two.
    assert visible == {("absorbed", "taker"): 2}
    assert report["to_absorbed"]["personal_data"] == 2
    assert report["to_survivor"] == {
        "personal_data": 0,
        "open_offers": 1,
        "notes": 0,
        "files": 0,
        "colleagues": [{"name": "Cora", "role": "admin"}],
    }
    assert report["settings"]["name"] == {"stays": "Firma Huber", "goes": "Firma Klein"}
    kinds = {(e["tab"], e["kind"], e.get("of")) for e in report["effects"]}
    assert ("app.participation", "collapsed", "absorbed") in kinds
    assert ("app.offer", "collapsed", "absorbed") in kinds
    assert report["blocks"] == []
    done = await place.merging.run(merge)
    assert (done["effects"], done["added"]) == (report["effects"], [])
    # But for the mails about the rehearsal itself, which wait in the outbox.
    mails = {"app_private.outbox": 0}
    assert done["rows"] | mails == report["rows"] | mails


async def test_the_better_offer_stays(place: Place, world: World) -> None:
    """Klein's offer of the lead `engaged` was lost, Huber's picked; of `declined` Klein declined
    and Huber's is open; of `expired` both expired: then the survivor's stays (case 4)."""
    await place.merging.merge(world.klein, world.huber)
    rows = await place.superuser.fetch(
        "select lead_id, state from app.offer where company_id = $1 order by id", world.klein.id
    )
    states = {row["lead_id"]: row["state"] for row in rows}
    assert len(rows) == len(states), "one offer for each lead"
    names = {lead: name for name, lead in world.leads.items()}
    found = {names[lead]: state for lead, state in states.items()}
    assert found["engaged"] == found["won"] == "picked"
    assert found["offered"] == found["declined"] == "open"
    assert found["expired"] == "expired"


async def test_an_operator_and_its_own_taker(place: Place, world: World) -> None:
    for survivor, absorbed in ((world.nord, world.huber), (world.huber, world.nord)):
        merge: UUID = await place.staff.fetchval(
            "select app.request_merge_in_writing($1, $2, null, 'Brief')", survivor.id, absorbed.id
        )
        report = await place.staff.fetchval("select app.rehearse_merge($1)", merge)
        assert [block["reason"] for block in report["blocks"]] == ["operator-may-not-take"]
        with pytest.raises(asyncpg.PostgresError) as refusal:
            await place.staff.fetchval(
                "select app.record_merge_consent($1, 'survivor', 'Brief')", merge
            )
        assert refusal.value.constraint_name == "merge-blocked"
    # The control: where the operator may take, it goes, and its open offers of its own end.
    await place.superuser.execute("update app.marketplace set operator_may_take = true")
    await place.merging.merge(world.nord, world.huber)
    open_offers = await place.superuser.fetchval(
        "select count(*) from app.offer where company_id = operator_company_id and state = 'open'"
    )
    assert open_offers == 0


async def test_a_block_that_came_later(place: Place, world: World) -> None:
    await place.superuser.execute("update app.marketplace set operator_may_take = true")
    merge = await place.merging.prepare(world.nord, world.huber)
    await place.superuser.execute("update app.marketplace set operator_may_take = false")
    assert (await _refused(place, merge))[0] == "merge-blocked"


DRIFTS = {
    "a setting": "update app.company set delegator_role = false where id = '{absorbed}'",
    "a lead that is not theirs any more": (
        "with e as (update app.engagement set company_id = '{lang}', handler_id = null,"
        " handler_name = null where lead_id = '{lead}' returning lead_id)"
        " update app.lead set engaged_company_id = '{lang}' where id in (select lead_id from e)"
    ),
    "another card": (
        "update app.participation set postcode_areas = '{{20}}' where company_id = '{survivor}'"
    ),
    "another offer stays": (
        "update app.offer set state = 'declined' where lead_id = '{offered}'"
        " and company_id = '{survivor}'"
    ),
}


@pytest.mark.parametrize("name", DRIFTS)
async def test_drift_is_refused(place: Place, world: World, name: str) -> None:
    """Klein takes Huber in; meanwhile something else than additions happened."""
    if name == "another card":
        await place.superuser.execute(
            "update app.participation set postcode_areas = '{10}' where company_id = $1",
            world.huber.id,
        )
        await place.superuser.execute(
            "update app.participation set postcode_areas = '{30}' where company_id = $1",
            world.klein.id,
        )
    merge = await place.merging.prepare(world.klein, world.huber)
    sql = DRIFTS[name].format(
        absorbed=world.huber.id, survivor=world.klein.id, lang=world.lang.id,
        lead=world.leads["won"], offered=world.leads["offered"],
    )  # fmt: skip
    async with place.superuser.transaction():
        await place.superuser.execute(sql)
        await place.superuser.execute(
            "select app_private.follow_parties(array_agg(marketplace_id), array_agg(id))"
            " from app.lead"
        )
    before = await fingerprint(place.superuser)
    slug, detail = await _refused(place, merge)
    assert slug == "merge-drift"
    assert len(detail) > 20
    assert await fingerprint(place.superuser) == before
    state = await place.staff.fetchval("select state from app.list_merges($1)", merge)
    assert state == "consented"
    # The control: rehearsed and consented to again, it runs.
    await place.staff.fetchval("select app.rehearse_merge($1)", merge)
    for side in ("survivor", "absorbed"):
        await place.staff.fetchval("select app.record_merge_consent($1, $2, 'Brief')", merge, side)
    await place.merging.run(merge)


async def test_rows_added_since_are_no_drift(place: Place, world: World) -> None:
    merge = await place.merging.prepare(world.klein, world.huber)
    b = place.builder(world)
    lead = await b.draft(world.geber, world.nord_id, "Nachzügler")
    for who, call in (("olga", "submit_lead"), ("olga", "accept_lead")):
        await b.call(getattr(world, who), f"app.{call}($1, $2)", world.nord_id, lead)
    takers = [world.huber.id, world.klein.id]
    await b.call(world.olga, "app.offer_lead($1, $2, $3, null)", world.nord_id, lead, takers)
    other = await b.draft(world.geber, world.nord_id, "Zugewiesener")
    for call in ("submit_lead", "accept_lead"):
        await b.call(world.olga, f"app.{call}($1, $2)", world.nord_id, other)
    await b.call(world.olga, "app.assign_lead($1, $2, $3)", world.nord_id, other, world.huber.id)
    result = await place.merging.run(merge)
    assert [effect["lead_id"] for effect in result["added"]] == [str(lead)]


async def test_the_worker_rehearses_again_after_drift(place: Place, world: World) -> None:
    from service.jobs.worker import timers as worker

    merge = await place.merging.prepare(world.klein, world.huber)
    await place.superuser.execute("update app.company_merge set execute_at = now()")
    await place.superuser.execute(
        "update app.company set language = 'en' where id = $1", world.huber.id
    )
    assert await worker.merges(place.worker) == 2  # refused, then rehearsed
    found = await place.staff.fetchrow("select * from app.list_merges($1)", merge)
    assert (found["state"], found["survivor_consent_at"]) == ("rehearsed", None)
    assert found["rehearsal"]["settings"]["language"]["goes"] == "en"


async def _offered(place: Place, world: World, *takers: Any) -> UUID:
    b = place.builder(world)
    lead: UUID = await b.draft(world.geber, world.nord_id, "Dach")
    for call in ("submit_lead", "accept_lead"):
        await b.call(world.olga, f"app.{call}($1, $2)", world.nord_id, lead)
    ids = [taker.id for taker in takers]
    await b.call(world.olga, "app.offer_lead($1, $2, $3, 72)", world.nord_id, lead, ids)
    return lead


async def _decline(place: Place, world: World, who: Any, lead: UUID) -> None:
    await place.builder(world).call(
        who, "state from app.decline_offer($1, $2, 'x')", world.nord_id, lead
    )


async def _an_hour_passes(place: Place) -> None:
    """And no timer has come yet."""
    for sql in (
        "update app.offer set answered_at = answered_at - interval '1 hour'",
        "update app.brokerage set wave_ends_at = wave_ends_at - interval '1 hour'",
    ):
        await place.superuser.execute(sql)


async def test_a_wave_that_time_ends_is_no_drift(place: Place, world: World) -> None:
    """Both declined a moment before the rehearsal. Their time to think again is over when the
    merge runs; that wave is the timer's, and it ends it."""
    lead = await _offered(place, world, world.huber, world.klein)
    for who in (world.anna, world.cora):
        await _decline(place, world, who, lead)
    merge = await place.merging.prepare(world.huber, world.klein)
    await _an_hour_passes(place)
    await place.merging.run(merge)
    state = "select state from app.lead where id = $1"
    assert await place.superuser.fetchval(state, lead) == "offered"
    assert await place.worker.fetchval("select app.end_waves(10)") == 1
    assert await place.superuser.fetchval(state, lead) == "unplaced"


async def test_what_the_merge_does_to_a_wave_does_not_hang_on_the_clock(
    place: Place, world: World
) -> None:
    """The giver absorbs its only taker but one, who declined a moment before: the wave ends with
    the merge, whether that one might still think again or not."""
    for passes in (False, True):
        lead = await _offered(place, world, world.klein, world.lang)
        await _decline(place, world, world.lena, lead)
        merge = await place.merging.prepare(world.geber, world.klein)
        if passes:
            await _an_hour_passes(place)
        done = await place.merging.run(merge)
        assert done["added"] == []
        state = "select state from app.lead where id = $1"
        assert await place.superuser.fetchval(state, lead) == "unplaced"
        await place.merging.undo(merge)
        assert await place.superuser.fetchval(state, lead) == "offered"
        await place.builder(world).call(
            world.olga, "app.withdraw_lead($1, $2, 'x')", world.nord_id, lead
        )
