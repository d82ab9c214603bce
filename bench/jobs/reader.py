"""People of another company at work, over HTTP as always, while two companies merge."""

import asyncio
import itertools
import json
import re
import statistics
import time
from urllib.parse import urlsplit

CLIENTS, PAUSE = 4, 0.08  # far from saturation: what is measured is waiting, not throughput
# Requests of each that do not count, without pauses: until every connection of the service's pool
# has read the catalogue.
WARM = 100
TOKEN = "kgs_bench-Admin B"  # noqa: S105 - of merge_world.sql
REQUEST = (
    "GET /leads?as=taker&limit=20 HTTP/1.1\r\nHost: 127.0.0.1\r\n"
    f"Authorization: Bearer {TOKEN}\r\n\r\n"
).encode()


class Reader:
    """People of company B, who read their leads on CLIENTS connections until told to stop."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.stop = asyncio.Event()
        self._warm = asyncio.Semaphore(0)
        self.found: list[tuple[float, float]] = []  # when a request began, milliseconds it took

    async def work(self) -> None:
        """All of them at once."""
        await asyncio.gather(*(self._client() for _ in range(CLIENTS)))

    async def warm(self) -> None:
        """Waits until what they measure counts."""
        for _ in range(CLIENTS):
            await self._warm.acquire()

    async def _client(self) -> None:
        address = urlsplit(self.url)
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        for number in itertools.count():
            begun = time.perf_counter()
            writer.write(REQUEST)
            head = await reader.readuntil(b"\r\n\r\n")
            length = re.search(rb"content-length: (\d+)", head)
            body = await reader.readexactly(int(length[1]) if length else 0)
            if not head.startswith(b"HTTP/1.1 200") or len(json.loads(body)["items"]) != 20:
                raise RuntimeError(f"company B does not see its leads: {head!r}")
            if number < WARM:
                continue
            if number == WARM:
                self._warm.release()
            self.found.append((begun, (time.perf_counter() - begun) * 1000))
            if self.stop.is_set():
                break
            await asyncio.sleep(PAUSE)
        writer.close()

    def percentile(self, percent: int, windows: list[tuple[float, float]]) -> float:
        """Of the milliseconds that requests took which began in the windows."""
        values = [took for at, took in self.found if any(a <= at <= b for a, b in windows)]
        return statistics.quantiles(values, n=100)[percent - 1]
