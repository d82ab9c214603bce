"""What fails as a whole is halved until the rows are found that fail; all others go in."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import asyncpg

T = TypeVar("T")

MOST = 100  # rows put aside in one step: where more fail, it is not the rows

# Values and rules of the database: errors of a row. All others are the server's, or ours, and end
# the run: lost connections, rights that are missing, time-outs, full disks.
_OF_A_ROW = ("21", "22", "23", "54", "KG", "P0", "XX")


def of_a_row(error: BaseException) -> bool:
    """Whether a value, and not the server, is to blame."""
    return isinstance(error, asyncpg.PostgresError) and (error.sqlstate or "").startswith(_OF_A_ROW)


def name_of(error: asyncpg.PostgresError) -> str:
    """What PostgreSQL calls the error, without the values of its message."""
    constraint = getattr(error, "constraint_name", None)
    return f"{error.sqlstate} {constraint}" if constraint else str(error.sqlstate)


class TooMany(Exception):
    """So many rows fail that it is not the rows; the message is PostgreSQL's name of the error."""


async def halved(
    rows: Sequence[T],
    work: Callable[[Sequence[T]], Awaitable[None]],
    most: int = MOST,
    failed: asyncpg.PostgresError | None = None,
) -> list[tuple[T, asyncpg.PostgresError]]:
    """Does the work with all rows but those that it fails with, and returns these.

    `work` does all of what it is given, or raises and does nothing. failed: it was tried with all
    them before. Raises TooMany when more than `most` rows fail.
    """
    found: list[tuple[T, asyncpg.PostgresError]] = []
    todo = [(rows, failed)]
    while todo:
        some, error = todo.pop()
        if error is None:
            try:
                await work(some)
                continue
            except asyncpg.PostgresError as raised:
                if not of_a_row(raised):
                    raise
                error = raised
        if len(some) > 1:
            middle = len(some) // 2
            todo += [(some[middle:], None), (some[:middle], None)]
            continue
        found.append((some[0], error))
        if len(found) > most:
            raise TooMany(name_of(error)) from error
    return found
