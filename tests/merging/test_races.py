"""Merging while people work: who is concerned waits, nobody else does, nothing is left behind.

KOLLEGIUM_MERGE_SECONDS (1) is how long the clients work on each side of the merge."""

import asyncio
import os
import random
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack
from typing import Any
from uuid import UUID

import asyncpg
import pytest
import pytest_asyncio

from tests.fixtures.database import as_bearer, connected
from tests.fixtures.world import Builder, Company, World
from tests.merging.conftest import Place
from tests.merging.stage import owned

SECONDS = float(os.environ.get("KOLLEGIUM_MERGE_SECONDS", "1"))
RETRIED = ("40001", "40P01", "55P03")


async def ask(connection: Any, token: str, sql: str, *values: Any) -> Any:
    """One request; its first column, or the slug with which it was refused."""
    for _ in range(100):
        try:
            async with as_bearer(connection, token):
                return await connection.fetchval(f"select {sql}", *values)
        except asyncpg.PostgresError as error:
            if error.sqlstate in RETRIED:
                await asyncio.sleep(0.05)  # as the service waits: without the connection
                continue
            return error.constraint_name or error.sqlstate
    raise AssertionError("lost every race")


@pytest_asyncio.fixture
async def second(place: Place) -> AsyncIterator[Any]:
    """A second connection as kollegium_api."""
    async with connected(place.urls.api) as connection:
        yield connection


async def _offered(b: Builder, world: World, takers: list[Company]) -> UUID:
    lead = await b.draft(world.geber, world.nord_id, "Umkämpft")
    for call in ("submit_lead", "accept_lead"):
        await b.call(world.olga, f"app.{call}($1, $2)", world.nord_id, lead)
    await b.call(
        world.olga,
        "app.offer_lead($1, $2, $3, null)",
        *(world.nord_id, lead, [taker.id for taker in takers]),
    )
    return lead


async def _waits(task: "asyncio.Task[Any]") -> None:
    await asyncio.sleep(0.2)
    assert not task.done()


PICK = "engagement_id from app.pick_lead($1, $2)"


async def test_a_merge_waits_for_a_pick(place: Place, world: World) -> None:
    lead = await _offered(place.builder(world), world, [world.klein, world.huber])
    merge = await place.merging.prepare(world.huber, world.klein)
    async with as_bearer(place.api, world.cora.token):
        await place.api.fetchval(f"select {PICK}", world.nord_id, lead)
        running = asyncio.create_task(place.merging.run(merge))
        await _waits(running)
    with pytest.raises(asyncpg.PostgresError) as refusal:  # the offers are not what they were
        await running
    assert refusal.value.constraint_name == "merge-drift"
    merge = await place.merging.prepare(world.huber, world.klein)
    await place.merging.run(merge)
    row = await place.superuser.fetchrow("select * from app.lead where id = $1", lead)
    assert row["engaged_company_id"] == world.huber.id
    assert await owned(place.superuser, world.klein.id) == []


@pytest.mark.parametrize("committed", [True, False])
async def test_a_pick_waits_for_a_merge(
    place: Place, world: World, second: Any, committed: bool
) -> None:
    """Cora picks while Klein is being absorbed: for Huber, or, when nothing came of it, for Klein.
    Lena of Lang, who has nothing to do with it, does not wait."""
    b = place.builder(world)
    lead = await _offered(b, world, [world.klein, world.huber])
    other = await _offered(b, world, [world.lang])
    merge = await place.merging.prepare(world.huber, world.klein)
    transaction = place.staff.transaction()
    await transaction.start()
    await place.merging.run(merge)
    picking = asyncio.create_task(ask(second, world.cora.token, PICK, world.nord_id, lead))
    await _waits(picking)
    assert isinstance(await ask(place.api, world.lena.token, PICK, world.nord_id, other), UUID)
    await (transaction.commit() if committed else transaction.rollback())
    assert isinstance(await picking, UUID)
    row = await place.superuser.fetchrow("select * from app.lead where id = $1", lead)
    winner = world.huber if committed else world.klein
    assert row["engaged_company_id"] == winner.id
    assert bool(await owned(place.superuser, world.klein.id)) != committed


