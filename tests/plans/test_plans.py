"""The plan of every list under its policy, at 36,000 leads (whole: 120,000): index scans, no sort,
no seq scan.

Nothing is timed here. A list that loses its index is found by the shape of its plan, as
kollegium_api, in a company's context, with the generic plan that the role uses.
"""

import re
from collections.abc import Awaitable, Callable
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4

import pytest

from service.database import statements
from service.domain.calls import queries as calls
from service.domain.files import queries as files
from service.domain.follow_ups import queries as follow_ups
from service.domain.imports import queries as imports
from service.domain.leads import listing
from service.domain.leads import queries as leads
from service.domain.leads.messages import LeadFilter
from service.domain.offers import queries as offers
from service.domain.offers.messages import OfferFilter
from service.domain.timeline import queries as timeline
from service.web.openapi import operation_id
from tests.fixtures.crowd import LEADS, token
from tests.fixtures.database import connected
from tests.fixtures.described import application


class Noted:
    """Stands in for a transaction that reads, and notes what would be sent."""

    reads = True

    def __init__(self) -> None:
        self.sql = ""
        self.values: tuple[Any, ...] = ()

    async def listed(self, kind: Any, sql: str, *values: Any, lane: Any = None) -> list[Any]:
        return await self.rows(kind, sql, *values)

    async def rows(self, kind: Any, sql: str, *values: Any) -> list[Any]:
        self.sql, self.values = sql, values
        return []

    async def view(self, kind: Any, sql: str, *values: Any, lane: Any = None) -> Any:
        self.sql, self.values = sql, values
        return SimpleNamespace(state="engaged")

    async def page(
        self,
        kind: Any,
        statement: Any,
        *,
        cursor: Any,
        limit: int,
        key: str = "id",
        lane: Any = None,
        **values: Any,
    ) -> Any:
        column = statement.selected_columns[key]
        made = statements.page(statement, column, False, False, 21)
        self.sql, self.values = made.sql, tuple(made.values(values))
        return SimpleNamespace(items=["one"])


async def plan(connection: Any, token: str, noted: Noted) -> str:
    """The generic plan of what was noted, as the bearer of the token."""
    types = {UUID: "uuid", str: "text", int: "int"}
    names = ", ".join(types[type(value)] for value in noted.values)
    values = ", ".join(f"'{value}'" for value in noted.values)
    async with connection.transaction():
        await connection.execute("set local role kollegium_api; set local jit = off")
        await connection.execute(
            "set local plan_cache_mode = force_generic_plan; set local random_page_cost = 1.1"
        )
        await connection.fetchval("select true from app.enter($1)", token)
        head = f"prepare listed ({names})" if names else "prepare listed"
        await connection.execute(f"{head} as {noted.sql}")
        call = f"listed ({values})" if values else "listed"
        rows = await connection.fetch(f"explain (costs off) execute {call}")
        await connection.execute("deallocate listed")
    return "\n".join(row[0] for row in rows)


def flaws(text: str) -> list[str]:
    """Nodes of a plan that a list must not have."""
    # The possible duplicates of a lead are few rows that two indexes find, sorted in memory.
    text = re.sub(r"\n( *)SubPlan [^\n]*(?:\n\1 [^\n]*)*", "", text)
    return re.findall(
        r"(?:Seq Scan|(?<!Incremental )\bSort\b(?! Key)|Bitmap Heap Scan)[^\n]*", text
    )


def listed(capacity: Any, **narrow: Any) -> Callable[[Noted], Awaitable[Any]]:
    """A list of leads."""
    return lambda tx: listing.leads(tx, LeadFilter(capacity, **narrow), None, 20)  # type: ignore[arg-type]


def offered(capacity: Any = "taker", **narrow: Any) -> Callable[[Any], Awaitable[Any]]:
    """A list of offers."""
    return lambda tx: offers.offers(tx, OfferFilter(capacity, **narrow), None, 20)


