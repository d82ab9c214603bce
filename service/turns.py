"""Whose turn it is to have a password stretched: a bounded queue that is served in lanes.

Stretching is dear on purpose, so whoever sends many log-ins could keep everybody else waiting. Each
pair of address and account that logged in from there before has a lane of its own; all that an
address tries otherwise shares one. Lanes are served in turn, known ones alternate with unknown
ones, and of several turns at once one is kept for known pairs: who logged in from where he is waits
for other known pairs alone, and where there is but one turn, for the one at work.
"""

import asyncio
import collections
import math
from collections.abc import Awaitable, Callable
from typing import NamedTuple

from service.errors import Problem

# How many may wait: a few seconds' worth. More would give up before their turn comes.
PER_LANE = 64
PER_KIND = 256
_A_SECOND = 20  # stretches of one core, for Retry-After


class TurnLane(NamedTuple):
    """Who waits in it: a pair that is known, or an address."""

    known: bool
    who: bytes


#: What is asked for by somebody who is logged in, or on the command line.
OWN = TurnLane(True, b"")


class Turns:
    """At most `slots` at once; the others wait in their lanes."""

    def __init__(self, slots: int) -> None:
        self._slots = slots
        self._free = slots
        self._kept = 1 if slots > 1 else 0
        self._lanes: dict[bool, collections.OrderedDict[TurnLane, collections.deque[_Waiter]]] = {
            True: collections.OrderedDict(),
            False: collections.OrderedDict(),
        }
        self._known_next = True

    async def take(self, lane: TurnLane, gone: Callable[[], Awaitable[None]] | None = None) -> None:
        """Waits for one's turn; `end` ends it. Raises Problem too-many-requests when too many wait
        in the lane, unavailable when too many wait in all, and bad-request when `gone` returns:
        the client has left."""
        if self._is_free(lane.known):
            self._free -= 1
        else:
            await self._wait(lane, gone)

    def end(self) -> None:
        """Somebody's turn is over: it is the next one's."""
        self._free += 1
        waiter = self._next()
        if waiter is not None:
            self._free -= 1
            waiter.set_result(None)

    def _is_free(self, known: bool) -> bool:
        return self._free > (0 if known else self._kept)

    async def _wait(self, lane: TurnLane, gone: Callable[[], Awaitable[None]] | None) -> None:
        waiter = self._enqueue(lane)
        leaving = asyncio.ensure_future(gone()) if gone is not None else None
        try:
            await asyncio.wait(
                {waiter, leaving} if leaving else {waiter}, return_when=asyncio.FIRST_COMPLETED
            )
        except BaseException:
            self._leave(lane, waiter)
            raise
        finally:
            if leaving is not None:
                leaving.cancel()
        if not waiter.done():
            self._leave(lane, waiter)
            raise Problem("bad-request", reason="client-gone")

    def _enqueue(self, lane: TurnLane) -> "_Waiter":
        lanes = self._lanes[lane.known]
        queue = lanes.get(lane, ())
        waiting = sum(map(len, lanes.values()))
        if len(queue) >= PER_LANE:
            raise Problem("too-many-requests", retry_after=self._seconds(lane, len(queue)))
        if waiting >= PER_KIND:
            raise Problem("unavailable", retry_after=self._seconds(lane, waiting))
        waiter: _Waiter = asyncio.get_running_loop().create_future()
        lanes.setdefault(lane, collections.deque()).append(waiter)
        return waiter

    def _seconds(self, lane: TurnLane, waiting: int) -> int:
        slots = self._slots - (0 if lane.known else self._kept)
        return math.ceil(waiting / (slots * _A_SECOND))

    def _leave(self, lane: TurnLane, waiter: "_Waiter") -> None:
        """Out of the queue; a turn that came in the same moment is passed on."""
        lanes = self._lanes[lane.known]
        if waiter in lanes.get(lane, ()):
            lanes[lane].remove(waiter)
            if not lanes[lane]:
                del lanes[lane]
        elif waiter.done() and not waiter.cancelled():
            self.end()

    def _next(self) -> "_Waiter | None":
        for known in (self._known_next, not self._known_next):
            lanes = self._lanes[known]
            if lanes and self._is_free(known):
                self._known_next = not known
                lane, queue = lanes.popitem(last=False)
                waiter = queue.popleft()
                if queue:
                    lanes[lane] = queue  # behind the others
                return waiter
        return None


_Waiter = asyncio.Future[None]
