"""From bytes to numbered rows of cells: encoding, separator, limits.

Rows are numbered as a spreadsheet shows them: the first record of the file is row 1, a quoted
newline does not begin a new row, blank lines count. The content decides what a file is; its name is
never asked.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Final, NamedTuple

import msgspec

from service.imports import spreadsheets
from service.imports.limits import MAX_BYTES, MAX_CELL, MAX_COLUMNS, MAX_LINES, MAX_ROWS
from service.imports.refused import ImportRefused

#: Separators that are tried, by the name a mapping file may use.
SEPARATORS: Final[dict[str, str]] = {"tab": "\t", "comma": ",", "semicolon": ";", "pipe": "|"}
#: Encodings that a mapping file may name.
ENCODINGS: Final[frozenset[str]] = frozenset(
    {
        "utf-8",
        "utf-16",
        "utf-16-le",
        "utf-16-be",
        "cp1252",
        "cp850",
        "iso-8859-1",
        "iso-8859-15",
        "mac-roman",
    }
)
_BOMS: Final[tuple[tuple[bytes, str], ...]] = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)
#: Some exports put a title above the header; it is looked for among so many rows.
HEADER_WITHIN: Final = 10
#: Tells whether a row of cells is a header that is known.
HeaderTest = Callable[[list[str]], bool]
_SAMPLE_BYTES: Final = 4096
_SAMPLE_ROWS: Final = 100
_SEPARATOR_LINE: Final = re.compile(r'"?sep=(.)"?(?:\r\n|\r|\n)', re.IGNORECASE)


class Record(NamedTuple):
    """One row that is not blank: its number in the file (from 1) and its cells as they were
    written.
    """

    row: int
    cells: list[str]


class Table(msgspec.Struct, frozen=True):
    """A file as rows of cells. `encoding` is `xlsx` and `separator` None for a spreadsheet."""

    encoding: str
    separator: str | None
    records: list[Record]
    blank_rows: int


def decode(
    content: bytes,
    *,
    encoding: str | None = None,
    separator: str | None = None,
    is_header: HeaderTest | None = None,
) -> Table:
    """Split `content` into rows; `encoding` and `separator` (a character) override the detection.

    `is_header` tells a header that the caller knows, which is better evidence of a separator than
    any count.

    Raises `ImportRefused`: file-empty, file-too-large, too-many-rows, nul-characters,
    encoding-unknown, csv-broken, spreadsheet-broken, spreadsheet-too-large.
    """
    if len(content) > MAX_BYTES:
        raise ImportRefused("file-too-large", limit=MAX_BYTES // 2**20)
    if spreadsheets.is_spreadsheet(content):
        records, blank_rows = _bounded(spreadsheets.rows_of(content))
        return Table("xlsx", None, _not_empty(records), blank_rows)
    text, found_encoding = _decode_text(content, encoding)
    line = _SEPARATOR_LINE.match(text)  # Excel's own hint, which is no data
    if line and separator is None and line[1] in SEPARATORS.values():
        separator = line[1]
    found_separator = separator or detect_separator(text, is_header)
    records, blank_rows = _bounded(_csv_rows(text, found_separator))
    if line and records:
        records, blank_rows = records[1:], blank_rows + 1
    return Table(found_encoding, found_separator, _not_empty(records), blank_rows)


def detect_encoding(content: bytes) -> str:
    """Name the encoding: by byte order mark, by where the NUL bytes are, UTF-8 when valid, else
    cp1252.
    """
    for mark, name in _BOMS:
        if content.startswith(mark):
            return name
    sample = content[:_SAMPLE_BYTES]
    if b"\x00" in sample:
        # Latin script in UTF-16 has a zero in nearly every second byte: behind the letter in LE,
        # before it in BE.
        half = max(1, len(sample) // 2)
        low, high = sample[0::2].count(0) / half, sample[1::2].count(0) / half
        if high >= 0.4 and low < 0.1:
            return "utf-16-le"
        if low >= 0.4 and high < 0.1:
            return "utf-16-be"
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8"


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
        for cells in islice(_csv_rows(text, separator), _SAMPLE_ROWS):
            if any(cell.strip() for cell in cells):
                rows.append(cells[: MAX_COLUMNS + 1])
    except ImportRefused:
        return rows, True
    return rows, False


def _decode_text(content: bytes, encoding: str | None) -> tuple[str, str]:
    name = encoding or detect_encoding(content)
    try:
        text = content.decode(name)
    except UnicodeDecodeError as error:
        raise ImportRefused("encoding-unknown", encoding=name) from error
    if "\x00" in text:
        raise ImportRefused("nul-characters")
    return text.removeprefix("\ufeff"), name


def _csv_rows(text: str, separator: str) -> Iterator[list[str]]:
    # newline="": newlines inside quotes belong to the cell. strict: a misplaced quote is an error,
    # not a guess.
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    while True:
        try:
            yield next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            raise ImportRefused("csv-broken", line=reader.line_num) from error


def _bounded(rows: Iterable[list[str]]) -> tuple[list[Record], int]:
    """Number the rows, leave the blank ones out but counted, and hold the limits.

    What exceeds a row's or a cell's limit is cut one beyond it, so that the row can still be
    refused for it.
    """
    records: list[Record] = []
    blank_rows = 0
    for number, cells in enumerate(rows, start=1):
        blank = not any(cell.strip() for cell in cells)
        if number > MAX_LINES or (
            len(records) > MAX_ROWS and not blank
        ):  # one record is the header
            raise ImportRefused("too-many-rows", limit=MAX_ROWS)
        if not blank:
            records.append(
                Record(number, [cell[: MAX_CELL + 1] for cell in cells[: MAX_COLUMNS + 1]])
            )
        else:
            blank_rows += 1
    return records, blank_rows


def _not_empty(records: list[Record]) -> list[Record]:
    if not records:
        raise ImportRefused("file-empty")
    return records
