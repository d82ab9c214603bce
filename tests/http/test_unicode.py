"""Text: one normal form, names that cannot pose as others, addresses that are addresses."""

from collections.abc import Iterator
from typing import Any

import httpx
import msgspec
import pytest

from service.web.edge import Edge
from tests.fixtures.http import Person
from tests.fixtures.world import World

JSON = {"Content-Type": "application/json"}


@pytest.fixture
def anna(client: httpx.AsyncClient, world: World) -> Person:
    """Admin of Firma Huber."""
    return Person(client, world.anna.token)


@pytest.fixture
def notes(world: World) -> str:
    """Where Firma Huber's colleagues write notes."""
    return f"/marketplaces/{world.nord_id}/leads/{world.leads['engaged']}/notes"


async def test_text_is_stored_nfc_in_every_spelling(anna: Person, notes: str) -> None:
    for spelling in ("Mu\u0308ller".encode(), b"Mu\\u0308ller", b"M\\u00fcller", "Müller".encode()):
        answer = await anna.post(notes, content=b'{"text":"' + spelling + b'"}', headers=JSON)
        assert answer.json()["text"] == "M\u00fcller"
    # Half-width and compatibility characters are other characters and stay.
    kept = await anna.post(notes, json={"text": "ﬁ ① Å"})
    assert kept.json()["text"] == "ﬁ ① Å"


async def test_a_search_finds_every_spelling(client: httpx.AsyncClient, world: World) -> None:
    gerd = Person(client, world.gerd.token)
    for spelling in ("Wärme", "Wa\u0308rme"):
        found = (await gerd.get("/leads", params={"q": spelling})).json()["items"]
        assert len(found) > 5, spelling


FORBIDDEN = [
    "\x01",
    "\x1b",
    "\x7f",
    "\x85",
    "\u061c",
    "\u200b",
    "\u200e",
    "\u200f",
    "\u2028",
    "\u202e",
    "\u2066",
    "\u2069",
    "\ufeff",
]


@pytest.mark.parametrize("character", FORBIDDEN)
async def test_names_without_control_and_bidi_characters(anna: Person, character: str) -> None:
    for name in (f"Firma{character}Huber", character, f"Huber{character}"):
        assert (await anna.patch("/company", {"name": name})).status_code == 400, repr(name)
        assert (await anna.post("/api-keys", {"name": name})).status_code == 400, repr(name)


async def test_names_have_something_to_read(anna: Person) -> None:
    for name in ("", " ", "\u00a0", "   ", " Huber", "x" * 201):
        assert (await anna.post("/api-keys", {"name": name})).status_code == 400, repr(name)
    for name in ("李", "Ø", "x" * 200, "O'Brien & Söhne", "Müller-Lüdenscheidt GmbH & Co. KG"):
        assert (await anna.post("/api-keys", {"name": name})).status_code == 201, name


@pytest.mark.parametrize(
    "email",
    [
        "anna", "anna@", "@huber.example", "anna@huber", "a b@huber.example",
        "anna@huber..example", "a\u202eb@huber.example", "anna@[127.0.0.1]",
        "Anna <anna@huber.example>", "anna@huber.example,ben@huber.example",
        "x" * 250 + "@a.example",
    ],
)  # fmt: skip
async def test_addresses(anna: Person, email: str) -> None:
    answer = await anna.post("/invitations", {"email": email})
    assert answer.status_code == 400, answer.text


def patterns(node: Any) -> Iterator[str]:
    """Every pattern of the description."""
    if isinstance(node, dict):
        if isinstance(node.get("pattern"), str):
            yield node["pattern"]
        for value in node.values():
            yield from patterns(value)
    elif isinstance(node, list):
        for value in node:
            yield from patterns(value)


def test_no_published_pattern_passes_a_trailing_newline(service: Edge) -> None:
    """`$` alone would, in Python; and in ECMAScript the same text must mean the same."""
    found = set(patterns(msgspec.json.decode(service.description)))
    assert len(found) >= 8
    assert [one for one in sorted(found) if not one.endswith(r"$(?!\n)")] == []
    assert [one for one in sorted(found) if r"\Z" in one or r"\A" in one] == []


LEAD = {"prospect": {"name": "Petra", "email": "p@muster.example"}, "interest": "Dach",
        "distribution_permission": True}  # fmt: skip
ENDED = {
    "name": ("gerd", {"prospect": {"name": "Petra\n"}}),
    "country": ("gerd", {"prospect": {"country": "DE\n"}}),
    "postcode": ("gerd", {"prospect": {"postcode": "25746\n"}}),
    "city": ("gerd", {"prospect": {"city": "Heide\n"}}),
    "phone": ("gerd", {"prospect": {"phone": "030 23125000\n"}}),
    "answer": ("gerd", {"prospect": {"answers": {"Frage\n": "x"}}}),
    "tags": ("gerd", {"tags": ["dach\n"]}),
    "external_ref": ("gerd", {"external_ref": "4711\n"}),
    "areas": ("lena", {"postcode_areas": ["25\n"]}),
    "taker's tags": ("lena", {"tags": ["dach\n"]}),
    "company": ("lena", {"name": "Firma Lang\n"}),
    "steps": ("olga", {"steps": ["neu\n"]}),
}


@pytest.mark.parametrize("what", ENDED)
async def test_a_newline_at_the_end_is_refused(
    client: httpx.AsyncClient, world: World, what: str
) -> None:
    who, body = ENDED[what]
    person, nord = Person(client, getattr(world, who).token), f"/marketplaces/{world.nord_id}"
    for end, status in (("\n", 400), ("\r\n", 400), ("", 200)):
        text = (
            msgspec.json.encode(body)
            .decode()
            .replace("\\n", msgspec.json.encode(end).decode()[1:-1])
        )
        given = msgspec.json.decode(text)
        if who == "gerd":
            merged = LEAD | given | {"prospect": LEAD["prospect"] | given.get("prospect", {})}
            answer = await person.post(f"{nord}/leads", merged)
        elif what == "company":
            answer = await person.patch("/company", given)
        elif who == "lena":
            answer = await person.patch(f"{nord}/participations/{world.lang.id}", given)
        else:
            answer = await person.patch(nord, given)
        assert answer.status_code // 100 == status // 100, (end, answer.text)


async def test_a_newline_at_the_end_of_a_parameter_is_refused(anna: Person) -> None:
    for query in ("handler=me%0A", "q=Dach%0A", "state=engaged%0A"):
        assert (await anna.get(f"/leads?{query}")).status_code == 400, query
