"""`kollegium demo`: from an empty directory to a picked lead, and a clean end."""

from collections import Counter
from pathlib import Path
from urllib.parse import urlsplit

from tests.fixtures.demo import Demo, reachable


def test_demo_from_nothing_to_a_clean_end(demo_dir: Path) -> None:
    demo = Demo(demo_dir)
    logins = demo.ready["logins"]
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

    secrets = demo_dir / "urls.json"
    assert secrets.stat().st_mode & 0o777 == 0o600
    before = demo.ready["database"]
    assert set(before) == {"api", "auditor", "owner"}
    assert reachable(before["api"])
    assert demo.stop() == 0
    assert not reachable(before["api"]), "the database still runs"

    again = Demo(demo_dir)  # the same passwords, the same world with its changes
    try:
        password = urlsplit(before["api"]).password
        assert urlsplit(again.ready["database"]["api"]).password == password
        as_ben = again.log_in(ben["email"], ben["password"])
        assert again.http.get(lead, headers=as_ben).json()["state"] == "engaged"
    finally:
        assert again.stop() == 0
