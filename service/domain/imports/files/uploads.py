"""What a file that was read is to the database: a report of it all, and its rows in chunks."""

from collections.abc import Iterator
from typing import Any

import msgspec

from service.domain.contact import Noticed
from service.domain.imports.files.reading import ParsedFile
from service.domain.imports.files.records import ImportedLead, Result

IN_REQUEST = 500  # rows; of larger files the worker takes care
_CHUNK = 50  # rows in a chunk and a transaction, as app.add_import_chunk wants them
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


class PreparedFile(msgspec.Struct, frozen=True):
    """A file that was read: what is known of it as a whole, and its rows in chunks of JSON."""

    report: dict[str, Any]
    chunks: list[str]
    rows: int

    @property
    def is_large(self) -> bool:
        """Whether the worker takes care of it."""
        return self.rows > IN_REQUEST


def prepared(parsed: ParsedFile, file_name: str, *, dry_run: bool = False) -> PreparedFile:
    """What a parsed file is to the database. Takes its time: not for the loop."""
    encode = msgspec.json.Encoder().encode
    rows = [_row(result) for result in parsed.results]
    report = {
        "file_name": file_name[:255],
        "format": parsed.format,
        "encoding": parsed.encoding,
        "separator": parsed.separator,
        "dry_run": dry_run,
        "remarks": [_warned(remark) for remark in parsed.remarks],
        "skipped": [{"row_number": line.row, "reason": line.reason} for line in parsed.skipped],
        "sheets": msgspec.to_builtins(parsed.sheets),
        "rows": len(rows),
    }
    return PreparedFile(report, [encode(chunk).decode() for chunk in _chunks(rows)], len(rows))


def _chunks(rows: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    for start in range(0, len(rows), _CHUNK):
        yield rows[start : start + _CHUNK]


def _row(result: Result) -> dict[str, Any]:
    if isinstance(result, ImportedLead):
        warnings = [_warned(warning) for warning in result.warnings]
        return {"row_number": result.row, "warnings": warnings, "lead": lead_of(result)}
    return {
        "row_number": result.row,
        "outcome": "duplicate" if result.code == "duplicate" else "refused",
        "code": result.code,
        "field": getattr(result, "field", None),
        "detail": {"en": result.detail_en, "de": result.detail_de},
    }


def _warned(remark: Noticed) -> dict[str, Any]:
    detail = {"en": remark.detail_en, "de": remark.detail_de}
    return {"code": remark.code, "field": remark.field, "detail": detail}


def lead_of(lead: ImportedLead) -> dict[str, Any]:
    """A row as app.put_lead_in takes it."""
    prospect = {field: getattr(lead, field) for field in _PROSPECT}
    prospect["answers"] = lead.context | lead.answers
    return {
        "interest": lead.interest,
        "tags": lead.tags,
        "distribution_permission": lead.distribution_permission,
        "submit": lead.distribution_permission and bool(lead.email or lead.phone),
        "prospect": prospect,
        "source": lead.source,
        "received_at": lead.received_at.isoformat() if lead.received_at else None,
        "external_ref": lead.fingerprint,
    }
