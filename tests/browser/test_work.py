"""The company's leads in the page: list, board, follow-ups, who sees one and why."""

from tests.browser.conftest import Browse
from tests.browser.screens import Look, Screen, looked_at, shown
from tests.browser.town import Town
from tests.browser.views import View


async def access_of(town: Town) -> str:
    return f"/app/leads/{town.m}/{await town.picked('ben')}/access"


SCREENS = [
    Screen("work", "/app/leads", "anna", shows=".row"),
    Screen("work-board", "/app/leads?view=board", "anna", shows=".board .card"),
    Screen("work-follow-ups", "/app/follow-ups", "anna"),
    Screen("access", access_of, "jan", shows="table"),
    Screen("reports", lambda town: f"/app/marketplaces/{town.m}/reports", "jan", shows="svg.chart"),
    Screen("statement", lambda town: f"/app/marketplaces/{town.m}/statement", "jan"),
]


@looked_at(SCREENS)
async def test_screen(look: Look, screen: Screen, view: View) -> None:
    await look(screen, view)


async def engagement(town: Town, lead: str) -> dict[str, object]:
    answer = await (await town.who("anna")).get(town.path(lead, "/engagement"))
    found: dict[str, object] = answer.json()
    return found


async def test_a_colleague_takes_over_and_back_again(browse: Browse, town: Town) -> None:
    lead = await town.picked("ben", name="Quirin Abel")
    version = (await engagement(town, lead))["version"]
    given_back = await (await town.who("dora")).patch(
        town.path(lead, "/engagement"), {"handler_id": None}, etag=f'"{version}"'
    )
    assert given_back.status_code == 200, given_back.text
    page = await browse("dora", View("phone"), "/app/leads?handler=none&q=Quirin")
    await shown(page, ".row")
    await page.get_by_role("button", name="Übernehmen").tap()
    await page.get_by_text("Sie sind Bearbeiter").wait_for()
    assert (await engagement(town, lead))["handler_name"] == "Dora Lindner"
    await page.get_by_role("button", name="Rückgängig").tap()
    await page.locator(".row").wait_for()
    assert (await engagement(town, lead))["handler_name"] is None


async def test_a_step_by_keyboard_on_the_board(browse: Browse, town: Town) -> None:
    lead = await town.picked("ben", name="Rita Sommer")
    page = await browse("emil", View("desktop"), "/app/leads?view=board&q=Rita")
    await shown(page, ".board .card")
    await page.get_by_label("Schritt von Rita Sommer").focus()
    await page.keyboard.type("kont")
    await page.get_by_text("Jetzt bei „kontaktiert“").wait_for()
    assert (await engagement(town, lead))["step"] == "kontaktiert"


async def test_a_delegator_hands_over_many_by_keys(browse: Browse, town: Town) -> None:
    leads = [await town.picked("ben", name=f"Uta {name}") for name in ("Eins", "Zwei")]
    page = await browse("dora", View("desktop"), "/app/leads?q=Uta")
    await shown(page, ".row")
    for key in ("j", "x", "j", "x"):
        await page.keyboard.press(key)
    await page.get_by_text("2 ausgewählt").wait_for()
    await page.get_by_role("button", name="Weitergeben").click()
    await page.get_by_label("An", exact=True).select_option(label="Fatma Demir")
    await page.locator("dialog form button.main").click()
    await page.get_by_text("2 Leads hat jetzt Fatma Demir").wait_for()
    for lead in leads:
        assert (await engagement(town, lead))["handler_name"] == "Fatma Demir"


async def test_a_view_is_saved_for_colleagues(browse: Browse, town: Town) -> None:
    page = await browse("anna", View("desktop"), "/app/leads?handler=me")
    await shown(page)
    await page.get_by_role("button", name="Ansicht speichern").click()
    await page.get_by_label("Name", exact=True).fill("Annas")
    await page.keyboard.press("Enter")
    await page.get_by_role("link", name="Annas").wait_for()
    other = await browse("ben", View("phone"), "/app/leads")
    await shown(other)
    await other.get_by_role("link", name="Annas").tap()
    await other.wait_for_url("**/app/leads?handler=me")
