"""Answers whose time must not tell whether an e-mail address is known.

Where it is known more is written, or waited for: that takes milliseconds, which could be measured.
So such an answer leaves after a fixed time. Nothing is held meanwhile, neither a lock nor a
connection.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator

SECONDS = 0.1  # several times what either takes


@contextlib.asynccontextmanager
async def equal_time() -> AsyncIterator[None]:
    """Ends `SECONDS` after it began, also when it raises; later where the work took longer."""
    loop = asyncio.get_running_loop()
    end = loop.time() + SECONDS
    try:
        yield
    finally:
        await asyncio.sleep(max(0.0, end - loop.time()))
