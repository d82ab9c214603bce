"""Parameters as text, the form in which PostgreSQL reads every type."""

import contextlib
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

import msgspec


class Json(NamedTuple):
    """A list that is meant as JSON; without it a list is an array."""

    value: Any


def as_text(value: Any) -> bytes | None:
    """The text form of a value; None is null. Raises TypeError for what has none here."""
    if value is None:
        return None
    if isinstance(value, str):
        return value.encode()
    if isinstance(value, bool):
        return b"t" if value else b"f"
    if isinstance(value, UUID | int | float | Decimal):
        return str(value).encode()
    if isinstance(value, bytes):
        return b"\\x" + value.hex().encode()
    if isinstance(value, datetime):
        return _moment(value).encode()
    if isinstance(value, Json):
        return msgspec.json.encode(value.value)
    if isinstance(value, dict | msgspec.Struct):
        return msgspec.json.encode(value)
    if isinstance(value, list | tuple):
        return _array(value)
    raise TypeError(f"no text form for {type(value).__name__}")


def _moment(value: datetime) -> str:
    """In UTC: RFC 3339 knows offsets that PostgreSQL does not (beyond 15:59)."""
    if value.tzinfo is not None:
        with contextlib.suppress(OverflowError):  # the first and the last day there is
            value = value.astimezone(UTC)
    return value.isoformat()


def _array(values: Iterable[Any]) -> bytes:
    """One-dimensional; every item is quoted, so nothing in it can end it."""
    items = []
    for value in values:
        text = as_text(value)
        if text is None:
            items.append(b"null")
        else:
            items.append(b'"' + text.replace(b"\\", b"\\\\").replace(b'"', b'\\"') + b'"')
    return b"{" + b",".join(items) + b"}"
