"""Chromium, the demo world, and pages that are watched.

    town      the service and its people (tests/browser/town.py)
    browse    opens pages: `page = await browse("ben")` is the page as Ben (desktop, light, de);
              `await browse(None, View("phone", "dark", "en"))` one where nobody is logged in.
              `browse.watch(page)` is what was seen in its context; at the end of the test every
              fault in it fails the test.
    look      opens a screen and checks it (tests/browser/screens.py)

One browser and one town a process; a context for each page of `browse`, and one for each person and
view of `look`.
"""

import hashlib
import inspect
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from service import identity
from service.database import wakeups
from service.domain.events import operations
from service.web.bearers import COOKIE
from tests.browser import screens
from tests.browser.screens import Look, Screen
from tests.browser.town import Somebody, Town, built, served
from tests.browser.views import View
from tests.browser.watch import Watch
from tests.fixtures.database import NewDatabase

HERE = Path(__file__).parent
# Nothing asks the internet, and nothing needs a user's account or a display.
FLAGS = [
    "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage",
]  # fmt: skip


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever is in this folder belongs to the group."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.browser)


@contextmanager
def as_here() -> Iterator[None]:
    """What these tests have otherwise; for each of them, so that no other test has it, too."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(operations, "LONGEST", 3600.0)  # streams stay, as they do when served
        patched.setattr(identity, "stretch_now", quickly)
        if not screens.WHOLE:
            patched.setattr(wakeups, "LOOK", 1.0)  # a stream learns sooner that its token is over
        yield


@pytest.fixture(autouse=True)
def _as_here() -> Iterator[None]:
    with as_here():
        yield


@pytest_asyncio.fixture(scope="session")
async def town(new_database: NewDatabase) -> AsyncIterator[Town]:
    """The demo world and the service on it."""
    async with new_database() as urls, AsyncExitStack() as running:
        with as_here():
            await built(urls)
            found = await running.enter_async_context(served(urls))
        yield found


def quickly(password: str, salt: bytes) -> bytes:
    """A password's proof, not stretched: everybody logs in, and nobody guesses."""
    return hashlib.sha256(salt + password.encode()).digest()


@pytest_asyncio.fixture(scope="session")
async def chromium() -> AsyncIterator[Any]:
    """The browser."""
    from playwright.async_api import async_playwright

    program = os.environ.get("KOLLEGIUM_CHROMIUM", "/usr/bin/chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=FLAGS)
        yield browser
        await browser.close()


class Browse:
    """Opens pages and remembers what was seen in them."""

    def __init__(self, chromium: Any, town: Town) -> None:
        self._chromium, self._town = chromium, town
        self._watches: dict[Any, Watch] = {}

    async def __call__(
        self,
        who: str | Somebody | None = None,
        view: View = View(),  # noqa: B008 - a tuple
        path: str | None = "/app/",
        **more: Any,
    ) -> Any:
        """A page in a context of its own, blank where path is None; `more` is the context's."""
        context = await self.context(who, view, **more)
        page = await context.new_page()
        if path is not None:
            await page.goto(self._town.url + path)
            await screens.shown(page)
        return page

    async def context(self, who: str | Somebody | None, view: View, **more: Any) -> Any:
        """A browser of somebody's own."""
        context = await self._chromium.new_context(
            **{"service_workers": "block", "base_url": self._town.url, **view.context, **more}
        )
        context.set_default_timeout(screens.PATIENCE)
        watch = Watch(self._town.url, self._town.routes)
        self._watches[context] = watch
        await watch.begin(context)
        if who is None:
            watch.expects(401)  # of /me: nobody is logged in
        else:
            person = await self._town.who(who) if isinstance(who, str) else who
            await self._town.speaks(person, view.language)
            await context.add_cookies([cookie(person.token, self._town.url)])
        return context

    def watch(self, page: Any) -> Watch:
        """What was seen in the page's context."""
        return self._watches[page.context]

    def faults(self) -> list[str]:
        """Of all contexts, told once."""
        found = [fault for watch in self._watches.values() for fault in watch.faults]
        for watch in self._watches.values():
            watch.faults.clear()
        return found

    async def close(self) -> None:
        """Closes all that was opened."""
        for context in self._watches:
            await context.close()
        self._watches.clear()


def cookie(token: str, url: str) -> dict[str, Any]:
    """The cookie as logging in sets it."""
    return {
        "name": COOKIE, "value": token, "url": url.replace("http:", "https:"), "secure": True,
        "httpOnly": True, "sameSite": "Strict",
    }  # fmt: skip


@pytest_asyncio.fixture
async def browse(chromium: Any, town: Town) -> AsyncIterator[Browse]:
    """Opens pages; the test fails with every fault that was seen in them."""
    one = Browse(chromium, town)
    try:
        yield one
        faults = one.faults()
    finally:
        await one.close()
    assert not faults, "\n".join(faults)


@pytest_asyncio.fixture(scope="session")
async def _pages(chromium: Any, town: Town) -> AsyncIterator[tuple[Browse, dict[Any, Any]]]:
    browse = Browse(chromium, town)
    yield browse, {}
    await browse.close()


@pytest_asyncio.fixture
async def look(_pages: tuple[Browse, dict[Any, Any]], town: Town) -> AsyncIterator[Look]:
    """Opens a screen in a view and checks it; the page stays for what else a test looks at."""
    browse, pages = _pages

    async def run(screen: Screen, view: View) -> Any:
        if (screen.who, view) not in pages:
            pages[screen.who, view] = await browse(screen.who, view, path=None)
        await town.speaks(await town.who(screen.who), view.language)
        page = pages[screen.who, view]
        address = screen.address if isinstance(screen.address, str) else screen.address(town)
        if inspect.isawaitable(address):
            address = await address
        await page.goto(town.url + address)
        await screens.shown(page, screen.shows)
        if screen.before is not None:
            await screen.before(page)
            await screens.shown(page, screen.shows)
        await screens.pictured(page, screen.name, view)
        await screens.checked(page, view, screen.least)
        return page

    yield run
    faults = browse.faults()
    assert not faults, "\n".join(faults)
