"""Leads are offered wave by wave: by the plan, by the clock, and nobody twice."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from service.jobs.worker import timers
from tests.fixtures import clock
from tests.fixtures.database import Urls, connected
from tests.fixtures.market import Market, offers_of, slug, state
from tests.http.test_dying_tokens import Beside

MONDAY = datetime(2027, 3, 8, 9, tzinfo=UTC)  # 10 in Berlin


@pytest_asyncio.fixture
async def superuser(world_database: Urls) -> AsyncIterator[Any]:
    """Turns the clock, and turns it back."""
    async with connected(world_database.superuser) as connection:
        await clock.stay_logged_in(connection)
        yield connection
        await clock.right(connection)


@pytest_asyncio.fixture
async def worker(world_database: Urls) -> AsyncIterator[Any]:
    """The connection of a worker."""
    async with connected(world_database.worker) as connection:
        yield connection


async def plan(market: Market, *waves: dict[str, Any], **more: Any) -> Any:
    """Sets the plan of Marktplatz Nord, whichever it was."""
    body = {"waves": [{"response_minutes": 60, "working_time": False} | one for one in waves]}
    path = f"/marketplaces/{market.m}/waves"
    answer = await market.olga.put(path, body | more, headers={"If-Match": "*"})
    assert answer.status_code == 200, answer.text
    return answer


async def works(worker: Any) -> None:
    """What is due now."""
    await timers.expire(worker)
    await timers.end_waves(worker)
    await timers.call_last(worker)


async def waves_of(market: Market, lead: str) -> list[dict[str, Any]]:
    """The newest brokerage, for its operator."""
    answer = await market.olga.get(market.path(lead, "/brokerages"))
    assert answer.status_code == 200, answer.text
    return answer.json()["items"][0]["waves"]  # type: ignore[no-any-return]


def names(rows: list[dict[str, Any]]) -> list[str]:
    return [row["company_name"] for row in rows]


def reasons(rows: list[dict[str, Any]]) -> dict[str, str]:
    return {row["company_name"]: row["reason"] for row in rows}


async def test_without_a_plan_it_is_one_wave_to_all(market: Market) -> None:
    shown = await market.olga.get(f"/marketplaces/{market.m}/waves")
    assert shown.headers["etag"] == '"0"'
    assert shown.json()["waves"] == [
        {"response_minutes": 2880, "order": "priority", "working_time": False}
    ]
    for who in (market.anna, market.gerd, market.fritz):
        path = f"/marketplaces/{market.m}/waves"
        assert (await who.get(path)).status_code == 404
        body = {"waves": [{"response_minutes": 1}]}
        foreign = await who.put(path, body, headers={"If-Match": "*"})
        assert (foreign.status_code, slug(foreign)) == (404, "not-found")


async def test_three_waves_by_the_clock(market: Market, superuser: Any, worker: Any) -> None:
    """Klein first; then Huber, told once more before the end; then all the others; then nobody."""
    world = market.world
    await clock.stop(superuser, MONDAY)
    await plan(
        market,
        {"company_ids": [str(world.klein.id)]},
        {"company_ids": [str(world.huber.id)], "response_minutes": 120, "last_call_minutes": 30},
        {},
    )
    lead = await market.offered()
    assert lead in await offers_of(market.cora)
    assert lead not in await offers_of(market.anna)
    await works(worker)
    assert lead in await offers_of(market.cora)

    await clock.stop(superuser, MONDAY + timedelta(minutes=60))
    await works(worker)
    assert lead not in await offers_of(market.cora)
    assert lead in await offers_of(market.anna)
    late = await market.cora.post(market.path(lead, "/pick"))
    assert (late.status_code, slug(late)) == (409, "lead-no-longer-available")

    calls = "select count(*) from app_private.outbox where template = 'offer-last-call'"
    await superuser.fetchval("select app.mail_events()")
    before = await superuser.fetchval(calls)
    await clock.stop(superuser, MONDAY + timedelta(minutes=150))
    await works(worker)
    await works(worker)
    await superuser.fetchval("select app.mail_events()")
    assert await superuser.fetchval(calls) == before + 1

    await clock.stop(superuser, MONDAY + timedelta(minutes=180))
    await works(worker)
    assert lead in await offers_of(market.lena)
    assert lead not in await offers_of(market.anna)
    await clock.stop(superuser, MONDAY + timedelta(minutes=240))
    await works(worker)
    assert await state(market, lead) == "unplaced"

    first, second, third = await waves_of(market, lead)
    assert [names(w["offered"]) for w in (first, second)] == [["Firma Klein"], ["Firma Huber"]]
    assert reasons(first["left_out"])["Firma Huber"] == "not-named"
    assert reasons(third["left_out"])["Firma Klein"] == "offered-before"
    assert {one["outcome"] for w in (first, second, third) for one in w["offered"]} == {"expired"}


async def test_a_running_brokerage_keeps_its_plan(
    market: Market, superuser: Any, worker: Any
) -> None:
    world = market.world
    await clock.stop(superuser, MONDAY)
    await plan(
        market, {"company_ids": [str(world.klein.id)]}, {"company_ids": [str(world.lang.id)]}
    )
    lead = await market.offered()
    await plan(market, {"company_ids": [str(world.huber.id)]})
    await clock.stop(superuser, MONDAY + timedelta(hours=2))
    await works(worker)
    assert lead in await offers_of(market.lena)
    assert lead not in await offers_of(market.anna)


async def test_when_all_declined_the_next_wave_comes_after_the_grace(
    market: Market, superuser: Any, worker: Any
) -> None:
    """Not at once: the refusal may be taken back; and by the worker alone."""
    world = market.world
    await clock.stop(superuser, MONDAY)
    await plan(
        market, {"company_ids": [str(world.klein.id)]}, {"company_ids": [str(world.huber.id)]}
    )
    lead = await market.offered()
    assert (await market.cora.post(market.path(lead, "/decline"))).status_code == 200
    await works(worker)
    assert lead not in await offers_of(market.anna)
    assert (await market.cora.post(market.path(lead, "/reopen"))).status_code == 200
    await clock.stop(superuser, MONDAY + timedelta(seconds=20))
    await works(worker)
    assert lead not in await offers_of(market.anna)
    assert (await market.cora.post(market.path(lead, "/decline"))).status_code == 200
    await clock.stop(superuser, MONDAY + timedelta(seconds=36))
    await works(worker)
    assert lead in await offers_of(market.anna)
    gone = await market.cora.post(market.path(lead, "/reopen"))
    assert (gone.status_code, slug(gone)) == (409, "lead-no-longer-available")


async def test_who_leaves_ends_a_wave_and_the_worker_opens_the_next(
    market: Market, superuser: Any, worker: Any
) -> None:
    """The last open offer goes with the card; whoever holds it opens no wave himself."""
    world = market.world
    await clock.stop(superuser, MONDAY)
    await plan(
        market, {"company_ids": [str(world.lang.id)]}, {"company_ids": [str(world.huber.id)]}
    )
    lead = await market.offered()
    await superuser.execute(
        "update app.offer set state = 'withdrawn', answered_at = app_private.clock()"
        " where lead_id = $1 and state = 'open'",
        lead,
    )
    assert not await superuser.fetchval(
        "select app_private.conclude_wave($1, $2, true)", market.m, lead
    )
    assert await state(market, lead) == "offered"
    await works(worker)
    assert lead in await offers_of(market.anna)


async def test_after_six_hours_without_a_worker(
    market: Market, superuser: Any, worker: Any
) -> None:
    """It goes on where it was: a whole window for each wave, and no second offer to anybody; two
    workers come to the same."""
    world = market.world
    await clock.stop(superuser, MONDAY)
    await plan(market, {"company_ids": [str(world.klein.id)]}, {}, {})
    lead = await market.offered()
    late = MONDAY + timedelta(hours=7)
    await clock.stop(superuser, late)
    async with connected(market.urls.worker) as other:
        for one in (worker, other, worker):
            await works(one)
    second = (await waves_of(market, lead))[1]
    ends = {one["expires_at"] for one in second["offered"]}
    assert ends == {(late + timedelta(hours=1)).isoformat().replace("+00:00", "Z")}
    twice = "select count(*) - count(distinct company_id) from app.offer where lead_id = $1"
    assert await superuser.fetchval(twice, lead) == 0
    await clock.stop(superuser, late + timedelta(hours=1))
    await works(worker)
    assert await state(market, lead) == "unplaced"  # nobody was left for the third


async def test_windows_count_working_time(market: Market, superuser: Any) -> None:
    """Friday at 16:30, 60 minutes: Monday at 9:30."""
    await clock.stop(superuser, datetime(2027, 3, 12, 15, 30, tzinfo=UTC))
    await plan(market, {"working_time": True})
    lead = await market.offered()
    ends = {one["expires_at"] for one in (await waves_of(market, lead))[0]["offered"]}
    assert ends == {"2027-03-15T08:30:00Z"}


async def test_a_preview_shows_what_happens_then(
    market: Market, superuser: Any, worker: Any
) -> None:
    """Wave by wave, and writes nothing; afterwards the same was so."""
    world = market.world
    await clock.stop(superuser, MONDAY)
    await plan(
        market,
        {"order": "random", "takers": 1},
        {"order": "weighted", "takers": 1, "weights": {str(world.huber.id): 5}},
        {"order": "round_robin"},
    )
    lead = await market.draft()
    path = market.path(lead, "/offer-preview")
    assert (await market.gerd.get(path)).status_code == 403
    assert (await market.cora.get(path)).status_code == 404
    assert (await market.fritz.get(path)).status_code == 404
    beside = Beside(superuser, superuser)
    before = await beside.content()
    shown = (await market.olga.get(path)).json()["waves"]
    assert await beside.content() == before
    assert [len(w["offered"]) for w in shown[:2]] == [1, 1]
    assert (await market.olga.post(market.path(lead, "/accept"))).status_code == 200
    assert (await market.olga.post(market.path(lead, "/offer"))).status_code == 200
    for hours in (2, 4, 6):
        await clock.stop(superuser, MONDAY + timedelta(hours=hours))
        await works(worker)
    was = await waves_of(market, lead)
    assert [sorted(names(w["offered"])) for w in was] == [
        sorted(names(w["offered"])) for w in shown
    ]
    assert [reasons(w["left_out"]) for w in was] == [reasons(w["left_out"]) for w in shown]


async def test_round_robin_lets_everybody_have_a_turn(market: Market) -> None:
    """Whoever was offered least recently comes next, whoever picks."""
    await plan(market, {"order": "round_robin", "takers": 1})
    seen: list[str] = []
    for _ in range(6):
        lead = await market.offered()
        seen += names((await waves_of(market, lead))[0]["offered"])
    half = len(set(seen))
    assert half >= 2
    assert seen[:half] == seen[half : 2 * half] or len(set(seen[:half])) == half


async def test_what_is_no_plan_is_refused(market: Market) -> None:
    world, path = market.world, f"/marketplaces/{market.m}/waves"
    headers = {"If-Match": "*"}
    late = {"waves": [{"response_minutes": 60, "last_call_minutes": 60}]}
    answer = await market.olga.put(path, late, headers=headers)
    assert answer.json()["errors"][0]["pointer"] == "/waves/0/last_call_minutes"
    for stranger in (world.fremd.id, world.nord.id, market.m):
        body = {"waves": [{"response_minutes": 60, "company_ids": [str(stranger)]}]}
        answer = await market.olga.put(path, body, headers=headers)
        assert (answer.status_code, slug(answer)) == (422, "taker-unfit")
    for wrong in ({"waves": []}, {"waves": [{}]}, {"waves": [{"response_minutes": 40321}]}):
        assert (await market.olga.put(path, wrong, headers=headers)).status_code == 400


async def test_the_operator_takes_after_the_first_wave(
    market: Market, superuser: Any, worker: Any
) -> None:
    """Case 2: not while the first one runs; in the second it may, and that is marked."""
    world = market.world
    await clock.stop(superuser, MONDAY)
    may = f"/marketplaces/{market.m}"
    assert (await market.olga.patch(may, {"operator_may_take": True})).status_code == 200
    await plan(
        market,
        {"tags": ["nobody has this"]},
        {"company_ids": [str(world.klein.id)]},
        {"company_ids": [str(world.huber.id)]},
    )
    lead = await market.offered()
    early = await market.olga.post(market.path(lead, "/pick"))
    assert (early.status_code, slug(early)) == (409, "operator-takes-after-first-wave")
    await clock.stop(superuser, MONDAY + timedelta(hours=1))
    await works(worker)
    taken = await market.olga.post(market.path(lead, "/pick"))
    assert taken.status_code == 200, taken.text
    assert taken.json()["self_pick"] is True
    assert lead not in await offers_of(market.anna)
    assert (await market.olga.patch(may, {"operator_may_take": False})).status_code == 200
    outcomes = [one["outcome"] for w in await waves_of(market, lead) for one in w["offered"]]
    assert outcomes == ["expired", "lost"]


@pytest.mark.parametrize("on_cap", ["skip", "next_wave"])
async def test_who_is_full(market: Market, superuser: Any, on_cap: str) -> None:
    """skip: the place goes to the next one; next_wave: it stays empty, and he is looked at again
    in a wave that does not name him."""
    world = market.world
    card = f"/marketplaces/{market.m}/participations/{world.klein.id}"
    assert (await market.cora.patch(card, {"caps": {"day": 0}})).status_code == 200
    chosen = [str(world.klein.id), str(world.huber.id)]
    await plan(
        market,
        {"company_ids": chosen, "takers": 1},
        {"company_ids": [str(world.lang.id)]},
        on_cap=on_cap,
    )
    lead = await market.draft()
    path = market.path(lead, "/offer-preview")
    first, second = (await market.olga.get(path)).json()["waves"]
    assert reasons(first["left_out"])["Firma Klein"] == "cap-day"
    if on_cap == "skip":
        assert names(first["offered"]) == ["Firma Huber"]
        assert reasons(second["left_out"])["Firma Klein"] == "not-named"
    else:
        assert names(first["offered"]) == []
        assert reasons(first["left_out"])["Firma Huber"] == "not-this-time"
        assert reasons(second["left_out"])["Firma Klein"] == "cap-day"
    assert (await market.cora.patch(card, {"caps": {"day": None}})).status_code == 200


async def test_who_returned_it_is_left_out(market: Market, superuser: Any) -> None:
    """Of the plan, and of an offer by hand; the operator may still assign it."""
    await superuser.execute("delete from app_private.rate")  # counted while the clock was ahead
    klein = market.world.klein
    await plan(market, {})
    lead = await market.offered(klein)
    assert (await market.cora.post(market.path(lead, "/pick"))).status_code == 200
    asked = {"reason": "not_reached"}
    asked_for = await market.cora.post(market.path(lead, "/engagement/return"), asked)
    assert asked_for.status_code == 202, asked_for.text
    accepted = await market.olga.post(market.path(lead, "/engagement/return/accept"))
    assert accepted.status_code == 200, accepted.text
    shown = (await market.olga.get(market.path(lead, "/offer-preview"))).json()["waves"][0]
    assert reasons(shown["left_out"])["Firma Klein"] == "returned-before"
    body = {"company_ids": [str(klein.id)]}
    refused = await market.olga.post(market.path(lead, "/offer"), body)
    assert (refused.status_code, slug(refused)) == (422, "taker-unfit")
    assigned = await market.olga.post(market.path(lead, "/assign"), {"company_id": str(klein.id)})
    assert assigned.status_code == 200, assigned.text
