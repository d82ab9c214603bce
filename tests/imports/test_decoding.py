"""Bytes to rows: what a file is, is found out; what it may cost, is bounded; what is broken, is
refused by name.
"""

import contextlib
import io
import zipfile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.domain.imports.files import ImportRefused, read_file
from service.domain.imports.files.decoding import Table, detect_separator
from service.domain.imports.files.decoding import decode as tables_of
from service.domain.imports.files.encodings import detect_encoding
from service.domain.imports.files.limits import (
    MAX_BYTES,
    MAX_CELL,
    MAX_COLUMNS,
    MAX_LINES,
    MAX_ROWS,
)

TEXT = "Vorname;Straße;Ort\nÄnne;Große Gasse 1;Köln\n"
MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"


def decode(content: bytes) -> Table:
    (table,) = tables_of(content)
    return table


def refusal_of(content: bytes) -> str:
    with pytest.raises(ImportRefused) as refused:
        decode(content)
    return refused.value.code


def workbook(
    sheet: str, strings: str = "", doctype: str = "", compression: int = zipfile.ZIP_DEFLATED
) -> bytes:
    """A spreadsheet with this XML inside `sheetData`."""
    parts = {
        "_rels/.rels": f'<Relationships xmlns="{PACKAGE}"><Relationship Id="a" '
        f'Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook {MAIN} xmlns:r="{OFFICE}"><sheets>'
        '<sheet name="A" sheetId="1" r:id="a"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}"><Relationship Id="a" '
        f'Type="{OFFICE}/worksheet" Target="worksheets/sheet1.xml"/><Relationship Id="b" '
        f'Type="{OFFICE}/sharedStrings" Target="sharedStrings.xml"/></Relationships>',
        "xl/sharedStrings.xml": f"<sst {MAIN}>{strings}</sst>",
        "xl/worksheets/sheet1.xml": f"{doctype}<worksheet {MAIN}><sheetData>"
        f"{sheet}</sheetData></worksheet>",
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        for name, part in parts.items():
            archive.writestr(name, part)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "encoding"),
    [
        (TEXT.encode(), "utf-8"),
        (TEXT.encode("utf-8-sig"), "utf-8"),
        (b"\xff\xfe" + TEXT.encode("utf-16-le"), "utf-16-le"),
        (b"\xfe\xff" + TEXT.encode("utf-16-be"), "utf-16-be"),
        (TEXT.encode("utf-16-le"), "utf-16-le"),
        (TEXT.encode("utf-16-be"), "utf-16-be"),
        (TEXT.encode("cp1252"), "cp1252"),
    ],
)
def test_every_encoding_gives_the_same_rows(content: bytes, encoding: str) -> None:
    table = decode(content)
    assert (table.encoding, table.separator) == (encoding, ";")
    assert list(table.records) == [
        (1, ["Vorname", "Straße", "Ort"]),
        (2, ["Änne", "Große Gasse 1", "Köln"]),
    ]


def test_cp1252_is_the_last_resort_and_not_the_first() -> None:
    assert detect_encoding("Köln €".encode()) == "utf-8"  # valid in both: UTF-8 wins
    assert detect_encoding("Köln €".encode("cp1252")) == "cp1252"
    assert refusal_of(b"a;b\n\x81;\xff") == "encoding-unknown"  # 0x81 is no character of cp1252


@pytest.mark.parametrize("content", [b"a,b\n1,\x00", TEXT.encode("utf-32"), b"\x00" * 64])
def test_nul_characters_are_an_error(content: bytes) -> None:
    assert refusal_of(content) == "nul-characters"


@pytest.mark.parametrize(
    "content", [b"\xff\xfea", TEXT.encode("utf-16-le")[:-1], b"\xff\xfe\x00\xd8a\x00"]
)
def test_cut_utf16_is_refused(content: bytes) -> None:
    assert refusal_of(content) == "encoding-unknown"


@pytest.mark.parametrize("separator", ["\t", ",", ";", "|"])
def test_separator_is_the_one_whose_rows_agree(separator: str) -> None:
    noise = '"a\t,;|\n""b"""'
    line = separator.join([noise, "x", "y"]) + "\n"
    assert detect_separator("h1" + separator + "h2" + separator + "h3\n" + line * 3) == separator
    assert decode((line * 3).encode()).records.first[1] == (2, ['a\t,;|\n"b"', "x", "y"])


def test_commas_in_text_do_not_make_a_comma_file() -> None:
    assert (
        detect_separator("Name;Anliegen\nA, B;Dach, Keller, Bad\nC, D;Fenster, Tür, Tor\n") == ";"
    )


def test_one_column_has_no_separator_to_find() -> None:
    assert detect_separator("E-Mail\na@example.com\n") == ","


def test_hint_of_the_spreadsheet_is_followed_and_is_no_data() -> None:
    table = decode(b"sep=|\na|b,c\n1|2\n")
    assert table.separator == "|"
    assert [record.row for record in table.records] == [2, 3]


def test_rows_are_numbered_as_a_spreadsheet_does() -> None:
    table = decode(b'a,b\n\n"1\n1",2\n,\n3,4\n')
    assert [record.row for record in table.records] == [1, 3, 5]
    assert table.blank_rows == 2


