"""The announcement with three browsers: what each shows, and what Cora never gets to see."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from playwright.async_api import Error

from tests.browser import screens
from tests.browser.conftest import Browse
from tests.browser.town import Somebody, Town
from tests.browser.views import PHONE, View
from tests.browser.watch import nothing_of

INTEREST = "Photovoltaik für ein Gehöft mit Scheune"
PERSON = "Walburga Zwirner"
NOTE = "Rückruf nach 17 Uhr, sagt Walburga."
# What a page keeps: storage, history, what it loaded.
KEPT = (
    "() => JSON.stringify([localStorage, sessionStorage, history.state, document.title,"
    " performance.getEntriesByType('resource').map((one) => one.name)])"
)


class Heard:
    """All that a page was answered: addresses and bodies."""

    def __init__(self, page: Any) -> None:
        self.text: list[str] = []
        self._reading: list[asyncio.Task[None]] = []
        page.on("response", self._begin)

    def _begin(self, answer: Any) -> None:
        self._reading.append(asyncio.ensure_future(self._read(answer)))

    async def _read(self, answer: Any) -> None:
        self.text.append(answer.url)
        if "json" in answer.headers.get("content-type", ""):
            with contextlib.suppress(Error):  # what a page left behind is no more to be read
                self.text.append(await answer.text())

    async def all(self) -> str:
        """Read to the end."""
        await asyncio.gather(*self._reading)
        return "\n".join(self.text)


@asynccontextmanager
async def streamed(person: Somebody) -> AsyncIterator[list[str]]:
    """The lines of a stream of hers beside that of her page."""
    lines: list[str] = []
    begun = asyncio.Event()

    async def read() -> None:
        headers = {"Authorization": f"Bearer {person.token}"}
        async with person.client.stream("GET", "/events", headers=headers) as answer:
            async for line in answer.aiter_lines():
                lines.append(line)
                begun.set()

    task = asyncio.create_task(read())
    await begun.wait()
    try:
        yield lines
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def picked_by_ben(ben: Any, anna: Any, cora: Any) -> None:
    """One tap; the others' pages say within a second that it is gone."""
    gone = anna.locator(".offer.gone", has_text=INTEREST)
    await ben.locator(".offer", has_text=INTEREST).locator("button.main").tap()
    began = time.monotonic()
    await gone.wait_for()
    took = time.monotonic() - began
    assert took <= 1.0 or not screens.WHOLE, f"Anna waited {took:.2f} s"
    await cora.locator(".offer.gone", has_text=INTEREST).wait_for()


async def test_the_function_of_colleagues(browse: Browse, town: Town) -> None:
    """1: Huber and Klein are offered a lead. 2: Ben picks. 3: Anna works on it, too. 4: Cora's page
    loses it, and tells nothing of who has it."""
    hers, mine = await town.who("cora"), await town.who("ben")
    ben = await browse("ben", View(PHONE), "/app/offers")
    browse.watch(ben).expects(404)  # whoever picked is led to the lead, whose room comes last
    anna = await browse("anna", View(), "/app/offers")
    cora = await browse("cora", View(), path=None)
    heard = Heard(cora)
    await cora.goto("/app/offers")
    for page in (ben, anna, cora):
        await page.locator(".connection.live").wait_for()
    async with streamed(hers) as lines:
        phone = {"phone": "+49 431 2312500"}
        lead = await town.offered("ben", "cora", name=PERSON, interest=INTEREST, prospect=phone)
        for page in (ben, anna, cora):
            await page.get_by_text(INTEREST).first.wait_for()
            nothing_of([PERSON], await page.content())
        await picked_by_ben(ben, anna, cora)

        # The second colleague has the person among the company's leads, and may write.
        await anna.goto("/app/leads")
        await anna.get_by_text(PERSON).first.wait_for()
        noted = await (await town.who("anna")).post(town.path(lead, "/notes"), {"text": NOTE})
        assert noted.status_code == 201

        shown = await cora.content()
        await cora.reload()
        await screens.shown(cora)
        await screens.absent(cora, INTEREST)
        await cora.goto("/app/leads")
        await screens.shown(cora)
    lost = (await hers.get("/offers?state=lost&limit=100")).text
    streams = "\n".join(lines)
    told = [
        shown,
        await cora.content(),
        await cora.evaluate(KEPT),
        await heard.all(),
        lost,
        streams,
    ]
    foreign = [PERSON, "Walburga", "Zwirner", "Huber", "Anna", "2312500", NOTE]
    nothing_of([*foreign, mine.company_id, mine.id], "\n".join(told))
    # The control: each of them is of this very offer.
    assert INTEREST in shown
    assert INTEREST in told[3]
    assert lead in streams
