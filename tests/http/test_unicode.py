"""Text: one normal form, names that cannot pose as others, addresses that are addresses."""

import httpx
import pytest

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
