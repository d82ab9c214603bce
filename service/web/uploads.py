"""A file that is sent: as the body itself or as a part of a form, taken piece by piece.

What does not fit into a little memory waits on disk, so that many slow clients at once cost neither
memory nor a connection of the database; it is gone when the request ends.
"""

import asyncio
import contextlib
import hashlib
from collections.abc import AsyncGenerator, AsyncIterator
from email.message import Message
from tempfile import SpooledTemporaryFile
from typing import Any, BinaryIO, cast

from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header

from service.errors import Problem
from service.web.bodies import MULTIPART, pieces
from service.web.calls import Call

_IN_MEMORY = 256 * 1024
_MOST_PARTS = 8


class Received:
    """A file with the name that it was sent under, its size, and its SHA-256."""

    def __init__(self, limit: int) -> None:
        self.content = cast("BinaryIO", SpooledTemporaryFile(_IN_MEMORY))  # noqa: SIM115
        self.name = ""
        self.size = 0
        self._limit = limit
        self._hash = hashlib.sha256()

    @property
    def digest(self) -> bytes:
        """SHA-256 of the content."""
        return self._hash.digest()

    async def write(self, piece: bytes) -> None:
        """Adds to it. Raises Problem body-too-large."""
        self.size += len(piece)
        if self.size > self._limit:
            raise Problem("body-too-large", limit=self._limit)
        self._hash.update(piece)
        if self.size > _IN_MEMORY:
            await asyncio.to_thread(self.content.write, piece)
        else:
            self.content.write(piece)


@contextlib.asynccontextmanager
async def received(call: Call) -> AsyncIterator[Received]:
    """The file of a request whose route declares an upload. Raises Problem bad-request for a body
    that is cut off or no form, body-too-large, and validation-failed for a form without a file."""
    file = Received(call.settings.file_limit)
    try:
        kind = call.headers.get(b"content-type", b"")
        if kind.lower().startswith(MULTIPART.encode()):
            await _from_form(file, kind, call)
        else:
            file.name = _stated_name(call.headers.get(b"content-disposition"))
            async for piece in pieces(call.receive):
                await file.write(piece)
        yield file
    finally:
        file.content.close()


async def _from_form(file: Received, kind: bytes, call: Call) -> None:
    """The part `file`; others are passed over."""
    try:
        _, options = parse_options_header(kind.decode("latin-1"))
        found = await _parse(file, options.get("boundary", ""), pieces(call.receive))
    except MultipartError as error:
        raise Problem("bad-request", reason="form") from error
    if not found:
        detail = "The form needs a part named file"
        german = "Das Formular braucht einen Teil mit dem Namen file"
        wrong = {"pointer": "/file", "code": "needed", "detail": detail, "detail_de": german}
        raise Problem("validation-failed", errors=[wrong])


async def _parse(file: Received, boundary: str, body: AsyncGenerator[bytes, None]) -> bool:
    found = inside = False
    with PushMultipartParser(boundary, max_segment_count=_MOST_PARTS) as parser:
        async for piece in body:
            if parser.closed or not piece:
                continue
            for event in parser.parse(piece):
                if isinstance(event, MultipartSegment):
                    inside = event.name == "file" and not found
                    found = found or inside
                    file.name = (event.filename or "") if inside else file.name
                elif event and inside:
                    await file.write(bytes(event))
    return found


def _stated_name(header: bytes | None) -> str:
    """What Content-Disposition says (RFC 6266); the encoded one first. Raises bad-request."""
    message = Message()
    try:
        message["content-disposition"] = (header or b"").decode()
        stated: Any = message.get_params([], "content-disposition")
        values = [value for name, value in stated if name.lower() == "filename"]
        encoded = [value for value in values if isinstance(value, tuple)]
        charset, _, text = encoded[0] if encoded else ("", "", values[0] if values else "")
        return text.encode("latin-1").decode(charset or "ascii") if encoded else str(text)
    except (UnicodeError, LookupError) as error:
        raise Problem("bad-request", reason="content-disposition") from error
