"""What a file that was read is to the database: a report of it all, and its rows in chunks."""

import zlib
from collections.abc import Callable, Iterator
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
    """A file that was read: what is known of it as a whole, and its rows in packed chunks: a tenth
    of what they are to the database."""

    report: dict[str, Any]
    packed: list[bytes]
    rows: int

    @property
    def is_large(self) -> bool:
        """Whether the worker takes care of it."""
        return self.rows > IN_REQUEST

    @property
    def chunks(self) -> Iterator[str]:
        """Its rows, 50 at a time, as JSON."""
        return (zlib.decompress(chunk).decode() for chunk in self.packed)


def prepared(
    read: Callable[[Callable[[Result], None]], ParsedFile], file_name: str, *, dry_run: bool = False
) -> PreparedFile:
    """What a file is to the database; `read` reads it, and gives each result away. Takes its time:
    not for the loop."""
    rows = _Rows()
    parsed = read(rows.take)
    report = {
        "file_name": file_name[:255],
        "format": parsed.format,
        "encoding": parsed.encoding,
        "separator": parsed.separator,
        "dry_run": dry_run,
        "remarks": [_warned(remark) for remark in parsed.remarks],
        "skipped": [{"row_number": line.row, "reason": line.reason} for line in parsed.skipped],
        "sheets": msgspec.to_builtins(parsed.sheets),
        "rows": rows.count,
    }
    return PreparedFile(report, rows.packed(), rows.count)


class _Rows:
    """Rows as they come, packed when a chunk of them is full."""

    def __init__(self) -> None:
        self.count = 0
        self._packed: list[bytes] = []
        self._open: list[dict[str, Any]] = []
        self._encode = msgspec.json.Encoder().encode

    def take(self, result: Result) -> None:
        """One row more."""
        self.count += 1
        self._open.append(_row(result))
        if len(self._open) == _CHUNK:
            self._pack()

    def packed(self) -> list[bytes]:
        """All of them."""
        if self._open:
            self._pack()
        return self._packed

    def _pack(self) -> None:
        self._packed.append(zlib.compress(self._encode(self._open), 1))
        self._open.clear()


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
