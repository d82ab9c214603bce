"""What is read of the notes, messages and history of a lead."""

from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Select, Table, bindparam, select

from service.database import tables
from service.database.statements import columns
from service.database.transaction import Lane, Tx
from service.domain.leads.queries import lead
from service.domain.timeline.messages import Event, Message, Note
from service.vocabulary import Page

T = TypeVar("T")

MESSAGES = Lane("messages", seconds=5)
NOTE = "id, author_id, author_name, text, created_at"
MESSAGE = "id, company_id, company_name, author_id, author_name, text, created_at"
_EVENT = "id, event, company_id, company_name, colleague_id, colleague_name, detail, created_at"


def _of_lead(table: Table, names: str) -> Select[Any]:
    mine = table.c.marketplace_id == bindparam("m"), table.c.lead_id == bindparam("lead")
    return select(*columns(table, names)).where(*mine)


NOTES = _of_lead(tables.note, NOTE)
_MESSAGES = _of_lead(tables.message, MESSAGE)
_EVENTS = _of_lead(tables.history, _EVENT)


async def _found(page: Page[T], tx: Tx, m: UUID, lead_id: UUID) -> Page[T]:
    """Nothing is an answer only where there is a lead to be seen; else Problem not-found."""
    if not page.items:
        await lead(tx, m, lead_id)
    return page


async def notes(tx: Tx, m: UUID, lead_id: UUID, cursor: str | None, limit: int) -> Page[Note]:
    """Notes of the caller's company, newest first, also after it lost sight of the lead."""
    page = await tx.page(Note, NOTES, m=m, lead=lead_id, cursor=cursor, limit=limit)
    return await _found(page, tx, m, lead_id)


async def messages(tx: Tx, m: UUID, lead_id: UUID, cursor: str | None, limit: int) -> Page[Message]:
    """Messages of the lead, newest first."""
    page = await tx.page(
        Message, _MESSAGES, m=m, lead=lead_id, cursor=cursor, limit=limit, lane=MESSAGES
    )
    return await _found(page, tx, m, lead_id)


async def history(tx: Tx, m: UUID, lead_id: UUID, cursor: str | None, limit: int) -> Page[Event]:
    """What happened to the lead, newest first."""
    page = await tx.page(Event, _EVENTS, m=m, lead=lead_id, cursor=cursor, limit=limit)
    return await _found(page, tx, m, lead_id)
