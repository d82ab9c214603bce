"""Time zones by name: the database knows which there are, and counts by them."""

from service.database.transaction import Tx
from service.errors import Problem

_UNKNOWN = {
    "pointer": "/time_zone",
    "code": "time-zone",
    "detail": "There is no such time zone; use a name such as Europe/Berlin",
    "detail_de": "Diese Zeitzone gibt es nicht; bitte einen Namen wie Europe/Berlin verwenden",
}


async def expect_time_zone(tx: Tx, name: str | None) -> None:
    """Raises Problem validation-failed for the field time_zone; None: it is not named."""
    if name is not None and not await tx.value(bool, "select app.time_zone_known($1)", name):
        raise Problem("validation-failed", errors=[_UNKNOWN])
