"""What a colleague does about his browsers: sql/functions/push/subscribing.sql."""

from uuid import UUID

from service.database.transaction import Tx
from service.domain.push.messages import PushSubscriptionDraft, Subscribed
from service.outgoing.addresses import Reach
from service.outgoing.given import checked


async def subscribe(tx: Tx, data: PushSubscriptionDraft, reach: Reach) -> Subscribed:
    """This browser is told of offers. Raises validation-failed for an address to which nothing
    would be sent."""
    await tx.value(bool, "select app.may_subscribe()")
    endpoint = await checked(data.endpoint, reach, "/endpoint")
    sql = "select app.subscribe_to_push($1, $2, $3) as id"
    return await tx.view(Subscribed, sql, endpoint, data.keys.p256dh, data.keys.auth)


async def unsubscribe(tx: Tx, subscription_id: UUID) -> None:
    """It is told no more."""
    tx.do("select app.unsubscribe_from_push($1)", subscription_id)
