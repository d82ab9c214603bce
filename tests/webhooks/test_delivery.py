"""Delivery to real receivers on loopback that take, refuse, stall, redirect and drop.

Nothing is timed: what an attempt came to stands in the log, and what is due is made so by hand.
"""

import asyncio
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from service.jobs.webhooks.delivery import Delivering
from service.outgoing.addresses import Reach, reach_of
from service.outgoing.sending import Courier
from tests.fixtures.certificates import certificate_for_localhost
from tests.fixtures.database import Urls, connected
from tests.fixtures.receiver import Posted, Receiver, receiving, status

LOOPBACK = reach_of("127.0.0.0/8")
SECRET = "whsec_" + "a" * 42 + "=="
FORMER = "whsec_" + "b" * 42 + "=="
SCHEDULE = [5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400]


@pytest.fixture
async def superuser(urls: Urls) -> AsyncIterator[Any]:
    async with connected(urls.superuser) as connection:
        await connection.execute(
            "truncate app_private.webhook, app_private.webhook_secret, app_private.outbox, "
            "app_private.webhook_delivery, app.company, app.colleague cascade"
        )
        yield connection


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as one:
        yield one


async def no_names(host: str, port: int) -> list[str]:
    raise AssertionError(host)


def delivery(seconds: float = 15.0, reach: Reach = LOOPBACK, **more: Any) -> Delivering:
    return Delivering(Courier(reach, no_names, seconds=seconds), **more)


async def deliver(worker: Any, **how: Any) -> int:
    return await delivery(**how).work(worker, asyncio.Event())


async def webhook(superuser: Any, url: str, secrets: tuple[str, ...] = (SECRET,)) -> UUID:
    """One of a new company with an admin, Anna, and a member, Ben."""
    company, one = uuid4(), uuid4()
    sql = "insert into app.company (id, name) values ($1, 'Firma Huber')"
    await superuser.execute(sql, company)
    for name, role in (("anna", "admin"), ("ben", "member")):
        await superuser.execute(
            "insert into app.colleague (id, company_id, email, name, role, language)"
            " values ($1, $2, $3, $4, $5, 'de')",
            uuid4(), company, f"{name}@{company.hex[:8]}.example", name, role,
        )  # fmt: skip
    await superuser.execute(
        "insert into app_private.webhook (id, company_id, name, url) values ($1, $2, 'CRM', $3)",
        one, company, url,
    )  # fmt: skip
    for secret in secrets:
        await superuser.execute(
            "insert into app_private.webhook_secret (webhook_id, secret) values ($1, $2)",
            one, secret,
        )  # fmt: skip
    return one


async def pending(superuser: Any, hook: UUID, count: int = 1) -> list[UUID]:
    return [
        await superuser.fetchval(
            "insert into app_private.webhook_delivery (webhook_id, id, kind, payload)"
            " select $1, i, 'ping', app_private.webhook_payload('ping', i, now(), '{}')"
            " from app_private.new_id() i returning id",
            hook,
        )
        for _ in range(count)
    ]


async def row(superuser: Any, one: UUID) -> Any:
    return await superuser.fetchrow(
        "select *, round(extract(epoch from due_at - now()))::integer as due_in"
        " from app_private.webhook_delivery where id = $1",
        one,
    )


async def due_again(superuser: Any) -> None:
    await superuser.execute("update app_private.webhook_delivery set due_at = now()")


async def state(superuser: Any, hook: UUID) -> str:
    sql = "select state from app_private.webhook where id = $1"
    return str(await superuser.fetchval(sql, hook))


async def mails(superuser: Any) -> list[tuple[str, str]]:
    rows = await superuser.fetch("select template, recipient from app_private.outbox")
    return [(row["template"], row["recipient"].split("@")[0]) for row in rows]


def answering(*answers: bytes) -> Any:
    """One answer after the other, the last one from then on."""
    left = list(answers)

    async def answer(_: Posted) -> bytes:
        return left.pop(0) if len(left) > 1 else left[0]

    return answer


