"""Working together on a lead. A lead that the caller may not see is not found."""

from uuid import UUID

from service.database.transaction import Tx
from service.domain.timeline import queries
from service.domain.timeline.messages import Entry, Event, Message, Note
from service.vocabulary import Page


async def list_notes(
    tx: Tx, m: UUID, lead_id: UUID, engagement: UUID | None, cursor: str | None, limit: int
) -> Page[Note]:
    """Internal notes of the caller's company, also after it lost sight of the lead."""
    found = await queries.notes(tx, m, lead_id, engagement, cursor, limit)
    if not found.items:
        await queries.known(tx, m, lead_id)
    return found


async def add_note(tx: Tx, m: UUID, lead_id: UUID, data: Entry) -> Note:
    """An internal note."""
    return await queries.add_note(tx, m, lead_id, data.text)


async def list_messages(
    tx: Tx, m: UUID, lead_id: UUID, engagement: UUID | None, cursor: str | None, limit: int
) -> Page[Message]:
    """Messages of one engagement, or of all that the caller sees."""
    found = await queries.messages(tx, m, lead_id, engagement, cursor, limit)
    if not found.items:
        await queries.known(tx, m, lead_id)
    return found


async def add_message(tx: Tx, m: UUID, lead_id: UUID, data: Entry) -> Message:
    """A message to all present parties."""
    return await queries.add_message(tx, m, lead_id, data.text)


async def list_history(
    tx: Tx, m: UUID, lead_id: UUID, engagement: UUID | None, cursor: str | None, limit: int
) -> Page[Event]:
    """What happened, newest first."""
    found = await queries.history(tx, m, lead_id, engagement, cursor, limit)
    if not found.items:
        await queries.known(tx, m, lead_id)
    return found
