"""The session in real browsers: whose requests it stands for, and how it ends in all tabs."""

import functools
import http.server
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from service.demo import people
from service.web import bearers
from service.web.bearers import COOKIE
from tests.browser.conftest import Browse, cookie
from tests.browser.town import NAMES, Town
from tests.browser.views import View

OVER = 15_000  # milliseconds within which every tab says that its session is over

# What a page of another port tries with the cookie that the browser sends along.
ATTACK = """
async (url) => {
  const asked = [];
  for (const [method, mode] of [["POST", "no-cors"], ["POST", "cors"], ["GET", "no-cors"]]) {
    const answer = fetch(url, { method, mode, credentials: "include" });
    asked.push(await answer.then((a) => `${a.type} ${a.status}`, (e) => e.name));
  }
  await new Promise((done) => {
    const image = new Image();
    image.onload = image.onerror = done;
    image.src = url;
  });
  navigator.sendBeacon(url);
  return asked;
}
"""
FORM = """
(url) => {
  const form = document.createElement("form");
  form.method = "post";
  form.action = url;
  document.body.append(form);
  form.submit();
}
"""


@contextmanager
def elsewhere(folder: Path) -> Iterator[int]:
    """Another service of this host: a page on a port of its own."""
    (folder / "page.html").write_text("<!doctype html><title>Elsewhere</title><p>Elsewhere")

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            pass

    handler = functools.partial(Quiet, directory=str(folder))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        server.server_close()


async def in_the_page(page: Any, url: str) -> int:
    """The status that the page itself gets."""
    return int(
        await page.evaluate("(url) => fetch(url, {method: 'POST'}).then((a) => a.status)", url)
    )


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"], ids=["other-port", "other-site"])
async def test_pages_of_other_origins_pick_nothing(
    town: Town, chromium: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    lead = await town.offered("ben", "cora")
    pick, out = town.url + town.path(lead, "/pick"), f"{town.url}/sessions/current"
    ben = await town.log_in("ben")
    context = await chromium.new_context()  # not watched: all of it is refused
    seen: set[tuple[str, bool]] = set()
    looks = bearers._asks

    def noted(headers: bearers.Headers, method: str) -> bool:
        site = headers.get(b"sec-fetch-site", b"").decode()
        sent = headers.get(b"cookie", b"")
        if site != "same-origin" or ben.token.encode() in sent:  # pages of other tests go on asking
            seen.add((site, COOKIE.encode() in sent))
        return looks(headers, method)

    monkeypatch.setattr(bearers, "_asks", noted)
    try:
        await context.add_cookies([cookie(ben.token, town.url)])
        with elsewhere(tmp_path) as port:
            page = await context.new_page()
            for url in (pick, out, town.url + town.path(lead, "/decline")):
                await page.goto(f"http://{host}:{port}/page.html")
                told = await page.evaluate(ATTACK, url)
                assert told[1] == "TypeError", "no other origin reads an answer"
                async with page.expect_navigation():
                    await page.evaluate(FORM, url)
        # The browser does send the cookie to another port; that is why the service looks.
        expected = {("same-site", True)} if host == "127.0.0.1" else {("cross-site", False)}
        assert seen == expected
        assert (await ben.get(town.path(lead))).status_code == 404, "nobody picked"
        assert (await ben.get("/me")).status_code == 200, "nobody was logged out"
        assert [one["name"] for one in await context.cookies(town.url)] == [COOKIE]
        # The control: the page of the service itself, with the same cookie.
        await page.goto(f"{town.url}/app/")
        assert await in_the_page(page, town.path(lead, "/pick")) == 200
    finally:
        await context.close()


async def entered(browse: Browse, name: str, tabs: int) -> list[Any]:
    """Tabs of one browser in which somebody logged in by himself."""
    first = await browse(None)
    await first.locator("input[type=email]").fill(NAMES[name])
    await first.locator("input[type=password]").fill(people.PASSWORD)
    await first.keyboard.press("Enter")
    await first.locator("nav.rooms").wait_for()
    others = [await first.context.new_page() for _ in range(tabs - 1)]
    for tab in others:
        await tab.goto("/app/")
        await tab.locator("nav.rooms").wait_for()
    return [first, *others]


async def test_logging_out_ends_all_tabs(browse: Browse, town: Town) -> None:
    first, second, third = await entered(browse, "fatma", 3)
    token = (await first.context.cookies())[0]["value"]
    await first.locator("header.top button[aria-expanded]").click()
    await first.locator(".account > button").click()
    for tab in (first, second, third):
        await tab.locator("input[type=password]").wait_for(timeout=OVER)
    assert await first.context.cookies() == []
    headers = {"Authorization": f"Bearer {token}"}
    assert (await town.http.get("/me", headers=headers)).status_code == 401
    # Whoever goes on there logs in, and is in again in all tabs.
    await second.locator("input[type=email]").fill(NAMES["fatma"])
    await second.locator("input[type=password]").fill(people.PASSWORD)
    await second.keyboard.press("Enter")
    for tab in (first, second, third):
        await tab.locator("nav.rooms").wait_for(timeout=OVER)


async def test_the_page_of_a_revoked_colleague_says_so(browse: Browse, town: Town) -> None:
    anna = await town.who("anna")
    person = f"/colleagues/{(await town.log_in('emil')).id}"
    first, second = await entered(browse, "emil", 2)
    try:
        assert (await anna.patch(person, {"active": False})).status_code == 200
        for tab in (first, second):
            await tab.locator(".login [role=status]").wait_for(timeout=OVER)
    finally:
        assert (await anna.patch(person, {"active": True})).status_code == 200


async def test_twelve_tabs_are_live_with_one_stream(browse: Browse, town: Town) -> None:
    """Over HTTP/1.1 a browser keeps six connections to a host; a stream for each tab would take all
    of them, and the seventh tab would read nothing."""
    first = await browse("maren", View(), "/app/offers")
    tabs = [first] + [await first.context.new_page() for _ in range(11)]
    for tab in tabs[1:]:
        await tab.goto("/app/offers", wait_until="domcontentloaded")
        await tab.locator("nav.rooms").wait_for()
    for tab in tabs:
        await tab.locator(".connection.live").wait_for(timeout=OVER)
    watch = browse.watch(first)
    assert len(watch.asked("GET /events")) == 1
    name = f"Dach {town.m[:6]} zwölf"
    lead = await town.offered("maren", interest=name)
    for tab in tabs:
        await tab.get_by_text(name).first.wait_for()
    # The tab that had the stream is closed: another one goes on with it.
    await first.close()
    for tab in tabs[1:]:
        await tab.locator(".connection.live").wait_for(timeout=OVER)
    gone = await (await town.who("jan")).post(town.path(lead, "/withdraw"), {"reason": "Test"})
    assert gone.status_code == 200
    for tab in tabs[1:]:
        await tab.locator(".offer.gone", has_text=name).wait_for()
    assert len(watch.asked("GET /events")) == 2
