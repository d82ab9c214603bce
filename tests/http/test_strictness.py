"""Bad input gets 4xx: bytes, headers, addresses, JSON, Unicode. Nothing here may be a 5xx."""

import json
from typing import Any
from uuid import uuid4

import httpx
import pytest

from service.errors import Problem
from service.web.strictness import clean_json
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


def nested(depth: int) -> bytes:
    """A note whose text is `depth` levels deep, together with the object around it."""
    return b'{"text":' + b"[" * (depth - 1) + b"]" * (depth - 1) + b"}"


BAD_BYTES = {
    "empty": (b"", "validation-failed"),
    "spaces": (b"   ", "bad-request"),
    "no JSON": (b"text=x", "bad-request"),
    "cut off": (b'{"text":"x', "bad-request"),
    "two values": (b'{"text":"x"}{"text":"y"}', "bad-request"),
    "comment": (b'{"text":"x"/*y*/}', "bad-request"),
    "trailing comma": (b'{"text":"x",}', "bad-request"),
    "single quotes": (b"{'text':'x'}", "bad-request"),
    "BOM": (b'\xef\xbb\xbf{"text":"x"}', "bad-request"),
    "UTF-16": ('{"text":"x"}'.encode("utf-16"), "bad-request"),
    "latin-1": ('{"text":"ü"}'.encode("latin-1"), "bad-request"),
    "overlong": (b'{"text":"\xc0\xaf"}', "bad-request"),
    "encoded surrogate": (b'{"text":"\xed\xa0\x80"}', "bad-request"),
    "beyond Unicode": (b'{"text":"\xf4\x90\x80\x80"}', "bad-request"),
    "lone high surrogate": (b'{"text":"\\ud800"}', "bad-request"),
    "lone low surrogate": (b'{"text":"\\udc00x"}', "bad-request"),
    "swapped surrogates": (b'{"text":"\\udc00\\ud800"}', "bad-request"),
    "raw NUL": (b'{"text":"a\x00b"}', "bad-request"),
    "escaped NUL": (b'{"text":"a\\u0000b"}', "bad-request"),
    "escaped NUL in a key": (b'{"te\\u0000xt":"ab"}', "bad-request"),
    "raw control character": (b'{"text":"a\x01b"}', "bad-request"),
    "NaN": (b'{"text":NaN}', "bad-request"),
    "Infinity": (b'{"text":-Infinity}', "bad-request"),
    "1e999": (b'{"text":1e999}', "bad-request"),
    "ten thousand digits": (b'{"text":' + b"9" * 10_000 + b"}", "bad-request"),
    "key twice": (b'{"text":"x","text":"y"}', "bad-request"),
    "key twice, escaped": (b'{"text":"x","\\u0074ext":"y"}', "bad-request"),
    "33 levels": (nested(33), "bad-request"),
    "32 levels": (nested(32), "validation-failed"),
    "100000 levels": (b"[" * 100_000, "bad-request"),
    "100000 levels of objects": (b'{"a":' * 50_000, "bad-request"),
    "an array": (b"[]", "validation-failed"),
    "null": (b"null", "validation-failed"),
    "a number": (b'{"text":5}', "validation-failed"),
    "unknown field": (b'{"text":"x","author":"me"}', "validation-failed"),
    "missing field": (b"{}", "validation-failed"),
    "too long": (json.dumps({"text": "x" * 10_001}).encode(), "validation-failed"),
}


@pytest.mark.parametrize("name", BAD_BYTES)
async def test_bytes_of_a_body(anna: Person, notes: str, name: str) -> None:
    body, slug = BAD_BYTES[name]
    answer = await anna.post(notes, content=body, headers=JSON)
    assert answer.status_code == 400, answer.text
    assert answer.json()["type"] == f"urn:kollegium:problem:{slug}"


async def test_the_control_is_taken(anna: Person, notes: str) -> None:
    for body in (
        b'{"text":"x"}',
        b'\n {"text" : "x"} ',
        b'{"text":"\\ud83d\\ude00"}',
        '{"text":"ü😀"}'.encode(),
        b'{"text":"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[["}',
        b'{"text":"\\"[{\\\\"}',
    ):
        answer = await anna.post(notes, content=body, headers=JSON)
        assert answer.status_code == 201, answer.text
        assert answer.json()["text"] == json.loads(body)["text"]


