"""A whole file: find its header, read every row, account for every line."""

from collections import deque
from collections.abc import Callable, Iterator
from typing import Literal, NoReturn

import msgspec

from service.domain.contact import Noticed
from service.domain.imports.files.decoding import SEPARATORS, Record, Table, decode
from service.domain.imports.files.encodings import REPLACED
from service.domain.imports.files.formats import Format
from service.domain.imports.files.headers import header_key
from service.domain.imports.files.known_formats import FORMATS, recognise
from service.domain.imports.files.limits import MAX_COLUMNS
from service.domain.imports.files.mapping import Mapping
from service.domain.imports.files.plans import Plan, label_of, plan_of
from service.domain.imports.files.records import (
    DuplicateLead,
    ImportedLead,
    RefusedLead,
    Result,
    mark_duplicates,
)
from service.domain.imports.files.refused import ImportRefused, remark
from service.domain.imports.files.rows import read_row
from service.domain.imports.files.suggesting import offered_mapping

#: The most lines of a footer.
_FOOTER = 50


class Skipped(msgspec.Struct, frozen=True):
    """A line that is not data: a title above the header, or the footer of a report."""

    row: int
    reason: Literal["preamble", "footer"]


class SheetRead(msgspec.Struct, frozen=True, kw_only=True):
    """A sheet of a spreadsheet, and what became of it.

    Rows are counted through all sheets that are read: `row - offset` is the number that the
    spreadsheet shows.
    """

    name: str
    outcome: Literal["read", "unknown-header", "hidden", "empty"]
    offset: int = 0
    rows: int = 0  #: results
    format: str | None = None


class ParsedFile(msgspec.Struct, frozen=True, kw_only=True):
    """All that a file says: header rows, results, skipped lines and blank rows are all its rows."""

    filename: str
    format: str  #: slug, the `source` of its leads; of the first sheet that is read
    encoding: str
    separator: str | None  #: None for a spreadsheet
    headers: list[str]
    header_row: int
    results: list[Result]  #: in row order, exactly one a data row; none where `take` got them
    skipped: list[Skipped]
    blank_rows: int
    remarks: list[Noticed]  #: about the file as a whole
    sheets: list[SheetRead] = []  #: of a spreadsheet

    @property
    def leads(self) -> list[ImportedLead]:
        """The rows that can become leads."""
        return [result for result in self.results if isinstance(result, ImportedLead)]

    @property
    def counts(self) -> dict[str, int]:
        """How many rows can be imported, are duplicates of an earlier row, or are refused."""
        return {
            "leads": len(self.leads),
            "duplicates": sum(isinstance(result, DuplicateLead) for result in self.results),
            "refused": sum(isinstance(result, RefusedLead) for result in self.results),
        }


class _Part(msgspec.Struct, kw_only=True):
    """What one table gives."""

    headers: list[str]
    header_row: int
    plan: Plan
    data: Callable[[], Iterator[Record]]
    skipped: list[Skipped]
    rows: int = 0

    @property
    def notes(self) -> set[str]:
        """What there is to know of it, when all of its rows are read."""
        missing = set() if self.plan.tells_interest else {"interest-column-missing"}
        return self.plan.notes | missing


def read_file(
    content: bytes,
    *,
    filename: str,
    mapping: Mapping | None = None,
    consent: bool | None = None,
    interest: str | None = None,
    take: Callable[[Result], None] | None = None,
) -> ParsedFile:
    """Read an export and return one result for every data row, or give each to `take` as it is
    read, so that none is kept.

    `filename` is only reported, never believed. `mapping` replaces the known formats. `consent` and
    `interest` are what the uploader states for the whole file; a column that tells either wins, row
    by row. Without a column and without a statement there is no consent: the leads stay drafts. Of
    a spreadsheet all sheets are read that have a known header.

    Raises `ImportRefused`, and nothing else, when the file as a whole cannot be read.
    """
    known = mapping.as_format() if mapping else None
    tables = decode(
        content,
        encoding=mapping.encoding if mapping else None,
        separator=SEPARATORS[mapping.separator] if mapping and mapping.separator else None,
        is_header=known.matches if known else lambda cells: recognise(cells) is not None,
    )
    found = [_locate(table, known) if table.visible else None for table in tables]
    if not any(found):
        _refuse(tables, mapping)
    results: list[Result] = []
    parts: list[_Part] = []
    sheets: list[SheetRead] = []

    def each() -> Iterator[Result]:
        offset = 0
        for table, located in zip(tables, found, strict=True):
            start = offset
            if located:
                said = bool(consent), (interest or "").strip() or None
                parts.append(_part(table, *located, offset, *said))
                yield from _results(parts[-1], table, offset)
                offset += table.records.last_row
            if table.sheet is not None:
                sheets.append(_sheet(table, parts[-1] if located else None, start))

    for result in mark_duplicates(each()):
        (take or results.append)(result)
    first, read = parts[0], [table for table, located in zip(tables, found, strict=True) if located]
    return ParsedFile(
        filename=label_of(filename, 0),
        format=first.plan.format.slug,
        encoding=read[0].encoding,
        separator=read[0].separator,
        headers=first.headers,
        header_row=first.header_row,
        results=results,
        skipped=[line for part in parts for line in part.skipped],
        blank_rows=sum(table.blank_rows for table in read),
        remarks=_remarks(tables, sheets, parts, consent),
        sheets=sheets,
    )


