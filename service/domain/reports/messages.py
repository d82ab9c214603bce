"""What goes out of the routes of statements and reports."""

from typing import Annotated, Final, Literal
from uuid import UUID

import msgspec

from service.domain.contact.remarks import Said
from service.domain.marketplaces.messages import Currency
from service.domain.returns.messages import ReturnQuota
from service.vocabulary import Moment, RatingReason, whole

Month = Annotated[
    str,
    msgspec.Meta(
        pattern=whole("20[0-9]{2}-(?:0[1-9]|1[0-2])"),
        extra={"words": ("A month such as 2026-11", "Ein Monat, etwa 2026-11")},
        examples=["2026-11"],
    ),
]
Every = Literal["week", "month"]
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


class TakerReport(msgspec.Struct):
    """What a taker was offered and took. Offers are those opened in the period, by what became of
    them; begun and what follows are engagements begun in it, by their present state.
    acceptance: what was picked of the offers that ended and were not withdrawn; conversion: what
    was won of begun. median_seconds, p90_seconds: from offer to pick or refusal; …_working_seconds:
    the same in working time of the marketplace. offered_together: to how many an offer of it went
    on average. Shares of all offers and picks: for the operator. contacted: engagements that were
    called; …_contact_seconds: working time from the pick to the first call; in_target, late: within
    the target or not (late, too, when it has passed without a call). return_quota: at present; null
    without a quota."""

    company_id: UUID
    company_name: str
    offered: int
    open: int
    picked: int
    declined: int
    expired: int
    lost_offers: int
    withdrawn: int
    acceptance: float | None
    median_seconds: float | None
    p90_seconds: float | None
    median_working_seconds: float | None
    p90_working_seconds: float | None
    offered_together: float | None
    share_of_offers: float | None
    share_of_picks: float | None
    begun: int
    assigned: int
    self_picks: int
    won: int
    lost: int
    returns_asked: int
    returned: int
    revoked: int
    value: float | None
    conversion: float | None
    contacted: int
    median_contact_seconds: float | None
    p90_contact_seconds: float | None
    in_target: int
    late: int
    return_quota: ReturnQuota | None


class ReportedPeriod(msgspec.Struct):
    """A week from Monday or a month of the marketplace's calendar, as far as it lies within the
    report: the same numbers of it alone."""

    begins_at: Moment
    ends_at: Moment
    takers: list[TakerReport]


class ColleagueReport(msgspec.Struct):
    """What a colleague of the caller's company picked, and how fast he called the leads that he
    called first, in working time. null: API keys."""

    colleague_id: UUID | None
    colleague_name: str | None
    picked: int
    contacted: int
    median_contact_seconds: float | None
    p90_contact_seconds: float | None
    in_target: int
    late: int


class RatedFor(msgspec.Struct):
    """How many ratings gave this reason."""

    reason: RatingReason
    ratings: int


class Ratings(msgspec.Struct):
    """How takers rated these leads. For the operator stars are their average, ratings their number;
    for a giver there are stars alone, in halves, and only where five or more gave some."""

    stars: float | None
    ratings: int | None
    reasons: list[RatedFor]


class GiverReport(msgspec.Struct):
    """How leads of a giver that came in within the period were rated. giver null: the operator put
    them in."""

    giver_company_id: UUID | None
    giver_name: str | None
    rating: Ratings


class SourceReport(msgspec.Struct):
    """What became of the leads of a source and giver that came in within the period. giver null:
    the operator put them in."""

    source: str
    giver_company_id: UUID | None
    giver_name: str | None
    leads: int
    engagements: int
    won: int
    lost: int
    returned: int
    rating: Ratings


class MarketplaceReport(msgspec.Struct):
    """A period of a marketplace, from its begin until before its end: for the operator all takers,
    sources and givers, for a taker its own line, for a giver its own sources and itself.
    colleagues: of the caller's own company. periods: where they are asked for, in order.
    contact_target_minutes: within how much working time a taker is to call; null: not said."""

    begins_at: Moment
    ends_at: Moment
    contact_target_minutes: int | None
    time_zone: str
    takers: list[TakerReport]
    periods: list[ReportedPeriod]
    colleagues: list[ColleagueReport]
    sources: list[SourceReport]
    givers: list[GiverReport]
    why_empty: Said | None


NOTHING_HAPPENED: Final = Said(
    en="In this period nothing was offered, taken or put in that your company may count.",
    de="In diesem Zeitraum wurde nichts angeboten, genommen oder eingestellt, das für Sie zählt.",
)
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
