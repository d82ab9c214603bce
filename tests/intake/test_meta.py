"""Meta's lead ads: its handshake, signed notifications, and leads fetched from a peer on loopback
that plays the Graph API. Nothing is timed: what is due is made so by hand."""

import asyncio
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import asyncpg
import httpx
import pytest

from service.jobs.meta.fetching import Fetching
from service.outgoing.addresses import reach_of
from service.outgoing.sending import Courier
from tests.fixtures.database import connected
from tests.fixtures.market import Market
from tests.fixtures.receiver import Posted, Receiver, receiving, said, status
from tests.intake.test_intake import key, leads

SECRET = "0123456789abcdef0123456789abcdef"
TOKEN = "EAABpageTokenOfGerd0123456789"
ACCESS = {"app_secret": SECRET, "access_token": TOKEN}
PETRA = {
    "id": "444444444444444", "created_time": "2026-10-05T10:00:00+0000",
    "field_data": [
        {"name": "full_name", "values": ["Petra Muster"]},
        {"name": "phone_number", "values": ["+493012345679"]},
        {"name": "post_code", "values": ["10115"]},
        {"name": "wann_soll_es_losgehen?", "values": ["sofort"]},
    ],
}  # fmt: skip


def refusal(code: int, status: int = 400) -> bytes:
    """How Graph refuses; its text names what it likes."""
    error = {"message": "Petra", "type": "OAuthException", "code": code, "fbtrace_id": "x"}
    return said(status, json.dumps({"error": error}))


def notification(*numbers: Any, field: str = "leadgen") -> bytes:
    """As Meta writes it: numbers as texts, umlauts escaped."""
    changes = [
        {"field": field, "value": {
            "leadgen_id": number, "page_id": "123", "form_id": "456", "created_time": 1791194400,
            "adgroup_id": "0", "ad_id": "0"}}
        for number in numbers
    ]  # fmt: skip
    return json.dumps(
        {"object": "page", "entry": [{"id": "ä", "time": 1, "changes": changes}]}
    ).encode()


async def notified(
    market: Market, path: str, body: bytes, secret: str = SECRET, **headers: str
) -> httpx.Response:
    """Signed over its bytes."""
    signature = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    given = {
        "content-type": "application/json", "x-hub-signature-256": f"sha256={signature}", **headers,
    }  # fmt: skip
    return await market.client.post(path, content=body, headers=given)


@pytest.fixture
async def graph() -> AsyncIterator[Receiver]:
    async with receiving() as one:
        yield one


async def fetch(market: Market, graph: Receiver, seconds: float = 15.0) -> int:
    """One round of the worker's job, whatever was due later being due now."""
    async with connected(market.urls.superuser) as superuser:
        await superuser.execute(
            "update app_private.meta_lead set due_at = now(), lease_until = null"
        )
    courier = Courier(reach_of("127.0.0.0/8"), _no_names, seconds=seconds)
    worker = await asyncpg.connect(market.urls.worker)
    try:
        base = f"http://127.0.0.1:{graph.port}/v24.0"
        return await Fetching(courier, base).work(worker, asyncio.Event())
    finally:
        await worker.close()


async def _no_names(host: str, port: int) -> list[str]:
    raise AssertionError(host)


async def named(market: Market, number: str) -> Any:
    """What is kept of a lead that was named."""
    async with connected(market.urls.superuser) as superuser:
        return await superuser.fetchrow(
            "select *, round(extract(epoch from due_at - now()))::integer as due_in"
            " from app_private.meta_lead where leadgen_id = $1",
            number,
        )


async def mails(market: Market, template: str) -> list[str]:
    async with connected(market.urls.superuser) as superuser:
        sql = "select payload::text from app_private.outbox where template = $1"
        return [row[0] for row in await superuser.fetch(sql, template)]


def answering(*answers: bytes) -> Any:
    left = list(answers)

    async def answer(_: Posted) -> bytes:
        return left.pop(0) if len(left) > 1 else left[0]

    return answer


async def meta_key(market: Market, name: str, **given: Any) -> dict[str, Any]:
    made = await key(market, name=name, kind="meta", origins=[], meta=ACCESS, **given)
    assert made["path"].endswith("/meta")
    return made


