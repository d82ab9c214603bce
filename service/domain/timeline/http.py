"""Routes: notes, messages, history of a lead."""

from typing import Annotated
from uuid import UUID

from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from service.domain.timeline import operations, queries
from service.domain.timeline.messages import Entry, Event, Message, Note
from service.vocabulary import Page
from service.web.calls import Call, Cursor, Limit

OfEngagement = Annotated[
    UUID | None,
    QueryParameter(
        description="Of one engagement; absent: a taker is shown its latest, operator and giver all"
    ),
]


@get("/notes", summary="Internal notes")
async def list_notes(
    call: NamedDependency[Call],
    m: FromPath[UUID],
    l: FromPath[UUID],
    engagement_id: OfEngagement = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Response[Page[Note]]:
    """Notes of the caller's company, newest first; no other company reads them. Also for a taker
    that does not see the lead any more."""
    return await call.answer(queries.notes, m, l, engagement_id, cursor, limit)


@post(
    "/notes",
    summary="Add a note",
    refuses="engagement-state",
    example={"text": "Rückruf am Dienstag vereinbart"},
)
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
    engagement_id: OfEngagement = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Response[Page[Message]]:
    """Newest first: of the caller's engagement; for operator and giver all there were, and those
    before any. Also for a taker that does not see the lead any more."""
    return await call.answer(queries.messages, m, l, engagement_id, cursor, limit)


@post("/messages", summary="Write a message", refuses="engagement-state")
async def add_message(
    call: NamedDependency[Call], m: FromPath[UUID], l: FromPath[UUID], data: JSONBody[Entry]
) -> Response[Message]:
    """To all present parties of the lead, in its current engagement if there is one."""
    return await call.answer(operations.add_message, m, l, data)


@get("/history", summary="History")
async def list_history(
    call: NamedDependency[Call],
    m: FromPath[UUID],
    l: FromPath[UUID],
    engagement_id: OfEngagement = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Response[Page[Event]]:
    """What happened to the lead, newest first; whose part, as with messages."""
    return await call.answer(queries.history, m, l, engagement_id, cursor, limit)


router = Router(
    "/marketplaces/{m:uuid}/leads/{l:uuid}",
    route_handlers=[list_notes, add_note, list_messages, add_message, list_history],
    tags=["timeline"],
)
