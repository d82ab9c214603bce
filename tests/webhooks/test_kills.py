"""Workers killed at any moment: each committed event is delivered, and comes again with its id.

KOLLEGIUM_WEBHOOK_KILLS says how many; the seed is printed.
"""

import asyncio
import os
import random
import sys
from collections import defaultdict
from typing import Any
from uuid import UUID

from tests.fixtures.database import ROOT, Urls, connected
from tests.fixtures.market import Market
from tests.fixtures.receiver import OK, Posted, receiving
from tests.webhooks.test_delivery import SECRET, deliver

KILLS = int(os.environ.get("KOLLEGIUM_WEBHOOK_KILLS", "3"))
_TELL = "select app_private.tell('lead.changed', array[$1::uuid], $2, $3, app_private.nobody())"


async def start(url: str) -> asyncio.subprocess.Process:
    """A worker as a process; returns when it works."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tests.webhooks.one_worker", url,
        cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdout is not None
    await process.stdout.readline()
    return process


class Business:
    """Tells events, in transactions that last and in some that are taken back."""

    def __init__(self, urls: Urls, world: Any, chance: random.Random) -> None:
        self._urls, self._world, self._chance = urls, world, chance
        self.over = asyncio.Event()

    async def goes_on(self) -> None:
        """Until it is over."""
        async with connected(self._urls.superuser) as connection:
            while not self.over.is_set():
                transaction = connection.transaction()
                await transaction.start()
                for _ in range(self._chance.randint(1, 3)):
                    await connection.execute(
                        _TELL, self._world.huber.id, self._world.nord_id,
                        self._world.leads["engaged"],
                    )  # fmt: skip
                await asyncio.sleep(self._chance.random() * 0.05)
                await (
                    transaction.rollback if self._chance.random() < 0.2 else transaction.commit
                )()


async def test_every_committed_event_is_delivered_however_workers_die(
    market: Market, world_database: Urls
) -> None:
    seed = int(os.environ.get("KOLLEGIUM_SEED", random.randrange(10**6)))
    print(f"seed {seed}")
    chance = random.Random(seed)

    async def answer(_: Posted) -> bytes:
        await asyncio.sleep(chance.random() * 0.05)
        return OK if chance.random() < 0.95 else b""

    async with connected(world_database.superuser) as superuser, receiving() as peer:
        peer.answer = answer
        hook = UUID((await market.anna.post("/webhooks", {"url": "https://1.1.1.1/"})).json()["id"])
        await superuser.execute("update app_private.webhook set url = $1", peer.url)
        await superuser.execute("update app_private.webhook_secret set secret = $1", SECRET)
        async with asyncio.TaskGroup() as group:
            business = Business(world_database, market.world, chance)
            for _ in range(2):
                group.create_task(business.goes_on())
            workers = [await start(world_database.worker) for _ in range(2)]
            for _ in range(KILLS):
                await asyncio.sleep(chance.random() * 0.3)
                dying = workers.pop(0)
                dying.kill()
                await dying.wait()
                workers.append(await start(world_database.worker))
            business.over.set()
        for one in workers:
            one.kill()
            await one.wait()
        await everything(superuser, world_database)
        told = await superuser.fetch(
            "select e.id from app.event e join app_private.webhook w on w.id = $1"
            " where e.company_id = w.company_id and e.at >= w.active_since", hook,
        )  # fmt: skip
        bodies = defaultdict(list)
        for posted in peer.posted:
            bodies[posted.headers["webhook-id"]].append(posted.body)
        assert set(bodies) == {str(one["id"]) for one in told}
        assert all(len(set(same)) == 1 for same in bodies.values())
        assert any(len(same) > 1 for same in bodies.values()), "nothing came again"


async def everything(superuser: Any, urls: Urls) -> None:
    """A worker that lives delivers the rest, as soon as leases of the dead are over."""
    async with connected(urls.worker) as worker:
        left = "select count(*) from app_private.webhook_delivery where state = 'pending'"
        while True:
            await superuser.execute("update app_private.webhook_delivery set due_at = now()")
            await deliver(worker)
            await asyncio.sleep(0.1)
            if not await superuser.fetchval(left):
                return
