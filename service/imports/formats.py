"""The closed list of formats that are known without a mapping file, each a description and no code.

A format is recognised by its header alone: of each group in `recognised_by` one header must be
there. Headers are compared by `header_key`, so `E-Mail-Adresse`, `e-mail-adresse` and
`E_Mail_Adresse` are one. Columns that no description names are questions of the form: they become
answers, under the header they have in the file.
"""

import re
import unicodedata
from collections.abc import Iterable
from typing import Final, Literal

import msgspec

Field = Literal[
    "external_ref", "salutation", "first_name", "last_name", "name", "company", "email", "phone",
    "street", "house_number", "postcode", "city", "country", "interest", "tags", "consent",
    "is_test", "context", "ignored",
]  # fmt: skip


def header_key(header: str) -> str:
    """Return what two headers must share to be the same: case, hyphens, underscores and outer marks
    do not count.
    """
    text = unicodedata.normalize("NFC", header).casefold()
    return re.sub(r"[\s_\-‐‑–]+", " ", text).strip(" :*.\"'\ufeff")


def _keys(*headers: str) -> frozenset[str]:
    return frozenset(header_key(header) for header in headers)


def _columns(field: Field, *headers: str) -> dict[str, Field]:
    return {header_key(header): field for header in headers}


class Format(msgspec.Struct, frozen=True, kw_only=True):
    """How to read one kind of file. A mapping file is turned into one of these, too."""

    slug: str
    title: str
    recognised_by: tuple[frozenset[str], ...] = ()
    columns: dict[str, Field]  #: header key -> field
    joined: frozenset[Field] = (
        frozenset()
    )  #: fields whose columns are joined instead of the first one taken
    interest_hints: tuple[
        str, ...
    ] = ()  #: a question whose header has one of these asks for the interest
    interest_fallbacks: tuple[
        str, ...
    ] = ()  #: header keys that tell it when no question and no constant does
    prefix: str = ""  #: regular expression of a type prefix that ids, phones and postcodes carry
    underscored: bool = False  #: answers come with underscores for spaces
    id_length: int | None = None  #: only so many characters of the id are significant
    footer: tuple[str, ...] = ()  #: words that tell a footer of a report from a row
    constants: dict[str, str] = {}
    consent_yes: frozenset[str] = frozenset()

    def matches(self, headers: Iterable[str]) -> bool:
        """Tell whether a row of cells is this format's header."""
        found = {header_key(header) for header in headers}
        return bool(self.recognised_by) and all(group & found for group in self.recognised_by)


#: Headers that mean the same wherever they stand.
PERSON: Final[dict[str, Field]] = {
    **_columns("salutation", "Anrede", "Salutation"),
    **_columns("first_name", "First Name", "Vorname", "Given Name"),
    **_columns("last_name", "Last Name", "Nachname", "Family Name", "Surname"),
    **_columns("name", "Full Name", "Name", "Vollständiger Name", "Vollstaendiger Name",
        "Vor- und Nachname"),
    **_columns("company", "Company", "Company Name", "Firma", "Unternehmen", "Firmenname",
        "Name des Unternehmens"),
    **_columns("email", "E-Mail", "Email", "E-Mail-Adresse", "Email Address", "Mail",
        "User Email", "Work Email"),
    **_columns("phone", "Phone", "Phone Number", "Telefon", "Telefonnummer", "User Phone",
        "Mobile", "Mobil", "Handy"),
    **_columns("phone", "Mobile Phone Number", "Mobile Phone", "Mobiltelefonnummer", "Work Phone",
        "Tel"),
    **_columns("street", "Street", "Straße", "Street Address", "Adresse", "Address",
        "Straße und Hausnummer"),
    **_columns("house_number", "Hausnummer", "Hausnr.", "Hausnr", "House Number"),
    **_columns("postcode", "PLZ", "Postleitzahl", "Postcode", "Post Code", "Postal Code", "Zip",
        "Zip Code"),
    **_columns("postcode", "Zip/Postal Code"),
    **_columns("city", "City", "Stadt", "Ort", "Wohnort", "Stadt/Ort"),
    **_columns("country", "Country", "Land", "Country/Region", "Land/Region"),
    **_columns("interest", "Anliegen", "Interesse", "Interest", "Product Interest",
        "Produktinteresse"),
    **_columns("tags", "Tags", "Schlagworte"),
    # Only headers that can mean nothing but passing the data on; a newsletter's opt-in is not that
    # consent.
    **_columns("consent", "Einwilligung", "Einwilligung Weitergabe", "Einwilligung zur Weitergabe"),
    **_columns("consent", "Consent to share", "Distribution permission"),
}  # fmt: skip

META: Final = Format(
    slug="meta-lead-ads",
    title="Meta lead ads",
    recognised_by=(
        _keys("id"),
        _keys("created_time"),
        _keys("form_id", "form_name"),
        _keys("is_organic", "platform"),
    ),
    columns={
        **PERSON,
        **_columns("external_ref", "id"),
        **_columns(
            "context", "created_time", "ad_id", "ad_name", "adset_id", "adset_name", "campaign_id"
        ),
        **_columns(
            "context",
            "campaign_name",
            "form_id",
            "form_name",
            "is_organic",
            "platform",
            "lead_status",
        ),
    },
    interest_hints=(
        "interess",
        "interest",
        "anliegen",
        "welche anlage",
        "welche leistung",
        "looking for",
        "suchen",
    ),
    interest_fallbacks=("form name", "campaign name"),
    prefix=r"(?:l|ag|as|c|f|p|z):",
    underscored=True,
)

