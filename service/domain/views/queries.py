"""What is read of saved views."""

from uuid import UUID

from sqlalchemy import bindparam, select

from service.database import tables
from service.database.statements import columns, compiled
from service.database.transaction import Tx
from service.domain.views.messages import SavedView
from service.vocabulary import Page

_VIEWS = select(*columns(tables.saved_view, "id name address saved_by saved_at"))
_ONE = compiled(_VIEWS.where(tables.saved_view.c.id == bindparam("id"))).sql


async def view(tx: Tx, view_id: UUID) -> SavedView:
    """One view."""
    return await tx.one(SavedView, _ONE, view_id)


async def views(tx: Tx, cursor: str | None, limit: int) -> Page[SavedView]:
    """Views of the caller's company, newest first."""
    return await tx.page(SavedView, _VIEWS, cursor=cursor, limit=limit)
