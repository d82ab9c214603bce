"""Pages that mails lead to: a link that was clicked does something only after a button, by a form,
without script; no page tells whether its token is any good."""

import base64
import hashlib
import re
from uuid import uuid4

import httpx
import pytest

from tests.fixtures.database import connected
from tests.fixtures.market import Market

NEW = "Eine ganz neue Losung 4711"
GERMAN = {"accept-language": "de", "accept": "text/html"}
PAGES = [
    "/invitations/kgi_nobody", "/password-forgotten", "/password-resets/kgp_nobody",
    "/merge-consents/kgm_nobody",
]  # fmt: skip


@pytest.fixture(autouse=True)
async def fresh(market: Market, quick_stretching: None) -> None:
    """Nobody has tried anything yet."""
    async with connected(market.urls.superuser) as superuser:
        await superuser.execute("truncate app_private.rate")


async def effects(market: Market) -> list[object]:
    async with connected(market.urls.superuser) as superuser:
        return list(
            await superuser.fetchrow(
                "select (select count(*) from app_private.outbox),"
                " (select count(*) from app.colleague),"
                " (select count(*) from app_private.audit_entry)"
            )
        )


def locked_up(answer: httpx.Response) -> None:
    """Loads and runs nothing, is kept nowhere, tells no other page its address."""
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "unsafe" not in policy
    assert "form-action 'self'" in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    style = re.search(r"<style>(.*?)</style>", answer.text, re.DOTALL)
    assert style is not None
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in policy
    assert not re.search(r"<script|javascript:|\son\w+=|\ssrc=|style=", answer.text)


@pytest.mark.parametrize("path", PAGES)
async def test_a_page_says_what_a_link_is_about(market: Market, path: str) -> None:
    before = await effects(market)
    german = await market.client.get(path, headers=GERMAN)
    english = await market.client.get(path)
    for answer, language in ((german, "de"), (english, "en")):
        assert answer.status_code == 200
        locked_up(answer)
        assert answer.headers["content-language"] == language
        assert f'<html lang="{language}">' in answer.text
    assert german.text != english.text
    head = await market.client.head(path)
    assert (head.status_code, head.content) == (200, b"")
    assert await effects(market) == before, "GET changes nothing"


async def test_an_invitation_is_accepted_by_a_form(market: Market) -> None:
    email = f"neu-{uuid4().hex[:8]}@huber.example"
    assert (await market.anna.post("/invitations", {"email": email})).status_code == 201
    token = (await market.mails_to(email))[0]["payload"]["token"]
    path = f"/invitations/{token}"
    page = await market.client.get(path, headers=GERMAN)
    unknown = await market.client.get("/invitations/kgi_nobody", headers=GERMAN)
    assert page.text.replace(token, "kgi_nobody") == unknown.text
    assert f"{path}/form".replace("/", "&#x2f;") in page.text
    path = f"{path}/form"
    short = await market.client.post(
        path, data={"name": "Nele <b>Neu</b>", "password": "kurz"}, headers=GERMAN
    )
    assert short.status_code == 400
    locked_up(short)
    assert "10" in short.text
    assert "kurz" not in short.text
    form = {"name": "Nele Neu", "password": NEW}
    done = await market.client.post(path, data=form, headers=GERMAN)
    assert done.status_code == 200, done.text
    locked_up(done)
    assert f"Willkommen bei {market.world.huber.name}" in done.text
    session = await market.client.post("/sessions", json={"email": email, "password": NEW})
    assert session.status_code == 201
    again = await market.client.post(path, data=form)
    assert again.status_code in (404, 409)
    locked_up(again)
    never = await market.client.post("/invitations/kgi_nobody/form", data=form)
    assert (never.status_code, never.headers["content-type"]) == (404, "text/html; charset=utf-8")


async def test_a_password_is_reset_by_forms(market: Market) -> None:
    email = f"neu-{uuid4().hex[:8]}@huber.example"
    await market.joins(market.anna, email, "Nele Neu")
    for address in (email, "niemand@nirgends.example"):
        asked = await market.client.post(
            "/password-forgotten", data={"email": address}, headers=GERMAN
        )
        assert asked.status_code == 200
        assert "Wenn es zu dieser Adresse ein Konto gibt" in asked.text
    mails = [m for m in await market.mails_to(email) if m["template"] == "password-reset"]
    path = f"/password-resets/{mails[0]['payload']['token']}"
    assert f"{path}/form".replace("/", "&#x2f;") in (await market.client.get(path)).text
    done = await market.client.post(f"{path}/form", data={"password": NEW})
    assert done.status_code == 200, done.text
    assert (
        await market.client.post("/sessions", json={"email": email, "password": NEW})
    ).status_code == 201
    assert (await market.client.post(f"{path}/form", data={"password": NEW})).status_code == 404


async def test_forms_take_what_the_api_takes_and_nothing_else(market: Market) -> None:
    for path, form in (
        ("/invitations/kgi_x/form", {"name": "x", "password": NEW, "role": "admin"}),
        ("/merge-consents/kgm_x/form", {"consent": "maybe"}),
        ("/password-forgotten", {}),
    ):
        answer = await market.client.post(path, data=form)
        assert answer.status_code == 400, path
    consent = await market.client.post("/merge-consents/kgm_x/form", data={"consent": "true"})
    assert consent.status_code == 404
    locked_up(consent)
    bearer = {"authorization": f"Bearer {market.world.anna.token}"}
    same = await market.client.post(
        "/merge-consents/kgm_x/form", data={"consent": "true"}, headers=bearer
    )
    assert same.text == consent.text, "who is logged in is nothing to a page"
