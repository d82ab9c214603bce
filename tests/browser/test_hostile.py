"""What people write is text: in every screen that there is, whatever it looks like."""

import re
from typing import Any

import pytest

from tests.browser import checks, screens
from tests.browser.conftest import Browse, as_here
from tests.browser.town import Town
from tests.browser.views import PHONE, View
from tests.fixtures.database import ROOT

PAGE = ROOT / "service" / "workbench" / "page"
ROOM = re.compile(r'room: "(\w+)",\s*paths: \[(.*?)\]', re.DOTALL)
MARKUP = '<img src=x onerror="window.hacked=1"><script>window.hacked=1</script>'
TEMPLATE = "${window.hacked=1} {{7*7}} <%= 7*7 %> javascript:window.hacked=1"
TURNED = "שלום עולם \u0645\u0631\u062d\u0628\u0627 1234"
LONG = ("Donaudampfschifffahrtsgesellschaftskapitän" * 100)[:3900]
# Where nobody can be asked for, one part of a screen is as good as another.
PARTS = {":part": "waves", ":one": "new", ":id": "0197a1c2-0000-7000-8000-000000000001"}


def addresses() -> list[str]:
    """All that rooms.js names of rooms that are furnished."""
    rooms = ROOM.findall((PAGE / "core" / "rooms.js").read_text("utf-8"))
    there = [paths for room, paths in rooms if (PAGE / room / "room.js").exists()]
    return [path for paths in there for path in re.findall(r'"(/app[^"]*)"', paths)]


def test_all_addresses_are_found() -> None:
    assert {"/app/offers", "/app/leads", "/app/company/:part"} <= set(addresses())


@pytest.fixture(scope="module")
async def hostile(town: Town) -> str:
    """A lead of hostile words, picked by Ben, with a note, messages, and one more that waits."""
    with as_here():
        words = {"interest": f"{MARKUP} {TEMPLATE}"[:200], "name": f"{MARKUP[:60]} {TURNED}"}
        lead = await town.picked("ben", "cora", **words)
        ben, jan = await town.who("ben"), await town.who("jan")
        for by, rest in ((ben, "/notes"), (ben, "/messages"), (jan, "/messages")):
            for text in (MARKUP + TEMPLATE, TURNED, LONG):
                done = await by.post(town.path(lead, rest), {"text": text})
                assert done.status_code == 201, done.text
        for waits in ("offered", "lead"):
            if waits == "offered":
                await town.offered("ben", **words)
            else:
                await town.lead(accept=False, **words)
    return lead


async def harmless(page: Any) -> None:
    """Nothing ran, nothing came to be of it."""
    assert await page.evaluate("() => window.hacked === undefined")
    made = page.locator('img[src="x"], img[onerror], script:not([src]), a[href^="javascript"]')
    assert await made.count() == 0


@pytest.mark.parametrize("who", ["ben", "jan", *(["anja", "svenja"] if screens.WHOLE else [])])
async def test_hostile_words_are_text(browse: Browse, town: Town, hostile: str, who: str) -> None:
    page = await browse(who, View(PHONE, "dark", "en"))
    browse.watch(page).expects(404, 403)  # not everybody may see everything
    said = 0
    for address in addresses():
        path = address.replace(":m", town.m, 1).replace(":l", hostile)
        for part, given in PARTS.items():
            path = path.replace(part, given)
        await page.goto(path)
        await screens.shown(page)
        await harmless(page)
        await checks.no_sideways(page)
        said += "onerror=" in await page.locator("main").inner_text()
    assert said, "the control: the words are there"
