"""What colleagues do about a lead that their company works, and what ends that."""

from decimal import Decimal
from uuid import UUID

from msgspec import UNSET

from service.database.transaction import Tx
from service.domain.engagements import queries
from service.domain.engagements.messages import (
    Closing,
    Decision,
    EngagementChange,
    EngagementFilter,
    OneEngagement,
    Return,
    Revocation,
)
from service.domain.leads.messages import Engagement, Lead
from service.domain.leads.queries import lead
from service.errors import Problem
from service.vocabulary import Page, Versions


async def _shown(tx: Tx, marketplace_id: UUID, lead_id: UUID) -> Engagement:
    found = (await lead(tx, marketplace_id, lead_id)).engagement
    if found is None:
        raise Problem("not-found")
    return found


async def change(
    tx: Tx, marketplace_id: UUID, lead_id: UUID, versions: Versions, data: EngagementChange
) -> Engagement:
    """Step and handler."""
    step = None if data.step is UNSET else data.step
    handler_id = None if data.handler_id is UNSET else data.handler_id
    queries.change(
        tx, marketplace_id, lead_id, versions, step, data.handler_id is not UNSET, handler_id
    )
    return await _shown(tx, marketplace_id, lead_id)


async def close(tx: Tx, marketplace_id: UUID, lead_id: UUID, data: Closing) -> Engagement:
    """Won or lost; the lead is closed."""
    value = None if data.value is None else round(Decimal(str(data.value)), 2)
    queries.close(tx, marketplace_id, lead_id, data.outcome, value)
    return await _shown(tx, marketplace_id, lead_id)


async def reopen(tx: Tx, marketplace_id: UUID, lead_id: UUID) -> Engagement:
    """Takes won or lost back within the marketplace's window."""
    queries.reopen(tx, marketplace_id, lead_id)
    return await _shown(tx, marketplace_id, lead_id)


async def show(
    tx: Tx, marketplace_id: UUID, lead_id: UUID, engagement_id: UUID | None
) -> OneEngagement:
    """The latest engagement of a lead, or a certain one."""
    return await queries.one(tx, marketplace_id, lead_id, engagement_id)


async def list_engagements(
    tx: Tx, narrow: EngagementFilter, cursor: str | None, limit: int
) -> Page[OneEngagement]:
    """All that the caller's company works or worked."""
    return await queries.own(tx, narrow, cursor, limit)


async def ask_return(tx: Tx, marketplace_id: UUID, lead_id: UUID, data: Return) -> OneEngagement:
    """The taker asks to return the lead."""
    queries.ask_return(tx, marketplace_id, lead_id, data.reason, data.comment)
    return await queries.one(tx, marketplace_id, lead_id, None)


async def accept_return(
    tx: Tx, marketplace_id: UUID, lead_id: UUID, data: Decision | None
) -> OneEngagement:
    """The operator takes the lead back; the returner loses it and the person at once."""
    queries.accept_return(tx, marketplace_id, lead_id, data.comment if data else None)
    return await queries.one(tx, marketplace_id, lead_id, None)


async def refuse_return(
    tx: Tx, marketplace_id: UUID, lead_id: UUID, data: Decision | None
) -> OneEngagement:
    """The taker goes on working it."""
    queries.refuse_return(tx, marketplace_id, lead_id, data.comment if data else None)
    return await queries.one(tx, marketplace_id, lead_id, None)


async def revoke(tx: Tx, marketplace_id: UUID, lead_id: UUID, data: Revocation) -> Lead:
    """The operator takes the lead from its taker."""
    queries.revoke(tx, marketplace_id, lead_id, data.reason)
    return await lead(tx, marketplace_id, lead_id)


async def recycle(tx: Tx, marketplace_id: UUID, lead_id: UUID) -> Lead:
    """A lead that was closed as lost is available again."""
    queries.recycle(tx, marketplace_id, lead_id)
    return await lead(tx, marketplace_id, lead_id)
