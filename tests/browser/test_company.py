"""The company and oneself in the page: colleagues, keys, absences, merges."""

from service.demo import people
from tests.browser.conftest import Browse
from tests.browser.screens import Look, Screen, looked_at, shown
from tests.browser.town import Town
from tests.browser.views import View


async def a_merge(town: Town) -> str:
    asked = {"absorbed_company_email": "cora@elektro-klein.example"}
    made = await (await town.who("hauke")).post("/merges", asked)
    assert made.status_code == 201, made.text
    return f"/app/merges/{made.json()['id']}"


SCREENS = [
    Screen("company", "/app/company", "svenja", shows="form"),
    Screen("company-colleagues", "/app/company/colleagues", "svenja", shows="li.card"),
    Screen("company-absences", "/app/company/absences", "imke"),
    Screen("company-keys", "/app/company/keys", "svenja"),
    Screen("company-intake", "/app/company/intake", "svenja"),
    Screen("company-webhooks", "/app/company/webhooks", "svenja"),
    Screen("company-merges", "/app/company/merges", "svenja"),
    Screen("company-notices", "/app/company/notices", "ben", shows="form"),
    Screen("company-sessions", "/app/company/sessions", "ben", shows="li.card"),
    Screen("merge", a_merge, "hauke", shows=".facts"),
]


@looked_at(SCREENS)
async def test_screen(look: Look, screen: Screen, view: View) -> None:
    await look(screen, view)


async def test_inviting_by_keyboard(browse: Browse, town: Town) -> None:
    page = await browse("svenja", View("desktop"), "/app/company/colleagues")
    await shown(page, "li.card")
    await page.get_by_role("button", name="Kollegen einladen").focus()
    await page.keyboard.press("Enter")
    await page.keyboard.type("neu@solarportal-nord.example")
    await page.keyboard.press("Enter")
    await page.get_by_text("neu@solarportal-nord.example").first.wait_for()
    assert await page.locator("dialog[open]").count() == 0
    open_ones = (await (await town.who("svenja")).get("/invitations")).json()["items"]
    assert "neu@solarportal-nord.example" in {one["email"] for one in open_ones}


async def test_a_key_is_shown_once_by_touch(browse: Browse, town: Town) -> None:
    page = await browse("svenja", View("phone"), "/app/company/keys")
    await shown(page)
    await page.get_by_role("button", name="Schlüssel anlegen").tap()
    await page.get_by_label("Name").fill("CRM")
    await page.locator("dialog form button.main").tap()
    key = await page.locator("dialog code").inner_text()
    answer = await town.http.get("/me", headers={"authorization": f"Bearer {key}"})
    assert answer.status_code == 200
    await page.get_by_role("button", name="Ich habe es aufgehoben").tap()
    await page.get_by_text("CRM", exact=True).wait_for()
    assert key not in await page.content()


async def test_a_member_finds_no_admins_doors(browse: Browse, town: Town) -> None:
    page = await browse("jan", View("desktop"), "/app/company")
    await shown(page)
    tabs = await page.locator("nav.tabs a").all_inner_texts()
    assert "Kollegen" in tabs
    assert "API-Schlüssel" not in tabs
    assert await page.locator("main form").count() == 0


async def test_a_merge_is_asked_for_in_the_page(browse: Browse, town: Town) -> None:
    page = await browse("svenja", View("desktop"), "/app/company/merges")
    await shown(page)
    await page.get_by_role("button", name="Zusammenführen").click()
    await page.get_by_label("E-Mail eines Kollegen der anderen Firma").fill(
        people.firm(people.UMZUG).admin_email
    )
    await page.get_by_role("button", name="Anfragen").click()
    await page.get_by_text("angefragt", exact=True).wait_for()
    assert "/app/merges/" in page.url
