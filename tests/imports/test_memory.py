"""What is held of a file while it is read does not hold its rows."""

import io
import tracemalloc

import openpyxl
import pytest
from python_calamine import CalamineWorkbook

from service.domain.imports.apart import File, read_here
from service.domain.imports.files import read_file
from service.domain.imports.files.decoding import decode
from tests.imports.large import a_file

FEW, MANY = 200, 600
#: Bytes of a row: its text, what knows it again, and itself packed; one that is kept takes 2,500.
HELD = 700


def as_workbook(content: bytes) -> bytes:
    book = openpyxl.Workbook(write_only=True)
    sheet = book.create_sheet("Leads")
    for line in content.decode().splitlines():
        sheet.append(line.split(";"))
    made = io.BytesIO()
    book.save(made)
    return made.getvalue()


def peak(content: bytes) -> int:
    """Bytes at the most while a file is made ready for the database."""
    file = File(content, "x", None, [], None, None, False)
    read_here(file)  # what is loaded once
    tracemalloc.start()
    try:
        read_here(file)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_rows_are_not_kept(kind: str) -> None:
    few, many = (
        a_file(rows) if kind == "csv" else as_workbook(a_file(rows)) for rows in (FEW, MANY)
    )
    assert (peak(many) - peak(few)) / (MANY - FEW) < HELD


def test_the_control_keeps_them() -> None:
    tracemalloc.start()
    try:
        kept = read_file(a_file(FEW), filename="x")
        assert tracemalloc.get_traced_memory()[0] / len(kept.results) > HELD
    finally:
        tracemalloc.stop()


def test_a_sheet_is_where_its_cells_are() -> None:
    """Rows come one after the other as they came all at once, empty margins included."""
    book = openpyxl.Workbook()
    for sheet, places in ((book.active, ("C3", "E7")), (book.create_sheet("B"), ("A1", "B2"))):
        for place in places:
            sheet[place] = f"in {place}"
    made = io.BytesIO()
    book.save(made)
    whole = CalamineWorkbook.from_filelike(io.BytesIO(made.getvalue()))
    tables = decode(made.getvalue())
    for number, table in enumerate([*tables, tables[0]]):
        rows = whole.get_sheet_by_index(number % 2).to_python(skip_empty_area=False)
        filled = [(n, row) for n, row in enumerate(rows, start=1) if any(row)]
        assert [tuple(record) for record in table.records] == filled
