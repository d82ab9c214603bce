"""The SQL of imports."""

from typing import Any
from uuid import UUID

from sqlalchemy import bindparam, select

from service.database import tables
from service.database.statements import columns, compiled
from service.database.transaction import Tx
from service.domain.imports.messages import (
    ConsentDraft,
    ConsentReport,
    Import,
    ImportRow,
    Outcome,
    Progress,
    SavedMapping,
)
from service.vocabulary import Page, fetched

_IMPORTS = select(
    *columns(
        tables.lead_import,
        "id marketplace_id file_name format encoding separator dry_run state rows done imported"
        " duplicates refused remarks skipped sheets problem created_at ended_at",
    )
)
_ONE_IMPORT = compiled(_IMPORTS.where(tables.lead_import.c.id == bindparam("id"))).sql
_CONSENT = select(
    *columns(
        tables.import_consent,
        "id marketplace_id import_id text source given_at stated_by state leads submitted"
        " created_at",
    )
)
_ONE_CONSENT = compiled(_CONSENT.where(tables.import_consent.c.id == bindparam("id"))).sql
_CONSENTS = _CONSENT.where(
    tables.import_consent.c.marketplace_id == bindparam("m"),
    tables.import_consent.c.import_id == bindparam("import_id"),
)
_MAPPINGS = select(*columns(tables.import_mapping, "id name mapping saved_by saved_at"))
_ONE_MAPPING = compiled(_MAPPINGS.where(tables.import_mapping.c.id == bindparam("id"))).sql


async def start(tx: Tx, marketplace_id: UUID, report: dict[str, Any], seconds: int) -> UUID:
    """Notes an import down, which the worker leaves alone for so many seconds; its id."""
    return await tx.value(
        UUID, "select app.start_import($1, $2, $3)", marketplace_id, report, seconds
    )


def add_chunk(tx: Tx, marketplace_id: UUID, import_id: UUID, number: int, rows: str) -> None:
    """Its next rows, as JSON."""
    tx.do("select app.add_import_chunk($1, $2, $3, $4)", marketplace_id, import_id, number, rows)


async def flush(tx: Tx) -> None:
    """Sends what is queued."""
    await tx.value(bool, "select true")


async def go_on(tx: Tx, import_id: UUID, seconds: int) -> Progress:
    """The next rows of an import of the caller's company."""
    return await tx.view(
        Progress, "select state, went_on from app.continue_import($1, $2)", import_id, seconds
    )


async def state_consent(tx: Tx, import_id: UUID, data: ConsentDraft) -> UUID:
    """Notes down what was stated of an import's persons; its id."""
    return await tx.value(
        UUID,
        "select app.state_consent($1, $2, $3, $4)",
        *(import_id, data.text, data.source, data.given_at),
    )


async def continue_consent(tx: Tx, consent_id: UUID) -> bool:
    """The next drafts of a stated consent; true when all were looked at."""
    return await tx.value(bool, "select app.continue_consent($1)", consent_id)


async def consent(tx: Tx, consent_id: UUID) -> ConsentReport:
    """One statement."""
    return await tx.one(ConsentReport, _ONE_CONSENT, consent_id)


async def consents(tx: Tx, import_id: UUID, cursor: str | None, limit: int) -> Page[ConsentReport]:
    """What was stated of an import, newest first."""
    found = await one(tx, import_id)
    return await tx.page(
        ConsentReport,
        _CONSENTS,
        m=found.marketplace_id,
        import_id=import_id,
        cursor=cursor,
        limit=limit,
    )


async def save_mapping(tx: Tx, name: str, mapping: str) -> UUID:
    """Keeps a mapping of the caller's company; its id."""
    return await tx.value(UUID, "select app.save_mapping($1, $2)", name, mapping)


def forget_mapping(tx: Tx, mapping_id: UUID) -> None:
    """Removes one."""
    tx.do("select app.forget_mapping($1)", mapping_id)


async def mapping(tx: Tx, mapping_id: UUID) -> SavedMapping:
    """One mapping."""
    return await tx.one(SavedMapping, _ONE_MAPPING, mapping_id)


async def mappings(tx: Tx, cursor: str | None, limit: int) -> Page[SavedMapping]:
    """Mappings of the caller's company, newest first."""
    return await tx.page(SavedMapping, _MAPPINGS, cursor=cursor, limit=limit)


async def imports(tx: Tx, cursor: str | None, limit: int) -> Page[Import]:
    """Imports of the caller's company, newest first."""
    return await tx.page(Import, _IMPORTS, cursor=cursor, limit=limit)


async def one(tx: Tx, import_id: UUID) -> Import:
    """One import."""
    return await tx.one(Import, _ONE_IMPORT, import_id)


async def rows(
    tx: Tx,
    marketplace_id: UUID,
    import_id: UUID,
    after: int,
    limit: int,
    outcome: Outcome | None,
) -> list[ImportRow]:
    """Rows of an import in the order of the file, of one outcome or of any. The outcome is a word
    of a closed list and stands in the statement, so that its index is used."""
    only = f" and outcome = '{outcome}'" if outcome else ""
    return await tx.rows(
        ImportRow,
        "select row_number, outcome, lead_id, code, field, nullif(detail, '{}') as detail, warnings"
        " from app.lead_import_row where marketplace_id = $1 and import_id = $2"
        f"{only} and row_number > $3 order by row_number limit {fetched(limit)}",
        marketplace_id,
        import_id,
        after,
    )
