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
from sqlalchemy import ColumnElement, FromClause, bindparam, tuple_

from service.database.statements import AFTER
from service.errors import Problem
from service.vocabulary import Page

T = TypeVar("T")
#: The bind parameter of an order by a moment: that of the last row of the page before.
AFTER_MOMENT = "after_moment_"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Order(msgspec.Struct, frozen=True):
    """By id, which is the order in which rows came in, or by a moment and then by id."""

    moment: str | None
    descending: bool

    def by(self, rows: FromClause) -> list[ColumnElement[Any]]:
        """What rows are ordered by."""
        keys = [rows.c[self.moment], rows.c.id] if self.moment else [rows.c.id]
        return [key.desc() if self.descending else key.asc() for key in keys]

    def after(self, rows: FromClause) -> ColumnElement[bool]:
        """The condition for what follows a page; its values are those of `place`."""
        key: ColumnElement[Any] = rows.c.id
        end: ColumnElement[Any] = bindparam(AFTER)
        if self.moment:
            key, end = tuple_(rows.c[self.moment], key), tuple_(bindparam(AFTER_MOMENT), end)
        return key < end if self.descending else key > end

    def place(self, cursor: str) -> dict[str, Any]:
        """Where a page ended, as values. Raises Problem cursor-invalid."""
        decoded = _decoded(cursor, moments=1 if self.moment else 0)
        return dict(zip((AFTER, AFTER_MOMENT), reversed(decoded), strict=False))

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
