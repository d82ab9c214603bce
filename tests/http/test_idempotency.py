"""A repeated request has one effect, and its answer is the first one again, byte for byte."""

import asyncio
import random
from collections import Counter
from typing import Any
from uuid import uuid4

import httpx
import pytest

from service.domain.offers import operations as offers
from service.errors import Problem
from service.web.edge import Edge
from tests.fixtures.contract import Contract
from tests.fixtures.database import Urls, connected
from tests.fixtures.http import Person
from tests.fixtures.market import Market
from tests.fixtures.requests import FILE, Requests
from tests.fixtures.world import World


def key(name: str = "") -> dict[str, str]:
    """A header with a key nobody used."""
    return {"Idempotency-Key": name or uuid4().hex}


def told(answer: httpx.Response) -> tuple[int, bytes, str | None, str | None]:
    """What must be equal in a repeated answer."""
    headers = answer.headers
    return answer.status_code, answer.content, headers.get("content-type"), headers.get("etag")


@pytest.fixture
def anna(client: httpx.AsyncClient, world: World) -> Person:
    """Admin of Firma Huber."""
    return Person(client, world.anna.token)


@pytest.fixture
def notes(world: World) -> str:
    """Where Firma Huber's colleagues write notes."""
    return f"/marketplaces/{world.nord_id}/leads/{world.leads['engaged']}/notes"


async def count(urls: Urls, sql: str, *values: Any) -> int:
    """What the superuser counts."""
    async with connected(urls.superuser) as superuser:
        return int(await superuser.fetchval(sql, *values))


async def test_same_key_same_body(anna: Person, notes: str, world_database: Urls) -> None:
    headers, text = key(), f"einmal {uuid4()}"
    answers = [await anna.post(notes, {"text": text}, headers=headers) for _ in range(3)]
    assert answers[0].status_code == 201
    assert len({told(answer) for answer in answers}) == 1
    assert await count(world_database, "select count(*) from app.note where text = $1", text) == 1
    # The control: without a key, or with others, there are more.
    await anna.post(notes, {"text": text})
    await anna.post(notes, {"text": text}, headers=key())
    assert await count(world_database, "select count(*) from app.note where text = $1", text) == 3


async def test_other_spelling_of_the_same_text_is_the_same_body(anna: Person, notes: str) -> None:
    headers = {**key(), "Content-Type": "application/json"}
    first = await anna.post(notes, content=b'{"text":"M\\u00fcller"}', headers=headers)
    again = await anna.post(notes, content='{"text":"Mu\u0308ller"}'.encode(), headers=headers)
    assert told(first) == told(again)


async def test_other_body_or_route_is_422(anna: Person, notes: str) -> None:
    headers = key()
    first = await anna.post(notes, {"text": "eins"}, headers=headers)
    for path, body in (
        (notes, {"text": "zwei"}),
        (notes.replace("/notes", "/messages"), {"text": "eins"}),
        (f"{notes}", {"text": "eins "}),
    ):
        other = await anna.post(path, body, headers=headers)
        assert other.status_code == 422
        assert other.json()["type"] == "urn:kollegium:problem:idempotency-key-reused"
    # Being refused did not replace what was kept.
    assert told(await anna.post(notes, {"text": "eins"}, headers=headers)) == told(first)


async def test_refusals_are_kept(anna: Person, world: World) -> None:
    """A conflict stays the answer to its key, also when it would succeed by now."""
    olga = Person(anna.client, world.olga.token)
    lead = f"/marketplaces/{world.nord_id}/leads/{world.leads['submitted']}"
    headers = key()
    early = await olga.post(f"{lead}/offer", headers=headers)
    assert early.status_code == 409
    assert (await olga.post(f"{lead}/accept")).status_code == 200
    assert told(await olga.post(f"{lead}/offer", headers=headers)) == told(early)
    assert (await olga.post(f"{lead}/offer", headers=key())).status_code == 200
    missing = f"/marketplaces/{world.nord_id}/leads/{uuid4()}/submit"
    headers = key()
    answers = [await olga.post(missing, headers=headers) for _ in range(2)]
    assert {told(answer) for answer in answers} == {told(answers[0])}
    assert answers[0].status_code == 404


