"""The pages of a search, beside a plain scan of what the caller's policies show: same leads, same
order, whichever way they are found. And what a search tells of the leads of others: nothing.
"""

import random
from typing import Any

import pytest

from service.domain.leads import listing
from service.domain.leads.messages import LeadFilter
from tests.fixtures.crowd import LEADS, token
from tests.fixtures.database import connected
from tests.plans.test_filters import Reading, acting

# Of every frequency; numbers stand in telephone numbers, references, years and postcodes.
GIVEN = (
    "muster", "bauer köln", "görlitz", "Luedenscheidt", "öztürk", "öztürk görlitz", "Altbekannt",
    "Altbekannt Görlitz", "Anderswo", "Dach, Baujahr 1999", "Baujahr 1999 öztürk", "R-2024-0000072",
    "mu ba", "ba", "gibt es nicht", "00041", "030 / 00 00 41 41", "+49 30 00004", "😀😀😀", "%%",
)  # fmt: skip


async def _shown(tx: Reading) -> list[tuple[str, str]]:
    """Every lead that the policies show, the newest first, and what it is found by."""
    rows = await tx.connection.fetch(
        "select l.id::text, p.searched from app.lead l join app.prospect p"
        " on p.marketplace_id = l.marketplace_id and p.lead_id = l.id order by l.id desc"
    )
    return [(row[0], row[1]) for row in rows]


async def _scanned(tx: Reading, shown: list[tuple[str, str]], q: str) -> list[str]:
    words = await tx.connection.fetchval("select app.search_words($1)", q)
    numbers = await tx.connection.fetchval("select app.search_numbers($1)", q)
    ways = [[pattern.strip("%") for pattern in way] for way in (words, numbers) if way]
    ways = [way for way in ways if way != [""]]
    return [lead for lead, text in shown if any(all(part in text for part in way) for way in ways)]


def _drawn(shown: list[tuple[str, str]], draw: random.Random) -> list[str]:
    """Searches that find something: parts of words of a lead, or its number as people write it."""
    found = []
    for _ in range(4):
        words = draw.choice(shown)[1].split()
        parts = (draw.choice(words)[: draw.randint(2, 9)] for _ in range(draw.randint(1, 3)))
        found += [" ".join(parts), f"0{words[-1][2:4]}/{words[-1][4:]}"]
    return found


@pytest.mark.parametrize("name", ["operator", "giver", "taker"])
async def test_pages_are_those_of_a_scan(filled: Any, name: str) -> None:
    """Two pages of each search, and what is left from a place in the middle."""
    draw = random.Random(8)
    async with acting(filled, name) as tx:
        shown = await _shown(tx)
        assert len(shown) >= LEADS // 6
        for q in (*GIVEN, *_drawn(shown, draw)):
            expected = await _scanned(tx, shown, q)
            for capacity in (None, name):
                narrow = LeadFilter(capacity, text=q)  # type: ignore[arg-type]
                first = await listing.leads(tx, narrow, None, 20)  # type: ignore[arg-type]
                found, cursor = [str(lead.id) for lead in first.items], first.next_cursor
                if cursor:
                    second = await listing.leads(tx, narrow, cursor, 20)  # type: ignore[arg-type]
                    found, cursor = found + [str(x.id) for x in second.items], second.next_cursor
                assert found == expected[:40], (q, capacity)
                assert (cursor is None) == (len(expected) <= 40), (q, capacity)
            middle = shown[draw.randrange(len(shown))][0]
            asked = "select app.find_by_text($1, $2, $3, 5001)::text[]"
            rest = await tx.connection.fetchval(asked, name, q, middle)
            assert rest == [lead for lead in expected if lead < middle][:5001], q


async def test_how_many_others_match_is_not_told(filled: Any) -> None:
    """Half of the leads match, all of others, none of the company's own: it is told what it is told
    of a word that nobody has. Who has them, finds them."""
    async with connected(filled.superuser) as superuser:
        anderswo = "select count(*) from app.prospect where city = 'Anderswo'"
        assert await superuser.fetchval(anderswo) > LEADS // 3
    async with acting(filled, "giver") as tx:
        asked = "select app.find_by_text($1, $2, null, 5001)"
        for capacity in (None, "operator", "giver", "taker"):
            for word in ("Anderswo", "Nirgendwo"):
                assert await tx.connection.fetchval(asked, capacity, word) == []
            assert await tx.connection.fetchval(asked, capacity, "muster") != [] or (
                capacity in ("operator", "taker")
            )


async def test_a_search_is_only_for_who_has_a_context(filled: Any) -> None:
    async with connected(filled.api) as connection, connection.transaction():
        await connection.execute("select set_config('kollegium.token', $1, true)", token("nobody"))
        asked = "select app.find_by_text(null, 'muster', null, 5001)"
        assert await connection.fetchval(asked) == []
