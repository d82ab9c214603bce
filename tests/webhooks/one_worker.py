"""A worker that does nothing but tell webhooks, to be killed: python one_worker.py URL"""

import asyncio
import sys

import asyncpg

from service.jobs.webhooks.delivery import Delivering
from service.outgoing.addresses import Resolver, reach_of
from service.outgoing.sending import Courier


async def main(url: str) -> None:
    """Until it is killed; leases are short, so that what it had goes on soon."""
    courier = Courier(reach_of("127.0.0.0/8"), Resolver(1), seconds=1)
    work = Delivering(courier, lease_seconds=1).work
    connection = await asyncpg.connect(url)
    print("ready", flush=True)
    while True:
        await work(connection, asyncio.Event())
        await asyncio.sleep(0.02)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
