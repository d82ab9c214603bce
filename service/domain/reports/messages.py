"""What goes out of the routes of statements and reports."""

from typing import Annotated, Final, Literal
from uuid import UUID

import msgspec

from service.domain.contact.remarks import Said
from service.domain.marketplaces.messages import Currency
from service.vocabulary import Moment, whole

Month = Annotated[
    str,
    msgspec.Meta(
        pattern=whole("20[0-9]{2}-(?:0[1-9]|1[0-2])"),
        extra={"words": ("A month such as 2026-11", "Ein Monat, etwa 2026-11")},
        examples=["2026-11"],
    ),
]
Posted = Literal["charge", "credit"]
PostedFor = Literal["pick", "assignment", "returned", "revoked"]


class StatementEntry(msgspec.Struct):
    """A charge for an engagement, at its begin, or its credit. amount_cents is negative for a
    credit; charged_at: when what is credited was charged."""

    id: UUID
    kind: Posted
    reason: PostedFor
    posted_at: Moment
    charged_at: Moment
    lead_id: UUID
    engagement_id: UUID
    company_id: UUID
    company_name: str
    amount_cents: int
    currency: Currency


class StatementTotal(msgspec.Struct):
    """What one taker owes for the month in one currency: balance_cents is charges less credits."""

    company_id: UUID
    company_name: str
    currency: Currency
    charges: int
    charged_cents: int
    credits: int
    credited_cents: int
    balance_cents: int


class MonthlyStatement(msgspec.Struct):
    """A month of a marketplace, by the zone of its calendar: for its operator of all takers or of
    one, for a taker its own. totals are of the whole month, whatever the page. why_empty: why there
    is nothing."""

    marketplace_id: UUID
    marketplace_name: str
    operator_name: str
    month: str
    time_zone: str
    begins_at: Moment
    ends_at: Moment
    totals: list[StatementTotal]
    items: list[StatementEntry]
    next_cursor: str | None
    why_empty: Said | None


WHY_EMPTY: Final[dict[str, Said]] = {
    "operator-free": Said(
        en="Leads cost nothing here: set price_cents of the marketplace or of a participation.",
        de="Leads kosten hier nichts: price_cents am Marktplatz oder an einer Teilnahme setzen.",
    ),
    "taker-free": Said(
        en="Leads of this marketplace cost your company nothing.",
        de="Leads dieses Marktplatzes kosten Ihre Firma nichts.",
    ),
    "giver": Said(
        en="Your company gives leads here; who takes them pays.",
        de="Ihre Firma gibt hier Leads; es zahlt, wer sie nimmt.",
    ),
    "nothing": Said(
        en="In this month no lead with a price was taken, and none credited.",
        de="In diesem Monat wurde kein Lead mit Preis genommen und keiner gutgeschrieben.",
    ),
}