@pytest.mark.parametrize(
    "kind",
    [
        "text/plain",
        "text/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=latin-1",
        "application/json; charset=utf-16",
        "application/msgpack",
        "text/csv",
        "",
        "application/jsonx",
    ],
)
async def test_other_content_types_are_415(anna: Person, notes: str, kind: str) -> None:
    answer = await anna.post(notes, content=b'{"text":"x"}', headers={"Content-Type": kind})
    assert answer.status_code == 415, answer.text


@pytest.mark.parametrize(
    "kind",
    ["application/json; charset=utf-8", 'Application/JSON;charset="UTF-8"', "application/json;"],
)
async def test_other_spellings_of_json(anna: Person, notes: str, kind: str) -> None:
    answer = await anna.post(notes, content=b'{"text":"x"}', headers={"Content-Type": kind})
    assert answer.status_code == 201, answer.text


async def test_compressed_bodies_are_415(anna: Person, notes: str) -> None:
    for coding in ("gzip", "br", "deflate, gzip"):
        headers = {**JSON, "Content-Encoding": coding}
        assert (await anna.post(notes, content=b'{"text":"x"}', headers=headers)).status_code == 415


async def test_body_limits(anna: Person, notes: str, world: World) -> None:
    large = json.dumps({"text": "x" * (256 * 1024)}).encode()
    answer = await anna.post(notes, content=large, headers=JSON)
    assert answer.status_code == 413
    assert answer.json()["limit"] == 256 * 1024

    async def chunks() -> Any:
        for _ in range(70):
            yield b" " * 4096

    assert (await anna.post(notes, content=chunks(), headers=JSON)).status_code == 413
    # Imports have a limit of their own.
    gerd = Person(anna.client, world.gerd.token)
    path = f"/imports?marketplace={world.nord_id}"
    csv = b"Name;E-Mail\n" + b"x;y\n" * 100_001
    ok = await gerd.post(path, content=csv, headers={"Content-Type": "text/csv"})
    assert ok.status_code in (201, 422), ok.text
    huge = b"x" * (20 * 1024 * 1024 + 1)
    for body in (huge, chunked(huge)):
        refused = await gerd.post(path, content=body, headers={"Content-Type": "text/csv"})
        assert refused.status_code == 413


async def chunked(body: bytes) -> Any:
    """The body without a Content-Length."""
    for start in range(0, len(body), 1 << 20):
        yield body[start : start + (1 << 20)]


@pytest.mark.parametrize("method", ["GET", "DELETE", "HEAD"])
async def test_no_body_where_none_belongs(anna: Person, method: str) -> None:
    answer = await anna.send(method, "/company", content=b"{}", headers=JSON)
    assert answer.status_code == 400


async def test_routes_without_a_body_take_none(anna: Person, world: World) -> None:
    pick = f"/marketplaces/{world.nord_id}/leads/{world.leads['engaged']}/pick"
    assert (await anna.post(pick)).status_code == 200
    assert (await anna.post(pick, json={})).status_code == 200
    for body in ({"company_id": str(uuid4())}, [], "x"):
        answer = await anna.post(pick, json=body)
        assert answer.status_code == 400, body


@pytest.mark.parametrize(
    "query",
    [
        "limit=0", "limit=101", "limit=-1", "limit=1.5", "limit=1e1", "limit=ten", "limit=",
        "limit=9223372036854775808", "limit=99999999999999999999999", "limit=1&limit=2",
        "limit=%00", "limit=NaN", "limit=true", "limit=null", "limit=١", "unknown=1", "Limit=1",
        "cursor=%00", "cursor=x", "cursor=" + "A" * 65, "cursor=%ff", "cursor=AAAA%3D", "cursor=",
        "state=open", "state=draft&state=draft", "as=admin", "marketplace=1", "marketplace=",
        "handler=you", "handler=" + "0" * 36, "q=x", "q=%zz", "q=%c3%28", "q=%ed%a0%80",
        "q=a%00b", "q=%0a%0d", "q=" + "x" * 101, "%00=1", "=1", "q[]=xx", "limit=10%2e0",
    ],
)  # fmt: skip
async def test_queries(anna: Person, query: str) -> None:
    answer = await anna.client.get(
        f"/leads?{query}", headers={"Authorization": f"Bearer {anna.token}"}
    )
    assert answer.status_code == 400, answer.text


