"""What colleagues do about a lead that their company works."""

from decimal import Decimal
from uuid import UUID

from msgspec import UNSET

from service.database.transaction import Tx
from service.domain.engagements import queries
from service.domain.engagements.messages import Closing, EngagementChange
from service.domain.leads.messages import Engagement
from service.domain.leads.queries import lead
from service.errors import Problem
from service.vocabulary import Versions


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