def _part(
    table: Table, position: int, known: Format, offset: int, consent: bool, interest: str | None
) -> _Part:
    """One table below its header, before its rows are read."""
    header = table.records.first[position]
    headers = _trimmed(header.cells)
    if len(headers) > MAX_COLUMNS:
        raise ImportRefused("header-too-wide", limit=MAX_COLUMNS)
    footer = _footer(table.records.after(position), known)
    end = footer[0].row if footer else None

    def data() -> Iterator[Record]:
        for record in table.records.after(position):
            if record.row == end:
                return
            yield record

    return _Part(
        headers=[label_of(cell, index) for index, cell in enumerate(headers)],
        header_row=header.row + offset,
        plan=plan_of(known, headers, data, consent=consent, interest=interest),
        data=data,
        skipped=[
            *(
                Skipped(record.row + offset, "preamble")
                for record in table.records.first[:position]
            ),
            *(Skipped(record.row + offset, "footer") for record in footer),
        ],
    )


def _results(part: _Part, table: Table, offset: int) -> Iterator[Result]:
    for record in part.data():
        part.rows += 1
        numbered = Record(record.row + offset, record.cells)
        yield read_row(part.plan, numbered, table.other_rows.get(record.row))


def _sheet(table: Table, part: _Part | None, offset: int) -> SheetRead:
    name = label_of(table.sheet or "", 0)
    if part is not None:
        known = part.plan.format.slug
        return SheetRead(name=name, outcome="read", offset=offset, rows=part.rows, format=known)
    if not table.records:
        return SheetRead(name=name, outcome="empty")
    return SheetRead(name=name, outcome="unknown-header" if table.visible else "hidden")


def _remarks(
    tables: list[Table], sheets: list[SheetRead], parts: list[_Part], consent: bool | None
) -> list[Noticed]:
    """What there is to know about the file as a whole."""
    said: list[Noticed] = []
    if consent is None and not all(part.plan.tells_consent for part in parts):
        said.append(remark("consent-column-missing"))
    notes: set[str] = set().union(*(part.notes for part in parts))
    said += [remark(code) for code in sorted(notes)]
    left_out = [sheet.name for sheet in sheets if sheet.outcome in ("unknown-header", "hidden")]
    if left_out:
        said.append(remark("sheets-left-out", names=", ".join(left_out)))
    others = {name for table in tables for name in table.other_rows.values()}
    rows = sum(len(table.other_rows) for table in tables)
    if others:
        named = ", ".join(sorted(others - {REPLACED}))
        said.append(remark("encoding-mixed", rows=rows, encoding=named or "?"))
    return said


def _locate(table: Table, known: Format | None) -> tuple[int, Format] | None:
    """The header among the first rows, and its format: `known`, or whichever it is."""
    for position, record in enumerate(table.records.first):
        if known is None:
            recognised = recognise(record.cells)
        else:
            recognised = known if known.matches(record.cells) else None
        if recognised:
            return position, recognised
    return None


def _refuse(tables: list[Table], mapping: Mapping | None) -> NoReturn:
    """No table has a known header."""
    table = next((table for table in tables if table.visible and table.records), None)
    headers = _widest(table or next(table for table in tables if table.records))
    if mapping is None:
        titles = "; ".join(known.title for known in FORMATS)
        offered = offered_mapping(headers)
        raise ImportRefused("format-unknown", headers=headers, known=titles, mapping=offered)
    found = {header_key(header) for header in headers}
    missing = [header for header in mapping.headers() if header_key(header) not in found]
    raise ImportRefused("mapping-header-missing", headers=headers, missing=", ".join(missing))


def _widest(table: Table) -> list[str]:
    """The row that most likely was meant as header, for the message."""
    cells = max((record.cells for record in table.records.first), key=len)
    return [label_of(cell, index) for index, cell in enumerate(cells[:MAX_COLUMNS])]


def _trimmed(cells: list[str]) -> list[str]:
    """Without empty cells at the end, which spreadsheets like to leave."""
    width = max((index for index, cell in enumerate(cells, start=1) if cell.strip()), default=0)
    return cells[:width]


def _footer(records: Iterator[Record], known: Format) -> list[Record]:
    """The lines below a report: one cell each, after a blank line, one of them with a known word.

    All three together, so that a row with little in it is never taken for a footer.
    """
    tail: deque[Record] = deque(maxlen=_FOOTER)
    before = 0  # the row above the tail; 0: there is none
    for record in records:
        if not _is_single(record):
            tail.clear()
            before = record.row
            continue
        if len(tail) == _FOOTER:
            before = tail[0].row
        tail.append(record)
    block = list(tail)
    while block and known.footer:
        text = "\n".join(record.cells[0] for record in block).casefold()
        if before and block[0].row > before + 1 and any(word in text for word in known.footer):
            return block
        before = block.pop(0).row
    return []


def _is_single(record: Record) -> bool:
    return bool(record.cells[0].strip()) and not any(cell.strip() for cell in record.cells[1:])
