"""What goes in and out of the offer routes."""

from datetime import datetime
from uuid import UUID

import msgspec

from service.leads.messages import Teaser
from service.vocabulary import Input, Reason


class Offer(msgspec.Struct):
    """An offer to the caller's company, or one its marketplace made (then company_name tells)."""

    id: UUID
    marketplace_id: UUID
    lead_id: UUID
    marketplace_name: str
    company_id: UUID
    company_name: str
    state: str
    wave: int
    teaser: Teaser
    opened_at: datetime
    expires_at: datetime
    answered_at: datetime | None
    answered_by: str | None
    decline_reason: str | None


class Refusal(Input):
    """Why the company declines; the operator reads it."""

    reason: Reason | None = None
