"""Headers that mean the same wherever they stand, and how two headers are found to be the same."""

import re
import unicodedata
from typing import Final, Literal

Field = Literal[
    "external_ref", "salutation", "first_name", "last_name", "name", "company", "email", "phone",
    "street", "house_number", "postcode", "city", "country", "interest", "tags", "consent",
    "received_at", "is_test", "context", "ignored",
]  # fmt: skip


def header_key(header: str) -> str:
    """Return what two headers must share to be the same: case, hyphens, underscores and outer marks
    do not count.
    """
    text = unicodedata.normalize("NFC", header).casefold()
    return re.sub(r"[\s_\-‐‑–]+", " ", text).strip(" :*.?!\"'\ufeff")


def loose_key(header: str) -> str:
    """The same without what stands in brackets, and with slashes that stand alone:
    `E-Mail (privat)` is an `E-Mail`, `PLZ / Ort` a `PLZ/Ort`.
    """
    key = re.sub(r"\([^)]*\)|\[[^\]]*\]", " ", header_key(header))
    key = re.sub(r"\s*([/,+&])\s*", r"\1", key)
    return re.sub(r"[\s.]+", " ", key).strip(" :*.?!")


def keys(*headers: str) -> frozenset[str]:
    """The keys of these headers."""
    return frozenset(header_key(header) for header in headers)


def columns(field: Field, *headers: str) -> dict[str, Field]:
    """These headers, by key, for one field."""
    return {header_key(header): field for header in headers}


def _listed(field: Field, headers: str) -> dict[str, Field]:
    return columns(field, *headers.split("|"))


#: Headers that can only be German, and so tell a German list from an English one.
GERMAN_HEADERS: Final = keys(
    "PLZ", "Postleitzahl", "Ort", "Wohnort", "Stadt", "Straße", "Hausnummer", "Adresse", "Anrede",
    "Vorname", "Nachname", "Vor- und Nachname", "Vollständiger Name", "Ansprechpartner", "Firma",
    "Telefon", "Telefonnummer", "Telefon-Nr", "Mobil", "Handy", "Festnetz", "Rufnummer",
    "E-Mail-Adresse", "Anliegen", "Interesse", "Einwilligung", "Datum", "Eingang", "Land",
    "PLZ/Ort", "Betreff", "Nachricht", "Bemerkung", "Unternehmen",
)  # fmt: skip

PERSON: Final[dict[str, Field]] = {
    **_listed("salutation", "Anrede|Salutation"),
    **_listed("first_name", "First Name|Vorname|Given Name|Forename|Firstname"),
    **_listed("last_name", "Last Name|Nachname|Family Name|Surname|Familienname|Lastname"),
    **_listed("name", "Full Name|Name|Vollständiger Name|Vollstaendiger Name|Vor- und Nachname"
        "|Vorname Nachname|Vorname und Nachname|Vor-/Nachname|Ansprechpartner|Ansprechpartnerin"
        "|Kontaktperson|Kontakt|Interessent|Interessentin|Kunde|Kundin|Kundenname|Contact Name"
        "|Contact Person|Contact|Customer Name|Lead Name|Your Name|Fullname"),
    **_listed("company", "Company|Company Name|Firma|Unternehmen|Firmenname|Name des Unternehmens"
        "|Organisation|Organization|Organization Name|Business Name|Betrieb"),
    **_listed("email", "E-Mail|Email|E-Mail-Adresse|E-Mailadresse|Emailadresse|Mailadresse"
        "|Mail-Adresse|Email Address|E-mail Address|Mail|User Email|Work Email|Business Email"
        "|Personal Email|E-Mail privat|E-Mail 1|Email 1|E-Mail 2|Email 2|Kontakt E-Mail"),
    **_listed("phone", "Phone|Phone Number|Telefon|Telefonnummer|User Phone|Mobile|Mobil|Handy"
        "|Mobile Phone Number|Mobile Phone|Mobiltelefonnummer|Work Phone|Tel|Tel Nr|Tel.-Nr"
        "|Telefon-Nr|Telefonnr|Telefon Nummer|Telefon privat|Telefon mobil|Telefon 1|Telefon 2"
        "|Rufnummer|Handynummer|Handy-Nr|Handynr|Mobilnummer|Mobiltelefon|Mobilfunk|Mobil-Nr"
        "|Festnetz|Festnetznummer|Telephone|Telephone Number|Phone No|Phone 1|Phone 2|Cell"
        "|Cell Phone|Mobile Number|Contact Number|Home Phone|Business Phone|Primary Phone"
        "|Secondary Phone|Secondary Phone Number|WhatsApp Number|WhatsApp"),
    **_listed("street", "Street|Straße|Strasse|Street Address|Adresse|Address|Anschrift"
        "|Straße und Hausnummer|Straße/Hausnummer|Straße, Hausnummer|Straße Nr|Straße/Nr"
        "|Straße + Hausnummer|Straße & Hausnummer|Address 1|Address Line 1|Street Name"),
    **_listed("house_number", "Hausnummer|Hausnr|Haus-Nr|House Number"),
    # What stands beside the postcode is found to be the city.
    **_listed("postcode", "PLZ|Postleitzahl|Postcode|Post Code|Postal Code|Zip|Zip Code|Zipcode"
        "|Zip/Postal Code|Postal/Zip Code|PLZ/Ort|PLZ Ort|PLZ, Ort|PLZ und Ort|PLZ + Ort|PLZ & Ort"
        "|Postleitzahl/Ort|Postleitzahl und Ort|Postleitzahl, Ort|Ort/PLZ|PLZ/Wohnort|PLZ/Stadt"
        "|Zip/City|Postcode/City|Postcode and City|City/Zip"),
    **_listed("city", "City|Stadt|Ort|Wohnort|Stadt/Ort|Town|City/Town"),
    **_listed("country", "Country|Land|Country/Region|Land/Region"),
    **_listed("interest", "Anliegen|Interesse|Interest|Product Interest|Produktinteresse"
        "|Interested in|Interessiert an|Gewünschte Leistung|Leistung|Produkt|Vorhaben|Projekt"
        "|Service|Product|Request|Inquiry|Enquiry|Thema|Topic|Betreff|Subject|Anfrage"),
    **_listed("tags", "Tags|Schlagworte"),
    # Only headers that can mean nothing but passing the data on; a newsletter's opt-in is not that
    # consent.
    **_listed("consent", "Einwilligung|Einwilligung Weitergabe|Einwilligung zur Weitergabe"
        "|Einwilligung Datenweitergabe|Einwilligung zur Datenweitergabe|Weitergabe erlaubt"
        "|Consent to share|Distribution permission|Consent to pass on"),
}  # fmt: skip

#: Headers of lists that tell when somebody asked; tools name theirs in their own descriptions.
RECEIVED: Final[dict[str, Field]] = _listed(
    "received_at",
    "Eingang|Eingangsdatum|Eingang am|Eingegangen|Eingegangen am|Datum|Datum der Anfrage"
    "|Anfragedatum|Anfrage vom|Erstellt|Erstellt am|Erstellungsdatum|Angelegt am|Zeitstempel"
    "|Zeitpunkt|Timestamp|Created|Created at|Created on|Created time|Creation date|Create date|Date"
    "|Date received|Received|Received at|Received on|Submitted|Submitted at|Submission date"
    "|Submission time|Date submitted|Lead date|Date added|Add time",
)
#: What tells the interest when no column of its own does: not meant to be a title.
FALLBACKS: Final = ("nachricht", "message", "bemerkung", "bemerkungen", "kommentar", "comments")
