"""When something is tried again, and after which pause: a transaction that lost a race, and work of
commands and jobs whose server is away."""

import random
import time

import asyncpg

from service.database.wire import ConnectionLost, PoolExhausted, PostgresError

# What goes wrong between two machines, as the drivers report it.
LOST = (
    ConnectionLost,
    PoolExhausted,
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
)
_LONGEST_WAIT = 30.0

# Lost races: the transaction had no effect and may be repeated (serialization, deadlock, lock
# timeout, and a prepared statement that online DDL or a pooler made stale).
_RACES = frozenset({"40001", "40P01", "55P03", "0A000", "26000"})
_ATTEMPTS = 3
_BEING_MERGED = "company-being-merged"  # the constraint that app.enter_to_write names


class Retries:
    """Of one transaction. A lost race is repeated twice; while the caller's company is merged, for
    `seconds`, and without a connection meanwhile: whoever has nothing to do with it needs those."""

    def __init__(self, seconds: float) -> None:
        self._until = time.monotonic() + seconds
        self._attempts = 1
        self._longest = 0.02

    def pause(self, error: PostgresError) -> float | None:
        """Seconds until the next attempt; None: there is none, the error stands."""
        if error.constraint == _BEING_MERGED and time.monotonic() < self._until:
            self._longest = min(2 * self._longest, 0.5)
            return random.uniform(self._longest / 2, self._longest)  # noqa: S311
        if error.sqlstate not in _RACES or self._attempts == _ATTEMPTS:
            return None
        self._attempts += 1
        return random.uniform(0.005, 0.05) * self._attempts  # noqa: S311


def longer_and_longer(failures: int) -> float:
    """Seconds until work is tried again after so many failures in a row: at most 30, spread so that
    many workers do not return in step."""
    return min(_LONGEST_WAIT, 2.0 ** min(failures, 6) / 2) * random.uniform(0.5, 1)  # noqa: S311
