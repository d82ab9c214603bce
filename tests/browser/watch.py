"""What is looked at in every page of every test: reports of the policy, errors, the network log.

A page of the workbench asks documented routes, files of its own and nothing else; it meets no error
that a test did not name (`watch.expects`).
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from playwright.async_api import BrowserContext, ConsoleMessage, Page, Request, Response

# What is no route of the description: the page, and what the demo alone serves.
OURS = re.compile(r"/|/app(/.*)?|/demo/(logins|mails(/.*)?)")
# In every frame, before any script of the page.
REPORTS = """
document.addEventListener("securitypolicyviolation", (event) => {
  kollegiumReport(`${event.effectiveDirective}: ${event.blockedURI} ${event.sample}`);
});
"""


class Asked(NamedTuple):
    """A line of the network log; status 0: no answer, or none yet."""

    method: str
    path: str
    status: int


@dataclass
class Watch:
    """One context's; `faults` is empty when all was well."""

    url: str
    routes: "Routes"
    faults: list[str] = field(default_factory=list)
    log: list[Asked] = field(default_factory=list)
    _expected: set[int] = field(default_factory=set)

    def expects(self, *statuses: int) -> None:
        """Answers that this test is about; all others from 400 on are faults."""
        self._expected |= set(statuses)

    async def begin(self, context: "BrowserContext") -> None:
        """Before the first page of the context."""
        await context.expose_function("kollegiumReport", self._report)
        await context.add_init_script(REPORTS)
        context.on("page", self._page)
        context.on("request", self._asked)
        context.on("response", self._answered)
        context.on("requestfailed", self._failed)
        context.on("weberror", lambda error: self.faults.append(f"script: {error.error}"))

    def asked(self, pattern: str) -> list[Asked]:
        """Lines of the log whose "METHOD /path" begins with the pattern (a regular expression)."""
        return [one for one in self.log if re.match(pattern, f"{one.method} {one.path}")]

    def _report(self, words: str) -> None:
        self.faults.append(f"policy: {words}")

    def _page(self, page: "Page") -> None:
        page.on("console", self._said)

    def _said(self, message: "ConsoleMessage") -> None:
        # That an answer was none of 200 is seen where it was asked for.
        if message.type == "error" and not message.text.startswith("Failed to load resource"):
            self.faults.append(f"console: {message.text}")

    def _asked(self, request: "Request") -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("data", "blob"):
            return
        if f"{parts.scheme}://{parts.netloc}" != self.url:
            self.faults.append(f"elsewhere: {request.method} {request.url}")
        elif not self.routes.has(request.method, parts.path):
            self.faults.append(f"no documented route: {request.method} {parts.path}")

    def _answered(self, response: "Response") -> None:
        if urlsplit(response.url).scheme in ("data", "blob"):
            return
        self._note(response.request, response.status)
        if response.status >= 400 and response.status not in self._expected:
            self.faults.append(f"{response.status}: {response.request.method} {response.url}")

    def _failed(self, request: "Request") -> None:
        self._note(request, 0)
        if request.failure != "net::ERR_ABORTED":  # the page left, or asks no longer
            self.faults.append(f"{request.failure}: {request.method} {request.url}")

    def _note(self, request: "Request", status: int) -> None:
        parts = urlsplit(request.url)
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        self.log.append(Asked(request.method, path, status))


class Routes:
    """What may be asked for: the operations of /openapi.json."""

    def __init__(self, description: Mapping[str, Any]) -> None:
        self._patterns = [
            (method.upper(), re.compile(re.sub(r"\\{[^}]*\\}", "[^/]+", re.escape(path))))
            for path, item in description["paths"].items()
            for method in item
        ]

    def has(self, method: str, path: str) -> bool:
        """Whether one of them, or a file of the page, is asked for so."""
        if method == "GET" and OURS.fullmatch(path):
            return True
        return any(m == method and pattern.fullmatch(path) for m, pattern in self._patterns)


def nothing_of(words: Iterable[str], text: str) -> None:
    """Fails with the words that stand in the text and must not."""
    found = [word for word in words if word.lower() in text.lower()]
    assert not found, f"{found} in: {text[:2000]}"
