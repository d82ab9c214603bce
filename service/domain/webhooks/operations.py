"""What admins do about webhooks. Who may is decided in sql/functions/webhooks."""

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
from service.outgoing.addresses import Reach
from service.outgoing.given import checked
from service.vocabulary import Versions, given


async def add(tx: Tx, data: WebhookDraft, reach: Reach, secret: str) -> NewWebhook:
    """A new one (admin), signed with this secret, which is shown this once."""
    await tx.value(bool, "select app.may_set_webhooks()")
    url = await checked(data.url, reach, "/url")
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
        url = await checked(str(data.url), reach, "/url")
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
