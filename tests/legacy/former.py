"""An imported former system, for tests that plant differences and let the proof look for them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

from service.jobs.legacy.importing import import_load
from service.jobs.legacy.practice.filling import fill_schema
from service.jobs.legacy.practice.generating import Generator
from service.jobs.legacy.sources import reading
from service.jobs.legacy.staging import staged
from service.jobs.rollout.proving import Proof, Prover
from tests.fixtures.database import NewDatabase, Urls, as_bearer, connected

# Companies are active, so that somebody could look; `stranger` has nothing to do with the lead.
PICKED = """
    select l.marketplace_id, l.id, l.engaged_company_id as taker, l.operator_company_id as operator,
      (select k.company_id from app_private.legacy_user k join app.company c on c.id = k.company_id
       where c.state = 'active' and k.company_id <> all (l.parties) order by 1 limit 1) as stranger
    from app.lead l join app.company t on t.id = l.engaged_company_id and t.state = 'active'
    join app.company o on o.id = l.operator_company_id and o.state = 'active'
    where l.giver_company_id is null and l.engaged_company_id <> l.operator_company_id
      and not exists (select from app.message x where x.lead_id = l.id)
    order by l.id limit 1 offset """
OFFER = """
    select o.marketplace_id, o.lead_id, o.id, o.company_id as taker,
      o.operator_company_id as operator
    from app.offer o join app.company t on t.id = o.company_id and t.state = 'active'
    join app.company p on p.id = o.operator_company_id and p.state = 'active'
    join app.participation c on c.marketplace_id = o.marketplace_id and c.company_id = o.company_id
      and c.state = 'active'
    where o.state = '{}' order by o.id limit 1"""


class Former:
    """A database with an imported former system, and a load of it at hand."""

    def __init__(self, urls: Urls, superuser: Any, staff: Any, api: Any, load: int) -> None:
        self.urls, self.superuser, self.staff, self.api = urls, superuser, staff, api
        self.load, self.prover = load, Prover(staff, [api], load)

    async def prove(self, **options: Any) -> dict[int, Proof]:
        """The proofs of all users."""
        users = await self.prover.users()
        return {one.legacy_user: one async for one in self.prover.prove(users, **options)}

    async def findings(self) -> set[tuple[int, str, Any, str, str]]:
        """User, kind, lead, verdict and reason (with fields) of all rows that are not equal."""
        return {
            (
                proof.legacy_user,
                row.what,
                row.lead_id,
                row.verdict,
                " ".join([row.reason, *row.fields]),
            )
            for user, proof in (await self.prove()).items()
            for row in proof.rows
        }

    async def plant(self, *statements: str) -> None:
        """As a superuser with a bad day: past policies, functions and versions."""
        async with self.superuser.transaction():
            for statement in statements:
                assert await self.superuser.execute(statement) not in ("UPDATE 0", "DELETE 0")

    async def hand(self, lead: Any, column: str) -> None:
        """Gives a lead to its stranger, with all that follows it and without a new version."""
        where = f"marketplace_id = '{lead['marketplace_id']}' and id = '{lead['id']}'"
        async with self.superuser.transaction():
            done = await self.superuser.execute(
                f"update app.lead set {column} = $1 where {where}",
                lead["stranger"],
            )
            assert done == "UPDATE 1"
            await self.superuser.execute(
                "select app_private.follow_parties(array[$1::uuid], array[$2::uuid])",
                lead["marketplace_id"],
                lead["id"],
            )

    async def user(self, company: UUID) -> int:
        """The legacy user of a company."""
        return int(await self.superuser.fetchval(
            "select legacy_id from app_private.legacy_user where company_id = $1", company
        ))  # fmt: skip

    async def one(self, sql: str) -> Any:
        """A row that the world is known to have."""
        row = await self.superuser.fetchrow(sql)
        assert row is not None, "the generated world has no such row; take another seed"
        return row

    @asynccontextmanager
    async def acting(self, company: UUID) -> AsyncIterator[Any]:
        """A request of the company's colleague."""
        await self.superuser.execute(
            """insert into app_private.bearer (token_sha256, company_id, colleague_id, expires_at)
               select sha256('kgs_acting'), company_id, colleague_id, now() + interval '1 min'
               from app_private.legacy_user where company_id = $1""",
            company,
        )
        async with as_bearer(self.api, "kgs_acting"):
            yield self.api
        await self.superuser.execute(
            "delete from app_private.bearer where token_sha256 = sha256('kgs_acting')"
        )


async def generate_and_import(urls: Urls, generator: Generator) -> None:
    """Fills schema legacy and imports it."""
    async with connected(urls.superuser) as superuser:
        chunks = generator.chunks()
        await fill_schema(superuser, "legacy", chunks, "kollegium_staff", lambda table, n: None)
    async with (
        connected(urls.staff) as staff,
        connected(urls.staff) as source,
        reading(source, "legacy", "schema") as rows,
        staged(staff, rows) as load,
    ):
        await import_load([staff], load, lambda step: None)


@asynccontextmanager
async def copied(new_database: NewDatabase, imported: str) -> AsyncIterator[Former]:
    """A copy of the imported database, with a load."""
    async with (
        new_database(imported) as urls,
        connected(urls.superuser) as superuser,
        connected(urls.staff) as staff,
        connected(urls.staff) as source,
        connected(urls.api) as api,
        reading(source, "legacy", "schema") as rows,
        staged(staff, rows) as load,
    ):
        yield Former(urls, superuser, staff, api, load)
