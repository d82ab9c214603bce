"""What is read of where leads come in."""

from sqlalchemy import select

from service.database import tables
from service.database.statements import columns
from service.database.transaction import Tx
from service.domain.intake.messages import IntakeKey
from service.vocabulary import Page

_KEYS = select(
    *columns(
        tables.intake_key,
        "id marketplace_id kind name interest origins consent_text created_at revoked_at"
        " failing_since failure",
    )
)


async def keys(tx: Tx, cursor: str | None, limit: int) -> Page[IntakeKey]:
    """The company's, revoked ones too, newest first."""
    return await tx.page(IntakeKey, _KEYS, cursor=cursor, limit=limit)
