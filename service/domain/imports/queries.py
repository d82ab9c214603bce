"""What is read of imports."""

from uuid import UUID

import msgspec
from sqlalchemy import bindparam, select

from service.database import tables
from service.database.statements import columns, compiled
from service.database.transaction import Tx
from service.domain.imports.messages import (
    WHY,
    ConsentReport,
    Import,
    ImportJob,
    ImportReport,
    ImportRow,
    Outcome,
    SavedMapping,
)
from service.vocabulary import Page, decode_cursor, encode_cursor, fetched

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
# As app_private.intake_card: open, closed, or hidden from who may not know of the marketplace.
_INTAKE = """select case when exists (select from app.marketplace m where m.id = $1) then 'open'
  else coalesce((select case when p.state = 'invited' then 'hidden'
                   when p.state = 'active' and 'giver' = any (p.capacities) then 'open'
                   else 'closed' end
                 from app.participation p where p.marketplace_id = $1
                   and p.company_id = (select app.current_company_id())), 'hidden') end"""


async def intake(tx: Tx, marketplace_id: UUID) -> str:
    """Whether the caller's company may put leads into a marketplace: "open", "closed", or
    "hidden" from who may not know of it."""
    return await tx.value(str, _INTAKE, marketplace_id)


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


async def mapping(tx: Tx, mapping_id: UUID) -> SavedMapping:
    """One mapping."""
    return await tx.one(SavedMapping, _ONE_MAPPING, mapping_id)


async def mappings(tx: Tx, cursor: str | None, limit: int) -> Page[SavedMapping]:
    """Mappings of the caller's company, newest first."""
    return await tx.page(SavedMapping, _MAPPINGS, cursor=cursor, limit=limit)


async def imports(tx: Tx, cursor: str | None, limit: int) -> Page[Import]:
    """Imports of the caller's company, newest first."""
    return await tx.page(Import, _IMPORTS, cursor=cursor, limit=limit)


async def report(
    tx: Tx, import_id: UUID, cursor: str | None, limit: int, outcome: Outcome | None = None
) -> ImportJob | ImportReport:
    """How far an import is; when it ended, its report with a page of its rows (of one outcome)."""
    found = await one(tx, import_id)
    if found.state in ("waiting", "running"):
        return msgspec.convert(found, ImportJob, from_attributes=True)
    position = decode_cursor(cursor)
    after = min(position.int, 2**31 - 1) if position else 0
    page = await rows(tx, found.marketplace_id, import_id, after, limit, outcome)
    following = None
    if len(page) > limit:
        page = page[:limit]
        following = encode_cursor(UUID(int=page[-1].row_number))
    known = msgspec.structs.asdict(found) | {"rows": page, "next_cursor": following}
    return ImportReport(**known, detail=WHY.get(found.problem or ""))


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
