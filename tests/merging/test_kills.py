"""The connection of a merge dies at random points: nothing of it happened, or all of it.

KOLLEGIUM_MERGE_KILLS (10) is the number of attempts."""

import asyncio
import os
import random

from tests.fixtures.database import connected
from tests.fixtures.world import World
from tests.merging.conftest import Place
from tests.merging.stage import fingerprint, mark, owned

KILLS = int(os.environ.get("KOLLEGIUM_MERGE_KILLS", "10"))


async def test_killed_on_the_way(place: Place, world: World) -> None:
    merge = await place.merging.prepare(world.huber, world.klein)
    before, until = await fingerprint(place.superuser), await mark(place.superuser)
    chance = random.Random(int(os.environ.get("KOLLEGIUM_SEED", "3")))
    killed = 0
    for _ in range(KILLS):
        async with connected(place.urls.staff) as victim:
            pid = victim.get_server_pid()
            running = asyncio.create_task(victim.fetchval("select app.run_merge($1)", merge))
            await asyncio.sleep(chance.uniform(0, 0.1))
            await place.superuser.execute("select pg_terminate_backend($1)", pid)
            await asyncio.gather(running, return_exceptions=True)
        # Its locks end with it.
        await place.superuser.execute(
            "select pg_advisory_xact_lock(app_private.company_lock_key($1))", world.klein.id
        )
        state = await place.staff.fetchval("select state from app.list_merges($1)", merge)
        if state == "done":  # the kill came too late: back, and once more
            assert await owned(place.superuser, world.klein.id) == []
            await place.merging.undo(merge)
            merge = await place.merging.prepare(world.huber, world.klein)
        else:
            assert state == "consented"
            killed += 1
        assert await fingerprint(place.superuser, until) == before
    print(f"{killed} of {KILLS} were killed on the way")
    assert killed
    await place.merging.run(merge)
    assert await owned(place.superuser, world.klein.id) == []
