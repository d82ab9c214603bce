"""Answers that are no JSON, over real HTTP: pages, redirects, files, streams, cookies, forms.

The routes are the test's own; no database is asked. What a client sees is read from the socket.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncGenerator, AsyncIterator
from pathlib import Path

import httpx
import msgspec
import pytest
from litestar import Response, get, post
from litestar.datastructures import Cookie
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, URLEncodedBody
from prometheus_client import REGISTRY

from service import app
from service.commands import serving
from service.settings import ServiceSettings
from service.web.answers import Answer, HtmlPage, Redirect, SentFile, Stream
from service.web.bodies import Upload
from service.web.calls import Call
from service.web.edge import Edge

SETTINGS = ServiceSettings(database_url="postgresql://nobody@127.0.0.1/none", body_limit=1000)
SESSION = Cookie(key="session", value="s3cret", secure=True, httponly=True, samesite="strict")


class Search(msgspec.Struct, forbid_unknown_fields=True):
    """What a form of a page sends."""

    name: str
    most: int = 20


class Log:
    """What the streams of a test do."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.begun = asyncio.Event()
        self.ended = asyncio.Event()
        self.parts = 0


def _log(call: Call) -> Log:
    log: Log = call.request.app.state.log
    return log


@get("/page", public=True)
async def page(call: NamedDependency[Call]) -> HtmlPage:
    return HtmlPage("<h1>Grüße</h1>", cookies=[SESSION, Cookie(key="theme", value="dark")])


@post("/enter", public=True, status_code=303)
async def enter(call: NamedDependency[Call], data: URLEncodedBody[Search]) -> Redirect:
    return Redirect(f"/found/{data.name}?most={data.most}", cookies=[SESSION])


@get("/file/{name:str}", public=True)
async def file(call: NamedDependency[Call], name: FromPath[str]) -> SentFile:
    return SentFile(_log(call).folder / name, "application/pdf", name="Übersicht 1.pdf")


async def ticks(log: Log) -> AsyncGenerator[bytes, None]:
    log.begun.set()
    try:
        while True:
            log.parts += 1
            yield b"data: %d\n\n" % log.parts
            await asyncio.sleep(0.01)
    finally:
        log.ended.set()


async def three() -> AsyncGenerator[bytes, None]:
    for number in range(3):
        yield b"%d," % number


async def broken() -> AsyncGenerator[bytes, None]:
    yield b"half"
    raise RuntimeError("the source is gone")


@get("/ticks", public=True)
async def stream(call: NamedDependency[Call]) -> Stream:
    return call.stream(
        ticks(_log(call)), "text/event-stream", headers={"cache-control": "no-cache"}
    )


@get("/three", public=True)
async def short(call: NamedDependency[Call]) -> Stream:
    return call.stream(three(), "text/csv; charset=utf-8")


@get("/broken", public=True)
async def halved(call: NamedDependency[Call]) -> Stream:
    return call.stream(broken(), "text/csv")


@post("/upload", public=True, upload=Upload(("text/csv",), "body_limit", {}, "CSV"))
async def upload(call: NamedDependency[Call]) -> Response[int]:
    return Answer(201, {"content-type": "application/json"}, await call.request.body())


@post("/json", public=True)
async def json(call: NamedDependency[Call], data: JSONBody[Search]) -> Response[Search]:
    return call.reply(data)


HANDLERS = [page, enter, file, stream, short, halved, upload, json]


class Database:
    """Nothing here asks one."""

    async def warm_up(self) -> None: ...


@contextlib.asynccontextmanager
async def served() -> AsyncIterator[tuple[str, Edge, asyncio.Event]]:
    """The routes behind uvicorn as `kollegium serve` runs it; gives the URL and how to stop."""
    edge = app.assemble(HANDLERS, SETTINGS)
    edge._app.state.database = Database()
    bound, stop, ready = serving.bind("127.0.0.1", 0), asyncio.Event(), asyncio.Event()

    async def accepting() -> None:
        ready.set()

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(app, "create_app", lambda *_: edge)
        task = asyncio.create_task(serving.serve_app(SETTINGS, bound, stop, accepting))
        await asyncio.wait_for(ready.wait(), 10)
    try:
        yield serving.url_of(bound), edge, stop
    finally:
        stop.set()
        await asyncio.wait_for(task, 20)


