"""No colleague overwrites another silently: versions, ETags, If-Match (domain.md, case 8)."""

import asyncio

import httpx
import pytest

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
    for tag in (f"W/{etag}", version, f'"0{version}"', f'"{version}', '"x"', '""', "w/*"):
        answer = await anna.patch(f"{lead}/engagement", {"step": "neu"}, etag=tag)
        assert answer.status_code == 412, tag
        assert answer.headers["etag"] == etag


async def test_one_etag_guards_lead_and_engagement(anna: Person, lead: str, world: World) -> None:
    """Ben moves the step; Anna's correction of the contact data notices it."""
    ben = Person(anna.client, world.ben.token)
    etag = (await anna.get(lead)).headers["etag"]
    moved = await ben.patch(f"{lead}/engagement", {"step": "angebot"}, etag=etag)
    assert moved.status_code == 200
    assert (await anna.patch(lead, {"prospect": {"city": "Kiel"}}, etag=etag)).status_code == 412


async def test_partial_updates_keep_what_they_do_not_name(anna: Person, lead: str) -> None:
    before = (await anna.get(lead)).json()
    answer = await anna.patch(
        lead, {"prospect": {"phone": "+49 30 1"}}, etag=f'"{before["version"]}"'
    )
    after = answer.json()["prospect"]
    assert after == {**before["prospect"], "phone": "+49 30 1"}
    emptied = await anna.patch(lead, {"prospect": {"phone": None}}, etag=answer.headers["etag"])
    assert emptied.json()["prospect"]["phone"] is None


@pytest.mark.parametrize("path", ["/company", "colleague", "marketplace", "card"])
async def test_other_resources_honour_if_match(
    client: httpx.AsyncClient, world: World, path: str
) -> None:
    olga = Person(client, world.olga.token)
    nord = f"/marketplaces/{world.nord_id}"
    where, body = {
        "/company": ("/company", {"language": "de"}),
        "colleague": (f"/colleagues/{world.otto.id}", {"language": "de"}),
        "marketplace": (nord, {"response_hours": 24}),
        "card": (f"{nord}/participations/{world.lang.id}", {"paused": False}),
    }[path]
    free = await olga.patch(where, body)
    assert free.status_code == 200
    assert (await olga.patch(where, body, etag='"999999"')).status_code == 412
    assert (await olga.patch(where, body, etag=free.headers["etag"])).status_code == 200
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
