"""The outermost layer: what holds for every request before any route is looked for.

Request id, one log line without personal data, metrics by route, HEAD, and strict bytes
(`strictness.py`). What passes here cannot make a decoder or PostgreSQL fail.
"""

import functools
import os
import re
import time
from contextlib import AbstractAsyncContextManager
from typing import Any

import structlog
from litestar import Litestar
from litestar.enums import ScopeType
from litestar.types import HTTPScope, Receive, Scope, Send
from prometheus_client import Counter, Histogram

from service import logs
from service.errors import Problem
from service.settings import Settings
from service.web import problems, strictness
from service.web.calls import Answer, Incoming

log = structlog.get_logger()

REQUESTS = Counter("kollegium_requests_total", "Answers", ["method", "route", "status"])
SECONDS = Histogram("kollegium_request_seconds", "Time to answer", ["method", "route"])

_REQUEST_ID = re.compile(rb"[A-Za-z0-9_.-]{8,64}")
# A label must not be what a client invents.
_METHODS = frozenset({"GET", "HEAD", "POST", "PATCH", "DELETE", "OPTIONS", "PUT"})
_BODILESS = frozenset({"GET", "HEAD", "DELETE", "OPTIONS"})


class Edge:
    """Wraps the Litestar application."""

    def __init__(self, app: Litestar, settings: Settings) -> None:
        self._app = app
        self._settings = settings

    def lifespan(self) -> AbstractAsyncContextManager[None]:
        """Starts and stops the application where no ASGI server does it (tests)."""
        return self._app.lifespan()

    async def warm_up(self) -> None:
        """Makes the first requests as fast as later ones."""
        await self._app.state.database.warm_up()

    @property
    def routes(self) -> list[Any]:
        """The application's routes with their handlers."""
        return list(self._app.routes)

    @property
    def description(self) -> bytes:
        """What /openapi.json answers."""
        return bytes(self._app.state.description)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serves one ASGI scope; lifespan and others pass through."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        answer = _Answer(scope, send)
        logs.request_id.set(answer.request_id)
        started = time.perf_counter()
        inner: HTTPScope = {**scope}
        try:
            await self._serve(inner, receive, answer)
        except Exception as error:
            if answer.status is not None:
                raise
            await _refuse(error, inner, answer)
        finally:
            method = scope["method"] if scope["method"] in _METHODS else "other"
            route = str(inner.get("path_template") or "unknown")
            elapsed = time.perf_counter() - started
            status = answer.status or 499  # the client left before there was an answer
            count, observe = _meters(method, route, status)
            count()
            observe(elapsed)
            ms = round(elapsed * 1000, 1)
            log.info("request", method=method, route=route, status=status, ms=ms)

    async def _serve(self, scope: HTTPScope, receive: Receive, answer: "_Answer") -> None:
        headers = strictness.headers(scope["headers"])
        raw_path = scope.get("raw_path") or scope["path"].encode()
        scope["query_string"] = strictness.address(raw_path, scope["query_string"])
        incoming = Incoming(headers)
        if headers.get(b"content-length", b"0") != b"0" or b"transfer-encoding" in headers:
            receive = await self._body(scope, incoming, receive)
        scope["state"] = {**scope.get("state", {}), "incoming": incoming}
        if scope["method"] == "HEAD":
            scope["method"] = "GET"
        await self._app(scope, receive, answer)

    async def _body(self, scope: HTTPScope, incoming: Incoming, receive: Receive) -> Receive:
        """Checks the body: JSON is read here, a file is handed on as it comes."""
        headers = incoming.headers
        length = headers.get(b"content-length", b"0")
        if not length.isdigit():
            raise Problem("bad-request", reason="content-length")
        if int(length) == 0 and b"transfer-encoding" not in headers:
            return receive
        if scope["method"] in _BODILESS:
            raise Problem("bad-request", reason="body-unexpected")
        is_file = scope["path"] in strictness.FILE_PATHS
        limit = self._settings.import_limit if is_file else self._settings.body_limit
        if int(length) > limit:
            raise Problem("body-too-large", limit=limit)
        if headers.get(b"content-encoding", b"identity").lower() != b"identity":
            raise Problem("media-type-unsupported")
        kind = strictness.media_type(headers.get(b"content-type", b""))
        limited = _limited(receive, limit)
        if is_file:
            if kind not in strictness.FILE_TYPES:
                raise Problem("media-type-unsupported")
            return limited
        body = await _read(limited)
        if body and kind != "application/json":
            raise Problem("media-type-unsupported")
        incoming.body = strictness.clean_json(body) if body else body
        return receive


@functools.lru_cache(maxsize=4096)
def _meters(method: str, route: str, status: int) -> tuple[Any, Any]:
    """What counts and what measures answers of this kind; looking them up takes longer."""
    seconds = SECONDS.labels(method, route)
    return REQUESTS.labels(method, route, status).inc, seconds.observe


class _Answer:
    """The `send` of one request: adds what every answer has, and remembers the status."""

    def __init__(self, scope: HTTPScope, send: Send) -> None:
        given = next((v for k, v in scope["headers"] if k == b"x-request-id"), b"")
        self.request_id = given if _REQUEST_ID.fullmatch(given) else os.urandom(16).hex().encode()
        self.status: int | None = None
        self._send = send
        self._is_head = scope["method"] == "HEAD"

    async def __call__(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            message = {**message, "headers": self._headers(message.get("headers", []))}
        elif self._is_head and message["type"] == "http.response.body":
            message = {**message, "body": b""}
        await self._send(message)

    def _headers(self, given: Any) -> list[tuple[bytes, bytes]]:
        found, stored = [], False
        for name, value in given:
            if name == b"allow":
                methods = {*value.decode().replace(" ", "").split(",")}
                # Whatever answers GET answers HEAD.
                methods |= {"HEAD"} if "GET" in methods else set()
                value = ", ".join(sorted(methods)).encode()
            stored |= name == b"cache-control"
            found.append((name, value))
        if not stored:
            found.append((b"cache-control", b"no-store"))
        found.append((b"x-request-id", self.request_id))
        found.append((b"x-content-type-options", b"nosniff"))
        return found


def _limited(receive: Receive, limit: int) -> Receive:
    """The body as it comes, up to a size."""
    size = 0

    async def limited() -> Any:
        nonlocal size
        message: Any = await receive()
        size += len(message.get("body", b""))
        if size > limit:
            raise Problem("body-too-large", limit=limit)
        return message

    return limited


async def _read(receive: Receive) -> bytes:
    chunks: list[bytes] = []
    while True:
        message: Any = await receive()
        if message["type"] == "http.disconnect":
            raise Problem("bad-request", reason="body-cut-off")
        chunks.append(message.get("body", b""))
        if not message.get("more_body", False):
            return b"".join(chunks)


async def _refuse(error: Exception, scope: HTTPScope, send: Send) -> None:
    given = next((v for k, v in scope["headers"] if k == b"accept-language"), b"")
    language = problems.language(given.decode("latin-1"))
    await Answer(*problems.told(error, language)).send(send)
