"""Before equals after (announcement 15): for every legacy user, through the wall of production.

Before: what he saw by the legacy rules, computed by PostgreSQL over the rows of a load. After: what
his company sees with a session of its own. Both sides are counts and digests of the same fields;
where they disagree, row by row. No value of a lead or person passes through here, only hashes.
"""

import asyncio
import hashlib
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Literal
from uuid import UUID

import msgspec

from service.jobs.rollout import seen
from service.jobs.rollout.companies import Joined, compare_joined, sessions
from service.jobs.rollout.comparing import Row, compared, explain
from service.jobs.rollout.totals import lost_access

BATCH = 1000  # users; their sessions live for five minutes
ROWS = 50_000  # compared one by one at a time

State = Literal["ready", "deleted", "waits", "missing", "joined"]


class User(msgspec.Struct):
    """A legacy user of the load; state as in `app.list_proof_users`. acts_for: after a merge the
    company that absorbed his own."""

    legacy_user: int
    company_id: UUID | None
    acts_for: UUID | None
    week: str | None
    state: State


class Proof(msgspec.Struct):
    """The proof of one user. rows: those that differ or were worked here since; all where asked.
    Of a company of several the first of its users has all, and the others nothing."""

    legacy_user: int
    company_id: UUID | None
    state: State
    before: dict[str, int]
    after: dict[str, int]
    differences: int
    waiting: int
    since_import: int
    digest: str
    rows: list[Row]


class _Side(msgspec.Struct):
    """Counts and digests by kind."""

    rows: Counter[str] = msgspec.field(default_factory=Counter)
    digests: dict[str, str] = msgspec.field(default_factory=dict)
    waiting: int = 0

    def same(self, other: "_Side") -> bool:
        """Whether both saw the same rows."""
        return all(
            (self.rows[kind], self.digests.get(kind, "0"))
            == (other.rows[kind], other.digests.get(kind, "0"))
            for kind in seen.KINDS
        )


