"""The orders of a list, and where a page of one ends.

A cursor is opaque to clients: the sort key of the page's last row and, because others may have the
same, its id. It names a row, not a right to see it. Rows that come in do not move a page; what
changes its key (a list by change) moves to where it belongs.
"""

import base64
import binascii
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from service.errors import Problem
from service.vocabulary import Page

T = TypeVar("T")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Order(msgspec.Struct, frozen=True):
    """By id, which is the order in which rows came in, or by a moment and then by id."""

    moment: str | None
    descending: bool

    def by(self, table: str = "") -> str:
        """What stands after `order by`. `table`: how the statement calls it, with a point."""
        keys = [self.moment, "id"] if self.moment else ["id"]
        return ", ".join(f"{table}{key}{' desc' if self.descending else ''}" for key in keys)

    def after(self, cursor: str, values: list[Any], table: str = "") -> str:
        """The condition for what follows a page; adds its values. Raises Problem cursor-invalid."""
        values += _decoded(cursor, moments=1 if self.moment else 0)
        sign = "<" if self.descending else ">"
        if self.moment is None:
            return f"{table}id {sign} ${len(values)}"
        key = f"({table}{self.moment}, {table}id)"
        return f"{key} {sign} (${len(values) - 1}::timestamptz, ${len(values)}::uuid)"

    def cut(self, items: Sequence[T], limit: int) -> Page[T]:
        """Cuts the rows too many, which tell that there is more."""
        if len(items) <= limit:
            return Page(list(items))
        kept = list(items[:limit])
        last: Any = kept[-1]
        return Page(
            kept, _encoded(UUID(str(last.id)), getattr(last, self.moment) if self.moment else None)
        )


def _encoded(row: UUID, moment: datetime | None) -> str:
    raw = row.bytes
    if moment is not None:
        raw = ((moment - _EPOCH) // timedelta(microseconds=1)).to_bytes(8, "big", signed=True) + raw
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _decoded(cursor: str, moments: int) -> list[Any]:
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
        if len(raw) != 16 + 8 * moments:
            raise ValueError("the cursor of another order")
        row = UUID(bytes=raw[-16:])
        if not moments:
            return [row]
        return [_EPOCH + timedelta(microseconds=int.from_bytes(raw[:8], "big", signed=True)), row]
    except (binascii.Error, ValueError, OverflowError) as error:
        raise Problem("cursor-invalid") from error
