"""How much Python a request runs, what it leaves behind, and in how many writes it is answered.

Counted, not timed: calls of Python functions between a request and its answer (what the event loop
itself calls is left out, since it depends on how bytes arrive), blocks of memory that stay.
"""

import asyncio
import gc
import json
import sys
from collections.abc import Awaitable, Callable
from types import FrameType
from typing import Any
from uuid import uuid4

import pytest
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from service.commands.serving import _OneWrite, _Protocol
from service.web.calls import Call
from service.web.edge import Edge
from tests.fixtures.world import World

# Python calls of one request. More than that: look at what was added to every request, and raise
# the number only for a reason. Less than two thirds of it: write the new number down.
CEILINGS = {"a lead": 174, "a list": 185, "a message": 195, "a refusal": 196, "no database": 54}
TOLERANCE = 1.15
LOOP = ("asyncio", "selectors.py", "uvloop")
# Python 3.12 and later run these in place, without a call; so that every Python counts alike.
IN_PLACE = ("<listcomp>", "<dictcomp>", "<setcomp>")


async def asked(
    app: Edge, token: str, method: str, path: str, body: bytes = b"", query: bytes = b""
) -> int:
    """Sends one request to the application without client and socket; the status."""
    sent: list[Any] = []
    headers = [(b"host", b"kollegium.test"), (b"authorization", f"Bearer {token}".encode())]
    if body:
        headers += [(b"content-type", b"application/json")]
        headers += [(b"content-length", str(len(body)).encode())]
    scope: Any = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": method,
        "scheme": "http", "path": path, "raw_path": path.encode(), "query_string": query,
        "root_path": "", "headers": headers, "client": ("192.0.2.1", 1), "server": ("x", 80),
    }  # fmt: skip

    async def receive() -> Any:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    return int(sent[0]["status"])


async def calls(request: Callable[[], Awaitable[int]], status: int) -> int:
    """Python calls of a request, after it was asked three times to fill caches."""
    for _ in range(3):
        assert await request() == status
    count = 0

    def profile(frame: FrameType, event: str, _: Any) -> None:
        nonlocal count
        code = frame.f_code
        if event == "call" and code.co_name not in IN_PLACE:
            count += not any(part in code.co_filename for part in LOOP)

    sys.setprofile(profile)
    try:
        await request()
    finally:
        sys.setprofile(None)
    return count


def requests(app: Edge, world: World) -> dict[str, tuple[int, Callable[[], Awaitable[int]]]]:
    """One of each kind, with the status it is answered with."""
    anna, lead = world.anna.token, f"/marketplaces/{world.nord_id}/leads/{world.leads['engaged']}"
    unknown = f"/marketplaces/{world.nord_id}/leads/{uuid4()}/pick"
    text = json.dumps({"text": "Termin steht"}).encode()
    return {
        "a lead": (200, lambda: asked(app, anna, "GET", lead)),
        "a list": (200, lambda: asked(app, anna, "GET", "/leads", query=b"as=taker&limit=5")),
        "a message": (201, lambda: asked(app, anna, "POST", f"{lead}/messages", text)),
        "a refusal": (404, lambda: asked(app, anna, "POST", unknown)),
        "no database": (200, lambda: asked(app, "", "GET", "/healthz")),
    }


@pytest.mark.parametrize("name", CEILINGS)
async def test_a_request_runs_no_more_than_it_did(service: Edge, world: World, name: str) -> None:
    status, request = requests(service, world)[name]
    found = await calls(request, status)
    assert CEILINGS[name] / 1.5 < found < CEILINGS[name] * TOLERANCE, found


def test_every_kind_has_a_ceiling(service: Edge, world: World) -> None:
    assert set(requests(service, world)) == set(CEILINGS)


def _same(part: bytes) -> bytes:
    return part


