"""Strict bytes: what is refused whatever the route, in the order in which it is looked at.

All of it needs nothing but bytes and runs in `edge.py` for every request, before a route is looked
for. What a route takes is looked at in `admission.py`.
"""

import json
import re
import unicodedata
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl, unquote_to_bytes, urlencode

import msgspec

from service.errors import Problem

HEADERS_LIMIT = 32 * 1024
ADDRESS_LIMIT = 8 * 1024
DEPTH = 32
# Methods whose requests have no body, whatever the route.
BODILESS = frozenset({"GET", "HEAD", "DELETE", "OPTIONS"})
# Twice, with two meanings, they are how requests are smuggled past one reader to another.
_ONCE = frozenset(
    {
        b"authorization", b"content-encoding", b"content-length", b"content-type", b"cookie",
        b"host", b"idempotency-key", b"if-match", b"sec-fetch-site", b"transfer-encoding",
    }
)  # fmt: skip
_BAD_PERCENT = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")
_CONTROL_BUT_TAB = re.compile(rb"[\x00-\x08\x0a-\x1f\x7f]")
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BRACKET = re.compile(rb"[\[\]{}]")
# What needs no closer look: one spelling, nothing encoded.
_PLAIN_PATH = re.compile(rb"(?:/[A-Za-z0-9._~:@!$&'()*+,;=-]+)+|/")
_PLAIN_QUERY = re.compile(rb"[A-Za-z0-9._~:@!$&'()*+,;=/?-]*")


def headers(found: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """The headers by name. Raises headers-too-large, and bad-request for repeated single ones."""
    by_name: dict[bytes, bytes] = {}
    size = 0
    for name, value in found:
        size += len(name) + len(value) + 4
        if size > HEADERS_LIMIT:
            raise Problem("headers-too-large", limit=HEADERS_LIMIT)
        if name in by_name and name in _ONCE:
            raise Problem("bad-request", reason="header-repeated")
        if _CONTROL_BUT_TAB.search(value):
            raise Problem("bad-request", reason="header-control-character")
        by_name[name] = value
    return by_name


def address(raw_path: bytes, query: bytes) -> bytes:
    """The query string with its text in NFC. Raises what an address can have wrong.

    A path has one spelling: no empty segment, no slash at its end (but that of the workbench), else
    not-found.
    """
    if len(raw_path) + len(query) > ADDRESS_LIMIT:
        raise Problem("address-too-long", limit=ADDRESS_LIMIT)
    if _PLAIN_PATH.fullmatch(raw_path) and _PLAIN_QUERY.fullmatch(query):
        return query
    for part in (raw_path, query):
        if _BAD_PERCENT.search(part) or not part.isascii():
            raise Problem("bad-request", reason="address-encoding")
        decoded = unquote_to_bytes(part)
        if _CONTROL.search(decoded):
            raise Problem("bad-request", reason="address-control-character")
        try:
            decoded.decode()
        except UnicodeDecodeError as error:
            raise Problem("bad-request", reason="address-encoding") from error
    path = unquote_to_bytes(raw_path)
    if b"//" in path or (path.endswith(b"/") and path not in (b"/", b"/app/")):
        raise Problem("not-found")
    if b"%" not in query:
        return query
    pairs = parse_qsl(query.decode(), keep_blank_values=True, max_num_fields=100)
    return urlencode([(k, unicodedata.normalize("NFC", v)) for k, v in pairs]).encode()


def body_size(headers: dict[bytes, bytes]) -> int | None:
    """How long the body is; None: it comes in parts. Raises bad-request for what is no number."""
    length = headers.get(b"content-length", b"0")
    if not length.isdigit():
        raise Problem("bad-request", reason="content-length")
    return None if b"transfer-encoding" in headers else int(length)


def no_body(headers: dict[bytes, bytes]) -> None:
    """Raises bad-request when there is one."""
    if body_size(headers) != 0:
        raise Problem("bad-request", reason="body-unexpected")


def media_type(header: bytes) -> str:
    """The type without parameters, lower case. Raises media-type-unsupported for other charsets."""
    kind, *parameters = header.decode("latin-1").lower().split(";")
    kind = kind.strip()
    for parameter in parameters:
        name, _, value = parameter.partition("=")
        is_json = kind == "application/json"
        if is_json and name.strip() == "charset" and value.strip().strip('"') != "utf-8":
            raise Problem("media-type-unsupported")
    return kind


def clean_json(body: bytes) -> bytes:
    """JSON that every decoder reads alike: UTF-8, at most 32 levels, each key once, finite
    numbers, no NUL, no lone surrogate, text in NFC. Raises bad-request with a reason."""
    depth = 0
    for bracket in _BRACKET.finditer(_STRING.sub(b"", body)):
        depth += 1 if bracket.group() in b"[{" else -1
        if depth > DEPTH:
            raise Problem("bad-request", reason="nesting")
    try:
        text = body.decode()
        value = _loads(text)
        if body.isascii() and b"\\u" not in body:
            return body
        # Encoded anew, escapes are characters: NUL and NFC are seen in every spelling.
        plain = msgspec.json.encode(value).decode()
        normal = unicodedata.normalize("NFC", plain)
        if normal != plain:
            _loads(normal)
    except UnicodeError as error:
        raise Problem("bad-request", reason="encoding") from error
    except (ValueError, RecursionError, msgspec.MsgspecError) as error:
        raise Problem("bad-request", reason="json") from error
    if "\\u0000" in plain:
        raise Problem("bad-request", reason="nul")
    return normal.encode()


def clean_form(body: bytes) -> bytes:
    """A form as JSON: an object of texts, held to the same as JSON is."""
    if not body.isascii() or _BAD_PERCENT.search(body):
        raise Problem("bad-request", reason="encoding")
    try:
        pairs = parse_qsl(
            body.decode(), keep_blank_values=True, max_num_fields=100, errors="strict"
        )
    except UnicodeError as error:
        raise Problem("bad-request", reason="encoding") from error
    except ValueError as error:
        raise Problem("bad-request", reason="form") from error
    return clean_json(msgspec.json.encode(_object(pairs)))


def _loads(text: str) -> Any:
    return json.loads(
        text, object_pairs_hook=_object, parse_constant=_constant, parse_float=_finite
    )


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise Problem("bad-request", reason="key-repeated")
    return found


def _constant(name: str) -> Any:
    raise ValueError(name)


def _finite(digits: str) -> float:
    value = float(digits)
    if value in (float("inf"), float("-inf")):
        raise ValueError(digits)
    return value
