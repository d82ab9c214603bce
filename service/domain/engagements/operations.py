"""What colleagues do about a lead that their company works, and what ends that."""

from decimal import Decimal
from uuid import UUID

from msgspec import UNSET

from service.database.transaction import Tx
from service.domain.engagements.messages import (
    Closing,
    Decision,
    EngagementChange,
    HandedOver,
    Handover,
    Handovers,
    RatingDraft,
    Return,
    Revocation,
    ShownEngagement,
)
from service.domain.engagements.queries import one
from service.domain.leads.messages import Engagement, Lead
from service.domain.leads.queries import lead
from service.errors import Problem
from service.vocabulary import Versions, given


async def _shown(tx: Tx, m: UUID, lead_id: UUID) -> Engagement:
    found = (await lead(tx, m, lead_id)).engagement
    if found is None:
        raise Problem("not-found")
    return found


async def change(
    tx: Tx, m: UUID, lead_id: UUID, versions: Versions, data: EngagementChange
) -> Engagement:
    """Step and handler; what is not named stays."""
    handler = data.handler_id is not UNSET, given(data.handler_id)
    tx.do(
        "select app.change_engagement($1, $2, $3, $4, $5, $6)",
        *(m, lead_id, versions, given(data.step), *handler),
    )
    return await _shown(tx, m, lead_id)


async def close(tx: Tx, m: UUID, lead_id: UUID, data: Closing) -> Engagement:
    """Won or lost; the lead is closed."""
    value = None if data.value is None else round(Decimal(str(data.value)), 2)
    tx.do("select app.close_engagement($1, $2, $3, $4)", m, lead_id, data.outcome, value)
    return await _shown(tx, m, lead_id)


async def reopen(tx: Tx, m: UUID, lead_id: UUID) -> Engagement:
    """Takes won or lost back within the marketplace's window."""
    tx.do("select app.reopen_engagement($1, $2)", m, lead_id)
    return await _shown(tx, m, lead_id)


async def hand_over(tx: Tx, data: Handover) -> Handovers:
    """The handler of many; each lead for itself, so that one that went elsewhere stops no other."""
    marketplaces = [item.marketplace_id for item in data.items]
    leads = [item.lead_id for item in data.items]
    sql = "select * from app.hand_over($1, $2, $3) order by place"
    return Handovers(await tx.rows(HandedOver, sql, marketplaces, leads, data.handler_id))


async def ask_return(tx: Tx, m: UUID, lead_id: UUID, data: Return) -> ShownEngagement:
    """The taker asks to return the lead."""
    tx.do(
        "select app.request_return($1, $2, $3, $4, $5, $6)",
        *(m, lead_id, data.reason, data.comment, data.call_ids, data.file_ids),
    )
    return await one(tx, m, lead_id)


async def release_return(tx: Tx, m: UUID, lead_id: UUID) -> ShownEngagement:
    """What a colleague asked goes to the operator."""
    tx.do("select app.release_return($1, $2)", m, lead_id)
    return await one(tx, m, lead_id)


async def withdraw_return(tx: Tx, m: UUID, lead_id: UUID) -> ShownEngagement:
    """It is taken back, or not released."""
    tx.do("select app.withdraw_return($1, $2)", m, lead_id)
    return await one(tx, m, lead_id)


async def accept_return(tx: Tx, m: UUID, lead_id: UUID, data: Decision | None) -> ShownEngagement:
    """The operator takes the lead back; the returner loses it and the person at once."""
    tx.do("select app.accept_return($1, $2, $3)", m, lead_id, data.comment if data else None)
    return await one(tx, m, lead_id)


async def refuse_return(tx: Tx, m: UUID, lead_id: UUID, data: Decision | None) -> ShownEngagement:
    """The taker goes on working it."""
    tx.do("select app.refuse_return($1, $2, $3)", m, lead_id, data.comment if data else None)
    return await one(tx, m, lead_id)


async def rate(tx: Tx, m: UUID, lead_id: UUID, data: RatingDraft) -> ShownEngagement:
    """The taker rates the lead. Raises validation-failed."""
    if data.stars is None and data.reason is None:
        error = {
            "pointer": "",
            "code": "one-of",
            "detail": "Give stars, a reason, or both",
            "detail_de": "Sterne, einen Grund oder beides angeben",
        }
        raise Problem("validation-failed", errors=[error])
    tx.do("select app.rate_lead($1, $2, $3, $4)", m, lead_id, data.stars, data.reason)
    return await one(tx, m, lead_id)


async def revoke(tx: Tx, m: UUID, lead_id: UUID, data: Revocation) -> Lead:
    """The operator takes the lead from its taker."""
    tx.do("select app.revoke_engagement($1, $2, $3)", m, lead_id, data.reason)
    return await lead(tx, m, lead_id)


async def recycle(tx: Tx, m: UUID, lead_id: UUID) -> Lead:
    """A lead that was closed as lost is available again."""
    tx.do("select app.recycle_lead($1, $2)", m, lead_id)
    return await lead(tx, m, lead_id)
