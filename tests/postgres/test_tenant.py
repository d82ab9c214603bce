"""The tenant on the wire: round trips of an operation, effects undone, lost races repeated.

That no context is left after cancellation is in tests/policies/test_pooling.py.
"""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from service.database.transaction import Database, Tx
from service.database.wire import Connection, PostgresError
from service.domain.companies import operations as companies
from service.domain.companies import queries as company_queries
from service.domain.companies.messages import CompanyChange
from service.domain.leads import listing
from service.domain.leads import queries as leads
from service.domain.leads.messages import LeadFilter
from service.domain.offers import operations as offers
from service.domain.offers import queries as offer_queries
from service.domain.offers.messages import OfferFilter
from service.domain.timeline import operations as timeline
from service.domain.timeline import queries as timeline_queries
from service.domain.timeline.messages import Entry
from service.errors import Problem
from service.settings import ServiceSettings
from tests.fixtures.database import Urls, connected
from tests.fixtures.world import World


@pytest.fixture
def trips(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of statements of each batch that is sent from here on."""
    sent: list[int] = []
    send = Connection._send

    def counted(self: Connection, batches: Any) -> None:
        sent.extend(len(statements) for statements, _ in batches)
        send(self, batches)

    monkeypatch.setattr(Connection, "_send", counted)
    return sent


async def database(urls: Urls, **options: Any) -> Database:
    """The service's database on this module's world."""
    return await Database.open(ServiceSettings(database_url=urls.api, **options))


async def test_reads_take_one_round_trip(
    world_database: Urls, world: World, trips: list[int]
) -> None:
    db = await database(world_database)
    m, lead = world.nord_id, world.leads["engaged"]
    narrow = LeadFilter("taker")
    reads: list[Any] = [
        lambda tx: leads.lead(tx, m, lead),
        lambda tx: listing.leads(tx, narrow, None, 20),
        lambda tx: offer_queries.offers(tx, OfferFilter(state="open"), None, 20),
        lambda tx: timeline_queries.messages(tx, m, lead, None, None, 20),
        company_queries.company,
    ]
    for read in reads:
        trips.clear()
        await db.transaction(world.anna.token, read, reads=True)
        assert trips == [2]  # context and statement, in one write
    await db.close()


async def test_hot_reads_of_one_turn_share_a_write(
    world_database: Urls, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each kind has a write of its own, however many ask; a filtered list has its loan."""
    lines: list[int] = []
    send = Connection._send

    def counted(self: Connection, batches: Any) -> None:
        lines.append(len(batches))
        send(self, batches)

    db = await database(world_database)
    m, lead = world.nord_id, world.leads["engaged"]
    kinds: list[Any] = [
        lambda tx: leads.lead(tx, m, lead),
        lambda tx: listing.leads(tx, LeadFilter("taker"), None, 20),
        lambda tx: offer_queries.offers(tx, OfferFilter(state="open"), None, 20),
    ]
    filtered: Any = lambda tx: listing.leads(tx, LeadFilter("taker", source="x"), None, 20)  # noqa: E731
    for read in (*kinds, filtered):
        await db.transaction(world.anna.token, read, reads=True)
    monkeypatch.setattr(Connection, "_send", counted)
    reads = [read for read in kinds for _ in range(6)]
    await asyncio.gather(*(db.transaction(world.anna.token, read, reads=True) for read in reads))
    assert lines == [6, 6, 6]
    lines.clear()
    await asyncio.gather(
        *(db.transaction(world.anna.token, filtered, reads=True) for _ in range(3))
    )
    assert set(lines) == {1}  # the control: these wait for one another
    await db.close()


async def test_writes_take_one_or_two(world_database: Urls, world: World, trips: list[int]) -> None:
    db = await database(world_database)
    m = world.nord_id
    trips.clear()
    picked = await db.run(world.ben.token, offers.pick, m, world.leads["offered"])
    assert picked.picked_by == "Ben"
    assert trips == [4]  # context, pick, view, leave: a batch is a transaction
    trips.clear()
    note = await db.run(
        world.ben.token, timeline.add_note, m, world.leads["offered"], Entry(text="x")
    )
    assert note.text == "x"
    assert trips == [3]
    trips.clear()
    await db.run(world.anna.token, companies.change_company, None, CompanyChange(language="de"))
    assert trips == [4]
    await db.close()


async def test_what_fails_late_undoes_what_went_before(world_database: Urls, world: World) -> None:
    db = await database(world_database)
    m, lead = world.nord_id, world.leads["engaged"]

    async def note_and_fail(tx: Tx) -> None:
        await tx.value(UUID, "select id from app.add_note($1, $2, 'verschwindet')", m, lead)
        raise Problem("conflict")

    with pytest.raises(Problem):
        await db.transaction(world.anna.token, note_and_fail)
    with pytest.raises(PostgresError) as error:
        await db.transaction(
            world.anna.token, lambda tx: tx.value(bool, "select 1 / 0 > 0"), reads=True
        )
    assert error.value.sqlstate == "22012"
    async with connected(world_database.superuser) as superuser:
        count = "select count(*) from app.note where text = 'verschwindet'"
        assert await superuser.fetchval(count) == 0
    kept = await db.run(world.anna.token, timeline.add_note, m, lead, Entry(text="bleibt"))
    assert kept.text == "bleibt"  # control, on the same pool
    await db.close()


async def test_nothing_is_sent_after_the_end(world_database: Urls, world: World) -> None:
    db = await database(world_database)

    async def too_much(tx: Tx) -> None:
        await companies.change_company(tx, None, CompanyChange(language="de"))
        await tx.value(bool, "select true")

    with pytest.raises(RuntimeError, match="after the one that ended"):
        await db.transaction(world.anna.token, too_much)
    await db.close()


async def test_lost_races_are_repeated_and_then_reported(
    world_database: Urls, world: World
) -> None:
    db = await database(world_database)
    tries = 0

    async def races(tx: Tx) -> None:
        nonlocal tries
        tries += 1
        raise PostgresError({"C": "40P01"})

    with pytest.raises(PostgresError):
        await db.transaction(world.anna.token, races)
    assert tries == 3
    await db.close()


async def test_clients_do_not_decide_how_many_statements_are_kept(
    world_database: Urls, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every page size from 1 to 100 is served by two statements; each page is as long as asked."""
    sent: set[str] = set()
    send = Connection._send

    def noted(self: Connection, batches: Any) -> None:
        sent.update(sql for statements, _ in batches for sql, _ in statements)
        send(self, batches)

    monkeypatch.setattr(Connection, "_send", noted)
    db = await database(world_database)
    narrow = LeadFilter("operator")
    everything = len((await db.run(world.olga.token, listing.leads, narrow, None, 100)).items)
    assert everything > 5
    for limit in range(1, 101):
        page = await db.transaction(
            world.olga.token, lambda tx, n=limit: listing.leads(tx, narrow, None, n), reads=True
        )
        assert len(page.items) == min(limit, everything)
        assert (page.next_cursor is None) == (limit >= everything)
    assert len([sql for sql in sent if "app.lead AS l" in sql]) == 2
    await db.close()
