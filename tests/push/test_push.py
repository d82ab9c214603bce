"""Browsers that are told of offers: subscribed over HTTP, pushed to a push service on loopback that
decrypts as a browser does. Nothing is timed: what is due is made so by hand."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest
import pytest_asyncio
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from service.jobs.push.delivery import Pushing
from service.outgoing.addresses import reach_of
from service.outgoing.sending import Courier
from service.outgoing.webpush import Browser, KeyUnusable, encrypted, new_key, public_key
from service.settings import SettingMissing
from tests.fixtures.database import Urls, connected
from tests.fixtures.http import Edge, Person, log_in, running
from tests.fixtures.market import Market
from tests.fixtures.receiver import Posted, Receiver, status

KEY = new_key()


def b64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


def raw(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Client:
    """A browser: its keys, and its place at the push service."""

    def __init__(self, pushes: "PushService", name: str) -> None:
        self.private = ec.generate_private_key(ec.SECP256R1())
        self.auth = (name * 16).encode()[:16]
        self.endpoint = f"http://127.0.0.1:{pushes.port}/push/{name}"

    @property
    def public(self) -> bytes:
        return self.private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def subscription(self) -> dict[str, Any]:
        keys = {"p256dh": b64(self.public), "auth": b64(self.auth)}
        return {"endpoint": self.endpoint, "expirationTime": None, "keys": keys}

    def read(self, body: bytes) -> dict[str, Any]:
        """RFC 8291, as its receiver."""
        salt, size, theirs = body[:16], body[20], body[21 : 21 + body[20]]
        point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), theirs)
        shared = self.private.exchange(ec.ECDH(), point)
        info = b"WebPush: info\0" + self.public + theirs
        secret = HKDF(hashes.SHA256(), 32, self.auth, info).derive(shared)
        key = HKDF(hashes.SHA256(), 16, salt, b"Content-Encoding: aes128gcm\0").derive(secret)
        nonce = HKDF(hashes.SHA256(), 12, salt, b"Content-Encoding: nonce\0").derive(secret)
        plain = AESGCM(key).decrypt(nonce, body[21 + size :], None)
        assert plain.endswith(b"\2")
        return json.loads(plain[:-1])


class PushService(Receiver):
    """A push service: keeps bodies as bytes."""

    bodies: list[bytes]

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
        headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in head[1:] if line)}
        self.bodies.append(await reader.readexactly(int(headers["content-length"])))
        self.posted.append(one := Posted(head[0].split()[1], headers, ""))
        writer.write(status(201) if self.answer is None else await self.answer(one))
        await writer.drain()
        writer.close()


@pytest_asyncio.fixture(scope="module")
async def service(world_database: Urls) -> AsyncIterator[Edge]:
    """The application, whose push services are on loopback."""
    networks = {"webhook_networks": "127.0.0.0/8", "vapid_key": KEY}
    async with running(world_database.api, **networks) as app:
        yield app


@pytest.fixture
async def pushes(market: Market) -> AsyncIterator[PushService]:
    one = PushService()
    one.bodies = []
    server = await asyncio.start_server(one.take, "127.0.0.1", 0)
    one.port = server.sockets[0].getsockname()[1]
    async with connected(market.urls.superuser) as superuser:
        await superuser.execute("truncate app_private.push_subscription cascade")
        await superuser.execute("delete from app_private.notice_preference")
        await superuser.execute("delete from app_private.rate")
    await push(market)  # what happened before
    yield one
    one.over.set()
    server.close()


async def push(market: Market) -> int:
    """One round of the worker's job, with what was due later due now."""
    async with connected(market.urls.superuser) as superuser:
        await superuser.execute(
            "update app_private.push_message set due_at = now() where attempts > 0"
        )
    courier = Courier(reach_of("127.0.0.0/8"), _no_names)
    worker = await asyncpg.connect(market.urls.worker)
    try:
        pushing = Pushing(courier, KEY, "https://kollegium.example")
        return await pushing.work(worker, asyncio.Event())
    finally:
        await worker.close()


async def _no_names(host: str, port: int) -> list[str]:
    raise AssertionError(host)


async def subscribed(who: Person, client: Client) -> str:
    told = await who.post("/me/push-subscriptions", client.subscription())
    assert told.status_code == 201, told.text
    return str(told.json()["id"])


async def rows(market: Market, sql: str) -> Any:
    async with connected(market.urls.superuser) as superuser:
        return await superuser.fetchval(sql)


MESSAGES = "select count(*) from app_private.push_message"


