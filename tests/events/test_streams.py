"""GET /events over real sockets: in time, once, to whom it concerns; and how a stream ends."""

import asyncio
import contextlib
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest

from service.database import wakeups
from service.domain.events import operations
from service.web.bearers import COOKIE
from tests.fixtures.database import connected
from tests.fixtures.http import Person, listening, log_in
from tests.fixtures.market import Market, slug

ID = UUID("0197a1c2-0000-7000-8000-000000000001")  # every process collects the same tests
SOON = 10.0  # nothing is timed: whoever waits longer waits in vain


class Reader:
    """A client that reads a stream event by event."""

    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer
        self.place = ""
        self._lines = answer.aiter_lines()

    async def part(self) -> dict[str, str]:
        """The next block, comments included (as "")."""
        found: dict[str, str] = {}
        async for line in self._lines:
            if not line:
                self.place = found.get("id", self.place)
                return found
            name, _, value = line.partition(":")
            found[name] = value.strip()
        raise EOFError

    async def event(self) -> dict[str, Any]:
        """The next event."""
        async with asyncio.timeout(SOON):
            while True:
                part = await self.part()
                if "data" in part:
                    return dict(msgspec.json.decode(part["data"]))

    async def until(self, kind: str, lead: str) -> list[dict[str, Any]]:
        """Events up to that one."""
        found = [await self.event()]
        while (found[-1]["kind"], found[-1].get("lead_id")) != (kind, lead):
            found.append(await self.event())
        return found

    async def end(self) -> None:
        """Reads on until the service ends it."""
        async with asyncio.timeout(SOON):
            with contextlib.suppress(EOFError):
                while True:
                    await self.part()


