"""XLSX files, read with calamine out of parts that are known to be within bounds.

calamine does what it is good at: dates, numbers, formats. What it does not tell is put back: a cell
with an error, which it gives as an empty one, and midnight, of which it gives the date alone.
"""

import contextlib
import datetime
import io
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count
from typing import Final, NamedTuple

from python_calamine import CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from service.domain.imports.files import workbook_parts
from service.domain.imports.files.refused import ImportRefused
from service.domain.imports.files.workbook_parts import Marks

_ZIP: Final = b"PK\x03\x04"
_OLE: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # .xls, and .xlsx with a password

Cell = (
    int
    | float
    | str
    | bool
    | datetime.time
    | datetime.date
    | datetime.datetime
    | datetime.timedelta
)


class FileSheet(NamedTuple):
    """A worksheet: its name, whether people see it, and its rows from row 1, each cell as text,
    read anew by each call."""

    name: str
    visible: bool
    rows: Callable[[], Iterator[list[str]]]


def is_spreadsheet(content: bytes) -> bool:
    """Tell by the first bytes whether this is a ZIP or an old Office file."""
    return content.startswith((_ZIP, _OLE))


def sheets_of(content: bytes) -> Iterator[FileSheet]:
    """Give the worksheets in their order; the rows of each before the next one.

    Raises `ImportRefused` (spreadsheet-broken, spreadsheet-too-large).
    """
    if content.startswith(_OLE):
        raise ImportRefused("spreadsheet-broken", reason=".xls / password")
    parts = workbook_parts.parts_of(content)
    with _named_errors():
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(parts.content))
        found = [one for one in workbook.sheets_metadata if one.typ == SheetTypeEnum.WorkSheet]
    opened = _Opened(workbook)
    for sheet in found:
        marks = parts.marks.get(sheet.name, Marks({}, set()))
        visible = sheet.visible == SheetVisibleEnum.Visible
        yield FileSheet(sheet.name, visible, partial(opened.rows, sheet.name, marks))


@contextlib.contextmanager
def _named_errors() -> Iterator[None]:
    """What calamine cannot read is a broken spreadsheet."""
    try:
        yield
    except BaseException as error:
        # A panic of the Rust side is a BaseException that cannot be imported; anything else like
        # that goes on.
        if isinstance(error, ImportRefused | GeneratorExit):
            raise
        if isinstance(error, Exception) or type(error).__name__ == "PanicException":
            raise ImportRefused("spreadsheet-broken", reason="cells") from error
        raise


class _Opened:
    """A workbook of which the cells of one sheet are in memory at a time."""

    def __init__(self, workbook: CalamineWorkbook) -> None:
        self._workbook = workbook
        self._sheet: CalamineSheet | None = None

    def rows(self, name: str, marks: Marks) -> Iterator[list[str]]:
        """The rows of a sheet, each in turn made of its cells."""
        with _named_errors():
            if self._sheet is None or self._sheet.name != name:
                self._sheet = None
                self._sheet = self._workbook.get_sheet_by_name(name)
            margin = [""] * (self._sheet.start or (0, 0))[1]  # columns before the first with a cell
            rows = self._sheet.iter_rows()
        yield from _texts(rows, margin, marks)


def _texts(rows: Iterator[list[Cell]], margin: list[str], marks: Marks) -> Iterator[list[str]]:
    errors: dict[int, dict[int, str]] = {}
    for (number, index), error in marks.errors.items():
        errors.setdefault(number, {})[index] = error
    for number in count():
        with _named_errors():
            row = next(rows, None)
        if row is None:
            return
        cells = enumerate(row, start=len(margin))
        texts = margin + [_text(cell, (number, index) in marks.midnights) for index, cell in cells]
        for index, error in errors.get(number, {}).items():
            texts.extend([""] * (index + 1 - len(texts)))
            texts[index] = texts[index] or error
        yield texts


def _text(cell: Cell, midnight: bool) -> str:
    """A cell as its reader sees it: whole numbers without `.0`, dates as ISO 8601."""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if midnight and type(cell) is datetime.date:
        return f"{cell.isoformat()}T00:00:00"
    if isinstance(cell, datetime.datetime | datetime.date | datetime.time):
        return cell.isoformat()
    return str(cell)
