"""Routes: leads."""

from typing import Annotated, Literal
from uuid import UUID

from litestar import Response, Router, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from service.domain.leads import listing, operations, queries
from service.domain.leads.messages import (
    Assignment,
    Counts,
    Lead,
    LeadChange,
    LeadDraft,
    LeadFilter,
    OfferDraft,
    Rejection,
    Sort,
    Withdrawal,
)
from service.vocabulary import EngagementState, LeadState, Moment, Page, whole
from service.web.calls import Call, Cursor, Limit

Capacity = Annotated[
    Literal["operator", "giver", "taker"] | None,
    QueryParameter(name="as", description="In which capacity the company sees the lead"),
]
Handler = Annotated[
    str | None,
    QueryParameter(
        description="me, cover (me and whom I cover now), none, or the id of a colleague",
        pattern=whole("me|cover|none|[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"),
    ),
]
InState = Annotated[LeadState | None, QueryParameter(name="state", description="State of the lead")]
OfMarketplace = Annotated[UUID | None, QueryParameter(description="Marketplace id")]
AtStep = Annotated[str | None, QueryParameter(max_length=200, description="Step of the engagement")]
Engaged = Annotated[EngagementState | None, QueryParameter(description="State of the engagement")]
Tagged = Annotated[str | None, QueryParameter(max_length=50, description="Has this tag")]
FromSource = Annotated[str | None, QueryParameter(max_length=200, description="Where it came in")]
OfGiver = Annotated[UUID | None, QueryParameter(description="Company id of the giver")]
OfLead = Annotated[UUID | None, QueryParameter(description="Lead id")]
ReceivedSince = Annotated[
    Moment | None, QueryParameter(description="Received at this moment or later")
]
ChangedSince = Annotated[
    Moment | None, QueryParameter(description="Changed at this moment or later")
]
Stalled = Annotated[
    Literal["true"] | None,
    QueryParameter(
        description="Whose handler gives no sign of himself for too long: for the taker, and for"
        " the operator"
    ),
]
Search = Annotated[
    str | None,
    QueryParameter(
        min_length=2,
        max_length=100,
        description="Words or parts of words in any order, with or without umlauts: name, firm,"
        " e-mail address, postcode, town, interest, reference; telephone numbers in any notation."
        " One or two letters count at the beginning of a word",
    ),
]
Ordered = Annotated[
    Sort,
    QueryParameter(
        description="newest: last in first; oldest: by received_at, longest waiting first; changed:"
        " last change first; unchanged: longest without a change first"
    ),
]


