"""The SQL of imports."""

from typing import Any
from uuid import UUID

from service.database import Tx
from service.imports.messages import Import, ImportRow, Placed
from service.postgres import Json
from service.vocabulary import Page, fetched

_IMPORT = """select id, marketplace_id, file_name, format, encoding, separator, imported,
    duplicates, refused, created_at from app.lead_import"""


async def create_leads(tx: Tx, marketplace_id: UUID, rows: list[dict[str, Any]]) -> list[Placed]:
    """Each row through the door of a single lead."""
    return await tx.rows(
        Placed,
        "select row_number, lead_id, created from app.create_leads($1, $2)",
        marketplace_id,
        Json(rows),
    )


async def record(
    tx: Tx, marketplace_id: UUID, report: dict[str, Any], rows: list[dict[str, Any]]
) -> UUID:
    """Keeps the report; returns its id."""
    return await tx.value(
        UUID, "select app.record_import($1, $2, $3)", marketplace_id, report, Json(rows)
    )


async def imports(tx: Tx, cursor: str | None, limit: int) -> Page[Import]:
    """Imports of the caller's company, newest first."""
    return await tx.page(Import, _IMPORT, cursor=cursor, limit=limit)


async def one(tx: Tx, import_id: UUID) -> Import:
    """One import."""
    return await tx.one(Import, f"{_IMPORT} where id = $1", import_id)


async def rows(
    tx: Tx, marketplace_id: UUID, import_id: UUID, after: int, limit: int
) -> list[ImportRow]:
    """Rows of an import in the order of the file."""
    return await tx.rows(
        ImportRow,
        "select row_number, outcome, lead_id, code, field, nullif(detail, '{}') as detail, warnings"
        " from app.lead_import_row where marketplace_id = $1 and import_id = $2"
        f" and row_number > $3 order by row_number limit {fetched(limit)}",
        marketplace_id,
        import_id,
        after,
    )
