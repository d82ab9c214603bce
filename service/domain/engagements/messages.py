"""What goes into the engagement routes; they answer with the lead's Engagement."""

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from service.vocabulary import Input, Line


class EngagementChange(Input):
    """Fields that are not named stay; handler_id null: nobody."""

    step: Annotated[Line, msgspec.Meta(min_length=1)] | UnsetType = UNSET
    handler_id: UUID | UnsetType | None = UNSET


class Closing(Input):
    """How it ended; value in the marketplace's currency, at most two decimals are kept."""

    outcome: Literal["won", "lost"]
    value: Annotated[float, msgspec.Meta(ge=0, le=999_999_999_999)] | None = None


class LeadKey(Input):
    """A lead by its marketplace and id."""

    marketplace_id: UUID
    lead_id: UUID


class Handover(Input):
    """Which leads, and to whom; handler_id null: back to nobody."""

    items: Annotated[list[LeadKey], msgspec.Meta(min_length=1, max_length=100)]
    handler_id: UUID | None


class HandedOver(msgspec.Struct):
    """How it went with one lead: done, or the problem that one alone would have met."""

    marketplace_id: UUID
    lead_id: UUID
    outcome: Literal["done", "not-found", "taker-required", "engagement-state"]


class Handovers(msgspec.Struct):
    """How it went with each, in the order in which they were sent."""

    items: list[HandedOver]
