"""What an operator sets so that its marketplace offers by itself."""

from collections.abc import Iterator
from datetime import date
from typing import Any, get_args
from uuid import UUID

import msgspec
from msgspec import UNSET

from service.database.transaction import Tx
from service.database.zones import expect_time_zone
from service.domain.waves import queries
from service.domain.waves.messages import (
    Calendar,
    CalendarPlan,
    Span,
    WavePlan,
    WavePlanDraft,
    Weekday,
)
from service.errors import Problem
from service.vocabulary import Versions


async def set_calendar(
    tx: Tx, marketplace_id: UUID, versions: Versions, plan: CalendarPlan, language: str
) -> Calendar:
    """The whole calendar. Raises validation-failed."""
    if errors := _mistakes(plan):
        raise Problem("validation-failed", errors=errors)
    await expect_time_zone(tx, plan.time_zone)
    settings: dict[str, Any] = msgspec.to_builtins(plan)
    settings["own_days"].sort(key=lambda own: own["date"])
    tx.do("select app.set_calendar($1, $2, $3)", marketplace_id, versions, settings)
    return await queries.calendar(tx, marketplace_id, language)


async def set_waves(
    tx: Tx, marketplace_id: UUID, versions: Versions, plan: WavePlanDraft
) -> WavePlan:
    """The whole plan. Raises validation-failed."""
    errors = [
        _mistake(f"/waves/{place}/last_call_minutes", "late")
        for place, wave in enumerate(plan.waves)
        if wave.last_call_minutes is not UNSET and wave.last_call_minutes >= wave.response_minutes
    ]
    if errors:
        raise Problem("validation-failed", errors=errors)
    tx.do("select app.set_waves($1, $2, $3)", marketplace_id, versions, msgspec.to_builtins(plan))
    return await queries.waves(tx, marketplace_id)


def _mistakes(plan: CalendarPlan) -> list[dict[str, str]]:
    """What is wrong with it, by pointer; nothing: all is well."""
    found = [
        _mistake(f"/hours/{day}", "spans")
        for day in get_args(Weekday)
        if not _in_order(getattr(plan.hours, day))
    ]
    found += [
        _mistake(f"/own_days/{place}/hours", "spans")
        for place, own in enumerate(plan.own_days)
        if not _in_order(own.hours)
    ]
    return found + list(_repeated([own.date for own in plan.own_days]))


def _in_order(spans: list[Span]) -> bool:
    times = [time for span in spans for time in (span.opens, span.closes)]
    opened = all(span.opens < span.closes for span in spans)
    return opened and times == sorted(times)


def _repeated(days: list[date]) -> Iterator[dict[str, str]]:
    for place, day in enumerate(days):
        if day in days[:place]:
            yield _mistake(f"/own_days/{place}/date", "repeated")


_WORDS: dict[str, tuple[str, str]] = {
    "spans": (
        "Spans must follow each other, and close after they open",
        "Zeitspannen müssen aufeinander folgen und nach ihrem Beginn enden",
    ),
    "late": (
        "The last call must come before the end of the window",
        "Die letzte Erinnerung muss vor dem Ende des Fensters liegen",
    ),
    "repeated": ("The day is there twice", "Den Tag gibt es zweimal"),
}


def _mistake(pointer: str, code: str) -> dict[str, str]:
    english, german = _WORDS[code]
    return {"pointer": pointer, "code": code, "detail": english, "detail_de": german}
