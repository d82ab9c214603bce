"""Every filter of every list of leads and offers, where few match and where many do: rows that are
read for a page of the right rows, in a company with half of the crowd's leads; nothing is timed.

The lists run as the service runs them: as kollegium_api, with generic plans, in a context.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
import pytest
import pytest_asyncio

from service.domain.leads import listing
from service.domain.leads import queries as leads
from service.domain.leads.messages import LeadFilter
from service.domain.offers import queries as offers
from service.domain.offers.messages import OfferFilter
from tests.fixtures.crowd import LEADS, token
from tests.fixtures.database import connected

CAPACITIES = ("operator", "giver", "taker", None)
SORTS = ("newest", "oldest", "changed", "unchanged")
CASES: list[tuple[Any, Any]] = [
    *((capacity, "newest") for capacity in CAPACITIES),
    ("operator", "oldest"),
    ("taker", "changed"),
    (None, "unchanged"),
]
# Few: the next 3,000 leads in each capacity, with what belongs to each, before an index is asked.
NEAR = 24_000
# Many: a page, with what belongs to each of its leads, in three capacities.
PAGE = 700


class Reading:
    """Stands in for the service's transaction; counts the rows of tables that are read."""

    def __init__(self, connection: Any) -> None:
        self.connection, self.before = connection, 0

    async def listed(self, kind: Any, sql: str, *values: Any, lane: Any = None) -> list[Any]:
        return await self.rows(kind, sql, *values)

    async def rows(self, kind: Any, sql: str, *values: Any) -> list[Any]:
        sql = f"select coalesce(json_agg(x), '[]')::text from ({sql}) x"
        text = await self.connection.fetchval(sql, *values)
        found: list[Any] = msgspec.json.decode(text, type=list[kind])
        return found

    async def one(self, kind: Any, sql: str, *values: Any, lane: Any = None) -> Any:
        return (await self.rows(kind, sql, *values))[0]

    async def read(self) -> int:
        """So far, by this transaction, functions included."""
        sql = (
            "select sum(seq_tup_read + coalesce(idx_tup_fetch, 0))::bigint"
            " from pg_stat_xact_user_tables where schemaname = 'app'"
        )
        return int(await self.connection.fetchval(sql)) - self.before


@asynccontextmanager
async def acting(filled: Any, bearer: str) -> AsyncIterator[Reading]:
    """One request's transaction as the bearer."""
    async with filled.reader.transaction():
        await filled.reader.fetchval("select app.enter_to_read($1)", token(bearer))
        reading = Reading(filled.reader)
        reading.before = await reading.read()  # by transactions before
        yield reading


class Few(msgspec.Struct):
    """What three leads have."""

    ids: list[str]
    marketplace: Any
    giver: Any
    handler: str
    since: datetime


@pytest_asyncio.fixture(scope="module")
async def few(filled: Any) -> Few:
    """The three of tests/fixtures/crowd.py."""
    async with connected(filled.superuser) as superuser:
        row = await superuser.fetchrow(
            "select array_agg(l.id::text order by l.id desc) as ids,"
            " min(l.marketplace_id::text)::uuid as marketplace,"
            " min(l.giver_company_id::text)::uuid as giver, min(e.handler_id::text) as handler"
            " from app.lead l join app.engagement e on e.id = l.engagement_id"
            " where l.source = 'messe'"
        )
    return Few(**dict(row), since=datetime.now(UTC) - timedelta(days=1))


FEW: dict[str, Any] = {
    "state": lambda few: {"state": "closed"},
    "source": lambda few: {"source": "messe"},
    "tag": lambda few: {"tag": "selten"},
    "step": lambda few: {"step": "besonders"},
    "engagement": lambda few: {"engagement": "won"},
    "handler": lambda few: {"handler": few.handler},
    "lead": lambda few: {"lead": few.ids[0]},
    "received since": lambda few: {"received_since": few.since},
    "changed since": lambda few: {"changed_since": few.since},
    "name": lambda few: {"text": "quittenbaum xaver"},
    "number": lambda few: {"text": "0171 / 1234567"},
    "marketplace and tag": lambda few: {"marketplace": few.marketplace, "tag": "selten"},
    "giver and name": lambda few: {"giver": few.giver, "text": "Quittenbaum"},
    "state and name": lambda few: {"state": "closed", "text": "Quittenbaum"},
}
MANY: dict[str, Any] = {
    "nothing": lambda few: {},
    "state": lambda few: {"state": "engaged"},
    "tag": lambda few: {"tag": "solar"},
    "source": lambda few: {"source": "api"},
    "step": lambda few: {"step": "neu"},
    "engagement": lambda few: {"engagement": "active"},
    "handler": lambda few: {"handler": "none"},
    "marketplace": lambda few: {"marketplace": few.marketplace},
    "giver": lambda few: {"giver": few.giver},
    "received since": lambda few: {"received_since": few.since - timedelta(days=30)},
    "changed since": lambda few: {"changed_since": few.since - timedelta(days=30)},
    "name": lambda few: {"text": "muster"},
}


