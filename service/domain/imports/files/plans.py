"""What each column of one file is for: made once from its header, used for every row."""

from collections.abc import Callable, Iterable
from datetime import tzinfo
from typing import Literal, NamedTuple

from service.domain.contact.reading import one_line, plain
from service.domain.imports.files.decoding import Record
from service.domain.imports.files.formats import Format
from service.domain.imports.files.headers import Field, header_key
from service.domain.imports.files.limits import MAX_LABEL
from service.domain.imports.files.times import HOME_ZONE, day_first, zone_in, zone_named


class Column(NamedTuple):
    """A column of the file: where, its label in answers and remarks, and its part."""

    position: int
    label: str
    field: Field | Literal["answer"]


class Clock(NamedTuple):
    """How the times of one column are read."""

    zone: tzinfo | None
    assumed: bool  #: neither the header nor the mapping says which zone
    day_first: bool | None


class Plan(NamedTuple):
    """How to read the rows below one header."""

    format: Format
    columns: tuple[Column, ...]
    fallbacks: tuple[
        str, ...
    ]  #: labels of context that tells the interest when nothing else does, best first
    consent: bool  #: when no column tells it
    interest: str | None  #: when no column tells it
    clocks: dict[str, "Clock"]  #: label of a column with times -> how they are read
    notes: set[str]  #: what a row found that is to be told of the file

    @property
    def tells_consent(self) -> bool:
        """Whether a column of the file tells the consent."""
        return any(column.field == "consent" for column in self.columns)

    @property
    def tells_interest(self) -> bool:
        """Whether a column, the upload or the format itself tells what is asked for."""
        columns = any(column.field == "interest" for column in self.columns)
        return columns or bool(
            self.interest or self.fallbacks or self.format.constants.get("interest")
        )


def label_of(header: str, index: int) -> str:
    """Return a header as it may be shown and stored: one clean line, bounded; columns without one
    are numbered.
    """
    return one_line(plain(header)[0])[:MAX_LABEL] or f"({index + 1})"


def plan_of(
    known: Format,
    headers: list[str],
    records: Callable[[], Iterable[Record]] = tuple,
    *,
    consent: bool,
    interest: str | None,
) -> Plan:
    """Assign every column of `headers` its part: a field, context, or an answer. None is without
    one. `records` gives the rows below, for what only a whole column tells.
    """
    order = {key: position for position, key in enumerate(known.columns)}
    keys = [header_key(header) for header in headers]
    fields = [known.field_of(header) for header in headers]
    asked = "interest" in fields
    columns: list[Column] = []
    for index, (header, key) in enumerate(zip(headers, keys, strict=True)):
        field: Field | Literal["answer"] = fields[index] or "answer"
        if field == "answer" and not asked and any(hint in key for hint in known.interest_hints):
            field, asked = "interest", True
        columns.append(Column(index, label_of(header, index), field))
    if known.joined:  # a mapping's own order of headers, not the file's
        columns.sort(key=lambda column: order.get(keys[column.position], len(order)))
    fallbacks = tuple(
        label_of(headers[keys.index(key)], 0) for key in known.interest_fallbacks if key in keys
    )
    clocks = {
        column.label: _clock(known, headers[column.position], column.position, records)
        for column in columns
        if column.field == "received_at"
    }
    return Plan(known, tuple(columns), fallbacks, consent, interest, clocks, set())


def _clock(
    known: Format, header: str, position: int, records: Callable[[], Iterable[Record]]
) -> Clock:
    named = zone_in(header) or (zone_named(known.time_zone) if known.time_zone else None)
    cells = (record.cells[position] for record in records() if position < len(record.cells))
    return Clock(named or zone_named(HOME_ZONE), named is None, day_first(cells))
