"""A colleague leaves into a company of his own, with chosen leads."""

from typing import Any
from uuid import UUID

import asyncpg
import pytest

from tests.fixtures.world import World
from tests.merging.conftest import Place

SPLIT = "select app.split_colleague($1, $2, $3, $4, 'Brief')"


async def _split(place: Place, email: str, leads: list[Any], world: World) -> Any:
    markets = [world.nord_id] * len(leads)
    return await place.staff.fetchval(SPLIT, email, "Lang Solar", markets, leads)


async def test_who_came_by_a_merge_leaves_with_what_came_along(place: Place, world: World) -> None:
    merge = await place.merging.merge(world.huber, world.lang)
    rows = await place.staff.fetch("select * from app.leads_of_merge($1)", merge)
    leads = [row["lead_id"] for row in rows]
    assert leads == [world.leads["assigned"]]
    b = place.builder(world)
    await b.call(
        world.anna,
        "app.change_engagement($1, $2, null, null, true, $3)",
        *(world.nord_id, world.leads["engaged"], world.lena.id),
    )
    done = await _split(place, world.lena.email, leads, world)
    new = done["company_id"]
    # Lena is still logged in, admin of her own company, and works the lead; Huber does not see it.
    me = await b.call(world.lena, "row_to_json(c)::jsonb from app.who_am_i() c")
    assert (me["company_id"], me["role"], me["company_name"]) == (new, "admin", "Lang Solar")
    one = "count(*) from app.{} where {} = $1"
    for table, key in (("lead", "id"), ("prospect", "lead_id"), ("engagement", "lead_id"),
                       ("note", "lead_id"), ("disclosure", "lead_id")):  # fmt: skip
        assert await b.call(world.lena, one.format(table, key), leads[0]) == 1, table
        assert await b.call(world.anna, one.format(table, key), leads[0]) == 0, table
    assert (
        await b.call(
            world.lena,
            "company_name from app.participation where marketplace_id = $1",
            world.nord_id,
        )
        == "Lang Solar"
    )
    # The lead she handled for Huber is Huber's, and handled by nobody.
    handler = "select handler_id from app.engagement where lead_id = $1"
    assert await place.superuser.fetchval(handler, world.leads["engaged"]) is None
    # The merge that brought her cannot be undone any more: her lead went elsewhere.
    with pytest.raises(asyncpg.PostgresError) as refusal:
        await place.merging.undo(merge)
    assert "colleague-split-off" in str(refusal.value.detail)
    # The way back is another merge.
    await place.merging.merge(world.huber, UUID(new))
    assert await b.call(world.anna, one.format("lead", "id"), leads[0]) == 1


async def test_what_cannot_go(place: Place, world: World) -> None:
    for leads in ([world.leads["assigned"]], [world.leads["offered"]]):
        with pytest.raises(asyncpg.PostgresError) as refusal:
            await _split(place, world.ben.email, leads, world)
        assert refusal.value.constraint_name == "leads-not-splittable"
        assert str(leads[0]) in str(refusal.value.detail)
    with pytest.raises(asyncpg.PostgresError) as refusal:  # the operator's leads stay with it
        await _split(place, world.otto.email, [world.leads["engaged"]], world)
    assert refusal.value.constraint_name == "leads-not-splittable"
    with pytest.raises(asyncpg.PostgresError) as refusal:
        await _split(place, world.anna.email, [], world)
    assert refusal.value.constraint_name == "last-admin"
    with pytest.raises(asyncpg.PostgresError) as refusal:
        await _split(place, "nobody@unknown.example", [], world)
    assert refusal.value.constraint_name == "not-found"
    assert await place.superuser.fetchval("select count(*) from app_private.company_split") == 0


async def test_without_leads_and_with_a_giver(place: Place, world: World) -> None:
    """Ben leaves with the lead he works; the giver's view of it stays."""
    b = place.builder(world)
    lead = world.leads["engaged"]
    history = "count(*) from app.history where lead_id = $1"
    before = await b.call(world.gerd, history, lead)
    done = await _split(place, world.ben.email, [lead], world)
    assert await b.call(world.gerd, history, lead) >= before
    assert done["rows"]["app.lead"] == 1
    await b.call(world.ben, "app.close_engagement($1, $2, 'won', 10)", world.nord_id, lead)


