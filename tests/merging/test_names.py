"""Names on live rows follow a merge, its undo and a split (docs/domain.md, case 11); what is
evidence keeps the name of its time."""

from typing import Any

from tests.fixtures.world import Colleague, World
from tests.merging.conftest import Place
from tests.merging.stage import former_names, printed

PLACES = {
    "app.lead operator_name",
    "app.lead giver_name",
    "app.lead engaged_company_name",
    "app.offer company_name",
    "app.engagement company_name",
    "app.engagement handler_name",
    "app.participation company_name",
    "app.participation operator_name",
    "app.marketplace operator_name",
}
EVIDENCE = """
    select 'history ' || id, company_name from app.history
    union all select 'disclosure ' || id, company_name from app.disclosure
    union all select 'message ' || id, company_name from app.message
    union all select 'engagement ' || id, company_name from app.engagement
      where state not in ('active', 'return_requested')
    union all select 'offer ' || id, company_name from app.offer where state <> 'open'
"""


async def _evidence(place: Place) -> dict[str, str]:
    return {row[0]: row[1] for row in await place.superuser.fetch(EVIDENCE)}


async def _kept(place: Place, before: dict[str, str]) -> bool:
    """What was printed on rows of the past is there as it was, where the row still is."""
    now = await _evidence(place)
    return {key: now[key] for key in before if key in now} == {
        key: name for key, name in before.items() if key in now
    }


async def _rename(place: Place, world: World, who: Colleague, name: str) -> None:
    await place.builder(world).call(who, "app.change_company(null, $1, null, null)", name)


async def _offered(place: Place, world: World, *takers: Any) -> Any:
    b = place.builder(world)
    lead = await b.draft(world.geber, world.nord_id, "Dach")
    for call in ("submit_lead", "accept_lead"):
        await b.call(world.olga, f"app.{call}($1, $2)", world.nord_id, lead)
    sql = "app.offer_lead($1, $2, $3, null)"
    await b.call(world.olga, sql, world.nord_id, lead, [taker.id for taker in takers])
    return lead


async def _work(place: Place, world: World) -> None:
    """Klein has an open offer, works one lead with a handler, and closed another."""
    b = place.builder(world)
    await _offered(place, world, world.klein, world.lang)
    for close in (False, True):
        lead = await _offered(place, world, world.klein)
        await b.call(world.cora, "picked from app.pick_lead($1, $2)", world.nord_id, lead)
        if close:
            sql = "app.close_engagement($1, $2, 'lost', null)"
            await b.call(world.cora, sql, world.nord_id, lead)


async def test_a_merge_prints_the_survivors_name(place: Place, world: World) -> None:
    """A taker absorbed by a taker, and undone; the survivor was renamed in between."""
    await _work(place, world)
    assert await printed(place.superuser) == PLACES
    assert await former_names(place.superuser) == []  # the control: so it is in the beginning
    before = await _evidence(place)
    merge = await place.merging.merge(world.huber, world.klein)
    assert await former_names(place.superuser) == []
    assert await _kept(place, before)
    await _rename(place, world, world.anna, "Huber und Klein")
    assert await former_names(place.superuser) == []
    before = await _evidence(place)
    await place.merging.undo(merge)
    assert await former_names(place.superuser) == []
    assert await _kept(place, before)


async def test_so_do_operators_and_givers(place: Place, world: World) -> None:
    """Fremd absorbs the operator, and that the giver; both are renamed, and come apart again."""
    await _work(place, world)
    before = await _evidence(place)
    merges = []
    for survivor, absorbed in ((world.fremd, world.nord), (world.fremd, world.geber)):
        merges.append(await place.merging.merge(survivor, absorbed))
        assert await former_names(place.superuser) == []
        await _rename(place, world, world.olga, f"Fremd nach {absorbed.name}")
        assert await former_names(place.superuser) == []
    for merge in reversed(merges):
        await place.merging.undo(merge)
        assert await former_names(place.superuser) == []
    assert await _kept(place, before)


async def test_what_an_undo_brings_back_has_the_name_of_now(place: Place, world: World) -> None:
    """Of two offers for one lead the survivor's went, since Klein's was the better one."""
    b = place.builder(world)
    lead = await _offered(place, world, world.huber, world.klein, world.lang)
    await b.call(world.anna, "state from app.decline_offer($1, $2, 'nein')", world.nord_id, lead)
    merge = await place.merging.merge(world.huber, world.klein)
    await _rename(place, world, world.anna, "Huber heute")
    await place.merging.undo(merge)
    assert await former_names(place.superuser) == []
    names = "select company_name from app.offer where lead_id = $1 order by company_id"
    assert [row[0] for row in await place.superuser.fetch(names, lead)] == [
        "Firma Huber",  # declined: evidence
        "Firma Klein",
        "Firma Lang",
    ]


async def test_a_split_prints_the_new_companys_name(place: Place, world: World) -> None:
    """With leads that others of the old company handle, and one that has an open offer."""
    b = place.builder(world)
    leads = [world.leads["engaged"]]
    for number in range(2):
        leads.append(await _offered(place, world, world.huber))
        await b.call(world.anna, "picked from app.pick_lead($1, $2)", world.nord_id, leads[-1])
        if number:
            sql = "app.close_engagement($1, $2, 'lost', null)"
            await b.call(world.anna, sql, world.nord_id, leads[-1])
    before = await _evidence(place)
    markets = [world.nord_id] * len(leads)
    await place.staff.fetchval(
        "select app.split_colleague($1, 'Ben Solar', $2, $3, 'Brief')",
        *(world.ben.email, markets, leads),
    )
    assert await former_names(place.superuser) == []
    assert await _kept(place, before)
    shown = "select engaged_company_name from app.lead where id = any ($1)"
    assert {row[0] for row in await place.superuser.fetch(shown, leads)} == {"Ben Solar"}
