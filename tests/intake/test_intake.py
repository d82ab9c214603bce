"""Leads that come in without a log-in: forms of web sites and Google's lead forms, over HTTP."""

import asyncio
import json
from typing import Any

import httpx

from tests.fixtures.database import connected
from tests.fixtures.market import Market

SITE = "https://www.gerd.example"
PERSON = {
    "vorname": "Petra", "nachname": "Muster", "e-mail": "Petra@Muster.example", "plz": "10115",
    "telefon": "030 1234567", "nachricht": "Bitte zurückrufen", "consent": "on",
}  # fmt: skip
GOOGLE = {
    "lead_id": "TeSter-123-ABCDEFGHIJKLMNOPQRSTUVWXYZ", "form_id": 40000000000,
    "campaign_id": 123456, "gcl_id": "Abc", "is_test": False,
    "user_column_data": [
        {"column_name": "Full Name", "string_value": "Petra Muster", "column_id": "FULL_NAME"},
        {"column_name": "Phone", "string_value": "+49 30 1234567", "column_id": "PHONE_NUMBER"},
        {"column_name": "Wann soll es losgehen?", "string_value": "sofort", "column_id": "when"},
    ],
}  # fmt: skip


async def key(market: Market, **given: Any) -> dict[str, Any]:
    """A new key of the giver."""
    body = {
        "marketplace_id": str(market.m), "kind": "form", "name": "gerd-website",
        "interest": "Wärmepumpe", "consent_text": "Meine Angaben dürfen weitergegeben werden.",
        "origins": [SITE], **given,
    }  # fmt: skip
    made = await market.gerd.post("/intake-keys", body)
    assert made.status_code == 201, made.text
    return made.json()


async def sent(market: Market, path: str, fields: dict[str, str], **headers: str) -> httpx.Response:
    """A form as a browser sends it."""
    return await market.client.post(path, data=fields, headers=headers)


async def leads(market: Market, source: str) -> list[dict[str, Any]]:
    """What the giver has of that source."""
    found = await market.gerd.get(f"/leads?as=giver&source={source}")
    return found.json()["items"]


async def test_a_form_brings_a_lead_in(market: Market) -> None:
    made = await key(market, name="one")
    told = await sent(market, made["path"], PERSON, origin=SITE)
    assert (told.status_code, told.json()) == (202, {"received": True})
    assert told.headers["access-control-allow-origin"] == SITE
    (lead,) = await leads(market, "one")
    assert (lead["state"], lead["interest"]) == ("submitted", "Wärmepumpe")
    whole = (await market.gerd.get(market.path(lead["id"]))).json()
    assert whole["prospect"]["phone"] == "+49301234567"
    assert whole["prospect"]["email"].lower() == "petra@muster.example"
    assert whole["prospect"]["answers"]["nachricht"] == "Bitte zurückrufen"
    assert "consent" not in whole["prospect"]["answers"]
    history = (await market.gerd.get(market.path(lead["id"], "/history"))).json()["items"]
    (came,) = [event for event in history if event["event"] == "came-in"]
    assert came["detail"] == {"intake_key": made["id"], "consented": True}
    assert came["colleague_name"] == "one"
    # The same again is one lead.
    assert (await sent(market, made["path"], PERSON, origin=SITE)).status_code == 202
    assert len(await leads(market, "one")) == 1


async def test_without_consent_it_stays_a_draft(market: Market) -> None:
    made = await key(market, name="two")
    unticked = {name: text for name, text in PERSON.items() if name != "consent"}
    assert (await sent(market, made["path"], unticked, origin=SITE)).status_code == 202
    (lead,) = await leads(market, "two")
    assert (lead["state"], lead["distribution_permission"]) == ("draft", False)


async def test_who_is_turned_away_leaves_nothing(market: Market) -> None:
    made = await key(market, name="three")
    path = made["path"]
    foreign = await sent(market, path, PERSON, origin="https://evil.example")
    assert (foreign.status_code, foreign.json()["type"]) == (
        403, "urn:kollegium:problem:origin-not-allowed",
    )  # fmt: skip
    assert "access-control-allow-origin" not in foreign.headers
    robot = await sent(market, path, {**PERSON, "website": "http://spam.example"}, origin=SITE)
    assert (robot.status_code, robot.json()) == (202, {"received": True})
    mute = {"vorname": "Petra", "nachname": "Muster", "consent": "on"}
    wrong = await sent(market, path, mute, origin=SITE, **{"accept-language": "de"})
    assert wrong.status_code == 400
    assert wrong.headers["access-control-allow-origin"] == SITE
    assert "E-Mail" in wrong.json()["errors"][0]["detail"]
    unknown = await sent(market, "/intake/kgf_none", PERSON, origin=SITE)
    assert unknown.status_code == 404
    google = await market.client.post(f"{path}/google", json={**GOOGLE, "google_key": "x"})
    assert google.content == unknown.content
    assert (await market.gerd.delete(f"/intake-keys/{made['id']}")).status_code == 204
    gone = await sent(market, path, PERSON, origin=SITE)
    assert gone.content == unknown.content
    assert await leads(market, "three") == []


