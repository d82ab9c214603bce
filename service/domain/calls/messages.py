"""What goes in and out of the call routes."""

from uuid import UUID

import msgspec

from service.vocabulary import CallOutcome, Input, Moment, Text


class CallingColleague(msgspec.Struct):
    """The colleague who calls."""

    id: UUID
    name: str


class CallClaim(msgspec.Struct):
    """Until then colleagues are told that he is calling."""

    colleague: CallingColleague
    until: Moment


class CallState(msgspec.Struct):
    """Who of the caller's company is calling now (null: nobody), how often the present engagement
    was tried, when first, and by when the marketplace wants that (null: it does not say)."""

    colleague: CallingColleague | None
    until: Moment | None
    attempts: int
    first_attempt_at: Moment | None
    contact_by: Moment | None


class CallResult(Input):
    """What a call brought. call_back_at: when to call again."""

    outcome: CallOutcome
    note: Text | None = None
    call_back_at: Moment | None = None


class CallAttempt(msgspec.Struct):
    """One call. colleague_id is null for an API key, whose name is colleague_name then."""

    id: UUID
    engagement_id: UUID
    colleague_id: UUID | None
    colleague_name: str
    outcome: CallOutcome
    note: str | None
    call_back_at: Moment | None
    created_at: Moment
