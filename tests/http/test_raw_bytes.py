"""Over a real socket: requests that no client library would send are answered with 4xx, once."""

import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from service.web.strictness import ADDRESS_LIMIT, HEADERS_LIMIT
from tests.fixtures.database import Urls
from tests.fixtures.http import listening


@pytest.fixture(scope="module")
def address(world_database: Urls) -> Iterator[tuple[str, int]]:
    """Host and port of the service behind uvicorn."""
    with listening(world_database.api) as url:
        parts = urlsplit(url)
        yield parts.hostname or "", parts.port or 0


def spoken(address: tuple[str, int], request: bytes) -> bytes:
    """What the service answers to these bytes, until it closes or is silent for a second."""
    with socket.create_connection(address, timeout=5) as connection:
        connection.sendall(request)
        connection.settimeout(1.5)
        found = b""
        try:
            while part := connection.recv(65536):
                found += part
                if found.startswith(b"HTTP/1.1 4") and b"\r\n\r\n" in found:
                    break
        except TimeoutError:
            pass
        return found


HOST = b"Host: kollegium.test\r\n"
RAW = {
    "no HTTP": b"hello\r\n\r\n",
    "dots": b"GET /./healthz HTTP/1.1\r\n" + HOST + b"\r\n",
    "up": b"GET /leads/../healthz HTTP/1.1\r\n" + HOST + b"\r\n",
    "two lengths": b"POST /sessions HTTP/1.1\r\n" + HOST
    + b"Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    "length and chunks": b"POST /sessions HTTP/1.1\r\n" + HOST
    + b"Content-Type: application/json\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n"
    + b"2\r\n{}\r\n0\r\n\r\n",
    "negative length": b"POST /sessions HTTP/1.1\r\n" + HOST + b"Content-Length: -1\r\n\r\n",
    "length in words": b"POST /sessions HTTP/1.1\r\n" + HOST + b"Content-Length: two\r\n\r\n{}",
    "unknown coding": b"POST /sessions HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: rot13\r\n\r\n{}",
    "chunks twice": b"POST /sessions HTTP/1.1\r\n" + HOST
    + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "bad chunk": b"POST /sessions HTTP/1.1\r\n" + HOST
    + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
    "two hosts": b"GET /healthz HTTP/1.1\r\n" + HOST + HOST + b"\r\n",
    "two tokens": b"GET /me HTTP/1.1\r\n" + HOST
    + b"Authorization: Bearer a\r\nAuthorization: Bearer b\r\n\r\n",
    "two cookies": b"GET /healthz HTTP/1.1\r\n" + HOST + b"Cookie: a=1\r\nCookie: b=2\r\n\r\n",
    "two origins": b"GET /healthz HTTP/1.1\r\n" + HOST
    + b"Sec-Fetch-Site: same-origin\r\nSec-Fetch-Site: cross-site\r\n\r\n",
    "NUL in a cookie": b"GET /me HTTP/1.1\r\n" + HOST + b"Cookie: __Host-kollegium=a\x00b\r\n\r\n",
    "a long cookie": b"GET /me HTTP/1.1\r\n" + HOST + b"Sec-Fetch-Site: same-origin\r\n"
    + b"Cookie: __Host-kollegium=kgs_" + b"a" * HEADERS_LIMIT + b"\r\n\r\n",
    "NUL in a header": b"GET /healthz HTTP/1.1\r\n" + HOST + b"X-A: a\x00b\r\n\r\n",
    "space before colon": b"GET /healthz HTTP/1.1\r\n" + HOST + b"X-A : b\r\n\r\n",
    "folded header": b"GET /healthz HTTP/1.1\r\n" + HOST + b"X-A: b\r\n c\r\n\x01: d\r\n\r\n",
    "NUL in the path": b"GET /a\x00b HTTP/1.1\r\n" + HOST + b"\r\n",
    "raw bytes in the path": b"GET /\xff\xfe HTTP/1.1\r\n" + HOST + b"\r\n",
    "bad percent": b"GET /leads?q=%zz HTTP/1.1\r\n" + HOST + b"\r\n",
    "half a percent": b"GET /leads% HTTP/1.1\r\n" + HOST + b"\r\n",
    "encoded NUL": b"GET /leads%00 HTTP/1.1\r\n" + HOST + b"\r\n",
    "encoded bad UTF-8": b"GET /leads%c3%28 HTTP/1.1\r\n" + HOST + b"\r\n",
    "long address": b"GET /" + b"a" * (ADDRESS_LIMIT + 1) + b" HTTP/1.1\r\n" + HOST + b"\r\n",
    "long query": b"GET /leads?q=" + b"a" * 60_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
    "long header": b"GET /healthz HTTP/1.1\r\n" + HOST + b"X-A: "
    + b"a" * (HEADERS_LIMIT + 1) + b"\r\n\r\n",
    "many headers": b"GET /healthz HTTP/1.1\r\n" + HOST
    + b"".join(b"X-%d: a\r\n" % n for n in range(5000)) + b"\r\n",
    "another method": b"BREW /healthz HTTP/1.1\r\n" + HOST + b"\r\n",
    "to a proxy": b"CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n",
    "star": b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n",
}  # fmt: skip


@pytest.mark.parametrize("name", RAW)
def test_raw_bytes(address: tuple[str, int], name: str) -> None:
    answer = spoken(address, RAW[name])
    assert answer.startswith(b"HTTP/1.1 4"), answer[:300]
    assert answer.count(b"HTTP/1.1 ") == 1, "one request, one answer"
    assert b"content-type: application/problem+json\r\n" in answer


def test_the_control_of_raw_bytes(address: tuple[str, int]) -> None:
    for request in (
        b"GET /healthz HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n",
        b"HEAD /healthz HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n",
        b"GET http://kollegium.test/healthz HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n",
    ):
        answer = spoken(address, request)
        assert answer.startswith(b"HTTP/1.1 200"), answer
        assert answer.endswith(b"\r\n\r\n") == request.startswith(b"HEAD")
