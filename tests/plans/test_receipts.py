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


# The oldest three offers of all become another company's: two were lost, one was declined.
THREE = """
    with its as (select company_id from app_private.bearer where token_sha256 = sha256($1)),
    oldest as (select marketplace_id, id from app.offer where state = 'lost' order by id limit 3)
    update app.offer o set company_id = its.company_id, state = case when o.id =
      (select min(id::text)::uuid from oldest) then 'declined' else 'lost' end
    from its, oldest where o.marketplace_id = oldest.marketplace_id and o.id = oldest.id
"""


async def test_three_receipts_are_found_among_very_many(filled: Any) -> None:
    """Beside a company with thirty thousand, whatever their state."""
    async with connected(filled.superuser) as superuser:
        former = await superuser.fetchval("select company_id from app.offer where state = 'lost'")
        await superuser.execute("set session_replication_role = replica")
        await superuser.execute(THREE, token("giver").encode())
        try:
            async with acting(filled, "giver") as tx:
                found = await queries.receipts(tx, None, 20)  # type: ignore[arg-type]
                assert sorted(one.outcome for one in found.items) == ["declined", "lost", "lost"]
                assert await tx.read() < 60
            async with acting(filled, "giver") as tx:
                first = await queries.receipts(tx, None, 2)  # type: ignore[arg-type]
                rest = await queries.receipts(tx, first.next_cursor, 2)  # type: ignore[arg-type]
                assert first.items + rest.items == found.items
                assert await tx.read() < 120
        finally:
            await superuser.execute(
                "update app.offer set company_id = $2, state = 'lost' where company_id ="
                " (select company_id from app_private.bearer where token_sha256 = sha256($1))",
                *(token("giver").encode(), former),
            )


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