GOOGLE: Final = Format(
    slug="google-ads",
    title="Google Ads lead form",
    recognised_by=(
        _keys("Lead ID"),
        _keys(
            "GCLID",
            "GCL ID",
            "Google Click ID",
            "Google Click ID (GCLID)",
            "Form ID",
            "Lead form ID",
        ),
        _keys(
            "User Email",
            "Email",
            "E-Mail",
            "User Phone",
            "Phone Number",
            "Work Email",
            "Telefonnummer",
        ),
    ),
    columns={
        **PERSON,
        **_columns("external_ref", "Lead ID"),
        **_columns(
            "context", "GCLID", "GCL ID", "Google Click ID", "Google Click ID (GCLID)", "Form ID"
        ),
        **_columns(
            "context",
            "Lead form ID",
            "Lead form name",
            "Form name",
            "Campaign ID",
            "Campaign",
            "Campaign name",
        ),
        **_columns(
            "context",
            "Ad group ID",
            "Adgroup ID",
            "Ad group",
            "Creative ID",
            "Asset group ID",
            "Asset ID",
        ),
        **_columns(
            "context",
            "Lead submit time",
            "Submission date",
            "Submission time",
            "Date",
            "Lead stage",
        ),
        **_columns("context", "Lead Source", "API version"),
        **_columns("is_test", "Is Test", "Test lead"),
    },
    interest_hints=(
        "interess",
        "interest",
        "anliegen",
        "which service",
        "which product",
        "looking for",
    ),
    interest_fallbacks=("lead form name", "form name", "campaign name", "campaign"),
)

SALESFORCE: Final = Format(
    slug="salesforce-leads",
    title="Salesforce lead report",
    recognised_by=(
        _keys("Company / Account", "Company/Account", "Firma/Account"),
        _keys("Last Name", "Nachname"),
        _keys("Lead ID", "Lead Source", "Lead Status", "Lead Owner", "Lead-ID", "Leadquelle"),
    ),
    columns={
        **PERSON,
        **_columns("external_ref", "Lead ID", "Lead-ID"),
        **_columns("company", "Company / Account", "Company/Account", "Firma/Account"),
        **_columns("interest", "Description", "Beschreibung"),
        **_columns(
            "context",
            "Lead Source",
            "Lead Status",
            "Lead Owner",
            "Create Date",
            "Rating",
            "Leadquelle",
        ),
    },
    id_length=15,  # the 18-character form only adds a checksum
    footer=(
        "salesforce.com",
        "salesforce, inc",
        "confidential information",
        "generated by",
        "vertrauliche inform",
    ),
)

HUBSPOT: Final = Format(
    slug="hubspot-contacts",
    title="HubSpot contacts",
    recognised_by=(
        _keys("Record ID", "Record ID - Contact", "Contact ID", "Datensatz-ID"),
        _keys("Email", "E-Mail", "E-Mail-Adresse"),
        _keys("Lead Status", "Lead-Status", "Lifecycle Stage", "Lifecycle-Phase", "Contact owner",
            "Create Date",
              "Marketing contact status", "Last Activity Date", "Original Source"),
    ),
    columns={
        **PERSON,
        **_columns("external_ref", "Record ID", "Record ID - Contact", "Contact ID",
            "Datensatz-ID"),
        **_columns("company", "Associated Company"),
        **_columns("context", "Lead Status", "Lead-Status", "Lifecycle Stage", "Lifecycle-Phase",
            "Contact owner"),
        **_columns("context", "Create Date", "Last Activity Date", "Last Modified Date",
            "Marketing contact status"),
        **_columns("context", "Original Source", "Original Traffic Source",
            "Associated Company IDs"),
    },
    interest_hints=("interess", "interest"),
)  # fmt: skip

GERMAN: Final = Format(
    slug="deutsch",
    title="Deutsche CSV (Vorname; Nachname; PLZ; Ort; Telefon; E-Mail; Anliegen)",
    recognised_by=(
        _keys("Nachname", "Name", "Vollständiger Name"),
        _keys("E-Mail", "Email", "E-Mail-Adresse", "Telefon", "Telefonnummer", "Mobil"),
        _keys("PLZ", "Postleitzahl"),
    ),
    columns={
        **PERSON,
        # A spreadsheet's running number is no id: the next file begins at 1 again, and its leads
        # would be lost.
        **_columns("context", "Nr.", "Lfd. Nr.", "Lead-Nr.", "Leadnummer", "Lead-ID"),
        **_columns("context", "Eingang", "Eingangsdatum", "Quelle", "Datum"),
    },
    interest_hints=("interess", "anliegen"),
)

#: In the order in which they are tried: the most particular header first.
FORMATS: Final[tuple[Format, ...]] = (META, SALESFORCE, GOOGLE, HUBSPOT, GERMAN)


def recognise(headers: Iterable[str]) -> Format | None:
    """Return the format whose header this is, or None."""
    found = list(headers)
    return next((known for known in FORMATS if known.matches(found)), None)
