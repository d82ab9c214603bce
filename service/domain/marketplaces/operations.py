"""What operators and partners do about a marketplace."""

from uuid import UUID

import msgspec
from msgspec import UNSET

from service.database.transaction import Tx
from service.domain.marketplaces import queries
from service.domain.marketplaces.messages import (
    Marketplace,
    MarketplaceChange,
    MarketplaceDraft,
    Participation,
    ParticipationChange,
    PartnerInvitation,
)
from service.errors import Problem
from service.vocabulary import Page, Versions, email_address


async def list_marketplaces(tx: Tx, cursor: str | None, limit: int) -> Page[Marketplace]:
    """What the caller's company operates or takes part in."""
    return await queries.marketplaces(tx, cursor, limit)


async def show_marketplace(tx: Tx, marketplace_id: UUID) -> Marketplace:
    """One of them."""
    return await queries.marketplace(tx, marketplace_id)


async def create_marketplace(tx: Tx, data: MarketplaceDraft) -> Marketplace:
    """A marketplace operated by the caller's company."""
    return await queries.marketplace(tx, await queries.create(tx, msgspec.to_builtins(data)))


async def change_marketplace(
    tx: Tx, marketplace_id: UUID, versions: Versions, data: MarketplaceChange
) -> Marketplace:
    """Settings, by the operator."""
    queries.change(tx, marketplace_id, versions, msgspec.to_builtins(data))
    return await queries.marketplace(tx, marketplace_id)


async def list_participations(
    tx: Tx, marketplace_id: UUID, cursor: str | None, limit: int
) -> Page[Participation]:
    """The operator: all partners, and whose answer is open. A partner: itself."""
    await queries.marketplace(tx, marketplace_id)
    return await queries.participations(tx, marketplace_id, cursor, limit)


async def invite_partner(tx: Tx, marketplace_id: UUID, data: PartnerInvitation) -> Participation:
    """Invites by e-mail or by company id; raises validation-failed unless exactly one is given."""
    if (data.email is UNSET) == (data.company_id is UNSET):
        raise Problem(
            "validation-failed",
            errors=[
                {
                    "pointer": "",
                    "code": "one-of",
                    "detail": "Give exactly one of email and company_id",
                    "detail_de": "Bitte genau eines von email und company_id angeben",
                }
            ],
        )
    invitation_id = await queries.invite(
        tx,
        marketplace_id,
        None if data.company_id is UNSET else data.company_id,
        None if data.email is UNSET else email_address(data.email),
        data.capacity,
        data.postcode_areas,
        data.tags,
        data.cap,
    )
    return await queries.invitation(tx, marketplace_id, invitation_id)


async def answer_invitation(tx: Tx, marketplace_id: UUID, accept: bool) -> Participation:
    """The invited company says yes or no."""
    queries.answer(tx, marketplace_id, accept)
    return await queries.own_card(tx, marketplace_id)


async def change_participation(
    tx: Tx, marketplace_id: UUID, company_id: UUID, versions: Versions, data: ParticipationChange
) -> Participation:
    """Areas, tags, pause and cap, by the operator or the company itself."""
    queries.expect_not_absorbed(tx, marketplace_id, company_id)
    card = await queries.locked_card(tx, marketplace_id, company_id)
    if versions is not None and card.version not in versions:
        raise Problem("version-stale", version=card.version)
    named = {
        name: value
        for name in data.__struct_fields__
        if (value := getattr(data, name)) is not UNSET
    }
    changed = msgspec.structs.replace(card, **named)
    if changed != card:  # nothing changes, so no version does
        queries.change_card(tx, changed)
    return await queries.card(tx, marketplace_id, company_id)


async def end_participation(tx: Tx, marketplace_id: UUID, company_id: UUID) -> None:
    """By the operator or the company itself."""
    queries.end(tx, marketplace_id, company_id)
