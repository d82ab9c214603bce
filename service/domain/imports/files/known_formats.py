"""The closed list of formats that are known without a mapping file, lists of people last."""

from collections.abc import Iterable
from typing import Final

from service.domain.imports.files.ad_formats import GOOGLE, LINKEDIN, META, META_CENTRE, TIKTOK
from service.domain.imports.files.crm_formats import GOOGLE_CONTACTS, HUBSPOT, PIPEDRIVE, SALESFORCE
from service.domain.imports.files.formats import Format
from service.domain.imports.files.headers import (
    FALLBACKS,
    GERMAN_HEADERS,
    PERSON,
    RECEIVED,
    columns,
)

_NAMES: Final = frozenset(
    key for key, field in PERSON.items() if field in ("name", "first_name", "last_name")
)
_WAYS: Final = frozenset(key for key, field in PERSON.items() if field in ("email", "phone"))
GERMAN: Final = Format(
    slug="deutsch",
    title="Deutsche Liste (Name, E-Mail oder Telefon, PLZ, Ort, Anliegen)",
    recognised_by=(_NAMES, _WAYS, GERMAN_HEADERS),
    columns={
        **RECEIVED,
        **PERSON,
        # A spreadsheet's running number is no id: the next file begins at 1 again, and its leads
        # would be lost.
        **columns("context", "Nr.", "Lfd. Nr.", "Lead-Nr.", "Leadnummer", "Lead-ID"),
        **columns("context", "Quelle"),
    },
    interest_hints=("interess", "anliegen"),
    interest_fallbacks=FALLBACKS,
    loose=True,
)

PLAIN: Final = Format(
    slug="plain-list",
    title="Plain list (First Name, Last Name, Email, Phone, Zip Code, City, Interest)",
    recognised_by=(_NAMES, _WAYS),
    columns={
        **RECEIVED,
        **PERSON,
        **columns("context", "No.", "Row", "Lead ID", "ID", "Source", "Lead Source"),
    },
    interest_hints=("interest", "looking for"),
    interest_fallbacks=FALLBACKS,
    loose=True,
)

#: In the order in which they are tried: the most particular header first.
FORMATS: Final[tuple[Format, ...]] = (
    META, META_CENTRE, TIKTOK, SALESFORCE, GOOGLE, HUBSPOT, LINKEDIN, PIPEDRIVE, GOOGLE_CONTACTS,
    GERMAN, PLAIN,
)  # fmt: skip


def recognise(headers: Iterable[str]) -> Format | None:
    """Return the format whose header this is, or None."""
    found = list(headers)
    return next((known for known in FORMATS if known.matches(found)), None)
