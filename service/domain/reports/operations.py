"""Statements and reports as files."""

from collections.abc import Iterator
from uuid import UUID
from zoneinfo import ZoneInfo

from service.database.transaction import Tx
from service.domain.reports import files, queries
from service.domain.reports.files import Cell
from service.domain.reports.messages import Every, ReportedPeriod
from service.domain.reports.queries import StatementRow
from service.vocabulary import Moment
from service.web.answers import CsvFile

_HEAD = {
    "de": ["Datum", "Art", "Grund", "Firma", "Lead", "Beauftragung", "Berechnet am", "Betrag",
           "Währung"],
    "en": ["Date", "Kind", "Reason", "Company", "Lead", "Engagement", "Charged on", "Amount",
           "Currency"],
}  # fmt: skip
_WORDS = {
    "de": {
        "charge": "Berechnung", "credit": "Gutschrift", "total": "Summe", "pick": "Pick",
        "assignment": "Zuweisung", "returned": "Rückgabe", "revoked": "Entzug",
    },
    "en": {
        "charge": "Charge", "credit": "Credit", "total": "Total", "pick": "Pick",
        "assignment": "Assignment", "returned": "Return", "revoked": "Revocation",
    },
}  # fmt: skip


#: Columns of the takers' file: attribute of TakerReport, and its head by language.
_TAKERS = {
    "offered": {"de": "Angeboten", "en": "Offered"},
    "open": {"de": "Offen", "en": "Open"},
    "picked": {"de": "Gepickt", "en": "Picked"},
    "declined": {"de": "Abgelehnt", "en": "Declined"},
    "expired": {"de": "Abgelaufen", "en": "Expired"},
    "lost_offers": {"de": "An andere", "en": "Went to others"},
    "withdrawn": {"de": "Zurückgezogen", "en": "Withdrawn"},
    "acceptance": {"de": "Annahmequote", "en": "Acceptance"},
    "share_of_offers": {"de": "Anteil an Angeboten", "en": "Share of offers"},
    "share_of_picks": {"de": "Anteil an Picks", "en": "Share of picks"},
    "median_working_seconds": {
        "de": "Antwort Median (s Arbeitszeit)",
        "en": "Answer, median (s of working time)",
    },
    "p90_working_seconds": {
        "de": "Antwort 90 % (s Arbeitszeit)",
        "en": "Answer, 90 % (s of working time)",
    },
    "begun": {"de": "Begonnen", "en": "Begun"},
    "contacted": {"de": "Angerufen", "en": "Called"},
    "median_contact_seconds": {
        "de": "Erster Anruf Median (s Arbeitszeit)",
        "en": "First call, median (s of working time)",
    },
    "p90_contact_seconds": {
        "de": "Erster Anruf 90 % (s Arbeitszeit)",
        "en": "First call, 90 % (s of working time)",
    },
    "in_target": {"de": "Im Ziel", "en": "Within target"},
    "late": {"de": "Zu spät", "en": "Late"},
    "won": {"de": "Gewonnen", "en": "Won"},
    "lost": {"de": "Verloren", "en": "Lost"},
    "conversion": {"de": "Abschlussquote", "en": "Conversion"},
    "returned": {"de": "Zurückgegeben", "en": "Returned"},
    "value": {"de": "Wert", "en": "Value"},
}


async def report_file(
    tx: Tx, m: UUID, since: Moment | None, until: Moment | None, by: Every | None, language: str
) -> CsvFile:
    """The takers of a report as CSV; in their order, by period where that is asked for."""
    found = await queries.report(tx, m, since, until, by)
    zone = ZoneInfo(found.time_zone)
    parts = found.periods if by else [ReportedPeriod(found.begins_at, found.ends_at, found.takers)]
    first = {"de": ["Von", "Bis", "Firma"], "en": ["From", "To", "Company"]}[language]
    head = first + [names[language] for names in _TAKERS.values()]
    content = files.as_csv(head, _taker_rows(parts, zone, language), language)
    return CsvFile(content, f"takers-{found.begins_at:%Y-%m-%d}.csv", language)


def _taker_rows(parts: list[ReportedPeriod], zone: ZoneInfo, language: str) -> Iterator[list[Cell]]:
    for part in parts:
        span: list[Cell] = [
            files.moment(f"{at.astimezone(zone):%Y-%m-%d %H:%M}", language)
            for at in (part.begins_at, part.ends_at)
        ]
        for one in part.takers:
            numbers = (files.number(getattr(one, name), language) for name in _TAKERS)
            yield [*span, files.text(one.company_name), *numbers]


async def statement_file(
    tx: Tx, m: UUID, month: str | None, company: UUID | None, language: str
) -> CsvFile:
    """The statement as CSV: entries in their order, then a total for each taker and currency."""
    found = await queries.whole_statement(tx, m, month, company)
    content = files.as_csv(_HEAD[language], _rows(found, language), language)
    return CsvFile(content, f"statement-{found.month}.csv", language)


def _rows(found: StatementRow, language: str) -> Iterator[list[Cell]]:
    words = _WORDS[language]
    for one in found.items:
        yield [
            files.moment(one.day, language),
            words[one.kind],
            words[one.reason],
            files.text(one.company_name),
            str(one.lead_id),
            str(one.engagement_id),
            files.moment(one.charged_day, language),
            files.amount(one.amount_cents, language),
            one.currency,
        ]
    for total in found.totals:
        balance = files.amount(total.balance_cents, language)
        name = files.text(total.company_name)
        yield ["", words["total"], "", name, "", "", "", balance, total.currency]