@pytest.fixture(scope="module")
async def server() -> AsyncIterator[tuple[str, Edge, asyncio.Event]]:
    async with served() as one:
        yield one


@pytest.fixture
def log(server: tuple[str, Edge, asyncio.Event], tmp_path: Path) -> Log:
    log = Log(tmp_path)
    server[1]._app.state.log = log
    return log


@pytest.fixture
async def client(
    server: tuple[str, Edge, asyncio.Event], log: Log
) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=server[0]) as one:
        yield one


async def test_a_page_is_html_that_loads_nothing_from_elsewhere(client: httpx.AsyncClient) -> None:
    answer = await client.get("/page")
    assert (answer.status_code, answer.text) == (200, "<h1>Grüße</h1>")
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; script-src")
    assert answer.headers["x-content-type-options"] == "nosniff"
    first, second = answer.headers.get_list("set-cookie")
    assert first == "session=s3cret; HttpOnly; Path=/; SameSite=strict; Secure"
    assert second.startswith("theme=dark; ")


async def test_a_form_is_read_and_answered_with_a_redirect(client: httpx.AsyncClient) -> None:
    answer = await client.post("/enter", data={"name": "Müller & Söhne", "most": "5"})
    assert (answer.status_code, answer.content) == (303, b"")
    assert answer.headers["location"] == "/found/M%C3%BCller%20&%20S%C3%B6hne?most=5"
    assert answer.headers["set-cookie"].startswith("session=s3cret; ")


@pytest.mark.parametrize(
    ("body", "kind", "status", "reason"),
    [
        (b"name=x&name=y", None, 400, "key-repeated"),
        (b"name=%FF", None, 400, "encoding"),
        (b"name=%zz", None, 400, "encoding"),
        ("name=ü".encode(), None, 400, "encoding"),
        (b"name=%00", None, 400, "nul"),
        (b"&".join(b"a%d=" % n for n in range(101)), None, 400, "form"),
        (b"most=5", None, 400, None),
        (b"name=x&most=many", None, 400, None),
        (b"name=x&other=1", None, 400, None),
        (b"", None, 400, None),
        (b'{"name":"x"}', "application/json", 415, None),
        (b"name=" + b"x" * 1000, None, 413, None),
    ],
)
async def test_a_form_is_as_strict_as_json(
    client: httpx.AsyncClient, body: bytes, kind: str | None, status: int, reason: str | None
) -> None:
    headers = {"content-type": kind or "application/x-www-form-urlencoded"}
    answer = await client.post("/enter", content=body, headers=headers)
    assert (answer.status_code, answer.json().get("reason")) == (status, reason), answer.text


async def test_json_is_no_form(client: httpx.AsyncClient) -> None:
    assert (await client.post("/json", json={"name": "x"})).status_code == 201
    assert (await client.post("/json", data={"name": "x"})).status_code == 415
    assert (await client.post("/json", json={"name": "x", "most": "5"})).status_code == 400


async def test_an_upload_is_bounded_by_the_setting_it_names(client: httpx.AsyncClient) -> None:
    for size, status in ((1000, 201), (1001, 413)):
        for content in (b"x" * size, _in_parts(b"x" * size)):
            headers = {"content-type": "text/csv"}
            answer = await client.post("/upload", content=content, headers=headers)
            assert answer.status_code == status
    answer = await client.post("/upload", content=b"x", headers={"content-type": "text/plain"})
    assert answer.status_code == 415


async def _in_parts(body: bytes) -> AsyncGenerator[bytes, None]:
    for start in range(0, len(body), 300):
        yield body[start : start + 300]


