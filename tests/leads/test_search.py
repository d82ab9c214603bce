"""What a search finds, and for whom: `GET /leads?q=`."""

from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from tests.fixtures.crowd import UNSEARCHED
from tests.fixtures.database import connected
from tests.fixtures.market import Market

PEOPLE: dict[str, dict[str, Any]] = {
    "müller": {"name": "Jürgen Müller-Lüdenscheidt", "city": "Görlitz", "postcode": "02826"},
    "mueller": {"name": "Juergen Mueller", "phone": "+49 171 1234567"},
    "muller": {"name": "Ana Muller", "phone": "+43 1 5131234"},
    "bauer": {"name": "Manuel Bauernhuber", "company": "Haustür & Söhne"},
    "oneill": {"name": "Sinéad O'Neill", "city": "Łódź"},
    "li": {"name": "Wei Li", "email": "wei.li@post.example"},
    "strasse": {"name": "Größer Weiß", "postcode": "25746"},
}


@pytest_asyncio.fixture(scope="module")
async def people(market: Market) -> dict[str, str]:
    """lead id → who it is; put in by the giver, seen by the operator."""
    found = {}
    for who, person in PEOPLE.items():
        more = {"external_ref": "A/2024-00017"} if who == "bauer" else {}
        interest = "Fußbodenheizung im Altbau" if who == "li" else "Dachfenster"
        lead = await market.draft(prospect=person, interest=interest, **more)
        found[lead] = who
    return found


async def finds(market: Market, people: dict[str, str], q: str, by: str = "olga") -> set[str]:
    """Who of PEOPLE is found."""
    answer = await getattr(market, by).get("/leads", params={"q": q, "limit": "100"})
    assert answer.status_code == 200, answer.text
    return {people[item["id"]] for item in answer.json()["items"] if item["id"] in people}


@pytest.mark.parametrize(
    ("q", "expected"),
    [
        # with or without umlauts, each way
        ("Müller", {"müller", "mueller", "muller"}),
        ("mueller", {"müller", "mueller", "muller"}),
        ("MULLER", {"müller", "mueller", "muller"}),
        ("Mu\u0308ller", {"müller", "mueller", "muller"}),  # decomposed
        ("weiss", {"strasse"}),
        ("GRÖSSER", {"strasse"}),
        ("groeßer", {"strasse"}),
        ("sinead", {"oneill"}),
        ("lodz", {"oneill"}),
        # parts, in any order
        ("müller jürgen", {"müller", "mueller"}),
        ("lüdenscheidt juergen", {"müller"}),
        ("scheid müll", {"müller"}),
        ("görlitz müller", {"müller"}),
        ("müller berlin", set()),
        ("oneill", {"oneill"}),
        ("O’Neill", {"oneill"}),
        ("haustuer", {"bauer"}),
        ("ernhuber", {"bauer"}),  # begins with the e that the spelling drops
        ("aurnhub", {"bauer"}),
        # one or two letters: beginnings of words
        ("li", {"li"}),
        ("we li", {"li"}),
        # numbers in any notation
        ("0171 1234567", {"mueller"}),
        ("0171/12345-67", {"mueller"}),
        ("(0171) 123 45 67", {"mueller"}),
        ("+49 (0) 171 1234567", {"mueller"}),
        ("0049 171 1234567", {"mueller"}),
        ("+491711234567", {"mueller"}),
        ("171 1234567", {"mueller"}),
        ("1234567", {"mueller"}),
        ("+43 1 5131234", {"muller"}),
        ("01 5131234", {"muller"}),
        ("Mueller 0171 1234567", {"mueller"}),
        ("Huber 0171 1234567", set()),
        # postcode, reference, interest, e-mail address
        ("02826", {"müller"}),
        ("25746", {"strasse"}),
        ("A/2024-00017", {"bauer"}),
        ("2024-00017", {"bauer"}),
        ("fussboden", {"li"}),
        ("wei.li@post", {"li"}),
        ("altbau wei", {"li"}),
        # what means something to LIKE means nothing here
        ("%", set()),
        ("??", set()),
        ("\\\\", set()),
    ],
)
async def test_it_finds(market: Market, people: dict[str, str], q: str, expected: set[str]) -> None:
    q = q if len(q) > 1 else q * 2
    assert await finds(market, people, q) == expected


async def test_a_change_is_searched_at_once(market: Market, people: dict[str, str]) -> None:
    lead = await market.draft(prospect={"name": "Vorher Nirgendwo"}, interest="Markise")
    tag = (await market.gerd.get(market.path(lead))).headers["etag"]
    change = {"prospect": {"name": "Nachher Irgendwo"}, "interest": "Wintergarten"}
    changed = await market.gerd.patch(market.path(lead), change, headers={"If-Match": tag})
    assert changed.status_code == 200, changed.text
    known = people | {lead: "neu"}
    assert await finds(market, known, "irgendwo nachher") == {"neu"}
    assert await finds(market, known, "wintergarten irgendwo") == {"neu"}
    assert await finds(market, known, "vorher nirgendwo") == set()
    assert await finds(market, known, "markise") == set()


async def test_a_taker_finds_a_person_from_the_pick_on(market: Market) -> None:
    """Not by what it may not see; not at all what is nothing to it, by API key neither."""
    lead = await market.offered(
        market.world.huber, market.world.klein, prospect={"name": "Xaver Quittenbaum"}
    )
    known = {lead: "xaver"}
    made = await market.anna.post("/api-keys", {"name": "Suche"})
    key = {"Authorization": f"Bearer {made.json()['token']}"}

    async def by_key() -> int:
        found = await market.client.get("/leads?q=quittenbaum", headers=key)
        return len(found.json()["items"])

    for nobody in ("anna", "cora", "lena"):
        assert await finds(market, known, "quittenbaum", nobody) == set()
    assert await by_key() == 0
    assert await finds(market, known, "quittenbaum", "olga") == {"xaver"}
    assert (await market.anna.post(market.path(lead, "/pick"))).status_code == 200
    assert await finds(market, known, "quittenbaum", "ben") == {"xaver"}
    assert await by_key() == 1
    assert await finds(market, known, "quittenbaum", "cora") == set()


async def test_the_text_goes_with_the_person(market: Market) -> None:
    """Generated from the columns that an erasure empties; the control is found before."""
    marker = f"Wegdamit{uuid4().hex[:8]}"
    lead = await market.draft(prospect={"name": marker}, interest=f"{marker} Dach")
    hit = "select count(*) from app.prospect where searched like '%' || lower($1) || '%'"
    async with connected(market.urls.superuser) as superuser:
        assert await superuser.fetchval(hit, marker) == 1
        await superuser.execute(
            "update app.prospect set name = null, email = null, about = null where lead_id = $1",
            lead,
        )
        assert await superuser.fetchval(hit, marker) == 0


async def test_what_is_searched_is_what_the_lead_says(market: Market, people: Any) -> None:
    """However a lead came in: interest and reference stand beside the person."""
    async with connected(market.urls.superuser) as superuser:
        differing = await superuser.fetch(UNSEARCHED)
        assert await superuser.fetchval("select count(*) from app.prospect") > len(PEOPLE)
    assert differing == []
