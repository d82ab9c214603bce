"""Routes: marketplaces and participations."""

from uuid import UUID

from litestar import Response, Router, delete, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from service.domain.marketplaces import operations, queries
from service.domain.marketplaces.messages import (
    Marketplace,
    MarketplaceChange,
    MarketplaceDraft,
    Participation,
    ParticipationChange,
    PartnerInvitation,
)
from service.vocabulary import Page
from service.web.calls import Call, Cursor, Limit
from service.web.equal_time import equal_time


@get("/", summary="My marketplaces")
async def list_marketplaces(
    call: NamedDependency[Call], cursor: Cursor = None, limit: Limit = 20
) -> Response[Page[Marketplace]]:
    """Marketplaces my company operates, takes part in, or is invited to; newest first."""
    return await call.answer(queries.marketplaces, cursor, limit)


@post(
    "/",
    summary="Create a marketplace",
    example={"name": "Marktplatz Nord", "steps": ["neu", "kontaktiert", "Angebot"]},
)
async def create_marketplace(
    call: NamedDependency[Call], data: JSONBody[MarketplaceDraft]
) -> Response[Marketplace]:
    """The caller's company becomes its operator."""
    return await call.answer(operations.create_marketplace, data)


@get("/{m:uuid}", summary="A marketplace")
async def show_marketplace(call: NamedDependency[Call], m: FromPath[UUID]) -> Response[Marketplace]:
    """With settings for the operator, with the own participation for a partner."""
    return await call.answer(queries.marketplace, m)


@patch(
    "/{m:uuid}",
    summary="Change a marketplace",
    refuses="version-stale",
    example={"response_hours": 24},
)
async def change_marketplace(
    call: NamedDependency[Call], m: FromPath[UUID], data: JSONBody[MarketplaceChange]
) -> Response[Marketplace]:
    """For the operator. Fields that are not named stay; If-Match is honoured when sent."""
    versions = call.versions(required=False)
    return await call.answer(operations.change_marketplace, m, versions, data)


@get("/{m:uuid}/participations", summary="Who takes part")
async def list_participations(
    call: NamedDependency[Call], m: FromPath[UUID], cursor: Cursor = None, limit: Limit = 20
) -> Response[Page[Participation]]:
    """The operator sees all partners and open invitations, a partner sees itself."""
    return await call.answer(queries.participations, m, cursor, limit)


@post(
    "/{m:uuid}/participations",
    summary="Invite a partner",
    refuses="own-company conflict company-absorbed too-many-requests",
    example={
        "email": "cora@klein.example",
        "capacity": "taker",
        "postcode_areas": ["10", "12"],
        "cap": 20,
    },
)
async def invite_partner(
    call: NamedDependency[Call], m: FromPath[UUID], data: JSONBody[PartnerInvitation]
) -> Response[Participation]:
    """For the operator, by e-mail or company id, as giver or taker. Five mails a day to
    one of them."""
    async with equal_time():
        return await call.answer(operations.invite_partner, m, data)


@post(
    "/{m:uuid}/participations/accept",
    summary="Accept the invitation",
    status_code=200,
    refuses="participation-state",
)
async def accept_participation(
    call: NamedDependency[Call], m: FromPath[UUID]
) -> Response[Participation]:
    """By any colleague of the invited company."""
    return await call.answer(operations.answer_invitation, m, True)


@post(
    "/{m:uuid}/participations/decline",
    summary="Decline the invitation",
    status_code=200,
    refuses="participation-state",
)
async def decline_participation(
    call: NamedDependency[Call], m: FromPath[UUID]
) -> Response[Participation]:
    """By any colleague of the invited company."""
    return await call.answer(operations.answer_invitation, m, False)


@patch(
    "/{m:uuid}/participations/{company_id:uuid}",
    summary="Change a participation",
    refuses="version-stale company-absorbed operator-required taker-unfit exclusive-area-held",
    example={"paused": True},
)
async def change_participation(
    call: NamedDependency[Call],
    m: FromPath[UUID],
    company_id: FromPath[UUID],
    data: JSONBody[ParticipationChange],
) -> Response[Participation]:
    """Areas, tags, pause and caps; by the operator or the company itself. Exclusive areas and the
    price: by the operator."""
    versions = call.versions(required=False)
    return await call.answer(operations.change_participation, m, company_id, versions, data)


@delete(
    "/{m:uuid}/participations/{company_id:uuid}",
    summary="End a participation",
    status_code=204,
    refuses="participation-state company-absorbed",
)
async def end_participation(
    call: NamedDependency[Call], m: FromPath[UUID], company_id: FromPath[UUID]
) -> Response[None]:
    """By the operator or the company itself; also takes an invitation_id. Open offers end."""
    return await call.answer(operations.end_participation, m, company_id)


router = Router(
    "/marketplaces",
    route_handlers=[
        list_marketplaces,
        create_marketplace,
        show_marketplace,
        change_marketplace,
        list_participations,
        invite_partner,
        accept_participation,
        decline_participation,
        change_participation,
        end_participation,
    ],
    tags=["marketplaces"],
)
