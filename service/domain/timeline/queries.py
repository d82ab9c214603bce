"""The SQL of notes, messages and history."""

from typing import Any
from uuid import UUID

from sqlalchemy import Select, Table, bindparam, select

from service.database import tables
from service.database.statements import columns
from service.database.transaction import Lane, Tx
from service.domain.timeline.messages import Event, Message, Note
from service.vocabulary import Page

MESSAGES = Lane("messages", seconds=5)
_NOTE = "id, author_id, author_name, text, created_at"
_MESSAGE = "id, company_id, company_name, author_id, author_name, text, created_at"
_EVENT = "id, event, company_id, company_name, colleague_id, colleague_name, detail, created_at"


def _of_lead(table: Table, names: str) -> Select[Any]:
    mine = table.c.marketplace_id == bindparam("m"), table.c.lead_id == bindparam("lead")
    return select(*columns(table, names)).where(*mine)


NOTES = _of_lead(tables.note, _NOTE)
_MESSAGES = _of_lead(tables.message, _MESSAGE)
_EVENTS = _of_lead(tables.history, _EVENT)


async def notes(tx: Tx, m: UUID, lead_id: UUID, cursor: str | None, limit: int) -> Page[Note]:
    """Notes of the caller's company, newest first."""
    return await tx.page(Note, NOTES, m=m, lead=lead_id, cursor=cursor, limit=limit)


async def add_note(tx: Tx, m: UUID, lead_id: UUID, text: str) -> Note:
    """A note of the caller's company."""
    return await tx.view(Note, f"select {_NOTE} from app.add_note($1, $2, $3)", m, lead_id, text)


async def messages(tx: Tx, m: UUID, lead_id: UUID, cursor: str | None, limit: int) -> Page[Message]:
    """Messages of the lead, newest first."""
    return await tx.page(
        Message, _MESSAGES, m=m, lead=lead_id, cursor=cursor, limit=limit, lane=MESSAGES
    )


async def add_message(tx: Tx, m: UUID, lead_id: UUID, text: str) -> Message:
    """A message to all parties."""
    return await tx.view(
        Message, f"select {_MESSAGE} from app.add_message($1, $2, $3)", m, lead_id, text
    )


async def history(tx: Tx, m: UUID, lead_id: UUID, cursor: str | None, limit: int) -> Page[Event]:
    """What happened to the lead, newest first."""
    return await tx.page(Event, _EVENTS, m=m, lead=lead_id, cursor=cursor, limit=limit)
