"""One HTTP call as handlers see it: run an operation for its bearer, answer with the result.

A handler stays a line long: `return await call.answer(operations.pick, marketplace, lead)`.
The answer is encoded inside the transaction, so that it is kept for an Idempotency-Key together
with the effect, and a lost race repeats the operation and not the request.
"""

import contextlib
import hashlib
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Annotated, Any, Concatenate, ParamSpec, TypeVar

import msgspec
from litestar import Request, Response
from litestar.params import QueryParameter

from service import identity, problems
from service.database import Database, Tx
from service.errors import Problem
from service.postgres import PostgresError

T = TypeVar("T")
P = ParamSpec("P")

# What every list takes.
Limit = Annotated[int, QueryParameter(ge=1, le=100, description="Items on the page")]
Cursor = Annotated[
    str | None, QueryParameter(max_length=64, description="next_cursor of the page before")
]

_KEY = re.compile(r"[\x21-\x7e]{1,255}")
_ETAG = re.compile(r'"(0|[1-9]\d{0,8})"')
# Answers that say "not now": a repeated request must run again.
_NOT_KEPT = frozenset(
    {"idempotency-in-progress", "idempotency-key-reused", "too-many-requests", "unauthenticated"}
)


# Stand for a secret in a kept answer: the place, and a header with its SHA-256.
_SECRET, _SEAL = b"\\u0000secret", "x-secret-sha256"
# Refusals that cost an attempt where attempts are limited.
_CHARGED = frozenset({404, 409})


class _Answer(msgspec.Struct):
    status: int
    headers: dict[str, str]
    body: bytes


class _Kept(msgspec.Struct):
    status: int
    headers: dict[str, str]
    body: str