async def test_a_page_for_people(market: Market) -> None:
    made = await key(market, name="four")
    browser = {"accept": "text/html,application/xhtml+xml", "accept-language": "de"}
    thanks = await sent(market, made["path"], PERSON, **browser)
    assert thanks.headers["content-type"].startswith("text/html")
    assert "Vielen Dank" in thanks.text
    assert "default-src 'none'" in thanks.headers["content-security-policy"]
    failed = await sent(market, made["path"], {"vorname": "Petra"}, **browser)
    assert (failed.status_code, failed.headers["content-type"]) == (400, "application/problem+json")


async def test_google_sends_a_lead_once(market: Market) -> None:
    made = await key(market, name="five", kind="google", origins=[])
    assert made["path"].endswith("/google")
    whole = {**GOOGLE, "google_key": made["secret"]}
    for body, status in (
        ({**GOOGLE, "google_key": "wrong"}, 404),
        ({**whole, "is_test": True}, 200),
        (whole, 200),
        (whole, 200),
    ):
        answer = await market.client.post(made["path"], json=body)
        assert answer.status_code == status, answer.text
    (lead,) = await leads(market, "five")
    shown = (await market.gerd.get(market.path(lead["id"]))).json()
    assert (shown["state"], shown["external_ref"]) == ("submitted", GOOGLE["lead_id"])
    assert shown["prospect"]["answers"] == {"Wann soll es losgehen?": "sofort"}
    assert shown["prospect"]["name"] == "Petra Muster"


async def test_google_need_not_ask_for_a_name(market: Market) -> None:
    made = await key(market, name="nine", kind="google", origins=[])
    answers = [{"column_id": "EMAIL", "string_value": "petra@muster.example"}]
    body = {"lead_id": "9", "google_key": made["secret"], "user_column_data": answers}
    assert (await market.client.post(made["path"], json=body)).status_code == 200
    (lead,) = await leads(market, "nine")
    shown = (await market.gerd.get(market.path(lead["id"]))).json()
    assert shown["prospect"]["name"] == "petra@muster.example"


async def test_too_much_waits(market: Market) -> None:
    made = await key(market, name="six")
    robot = {**PERSON, "website": "x"}
    told = [(await sent(market, made["path"], robot)).status_code for _ in range(21)]
    assert told == [202] * 20 + [429]


async def test_who_may_make_keys(market: Market) -> None:
    body = {
        "marketplace_id": str(market.m), "kind": "form", "name": "seven", "interest": "Dach",
        "consent_text": "Ja.", "origins": ["https://Www.Gerd.example/form"],
    }  # fmt: skip
    spelt = await market.gerd.post("/intake-keys", body)
    assert spelt.json()["errors"][0]["pointer"] == "/origins/0"
    body["origins"] = []
    taker = await market.ben.post("/intake-keys", body)
    assert taker.status_code == 403
    member = await market.anna.post("/intake-keys", body)
    assert member.status_code == 403
    outsider = await market.fritz.post("/intake-keys", body)
    assert outsider.status_code == 404
    listed = (await market.gerd.get("/intake-keys")).json()["items"]
    assert "kgf" not in json.dumps(listed)
    assert (await market.ben.get("/intake-keys")).json()["items"] == []


async def test_while_its_company_is_merged_a_form_waits(market: Market) -> None:
    made = await key(market, name="eight")
    async with connected(market.urls.superuser) as connection:
        held = connection.transaction()
        await held.start()
        await connection.execute(
            "select pg_advisory_xact_lock(app_private.company_lock_key(company_id))"
            " from app.intake_key where id = $1",
            made["id"],
        )
        form = asyncio.create_task(sent(market, made["path"], PERSON))
        await asyncio.sleep(0.5)
        assert not form.done()
        assert await leads(market, "eight") == []
        await held.rollback()
    assert (await form).status_code == 202
    assert len(await leads(market, "eight")) == 1
