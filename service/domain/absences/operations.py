"""Being away, and covering."""

from uuid import UUID

from sqlalchemy import select

from service.database.statements import compiled, result
from service.database.transaction import Tx
from service.domain.absences.messages import Absence, AbsenceDraft
from service.domain.absences.queries import ABSENCE
from service.errors import Problem
from service.vocabulary import expect_ahead

_ADD = compiled(select(result("add_absence", "colleague begins ends cover", ABSENCE))).sql


async def add(tx: Tx, data: AbsenceDraft) -> Absence:
    """One's own, or (delegators) a colleague's. It may have begun already."""
    expect_ahead(data.ends_at, "/ends_at")
    if not data.begins_at < data.ends_at:
        detail, german = "An end after the beginning, please", "Bitte ein Ende nach dem Beginn"
        error = {"pointer": "/ends_at", "code": "value", "detail": detail, "detail_de": german}
        raise Problem("validation-failed", errors=[error])
    new = data.colleague_id, data.begins_at, data.ends_at, data.covered_by_id
    return await tx.view(Absence, _ADD, *new)


async def drop(tx: Tx, absence_id: UUID) -> None:
    """He is there after all."""
    tx.do("select app.drop_absence($1)", absence_id)
