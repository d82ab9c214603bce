"""Working together on a lead. A lead that the caller may not see is not found."""

from uuid import UUID

from sqlalchemy import select

from service.database.statements import compiled, result
from service.database.transaction import Tx
from service.domain.timeline.messages import Entry, Message, Note
from service.domain.timeline.queries import MESSAGE, NOTE

_ADD_NOTE = compiled(select(result("add_note", "m lead text", NOTE))).sql
_ADD_MESSAGE = compiled(select(result("add_message", "m lead text", MESSAGE))).sql


async def add_note(tx: Tx, m: UUID, lead_id: UUID, data: Entry) -> Note:
    """A note of the caller's company."""
    return await tx.view(Note, _ADD_NOTE, m, lead_id, data.text)


async def add_message(tx: Tx, m: UUID, lead_id: UUID, data: Entry) -> Message:
    """A message to all present parties."""
    return await tx.view(Message, _ADD_MESSAGE, m, lead_id, data.text)
