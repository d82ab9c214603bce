"""What goes in and out of the offer routes."""

from typing import Literal
from uuid import UUID

import msgspec

from service.domain.leads.messages import Teaser
from service.domain.marketplaces.messages import Currency
from service.vocabulary import Input, Moment, OfferState, Reason

Sort = Literal["newest", "expiring"]


class Price(msgspec.Struct):
    """An amount in hundredths of a currency."""

    amount_cents: int
    currency: Currency


class OfferFilter(msgspec.Struct):
    """What a list of offers is narrowed to; None: not narrowed."""

    capacity: Literal["taker", "operator"] = "taker"
    state: OfferState | None = None
    marketplace: UUID | None = None
    lead: UUID | None = None
    expires_before: Moment | None = None
    sort: Sort = "newest"


class Offer(msgspec.Struct):
    """An offer to the caller's company, or one its marketplace made (then company_name tells).
    placed_before: how many companies had the lead before and have it no more; never which. price:
    what the taker pays if it picks; null: nothing."""

    id: UUID
    marketplace_id: UUID
    lead_id: UUID
    marketplace_name: str
    company_id: UUID
    company_name: str
    state: OfferState
    wave: int
    teaser: Teaser
    opened_at: Moment
    expires_at: Moment
    answered_at: Moment | None
    answered_by: str | None
    decline_reason: str | None
    placed_before: int
    price: Price | None


class Refusal(Input):
    """Why the company declines; the operator reads it."""

    reason: Reason | None = None