@pytest.fixture(autouse=True)
def _as_served(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(operations, "LONGEST", 3600.0)


@pytest.fixture(scope="module")
def url(market: Market) -> Any:
    """Where the service listens."""
    with listening(market.urls.api) as one:
        yield one


@asynccontextmanager
async def reading(
    url: str, token: str, place: str | None = None, status: int = 200, page: bool = False
) -> AsyncIterator[Reader]:
    """A stream, of the page if so, with its cookie; it has begun when this returns."""
    headers = {"Authorization": f"Bearer {token}"}
    if page:
        headers = {"Cookie": f"{COOKIE}={token}", "Sec-Fetch-Site": "same-origin"}
    headers |= {"Last-Event-ID": place} if place else {}
    async with (
        httpx.AsyncClient(base_url=url, timeout=SOON) as client,
        client.stream("GET", "/events", headers=headers) as answer,
    ):
        assert answer.status_code == status, await answer.aread()
        reader = Reader(answer)
        if status == 200:
            assert "id" in await reader.part()
        yield reader


async def test_each_company_hears_its_own_at_once(market: Market, url: str) -> None:
    """The taker of its offer and pick, with its colleague's name; an outsider nothing at all."""
    world = market.world
    async with (
        reading(url, world.ben.token) as ben,
        reading(url, world.cora.token) as cora,
        reading(url, world.olga.token) as olga,
    ):
        assert ben.answer.headers["content-type"] == "text/event-stream"
        assert ben.answer.headers["x-accel-buffering"] == "no"
        lead = await market.offered(world.huber)
        [offered] = await ben.until("offer.opened", lead)
        assert offered.keys() == {"id", "kind", "at", "marketplace_id", "lead_id"}
        assert (await market.anna.post(market.path(lead, "/pick"))).status_code == 200
        [picked] = await ben.until("lead.picked", lead)
        assert picked["actor"] == "Anna"
        assert picked["engagement_id"]
        told = await olga.until("lead.picked", lead)
        assert "actor" not in told[-1]
        other = await market.offered(world.klein)
        assert [e["lead_id"] for e in await cora.until("offer.opened", other)] == [other]


async def test_a_reader_that_comes_again_goes_on(market: Market, url: str) -> None:
    """After what it had, also on another process; an old place is answered with a resync."""
    token = market.world.ben.token
    async with reading(url, token) as ben:
        first = await market.offered(market.world.huber)
        await ben.until("offer.opened", first)
    second = await market.offered(market.world.huber)
    with listening(market.urls.api) as other:
        async with reading(other, token, ben.place) as again:
            assert [e["lead_id"] for e in await again.until("offer.opened", second)] == [second]
    async with reading(url, token, "0" * 8 + ben.place[8:]) as late:
        assert (await late.event())["kind"] == "resync"
        third = await market.offered(market.world.huber)
        assert [e["lead_id"] for e in await late.until("offer.opened", third)] == [third]


@pytest.mark.parametrize("place", ["5", "x" * 36, f"{ID}~", f"{ID}~1,x", f"{ID}' --"])
async def test_a_place_that_is_none(market: Market, url: str, place: str) -> None:
    """A clear refusal, before anything is streamed."""
    async with reading(url, market.world.ben.token, place, status=400) as refused:
        assert msgspec.json.decode(await refused.answer.aread())["reason"] == "last-event-id"


async def test_what_commits_late_is_told_once(market: Market, url: str) -> None:
    """Though its events stand before those that were told meanwhile; also to who comes again in
    between. The control: who goes on by the id alone does not hear of it."""
    world = market.world
    first, second = await market.offered(world.huber), await market.offered(world.klein)
    async with connected(market.urls.api) as slow, reading(url, world.otto.token) as otto:
        held = slow.transaction()
        await held.start()
        await slow.fetchval("select app.enter_to_write($1)", world.anna.token)
        await slow.fetchval("select app.attempt_pick($1, $2)", market.m, UUID(first))
        assert (await market.cora.post(market.path(second, "/pick"))).status_code == 200
        await otto.until("lead.picked", second)
        place = otto.place
        assert "~" in place
        async with reading(url, world.otto.token, place) as again:
            third = await market.offered(world.klein)
            await again.until("lead.offered", third)
            await held.commit()
            for reader in (otto, again):
                events = await reader.until("lead.picked", first)
                assert [e["kind"] for e in events].count("lead.picked") == 1
        async with reading(url, world.otto.token, place.partition("~")[0]) as control:
            fourth = await market.offered(world.klein)
            heard = await control.until("lead.offered", fourth)
            assert not [e for e in heard if (e["kind"], e.get("lead_id")) == ("lead.picked", first)]
        heard = [e for e in await otto.until("lead.offered", fourth) if e.get("lead_id") == first]
        assert heard == []


@pytest.mark.parametrize("page", [False, True], ids=["bearer", "cookie"])
async def test_a_stream_ends_with_its_token(
    market: Market, url: str, monkeypatch: pytest.MonkeyPatch, page: bool
) -> None:
    """Whoever logs out elsewhere hears nothing more, though nothing happens."""
    monkeypatch.setattr(wakeups, "LOOK", 0.2)
    token = (await log_in(market.client, "ben@huber.example")).token
    async with reading(url, token, page=page) as ben:
        gone = await Person(market.client, token).delete("/sessions/current")
        assert gone.status_code == 204
        await ben.end()
    async with reading(url, token, status=401, page=page):
        pass


async def test_one_colleague_has_no_hundred_streams(
    market: Market, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor the process too many; those that end make room, and HEAD takes none."""
    monkeypatch.setattr(wakeups, "EACH", 1)
    token = market.world.ben.token
    async with httpx.AsyncClient(base_url=url) as client:
        for _ in range(3):
            head = await client.head("/events", headers={"Authorization": f"Bearer {token}"})
            assert head.status_code == 200
    async with reading(url, token):
        async with reading(url, token, status=429) as refused:
            assert refused.answer.headers["retry-after"]
            await refused.answer.aread()
            assert slug(refused.answer) == "too-many-requests"
        async with reading(url, market.world.cora.token):
            pass
    async with asyncio.timeout(SOON):
        while True:  # that its client left is heard of a moment later
            async with httpx.AsyncClient(base_url=url) as client:
                head = await client.head("/events", headers={"Authorization": f"Bearer {token}"})
            if head.status_code == 200:
                break
            await asyncio.sleep(0.05)


async def test_it_says_something_where_nothing_happens(
    market: Market, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that no proxy takes it for dead."""
    monkeypatch.setattr(operations, "BEAT", 0.1)
    async with reading(url, market.world.ben.token) as ben, asyncio.timeout(SOON):
        while await ben.part() != {"": ""}:
            pass


async def test_streams_have_no_connection_while_they_wait(market: Market) -> None:
    """More of them than the pool has connections, and requests go on; they end with the service."""
    before = threading.active_count()
    with listening(market.urls.api, pool_size=3, pool_timeout=1) as url:
        streams = [reading(url, market.world.ben.token) for _ in range(9)]
        readers = [await one.__aenter__() for one in streams]
        async with httpx.AsyncClient(base_url=url) as client:
            ben = Person(client, market.world.ben.token)
            answers = await asyncio.gather(*(ben.get("/me") for _ in range(5)))
        assert {answer.status_code for answer in answers} == {200}
    for reader in readers:
        await reader.end()
    for one in streams:
        await one.__aexit__(None, None, None)
    assert threading.active_count() <= before + 1
