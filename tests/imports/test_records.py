"""One row to one result: nothing is assumed, nothing dropped, and every reason is named."""

import csv
import io

import pytest

from service.domain.imports.files import (
    DuplicateLead,
    ImportedLead,
    ParsedFile,
    RefusedLead,
    fingerprint_of,
    mark_duplicates,
    read_file,
)
from service.domain.imports.files.formats import header_key
from service.domain.imports.files.limits import MAX_CELL, MAX_INTEREST
from service.domain.imports.files.topics import tags_of

GERMAN = [
    "Anrede",
    "Vorname",
    "Nachname",
    "Firma",
    "Straße",
    "PLZ",
    "Ort",
    "Telefon",
    "E-Mail",
    "Anliegen",
]
CONSENT = [*GERMAN, "Einwilligung"]
ANNA = [
    "Frau",
    "Anna",
    "Groß",
    "",
    "Ahornweg 1",
    "50667",
    "Köln",
    "0221 4710123",
    "anna@example.com",
    "Neue Küche",
]


def file_of(*rows: list[str], separator: str = ";") -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, delimiter=separator).writerows(rows)
    return buffer.getvalue().encode()


def anna(**changes: str) -> list[str]:
    return [
        changes.get(header_key(header).replace(" ", "_"), value)
        for header, value in zip(GERMAN, ANNA, strict=True)
    ]


def parsed(
    *rows: list[str], consent: bool | None = None, interest: str | None = None
) -> ParsedFile:
    return read_file(file_of(*rows), filename="leads.csv", consent=consent, interest=interest)


def lead_of(row: list[str], header: list[str] = GERMAN) -> ImportedLead:
    (result,) = parsed(header, row).results
    assert isinstance(result, ImportedLead), result
    return result


def refusal_of(row: list[str], header: list[str] = GERMAN) -> RefusedLead:
    (result,) = parsed(header, row).results
    assert isinstance(result, RefusedLead), result
    return result


def codes(lead: ImportedLead) -> list[str]:
    return [remark.code for remark in lead.warnings]


def test_a_plain_german_row() -> None:
    lead = lead_of(ANNA)
    assert (lead.name, lead.salutation, lead.first_name, lead.last_name) == (
        "Anna Groß",
        "Frau",
        "Anna",
        "Groß",
    )
    assert (lead.email, lead.phone) == ("anna@example.com", "+492214710123")
    assert (lead.street, lead.postcode, lead.city, lead.country) == (
        "Ahornweg 1",
        "50667",
        "Köln",
        "DE",
    )
    assert (lead.interest, lead.tags, lead.company) == ("Neue Küche", ["kueche"], None)
    assert (lead.answers, lead.warnings, lead.external_ref) == ({}, [], None)


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"vorname": "", "nachname": " "}, "name-missing", None),
        ({"telefon": "", "e_mail": ""}, "contact-missing", None),
        ({"telefon": "12", "e_mail": ""}, "phone-invalid", "Telefon"),
        ({"telefon": "", "e_mail": "a@@b"}, "email-invalid", "E-Mail"),
        ({"telefon": "12", "e_mail": "a@@b"}, "contact-invalid", "E-Mail"),
        ({"anliegen": ""}, "interest-missing", None),
        ({"anliegen": "0171 2345678"}, "interest-missing", "Anliegen"),
        ({"nachname": "x" * 101}, "value-too-long", "last_name"),
        ({"ort": "x" * (MAX_CELL + 1)}, "cell-too-long", "Ort"),
    ],
)
def test_refusals_name_the_reason_and_the_column(
    changes: dict[str, str], code: str, field: str | None
) -> None:
    refusal = refusal_of(anna(**changes))
    assert (refusal.row, refusal.code, refusal.field) == (2, code, field)
    assert not any(
        value and value in refusal.detail_en + refusal.detail_de
        for value in changes.values()
        if value.strip()
    )


def test_more_cells_than_columns_is_refused_but_empty_ones_are_not() -> None:
    assert refusal_of([*ANNA, "", "surplus"]).code == "too-many-columns"
    assert codes(lead_of([*ANNA, "", " "])) == []
    header = [*GERMAN, "Extra"]
    assert codes(lead_of(ANNA, header)) == ["columns-missing"]


def test_one_broken_contact_next_to_a_good_one_is_kept_as_it_was_written() -> None:
    phone = lead_of(anna(telefon="ruft an"))
    assert (phone.phone, phone.answers, codes(phone)) == (
        None,
        {"Telefon": "ruft an"},
        ["phone-kept-as-answer"],
    )
    email = lead_of(anna(e_mail="a@b@c"))
    assert (email.email, email.answers, codes(email)) == (
        None,
        {"E-Mail": "a@b@c"},
        ["email-kept-as-answer"],
    )
    extension = lead_of(anna(telefon="+49 221 4710123 ext. 9"))
    assert extension.answers == {"Telefon": "+49 221 4710123 ext. 9"}  # E.164 has no place for it


@pytest.mark.parametrize(
    "written",
    [
        "030 / 23125-123",
        "+49 (0)30 23125123",
        "004930 23125123",
        "'03023125123",
        '="03023125123"',
        "03023125123",
    ],
)
def test_phones_as_people_write_them(written: str) -> None:
    assert lead_of(anna(telefon=written)).phone == "+493023125123"


def test_only_the_domain_of_an_address_is_lower_cased() -> None:
    assert lead_of(anna(e_mail=" mailto:Anna.G@EXAMPLE.com")).email == "Anna.G@example.com"


