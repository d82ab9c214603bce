"""The cookie of the page: whose requests it stands for, and when a browser forgets it.

Browsers send it wherever they are asked to, other ports of this host included; what they say about
who asks (`Sec-Fetch-Site`, which no script can set) decides.
"""

import re
from typing import Any

import httpx
import pytest

from service.web import bearers
from service.web.bearers import COOKIE
from tests.fixtures.http import log_in
from tests.fixtures.market import Market, slug
from tests.fixtures.world import PASSWORD

HERE = {"Sec-Fetch-Site": "same-origin"}
ELSEWHERE = ("same-site", "cross-site", "none", "", "Same-Origin", "same-origin, same-origin", None)
FORGOTTEN = f'{COOKIE}=""; HttpOnly; Max-Age=0; Path=/; SameSite=strict; Secure'
LOGIN = {"email": "ben@huber.example", "password": PASSWORD, "cookie": True}


def says(site: str | None) -> dict[str, str]:
    """What a browser says about who asks; None: no browser that says it."""
    return {} if site is None else {"Sec-Fetch-Site": site}


def carrying(value: str, site: str | None = "same-origin", **more: str) -> dict[str, str]:
    """The headers of a request with this cookie."""
    return {"Cookie": f"{COOKIE}={value}", **says(site), **more}


@pytest.fixture(scope="module")
async def token(client: httpx.AsyncClient) -> str:
    """Ben's, as logging in makes them."""
    return (await log_in(client, "ben@huber.example")).token


async def test_a_page_of_this_origin_logs_in_without_seeing_the_token(market: Market) -> None:
    answer = await market.client.post("/sessions", json=LOGIN, headers=HERE)
    assert answer.status_code == 201
    assert "token" not in answer.json()
    assert answer.json().keys() == {"expires_at", "colleague", "company"}
    found = re.fullmatch(
        rf"{COOKIE}=(kgs_[\w-]+); HttpOnly; Max-Age=(\d+); Path=/; SameSite=strict; Secure",
        answer.headers["set-cookie"],
    )
    assert found is not None, answer.headers["set-cookie"]
    assert 12 * 3600 - 60 < int(found.group(2)) <= 12 * 3600
    # It is the ordinary token: one session, one way to end it.
    for headers in (carrying(found.group(1)), {"Authorization": f"Bearer {found.group(1)}"}):
        me = await market.client.get("/me", headers=headers)
        assert me.json()["colleague"]["email"] == "ben@huber.example"


async def test_nobody_else_is_given_a_cookie(market: Market, monkeypatch: Any) -> None:
    async def never(*_: object) -> None:
        raise AssertionError("the password is looked at")

    monkeypatch.setattr("service.domain.sessions.operations.log_in", never)
    for site in ELSEWHERE:
        answer = await market.client.post("/sessions", json=LOGIN, headers=says(site))
        assert (answer.status_code, slug(answer)) == (403, "same-origin-required"), site
        assert "set-cookie" not in answer.headers


async def test_who_asks_decides(market: Market, token: str) -> None:
    lead = await market.offered(market.world.huber)
    writes = [
        ("POST", market.path(lead, "/pick")),
        ("POST", market.path(lead, "/decline")),
        ("PUT", "/me/notices"),
        ("PATCH", "/me"),
        ("DELETE", "/sessions/current"),
    ]
    for site in ELSEWHERE:
        reads = 200 if site == "none" else 401
        for method in ("GET", "HEAD"):
            answer = await market.client.request(method, "/me", headers=carrying(token, site))
            assert answer.status_code == reads, (method, site)
        for method, path in writes:
            answer = await market.client.request(
                method, path, headers=carrying(token, site), json={} if method[0] == "P" else None
            )  # fmt: skip
            assert answer.status_code == 401, (method, path, site)
            assert "set-cookie" not in answer.headers, "another's page logs nobody out"
    assert (await market.ben.get(market.path(lead))).status_code == 404, "nothing was picked"
    # The control: the page itself does all of it, the last write included.
    for method in ("GET", "HEAD"):
        answer = await market.client.request(method, "/me", headers=carrying(token))
        assert answer.status_code == 200
    picked = await market.client.post(market.path(lead, "/pick"), headers=carrying(token))
    assert (picked.status_code, picked.json()["state"]) == (200, "active")


