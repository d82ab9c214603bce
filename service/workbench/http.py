"""Routes: the shell at each address of the workbench, and its files. None asks the database, for
what is in the page comes by the API."""

import functools

import minijinja
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from service.errors import Problem
from service.web.answers import Answer, HtmlPage, Redirect
from service.web.calls import Call
from service.workbench.files import PageFile, files, frame, look_again, version

#: Scripts and styles come from files of ours; the one sink that takes an address of a script, the
#: registration of the service worker, goes through the policy `kollegium` (page/core/offline.js).
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:;"
    " connect-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none';"
    " form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script';"
    " trusted-types kollegium"
)
_HEADERS = {
    "content-security-policy": POLICY,
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
    "cache-control": "no-cache",
    "vary": "accept-language",
    "x-robots-tag": "noindex",
}
_FOR_GOOD = {"cache-control": "public, max-age=31536000, immutable", "vary": "accept-encoding"}

shown = functools.partial(get, public=True, standalone=True, include_in_schema=False)
# How a list is filtered stands behind `?`; the page reads it.
screen = functools.partial(shown, any_query=True)
_page = minijinja.Environment(auto_escape_callback=lambda name: "html")


@shown("/")
async def front(call: NamedDependency[Call]) -> Redirect:
    """To the workbench."""
    return Redirect("/app/")


@screen("/app")
async def shell(call: NamedDependency[Call]) -> HtmlPage:
    """The page; which screen it shows is in its address, and the same for everybody."""
    return _shell(call)


@screen("/app/{one:str}")
async def shell_of_one(call: NamedDependency[Call], one: FromPath[str]) -> HtmlPage:
    """The page."""
    return _shell(call)


@screen("/app/{one:str}/{two:str}")
async def shell_of_two(
    call: NamedDependency[Call], one: FromPath[str], two: FromPath[str]
) -> HtmlPage:
    """The page."""
    return _shell(call)


@screen("/app/{one:str}/{two:str}/{three:str}")
async def shell_of_three(
    call: NamedDependency[Call], one: FromPath[str], two: FromPath[str], three: FromPath[str]
) -> HtmlPage:
    """The page."""
    return _shell(call)


@screen("/app/{one:str}/{two:str}/{three:str}/{four:str}")
async def shell_of_four(
    call: NamedDependency[Call],
    one: FromPath[str],
    two: FromPath[str],
    three: FromPath[str],
    four: FromPath[str],
) -> HtmlPage:
    """The page."""
    return _shell(call)


@shown("/app/worker.js")
async def service_worker(call: NamedDependency[Call]) -> Answer[bytes]:
    """What keeps the shell for times without a network; it has to lie where it reigns."""
    headers = {"content-type": "text/javascript; charset=utf-8", "cache-control": "no-cache"}
    return Answer(200, headers, frame("worker.js").encode())


@shown("/app/files/{release:str}/{room:str}/{name:str}")
async def file(
    call: NamedDependency[Call], release: FromPath[str], room: FromPath[str], name: FromPath[str]
) -> Answer[bytes]:
    """A file of the page, for good: another release has another address."""
    found = files().get((room, name)) if release == version() else None
    if found is None:
        raise Problem("not-found")
    return _sent(call, found)


def _sent(call: Call, found: PageFile) -> Answer[bytes]:
    headers = {"content-type": found.media_type, **_FOR_GOOD}
    if found.packed and b"gzip" in call.headers.get(b"accept-encoding", b""):
        return Answer(200, {**headers, "content-encoding": "gzip"}, found.packed)
    return Answer(200, headers, found.content)


def _shell(call: Call) -> HtmlPage:
    if call.settings.demo and look_again():  # so that who changes the page only loads it anew
        _written.cache_clear()
    html = _written(call.language, call.settings.demo)
    return HtmlPage(html, headers={**_HEADERS, "content-language": call.language})


@functools.cache
def _written(language: str, demo: bool) -> str:
    return _page.render_str(frame("shell.html"), "shell.html", language=language, demo=demo)


handlers: list[ControllerRouterHandler] = [
    front, shell, shell_of_one, shell_of_two, shell_of_three, shell_of_four, service_worker, file,
]  # fmt: skip
