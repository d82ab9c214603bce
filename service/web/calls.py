"""One HTTP call as handlers see it: run an operation for its bearer, answer with the result.

A handler stays a line long: `return await call.answer(operations.pick, marketplace, lead)`.
The answer is encoded inside the transaction, so that it is kept for an Idempotency-Key together
with the effect, and a lost race repeats the operation and not the request.
"""

import hashlib
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from typing import Annotated, Any, Concatenate, ParamSpec, TypeVar

import msgspec
from litestar import Request, Response
from litestar.datastructures import Cookie
from litestar.params import QueryParameter
from litestar.types import Receive, Scope

from service import identity
from service.database.transaction import Database, Tx
from service.database.wakeups import Wakeups
from service.errors import Problem
from service.settings import ServiceSettings
from service.vocabulary import GoesOn, Versions
from service.web import bearers, keeping, problems
from service.web.answers import Answer, CsvFile, Stream

T = TypeVar("T")
P = ParamSpec("P")

# What every list takes.
Limit = Annotated[int, QueryParameter(ge=1, le=100, description="Items on the page")]
Cursor = Annotated[
    str | None, QueryParameter(max_length=64, description="next_cursor of the page before")
]

_KEY = re.compile(rb"[\x21-\x7e]{1,255}")
# A list of entity tags; empty elements are allowed (RFC 9110, 5.6.1 and 8.8.3).
_TAG = rb'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
_ETAGS = re.compile(rb"[ \t,]*" + _TAG + rb"(?:[ \t]*,[ \t]*(?:" + _TAG + rb")?)*[ \t]*")
# A comma may stand inside a tag, so one of ours is looked for between its neighbours.
_OURS = re.compile(rb'(?:^|,)[ \t]*"(0|[1-9]\d{0,8})"[ \t]*(?=,|$)')
_JSON = "application/json"
_to_json = msgspec.json.Encoder().encode


class Incoming(msgspec.Struct):
    """What `edge.py` read and found in order."""

    headers: dict[bytes, bytes]
    is_head: bool


