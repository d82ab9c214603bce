"""Routes: webhooks."""

from uuid import UUID

from litestar import Response, Router, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from service.domain.webhooks import operations, queries
from service.domain.webhooks.messages import (
    NewSecret,
    NewWebhook,
    Sent,
    Webhook,
    WebhookChange,
    WebhookDelivery,
    WebhookDraft,
)
from service.outgoing.addresses import reach_of
from service.vocabulary import Page
from service.web.calls import Call, Cursor, Limit


@get("/webhooks", summary="Webhooks of my company", refuses="admin-required")
async def list_webhooks(
    call: NamedDependency[Call], cursor: Cursor = None, limit: Limit = 20
) -> Response[Page[Webhook]]:
    """For admins. Newest first; never their secrets."""
    return await call.answer(queries.webhooks, cursor, limit)


@post(
    "/webhooks",
    summary="Add a webhook",
    refuses="admin-required too-many-webhooks shown-once",
    example={
        "url": "https://crm.huber.example/kollegium",
        "kinds": ["offer.opened", "lead.picked"],
    },
)
async def add(call: NamedDependency[Call], data: JSONBody[WebhookDraft]) -> Response[NewWebhook]:
    """For admins. From now on events are posted there, signed as Standard Webhooks has it; the
    secret is shown this once. https to the public internet; the address is looked up now and before
    each attempt, and redirects are not followed. At most 20 a company."""
    call.long = True
    networks = call.settings.webhook_networks
    return await call.answer(operations.add, data, reach_of(networks), call.signing_secret())


@patch(
    "/webhooks/{webhook_id:uuid}",
    summary="Change a webhook",
    refuses="admin-required version-required version-stale",
    example={"state": "off"},
)
async def change(
    call: NamedDependency[Call], webhook_id: FromPath[UUID], data: JSONBody[WebhookChange]
) -> Response[Webhook]:
    """For admins. One that was ended (410, or days of failure) comes back with `state: active`."""
    call.long = True
    reach, versions = reach_of(call.settings.webhook_networks), call.versions()
    return await call.answer(operations.change, webhook_id, versions, data, reach)


@delete(
    "/webhooks/{webhook_id:uuid}",
    summary="Remove a webhook",
    status_code=204,
    refuses="admin-required",
)
async def remove(call: NamedDependency[Call], webhook_id: FromPath[UUID]) -> Response[None]:
    """For admins. What is on its way is not sent any more."""
    return await call.answer(operations.remove, webhook_id)


@post(
    "/webhooks/{webhook_id:uuid}/ping",
    summary="Try a webhook",
    status_code=202,
    refuses="admin-required webhook-not-active too-many-requests",
)
async def ping(call: NamedDependency[Call], webhook_id: FromPath[UUID]) -> Response[Sent]:
    """For admins. Sends a delivery of the kind `ping`, which is repeated as all others."""
    return await call.answer(operations.ping, webhook_id)


@post(
    "/webhooks/{webhook_id:uuid}/rotate",
    summary="A new secret",
    status_code=200,
    refuses="admin-required shown-once",
)
async def rotate(call: NamedDependency[Call], webhook_id: FromPath[UUID]) -> Response[NewSecret]:
    """For admins. For a day deliveries are signed with both; a further rotation ends the older one
    at once."""
    return await call.answer(operations.rotate, webhook_id, call.signing_secret())


@get(
    "/webhooks/{webhook_id:uuid}/deliveries",
    summary="Deliveries of a webhook",
    refuses="admin-required",
)
async def list_deliveries(
    call: NamedDependency[Call],
    webhook_id: FromPath[UUID],
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Response[Page[WebhookDelivery]]:
    """For admins. Newest first, of seven days."""
    return await call.answer(queries.deliveries, webhook_id, cursor, limit)


@post(
    "/webhooks/{webhook_id:uuid}/deliveries/{delivery_id:uuid}/replay",
    summary="Deliver again",
    status_code=202,
    refuses="admin-required webhook-not-active too-many-requests",
)
async def replay(
    call: NamedDependency[Call], webhook_id: FromPath[UUID], delivery_id: FromPath[UUID]
) -> Response[Sent]:
    """For admins. With the same id, from the begin of the schedule, also what was delivered."""
    return await call.answer(operations.replay, webhook_id, delivery_id)


router = Router(
    "",
    route_handlers=[
        list_webhooks,
        add,
        change,
        remove,
        ping,
        rotate,
        list_deliveries,
        replay,
    ],
    tags=["webhooks"],
)
