"""The frame of the workbench: logging in, where one can go, logging out."""

import pytest

from service.demo import people
from tests.browser import checks
from tests.browser.conftest import Browse
from tests.browser.screens import Look, Screen, checked, looked_at, pictured
from tests.browser.town import NAMES, Town
from tests.browser.views import View, two_of

SCREENS = [Screen("nowhere", "/app/nowhere", "ben")]


@looked_at(SCREENS)
async def test_screen(look: Look, screen: Screen, view: View) -> None:
    await look(screen, view)


@pytest.mark.parametrize("view", two_of("login"), ids=str)
async def test_logging_in_by_keyboard_and_out(browse: Browse, town: Town, view: View) -> None:
    page = await browse(None, view)
    await checked(page, view, focus=False)
    await pictured(page, "login", view)
    await page.locator("input[type=email]").focus()
    await page.keyboard.type(NAMES["emil"])
    await page.keyboard.press("Tab")
    await page.keyboard.type(people.PASSWORD)
    await page.keyboard.press("Enter")
    await page.locator("nav.rooms").wait_for()
    cookies = await page.context.cookies()
    assert [(c["httpOnly"], c["secure"], c["sameSite"], c["path"]) for c in cookies] == [
        (True, True, "Strict", "/")
    ]
    await checks.focus_kept(page)
