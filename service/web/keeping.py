"""What is kept of an answer for an Idempotency-Key, and given to who repeats the request.

A secret that the answer shows is not kept: its place is, and its SHA-256. The caller who repeats
the request makes it again out of his token and his key (docs/decisions/0012).
"""

from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

import msgspec

from service import identity
from service.database.transaction import Tx
from service.database.tx import Known
from service.errors import Problem
from service.web import problems
from service.web.answers import Answer

T = TypeVar("T")
# Answers that say "not now": a repeated request must run again.
_NOT_KEPT = frozenset(
    {"idempotency-in-progress", "idempotency-key-reused", "too-many-requests", "unauthenticated"}
)
# Stand for a secret in a kept answer: the place, and a header with its SHA-256.
_SECRET, _SEAL = b"\\u0000secret", "x-secret-sha256"
_CLAIM = "select status, headers, body from app.claim_idempotency_key($1, $2)"


class _Kept(msgspec.Struct):
    status: int
    headers: dict[str, str]
    body: str


async def once(
    tx: Tx,
    asked: tuple[str, bytes],
    run: Callable[[Tx], Awaitable[Answer[T]]],
    secret: Callable[[], str | None],
    language: str,
) -> Answer[T]:
    """Answers a repeated key from what was kept; keeps refusals as well as successes.

    asked: the key, and what a repeated request must have in common with the first; secret: what the
    answer shows this once, known when it was made.
    """
    try:
        async with tx.unless(_Kept, _CLAIM, *asked):
            answer = await run(tx)
    except Known as known:
        await tx.undone()
        return _unsealed(known.answer, secret(), language)
    except Exception as error:
        problem = problems.from_exception(error)
        if problem.status >= 500 or problem.slug in _NOT_KEPT:
            raise
        answer = Answer(*problems.parts(problem, language))
    kept = _sealed(answer, secret())
    sql = "select app.keep_answer($1, $2, $3, $4, $5)"
    tx.do(sql, *asked, kept.status_code, kept.headers, kept.content.decode())
    return answer


def _sealed(answer: Answer[T], secret: str | None) -> Answer[T]:
    if secret is None or answer.status_code >= 400:
        return answer
    proof = identity.sha256(secret).hex()
    body = answer.content.replace(secret.encode(), _SECRET)
    return Answer(answer.status_code, {**answer.headers, _SEAL: proof}, body)


def _unsealed(kept: _Kept, secret: str | None, language: str) -> Answer[Any]:
    body = kept.body.encode()
    proof = kept.headers.pop(_SEAL, None)
    if proof is None:
        return Answer(kept.status, kept.headers, body)
    if secret is None or identity.sha256(secret).hex() != proof:
        return Answer(*problems.parts(Problem("shown-once"), language))
    return Answer(kept.status, kept.headers, body.replace(_SECRET, secret.encode()))
