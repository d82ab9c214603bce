"""A batch of an import and a merge of companies that it writes for: one waits for the other."""

import asyncio

from tests.fixtures.database import Urls, connected, waiting_for_locks
from tests.legacy.beside import beside
from tests.legacy.system import loaded

BATCH = "select * from app.legacy_import_leads($1, 0, 100)"


async def test_a_merge_waits_for_the_batch_and_nobody_for_the_merge(brought: Urls) -> None:
    """The batch holds companies and then leads, a merge leads and then companies."""
    async with beside(brought, already=True) as both:
        merge = await both.merging.prepare(await both.company(3), await both.company(4))
        await both.there("update legacy.leads set interest = interest || '!'")
        async with loaded(brought) as (staff, load), connected(brought.staff) as other:
            async with staff.transaction():
                done = await staff.fetchrow(BATCH, load)
                assert done["changed"] == 6
                running = asyncio.create_task(other.fetchval("select app.run_merge($1)", merge))
                await waiting_for_locks(both.superuser, running)
                # Colleagues of both go on meanwhile.
                for user in (3, 4):
                    await both.call(user, "id from app.add_note($1, $2, 'weiter')",
                                    *await both.lead(user))  # fmt: skip
            await running
        assert await both.company(3) == await both.company(4)
        assert await both.differing() == {}


async def test_a_batch_waits_for_a_merge_and_gives_nothing_to_the_absorbed(brought: Urls) -> None:
    async with beside(brought, already=True) as both:
        absorbed = await both.company(4)
        merge = await both.merging.prepare(await both.company(3), absorbed)
        await both.there(
            "update legacy.leads set state = 'picked', picked_by_user_id = 4 where id = 2",
            "insert into legacy.comments values (20, 2, 4, false, 'von Ben', now())",
        )
        async with loaded(brought) as (staff, load), connected(brought.staff) as other:
            async with other.transaction():
                await other.fetchval("select app.run_merge($1)", merge)
                running = asyncio.create_task(staff.fetchrow(BATCH, load))
                await waiting_for_locks(both.superuser, running)
            await running
        assert await both.engagements(2) == [(3, "active")]
        for table in ("engagement", "note", "offer", "disclosure"):
            count = f"select count(*) from app.{table} where company_id = $1"
            assert await both.one(count, absorbed) == 0, table
