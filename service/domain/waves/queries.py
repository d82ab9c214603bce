"""The SQL of waves, calendars and receipts."""

from uuid import UUID

from service.database.transaction import Tx
from service.domain.waves.messages import (
    Brokerage,
    Calendar,
    NumberedReceipt,
    OfferPreview,
    Receipt,
    WavePlan,
)
from service.vocabulary import Page, cut, decode_cursor, fetched


async def calendar(tx: Tx, marketplace_id: UUID, language: str) -> Calendar:
    """When a marketplace of the caller's company works; holidays by their names in the language."""
    return await tx.view(
        Calendar,
        "select time_zone, hours, federal_state, regional_holidays, own_days, holidays, version"
        " from app.calendar_of($1, $2)",
        marketplace_id,
        language,
    )


async def waves(tx: Tx, marketplace_id: UUID) -> WavePlan:
    """The plan of a marketplace of the caller's company."""
    return await tx.view(
        WavePlan,
        "select waves, on_cap, recycle, version from app.waves_of($1)",
        marketplace_id,
    )


async def preview(tx: Tx, marketplace_id: UUID, lead_id: UUID) -> OfferPreview:
    """Who would be offered the lead; nothing is written."""
    return await tx.view(
        OfferPreview, "select waves from app.preview_offer($1, $2)", marketplace_id, lead_id
    )


async def brokerages(
    tx: Tx, marketplace_id: UUID, lead_id: UUID, cursor: str | None, limit: int
) -> Page[Brokerage]:
    """What happened with the lead, the newest run first."""
    found = await tx.rows(
        Brokerage,
        "select id, state, opened_at, closed_at, waves from app.brokerages_of($1, $2, $3, $4)",
        *(marketplace_id, lead_id, decode_cursor(cursor), fetched(limit)),
    )
    return cut(found, limit, "id")


async def receipts(tx: Tx, cursor: str | None, limit: int) -> Page[Receipt]:
    """What the caller's company keeps of its ended offers, the newest first."""
    found = await tx.rows(
        NumberedReceipt,
        "select marketplace_name, postcode_area, offered_at, outcome, seconds, offered_together, id"
        " from app.my_receipts($1, $2)",
        *(decode_cursor(cursor), fetched(limit)),
    )
    page = cut(found, limit, "id")
    names = Receipt.__struct_fields__
    shown = [Receipt(*(getattr(one, name) for name in names)) for one in page.items]
    return Page(shown, page.next_cursor)
