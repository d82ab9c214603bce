"""What is done about saved views and presence."""

from uuid import UUID

from service.database.transaction import Tx
from service.domain.views import queries
from service.domain.views.messages import Presence, SavedView, ViewDraft


async def save(tx: Tx, data: ViewDraft) -> SavedView:
    """Keeps a view for the caller's colleagues."""
    view_id = await tx.value(UUID, "select app.save_view($1, $2)", data.name, data.address)
    return await queries.view(tx, view_id)


async def forget(tx: Tx, view_id: UUID) -> None:
    """Removes one."""
    tx.do("select app.forget_view($1)", view_id)


async def look_at(tx: Tx, m: UUID, lead_id: UUID) -> Presence:
    """The caller looks at a lead; who else does."""
    return Presence(await tx.value(list[str], "select to_json(app.look_at($1, $2))", m, lead_id))