class Call:
    """The request at hand: its bearer, its preconditions, and the way to run an operation."""

    __slots__ = (
        "_content",
        "_incoming",
        "_scope",
        "_secret",
        "_status",
        "_token",
        "body",
        "headers",
        "long",
        "raw",
        "receive",
    )

    def __init__(self, scope: Scope, receive: Receive, status: int, incoming: Incoming) -> None:
        self._scope: Any = scope
        self.receive = receive
        self._status = status
        self._incoming = incoming
        self.headers = self._incoming.headers  # by name; those that must not be repeated are not
        self.body = b""  # what was sent, where it is no file; forms too are JSON here
        self.raw = b""  # the same as it came, for who signs it
        self._content: bytes | None = None
        self._secret: str | None = None
        self._token: str | None = None
        self.long = False  # whether it may take its time, see service/database/transaction.py

    @property
    def request(self) -> Request[Any, Any, Any]:
        """Litestar's view of the request, for what is seldom needed: forms and files."""
        return Request(self._scope, receive=self.receive)

    @property
    def database(self) -> Database:
        """The service's database."""
        database: Database = self._scope["app"].state.database
        return database

    @property
    def wakeups(self) -> Wakeups:
        """The streams of this process."""
        wakeups: Wakeups = self._scope["app"].state.wakeups
        return wakeups

    @property
    def settings(self) -> ServiceSettings:
        """What the deployment sets."""
        settings: ServiceSettings = self._scope["app"].state.settings
        return settings

    @property
    def method(self) -> str:
        """GET, POST, PUT, PATCH or DELETE; HEAD is GET here."""
        return str(self._scope["method"])

    @property
    def token(self) -> str:
        """The bearer token. Raises Problem unauthenticated when there is none."""
        if self._token is None:
            self._token = bearers.token(self.headers, self.method)
        return self._token

    @property
    def peer(self) -> str:
        """The client's address as the server trusts it (trusted proxies are resolved before)."""
        client = self._scope["client"]
        return str(client[0]) if client else ""

    @property
    def base_url(self) -> str:
        """The service's own address, as this client knows it; the proxy tells the scheme."""
        return str(self.request.base_url).rstrip("/")

    async def gone(self) -> None:
        """Returns when the client has left. What it sent is read already."""
        while True:
            message = await self.receive()
            if message["type"] == "http.disconnect":
                return

    def stream(
        self,
        source: AsyncGenerator[bytes, None],
        media_type: str,
        *,
        length: int | None = None,
        headers: dict[str, str] | None = None,
        cookies: Sequence[Cookie] = (),
        whole: bool = False,
    ) -> Stream:
        """An answer in parts; the source ends when the client leaves or the service stops. whole:
        one that the service's stop ends must not look like all of it."""
        ends = (self.gone, self._scope["app"].state.stopping.wait)
        runs = not self._incoming.is_head
        return Stream(
            source, media_type, ends, runs=runs, length=length, headers=headers, cookies=cookies,
            whole=whole,
        )  # fmt: skip

    @property
    def client(self) -> str | None:
        """What the program calls itself (User-Agent), printable and at most 200 characters."""
        given = self.headers.get(b"user-agent", b"").decode("latin-1")
        return "".join(c for c in given if c.isprintable())[:200].strip() or None

    @property
    def language(self) -> str:
        """de or en."""
        accepted = self.headers.get(b"accept-language", b"")
        return problems.language(accepted.decode("latin-1"))

    def versions(self, *, required: bool = True) -> Versions:
        """The versions that If-Match names, any of which may be the present one; None for `*`.

        Raises Problem version-required (428) without the header where it is required, and
        bad-request for what is no list of entity tags (RFC 9110, 13.1.1). Tags that are none of
        ours, weak ones too, match nothing.
        """
        given = self.headers.get(b"if-match")
        if given is None and required:
            raise Problem("version-required")
        if given is None or given.strip() == b"*":
            return None
        if not _ETAGS.fullmatch(given):
            raise Problem("bad-request", reason="if-match")
        return [int(digits) for digits in _OURS.findall(given)]

    async def check(self) -> None:
        """Refuses a token that is not valid now; for what is dear before `answer` is called."""

        async def nothing(tx: Tx) -> bool:
            return await tx.value(bool, "select true")

        await self.database.transaction(self.token, nothing, reads=True)

    async def answer(
        self,
        operation: Callable[Concatenate[Tx, P], Awaitable[T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Response[T]:
        """Runs the operation for the bearer; status by method (POST: what the route declares)."""

        async def run(tx: Tx) -> Answer[T]:
            return self.reply(await operation(tx, *args, **kwargs))

        method = self.method
        if method == "GET":
            return await self.database.transaction(self.token, run, reads=True, long=self.long)
        key = self.headers.get(b"idempotency-key")
        if key is None or method != "POST":
            return await self.database.transaction(self.token, run, long=self.long)
        if not _KEY.fullmatch(key):
            raise Problem("bad-request")
        asked = key.decode(), self.digest()
        return await self.database.transaction(
            self.token,
            lambda tx: keeping.once(tx, asked, run, lambda: self._secret, self.language),
            whole=True,
            long=self.long,
        )

    async def noted(
        self,
        operation: Callable[Concatenate[Tx, P], Awaitable[T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> T | None:
        """What a GET writes before its answer begins, committed. Only exports do; HEAD writes
        nothing, and its bearer is looked up all the same."""
        if self._incoming.is_head:
            await self.check()
            return None
        return await self.database.run(self.token, operation, *args, **kwargs)

    async def file(
        self,
        operation: Callable[Concatenate[Tx, P], Awaitable[CsvFile]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> CsvFile:
        """A table that is only read, whole; it may take its time."""

        async def run(tx: Tx) -> CsvFile:
            return await operation(tx, *args, **kwargs)

        return await self.database.transaction(self.token, run, reads=True, long=True)

    async def public(
        self,
        operation: Callable[Concatenate[Tx, P], Awaitable[T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Response[T]:
        """The same without a bearer: the operation runs in no company's context."""
        return self.reply(await self.database.run(None, operation, *args, **kwargs))

    def reply(self, result: T, *cookies: Cookie) -> Answer[T]:
        """The result as JSON; one with a version carries it as its strong ETag."""
        if result is None:
            return Answer(self._status, {}, b"")
        status = 202 if isinstance(result, GoesOn) and self.method == "POST" else self._status
        headers = {"content-type": _JSON}
        version = getattr(result, "version", None)
        if version is not None:
            headers["etag"] = f'"{version}"'
        return Answer(status, headers, _to_json(result), cookies)

    def refused(self, error: Exception) -> Answer[Any]:
        """The answer to any exception; a browser whose cookie is of no use any more forgets it."""
        nobody = problems.from_exception(error).slug == "unauthenticated"
        cookies = bearers.forgotten(self.headers, self.method) if nobody else ()
        return Answer(*problems.told(error, self.language), cookies)

    def is_about(self, *parts: bytes) -> None:
        """What a repeated request must have in common with the first, instead of its raw body: the
        boundary of a form is another one each time."""
        self._content = b"".join(hashlib.sha256(part).digest() for part in parts)

    @property
    def key(self) -> str | None:
        """The Idempotency-Key, as it came."""
        key = self.headers.get(b"idempotency-key")
        return None if key is None else key.decode("latin-1")

    def digest(self) -> bytes:
        """What a repeated request must have in common with the first."""
        content = self.body if self._content is None else self._content
        head = f"{self.method} {self._scope['path']}?{self._scope['query_string'].decode()}\n"
        return hashlib.sha256(head.encode() + content).digest()

    def secret(self, prefix: str) -> str:
        """A token for the answer alone: no kept answer has it, and the caller who repeats the
        request gets it again (docs/decisions/0012)."""
        key = self.headers.get(b"idempotency-key")
        if key is None:
            return identity.new_token(prefix)
        self._secret = identity.repeatable_token(prefix, self.token, key.decode("latin-1"))
        return self._secret

    def signing_secret(self) -> str:
        """The same for a secret that signs webhooks."""
        made = identity.signing_secret(self.secret("whsec"))
        if self._secret is not None:
            self._secret = made
        return made
