"""Whose request it is: the token of `Authorization`, or the cookie of the page in the browser.

A browser sends a cookie wherever it is asked to, also when another port of this host asks, and a
pick is a POST without a body. So the cookie is a bearer only when the browser says that a page of
this very origin asks, or, to read, that nobody but the person does (an address typed in). Whoever
does not say so is a program, and programs have `Authorization` (docs/decisions/0086).
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from litestar.datastructures import Cookie

from service.errors import Problem

#: `__Host-`: a browser takes it from this host alone, encrypted, for all paths (RFC 6265bis).
COOKIE = "__Host-kollegium"
#: The same for the description of the API.
SCHEME = {
    "type": "apiKey",
    "in": "cookie",
    "name": COOKIE,
    "description": "Of the page of this service alone, by `POST /sessions` with `cookie`; without"
    " `Sec-Fetch-Site: same-origin` (`none` for GET) it is nobody's.",
}
_COOKIE = COOKIE.encode()
# What logging in makes; an API key is for programs.
_SESSION = re.compile(rb"kgs_[A-Za-z0-9_-]{20,252}")
_ASKS = b"sec-fetch-site"

Headers = Mapping[bytes, bytes]


def token(headers: Headers, method: str) -> str:
    """The bearer token. Raises Problem unauthenticated when there is none."""
    given = headers.get(b"authorization")
    if given is None:
        return _of_cookie(headers, method)
    scheme, _, found = given.partition(b" ")
    if scheme.lower() != b"bearer" or not 0 < len(found) <= 256:
        raise Problem("unauthenticated")
    return found.decode("latin-1")


def same_origin(headers: Headers) -> None:
    """Raises Problem same-origin-required for what no page of this origin sends."""
    if headers.get(_ASKS) != b"same-origin":
        raise Problem("same-origin-required")


def cookie(found: str, expires_at: datetime) -> Cookie:
    """What a browser keeps as long as the session lasts, and shows no script."""
    seconds = int((expires_at - datetime.now(UTC)).total_seconds())
    return _cookie(found, max(seconds, 0))


def forgotten(headers: Headers, method: str) -> list[Cookie]:
    """What makes a browser forget our cookie, where a request came with it and could have had it
    for a bearer: the page of another origin logs nobody out."""
    if b"authorization" in headers or not _asks(headers, method) or not _values(headers):
        return []
    return [_cookie("", 0)]


def _of_cookie(headers: Headers, method: str) -> str:
    if b"cookie" in headers and _asks(headers, method):
        values = _values(headers)
        # Two of one name: which of them is meant, another reader might see differently.
        if len(values) == 1 and _SESSION.fullmatch(values[0]):
            return values[0].decode()
    raise Problem("unauthenticated")


def _asks(headers: Headers, method: str) -> bool:
    """Whether it is a page of ours that asks, or the person alone to read; HEAD is GET here."""
    who = headers.get(_ASKS)
    return who == b"same-origin" or (who == b"none" and method == "GET")


def _values(headers: Headers) -> list[bytes]:
    pairs = (pair.partition(b"=") for pair in headers.get(b"cookie", b"").split(b";"))
    return [value.strip(b" \t") for name, _, value in pairs if name.strip(b" \t") == _COOKIE]


def _cookie(value: str, seconds: int) -> Cookie:
    return Cookie(COOKIE, "/", value, seconds, secure=True, httponly=True, samesite="strict")
