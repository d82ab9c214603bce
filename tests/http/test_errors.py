"""One shape for every error, in two languages, and one answer for what may not be seen."""

import json
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from litestar.exceptions import HTTPException, InternalServerException

from service.database.wire import ConnectionLost, PoolExhausted, PostgresError
from service.errors import KINDS, Problem, as_markdown
from service.web import problems
from tests.fixtures.database import Urls, connected
from tests.fixtures.http import Person, log_in
from tests.fixtures.world import World

ROOT = Path(__file__).resolve().parents[2]
# What may differ between two answers that must not be told apart.
OWN = {"x-request-id"}


def told(answer: httpx.Response) -> tuple[int, bytes, list[tuple[str, str]]]:
    """Everything a client learns from an answer."""
    headers = [(k, v) for k, v in answer.headers.multi_items() if k not in OWN]
    return answer.status_code, answer.content, headers


def test_catalogue_is_complete_and_documented() -> None:
    for slug, kind in KINDS.items():
        assert all(text.strip() == text and text for text in kind[1:]), slug
        assert kind.en != kind.de, slug
        assert kind.hint_en != kind.hint_de, slug
    current = (ROOT / "docs" / "errors.md").read_text(encoding="utf-8")
    assert current == as_markdown(), "run: python -m service.errors"


def test_sql_and_catalogue_agree() -> None:
    """Each refusal in SQL is a slug of the catalogue, with the same status."""
    found = set()
    for file in sorted((ROOT / "sql" / "functions").rglob("*.sql")):
        text = file.read_text(encoding="utf-8")
        for part in text.split("refuse(")[1:]:
            status, slug = part.split(",")[0].strip(), part.split("'")[1]
            if status.isdigit():
                assert KINDS[slug].status == int(status), slug
                found.add(slug)
    assert len(found) > 20


@pytest.mark.parametrize(
    ("error", "slug"),
    [
        (PostgresError({"C": "40001"}), "unavailable"),
        (PostgresError({"C": "40P01"}), "unavailable"),
        (PostgresError({"C": "55P03"}), "unavailable"),
        (PostgresError({"C": "57014"}), "unavailable"),
        (PostgresError({"C": "53300"}), "unavailable"),
        (PostgresError({"C": "53100"}), "unavailable"),
        (PostgresError({"C": "57P01"}), "unavailable"),
        (PostgresError({"C": "57P03"}), "unavailable"),
        (PostgresError({"C": "08003"}), "unavailable"),
        (PostgresError({"C": "25006"}), "unavailable"),
        (ConnectionLost(), "unavailable"),
        (PoolExhausted(), "unavailable"),
        (ConnectionResetError(), "unavailable"),
        (TimeoutError(), "unavailable"),
        (PostgresError({"C": "23505"}), "conflict"),
        (PostgresError({"C": "23503"}), "conflict"),
        (PostgresError({"C": "22021"}), "bad-request"),
        (PostgresError({"C": "22003"}), "bad-request"),
        (PostgresError({"C": "28000"}), "unauthenticated"),
        (PostgresError({"C": "42501"}), "not-found"),
        (PostgresError({"C": "42P01"}), "internal"),
        (InternalServerException(), "internal"),
        (HTTPException(status_code=418), "bad-request"),
        (ZeroDivisionError(), "internal"),
        (Problem("nobody-knows-this"), "internal"),
    ],
)
def test_one_table_from_exceptions_to_problems(error: Exception, slug: str) -> None:
    assert problems.from_exception(error).slug == slug


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-AT,de;q=0.9", "de"),
        ("en-GB,en;q=0.9,de;q=0.8", "en"),
        ("en;q=0.3, de;q=0.7", "de"),
        ("fr, de;q=0.5", "de"),
        ("fr", "en"),
        ("*", "en"),
        ("de;q=0, *", "en"),
        ("en;q=0, *", "de"),
        ("en;q=0,de", "de"),
        ("de,en", "de"),
        ("en,de", "en"),
        ("DE", "de"),
        ("de;q=2", "en"),
        ("de;;;,q=,=;-;ä", "en"),
        ("x" * 100_000, "en"),
    ],
)
def test_language(accepted: str, language: str) -> None:
    assert problems.language(accepted) == language


