"""Contact data as people write it: the one reading there is, or none; and nothing lost."""

import re

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.contact import (
    cleaned,
    country_of,
    emails,
    phones,
    read_email,
    read_phone,
    read_postcode,
)
from service.domain.contact.remarks import KEPT, TEXTS

BERLIN, MOBILE = "+493023125101", "+4915223456077"


@pytest.mark.parametrize(
    "written",
    [
        "030 23125101", "030/23125101", "030 / 23 12 51 01", "(030) 23125101", "030-23125-101",
        "+49 30 23125101", "+49 (0)30 23125101", "+49 030 23125101", "+49030 23125101",
        "0049 30 23125101", "0049 (0) 30 / 23 12 51 01", "00 49 30 23125101", "(+49) 30 23125101",
        "+ 49 30 23125101", "0 30 / 23125101", "Tel.: 030 23125101", "tel:+49-30-23125101",
        "'03023125101", '="03023125101"', "０３０ ２３１２５１０１", "030\u00a023125101",
        "030–23125101", "03023125101.0",
    ],
)  # fmt: skip
def test_one_number_in_every_notation_is_one_number_and_nothing_is_to_be_told(
    written: str,
) -> None:
    assert read_phone(written, "DE") == (BERLIN, None, False)


@pytest.mark.parametrize(
    "written",
    [
        "030 23125101 Fax", "030 23125101 mobil", "030 23125101 App. 12", "030 23125101 ext. 9",
        "030 23125101 (abends)", "030 23125101 Frau Meier", "tel:+49-30-23125101;ext=12",
        "ab 17 Uhr: 030 23125101", "030 23125101 ::: 0152 23456077", "030 23125101/0152 23456077",
        "030 23125101, 0152 23456077", "030 23125101; 0152 23456077", "030 23125101 0152 23456077",
        "030 23125101 oder 0152 23456077", "030 23125101\n0152 23456077",
        "+493023125101+4915223456077", "030 23125101 - 0152 23456077", "030 23125101 / -02",
        "Tel 030 23125101, Fax 030 23125102", "Fax 030 23125102, Tel 030 23125101",
        "030 23125102 Fax, 030 23125101 Büro", "4930 99, 030 23125101",
    ],
)  # fmt: skip
def test_the_first_sure_number_is_taken_and_the_rest_is_kept(written: str) -> None:
    reading = read_phone(written, "DE")
    assert (reading.value, reading.keep) == (BERLIN, True)
    assert reading.code in ("phone-rest-kept", "phone-fax")


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("4915223456077", "phone-ambiguous"),  # or 0491 5223456077
        ("4915223456077.0", "phone-ambiguous"),
        ("49 152 23456077", "phone-ambiguous"),
        ("43 664 1234567", "phone-ambiguous"),
        ("491522345678", "phone-ambiguous"),  # a + and a digit may be lost
        ("+49 49 152 23456077", "phone-ambiguous"),
        ("004949 152 23456077", "phone-ambiguous"),
        ("41446681800", "phone-ambiguous"),
        ("23125101", "phone-ambiguous"),  # 0231 25101, or somebody's neighbour
        ("030 23125101/02", "phone-ambiguous"),
        ("4,91512E+12", "phone-rounded"),
        ("4.9151223456E+11", "phone-rounded"),
        ("1E12", "phone-rounded"),
        ("030, 23125101", "phone-invalid"),
        ("12", "phone-invalid"),
        ("0800 KOLLEGE", "phone-invalid"),
        ("ruft an", "phone-invalid"),
        ("0" * 3000, "phone-invalid"),
    ],
)
def test_what_is_not_sure_is_no_number(written: str, code: str) -> None:
    assert read_phone(written, "DE") == (None, code, True)


@pytest.mark.parametrize(
    ("written", "region", "number", "code"),
    [
        ("15223456077", "DE", MOBILE, "phone-zero-restored"),
        ("3023125101", "DE", BERLIN, "phone-zero-restored"),
        ("6641234567", "AT", "+436641234567", "phone-zero-restored"),
        ("436641234567", "IT", "+436641234567", "phone-plus-restored"),
        ("45123456", "DK", "+4545123456", None),  # no zero to lose
        ("+43 664 1234567", "DE", "+436641234567", None),
        ("0043 664 1234567", None, "+436641234567", None),
        ("0664 1234567", "AT", "+436641234567", None),
        ("0664 1234567", None, None, "phone-ambiguous"),  # of a country that nobody named
        ("4915223456077", None, None, "phone-ambiguous"),
    ],
)
def test_a_lost_beginning_is_put_back_where_only_one_reading_exists(
    written: str, region: str | None, number: str | None, code: str | None
) -> None:
    assert read_phone(written, region)[:2] == (number, code)


@given(
    st.sampled_from(["15", "16", "17"]).flatmap(
        lambda start: st.integers(10**8, 10**9 - 1).map(lambda rest: f"{start}{rest}")
    )
)
def test_a_german_mobile_number_that_lost_its_plus_is_never_another_number(digits: str) -> None:
    number = phonenumbers.parse("+49" + digits)
    if phonenumbers.is_valid_number(number):
        assert read_phone("49" + digits, "DE").value in (None, "+49" + digits)
        assert read_phone("0" + digits, "DE").value == "+49" + digits  # the control
        assert read_phone("0" + digits + " Fax", "DE").value == "+49" + digits


@given(
    st.from_regex(
        r"(\+49|0|00)( ?0?)[137][0-9]{0,2}[ /-]?[0-9]{2,5}[ /-]?[0-9]{0,6}", fullmatch=True
    ),
    st.sampled_from(["DE", "AT", None]),
)
def test_the_short_way_of_a_german_number_is_the_librarys(text: str, region: str | None) -> None:
    if text.startswith("00"):
        return
    try:
        number = phonenumbers.parse(text, region)
    except phonenumbers.NumberParseException:
        assert phones._valid(text, region) is None
        return
    wanted = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    valid = phonenumbers.is_valid_number(number) and not number.extension
    assert phones._valid(text, region) == (wanted if valid else None)


@given(
    st.text("aB1._+-@", min_size=1, max_size=70),
    st.sampled_from(["post.example", "POST.example", "x", "a..b", "-a.de", "localhost", "a.local"]),
)
def test_the_short_way_of_an_address_is_the_librarys(local: str, domain: str) -> None:
    address = f"{local}@{domain}"
    assert emails._valid(address) == emails._checked(address)


@given(st.text(max_size=40), st.sampled_from(["DE", "AT", "IT", None]))
def test_a_phone_is_made_of_digits_that_were_written(text: str, region: str | None) -> None:
    value = read_phone(text, region).value
    if value is not None:
        written = re.sub(r"\D", "", "".join(c if not c.isdecimal() else str(int(c)) for c in text))
        assert value[-6:] in written or value[-6:] in re.sub(r"\D", "", text)


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
