"""What nginx keeps away from the service, and what it adds to the answers."""

import asyncio
import json
import re
import socket
import ssl
import time

import httpx
import pytest

from tests.deploy.conftest import trusting
from tests.deploy.stack import TIMEOUT_SECONDS, Stack

pytestmark = pytest.mark.peers


async def test_every_answer_has_the_security_headers_once(outside: httpx.AsyncClient) -> None:
    too_large = {"content": b"x" * 300_000, "headers": {"Content-Type": "application/json"}}
    for answer in (
        await outside.get("/healthz"),
        await outside.get("/nowhere"),
        await outside.post("/sessions", **too_large),
    ):
        for name, value in (
            ("Strict-Transport-Security", "max-age=31536000"),
            ("X-Frame-Options", "DENY"),
            ("X-Content-Type-Options", "nosniff"),
            ("Cache-Control", "no-store"),
            ("Referrer-Policy", "no-referrer"),
        ):
            assert answer.headers.get_list(name) == [value], f"{answer.status_code}: {name}"
        assert len(answer.headers.get_list("X-Request-Id")) == 1
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert "/" not in answer.headers.get("Server", ""), (
            "the version of nginx is nobody's business"
        )


async def test_the_page_of_the_api_needs_nothing_that_is_forbidden(
    outside: httpx.AsyncClient,
) -> None:
    page = await outside.get("/docs")
    assert page.status_code == 200
    assert "<script>" not in page.text
    files = re.findall(r'(?:src|href)="(/docs/[^"]+)"', page.text)
    assert files
    for file in files:
        assert (await outside.get(file)).status_code == 200


async def test_request_ids_of_clients_are_kept(outside: httpx.AsyncClient) -> None:
    given = {"X-Request-Id": "from-the-client-1"}
    assert (await outside.get("/healthz", headers=given)).headers[
        "X-Request-Id"
    ] == "from-the-client-1"
    odd = await outside.get("/healthz", headers={"X-Request-Id": "x y"})
    assert re.fullmatch("[0-9a-f]{32}", odd.headers["X-Request-Id"])


async def test_plain_http_leads_to_https(stack: Stack) -> None:
    async with httpx.AsyncClient() as client:
        answer = await client.get(f"http://localhost:{stack.http}/leads?limit=1")
    assert answer.status_code == 308
    assert answer.headers["Location"] == "https://localhost/leads?limit=1"


async def test_bodies_over_the_limit_are_refused(
    outside: httpx.AsyncClient, anna: dict[str, str]
) -> None:
    json_type = {"Content-Type": "application/json"}
    over = await outside.post("/sessions", content=b" " * (256 * 1024 + 1), headers=json_type)
    assert over.status_code == 413
    assert over.headers["Content-Type"] == "application/problem+json"
    assert over.json()["type"] == "urn:kollegium:problem:body-too-large"
    below = await outside.post("/sessions", content=b" " * (256 * 1024 - 1), headers=json_type)
    assert below.status_code == 400, "as large as may be, but no JSON: the service answers"

    csv = {"Content-Type": "text/csv", **anna}
    path = "/imports?marketplace=00000000-0000-7000-8000-000000000000"
    above_others = await outside.post(path, content=b"a;b\n" * 200_000, headers=csv)
    assert above_others.status_code != 413, "imports have their own limit"
    assert (
        await outside.post(path, content=b"x" * (20 * 1024 * 1024 + 1), headers=csv)
    ).status_code == 413


async def test_headers_over_the_limit_are_refused(outside: httpx.AsyncClient) -> None:
    answer = await outside.get("/healthz", headers={"X-Much": "x" * 20_000})
    assert answer.status_code == 400
    assert answer.json()["type"] == "urn:kollegium:problem:bad-request"


def requests_seen(stack: Stack) -> int:
    """How many requests the service has answered."""
    lines = [json.loads(line) for line in stack.log("service").splitlines()]
    return sum(line["event"] == "request" for line in lines)


def _seconds_until_cut(stack: Stack, beginning: bytes) -> float:
    """Sends the beginning of a request and nothing more; returns when the proxy hung up."""
    with (
        socket.create_connection(("127.0.0.1", stack.https), timeout=10) as plain,
        trusting(stack).wrap_socket(plain, server_hostname="localhost") as tls,
    ):
        tls.sendall(beginning)
        started = time.monotonic()
        try:
            while tls.recv(4096):
                pass
        except (ConnectionError, ssl.SSLError):
            pass
        return time.monotonic() - started


@pytest.mark.parametrize(
    "beginning",
    [
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Slow: ",
        b"POST /sessions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b"Content-Length: 1000\r\n\r\n{",
    ],
    ids=["header", "body"],
)
async def test_slow_clients_are_cut_before_the_service_hears_of_them(
    stack: Stack, outside: httpx.AsyncClient, beginning: bytes
) -> None:
    before = requests_seen(stack)
    seconds = await asyncio.to_thread(_seconds_until_cut, stack, beginning)
    assert TIMEOUT_SECONDS * 0.9 <= seconds < TIMEOUT_SECONDS + 3
    await outside.get("/me")  # the control: a whole request arrives, and is logged
    await asyncio.to_thread(stack.wait, lambda: requests_seen(stack) > before)
    assert requests_seen(stack) - before == 1


async def test_a_stream_comes_through_as_it_is_written(
    outside: httpx.AsyncClient, anna: dict[str, str], stack: Stack
) -> None:
    """Its first lines at once, though it goes on; HTTP/2 is offered, for many streams at a time."""
    async with (
        asyncio.timeout(10),
        outside.stream("GET", "/events", headers=anna) as answer,
    ):
        assert (answer.status_code, answer.headers["content-type"]) == (200, "text/event-stream")
        lines = answer.aiter_lines()
        assert await anext(lines) == "retry: 2000"
        assert (await anext(lines)).startswith("id: ")
    context = trusting(stack)
    context.set_alpn_protocols(["h2"])
    _, writer = await asyncio.open_connection(
        outside.base_url.host, outside.base_url.port, ssl=context
    )
    assert writer.get_extra_info("ssl_object").selected_alpn_protocol() == "h2"
    writer.close()
