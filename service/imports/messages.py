"""What goes out of the import routes."""

from typing import Literal
from uuid import UUID

import msgspec

from service.contact.remarks import Said
from service.vocabulary import Moment

Outcome = Literal["imported", "duplicate", "refused"]


class Warned(msgspec.Struct):
    """Something to know about a row that was imported."""

    code: str
    field: str | None
    detail: Said


class ImportRow(msgspec.Struct):
    """What became of one row of the file. row_number counts as a spreadsheet does, header first."""

    row_number: int
    outcome: Outcome
    lead_id: UUID | None = None
    code: str | None = None
    field: str | None = None
    detail: Said | None = None
    warnings: list[Warned] = []


class Import(msgspec.Struct):
    """A file that was imported: imported + duplicates + refused are its rows."""

    id: UUID
    marketplace_id: UUID
    file_name: str
    format: str
    encoding: str
    separator: str | None
    imported: int
    duplicates: int
    refused: int
    created_at: Moment


class ImportReport(msgspec.Struct):
    """An import and a page of its rows."""

    id: UUID
    marketplace_id: UUID
    file_name: str
    format: str
    encoding: str
    separator: str | None
    imported: int
    duplicates: int
    refused: int
    created_at: Moment
    rows: list[ImportRow]
    next_cursor: str | None = None


class Placed(msgspec.Struct):
    """What the database made of one row; created is false when the lead came in before."""

    row_number: int
    lead_id: UUID
    created: bool
