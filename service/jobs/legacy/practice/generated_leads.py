"""Leads of the invented former system, with their offers and comments, some thousands at a time."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from service.jobs.legacy.practice import invented as words
from service.jobs.legacy.practice.market import LegacyMarket

Row = tuple[Any, ...]
_CHUNK = 5_000
_HOURS = [timedelta(hours=n) for n in range(800)]


class LeadMaker:
    """Draws leads of the given marketplaces; dirt is a matter of the lead's number."""

    def __init__(
        self,
        source: random.Random,
        markets: list[LegacyMarket],
        users: int,
        leads: int,
        beginning: datetime,
        now: datetime,
    ):
        """Marketplaces whose owner is lost have leads too."""
        self.random, self.markets, self.users, self.leads = source, markets, users, leads
        self.beginning, self.now = beginning, now
        self._offer = self._comment = 0
        self._garbled = [words.garbled(text) for text in words.INTERESTS]

    def chunks(self) -> Iterator[dict[str, list[Row]]]:
        """Leads in the order of their times, which is the order of their numbers."""
        span = (self.now - self.beginning) / max(1, self.leads)
        for first in range(1, self.leads + 1, _CHUNK):
            tables: dict[str, list[Row]] = {"leads": [], "offers": [], "comments": []}
            for n in range(first, min(first + _CHUNK, self.leads + 1)):
                self._lead(n, self.beginning + span * n, tables)
            yield tables

    def _lead(self, n: int, created: datetime, tables: dict[str, list[Row]]) -> None:
        r = self.random
        # A few marketplaces have most of the leads.
        market = self.markets[int(len(self.markets) * r.random() ** 2)]
        chance, takers = r.random(), market.takers or [market.owner]
        offered = r.sample(takers, min(len(takers), 1 + int(r.random() * 4)))
        if chance < 0.62:
            state = "picked" if chance < 0.30 else "won" if chance < 0.45 else "lost"
        elif chance < 0.80:
            state = "offered"
        else:
            state = ("new", "released", "rejected", "withdrawn")[int(r.random() * 4)]
        picker = offered[0] if chance < 0.62 else None
        if state in ("new", "released", "rejected"):
            offered = []
        giver = r.choice(market.givers) if market.givers and r.random() < 0.7 else None
        consent: bool | None = state != "new" or r.random() < 0.8
        if n % 2003 == 0:
            consent = None
        elif n % 3001 == 0:
            picker = None if picker else takers[0]  # contradicts the state
        elif n % 4001 == 0:
            giver = self.users + n
        elif n % 5003 == 0 and picker:
            picker = self.users + n
        tables["leads"].append(self._row(n, market, giver, picker, state, consent, created))
        self._offers(n, offered, picker, state, created, tables["offers"])
        self._comments(n, market, giver, picker, created, tables["comments"])

    def _row(
        self,
        n: int,
        market: LegacyMarket,
        giver: int | None,
        picker: int | None,
        state: str,
        consent: bool | None,
        created: datetime,
    ) -> Row:
        r = self.random
        first, last = r.choice(words.FIRST), r.choice(words.LAST)
        postcode, city = r.choice(words.PLACES)
        interest, phone = r.choice(words.INTERESTS), f"+49 171 392{r.randrange(10**5):05}"
        if n % 19 == 0:
            phone = r.choice(words.BROKEN_PHONES)
        if n % 211 == 0:
            interest, city = r.choice(self._garbled), words.garbled("Köln")
        if n % 4507 == 0:
            interest = ""
        done = state in ("won", "lost")
        picked = created + _HOURS[int(r.random() * 72)] if picker else None
        closed = created + _HOURS[72 + int(r.random() * 700)] if done else None
        status = r.choice(market.statuses) if picker and market.statuses else None
        value = round(r.random() * 30_000, 2) if state == "won" else None
        return (
            n, market.id, giver, picker, picked, state, status, interest,
            ",".join(r.sample(words.TAGS, 2)), consent, value, closed,
            f"{first} {last}", r.choice(("Frau", "Herr", None)),
            f"{last} Immobilien" if n % 9 == 0 else None,
            f"{words.ascii_of(first)}.{words.ascii_of(last)}.{n}@{words.DOMAINS[n % 4]}",
            phone if n % 8 else None, f"{r.choice(words.STREETS)} {n % 140 + 1}", postcode, city,
            "DE", created, closed or picked or created,
        )  # fmt: skip

    def _offers(
        self,
        n: int,
        users: list[int],
        picker: int | None,
        state: str,
        created: datetime,
        rows: list[Row],
    ) -> None:
        r = self.random
        expires = created + _HOURS[48]
        for user in users:
            if user == picker:
                own = "picked"
            elif picker:
                own = "declined" if r.random() < 0.2 else "lost"
            elif state == "withdrawn":
                own = "withdrawn"
            else:
                own = ("open", "open", "declined", "expired")[int(r.random() * 4)]
            if n % 401 == 0 and own == "lost":
                own = "open"  # nobody closed it
            reason = r.choice(words.REASONS) if own == "declined" else None
            answered = None if own == "open" else created + _HOURS[int(r.random() * 48)]
            self._offer += 1
            rows.append(
                (self._offer, n, user, own, reason, created, expires, answered, answered or created)
            )
        if n % 6007 == 0 and users:
            self._offer += 1
            rows.append(
                (self._offer, n, users[0], "lost", None, created, expires, created, created)
            )
        if n % 7001 == 0:
            self._offer += 1
            rows.append(
                (self._offer, self.leads + n, 1, "open", None, created, expires, None, created)
            )

    def _comments(
        self,
        n: int,
        market: LegacyMarket,
        giver: int | None,
        picker: int | None,
        created: datetime,
        rows: list[Row],
    ) -> None:
        r = self.random
        if r.random() < 0.5:
            return
        for user in (picker or market.owner, giver):
            if user is not None and r.random() < 0.7:
                self._comment += 1
                if n % 8009 == 0:
                    user = self.users + 13
                shared, text = r.random() < 0.3, r.choice(words.COMMENTS)
                rows.append(
                    (self._comment, n, user, shared, text, created + _HOURS[int(r.random() * 200)])
                )
