"""When to try again, and when to stop trying."""

import random
import time
from typing import Final

#: Answers that say "not now": the server changed nothing, or keeps the key of what runs still.
NOT_NOW: Final = frozenset({"too-many-requests", "unavailable", "idempotency-in-progress"})


class Waiting:
    """The pauses between attempts: what the service asks for, else longer each time, a little
    different for everybody; never beyond the patience."""

    def __init__(self, patience: float) -> None:
        self._until = time.monotonic() + patience
        self._pause = 0.25

    def wait(self, seconds: float | None = None) -> bool:
        """Waits; False, at once, when the time would be over before."""
        pause = self._pause if seconds is None else max(seconds, 0.0)
        self._pause = min(self._pause * 2, 10.0)
        pause *= random.uniform(1.0, 1.25)  # noqa: S311 - no secret, so that not all return at once
        if time.monotonic() + pause > self._until:
            return False
        time.sleep(pause)
        return True
