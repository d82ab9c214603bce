"""Putting in, in the page: by hand, and a file that is tried, put right and imported."""

from service.database.shipped import EXAMPLES
from tests.browser.conftest import Browse
from tests.browser.screens import Look, Screen, looked_at, shown
from tests.browser.town import Town
from tests.browser.views import View


async def an_import(town: Town) -> str:
    anja = await town.who("anja")
    found = (await anja.get("/imports")).json()["items"]
    return f"/app/giving/imports/{found[0]['id']}"


SCREENS = [
    Screen("giving", "/app/giving", "anja", shows=".row"),
    Screen("giving-new", "/app/giving/new", "anja", shows="form"),
    Screen("giving-import", "/app/giving/import", "anja", shows="form"),
    Screen("giving-imports", "/app/giving/imports", "anja", shows="li.card"),
    Screen("giving-report", an_import, "anja", shows=".chips"),
]


@looked_at(SCREENS)
async def test_screen(look: Look, screen: Screen, view: View) -> None:
    await look(screen, view)


async def test_a_lead_by_hand(browse: Browse, town: Town) -> None:
    page = await browse("anja", View("phone"), "/app/giving/new")
    await shown(page, "form")
    await page.get_by_label("Name", exact=True).fill("Wiebke Hansen")
    await page.get_by_label("Telefon").fill("0431 5550199")
    await page.get_by_label("Anliegen").fill("Carport mit Solardach")
    await page.get_by_label("Die Person ist einverstanden").check()
    await page.get_by_role("button", name="Einreichen", exact=True).tap()
    await page.wait_for_url("**/app/leads/**")
    anja = await town.who("anja")
    found = (await anja.get("/leads?as=giver&q=Wiebke")).json()["items"]
    assert [one["prospect"]["name"] for one in found] == ["Wiebke Hansen"]
    assert found[0]["state"] != "draft"


async def test_a_file_is_tried_put_right_and_imported(browse: Browse, town: Town) -> None:
    table = (
        "Vorname;Nachname;Telefon;E-Mail;PLZ;Ort;Anliegen;Einwilligung\r\n"
        "Iris;Berger;0431 5550142;;24103;Kiel;Wallbox;ja\r\n"
        "Jens;Bruhn;;unbekannt;24103;Kiel;Wallbox;ja\r\n"
    )
    file = {"name": "liste.csv", "mimeType": "text/csv", "buffer": table.encode("cp1252")}
    page = await browse("anja", View("desktop"), "/app/giving/import")
    await shown(page, "form")
    await page.get_by_label("Datei", exact=True).set_input_files([file])
    await page.get_by_role("button", name="Probieren").click()
    await page.get_by_text("Das käme heraus").wait_for()
    await page.get_by_label("E-Mail").fill("jens.bruhn@muster.example")
    await page.get_by_role("button", name="Korrigierte Zeilen").click()
    await page.get_by_role("button", name="2 Leads jetzt importieren").click()
    await page.wait_for_url("**/app/giving/imports/**")
    anja = await town.who("anja")
    for name in ("Berger", "Bruhn"):
        found = (await anja.get(f"/leads?as=giver&q={name}")).json()["items"]
        assert name in found[0]["prospect"]["name"]


async def test_columns_are_matched_by_hand(browse: Browse, town: Town) -> None:
    page = await browse("anja", View("desktop"), "/app/giving/import")
    browse.watch(page).expects(422)
    await shown(page, "form")
    await page.get_by_label("Datei", exact=True).set_input_files(EXAMPLES / "custom.csv")
    await page.get_by_role("button", name="Probieren").click()
    await page.get_by_text("Welche Spalte ist was?").wait_for()
    await page.get_by_label("Name der Quelle").fill("von-hand")
    await page.get_by_label("Elektropost").select_option("email")
    await page.get_by_label("Gespräch über").select_option("interest")
    await page.get_by_role("button", name="Mit diesen Spalten versuchen").click()
    await page.get_by_text("Das käme heraus").wait_for()
    kept = (await (await town.who("anja")).get("/import-mappings")).json()["items"]
    assert "von-hand" in {one["name"] for one in kept}
