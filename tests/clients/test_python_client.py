"""clients/python against the service behind a real socket: its README, retries, pages, problems."""

import asyncio
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import httpx
import pytest

from kollegium_client import Kollegium, Problem, models
from tests.fixtures.database import ROOT, Urls
from tests.fixtures.http import listening
from tests.fixtures.market import Market
from tests.fixtures.world import PASSWORD


def readme() -> str:
    """The program that the README shows."""
    text = (ROOT / "clients" / "python" / "README.md").read_text("utf-8")
    (program,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    return program


async def test_the_ten_lines_of_the_readme(
    market: Market, world_database: Urls, capsys: pytest.CaptureFixture[str]
) -> None:
    takers, berlin = (market.world.huber, market.world.klein), {"postcode": "10115"}
    lead = await market.offered(*takers, prospect=berlin)
    gone = await market.offered(*takers, prospect=berlin)
    with listening(world_database.api) as base:
        program = readme().replace("http://127.0.0.1:8000", base)

        def story() -> None:
            with Kollegium.log_in(base, "ben@huber.example", PASSWORD) as ben:
                offered = {offer.lead_id for offer in ben.offers.list_offers(state="open")}
                assert {lead, gone} <= offered
            with Kollegium.log_in(base, "cora@klein.example", PASSWORD) as cora:
                cora.offers.pick(market.m, gone)
            exec(compile(program, "README.md", "exec"), {"password": PASSWORD})  # noqa: S102
            with Kollegium.log_in(base, "anna@huber.example", PASSWORD) as anna:
                seen = anna.leads.show(market.m, lead)
                assert seen.engagement is not None
                assert seen.prospect is not None
                moved = models.LeadChange(prospect=models.ProspectChange(city="Berlin"))
                changed = anna.leads.change(market.m, lead, moved, seen=seen)
                assert changed.version == seen.version + 1
                with pytest.raises(Problem) as stale:
                    anna.leads.change(market.m, lead, models.LeadChange(), seen=seen)
                assert (stale.value.code, stale.value.status) == ("version-stale", 412)
                assert stale.value.more["version"] == changed.version
                with pytest.raises(Problem) as foreign:
                    anna.leads.show(market.m, gone)
                assert foreign.value.code == "not-found"
                assert foreign.value.request_id

        await asyncio.to_thread(story)


async def test_pages_are_followed_and_what_is_wrong_is_said(
    market: Market, world_database: Urls
) -> None:
    lead = await market.offered(market.world.huber)
    await market.ben.post(market.path(lead, "/pick"))
    with listening(world_database.api) as base:

        def story() -> None:
            with Kollegium.log_in(base, "ben@huber.example", PASSWORD, language="de") as ben:
                for number in range(103):
                    ben.timeline.add_note(market.m, lead, models.Entry(text=f"Notiz {number}"))
                texts = [note.text for note in ben.timeline.list_notes(market.m, lead)]
                assert len(set(texts)) == len(texts) == 103
                file = ben.files.add_file(market.m, lead, b"Dach\n", name="Übersicht.txt")
                assert file.name == "Übersicht.txt"
                assert ben.files.send_file(market.m, lead, file.id) == b"Dach\n"
                with pytest.raises(Problem) as empty:
                    ben.timeline.add_note(market.m, lead, models.Entry(text=""))
                assert empty.value.errors[0]["pointer"] == "/text"
                assert "/text" in str(empty.value)
                token = ben._http.headers["authorization"]
            ended = httpx.get(f"{base}/me", headers={"authorization": token})
            assert ended.status_code == 401

        await asyncio.to_thread(story)


async def test_events_are_an_iterator_that_goes_on(market: Market, world_database: Urls) -> None:
    lead = await market.offered(market.world.huber, market.world.klein)
    with listening(world_database.api) as base:

        def story() -> None:
            with (
                Kollegium.log_in(base, "anna@huber.example", PASSWORD) as anna,
                Kollegium.log_in(base, "ben@huber.example", PASSWORD) as ben,
            ):
                stream = ben.events.stream(after=str(UUID(int=0)))
                assert next(stream).kind == "resync"  # that place is long ago
                anna.offers.pick(market.m, lead)
                picked = next(event for event in stream if event.lead_id == lead)
                assert (picked.kind, picked.actor) == ("lead.picked", "Anna")
                place = stream.place
                stream.close()
                anna.timeline.add_message(market.m, lead, models.Entry(text="Termin steht"))
                later = ben.events.stream(after=place)
                told = next(event for event in later if event.lead_id == lead)
                assert told.kind == "message.added"
                ben.sessions.log_out()
                with pytest.raises(Problem) as over:
                    next(ben.events.stream())
                assert over.value.code == "unauthenticated"
                ben._ends_session = False

        await asyncio.wait_for(asyncio.to_thread(story), 60)


class Peer:
    """A service that answers what it is told, one after another, and notes what it got."""

    def __init__(self, *answers: tuple[int, dict[str, str], str] | None) -> None:
        self.answers, self.got = list(answers), list[tuple[str, dict[str, str], bytes]]()

    @contextmanager
    def base(self) -> Iterator[str]:
        """Its address; None among the answers closes the connection without one."""
        peer = self

        class Handler(BaseHTTPRequestHandler):
            def answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                headers = {name.lower(): value for name, value in self.headers.items()}
                peer.got.append((self.path, headers, body))
                if (told := peer.answers.pop(0)) is None:
                    self.close_connection = True
                    return
                status, headers, text = told
                self.send_response(status)
                for name, value in {**headers, "content-length": str(len(text))}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(text.encode())

            do_GET = do_POST = do_PATCH = answer

            def log_message(self, *_: Any) -> None:
                """Says nothing."""

        server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            server.server_close()


BUSY = (503, {"retry-after": "0"}, '{"type":"urn:kollegium:problem:unavailable","title":"Busy"}')


@pytest.mark.parametrize("lost", [None, BUSY], ids=["connection lost", "busy"])
def test_a_repeat_carries_the_same_key(lost: Any) -> None:
    peer = Peer(lost, lost, (201, {}, '{"id":"7","name":"CRM","token":"k"}'))
    with peer.base() as base, Kollegium(base, "t") as key:
        assert key.companies.create_api_key(models.ApiKeyDraft(name="CRM")).name == "CRM"
    keys = {headers["idempotency-key"] for _, headers, _ in peer.got}
    assert (len(peer.got), len(keys)) == (3, 1)
    assert len({body for _, _, body in peer.got}) == 1


def test_what_has_no_key_is_not_sent_again_once_it_may_have_arrived() -> None:
    peer, seen = Peer(None), SimpleNamespace(version=3)
    with peer.base() as base, Kollegium(base, "t") as key, pytest.raises(httpx.TransportError):
        key.sessions.change_me(models.MeChange(name="Ben"), seen=seen)
    ((path, headers, _),) = peer.got
    assert (path, headers["if-match"]) == ("/me", '"3"')


def test_patience_ends() -> None:
    peer = Peer((429, {"retry-after": "30"}, "{}"))
    with (
        peer.base() as base,
        Kollegium(base, "t", patience=1) as key,
        pytest.raises(Problem) as busy,
    ):
        next(key.leads.list_leads())
    assert (busy.value.code, busy.value.retry_after, len(peer.got)) == ("too-many-requests", 30, 1)


def test_a_newer_server_does_not_disturb() -> None:
    """A member and a word of an enum that this client has not heard of; a proxy's own page."""
    known = {"id": "1", "email": "a@b.example", "name": "Ada", "active": True, "language": "de"}
    newer = {"role": "juggler", "shoe_size": 43, "created_at": "2026-01-05T10:00:00Z", "version": 1}
    page = json.dumps({"items": [known | newer], "next_cursor": None})
    peer = Peer((200, {}, page), (502, {}, "<html>"))
    with peer.base() as base, Kollegium(base, "t", patience=0) as key:
        (found,) = key.companies.list_colleagues()
        assert found.role == "juggler"
        with pytest.raises(Problem) as away:
            key.companies.show_company()
    assert (away.value.code, away.value.status) == ("unavailable", 502)