def test_postcodes_and_countries() -> None:
    assert codes(lead_of(anna(plz="1067"))) == ["postcode-padded"]
    assert lead_of(anna(plz="D-50667")).postcode == "50667"
    broken = lead_of(anna(plz="506"))
    assert (broken.postcode, broken.answers) == (None, {"PLZ": "506"})
    header = [*GERMAN, "Land"]
    austria = lead_of([*anna(plz="1010", telefon="01 5123456"), "Österreich"], header)
    assert (austria.postcode, austria.country, austria.phone) == ("1010", "AT", "+4315123456")
    nowhere = lead_of([*ANNA, "Atlantis"], header)
    assert (nowhere.country, nowhere.postcode, nowhere.phone) == (None, "50667", None)
    assert nowhere.answers == {"Land": "Atlantis", "Telefon": "0221 4710123"}  # dialled where?


@pytest.mark.parametrize("word", ["yes", "JA", " true ", "1", "x", "X"])
def test_consent_said_yes(word: str) -> None:
    assert lead_of([*ANNA, word], CONSENT).distribution_permission is True


@pytest.mark.parametrize("word", ["", "nein", "no", "0", "false"])
def test_consent_not_given_is_no_even_when_the_upload_says_yes(word: str) -> None:
    (result,) = parsed(CONSENT, [*ANNA, word], consent=True).leads
    assert result.distribution_permission is False
    assert result.warnings == []


def test_consent_is_never_assumed() -> None:
    unclear = lead_of([*ANNA, "vielleicht"], CONSENT)
    assert (unclear.distribution_permission, codes(unclear)) == (False, ["consent-unclear"])
    assert unclear.answers == {"Einwilligung": "vielleicht"}
    silent = parsed(GERMAN, ANNA)
    assert [remark.code for remark in silent.remarks] == ["consent-column-missing"]
    assert not silent.leads[0].distribution_permission
    stated = parsed(
        GERMAN, ANNA, consent=True
    )  # control: the uploader's word counts where no column speaks
    assert stated.leads[0].distribution_permission
    assert stated.remarks == []


def test_a_newsletter_opt_in_is_no_consent_to_pass_data_on() -> None:
    result = lead_of([*ANNA, "ja"], [*GERMAN, "Einwilligung Newsletter"])
    assert result.distribution_permission is False
    assert result.answers == {"Einwilligung Newsletter": "ja"}


def test_text_is_nfc_and_without_invisible_control() -> None:
    lead = lead_of(anna(nachname="Mu\u0308l\u200bler\u202e\x07", ort="Köln\xa0 \t Süd"))
    assert (lead.last_name, lead.city) == ("Müller", "Köln Süd")
    assert codes(lead) == ["characters-removed"]
    family = "👩\u200d👧"
    assert lead_of(anna(firma=family)).company == family  # the joiner is part of the emoji


def test_formula_characters_are_data() -> None:
    assert lead_of(anna(firma="=2+5", anliegen="-Dach")).company == "=2+5"
    assert lead_of(anna(anliegen="-Dach")).interest == "-Dach"


def test_an_interest_is_a_line() -> None:
    """What of it takers see before the pick is decided in the database (tests/teasers)."""
    lead = lead_of(anna(anliegen="Dach, Tel. 0171/39 200 12 oder a@example.com\nbitte abends"))
    assert lead.interest == "Dach, Tel. 0171/39 200 12 oder a@example.com"
    assert lead.answers["Anliegen"].endswith("bitte abends")
    assert codes(lead) == ["interest-shortened"]
    assert len(lead_of(anna(anliegen="Dach " * 100)).interest) <= MAX_INTEREST
    assert (
        lead_of(anna(anliegen="PV 10 kWp, Baujahr 1974")).interest == "PV 10 kWp, Baujahr 1974"
    )  # control


@pytest.mark.parametrize(
    ("interest", "tags"),
    [
        ("Solaranlage und Stromspeicher", ["photovoltaik", "batteriespeicher"]),
        ("WÄRMEPUMPE", ["waermepumpe"]),
        ("Badsanierung", ["bad"]),
        ("Fahrt nach Badenweiler", []),
        ("Kindergarten", []),
        ("", []),
    ],
)
def test_tags(interest: str, tags: list[str]) -> None:
    assert tags_of(interest) == tags


def test_the_same_row_twice_is_a_duplicate_and_says_of_which() -> None:
    results = parsed(
        GERMAN,
        ANNA,
        anna(anliegen="Umzug"),
        anna(e_mail="Anna@Example.com", anliegen=" neue  KÜCHE"),
        ANNA,
    ).results
    assert [type(result) for result in results] == [
        ImportedLead,
        ImportedLead,
        DuplicateLead,
        DuplicateLead,
    ]
    assert [result.first_row for result in results if isinstance(result, DuplicateLead)] == [2, 2]


def test_fingerprints_are_stable_from_release_to_release() -> None:
    """Literal values: whoever changes them makes every repeated import import everything again."""
    assert (
        fingerprint_of(external_ref="google-ads:1", email="x", phone=None, interest="y")
        == "google-ads:1"
    )
    assert (
        lead_of(ANNA).fingerprint
        == "sha256:d8065377d118f3ef5f20dc1b691df10864fcf842ae92ed0b60a9e519ab483a79"
    )
    assert list(mark_duplicates([])) == []
