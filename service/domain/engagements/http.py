"""Routes: the engagement of a lead."""

from uuid import UUID

from litestar import Response, Router, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from service.domain.engagements import operations
from service.domain.engagements.messages import Closing, EngagementChange, Handover, Handovers
from service.domain.leads.messages import Engagement
from service.web.calls import Call


@patch(
    "/",
    summary="Step and handler",
    refuses=(
        "taker-required delegator-required engagement-state step-unknown"
        " handler-unknown version-stale version-required"
    ),
    example={"step": "kontaktiert", "handler_id": "0199b6a0-0000-7000-8000-000000000001"},
)
async def change(
    call: NamedDependency[Call],
    m: FromPath[UUID],
    l: FromPath[UUID],
    data: JSONBody[EngagementChange],
) -> Response[Engagement]:
    """Needs If-Match. Handing over to somebody else takes the role delegator, unless it is off."""
    return await call.answer(operations.change, m, l, call.versions(), data)


@post(
    "/close",
    summary="Won or lost",
    status_code=200,
    refuses="taker-required engagement-state",
    example={"outcome": "won", "value": 12500},
)
async def close(
    call: NamedDependency[Call], m: FromPath[UUID], l: FromPath[UUID], data: JSONBody[Closing]
) -> Response[Engagement]:
    """Ends the engagement; the lead is closed."""
    return await call.answer(operations.close, m, l, data)


@post(
    "/reopen",
    summary="Re-open the engagement",
    status_code=200,
    refuses="taker-required engagement-state reopen-window-over",
)
async def reopen(
    call: NamedDependency[Call], m: FromPath[UUID], l: FromPath[UUID]
) -> Response[Engagement]:
    """Takes won or lost back within the days that the marketplace allows."""
    return await call.answer(operations.reopen, m, l)


@post(
    "/engagements/handler",
    summary="Hand many over",
    status_code=200,
    refuses="delegator-required handler-unknown",
    example={
        "items": [
            {
                "marketplace_id": "0199b6a0-0000-7000-8000-000000000001",
                "lead_id": "0199b6a0-0000-7000-8000-000000000002",
            }
        ],
        "handler_id": "0199b6a0-0000-7000-8000-000000000003",
    },
)
async def hand_over(call: NamedDependency[Call], data: JSONBody[Handover]) -> Response[Handovers]:
    """Up to 100 leads to one colleague, or (null) back to nobody. Each for itself: what cannot be
    handed over says why, the others are. To others takes the role delegator, unless it is off."""
    return await call.answer(operations.hand_over, data)


_ONE = Router(
    "/marketplaces/{m:uuid}/leads/{l:uuid}/engagement", route_handlers=[change, close, reopen]
)
router = Router("", route_handlers=[_ONE, hand_over], tags=["engagement"])