async def test_an_offer_is_pushed_to_the_browsers_of_its_company(
    market: Market, pushes: PushService
) -> None:
    shown = (await market.client.get("/push/key")).json()
    assert shown == {"key": public_key(KEY)}
    anna, cora = Client(pushes, "anna"), Client(pushes, "cora")
    one = await subscribed(market.anna, anna)
    assert await subscribed(market.anna, anna) == one  # the same browser again
    await subscribed(market.cora, cora)
    await push(market)
    lead = await market.offered(market.world.huber)
    assert await push(market) == 1
    (posted,) = pushes.posted
    assert posted.path == "/push/anna"
    assert posted.headers["content-encoding"] == "aes128gcm"
    assert 0 < int(posted.headers["ttl"]) <= 28 * 86400
    vapid = dict(part.split("=", 1) for part in posted.headers["authorization"][6:].split(", "))
    assert vapid["k"] == shown["key"]
    signed, _, signature = vapid["t"].rpartition(".")
    claims = signed.partition(".")[2]
    assert json.loads(raw(claims))["aud"] == f"http://127.0.0.1:{pushes.port}"
    numbers = (int.from_bytes(half, "big") for half in (raw(signature)[:32], raw(signature)[32:]))
    sender = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), raw(vapid["k"]))
    sender.verify(encode_dss_signature(*numbers), signed.encode(), ec.ECDSA(hashes.SHA256()))
    told = anna.read(pushes.bodies[0])
    assert (told["kind"], told["count"], told["path"]) == ("offer.opened", 1, "/app/offers")
    assert (told["lead_id"], told["title"]) == (lead, "Neuer Lead")
    assert set(told) <= {
        "id", "kind", "count", "title", "path", "ends_at", "marketplace_id", "lead_id",
    }  # fmt: skip
    with pytest.raises(InvalidTag):
        cora.read(pushes.bodies[0])
    assert await push(market) == 0
    listed = (await market.anna.get("/me/push-subscriptions")).json()["items"]
    assert [(i["id"], i["current"], i["pushed_at"] is not None) for i in listed] == [
        (one, True, True)
    ]
    assert (await market.cora.delete(f"/me/push-subscriptions/{one}")).status_code == 404
    assert (await market.anna.delete(f"/me/push-subscriptions/{one}")).status_code == 204
    await market.offered(market.world.huber)
    assert await push(market) == 0


async def test_as_he_chose_for_mails(market: Market, pushes: PushService) -> None:
    anna, ben = Client(pushes, "anna"), Client(pushes, "ben")
    await subscribed(market.anna, anna)
    await subscribed(market.ben, ben)
    choice = {"time_zone": "Europe/Berlin", "digest_time": "08:00"}
    await market.anna.put("/me/notices", {**choice, "kinds": {"offers": "never"}})
    await market.ben.put("/me/notices", {**choice, "kinds": {"offers": "digest"}})
    await push(market)
    await market.offered(market.world.huber)
    gone = await market.offered(market.world.huber)
    await market.offered(market.world.huber)
    assert await push(market) == 0
    assert await rows(market, MESSAGES) == 3
    # What is over when his digest is due is not told; the others are one push.
    assert (await market.ben.post(market.path(gone, "/pick"))).status_code == 200
    await rows(market, "with u as (update app_private.push_message set due_at = now()) select 1")
    assert await push(market) == 1
    told = ben.read(pushes.bodies[0])
    assert (told["count"], told["title"]) == (2, "2 neue Leads")
    assert "lead_id" not in told
    assert await rows(market, MESSAGES) == 0


@pytest.mark.parametrize("code", [404, 410])
async def test_a_browser_that_is_gone_is_forgotten(
    market: Market, pushes: PushService, code: int
) -> None:
    await subscribed(market.anna, Client(pushes, "anna"))
    await push(market)
    await market.offered(market.world.huber)

    async def gone(_: Posted) -> bytes:
        return status(code)

    pushes.answer = gone
    assert await push(market) == 0
    assert (await market.anna.get("/me/push-subscriptions")).json() == {"items": []}
    assert await rows(market, MESSAGES) == 0


