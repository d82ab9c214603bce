"""What goes in and out of the routes of waves and calendars."""

from datetime import date
from typing import Annotated, Literal

import msgspec

from service.vocabulary import Input, Line, whole

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
Zone = Annotated[
    str,
    msgspec.Meta(
        max_length=60,
        pattern=whole("[A-Za-z]+(?:[/_+-][A-Za-z0-9]+)*"),
        extra={
            "words": (
                "A name of the time zone database, such as Europe/Berlin",
                "Ein Name aus der Zeitzonendatenbank, etwa Europe/Berlin",
            )
        },
        examples=["Europe/Berlin"],
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