async def test_who_reads_waits_for_nobody(place: Place, world: World, second: Any) -> None:
    """Cora looks at her colleagues while Klein is being absorbed: as before, until it commits."""
    merge = await place.merging.prepare(world.huber, world.klein)
    transaction = place.staff.transaction()
    await transaction.start()
    await place.merging.run(merge)
    async with second.transaction():
        enter = second.fetchval("select app.enter_to_read($1)", world.cora.token)
        assert await asyncio.wait_for(enter, timeout=20)
        own = "select count(*) from app.colleague where company_id = $1"
        assert await second.fetchval(own, world.klein.id) > 0
        assert await second.fetchval("select app.current_company_id()") == world.klein.id
        await transaction.commit()
        assert await second.fetchval("select app.current_company_id()") == world.huber.id
        assert await second.fetchval(own, world.klein.id) == 0
        assert await second.fetchval(own, world.huber.id) > 0


OTHERS: dict[str, tuple[str, str, str]] = {
    # what -> who, call ($1 marketplace, $2 lead, $3 the company being absorbed), outcome
    "offers": ("olga", "app.offer_lead($1, $2, array[$3::uuid], null)", ""),
    "assigns": ("olga", "app.assign_lead($1, $2, $3)", "company-absorbed"),
    "invites": (
        "fritz",
        "app.invite_partner($1, $3, null, 'taker', '{}', '{}', null) where $2::uuid is not null",
        "not-found",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", OTHERS)
async def test_nothing_is_made_for_a_company_that_is_gone(
    place: Place, world: World, second: Any, name: str
) -> None:
    """The operator acts for Klein while it is being absorbed: he waits, and nothing of it names
    Klein afterwards."""
    b = place.builder(world)
    lead = await b.draft(world.geber, world.nord_id, "Für Klein")
    for call in ("submit_lead", "accept_lead"):
        await b.call(world.olga, f"app.{call}($1, $2)", world.nord_id, lead)
    who, sql, refused = OTHERS[name]
    market = world.sued_id if name == "invites" else world.nord_id
    merge = await place.merging.prepare(world.huber, world.klein)
    transaction = place.staff.transaction()
    await transaction.start()
    await place.merging.run(merge)
    token = getattr(world, who).token
    asking = asyncio.create_task(ask(second, token, sql, market, lead, world.klein.id))
    await _waits(asking)
    await transaction.commit()
    answer = await asking
    assert not refused or answer == refused
    assert await owned(place.superuser, world.klein.id) == []


async def test_a_giver_waits_for_a_merge_of_the_operator(
    place: Place, world: World, second: Any
) -> None:
    merge = await place.merging.prepare(world.fremd, world.nord)
    transaction = place.staff.transaction()
    await transaction.start()
    await place.merging.run(merge)
    making = asyncio.create_task(
        ask(second, world.gerd.token, "id from app.create_lead($1, 'x', '{}', true, '{}'::jsonb,"
            " false, 't', null)", world.nord_id)
    )  # fmt: skip
    await _waits(making)
    await transaction.commit()
    lead = await making
    operator = "select operator_company_id from app.lead where id = $1"
    assert await place.superuser.fetchval(operator, lead) == world.fremd.id


class Crowd:
    """Eight people of five companies who work at once, and what they were told is done."""

    def __init__(self, place: Place, world: World, leads: list[UUID], seed: int) -> None:
        self.place, self.world, self.leads = place, world, leads
        self.random = random.Random(seed)
        self.picked: dict[UUID, UUID] = {}
        self.notes: set[UUID] = set()
        self.steps: dict[UUID, str] = {}
        self.requests = 0
        self.stop = asyncio.Event()

    async def person(self, name: str) -> None:
        """Picks, declines, edits and writes until told to stop."""
        token = getattr(self.world, name).token
        market = self.world.nord_id
        async with connected(self.place.urls.api) as db:
            await db.execute("set lock_timeout = '10s'")
            while not self.stop.is_set():
                lead = self.random.choice(self.leads)
                what = self.random.choice(("pick", "pick", "decline", "note", "edit", "read"))
                self.requests += 1
                if what == "pick":
                    done = await ask(db, token, PICK, market, lead)
                    if isinstance(done, UUID):
                        self.picked[lead] = done
                elif what == "decline":
                    await ask(db, token, "id from app.decline_offer($1, $2, 'nein')", market, lead)
                elif what == "note":
                    done = await ask(db, token, "id from app.add_note($1, $2, 'x')", market, lead)
                    if isinstance(done, UUID):
                        self.notes.add(done)
                elif what == "edit":
                    sql = "app.change_engagement($1, $2, null, 'kontaktiert', false, null)"
                    if await ask(db, token, sql, market, lead) in (None, ""):
                        self.steps[lead] = "kontaktiert"
                else:
                    await ask(db, token, "count(*) from app.lead")


async def _counts(superuser: Any) -> dict[str, int]:
    return {
        table: await superuser.fetchval(f"select count(*) from app.{table}")
        for table in ("lead", "prospect", "brokerage", "colleague", "company", "marketplace")
    }


async def _merge_somehow(place: Place, world: World, survivor: Company, absorbed: Company) -> UUID:
    """Rehearse, consent, run, again while the working people change what was rehearsed."""
    for _ in range(20):
        merge = await place.merging.prepare(survivor, absorbed)
        try:
            await place.merging.run(merge)
            return merge
        except asyncpg.PostgresError as error:
            if error.constraint_name != "merge-drift" and error.sqlstate not in RETRIED:
                raise
    raise AssertionError("they never stood still")


async def test_eight_people_work_while_two_companies_become_one(place: Place, world: World) -> None:
    b = place.builder(world)
    takers = [world.huber, world.klein, world.lang]
    leads = [await _offered(b, world, takers) for _ in range(30)]
    before = await _counts(place.superuser)
    crowd = Crowd(place, world, leads, seed=int(os.environ.get("KOLLEGIUM_SEED", "7")))
    people: list[Coroutine[Any, Any, None]] = [
        crowd.person(name)
        for name in ("anna", "ben", "dora", "cora", "cora", "lena", "olga", "gerd")
    ]
    async with AsyncExitStack() as stack:
        group = await stack.enter_async_context(asyncio.TaskGroup())
        tasks = [group.create_task(one) for one in people]
        await asyncio.sleep(SECONDS / 2)
        merge = await _merge_somehow(place, world, world.huber, world.klein)
        await asyncio.sleep(SECONDS / 2)
        assert not any(task.done() for task in tasks)
        crowd.stop.set()
    fetch = place.superuser.fetch
    assert await owned(place.superuser, world.klein.id) == []
    assert await _counts(place.superuser) == before
    rows = await fetch("select id, engaged_company_id, engagement_id from app.lead")
    engaged = {row["id"]: (row["engaged_company_id"], row["engagement_id"]) for row in rows}
    for lead, engagement in crowd.picked.items():
        assert engaged[lead][1] == engagement, "an acknowledged pick is lost"
        assert engaged[lead][0] in (world.huber.id, world.lang.id)
    kept = {row["id"] for row in await fetch("select id from app.note")}
    assert crowd.notes <= kept, "an acknowledged note is lost"
    steps = {row["lead_id"]: row["step"] for row in await fetch("select * from app.engagement")}
    assert all(steps[lead] == step for lead, step in crowd.steps.items())
    print(f"{crowd.requests} requests, {len(crowd.picked)} picks, {len(crowd.notes)} notes")
    assert crowd.requests > 30
    assert crowd.picked
    assert crowd.notes
    # And apart again: Cora's company has its colleague, and every lead has one place.
    await place.merging.undo(merge)
    assert await _counts(place.superuser) == before
    company = "select company_id from app.colleague where id = $1"
    assert await place.superuser.fetchval(company, world.cora.id) == world.klein.id


async def test_two_at_once(place: Place, world: World) -> None:
    """The same merge by two people of staff: one does it, the other is told. Two merges of one
    company: the second finds it gone."""
    same = await place.merging.prepare(world.huber, world.klein)
    other = await place.merging.prepare(world.lang, world.klein)
    async with connected(place.urls.staff) as colleague:
        outcomes = await asyncio.gather(
            place.merging.run(same),
            colleague.fetchval("select app.run_merge($1)", same),
            return_exceptions=True,
        )
    failed = [one for one in outcomes if isinstance(one, asyncpg.PostgresError)]
    assert [error.constraint_name for error in failed] == ["merge-state"]
    with pytest.raises(asyncpg.PostgresError) as refusal:
        await place.merging.run(other)
    assert refusal.value.constraint_name == "merge-blocked"
    assert "company-not-active" in str(refusal.value.detail)
