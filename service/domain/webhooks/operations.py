"""What admins do about webhooks. Who may is decided in sql/functions/webhooks."""

import asyncio
from datetime import datetime
from uuid import UUID

import msgspec
from msgspec import UNSET

from service.database.transaction import Tx
from service.domain.webhooks import queries
from service.domain.webhooks.messages import (
    NewSecret,
    NewWebhook,
    Sent,
    Webhook,
    WebhookChange,
    WebhookDraft,
)
from service.errors import Problem
from service.outgoing.addresses import (
    AddressRefused,
    Reach,
    Resolver,
    addresses_of,
    target_of,
)
from service.vocabulary import Versions, given

_LOOKING_SECONDS = 4.0  # shorter than a request may take
_resolve = Resolver(threads=4)
_WORDS = {
    "form": ("That is no address.", "Das ist keine Adresse."),
    "scheme": ("It begins with https://, please.", "Bitte mit https:// beginnen."),
    "user": ("No user name or password in it, please.", "Bitte ohne Benutzername und Passwort."),
    "port": ("No webhook goes to this port.", "An diesen Port geht kein Webhook."),
    "notation": (
        "Write the host as a name, or as an address in its usual form.",
        "Bitte den Rechner als Namen oder als Adresse in üblicher Form schreiben.",
    ),
    "unknown": (
        "Nothing is found under this name.",
        "Unter diesem Namen ist nichts zu finden.",
    ),
    "forbidden": (
        "This leads to an address that is not in the public internet.",
        "Das führt zu einer Adresse, die nicht im öffentlichen Internet liegt.",
    ),
    "unencrypted": ("It begins with https://, please.", "Bitte mit https:// beginnen."),
}


async def add(tx: Tx, data: WebhookDraft, reach: Reach, secret: str) -> NewWebhook:
    """A new one (admin), signed with this secret, which is shown this once."""
    await tx.value(bool, "select app.may_set_webhooks()")
    url = await _checked(data.url, reach)
    sql = "select app.add_webhook($1, $2, $3, $4)"
    made = await tx.value(UUID, sql, data.name, url, data.kinds, secret)
    shown = await queries.webhook(tx, made)
    return NewWebhook(**msgspec.structs.asdict(shown), secret=secret)


async def change(
    tx: Tx, webhook_id: UUID, versions: Versions, data: WebhookChange, reach: Reach
) -> Webhook:
    """Name, address, kinds, whether it is active (admin). Returns it as it is now."""
    url = None
    if data.url is not UNSET:
        await tx.value(bool, "select app.may_set_webhooks()")
        url = await _checked(str(data.url), reach)
    kinds = [] if data.kinds is None else given(data.kinds)
    new = given(data.name), url, kinds, given(data.state)
    tx.do("select app.change_webhook($1, $2, $3, $4, $5, $6)", webhook_id, versions, *new)
    return await queries.webhook(tx, webhook_id)


async def remove(tx: Tx, webhook_id: UUID) -> None:
    """Ends it at once (admin)."""
    tx.do("select app.remove_webhook($1)", webhook_id)


async def rotate(tx: Tx, webhook_id: UUID, secret: str) -> NewSecret:
    """A new secret (admin); the one before signs too for a day."""
    until = await tx.value(datetime, "select app.rotate_webhook($1, $2)", webhook_id, secret)
    return NewSecret(secret, until)


async def ping(tx: Tx, webhook_id: UUID) -> Sent:
    """Sends something to try it by (admin)."""
    return await tx.view(Sent, "select app.ping_webhook($1) as id", webhook_id)


async def replay(tx: Tx, webhook_id: UUID, delivery_id: UUID) -> Sent:
    """Sends a delivery again, with the same id (admin)."""
    tx.do("select app.replay_delivery($1, $2)", webhook_id, delivery_id)
    return await tx.view(Sent, "select $1::uuid as id", delivery_id)


async def _checked(url: str, reach: Reach) -> str:
    """The address in its one spelling. Raises Problem validation-failed for what nothing would be
    sent to; delivery looks again, for names change what they stand for."""
    try:
        async with asyncio.timeout(_LOOKING_SECONDS):
            target = target_of(url)
            await addresses_of(target, reach, _resolve)
    except (AddressRefused, TimeoutError) as error:
        why = error.why if isinstance(error, AddressRefused) else "unknown"
        detail, german = _WORDS[why]
        one = {"pointer": "/url", "code": f"url-{why}", "detail": detail, "detail_de": german}
        raise Problem("validation-failed", errors=[one]) from error
    return target.url