async def _listed(filled: Any, narrow: LeadFilter) -> tuple[list[str], int]:
    """Ids on the page, and rows read."""
    async with acting(filled, narrow.capacity or "operator") as tx:
        page = await listing.leads(tx, narrow, None, 20)  # type: ignore[arg-type]
        return [str(lead.id) for lead in page.items], await tx.read()


@pytest.mark.parametrize("name", FEW)
async def test_few_are_found_without_reading_all(filled: Any, few: Few, name: str) -> None:
    """In every capacity and order, although they are the last that a walk would meet."""
    for capacity, sort in CASES:
        found, read = await _listed(filled, LeadFilter(capacity, sort=sort, **FEW[name](few)))
        expected = few.ids[:1] if name == "lead" else few.ids
        in_order = list(reversed(expected)) if sort in ("oldest", "unchanged") else expected
        assert found == in_order, (capacity, sort)
        assert read < NEAR, (capacity, sort, read)


async def test_few_stalled_leads_are_found_without_asking_all(filled: Any) -> None:
    """Of takers and operator; a giver has none. Other filters are applied to what is found."""
    async with connected(filled.superuser) as superuser:
        rows = await superuser.fetch(
            "select e.lead_id::text as id from app.engagement e where e.handler_name = 'B'"
            " order by e.lead_id desc"
        )
    silent = [row["id"] for row in rows]
    assert len(silent) == 3
    for capacity, sort in CASES:
        expected = [] if capacity == "giver" else silent
        for narrow in (
            LeadFilter(capacity, sort=sort, stalled="true"),
            LeadFilter(capacity, sort=sort, stalled="true", step="neu", tag="solar"),
        ):
            found, read = await _listed(filled, narrow)
            in_order = list(reversed(expected)) if sort in ("oldest", "unchanged") else expected
            assert (found, read < NEAR) == (in_order, True), (capacity, sort, read)
        narrow = LeadFilter(capacity, sort=sort, stalled="true", step="anders")
        assert (await _listed(filled, narrow))[0] == []
    page = LeadFilter("operator", stalled="true", lead=UUID(silent[1]))
    assert (await _listed(filled, page))[0] == silent[1:2]


@pytest.mark.parametrize("name", MANY)
async def test_a_page_of_many_costs_a_page(filled: Any, few: Few, name: str) -> None:
    for capacity, sort in CASES:
        found, read = await _listed(filled, LeadFilter(capacity, sort=sort, **MANY[name](few)))
        assert len(set(found)) == 20, (capacity, sort)
        assert read < PAGE, (capacity, sort, read)


async def test_what_one_covers_is_found_among_many(filled: Any, few: Few) -> None:
    """Three leads are handled by the taker's only colleague; the control reads far more."""
    for sort in SORTS:
        narrow = LeadFilter("taker", sort=sort, handler="cover")
        found, read = await _listed(filled, narrow)
        assert sorted(found) == sorted(few.ids)
        assert read < NEAR
    mine, _ = await _listed(filled, LeadFilter("taker", handler="cover", engagement="active"))
    assert mine == []


@pytest.mark.parametrize(
    ("index", "narrow"),
    [
        ("prospect_searched", {"text": "quittenbaum"}),
        ("lead_facets", {"tag": "selten"}),
        ("engagement_facets", {"step": "besonders"}),
        ("lead_operator_changed", {"sort": "changed"}),
        ("lead_operator_received", {"received_since": datetime.now(UTC) - timedelta(days=1)}),
    ],
)
async def test_a_lost_index_is_noticed(filled: Any, index: str, narrow: dict[str, Any]) -> None:
    """The controls: without it the same page reads the table."""
    async with connected(filled.superuser) as superuser:
        transaction = superuser.transaction()
        await transaction.start()
        await superuser.execute(f"drop index app.{index}; set local role kollegium_api")
        await superuser.execute(
            "set local plan_cache_mode = force_generic_plan; set local random_page_cost = 1.1"
        )
        await superuser.fetchval("select app.enter_to_read($1)", token("operator"))
        tx = Reading(superuser)
        await listing.leads(tx, LeadFilter("operator", **narrow), None, 20)  # type: ignore[arg-type]
        read = await tx.read()
        await transaction.rollback()
    assert read > 0.29 * LEADS


