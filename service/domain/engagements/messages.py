"""What goes into the engagement routes; they answer with the lead's Engagement, or one of its
engagements."""

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from service.domain.offers.messages import Price
from service.domain.returns.messages import ReturnReason, ReturnRequest, ReturnTerms
from service.vocabulary import EngagementState, Input, Line, Moment, RatingReason, Reason


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


class Return(Input):
    """Why the taker wants to return the lead; the operator decides. call_ids: calls of this
    engagement that the operator is shown, outcome and time of each; absent: where the reason needs
    some, those that count. file_ids: shared files of this engagement that belong to it."""

    reason: ReturnReason
    comment: Reason | None = None
    call_ids: Annotated[list[UUID], msgspec.Meta(max_length=100)] | None = None
    file_ids: Annotated[list[UUID], msgspec.Meta(max_length=100)] | None = None


class RatingDraft(Input):
    """How good the lead was: stars from 1 (bad) to 5 (good), a reason, or both."""

    stars: Annotated[int, msgspec.Meta(ge=1, le=5)] | None = None
    reason: RatingReason | None = None


class Rating(msgspec.Struct):
    """What the taker said of the lead last; the giver reads averages alone."""

    stars: int | None
    reason: RatingReason | None
    rated_at: Moment
    changed_at: Moment


class Decision(Input):
    """What the operator says to it; the taker reads it."""

    comment: Reason | None = None


class Revocation(Input):
    """Why; the taker reads it."""

    reason: Reason


class OneEngagement(msgspec.Struct):
    """An engagement, also one that has ended: then ended_at says since when, and the giver reads
    neither who the taker was nor who handled it. version is the lead's, null where the caller does
    not see the lead any more. price: what the taker was charged, credited_at: since when it owes
    that no more; for it and the operator."""

    id: UUID
    marketplace_id: UUID
    lead_id: UUID
    company_id: UUID | None
    company_name: str | None
    state: EngagementState
    origin: Literal["pick", "assignment"]
    self_pick: bool
    picked_by: str | None
    steps: list[str]
    step: str
    handler_id: UUID | None
    handler_name: str | None
    value: float | None
    started_at: Moment
    closed_at: Moment | None
    return_reason: ReturnReason | None
    return_comment: str | None
    return_requested_at: Moment | None
    ended_at: Moment | None
    version: int | None
    price: Price | None
    credited_at: Moment | None


class ShownEngagement(OneEngagement):
    """The same with its return. return: what the caller's company may do, null where it does not
    work the lead; return_request: what was asked last, as far as the caller may know of it;
    rating: the taker's, for it and the operator."""

    returning: ReturnTerms | None = msgspec.field(name="return")
    return_request: ReturnRequest | None
    rating: Rating | None


class EngagementFilter(msgspec.Struct):
    """What a list of engagements is narrowed to; None: not narrowed."""

    state: EngagementState | None = None
    marketplace: UUID | None = None