class Prover:
    """Proves the users of a load. apis: connections as kollegium_api, working side by side."""

    def __init__(self, staff: Any, apis: list[Any], load: int) -> None:
        self._staff, self._apis, self._load = staff, apis, load

    async def users(self) -> list[User]:
        """All users of the load."""
        await self._staff.execute("select app.prove_begin($1)", self._load)
        rows = await self._staff.fetch("select * from app.list_proof_users($1)", self._load)
        return [msgspec.convert(dict(row), User) for row in rows]

    async def prove(
        self,
        users: list[User],
        *,
        whole: bool = False,
        unfiltered: frozenset[int] = frozenset(),
        done: Callable[[int], None] = lambda count: None,
    ) -> AsyncIterator[Proof]:
        """Proofs in the order of the users; each batch is kept in the database.

        whole: the proofs list equal rows too. unfiltered: users whose tables are also counted
        without any condition, which reads them from end to end. done: called as users are done.
        """
        told: set[UUID] = set()
        for start in range(0, len(users), BATCH):
            batch = users[start : start + BATCH]
            before = await self._before(batch)
            async with self._sessions(batch) as tokens:
                after = await self._after(tokens, unfiltered, done)
                done(sum(user.legacy_user not in tokens for user in batch))
                suspects = [
                    user
                    for user in batch
                    if user.state == "missing"
                    or (
                        user.state in ("ready", "deleted")
                        and (whole or not before[user.legacy_user].same(after[user.legacy_user]))
                    )
                ]
                rows = await self._rows(suspects, before, tokens)
                for whose, lost in await self._lost_access(batch):
                    rows.setdefault(whose, []).append(lost)
            companies = await self._companies(batch, told)
            for user in batch:
                number = user.legacy_user
                if user.state == "joined" and user.acts_for in told:
                    one = companies.get(number) or Joined()
                    before[number] = _Side(one.before, {}, one.waiting)
                    after[number] = _Side(one.after)
                    rows.setdefault(number, []).extend(row for row, _ in one.rows)
            proofs = [
                _proof(user, before[user.legacy_user], after[user.legacy_user],
                       rows.get(user.legacy_user, []), whole)
                for user in batch
            ]  # fmt: skip
            await self._keep(proofs)
            for proof in proofs:
                yield proof

    async def _before(self, batch: list[User]) -> defaultdict[int, _Side]:
        found: defaultdict[int, _Side] = defaultdict(_Side)
        for row in await self._staff.fetch(
            "select * from app.prove_before($1, $2, $3)",
            *(self._load, batch[0].legacy_user, batch[-1].legacy_user),
        ):
            side = found[row["legacy_user"]]
            side.rows[row["what"]] = row["rows"]
            side.digests[row["what"]] = row["digest"]
            side.waiting += row["waiting"]
        return found

    @asynccontextmanager
    async def _sessions(self, batch: list[User]) -> AsyncIterator[dict[int, str]]:
        """A session for each user who is ready: legacy user -> token. Ended in any case."""
        users = {user.company_id: user.legacy_user for user in batch if user.state == "ready"}
        companies = [company for company in users if company is not None]
        async with sessions(self._staff, "app.open_proof_sessions", companies) as tokens:
            yield {users[company]: token for company, token in tokens.items()}

    async def _companies(self, batch: list[User], told: set[UUID]) -> dict[int, Joined]:
        """Companies of several that were not compared yet, by the first of their users."""
        first: dict[UUID, int] = {}
        for user in batch:
            if user.state == "joined" and user.acts_for and user.acts_for not in told:
                first.setdefault(user.acts_for, user.legacy_user)
        found = {}
        async for company, one in compare_joined(self._staff, self._apis[0], self._load, first):
            found[first[company]] = one
            told.add(company)
        return found

    async def _after(
        self, tokens: dict[int, str], unfiltered: frozenset[int], done: Callable[[int], None]
    ) -> defaultdict[int, _Side]:
        found: defaultdict[int, _Side] = defaultdict(_Side)

        async def ask(api: Any, user: int, token: str) -> None:
            async with seen.entered(api, token):
                side = found[user]
                for row in await api.fetch(seen.DIGESTS):
                    side.rows[row["what"]], side.digests[row["what"]] = row["rows"], row["digest"]
                if user in unfiltered:
                    for row in await api.fetch(seen.UNFILTERED):
                        if row["rows"] != side.rows[row["what"]]:
                            raise PolicyShowsMore(user, row["what"], row["rows"])
            done(1)

        await self._side_by_side(list(tokens.items()), ask)
        return found

    async def _side_by_side(self, items: list[tuple[int, str]], ask: Any) -> None:
        """Each connection takes the next item until there is none; the first error ends all."""
        todo = iter(items)

        async def work(api: Any) -> None:
            for user, token in todo:
                await ask(api, user, token)

        try:
            async with asyncio.TaskGroup() as group:
                for api in self._apis:
                    group.create_task(work(api))
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None

    async def _rows(
        self, users: list[User], sides: dict[int, _Side], tokens: dict[int, str]
    ) -> dict[int, list[Row]]:
        """Both sides of some users, compared row by row, not too many rows at once."""
        found: dict[int, list[Row]] = {}
        companies = {user.legacy_user: user.company_id for user in users}
        some: list[int] = []
        for user in users:
            some.append(user.legacy_user)
            if user is users[-1] or sum(sides[one].rows.total() for one in some) >= ROWS:
                found |= await self._some_rows(some, tokens, companies)
                some = []
        return found

    async def _some_rows(
        self, users: list[int], tokens: dict[int, str], companies: dict[int, UUID | None]
    ) -> dict[int, list[Row]]:
        before: dict[int, list[Any]] = {user: [] for user in users}
        for row in await self._staff.fetch(
            "select * from app.prove_before_rows($1, $2)", self._load, users
        ):
            before[row["legacy_user"]].append(row)
        found: dict[int, list[Row]] = {}
        for user in users:
            after: list[Any] = []
            if user in tokens:
                async with seen.entered(self._apis[0], tokens[user]) as api:
                    after = await api.fetch(seen.ROWS)
            rows = list(compared(before.pop(user), after))
            await explain(self._staff, self._load, companies[user], rows)
            found[user] = [row for row, _ in rows]
        return found

    async def _lost_access(self, batch: list[User]) -> list[tuple[int, Row]]:
        """API keys and passwords of those compared that do not open what they opened."""
        states = {user.legacy_user: user.state for user in batch}
        return [
            (user, row)
            for user, row in await lost_access(
                self._staff, self._load, batch[0].legacy_user, batch[-1].legacy_user
            )
            if states.get(user) in ("ready", "deleted", "joined")
        ]

    async def _keep(self, proofs: list[Proof]) -> None:
        kept = [
            {
                "company_id": proof.company_id,
                **proof.before,
                "differences": proof.differences,
                "waiting": proof.waiting,
                "since_import": proof.since_import,
                "digest": proof.digest,
            }
            for proof in proofs
            if proof.company_id is not None and proof.state in ("ready", "deleted")
        ]
        await self._staff.fetchval(
            "select app.keep_proofs($1::text::jsonb)", msgspec.json.encode(kept).decode()
        )


class PolicyShowsMore(Exception):
    """The policies show more rows than a company's own columns name: the wall itself is broken."""

    def __init__(self, user: int, what: str, rows: int) -> None:
        super().__init__(f"legacy user {user} sees {rows} {what}, more than name his company")


def _proof(user: User, before: _Side, after: _Side, rows: list[Row], whole: bool) -> Proof:
    verdicts = Counter(row.verdict for row in rows)
    differences = verdicts["differs"] + (user.state == "missing")
    if user.state == "ready" and not before.same(after) and not verdicts:
        raise AssertionError("digests differ and rows do not")
    text = " ".join(
        f"{kind} {before.rows[kind]} {before.digests.get(kind, 0)}" for kind in seen.KINDS
    )
    return Proof(
        user.legacy_user,
        user.company_id,
        user.state,
        {kind: before.rows[kind] for kind in seen.KINDS},
        {kind: after.rows[kind] for kind in seen.KINDS},
        differences,
        before.waiting,
        verdicts["since-import"],
        hashlib.sha256(text.encode()).hexdigest()[:32],
        rows if whole else [row for row in rows if row.verdict in ("differs", "since-import")],
    )