async def test_a_delivery_is_signed_with_all_secrets_and_says_ids_alone(
    superuser: Any, worker: Any, receiver: Receiver
) -> None:
    hook = await webhook(superuser, receiver.url, (SECRET, FORMER))
    [one] = await pending(superuser, hook)
    assert await deliver(worker) == 1
    assert await deliver(worker) == 0
    [posted] = receiver.posted
    for secret in (SECRET, FORMER):
        said = Webhook(secret).verify(posted.body, posted.headers)
        assert said["type"] == "ping"
        assert said["data"]["id"] == posted.headers["webhook-id"] == str(one)
        assert said["timestamp"] == said["data"]["at"]
        assert said["timestamp"].endswith("Z")
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + "c" * 42 + "==").verify(posted.body, posted.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(posted.body.replace("ping", "pong"), posted.headers)
    assert posted.headers["content-type"] == "application/json"
    found = await row(superuser, one)
    assert (found["state"], found["status"], found["failure"]) == ("delivered", 204, None)
    assert found["lease_until"] is None


async def test_a_secret_that_ended_signs_no_more(
    superuser: Any, worker: Any, receiver: Receiver
) -> None:
    hook = await webhook(superuser, receiver.url, (SECRET, FORMER))
    await superuser.execute(
        "update app_private.webhook_secret set ends_at = now() where secret = $1", FORMER
    )
    await pending(superuser, hook)
    await deliver(worker)
    signatures = receiver.posted[0].headers["webhook-signature"]
    assert len(signatures.split(" ")) == 1
    Webhook(SECRET).verify(receiver.posted[0].body, receiver.posted[0].headers)


async def test_what_is_not_taken_comes_again_by_the_schedule_with_its_id(
    superuser: Any, worker: Any, receiver: Receiver
) -> None:
    hook = await webhook(superuser, receiver.url)
    [one] = await pending(superuser, hook)
    receiver.answer = answering(status(500))
    for attempt, pause in enumerate(SCHEDULE, 1):
        await deliver(worker)
        assert await deliver(worker) == 0, "it was not due"
        found = await row(superuser, one)
        assert (found["state"], found["attempts"]) == ("pending", attempt)
        assert (found["status"], found["failure"]) == (500, "status")
        assert abs(found["due_in"] - pause) <= 2
        await due_again(superuser)
    await deliver(worker)
    found = await row(superuser, one)
    assert (found["state"], found["attempts"]) == ("failed", 10)
    await due_again(superuser)
    assert await deliver(worker) == 0
    assert {posted.headers["webhook-id"] for posted in receiver.posted} == {str(one)}
    assert len({posted.body for posted in receiver.posted}) == 1
    assert len(receiver.posted) == 10
    assert await state(superuser, hook) == "active"


@pytest.mark.parametrize(
    ("answer", "failure", "code"),
    [
        (status(302, "Location: http://127.0.0.1:1/elsewhere"), "redirect", 302),
        (status(307, "Location: /hook"), "redirect", 307),
        (status(404), "status", 404),
        (b"", "broken", None),
        (b"SMTP ready\r\n\r\n", "broken", None),
        (b"HTTP/1.1 200 OK\r\nX: " + b"x" * 200_000, "broken", None),
    ],
)
async def test_what_is_no_success_is_named(
    superuser: Any, worker: Any, receiver: Receiver, answer: bytes, failure: str, code: int | None
) -> None:
    hook = await webhook(superuser, receiver.url)
    [one] = await pending(superuser, hook)
    receiver.answer = answering(answer)
    await deliver(worker)
    found = await row(superuser, one)
    assert (found["state"], found["failure"], found["status"]) == ("pending", failure, code)
    assert len(receiver.posted) == 1, "a redirect was followed"


async def test_nobody_reads_what_a_receiver_goes_on_saying(
    superuser: Any, worker: Any, receiver: Receiver
) -> None:
    hook = await webhook(superuser, receiver.url)
    [one] = await pending(superuser, hook)
    receiver.answer = answering(b"HTTP/1.1 200 OK\r\nContent-Length: 999999999\r\n\r\nsecret")
    assert await deliver(worker) == 1
    assert "secret" not in str(dict(await row(superuser, one)))


async def test_who_does_not_answer_costs_the_time_that_is_given_and_no_more(
    superuser: Any, worker: Any, receiver: Receiver
) -> None:
    hook = await webhook(superuser, receiver.url)
    [one] = await pending(superuser, hook)
    receiver.answer = receiver.never
    await deliver(worker, seconds=0.1)
    assert (await row(superuser, one))["failure"] == "timeout"
    gone = await webhook(superuser, "http://127.0.0.1:1/")
    [other] = await pending(superuser, gone)
    await deliver(worker, seconds=0.1)
    assert (await row(superuser, other))["failure"] == "no-connection"


async def test_nothing_is_sent_where_the_setting_does_not_allow_it_any_more(
    superuser: Any, worker: Any, receiver: Receiver
) -> None:
    hook = await webhook(superuser, receiver.url)
    [one] = await pending(superuser, hook)
    await deliver(worker, reach=Reach())
    assert (await row(superuser, one))["failure"] == "forbidden"
    assert receiver.posted == []


async def test_410_ends_a_webhook_at_once_and_its_admins_are_told(
    superuser: Any, worker: Any, receiver: Receiver
) -> None:
    hook = await webhook(superuser, receiver.url)
    first, second = await pending(superuser, hook, 2)
    receiver.answer = answering(status(410))
    await deliver(worker, places=1)
    assert await state(superuser, hook) == "gone"
    assert len(receiver.posted) == 1
    assert [(await row(superuser, one))["state"] for one in (first, second)] == ["failed"] * 2
    assert (await row(superuser, second))["failure"] == "disabled"
    assert await mails(superuser) == [("webhook-gone", "anna")]


async def test_days_without_success_end_it_too(
    superuser: Any, worker: Any, receiver: Receiver
) -> None:
    hook = await webhook(superuser, receiver.url)
    await pending(superuser, hook)
    receiver.answer = answering(status(500), status(500), status(204), status(500))

    async def days_pass(days: int) -> str:
        await superuser.execute(
            "update app_private.webhook set failing_since = failing_since - $1 * interval '1 day'",
            days,
        )
        await due_again(superuser)
        await deliver(worker)
        return await state(superuser, hook)

    assert await days_pass(0) == "active"
    assert await days_pass(2) == "active"
    assert await days_pass(2) == "active", "one that was taken begins it anew"
    await pending(superuser, hook)
    assert await days_pass(0) == "active"
    assert await days_pass(2) == "active"
    assert await days_pass(2) == "failing"
    assert await mails(superuser) == [("webhook-failing", "anna")]


async def test_one_slow_receiver_keeps_nobody_waiting(
    superuser: Any, worker: Any, receiver: Receiver
) -> None:
    let_go = asyncio.Event()

    async def stalls(_: Posted) -> bytes:
        await let_go.wait()
        return status(204)

    async with receiving() as slow:
        slow.answer = stalls
        stuck = await webhook(superuser, slow.url)
        await pending(superuser, stuck, 30)
        fine = await webhook(superuser, receiver.url)
        await pending(superuser, fine, 30)
        working = asyncio.create_task(deliver(worker, places=8))
        async with asyncio.timeout(60):
            await receiver.has(30)
        assert len(slow.posted) == 4, "four at once, and all of them still wait"
        let_go.set()
        assert await working == 60


async def test_those_that_are_slow_share_half_of_the_places(superuser: Any, worker: Any) -> None:
    for _ in range(40):
        hook = await webhook(superuser, "http://127.0.0.1:1/")
        await superuser.execute("update app_private.webhook set slow = true where id = $1", hook)
        await pending(superuser, hook, 2)
    claim = "select count(*), count(distinct webhook_id) as hooks from app.claim_deliveries($1, 60)"
    assert tuple(await worker.fetchrow(claim, 100)) == (32, 32)
    fine = [await webhook(superuser, "http://127.0.0.1:1/") for _ in range(10)]
    for hook in fine:
        await pending(superuser, hook, 20)
    assert tuple(await worker.fetchrow(claim, 10)) == (10, 3)
    assert tuple(await worker.fetchrow(claim, 100)) == (22, 6)
    assert tuple(await worker.fetchrow(claim, 100)) == (0, 0)


async def test_an_attempt_that_was_overtaken_counts_no_more_unless_it_arrived(
    superuser: Any, worker: Any
) -> None:
    hook = await webhook(superuser, "http://127.0.0.1:1/")
    [one] = await pending(superuser, hook)
    claim, settle = (
        "select attempt from app.claim_deliveries(1, $1)",
        "select app.settle_delivery($1, $2, $3, $4, $5, false)",
    )
    assert await worker.fetchval(claim, 0) == 1
    assert await worker.fetchval(claim, 60) == 2, "its lease had run out"
    assert await worker.fetchval(claim, 60) is None
    assert not await worker.fetchval(settle, hook, one, 1, None, "timeout")
    assert (await row(superuser, one))["lease_until"] is not None
    assert await worker.fetchval(settle, hook, one, 1, 200, None)
    assert (await row(superuser, one))["state"] == "delivered"
    assert await worker.fetchval(settle, hook, one, 2, None, "timeout")
    assert (await row(superuser, one))["state"] == "delivered"


async def test_a_webhook_that_is_held_keeps_no_other_waiting(
    superuser: Any, worker: Any, receiver: Receiver
) -> None:
    """By a merge, for instance: what was sent meanwhile comes again."""
    held, other = [await webhook(superuser, receiver.url) for _ in range(2)]
    [one] = await pending(superuser, held)
    [two] = await pending(superuser, other)

    async def holds(posted: Posted) -> bytes:
        if posted.headers["webhook-id"] == str(one):
            await lock.start()
            await superuser.execute(
                "select from app_private.webhook where id = $1 for update", held
            )
        return status(204)

    receiver.answer, lock = holds, superuser.transaction()
    await worker.execute("set lock_timeout = '100ms'")
    await deliver(worker)
    await lock.rollback()
    assert (await row(superuser, one))["state"] == "pending"
    assert (await row(superuser, two))["state"] == "delivered"
    receiver.answer = None
    await superuser.execute("update app_private.webhook_delivery set lease_until = now()")
    assert await deliver(worker) == 1
    assert (await row(superuser, one))["state"] == "delivered"


async def test_a_worker_that_stops_leaves_what_is_under_way_to_the_next(
    superuser: Any, worker: Any, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.jobs.webhooks.delivery._LAST_SECONDS", 0.05)
    hook = await webhook(superuser, receiver.url)
    [one] = await pending(superuser, hook)
    receiver.answer = receiver.never
    stop = asyncio.Event()
    working = asyncio.create_task(delivery().work(worker, stop))
    await receiver.has(1)
    stop.set()
    assert await working == 0
    found = await row(superuser, one)
    assert (found["state"], found["step"], found["failure"]) == ("pending", 1, None)
    receiver.answer = None
    assert await deliver(worker) == 1
    assert {posted.headers["webhook-id"] for posted in receiver.posted} == {str(one)}


async def test_the_connection_goes_to_the_checked_address_in_the_name_of_the_host(
    tmp_path: Path,
) -> None:
    """The name is looked up once, and TLS is that of the name; a stranger's certificate is none."""
    certificate, key = tmp_path / "certificate.pem", tmp_path / "key.pem"
    certificate_for_localhost(certificate, key)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    asked: list[str] = []

    async def rebinding(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"] if len(asked) == 1 else ["10.0.0.1"]

    async with receiving(context) as receiver:
        url = f"https://localhost:{receiver.port}/hook"
        trusting = Courier(LOOPBACK, rebinding, ssl.create_default_context(cafile=str(certificate)))
        assert (await trusting.post(url, {}, b"{}")).status == 204
        assert (asked, receiver.server_names) == (["localhost"], ["localhost"])
        assert receiver.posted[0].headers["host"] == f"localhost:{receiver.port}"
        rebound = await trusting.post(url, {}, b"{}")
        assert (rebound.failure, len(receiver.posted)) == ("forbidden", 1)
        asked.clear()
        stranger = await Courier(LOOPBACK, rebinding).post(url, {}, b"{}")
        assert (stranger.failure, len(receiver.posted)) == ("tls", 1)


async def test_the_day_that_comes_next_is_emptied_as_a_whole(superuser: Any, worker: Any) -> None:
    hook = await webhook(superuser, "http://127.0.0.1:1/")
    await superuser.execute(
        "insert into app_private.webhook_delivery (webhook_id, id, slot, kind, payload)"
        " select $1, app_private.new_id(), s, 'ping', '{}' from generate_series(0, 8) s",
        hook,
    )
    left = "select array_agg(slot order by slot) from app_private.webhook_delivery"
    today = "select (floor(extract(epoch from now()) / 86400)::bigint % 9)::integer"
    await worker.fetchval("select app.purge()")
    tomorrow = (await superuser.fetchval(today) + 1) % 9
    assert await superuser.fetchval(left) == [s for s in range(9) if s != tomorrow]