async def test_meta_asks_and_is_answered(market: Market) -> None:
    made = await meta_key(market, "meta-one")
    asked = {
        "hub.mode": "subscribe", "hub.challenge": "1158201444", "hub.verify_token": made["secret"],
    }  # fmt: skip
    told = await market.client.get(made["path"], params=asked)
    assert (told.status_code, told.text) == (200, "1158201444")
    assert told.headers["content-type"].startswith("text/plain")
    wrong = await market.client.get(made["path"], params={**asked, "hub.verify_token": "x"})
    other = await market.client.get("/intake/kgf_none/meta", params=asked)
    assert (wrong.status_code, wrong.content) == (404, other.content)
    markup = await market.client.get(made["path"], params={**asked, "hub.challenge": "<b>"})
    assert markup.status_code == 400
    listed = (await market.gerd.get("/intake-keys")).text
    assert SECRET not in listed
    assert TOKEN not in listed


async def test_a_named_lead_is_fetched_and_comes_in_once(market: Market, graph: Receiver) -> None:
    made = await meta_key(market, "meta-two")
    graph.answer = answering(said(200, json.dumps(PETRA)))
    for _ in range(2):
        told = await notified(
            market, made["path"], notification("444444444444444", 444444444444444)
        )
        assert (told.status_code, told.json()) == (200, {"received": True})
    assert await leads(market, "meta-two") == []
    assert await fetch(market, graph) == 1
    (asked,) = graph.posted
    address = urlsplit(asked.path)
    assert address.path == "/v24.0/444444444444444"
    proof = hmac.new(SECRET.encode(), TOKEN.encode(), hashlib.sha256).hexdigest()
    assert parse_qs(address.query)["appsecret_proof"] == [proof]
    assert TOKEN not in asked.path
    assert asked.headers["authorization"] == f"Bearer {TOKEN}"
    (lead,) = await leads(market, "meta-two")
    shown = (await market.gerd.get(market.path(lead["id"]))).json()
    assert (shown["state"], shown["external_ref"]) == ("submitted", "444444444444444")
    assert shown["prospect"]["name"] == "Petra Muster"
    assert shown["prospect"]["phone"] == "+493012345679"
    assert "sofort" in shown["prospect"]["answers"].values()
    assert shown["received_at"].startswith("2026-10-05T10:00:00")
    # Meta sends what it is not sure of again, and so does whoever copies a notification.
    assert (
        await notified(market, made["path"], notification("444444444444444"))
    ).status_code == 200
    assert await fetch(market, graph) == 0
    assert len(await leads(market, "meta-two")) == 1


async def test_who_does_not_sign_leaves_nothing(market: Market) -> None:
    made = await meta_key(market, "meta-three")
    body = notification("3001")
    unknown = await notified(market, "/intake/kgf_none/meta", body)
    assert unknown.status_code == 404
    for told in (
        await notified(market, made["path"], body, secret=SECRET[::-1]),
        await notified(market, made["path"], body, **{"x-hub-signature-256": "sha256="}),
        await notified(market, made["path"], body, **{"x-hub-signature-256": "sha1=" + 64 * "a"}),
        await notified(market, made["path"] + "?", body.replace(b"3001", b"3002"), secret="x" * 16),
    ):
        assert (told.status_code, told.content) == (404, unknown.content)
    sent = await market.client.post(made["path"], json={"object": "page", "entry": []})
    assert sent.status_code == 404
    assert await named(market, "3001") is None
    # The same bytes in another order of signs are another body: the signature is of what came.
    signed = hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    told = await market.client.post(
        made["path"], content=body + b" ",
        headers={"content-type": "application/json", "x-hub-signature-256": f"sha256={signed}"},
    )  # fmt: skip
    assert told.status_code == 404
    # Control: signed it is kept; what happened besides to the page is not.
    assert (
        await notified(market, made["path"], notification("3003", field="feed"))
    ).status_code == 200
    assert (await notified(market, made["path"], body)).status_code == 200
    assert await named(market, "3003") is None
    assert (await named(market, "3001"))["state"] == "waiting"
    for wrong in (["x"], [{"leadgen_id": "1; drop"}]):
        change = {"field": "leadgen", "value": wrong[0]}
        bad = json.dumps({"object": "page", "entry": [{"changes": [change]}]}).encode()
        assert (await notified(market, made["path"], bad)).status_code == 400
    assert (await market.gerd.delete(f"/intake-keys/{made['id']}")).status_code == 204
    assert (await notified(market, made["path"], body)).content == unknown.content
    assert (await named(market, "3001"))["failure"] == "key-revoked"
    async with connected(market.urls.superuser) as superuser:
        sql = "select count(*) from app_private.meta_access where intake_key_id = $1"
        assert await superuser.fetchval(sql, made["id"]) == 0


