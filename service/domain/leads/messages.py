"""What goes in and out of the lead routes."""

from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from service.domain.contact.remarks import Said
from service.domain.leads.lookalikes import Duplicate, MarkedDuplicate
from service.vocabulary import (
    LINE,
    EngagementState,
    Input,
    LeadState,
    Line,
    Moment,
    Name,
    Reason,
    Tag,
    Text,
    whole,
)

Tags = Annotated[list[Tag], msgspec.Meta(max_length=50, examples=[["photovoltaik"]])]
Answers = Annotated[
    dict[Line, Annotated[str, msgspec.Meta(max_length=2000)]], msgspec.Meta(max_length=100)
]
# Contact data as people write it; what becomes of it is in service/domain/contact.
Phone = Annotated[
    str, msgspec.Meta(min_length=1, max_length=500, pattern=LINE, examples=["+49 30 23125000"])
]
ContactEmail = Annotated[
    str, msgspec.Meta(min_length=3, max_length=500, pattern=LINE, examples=["petra@muster.example"])
]
WrittenPostcode = Annotated[str, msgspec.Meta(max_length=200, pattern=LINE, examples=["10115"])]
# Not that of the import from the former system, whose references are its numbers.
Source = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=100,
        pattern=LINE.replace("^", r"^(?!\s*[Ll][Ee][Gg][Aa][Cc][Yy]\s*$)", 1),
        extra={
            "words": (
                "One line of text; legacy is kept for the former system",
                "Eine Zeile Text; legacy ist dem alten System vorbehalten",
            )
        },
    ),
]
Country = Annotated[
    str,
    msgspec.Meta(
        pattern=whole("[A-Z]{2}"),
        examples=["DE"],
        extra={"words": ("Two capital letters, such as DE", "Zwei Großbuchstaben, etwa DE")},
    ),
]


class ProspectDraft(Input):
    """The person behind the lead. An e-mail address or a phone number is needed to submit it."""

    name: Name
    salutation: Line | None = None
    company: Line | None = None
    email: ContactEmail | None = None
    phone: Phone | None = None
    street: Line | None = None
    postcode: WrittenPostcode | None = None
    city: Line | None = None
    country: Country | None = None
    answers: Answers = {}


class ProspectChange(Input):
    """Fields that are not named stay; null empties a field."""

    name: Name | UnsetType = UNSET
    salutation: Line | UnsetType | None = UNSET
    company: Line | UnsetType | None = UNSET
    email: ContactEmail | UnsetType | None = UNSET
    phone: Phone | UnsetType | None = UNSET
    street: Line | UnsetType | None = UNSET
    postcode: WrittenPostcode | UnsetType | None = UNSET
    city: Line | UnsetType | None = UNSET
    country: Country | UnsetType | None = UNSET
    answers: Answers | UnsetType = UNSET


class LeadDraft(Input):
    """A lead. distribution_permission: the person agreed that the data is passed on. source: where
    it comes from, received_at: when the person asked; absent, they are api and now."""

    prospect: ProspectDraft
    interest: Text
    distribution_permission: bool
    tags: Tags = []
    submit: bool = False
    external_ref: Annotated[Line, msgspec.Meta(min_length=1)] | None = None
    source: Source | None = None
    received_at: Moment | None = None


class LeadChange(Input):
    """Fields that are not named stay."""

    interest: Text | UnsetType = UNSET
    tags: Tags | UnsetType = UNSET
    distribution_permission: bool | UnsetType = UNSET
    prospect: ProspectChange | UnsetType = UNSET


class Rejection(Input):
    """Why; the giver reads it."""

    reason: Reason


class Withdrawal(Input):
    """Why, for the history."""

    reason: Reason | None = None


class OfferDraft(Input):
    """company_ids absent: all matching takers. response_hours absent: as the marketplace says."""

    company_ids: Annotated[list[UUID], msgspec.Meta(min_length=1, max_length=1000)] | None = None
    response_hours: Annotated[int, msgspec.Meta(ge=1, le=720)] | None = None


