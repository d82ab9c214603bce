"""What each column of one file is for: made once from its header, used for every row."""

from typing import Literal, NamedTuple

from service.contact.reading import one_line, plain
from service.imports.formats import Field, Format, header_key
from service.imports.limits import MAX_LABEL


class Column(NamedTuple):
    """A column of the file: where, its label in answers and remarks, and its part."""

    position: int
    label: str
    field: Field | Literal["answer"]


class Plan(NamedTuple):
    """How to read the rows below one header."""

    format: Format
    columns: tuple[Column, ...]
    fallbacks: tuple[
        str, ...
    ]  #: labels of context that tells the interest when nothing else does, best first
    consent: bool  #: when no column tells it
    interest: str | None  #: when no column tells it

    @property
    def tells_consent(self) -> bool:
        """Whether a column of the file tells the consent."""
        return any(column.field == "consent" for column in self.columns)


def label_of(header: str, index: int) -> str:
    """Return a header as it may be shown and stored: one clean line, bounded; columns without one
    are numbered.
    """
    return one_line(plain(header)[0])[:MAX_LABEL] or f"({index + 1})"


def plan_of(known: Format, headers: list[str], *, consent: bool, interest: str | None) -> Plan:
    """Assign every column of `headers` its part: a field, context, or an answer. None is without
    one.
    """
    order = {key: position for position, key in enumerate(known.columns)}
    keys = [header_key(header) for header in headers]
    asked = "interest" in (known.columns.get(key) for key in keys)
    columns: list[Column] = []
    for index, (header, key) in enumerate(zip(headers, keys, strict=True)):
        field: Field | Literal["answer"] = known.columns.get(key, "answer")
        if field == "answer" and not asked and any(hint in key for hint in known.interest_hints):
            field, asked = "interest", True
        columns.append(Column(index, label_of(header, index), field))
    if known.joined:  # a mapping's own order of headers, not the file's
        columns.sort(key=lambda column: order.get(keys[column.position], len(order)))
    fallbacks = tuple(
        label_of(headers[keys.index(key)], 0) for key in known.interest_fallbacks if key in keys
    )
    return Plan(known, tuple(columns), fallbacks, consent, interest)
