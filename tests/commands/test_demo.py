"""`kollegium demo`: from an empty directory to a picked lead, and a clean end."""

import re
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from service.web.edge import Edge
from tests.fixtures.database import ROOT
from tests.fixtures.demo import Demo, reachable


def test_demo_from_nothing_to_a_clean_end(
    built: tuple[Path, dict[str, Any]], demo_dir: Path
) -> None:
    first = built[1]
    assert set(first["database"]) == {"api", "auditor", "owner"}
    assert not reachable(first["database"]["api"]), "the database still runs"

    demo = Demo(demo_dir)  # the same passwords, the same world
    logins = demo.ready["logins"]
    assert logins == first["logins"]
    assert password(demo.ready) == password(first)
    assert set(logins[0]) == {
        "company", "colleague", "email", "password", "role", "capacities"
    }  # fmt: skip
    assert {role for login in logins for role in login["capacities"]} == {
        "operator", "giver", "taker"
    }  # fmt: skip
    takers = {login["company"] for login in logins if "taker" in login["capacities"]}
    assert len(takers) >= 6
    sizes = Counter(login["company"] for login in logins).values()
    assert (min(sizes), max(sizes)) == (1, 5)

    for login in logins:  # every log-in works and has something to see
        headers = demo.log_in(login["email"], login["password"])
        for capacity in login["capacities"]:
            assert demo.items(f"/leads?as={capacity}", headers), (login["email"], capacity)

    anna, ben = (login for login in logins if login["email"].startswith(("anna@", "ben@")))
    as_anna = demo.log_in(anna["email"], anna["password"])
    as_ben = demo.log_in(ben["email"], ben["password"])
    offer = demo.items("/offers?state=open", as_anna)[0]
    lead = f"/marketplaces/{offer['marketplace_id']}/leads/{offer['lead_id']}"
    assert demo.http.post(f"{lead}/pick", headers=as_anna).status_code == 200
    assert demo.http.get(lead, headers=as_ben).json()["prospect"]["name"]

    mails_lead_into_it(demo, anna["email"])

    secrets = demo_dir / "urls.json"
    assert secrets.stat().st_mode & 0o777 == 0o600
    assert reachable(demo.ready["database"]["api"])
    assert demo.stop() == 0
    assert not reachable(demo.ready["database"]["api"]), "the database still runs"

    again = Demo(demo_dir)  # with its changes
    try:
        as_ben = again.log_in(ben["email"], ben["password"])
        assert again.http.get(lead, headers=as_ben).json()["state"] == "engaged"
    finally:
        assert again.stop() == 0


def mails_lead_into_it(demo: Demo, email: str) -> None:
    """What waits in the outbox is shown as pages: an invitation, whose link is this demo's."""
    box = demo.http.get("/demo/mails")
    assert box.status_code == 200
    assert "script-src" not in box.headers["content-security-policy"]
    found = re.findall(r'([^ ]+): <a href="(/demo/mails/[0-9a-f-]+)">([^<]+)</a>', box.text)
    assert email in {address for address, _, _ in found}
    invitation = next(path for _, path, subject in found if subject.startswith("Einladung zu "))
    page = demo.http.get(invitation)
    link = re.search(rf'href="{demo.ready["base_url"]}(/invitations/[^"]+)"', page.text)
    assert link is not None
    assert "<form" in demo.http.get(link[1], headers={"accept": "text/html"}).text


def test_nothing_but_the_demo_shows_mails(service: Edge) -> None:
    """The control is above: the same address answers there."""
    assert not [route.path for route in service.routes if "demo" in route.path]
    used = [
        file.name
        for file in (ROOT / "service").rglob("*.py")
        if "mailbox(" in file.read_text("utf-8") and "def mailbox(" not in file.read_text("utf-8")
    ]
    assert used == ["running.py"]


def password(ready: dict[str, Any]) -> str | None:
    """That of the web tier's role."""
    return urlsplit(ready["database"]["api"]).password
