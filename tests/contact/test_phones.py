"""Phone numbers as people write them: the one reading there is, or none."""

import re

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.contact import phones, read_phone

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


@given(st.text(max_size=40), st.sampled_from(["DE", "AT", "IT", None]))
def test_a_phone_is_made_of_digits_that_were_written(text: str, region: str | None) -> None:
    value = read_phone(text, region).value
    if value is not None:
        written = re.sub(r"\D", "", "".join(c if not c.isdecimal() else str(int(c)) for c in text))
        assert value[-6:] in written or value[-6:] in re.sub(r"\D", "", text)
