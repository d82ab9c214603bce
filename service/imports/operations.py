"""A file of leads goes in as a whole, in one transaction; repeating it adds nothing."""

from typing import Any
from uuid import UUID

import msgspec

from service.database import Tx
from service.imports import queries
from service.imports.messages import Import, ImportReport
from service.imports.reading import ParsedFile
from service.imports.records import ImportedLead, Result
from service.vocabulary import Page, decode_cursor, encode_cursor

# Rows a statement: long enough to be quick, short enough for the statement timeout.
_BATCH = 200
_PROSPECT = (
    "name",
    "salutation",
    "company",
    "email",
    "phone",
    "street",
    "postcode",
    "city",
    "country",
)


async def import_file(
    tx: Tx, marketplace_id: UUID, file_name: str, parsed: ParsedFile, limit: int = 100
) -> ImportReport:
    """Puts the leads of a file in; every row gets a result. Raises what a single lead raises."""
    leads = [result for result in parsed.results if isinstance(result, ImportedLead)]
    placed: dict[int, dict[str, Any]] = {}
    for start in range(0, len(leads), _BATCH):
        rows = [_row(lead) for lead in leads[start : start + _BATCH]]
        for found in await queries.create_leads(tx, marketplace_id, rows):
            outcome = "imported" if found.created else "duplicate"
            placed[found.row_number] = {"outcome": outcome, "lead_id": found.lead_id}
    rows = [_result(result, placed) for result in parsed.results]
    outcomes = [row["outcome"] for row in rows]
    report = {
        "file_name": file_name[:255],
        "format": parsed.format,
        "encoding": parsed.encoding,
        "separator": parsed.separator,
        "imported": outcomes.count("imported"),
        "duplicates": outcomes.count("duplicate"),
        "refused": outcomes.count("refused"),
    }
    import_id = await queries.record(tx, marketplace_id, report, rows)
    return await show(tx, import_id, None, limit)


def _row(lead: ImportedLead) -> dict[str, Any]:
    prospect = {field: getattr(lead, field) for field in _PROSPECT}
    prospect["answers"] = lead.context | lead.answers
    return {
        "number": lead.row,
        "interest": lead.interest,
        "tags": lead.tags,
        "distribution_permission": lead.distribution_permission,
        "submit": lead.distribution_permission and bool(lead.email or lead.phone),
        "prospect": prospect,
        "source": lead.source,
        "external_ref": lead.fingerprint,
    }


def _result(result: Result, placed: dict[int, dict[str, Any]]) -> dict[str, Any]:
    if isinstance(result, ImportedLead):
        warnings = [
            {"code": w.code, "field": w.field, "detail": {"en": w.detail_en, "de": w.detail_de}}
            for w in result.warnings
        ]
        found = placed[result.row]
        code = "known" if found["outcome"] == "duplicate" else None
        return {"row_number": result.row, "warnings": warnings, "code": code, **found}
    return {
        "row_number": result.row,
        "outcome": "duplicate" if result.code == "duplicate" else "refused",
        "code": result.code,
        "field": getattr(result, "field", None),
        "detail": {"en": result.detail_en, "de": result.detail_de},
    }


async def list_imports(tx: Tx, cursor: str | None, limit: int) -> Page[Import]:
    """Imports of the caller's company."""
    return await queries.imports(tx, cursor, limit)


async def show(tx: Tx, import_id: UUID, cursor: str | None, limit: int) -> ImportReport:
    """One import with a page of its rows."""
    found = await queries.one(tx, import_id)
    position = decode_cursor(cursor)
    after = min(position.int, 2**31 - 1) if position else 0
    rows = await queries.rows(tx, found.marketplace_id, import_id, after, limit)
    following = None
    if len(rows) > limit:
        rows = rows[:limit]
        following = encode_cursor(UUID(int=rows[-1].row_number))
    return ImportReport(**msgspec.structs.asdict(found), rows=rows, next_cursor=following)