class Assignment(Input):
    """The taker that gets the lead."""

    company_id: UUID


class Prospect(msgspec.Struct):
    """The person behind the lead."""

    name: str | None
    salutation: str | None
    company: str | None
    email: str | None
    phone: str | None
    street: str | None
    postcode: str | None
    city: str | None
    country: str | None
    answers: dict[str, str]


class Engagement(msgspec.Struct):
    """Company X works lead Y. version is the lead's: one ETag guards lead, prospect, engagement."""

    id: UUID
    marketplace_id: UUID
    lead_id: UUID
    company_id: UUID
    company_name: str
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
    version: int


class Remark(msgspec.Struct):
    """What became of contact data that is not stored as it was written: brought into its one
    spelling, or left as text among the answers."""

    pointer: str
    code: str
    detail: Said


class Teaser(msgspec.Struct):
    """What takers see of a lead before the pick: no contact data, wherever it was written."""

    interest: str
    postcode_area: str
    tags: list[str]


class Lead(msgspec.Struct, omit_defaults=True):
    """A lead as the caller may see it. teaser is there when interest or tags hold contact data:
    what takers see instead, until somebody words it anew. prospect and engagement are absent where
    he may not, or where there is none; possible_duplicates is for who put the lead in or decides on
    it; duplicate, for the operator, while the lead waits because its person came in before. remarks
    tells, after a POST or PATCH, what of the contact data is not stored as it was
    written."""

    marketplace_id: UUID
    id: UUID
    state: LeadState
    interest: str
    postcode_area: str
    tags: list[str]
    distribution_permission: bool
    source: str
    external_ref: str | None
    rejection_reason: str | None
    operator_company_id: UUID
    operator_name: str
    giver_company_id: UUID | None
    giver_name: str | None
    engaged_company_id: UUID | None
    engaged_company_name: str | None
    received_at: Moment
    created_at: Moment
    submitted_at: Moment | None
    changed_at: Moment
    version: int
    teaser: Teaser | None = None
    prospect: Prospect | None = None
    engagement: Engagement | None = None
    possible_duplicates: list[Duplicate] | None = None
    duplicate: MarkedDuplicate | None = None
    remarks: list[Remark] | None = None


class Whereabouts(msgspec.Struct):
    """What numbers and postcodes without a country are read by."""

    country: str | None
    city: str | None
    postcode: str | None


Waiting = Annotated[int, msgspec.Meta(ge=0, le=1000)]
Sort = Literal["newest", "oldest", "changed", "unchanged"]


class LeadFilter(msgspec.Struct):
    """What a list of leads is narrowed to; None: not narrowed. handler: me, cover,
    none, or an id."""

    capacity: Literal["operator", "giver", "taker"] | None = None
    state: LeadState | None = None
    marketplace: UUID | None = None
    handler: str | None = None
    text: str | None = None
    step: str | None = None
    engagement: EngagementState | None = None
    tag: str | None = None
    source: str | None = None
    giver: UUID | None = None
    lead: UUID | None = None
    received_since: Moment | None = None
    changed_since: Moment | None = None
    sort: Sort = "newest"
    stalled: Literal["true"] | None = None


class Counts(msgspec.Struct):
    """What waits, for badges; 1000 means as many or more. offers: open ones to my company;
    submitted, available, unplaced, returns: leads of my marketplaces that wait for a decision;
    mine, unassigned: engagements at work that I handle, or that nobody of my company does."""

    offers: Waiting
    submitted: Waiting
    available: Waiting
    unplaced: Waiting
    returns: Waiting
    mine: Waiting
    unassigned: Waiting


class Created(msgspec.Struct):
    """Outcome of putting a lead in: created is false when its external_ref came in before."""

    id: UUID
    created: bool


class Knowable(msgspec.Struct):
    """There is something of the lead that the caller may know of."""

    known: bool