async def test_what_became_impossible_is_answered_as_before(
    anna: Person, notes: str, world: World, world_database: Urls
) -> None:
    """The question for the key goes out with the first statement, which may fail by now."""
    engagement = notes.replace("notes", "engagement")
    headers = key()
    first = await anna.post(f"{engagement}/close", {"outcome": "won"}, headers=headers)
    assert first.status_code == 200, first.text
    refused = await anna.post(f"{engagement}/close", {"outcome": "won"}, headers=key())
    assert refused.status_code == 409, "the control: it cannot be done twice"
    changes = "select count(*) from app.history where lead_id = $1"
    before = await count(world_database, changes, world.leads["engaged"])
    again = await anna.post(f"{engagement}/close", {"outcome": "won"}, headers=headers)
    assert told(again) == told(first)
    assert await count(world_database, changes, world.leads["engaged"]) == before
    other = await anna.post(f"{engagement}/close", {"outcome": "lost"}, headers=headers)
    assert other.json()["type"].endswith("idempotency-key-reused")
    assert (await anna.post(f"{engagement}/reopen")).status_code == 200


async def test_refusals_undo_what_was_begun(
    anna: Person, world: World, world_database: Urls
) -> None:
    """The lead is created before submitting it is refused; neither stays."""
    gerd = Person(anna.client, world.gerd.token)
    reference = f"ref-{uuid4()}"
    draft = {
        "prospect": {"name": "x"}, "interest": "x", "distribution_permission": False,
        "submit": True, "external_ref": reference,
    }  # fmt: skip
    answer = await gerd.post(f"/marketplaces/{world.nord_id}/leads", draft, headers=key())
    assert answer.status_code == 422
    sql = "select count(*) from app.lead where external_ref = $1"
    assert await count(world_database, sql, reference) == 0


@pytest.mark.parametrize("status", [429, 503, 500])
async def test_not_now_is_not_kept(
    anna: Person, notes: str, monkeypatch: pytest.MonkeyPatch, status: int
) -> None:
    slug = {429: "too-many-requests", 503: "unavailable", 500: "internal"}[status]

    def fail(*_: object) -> None:
        raise Problem(slug, retry_after=2)

    headers, pick = key(), notes.replace("/notes", "/pick")
    with monkeypatch.context() as patched:
        patched.setattr(offers, "lead", fail)
        answer = await anna.post(pick, headers=headers)
        assert answer.status_code == status
    assert (await anna.post(pick, headers=headers)).status_code == 200


async def test_the_same_key_of_two_companies(client: httpx.AsyncClient, world: World) -> None:
    headers = key("4711")
    found = []
    for who in (world.anna, world.cora, world.ben):
        body = {"name": "CRM"} if who is not world.ben else {"name": "other"}
        found.append(await Person(client, who.token).post("/api-keys", body, headers=headers))
    assert [answer.status_code for answer in found] == [201, 201, 422]  # Ben is Anna's colleague
    assert found[0].json()["id"] != found[1].json()["id"]


async def test_still_running_is_409(anna: Person, notes: str, world_database: Urls) -> None:
    """The first request waits for the lead; the second does not wait for the first."""
    path = notes.replace("/notes", "/messages")
    headers = key()
    async with connected(world_database.superuser) as superuser, superuser.transaction():
        await superuser.execute(
            "select from app.lead where id = $1::uuid for update", notes.split("/")[4]
        )
        first = asyncio.create_task(anna.post(path, {"text": "Hallo"}, headers=headers))
        await asyncio.sleep(0.3)
        second = await anna.post(path, {"text": "Hallo"}, headers=headers)
        assert second.status_code == 409
        assert second.json()["type"] == "urn:kollegium:problem:idempotency-in-progress"
        assert int(second.headers["retry-after"]) >= 1
        assert not first.done()
    done = await first
    assert done.status_code == 201
    assert told(await anna.post(path, {"text": "Hallo"}, headers=headers)) == told(done)


async def test_only_posts_have_keys(anna: Person) -> None:
    headers = key()
    names = ["Firma Huber 1", "Firma Huber 2"]
    answers = [await anna.patch("/company", {"name": name}, headers=headers) for name in names]
    assert [answer.json()["name"] for answer in answers] == names


