"""What a route may be sent: JSON, a form, a file, or nothing; declared at the route.

JSON is what every route takes that changes something, a form what has `URLEncodedBody`, a file what
has `upload=Upload(…)` (docs/litestar.md). Read once the route is known, before the handler.
"""

from collections.abc import AsyncGenerator, Callable

import msgspec
from litestar.enums import RequestEncodingType
from litestar.handlers import HTTPRouteHandler
from litestar.params import BodyKwarg
from litestar.types import Receive

from service.errors import Problem
from service.settings import ServiceSettings
from service.web import strictness
from service.web.calls import Call

RAW = "application/octet-stream"
MULTIPART = RequestEncodingType.MULTI_PART.value
FORM = RequestEncodingType.URL_ENCODED


class Upload(msgspec.Struct, frozen=True):
    """A file, as the body itself or as the part `file` of a form; the handler reads it as it comes.

    `types` are those of the file beside plain bytes, `limit` is the setting that bounds it, `parts`
    what the form may have besides, with a word on each; `says` what the file is, to a reader;
    `named`: the body itself says its name in Content-Disposition.
    """

    types: tuple[str, ...]
    limit: str
    parts: dict[str, str]
    says: str
    named: bool = False


class Body(msgspec.Struct, frozen=True):
    """What one route reads: of these types, up to so many bytes; made strict where it is read."""

    types: frozenset[str]
    limit: int
    strict: Callable[[bytes], bytes] | None

    async def read(self, call: Call) -> None:
        """Raises what a body can have wrong before anybody looks at what it says."""
        headers = call.headers
        size = strictness.body_size(headers)
        if size == 0:
            return
        if size is not None and size > self.limit:
            raise Problem("body-too-large", limit=self.limit)
        if headers.get(b"content-encoding", b"identity").lower() != b"identity":
            raise Problem("media-type-unsupported")
        kind = strictness.media_type(headers.get(b"content-type", b""))
        if self.strict is None:
            if kind not in self.types:
                raise Problem("media-type-unsupported")
            call.receive = _limited(call.receive, self.limit)
            return
        body = await _read(_limited(call.receive, self.limit))
        if body and kind not in self.types:
            raise Problem("media-type-unsupported")
        call.raw = body
        call.body = self.strict(body) if body else body


def body_of(handler: HTTPRouteHandler, settings: ServiceSettings) -> Body | None:
    """What the route's declaration says; None where no body may be (the edge refused it)."""
    upload: Upload | None = handler.opt.get("upload")
    if upload is not None:
        types = frozenset({*upload.types, RAW, MULTIPART})
        return Body(types, getattr(settings, upload.limit), None)
    if handler.http_methods <= strictness.BODILESS:
        return None
    if is_form(handler):
        return Body(frozenset({FORM.value}), settings.body_limit, strictness.clean_form)
    return Body(frozenset({"application/json"}), settings.body_limit, strictness.clean_json)


def is_form(handler: HTTPRouteHandler) -> bool:
    """Whether the handler's data come from a form of a page."""
    data = handler.parsed_fn_signature.parameters.get("data")
    given = data.kwarg_definition if data is not None else None
    return isinstance(given, BodyKwarg) and given.media_type is FORM


def _limited(receive: Receive, limit: int) -> Receive:
    """The body as it comes, up to a size."""
    size = 0

    async def limited() -> object:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))  # type: ignore[arg-type]
        if size > limit:
            raise Problem("body-too-large", limit=limit)
        return message

    return limited  # type: ignore[return-value]


async def _read(receive: Receive) -> bytes:
    return b"".join([piece async for piece in pieces(receive)])


async def pieces(receive: Receive) -> AsyncGenerator[bytes, None]:
    """The body as it comes. Raises Problem bad-request when the client leaves before its end."""
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise Problem("bad-request", reason="body-cut-off")
        yield message.get("body", b"")  # type: ignore[misc]
        if not message.get("more_body", False):
            return
