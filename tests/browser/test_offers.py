"""Offers in the page, and the screen of the lead that was picked: by two colleagues."""

from tests.browser.conftest import Browse
from tests.browser.screens import Look, Screen, checked, looked_at, shown
from tests.browser.views import View

SCREENS = [
    Screen("offers", "/app/offers", "ben", shows=".offer"),
    Screen("offers-past", "/app/offers/past", "ben", shows=".row"),
]


@looked_at(SCREENS)
async def test_screen(look: Look, screen: Screen, view: View) -> None:
    await look(screen, view)


async def test_a_colleague_sees_what_the_other_declined_and_picked(browse: Browse) -> None:
    anna, ben = await browse("anna"), await browse("ben", View("phone", "dark", "en"))
    for page in (anna, ben):
        await page.goto("/app/offers")
        await shown(page, ".offer")
    await anna.keyboard.press("j")
    await anna.keyboard.press("x")
    await anna.locator(".why").wait_for()
    await ben.locator(".offer.gone", has_text="Anna Huber declined").wait_for()
    await anna.keyboard.press("u")
    await ben.locator(".offer.gone").wait_for(state="detached")
    await ben.locator(".offer .main").first.tap()
    await ben.locator("address").wait_for()
    await anna.locator(".offer.gone", has_text="Ben Huber hat diesen Lead gepickt").wait_for()
    await anna.locator(".offer.gone a.main").click()
    await shown(anna, "address")
    await shown(ben, "address")
    await checked(anna, View())
    await checked(ben, View("phone", "dark", "en"), focus=False)
    await anna.get_by_role("button", name="Ich rufe jetzt an").click()
    await anna.get_by_role("button", name="Doch nicht anrufen").wait_for()
    browse.watch(ben).expects(409)
    await ben.get_by_role("button", name="I am calling now").tap()
    await ben.locator(".notice.warn", has_text="Anna Huber is calling").wait_for()