async def test_what_is_no_cookie_of_ours(market: Market, token: str) -> None:
    key = (await market.anna.post("/api-keys", {"name": "CRM"})).json()["token"]
    for cookies in (
        f"{COOKIE}={token}; {COOKIE}={token}",
        f"{COOKIE}={market.anna.token}; {COOKIE}={token}",
        f"{COOKIE}={token}; {COOKIE}=",
        f'{COOKIE}="{token}"', f"{COOKIE}={token}x", f"{COOKIE}={token[:-1]}",
        f"{COOKIE}={token}," + f"{COOKIE}={token}", f"{COOKIE}={token} {token}",
        f"{COOKIE}=kgs_" + "x" * 253, f"{COOKIE}=kgs_" + "x" * 30_000, f"{COOKIE}=", COOKIE, "",
        f"={COOKIE}={token}", f"{COOKIE.lower()}={token}", f"{COOKIE.upper()}={token}",
        f"kollegium={token}", f"x{COOKIE}={token}", f"$Version=1; ${COOKIE}={token}",
        f"{COOKIE}=Bearer {token}", f"{COOKIE}={key}", f"{COOKIE}={token[4:]}",
        f"{COOKIE}={token}\xe9",
    ):  # fmt: skip
        headers = {b"Cookie": cookies.encode("latin-1"), b"Sec-Fetch-Site": b"same-origin"}
        answer = await market.client.get("/me", headers=headers)
        assert (answer.status_code, slug(answer)) == (401, "unauthenticated"), cookies[:200]
    # The control: among others, with or without blanks.
    for cookies in (
        f"a=1; {COOKIE}={token}; b=2", f"a=1;{COOKIE}={token};", f"; ;a;=;{COOKIE}={token} ; a=3",
        f"theme=dark; X{COOKIE}=y; {COOKIE}={token}", f"a={COOKIE}; {COOKIE}={token}",
        "long=" + "x" * 4096 + f"; {COOKIE}={token}",
    ):  # fmt: skip
        answer = await market.client.get("/me", headers={"Cookie": cookies, **HERE})
        assert answer.status_code == 200, cookies[:200]


async def test_authorization_stands_alone(market: Market, token: str, monkeypatch: Any) -> None:
    ben, dead = market.ben.token, "kgs_" + "x" * 43
    for given, status in (
        (f"Bearer {ben}", 200),
        (f"Bearer {dead}", 401),
        ("Basic a", 401),
        ("", 401),
    ):
        headers = carrying(token, Authorization=given)
        answer = await market.client.get("/me", headers=headers)
        assert answer.status_code == status, given
        assert "set-cookie" not in answer.headers, "it was not the cookie that was dead"
    me = await market.anna.get("/me", headers=carrying(token))
    assert me.json()["colleague"]["email"] == "anna@huber.example"

    # And costs what it did: nobody looks at cookies.
    def never(*_: object) -> list[bytes]:
        raise AssertionError("cookies were read")

    monkeypatch.setattr(bearers, "_values", never)
    assert (await market.ben.get("/me", headers=carrying("x"))).status_code == 200


async def test_a_browser_forgets_what_is_over(market: Market) -> None:
    person = await log_in(market.client, "ben@huber.example")
    out = await market.client.delete("/sessions/current", headers=carrying(person.token))
    assert (out.status_code, out.headers["set-cookie"]) == (204, FORGOTTEN)
    assert (await person.get("/me")).status_code == 401
    for method, path in (("DELETE", "/sessions/current"), ("GET", "/me"), ("GET", "/events")):
        over = await market.client.request(method, path, headers=carrying(person.token))
        assert (over.status_code, over.headers["set-cookie"]) == (401, FORGOTTEN)
        assert over.headers["www-authenticate"] == "Bearer"
    # A program that logs out, a wrong password, a missing permission: no cookie is touched.
    other = await log_in(market.client, "ben@huber.example")
    assert "set-cookie" not in (await other.delete("/sessions/current")).headers
    wrong = {**LOGIN, "password": PASSWORD + "x"}
    refused = await market.client.post("/sessions", json=wrong, headers=carrying(other.token))
    assert (refused.status_code, slug(refused)) == (401, "log-in-failed")
    assert "set-cookie" not in refused.headers


@pytest.mark.parametrize("path", ["/me", "/offers?state=open", "/leads", "/counts", "/events"])
async def test_scripts_of_other_sites_are_never_let_in(
    market: Market, token: str, path: str
) -> None:
    headers = carrying(token, Origin="https://other.example")
    answer: httpx.Response = await market.client.get(path, headers=headers)
    assert answer.status_code == 200
    assert not [name for name in answer.headers if name.startswith("access-control-")]
