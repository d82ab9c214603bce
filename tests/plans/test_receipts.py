"""Receipts and brokerages are listed inside a function: what it reads is counted, where there are
many and where there are few; nothing is timed."""

from typing import Any

from service.domain.waves import queries
from tests.fixtures.crowd import token
from tests.fixtures.database import connected
from tests.plans.test_filters import acting

# A page, and what was offered beside each of its rows.
PAGE = 700


async def test_a_page_of_receipts_costs_a_page(filled: Any) -> None:
    async with acting(filled, "taker") as tx:
        page = await queries.receipts(tx, None, 20)  # type: ignore[arg-type]
        assert len(page.items) == 20
        assert await tx.read() < PAGE
        after = await queries.receipts(tx, page.next_cursor, 20)  # type: ignore[arg-type]
        assert after.items != page.items
        assert await tx.read() < 2 * PAGE


async def test_no_receipts_are_found_without_reading_all(filled: Any) -> None:
    """A company that was never offered anything, beside one with very many."""
    async with acting(filled, "giver") as tx:
        assert (await queries.receipts(tx, None, 20)).items == []  # type: ignore[arg-type]
        assert await tx.read() < 20


async def test_the_brokerages_of_a_lead_are_found_by_it(filled: Any) -> None:
    async with connected(filled.superuser) as superuser:
        place = await superuser.fetchrow(
            "select b.marketplace_id, b.lead_id from app.brokerage b join app_private.bearer r"
            " on r.company_id = b.operator_company_id and r.token_sha256 = sha256($1) limit 1",
            token("operator").encode(),
        )
    async with acting(filled, "operator") as tx:
        found = await queries.brokerages(tx, *place, None, 20)  # type: ignore[arg-type]
        assert len(found.items) >= 1
        assert await tx.read() < PAGE
