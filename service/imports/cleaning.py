"""Cell by cell: text as people type it and tools export it, made into values.

Control and bidirectional characters are *removed with a remark* rather than refused: here nobody
sits in front of a form, and a lead should not be lost to a stray character of a tool. Formula
characters (`=`, `+`, `-`, `@`) at the beginning stay: they are data; the export puts its prefix
before them.
"""

import re
import unicodedata
from typing import Final

import phonenumbers
from email_validator import EmailNotValidError, validate_email

from service.imports.limits import MAX_INTEREST

_NEWLINES: Final = re.compile(r"\r\n?|[\x85\u2028\u2029\x0b\x0c]")
#: C0 and C1 controls without tab and newline; marks, embeddings, overrides and isolates of
#: direction; zero-width space and byte order mark. The zero-width joiner stays: emoji are made of
#: it.
_UNWANTED: Final = re.compile(
    r"[\x00-\x08\x0e-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff\ufff9-\ufffb]"
)
_SPREADSHEET_TEXT: Final = re.compile(r"""="([^"]*)"|'(.*)""", re.DOTALL)
_EMAIL_LIKE: Final = re.compile(r"\S+@\S+")
_PHONE_LIKE: Final = re.compile(r"\+?\d(?:[\s()/.–-]{0,3}\d){6,}")
_COUNTRIES: Final[dict[str, str]] = {
    name: code
    for code, names in {
        "DE": "de d deu deutschland germany brd bundesrepublik",
        "AT": "at a aut österreich oesterreich austria",
        "CH": "ch che schweiz switzerland suisse svizzera",
        "LI": "li lie liechtenstein",
        "LU": "lu lux luxemburg luxembourg",
        "NL": "nl nld niederlande netherlands holland",
        "BE": "be bel belgien belgium",
        "FR": "fr fra frankreich france",
        "IT": "it ita italien italy",
        "DK": "dk dnk dänemark denmark",
        "PL": "pl pol polen poland",
        "CZ": "cz cze tschechien czechia",
        "GB": "gb uk gbr großbritannien",
        "US": "us usa",
    }.items()
    for name in names.casefold().split()
}
YES: Final[frozenset[str]] = frozenset(
    {"yes", "y", "ja", "j", "true", "wahr", "1", "x", "✓", "✔", "on"}
)
NO: Final[frozenset[str]] = frozenset({"", "no", "n", "nein", "false", "falsch", "0", "-", "off"})


def plain(text: str) -> tuple[str, bool]:
    """Return `text` as NFC, without unwanted characters and outer space, newlines as LF; and
    whether any went.
    """
    text, removed = _UNWANTED.subn("", _NEWLINES.sub("\n", text))
    return unicodedata.normalize("NFC", text).strip(), removed > 0


def one_line(text: str) -> str:
    """Collapse every run of white space, no-break spaces and newlines included, to one space."""
    return " ".join(text.split())


def unwrapped(text: str) -> str:
    """Take off what keeps spreadsheets from eating leading zeros: `="01067"` and `'01067`."""
    found = _SPREADSHEET_TEXT.fullmatch(text)
    return (found[1] if found[1] is not None else found[2]).strip() if found else text


def email_of(text: str) -> str | None:
    """Return a valid address with its domain in lower case, or None. Asks no name server."""
    try:
        return validate_email(text.removeprefix("mailto:"), check_deliverability=False).normalized
    except (EmailNotValidError, ValueError):
        return None


def phone_of(text: str, region: str) -> str | None:
    """Return a valid number without extension as E.164, read as dialled in `region`; or None."""
    if len(text) > 50:
        return None
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        return None
    if number.extension or not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def postcode_of(text: str, country: str | None) -> tuple[str | None, bool]:
    """Return a well-formed postcode, or None; and whether a leading zero was put back (DE only:
    `1067` is Dresden).
    """
    text = one_line(text).upper()
    if country == "DE":
        digits = re.sub(r"^(?:DE|D)[ -]?|\s", "", text)
        padded = re.fullmatch(r"[1-9][0-9]{3}", digits) is not None
        digits = digits.zfill(5) if padded else digits
        valid = re.fullmatch(r"[0-9]{5}", digits) is not None and digits > "01000"
        return (digits, padded) if valid else (None, False)
    return (text if re.fullmatch(r"[A-Z0-9][A-Z0-9 -]{1,10}", text) else None), False


def country_of(text: str) -> str | None:
    """Return the ISO code of a country that is written as code or name, or None when it is not
    known here.
    """
    return _COUNTRIES.get(text.casefold().strip(" ."))


def consent_of(text: str, more_yes: frozenset[str] = frozenset()) -> bool | None:
    """Return what a consent column says: True, False (also when empty), or None for neither."""
    word = one_line(text).casefold()
    if word in more_yes:
        return True
    if more_yes:  # whoever says what yes means has said that all else is not
        return False
    return True if word in YES else False if word in NO else None


def teaser_of(text: str) -> tuple[str, bool]:
    """Return what may be shown of an interest before the pick, and whether that is less than
    `text`.

    The first line, without e-mail addresses and phone numbers, at most `MAX_INTEREST` characters.
    """
    first, _, rest = text.partition("\n")
    shown = one_line(_PHONE_LIKE.sub("…", _EMAIL_LIKE.sub("…", first)))
    less = bool(rest.strip()) or shown != one_line(first)
    if len(shown) > MAX_INTEREST:
        shown, less = shown[: MAX_INTEREST - 1].rstrip() + "…", True
    return shown, less
