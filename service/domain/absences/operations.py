"""Being away, and covering."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select

from service.database.statements import compiled, result
from service.database.transaction import Tx
from service.domain.absences.messages import (
    Absence,
    AbsenceDraft,
    CompanyAbsence,
    CompanyAbsenceDraft,
)
from service.domain.absences.queries import ABSENCE, COMPANY_ABSENCE
from service.errors import Problem
from service.vocabulary import expect_ahead

_ADD = compiled(select(result("add_absence", "colleague begins ends cover", ABSENCE))).sql
_CLOSE = compiled(select(result("add_company_absence", "begins ends", COMPANY_ABSENCE))).sql


async def add(tx: Tx, data: AbsenceDraft) -> Absence:
    """One's own, or (delegators) a colleague's. It may have begun already."""
    _expect_span(data.begins_at, data.ends_at)
    new = data.colleague_id, data.begins_at, data.ends_at, data.covered_by_id
    return await tx.view(Absence, _ADD, *new)


async def drop(tx: Tx, absence_id: UUID) -> None:
    """He is there after all."""
    tx.do("select app.drop_absence($1)", absence_id)


async def close(tx: Tx, data: CompanyAbsenceDraft) -> CompanyAbsence:
    """The whole company is away (admin). It may have begun already."""
    _expect_span(data.begins_at, data.ends_at)
    return await tx.view(CompanyAbsence, _CLOSE, data.begins_at, data.ends_at)


async def open_again(tx: Tx, absence_id: UUID) -> None:
    """It is there after all (admin)."""
    tx.do("select app.drop_company_absence($1)", absence_id)


def _expect_span(begins_at: datetime, ends_at: datetime) -> None:
    expect_ahead(ends_at, "/ends_at")
    if not begins_at < ends_at:
        detail, german = "An end after the beginning, please", "Bitte ein Ende nach dem Beginn"
        error = {"pointer": "/ends_at", "code": "value", "detail": detail, "detail_de": german}
        raise Problem("validation-failed", errors=[error])
