"""The outermost layer: what holds for every request before any route is looked for.

Request id, one log line without personal data, metrics by route, HEAD, and strict bytes
(`strictness.py`). What passes here cannot make a decoder or PostgreSQL fail.
"""

import asyncio
import functools
import os
import re
import time
from contextlib import AbstractAsyncContextManager
from typing import Any, NamedTuple

import msgspec
from litestar import Litestar
from litestar.enums import ScopeType
from litestar.types import HTTPScope, Receive, Scope, Send
from prometheus_client import Counter, Histogram

from service import logs
from service.errors import Problem
from service.web import dispatch, problems, strictness
from service.web.answers import Answer
from service.web.calls import Call, Incoming
from service.web.tree import Leaf, Tree

REQUESTS = Counter("kollegium_requests_total", "Answers", ["method", "route", "status"])
SECONDS = Histogram("kollegium_request_seconds", "Time to answer", ["method", "route"])

_REQUEST_ID = re.compile(rb"[A-Za-z0-9_.-]{8,64}")
# A label must not be what a client invents.
_METHODS = frozenset({"GET", "HEAD", "POST", "PATCH", "DELETE", "OPTIONS", "PUT"})


class Edge:
    """Wraps the Litestar application."""

    def __init__(self, app: Litestar) -> None:
        self._app = app
        self._tree = Tree(app.routes)

    def lifespan(self, database_url: str) -> AbstractAsyncContextManager[None]:
        """Starts and stops the application where no ASGI server does it (tests); another time, too,
        and then on another database, for the routes stay what they are."""
        state = self._app.state
        state.settings = msgspec.structs.replace(state.settings, database_url=database_url)
        state.stopping = asyncio.Event()
        return self._app.lifespan()

    async def warm_up(self) -> None:
        """Makes the first requests as fast as later ones."""
        await self._app.state.database.warm_up()

    def stop(self) -> None:
        """Ends the streams; whoever stops the server says so first, or it waits for them."""
        self._app.state.stopping.set()

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
        found = self._found(scope)
        try:
            if found is not None:
                answer.route = found.leaf.template
                await self._call(found, scope, receive, answer)
            else:
                await self._ask(scope, receive, answer)
        except Exception as error:
            if answer.status is not None:
                raise
            await _refuse(error, scope, answer)
        finally:
            method = scope["method"] if scope["method"] in _METHODS else "other"
            elapsed = (answer.began or time.perf_counter()) - started
            status = answer.status or 499  # the client left before there was an answer
            count, observe = _meters(method, answer.route, status)
            count()
            observe(elapsed)
            logs.request(method, answer.route, status, round(elapsed * 1000, 1))

    def _found(self, scope: HTTPScope) -> "_Found | None":
        """The route in the tree, for what is as strict as can be; None: the long way, where it is
        also told what is wrong."""
        try:
            headers = strictness.headers(scope["headers"])
            raw_path = scope.get("raw_path") or scope["path"].encode()
            query = strictness.address(raw_path, scope["query_string"])
            if scope["method"] in strictness.BODILESS:
                strictness.no_body(headers)
        except Problem:
            return None
        found = self._tree.find(scope, headers)
        return None if found is None else _Found(*found, headers, query)

    async def _call(
        self, found: "_Found", scope: HTTPScope, receive: Receive, answer: "_Answer"
    ) -> None:
        """A route of the tree: its handler is called as `dispatch.py` calls it."""
        leaf = found.leaf
        more: Any = {
            "app": self._app,
            "litestar_app": self._app,
            "query_string": found.query,
            "path_params": found.given,
            "route_handler": leaf.handler,
            "path_template": leaf.template,
        }
        scope.update(more)
        scope.setdefault("state", {})
        call = Call(scope, receive, leaf.status, Incoming(found.headers, is_head=False))
        try:
            if leaf.expected.body is not None:
                await leaf.expected.body.read(call)
            given = leaf.expected.take(call, found.given.copy(), found.query)
            ready = dispatch.ready(await leaf.call(call, **given), leaf.status)
        except Exception as error:
            ready = call.refused(error)
        await dispatch.sent(ready, leaf.handler, answer)

    async def _ask(self, scope: HTTPScope, receive: Receive, answer: "_Answer") -> None:
        """All other requests, by Litestar."""
        inner: HTTPScope = {**scope}
        try:
            await self._serve(inner, receive, answer)
        finally:
            answer.route = str(inner.get("path_template") or "unknown")

    async def _serve(self, scope: HTTPScope, receive: Receive, answer: "_Answer") -> None:
        headers = strictness.headers(scope["headers"])
        raw_path = scope.get("raw_path") or scope["path"].encode()
        scope["query_string"] = strictness.address(raw_path, scope["query_string"])
        if scope["method"] in strictness.BODILESS:
            strictness.no_body(headers)
        is_head = scope["method"] == "HEAD"
        scope["state"] = {**scope.get("state", {}), "incoming": Incoming(headers, is_head)}
        if is_head:
            scope["method"] = "GET"
        await self._app(scope, receive, answer)


@functools.lru_cache(maxsize=4096)
def _meters(method: str, route: str, status: int) -> tuple[Any, Any]:
    """What counts and what measures answers of this kind; looking them up takes longer."""
    seconds = SECONDS.labels(method, route)
    return REQUESTS.labels(method, route, status).inc, seconds.observe


class _Found(NamedTuple):
    """A request whose route is in the tree."""

    leaf: Leaf
    given: dict[str, Any]
    headers: dict[bytes, bytes]
    query: bytes


class _Ids:
    """Random ids of 16 bytes in hexadecimal, many from one read of randomness."""

    def __init__(self) -> None:
        self._left: list[bytes] = []
        os.register_at_fork(after_in_child=self._left.clear)  # two processes, two sets

    def next(self) -> bytes:
        if not self._left:
            block = os.urandom(16 * 256).hex().encode()
            self._left += [block[n : n + 32] for n in range(0, len(block), 32)]
        return self._left.pop()


_ids = _Ids()


class _Answer:
    """The `send` of one request: adds what every answer has, and remembers the status."""

    def __init__(self, scope: HTTPScope, send: Send) -> None:
        given = next((v for k, v in scope["headers"] if k == b"x-request-id"), b"")
        self.request_id = given if _REQUEST_ID.fullmatch(given) else _ids.next()
        self.route = "unknown"
        self.status: int | None = None
        self.began = 0.0  # when the answer did: a stream may go on for hours
        self._send = send
        self._is_head = scope["method"] == "HEAD"

    async def __call__(self, message: Any) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            self.began = time.perf_counter()
            message["headers"] = self._headers(message.get("headers", []))
        elif self._is_head and message["type"] == "http.response.body":
            message["body"] = b""
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


async def _refuse(error: Exception, scope: HTTPScope, send: Send) -> None:
    given = next((v for k, v in scope["headers"] if k == b"accept-language"), b"")
    language = problems.language(given.decode("latin-1"))
    await Answer(*problems.told(error, language)).send(send)
