"""Routes: the engagement of a lead, its end, and all that a company works or worked."""

from typing import Annotated
from uuid import UUID

from litestar import Response, Router, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from service.domain.engagements import operations, queries
from service.domain.engagements.messages import (
    Closing,
    Decision,
    EngagementChange,
    EngagementFilter,
    Handover,
    Handovers,
    OneEngagement,
    RatingDraft,
    Return,
    Revocation,
    ShownEngagement,
)
from service.domain.leads.messages import Engagement, Lead
from service.vocabulary import EngagementState, Page
from service.web.calls import Call, Cursor, Limit


@get("/engagements", summary="What my company works or worked")
async def list_engagements(
    call: NamedDependency[Call],
    engagement_state: Annotated[EngagementState | None, QueryParameter(name="state")] = None,
    marketplace: Annotated[UUID | None, QueryParameter(description="Marketplace id")] = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Response[Page[OneEngagement]]:
    """The caller's own engagements, ended ones too, newest first."""
    narrow = EngagementFilter(engagement_state, marketplace)
    return await call.answer(queries.own, narrow, cursor, limit)


@get("/marketplaces/{m:uuid}/leads/{l:uuid}/engagement", summary="The engagement of a lead")
async def show(
    call: NamedDependency[Call],
    m: FromPath[UUID],
    l: FromPath[UUID],
    engagement_id: Annotated[
        UUID | None, QueryParameter(description="Which one; absent: the latest that I may see")
    ] = None,
) -> Response[ShownEngagement]:
    """Also for a taker that does not see the lead any more. Operator and giver see each of a
    lead's engagements; the giver reads the taker's name while it is the current one."""
    return await call.answer(queries.one, m, l, engagement_id)


@patch(
    "/marketplaces/{m:uuid}/leads/{l:uuid}/engagement",
    summary="Step and handler",
    refuses=(
        "taker-required delegator-required engagement-state step-unknown next-step-required"
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
    "/marketplaces/{m:uuid}/leads/{l:uuid}/engagement/close",
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
    "/marketplaces/{m:uuid}/leads/{l:uuid}/engagement/reopen",
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
    "/marketplaces/{m:uuid}/leads/{l:uuid}/engagement/return",
    summary="Ask to return the lead",
    status_code=202,
    refuses=(
        "taker-required engagement-state return-state return-reason-unknown return-window-over"
        " return-evidence-missing return-quota-reached call-unknown file-unknown"
    ),
    example={"reason": "not_reached", "comment": "Vier Versuche an drei Tagen"},
)
async def ask_return(
    call: NamedDependency[Call],
    m: FromPath[UUID],
    l: FromPath[UUID],
    data: JSONBody[Return],
) -> Response[ShownEngagement]:
    """The operator decides. Until then the company works the lead, and goes on after a refusal.
    Where the company wants release, what a member asks waits for a delegator or admin."""
    return await call.answer(operations.ask_return, m, l, data)


@post(
    "/marketplaces/{m:uuid}/leads/{l:uuid}/engagement/return/release",
    summary="Release a return to the operator",
    status_code=200,
    refuses=(
        "taker-required delegator-required engagement-state return-state return-reason-unknown"
        " return-window-over return-evidence-missing return-quota-reached"
    ),
)
async def release_return(
    call: NamedDependency[Call], m: FromPath[UUID], l: FromPath[UUID]
) -> Response[ShownEngagement]:
    """By a delegator or admin, where the company wants that. Window, evidence and quota are asked
    once more: what counts is when the operator gets it."""
    return await call.answer(operations.release_return, m, l)


@post(
    "/marketplaces/{m:uuid}/leads/{l:uuid}/engagement/return/withdraw",
    summary="Take a return back",
    status_code=200,
    refuses="taker-required delegator-required engagement-state return-state",
)
async def withdraw_return(
    call: NamedDependency[Call], m: FromPath[UUID], l: FromPath[UUID]
) -> Response[ShownEngagement]:
    """Before the operator decides: by who asked, or a delegator or admin, who so does not release
    it; by any colleague where the company wants no release."""
    return await call.answer(operations.withdraw_return, m, l)


@post(
    "/marketplaces/{m:uuid}/leads/{l:uuid}/engagement/return/accept",
    summary="Accept the return",
    status_code=200,
    refuses="operator-required engagement-state lead-state",
    example={"comment": "Wie am Telefon besprochen"},
)
async def accept_return(
    call: NamedDependency[Call],
    m: FromPath[UUID],
    l: FromPath[UUID],
    data: JSONBody[Decision | None] = None,
) -> Response[ShownEngagement]:
    """The lead is available again. The returner loses it and the person at once, keeps its
    engagement, notes and conversation, and is not offered the lead again."""
    return await call.answer(operations.accept_return, m, l, data)


@post(
    "/marketplaces/{m:uuid}/leads/{l:uuid}/engagement/return/refuse",
    summary="Refuse the return",
    status_code=200,
    refuses="operator-required engagement-state lead-state",
)
async def refuse_return(
    call: NamedDependency[Call],
    m: FromPath[UUID],
    l: FromPath[UUID],
    data: JSONBody[Decision | None] = None,
) -> Response[ShownEngagement]:
    """The taker goes on working the lead."""
    return await call.answer(operations.refuse_return, m, l, data)


@post(
    "/marketplaces/{m:uuid}/leads/{l:uuid}/engagement/rating",
    summary="Rate the lead",
    status_code=200,
    refuses="taker-required rating-window-over",
    example={"stars": 4, "reason": "good_as_described"},
)
async def rate(
    call: NamedDependency[Call], m: FromPath[UUID], l: FromPath[UUID], data: JSONBody[RatingDraft]
) -> Response[ShownEngagement]:
    """By any colleague of the company that works or worked it, until 30 days after that ended. One
    rating an engagement: again replaces it. The operator reads it, the giver averages alone."""
    return await call.answer(operations.rate, m, l, data)


@post(
    "/marketplaces/{m:uuid}/leads/{l:uuid}/revoke",
    summary="Revoke the engagement",
    status_code=200,
    refuses="operator-required engagement-state lead-state",
    example={"reason": "Seit drei Wochen ohne Kontakt"},
)
async def revoke(
    call: NamedDependency[Call],
    m: FromPath[UUID],
    l: FromPath[UUID],
    data: JSONBody[Revocation],
) -> Response[Lead]:
    """By the operator: the lead is available again, and its taker keeps what was its own."""
    return await call.answer(operations.revoke, m, l, data)


@post(
    "/marketplaces/{m:uuid}/leads/{l:uuid}/recycle",
    summary="Recycle a lost lead",
    status_code=200,
    refuses="operator-required engagement-state lead-state",
)
async def recycle(
    call: NamedDependency[Call],
    m: FromPath[UUID],
    l: FromPath[UUID],
) -> Response[Lead]:
    """By the operator: a lead that was closed as lost is available again."""
    return await call.answer(operations.recycle, m, l)


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


router = Router(
    "",
    route_handlers=[
        list_engagements,
        show,
        change,
        close,
        reopen,
        ask_return,
        release_return,
        withdraw_return,
        accept_return,
        refuse_return,
        rate,
        revoke,
        recycle,
        hand_over,
    ],
    tags=["engagement"],
)
