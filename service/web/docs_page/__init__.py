"""Routes: the description of the API and the page that shows it, from files shipped here."""

import functools
from pathlib import Path

from litestar import Response, Router, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from service.errors import Problem
from service.web.calls import Call

_FOLDER = Path(__file__).parent
_TYPES = {
    "index.html": "text/html; charset=utf-8",
    "start.js": "text/javascript; charset=utf-8",
    "swagger-ui-bundle.js": "text/javascript; charset=utf-8",
    "swagger-ui.css": "text/css; charset=utf-8",
}
# Inline styles are what the page's own components set; scripts come from files here alone.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:;"
    " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@functools.cache
def _file(name: str) -> bytes:
    return (_FOLDER / name).read_bytes()


def _answer(name: str) -> Response[bytes]:
    headers = {
        "Content-Security-Policy": _POLICY,
        "Referrer-Policy": "no-referrer",
        "Cache-Control": "no-cache" if name == "index.html" else "public, max-age=3600",
    }
    return Response(_file(name), media_type=_TYPES[name], headers=headers)


@get("/openapi.json", public=True, include_in_schema=False)
async def description(call: NamedDependency[Call]) -> Response[bytes]:
    """The description, made once when the application is put together."""
    return Response(call.request.app.state.description, media_type="application/json")


@get("/docs", public=True, include_in_schema=False)
async def page(call: NamedDependency[Call]) -> Response[bytes]:
    """The page."""
    return _answer("index.html")


@get("/docs/{name:str}", public=True, include_in_schema=False)
async def asset(call: NamedDependency[Call], name: FromPath[str]) -> Response[bytes]:
    """A script or style sheet of the page."""
    if name not in _TYPES or name == "index.html":
        raise Problem("not-found")
    return _answer(name)


router = Router("", route_handlers=[description, page, asset])
