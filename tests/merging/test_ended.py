"""Engagements that have ended follow their company through a merge, and back."""

import pytest

from tests.fixtures.database import as_bearer, connected
from tests.fixtures.world import World
from tests.merging.conftest import Place
from tests.merging.stage import fingerprint, mark

SEEN = """select (select count(*) from app.engagement where lead_id = $1) as engagements,
  (select count(*) from app.message where lead_id = $1) as messages,
  (select string_agg(company_name, ' ') from app.engagement_card where lead_id = $1) as names,
  (select count(*) from app.lead where id = $1) as leads"""


async def _ended(place: Place, world: World) -> None:
    """Huber picked `engaged`, wrote, returned it; Lang has it now."""
    b, of = place.builder(world), (world.nord_id, world.leads["engaged"])
    await b.call(world.ben, "id from app.add_message($1, $2, 'Wann?')", *of)
    await b.call(world.anna, "app.request_return($1, $2, 'other', null)", *of)
    await b.call(world.olga, "app.accept_return($1, $2, null)", *of)
    await b.call(world.olga, "app.assign_lead($1, $2, $3)", *of, world.lang.id)


async def _sees(place: Place, token: str, lead: object) -> tuple[object, ...]:
    async with connected(place.urls.api) as api, as_bearer(api, token):
        return tuple(await api.fetchrow(SEEN, lead))


@pytest.mark.parametrize("survivor", ["klein", "geber"])
async def test_a_former_taker_is_absorbed_and_comes_back(
    place: Place, world: World, survivor: str
) -> None:
    """The lead is not theirs any more; what was said is. Klein reads it since, the giver, too,
    with the names, for they are its own colleagues by then; undo restores the exact state."""
    await _ended(place, world)
    lead = world.leads["engaged"]
    to = getattr(world, survivor)
    before, until = await fingerprint(place.superuser), await mark(place.superuser)
    gerd = await _sees(place, world.gerd.token, lead)
    merge = await place.merging.merge(to, world.huber)
    seen = await _sees(place, to.token, lead)
    assert seen[2] == "Firma Huber"
    assert seen[0] == (1 if survivor == "klein" else 2)
    await place.merging.undo(merge)
    after = await fingerprint(place.superuser, until)
    assert {t for t in before if before[t] != after[t]} == set()
    assert await _sees(place, world.gerd.token, lead) == gerd
    assert gerd[2] is None
    assert (await _sees(place, world.ben.token, lead))[2:] == ("Firma Huber", 0)


@pytest.mark.parametrize("survivor", ["klein", "geber"])
async def test_what_ended_meanwhile_goes_back_with_its_names(
    place: Place, world: World, survivor: str
) -> None:
    """Huber's engagement ends while Huber is absorbed. After the undo Huber reads its names again,
    and neither the survivor nor the giver does; not even the giver that was the survivor."""
    b, of = place.builder(world), (world.nord_id, world.leads["engaged"])
    to = getattr(world, survivor)
    await b.call(world.ben, "id from app.add_message($1, $2, 'Wann?')", *of)
    change = "app.change_engagement($1, $2, null, null, true, $3)"
    await b.call(world.anna, change, *of, world.anna.id)
    merge = await place.merging.merge(to, world.huber)
    await b.call(world.anna, "app.request_return($1, $2, 'other', null)", *of)
    await b.call(world.olga, "app.accept_return($1, $2, null)", *of)
    await place.merging.undo(merge)
    lead = of[1]
    assert (await _sees(place, world.ben.token, lead))[2:] == (f"Firma {survivor.title()}", 0)
    asked = "select count(*) from app.return_request where lead_id = $1"
    said = """select string_agg(company_name || author_name, ' ') from app.message
      where lead_id = $1 and engagement_id is not null and text = 'Wann?'"""
    for who, requests in ((world.ben, 1), (to, 0), (world.gerd, 0)):
        async with connected(place.urls.api) as api, as_bearer(api, who.token):
            assert await api.fetchval(asked, lead) == requests, who.name
            if who is world.gerd:
                assert await api.fetchval(said, lead) == ""
    assert (await _sees(place, world.gerd.token, lead))[2] is None
    names = (
        "select jsonb_path_query_array(names, '$.*') from app.engagement_card where lead_id = $1"
    )
    filed = await place.superuser.fetchval(names, lead)
    changed = {"company_name": "Firma Huber", "colleague_name": "Anna"}
    assert {**changed, "detail": {"handler": "Anna"}} in filed


async def test_a_former_run_takes_no_open_offer_away(place: Place, world: World) -> None:
    """Klein had the lead until it was revoked; now Huber is offered it, and Klein absorbs
    Huber: the offer that is open stays, and so does what came of the former run."""
    b, of = place.builder(world), (world.nord_id, world.leads["available"])
    await b.call(world.olga, "app.offer_lead($1, $2, $3, null)", *of, [world.klein.id])
    await b.call(world.cora, "engagement_id from app.pick_lead($1, $2)", *of)
    await b.call(world.olga, "app.revoke_engagement($1, $2, 'ohne Kontakt')", *of)
    await b.call(world.olga, "app.offer_lead($1, $2, $3, null)", *of, [world.huber.id])
    offers = "select state from app.offer where lead_id = $1 order by id"
    before = await place.superuser.fetch(offers, of[1])
    merge = await place.merging.merge(world.klein, world.huber)
    assert await place.superuser.fetch(offers, of[1]) == before
    assert [row["state"] for row in before] == ["picked", "open"]
    assert await b.call(world.cora, "engagement_id from app.pick_lead($1, $2)", *of)
    await place.merging.undo(merge)
