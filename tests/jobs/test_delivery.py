"""Delivery of mails to a real mail server on loopback that takes, refuses, stalls and drops.

Nothing is timed: what an attempt came to stands in the outbox.
"""

import asyncio
import contextlib
import email
import email.policy
import socket
from collections.abc import AsyncIterator, Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from service.jobs.mail import relay
from service.jobs.mail.delivery import Delivery, from_environment
from service.jobs.mail.letters import letter, sender_of
from service.jobs.mail.relay import Relay, RelayDown, relay_of
from service.jobs.mail.rendering import Mail
from service.settings import SettingMissing
from tests.fixtures.commands import found, kollegium
from tests.fixtures.database import Urls, connected

SENDER = sender_of("Kollegium <leads@firma.example>")
PAYLOAD = {"lead": "1", "interest": "Dach <b>&amp;</b>", "marketplace": "Nord"}


class Server:
    """A mail server. `answer` is asked at RCPT, `then` when a message came; None: as usual."""

    def __init__(self) -> None:
        self.messages: list[Any] = []
        self.recipients: list[str] = []
        self.answer: Callable[[str], str | None] = lambda recipient: None
        self.then: Callable[[Any], str | None] = lambda server: None

    async def handle_RCPT(
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        self.recipients.append(address)
        said = self.answer(address)
        if said:
            return said
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:
        self.messages.append(
            email.message_from_bytes(envelope.content, policy=email.policy.default)
        )
        return self.then(server) or "250 taken"


@contextlib.contextmanager
def listening(handler: Server, **options: Any) -> Iterator[Relay]:
    """That server, at a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    controller = Controller(handler, hostname="127.0.0.1", port=port, **options)
    controller.start()
    try:
        yield Relay("127.0.0.1", port, tls=False)
    finally:
        controller.stop()


@pytest.fixture
async def superuser(urls: Urls) -> AsyncIterator[Any]:
    async with connected(urls.superuser) as connection:
        await connection.execute("truncate app_private.outbox, app_private.suppressed_address")
        yield connection


@pytest.fixture
def peer() -> Server:
    return Server()


async def write(superuser: Any, *recipients: str, age: str = "0") -> None:
    for recipient in recipients:
        await superuser.execute(
            "insert into app_private.outbox (id, kind, template, recipient, language, payload, "
            "created_at) values (app_private.new_id(), 'mail', 'lead-unplaced', $1, 'de', $2, "
            "now() - $3::text::interval)",
            recipient,
            PAYLOAD,
            age,
        )


async def rows(superuser: Any) -> list[Any]:
    return list(
        await superuser.fetch(
            "select recipient, attempts, payload, failure, delivered_at is not null as delivered, "
            "failed_at is not null as failed, lease_until, "
            "extract(epoch from due_at - now())::integer as due_in "
            "from app_private.outbox order by id"
        )
    )


async def due_again(superuser: Any) -> None:
    await superuser.execute("update app_private.outbox set due_at = now()")


async def deliver(worker: Any, to: Relay) -> int:
    delivery = Delivery(to, SENDER, "https://kg.example")
    return await delivery.work(worker, asyncio.Event())


async def test_a_mail_goes_out_once_and_keeps_nothing(
    superuser: Any, worker: Any, peer: Server
) -> None:
    await write(superuser, "anna@huber.example", "ben@bücher.example")
    with listening(peer) as to:
        assert await deliver(worker, to) == 2
        assert await deliver(worker, to) == 0
    [first, second] = peer.messages
    assert first["Subject"] == "Nicht vermittelt: Dach <b>&amp;</b>"
    assert first["To"] == "anna@huber.example"
    assert first["From"] == "Kollegium <leads@firma.example>"
    assert first["Auto-Submitted"] == "auto-generated"
    assert first["Message-ID"].endswith("@firma.example>") != second["Message-ID"]
    text, page = first.get_body(("plain",)), first.get_body(("html",))
    assert "Dach <b>&amp;</b>" in text.get_content()
    assert "Dach &lt;b&gt;&amp;amp;&lt;&#x2f;b&gt;" in page.get_content()
    assert "<b>" not in page.get_content()
    assert peer.recipients[1] == "ben@xn--bcher-kva.example"
    for row in await rows(superuser):
        assert row["delivered"]
        assert row["payload"] == {}


async def test_a_server_that_wants_it_later_gets_it_later(
    superuser: Any, worker: Any, peer: Server
) -> None:
    await write(superuser, "anna@huber.example")
    peer.answer = lambda recipient: "451 4.7.1 greylisted, come again"
    with listening(peer) as to:
        assert await deliver(worker, to) == 0
        [row] = await rows(superuser)
        assert (row["failure"], row["attempts"], row["failed"]) == ("451 4.7.1", 1, False)
        assert 50 <= row["due_in"] <= 60
        assert await deliver(worker, to) == 0
        assert len(peer.recipients) == 1, "it was not due"
        peer.answer = lambda recipient: None
        await due_again(superuser)
        assert await deliver(worker, to) == 1


async def test_what_may_have_arrived_comes_again_with_the_same_id(
    superuser: Any, worker: Any, peer: Server
) -> None:
    await write(superuser, "anna@huber.example", "ben@huber.example")

    def drop_the_first(connection: Any) -> None:
        if len(peer.messages) == 1:
            connection.transport.abort()

    peer.then = drop_the_first
    with listening(peer) as to:
        assert await deliver(worker, to) == 1, "the next one goes by a new connection"
        [one, other] = await rows(superuser)
        assert (one["failure"], one["attempts"]) == ("server-disconnected", 1)
        assert other["delivered"]
        await due_again(superuser)
        assert await deliver(worker, to) == 1
    ids = [message["Message-ID"] for message in peer.messages]
    assert ids[0] == ids[2] != ids[1]


async def test_who_does_not_exist_is_written_to_once(
    urls: Urls, superuser: Any, worker: Any, peer: Server
) -> None:
    await write(superuser, "Weg@huber.example")
    peer.answer = lambda recipient: "550 5.1.1 <weg@huber.example>: no such user"
    with listening(peer) as to:
        await deliver(worker, to)
        await write(superuser, "weg@huber.example")
        peer.answer = lambda recipient: None
        await deliver(worker, to)
        assert len(peer.recipients) == 1
        assert [row["failure"] for row in await rows(superuser)] == ["550 5.1.1", "suppressed"]
        env = {"DATABASE_WORKER_URL": urls.worker}
        told = found(kollegium("mails", "--failed", "--json", env=env))
        assert {mail["suppressed"] for mail in told} == {True}
        assert kollegium("mails", "--allow", "weg@huber.example", env=env).returncode == 0
        assert kollegium("mails", "--allow", "weg@huber.example", env=env).returncode == 1
        await write(superuser, "weg@huber.example")
        assert await deliver(worker, to) == 1


@pytest.mark.parametrize(
    ("said", "failed", "suppressed"),
    [
        ("550 5.7.1 we do not like you", True, 0),
        ("554 no", True, 0),
        ("550 who", True, 1),
        ("553 5.1.2 no such host", True, 1),
        ("552 5.2.2 mailbox full", False, 0),
        ("452 4.2.2 mailbox full", False, 0),
        ("450 busy", False, 0),
    ],
)
async def test_what_answers_mean(
    superuser: Any, worker: Any, peer: Server, said: str, failed: bool, suppressed: int
) -> None:
    await write(superuser, "anna@huber.example")
    peer.answer = lambda recipient: said
    with listening(peer) as to:
        await deliver(worker, to)
    [row] = await rows(superuser)
    assert row["failed"] is failed
    assert row["failure"] in said
    assert (row["payload"] == {}) is failed
    assert (
        await superuser.fetchval("select count(*) from app_private.suppressed_address")
        == suppressed
    )


async def test_a_refused_text_is_given_up(superuser: Any, worker: Any, peer: Server) -> None:
    await write(superuser, "anna@huber.example", "ben@huber.example")
    peer.then = lambda connection: "554 5.6.0 not like this" if len(peer.messages) == 1 else None
    with listening(peer) as to:
        assert await deliver(worker, to) == 1
    assert [row["failure"] for row in await rows(superuser)] == ["554 5.6.0", None]


async def test_nobody_there_is_no_attempt(superuser: Any, worker: Any) -> None:
    await write(superuser, "anna@huber.example")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        to = Relay("127.0.0.1", closed.getsockname()[1], tls=False)
        with pytest.raises(RelayDown, match="connect"):
            await deliver(worker, to)
    [row] = await rows(superuser)
    assert (row["attempts"], row["lease_until"], row["failed"]) == (0, None, False)
    assert 50 <= row["due_in"] <= 60
    assert row["payload"] == PAYLOAD


async def test_a_server_that_stalls_costs_an_attempt(
    superuser: Any, worker: Any, peer: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    await write(superuser, "anna@huber.example")
    monkeypatch.setattr(relay, "ANSWER_SECONDS", 0.2)
    monkeypatch.setattr(relay, "CONNECT_SECONDS", 0.2)
    silent = await asyncio.start_server(_greet_and_fall_silent, "127.0.0.1", 0)
    port = silent.sockets[0].getsockname()[1]
    async with silent:
        with pytest.raises(RelayDown):
            await deliver(worker, Relay("127.0.0.1", port, tls=False))
    [row] = await rows(superuser)
    assert not row["failed"]
    assert row["lease_until"] is None


async def _greet_and_fall_silent(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    writer.write(b"220 here\r\n")
    with contextlib.suppress(ConnectionError):
        await reader.read()
    writer.close()


async def test_a_lease_keeps_others_away_until_it_runs_out(
    superuser: Any, worker: Any, peer: Server
) -> None:
    await write(superuser, "anna@huber.example")
    [dead] = await worker.fetch("select * from app.claim_mails(10, 900)")
    settle = "select app.settle_mail($1, $2, $3, $4)"
    with listening(peer) as to:
        assert await deliver(worker, to) == 0
        await superuser.execute(
            "update app_private.outbox set lease_until = now() - interval '1 s'"
        )
        [again] = await worker.fetch("select * from app.claim_mails(10, 900)")
        assert again["attempt"] == 2
        assert not await worker.fetchval(settle, dead["id"], 1, "later", "451")
        assert await worker.fetchval(settle, dead["id"], 1, "sent", None), (
            "it was sent all the same"
        )
        assert not await worker.fetchval(settle, dead["id"], 2, "later", "451")
    [row] = await rows(superuser)
    assert row["delivered"]


async def test_two_workers_send_each_mail_once(urls: Urls, superuser: Any, peer: Server) -> None:
    await write(superuser, *(f"k{number}@huber.example" for number in range(40)))
    with listening(peer) as to:
        one, other = [await asyncpg.connect(urls.worker) for _ in range(2)]
        try:
            counts = await asyncio.gather(deliver(one, to), deliver(other, to))
        finally:
            await asyncio.gather(one.close(), other.close())
    assert sum(counts) == 40
    assert len(set(peer.recipients)) == len(peer.recipients) == 40


async def test_it_is_given_up_in_the_end(superuser: Any, worker: Any, peer: Server) -> None:
    await write(superuser, "anna@huber.example")
    await write(superuser, "ben@huber.example", age="3 days 1 minute")
    await superuser.execute(
        "update app_private.outbox set attempts = 13 where recipient like 'anna%'"
    )
    peer.answer = lambda recipient: "451 4.7.1 later"
    with listening(peer) as to:
        await deliver(worker, to)
    found_rows = await rows(superuser)
    assert [(row["failed"], row["failure"]) for row in found_rows] == [
        (True, "451 4.7.1"),
        (True, "too-old"),
    ]
    assert [row["payload"] for row in found_rows] == [{}, {}]
    assert peer.recipients == ["anna@huber.example"]


async def test_all_pauses_together_are_less_than_three_days(superuser: Any) -> None:
    pauses = "select sum(app_private.mail_pause(n)) from generate_series(1, 13) n"
    total = await superuser.fetchval(pauses)
    assert 60 * 3600 < total.total_seconds() < 72 * 3600
    assert await superuser.fetchval("select app_private.mail_pause(14)") is None


async def test_a_password_goes_nowhere_in_the_clear(
    superuser: Any, worker: Any, peer: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    await write(superuser, "anna@huber.example")
    seen: list[Any] = []

    def authenticate(*told: Any) -> AuthResult:
        seen.append(told[-1])
        return AuthResult(success=told[-1].password == b"right", handled=False)

    options = {"authenticator": authenticate, "auth_require_tls": False}
    with listening(peer, **options) as to:
        with monkeypatch.context() as elsewhere:
            elsewhere.setattr(relay, "_LOOPBACK", set())
            with pytest.raises(RelayDown, match="password-needs-tls"):
                await deliver(worker, to._replace(user="kg", password="right"))
        assert not seen
        await due_again(superuser)
        with pytest.raises(RelayDown, match="log-in 535"):
            await deliver(worker, to._replace(user="kg", password="wrong"))
        await due_again(superuser)
        assert await deliver(worker, to._replace(user="kg", password="right")) == 1
    assert {told.password for told in seen} == {b"wrong", b"right"}
    [row] = await rows(superuser)
    assert row["attempts"] == 1


@pytest.mark.parametrize(
    ("url", "wanted"),
    [
        ("smtp://mail.example", Relay("mail.example", 25, False)),
        ("smtp://mail.example:587", Relay("mail.example", 587, False)),
        ("smtps://kg%40x:p%2Fw@mail.example", Relay("mail.example", 465, True, "kg@x", "p/w")),
        ("http://mail.example", None),
        ("mail.example", None),
        ("smtp://mail.example:port", None),
        ("smtp://mail.example/box", None),
        ("smtp://", None),
    ],
)
def test_addresses_of_mail_servers(url: str, wanted: Relay | None) -> None:
    if wanted is None:
        with pytest.raises(SettingMissing, match="KOLLEGIUM_SMTP_URL"):
            relay_of(url)
    else:
        assert relay_of(url) == wanted


@pytest.mark.parametrize("text", ["", "leads", "a@b", "Kollegium <>", "x <jürgen@firma.example>"])
def test_senders_that_are_none(text: str) -> None:
    with pytest.raises(SettingMissing, match="KOLLEGIUM_MAIL_FROM"):
        sender_of(text)


def test_settings_say_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("KOLLEGIUM_SMTP_URL", "KOLLEGIUM_PUBLIC_URL", "KOLLEGIUM_MAIL_FROM"):
        monkeypatch.delenv(name, raising=False)
    assert from_environment() is None
    monkeypatch.setenv("KOLLEGIUM_SMTP_URL", "smtp://mail.example")
    with pytest.raises(SettingMissing, match="KOLLEGIUM_PUBLIC_URL"):
        from_environment()
    monkeypatch.setenv("KOLLEGIUM_PUBLIC_URL", "https://kg.example")
    with pytest.raises(SettingMissing, match="KOLLEGIUM_MAIL_FROM"):
        from_environment()
    monkeypatch.setenv("KOLLEGIUM_MAIL_FROM", "leads@firma.example")
    assert from_environment() is not None


def test_no_line_is_longer_than_mail_servers_take() -> None:
    claimed = {"id": "1", "created_at": datetime(2026, 11, 28, tzinfo=UTC), "language": "de"}
    mail = Mail("Zeile", "Text\n" * 3 + "ü" * 2000, "<p>" + "ü" * 2000)
    whole = letter(SENDER, "a@b.example", claimed, mail)
    assert max(map(len, whole.split(b"\r\n"))) <= 998
