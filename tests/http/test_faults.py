"""What is wrong with a request is told in words, all at once, where it stands, in two languages."""

from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import httpx
import msgspec
import pytest

from service.vocabulary import Input, Line, Moment, Name
from service.web.faults import MOST, faults
from tests.fixtures.http import Person
from tests.fixtures.world import World

GERMAN = {"Accept-Language": "de"}


class Part(Input):
    """One in another."""

    name: Name
    count: Annotated[int, msgspec.Meta(ge=0, le=9)] = 0


class Whole(Input):
    """Every kind of field that messages have."""

    part: Part
    parts: Annotated[list[Part], msgspec.Meta(min_length=1, max_length=2)]
    kind: Literal["a", "b"] = "a"
    id: UUID | None = None
    at: Moment | None = None
    when: datetime | None = None
    yes: bool = False
    amount: Annotated[float, msgspec.Meta(ge=0)] | None = None
    words: dict[Line, Annotated[str, msgspec.Meta(max_length=3)]] = {}  # noqa: RUF012


GOOD: dict[str, Any] = {"part": {"name": "x"}, "parts": [{"name": "y", "count": 9}]}
WRONG: list[tuple[dict[str, Any], list[tuple[str, str]]]] = [
    ({"part": {}}, [("/part/name", "needed")]),
    ({"part": None}, [("/part", "wrong-type")]),
    ({"part": {"name": ""}}, [("/part/name", "empty")]),
    ({"part": {"name": "x" * 201}}, [("/part/name", "too-long")]),
    ({"part": {"name": "x\n"}}, [("/part/name", "malformed")]),
    ({"part": {"name": 5}}, [("/part/name", "wrong-type")]),
    ({"part": {"name": "x", "count": 10}}, [("/part/count", "out-of-range")]),
    ({"part": {"name": "x", "count": True}}, [("/part/count", "wrong-type")]),
    ({"part": {"name": "x", "count": "1"}}, [("/part/count", "wrong-type")]),
    ({"part": {"name": "x", "what": 1}}, [("/part/what", "unknown")]),
    ({"parts": []}, [("/parts", "too-few")]),
    ({"parts": [{"name": "x"}] * 3}, [("/parts", "too-many")]),
    ({"parts": [{"name": "x"}, {"name": " "}]}, [("/parts/1/name", "malformed")]),
    ({"parts": {}}, [("/parts", "wrong-type")]),
    ({"kind": "c"}, [("/kind", "not-listed")]),
    ({"kind": None}, [("/kind", "not-listed")]),
    ({"id": "x"}, [("/id", "wrong-type")]),
    ({"at": "2026-10-12T09:00:00"}, [("/at", "wrong-type")]),
    ({"at": 5}, [("/at", "wrong-type")]),
    ({"when": "yesterday"}, [("/when", "wrong-type")]),
    ({"yes": 1}, [("/yes", "wrong-type")]),
    ({"amount": -1}, [("/amount", "out-of-range")]),
    ({"amount": "1"}, [("/amount", "wrong-type")]),
    ({"words": {"a/b~c": "long"}}, [("/words/a~1b~0c", "too-long")]),
    ({"words": {"a\n": "x"}}, [("/words/a\n", "malformed")]),
]


@pytest.mark.parametrize(("change", "wanted"), WRONG, ids=lambda value: str(value)[:40])
def test_each_fault_is_found_where_it_is(
    change: dict[str, Any], wanted: list[tuple[str, str]]
) -> None:
    value = GOOD | change
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(value, Whole)
    found = faults(Whole, value)
    assert [(fault.pointer, fault.code) for fault in found] == wanted
    assert all(fault.en and fault.de and fault.en != fault.de for fault in found)


def test_what_fits_has_no_faults() -> None:
    for change in ({}, {"id": None, "at": None}, {"amount": 1}, {"at": "2026-10-12T09:00:00Z"}):
        assert msgspec.convert(GOOD | change, Whole)
        assert faults(Whole, GOOD | change) == []