LISTS: dict[str, tuple[str, Callable[[Any], Awaitable[Any]]]] = {
    "operator's leads": ("operator", listed("operator")),
    "operator's leads in a state": ("operator", listed("operator", state="offered")),
    "giver's leads": ("giver", listed("giver")),
    "taker's leads": ("taker", listed("taker")),
    "all my leads": ("taker", listed(None)),
    "open offers": ("taker", offered(state="open")),
    "operator's offers": ("operator", offered("operator")),
    "one lead": ("taker", lambda tx: leads.lead(tx, uuid4(), uuid4())),
    "messages": ("taker", lambda tx: timeline.messages(tx, uuid4(), uuid4(), None, None, 20)),
    "history": ("taker", lambda tx: timeline.history(tx, uuid4(), uuid4(), None, None, 20)),
    "notes": ("operator", lambda tx: timeline.notes(tx, uuid4(), uuid4(), None, None, 20)),
    "files": ("taker", lambda tx: files.files(tx, uuid4(), uuid4(), None, None, 20)),
    "calls": ("taker", lambda tx: calls.attempts(tx, uuid4(), uuid4(), None, 20)),
    "follow-ups of a lead": (
        "taker",
        lambda tx: follow_ups.of_lead(tx, uuid4(), uuid4(), None, 20),
    ),
    "my follow-ups": ("taker", lambda tx: follow_ups.due(tx, "mine", None, None, 20)),
    "nobody's follow-ups": ("taker", lambda tx: follow_ups.due(tx, "nobody", None, None, 20)),
    "imports": ("giver", lambda tx: imports.imports(tx, None, 20)),
    "rows of an import": ("giver", lambda tx: imports.rows(tx, uuid4(), uuid4(), 0, 100, None)),
    "refused rows": ("giver", lambda tx: imports.rows(tx, uuid4(), uuid4(), 0, 100, "refused")),
}
# Which routes they stand for. The other lists are of the small reference set (design: some thousand
# companies), a company's own or a marketplace's: colleagues, invitations, keys, participations,
# merges. The leads behind a rehearsal are walked inside a function: what it reads is counted.
ROUTES = {
    "leads.list_leads", "offers.list_offers", "timeline.list_messages", "timeline.list_history",
    "timeline.list_notes", "files.list_files", "calls.list_calls", "follow_ups.list_of_lead",
    "follow_ups.list_due", "imports.list_imports", "imports.show_import",
}  # fmt: skip
SMALL = {
    "companies.list_colleagues", "companies.list_invitations", "companies.list_api_keys",
    "sessions.list_sessions",
    "marketplaces.list_marketplaces", "marketplaces.list_participations",
    "companies.list_merge_suggestions", "absences.list_absences", "absences.list_company_absences",
    "merges.list_merges",
    "imports.list_mappings", "views.list_views", "imports.list_consents", "webhooks.list_webhooks",
    "intake.list_keys",
}  # fmt: skip
COUNTED = {
    "merges.list_leads", "waves.list_receipts", "waves.list_brokerages",
    "engagements.list_engagements", "reports.show_statement", "returns.list_returns",
    "webhooks.list_deliveries",  # tests/webhooks/test_costs.py
}  # fmt: skip


def test_every_list_is_named() -> None:
    app = application()
    lists = {
        operation_id(handler)
        for route in app.routes
        for handler in route.route_handlers
        if "cursor" in handler.parsed_fn_signature.parameters
    }
    assert lists == ROUTES | SMALL | COUNTED


@pytest.mark.parametrize("name", LISTS)
async def test_a_list_walks_its_index(filled: Any, name: str) -> None:
    capacity, query = LISTS[name]
    noted = Noted()
    await query(noted)
    async with connected(filled.superuser) as connection:
        text = await plan(connection, token(capacity), noted)
    assert "Index" in text
    assert "Seq Scan" not in text, text
    # Files of two tables come together: those of one lead are sorted.
    assert [one for one in flaws(text) if (name, one) != ("files", "Sort")] == [], text


