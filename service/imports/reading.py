"""A whole file: find its header, read every row, account for every line."""

from typing import Literal

import msgspec

from service.contact import Remark
from service.imports.decoding import HEADER_WITHIN, SEPARATORS, Record, Table, decode
from service.imports.formats import FORMATS, Format, header_key, recognise
from service.imports.limits import MAX_COLUMNS
from service.imports.mapping import Mapping
from service.imports.plans import label_of, plan_of
from service.imports.records import (
    Duplicate,
    ImportedLead,
    Refusal,
    Result,
    mark_duplicates,
)
from service.imports.refused import ImportRefused, say
from service.imports.rows import read_row


class Skipped(msgspec.Struct, frozen=True):
    """A line that is not data: a title above the header, or the footer of a report."""

    row: int
    reason: Literal["preamble", "footer"]


class ParsedFile(msgspec.Struct, frozen=True, kw_only=True):
    """All that a file says: header row, results, skipped lines and blank rows are all its rows."""

    filename: str
    format: str  #: slug, the `source` of its leads
    encoding: str
    separator: str | None  #: None for a spreadsheet
    headers: list[str]
    header_row: int
    results: list[Result]  #: in row order, exactly one a data row
    skipped: list[Skipped]
    blank_rows: int
    remarks: list[Remark]  #: about the file as a whole

    @property
    def leads(self) -> list[ImportedLead]:
        """The rows that can become leads."""
        return [result for result in self.results if isinstance(result, ImportedLead)]

    @property
    def counts(self) -> dict[str, int]:
        """How many rows can be imported, are duplicates of an earlier row, or are refused."""
        return {
            "leads": len(self.leads),
            "duplicates": sum(isinstance(result, Duplicate) for result in self.results),
            "refused": sum(isinstance(result, Refusal) for result in self.results),
        }


def read_file(
    content: bytes,
    *,
    filename: str,
    mapping: Mapping | None = None,
    consent: bool | None = None,
    interest: str | None = None,
) -> ParsedFile:
    """Read an export and return one result for every data row.

    `filename` is only reported, never believed. `mapping` replaces the known formats. `consent` and
    `interest` are what the uploader states for the whole file; a column that tells either wins, row
    by row. Without a column and without a statement there is no consent: the leads stay drafts.

    Raises `ImportRefused`, and nothing else, when the file as a whole cannot be read.
    """
    table = decode(
        content,
        encoding=mapping.encoding if mapping else None,
        separator=SEPARATORS[mapping.separator] if mapping and mapping.separator else None,
        is_header=mapping.as_format().matches
        if mapping
        else lambda cells: recognise(cells) is not None,
    )
    position, known = _locate_mapped(table, mapping) if mapping else _locate(table)
    header = table.records[position]
    headers = _trimmed(header.cells)
    if len(headers) > MAX_COLUMNS:
        raise ImportRefused("header-too-wide", limit=MAX_COLUMNS)
    plan = plan_of(known, headers, consent=bool(consent), interest=(interest or "").strip() or None)
    data, footer = _split_footer(table.records[position + 1 :], known)
    remarks: list[Remark] = []
    if consent is None and not plan.tells_consent:
        english, german = say("consent-column-missing")
        remarks.append(
            Remark(code="consent-column-missing", field=None, detail_en=english, detail_de=german)
        )
    return ParsedFile(
        filename=label_of(filename, 0),
        format=known.slug,
        encoding=table.encoding,
        separator=table.separator,
        headers=[label_of(cell, index) for index, cell in enumerate(headers)],
        header_row=header.row,
        results=mark_duplicates(read_row(plan, record) for record in data),
        skipped=[Skipped(record.row, "preamble") for record in table.records[:position]]
        + [Skipped(record.row, "footer") for record in footer],
        blank_rows=table.blank_rows,
        remarks=remarks,
    )


def _locate(table: Table) -> tuple[int, Format]:
    for position, record in enumerate(table.records[:HEADER_WITHIN]):
        known = recognise(record.cells)
        if known:
            return position, known
    raise ImportRefused(
        "format-unknown", headers=_widest(table), known="; ".join(known.title for known in FORMATS)
    )


def _locate_mapped(table: Table, mapping: Mapping) -> tuple[int, Format]:
    known = mapping.as_format()
    for position, record in enumerate(table.records[:HEADER_WITHIN]):
        if known.matches(record.cells):
            return position, known
    headers = _widest(table)
    found = {header_key(header) for header in headers}
    missing = [header for header in mapping.headers() if header_key(header) not in found]
    raise ImportRefused("mapping-header-missing", headers=headers, missing=", ".join(missing))


def _widest(table: Table) -> list[str]:
    """The row that most likely was meant as header, for the message."""
    cells = max((record.cells for record in table.records[:HEADER_WITHIN]), key=len)
    return [label_of(cell, index) for index, cell in enumerate(cells[:MAX_COLUMNS])]


def _trimmed(cells: list[str]) -> list[str]:
    """Without empty cells at the end, which spreadsheets like to leave."""
    width = max((index for index, cell in enumerate(cells, start=1) if cell.strip()), default=0)
    return cells[:width]


def _split_footer(records: list[Record], known: Format) -> tuple[list[Record], list[Record]]:
    """Split off the lines below a report: one cell each, after a blank line, one of them with a
    known word.

    All three together, so that a row with little in it is never taken for a footer.
    """
    start = len(records)
    while start > 0 and _is_single(records[start - 1]):
        start -= 1
    while start < len(records):
        block = records[start:]
        text = "\n".join(record.cells[0] for record in block).casefold()
        after_gap = start > 0 and block[0].row > records[start - 1].row + 1
        if after_gap and any(word in text for word in known.footer):
            return records[:start], block
        start += 1
    return records, []


def _is_single(record: Record) -> bool:
    return bool(record.cells[0].strip()) and not any(cell.strip() for cell in record.cells[1:])