async def test_a_void_token_is_told_and_all_waits_for_another(
    market: Market, graph: Receiver
) -> None:
    made = await meta_key(market, "meta-four")
    graph.answer = answering(refusal(190))
    await notified(market, made["path"], notification("4001", "4002"))
    assert await fetch(market, graph) == 0
    shown = (await market.gerd.get("/intake-keys")).json()["items"][0]
    assert (shown["name"], shown["failure"]) == ("meta-four", "token-refused")
    assert shown["failing_since"] is not None
    assert len(await mails(market, "meta-token-refused")) == 1
    assert "Petra" not in json.dumps([dict(await named(market, "4001"))], default=str)
    # Nobody asks by a token that is void; what is named meanwhile is kept.
    asked = len(graph.posted)
    await notified(market, made["path"], notification("4003"))
    assert await fetch(market, graph) == 0
    assert len(graph.posted) == asked
    assert (await named(market, "4001"))["attempts"] == 0
    member = await market.ben.put(f"/intake-keys/{made['id']}/meta", json=ACCESS)
    assert member.status_code == 403
    graph.answer = answering(said(200, json.dumps(PETRA)))
    renewed = {**ACCESS, "access_token": "EAABanotherToken0123456789"}
    told = await market.gerd.put(f"/intake-keys/{made['id']}/meta", json=renewed)
    assert told.status_code == 204
    assert await fetch(market, graph) == 3
    assert graph.posted[-1].headers["authorization"] == f"Bearer {renewed['access_token']}"
    shown = (await market.gerd.get("/intake-keys")).json()["items"][0]
    assert (shown["failure"], shown["failing_since"]) == (None, None)
    assert len(await mails(market, "meta-token-refused")) == 1


async def test_what_graph_does_not_give_now_is_asked_for_again(
    market: Market, graph: Receiver
) -> None:
    made = await meta_key(market, "meta-five")
    await notified(market, made["path"], notification("5001"))
    for answer, failure, pause in (
        (status(503), "status-503", 60),
        (status(429), "too-many-requests", 300),
        (refusal(4, 403), "too-many-requests", 900),
        (b"", "broken", 3600),
        (said(200, "{"), "answer-unreadable", 14400),
        (status(302, "Location: http://127.0.0.1:1/"), "status-302", 28800),
        (said(200, '{"field_data": [' + 300_000 * " " + "]}"), "too-large", 28800),
        (refusal(100), "not-found", 28800),
    ):
        graph.answer = answering(answer)
        assert await fetch(market, graph) == 0
        row = await named(market, "5001")
        assert (row["state"], row["failure"]) == ("waiting", failure)
        assert abs(row["due_in"] - pause) < 60
    graph.answer = graph.never
    assert await fetch(market, graph, seconds=0.2) == 0
    assert (await named(market, "5001"))["failure"] == "timeout"
    shown = (await market.gerd.get("/intake-keys")).json()["items"][0]
    assert (shown["name"], shown["failure"]) == ("meta-five", None)
    graph.answer = answering(said(200, json.dumps(PETRA)))
    assert await fetch(market, graph) == 1
    assert len(await leads(market, "meta-five")) == 1