@pytest.mark.parametrize("sort", SORTS)
async def test_pages_follow_each_other(filled: Any, few: Few, sort: Any) -> None:
    """In each order every lead once; the cursor of another order is refused, not misread."""
    narrow = LeadFilter("giver", sort=sort)
    async with acting(filled, "giver") as tx:
        whole = await listing.leads(tx, narrow, None, 100)  # type: ignore[arg-type]
        pages, cursor = [], None
        for _ in range(4):
            page = await listing.leads(tx, narrow, cursor, 25)  # type: ignore[arg-type]
            pages += [lead.id for lead in page.items]
            cursor = page.next_cursor
    assert pages == [lead.id for lead in whole.items]
    assert cursor == whole.next_cursor


OFFERS: dict[str, tuple[str, dict[str, Any], int]] = {
    "taker's open": ("taker", {"state": "open"}, 3),
    "taker's all": ("taker", {}, 3),
    "taker's picked": ("taker", {"state": "picked"}, 0),
    "taker's declined": ("taker", {"state": "declined"}, 0),
    "taker's next to end": ("taker", {"sort": "expiring"}, 3),
    "quiet operator's open": ("quiet operator", {"state": "open"}, 3),
    "quiet operator's declined": ("quiet operator", {"state": "declined"}, 0),
    "quiet operator's next to end": ("quiet operator", {"sort": "expiring"}, 3),
    "operator's open": ("operator", {"state": "open"}, 20),
    "operator's all": ("operator", {}, 20),
    "operator's next to end": ("operator", {"sort": "expiring"}, 20),
}


@pytest.mark.parametrize("name", OFFERS)
async def test_offers_cost_a_page(filled: Any, name: str) -> None:
    """Three open ones among 30,000 that are over, and 20 of 40,000 that are open."""
    bearer, given, count = OFFERS[name]
    narrow = OfferFilter("taker" if bearer == "taker" else "operator", **given)
    async with acting(filled, bearer) as tx:
        page = await offers.offers(tx, narrow, None, 20)  # type: ignore[arg-type]
        read = await tx.read()
    assert len(page.items) == count
    assert read < 150, read


async def test_offers_are_narrowed_by_index(filled: Any, few: Few) -> None:
    async with acting(filled, "operator") as tx:
        some = await offers.offers(tx, OfferFilter("operator"), None, 20)  # type: ignore[arg-type]
        soon = datetime.now(UTC) + timedelta(hours=2, minutes=30)
        before = await tx.read()
        for given, count in (
            ({"lead": some.items[7].lead_id}, 1),
            ({"marketplace": few.marketplace}, 20),
            ({"marketplace": few.marketplace, "state": "declined"}, 0),
            ({"expires_before": soon}, 0),
        ):
            narrow = OfferFilter("operator", **given)
            page = await offers.offers(tx, narrow, None, 20)  # type: ignore[arg-type]
            assert len(page.items) == count, given
        assert await tx.read() - before < 400
    async with acting(filled, "quiet operator") as tx:
        narrow = OfferFilter("operator", expires_before=soon)
        page = await offers.offers(tx, narrow, None, 20)  # type: ignore[arg-type]
        assert len(page.items) == 2
        assert await tx.read() < 50


async def test_badges_end_at_a_thousand(filled: Any) -> None:
    for bearer in ("operator", "taker"):
        async with acting(filled, bearer) as tx:
            counts = await leads.counts(tx)  # type: ignore[arg-type]
            assert await tx.read() < 8_000
        assert (counts.offers, counts.unassigned) == ((3, 1000) if bearer == "taker" else (0, 0))


async def test_a_search_names_nobody_elses_leads(filled: Any) -> None:
    """The broker's functions, asked directly, by the company whose leads match and by others."""
    async with connected(filled.superuser) as superuser:
        parties = "select parties from app.lead where source = 'messe' limit 1"
        known = {str(company) for company in await superuser.fetchval(parties)}
    asked = (
        "app.find_by_text(null, 'Quittenbaum', null, 100)",
        "app.find_by_facets(null, 'messe', null, null, null)",
        "app.find_by_engagement(null, 'besonders', null)",
    )
    for bearer, count in (("operator", 3), ("taker", 3), ("quiet operator", 0), ("nobody", 0)):
        async with connected(filled.api) as connection, connection.transaction():
            await connection.execute(
                "select set_config('kollegium.token', $1, true)", token(bearer)
            )
            for function in asked:
                found = await connection.fetchval(f"select {function}") or []
                assert len(found) == count, (bearer, function)
    assert len(known) == 3
