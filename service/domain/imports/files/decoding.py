"""From bytes to numbered rows of cells: encoding, separator, limits.

Rows are not kept: a table reads its file anew for each walk over them.

Rows are numbered as a spreadsheet shows them: the first record of the file is row 1, a quoted
newline does not begin a new row, blank lines count. The content decides what a file is; its name is
never asked.
"""

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Final, NamedTuple

import msgspec

from service.domain.imports.files import spreadsheets
from service.domain.imports.files.encodings import decode_text
from service.domain.imports.files.limits import (
    MAX_BYTES,
    MAX_CELL,
    MAX_COLUMNS,
    MAX_LINES,
    MAX_ROWS,
)
from service.domain.imports.files.refused import ImportRefused

#: Separators that are tried, by the name a mapping file may use.
SEPARATORS: Final[dict[str, str]] = {"tab": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}
#: Some exports put a title above the header; it is looked for among so many rows.
HEADER_WITHIN: Final = 10
#: Tells whether a row of cells is a header that is known.
HeaderTest = Callable[[list[str]], bool]
_SAMPLE_ROWS: Final = 100
_LINE: Final = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_SEPARATOR_LINE: Final = re.compile(r'"?sep=(.)"?(?:\r\n|\r|\n)', re.IGNORECASE)


class Record(NamedTuple):
    """One row that is not blank: its number in the file (from 1) and its cells as they were
    written.
    """

    row: int
    cells: list[str]


class TableRows:
    """The rows of a table that are not blank, read anew by each walk over them.

    The first walk counts and holds the limits; what exceeds a row's or a cell's limit is cut one
    beyond it, so that the row can still be refused for it.
    """

    def __init__(self, read: Callable[[], Iterable[list[str]]]) -> None:
        self._read = read
        self.first: list[Record] = []  #: as many as a header may be among
        self.last_row = self.blank_rows = self._count = 0
        for number, cells in enumerate(read(), start=1):
            blank = not any(cell.strip() for cell in cells)
            # One record is the header.
            if number > MAX_LINES or (self._count > MAX_ROWS and not blank):
                raise ImportRefused("too-many-rows", limit=MAX_ROWS)
            self.blank_rows += blank
            if not blank:
                self._count, self.last_row = self._count + 1, number
                if len(self.first) < HEADER_WITHIN:
                    self.first.append(_record(number, cells))

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[Record]:
        for number, cells in enumerate(self._read(), start=1):
            if any(cell.strip() for cell in cells):
                yield _record(number, cells)

    def after(self, position: int) -> Iterator[Record]:
        """Those behind a place."""
        return islice(self, position + 1, None)


def _record(number: int, cells: list[str]) -> Record:
    return Record(number, [cell[: MAX_CELL + 1] for cell in cells[: MAX_COLUMNS + 1]])


class Table(msgspec.Struct, frozen=True):
    """A text file, or one sheet of a spreadsheet, as rows of cells."""

    encoding: str  #: `xlsx` for a spreadsheet
    separator: str | None  #: None for a spreadsheet
    records: TableRows
    blank_rows: int
    #: rows that are of another encoding than the file, its name, or `encodings.REPLACED`
    other_rows: dict[int, str] = {}
    sheet: str | None = None
    visible: bool = True


