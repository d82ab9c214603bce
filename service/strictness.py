"""Strict input: what is refused before an operation runs, in the order in which it is looked at.

`headers`, `address` and `body` need nothing but bytes and run in `edge.py` for every request.
`admit` runs when the route is known: bearer token, query parameters, and the body against the
type that the route declares, strictly ("5" is no number) and with a pointer to what is wrong.
"""

import functools
import json
import re
import unicodedata
from collections.abc import Iterable
from typing import Any
from urllib.parse import parse_qsl, unquote_to_bytes, urlencode
from uuid import UUID

import msgspec
from litestar import Request
from litestar.handlers import HTTPRouteHandler
from litestar.params import BodyKwarg, QueryParameter

from service.calls import Call
from service.errors import Problem

HEADERS_LIMIT = 32 * 1024
ADDRESS_LIMIT = 8 * 1024
DEPTH = 32
# Routes that take a file (`opt={"file": True}`) instead of JSON.
FILE_PATHS = frozenset({"/imports"})
FILE_TYPES = (
    "text/csv",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "application/octet-stream",
    "multipart/form-data",
)

# Twice, with two meanings, they are how requests are smuggled past one reader to another.
_ONCE = frozenset(
    {
        b"authorization", b"content-encoding", b"content-length", b"content-type", b"host",
        b"idempotency-key", b"if-match", b"transfer-encoding",
    }
)  # fmt: skip
_BAD_PERCENT = re.compile(rb"%(?![0-9A-Fa-f]{2})")
_CONTROL = re.compile(rb"[\x00-\x1f\x7f]")
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_BRACKET = re.compile(rb"[\[\]{}]")
# Litestar would also read 1e1 and 10.0 as numbers, and yes and 1 as true.
_SHAPES: dict[type, re.Pattern[str]] = {
    bool: re.compile("true|false"),
    int: re.compile("-?(0|[1-9][0-9]{0,17})"),
}
_PATH_STEP = re.compile(r"\.([^.\[]+)|\[(\d+)\]")


def headers(found: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    """The headers by name. Raises headers-too-large, and bad-request for repeated single ones."""
    by_name: dict[bytes, bytes] = {}
    size = 0
    for name, value in found:
        size += len(name) + len(value) + 4
        if size > HEADERS_LIMIT:
            raise Problem("headers-too-large", limit=HEADERS_LIMIT)
        if name in _ONCE and name in by_name:
            raise Problem("bad-request", reason="header-repeated")
        if _CONTROL.search(value.replace(b"\t", b" ")):
            raise Problem("bad-request", reason="header-control-character")
        by_name[name] = value
    return by_name


def address(raw_path: bytes, query: bytes) -> bytes:
    """The query string with its text in NFC. Raises what an address can have wrong.

    A path has one spelling: no empty segment, no slash at its end, else not-found.
    """
    if len(raw_path) + len(query) > ADDRESS_LIMIT:
        raise Problem("address-too-long", limit=ADDRESS_LIMIT)
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
    if b"//" in path or (path.endswith(b"/") and path != b"/"):
        raise Problem("not-found")
    if b"%" not in query:
        return query
    pairs = parse_qsl(query.decode(), keep_blank_values=True, max_num_fields=100)
    return urlencode([(k, unicodedata.normalize("NFC", v)) for k, v in pairs]).encode()


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


class Expected(msgspec.Struct, frozen=True):
    """What a route takes: its query parameters with their shapes, and the decoder of its body."""

    query: dict[str, re.Pattern[str] | None]
    body: msgspec.json.Decoder[Any] | None
    optional: bool


@functools.cache
def expected(handler: HTTPRouteHandler) -> Expected:
    """Read from the handler's signature once."""
    query: dict[str, re.Pattern[str] | None] = {}
    decoder, optional = None, False
    for name, field in handler.parsed_fn_signature.parameters.items():
        given = field.kwarg_definition
        if isinstance(given, QueryParameter):
            query[given.name or name] = next(
                (
                    shape
                    for kind, shape in _SHAPES.items()
                    if field.has_inner_subclass_of(kind) or field.annotation is kind
                ),
                None,
            )
        elif isinstance(given, BodyKwarg):
            decoder = msgspec.json.Decoder(field.annotation)
            optional = field.default is None
    return Expected(query, decoder, optional)


async def admit(request: Request[Any, Any, Any]) -> None:
    """Litestar's before_request: refuses what the route does not take. Token first."""
    handler = request.route_handler
    if request.method == "OPTIONS":
        return
    if not handler.opt.get("public"):
        _ = Call(request, request.app.state.database).token
    wanted = expected(handler)
    _check_path(request)
    _check_query(request, wanted)
    if request.method in ("POST", "PATCH") and not handler.opt.get("file"):
        _check_body(await request.body(), wanted)


def _check_path(request: Request[Any, Any, Any]) -> None:
    path = request.scope["path"].lower()
    for value in request.path_params.values():
        # UUID() also reads {…}, urn:uuid:… and misplaced hyphens: one thing, one address.
        if isinstance(value, UUID) and f"/{value}" not in path:
            raise Problem("not-found")


def _check_query(request: Request[Any, Any, Any], wanted: Expected) -> None:
    seen: set[str] = set()
    errors = []
    for name, value in request.query_params.multi_items():
        shape = wanted.query.get(name)
        if name not in wanted.query:
            errors.append({"parameter": name[:100], "detail": "This parameter is not known here"})
        elif name in seen:
            errors.append({"parameter": name, "detail": "This parameter is given twice"})
        elif shape is not None and not shape.fullmatch(value):
            errors.append({"parameter": name, "detail": f"Expected {shape.pattern}"})
        seen.add(name)
    if errors:
        raise Problem("validation-failed", errors=errors[:20])


def _check_body(body: bytes, wanted: Expected) -> None:
    if wanted.body is None:
        if body.strip() not in (b"", b"{}"):
            raise Problem("validation-failed", errors=[_error("This route takes no body")])
        return
    if not body:
        if not wanted.optional:
            raise Problem("validation-failed", errors=[_error("A JSON body is needed")])
        return
    try:
        wanted.body.decode(body)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$")
        raise Problem("validation-failed", errors=[_error(message, _pointer(path))]) from error
    except (msgspec.DecodeError, UnicodeError) as error:
        raise Problem("bad-request", reason="json") from error


def _error(detail: str, pointer: str = "") -> dict[str, str]:
    return {"pointer": pointer, "detail": detail}


def _pointer(path: str) -> str:
    """`.prospect.tags[3]` as JSON pointer; msgspec writes [...] where a key is meant."""
    steps = _PATH_STEP.findall(path.rstrip("`").partition("[...]")[0])
    return "".join(f"/{name or index}" for name, index in steps)
