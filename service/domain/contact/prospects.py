"""A prospect with all that is known of it, cleaned as a whole: values lean on each other."""

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from service.domain.contact.emails import read_email
from service.domain.contact.phones import read_phone
from service.domain.contact.postcodes import FOUR_DIGITS, Place, read_postcode
from service.domain.contact.reading import Reading, plain
from service.domain.contact.remarks import KEPT, Noticed, remark

#: Cities that can mean nothing but a country whose postcodes have four digits.
_CITIES: Final = frozenset(
    {
        "wien", "vienna", "graz", "linz", "salzburg", "innsbruck", "klagenfurt", "villach", "wels",
        "dornbirn", "bregenz", "zürich", "zurich", "genf", "genève", "basel", "bern", "lausanne",
        "winterthur", "luzern", "lugano", "vaduz",
    }
)  # fmt: skip
_CODES: Final = tuple(
    f"+{code}" for code in (43, 32, 359, 41, 45, 36, 423, 352, 47, 386)
)  # of postcodes.FOUR_DIGITS
#: What a prospect is dialled from and written to when nothing says otherwise.
HOME: Final = "DE"


class Cleaned(NamedTuple):
    """What became of a prospect's contact data.

    `values` has the fields that were given, each a value or None; `answers` what was written and is
    more than a value, or none; `unsure` says of the latter why (code and field as `Noticed`), for a
    door that would rather refuse.
    """

    values: dict[str, Any]
    answers: dict[str, str]
    remarks: list[Noticed]
    unsure: list[Noticed]


def dialled_in(country: str | None, postcode: str | None, city: str | None) -> str | None:
    """Return where numbers without an international prefix belong: `country` where it is known,
    else what postcode or city say; None when they say that it is not `HOME`, but not where.
    """
    if country is not None:
        return country
    place = read_postcode(postcode or "", None)
    if place.country or (place.value and place.code != "postcode-padded"):
        return place.country or HOME
    return None if _is_abroad(city) else HOME


def four_digits(country: str | None, phone: str | None, city: str | None) -> bool:
    """Whether something says that a person of no known country may have a postcode of four digits:
    a number from there, or one of its cities.
    """
    if country is not None:
        return country in FOUR_DIGITS
    return _is_abroad(city) or (phone or "").startswith(_CODES)


def _is_abroad(city: str | None) -> bool:
    return (city or "").casefold().strip() in _CITIES


def beside(place: Place, city: str | None) -> Reading:
    """A postcode's reading beside the `city` that is known: the same one behind it says nothing
    new, another one is kept.
    """
    if city is None or city == "" or place.city is None:
        return Reading(place.value, place.code, place.keep)
    if place.city.casefold() == city.casefold():
        code = None if place.code == "city-from-postcode" else place.code
        return Reading(place.value, code, place.keep)
    return Reading(place.value, "postcode-rest-kept", keep=True)


def cleaned(given: Mapping[str, Any], *, known: Mapping[str, Any] | None = None) -> Cleaned:
    """Clean `email`, `phone` and `postcode` of a prospect; other fields stay as they are.

    Only what is in `given` is cleaned; `known` is what else is known of where the person lives
    (country, postcode, city), when `given` is a part. A remark stands for every value that is not
    stored as it was written.
    """
    work = _Work(given, known or {})
    work.read("email")
    work.read("phone")
    work.read_postcode()
    return Cleaned(work.values, work.answers, work.remarks, work.unsure)


class _Work:
    """A prospect while it is cleaned."""

    def __init__(self, given: Mapping[str, Any], known: Mapping[str, Any]) -> None:
        self.given = given
        self.country, self.postcode, self.city = (
            given.get(field) or known.get(field) for field in ("country", "postcode", "city")
        )
        self.values = dict(given)
        self.answers: dict[str, str] = {}
        self.remarks: list[Noticed] = []
        self.unsure: list[Noticed] = []

    def read(self, field: str) -> None:
        text = self.given.get(field)
        if not isinstance(text, str):
            return
        if field == "email":
            found = read_email(text)
        else:
            found = read_phone(text, dialled_in(self.country, self.postcode, self.city))
        self._take(field, text, found)

    def read_postcode(self) -> None:
        text = self.given.get("postcode")
        if not isinstance(text, str):
            return
        phone, city = self.values.get("phone"), self.city
        place = read_postcode(
            text, self.country, four_digits=four_digits(self.country, phone, city)
        )
        self._take("postcode", text, beside(place, city))
        if place.city and not city:
            self.values["city"] = place.city
        if place.country and self.country is None:
            self.values["country"] = place.country
            self.remarks.append(remark("country-from-postcode", "country"))

    def _take(self, field: str, text: str, found: Reading) -> None:
        self.values[field] = found.value
        if found.keep:
            self._keep(field, text)
        if found.value is None and found.code:
            self.unsure.append(remark(found.code, field))
            self.remarks.append(remark(KEPT[found.code], field))
        elif found.code:
            self.remarks.append(remark(found.code, field))
        elif found.value is not None and found.value != text.strip():
            self.remarks.append(remark(f"{field}-formatted", field))

    def _keep(self, field: str, text: str) -> None:
        kept = plain(text)[0]
        number, key = 1, field
        taken = self.given.get("answers") or {}
        while taken.get(key, kept) != kept:
            number += 1
            key = f"{field} ({number})"
        self.answers[key] = kept
