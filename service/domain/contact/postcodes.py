"""Postcodes in their country's form, with the city that is sometimes written behind them."""

import re
from typing import Final, NamedTuple

from service.domain.contact.countries import country_of
from service.domain.contact.reading import one_line, simple

#: What a postcode of a country looks like, without spaces and hyphens.
_FORMS: Final[dict[str, re.Pattern[str]]] = {
    # Areas that exist: none begins with 00 or 05, the lowest is Dresden's.
    **{code: re.compile(form) for code, form in {
        "DE": r"(?!00|05|010[0-5]|0106[0-6])[0-9]{5}",
        "AT": r"[1-9][0-9]{3}",
        "CH": r"[1-9][0-9]{3}",
        "LI": r"94[89][0-9]",
        "NL": r"[1-9][0-9]{3}[A-Z]{2}",
        "PT": r"[1-9][0-9]{3}(?:[0-9]{3})?",
        "GB": r"[A-Z]{1,2}[0-9][A-Z0-9]?[0-9][A-Z]{2}",
        "IE": r"[A-Z][0-9][0-9W][A-Z0-9]{4}",
        "US": r"[0-9]{5}(?:[0-9]{4})?",
    }.items()},
    **{code: re.compile(r"[1-9][0-9]{3}") for code in ("BE", "BG", "DK", "HU", "LU", "SI")},
    **{code: re.compile(r"[0-9]{4}") for code in ("NO",)},
    **{code: re.compile(r"[0-9]{5}") for code in ("ES", "FI", "FR", "HR", "IT", "TR", "UA")},
    **{code: re.compile(r"[0-9]{5}") for code in ("CZ", "GR", "PL", "SE", "SK")},
    "RO": re.compile(r"[0-9]{6}"),
}  # fmt: skip
#: Where the parts of a postcode stand apart: how many characters from which end, and by what.
_APART: Final[dict[str, tuple[int, str]]] = {
    "NL": (4, " "), "GB": (-3, " "), "IE": (3, " "), "PL": (2, "-"), "PT": (4, "-"), "US": (5, "-"),
    "CZ": (3, " "), "GR": (3, " "), "SE": (3, " "), "SK": (3, " "),
}  # fmt: skip
_UNKNOWN_FORM: Final = re.compile(r"(?=.*[0-9])[A-Z0-9][A-Z0-9 -]{1,10}")
_PREFIX: Final = re.compile(
    r"(D|DE|A|AT|CH|FL|LI|L|LU|B|BE|F|FR|I|IT|NL|DK|PL|CZ|E|ES)[ -]*(?=[0-9])"
)
_NUMBER: Final = re.compile(r"[0-9]{1,3}(?:[.,][0-9]{3})+(?:[.,]0{1,2})?|[0-9]{3,6}[.,]0{1,6}")
_DECIMALS: Final = re.compile(r"[.,]0{1,2}$|(?<=[0-9]{4})[.,]0+$")
_LABEL: Final = re.compile(r"(?:PLZ|POSTLEITZAHL|ZIP|POSTCODE)[:. ]*", re.IGNORECASE)
_CITY: Final = re.compile(r"(?=.*[^\W\d_]{2})(?!.*[0-9]{3}).{2,100}")
#: Countries whose postcodes have four digits, as German ones have that lost their zero.
FOUR_DIGITS: Final = frozenset({"AT", "BE", "BG", "CH", "DK", "HU", "LI", "LU", "NO", "SI"})


class Place(NamedTuple):
    """A postcode (or None), and what the text says besides; `code` as in `Reading`."""

    value: str | None
    code: str | None = None
    keep: bool = False
    city: str | None = None  #: what is written behind the postcode
    country: str | None = None  #: what a letter before it says


def read_postcode(text: str, country: str | None, *, four_digits: bool = False) -> Place:
    """Return the postcode of `text` in the form of `country`; None: German, unless a letter before
    it names another country.

    `four_digits`: something says that the person may live where postcodes have four digits, so that
    a German one that lost its zero is not sure. Codes: postcode-invalid, postcode-ambiguous
    (without a value); postcode-padded, postcode-cleaned, city-from-postcode.
    """
    if country in (None, "DE") and len(text) == 5 and text.isdecimal() and text.isascii():
        valid = _FORMS["DE"].fullmatch(text) is not None
        return Place(text) if valid else Place(None, "postcode-invalid", keep=True)
    text = re.sub(r"[()\[\]]|(?<=[0-9])[-–—](?=[^\W\d_]{2})", " ", simple(text))
    text = _LABEL.sub("", one_line(text), count=1)
    if not text:
        return Place(None)
    digits = text
    if _NUMBER.fullmatch(text):
        digits = re.sub(
            r"[.,](?=[0-9]{3})",
            "",
            re.sub(r"(?<=[0-9]{3})[.,](?:0{1,2}|0{4,6}|(?<=[0-9]{4}.)000)$", "", text),
        )
    found = _PREFIX.match(digits.upper())
    named = country_of(found[1]) if found else None
    if country is not None and named != country:
        named = None  # another country's letter, or a British area: no prefix
    start = found.end() if found and named else 0
    value, padded, city = _with_city(digits[start:], named or country or "DE")
    if value is None or (padded and four_digits):
        ambiguous = country is None and named is None and re.fullmatch(r"[1-9][0-9]{3}", digits)
        return Place(None, "postcode-ambiguous" if ambiguous else "postcode-invalid", keep=True)
    code = "city-from-postcode" if city else "postcode-cleaned" if digits != text else None
    return Place(value, "postcode-padded" if padded else code, city=city, country=named)


def _with_city(text: str, country: str) -> tuple[str | None, bool, str | None]:
    """The postcode of `text`, whether a zero was put back, and the city behind or before it."""
    words = [word for word in re.split(r"[\s,;/]+", text) if word]
    for size in range(len(words), 0, -1):
        for some, others in (
            (words[:size], words[size:]),
            (words[-size:], words[:-size]),
        ):
            value, padded = _formed(" ".join(some), country)
            city = " ".join(others).strip(" -–—")
            if value is not None and (not city or _CITY.fullmatch(city)):
                return value, padded, city or None
    return None, False, None


def _formed(text: str, country: str) -> tuple[str | None, bool]:
    """The postcode in its form, or None; and whether a leading zero was put back (DE only)."""
    form = _FORMS.get(country)
    if form is None:
        text = one_line(text).upper()
        return (text if _UNKNOWN_FORM.fullmatch(text) else None), False
    text = re.sub(r"[\s-]", "", text).upper()
    padded = country == "DE" and re.fullmatch(r"[1-9][0-9]{3}", text) is not None
    text = text.zfill(5) if padded else text
    if form.fullmatch(text) is None:
        return None, False
    at, sign = _APART.get(country, (0, ""))
    return (text[:at] + sign + text[at:] if at and text[at:] else text), padded
