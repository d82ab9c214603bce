"""A stream of events: what is told to one company, part by part (text/event-stream)."""

import asyncio
import re
import time
from collections.abc import AsyncGenerator, Iterator
from typing import Any, NoReturn

import msgspec
import structlog
from prometheus_client import Counter

from service.database.transaction import Database
from service.database.wakeups import AWAY, Wakeups
from service.database.wire import PostgresError
from service.domain.events import queries
from service.domain.events.messages import LeadEvent
from service.domain.events.queries import MOST, Since
from service.errors import Problem

log = structlog.get_logger()

SENT = Counter("kollegium_streamed_events_total", "Events that were sent in streams")

BEAT = 15.0  # seconds after which something is said where nothing happens
LONGEST = 3600.0  # seconds after which a stream ends and its reader comes again, maybe elsewhere
_BEGIN = b"retry: 2000\nid: %s\n\n"
_BEAT = b":\n\n"
_AGAIN = 1.0  # seconds until it reads again where the database is away
_PLACE = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(~[0-9]{1,19}(,[0-9]{1,19})*)?")
_NOBODY = "28000"


def place_of(header: bytes | None) -> str | None:
    """The place in Last-Event-ID. Raises Problem bad-request for what is none of ours."""
    if not header:
        return None
    text = header.decode("latin-1").strip().lower()
    if not _PLACE.fullmatch(text):
        raise Problem("bad-request", reason="last-event-id")
    return text


def lines(told: Since, before: str) -> Iterator[bytes]:
    """The parts that tell it. Each names the place at which a reader goes on that has it: until the
    last one also what the transactions wrote that were under way before or are by now."""
    events: list[LeadEvent] = told.events or []
    furthest = before.partition("~")[0]
    for event in events:
        furthest = max(furthest, str(event.id))
        place = told.place if event is events[-1] else f"{furthest}{told.pending or ''}"
        yield b"id: %s\ndata: %s\n\n" % (place.encode(), msgspec.json.encode(event))


class Telling(AsyncGenerator[bytes, None]):
    """One stream. It has no connection while it waits, and is counted until it is closed, also when
    nobody ever asked it for a part."""

    def __init__(self, database: Database, wakeups: Wakeups, token: str, first: Since) -> None:
        self._database, self._wakeups = database, wakeups
        self._watcher = wakeups.watch(token, first.channel, first.reader)
        self._channel = first.channel
        self._place = first.place
        self._ends_at = time.monotonic() + LONGEST
        self._ready: list[bytes] = [_BEGIN % first.place.encode()]

    @classmethod
    async def begin(
        cls, database: Database, wakeups: Wakeups, token: str, place: str | None
    ) -> "Telling":
        """At a place, or from now on. Raises what a request with this token would."""
        if place is not None:  # where one begins that had a place is that place
            now = await cls._told(database, token, None)
            return cls(database, wakeups, token, msgspec.structs.replace(now, place=place))
        return cls(database, wakeups, token, await cls._told(database, token, None))

    @staticmethod
    async def _told(database: Database, token: str, place: str | None) -> Since:
        return await database.transaction(token, lambda tx: queries.told(tx, place), reads=True)

    async def asend(self, value: None, /) -> bytes:
        """The next part."""
        watcher = self._watcher
        while not self._ready:
            left = self._ends_at - time.monotonic()
            if not await self._wakeups.pause(watcher, min(BEAT, left)):
                if left <= BEAT:
                    raise StopAsyncIteration
                return _BEAT
            watcher.woken.clear()
            if watcher.over:
                raise StopAsyncIteration
            try:
                await self._read()
            except AWAY as error:
                if isinstance(error, PostgresError) and error.sqlstate == _NOBODY:
                    raise StopAsyncIteration from None
                log.warning("stream_postponed", error=type(error).__name__)
                await asyncio.sleep(_AGAIN)
                watcher.woken.set()
        return self._ready.pop(0)

    async def _read(self) -> None:
        async with self._wakeups.reading:
            told = await self._told(self._database, self._watcher.token, self._place)
        if told.channel != self._channel:  # it acts for another company since a merge
            self._channel = self._watcher.channel = told.channel
            long_ago = "0" * 8 + self._place.partition("~")[0][8:]
            async with self._wakeups.reading:
                told = await self._told(self._database, self._watcher.token, long_ago)
        self._ready += lines(told, self._place)
        SENT.inc(len(self._ready))
        self._place = told.place
        if told.events and len(told.events) >= MOST:
            self._watcher.woken.set()

    async def athrow(self, kind: Any, value: Any = None, trace: Any = None, /) -> NoReturn:
        """Nothing here goes on after an error."""
        await self.aclose()
        raise value or kind

    async def aclose(self) -> None:
        """The place is free for another stream."""
        self._wakeups.leave(self._watcher)
