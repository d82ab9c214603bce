"""What is read of absences."""

from sqlalchemy import select

from service.database import tables
from service.database.statements import columns
from service.database.transaction import Tx
from service.domain.absences.messages import Absence, CompanyAbsence
from service.vocabulary import Page

ABSENCE = "id colleague_id covered_by_id begins_at ends_at created_at"
COMPANY_ABSENCE = "id begins_at ends_at created_at"
_ABSENCES = select(*columns(tables.absence, ABSENCE))
_COMPANY_ABSENCES = select(*columns(tables.company_absence, COMPANY_ABSENCE))


async def absences(tx: Tx, cursor: str | None, limit: int) -> Page[Absence]:
    """Of the caller's company, last entered first, past ones too."""
    return await tx.page(Absence, _ABSENCES, cursor=cursor, limit=limit)


async def company_absences(tx: Tx, cursor: str | None, limit: int) -> Page[CompanyAbsence]:
    """Of the caller's company as a whole, last entered first, past ones too."""
    return await tx.page(CompanyAbsence, _COMPANY_ABSENCES, cursor=cursor, limit=limit)