@pytest.mark.parametrize(
    "content", [b'a,b\n"1,2\n', b'a,b\n"1"x,2\n', b'a,b\n1,"' + b"x" * 200_000 + b'"\n']
)
def test_misplaced_quotes_are_refused_and_not_guessed(content: bytes) -> None:
    assert refusal_of(content) == "csv-broken"


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\xff\xfe", b"\xef\xbb\xbf", b" , ,\n"])
def test_nothing_is_refused_as_empty(content: bytes) -> None:
    assert refusal_of(content) == "file-empty"


def test_size_rows_and_lines_are_bounded() -> None:
    assert refusal_of(b"x" * (MAX_BYTES + 1)) == "file-too-large"
    assert refusal_of(b"a,b\n" + b"1,2\n" * (MAX_ROWS + 1)) == "too-many-rows"
    assert len(decode(b"a,b\n" + b"1,2\n" * MAX_ROWS + b"\n").records) == MAX_ROWS + 1  # control
    assert refusal_of(b"a,b\n" + b"\n" * MAX_LINES) == "too-many-rows"


def test_one_endless_row_is_not_examined_cell_by_cell() -> None:
    with pytest.raises(ImportRefused) as refused:
        read_file(b";,\t|" * 1_000_000, filename="x")
    assert refused.value.code == "format-unknown"
    assert len(refused.value.headers) <= MAX_COLUMNS


def test_a_long_cell_and_a_wide_row_are_cut_one_beyond_the_limit() -> None:
    table = decode(b"a,b\n" + b"x" * (MAX_CELL + 50) + b",1\n" + b"1," * 500 + b"\n")
    assert len(table.records.first[1].cells[0]) == MAX_CELL + 1
    assert len(table.records.first[2].cells) == MAX_COLUMNS + 1


def test_spreadsheet_values_read_as_a_person_sees_them() -> None:
    cells = (
        '<c r="A1" t="s"><v>0</v></c><c r="B1"><v>1067</v></c>'
        '<c r="D1" t="b"><v>1</v></c><c r="E1"><v>1.5</v></c>'
    )
    table = decode(
        workbook(
            f'<row r="1">{cells}</row><row r="3"><c r="A3"><v>2.0</v></c></row>',
            "<si><t>Größe</t></si>",
        )
    )
    assert (table.encoding, table.separator, table.blank_rows) == ("xlsx", None, 1)
    assert list(table.records) == [
        (1, ["Größe", "1067", "", "true", "1.5"]),
        (3, ["2", "", "", "", ""]),
    ]


@pytest.mark.parametrize(
    "content",
    [
        workbook(
            '<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c '
            'r="XFD1048576"><v>1</v></c></row>'
        ),
        workbook('<row r="1"><c r="XFD1"><v>1</v></c></row>'),
        workbook('<row r="100000"><c r="GR100000"><v>1</v></c></row>'),
        workbook(
            "<row>" + '<c t="s"><v>0</v></c>' * 150 + "</row>",
            "<si><t>" + "x" * 1_000_000 + "</t></si>",
        ),
        workbook(" " * (129 * 2**20)),
    ],
    ids=["far corner", "far column", "large area", "one string everywhere", "unpacks to much"],
)
def test_small_spreadsheets_that_would_grow_are_refused_before_they_do(content: bytes) -> None:
    assert len(content) < 300_000
    assert refusal_of(content) == "spreadsheet-too-large"


def test_a_member_that_lies_about_its_size_gets_no_more_than_it_said() -> None:
    honest = workbook('<row r="1"><c r="A1"><v>1</v></c></row>' + " " * 5_000_000)
    with zipfile.ZipFile(io.BytesIO(honest)) as archive:
        size = archive.getinfo("xl/worksheets/sheet1.xml").file_size.to_bytes(4, "little")
    assert honest.count(size) >= 1
    assert decode(honest).records  # control: only the lie is refused
    assert refusal_of(honest.replace(size, (300).to_bytes(4, "little"))) == "spreadsheet-broken"


@pytest.mark.parametrize(
    "content",
    [
        b"PK\x03\x04",
        b"PK\x03\x04" + b"\x00" * 500,
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600,
        workbook("<row><c>"),
        workbook("<row r='1'/>", doctype='<!DOCTYPE worksheet [<!ENTITY a "b">]>'),
        workbook('<row r="1"><c r="A1"><v>1</v></c></row>')[:-40],
    ],
    ids=["cut", "zeros", "old office file", "bad xml", "doctype", "no directory"],
)
def test_broken_spreadsheets_are_refused_by_name(content: bytes) -> None:
    assert refusal_of(content) == "spreadsheet-broken"


@settings(max_examples=400, deadline=None)
@given(
    st.binary(max_size=400)
    | st.binary(max_size=60).map(lambda tail: b"PK\x03\x04" + tail)
    | st.text().map(str.encode)
)
def test_arbitrary_bytes_raise_nothing_but_the_declared_error(content: bytes) -> None:
    with contextlib.suppress(ImportRefused):
        read_file(content, filename="x")


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_damaged_spreadsheets_raise_nothing_but_the_declared_error(data: st.DataObject) -> None:
    content = bytearray(
        workbook(
            '<row r="1"><c r="A1" t="s"><v>0</v></c></row>',
            "<si><t>a</t></si>",
            compression=zipfile.ZIP_STORED,
        )
    )
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(ImportRefused):
        decode(bytes(content))
