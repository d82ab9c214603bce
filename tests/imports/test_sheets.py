"""Spreadsheets: every sheet with a known header is read, others are named, nothing swallowed."""

import datetime
import io
from typing import Any

import openpyxl
import pytest

from service.domain.imports.files import (
    ImportedLead,
    ImportRefused,
    ParsedFile,
    RefusedLead,
    read_file,
)

HEADER = ["Name", "E-Mail", "Telefon", "PLZ", "Anliegen", "Einwilligung"]
Rows = list[list[Any]]


def person(name: str, **changes: Any) -> list[Any]:
    cells = {
        "Name": name, "E-Mail": f"{name.lower()}@post.example", "Telefon": None, "PLZ": "10115",
        "Anliegen": "Dach", "Einwilligung": "ja",
    }  # fmt: skip
    return list((cells | changes).values())


def read(*sheets: tuple[str, Rows], hidden: str = "", errors: tuple[str, ...] = ()) -> ParsedFile:
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name, rows in sheets:
        sheet = book.create_sheet(name)
        for number, row in enumerate(rows, start=1):
            for index, value in enumerate(row, start=1):
                cell = sheet.cell(number, index, value)
                if isinstance(value, str) and value in errors:
                    cell.data_type = "e"
        if name == hidden:
            sheet.sheet_state = "hidden"
    buffer = io.BytesIO()
    book.save(buffer)
    return read_file(buffer.getvalue(), filename="leads.xlsx")


def outcomes(file: ParsedFile) -> dict[str, str]:
    return {sheet.name: sheet.outcome for sheet in file.sheets}


def codes(file: ParsedFile) -> list[str]:
    return [remark.code for remark in file.remarks]


def test_a_cover_sheet_is_no_reason_to_refuse() -> None:
    cover: Rows = [["Leads Oktober"], [], ["Firma Huber"], ["streng vertraulich"]]
    file = read(("Deckblatt", cover), ("Leads", [HEADER, person("Anna"), person("Ben")]))
    assert [(lead.row, lead.name) for lead in file.leads] == [(2, "Anna"), (3, "Ben")]
    assert outcomes(file) == {"Deckblatt": "unknown-header", "Leads": "read"}
    assert codes(file) == ["sheets-left-out"]
    assert "Deckblatt" in file.remarks[0].detail_de


def test_all_sheets_with_a_known_header_are_read_and_counted_through() -> None:
    other = ["Vorname", "Nachname", "PLZ", "Telefon", "Anliegen", "Einwilligung"]
    file = read(
        ("Nord & West", [HEADER, person("Anna"), person("Ben")]),
        ("Leer", []),
        (
            "Süd",
            [["Stand Oktober"], other, ["Cora", "Klein", "80331", "089 99998101", "Bad", "ja"]],
        ),
        ("Noch einmal", [HEADER, person("Anna")]),
    )
    assert [(lead.row, lead.name) for lead in file.leads] == [
        (2, "Anna"), (3, "Ben"), (6, "Cora Klein")
    ]  # fmt: skip
    (again,) = [result for result in file.results if not isinstance(result, ImportedLead)]
    assert (again.row, again.code) == (8, "duplicate")  # between sheets, too
    offsets = {sheet.name: (sheet.offset, sheet.rows) for sheet in file.sheets}
    assert offsets == {
        "Nord & West": (0, 2), "Leer": (0, 0), "Süd": (3, 1), "Noch einmal": (6, 1)
    }  # fmt: skip
    assert [line.row for line in file.skipped] == [4]
    assert codes(file) == []


def test_hidden_sheets_are_left_out_and_named() -> None:
    sheets = ("Alt", [HEADER, person("Alt")]), ("Neu", [HEADER, person("Neu")])
    file = read(*sheets, hidden="Alt")
    assert [lead.name for lead in file.leads] == ["Neu"]
    assert outcomes(file) == {"Alt": "hidden", "Neu": "read"}
    assert "Alt" in file.remarks[0].detail_en
    assert len(read(*sheets).leads) == 2  # the control


def test_without_any_known_header_the_first_filled_sheet_says_what_it_has() -> None:
    with pytest.raises(ImportRefused) as refused:
        read(("Leer", []), ("Maße", [["Länge", "Breite"], [1, 2]]), ("B", [["x"]]))
    assert refused.value.code == "format-unknown"
    assert refused.value.headers == ["Länge", "Breite"]


def test_error_cells_are_told() -> None:
    file = read(
        ("A", [HEADER, person("Anna", Telefon="#N/A"), person("Ben", PLZ="=A1/0"),
               person("Cora", **{"E-Mail": "#REF!"}), person("Dora")]),
        errors=("#N/A", "#REF!"),
    )  # fmt: skip
    anna, ben, cora, dora = file.results
    assert isinstance(anna, ImportedLead)
    assert isinstance(ben, ImportedLead)
    assert isinstance(dora, ImportedLead)
    assert [(w.code, w.field) for w in anna.warnings] == [("cell-error", "Telefon")]
    assert [(w.code, w.field) for w in ben.warnings] == [("cell-error", "PLZ")]  # not calculated
    assert (anna.phone, ben.postcode, dora.warnings) == (None, None, [])
    assert isinstance(cora, RefusedLead)
    assert (cora.code, cora.field) == ("contact-is-error", "E-Mail")


def test_errors_that_a_csv_file_inherited_are_told_as_well() -> None:
    content = b"Name;E-Mail;PLZ;Anliegen\nAnna;a@post.example;#NV;Dach\n"
    (lead,) = read_file(content, filename="x").leads
    assert (lead.postcode, [w.code for w in lead.warnings]) == (None, ["cell-error"])


def test_midnight_is_a_time_and_a_date_is_a_date() -> None:
    header = [*HEADER, "Notiz"]
    moments = (
        datetime.datetime(2026, 10, 3), datetime.datetime(2026, 10, 3, 14, 5),
        datetime.date(2026, 10, 3),
    )  # fmt: skip
    rows = [[*person(f"P{index}"), moment] for index, moment in enumerate(moments)]
    file = read(("A", [header, *rows]))
    assert [lead.answers["Notiz"] for lead in file.leads] == [
        "2026-10-03T00:00:00", "2026-10-03T14:05:00", "2026-10-03"
    ]  # fmt: skip