class Call:
    """The request at hand: its bearer, its preconditions, and the way to run an operation."""

    def __init__(self, request: Request[Any, Any, Any], database: Database) -> None:
        self.request = request
        self.database = database
        self._content: bytes | None = None
        self._refused: int | None = None
        self._secret: str | None = None

    @property
    def token(self) -> str:
        """The bearer token. Raises Problem unauthenticated when there is none."""
        scheme, _, token = self.request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not 0 < len(token) <= 256:
            raise Problem("unauthenticated")
        return token

    @property
    def peer(self) -> str:
        """The client's address as the server trusts it (trusted proxies are resolved before)."""
        return self.request.client.host if self.request.client else ""

    @property
    def language(self) -> str:
        """de or en."""
        return problems.language(self.request.headers.get("accept-language", ""))

    def version(self, *, required: bool = True) -> int | None:
        """The version that If-Match names; None for `*` (any). 428 without it where required.

        A tag that is none of ours can match nothing: -1.
        """
        tag = self.request.headers.get("if-match")
        if tag is None and required:
            raise Problem("version-required")
        if tag is None or tag.strip() == "*":
            return None
        match = _ETAG.fullmatch(tag.strip())
        return int(match.group(1)) if match else -1

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
        status = self.request.route_handler.status_code

        async def run(tx: Tx) -> _Answer:
            return _encode(await operation(tx, *args, **kwargs), status)

        method = self.request.method
        if method == "GET":
            return _response(await self.database.transaction(self.token, run, reads=True))
        key = self.request.headers.get("idempotency-key")
        if key is None or method != "POST":
            return _response(await self.database.transaction(self.token, run))
        if not _KEY.fullmatch(key):
            raise Problem("bad-request")
        digest = await self._digest()
        return _response(
            await self.database.transaction(
                self.token, lambda tx: self._once(tx, key, digest, run), whole=True
            )
        )

    @contextlib.asynccontextmanager
    async def charged(self, charge: Callable[[Tx], Awaitable[None]]) -> AsyncIterator[None]:
        """Counts what is refused inside against a rate limit, in a transaction of its own: the
        refused one undid what it had counted. With an Idempotency-Key a refusal is an answer."""
        try:
            yield
        except (Problem, PostgresError) as error:
            if problems.from_exception(error).status in _CHARGED:
                await self.database.run(self.token, charge)
            raise
        if self._refused in _CHARGED:
            await self.database.run(self.token, charge)

    async def public(
        self,
        operation: Callable[Concatenate[Tx, P], Awaitable[T]],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> Response[T]:
        """The same without a bearer: the operation runs in no company's context."""
        result = await self.database.run(None, operation, *args, **kwargs)
        return _response(_encode(result, self.request.route_handler.status_code))

    def is_about(self, *parts: bytes) -> None:
        """What a repeated request must have in common with the first, instead of its raw body: the
        boundary of a form is another one each time."""
        self._content = b"".join(hashlib.sha256(part).digest() for part in parts)

    async def _digest(self) -> bytes:
        body = await self.request.body() if self._content is None else self._content
        head = f"{self.request.method} {self.request.url.path}?{self.request.url.query}\n"
        return hashlib.sha256(head.encode() + body).digest()

    async def _once(
        self, tx: Tx, key: str, digest: bytes, run: Callable[[Tx], Awaitable[_Answer]]
    ) -> _Answer:
        """Answers a repeated key from what was kept; keeps refusals as well as successes."""
        kept = await tx.row(
            _Kept,
            "select status, headers, body from app.claim_idempotency_key($1, $2)",
            key,
            digest,
        )
        if kept is not None:
            return self._unsealed(kept)
        try:
            async with tx.savepoint():
                answer = await run(tx)
        except Exception as error:
            problem = problems.from_exception(error)
            if problem.status >= 500 or problem.slug in _NOT_KEPT:
                raise
            self._refused = problem.status
            answer = self._problem(problem)
        stored = self._sealed(answer)
        tx.do(
            "select app.keep_answer($1, $2, $3, $4, $5)",
            key,
            digest,
            stored.status,
            stored.headers,
            stored.body.decode(),
        )
        return answer

    def secret(self, prefix: str) -> str:
        """A token for the answer alone: no table keeps it, and the caller who repeats the request
        gets it again (docs/decisions/0012)."""
        key = self.request.headers.get("idempotency-key")
        if key is None:
            return identity.new_token(prefix)
        self._secret = identity.repeatable_token(prefix, self.token, key)
        return self._secret

    def _sealed(self, answer: _Answer) -> _Answer:
        if self._secret is None or answer.status >= 400:
            return answer
        proof = identity.sha256(self._secret).hex()
        body = answer.body.replace(self._secret.encode(), _SECRET)
        return _Answer(answer.status, {**answer.headers, _SEAL: proof}, body)

    def _unsealed(self, kept: _Kept) -> _Answer:
        body = kept.body.encode()
        proof = kept.headers.pop(_SEAL, None)
        if proof is None:
            return _Answer(kept.status, kept.headers, body)
        if self._secret is None or identity.sha256(self._secret).hex() != proof:
            return self._problem(Problem("shown-once"))
        return _Answer(kept.status, kept.headers, body.replace(_SECRET, self._secret.encode()))

    def _problem(self, problem: Problem) -> _Answer:
        headers = {
            "content-type": problems.MEDIA_TYPE,
            **problems.headers(problem, self.language),
        }
        return _Answer(problem.status, headers, problems.encode(problem, self.language))


def _encode(result: Any, status: int) -> _Answer:
    """JSON; a result with a version carries it as its strong ETag."""
    if result is None:
        return _Answer(status, {}, b"")
    headers = {"content-type": "application/json"}
    version = getattr(result, "version", None)
    if version is not None:
        headers["etag"] = f'"{version}"'
    return _Answer(status, headers, msgspec.json.encode(result))


def _response(answer: _Answer) -> Response[Any]:
    headers = dict(answer.headers)
    media_type = headers.pop("content-type", "application/json")
    return Response(answer.body, status_code=answer.status, headers=headers, media_type=media_type)
