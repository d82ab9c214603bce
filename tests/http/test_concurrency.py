"""No colleague overwrites another silently: versions, ETags, If-Match (domain.md, case 8)."""

import asyncio

import httpx
import pytest

from tests.fixtures.database import Urls, connected
from tests.fixtures.http import Person
from tests.fixtures.world import World


@pytest.fixture
def anna(client: httpx.AsyncClient, world: World) -> Person:
    """Admin of Firma Huber."""
    return Person(client, world.anna.token)


@pytest.fixture
def lead(world: World) -> str:
    """The lead that Firma Huber works."""
    return f"/marketplaces/{world.nord_id}/leads/{world.leads['engaged']}"


async def test_the_etag_is_the_version(anna: Person, lead: str) -> None:
    shown = await anna.get(lead)
    assert shown.headers["etag"] == f'"{shown.json()["version"]}"'
    head = await anna.send("HEAD", lead)
    assert head.headers["etag"] == shown.headers["etag"]
    for path in ("/company", "/me"):
        answer = await anna.get(path)
        version = answer.json().get("version")
        assert answer.headers.get("etag") == (None if version is None else f'"{version}"')


@pytest.mark.parametrize("tail", ["", "/engagement"])
async def test_without_if_match_is_428(anna: Person, lead: str, tail: str) -> None:
    body = {"step": "neu"} if tail else {"prospect": {"city": "Kiel"}}
    before = (await anna.get(lead)).json()
    answer = await anna.patch(lead + tail, body)
    assert answer.status_code == 428
    assert (await anna.get(lead)).json() == before


@pytest.mark.parametrize("tail", ["", "/engagement"])
async def test_a_stale_version_is_412_with_the_present_one(
    anna: Person, lead: str, tail: str
) -> None:
    body = {"step": "kontaktiert"} if tail else {"prospect": {"city": "Kiel"}}
    etag = (await anna.get(lead)).headers["etag"]
    changed = await anna.patch(lead + tail, body, etag=etag)
    assert changed.status_code == 200
    assert changed.headers["etag"] != etag
    late = await anna.patch(lead + tail, body, etag=etag)
    assert late.status_code == 412
    assert late.headers["etag"] == changed.headers["etag"]
    assert late.json()["version"] == changed.json()["version"]
    assert (await anna.patch(lead + tail, body, etag=late.headers["etag"])).status_code == 200


async def test_star_means_whatever_is_there(anna: Person, lead: str) -> None:
    for tag in ("*", " * "):
        answer = await anna.patch(f"{lead}/engagement", {"step": "neu"}, etag=tag)
        assert answer.status_code == 200


async def test_weak_and_foreign_tags_match_nothing(anna: Person, lead: str) -> None:
    etag = (await anna.get(lead)).headers["etag"]
    version = etag.strip('"')
    for tag in (
        f"W/{etag}",
        f'"0{version}"',
        '"x"',
        '""',
        '"*"',
        f'"a,{version}"',
        f'W/"x", "{99}"',
    ):
        answer = await anna.patch(f"{lead}/engagement", {"step": "neu"}, etag=tag)
        assert answer.status_code == 412, tag
        assert answer.headers["etag"] == etag


@pytest.mark.parametrize(
    "tag",
    ["5", '"5', '5"', "w/*", '"5" "6"', "*, *", '*, "5"', '"5", *', '"5", six', 'w/"5"', "''"],
)
async def test_what_is_no_list_of_tags_is_400(anna: Person, lead: str, tag: str) -> None:
    before = (await anna.get(lead)).json()
    answer = await anna.patch(f"{lead}/engagement", {"step": "angebot"}, etag=tag)
    assert (answer.status_code, answer.json()["reason"]) == (400, "if-match")
    assert (await anna.get(lead)).json() == before


@pytest.mark.parametrize("shape", ['"999", {}', '{}, "999"', 'W/"7",{} ,', ', {} , "a,b"'])
async def test_a_list_matches_when_one_of_it_does(anna: Person, lead: str, shape: str) -> None:
    etag = (await anna.get(lead)).headers["etag"]
    listed = {"etag": shape.format(etag)}
    steps = ("kontaktiert", "neu")
    step = steps[(await anna.get(lead)).json()["engagement"]["step"] == steps[0]]
    assert (await anna.patch(f"{lead}/engagement", {"step": step}, **listed)).status_code == 200
    assert (
        await anna.patch(f"{lead}/engagement", {"step": "angebot"}, **listed)
    ).status_code == 412


NOTHING_NEW = {
    "lead": ("anna", "{lead}", ["prospect", "name"]),
    "answers": ("anna", "{lead}", ["prospect", "answers"]),
    "interest": ("olga", "{lead}", ["interest"]),
    "engagement": ("anna", "{lead}/engagement", ["engagement", "step"]),
    "company": ("anna", "/company", ["name"]),
    "colleague": ("anna", "/colleagues/{anna}", ["name"]),
    "marketplace": ("olga", "/marketplaces/{m}", ["steps"]),
    "card": ("anna", "/marketplaces/{m}/participations/{huber}", ["tags"]),
}


