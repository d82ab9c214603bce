"""Beside what serves: looks at the wall at the start, and goes on when no worker does."""

import asyncio
import contextlib
from collections.abc import AsyncIterator

import asyncpg
import structlog

from service.database.drift import watching
from service.database.drift.expected import HouseUnreadable
from service.database.logins import NoLogin, Source, log_in
from service.database.retries import LOST

log = structlog.get_logger()


@contextlib.asynccontextmanager
async def wall_watched(source: Source) -> AsyncIterator[None]:
    """Once before the block, then each minute while it lasts. What fails is logged: /readyz turns
    red when nobody has looked for too long."""
    await _look(source, age=0)
    going_on = asyncio.create_task(_again_and_again(source))
    try:
        yield
    finally:
        going_on.cancel()
        await asyncio.gather(going_on, return_exceptions=True)


async def _again_and_again(source: Source) -> None:
    while True:
        await asyncio.sleep(watching.PERIOD)
        await _look(source, watching.OVERDUE)


async def _look(source: Source, age: float) -> None:
    try:
        connection = await log_in(source)
        try:
            if age:
                await watching.look_if_nobody_does(connection, age)
            else:
                await watching.look(connection)
        finally:
            await connection.close(timeout=5)
    except (NoLogin, HouseUnreadable, asyncpg.PostgresError, *LOST) as error:
        log.warning("wall_not_looked_at", error=type(error).__name__, reason=str(error))
