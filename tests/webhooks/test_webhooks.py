"""Webhooks over HTTP: who sets them, what is shown, secrets, the log."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
from standardwebhooks import Webhook

from service.jobs.webhooks.delivery import Delivering
from service.outgoing.addresses import reach_of
from service.outgoing.sending import Courier
from tests.fixtures import clock
from tests.fixtures.database import Urls, connected
from tests.fixtures.http import Person, running
from tests.fixtures.market import Market, slug
from tests.fixtures.receiver import Receiver, receiving, status
from tests.webhooks.test_delivery import answering, no_names

ALLOWED = "127.0.0.0/8"
URL = "https://1.1.1.1/hook"


@pytest.fixture(autouse=True)
async def superuser(world_database: Urls) -> AsyncIterator[Any]:
    async with connected(world_database.superuser) as connection:
        yield connection
        await connection.execute(
            "truncate app_private.webhook, app_private.webhook_delivery cascade"
        )
        await connection.execute("truncate app_private.rate, app_private.outbox")


async def added(by: Person, url: str = URL, **given: Any) -> Any:
    made = await by.post("/webhooks", {"url": url, **given})
    assert made.status_code == 201, made.text
    return made.json()


async def deliver(urls: Urls) -> int:
    worker = await asyncpg.connect(urls.worker)
    try:
        sender = Courier(reach_of(ALLOWED), no_names, seconds=5)
        return await Delivering(sender).work(worker, asyncio.Event())
    finally:
        await worker.close()


async def log(by: Person, hook: Any) -> list[Any]:
    shown = await by.get(f"/webhooks/{hook['id']}/deliveries")
    assert shown.status_code == 200, shown.text
    return list(shown.json()["items"])


async def test_an_admin_adds_one_and_its_secret_is_shown_once(market: Market) -> None:
    made = await added(market.anna, name="CRM", kinds=["offer.opened"])
    assert made["secret"].startswith("whsec_")
    Webhook(made["secret"])
    assert made["state"] == "active"
    (listed,) = (await market.anna.get("/webhooks")).json()["items"]
    assert listed == {key: value for key, value in made.items() if key != "secret"}
    assert (listed["kinds"], listed["url"], listed["name"]) == (["offer.opened"], URL, "CRM")


async def test_only_admins_of_the_company_have_to_do_with_it(
    market: Market, superuser: Any
) -> None:
    hook = await added(market.anna)
    ping = (await market.anna.post(f"/webhooks/{hook['id']}/ping")).json()["id"]
    path = f"/webhooks/{hook['id']}"
    asked: list[tuple[str, str, Any]] = [
        ("GET", "/webhooks", None),
        ("POST", "/webhooks", {"url": URL}),
        ("PATCH", path, {"name": "x"}),
        ("DELETE", path, None),
        ("POST", f"{path}/ping", None),
        ("POST", f"{path}/rotate", None),
        ("GET", f"{path}/deliveries", None),
        ("POST", f"{path}/deliveries/{ping}/replay", None),
    ]
    for method, where, body in asked:
        for who in (market.ben, Person(market.client, "kgk_world-Firma Huber")):
            refused = await who.send(method, where, json=body, headers={"If-Match": "*"})
            assert (refused.status_code, slug(refused)) == (403, "admin-required"), (method, where)
        if where != "/webhooks":
            refused = await market.cora.send(method, where, json=body, headers={"If-Match": "*"})
            assert (refused.status_code, slug(refused)) == (404, "not-found"), (method, where)
    assert (await market.cora.get("/webhooks")).json()["items"] == []
    assert len((await market.anna.get("/webhooks")).json()["items"]) == 1
    sql = "select count(*) from app_private.webhook_secret"
    assert await superuser.fetchval(sql) == 1
    async with connected(market.urls.api) as api:
        for table in ("webhook", "webhook_secret", "webhook_delivery"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await api.fetch(f"select * from app_private.{table}")


async def test_a_repeated_request_is_answered_with_the_same_secret(market: Market) -> None:
    key = {"Idempotency-Key": "webhook-1"}
    first = await market.anna.post("/webhooks", {"url": URL}, headers=key)
    again = await market.anna.post("/webhooks", {"url": URL}, headers=key)
    assert first.json() == again.json()
    assert len(first.json()["secret"]) == 6 + 44
    Webhook(first.json()["secret"])
    rotated = f"/webhooks/{first.json()['id']}/rotate"
    once = await market.anna.post(rotated, headers={"Idempotency-Key": "rotate-1"})
    twice = await market.anna.post(rotated, headers={"Idempotency-Key": "rotate-1"})
    assert once.json() == twice.json() != first.json()


async def test_a_change_names_the_version_and_checks_the_address(market: Market) -> None:
    hook = await added(market.anna)
    path = f"/webhooks/{hook['id']}"
    assert (await market.anna.patch(path, {"name": "n8n"})).status_code == 428
    changed = await market.anna.patch(
        path, {"name": "n8n", "kinds": ["lead.won"], "url": "https://8.8.8.8:8443/x"}, etag='"1"'
    )
    assert changed.status_code == 200, changed.text
    assert changed.headers["etag"] == '"2"'
    now = changed.json()
    assert (now["name"], now["kinds"], now["url"]) == (
        "n8n", ["lead.won"], "https://8.8.8.8:8443/x",
    )  # fmt: skip
    stale = await market.anna.patch(path, {"name": "x"}, etag='"1"')
    assert (stale.status_code, slug(stale)) == (412, "version-stale")
    inside = await market.anna.patch(path, {"url": "https://10.0.0.1/"}, etag='"2"')
    assert inside.status_code == 400
    everything = await market.anna.patch(path, {"kinds": None}, etag='"2"')
    assert everything.json()["kinds"] is None
    strange = await market.anna.patch(path, {"kinds": ["lead.stolen"]}, etag='"3"')
    assert strange.status_code == 400


async def test_a_company_has_twenty_at_the_most(market: Market, superuser: Any) -> None:
    await added(market.anna)
    await superuser.execute(
        "insert into app_private.webhook (id, company_id, name, url)"
        " select app_private.new_id(), company_id, '', url from app_private.webhook,"
        " generate_series(1, 19)"
    )
    full = await market.anna.post("/webhooks", {"url": URL})
    assert (full.status_code, slug(full)) == (409, "too-many-webhooks")
    assert len((await market.anna.get("/webhooks?limit=100")).json()["items"]) == 20


async def test_from_the_ping_to_the_replay(world_database: Urls, world: Any) -> None:
    async with running(world_database.api, webhook_networks=ALLOWED) as app, receiving() as peer:
        from tests.fixtures.http import from_address

        async with from_address(app, "198.51.100.7") as client:
            anna = Person(client, world.anna.token)
            await _from_ping_to_replay(anna, peer, world_database)


async def _from_ping_to_replay(anna: Person, peer: Receiver, urls: Urls) -> None:
    hook = await added(anna, peer.url)
    path = f"/webhooks/{hook['id']}"
    sent = await anna.post(f"{path}/ping")
    assert sent.status_code == 202
    (waiting,) = await log(anna, hook)
    assert (waiting["id"], waiting["kind"]) == (sent.json()["id"], "ping")
    assert (waiting["state"], waiting["attempts"]) == ("pending", 0)
    assert waiting["next_attempt_at"] is not None
    assert await deliver(urls) == 1
    (done,) = await log(anna, hook)
    assert (done["state"], done["status"], done["next_attempt_at"]) == ("delivered", 204, None)
    rotated = (await anna.post(f"{path}/rotate")).json()
    replay = f"{path}/deliveries/{done['id']}/replay"
    assert (await anna.post(replay)).status_code == 202
    assert await deliver(urls) == 1
    first, again = peer.posted
    assert first.headers["webhook-id"] == again.headers["webhook-id"] == done["id"]
    for secret in (hook["secret"], rotated["secret"]):
        Webhook(secret).verify(again.body, again.headers)
    third = (await anna.post(f"{path}/rotate")).json()["secret"]
    await anna.post(replay)
    await deliver(urls)
    signatures = peer.posted[-1].headers["webhook-signature"].split(" ")
    assert len(signatures) == 2, "never more than two"
    for secret in (rotated["secret"], third):
        Webhook(secret).verify(peer.posted[-1].body, peer.posted[-1].headers)
    peer.answer = answering(status(410))
    await anna.post(replay)
    assert await deliver(urls) == 0
    for refused in (await anna.post(replay), await anna.post(f"{path}/ping")):
        assert (refused.status_code, slug(refused)) == (409, "webhook-not-active")
        assert refused.json()["state"] == "gone"
    back = await anna.patch(path, {"state": "active"}, etag="*")
    assert (back.json()["state"], back.json()["failing_since"]) == ("active", None)
    off = await anna.patch(path, {"state": "off"}, etag="*")
    assert off.json()["state"] == "off"
    assert (await anna.delete(path)).status_code == 204
    assert (await anna.get(f"{path}/deliveries")).status_code == 404


async def test_the_log_is_read_page_by_page(market: Market) -> None:
    hook = await added(market.anna)
    sent = [(await market.anna.post(f"/webhooks/{hook['id']}/ping")).json()["id"] for _ in range(5)]
    path, found, cursor = f"/webhooks/{hook['id']}/deliveries?limit=2", [], ""
    while cursor is not None:
        page = (await market.anna.get(path + (f"&cursor={cursor}" if cursor else ""))).json()
        found += [one["id"] for one in page["items"]]
        cursor = page["next_cursor"]
    assert found == sent[::-1]


async def test_nobody_uses_it_to_knock_at_doors(market: Market, superuser: Any) -> None:
    hook = await added(market.anna)
    # Else a busy machine takes longer than the time that gives one back.
    await clock.stop(superuser, await superuser.fetchval("select now()"))
    answers = [await market.anna.post(f"/webhooks/{hook['id']}/ping") for _ in range(61)]
    await clock.right(superuser)
    codes = [one.status_code for one in answers]
    # The sixtieth may come a moment earlier in its transaction than the first did in its own.
    assert (codes[:59], codes[-1]) == ([202] * 59, 429)
    assert int(answers[-1].headers["Retry-After"]) > 0
