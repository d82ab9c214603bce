"""Routes: browsers that are told of offers."""

from uuid import UUID

from litestar import Response, Router, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from service.domain.push import operations, queries
from service.domain.push.messages import (
    PushKey,
    PushSubscriptionDraft,
    PushSubscriptions,
    Subscribed,
)
from service.outgoing.addresses import reach_of
from service.outgoing.webpush import public_key
from service.web.calls import Call


@get("/push/key", summary="The key that browsers subscribe with", public=True)
async def show_key(call: NamedDependency[Call]) -> Response[PushKey]:
    """`applicationServerKey` of PushManager.subscribe; null where the deployment pushes nothing."""
    key = call.settings.vapid_key
    return call.reply(PushKey(public_key(key) if key else None))


@get(
    "/me/push-subscriptions",
    summary="My browsers that are told of offers",
    refuses="colleague-required",
)
async def list_mine(call: NamedDependency[Call]) -> Response[PushSubscriptions]:
    """Newest first."""
    return await call.answer(queries.mine)


@post(
    "/me/push-subscriptions",
    summary="Tell this browser of offers",
    refuses="colleague-required too-many-requests",
    example={
        "endpoint": "https://1.1.1.1/push/abc",
        "expirationTime": None,
        "keys": {
            "p256dh": "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcx"
            "aOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
            "auth": "BTBZMqHH6r4Tts7J_aSIgg",
        },
    },
)
async def subscribe(
    call: NamedDependency[Call], data: JSONBody[PushSubscriptionDraft]
) -> Response[Subscribed]:
    """What `JSON.stringify(subscription)` says. Kinds and quiet hours are those of GET /me/notices.
    It ends with a log-out there; a session that only runs out leaves it, for a month. Send it again
    after each log-in: a browser has one subscription, of whoever logged in last."""
    call.long = True
    networks = call.settings.webhook_networks
    return await call.answer(operations.subscribe, data, reach_of(networks))


@delete(
    "/me/push-subscriptions/{subscription_id:uuid}",
    summary="Tell a browser no more",
    status_code=204,
    refuses="colleague-required",
)
async def unsubscribe(
    call: NamedDependency[Call], subscription_id: FromPath[UUID]
) -> Response[None]:
    """One of my own."""
    return await call.answer(operations.unsubscribe, subscription_id)


router = Router("", route_handlers=[show_key, list_mine, subscribe, unsubscribe], tags=["sessions"])
