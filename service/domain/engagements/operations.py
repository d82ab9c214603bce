"""What colleagues do about a lead that their company works."""

from decimal import Decimal
from uuid import UUID

from msgspec import UNSET

from service.database.transaction import Tx
from service.domain.engagements.messages import (
    Closing,
    EngagementChange,
    HandedOver,
    Handover,
    Handovers,
)
from service.domain.leads.messages import Engagement
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