@pytest.mark.parametrize("size", [0, 1, 256 * 1024, 256 * 1024 + 1, 3_000_000])
async def test_a_file_comes_whole(client: httpx.AsyncClient, log: Log, size: int) -> None:
    content = bytes(n % 251 for n in range(1000)) * (size // 1000 + 1)
    (log.folder / "a.pdf").write_bytes(content[:size])
    answer = await client.get("/file/a.pdf")
    assert answer.content == content[:size]
    assert answer.headers["content-length"] == str(size)
    expected = "attachment; filename=\"_bersicht 1.pdf\"; filename*=UTF-8''%C3%9Cbersicht%201.pdf"
    assert answer.headers["content-disposition"] == expected
    head = await client.head("/file/a.pdf")
    assert (head.content, head.headers["content-length"]) == (b"", str(size))


async def test_a_file_that_is_gone_is_an_error_and_no_half_answer(
    client: httpx.AsyncClient,
) -> None:
    assert (await client.get("/file/none.pdf")).status_code == 503


async def test_a_stream_that_ends_comes_whole(client: httpx.AsyncClient) -> None:
    answer = await client.get("/three")
    assert (answer.status_code, answer.text) == (200, "0,1,2,")
    assert "content-length" not in answer.headers


async def test_a_stream_that_breaks_is_cut_off_and_not_ended(client: httpx.AsyncClient) -> None:
    with pytest.raises(httpx.RemoteProtocolError):
        await client.get("/broken")


async def test_head_of_a_stream_runs_nothing(client: httpx.AsyncClient, log: Log) -> None:
    answer = await client.head("/ticks")
    assert answer.headers["content-type"] == "text/event-stream"
    assert not log.begun.is_set()


async def test_a_client_that_leaves_ends_its_stream(client: httpx.AsyncClient, log: Log) -> None:
    async with client.stream("GET", "/ticks") as answer:
        assert answer.headers["cache-control"] == "no-cache"
        async for part in answer.aiter_raw():
            assert part
            break
    await asyncio.wait_for(log.ended.wait(), 20)
    parts = log.parts
    await asyncio.sleep(0.05)
    assert log.parts == parts


async def test_a_stream_is_told_from_its_beginning(client: httpx.AsyncClient, log: Log) -> None:
    """It may go on for hours: the histogram holds how long it took to begin."""
    labels = {"method": "GET", "route": "/ticks"}
    before = REGISTRY.get_sample_value("kollegium_request_seconds_sum", labels) or 0.0
    started = time.monotonic()
    async with client.stream("GET", "/ticks"):
        await log.begun.wait()
        begun = time.monotonic() - started
        await asyncio.sleep(0.3)
    await asyncio.wait_for(log.ended.wait(), 20)
    await client.get("/page")
    after = REGISTRY.get_sample_value("kollegium_request_seconds_sum", labels)
    assert after is not None
    assert after - before < begun + 0.2


async def test_a_service_that_stops_ends_its_streams(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Cleanly, with the last part of the encoding, and without waiting for the grace time."""
    monkeypatch.setattr(serving, "_GRACE_SECONDS", 3600)
    async with served() as (url, edge, stop), httpx.AsyncClient(base_url=url) as client:
        edge._app.state.log = log = Log(tmp_path)
        async with client.stream("GET", "/ticks") as answer:
            parts = answer.aiter_raw()
            await anext(parts)
            stop.set()
            async with asyncio.timeout(10):
                async for _ in parts:
                    pass
    assert log.ended.is_set()


def test_a_redirect_leads_nowhere_else() -> None:
    for address in ("https://elsewhere.example/", "//elsewhere.example/", "elsewhere", ""):
        with pytest.raises(ValueError, match="a path of this service"):
            Redirect(address)
    assert Redirect("/\\elsewhere.example\r\nX: y").headers["location"] == (
        "/%5Celsewhere.example%0D%0AX:%20y"
    )