# What a company reads of a lead's engagements: how many, the names on cards of those that ended,
# what was said, what was charged and credited, ratings.
WORKED = """(select jsonb_build_array(
  (select count(*) from app.engagement where lead_id = $1),
  (select string_agg(company_name || ':' || coalesce(handler_name, '-'), ' ' order by id)
   from app.engagement_card where lead_id = $1),
  (select string_agg(text, ' ' order by id) from app.message where lead_id = $1),
  (select string_agg(kind, ' ' order by id) from app.posting where lead_id = $1),
  (select sum(stars) from app.rating where lead_id = $1)))"""


async def test_engagements_that_ended_go_with_the_lead(place: Place, world: World) -> None:
    """Huber paid for it, wrote, gave it back, and has it again: all of that goes with Ben, with the
    printed names of then. Huber reads nothing of it any more, the giver what it read before."""
    b, of = place.builder(world), (world.nord_id, world.leads["available"])
    change = "app.change_marketplace($1, null, $2)"
    await b.call(world.olga, change, world.nord_id, {"price_cents": 4500})
    assign = (world.olga, "app.assign_lead($1, $2, $3)", *of, world.huber.id)
    await b.call(*assign)
    handler = "app.change_engagement($1, $2, null, null, true, $3)"
    await b.call(world.anna, handler, *of, world.anna.id)
    await b.call(world.anna, "id from app.add_message($1, $2, 'Wann?')", *of)
    await b.call(world.anna, "app.rate_lead($1, $2, 2, null)", *of)
    await b.call(world.anna, "app.request_return($1, $2, 'other', null)", *of)
    await b.call(world.olga, "app.accept_return($1, $2, null)", *of)
    await b.call(*assign)
    await b.call(world.ben, "id from app.add_message($1, $2, 'Noch einmal')", *of)
    all_of_it = [2, "Firma Huber:Anna", "Wann? Noch einmal", "charge credit charge", 2]
    assert await b.call(world.ben, WORKED, of[1]) == all_of_it
    giver = await b.call(world.gerd, WORKED, of[1])
    assert giver == [2, None, "Guten Tag Wann? Noch einmal", None, None]
    done = await _split(place, world.ben.email, [of[1]], world)
    assert await b.call(world.ben, WORKED, of[1]) == all_of_it
    assert (await b.call(world.olga, WORKED, of[1]))[3:] == all_of_it[3:]
    assert await b.call(world.gerd, WORKED, of[1]) == giver
    assert await b.call(world.anna, WORKED, of[1]) == [0, None, None, None, None]
    assert await owned_leads(place, world.huber.id, of[1]) == []
    # The next end is its own: the card prints its name, and the credit is its.
    await b.call(world.olga, "app.revoke_engagement($1, $2, 'x')", *of)
    ended = await b.call(world.ben, WORKED, of[1])
    assert ended[1] == "Firma Huber:Anna Lang Solar:-"
    assert ended[3] == "charge credit charge credit"
    await place.merging.merge(world.huber, UUID(done["company_id"]))
    assert await b.call(world.anna, WORKED, of[1]) == ended


async def owned_leads(place: Place, company: Any, lead: UUID) -> list[str]:
    """Tables in which rows of the lead still name the company, authors aside."""
    found = []
    for table in ("engagement", "engagement_card", "posting", "rating", "return_request",
                  "disclosure"):  # fmt: skip
        rows = await place.superuser.fetchval(
            f"select count(*) from app.{table} where lead_id = $1 and company_id = $2",
            *(lead, company),
        )
        found += [table] if rows else []
    return found


async def test_a_givers_lead_goes_with_what_its_takers_said(place: Place, world: World) -> None:
    """Geber's lead that Huber gave back and Lang works goes with Gisa: she reads what Geber read,
    and Geber nothing of it any more; takers read what was theirs."""
    b, of = place.builder(world), (world.nord_id, world.leads["engaged"])
    gisa = await b.colleague(world.geber, "Gisa", "member")
    await b.call(world.ben, "id from app.add_message($1, $2, 'Wann?')", *of)
    await b.call(world.anna, "app.request_return($1, $2, 'other', null)", *of)
    await b.call(world.olga, "app.accept_return($1, $2, null)", *of)
    await b.call(world.olga, "app.assign_lead($1, $2, $3)", *of, world.lang.id)
    before = {who.name: await b.call(who, WORKED, of[1])
              for who in (world.gerd, world.ben, world.lena, world.olga)}  # fmt: skip
    await _split(place, gisa.email, [of[1]], world)
    assert await b.call(gisa, WORKED, of[1]) == before["Gerd"]
    assert (await b.call(world.gerd, WORKED, of[1]))[:3] == [0, None, None]
    for who in (world.ben, world.lena, world.olga):
        assert await b.call(who, WORKED, of[1]) == before[who.name], who.name