async def test_what_never_comes_is_told_and_tried_on(market: Market, graph: Receiver) -> None:
    made = await meta_key(market, "meta-six")
    await notified(market, made["path"], notification("6001", "6002"))
    async with connected(market.urls.superuser) as superuser:
        sql = "update app_private.meta_lead set attempts = 20 where leadgen_id like '600_'"
        await superuser.execute(sql)
    graph.answer = answering(status(500))
    await fetch(market, graph)
    assert (await named(market, "6001"))["state"] == "waiting"
    (told,) = await mails(market, "meta-lead-missed")  # one a day
    assert json.loads(told)["failure"] == "status-500"
    async with connected(market.urls.superuser) as superuser:
        await superuser.execute(
            "update app_private.meta_lead set heard_at = now() - interval '86 days'"
            " where leadgen_id = '6001'"
        )
    await fetch(market, graph)
    assert (await named(market, "6001"))["state"] == "failed"
    # Who enters access anew wants it tried again.
    await market.gerd.put(f"/intake-keys/{made['id']}/meta", json=ACCESS)
    assert (await named(market, "6001"))["state"] == "waiting"
    graph.answer = answering(refusal(10, 403))
    await fetch(market, graph)
    shown = (await market.gerd.get("/intake-keys")).json()["items"][0]
    assert (shown["name"], shown["failure"]) == ("meta-six", "permission-missing")
    assert len(await mails(market, "meta-permission-missing")) == 1


async def test_what_is_no_lead_of_a_person(market: Market, graph: Receiver) -> None:
    made = await meta_key(market, "meta-seven")
    dummy = {
        "field_data": [{"name": "full_name", "values": ["<test lead: dummy data for full_name>"]}]
    }
    mute = {"field_data": [{"name": "full_name", "values": ["Petra Muster"]}]}
    boxes = [{"checkbox_key": "a", "is_checked": "1"}, {"checkbox_key": "b", "is_checked": ""}]
    unticked = {**PETRA, "custom_disclaimer_responses": boxes}
    for number, lead in (("7001", dummy), ("7002", mute), ("7003", unticked)):
        await notified(market, made["path"], notification(number))
        graph.answer = answering(said(200, json.dumps(lead)))
        await fetch(market, graph)
    assert (await named(market, "7001"))["state"] == "taken"
    row = await named(market, "7002")
    assert (row["state"], row["failure"]) == ("failed", "lead-unreadable")
    (lead,) = await leads(market, "meta-seven")
    assert (lead["state"], lead["distribution_permission"]) == ("draft", False)


async def test_two_workers_and_one_that_was_overtaken(market: Market, graph: Receiver) -> None:
    made = await meta_key(market, "meta-eight")
    await notified(market, made["path"], notification("8001"))
    claim = "select * from app.claim_meta_leads(10, $1)"
    take = "select app.take_meta_lead($1, $2, $3, $4, $5)"
    lead = json.dumps({"interest": "Dach", "tags": [], "distribution_permission": True,
                       "submit": True, "external_ref": "8001",
                       "prospect": {"name": "Petra", "email": "petra@muster.example"}})  # fmt: skip
    one, two = await asyncpg.connect(market.urls.worker), await asyncpg.connect(market.urls.worker)
    try:
        (first,) = await one.fetch(claim, 60)
        assert await two.fetch(claim, 60) == []
        async with connected(market.urls.superuser) as superuser:
            await superuser.execute("update app_private.meta_lead set lease_until = now()")
        (second,) = await two.fetch(claim, 60)
        which = first["marketplace_id"], first["intake_key_id"], "8001"
        assert await one.fetchval(take, *which, first["attempt"], lead) is False
        assert await leads(market, "meta-eight") == []
        assert await two.fetchval(take, *which, second["attempt"], lead) is True
        assert await two.fetchval(take, *which, second["attempt"], lead) is False
    finally:
        await one.close()
        await two.close()
    assert len(await leads(market, "meta-eight")) == 1


async def test_keys_of_meta_need_access_and_others_have_none(market: Market) -> None:
    body = {
        "marketplace_id": str(market.m), "kind": "meta", "name": "meta-nine", "interest": "Dach",
        "consent_text": "Ja.",
    }  # fmt: skip
    without = await market.gerd.post("/intake-keys", body)
    assert without.json()["errors"][0]["pointer"] == "/meta"
    form = await market.gerd.post("/intake-keys", {**body, "kind": "form", "meta": ACCESS})
    assert form.json()["errors"][0]["pointer"] == "/meta"
    made = await key(market, name="meta-ten")
    told = await market.gerd.put(f"/intake-keys/{made['id']}/meta", json=ACCESS)
    assert told.status_code == 404
