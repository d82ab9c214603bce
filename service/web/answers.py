"""What a handler answers with. Litestar's own answers are never sent: `dispatch.py` takes these.

* `Answer`: bytes that are ready; `call.answer` and `call.reply` make it of JSON.
* `Document`: bytes of another type.
* `HtmlPage`: HTML of ours, with the policy that lets it load nothing from elsewhere.
* `CsvFile`: a table to keep, ready.
* `Redirect`: 303 unless said otherwise.
* `SentFile`: a file of the disk, read as it is sent.
* `Stream`: parts as they come, until they end, the client leaves or the service stops.

Each may set cookies: `Answer(…, cookies=[Cookie(…)])`.
"""

import asyncio
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar, Generic, TypeVar
from urllib.parse import quote

from litestar import Response
from litestar.datastructures import Cookie
from litestar.types import Send

T = TypeVar("T")
_CHUNK = 256 * 1024
#: What pages of ours may load: files of ours, and no script or style that stands in the page.
OWN_FILES_ONLY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:;"
    " font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self';"
    " frame-ancestors 'none'"
)


class Answer(Response[T], Generic[T]):
    """Bytes that are ready. Litestar's own constructor prepares encoders and background tasks,
    which no route has. `sends` is its content as the description names it, where it is no JSON."""

    sends: ClassVar[str | None] = None

    def __init__(
        self, status: int, headers: dict[str, str], body: bytes, cookies: Sequence[Cookie] = ()
    ) -> None:
        self.status_code: int = status
        self.headers: dict[str, str] = headers
        self.content: Any = body
        self.cookies: Any = cookies
        self.media_type = None

    async def send(self, send: Send) -> None:
        """The two messages of ASGI."""
        length = None if self.status_code == 204 else len(self.content)
        await send(self._head(length))
        await send({"type": "http.response.body", "body": self.content, "more_body": False})

    def _head(self, length: int | None) -> Any:
        headers = [(name.encode(), value.encode()) for name, value in self.headers.items()]
        if length is not None:
            headers.append((b"content-length", b"%d" % length))
        for cookie in self.cookies:
            headers.append((b"set-cookie", cookie.to_header(header="").encode("latin-1")))
        return {"type": "http.response.start", "status": self.status_code, "headers": headers}


def attachment(name: str) -> str:
    """Content-Disposition that lets a browser keep a file under this name (RFC 6266); what it says
    to old ones is ASCII."""
    plain = "".join(c if c.isascii() and (c.isalnum() or c in " .-_()") else "_" for c in name)
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"


class HtmlPage(Answer[str]):
    """HTML; `headers` add to or replace what every page has."""

    sends = "text/html"

    def __init__(
        self,
        html: str,
        *,
        status: int = 200,
        headers: dict[str, str] | None = None,
        cookies: Sequence[Cookie] = (),
    ) -> None:
        every = {
            "content-type": "text/html; charset=utf-8",
            "content-security-policy": OWN_FILES_ONLY,
            "referrer-policy": "no-referrer",
        }
        given = {name.lower(): value for name, value in (headers or {}).items()}
        super().__init__(status, {**every, **given}, html.encode(), cookies)


class Document(Answer[bytes]):
    """Bytes of another type than JSON; the route says which in `sends=`."""

    sends = "application/octet-stream"

    def __init__(self, content: bytes, media_type: str) -> None:
        super().__init__(200, {"content-type": media_type}, content)


class CsvFile(Answer[bytes]):
    """A table as a file of CSV, under its name, in the language that it is written in."""

    sends = "text/csv"

    def __init__(self, content: bytes, name: str, language: str) -> None:
        headers = {
            "content-type": "text/csv; charset=utf-8",
            "content-disposition": attachment(name),
            "content-language": language,
            "vary": "accept-language",
        }
        super().__init__(200, headers, content)


class Redirect(Answer[None]):
    """To another address of ours; `location` is a path, so nobody is sent elsewhere."""

    def __init__(self, location: str, *, status: int = 303, cookies: Sequence[Cookie] = ()) -> None:
        safe = quote(location, safe="/?#[]@!$&'()*+,;=:%~-._")
        if not safe.startswith("/") or safe.startswith("//"):
            raise ValueError("a redirect goes to a path of this service")
        super().__init__(status, {"location": safe}, b"", cookies)


class SentFile(Answer[bytes]):
    """A file of the disk, in parts; `name` lets a browser keep it instead of showing it."""

    sends = "application/octet-stream"

    def __init__(
        self,
        path: Path,
        media_type: str,
        *,
        name: str | None = None,
        headers: dict[str, str] | None = None,
        cookies: Sequence[Cookie] = (),
    ) -> None:
        given = {"content-type": media_type, **(headers or {})}
        if name is not None:
            given["content-disposition"] = attachment(name)
        super().__init__(200, given, b"", cookies)
        self._path = path

    async def send(self, send: Send) -> None:
        """As many parts as it takes. It is as long as it was when it was opened, or cut off."""
        file = await asyncio.to_thread(self._path.open, "rb")
        try:
            left = os.fstat(file.fileno()).st_size
            await send(self._head(left))
            while True:
                part = await asyncio.to_thread(file.read, min(left, _CHUNK))
                left -= len(part)
                if left and not part:
                    raise EOFError(f"{self._path.name} became shorter while it was sent")
                await send({"type": "http.response.body", "body": part, "more_body": left > 0})
                if not left:
                    return
        finally:
            file.close()


class CutOff(Exception):
    """An answer ends before its end."""


class Stream(Answer[bytes]):
    """Parts as `source` makes them. `ends` are waited for beside it: when one returns (the client
    left, the service stops), the source is closed, so that its own `finally` runs, and no part
    follows. `length`: how long it is in all, where that is known. `whole`: when anything but the
    client (the first of the ends) ends it early, the connection is cut. Made by `call.stream`."""

    sends = "application/octet-stream"

    def __init__(
        self,
        source: AsyncGenerator[bytes, None],
        media_type: str,
        ends: Sequence[Callable[[], Awaitable[object]]],
        *,
        runs: bool = True,
        length: int | None = None,
        headers: dict[str, str] | None = None,
        cookies: Sequence[Cookie] = (),
        whole: bool = False,
    ) -> None:
        given = {"content-type": media_type, "x-accel-buffering": "no", **(headers or {})}
        super().__init__(200, given, b"", cookies)
        self._source = source
        self._ends = ends
        self._runs = runs
        self._length = length
        self._whole = whole

    async def send(self, send: Send) -> None:
        """Head at once, then part by part; to HEAD the head alone."""
        try:
            await send(self._head(self._length))
            if self._runs:
                await self._run(send)
        finally:
            await self._source.aclose()
        await send({"type": "http.response.body", "body": b"", "more_body": False})

    async def _run(self, send: Send) -> None:
        sending = asyncio.ensure_future(self._parts(send))
        ends = [asyncio.ensure_future(end()) for end in self._ends]
        try:
            await asyncio.wait([sending, *ends], return_when=asyncio.FIRST_COMPLETED)
        finally:
            over, left = sending.done(), ends[0].done()
            for task in (sending, *ends):
                task.cancel()
            await asyncio.gather(sending, *ends, return_exceptions=True)
            await self._source.aclose()
        if over:
            sending.result()  # what the source raised is told in the log, and cuts the answer off
        elif self._whole and not left:
            raise CutOff("the service stops before the answer is whole")

    async def _parts(self, send: Send) -> None:
        async for part in self._source:
            await send({"type": "http.response.body", "body": part, "more_body": True})