async def test_more_work_is_noticed(
    service: Edge, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: an answer that is touched field by field on its way, counted in the same run."""
    reply = Call.reply

    def elaborate(self: Call, result: Any) -> Any:
        answer = reply(self, result)
        answer.content = b",".join(map(bytes.strip, map(_same, answer.content.split(b","))))
        return answer

    status, request = requests(service, world)["a lead"]
    usual = await calls(request, status)
    monkeypatch.setattr(Call, "reply", elaborate)
    assert await calls(request, status) > usual * TOLERANCE


async def grown(request: Callable[[], Awaitable[int]]) -> int:
    """Blocks of memory that 500 requests left allocated, after 200 that filled caches.

    The least of three rounds: what a request leaves behind is left in each of them, while what the
    process keeps once (a cache, a dict that doubles, a timer's turn) falls into one.
    """
    for _ in range(200):
        await request()
    rounds = []
    for _ in range(3):
        gc.collect()
        before = sys.getallocatedblocks()
        for _ in range(500):
            await request()
        gc.collect()
        rounds.append(sys.getallocatedblocks() - before)
    return min(rounds)


async def test_nothing_stays_behind(service: Edge, world: World) -> None:
    _, request = requests(service, world)["a lead"]
    assert await grown(request) < 250  # less than one for two requests


async def test_what_stays_is_noticed(
    service: Edge, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: a reply that is remembered."""
    kept, reply = [], Call.reply

    def remembered(self: Call, result: Any) -> Any:
        kept.append(reply(self, result))
        return kept[-1]

    monkeypatch.setattr(Call, "reply", remembered)
    _, request = requests(service, world)["a lead"]
    assert await grown(request) > 500


class Written:
    """Stands in for a transport and notes what is written."""

    def __init__(self) -> None:
        self.writes: list[bytes] = []
        self.closed = False

    def write(self, data: bytes) -> None:
        self.writes.append(data)

    def close(self) -> None:
        self.closed = True

    def is_closing(self) -> bool:
        return self.closed

    def get_extra_info(self, name: str) -> None:
        return None


async def test_head_and_body_leave_in_one_write() -> None:
    below = Written()
    transport: Any = _OneWrite(below, asyncio.get_running_loop())  # type: ignore[arg-type]
    transport.write(b"head ")
    assert below.writes == []
    transport.write(b"body")
    assert below.writes == [b"head body"]
    await asyncio.sleep(0)
    assert below.writes == [b"head body"]


async def test_a_head_without_a_body_waits_for_one_turn_of_the_loop() -> None:
    below = Written()
    transport: Any = _OneWrite(below, asyncio.get_running_loop())  # type: ignore[arg-type]
    transport.write(b"100 Continue")
    await asyncio.sleep(0)
    assert below.writes == [b"100 Continue"]
    transport.write(b"last words")
    transport.close()
    assert below.writes == [b"100 Continue", b"last words"]
    assert transport.is_closing()  # whatever else is asked goes to the transport below


async def _writes_of_an_answer(protocol: type[HttpToolsProtocol]) -> list[bytes]:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-length", b"4")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b"body"})

    config = uvicorn.Config(app, loop="none", ws="none", lifespan="off", log_config=None)
    config.load()
    below: Any = Written()
    spoken = protocol(config=config, server_state=ServerState(), app_state={})
    spoken.connection_made(below)
    spoken.data_received(b"GET / HTTP/1.1\r\nHost: kollegium.test\r\n\r\n")
    for _ in range(20):  # turns of the loop, more than the answer needs
        await asyncio.sleep(0)
    spoken.connection_lost(None)
    assert b"".join(below.writes).endswith(b"\r\n\r\nbody")
    writes: list[bytes] = below.writes
    return writes


async def test_an_answer_is_one_write() -> None:
    """As the service speaks HTTP; the control is how uvicorn does it by itself."""
    assert len(await _writes_of_an_answer(_Protocol)) == 1
    assert len(await _writes_of_an_answer(HttpToolsProtocol)) == 2
