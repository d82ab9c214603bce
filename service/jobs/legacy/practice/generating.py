"""An invented former system, as large as wanted and as dirty as a real one, from a seed.

The same numbers and seed give the same rows, byte for byte. Rows come in chunks, table by table, so
that memory does not grow with the number of leads. `dirt` says what is wrong with some of them.
"""

import base64
import hashlib
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from service.jobs.legacy.practice import invented as words
from service.jobs.legacy.practice.generated_leads import LeadMaker
from service.jobs.legacy.practice.market import LegacyMarket

Row = tuple[Any, ...]
BEGINNING = datetime(2019, 3, 1, 8, tzinfo=UTC)
NOW = datetime(2026, 9, 1, 8, tzinfo=UTC)
_ITERATIONS = 20_000  # the former system's; few enough to log in with in a test


class Chunk(NamedTuple):
    """Some rows of a table, columns in the order of the contract."""

    table: str
    rows: list[Row]


def api_token(seed: int, key_id: int) -> str:
    """The token of a generated API key; the former system knew its SHA-256 alone."""
    return f"lgk_{hashlib.sha256(f'{seed} {key_id}'.encode()).hexdigest()[:40]}"


class Generator:
    """Makes the rows. Raises ValueError for fewer than ten users."""

    def __init__(self, users: int, leads: int, seed: int):
        """How many users and leads, and which of all possible worlds."""
        if users < 10:
            raise ValueError("at least 10 users")
        self.users, self.leads, self.seed = users, leads, seed
        self.random = random.Random(seed)  # noqa: S311 - a world to repeat, no secret
        self._hashes = [self._password(n) for n in range(32)]
        self._emails: list[str] = []
        self._firms: list[str] = []
        self.deleted: set[int] = set()
        self.markets: list[LegacyMarket] = []

    def chunks(self) -> Iterator[Chunk]:
        """All rows; a table's rows are in the order of their numbers."""
        yield Chunk("users", [self._user(n) for n in range(1, self.users + 1)])
        yield from self._groups()
        yield from self._marketplaces()
        yield from self._participants()
        yield Chunk("api_keys", self._api_keys())
        maker = LeadMaker(self.random, self.markets, self.users, self.leads, BEGINNING, NOW)
        for tables in maker.chunks():
            for table, rows in tables.items():
                yield Chunk(table, rows)

    def _password(self, n: int) -> str:
        salt = f"salt{self.seed}x{n:02}"
        digest = hashlib.pbkdf2_hmac("sha256", words.PASSWORD.encode(), salt.encode(), _ITERATIONS)
        return f"pbkdf2_sha256${_ITERATIONS}${salt}${base64.b64encode(digest).decode()}"

    def _moment(self, earliest: datetime = BEGINNING) -> datetime:
        return earliest + (NOW - earliest) * self.random.random()

    def _user(self, n: int) -> Row:
        r = self.random
        first, last = r.choice(words.FIRST), r.choice(words.LAST)
        firm = f"{last} {r.choice(words.TRADES)} {r.choice(words.FORMS)}".strip()
        domain = (
            f"{words.ascii_of(last)}-{n // 3}.example"
            if r.random() < 0.4
            else r.choice(words.DOMAINS)
        )
        email = f"{words.ascii_of(first)}.{words.ascii_of(last)}{n}@{domain}"
        created = self._moment()
        password: str | None = self._hashes[n % len(self._hashes)]
        deleted = None
        chance = r.random()
        if chance < 0.03 and self._firms:
            firm = r.choice(self._firms)  # equal names: the same firm, or not
        elif chance < 0.05:
            email = email.title()
        elif chance < 0.07:
            deleted = self._moment(created)
            self.deleted.add(n)
        elif chance < 0.075:
            firm = words.garbled(firm)
        elif chance < 0.08:
            password = r.choice((None, "md5:5f4dcc3b5aa765d61d8327deb882cf99", "!"))
        elif chance < 0.09:
            firm = r.choice(("", None)) or ""
        if n in (self.users // 2, self.users - 1) or n % 1500 == 0:
            email = self._emails[n // 3].upper()  # two users whose addresses differ in case alone
        if n == self.users // 3 or n % 2500 == 0:
            email = r.choice(("", "info(at)firma", "kein"))
        self._emails.append(email)
        self._firms.append(firm)
        vat = f"DE{r.randrange(10**8, 10**9)}" if r.random() < 0.6 else None
        phone = f"+49 30 23125 {r.randrange(1000):03}"
        updated = deleted or self._moment(created)
        language = r.choice(("de", "de", "de", "en", None))
        return (
            n,
            email,
            password,
            first,
            last,
            firm or None,
            vat,
            phone,
            language,
            created,
            updated,
            deleted,
        )

    def _groups(self) -> Iterator[Chunk]:
        """Groups overlap, some members and owners are gone."""
        r = self.random
        groups, members = [], set()
        for n in range(1, max(2, self.users // 20) + 1):
            owner = r.randrange(1, self.users + 1)
            created = self._moment()
            groups.append((n, owner, f"{self._firms[owner - 1]} Team", created, created))
            near = range(max(1, owner - 5), min(self.users, owner + 5) + 1)
            members |= {(n, user) for user in {owner, *r.sample(near, r.randrange(1, 5))}}
            if n % 17 == 0:
                members.add((n, self.users + n))
        yield Chunk("groups", groups)
        yield Chunk("group_members", [(*member, self._moment()) for member in sorted(members)])

    def _marketplaces(self) -> Iterator[Chunk]:
        """One for each hundred users; one in forty has lost its owner."""
        r = self.random
        rows, statuses = [], []
        number = 0
        count = max(3, self.users // 100)
        for n in range(1, count + 1):
            orphan = n == count or n % 40 == 0
            owner = self.users + n if orphan else r.randrange(1, self.users + 1)
            created = self._moment(BEGINNING) - timedelta(days=60)
            own = []
            for place, name in enumerate(words.STATUSES[: 0 if n % 29 == 0 else r.randrange(2, 6)]):
                number += 1
                own.append(number)
                statuses.append((number, n, place, name, created))
            self.markets.append(LegacyMarket(n, owner, own, created))
            name = f"{r.choice(words.MARKETS)} {r.choice(words.REGIONS)}"
            hours, digits = r.choice((None, 24, 48, 72)), r.choice((None, 2, 3))
            flags = r.choice((None, True, False)), r.choice((None, True, False))
            rows.append((n, owner, name, hours, digits, *flags, created, created))
        yield Chunk("marketplaces", rows)
        yield Chunk("statuses", statuses)

    def _participants(self) -> Iterator[Chunk]:
        """Nine of ten users take part somewhere; some rows point to nobody or stand there twice."""
        r = self.random
        rows: list[Row] = []

        def add(market: LegacyMarket, user: int, role: str, state: str | None = None) -> None:
            areas = ",".join(sorted({r.choice(words.PLACES)[0][:2] for _ in range(3)}))
            taker = role == "taker"
            rows.append(
                (len(rows) + 1, market.id, user, role,
                 state or r.choice(("active",) * 9 + ("ended",)),
                 areas if taker and r.random() < 0.5 else None,
                 r.choice(words.TAGS) if taker and r.random() < 0.3 else None,
                 r.choice((None, None, 10, 50)) if taker else None, market.created, market.created)
            )  # fmt: skip

        for user in range(1, self.users + 1):
            for market in (
                r.sample(self.markets, min(2, len(self.markets))) if r.random() < 0.9 else ()
            ):
                if user != market.owner:
                    market.takers.append(user)
                    add(market, user, "taker")
                if r.random() < 0.1 and user != market.owner:
                    market.givers.append(user)
                    add(market, user, "giver", "active")
        for market in self.markets[::25]:
            add(market, self.users + 77, "taker")
            add(market, (market.takers or [1])[0], "taker")
        yield Chunk("participants", rows)

    def _api_keys(self) -> list[Row]:
        """A key for every tenth user; some are revoked, in an older form, or stand there twice."""
        r = self.random
        rows: list[Row] = []
        for user in range(5, self.users + 1, 10):
            n = len(rows) + 1
            digest = hashlib.sha256(api_token(self.seed, n).encode()).hexdigest()
            if n % 50 == 0:
                digest = digest[:32]
            elif n % 70 == 0:
                digest = rows[-1][3]
            created = self._moment()
            revoked = self._moment(created) if r.random() < 0.1 else None
            name = r.choice(("Website", "CRM", "Import", None))
            rows.append((n, user, name, digest, created, revoked or created, revoked))
        return rows
