"""What is read of events."""

import msgspec

from service.database.tx import Tx
from service.domain.events.messages import LeadEvent

MOST = 500  # events in one read
_MINE = "select channel, reader, place, pending, events from app.my_events($1, $2)"


class Since(msgspec.Struct):
    """Events after a place, and the place after them: an id, and numbers of transactions that are
    under way. `pending`: what belongs beside the id of an event before the last."""

    channel: str
    reader: str
    place: str
    pending: str | None
    events: list[LeadEvent] | None


async def told(tx: Tx, place: str | None) -> Since:
    """What was told to the caller's company after a place; None: from now on."""
    return await tx.one(Since, _MINE, place, MOST)
