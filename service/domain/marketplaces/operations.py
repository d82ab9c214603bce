"""What operators and partners do about a marketplace."""

from typing import Any
from uuid import UUID

import msgspec
from msgspec import UNSET

from service.database.transaction import Tx
from service.database.zones import expect_time_zone
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
from service.vocabulary import Versions, email_address, given


async def create_marketplace(tx: Tx, data: MarketplaceDraft) -> Marketplace:
    """A marketplace operated by the caller's company."""
    sql = "select app.create_marketplace($1)"
    return await queries.marketplace(tx, await tx.value(UUID, sql, msgspec.to_builtins(data)))


async def change_marketplace(
    tx: Tx, marketplace_id: UUID, versions: Versions, data: MarketplaceChange
) -> Marketplace:
    """Its settings, by the operator."""
    settings = msgspec.to_builtins(data)
    tx.do("select app.change_marketplace($1, $2, $3)", marketplace_id, versions, settings)
    return await queries.marketplace(tx, marketplace_id)


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
    email = given(data.email)
    invitation_id = await tx.value(
        UUID,
        "select app.invite_partner($1, $2, $3, $4, $5, $6, $7)",
        *(marketplace_id, given(data.company_id), email and email_address(email)),
        *(data.capacity, data.postcode_areas, data.tags, data.cap),
    )
    return await queries.invitation(tx, marketplace_id, invitation_id)


async def answer_invitation(tx: Tx, marketplace_id: UUID, accept: bool) -> Participation:
    """The invited company says yes or no."""
    tx.do("select app.answer_partner_invitation($1, $2)", marketplace_id, accept)
    return await queries.own_card(tx, marketplace_id)


async def change_participation(
    tx: Tx, marketplace_id: UUID, company_id: UUID, versions: Versions, data: ParticipationChange
) -> Participation:
    """Areas, tags, pause and caps, by the operator or the company itself; exclusive areas
    and the price by the operator."""
    await expect_time_zone(tx, given(data.time_zone))
    # 410 with the survivor, for the operator, when the company was absorbed by another one.
    tx.do("select app.expect_not_absorbed($1, $2)", marketplace_id, company_id)
    if data.exclusive_areas is not UNSET:  # the marketplace is locked before its cards
        sql = "select app.set_exclusive_areas($1, $2, $3, $4)"
        tx.do(sql, marketplace_id, company_id, versions, data.exclusive_areas)
        versions = None  # it compared them
    card = await queries.locked_card(tx, marketplace_id, company_id)
    if versions is not None and card.version not in versions:
        raise Problem("version-stale", version=card.version)
    if data.price_cents is not UNSET:
        sql = "select app.set_price($1, $2, $3)"
        tx.do(sql, marketplace_id, company_id, data.price_cents)
    changed = _changed(card, data)
    if changed != card:  # nothing changes, so no version does
        caps = changed.caps
        tx.do(
            "update app.participation set postcode_areas = $3, tags = $4, paused = $5, cap = $6,"
            " cap_day = $7, cap_week = $8, cap_month = $9, time_zone = $10, version = version + 1"
            " where marketplace_id = $1 and company_id = $2",
            *(marketplace_id, company_id),
            *(changed.postcode_areas, changed.tags, changed.paused),
            *(caps.open, caps.day, caps.week, caps.month, changed.time_zone),
        )
    return await queries.card(tx, marketplace_id, company_id)


def _changed(card: Participation, data: ParticipationChange) -> Participation:
    named = _named(data)
    named.pop("price_cents", None)
    caps = {"open": named["cap"]} if "cap" in named else {}
    if data.caps is not UNSET:
        caps |= _named(data.caps)
    named["caps"] = msgspec.structs.replace(card.caps, **caps)
    return msgspec.structs.replace(card, **{**named, "cap": named["caps"].open})


def _named(data: msgspec.Struct) -> dict[str, Any]:
    return {
        name: value
        for name in data.__struct_fields__
        if (value := getattr(data, name)) is not UNSET
    }


async def end_participation(tx: Tx, marketplace_id: UUID, company_id: UUID) -> None:
    """Or withdraws an invitation; by the operator or the company itself."""
    tx.do("select app.end_participation($1, $2)", marketplace_id, company_id)
