"""Rows as parts of a file: CSV as a spreadsheet opens it in the reader's language, XLSX in which
dates and numbers are what they are, JSON Lines for programs. A part is made of a page of rows, so
that none of it stays in memory."""

import csv
import io
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any, Literal, Protocol

import msgspec

from service.domain.exports.columns import Columns
from service.domain.exports.workbooks import Workbook
from service.domain.reports import files

Kind = Literal["csv", "jsonl", "xlsx"]
Row = dict[str, Any]
# A type below `text`, so that generators of clients know that it is one.
MEDIA: dict[Kind, str] = {
    "csv": "text/csv; charset=utf-8",
    "jsonl": "text/x-ndjson; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_SAYS = {"de": {True: "ja", False: "nein"}, "en": {True: "yes", False: "no"}}
_encode_lines = msgspec.json.Encoder().encode_lines


class Writer(Protocol):
    """Makes bytes of rows."""

    def head(self) -> bytes:
        """What stands before all rows."""

    def rows(self, rows: Sequence[Row]) -> bytes:
        """What stands for these."""

    def tail(self) -> bytes:
        """What stands behind all rows."""


def writer(kind: Kind, known: Columns, names: list[str], language: str) -> Writer:
    """The writer of a format."""
    match kind:
        case "jsonl":
            return JsonLines(names)
        case "xlsx":
            return XlsxTable(known, names, language)
    return CsvTable(known, names, language)


def _heads(known: Columns, names: list[str], language: str) -> list[str]:
    return [known[name][language == "en"] for name in names]


def _moment(value: str) -> datetime:
    return datetime.fromisoformat(value).astimezone(UTC)


def _words(value: list[Any] | dict[str, Any]) -> str:
    if isinstance(value, list):
        return ", ".join(map(str, value))
    return "; ".join(f"{key}: {one}" for key, one in value.items())


def _values(row: Row, names: list[str]) -> Iterator[Any]:
    for name in names:
        value: Any = row
        for key in name.split("."):
            value = value.get(key) if isinstance(value, dict) else None
        yield value


class JsonLines:
    """An object a line, under the names of the columns; values as the list has them."""

    def __init__(self, names: list[str]) -> None:
        self._names = names

    def head(self) -> bytes:
        """Nothing: each line says what it holds."""
        return b""

    def rows(self, rows: Sequence[Row]) -> bytes:
        """A line each."""
        names = self._names
        return _encode_lines([dict(zip(names, _values(row, names), strict=True)) for row in rows])

    def tail(self) -> bytes:
        """Nothing."""
        return b""


class CsvTable:
    """CSV with a head. What people wrote is no formula."""

    def __init__(self, known: Columns, names: list[str], language: str) -> None:
        self._head = _heads(known, names, language)
        self._names, self._language = names, language
        self._moments = [name.endswith("_at") for name in names]

    def head(self) -> bytes:
        """With the mark by which a spreadsheet knows umlauts."""
        return "\ufeff".encode() + self._lines([self._head])

    def rows(self, rows: Sequence[Row]) -> bytes:
        """A line each."""
        return self._lines(
            [
                [
                    self._cell(value, moment)
                    for value, moment in zip(_values(row, self._names), self._moments, strict=True)
                ]
                for row in rows
            ]
        )

    def tail(self) -> bytes:
        """Nothing."""
        return b""

    def _lines(self, rows: list[list[str]]) -> bytes:
        made = io.StringIO()
        delimiter = ";" if self._language == "de" else ","
        csv.writer(made, delimiter=delimiter, lineterminator="\r\n").writerows(rows)
        return made.getvalue().encode()

    def _cell(self, value: Any, moment: bool) -> str:
        if value is None:
            return ""
        if moment:
            return files.moment(f"{_moment(value):%Y-%m-%d %H:%M}", self._language)
        if isinstance(value, bool):
            return _SAYS[self._language][value]
        if isinstance(value, int):
            return str(value)
        if isinstance(value, float):
            return files.number(value, self._language)
        return files.text(_words(value) if isinstance(value, list | dict) else value)


class XlsxTable:
    """A spreadsheet with a head: moments and numbers can be counted with, all else is text."""

    def __init__(self, known: Columns, names: list[str], language: str) -> None:
        self._book = Workbook("Export", _heads(known, names, language))
        self._names = names
        self._moments = [name.endswith("_at") for name in names]

    def head(self) -> bytes:
        """Nothing yet: the head is part of the first sheet."""
        return b""

    def rows(self, rows: Sequence[Row]) -> bytes:
        """A row each."""
        return self._book.add(
            [
                [
                    self._cell(value, moment)
                    for value, moment in zip(_values(row, self._names), self._moments, strict=True)
                ]
                for row in rows
            ]
        )

    def tail(self) -> bytes:
        """What makes a workbook of the sheets."""
        return self._book.end()

    def _cell(self, value: Any, moment: bool) -> Any:
        if moment and value is not None:
            return _moment(value)
        return _words(value) if isinstance(value, list | dict) else value
