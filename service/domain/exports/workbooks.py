"""Rows as a spreadsheet (XLSX) that is sent while it is made.

A workbook is a ZIP; xlsxwriter makes all of it but the rows, which it would keep until the end. The
sheets come first and the parts that name them last, where ZIP has its directory anyway. What people
wrote is a cell of text, so nothing in it is a formula.
"""

import io
import re
import zipfile
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import IO, Any, Final
from xml.sax.saxutils import escape

import xlsxwriter

#: What a sheet holds with its head, and a cell in characters.
ROWS, CHARACTERS = 2**20, 32_767
_SHEET: Final = "xl/worksheets/sheet{}.xml"
#: What XML cannot hold; and what a reader would take for a character that is written out.
_UNWRITABLE: Final = re.compile("[\x00-\x08\x0b-\x1f\ufffe\uffff\ud800-\udfff]")
_LOOKS_ESCAPED: Final = re.compile("_(?=x[0-9A-Fa-f]{4}_)")
_DAY_ONE: Final = datetime(1899, 12, 30, tzinfo=UTC)
#: Styles by the order in which the frame uses them: the head's, and that of moments.
_MOMENT: Final = 2
_EMPTY: Final = "<c/>"


class Sink(io.RawIOBase):
    """What was written since it was last taken."""

    def __init__(self) -> None:
        self._parts: list[bytes] = []

    def writable(self) -> bool:
        """Yes."""
        return True

    def write(self, data: Any) -> int:
        """Keeps it until it is taken."""
        self._parts.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        """All of it, once."""
        taken = b"".join(self._parts)
        self._parts.clear()
        return taken


class Archive(zipfile.ZipFile):
    """One that may be left unfinished: whoever took the file went away."""

    def __del__(self) -> None:
        """Nothing to close: what it writes to is memory."""


class Workbook:
    """Sheets of rows under one head, each begun when the one before is full."""

    def __init__(self, name: str, head: Sequence[str]) -> None:
        self._name, self._head = name, head
        self._sink = Sink()
        self._archive = Archive(self._sink, "w", zipfile.ZIP_DEFLATED, compresslevel=1)
        self._before, self._after = self._ends()
        self._sheets = self._written = 0
        self._open: IO[bytes] | None = None

    def add(self, rows: Sequence[Sequence[Any]]) -> bytes:
        """What may be sent when these rows are added: texts, numbers, booleans, moments, None."""
        for row in rows:
            if self._open is None or self._written == ROWS:
                self._open = self._begun(self._open)
            self._written += 1
            self._open.write(f"<row>{''.join(map(cell, row))}</row>".encode())
        return self._sink.take()

    def end(self) -> bytes:
        """The rest of the file."""
        self._finish(self._open or self._begun(None))
        for name, content in self._frame(self._sheets).items():
            if not name.startswith(_SHEET.partition("{")[0]):
                self._archive.writestr(name, content)
        self._archive.close()
        return self._sink.take()

    def _begun(self, before: IO[bytes] | None) -> IO[bytes]:
        """The next sheet, when the one before is finished."""
        if before is not None:
            self._finish(before)
        self._sheets, self._written = self._sheets + 1, 1
        sheet = self._archive.open(_SHEET.format(self._sheets), "w", force_zip64=True)
        sheet.write(self._before)
        return sheet

    def _finish(self, sheet: IO[bytes]) -> None:
        sheet.write(self._after)
        sheet.close()

    def _frame(self, sheets: int) -> dict[str, bytes]:
        """A workbook of so many sheets with the head and one moment, as its parts."""
        made = io.BytesIO()
        book = xlsxwriter.Workbook(made, {"in_memory": True})
        bold, moment = book.add_format({"bold": True}), book.add_format({"num_format": 22})
        for number in range(1, sheets + 1):
            sheet = book.add_worksheet(self._name if number == 1 else f"{self._name} {number}")
            for place, title in enumerate(self._head):
                sheet.write_string(0, place, title, bold)
            sheet.write_number(1, 0, 1, moment)
            sheet.set_column(0, len(self._head) - 1, 16)
            sheet.freeze_panes(1, 0)
        book.close()
        with zipfile.ZipFile(made) as archive:
            return {name: archive.read(name) for name in archive.namelist()}

    def _ends(self) -> tuple[bytes, bytes]:
        """A sheet before its rows and after them, without its size, which nobody knows yet."""
        sheet = self._frame(1)[_SHEET.format(1)]
        before, _, rest = sheet.partition(b'<row r="2"')
        return re.sub(rb"<dimension[^>]*>", b"", before), rest.partition(b"</row>")[2]


def cell(value: Any) -> str:
    """A cell in XML; its place is its order."""
    if value is None or value == "":
        return _EMPTY
    if isinstance(value, bool):
        return f'<c t="b"><v>{value:d}</v></c>'
    if isinstance(value, datetime):
        return f'<c s="{_MOMENT}"><v>{(value - _DAY_ONE).total_seconds() / 86400:.8f}</v></c>'
    if isinstance(value, int | float):
        return f"<c><v>{value!r}</v></c>"
    text = _UNWRITABLE.sub("", value.replace("\r\n", "\n").replace("\r", "\n"))[:CHARACTERS]
    text = escape(_LOOKS_ESCAPED.sub("_x005F_", text))
    return f'<c t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>'
