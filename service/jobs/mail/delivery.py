"""Delivery: mails that are due are given to the mail server, one after the other.

No transaction is open while a mail server is spoken to: a mail is claimed with a lease, sent, and
settled by the number of its attempt. A worker that dies in between sends it once more, with the
same Message-ID.
"""

import asyncio
import json
import os
from typing import Any, NamedTuple

import structlog

from service.jobs.mail.letters import Sender, envelope_address, letter, sender_of
from service.jobs.mail.relay import Attempt, Relay, RelayDown, reached, relay_of, send
from service.jobs.mail.rendering import TemplateFails, TemplateUnknown, render
from service.settings import SettingMissing

log = structlog.get_logger()

BATCH = 10
# Longer than ten mails take at a server that uses up its time with each.
LEASE_SECONDS = 900
_SQL_SECONDS = 60.0


class Delivery(NamedTuple):
    """Where to, from whom, and where the service is reached that the mails name."""

    relay: Relay
    sender: Sender
    public_url: str

    async def work(self, connection: Any, stop: asyncio.Event) -> int:
        """Sends what is due; returns how many mails were taken. Raises RelayDown."""
        total = 0
        while not stop.is_set():
            claimed = await connection.fetch(
                "select * from app.claim_mails($1, $2)", BATCH, LEASE_SECONDS, timeout=_SQL_SECONDS
            )
            if not claimed:
                break
            total += await self._send(connection, list(claimed), stop)
        return total

    async def _send(self, connection: Any, waiting: list[Any], stop: asyncio.Event) -> int:
        sent = 0
        try:
            while waiting and not stop.is_set():
                async with reached(self.relay) as smtp:
                    while waiting and not stop.is_set() and smtp.is_connected:
                        outcome = await self._one(smtp, waiting[0])
                        await _settle(connection, waiting.pop(0), outcome)
                        sent += outcome.name == "sent"
        except RelayDown as down:
            log.warning("mail_server_down", why=str(down), waiting=len(waiting))
            for mail in waiting:
                await _settle(connection, mail, Attempt("unsent", str(down)[:40]))
            raise
        for mail in waiting:  # asked to stop: they are due again
            await _settle(connection, mail, Attempt("unsent", "stopped"))
        return sent

    async def _one(self, smtp: Any, claimed: Any) -> Attempt:
        try:
            mail = render(
                claimed["template"],
                claimed["language"],
                json.loads(claimed["payload"]),
                base_url=self.public_url,
                zone=claimed["time_zone"],
                notices=claimed["notices"],
                unsubscribe=claimed["unsubscribe"],
            )
        except TemplateUnknown:
            # Of a newer release, perhaps: its worker has the text.
            return Attempt("later", "template-unknown")
        except TemplateFails as error:
            log.error("mail_unwritable", mail=str(claimed["id"]), why=str(error))
            return Attempt("later", "template-fails")
        recipient = envelope_address(claimed["recipient"])
        message = letter(self.sender, recipient, claimed, mail, self._way_out(claimed))
        return await send(smtp, self.sender.address, recipient, message)

    def _way_out(self, claimed: Any) -> str | None:
        token = claimed["unsubscribe"]
        return f"{self.public_url.rstrip('/')}/unsubscribe/{token}" if token else None


async def _settle(connection: Any, mail: Any, outcome: Attempt) -> None:
    sql = "select app.settle_mail($1, $2, $3, $4)"
    await connection.fetchval(sql, mail["id"], mail["attempt"], *outcome, timeout=_SQL_SECONDS)
    if outcome.name not in ("sent", "unsent"):
        log.warning(
            "mail_not_sent", mail=str(mail["id"]), outcome=outcome.name, failure=outcome.failure
        )


def from_environment() -> Delivery | None:
    """As the settings say; None without KOLLEGIUM_SMTP_URL: mails wait. Raises SettingMissing."""
    url = os.environ.get("KOLLEGIUM_SMTP_URL")
    if not url:
        return None
    public_url, sender = (
        os.environ.get(name, "") for name in ("KOLLEGIUM_PUBLIC_URL", "KOLLEGIUM_MAIL_FROM")
    )
    if not public_url.startswith(("https://", "http://")):
        raise SettingMissing(
            "Set KOLLEGIUM_PUBLIC_URL to the address under which people reach the service "
            "(https://…): mails name it."
        )
    if not sender:
        raise SettingMissing(
            "Set KOLLEGIUM_MAIL_FROM to whom mails are from, such as "
            "'Kollegium <leads@firma.example>'."
        )
    return Delivery(relay_of(url), sender_of(sender), public_url)
