"""How many exports run at once: of a company and of a process, so that none waits for another's."""

import contextlib
from collections import Counter
from collections.abc import AsyncGenerator
from uuid import UUID

from service.errors import Problem

#: At once, of one company and in one process; and when to ask again, in seconds.
OF_A_COMPANY, IN_ALL, LATER = 2, 8, 30


class Running:
    """Those of one process."""

    def __init__(self) -> None:
        self._of: Counter[UUID] = Counter()

    def expect(self, company: UUID) -> None:
        """Raises Problem too-many-requests where one more would be too many."""
        if self._of[company] >= OF_A_COMPANY or self._of.total() >= IN_ALL:
            raise Problem("too-many-requests", retry_after=LATER)

    async def counted(
        self, company: UUID, source: AsyncGenerator[bytes, None]
    ) -> AsyncGenerator[bytes, None]:
        """The same parts, counted as one from the first that is asked for until the end."""
        self._of[company] += 1
        try:
            async with contextlib.aclosing(source):
                async for part in source:
                    yield part
        finally:
            self._of[company] -= 1

    @property
    def now(self) -> int:
        """How many there are."""
        return self._of.total()
