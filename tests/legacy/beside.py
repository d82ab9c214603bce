"""Both systems beside each other: people act there and here, and Monday's import lies between."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any
from uuid import UUID

from service.jobs.legacy.importing import Outcome, import_load
from service.jobs.rollout.proving import Proof, Prover
from tests.fixtures.database import Urls, as_bearer, connected
from tests.legacy.system import loaded_over, silent
from tests.merging.stage import Merging

FEATURES = """
    insert into app_private.cohort_company (company_id, week, features_on)
    select company_id, '2026-W41', true from app_private.legacy_user
    on conflict (company_id) do update set features_on = true;
"""


class Beside:
    """An imported former system with people in both; users are named by their legacy numbers."""

    def __init__(self, superuser: Any, staff: Any, other: Any, api: Any) -> None:
        self.superuser, self.staff, self.other, self.api = superuser, staff, other, api
        self.merging = Merging(staff)

    async def monday(self, *, deletions: bool = False) -> Outcome:
        """The import; everybody has the colleague features after it."""
        async with loaded_over(self.staff, self.other) as load:
            outcome = await import_load([self.staff], load, silent, deletions=deletions)
        await self.superuser.execute(FEATURES)
        return outcome

    async def there(self, *statements: str) -> None:
        """What happened in the former system."""
        for statement in statements:
            await self.superuser.execute(statement)

    async def one(self, sql: str, *values: Any) -> Any:
        """A single value, past the policies."""
        return await self.superuser.fetchval(sql, *values)

    async def rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows, past the policies."""
        return [tuple(row) for row in await self.superuser.fetch(sql, *values)]

    async def company(self, user: int) -> UUID:
        """For whom the colleague of a user acts now."""
        found: UUID = await self.one(
            "select company_id from app_private.legacy_party where legacy_id = $1", user
        )
        return found

    async def merge(self, survivor: int, absorbed: int) -> UUID:
        """The company of one user absorbs that of another."""
        return await self.merging.merge(await self.company(survivor), await self.company(absorbed))

    async def call(self, user: int, sql: str, *values: Any) -> Any:
        """`select <sql>` as the colleague of a user, through the web tier's role. 28000 when he
        is not active."""
        await self.superuser.execute(
            """insert into app_private.bearer (token_sha256, company_id, colleague_id, expires_at)
               select sha256('kgs_beside'), c.company_id, c.id, now() + interval '1 min'
               from app_private.legacy_user u join app.colleague c on c.id = u.colleague_id
               where u.legacy_id = $1 and c.active""",
            user,
        )
        try:
            async with as_bearer(self.api, "kgs_beside"):
                return await self.api.fetchval(f"select {sql}", *values)
        finally:
            await self.superuser.execute(
                "delete from app_private.bearer where token_sha256 = sha256('kgs_beside')"
            )

    async def lead(self, number: int) -> tuple[UUID, UUID]:
        """Marketplace and id of what a legacy lead became."""
        row = await self.superuser.fetchrow(
            "select marketplace_id, lead_id from app_private.legacy_lead where legacy_id = $1",
            number,
        )
        assert row is not None
        return row["marketplace_id"], row["lead_id"]

    async def offers(self, number: int) -> list[tuple[int, str]]:
        """Whose company has an offer of a legacy lead (by its first user), and its state."""
        rows = await self.rows(
            """select u.legacy_id, o.state from app.offer o
               join app_private.legacy_lead k on k.lead_id = o.lead_id
               join app_private.legacy_user u on u.company_id = o.company_id
               where k.legacy_id = $1 order by 1, 2""",
            number,
        )
        return [(row[0], row[1]) for row in rows]

    async def engagements(self, number: int) -> list[tuple[int, str]]:
        """Who works or worked a legacy lead, in which state."""
        rows = await self.rows(
            """select u.legacy_id, e.state from app.engagement e
               join app_private.legacy_lead k on k.lead_id = e.lead_id
               join app_private.legacy_user u on u.company_id = e.company_id
               where k.legacy_id = $1 order by 1, 2""",
            number,
        )
        return [(row[0], row[1]) for row in rows]

    async def waiting(self) -> set[tuple[str, str, str]]:
        """Table, number and reason of what waits, without what merely depends on it."""
        rows = await self.rows(
            """select source_table, legacy_key, reason from app_private.legacy_quarantine
               where healed_at is null and reason <> 'depends-on'"""
        )
        return {(row[0], row[1], row[2]) for row in rows}

    async def prove(self, *, unfiltered: bool = False) -> dict[int, Proof]:
        """The proof of every user; unfiltered: counted without any condition, too."""
        async with loaded_over(self.staff, self.other) as load:
            prover = Prover(self.staff, [self.api], load)
            users = await prover.users()
            whom = frozenset(user.legacy_user for user in users) if unfiltered else frozenset()
            proofs = prover.prove(users, unfiltered=whom)
            return {one.legacy_user: one async for one in proofs}

    async def prove_only(self, user: int) -> Proof:
        """The proof of one user, with all its rows."""
        async with loaded_over(self.staff, self.other) as load:
            prover = Prover(self.staff, [self.api], load)
            users = [one for one in await prover.users() if one.legacy_user == user]
            (proof,) = [proof async for proof in prover.prove(users, whole=True)]
            return proof

    async def staff_rows(self, sql: str, *values: Any) -> list[tuple[Any, ...]]:
        """Rows, as staff."""
        return [tuple(row) for row in await self.staff.fetch(sql, *values)]

    async def differing(self) -> dict[int, list[tuple[str, str | None, str]]]:
        """Users whose proof differs: kind, legacy number and reason of the rows."""
        return {
            user: [(r.what, r.legacy_key, r.reason) for r in proof.rows if r.verdict == "differs"]
            for user, proof in (await self.prove()).items()
            if proof.differences
        }


@asynccontextmanager
async def beside(urls: Urls, *, already: bool = False) -> AsyncIterator[Beside]:
    """Connections for it, to a database with a schema `legacy`; imported once, unless already."""
    async with AsyncExitStack() as stack:
        connections = [
            await stack.enter_async_context(connected(url))
            for url in (urls.superuser, urls.staff, urls.staff, urls.api)
        ]
        both = Beside(*connections)
        await (both.superuser.execute(FEATURES) if already else both.monday())
        yield both
