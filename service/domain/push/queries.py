"""What is read of a colleague's browsers."""

from service.database.transaction import Tx
from service.domain.push.messages import PushSubscription, PushSubscriptions


async def mine(tx: Tx) -> PushSubscriptions:
    """Newest first."""
    sql = "select * from app.my_push_subscriptions()"
    return PushSubscriptions(await tx.rows(PushSubscription, sql))
