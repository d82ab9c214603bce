"""Routes: calls to the person of a lead."""

from uuid import UUID

from litestar import Response, Router, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from service.domain.calls import operations, queries
from service.domain.calls.messages import CallAttempt, CallClaim, CallResult, CallState
from service.vocabulary import Page
from service.web.calls import Call, Cursor, Limit


@post(
    "/call",
    summary="I am calling now",
    status_code=200,
    refuses="taker-required colleague-required engagement-state colleague-calling",
)
async def claim(
    call: NamedDependency[Call], m: FromPath[UUID], l: FromPath[UUID]
) -> Response[CallClaim]:
    """Colleagues are told for 15 minutes; once more renews it. 409 while a colleague is calling."""
    return await call.answer(operations.claim, m, l)


@get("/call", summary="Who is calling", refuses="taker-required")
async def show(
    call: NamedDependency[Call], m: FromPath[UUID], l: FromPath[UUID]
) -> Response[CallState]:
    """Who of the company is calling now, how often it was tried, and when first."""
    return await call.answer(queries.state, m, l)


@delete("/call", summary="I am not calling", status_code=204, refuses="taker-required")
async def release(
    call: NamedDependency[Call], m: FromPath[UUID], l: FromPath[UUID]
) -> Response[None]:
    """Drops the caller's own claim without an outcome; a colleague's stays."""
    return await call.answer(operations.release, m, l)


@post(
    "/calls",
    summary="Enter what a call brought",
    refuses="taker-required engagement-state next-step-required",
    example={
        "outcome": "mailbox",
        "note": "Um Rückruf gebeten",
        "call_back_at": "2027-03-01T09:00:00+01:00",
    },
)
async def log(
    call: NamedDependency[Call], m: FromPath[UUID], l: FromPath[UUID], data: JSONBody[CallResult]
) -> Response[CallAttempt]:
    """Ends the caller's claim; one may enter a call without a claim, too."""
    return await call.answer(operations.log, m, l, data)


@get("/calls", summary="Calls")
async def list_calls(
    call: NamedDependency[Call],
    m: FromPath[UUID],
    l: FromPath[UUID],
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Response[Page[CallAttempt]]:
    """Calls of the caller's company, newest first; no other company reads them."""
    return await call.answer(queries.attempts, m, l, cursor, limit)


router = Router(
    "/marketplaces/{m:uuid}/leads/{l:uuid}/engagement",
    route_handlers=[claim, show, release, log, list_calls],
    tags=["calls"],
)
