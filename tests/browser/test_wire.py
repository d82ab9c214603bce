"""What a first visit costs on the wire; how long it takes is measured in the long run alone."""

import gzip
from typing import Any

import pytest

from service.workbench.files import files
from tests.browser import screens
from tests.browser.conftest import Browse
from tests.browser.views import View

MOST = 60_000  # bytes of all answers, heads included, until there is something to read
SOON = 0.3  # seconds


async def weighed(page: Any) -> list[int]:
    """The bytes of each answer from now on, as they come over the wire."""
    found: list[int] = []
    session = await page.context.new_cdp_session(page)
    await session.send("Network.enable")
    session.on("Network.loadingFinished", lambda event: found.append(event["encodedDataLength"]))
    return found


@pytest.mark.parametrize(
    "who", [None, "ben", "jan", "anja"], ids=["login", "taker", "operator", "giver"]
)
async def test_a_first_visit_is_small(browse: Browse, who: str | None) -> None:
    page = await browse(who, View(), path=None)
    found = await weighed(page)
    await page.goto("/app/")
    await screens.shown(page)
    assert len(found) > 10, "answers were counted"
    assert sum(found) <= MOST, f"{sum(found)} bytes in {len(found)} answers"
    # A second visit asks for the page and its data; its files are there.
    before = len(found)
    await page.goto("/app/")
    await screens.shown(page)
    assert sum(found[before:]) <= MOST / 4, found[before:]


def test_files_are_packed_as_well_as_they_can_be() -> None:
    for (room, name), file in files().items():
        if file.packed:
            assert len(file.packed) < len(file.content), (room, name)
            assert gzip.decompress(file.packed) == file.content
