"""When a lead came in, as its source writes it: a moment with its zone, or nothing sure.

A time without a zone is read in the zone of the file: its header may name one (`Created (UTC)`), a
mapping may, else it is Central European, and that is told. `03/10/2026` is two dates; which one is
told by the other rows of its column, or by none, and then the text stays.
"""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from service.domain.contact.reading import one_line, simple

#: Where times are told that say nothing of their zone.
HOME_ZONE: Final = "Europe/Berlin"
_EARLIEST: Final = datetime(2000, 1, 1, tzinfo=UTC)
_AHEAD: Final = timedelta(days=1)  # clocks and zones that are a little wrong
_NAMED: Final[dict[str, float]] = {
    "z": 0, "utc": 0, "gmt": 0, "wet": 0, "bst": 1, "west": 1, "cet": 1, "mez": 1, "cest": 2,
    "mesz": 2, "eet": 2, "eest": 3, "est": -5, "edt": -4, "cst": -6, "cdt": -5, "mst": -7,
    "mdt": -6, "pst": -8, "pdt": -7,
}  # fmt: skip
_MONTHS: Final = {
    name: number
    for number, names in enumerate(
        (
            "jan januar january jän jänner", "feb februar february", "mar mär märz mrz march",
            "apr april", "may mai", "jun juni june", "jul juli july", "aug august",
            "sep sept september", "oct okt oktober october", "nov november",
            "dec dez dezember december",
        ),
        start=1,
    )
    for name in names.split()
}  # fmt: skip
_CLOCK: Final = re.compile(
    r"(?:T|\bum\b|\bat\b|[\s,])*(\d{1,2})[:.](\d{2})(?:[:.](\d{2})(?:[.,]\d+)?)?\s*(am|pm|a\.m\.|p\.m\.)?"
    r"\s*(?:uhr)?\s*(.*)",
    re.IGNORECASE,
)
_ZONE: Final = re.compile(r"\(?(?:utc|gmt)?\s*([+-])(\d{1,2}):?(\d{2})?\)?", re.IGNORECASE)
_YEAR_FIRST: Final = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})")
_YEAR_LAST: Final = re.compile(r"(\d{1,2})([-/.])\s?(\d{1,2})[-/.]\s?(\d{4}|\d{2})(?!\d)")
_WORDY: Final = re.compile(
    r"(?:[^\W\d]{2,10}\.?,?\s+)?(?:(\d{1,2})(?:\.|st|nd|rd|th)?[\s-]+([^\W\d]{3,9})|([^\W\d]{3,9})\.?\s+(\d{1,2})"
    r"(?:st|nd|rd|th)?)[.,]?[\s-]+(\d{4})(?!\d)",
    re.IGNORECASE,
)
_EPOCH: Final = re.compile(r"(\d{10})(\d{3})?")


class Moment(NamedTuple):
    """A moment in UTC, or None; `code` is the remark about it."""

    value: datetime | None
    code: str | None = None
    zoned: bool = True  #: the text itself says in which zone


def zone_named(name: str) -> tzinfo | None:
    """Return the zone of a name or an offset, or None when nobody knows it."""
    text = name.strip(" ()[]")
    if text.casefold() in _NAMED:
        return timezone(timedelta(hours=_NAMED[text.casefold()]))
    offset = _ZONE.fullmatch(text)
    if offset:
        minutes = int(offset[2]) * 60 + int(offset[3] or 0)
        if minutes > 14 * 60:
            return None
        return timezone(timedelta(minutes=-minutes if offset[1] == "-" else minutes))
    try:
        return ZoneInfo(text) if re.fullmatch(r"[A-Za-z]+(?:/[A-Za-z_+-]+)+", text) else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def zone_in(header: str) -> tzinfo | None:
    """Return the zone that a header names in brackets or at its end: `Created (UTC)`."""
    found = re.search(r"[(\[]([^)\]]+)[)\]]\s*$|\b(UTC|GMT)\s*$", header)
    return zone_named(found[1] or found[2]) if found else None


def day_first(texts: Iterable[str]) -> bool | None:
    """Tell by the dates of a column whether their day stands first; None when none says so."""
    said = set()
    for text in texts:
        found = _YEAR_LAST.match(simple(text))
        if found and found[2] != ".":
            first, second = int(found[1]), int(found[3])
            if first > 12 or second > 12:
                said.add(first > 12)
    return said.pop() if len(said) == 1 else None


def read_time(
    text: str, zone: tzinfo | None, first_is_day: bool | None, now: datetime | None = None
) -> Moment:
    """Return the moment of `text`, in `zone` where it names none.

    Codes: time-unknown, time-ambiguous, time-implausible (without a value); time-without-clock,
    time-twice (the hour of autumn that happens twice: the first is taken).
    """
    text = one_line(simple(text))
    epoch = _EPOCH.fullmatch(text)
    if epoch:
        return _plausible(datetime.fromtimestamp(int(epoch[1]), UTC), None, True, now)
    try:
        day, rest = _date(text, first_is_day)
    except ValueError:
        return Moment(None, "time-unknown")
    if day is None:
        return Moment(None, rest)
    clock = _CLOCK.fullmatch(rest) if rest.strip() else None
    if rest.strip() and not clock:
        return Moment(None, "time-unknown")
    named = zone_named(clock[5]) if clock and clock[5].strip() else None
    if clock and clock[5].strip() and named is None:
        return Moment(None, "time-unknown")
    own = named or zone
    if own is None:
        return Moment(None, "time-unknown")
    try:
        local = datetime.combine(day, _time(clock), own)
    except ValueError:
        return Moment(None, "time-unknown")
    twice = local.utcoffset() != local.replace(fold=1).utcoffset()
    code = None if clock else "time-without-clock"
    if twice and clock:
        code = "time-twice"
    return _plausible(local.astimezone(UTC), code, named is not None, now)


def _plausible(moment: datetime, code: str | None, zoned: bool, now: datetime | None) -> Moment:
    if not _EARLIEST <= moment <= (now or datetime.now(UTC)) + _AHEAD:
        return Moment(None, "time-implausible")
    return Moment(moment, code, zoned)


def _date(text: str, first_is_day: bool | None) -> tuple[date | None, str]:
    """The date at the beginning of `text` and what follows; without one, None and why. Raises
    ValueError for one that no calendar has.
    """
    found = _YEAR_FIRST.match(text)
    if found:
        return date(int(found[1]), int(found[2]), int(found[3])), text[found.end() :]
    found = _YEAR_LAST.match(text)
    if found:
        first, second, year = int(found[1]), int(found[3]), int(found[4])
        year += 2000 if year < 100 else 0
        if found[2] == "." or first > 12:
            first_is_day = True
        elif second > 12 or first == second:
            first_is_day = False
        if first_is_day is None:
            return None, "time-ambiguous"
        day, month = (first, second) if first_is_day else (second, first)
        return date(year, month, day), text[found.end() :]
    found = _WORDY.match(text)
    if found:
        month_name = (found[2] or found[3]).casefold()
        number = int(found[1] or found[4])
        if month_name in _MONTHS:
            return date(int(found[5]), _MONTHS[month_name], number), text[found.end() :]
    return None, "time-unknown"


def _time(clock: re.Match[str] | None) -> time:
    if clock is None:
        return time()
    hour, half = int(clock[1]), (clock[4] or "").casefold().replace(".", "")
    if half:
        if not 1 <= hour <= 12:
            raise ValueError(hour)
        hour = hour % 12 + (12 if half == "pm" else 0)
    return time(hour, int(clock[2]), int(clock[3] or 0))
