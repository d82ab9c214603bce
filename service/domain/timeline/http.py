"""Routes: notes, messages, history of a lead."""

from uuid import UUID

from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from service.domain.timeline import operations, queries
from service.domain.timeline.messages import Entry, Event, Message, Note
from service.vocabulary import Page
from service.web.calls import Call, Cursor, Limit


@get("/notes", summary="Internal notes")
async def list_notes(
    call: NamedDependency[Call],
    m: FromPath[UUID],
    l: FromPath[UUID],
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Response[Page[Note]]:
    """Notes of the caller's company, newest first; no other company reads them."""
    return await call.answer(queries.notes, m, l, cursor, limit)


@post("/notes", summary="Add a note", example={"text": "Rückruf am Dienstag vereinbart"})
async def add_note(
    call: NamedDependency[Call], m: FromPath[UUID], l: FromPath[UUID], data: JSONBody[Entry]
) -> Response[Note]:
    """Internal to the caller's company."""
    return await call.answer(operations.add_note, m, l, data)


@get("/messages", summary="Shared messages")
async def list_messages(
    call: NamedDependency[Call],
    m: FromPath[UUID],
    l: FromPath[UUID],
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Response[Page[Message]]:
    """Messages of all parties of the lead, newest first."""
    return await call.answer(queries.messages, m, l, cursor, limit)


@post("/messages", summary="Write a message")
async def add_message(
    call: NamedDependency[Call], m: FromPath[UUID], l: FromPath[UUID], data: JSONBody[Entry]
) -> Response[Message]:
    """To all parties of the lead."""
    return await call.answer(operations.add_message, m, l, data)


@get("/history", summary="History")
async def list_history(
    call: NamedDependency[Call],
    m: FromPath[UUID],
    l: FromPath[UUID],
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Response[Page[Event]]:
    """What happened to the lead, newest first."""
    return await call.answer(queries.history, m, l, cursor, limit)


router = Router(
    "/marketplaces/{m:uuid}/leads/{l:uuid}",
    route_handlers=[list_notes, add_note, list_messages, add_message, list_history],
    tags=["timeline"],
)
