"""Routes: offers."""

from typing import Annotated, Literal
from uuid import UUID

from litestar import Response, Router, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody, QueryParameter

from service.domain.leads.messages import Engagement
from service.domain.offers import operations, queries
from service.domain.offers.messages import Offer, OfferFilter, Refusal, Sort
from service.vocabulary import Moment, OfferState, Page
from service.web.calls import Call, Cursor, Limit

State = Annotated[
    OfferState | None,
    QueryParameter(
        name="state",
        description="A taker sees open and picked ones, and declined ones while it may re-open"
        " them; an operator all",
    ),
]

OfSide = Annotated[
    Literal["taker", "operator"],
    QueryParameter(name="as", description="Offers to my company, or of my marketplaces"),
]


@get("/offers", summary="Offers")
async def list_offers(
    call: NamedDependency[Call],
    capacity: OfSide = "taker",
    offer_state: State = None,
    marketplace: Annotated[UUID | None, QueryParameter(description="Marketplace id")] = None,
    lead: Annotated[UUID | None, QueryParameter(description="Lead id")] = None,
    expires_before: Annotated[
        Moment | None,
        QueryParameter(description="Open ones that end before this moment, in that order"),
    ] = None,
    sort: Annotated[
        Sort,
        QueryParameter(description="newest: last in first; expiring: open ones, next to end first"),
    ] = "newest",
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Response[Page[Offer]]:
    """Newest first. What is lost or expired is gone for the taker; what it declined is listed with
    `state=declined` alone, and as long as it may re-open it."""
    narrow = OfferFilter(capacity, offer_state, marketplace, lead, expires_before, sort)
    return await call.answer(queries.offers, narrow, cursor, limit)


@post(
    "/marketplaces/{m:uuid}/leads/{l:uuid}/pick",
    summary="Pick",
    status_code=200,
    refuses=(
        "lead-no-longer-available offer-declined cap-reached"
        " operator-takes-after-first-wave too-many-requests"
    ),
)
async def pick(
    call: NamedDependency[Call], m: FromPath[UUID], l: FromPath[UUID]
) -> Response[Engagement]:
    """One company wins, others get 409. What a colleague of mine picked already is a 200."""
    return await call.answer(operations.pick, m, l)


@post(
    "/marketplaces/{m:uuid}/leads/{l:uuid}/decline",
    summary="Decline",
    status_code=200,
    refuses="lead-no-longer-available",
    example={"reason": "Zu weit entfernt"},
)
async def decline(
    call: NamedDependency[Call],
    m: FromPath[UUID],
    l: FromPath[UUID],
    data: JSONBody[Refusal | None] = None,
) -> Response[Offer]:
    """For the whole company. The last refusal of a wave can be taken back for 15 seconds. Again
    with a reason adds that, where none was said."""
    return await call.answer(operations.decline, m, l, data)


@post(
    "/marketplaces/{m:uuid}/leads/{l:uuid}/reopen",
    summary="Re-open the offer",
    status_code=200,
    refuses="lead-no-longer-available",
)
async def reopen(
    call: NamedDependency[Call], m: FromPath[UUID], l: FromPath[UUID]
) -> Response[Offer]:
    """Takes the company's own refusal back while the lead is still offered."""
    return await call.answer(operations.reopen, m, l)


router = Router("", route_handlers=[list_offers, pick, decline, reopen], tags=["offers"])
