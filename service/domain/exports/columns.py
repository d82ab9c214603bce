"""Which columns a file may have: a key of the rows of its list, nested ones with a point, and its
head by language. Their order here is that of the file."""

import re
from collections.abc import Mapping

from service.vocabulary import whole

Columns = Mapping[str, tuple[str, str]]

LEADS: Columns = {
    "id": ("Lead", "Lead"),
    "marketplace_id": ("Marktplatz", "Marketplace"),
    "state": ("Zustand", "State"),
    "received_at": ("Eingegangen (UTC)", "Received (UTC)"),
    "interest": ("Anliegen", "Interest"),
    "postcode_area": ("PLZ-Gebiet", "Postcode area"),
    "tags": ("Merkmale", "Tags"),
    "source": ("Quelle", "Source"),
    "external_ref": ("Referenz", "Reference"),
    "distribution_permission": ("Einwilligung", "Permission"),
    "prospect.salutation": ("Anrede", "Salutation"),
    "prospect.name": ("Name", "Name"),
    "prospect.company": ("Firma des Interessenten", "Prospect's company"),
    "prospect.email": ("E-Mail", "E-mail"),
    "prospect.phone": ("Telefon", "Phone"),
    "prospect.street": ("Straße", "Street"),
    "prospect.postcode": ("PLZ", "Postcode"),
    "prospect.city": ("Ort", "City"),
    "prospect.country": ("Land", "Country"),
    "prospect.answers": ("Angaben", "Answers"),
    "operator_name": ("Betreiber", "Operator"),
    "giver_name": ("Leadgeber", "Giver"),
    "engaged_company_name": ("Leadnehmer", "Taker"),
    "engagement.state": ("Beauftragung", "Engagement"),
    "engagement.step": ("Schritt", "Step"),
    "engagement.handler_name": ("Bearbeiter", "Handler"),
    "engagement.started_at": ("Begonnen (UTC)", "Begun (UTC)"),
    "engagement.closed_at": ("Abgeschlossen (UTC)", "Closed (UTC)"),
    "engagement.value": ("Wert", "Value"),
    "rejection_reason": ("Grund der Ablehnung", "Reason of the rejection"),
    "created_at": ("Angelegt (UTC)", "Created (UTC)"),
    "submitted_at": ("Eingereicht (UTC)", "Submitted (UTC)"),
    "changed_at": ("Geändert (UTC)", "Changed (UTC)"),
}
OFFERS: Columns = {
    "id": ("Angebot", "Offer"),
    "marketplace_id": ("Marktplatz-Nr.", "Marketplace id"),
    "marketplace_name": ("Marktplatz", "Marketplace"),
    "lead_id": ("Lead", "Lead"),
    "company_name": ("Leadnehmer", "Taker"),
    "state": ("Zustand", "State"),
    "wave": ("Welle", "Wave"),
    "teaser.interest": ("Anliegen", "Interest"),
    "teaser.postcode_area": ("PLZ-Gebiet", "Postcode area"),
    "teaser.tags": ("Merkmale", "Tags"),
    "opened_at": ("Angeboten (UTC)", "Offered (UTC)"),
    "expires_at": ("Endet (UTC)", "Ends (UTC)"),
    "answered_at": ("Beantwortet (UTC)", "Answered (UTC)"),
    "answered_by": ("Beantwortet von", "Answered by"),
    "decline_reason": ("Grund", "Reason"),
    "placed_before": ("Schon vergeben", "Placed before"),
    "price.amount_cents": ("Preis (Hundertstel)", "Price (hundredths)"),
    "price.currency": ("Währung", "Currency"),
}
STATEMENT: Columns = {
    "posted_at": ("Datum (UTC)", "Date (UTC)"),
    "kind": ("Art", "Kind"),
    "reason": ("Grund", "Reason"),
    "company_id": ("Firma-Nr.", "Company id"),
    "company_name": ("Firma", "Company"),
    "lead_id": ("Lead", "Lead"),
    "engagement_id": ("Beauftragung", "Engagement"),
    "charged_at": ("Berechnet am (UTC)", "Charged on (UTC)"),
    "amount_cents": ("Betrag (Hundertstel)", "Amount (hundredths)"),
    "currency": ("Währung", "Currency"),
}
_PERSON = "prospect."


def pattern(known: Columns) -> str:
    """How a request names columns of a list, with commas between them."""
    one = "|".join(map(re.escape, known))
    return whole(f"(?:{one})(?:,(?:{one}))*")


def chosen(known: Columns, asked: str | None) -> list[str]:
    """Which were asked for, each once, in the order of the request; all where none was named."""
    return list(known) if asked is None else list(dict.fromkeys(asked.split(",")))


def personal(names: list[str]) -> list[str]:
    """Fields of the person behind a lead among them, as the ledger names them."""
    return sorted(name.removeprefix(_PERSON) for name in names if name.startswith(_PERSON))