def test_all_of_them_are_told_up_to_a_limit() -> None:
    value = GOOD | {"words": {f"w{number}": "long" for number in range(50)}}
    assert len(faults(Whole, value)) == MOST


async def test_a_lead_with_many_faults(client: httpx.AsyncClient, world: World) -> None:
    gerd = Person(client, world.gerd.token)
    body = {
        "prospect": {"name": "", "email": 5, "country": "de", "shoe": 44},
        "tags": ["ok", "", "zwei\nZeilen"],
        "distribution_permission": "yes",
    }
    wanted = {
        "/prospect/name", "/prospect/email", "/prospect/country", "/prospect/shoe", "/tags/1",
        "/tags/2", "/distribution_permission", "/interest",
    }  # fmt: skip
    told = {}
    for language in ("en", "de"):
        answer = await gerd.post(
            f"/marketplaces/{world.nord_id}/leads", body, headers={"Accept-Language": language}
        )
        assert answer.status_code == 400
        told[language] = {e["pointer"]: e["detail"] for e in answer.json()["errors"]}
        assert told[language].keys() == wanted
    assert told["en"]["/prospect/country"] == "Two capital letters, such as DE"
    assert told["de"]["/prospect/country"] == "Zwei Großbuchstaben, etwa DE"
    assert told["de"]["/interest"] == "Dieses Feld wird gebraucht"


async def test_parameters_are_told_in_words(client: httpx.AsyncClient, world: World) -> None:
    gerd = Person(client, world.gerd.token)
    query = "limit=500&state=eaten&nothing=1&marketplace=x&q=a"
    answer = await gerd.get(f"/leads?{query}", headers=GERMAN)
    assert answer.status_code == 400
    told = {e["parameter"]: (e["code"], e["detail"]) for e in answer.json()["errors"]}
    assert told["limit"] == ("out-of-range", "Von 1 bis 100")
    assert told["nothing"] == ("unknown", "Dieser Parameter ist hier nicht bekannt")
    assert told["state"][0] == "not-listed"
    assert told["marketplace"] == ("wrong-type", "Erwartet wird eine Id (UUID)")
    assert told["q"] == ("too-short", "Mindestens 2 Zeichen")
    assert "|" not in answer.text, "no regular expression"
    for given in ("1.0", "x", "1e1"):
        answer = await gerd.get(f"/leads?limit={given}")
        assert answer.json()["errors"][0]["detail"] == "Expected a whole number"


async def test_an_address_is_refused_where_it_stands(
    client: httpx.AsyncClient, world: World
) -> None:
    anna, olga = Person(client, world.anna.token), Person(client, world.olga.token)
    place = f"/marketplaces/{world.nord_id}/participations"
    for who, path, body, pointer in (
        (anna, "/invitations", {"email": "anna@"}, "/email"),
        (olga, place, {"email": "anna@", "capacity": "taker"}, "/email"),
        (anna, "/merges", {"absorbed_company_email": "anna@"}, "/absorbed_company_email"),
        (anna, "/merges", {"survivor_company_email": "a b@c"}, "/survivor_company_email"),
    ):
        answer = await who.post(path, body, headers=GERMAN)
        (error,) = answer.json()["errors"]
        assert (answer.status_code, error["pointer"]) == (400, pointer)
        assert error["detail"] == "Das ist keine gültige E-Mail-Adresse."


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/leads", "GET, HEAD, OPTIONS"),
        ("/company", "GET, HEAD, OPTIONS, PATCH"),
        ("/marketplaces", "GET, HEAD, OPTIONS, POST"),
        ("/sessions/current", "DELETE, OPTIONS"),
        ("/healthz", "GET, HEAD, OPTIONS"),
    ],
)
async def test_options_names_all_methods(
    client: httpx.AsyncClient, world: World, path: str, methods: str
) -> None:
    for who in (client, Person(client, world.anna.token)):
        send = who.request if isinstance(who, httpx.AsyncClient) else who.send
        answer = await send("OPTIONS", path)
        assert (answer.status_code, answer.headers["allow"]) == (204, methods)
    refused = await client.request("TRACE", path)
    assert refused.headers["allow"] == methods
