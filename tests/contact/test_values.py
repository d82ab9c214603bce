"""Addresses and postcodes as people write them, and what leans on each other; nothing is lost."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.contact import (
    cleaned,
    country_of,
    emails,
    read_email,
    read_postcode,
)
from service.domain.contact.remarks import KEPT, TEXTS

BERLIN = "+493023125101"


@given(
    st.text("aB1._+-@", min_size=1, max_size=70),
    st.sampled_from(["post.example", "POST.example", "x", "a..b", "-a.de", "localhost", "a.local"]),
)
def test_the_short_way_of_an_address_is_the_librarys(local: str, domain: str) -> None:
    address = f"{local}@{domain}"
    assert emails._valid(address) == emails._checked(address)


@pytest.mark.parametrize(
    ("written", "address", "code"),
    [
        ("Anna.G@EXAMPLE.com", "Anna.G@example.com", None),
        (" mailto:anna@example.com ", "anna@example.com", None),
        ("anna@xn--mller-kva.example", "anna@müller.example", None),
        ("anna@müller.example", "anna@müller.example", None),
        ("<anna@example.com>", "anna@example.com", "email-trimmed"),
        ("anna@example.com.", "anna@example.com", "email-trimmed"),
        ("anna@example.com,", "anna@example.com", "email-trimmed"),
        ("E-Mail: anna@example.com", "anna@example.com", "email-trimmed"),
        ("Anna Groß <anna@example.com>", "anna@example.com", "email-rest-kept"),
        ('"Groß, Anna" <anna@example.com>', "anna@example.com", "email-rest-kept"),
        ("anna@example.com; b@example.com", "anna@example.com", "email-rest-kept"),
        ("anna@example.com, b@example.com", "anna@example.com", "email-rest-kept"),
        ("anna@example.com ::: b@example.com", "anna@example.com", "email-rest-kept"),
        ("anna@example.com/b@example.com", "anna@example.com", "email-rest-kept"),
        ("anna@example.com\nb@example.com", "anna@example.com", "email-rest-kept"),
        ("anna@example.com (abends)", "anna@example.com", "email-rest-kept"),
        ("keine@mail@x, anna@example.com", "anna@example.com", "email-rest-kept"),
        ("anna groß@example.com", None, "email-ambiguous"),
        ("anna(at)example.com", None, "email-invalid"),
        ("keine@mail@example.com", None, "email-invalid"),
        ("anna@", None, "email-invalid"),
        ("", None, None),
    ],
)
def test_addresses(written: str, address: str | None, code: str | None) -> None:
    assert read_email(written)[:2] == (address, code)


@pytest.mark.parametrize(
    "written",
    ["01067", "D-01067", "DE-01067", "D 01067", "(01067)", " 01067 ", "0 1067", "01067-", "010 67"],
)
def test_german_postcodes(written: str) -> None:
    assert read_postcode(written, None)[:2] == ("01067", None)


@pytest.mark.parametrize(
    "written",
    [
        "1067",
        "1067.0",
        "1067,0",
        "1067.00",
        "1067.000",
        "1.067,00",
        "1.067",
        "1,067",
        "D-1067",
        "'1067",
    ],
)  # fmt: skip
def test_a_lost_zero_is_put_back_and_told(written: str) -> None:
    assert read_postcode(written, "DE")[:2] == ("01067", "postcode-padded")
    assert read_postcode(written, None, four_digits=True).value in (None, "01067")


@pytest.mark.parametrize(
    ("written", "country", "value", "city"),
    [
        ("01067 Dresden", None, "01067", "Dresden"),
        ("1067 Dresden", "DE", "01067", "Dresden"),
        ("01067, Dresden", None, "01067", "Dresden"),
        ("01067/Dresden", None, "01067", "Dresden"),
        ("01067-Dresden", None, "01067", "Dresden"),
        ("01067 – Dresden", None, "01067", "Dresden"),
        ("Dresden 01067", None, "01067", "Dresden"),
        ("10115 Berlin-Mitte", None, "10115", "Berlin-Mitte"),
        ("61348 Bad Homburg v. d. Höhe", None, "61348", "Bad Homburg v. d. Höhe"),
        ("8001 Zürich", "CH", "8001", "Zürich"),
        ("A-1010 Wien", None, "1010", "Wien"),
        ("1234 AB Amsterdam", "NL", "1234 AB", "Amsterdam"),
        ("10.115", None, "10115", None),
        ("1010", "AT", "1010", None),
        ("CH-8001", "CH", "8001", None),
        ("1234ab", "NL", "1234 AB", None),
        ("sw1a1aa", "GB", "SW1A 1AA", None),
        ("E1 6AN", "GB", "E1 6AN", None),
        ("00950", "PL", "00-950", None),
        ("12345", "SE", "123 45", None),
        ("AB-12 X", "XX", "AB-12 X", None),
        ("1010", None, None, None),  # Vienna: nothing German begins with 010 but from 01067 on
        ("5020", None, None, None),
        ("506", None, None, None),
        ("01067 / 01069", None, None, None),
        ("D-10115", "AT", None, None),
        ("10115", "AT", None, None),
        ("Dresden", None, None, None),
        ("", None, None, None),
    ],
)
def test_postcodes_in_their_countries_form(
    written: str, country: str | None, value: str | None, city: str | None
) -> None:
    place = read_postcode(written, country)
    assert (place.value, place.city) == (value, city)


def test_values_lean_on_each_other() -> None:
    vienna = cleaned({"phone": "0664 1234567", "postcode": "1070", "city": "Wien"})
    assert (vienna.values["phone"], vienna.values["postcode"]) == (None, None)
    assert vienna.answers == {"phone": "0664 1234567", "postcode": "1070"}
    by_letter = cleaned({"phone": "0664 1234567", "postcode": "A-1070 Wien", "city": None})
    assert by_letter.values == {
        "phone": "+436641234567", "postcode": "1070", "city": "Wien", "country": "AT"
    }  # fmt: skip
    by_number = cleaned({"phone": "+43 664 1234567", "postcode": "1070"})
    assert by_number.values["postcode"] is None
    linz = cleaned({"phone": "02644 12345", "postcode": "53545", "city": "Linz"})  # on the Rhine
    assert linz.values["phone"] == "+49264412345"
    part = cleaned({"phone": "0664 1234567"}, known={"country": "AT"})
    assert part.values == {"phone": "+436641234567"}


def test_every_change_is_told_and_nothing_gets_lost() -> None:
    found = cleaned(
        {
            "email": "Udo <Udo@POST.example>",
            "phone": "030 23125101",
            "postcode": "01067 Dresden",
            "city": "Radebeul",
            "answers": {"email": "nie"},
        }
    )
    assert found.answers == {
        "email (2)": "Udo <Udo@POST.example>", "postcode": "01067 Dresden"
    }  # fmt: skip
    assert [(noticed.field, noticed.code) for noticed in found.remarks] == [
        ("email", "email-rest-kept"),
        ("phone", "phone-formatted"),
        ("postcode", "postcode-rest-kept"),
    ]
    as_stored = {"email": "udo@post.example", "phone": BERLIN, "postcode": "01067"}
    assert cleaned(as_stored) == (as_stored, {}, [], [])  # clean stays clean


@given(
    st.fixed_dictionaries({field: st.text(max_size=60) for field in ("email", "phone", "postcode")})
)
def test_cleaning_twice_is_cleaning_once(given: dict[str, str]) -> None:
    once = cleaned(given).values
    assert cleaned(once, known={"country": "DE"}).values == once | (
        {"country": once["country"]} if "country" in once else {}
    )
    for field, written in given.items():
        if re.search(r"\w", written) and once[field] is None:
            assert cleaned(given).unsure, field


def test_countries() -> None:
    assert [country_of(text) for text in ("AT", "österreich", "A", "Schweiz.", "de", "UK")] == [
        "AT", "AT", "AT", "CH", "DE", "GB"
    ]  # fmt: skip
    assert country_of("Großbritannien") == "GB"
    assert country_of("Atlantis") is None


def test_every_reason_has_its_words() -> None:
    assert set(KEPT.values()) <= set(TEXTS)
    for code, (english, german) in TEXTS.items():
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", code)
        assert english != german