async def test_the_control_of_queries(anna: Person, world: World) -> None:
    for query in (
        "limit=1", "limit=100", "state=engaged", "as=taker", "handler=me", "handler=none",
        f"handler={uuid4()}", f"marketplace={world.nord_id}", "q=W%C3%A4rme", "q=50%25_x", "q=a+b",
        "q=%27%3B+drop+table", "q=%5C%5C%25", "",
    ):  # fmt: skip
        answer = await anna.get(f"/leads?{query}")
        assert answer.status_code == 200, query


async def test_parameters_are_refused_by_name(anna: Person) -> None:
    answer = await anna.get("/leads?as=admin&limit=0")
    assert {error["parameter"] for error in answer.json()["errors"]} == {"as", "limit"}
    answer = await anna.get("/leads?colour=red")
    (error,) = answer.json()["errors"]
    assert (error["parameter"], error["code"]) == ("colour", "unknown")


async def test_pointers_into_the_body(anna: Person, world: World) -> None:
    gerd = Person(anna.client, world.gerd.token)
    draft = {"prospect": {"name": "x"}, "interest": "x", "distribution_permission": True}
    path = f"/marketplaces/{world.nord_id}/leads"
    for change, pointer in (
        ({"tags": ["a", ""]}, "/tags/1"),
        ({"prospect": {"name": 5}}, "/prospect/name"),
        ({"interest": None}, "/interest"),
        ({"distribution_permission": "true"}, "/distribution_permission"),
        ({"distribution_permission": 1}, "/distribution_permission"),
        ({"prospect": {"name": "x", "answers": {"a": 1}}}, "/prospect/answers/a"),
    ):
        answer = await gerd.post(path, json=draft | change)
        assert answer.status_code == 400, change
        assert answer.json()["errors"][0]["pointer"] == pointer


@pytest.mark.parametrize(
    "cap", [-1, 100_001, 2**31, 2**63, 2**64, 10**40, 1.5, 1e2, "5", True, [], 1e308]
)
async def test_numbers(client: httpx.AsyncClient, world: World, cap: Any) -> None:
    olga = Person(client, world.olga.token)
    path = f"/marketplaces/{world.nord_id}/participations/{world.lang.id}"
    assert (await olga.patch(path, {"cap": cap})).status_code == 400


async def test_if_match_and_keys_of_any_kind(anna: Person, world: World, notes: str) -> None:
    lead = f"/marketplaces/{world.nord_id}/leads/{world.leads['engaged']}/engagement"
    unknown = ('"9999999999"', '"-1"', 'W/"1"', '"998", "999"', '""')
    for tag in (*unknown, "1", '"1', "x" * 1000):
        answer = await anna.patch(lead, {"step": "neu"}, etag=tag)
        assert answer.status_code == (412 if tag in unknown else 400), tag
    for key in ("x" * 256, "a b", "é".encode("latin-1")):
        answer = await anna.post(notes, json={"text": "x"}, headers={"Idempotency-Key": key})  # type: ignore[dict-item]
        assert answer.status_code == 400, key


@pytest.mark.parametrize(
    "path",
    ["//leads", "/leads/", "/leads//", "/leads%2f", "/%2fleads", "/LEADS", "/leads;x"],
)
async def test_a_path_has_one_spelling(anna: Person, path: str) -> None:
    url = httpx.URL("http://kollegium.test").copy_with(raw_path=path.encode())
    request = anna.client.build_request(
        "GET", url, headers={"Authorization": f"Bearer {anna.token}"}
    )
    answer = await anna.client.send(request)
    assert answer.status_code == 404
    assert answer.json()["type"] == "urn:kollegium:problem:not-found"


def test_clean_json_leaves_what_is_clean() -> None:
    for body in (b'{"a":1}', b'{"a":1.10,"b":[true,null]}', b'"x"', b"12345678901234567890"):
        assert clean_json(body) is body
    assert clean_json(b'{"e\\u0301":1}') == '{"é":1}'.encode()
    with pytest.raises(Problem):
        clean_json('{"é":1,"e\u0301":2}'.encode())
