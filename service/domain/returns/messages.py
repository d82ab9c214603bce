"""What goes in and out of the routes of returns: rules, what a taker may do, and what it asked."""

from typing import Annotated, Literal
from uuid import UUID

import msgspec

from service.vocabulary import CallOutcome, Input, Line, Moment, whole

# Which there are is the marketplace's; until it says so: wrong_number, not_reached, duplicate,
# not_interested, outside_area, other.
ReturnReason = Annotated[
    str,
    msgspec.Meta(
        min_length=1,
        max_length=50,
        pattern=whole("[a-z_]+"),
        extra={"words": ("Small letters and _", "Kleinbuchstaben und _")},
        examples=["not_reached"],
    ),
]
# As the check of the table has them.
ReturnState = Literal["waiting", "dropped", "requested", "withdrawn", "accepted", "refused"]
Attempts = Annotated[int, msgspec.Meta(ge=0, le=100)]
Label = Annotated[Line, msgspec.Meta(min_length=1)]


class ReasonLabel(Input):
    """How a reason is called."""

    de: Label
    en: Label


class Evidence(Input):
    """Attempts to call, and on how many different days of the marketplace's zone they were."""

    attempts: Attempts = 0
    days: Attempts = 0


class ReasonRule(Input):
    """A reason that the marketplace takes. evidence: what the taker's call log must show at least;
    for not_reached calls that reached somebody do not count. automatic: with that evidence the
    return is accepted at once."""

    code: ReturnReason
    label: ReasonLabel
    evidence: Evidence = msgspec.field(default_factory=Evidence)
    automatic: bool = False


class ReturnRulesDraft(Input):
    """The whole rules. window_days: how many calendar days after the pick. quota_percent: how many
    of a hundred leads that a taker began to work in the last quota_days; null: as many as it likes.
    silence_days: after so many working days without an answer a return is accepted; null: never."""

    reasons: Annotated[list[ReasonRule], msgspec.Meta(min_length=1, max_length=50)]
    window_days: Annotated[int, msgspec.Meta(ge=0, le=365)] = 14
    quota_percent: Annotated[int, msgspec.Meta(ge=0, le=100)] | None = None
    quota_days: Annotated[int, msgspec.Meta(ge=1, le=366)] = 90
    silence_days: Annotated[int, msgspec.Meta(ge=1, le=60)] | None = 5


class ReturnRules(msgspec.Struct):
    """Which returns a marketplace takes. version 0: none were set yet."""

    reasons: list[ReasonRule]
    window_days: int
    quota_percent: int | None
    quota_days: int
    silence_days: int | None
    version: int


class ReturnQuota(msgspec.Struct):
    """Of the leads that the company began to work in the last days (picks), how many it returned or
    asks to return (used), and how many more it may."""

    percent: int
    days: int
    picks: int
    used: int
    left: int


class ReturnChoice(msgspec.Struct):
    """A reason, what it needs, and what the call log shows."""

    code: ReturnReason
    label: ReasonLabel
    automatic: bool
    needed: Evidence
    evidence: Evidence


class ReturnTerms(msgspec.Struct):
    """What the company may do about a lead that it works. needs_release: what a member asks waits
    for a delegator or admin."""

    allowed_until: Moment
    quota: ReturnQuota | None
    needs_release: bool
    reasons: list[ReturnChoice]


class ShownCall(msgspec.Struct):
    """A call as the operator sees it: neither who called nor what was noted."""

    outcome: CallOutcome
    at: Moment


class ShownFile(msgspec.Struct):
    """A shared file of the engagement; GET …/files/{id} has its content."""

    id: UUID
    name: str
    media_type: str


class ShownEvidence(msgspec.Struct):
    """Attempts and days as they were counted when it was asked, and the calls and files that are
    shown."""

    attempts: int
    days: int
    calls: list[ShownCall]
    files: list[ShownFile]


class PendingReturn(msgspec.Struct):
    """What a taker asks and the operator has not decided. decide_by: then silence accepts it; null:
    it waits as long as it takes."""

    id: UUID
    marketplace_id: UUID
    lead_id: UUID
    engagement_id: UUID
    company_id: UUID
    company_name: str
    reason: ReturnReason
    comment: str | None
    asked_by: str
    requested_at: Moment
    evidence: ShownEvidence
    decide_by: Moment | None


class ReturnRequest(msgspec.Struct):
    """What the taker asked last. waiting and dropped (not released) are known inside the company
    alone. decide_by: then silence accepts it. automatic: what accepted it, if nobody did."""

    state: ReturnState
    reason: ReturnReason
    comment: str | None
    asked_by: str
    asked_at: Moment
    released_by: str | None
    requested_at: Moment | None
    evidence: ShownEvidence
    decide_by: Moment | None
    automatic: Literal["reason", "silence"] | None
    answer: str | None
    ended_at: Moment | None
