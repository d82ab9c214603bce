"""Places for connections, shared out: each kind of work has some of its own, so that none waits for
another; the rest is for whoever comes."""

import asyncio
import collections
import contextlib
import itertools
from collections.abc import Mapping
from typing import NamedTuple

from service.database.wire.connection import give_up


class Share(NamedTuple):
    """Of one kind of work: the places kept for it alone, and the most it may have at once."""

    kept: int
    most: int


class Places:
    """So many at once, in all and of each kind; within a kind in the order of arrival. What no
    kind keeps is lent to whoever asked first. A kind without a share keeps nothing."""

    def __init__(self, size: int, shares: Mapping[str, Share]) -> None:
        self._shares = shares
        self._spare = size - sum(share.kept for share in shares.values())
        self._other = Share(0, size)
        self._taken: collections.Counter[str] = collections.Counter()
        self._waiting: dict[str, collections.deque[tuple[int, asyncio.Future[None]]]] = {}
        self._arrivals = itertools.count()

    def take_now(self, kind: str) -> bool:
        """Takes a place unless one has to be waited for; whether it did."""
        if self._waiting.get(kind) or not self._is_free(kind):
            return False
        self._occupy(kind)
        return True

    async def take(self, kind: str, *, seconds: float) -> None:
        """Waits for a place. Raises TimeoutError after so many seconds."""
        if self.take_now(kind):
            return
        loop = asyncio.get_running_loop()
        waiter = loop.create_future()
        entry = (next(self._arrivals), waiter)
        queue = self._waiting.setdefault(kind, collections.deque())
        queue.append(entry)
        limit = loop.call_later(seconds, give_up, waiter)
        try:
            await waiter
        except BaseException:
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                self.give(kind)  # the place came in the same moment; pass it on
            else:
                with contextlib.suppress(ValueError):
                    queue.remove(entry)
            raise
        finally:
            limit.cancel()

    def give(self, kind: str) -> None:
        """Gives a place back, to whoever may have it and asked first."""
        share = self._share(kind)
        if self._taken[kind] > share.kept:
            self._spare += 1
        self._taken[kind] -= 1
        while True:
            heads = [
                (queue[0], kind)
                for kind, queue in self._waiting.items()
                if self._is_next(kind, queue)
            ]
            if not heads:
                return
            (_, waiter), kind = min(heads, key=lambda head: head[0][0])
            self._waiting[kind].popleft()
            self._occupy(kind)
            waiter.set_result(None)

    def _is_next(
        self, kind: str, queue: collections.deque[tuple[int, asyncio.Future[None]]]
    ) -> bool:
        while queue and queue[0][1].done():  # gave up
            queue.popleft()
        return bool(queue) and self._is_free(kind)

    def _share(self, kind: str) -> Share:
        return self._shares.get(kind, self._other)

    def _is_free(self, kind: str) -> bool:
        share, taken = self._share(kind), self._taken[kind]
        return taken < share.kept or (taken < share.most and self._spare > 0)

    def _occupy(self, kind: str) -> None:
        if self._taken[kind] >= self._share(kind).kept:
            self._spare -= 1
        self._taken[kind] += 1
