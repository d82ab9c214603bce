"""Imports under way when their company is merged, or is two again."""

from typing import Any
from uuid import UUID, uuid4

from tests.fixtures.database import connected
from tests.fixtures.world import Builder, Company, World
from tests.merging.conftest import Place


async def uploaded(b: Builder, company: Company, marketplace: UUID, rows: int) -> UUID:
    """A file of that many new persons that nobody has gone on with."""
    lead = {"interest": "Dach", "tags": [], "distribution_permission": True, "submit": True}
    chunk = [
        {"row_number": n, "lead": lead | {
            "prospect": {"name": "Petra", "email": f"{uuid4().hex}@muster.example"},
            "source": "x", "external_ref": uuid4().hex}}
        for n in range(rows)
    ]  # fmt: skip
    head = {"file_name": "x", "format": "x", "encoding": "utf-8", "rows": rows}
    async with b.api.transaction():
        await b.api.fetchrow("select * from app.enter($1)", company.token)
        made = await b.api.fetchval("select app.start_import($1, $2, 0)", marketplace, head)
        for number, start in enumerate(range(0, rows, 50)):
            await b.api.execute(
                "select app.add_import_chunk($1, $2, $3, $4)",
                *(marketplace, made, number, chunk[start : start + 50]),
            )
    return UUID(str(made))


async def go_on(place: Place, marketplace: UUID, made: UUID) -> bool:
    """One step of the worker with this import."""
    return bool(await place.worker.fetchval("select app.work_on_import($1, $2)", marketplace, made))


async def of(place: Place, made: UUID) -> Any:
    """The import, and whose its leads are, in the order of the file."""
    found = await place.superuser.fetchrow("select * from app.lead_import where id = $1", made)
    givers = await place.superuser.fetch(
        """select l.giver_company_id, r.company_id from app.lead_import_row r
           join app.lead l on l.id = r.lead_id where r.import_id = $1 order by r.row_number""",
        made,
    )
    return found, [row[0] for row in givers], {row[1] for row in givers}


async def test_it_goes_on_for_the_survivor_and_back_after_the_undo(
    place: Place, world: World
) -> None:
    b = place.builder(world)
    made = await uploaded(b, world.geber, world.nord_id, 130)
    assert await go_on(place, world.nord_id, made)
    merge = await place.merging.merge(world.huber, world.geber)
    found, givers, _ = await of(place, made)
    assert (found["company_id"], found["state"], found["done"]) == (world.huber.id, "running", 50)
    assert set(givers) == {world.huber.id}  # a lead's giver moves with its company
    assert await go_on(place, world.nord_id, made)
    await place.merging.undo(merge)
    assert await go_on(place, world.nord_id, made)
    found, givers, owners = await of(place, made)
    assert (found["company_id"], found["state"], found["done"]) == (world.geber.id, "done", 130)
    made_meanwhile = [world.huber.id] * 50  # what is made between merge and undo stays there
    assert givers == [world.geber.id] * 50 + made_meanwhile + [world.geber.id] * 30
    assert owners == {world.geber.id}
    assert await b.call(world.gerd, "count(*) from app.lead_import where id = $1", made) == 1


async def test_it_stands_still_while_its_company_is_merged(place: Place, world: World) -> None:
    b = place.builder(world)
    made = await uploaded(b, world.geber, world.nord_id, 60)
    other = await uploaded(b, world.nord, world.nord_id, 60)
    async with connected(place.urls.superuser) as merging, merging.transaction():
        await merging.execute(
            "select pg_advisory_xact_lock(app_private.company_lock_key($1))", world.geber.id
        )
        for _ in range(3):
            claimed = await place.worker.fetchrow("select * from app.claim_import()")
            await place.superuser.execute("update app.lead_import set retry_at = now()")
            went_on = await go_on(place, *claimed)
            assert went_on == (claimed["import_id"] == other)
        assert not await go_on(place, world.nord_id, made)
        assert (await of(place, made))[0]["attempts"] == 0  # standing still is no attempt
    assert await go_on(place, world.nord_id, made)


async def test_of_two_that_run_one_waits(place: Place, world: World) -> None:
    b = place.builder(world)
    await b.partner(world.nord, world.nord_id, world.huber, "giver")
    made = [await uploaded(b, company, world.nord_id, 60) for company in (world.huber, world.geber)]
    for one in made:
        assert await go_on(place, world.nord_id, one)
    await place.merging.merge(world.huber, world.geber)
    assert [(await of(place, one))[0]["state"] for one in made] == ["running", "waiting"]
    claimed = await place.worker.fetchrow("select * from app.claim_import()")
    assert claimed["import_id"] == made[0]
    assert await go_on(place, *claimed)
    claimed = await place.worker.fetchrow("select * from app.claim_import()")
    assert claimed["import_id"] == made[1]
    assert await go_on(place, *claimed)
    assert [(await of(place, one))[0]["state"] for one in made] == ["done", "done"]
