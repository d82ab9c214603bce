"""The cells of one row, sorted by what their columns stand for, and what is noticed on the way."""

import re
from collections.abc import Callable
from typing import Final, Protocol, TypeVar

from service.domain.contact import Noticed, reading
from service.domain.imports.files.decoding import Record
from service.domain.imports.files.encodings import REPLACED
from service.domain.imports.files.headers import Field
from service.domain.imports.files.limits import FIELD_LIMITS, MAX_CELL
from service.domain.imports.files.plans import Column, Plan
from service.domain.imports.files.refused import remark

_META_TEST: Final = "<test lead:"
#: What spreadsheets show in place of a value, in English and German.
_ERROR: Final = re.compile(
    r"#(?:N/A|NV|REF!|BEZUG!|VALUE!|WERT!|NAME\?|DIV/0!|NULL!|NUM!|ZAHL!|SPILL!|CALC!|BUSY!"
    r"|GETTING_DATA|FORMULA!|#{2,})",
    re.IGNORECASE,
)
#: Fields of which a type prefix (`p:`, `z:`) is taken off; anywhere else it is what somebody wrote.
_PREFIXED: Final[frozenset[str]] = frozenset({"external_ref", "phone", "postcode", "context"})


class _HasValue(Protocol):
    @property
    def value(self) -> str | None: ...


R = TypeVar("R", bound=_HasValue)


class RowRefused(Exception):
    """One thing that makes a lead of this row impossible."""

    def __init__(self, code: str, field: str | None = None, **values: object) -> None:
        self.code, self.field, self.values = code, field, values
        super().__init__(code)


class Cells:
    """A row while it is read: what its columns say, and what has been noticed so far.

    Raises `RowRefused` when its shape is wrong.
    """

    def __init__(self, plan: Plan, record: Record, encoding: str | None = None) -> None:
        self.plan = plan
        self.record = record
        self.found: dict[str, list[tuple[str, str]]] = {}  # field -> (label, text), not empty
        self.answers: dict[str, str] = {}
        self.context: dict[str, str] = {}
        self.warnings: list[Noticed] = []
        self.errors: dict[str, str] = {}  # field -> label of a column that shows an error
        if encoding == REPLACED:
            self.remark("bytes-unreadable", None)
        elif encoding:
            self.remark("row-of-other-encoding", None, encoding=encoding)
        self._check_shape()
        for column in plan.columns:
            if column.field != "ignored":
                self._sort_in(column)

    def _check_shape(self) -> None:
        cells, width = self.record.cells, len(self.plan.columns)
        if any(cell.strip() for cell in cells[width:]):
            raise RowRefused("too-many-columns")
        for column in self.plan.columns:
            text = cells[column.position] if column.position < len(cells) else ""
            if len(text) > MAX_CELL:
                raise RowRefused("cell-too-long", column.label, limit=MAX_CELL)
            if text.startswith(_META_TEST):
                raise RowRefused("test-lead", column.label)
        if len(cells) < width:
            self.remark("columns-missing", None)

    def _sort_in(self, column: Column) -> None:
        cells = self.record.cells
        text, removed = reading.plain(
            cells[column.position] if column.position < len(cells) else ""
        )
        if removed:
            self.remark("characters-removed", column.label)
        if self.plan.format.prefix and column.field in _PREFIXED:
            text = re.sub(rf"^{self.plan.format.prefix}", "", text).strip()
        if not text:
            return
        if text[0] == "#" and _ERROR.fullmatch(text):
            self.remark("cell-error", column.label, error=text)
            self.errors.setdefault(column.field, column.label)
        elif column.field == "answer":
            self.answer(column.label, text)
        elif column.field == "context":
            self.put(self.context, column.label, text)
        elif column.field == "received_at":  # said as it was written, too
            self.put(self.context, column.label, text)
            self.found.setdefault(column.field, []).append((column.label, text))
        else:
            self.found.setdefault(column.field, []).append((column.label, text))

    def take(self, field: Field) -> tuple[str, str] | None:
        """The label and text of a field: joined where the format says so, else the first; others
        become answers.
        """
        found = self.found.pop(field, [])
        if not found:
            constant = self.plan.format.constants.get(field)
            return (field, constant) if constant else None
        if field in self.plan.format.joined:
            return found[0][0], " ".join(text for _, text in found)
        for label, text in found[1:]:
            if text != found[0][1]:
                self.answer(label, text)
        return found[0]

    def first(self, field: Field, read: Callable[[str], R]) -> tuple[tuple[str, str], R] | None:
        """The column of a field whose text reads best, and its reading: the first with a value,
        else the first; others become answers.
        """
        found = self.found.pop(field, [])
        if not found:
            return None
        if field == "postcode" and field in self.plan.format.joined:
            found = [(found[0][0], " ".join(text for _, text in found))]
        readings = [read(text) for _, text in found]
        best = next((i for i, reading in enumerate(readings) if reading.value is not None), 0)
        for label, text in found:
            if text != found[best][1]:
                self.answer(label, text)
        return found[best], readings[best]

    def line(self, field: Field) -> str | None:
        """The text of a field on one line."""
        taken = self.take(field)
        return reading.one_line(taken[1]) if taken else None

    def short(self, field: Field) -> str | None:
        """The text of a field on one line, within its limit."""
        return self.limited(field, self.line(field))

    def limited(self, field: str, text: str | None) -> str | None:
        """The text, unless it is too long for its field: then the row is refused."""
        if text is not None and len(text) > FIELD_LIMITS[field]:
            raise RowRefused("value-too-long", field, limit=FIELD_LIMITS[field])
        return text

    def keep(self, code: str, taken: tuple[str, str]) -> None:
        """Say this of a cell, and keep its text among the answers."""
        self.remark(code, taken[0])
        self.answer(*taken)

    def remark(self, code: str, label: str | None, **values: object) -> None:
        """Say this of the row, or of one of its columns."""
        self.warnings.append(remark(code, label, **values))

    def answer(self, label: str, text: str) -> None:
        """Keep a text among the answers."""
        self.put(self.answers, label, text)

    @staticmethod
    def put(where: dict[str, str], label: str, text: str) -> None:
        """Under its label, numbered when there is one already."""
        number, key = 1, label
        while key in where:
            number += 1
            key = f"{label} ({number})"
        where[key] = text