def decode(
    content: bytes,
    *,
    encoding: str | None = None,
    separator: str | None = None,
    is_header: HeaderTest | None = None,
) -> list[Table]:
    """Split `content` into rows: one table, or one for each sheet of a spreadsheet, at least one of
    them not empty. `encoding` and `separator` (a character) override the detection.

    `is_header` tells a header that the caller knows, which is better evidence of a separator than
    any count.

    Raises `ImportRefused`: file-empty, file-too-large, too-many-rows, nul-characters,
    encoding-unknown, encoding-unclear, csv-broken, spreadsheet-broken, spreadsheet-too-large.
    """
    if len(content) > MAX_BYTES:
        raise ImportRefused("file-too-large", limit=MAX_BYTES // 2**20)
    if spreadsheets.is_spreadsheet(content):
        tables = list(_sheets(content))
    else:
        tables = [_text_table(content, encoding, separator, is_header)]
    if not any(table.records for table in tables):
        raise ImportRefused("file-empty")
    return tables


def _sheets(content: bytes) -> Iterator[Table]:
    total = 0
    for sheet in spreadsheets.sheets_of(content):
        records = TableRows(sheet.rows)
        total += max(0, len(records) - 1)  # one record is the header
        if total > MAX_ROWS:
            raise ImportRefused("too-many-rows", limit=MAX_ROWS)
        yield Table("xlsx", None, records, records.blank_rows, {}, sheet.name, sheet.visible)


def _text_table(
    content: bytes, encoding: str | None, separator: str | None, is_header: HeaderTest | None
) -> Table:
    text, found_encoding, other_lines = decode_text(content, encoding)
    line = _SEPARATOR_LINE.match(text)  # Excel's own hint, which is no data
    if line and separator is None and line[1] in SEPARATORS.values():
        separator = line[1]
    found_separator = separator or detect_separator(text, is_header)
    others: dict[int, str] = {}

    def rows() -> Iterator[list[str]]:
        read = _marked(text, found_separator, other_lines, others)
        if line:  # counted, and blank
            next(read, None)
            yield []
        yield from read

    records = TableRows(rows)
    return Table(found_encoding, found_separator, records, records.blank_rows, others)


def _marked(
    text: str, separator: str, other_lines: dict[int, str], others: dict[int, str]
) -> Iterator[list[str]]:
    """The rows; what is known of their lines goes to `others`."""
    before = 0
    for number, (cells, line) in enumerate(_csv_lines(text, separator), start=1):
        for of_row in range(before + 1, line + 1) if other_lines else ():
            if of_row in other_lines:
                others[number] = other_lines[of_row]
        before = line
        yield cells


def detect_separator(text: str, is_header: HeaderTest | None = None) -> str:
    """Choose the separator that makes a known header of one of the first rows, else the one whose
    rows agree best.

    Among several the better agreement decides; a comma when there is only one column.
    """
    scores = {separator: _agreement(text, separator) for separator in SEPARATORS.values()}
    best_first = sorted(scores, key=lambda separator: -scores[separator])
    for separator in best_first if is_header else ():
        if any(
            is_header(cells) for cells in _sample(text, separator)[0][:HEADER_WITHIN] if is_header
        ):
            return separator
    return best_first[0] if scores[best_first[0]] > 0 else ","


def _agreement(text: str, separator: str) -> float:
    """How well a separator fits: 0 for a single column or broken CSV.

    The share of the first rows that have the most common width counts much more (fourth power) than
    that width: commas inside texts also make columns, but seldom the same number in every row.
    """
    rows, broken = _sample(text, separator)
    widths = Counter(map(len, rows))
    if broken or not widths:
        return 0.0
    width, count = max(widths.items(), key=lambda item: (item[1], item[0]))
    return (count / widths.total()) ** 4 * (width - 1)


def _sample(text: str, separator: str) -> tuple[list[list[str]], bool]:
    """The first rows that are not blank, and whether they ended at a misplaced quotation mark."""
    rows: list[list[str]] = []
    try:
        for cells, _ in islice(_csv_lines(text, separator), _SAMPLE_ROWS):
            if any(cell.strip() for cell in cells):
                rows.append(cells[: MAX_COLUMNS + 1])
    except ImportRefused:
        return rows, True
    return rows, False


def _csv_lines(text: str, separator: str) -> Iterator[tuple[list[str], int]]:
    """Rows, and the last line (from 1) that each takes."""
    # Newlines inside quotes belong to the cell. strict: a misplaced quote is an error, not a guess.
    reader = csv.reader(_lines(text), delimiter=separator, strict=True)
    while True:
        try:
            yield next(reader), reader.line_num
        except StopIteration:
            return
        except csv.Error as error:
            raise ImportRefused("csv-broken", line=reader.line_num) from error


def _lines(text: str) -> Iterator[str]:
    """The lines with their ends. io.StringIO would keep four bytes of each character."""
    return (found[0] for found in _LINE.finditer(text))
