"""Absence and cover: derived when read, nothing moved, reminders go to who covers."""

from typing import Any, NamedTuple
from uuid import UUID

import pytest

from tests.calls.test_calls import picked
from tests.calls.test_follow_ups import at, due, noted, reminders
from tests.fixtures.database import as_bearer, connected
from tests.fixtures.http import Person
from tests.fixtures.market import Market, slug


class Named(NamedTuple):
    """Somebody by his id alone."""

    id: str


async def away(by: Person, cover: Any, **given: Any) -> str:
    """Somebody is away from an hour ago for a week; returns the id."""
    body = {"begins_at": at(hours=-1), "ends_at": at(days=7), "covered_by_id": str(cover.id)}
    made = await by.post("/absences", body | given)
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def looked_after(person: Person, **narrow: str) -> set[str]:
    """Leads that somebody handles or covers."""
    params = {"as": "taker", "handler": "cover", "limit": 100, **narrow}
    answer = await person.get("/leads", params=params)
    assert answer.status_code == 200, answer.text
    return {item["id"] for item in answer.json()["items"]}


async def test_who_covers_sees_both_and_nothing_is_moved(market: Market) -> None:
    annas, bens = await picked(market), await picked(market, by=market.ben)
    assert annas not in await looked_after(market.ben)  # the control: nobody is away
    absence = await away(market.anna, market.world.ben)
    assert {annas, bens} <= await looked_after(market.ben)
    assert {annas, bens} <= await looked_after(market.ben, engagement="active", step="neu")
    assert annas not in await looked_after(market.dora)
    mine = (await market.ben.get("/leads?as=taker&handler=me&limit=100")).json()["items"]
    assert annas not in {item["id"] for item in mine}
    shown = (await market.ben.get(market.path(annas))).json()
    assert shown["engagement"]["handler_name"] == "Anna"
    follow_up = await noted(market, market.path(annas, "/follow-ups"))
    covered = (await market.ben.get("/follow-ups", params={"whose": "covered"})).json()["items"]
    assert follow_up["id"] in {item["id"] for item in covered}
    assert (await market.anna.delete(f"/absences/{absence}")).status_code == 204
    assert annas not in await looked_after(market.ben)


async def test_only_while_he_is_away(market: Market) -> None:
    lead = await picked(market)
    ahead = await away(market.anna, market.world.ben, begins_at=at(days=1))
    assert lead not in await looked_after(market.ben)
    await market.anna.delete(f"/absences/{ahead}")
    absence = await away(market.anna, market.world.ben)
    assert lead in await looked_after(market.ben)
    async with connected(market.urls.superuser) as superuser:
        await superuser.execute(
            "update app.absence set begins_at = now() - interval '2 days', ends_at = now()"
            " where id = $1",
            UUID(absence),
        )
    assert lead not in await looked_after(market.ben)


async def test_who_covers_may_be_away_himself(market: Market) -> None:
    """Anna is covered by Ben, he by Dora; a circle ends where it began."""
    lead = await picked(market)
    path = market.path(lead, "/follow-ups")
    made = [await away(market.anna, market.world.ben), await away(market.ben, market.world.dora)]
    assert lead in await looked_after(market.dora)
    await noted(market, path)
    await due(market, lead)
    assert len(await reminders(market, "dora@huber.example", lead)) == 1
    assert await reminders(market, "anna@huber.example", lead) == []
    made.append(await away(market.dora, market.world.anna))  # all of a circle: he himself
    assert lead in await looked_after(market.dora)
    await noted(market, path)
    await due(market, lead)
    assert len(await reminders(market, "anna@huber.example", lead)) == 1
    for absence in made:
        assert (await market.dora.delete(f"/absences/{absence}")).status_code == 204
    await noted(market, path)
    await due(market, lead)
    assert len(await reminders(market, "anna@huber.example", lead)) == 2


async def test_of_others_it_takes_a_delegator(market: Market) -> None:
    world = market.world
    given = {"colleague_id": str(world.anna.id), "begins_at": at(days=1), "ends_at": at(days=2)}
    refused = await market.ben.post("/absences", given)
    assert (refused.status_code, slug(refused)) == (403, "delegator-required")
    made = await market.dora.post("/absences", given)
    assert (made.status_code, made.json()["covered_by_id"]) == (201, None)
    one = f"/absences/{made.json()['id']}"
    assert slug(await market.ben.delete(one)) == "delegator-required"
    assert (await market.cora.delete(one)).status_code == 404
    assert (await market.anna.delete(one)).status_code == 204
    given = {"begins_at": at(days=1), "ends_at": at(days=2)}
    for cover in (world.cora, world.anna):  # of another company; himself
        refused = await market.anna.post("/absences", given | {"covered_by_id": str(cover.id)})
        assert (refused.status_code, slug(refused)) == (422, "cover-unfit")


@pytest.mark.parametrize(
    ("begins", "ends"), [({"days": 2}, {"days": 1}), ({"days": -9}, {"days": -8})]
)
async def test_it_ends_after_it_began_and_ahead(market: Market, begins: Any, ends: Any) -> None:
    body = {"begins_at": at(**begins), "ends_at": at(**ends)}
    assert (await market.anna.post("/absences", body)).status_code == 400


async def test_other_companies_read_none(market: Market) -> None:
    absence = await away(market.anna, market.world.ben)
    listed = (await market.ben.get("/absences")).json()["items"]
    assert absence in {item["id"] for item in listed}
    for who in (market.cora, market.olga, market.gerd):
        assert (await who.get("/absences")).json()["items"] == []
        async with connected(market.urls.api) as api, as_bearer(api, who.token):
            assert await api.fetchval("select count(*) from app.absence") == 0
    await market.anna.delete(f"/absences/{absence}")


async def test_who_leaves_is_not_away_and_covers_nobody(market: Market) -> None:
    weg = await market.joins(market.anna, "gegangen@huber.example", "Gustav")
    me = (await weg.get("/me")).json()["colleague"]
    own = await away(weg, market.world.ben)
    covered = await away(market.ben, Named(me["id"]))
    gone = await market.anna.patch(f"/colleagues/{me['id']}", {"active": False})
    assert gone.status_code == 200
    listed = {i["id"]: i for i in (await market.ben.get("/absences")).json()["items"]}
    assert own not in listed
    assert listed[covered]["covered_by_id"] is None
    await market.ben.delete(f"/absences/{covered}")