async def test_what_is_not_taken_now_comes_again(market: Market, pushes: PushService) -> None:
    anna = Client(pushes, "anna")
    await subscribed(market.anna, anna)
    await push(market)
    await market.offered(market.world.huber)
    answers = [status(503), status(429), b""]

    async def later(_: Posted) -> bytes:
        return answers.pop(0)

    pushes.answer = later
    for _ in range(3):
        assert await push(market) == 0
        assert await rows(market, MESSAGES) == 1
    pushes.answer = None
    assert await push(market) == 1
    ids = {anna.read(body)["id"] for body in pushes.bodies}
    assert len(ids) == 1

    async def refused(_: Posted) -> bytes:
        return status(413)

    pushes.answer = refused
    await market.offered(market.world.huber)
    assert await push(market) == 0
    assert await rows(market, MESSAGES) == 0  # that one, not the browser
    await rows(
        market,
        "with u as (update app_private.push_subscription set failing_since = now() -"
        " interval '15 days') select 1",
    )
    await market.offered(market.world.huber)
    assert await push(market) == 0
    assert (await market.anna.get("/me/push-subscriptions")).json() == {"items": []}


async def test_it_ends_with_the_log_out_and_with_the_colleague(
    market: Market, pushes: PushService
) -> None:
    first = await log_in(market.client, "ben@huber.example")
    second = await log_in(market.client, "ben@huber.example")
    await subscribed(first, Client(pushes, "first"))
    await subscribed(second, Client(pushes, "second"))
    await push(market)
    # A session that only ran out leaves it.
    await rows(
        market,
        "with u as (update app_private.bearer set expires_at = now() - interval '1 hour' where"
        " token_sha256 in (select token_sha256 from app_private.push_subscription where endpoint"
        " like '%second')) select 1",
    )
    assert (await first.delete("/sessions/current")).status_code == 204
    await market.offered(market.world.huber)
    assert await push(market) == 1
    assert [one.path for one in pushes.posted] == ["/push/second"]
    ben = market.world.ben.id
    told = await market.anna.patch(
        f"/colleagues/{ben}", {"active": False}, headers={"If-Match": "*"}
    )
    assert told.status_code == 200
    assert await rows(market, "select count(*) from app_private.push_subscription") == 0
    await market.anna.patch(f"/colleagues/{ben}", {"active": True}, headers={"If-Match": "*"})


async def test_who_may_subscribe_and_to_what(market: Market, pushes: PushService) -> None:
    client = Client(pushes, "anna")
    key = Person(market.client, "kgk_world-Firma Huber")
    assert (await key.post("/me/push-subscriptions", client.subscription())).status_code == 403
    for wrong, pointer in (
        ({"endpoint": "https://10.0.0.1/push"}, "/endpoint"),
        ({"endpoint": "https://user@1.1.1.1/push"}, "/endpoint"),
        ({"keys": {"p256dh": "BZ" + "A" * 85, "auth": "A" * 22}}, "/keys/p256dh"),
        ({"more": 1}, "/more"),
    ):
        told = await market.anna.post("/me/push-subscriptions", {**client.subscription(), **wrong})
        assert told.status_code == 400
        assert told.json()["errors"][0]["pointer"] == pointer
    # Whoever logs in at a browser takes it over; of many of one colleague ten stay.
    await subscribed(market.anna, client)
    await subscribed(market.dora, client)
    assert (await market.anna.get("/me/push-subscriptions")).json() == {"items": []}
    for number in range(11):
        await subscribed(market.dora, Client(pushes, f"dora{number}"))
    assert len((await market.dora.get("/me/push-subscriptions")).json()["items"]) == 10


def test_as_the_standard_writes_it() -> None:
    """RFC 8291, section 5."""
    browser = Browser(
        "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
        "BTBZMqHH6r4Tts7J_aSIgg",
    )
    key, salt = raw("yfWPiYE-n46HLnH0KqZOF1fJJU3MYrct3AELtAQ-oRw"), raw("DGv6ra1nlYgDCS1FRnbzlw")
    said = encrypted(b"When I grow up, I want to be a watermelon", browser, key=key, salt=salt)
    assert b64(said) == (
        "DGv6ra1nlYgDCS1FRnbzlwAAEABBBP4z9KsN6nGRTbVYI_c7VJSPQTBtkgcy27ml"
        "mlMoZIIgDll6e3vCYLocInmYWAmS6TlzAC8wEqKK6PBru3jl7A_yl95bQpu6cVPT"
        "pK4Mqgkf1CXztLVBSt2Ks3oZwbuwXPXLWyouBWLVWGNWQexSgSxsj_Qulcy4a-fN"
    )
    with pytest.raises(KeyUnusable):
        encrypted(b"x", Browser("B" * 87, "A" * 22))
    for wrong in ("", "x", "A" * 42 + "=", "A" * 43):
        with pytest.raises(SettingMissing):
            public_key(wrong or "-")
