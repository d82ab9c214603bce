"""Routes: follow-ups."""

from typing import Annotated
from uuid import UUID

from litestar import Response, Router, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, PathParameter, QueryParameter

from service.domain.follow_ups import operations, queries
from service.domain.follow_ups.calendars import calendar
from service.domain.follow_ups.messages import (
    CalendarFeed,
    FollowUp,
    FollowUpChange,
    FollowUpDraft,
    Whose,
)
from service.errors import Problem
from service.vocabulary import Moment, Page
from service.web.answers import Document
from service.web.calls import Call, Cursor, Limit

_CALENDAR = "text/calendar"
_LEAD = "/marketplaces/{m:uuid}/leads/{l:uuid}/follow-ups"


@get(_LEAD, summary="Follow-ups of a lead")
async def list_of_lead(
    call: NamedDependency[Call],
    m: FromPath[UUID],
    l: FromPath[UUID],
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Response[Page[FollowUp]]:
    """Of the caller's company, newest first, done ones too; no other company reads them."""
    return await call.answer(queries.of_lead, m, l, cursor, limit)


@post(
    _LEAD,
    summary="Note down a follow-up",
    refuses="colleague-required delegator-required handler-unknown",
    example={"due_at": "2027-03-01T09:00:00+01:00", "text": "Angebot nachfassen"},
)
async def add(
    call: NamedDependency[Call],
    m: FromPath[UUID],
    l: FromPath[UUID],
    data: JSONBody[FollowUpDraft],
) -> Response[FollowUp]:
    """For oneself; for a colleague it takes the role delegator, unless it is off."""
    return await call.answer(operations.add, m, l, data)


@patch(
    _LEAD + "/{follow_up_id:uuid}",
    summary="Change a follow-up",
    refuses="delegator-required handler-unknown version-stale version-required",
    example={"done": True},
)
async def change(
    call: NamedDependency[Call],
    m: FromPath[UUID],
    l: FromPath[UUID],
    follow_up_id: FromPath[UUID],
    data: JSONBody[FollowUpChange],
) -> Response[FollowUp]:
    """Needs If-Match. Any colleague may put off and tick off."""
    return await call.answer(operations.change, m, l, follow_up_id, call.versions(), data)


@delete(_LEAD + "/{follow_up_id:uuid}", summary="Remove a follow-up", status_code=204)
async def drop(
    call: NamedDependency[Call],
    m: FromPath[UUID],
    l: FromPath[UUID],
    follow_up_id: FromPath[UUID],
) -> Response[None]:
    """Any colleague may."""
    return await call.answer(operations.drop, m, l, follow_up_id)


@get("/follow-ups", summary="What is due")
async def list_due(
    call: NamedDependency[Call],
    whose: Annotated[
        Whose,
        QueryParameter(
            description="mine; covered: mine and of whom I cover now; nobody: of who left"
        ),
    ] = "mine",
    until: Annotated[
        Moment | None, QueryParameter(description="What is due until this moment")
    ] = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Response[Page[FollowUp]]:
    """Open follow-ups, what is due next first; of leads that the company sees."""
    return await call.answer(queries.due, whose, until, cursor, limit)


@post(
    "/me/calendar-feed",
    summary="A secret address for my calendar",
    refuses="colleague-required shown-once",
)
async def open_feed(call: NamedDependency[Call]) -> Response[CalendarFeed]:
    """For a calendar program: my follow-ups and those of whom I cover, without text and person. The
    address before ends; so does this one when I leave. Shown once."""
    return await call.answer(operations.open_feed, call.secret("kgf"), call.base_url)


@delete(
    "/me/calendar-feed", summary="End that address", status_code=204, refuses="colleague-required"
)
async def close_feed(call: NamedDependency[Call]) -> Response[None]:
    """Programs that read it get nothing more."""
    return await call.answer(operations.close_feed)


@get(
    "/calendar-feeds/{name:str}",
    summary="Follow-ups as a calendar",
    public=True,
    sends=_CALENDAR,
    refuses="not-found too-many-requests",
)
async def read_feed(
    call: NamedDependency[Call], name: Annotated[str, PathParameter(max_length=200)]
) -> Document:
    """Needs no log-in: the address is the right. {name} is what was shown, with .ics at its end."""
    token = name.removesuffix(".ics") if name.endswith(".ics") else ""
    found = await call.database.run(None, operations.feed, token, call.peer)
    if found.problem is not None:
        raise Problem(found.problem, retry_after=found.retry_after or None)
    return Document(calendar(found, call.base_url), f"{_CALENDAR}; charset=utf-8")


router = Router(
    "",
    route_handlers=[list_of_lead, add, change, drop, list_due, open_feed, close_feed, read_feed],
    tags=["follow-ups"],
)