async def test_titles_in_both_languages(client: httpx.AsyncClient) -> None:
    english = await client.get("/me")
    german = await client.get("/me", headers={"Accept-Language": "fr, de;q=0.8, en;q=0.2"})
    assert english.headers["content-language"] == "en"
    assert german.headers["content-language"] == "de"
    assert english.json()["title"] == "Log in first"
    assert german.json() == {
        "type": "urn:kollegium:problem:unauthenticated",
        "title": "Bitte zuerst anmelden",
        "status": 401,
        "detail": KINDS["unauthenticated"].hint_de,
    }
    assert german.headers["www-authenticate"] == "Bearer"


async def test_framework_errors_are_problems(client: httpx.AsyncClient, world: World) -> None:
    anna = Person(client, world.anna.token)
    nowhere = await anna.get("/nowhere")
    assert nowhere.status_code == 404
    assert nowhere.json()["type"] == "urn:kollegium:problem:not-found"
    wrong = await anna.send("PUT", "/leads")
    assert wrong.status_code == 405
    assert wrong.headers["content-type"] == "application/problem+json"
    assert set(wrong.headers["allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}
    wrong = await anna.get("/password-resets")
    assert set(wrong.headers["allow"].split(", ")) == {"OPTIONS", "POST"}
    head = await anna.send("HEAD", "/password-resets")
    assert (head.status_code, head.content) == (405, b"")
    for method in ("TRACE", "CONNECT", "BREW"):
        assert (await anna.send(method, "/leads")).status_code == 405, method
    options = await anna.send("OPTIONS", "/leads")
    assert (options.status_code, options.content) == (204, b"")
    assert "HEAD" in options.headers["allow"]


async def test_ours_is_a_problem_too(
    client: httpx.AsyncClient, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(call: object, result: object) -> None:
        raise ZeroDivisionError("secret 4711")

    monkeypatch.setattr("service.web.calls.Call.reply", fail)
    answer = await Person(client, world.anna.token).get("/me")
    assert answer.status_code == 500
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "urn:kollegium:problem:internal"
    assert "4711" not in answer.text


ROUTES = [
    ("GET", ""),
    ("PATCH", ""),
    ("POST", "/submit"),
    ("POST", "/accept"),
    ("POST", "/reject"),
    ("POST", "/offer"),
    ("POST", "/assign"),
    ("POST", "/withdraw"),
    ("POST", "/pick"),
    ("POST", "/decline"),
    ("POST", "/reopen"),
    ("PATCH", "/engagement"),
    ("POST", "/engagement/close"),
    ("POST", "/engagement/reopen"),
    ("GET", "/notes"),
    ("POST", "/notes"),
    ("GET", "/messages"),
    ("POST", "/messages"),
    ("GET", "/history"),
]
BODIES = {
    "PATCH ": {"interest": "x"},
    "PATCH /engagement": {"step": "neu"},
    "POST /reject": {"reason": "x"},
    "POST /assign": {"company_id": str(uuid4())},
    "POST /engagement/close": {"outcome": "won"},
    "POST /notes": {"text": "x"},
    "POST /messages": {"text": "x"},
}


@pytest.mark.parametrize(("method", "tail"), ROUTES)
async def test_not_found_is_one_answer(
    client: httpx.AsyncClient, world: World, method: str, tail: str
) -> None:
    """Firma Fremd asks for a foreign lead, one under the wrong marketplace, and random ids."""
    fritz = Person(client, world.fritz.token)
    lead, random = world.leads["engaged"], uuid4()
    places = [
        f"/marketplaces/{world.nord_id}/leads/{lead}",
        f"/marketplaces/{world.nord_id}/leads/{random}",
        f"/marketplaces/{random}/leads/{lead}",
        f"/marketplaces/{world.sued_id}/leads/{lead}",
        f"/marketplaces/{uuid4()}/leads/{uuid4()}",
    ]
    options = {"headers": {"If-Match": '"1"'}} if method == "PATCH" else {}
    body = BODIES.get(f"{method} {tail}")
    answers = [
        await fritz.send(method, place + tail, **({"json": body} if body else {}), **options)
        for place in places
    ]
    assert answers[0].status_code == 404
    assert {json.dumps(told(answer), default=str) for answer in answers} == {
        json.dumps(told(await fritz.get("/nowhere")), default=str)
    }


async def test_not_found_for_lost_offers_and_other_things(
    client: httpx.AsyncClient, world: World
) -> None:
    """Firma Klein lost the lead that Firma Huber picked; for Klein it never existed."""
    cora, fritz = Person(client, world.cora.token), Person(client, world.fritz.token)
    nowhere = told(await cora.get("/nowhere"))
    lost = f"/marketplaces/{world.nord_id}/leads/{world.leads['engaged']}"
    for tail in ("", "/notes", "/messages", "/history"):
        assert told(await cora.get(lost + tail)) == nowhere
    import_id = (await Person(client, world.gerd.token).get("/imports")).json()["items"][0]["id"]
    for path in (
        f"/marketplaces/{world.nord_id}",
        f"/marketplaces/{world.nord_id}/participations",
        f"/imports/{import_id}",
        f"/imports/{uuid4()}",
    ):
        assert told(await fritz.get(path)) == nowhere, path
    for path in (f"/api-keys/{uuid4()}", f"/invitations/{uuid4()}"):
        assert told(await fritz.delete(path)) == nowhere, path
    change = await fritz.patch(f"/colleagues/{world.anna.id}", {"role": "member"})
    assert told(change) == nowhere


async def test_other_spellings_of_an_id_are_not_found(
    client: httpx.AsyncClient, world: World
) -> None:
    anna = Person(client, world.anna.token)
    nord = str(world.nord_id)
    assert (await anna.get(f"/marketplaces/{nord}")).status_code == 200
    assert (await anna.get(f"/marketplaces/{nord.upper()}")).status_code == 200
    nowhere = told(await anna.get("/nowhere"))
    for spelling in (
        nord.replace("-", ""),
        "{" + nord + "}",
        f"urn:uuid:{nord}",
        nord[:-1],
        nord + "0",
        "null",
        "%20" + nord,
        "1",
    ):
        assert told(await anna.get(f"/marketplaces/{spelling}")) == nowhere, spelling


async def test_a_refused_policy_is_not_found(
    client: httpx.AsyncClient, world: World, world_database: Urls
) -> None:
    """42501 inside is 404 outside, as for a random id."""
    anna = Person(client, world.anna.token)
    path = f"/marketplaces/{world.nord_id}"
    async with connected(world_database.superuser) as superuser:
        await superuser.execute("revoke select on app.participation from kollegium_api")
        try:
            answer = await anna.get(path)
        finally:
            await superuser.execute("grant select on app.participation to kollegium_api")
    assert told(answer) == told(await anna.get(f"/marketplaces/{uuid4()}"))
    assert (await anna.get(path)).status_code == 200


async def test_request_id(client: httpx.AsyncClient) -> None:
    mine = await client.get("/healthz", headers={"X-Request-Id": "my-request.4711"})
    assert mine.headers["x-request-id"] == "my-request.4711"
    for bad in ("short", "x" * 65, "with space 1", "<script>1"):
        given = (await client.get("/healthz", headers={"X-Request-Id": bad})).headers
        assert given["x-request-id"] != bad
        assert len(given["x-request-id"]) == 32
    assert (await log_in(client, "anna@huber.example")).token.startswith("kgs_")
