"""The SQL of waves and calendars."""

from uuid import UUID

from service.database.transaction import Tx
from service.domain.waves.messages import Calendar


async def calendar(tx: Tx, marketplace_id: UUID, language: str) -> Calendar:
    """When a marketplace of the caller's company works; holidays by their names in the language."""
    return await tx.view(
        Calendar,
        "select time_zone, hours, federal_state, regional_holidays, own_days, holidays, version"
        " from app.calendar_of($1, $2)",
        marketplace_id,
        language,
    )
