"""For whom there is something new: asked once for all streams of a process, while it has any.

PostgreSQL answers with opaque channels and names no company and no event; whose channel it is then
reads its own events under its own token. In the same rhythm all tokens of the streams are looked
up, so that one that died ends its stream within `LOOK` and a little, and none is looked up alone.
"""

import asyncio
import contextlib
import time
from collections import Counter
from collections.abc import Iterable

import msgspec
import structlog
from prometheus_client import Gauge

from service.database.transaction import Database
from service.database.tx import Tx
from service.database.wire import PostgresError
from service.errors import Problem

log = structlog.get_logger()

STREAMS = Gauge("kollegium_event_streams", "Streams of events that are open")

PAUSE = 0.25  # seconds between two questions
LOOK = 10.0  # seconds after which all tokens are looked up again
DOUBT = 15.0  # after so many at the latest no token counts as alive that nobody looked up
EACH = 10  # streams of a colleague (or API key) in one process
AT_ONCE = 4  # streams that read at the same moment; requests have the other connections
_RETRY = 15  # seconds that who is refused is told to wait
_WAKEUPS = "select after, channels from app.wakeups($1)"
_CHANNELS = "select app.channels_of($1)"
#: What a question fails with while the database is away.
AWAY = (PostgresError, OSError, TimeoutError, Problem)


class _Wakeups(msgspec.Struct):
    after: str
    channels: list[str]


class Watcher:
    """A stream that waits; `over`: its token died, or nobody can say that it lives."""

    __slots__ = ("channel", "over", "reader", "token", "woken")

    def __init__(self, token: str, channel: str, reader: str) -> None:
        self.token, self.channel, self.reader = token, channel, reader
        self.over = False
        self.woken = asyncio.Event()
        self.woken.set()  # what was told before anybody watched is looked for once

    def end(self) -> None:
        """The stream has nothing to wait for any more."""
        self.over = True
        self.woken.set()


class Wakeups:
    """The streams of one process. limit: how many there may be."""

    def __init__(self, database: Database, limit: int) -> None:
        self._database, self._limit = database, limit
        self._watchers: set[Watcher] = set()
        self._readers: Counter[str] = Counter()
        self._asking: asyncio.Task[None] | None = None
        self.reading = asyncio.Semaphore(AT_ONCE)

    def watch(self, token: str, channel: str, reader: str) -> Watcher:
        """A stream more. Raises Problem too-many-requests for a colleague who has too many, and
        unavailable where the process has."""
        if len(self._watchers) >= self._limit:
            raise Problem("unavailable", retry_after=_RETRY)
        if self._readers[reader] >= EACH:
            raise Problem("too-many-requests", retry_after=_RETRY)
        watcher = Watcher(token, channel, reader)
        self._watchers.add(watcher)
        self._readers[reader] += 1
        STREAMS.inc()
        return watcher

    async def pause(self, watcher: Watcher, seconds: float) -> bool:
        """Waits until there may be something new; False when the time is over first."""
        if seconds > 0 and not watcher.woken.is_set():
            if self._asking is None or self._asking.done():
                self._asking = asyncio.create_task(self._ask())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await watcher.woken.wait()
        return watcher.woken.is_set()

    def leave(self, watcher: Watcher) -> None:
        """It has ended; leaving twice changes nothing."""
        if watcher in self._watchers:
            self._watchers.remove(watcher)
            self._readers[watcher.reader] -= 1
            self._readers += Counter()  # forgets those that have none
            STREAMS.dec()

    async def close(self) -> None:
        """Asks no more."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.gather(self._asking, return_exceptions=True)

    async def _ask(self) -> None:
        """As long as there is a stream."""
        after: str | None = None
        looked = time.monotonic()
        while self._watchers:
            try:
                news = await self._question(after)
                if after is None:  # from now on; whoever watched before looks once more
                    _wake(self._watchers)
                after = news.after
                _wake(w for w in self._watchers if w.channel in news.channels)
                if time.monotonic() - looked >= LOOK:
                    await self._look()
                    looked = time.monotonic()
            except AWAY as error:
                log.warning("wakeups_postponed", error=type(error).__name__)
            if time.monotonic() - looked > DOUBT:
                for watcher in self._watchers:
                    watcher.end()
            await asyncio.sleep(PAUSE)

    async def _question(self, after: str | None) -> _Wakeups:
        async def ask(tx: Tx) -> _Wakeups:
            return await tx.one(_Wakeups, _WAKEUPS, after)

        return await self._database.transaction(None, ask, reads=True)

    async def _look(self) -> None:
        """Whether the tokens live, and for whom they act by now: after a merge for another."""
        watchers = list(self._watchers)

        async def ask(tx: Tx) -> list[str | None]:
            return await tx.value(list[str | None], _CHANNELS, [w.token for w in watchers])

        channels = await self._database.transaction(None, ask, reads=True)
        for watcher, channel in zip(watchers, channels, strict=True):
            if channel is None:
                watcher.end()
            elif channel != watcher.channel:
                watcher.channel = channel
                watcher.woken.set()


def _wake(watchers: Iterable[Watcher]) -> None:
    for watcher in watchers:
        watcher.woken.set()
