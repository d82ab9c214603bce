"""The operator's room: what came in, what can be offered, what runs, who the partners are."""

from tests.browser import checks
from tests.browser.conftest import Browse
from tests.browser.screens import Look, Screen, looked_at
from tests.browser.town import Town
from tests.browser.views import DESKTOP, PHONE, View

PARTS = ("available", "running", "returns", "partners", "waves", "rules", "settings")


def at(part: str) -> object:
    return lambda town: f"/app/marketplaces/{town.m}/{part}"


SCREENS = [
    Screen("marketplaces", "/app/marketplaces", "svenja"),
    Screen("marketplace-inbox", lambda town: f"/app/marketplaces/{town.m}", "svenja"),
    *(Screen(f"marketplace-{part}", at(part), "svenja", ".tabs") for part in PARTS),  # type: ignore[arg-type]
    Screen("marketplace-partner", lambda town: f"/app/marketplaces/{town.m}", "ben", ".facts"),
]


@looked_at(SCREENS)
async def test_screen(look: Look, screen: Screen, view: View) -> None:
    await look(screen, view)


async def test_leads_are_accepted_and_rejected_by_keys(browse: Browse, town: Town) -> None:
    page = await browse("jan", View(DESKTOP))
    await page.goto(f"{town.url}/app/marketplaces/{town.m}")
    rows = page.locator(".row")
    await rows.first.wait_for()
    before = await rows.count()
    await page.keyboard.press("j")
    name = await page.locator(".row.at b").inner_text()
    await page.keyboard.press("a")
    await page.locator(".saying").wait_for()
    await page.locator(f'.row[data-at="{before - 1}"]').wait_for(state="detached")
    assert name not in await rows.locator("b").all_inner_texts()
    await page.keyboard.press("x")
    assert await page.locator(".row.at input:checked").count() == 1
    await page.keyboard.press("r")
    await page.locator("dialog[open] button.main").press("Enter")
    await page.locator(f'.row[data-at="{before - 2}"]').wait_for(state="detached")
    await checks.focus_kept(page)


async def test_a_lead_is_offered_by_touch(browse: Browse, town: Town) -> None:
    await town.lead("Tora Wisch")
    page = await browse("svenja", View(PHONE, "dark", "en"))
    await page.goto(f"{town.url}/app/marketplaces/{town.m}/available")
    await page.locator("input[type=search]").fill("Tora Wisch")
    await page.locator(".row", has_text="Tora Wisch").locator("button").tap()
    await page.locator("dialog[open] h3").first.wait_for()
    await page.locator("dialog[open] footer button.main").tap()
    await page.locator("dialog").wait_for(state="detached")
    await checks.focus_kept(page)
