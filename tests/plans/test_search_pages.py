"""The pages of a search, beside a plain scan of what the caller's policies show: same leads, same
order, whichever way they are found. And what a search tells of the leads of others: nothing.

Each test has rows of its own in a transaction that is undone.
"""

import random
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from service.leads import listing
from service.leads.messages import LeadFilter
from tests.fixtures.crowd import token
from tests.fixtures.database import connected
from tests.plans.test_filters import Reading

# Every kind of frequency: what half of the leads hold and what three hold, spread evenly or in the
# oldest alone. Numbers stand in telephone numbers, references and postcodes.
SPREAD = """
update app.prospect p set
  name = (array['Jürgen', 'Anna', 'Li', 'Zoë'])[1 + k % 4] || ' '
    || case when k % 2003 = 0 then 'Öztürk-Zwiebel' when k % 501 = 0 then 'Lüdenscheidt'
         when k % 41 = 0 then 'Bauer' when k > 59000 then 'Schwarzenegger' else 'Muster' || k % 97 end,
  city = (array['Görlitz', 'Köln', 'Bad Oldesloe'])[1 + k % 3],
  postcode = lpad((k % 10007)::text, 5, '0'),
  phone = '+4915' || lpad((k::bigint * 7919 % 1000000000)::text, 9, '0'),
  about = 'Baufinanzierung, Baujahr ' || 1950 + k % 70 || ' R-2024-' || lpad(k::text, 7, '0')
from (select marketplace_id, id, row_number() over (order by id desc) as k from app.lead
  where operator_company_id = (select operator_company_id from app.lead where source = 'messe' limit 1)) x
where p.marketplace_id = x.marketplace_id and p.lead_id = x.id
"""
GIVEN = (
    "zwiebel", "zwiebel öztürk", "Luedenscheidt", "bauer köln", "Schwarzenegger",
    "Schwarzenegger Görlitz", "Muster96", "Baufinanzierung, Baujahr 1999", "Baujahr 1999 zwiebel",
    "R-2024-0000072", "li", "li zw", "li bauer 00", "baujahr", "gibt es nicht", "00041", "😀😀😀", "%%",
)  # fmt: skip


class Inside(Reading):
    """One transaction of the superuser, who may change roles: rows first, then a bearer's view."""

    def __init__(self, connection: Any) -> None:
        super().__init__(connection)
        self.connection = connection

    @asynccontextmanager
    async def bearer(self, name: str) -> AsyncIterator[None]:
        await self.connection.execute(
            "set local role kollegium_api; set local plan_cache_mode = force_generic_plan;"
            " set local random_page_cost = 1.1"
        )
        await self.connection.fetchval("select app.enter_to_read($1)", token(name))
        yield
        await self.connection.execute("set local role none; set local transaction_read_only = off")


@asynccontextmanager
async def undone(filled: Any) -> AsyncIterator[Inside]:
    async with connected(filled.superuser) as superuser:
        transaction = superuser.transaction()
        await transaction.start()
        yield Inside(superuser)
        await transaction.rollback()


async def _scanned(tx: Inside) -> list[tuple[str, str]]:
    """Every lead that the policies show, the newest first, and what it is found by."""
    rows = await tx.connection.fetch(
        "select l.id::text, p.searched from app.lead l join app.prospect p"
        " on p.marketplace_id = l.marketplace_id and p.lead_id = l.id order by l.id desc"
    )
    return [(row[0], row[1]) for row in rows]


async def _oracle(tx: Inside, leads: list[tuple[str, str]], q: str) -> list[str]:
    words = await tx.connection.fetchval("select app.search_words($1)", q)
    numbers = await tx.connection.fetchval("select app.search_numbers($1)", q)
    ways = [way for way in (words, numbers) if way is not None and way != [""]]
    return [
        lead
        for lead, text in leads
        if any(all(pattern.strip("%") in text for pattern in way) for way in ways)
    ]


def _drawn(leads: list[tuple[str, str]], draw: random.Random) -> list[str]:
    """Searches that find something: parts of words of a lead, or its number as people write it."""
    found = []
    for _ in range(12):
        words = draw.choice(leads)[1].split()
        parts = [draw.choice(words)[: draw.randint(2, 9)] for _ in range(draw.randint(1, 3))]
        number = words[-1]
        found += [" ".join(parts), f"0{number[2:5]}/{number[5:]}"]
    return [q for q in found if len(q) > 1]


@pytest.mark.parametrize("name", ["operator", "giver", "taker"])
async def test_pages_are_those_of_a_scan(filled: Any, name: str) -> None:
    """Two pages of each search, then a page from somewhere in the middle."""
    draw = random.Random(8)
    async with undone(filled) as tx:
        await tx.connection.execute("set local session_replication_role = replica")
        await tx.connection.execute(SPREAD)
        async with tx.bearer(name):
            leads = await _scanned(tx)
            assert len(leads) >= 20_000
            for q in (*GIVEN, *_drawn(leads, draw)):
                expected = await _oracle(tx, leads, q)
                for capacity in (None, name):
                    narrow = LeadFilter(capacity, text=q)  # type: ignore[arg-type]
                    found, cursor = [], None
                    for _ in range(2):
                        page = await listing.leads(tx, narrow, cursor, 20)  # type: ignore[arg-type]
                        found += [str(lead.id) for lead in page.items]
                        cursor = page.next_cursor
                        if cursor is None:
                            break
                    assert found == expected[:40], (q, capacity)
                    assert (cursor is None) == (len(expected) <= len(found)), (q, capacity)
                asked = "select app.find_by_text($1, $2, $3, 5001)::text[]"
                middle = leads[draw.randrange(len(leads))][0]
                rest = await tx.connection.fetchval(asked, name, q, middle)
                assert rest == [lead for lead in expected if lead < middle][:5001], q


async def test_what_others_have_changes_no_answer(filled: Any) -> None:
    """However many leads of others match, a company that has many and none that match is told the
    same: nothing matches."""
    asked = "select app.find_by_text($1, 'Sonderbar', null, 5001)"
    answers = []
    async with undone(filled) as tx:
        for others in (0, 25_000):
            await tx.connection.execute(
                "update app.prospect p set city = 'Sonderbar' from (select p.marketplace_id,"
                " p.lead_id from app.prospect p where parties[2] <> (select giver_company_id from"
                " app.lead where source = 'messe' limit 1) limit $1) x"
                " where p.marketplace_id = x.marketplace_id and p.lead_id = x.lead_id",
                others,
            )
            async with tx.bearer("giver"):
                for capacity in (None, "operator", "giver", "taker"):
                    answers.append(await tx.connection.fetchval(asked, capacity))
    assert answers == [[]] * 8
