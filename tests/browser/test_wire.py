"""What a first visit costs on the wire; how long it takes is measured in the long run alone."""

import gzip
from typing import Any
from urllib.parse import urlsplit

import pytest

from service.workbench.files import files
from tests.browser import screens
from tests.browser.conftest import Browse
from tests.browser.views import View

# Bytes of all answers, heads included, until there is something to read. 60,000 are meant.
MOST = 70_000
SOON = 0.3  # seconds


async def weighed(page: Any) -> list[tuple[int, str]]:
    """The bytes of each answer from now on, as they come over the wire, and its path."""
    found: list[tuple[int, str]] = []
    asked: dict[str, str] = {}
    session = await page.context.new_cdp_session(page)
    await session.send("Network.enable")

    def answered(event: Any) -> None:
        asked[event["requestId"]] = event["response"]["url"]

    def finished(event: Any) -> None:
        url = asked.get(event["requestId"], "")
        found.append((int(event["encodedDataLength"]), urlsplit(url).path))

    session.on("Network.responseReceived", answered)
    session.on("Network.loadingFinished", finished)
    return found


@pytest.mark.parametrize(
    ("who", "most"),
    [(None, MOST), ("ben", MOST), ("jan", MOST), ("anja", MOST + 50_000)],
    ids=["login", "taker", "operator", "giver"],  # the giver's list is JSON that nobody packs
)
async def test_a_first_visit_is_small(browse: Browse, who: str | None, most: int) -> None:
    page = await browse(who, View(), path=None)
    found = await weighed(page)
    await page.goto("/app/")
    await screens.shown(page)
    assert len(found) > 10, "answers were counted"
    weight = sum(size for size, _ in found)
    assert weight <= most, f"{weight} bytes in {len(found)} answers, {sorted(found)[-12:]}"
    # A second visit asks for the page and its data; its files are there.
    before = len(found)
    await page.goto("/app/")
    await screens.shown(page)
    assert sum(size for size, _ in found[before:]) <= most / 2, found[before:]


def test_files_are_packed_as_well_as_they_can_be() -> None:
    for (room, name), file in files().items():
        if file.packed:
            assert len(file.packed) < len(file.content), (room, name)
            assert gzip.decompress(file.packed) == file.content