@pytest.mark.parametrize("what", NOTHING_NEW)
async def test_what_changes_nothing_raises_no_version(
    client: httpx.AsyncClient, world: World, lead: str, what: str, world_database: Urls
) -> None:
    """Nor history, nor an entry in the audit log; and what does change something raises one."""
    who, where, path = NOTHING_NEW[what]
    person = Person(client, getattr(world, who).token)
    names = {"lead": lead, "m": world.nord_id, "huber": world.huber.id, "anna": world.anna.id}
    url = where.format(**names)
    shown = await person.patch(url, {}, etag="*")  # an empty change shows what there is
    if shown.status_code != 200:
        shown = await person.get(url.removesuffix("/engagement"))
    value = shown.json()
    if what == "engagement":
        value, path = {"step": value.get("step") or value["engagement"]["step"]}, ["step"]
    for name in path:
        value = value[name]
    body: object = value
    for name in reversed(path):
        body = {name: body}
    traces = (
        "select (select count(*) from app.history) + (select count(*) from app_private.audit_entry)"
    )
    async with connected(world_database.superuser) as superuser:
        before = await superuser.fetchval(traces)
        first = await person.patch(url, body, etag="*")
        assert first.status_code == 200, first.text
        again = await person.patch(url, body, etag=first.headers["etag"])
        assert (again.status_code, again.headers["etag"]) == (200, first.headers["etag"])
        assert await superuser.fetchval(traces) == before
    other = {
        "lead": {"prospect": {"name": "Anders"}},
        "answers": {"prospect": {"answers": {"x": "1"}}},
        "interest": {"interest": "Anders"}, "engagement": {"step": "angebot"},
        "company": {"name": "Huber neu"}, "colleague": {"name": "Anna Neu"},
        "marketplace": {"steps": ["neu", "kontaktiert", "angebot", "fertig"]},
        "card": {"tags": ["anders"]}}[what]  # fmt: skip
    changed = await person.patch(url, other, etag=first.headers["etag"])
    assert changed.headers["etag"] != first.headers["etag"], "the control"


async def test_history_names_the_fields_that_changed(anna: Person, lead: str) -> None:
    shown = (await anna.get(lead)).json()["prospect"]
    body = {"prospect": {"name": shown["name"], "city": "Flensburg"}}
    assert (await anna.patch(lead, body, etag="*")).status_code == 200
    newest = (await anna.get(f"{lead}/history?limit=1")).json()["items"][0]
    assert newest["detail"] == {"fields": ["city"]}


async def test_one_etag_guards_lead_and_engagement(anna: Person, lead: str, world: World) -> None:
    """Ben moves the step; Anna's correction of the contact data notices it."""
    ben = Person(anna.client, world.ben.token)
    await ben.patch(f"{lead}/engagement", {"step": "neu"}, etag="*")
    etag = (await anna.get(lead)).headers["etag"]
    moved = await ben.patch(f"{lead}/engagement", {"step": "angebot"}, etag=etag)
    assert moved.status_code == 200
    assert (await anna.patch(lead, {"prospect": {"city": "Kiel"}}, etag=etag)).status_code == 412


async def test_partial_updates_keep_what_they_do_not_name(anna: Person, lead: str) -> None:
    before = (await anna.get(lead)).json()
    answer = await anna.patch(
        lead, {"prospect": {"phone": "+49 30 23125001"}}, etag=f'"{before["version"]}"'
    )
    after = answer.json()["prospect"]
    assert after == {**before["prospect"], "phone": "+493023125001"}
    emptied = await anna.patch(lead, {"prospect": {"phone": None}}, etag=answer.headers["etag"])
    assert emptied.json()["prospect"]["phone"] is None


@pytest.mark.parametrize("path", ["/company", "colleague", "marketplace", "card"])
async def test_other_resources_honour_if_match(
    client: httpx.AsyncClient, world: World, path: str
) -> None:
    olga = Person(client, world.olga.token)
    nord = f"/marketplaces/{world.nord_id}"
    where, body, other = {
        "/company": ("/company", {"language": "de"}, {"language": "en"}),
        "colleague": (f"/colleagues/{world.otto.id}", {"language": "de"}, {"language": "en"}),
        "marketplace": (nord, {"response_hours": 24}, {"response_hours": 25}),
        "card": (f"{nord}/participations/{world.lang.id}", {"paused": False}, {"paused": True}),
    }[path]
    free = await olga.patch(where, body)
    assert free.status_code == 200
    assert (await olga.patch(where, body, etag='"999999"')).status_code == 412
    assert (await olga.patch(where, other, etag=free.headers["etag"])).status_code == 200
    stale = await olga.patch(where, body, etag=free.headers["etag"])
    assert stale.status_code == 412
    assert stale.headers["etag"] != free.headers["etag"]


async def test_sixteen_colleagues_twenty_increments(
    client: httpx.AsyncClient, world: World, anna: Person, lead: str
) -> None:
    """Each reads, adds one, writes with what he read: the sum is the number of 200s."""
    await anna.patch(lead, {"prospect": {"answers": {"count": "0"}}}, etag="*")
    start = (await anna.get(lead)).json()["version"]
    tokens = [world.anna.token, world.ben.token, world.dora.token]
    written = 0

    async def colleague(number: int) -> None:
        nonlocal written
        person = Person(client, tokens[number % 3])
        for _ in range(20):
            shown = await person.get(lead)
            count = int(shown.json()["prospect"]["answers"]["count"])
            change = {"prospect": {"answers": {"count": str(count + 1)}}}
            answer = await person.patch(lead, change, etag=shown.headers["etag"])
            assert answer.status_code in (200, 412), answer.text
            written += answer.status_code == 200

    await asyncio.gather(*(colleague(number) for number in range(16)))
    final = (await anna.get(lead)).json()
    assert 20 <= written < 320, "some won and some were told"
    assert int(final["prospect"]["answers"]["count"]) == written
    assert final["version"] == start + written
