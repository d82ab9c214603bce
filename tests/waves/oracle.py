"""What waves and calendars are to do, once more and in another way: in Python, by walking minutes.

Inside everything is UTC: an aware datetime is not equal to its own UTC in the hour that a change
of the clock repeats.
"""

import hashlib
import math
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


class Card(NamedTuple):
    """A taker of the marketplace, as far as offering looks at it."""

    company: str
    since: datetime
    areas: list[str]
    tags: list[str]
    paused: bool
    full: str | None  # open, day, week or month


class Lead(NamedTuple):
    """A lead, as far as offering looks at it."""

    id: str
    postcode: str
    tags: list[str]
    giver: str | None


class Offering:
    """A plan at work: who is offered a lead in which wave, and who not and why."""

    def __init__(self, plan: dict[str, Any], seed: str, turns: dict[tuple[int, str], int]) -> None:
        self.plan, self.seed, self.turns = plan, seed, turns

    def why(self, wave: dict[str, Any], card: Card, lead: Lead, before: set[str]) -> str | None:
        """Why somebody is not in a wave, his cap and the number of takers left out of account."""
        other_tags = card.tags and lead.tags and not {*card.tags} & {*lead.tags}
        for reason, so in (
            ("giver", card.company == lead.giver),
            ("offered-before", card.company in before),
            ("paused", card.paused),
            ("not-named", card.company not in wave.get("company_ids", [card.company])),
            ("wave-area", not lead.postcode.startswith(tuple(wave.get("postcode_areas", [""])))),
            ("wave-tags", "tags" in wave and not {*wave["tags"]} & {*card.tags}),
            ("area", not lead.postcode.startswith(tuple(card.areas or [""]))),
            ("tags", other_tags),
        ):
            if so:
                return reason
        return None

    def waves(self, cards: list[Card], lead: Lead) -> list[tuple[list[str], dict[str, str]]]:
        """By wave: whom it is offered to, in order, and why not to the others."""
        before: set[str] = set()
        deferred: set[str] = set()
        found = []
        waits = self.plan["on_cap"] == "next_wave"
        for number, wave in enumerate(self.plan["waves"], 1):
            left, ranked = {}, []
            for card in cards:
                reason = self.why(wave, card, lead, before)
                if card.company in deferred and reason not in (
                    "giver", "offered-before", "paused",
                ):  # fmt: skip
                    reason = None
                if reason is None and card.full is not None:
                    left[card.company] = f"cap-{card.full}"
                    ranked += [card] if waits else []
                elif reason is None:
                    ranked.append(card)
                else:
                    left[card.company] = reason
            ranked.sort(key=lambda card: self.place(number, wave, card, lead))
            most = wave.get("takers", len(ranked))
            offered = [c.company for c in ranked[:most] if c.full is None]
            left |= {c.company: "not-this-time" for c in ranked[most:] if c.full is None}
            deferred = {c for c, why in left.items() if why.startswith("cap-")} if waits else set()
            before |= {*offered}
            found.append((offered, left))
        return found

    def place(self, number: int, wave: dict[str, Any], card: Card, lead: Lead) -> tuple[Any, ...]:
        """What the companies of a wave are sorted by."""
        weight = wave.get("weights", {}).get(card.company, 1)
        named = wave.get("company_ids", [])
        digest = hashlib.md5(f"{self.seed}{lead.id}{card.company}".encode()).hexdigest()  # noqa: S324
        drawn = (int(digest[:13], 16) + 0.5) / 2**52
        key: Any = {
            "priority": (named.index(card.company) if card.company in named else 10**9, -weight),
            "round_robin": self.turns.get((number, card.company), 0),
            "random": drawn,
            "weighted": -math.log(drawn) / weight,
        }[wave["order"]]
        return (key, card.since, card.company)

    def opened(self, number: int, companies: list[str]) -> None:
        """They had their turn."""
        last = max((turn for (n, _), turn in self.turns.items() if n == number), default=0)
        self.turns |= {(number, company): last + 1 for company in companies}
