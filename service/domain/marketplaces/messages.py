"""What goes in and out of the marketplace routes."""

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from service.vocabulary import (
    Email,
    Input,
    Line,
    Moment,
    Name,
    ParticipationState,
    PostcodeArea,
    Tag,
    Zone,
)

Currency = Literal[
    "EUR", "CHF", "GBP", "USD", "PLN", "CZK", "HUF", "DKK", "SEK", "NOK", "RON", "BGN"
]  # fmt: skip
Capacity = Literal["giver", "taker"]
Steps = Annotated[
    list[Annotated[Line, msgspec.Meta(min_length=1)]],
    msgspec.Meta(min_length=1, max_length=20, examples=[["neu", "kontaktiert", "Angebot"]]),
]
Areas = Annotated[list[PostcodeArea], msgspec.Meta(max_length=1000, examples=[["10", "12"]])]
Tags = Annotated[list[Tag], msgspec.Meta(max_length=100, examples=[["photovoltaik"]])]
Cap = Annotated[int, msgspec.Meta(ge=0, le=100000)]
Hours = Annotated[int, msgspec.Meta(ge=1, le=720)]
Minutes = Annotated[int, msgspec.Meta(ge=1, le=10080)]
Days = Annotated[int, msgspec.Meta(ge=0, le=365)]
Digits = Annotated[int, msgspec.Meta(ge=0, le=5)]
Price = Annotated[int, msgspec.Meta(ge=0, le=100_000_000, examples=[4500])]
LookBack = Annotated[int, msgspec.Meta(ge=1, le=365)]

DEFAULT_STEPS = ["neu", "kontaktiert", "Termin", "Angebot"]


class MarketplaceDraft(Input):
    """A new marketplace. Times are hours and days; teaser_digits of the postcode are shown before
    the pick. next_step_required: who enters a call or changes a step says what comes next.
    hand_back_hours: working hours without a sign of its handler, after which a lead is nobody's;
    stalled_hours: after which it is listed as stalled (null: after hand_back_hours).
    contact_target_minutes: working time from the pick within which a taker is to call first.
    price_cents: what a taker pays for a lead, in hundredths of currency; null or 0: nothing.
    duplicate_days: a lead whose person came in within so many days waits for the operator."""

    name: Name
    steps: Steps = msgspec.field(default_factory=lambda: list(DEFAULT_STEPS))
    operator_may_take: bool = False
    giver_may_withdraw: bool = True
    auto_accept: bool = False
    auto_offer: bool = False
    response_hours: Hours = 48
    reopen_days: Days = 14
    teaser_digits: Digits = 2
    next_step_required: bool = False
    hand_back_hours: Hours | None = None
    contact_target_minutes: Minutes | None = None
    stalled_hours: Hours | None = None
    price_cents: Price | None = None
    currency: Currency = "EUR"
    duplicate_days: LookBack | None = None


class MarketplaceChange(Input):
    """Fields that are not named stay. Offers that were made keep their price."""

    name: Name | UnsetType = UNSET
    steps: Steps | UnsetType = UNSET
    operator_may_take: bool | UnsetType = UNSET
    giver_may_withdraw: bool | UnsetType = UNSET
    auto_accept: bool | UnsetType = UNSET
    auto_offer: bool | UnsetType = UNSET
    response_hours: Hours | UnsetType = UNSET
    reopen_days: Days | UnsetType = UNSET
    teaser_digits: Digits | UnsetType = UNSET
    next_step_required: bool | UnsetType = UNSET
    hand_back_hours: Hours | UnsetType | None = UNSET
    contact_target_minutes: Minutes | UnsetType | None = UNSET
    stalled_hours: Hours | UnsetType | None = UNSET
    price_cents: Price | UnsetType | None = UNSET
    currency: Currency | UnsetType = UNSET
    duplicate_days: LookBack | UnsetType | None = UNSET


class Settings(msgspec.Struct):
    """What the operator sets."""

    operator_may_take: bool
    giver_may_withdraw: bool
    auto_accept: bool
    auto_offer: bool
    response_hours: int
    reopen_days: int
    teaser_digits: int
    next_step_required: bool
    hand_back_hours: int | None
    contact_target_minutes: int | None
    stalled_hours: int | None
    price_cents: int | None
    currency: Currency
    duplicate_days: int | None


class Marketplace(msgspec.Struct, omit_defaults=True):
    """A marketplace the caller's company operates (then with settings) or takes part in (then with
    its capacities and state)."""

    id: UUID
    name: str
    operator_name: str
    operator_company_id: UUID
    steps: list[str]
    as_operator: bool
    capacities: list[Capacity]
    version: int
    state: ParticipationState | None = None
    settings: Settings | None = None


class PartnerInvitation(Input):
    """Whom to invite: exactly one of email and company_id."""

    capacity: Capacity
    email: Email | UnsetType = UNSET
    company_id: UUID | UnsetType = UNSET
    postcode_areas: Areas = []
    tags: Tags = []
    cap: Cap | None = None


class CapsChange(Input):
    """Caps that are not named stay; null: no limit."""

    open: Cap | UnsetType | None = UNSET
    day: Cap | UnsetType | None = UNSET
    week: Cap | UnsetType | None = UNSET
    month: Cap | UnsetType | None = UNSET


class ParticipationChange(Input):
    """By the operator or the company itself; by the operator: exclusive_areas (postcode areas that
    it is offered before anybody else) and price_cents (what it pays for a lead; 0: nothing, null:
    as the marketplace says). cap is caps.open; null: no limit. Fields that are not named stay."""

    postcode_areas: Areas | UnsetType = UNSET
    tags: Tags | UnsetType = UNSET
    paused: bool | UnsetType = UNSET
    cap: Cap | UnsetType | None = UNSET
    caps: CapsChange | UnsetType = UNSET
    time_zone: Zone | UnsetType = UNSET
    price_cents: Price | UnsetType | None = UNSET
    exclusive_areas: Areas | UnsetType = UNSET


class Caps(msgspec.Struct):
    """The most leads worked at once (open), and begun in a day, a week from Monday, a month of the
    company's zone; null: no limit."""

    open: int | None
    day: int | None
    week: int | None
    month: int | None


class Participation(msgspec.Struct):
    """A company on a marketplace: its membership card. While an invitation is open the operator
    sees invitation_id and what he wrote, not which company an address belongs to. id: company_id
    or invitation_id, what DELETE takes. cap: the most leads worked at once, as caps.open.
    time_zone: whose days its caps count. exclusive_areas: postcode areas whose leads it is offered
    before anybody else. price_cents: what it pays instead of the marketplace's price."""

    id: UUID
    marketplace_id: UUID
    state: ParticipationState
    capacities: list[Capacity]
    postcode_areas: list[str]
    tags: list[str]
    cap: int | None
    paused: bool
    invited_at: Moment
    marketplace_name: str
    caps: Caps
    time_zone: str | None
    price_cents: int | None
    exclusive_areas: list[str]
    company_id: UUID | None = None
    company_name: str | None = None
    invitation_id: UUID | None = None
    email: str | None = None
    version: int | None = None