async def test_a_lost_index_is_noticed(filled: Any) -> None:
    """The control: without its index the taker's list sorts or scans."""
    noted = Noted()
    await listed("taker")(noted)
    async with connected(filled.superuser) as connection:
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute("drop index app.lead_engaged")
        text = await plan(connection, token("taker"), noted)
        await transaction.rollback()
    assert flaws(text) != []


async def _asked_each_row(connection: Any) -> set[str]:
    """Tables whose policy does not compare with the company that was looked up once, before the
    first row, but calls for it again and again; by the plan of a bare select."""
    tables = await connection.fetch(
        "select distinct polrelid::regclass::text from pg_policy p join pg_class c on c.oid ="
        " polrelid where polcmd in ('r', '*') and relnamespace = 'app'::regnamespace"
        " and 'kollegium_api'::regrole = any (polroles) and"
        " has_any_column_privilege('kollegium_api', polrelid, 'select')"
    )
    assert len(tables) > 12
    plans = {}
    for (table,) in tables:
        noted = Noted()
        await noted.view(None, f"select 1 from {table}")
        plans[table] = await plan(connection, token("taker"), noted)
    return {table for table, text in plans.items() if "current_c" in text or "InitPlan" not in text}


async def test_a_policy_looks_the_company_up_once(filled: Any) -> None:
    """For a statement, whatever it reads; the control asks for each lead."""
    async with connected(filled.superuser) as connection:
        assert await _asked_each_row(connection) == set()
        transaction = connection.transaction()
        await transaction.start()
        await connection.execute(
            "alter policy select_party on app.lead using (id = app.current_company_id())"
        )
        assert await _asked_each_row(connection) == {"app.lead"}
        await transaction.rollback()


async def _read_for_a_page(connection: Any, after: UUID | None) -> tuple[int, int]:
    """Leads on a page of what the operator of many leads would show to another company, and rows of
    app.lead that were read for it."""
    company = (
        "select company_id from app.colleague where id = (select colleague_id"
        " from app_private.bearer where token_sha256 = sha256(convert_to($1, 'UTF8')))"
    )
    sides = [
        await connection.fetchval(company, token(name)) for name in ("operator", "quiet operator")
    ]
    merge = await connection.fetchval(
        "insert into app.company_merge (id, asking_company_id, asking_company_name, asking_side,"
        " state, survivor_company_id, absorbed_company_id, rehearsal_id, rehearsal)"
        " values (app_private.new_id(), $1, 'F', 'survivor', 'rehearsed', $1, $2,"
        " app_private.new_id(),"
        """ '{"visible": [{"to": "absorbed", "as": "operator"}]}') returning id""",
        *sides,
    )
    reads = (
        "select seq_tup_read + idx_tup_fetch from pg_stat_xact_user_tables"
        " where relid = 'app.lead'::regclass"
    )
    before = await connection.fetchval(reads)
    await connection.execute("set local role kollegium_api")
    await connection.fetchval("select true from app.enter($1)", token("operator"))
    sql = "select * from app.merge_leads($1, 'absorbed', $2, 21)"
    rows = await connection.fetch(sql, merge, after)
    await connection.execute("reset role")
    return len(rows), await connection.fetchval(reads) - before


async def test_a_page_of_a_rehearsals_leads_costs_a_page(filled: Any) -> None:
    """At its beginning and in its middle; the control without the index reads them all."""
    async with connected(filled.superuser) as connection:
        middle = "select id from app.lead order by id offset $1 limit 1"
        middle_id = await connection.fetchval(middle, LEADS // 2)
        for after, lost in ((None, False), (middle_id, False), (None, True)):
            transaction = connection.transaction()
            await transaction.start()
            if lost:
                await connection.execute("drop index app.lead_operator")
            leads_listed, read = await _read_for_a_page(connection, after)
            await transaction.rollback()
            assert leads_listed == 21
            assert (read > 1_000) if lost else (read < 100), (after, lost, read)