@get("/leads", summary="My leads", refuses="colleague-required")
async def list_leads(
    call: NamedDependency[Call],
    capacity: Capacity = None,
    lead_state: InState = None,
    marketplace: OfMarketplace = None,
    handler: Handler = None,
    step: AtStep = None,
    engagement: Engaged = None,
    tag: Tagged = None,
    source: FromSource = None,
    giver: OfGiver = None,
    lead: OfLead = None,
    received_since: ReceivedSince = None,
    changed_since: ChangedSince = None,
    stalled: Stalled = None,
    q: Search = None,
    sort: Ordered = "newest",
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Response[Page[Lead]]:
    """All leads that the caller's company may see. Filters are joined by *and*. A lead that waits
    for a decision shows its possible duplicates."""
    narrow = LeadFilter(
        capacity, lead_state, marketplace, handler, q, step, engagement, tag, source, giver, lead,
        received_since, changed_since, sort, stalled,
    )  # fmt: skip
    return await call.answer(listing.leads, narrow, cursor, limit)


@get("/counts", summary="What waits")
async def counts(call: NamedDependency[Call]) -> Response[Counts]:
    """Numbers for badges, all in one call; each ends at 1000."""
    return await call.answer(queries.counts)


@post(
    "/marketplaces/{m:uuid}/leads",
    summary="Put a lead in",
    refuses="giver-required lead-exists distribution-permission-missing contact-missing",
    example={
        "prospect": {
            "name": "Petra Muster",
            "email": "petra@muster.example",
            "phone": "+49 30 23125000",
            "postcode": "10115",
            "city": "Berlin",
        },
        "interest": "Wärmepumpe für ein Einfamilienhaus",
        "distribution_permission": True,
        "submit": True,
    },
)
async def create(
    call: NamedDependency[Call], m: FromPath[UUID], data: JSONBody[LeadDraft]
) -> Response[Lead]:
    """By an active giver or the operator; with submit it goes on at once."""
    return await call.answer(operations.create, m, data)


@get("/marketplaces/{m:uuid}/leads/{l:uuid}", summary="A lead")
async def show(call: NamedDependency[Call], m: FromPath[UUID], l: FromPath[UUID]) -> Response[Lead]:
    """With prospect where the caller may see it. The ETag guards lead, prospect, engagement."""
    return await call.answer(queries.lead, m, l)


@patch(
    "/marketplaces/{m:uuid}/leads/{l:uuid}",
    summary="Correct a lead",
    refuses="operator-required version-stale version-required lead-state contact-missing",
    example={"prospect": {"phone": "+49 30 23125001"}},
)
async def change(
    call: NamedDependency[Call], m: FromPath[UUID], l: FromPath[UUID], data: JSONBody[LeadChange]
) -> Response[Lead]:
    """Needs If-Match. Giver until it is offered, operator, or the engaged company (prospect)."""
    return await call.answer(operations.change, m, l, call.versions(), data)


@post(
    "/marketplaces/{m:uuid}/leads/{l:uuid}/submit",
    summary="Submit",
    status_code=200,
    refuses="giver-required lead-state distribution-permission-missing contact-missing",
)
async def submit(
    call: NamedDependency[Call], m: FromPath[UUID], l: FromPath[UUID]
) -> Response[Lead]:
    """draft → submitted; needs the distribution permission and a way to reach the person."""
    return await call.answer(operations.submit, m, l)


@post(
    "/marketplaces/{m:uuid}/leads/{l:uuid}/accept",
    summary="Accept",
    status_code=200,
    refuses="operator-required lead-state",
)
async def accept(
    call: NamedDependency[Call], m: FromPath[UUID], l: FromPath[UUID]
) -> Response[Lead]:
    """For the operator: submitted → available."""
    return await call.answer(operations.accept, m, l)


@post(
    "/marketplaces/{m:uuid}/leads/{l:uuid}/reject",
    summary="Reject",
    status_code=200,
    refuses="operator-required lead-state",
    example={"reason": "Die Telefonnummer gehört jemand anderem"},
)
async def reject(
    call: NamedDependency[Call], m: FromPath[UUID], l: FromPath[UUID], data: JSONBody[Rejection]
) -> Response[Lead]:
    """For the operator: submitted → rejected; the giver is told the reason."""
    return await call.answer(operations.reject, m, l, data)


@post(
    "/marketplaces/{m:uuid}/leads/{l:uuid}/offer",
    summary="Offer",
    status_code=200,
    refuses="operator-required lead-state no-matching-taker taker-unfit company-absorbed",
    example={"company_ids": ["0199b6a0-0000-7000-8000-000000000001"], "response_hours": 24},
)
async def offer(
    call: NamedDependency[Call],
    m: FromPath[UUID],
    l: FromPath[UUID],
    data: JSONBody[OfferDraft | None] = None,
) -> Response[Lead]:
    """For the operator: to all matching takers, or to those named; in one wave."""
    return await call.answer(operations.offer, m, l, data)


@post(
    "/marketplaces/{m:uuid}/leads/{l:uuid}/assign",
    summary="Assign",
    status_code=200,
    refuses=(
        "operator-required lead-state cap-reached operator-may-not-take"
        " operator-takes-after-first-wave taker-unfit company-absorbed"
    ),
    example={"company_id": "0199b6a0-0000-7000-8000-000000000001"},
)
async def assign(
    call: NamedDependency[Call], m: FromPath[UUID], l: FromPath[UUID], data: JSONBody[Assignment]
) -> Response[Lead]:
    """For the operator: directly to one taker; open offers become lost."""
    return await call.answer(operations.assign, m, l, data)


@post(
    "/marketplaces/{m:uuid}/leads/{l:uuid}/withdraw",
    summary="Withdraw",
    status_code=200,
    refuses="operator-required giver-may-not-withdraw lead-engaged lead-state",
    example={"reason": "Die Person hat es sich anders überlegt"},
)
async def withdraw(
    call: NamedDependency[Call],
    m: FromPath[UUID],
    l: FromPath[UUID],
    data: JSONBody[Withdrawal | None] = None,
) -> Response[Lead]:
    """Before the pick, by the operator, or the giver where the marketplace allows it."""
    return await call.answer(operations.withdraw, m, l, data)


router = Router(
    "",
    route_handlers=[
        list_leads,
        counts,
        create,
        show,
        change,
        submit,
        accept,
        reject,
        offer,
        assign,
        withdraw,
    ],
    tags=["leads"],
)
