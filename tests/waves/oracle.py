"""What waves and calendars are to do, once more and in another way: in Python, by walking minutes.

Inside everything is UTC: an aware datetime is not equal to its own UTC in the hour that a change
of the clock repeats.
"""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
MINUTE = timedelta(minutes=1)


class Calendar(NamedTuple):
    """As the API takes it, with the holidays that count."""

    time_zone: str
    hours: dict[str, list[dict[str, str]]]
    own_days: dict[date, list[dict[str, str]]]
    holidays: frozenset[date]

    def spans(self, day: date) -> list[tuple[datetime, datetime]]:
        """The spans of a day, in UTC; empty ones are left out."""
        if day in self.own_days:
            hours = self.own_days[day]
        elif day in self.holidays:
            hours = []
        else:
            hours = self.hours.get(DAYS[day.weekday()], [])
        found = [(self.at(day, span["opens"]), self.at(day, span["closes"])) for span in hours]
        return [(opens, closes) for opens, closes in found if opens < closes]

    def at(self, day: date, clock: str) -> datetime:
        """A time on the wall as UTC. What is there twice is the later one; what is not there is
        counted on from before."""
        if clock == "24:00":
            day, clock = day + timedelta(days=1), "00:00"
        zone = ZoneInfo(self.time_zone)
        first, second = (
            datetime.combine(day, time.fromisoformat(clock), zone).replace(fold=fold)
            for fold in (0, 1)
        )
        there = second.astimezone(UTC).astimezone(zone).replace(tzinfo=None)
        skipped = there != second.replace(tzinfo=None)
        return (first if skipped else second).astimezone(UTC)

    def add(self, since: datetime, minutes: int) -> datetime:
        """When so many minutes of working time have passed."""
        left = timedelta(minutes=minutes)
        day = since.astimezone(ZoneInfo(self.time_zone)).date() - timedelta(days=1)
        while True:
            for opens, closes in self.spans(day):
                begins = max(opens, since)
                if closes <= begins:
                    continue
                if closes - begins >= left:
                    return begins + left
                left -= closes - begins
            day += timedelta(days=1)


def calendar_of(plan: dict[str, Any], holidays: set[date] | None = None) -> Calendar:
    """From what was sent to the API, and the days off of its state."""
    own = {date.fromisoformat(own["date"]): own["hours"] for own in plan.get("own_days", [])}
    return Calendar(plan["time_zone"], plan["hours"], own, frozenset(holidays or ()))