async def test_a_form_is_the_same_whatever_its_boundary(
    client: httpx.AsyncClient, world: World
) -> None:
    """A client library makes a new boundary each time; the file is the same."""
    gerd, headers = Person(client, world.gerd.token), key()
    path = f"/imports?marketplace={world.nord_id}&consent=true"
    files = {"file": ("leads.csv", FILE, "text/csv")}
    first = await gerd.post(path, files=files, headers=headers)
    assert first.status_code == 201, first.text
    again = await gerd.post(path, files=files, headers=headers)
    assert told(again) == told(first)
    files = {"file": ("leads.csv", FILE.replace(b"Petra", b"Paula"), "text/csv")}
    assert (await gerd.post(path, files=files, headers=headers)).status_code == 422


async def test_works_for_every_post(
    service: Edge, client: httpx.AsyncClient, world: World, world_database: Urls
) -> None:
    """From the description, so that no future route is forgotten; what is refused is kept, too."""
    market = Market(client, world_database, world)
    requests = Requests(market, service.description)
    paths = Contract(service.description).document["paths"]
    operations = [item["post"] for item in paths.values() if "post" in item]
    names = [one["operationId"] for one in operations if one.get("security") != []]
    for name in names:
        by, _, path, body = await requests.make(name)
        headers, options = key(), {} if body is None else {"json": body}
        if isinstance(body, bytes):
            headers["Content-Type"], options = "text/csv", {"content": body}
        who: Person = getattr(market, by)
        first = await who.post(path, headers=headers, **options)
        again = await who.post(path, headers=headers, **options)
        assert told(first) == told(again), name
        assert first.status_code not in (400, 401, 405, 415), (name, first.text)
        sql = "select count(*) from app_private.idempotent_answer where key = $1"
        assert await count(world_database, sql, headers["Idempotency-Key"]) == 1, name
    assert len(names) >= 20


async def test_two_hundred_requests_sent_up_to_three_times(
    anna: Person, notes: str, world_database: Urls
) -> None:
    """Some at once; a repeated answer is the first one, or "still running"."""
    seed = random.randrange(10**6)
    print(f"seed {seed}")
    chance, mark = random.Random(seed), uuid4().hex
    sent = [(f"{mark}-{n}", f"{mark} {n}") for n in range(200)]
    calls = [one for one in sent for _ in range(chance.randint(1, 3))]
    chance.shuffle(calls)
    answers: dict[str, list[httpx.Response]] = {}
    gate = asyncio.Semaphore(8)

    async def call(name: str, text: str) -> None:
        async with gate:
            while True:
                answer = await anna.post(notes, {"text": text}, headers=key(name))
                answers.setdefault(name, []).append(answer)
                if answer.status_code == 201:
                    return
                assert answer.status_code == 409
                await asyncio.sleep(0.01)

    await asyncio.gather(*(call(*one) for one in calls))
    assert len(answers) == 200
    for name, found in answers.items():
        assert len({told(one) for one in found if one.status_code == 201}) == 1, name
    statuses = Counter(one.status_code for found in answers.values() for one in found)
    assert statuses[201] == len(calls)
    effects = await count(
        world_database, "select count(*) from app.note where starts_with(text, $1)", mark
    )
    assert effects == 200


async def test_a_secret_is_shown_once(
    client: httpx.AsyncClient, world: World, anna: Person, world_database: Urls
) -> None:
    """An API key's token is kept nowhere: who made it gets it again, and nobody else."""
    headers, body = key(), {"name": "Einmal"}
    made = await anna.post("/api-keys", body, headers=headers)
    assert made.status_code == 201
    assert told(await anna.post("/api-keys", body, headers=headers)) == told(made)
    other = await Person(client, world.ben.token).post("/api-keys", body, headers=headers)
    assert other.status_code == 409
    assert other.json()["type"].endswith("shown-once")
    assert (await Person(client, made.json()["token"]).get("/me")).status_code == 200
    sql = "select count(*) from app_private.idempotent_answer where body like '%' || $1 || '%'"
    assert await count(world_database, sql, made.json()["token"]) == 0
    assert await count(world_database, sql, made.json()["id"]) == 1  # the control
    sql = "select count(*) from app.api_key where name = $1"
    assert await count(world_database, sql, "Einmal") == 1
