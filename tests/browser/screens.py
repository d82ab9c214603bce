"""A screen is looked at: named once, then opened in sizes, themes and languages, and checked.

    SCREENS = [Screen("offers", "/app/offers", "ben", shows=".offer")]

    @looked_at(SCREENS)
    async def test_screen(look: Look, screen: Screen, view: View) -> None:
        await look(screen, view)

`look` opens it as that person, waits until it is there, and fails on what axe-core finds, on what
is wider than the window, too small to touch, or leaves the focus nowhere. KOLLEGIUM_GRID=1 (a part
of `make soak`) looks at every screen in all sizes, themes and languages; else each is seen once.
"""

import os
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser import checks
from tests.browser.views import DESKTOP, GRID, PHONE, View, one_of

if TYPE_CHECKING:
    from playwright.async_api import Page

    from tests.browser.town import Town

WHOLE = os.environ.get("KOLLEGIUM_GRID") == "1"
PICTURES = os.environ.get("KOLLEGIUM_PICTURES")
#: Screens that docs/screens/ shows: on a desktop, and on a phone in the dark, in English.
KEPT = frozenset(
    {
        "offers", "lead", "work", "work-board", "marketplace-inbox", "marketplace-running",
        "reports", "giving-report", "merge",
    }
)  # fmt: skip
PATIENCE = 10_000  # milliseconds until what is looked for is there; nothing is timed


@dataclass(frozen=True)
class Screen:
    """Its name, address, who looks at it, and a selector of what it shows when it is there.

    address: a path, or what makes one of the town: `lambda town: town.lead_page(lead)`, which may
    be a coroutine. before: what is done to get there (a tab, a dialog), with the page. least: how
    large what can be touched is at least.
    """

    name: str
    address: "str | Callable[[Town], str | Awaitable[str]]"
    who: str
    shows: str = "main h1"
    before: "Callable[[Page], Awaitable[Any]] | None" = None
    least: int = 44


Look = Callable[[Screen, View], "Awaitable[Page]"]


def looked_at(screens: Sequence[Screen]) -> pytest.MarkDecorator:
    """Parameters `screen` and `view` of a test."""
    cases = [
        pytest.param(screen, view, id=f"{screen.name}-{view}")
        for screen in screens
        for view in (GRID if WHOLE else one_of(screen.name))
    ]
    return pytest.mark.parametrize(("screen", "view"), cases)


async def shown(page: "Page", selector: str = "main h1") -> None:
    """Returns when the screen is there and reads nothing more."""
    await page.locator(selector).first.wait_for(timeout=PATIENCE)
    await gone(page, ".loading, [aria-busy=true]")


async def gone(page: "Page", selector: str) -> None:
    """Returns when nothing of this is shown any more."""
    for _ in range(PATIENCE // 25):
        if not await page.locator(selector).count():
            return
        await page.wait_for_timeout(25)
    raise AssertionError(f"still there: {selector}")


async def absent(page: "Page", text: str) -> None:
    """Returns when this text is shown no more."""
    await page.get_by_text(text).first.wait_for(state="detached", timeout=PATIENCE)


async def checked(page: "Page", view: View, least: int = 44, focus: bool = True) -> None:
    """All that holds for every screen."""
    await checks.no_sideways(page)
    await checks.targets(page, least)
    if focus:
        await checks.focus_kept(page)
    await checks.axe(page)


async def pictured(page: "Page", name: str, view: View) -> None:
    """Keeps a picture, if pictures are asked for, of a screen that the documents show."""
    if PICTURES and name in KEPT and view in (View(DESKTOP), View(PHONE, "dark", "en")):
        folder = Path(PICTURES)
        folder.mkdir(parents=True, exist_ok=True)
        await page.screenshot(path=folder / f"{name}-{view.size}.png", scale="css")
