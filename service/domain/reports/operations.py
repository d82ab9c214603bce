"""Statements as files."""

from collections.abc import Iterator
from uuid import UUID

from service.database.transaction import Tx
from service.domain.reports import files, queries
from service.domain.reports.files import Cell
from service.domain.reports.queries import StatementRow
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
