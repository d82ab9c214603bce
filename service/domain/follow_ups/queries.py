"""What is read of follow-ups."""

import functools
from datetime import datetime
from uuid import UUID

from sqlalchemy import ColumnElement, bindparam, exists, func, select, text

from service.database import tables
from service.database.ordering import Order
from service.database.statements import Compiled, columns, compiled, number
from service.database.transaction import Tx
from service.domain.follow_ups.messages import FollowUp, Whose
from service.domain.leads.queries import known
from service.vocabulary import Page, fetched

FOLLOW_UP = "id marketplace_id lead_id colleague_id due_at text done_at created_at version"
_F = tables.follow_up.c
_ALL = select(*columns(tables.follow_up, FOLLOW_UP))
_OF_LEAD = _ALL.where(_F.marketplace_id == bindparam("m"), _F.lead_id == bindparam("lead"))
_NEXT = Order("due_at", descending=False)
_COVERED = text("array(select app.covered_colleagues())")
_COMPANY = text("(select app.current_company_id())")
# A lead that the company lost sight of: there is nothing to do about it any more.
_SEEN = exists().where(
    tables.lead.c.marketplace_id == _F.marketplace_id, tables.lead.c.id == _F.lead_id
)


async def of_lead(tx: Tx, m: UUID, lead_id: UUID, cursor: str | None, limit: int) -> Page[FollowUp]:
    """Those of the caller's company for a lead, newest first, done ones too."""
    page = await tx.page(FollowUp, _OF_LEAD, m=m, lead=lead_id, cursor=cursor, limit=limit)
    if not page.items:
        await known(tx, m, lead_id)
    return page


async def due(
    tx: Tx, whose: Whose, until: datetime | None, cursor: str | None, limit: int
) -> Page[FollowUp]:
    """Open ones of the caller or of nobody, what is due next first."""
    given = {} if cursor is None else _NEXT.place(cursor)
    if until is not None:
        given["until"] = until
    made = _due(whose, until is not None, cursor is not None, fetched(limit))
    return _NEXT.cut(await tx.listed(FollowUp, made.sql, *made.values(given)), limit)


@functools.cache
def _due(whose: Whose, until: bool, follows: bool, rows: int) -> Compiled:
    conditions: list[ColumnElement[bool]] = [_F.company_id == _COMPANY, _F.done_at.is_(None), _SEEN]
    if whose == "mine":
        conditions.append(
            _F.colleague_id == select(func.app.current_colleague_id()).scalar_subquery()
        )
    elif whose == "covered":
        conditions.append(_F.colleague_id == func.any(_COVERED))
    else:
        conditions.append(_F.colleague_id.is_(None))
    if until:
        conditions.append(_F.due_at <= bindparam("until"))
    if follows:
        conditions.append(_NEXT.after(tables.follow_up))
    listed = _ALL.where(*conditions).order_by(*_NEXT.by(tables.follow_up))
    return compiled(listed.limit(number(rows)))
