"""A mapping to begin with, for a file whose header no format has: made of what was recognised.

Whole headers are known from `headers.PERSON`; else a word within one tells what it is likely to be.
It is an offer for a person to correct, so a likely guess is better here than none; nothing is read
by it before it comes back.
"""

import re
from typing import Final

from service.domain.imports.files.headers import PERSON, RECEIVED, Field, header_key, loose_key

#: Parts of headers, the most particular first.
_PARTS: Final[tuple[tuple[Field, str], ...]] = (
    ("email", "mail"),
    ("phone", "telef phone mobil handy rufn tel"),
    ("postcode", "plz postleit zip postal postcode"),
    ("first_name", "vorname first given"),
    ("last_name", "nachname familienn last surname"),
    ("consent", "einwillig consent weitergabe weitergeg permission"),
    ("company", "firma company unternehm organi betrieb"),
    ("interest", "anliegen interes betreff thema produkt product leistung wunsch wünsch"),
    ("interest", "projekt topic subject service anfrage"),
    ("street", "stra street adress anschrift hausn"),
    ("city", "wohnort stadt city town ort"),
    ("country", "land country"),
    ("received_at", "eingang datum date zeit time created erstellt"),
    ("salutation", "anrede"),
    ("name", "ansprechp kontakt contact kunde customer interessent name wer"),
)
_HINTS: Final = tuple((part, field) for field, parts in _PARTS for part in parts.split())
#: Fields that take several columns: the first sure contact counts, streets are joined.
_SEVERAL: Final = frozenset({"email", "phone", "street"})
_ORDER: Final[tuple[Field, ...]] = (
    "salutation", "first_name", "last_name", "name", "company", "email", "phone", "street",
    "postcode", "city", "country", "interest", "received_at",
)  # fmt: skip


def offered_mapping(headers: list[str]) -> str | None:
    """Return a mapping file (TOML) for these headers; None when not a single one says anything."""
    found: dict[Field, list[str]] = {}
    rest: list[str] = []
    for header in {header_key(header): header for header in headers}.values():
        field = _field_of(header)
        if field and (field not in found or field in _SEVERAL):
            found.setdefault(field, []).append(header)
        else:
            rest.append(header)
    if "name" in found and ("first_name" in found or "last_name" in found):
        rest += found.pop("name")
    if not found:
        return None
    lines = ['name = "my-source"', "", "[columns]"]
    lines += [f"{field} = {_value(found[field])}" for field in _ORDER if field in found]
    if "interest" not in found:
        lines += ["", "# [constants]", '# interest = "what all of them ask for"']
    lines += ["", *_consent(found.get("consent"))]
    if rest:
        lines += ["", "# These columns become answers:", *(f"#   {_quoted(name)}" for name in rest)]
    return "\n".join(lines) + "\n"


def _field_of(header: str) -> Field | None:
    known = PERSON | RECEIVED
    exact = known.get(header_key(header)) or known.get(loose_key(header))
    if exact == "house_number":
        return "street"
    if exact:
        return exact if exact in _ORDER or exact == "consent" else None
    words = header_key(header)
    return next((field for part, field in _HINTS if part in words), None)


def _value(headers: list[str]) -> str:
    quoted = [_quoted(header) for header in headers]
    return quoted[0] if len(quoted) == 1 else f"[{', '.join(quoted)}]"


def _consent(headers: list[str] | None) -> list[str]:
    """Whether a column is the consent to pass the data on, only a person can say."""
    column = _quoted(headers[0]) if headers else '"May we pass this on?"'
    return ["# [consent]", f"# column = {column}", '# yes = ["ja"]']


def _quoted(text: str) -> str:
    """As a basic string of TOML."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + re.sub(r"[\x00-\x1f\x7f]", " ", escaped) + '"'
