"""From any exception to an RFC 9457 answer. The one table of SQLSTATEs is here.

Own errors of the database come as SQLSTATE KGnnn: nnn is the status, the constraint name is the
slug, DETAIL is JSON for the client. Nothing is matched by message text.
"""

import functools
import re
from typing import Any

import msgspec
import structlog
from litestar.exceptions import HTTPException

from service.database.wire import ConnectionLost, PoolExhausted, PostgresError
from service.errors import KINDS, URN, Problem

log = structlog.get_logger()

MEDIA_TYPE = "application/problem+json"
_RETRY_AFTER = 1

_CLASSES = {
    "22": "bad-request",  # values PostgreSQL cannot take
    "54": "bad-request",  # more than it can take
    "53": "unavailable",  # out of resources
    "57": "unavailable",  # cancelled, shutting down
    "58": "unavailable",  # its disk or system failed
    "08": "unavailable",  # connection lost
    "40": "unavailable",  # lost races, retried before
}
_STATES = {
    "28000": "unauthenticated",
    "23505": "conflict",
    "23503": "conflict",
    "23514": "bad-request",
    "25006": "unavailable",  # read only: a standby that was not promoted yet
    "25P03": "unavailable",  # idle in a transaction for too long
    "25P04": "unavailable",  # transaction timeout
    "55P03": "unavailable",  # lock timeout
}
_HTTP = {
    400: "bad-request",
    401: "unauthenticated",
    404: "not-found",
    405: "method-not-allowed",
    413: "body-too-large",
    415: "media-type-unsupported",
}


def from_database(error: PostgresError) -> Problem:
    """The problem for an error of the database; anything not in the table is ours: internal."""
    state = error.sqlstate
    if state.startswith("KG"):
        return Problem(error.constraint, **msgspec.json.decode(error.detail or "{}"))
    if state == "42501":
        # A policy or grant refused: nothing to tell outside, and something to look at inside.
        log.error("refused_by_policy", sqlstate=state)
        return Problem("not-found")
    return Problem(_STATES.get(state) or _CLASSES.get(state[:2]) or "internal")


def from_exception(error: BaseException) -> Problem:
    """The problem for any exception."""
    if isinstance(error, Problem):
        return error
    if isinstance(error, PostgresError):
        return from_database(error)
    if isinstance(error, HTTPException):
        other = "bad-request" if error.status_code < 500 else "internal"
        return Problem(_HTTP.get(error.status_code, other))
    if isinstance(error, ConnectionLost | PoolExhausted | OSError | TimeoutError):
        return Problem("unavailable")
    return Problem("internal")


def encode(problem: Problem, language: str) -> bytes:
    """The body: byte-identical for equal problems, whoever asks."""
    title, hint = KINDS[problem.slug].texts(language)
    body: dict[str, Any] = {
        "type": URN + problem.slug,
        "title": title,
        "status": problem.status,
        "detail": hint,
        **problem.detail,
    }
    if problem.errors:
        body["errors"] = [_in_language(error, language) for error in problem.errors]
    return msgspec.json.encode(body)


def _in_language(error: dict[str, str], language: str) -> dict[str, str]:
    """`detail_de` is the German text of who raised the problem; the client gets one language."""
    told = {key: value for key, value in error.items() if key != "detail_de"}
    if language == "de" and "detail_de" in error:
        told["detail"] = error["detail_de"]
    return told


def parts(problem: Problem, language: str) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of the answer that tells a problem."""
    found = {"content-type": MEDIA_TYPE, "content-language": language}
    if problem.status == 503 or problem.retry_after:
        found["retry-after"] = str(problem.retry_after or _RETRY_AFTER)
    if problem.status == 401:
        found["www-authenticate"] = "Bearer"
    if problem.slug == "version-stale":
        found["etag"] = f'"{problem.detail["version"]}"'
    return problem.status, found, encode(problem, language)


_RANGE = re.compile(
    r"\s*([A-Za-z*][A-Za-z-]{0,20})\s*(?:;\s*q=(0(?:\.\d{0,3})?|1(?:\.0{0,3})?))?\s*"
)


@functools.lru_cache(maxsize=256)
def language(accept_language: str) -> str:
    """de or en, whichever Accept-Language (RFC 9110, with q) likes better; English if in doubt."""
    liked: dict[str, float] = {}
    for part in accept_language[:1000].split(","):
        match = _RANGE.fullmatch(part)
        if match is not None:
            tag = match.group(1).lower().partition("-")[0]
            liked[tag] = max(liked.get(tag, 0.0), float(match.group(2) or 1))
    other = liked.get("*", 0.0)
    german, english = liked.get("de", other), liked.get("en", other)
    if german == english and {"de", "en"} <= liked.keys():
        # Equally liked: the first one named.
        return "de" if list(liked).index("de") < list(liked).index("en") else "en"
    return "de" if german > english else "en"


def told(error: Exception, language: str) -> tuple[int, dict[str, str], bytes]:
    """The answer to any exception; what is our fault is logged."""
    problem = from_exception(error)
    if problem.status >= 500:
        log.error(
            "failed",
            problem=problem.slug,
            error=type(error).__name__,
            exc_info=error if problem.status == 500 else None,
        )
    status, found, body = parts(problem, language)
    if isinstance(error, HTTPException):
        found |= {n.lower(): v for n, v in (error.headers or {}).items() if n.lower() == "allow"}
    return status, found, body
