"""What is read of webhooks: through functions, which admit admins of the company alone."""

from uuid import UUID

from sqlalchemy import bindparam, select

from service.database.statements import compiled, result
from service.database.transaction import Tx
from service.domain.webhooks.messages import Webhook, WebhookDelivery
from service.vocabulary import Page, decode_cursor

WEBHOOK = "id url name kinds state failing_since created_at version"
_DELIVERY = "id kind state attempts status failure created_at attempted_at next_attempt_at ended_at"
_WEBHOOKS = select(result("my_webhooks", "", WEBHOOK))
_MINE = _WEBHOOKS.selected_columns
ONE = compiled(_WEBHOOKS.where(_MINE["id"] == bindparam("webhook"))).sql
_DELIVERIES = select(result("my_deliveries", "webhook one before", _DELIVERY))


async def webhooks(tx: Tx, cursor: str | None, limit: int) -> Page[Webhook]:
    """Those of the caller's company, newest first."""
    return await tx.page(Webhook, _WEBHOOKS, cursor=cursor, limit=limit)


async def webhook(tx: Tx, webhook_id: UUID) -> Webhook:
    """One of them."""
    return await tx.view(Webhook, ONE, webhook_id)


async def deliveries(
    tx: Tx, webhook_id: UUID, cursor: str | None, limit: int
) -> Page[WebhookDelivery]:
    """What became of its deliveries, newest first."""
    before = decode_cursor(cursor)
    return await tx.page(
        WebhookDelivery,
        _DELIVERIES,
        cursor=cursor,
        limit=limit,
        webhook=webhook_id,
        one=None,
        before=before,
    )
