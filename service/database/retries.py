"""What a transaction that lost a race does next: begin again, and after which pause."""

import random
import time

from service.database.wire import PostgresError

# Lost races: the transaction had no effect and may be repeated (serialization, deadlock, lock
# timeout, and a prepared statement that online DDL or a pooler made stale).
_LOST = frozenset({"40001", "40P01", "55P03", "0A000", "26000"})
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
        if error.sqlstate not in _LOST or self._attempts == _ATTEMPTS:
            return None
        self._attempts += 1
        return random.uniform(0.005, 0.05) * self._attempts  # noqa: S311
