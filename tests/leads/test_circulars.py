"""What is for a company is one row of the outbox, until the worker makes mails of it."""

import asyncio
from typing import Any

from service.jobs.worker.timers import address as addressed
from tests.fixtures.database import connected
from tests.fixtures.market import Market

HUBER = ("anna@huber.example", "ben@huber.example", "dora@huber.example")


async def waiting(market: Market, template: str) -> list[tuple[str, str | None]]:
    """Kind and recipient of what waits, oldest first."""
    async with connected(market.urls.superuser) as superuser:
        await superuser.fetchval("select app.mail_events()")
        rows = await superuser.fetch(
            "select kind, recipient from app_private.outbox where template = $1 order by id",
            template,
        )
    return [tuple(row) for row in rows]


async def address(market: Market) -> int:
    """Lets the worker do what is due."""
    async with connected(market.urls.worker) as worker:
        return await addressed(worker)


async def mails(market: Market) -> list[Any]:
    """What `kollegium mails` shows."""
    async with connected(market.urls.worker) as worker:
        await worker.fetchval("select app.mail_events()")
        rows = await worker.fetch("select * from app.read_mails(1000)")
    return sorted((r["template"], r["recipient"], r["language"], str(r["payload"])) for r in rows)


async def test_an_offer_is_one_row_a_company_and_then_a_mail_a_colleague(market: Market) -> None:
    """And who reads the outbox sees no difference."""
    await address(market)
    before = await waiting(market, "offer-opened")
    await market.offered(market.world.huber, market.world.klein)
    assert (await waiting(market, "offer-opened"))[len(before) :] == [("circular", None)] * 2
    shown = await mails(market)
    assert await address(market) == 2
    told = (await waiting(market, "offer-opened"))[len(before) :]
    assert {kind for kind, _ in told} == {"mail"}
    assert set(HUBER) < {recipient for _, recipient in told}
    assert await mails(market) == shown
    assert await address(market) == 0


async def test_mails_stand_in_the_order_of_their_causes(market: Market) -> None:
    """Whenever they were made: what happened last is read first."""
    for _ in range(2):
        await market.offered(market.world.huber)
    await market.client.post("/password-resets", json={"email": HUBER[1]})
    async with connected(market.urls.worker) as worker:
        await worker.fetchval("select app.mail_events()")
        before = await worker.fetch("select * from app.read_mails(1000)")
        await addressed(worker)
        after = await worker.fetch("select * from app.read_mails(1000)")
    for rows in (before, after):
        times = [row["created_at"] for row in rows if row["recipient"] == HUBER[1]]
        assert times == sorted(times, reverse=True)


async def test_who_left_in_between_is_not_told(market: Market) -> None:
    """Who is told is who acts for the company when the mails are made."""
    dirk = await market.joins(market.anna, "dirk@huber.example", "Dirk")
    mine = (await dirk.get("/me")).json()["colleague"]["id"]
    await market.offered(market.world.huber)
    left = await market.anna.patch(f"/colleagues/{mine}", {"active": False})
    assert left.status_code == 200, left.text
    before = await market.mails_to("dirk@huber.example")
    await address(market)
    assert await market.mails_to("dirk@huber.example") == before


async def test_a_company_that_is_being_merged_is_told_afterwards(market: Market) -> None:
    """A mail made beside the merge would belong to a company that is no more."""
    await address(market)
    await market.offered(market.world.huber, market.world.klein)
    async with connected(market.urls.superuser) as merging:
        async with merging.transaction():
            await merging.execute(
                "select pg_advisory_xact_lock(app_private.company_lock_key($1))",
                market.world.huber.id,
            )
            assert await address(market) == 1
        assert await address(market) == 1


async def test_two_workers_make_each_mail_once(market: Market) -> None:
    """What one has in hand the other passes over."""
    await address(market)
    before = len(await waiting(market, "offer-opened"))
    for _ in range(3):
        await market.offered(market.world.huber, market.world.klein)
    shown = await mails(market)
    async with connected(market.urls.worker) as one, one.transaction():
        assert await one.fetchval("select app.address_mails(2)") == 2
        assert await asyncio.wait_for(address(market), 10) == 4
    assert await mails(market) == shown
    assert len(await waiting(market, "offer-opened")) > before
