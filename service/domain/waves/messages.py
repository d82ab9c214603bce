"""What goes in and out of the routes of waves and calendars."""

from datetime import date
from typing import Annotated, Literal
from uuid import UUID

import msgspec
from msgspec import UNSET, UnsetType

from service.vocabulary import Input, Line, Moment, OfferState, PostcodeArea, Tag, Zone, whole

FederalState = Literal[
    "DE", "BB", "BE", "BW", "BY", "HB", "HE", "HH", "MV", "NI", "NW", "RP", "SH", "SL", "SN", "ST",
    "TH",
]  # fmt: skip
Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
TimeOfDay = Annotated[
    str,
    msgspec.Meta(
        pattern=whole("(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00"),
        extra={"words": ("A time from 00:00 to 24:00", "Eine Uhrzeit von 00:00 bis 24:00")},
        examples=["08:00"],
    ),
]


class Span(Input):
    """From opens until closes, by the clock on the wall."""

    opens: TimeOfDay
    closes: TimeOfDay


Spans = Annotated[list[Span], msgspec.Meta(max_length=10)]


class WorkingWeek(Input):
    """Working hours; a day that is not named is off."""

    monday: Spans = []
    tuesday: Spans = []
    wednesday: Spans = []
    thursday: Spans = []
    friday: Spans = []
    saturday: Spans = []
    sunday: Spans = []


class OwnDay(Input):
    """A day with hours of its own, whatever day of the week or holiday it is; none: a day off."""

    date: date
    name: Line = ""
    hours: Spans = []


class CalendarPlan(Input):
    """The whole calendar. federal_state: whose holidays are days off, DE for those that all states
    share; regional_holidays: also those of a part of the state."""

    time_zone: Zone
    hours: WorkingWeek
    federal_state: FederalState | None = None
    regional_holidays: bool = False
    own_days: Annotated[list[OwnDay], msgspec.Meta(max_length=400)] = []


class Holiday(msgspec.Struct):
    """A public holiday."""

    date: date
    name: str


class Calendar(msgspec.Struct):
    """When a marketplace works: what windows in working time are counted by. holidays: those of
    this year and the two that follow. version 0: none was set yet."""

    time_zone: str
    hours: WorkingWeek
    federal_state: FederalState | None
    regional_holidays: bool
    own_days: list[OwnDay]
    holidays: list[Holiday]
    version: int


WaveOrder = Literal["priority", "weighted", "round_robin", "random"]
OnCap = Literal["skip", "next_wave"]
Recycle = Literal["never", "ask", "auto"]
# Why somebody is not offered a lead (app_private.reasons).
LeftOutReason = Literal[
    "not-this-time", "merging", "cap-open", "cap-day", "cap-week", "cap-month", "exclusive-area",
    "paused", "absent", "returned-before", "lost-before", "offered-before", "giver",
    "not-named", "wave-tags", "wave-area", "tags", "area",
]  # fmt: skip
Minutes = Annotated[int, msgspec.Meta(ge=1, le=40320)]
Weight = Annotated[int, msgspec.Meta(ge=1, le=1000)]
WaveAreas = Annotated[list[PostcodeArea], msgspec.Meta(min_length=1, max_length=1000)]
WaveTags = Annotated[list[Tag], msgspec.Meta(min_length=1, max_length=100)]
Chosen = Annotated[list[UUID], msgspec.Meta(min_length=1, max_length=500)]


class WaveDraft(Input):
    """Who is offered a lead together, and for how long. Filters are joined by and, absent ones
    match all: the lead's postcode lies in postcode_areas, the taker's card carries one of tags, it
    is one of company_ids. order: priority (as company_ids names them, then the greater weight, then
    who takes part longest), weighted (drawn, a weight of 2 twice as likely first), round_robin (who
    was offered least recently), random. takers: how many of them; absent: all. last_call_minutes:
    so long before the end the colleagues who did not answer are told once more."""

    response_minutes: Minutes
    order: WaveOrder = "priority"
    working_time: bool = True
    postcode_areas: WaveAreas | UnsetType = UNSET
    tags: WaveTags | UnsetType = UNSET
    company_ids: Chosen | UnsetType = UNSET
    takers: Annotated[int, msgspec.Meta(ge=1, le=500)] | UnsetType = UNSET
    last_call_minutes: Minutes | UnsetType = UNSET
    weights: dict[UUID, Weight] | UnsetType = UNSET


class WavePlanDraft(Input):
    """The whole plan. on_cap: what becomes of a taker whose cap is full: skip (its place goes to
    the next one) or next_wave (its place stays empty, and it is looked at again in the next
    wave)."""

    waves: Annotated[list[WaveDraft], msgspec.Meta(min_length=1, max_length=50)]
    on_cap: OnCap = "skip"
    recycle: Recycle = "never"


class Wave(msgspec.Struct):
    """A wave of the plan."""

    response_minutes: int
    order: WaveOrder
    working_time: bool
    postcode_areas: list[str] | UnsetType = UNSET
    tags: list[str] | UnsetType = UNSET
    company_ids: list[UUID] | UnsetType = UNSET
    takers: int | UnsetType = UNSET
    last_call_minutes: int | UnsetType = UNSET
    weights: dict[UUID, int] | UnsetType = UNSET


class WavePlan(msgspec.Struct):
    """How a marketplace offers by itself. version 0: none was set yet, and all who match are
    offered a lead at once, for the marketplace's hours. A company that was absorbed since is shown
    as its survivor."""

    waves: list[Wave]
    on_cap: OnCap
    recycle: Recycle
    version: int


class Candidate(msgspec.Struct):
    """Who would be offered the lead."""

    company_id: UUID
    company_name: str


class LeftOut(msgspec.Struct):
    """Who is not offered it, and why: not-this-time (others come first),
    merging (its card was held by a merge, or it was leaving), a full cap, somebody
    else's exclusive area, paused, the whole company absent, returned, lost or offered before, its
    own lead (giver), or a filter of the wave (wave-…, not-named) or of its own card (area,
    tags)."""

    company_id: UUID
    company_name: str
    reason: LeftOutReason


class PreviewWave(msgspec.Struct):
    """A wave as it would be. left_out: at most 500, those nearest to an offer first."""

    number: int
    offered: list[Candidate]
    left_out: list[LeftOut]


class OfferPreview(msgspec.Struct):
    """Who would be offered the lead, wave by wave, if nobody took it before."""

    waves: list[PreviewWave]


class OfferedTo(msgspec.Struct):
    """Who was offered the lead, and what came of it."""

    company_id: UUID
    company_name: str
    outcome: OfferState
    opened_at: Moment
    expires_at: Moment
    answered_at: Moment | None


class BrokerageWave(msgspec.Struct):
    """A wave as it was."""

    number: int
    offered: list[OfferedTo]
    left_out: list[LeftOut]


class Brokerage(msgspec.Struct):
    """One run of offering a lead: what happened and why."""

    id: UUID
    state: Literal["open", "placed", "withdrawn", "exhausted"]
    opened_at: Moment
    closed_at: Moment | None
    waves: list[BrokerageWave]


class Receipt(msgspec.Struct):
    """What a company keeps of an ended offer: neither lead nor person nor who won. seconds: after
    how long it ended; offered_together: to how many companies it was offered in that wave."""

    marketplace_name: str
    postcode_area: str
    offered_at: Moment
    outcome: Literal["picked", "lost", "declined", "expired", "withdrawn"]
    seconds: int
    offered_together: int


class NumberedReceipt(Receipt):
    """The same with its place in the list, which no client is shown."""

    id: UUID
