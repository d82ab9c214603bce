"""Exclusive areas: a holder is asked before anybody else; no area has two holders."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from tests.fixtures import clock
from tests.fixtures.database import Urls, as_bearer, connected, waiting_for_locks
from tests.fixtures.guards import without
from tests.fixtures.market import Market, offers_of, slug
from tests.waves.test_waves import names, plan, reasons, state, waves_of, works

MONDAY = datetime(2027, 3, 8, 9, tzinfo=UTC)
HOLD = "select app.set_exclusive_areas($1, $2, null, $3)"


@pytest_asyncio.fixture
async def superuser(world_database: Urls) -> AsyncIterator[Any]:
    """Turns the clock, and turns it back; nobody holds anything before and after."""
    async with connected(world_database.superuser) as connection:
        await clock.stay_logged_in(connection)
        await connection.execute(
            "update app.participation set exclusive_areas = '{}', paused = false, cap_day = null"
        )
        await connection.execute("delete from app.company_absence")
        yield connection
        await clock.right(connection)
        await connection.execute("update app.participation set exclusive_areas = '{}'")


@pytest_asyncio.fixture
async def worker(world_database: Urls) -> AsyncIterator[Any]:
    """The connection of a worker."""
    async with connected(world_database.worker) as connection:
        yield connection


async def card(market: Market, company: Any, **change: Any) -> Any:
    """Changes a card as the operator."""
    path = f"/marketplaces/{market.m}/participations/{company.id}"
    return await market.olga.patch(path, change)


async def holds(market: Market, company: Any, *areas: str) -> None:
    """Klein, say, holds these areas from here on."""
    answer = await card(market, company, exclusive_areas=[*areas])
    assert answer.status_code == 200, answer.text
    assert answer.json()["exclusive_areas"] == [*areas]


async def preview(market: Market, postcode: str, **given: Any) -> list[dict[str, Any]]:
    """Who would be offered a lead from there."""
    lead = await market.draft(prospect={"postcode": postcode}, **given)
    answer = await market.olga.get(market.path(lead, "/offer-preview"))
    assert answer.status_code == 200, answer.text
    return answer.json()["waves"]  # type: ignore[no-any-return]


async def test_the_holder_is_asked_alone_and_the_others_next(
    market: Market, superuser: Any, worker: Any
) -> None:
    """Whatever the filters of the wave say, which name Huber; the second wave is for the others."""
    world = market.world
    await clock.stop(superuser, MONDAY)
    await plan(market, {"company_ids": [str(world.huber.id)]}, {})
    await holds(market, world.klein, "25")
    lead = await market.offered(prospect={"postcode": "25813"})
    elsewhere = await market.offered(prospect={"postcode": "10115"})
    assert lead in await offers_of(market.cora)
    assert lead not in await offers_of(market.anna)
    assert elsewhere in await offers_of(market.anna)
    first = (await waves_of(market, lead))[0]
    assert names(first["offered"]) == ["Firma Klein"]
    assert reasons(first["left_out"])["Firma Huber"] == "exclusive-area"
    await clock.stop(superuser, MONDAY + timedelta(minutes=60))
    await works(worker)
    assert lead in await offers_of(market.anna)
    assert reasons((await waves_of(market, lead))[1]["left_out"])["Firma Klein"] == "offered-before"


async def test_an_area_of_five_digits_and_what_lies_beside_it(
    market: Market, superuser: Any
) -> None:
    await plan(market, {})
    await holds(market, market.world.klein, "25813")
    for postcode, alone in (("25813", True), ("25814", False)):
        (wave,) = await preview(market, postcode)
        assert (names(wave["offered"]) == ["Firma Klein"]) == alone


@pytest.mark.parametrize("why", ["paused", "cap-day", "absent", "giver", "tags", "returned-before"])
async def test_while_the_holder_cannot_the_others_may(
    market: Market, superuser: Any, why: str
) -> None:
    world = market.world
    await plan(market, {})
    await holds(market, world.klein, "25")
    given: dict[str, Any] = {}
    if why == "paused":
        await card(market, world.klein, paused=True)
    elif why == "cap-day":
        await card(market, world.klein, caps={"day": 0})
    elif why == "absent":
        now = datetime.now(UTC)
        span = {"begins_at": now.isoformat(), "ends_at": (now + timedelta(days=1)).isoformat()}
        assert (await market.cora.post("/company/absences", span)).status_code == 201
    elif why == "tags":
        await card(market, world.klein, tags=["dach"])
        given = {"tags": ["fenster"]}
    lead = await market.draft(prospect={"postcode": "25813"}, **given)
    if why == "giver":
        await superuser.execute(
            "update app.participation set exclusive_areas = case company_id when $1"
            " then '{25}'::text[] else '{}' end, capacities = '{giver,taker}'"
            " where company_id = any ($2) and marketplace_id = $3",
            *(world.geber.id, [world.geber.id, world.klein.id], market.m),
        )
    elif why == "returned-before":
        await superuser.execute(
            "insert into app.engagement (marketplace_id, id, lead_id, company_id,"
            " operator_company_id, giver_company_id, company_name, state, origin, steps, step,"
            " ended_at) select marketplace_id, gen_random_uuid(), id, $2, operator_company_id,"
            " giver_company_id, '', 'returned', 'pick', '{neu}', 'neu', now() from app.lead"
            " where id = $1",
            *(UUID(lead), world.klein.id),
        )
    answer = await market.olga.get(market.path(lead, "/offer-preview"))
    (wave,) = answer.json()["waves"]
    holder = "Firma Geber" if why == "giver" else "Firma Klein"
    assert reasons(wave["left_out"])[holder] == why
    assert "Firma Huber" in names(wave["offered"])
    assert "exclusive-area" not in reasons(wave["left_out"]).values()
    await card(market, world.klein, tags=[], paused=False, caps={"day": None})
    await superuser.execute(
        "update app.participation set capacities = '{giver}' where company_id = $1", world.geber.id
    )


async def test_a_full_holder_waits_for_the_next_wave_as_the_plan_says(
    market: Market, superuser: Any
) -> None:
    """on_cap next_wave: the others are offered it meanwhile, and none of them by its place."""
    await plan(market, {"takers": 1}, {}, on_cap="next_wave")
    await holds(market, market.world.klein, "25")
    await card(market, market.world.klein, caps={"day": 0})
    first, second = await preview(market, "25813")
    assert reasons(first["left_out"])["Firma Klein"] == "cap-day"
    assert "exclusive-area" not in reasons(first["left_out"]).values()
    assert reasons(second["left_out"])["Firma Klein"] == "cap-day"


@pytest.mark.parametrize("areas", [["25"], ["257"], ["25", "99"], ["2"], ["80", "25813"]])
async def test_areas_that_overlap_have_one_holder(
    market: Market, superuser: Any, areas: list[str]
) -> None:
    world = market.world
    await holds(market, world.klein, "257", "25813", "80331")
    before = await card(market, world.huber)
    refused = await card(market, world.huber, exclusive_areas=areas, paused=True)
    assert (refused.status_code, slug(refused)) == (409, "exclusive-area-held")
    assert {one["company_name"] for one in refused.json()["holders"]} == {"Firma Klein"}
    assert (await card(market, world.huber)).json() == before.json()  # not paused either
    await holds(market, world.huber, "256", "1", "8034")  # beside them


async def test_its_own_areas_may_overlap_and_an_end_frees_them(
    market: Market, superuser: Any
) -> None:
    world = market.world
    await holds(market, world.klein, "25")
    await holds(market, world.klein, "25", "257")
    await superuser.execute(
        "update app.participation set state = 'active', ended_at = null where company_id = $1",
        world.lang.id,
    )
    await holds(market, world.lang, "4")
    path = f"/marketplaces/{market.m}/participations/{world.lang.id}"
    assert (await market.olga.delete(path)).status_code == 204
    await holds(market, world.huber, "4")
    ended = await card(market, world.lang, exclusive_areas=["5"])
    assert (ended.status_code, slug(ended)) == (422, "taker-unfit")
    await superuser.execute(
        "update app.participation set state = 'active', ended_at = null where company_id = $1",
        world.lang.id,
    )


async def test_the_operator_alone_sets_them(market: Market, superuser: Any) -> None:
    world = market.world
    path = f"/marketplaces/{market.m}/participations/{world.klein.id}"
    own = await market.cora.patch(path, {"exclusive_areas": ["25"]})
    assert (own.status_code, slug(own)) == (403, "operator-required")
    for stranger in (market.anna, market.fritz):
        answer = await stranger.patch(path, {"exclusive_areas": ["25"]})
        assert (answer.status_code, slug(answer)) == (404, "not-found")
    async with connected(market.urls.api) as api, as_bearer(api, world.cora.token):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await api.execute("update app.participation set exclusive_areas = '{25}'")
    stale = await market.olga.patch(
        path, {"exclusive_areas": ["25"]}, headers={"If-Match": '"4711"'}
    )
    assert (stale.status_code, slug(stale)) == (412, "version-stale")
    await holds(market, world.klein, "25")
    version = (await card(market, world.klein)).json()["version"]
    await holds(market, world.klein, "25")
    assert (await card(market, world.klein)).json()["version"] == version


async def two_at_once(market: Market, superuser: Any, *, guarded: bool) -> str:
    """Two colleagues of the operator give overlapping areas to two takers; how the second fares."""
    world = market.world
    async with connected(market.urls.api) as one, connected(market.urls.api) as other:

        async def second() -> str:
            try:
                async with as_bearer(other, world.otto.token):
                    await other.execute(HOLD, market.m, world.huber.id, ["257"])
            except asyncpg.PostgresError as refused:
                return str(refused).partition("\n")[0]
            return "held"

        async with as_bearer(one, world.olga.token):
            await one.execute(HOLD, market.m, world.klein.id, ["25"])
            task = asyncio.create_task(second())
            await (waiting_for_locks(superuser, task) if guarded else task)
        return await task


async def test_of_two_at_once_the_second_looks_again(market: Market, superuser: Any) -> None:
    """The control: without the lock of the marketplace both hold it."""
    assert await two_at_once(market, superuser, guarded=True) == "exclusive-area-held"
    await superuser.execute("update app.participation set exclusive_areas = '{}'")
    async with without(superuser, "app_private.operated_marketplace", " for no key update"):
        assert await two_at_once(market, superuser, guarded=False) == "held"


async def test_by_hand_past_the_holder(market: Market, superuser: Any) -> None:
    """Assigned and offered to others than the holder: allowed, and in the operator's audit log."""
    world = market.world
    await holds(market, world.klein, "25")
    passed = "select object_id from app_private.audit_entry where action = 'exclusive-area-passed'"
    given = {"prospect": {"postcode": "25813"}}
    offered = await market.offered(world.huber, **given)
    assert offered in await offers_of(market.anna)
    assigned = await market.draft(**given)
    await market.olga.post(market.path(assigned, "/accept"))
    to = {"company_id": str(world.huber.id)}
    assert (await market.olga.post(market.path(assigned, "/assign"), to)).status_code == 200
    elsewhere = await market.offered(world.huber)
    holder = await market.offered(world.klein, **given)
    logged = {str(row["object_id"]) for row in await superuser.fetch(passed)}
    assert {offered, assigned} <= logged
    assert not {elsewhere, holder} & logged
    assert await state(market, assigned) == "engaged"
