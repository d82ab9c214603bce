"""What goes in and out of the offer routes."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from service.vocabulary import Input, Reason

State = Literal["open", "picked", "declined", "expired", "withdrawn", "lost"]
Sort = Literal["newest", "expiring"]


class OfferFilter(msgspec.Struct):
    """What a list of offers is narrowed to; None: not narrowed."""

    capacity: Literal["taker", "operator"] = "taker"
    state: State | None = None
    marketplace: UUID | None = None
    lead: UUID | None = None
    expires_before: datetime | None = None
    sort: Sort = "newest"


class Teaser(msgspec.Struct):
    """What may be shown of a lead before the pick."""

    interest: str
    postcode_area: str
    tags: list[str]


class Offer(msgspec.Struct):
    """An offer to the caller's company, or one its marketplace made (then company_name tells)."""

    id: UUID
    marketplace_id: UUID
    lead_id: UUID
    marketplace_name: str
    company_id: UUID
    company_name: str
    state: State
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
