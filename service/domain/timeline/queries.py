"""The SQL of notes, messages and history."""

from uuid import UUID

from service.database.transaction import Lane, Tx
from service.domain.timeline.messages import Event, Message, Note
from service.vocabulary import Page

MESSAGES = Lane("messages", seconds=5)
_LEAD = "where marketplace_id = $1 and lead_id = $2"
_NOTE = "id, author_id, author_name, text, created_at"
_MESSAGE = "id, company_id, company_name, author_id, author_name, text, created_at"


async def notes(tx: Tx, m: UUID, lead_id: UUID, cursor: str | None, limit: int) -> Page[Note]:
    """Notes of the caller's company, newest first."""
    sql = f"select {_NOTE} from app.note {_LEAD}"
    return await tx.page(Note, sql, m, lead_id, cursor=cursor, limit=limit)


async def add_note(tx: Tx, m: UUID, lead_id: UUID, text: str) -> Note:
    """A note of the caller's company."""
    return await tx.view(Note, f"select {_NOTE} from app.add_note($1, $2, $3)", m, lead_id, text)


async def messages(tx: Tx, m: UUID, lead_id: UUID, cursor: str | None, limit: int) -> Page[Message]:
    """Messages of the lead, newest first."""
    sql = f"select {_MESSAGE} from app.message {_LEAD}"
    return await tx.page(Message, sql, m, lead_id, cursor=cursor, limit=limit, lane=MESSAGES)


async def add_message(tx: Tx, m: UUID, lead_id: UUID, text: str) -> Message:
    """A message to all parties."""
    return await tx.view(
        Message, f"select {_MESSAGE} from app.add_message($1, $2, $3)", m, lead_id, text
    )


async def history(tx: Tx, m: UUID, lead_id: UUID, cursor: str | None, limit: int) -> Page[Event]:
    """What happened to the lead, newest first."""
    sql = (
        "select id, event, company_id, company_name, colleague_id, colleague_name, detail,"
        f" created_at from app.history {_LEAD}"
    )
    return await tx.page(Event, sql, m, lead_id, cursor=cursor, limit=limit)
