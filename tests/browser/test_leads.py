"""The screen of one lead, as the second colleague and the operator work on it."""

from typing import Any

from tests.browser import checks
from tests.browser.conftest import Browse
from tests.browser.screens import Look, Screen, looked_at, shown
from tests.browser.town import Town
from tests.browser.views import PHONE, View


async def of_ben(town: Town) -> str:
    return f"/app/leads/{town.m}/{await town.picked('ben')}"


SCREENS = [
    Screen("lead", of_ben, "anna", shows="address"),
    Screen("lead-operated", of_ben, "jan", shows="section[aria-label=Aktionen], section.card"),
]


@looked_at(SCREENS)
async def test_screen(look: Look, screen: Screen, view: View) -> None:
    await look(screen, view)


async def engagement(town: Town, lead: str) -> dict[str, Any]:
    answer = await (await town.who("anna")).get(town.path(lead, "/engagement"))
    found: dict[str, Any] = answer.json()
    return found


async def test_a_colleague_works_on_it_by_keyboard(browse: Browse, town: Town) -> None:
    lead = await town.picked("ben", name="Veit Lorenz")
    page = await browse("anna", View(), f"/app/leads/{town.m}/{lead}")
    await shown(page, "address")
    await page.get_by_label("Neue Notiz").fill("Dach ist frei.")
    await page.get_by_role("button", name="Notiz speichern").press("Enter")
    await page.locator(".notes .entry", has_text="Dach ist frei.").wait_for()
    await page.get_by_role("button", name="Übernehmen").press("Enter")
    await page.get_by_text("Sie bearbeiten den Lead.").wait_for()
    await page.get_by_role("button", name="Gewonnen").press("Enter")
    await page.locator("dialog[open] button.main").press("Enter")
    await page.get_by_role("button", name="Wieder öffnen").press("Enter")
    await page.get_by_role("button", name="Gewonnen").wait_for()
    await checks.focus_kept(page)
    found = await engagement(town, lead)
    assert (found["state"], found["handler_name"]) == ("active", "Anna Huber")


async def test_a_colleague_writes_and_puts_in_a_file_by_touch(browse: Browse, town: Town) -> None:
    lead = await town.picked("ben", name="Vera Lorenz")
    page = await browse("anna", View(PHONE), f"/app/leads/{town.m}/{lead}")
    await shown(page, "address")
    await page.get_by_label("Neue Nachricht").fill("Termin steht.")
    await page.get_by_role("button", name="Nachricht an alle Beteiligten").tap()
    await page.locator(".messages .entry", has_text="Termin steht.").wait_for()
    await page.get_by_role("button", name="Nicht erreicht").tap()
    await page.get_by_text("Der Anruf ist eingetragen.").wait_for()
    file = {"name": "dach.txt", "mimeType": "text/plain", "buffer": b"12 m"}
    await page.locator("input[type=file]").set_input_files(file)
    await page.get_by_role("button", name="Löschen: dach.txt").tap()
    await page.locator("dialog[open] button.danger").tap()
    await page.get_by_text("Die Datei ist gelöscht.").wait_for()
