"""Formats: each known one is read right, unknown ones are refused by name, every data row gives one
result.
"""

import csv
import io
import re

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.domain.imports.files import (
    DuplicateLead,
    ImportedLead,
    ImportRefused,
    ParsedFile,
    RefusedLead,
    read_file,
)
from service.domain.imports.files.known_formats import FORMATS
from service.domain.imports.files.refused import TEXTS

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
META = ["id", "created_time", "form_name", "platform"]


def file_of(*rows: list[str], separator: str = ";") -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, delimiter=separator).writerows(rows)
    return buffer.getvalue().encode()


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


@pytest.mark.parametrize(
    ("header", "row", "slug", "reference"),
    [
        (
            [*META, "full_name", "email"],
            ["l:7", "2026", "PV", "fb", "A B", "a@example.com"],
            "meta-lead-ads",
            "7",
        ),
        (
            ["Lead ID", "GCLID", "User Email", "Full Name"],
            ["x-7", "g", "a@example.com", "A B"],
            "google-ads",
            "x-7",
        ),
        (
            ["Record ID", "Lead Status", "Last Name", "Email"],
            ["7", "", "B", "a@example.com"],
            "hubspot-contacts",
            "7",
        ),
        (
            ["Lead ID", "Last Name", "Company / Account", "Email"],
            ["00Q5g0000012345EAM", "B", "Privat", "a@example.com"],
            "salesforce-leads",
            "00Q5g0000012345",
        ),
    ],
)
def test_formats_are_known_by_their_header(
    header: list[str], row: list[str], slug: str, reference: str
) -> None:
    for order in (1, -1):  # the order of columns is nobody's promise
        result = parsed(header[::order], row[::order], interest="Dach").results[0]
        assert isinstance(result, ImportedLead)
        assert (result.source, result.external_ref, result.email) == (
            slug,
            f"{slug}:{reference}",
            "a@example.com",
        )


def test_slugs_are_unique() -> None:
    assert len({known.slug for known in FORMATS}) == len(FORMATS)


def test_meta_prefixes_questions_and_underscores() -> None:
    header = [
        *META,
        "campaign_name",
        "welche_anlage_interessiert_sie?",
        "dach?",
        "full_name",
        "phone_number",
        "post_code",
    ]
    row = [
        "l:12",
        "2026-10-01",
        "Herbst",
        "fb",
        "c:1",
        "pv-anlage_mit_speicher",
        "p: flach",
        "A B",
        "p:+493023125001",
        "z:01067",
    ]
    lead = lead_of(row, header)
    assert (lead.phone, lead.postcode, lead.external_ref) == (
        "+493023125001",
        "01067",
        "meta-lead-ads:12",
    )
    assert (lead.interest, lead.tags) == ("Pv-anlage mit speicher", ["photovoltaik"])
    assert lead.answers == {"dach?": "p: flach"}  # what somebody wrote keeps its beginning
    assert lead.context["campaign_name"] == "1"
    assert (
        lead_of([*row[:5], "", *row[6:]], header).interest == "Herbst"
    )  # the form's name, when no answer tells it


@pytest.mark.parametrize(
    "value", ["<test lead: dummy data for full_name>", "<test lead: dummy data>"]
)
def test_test_leads_of_the_platform_are_no_people(value: str) -> None:
    assert (
        refusal_of(
            ["l:1", "", "Dach", "fb", value, "test@example.com"], [*META, "full_name", "email"]
        ).code
        == "test-lead"
    )
    header = ["Lead ID", "GCLID", "User Email", "Full Name", "Is Test", "Interest"]
    assert refusal_of(["1", "g", "a@example.com", "A", "TRUE", "Dach"], header).code == "test-lead"
    assert lead_of(["1", "g", "a@example.com", "A", "false", "Dach"], header).name == "A"  # control


def test_columns_nobody_knows_become_answers_also_when_they_repeat() -> None:
    lead = lead_of(
        [*ANNA, "ja", "rot", "blau", "b@example.com"], [*GERMAN, "", "Farbe", "Farbe", "Email"]
    )
    assert lead.answers == {
        "(11)": "ja",
        "Farbe": "rot",
        "Farbe (2)": "blau",
        "Email": "b@example.com",
    }


def test_a_known_header_is_found_though_no_row_agrees_with_it() -> None:
    content = file_of(GERMAN, ["x"], ["y"], ["z, z"], separator="\t")
    assert read_file(content, filename="x").separator == "\t"


def test_a_broken_quote_in_a_known_file_is_told_as_that() -> None:
    with pytest.raises(ImportRefused) as refused:
        read_file(file_of(GERMAN) + b'"a;b\n', filename="x")
    assert refused.value.code == "csv-broken"


def test_unknown_headers_are_named_and_the_way_out_too() -> None:
    with pytest.raises(ImportRefused) as refused:
        parsed(["Kontaktperson", "Elektropost"], ["A", "a@example.com"])
    assert refused.value.code == "format-unknown"
    assert refused.value.headers == ["Kontaktperson", "Elektropost"]
    for detail in (refused.value.detail_en, refused.value.detail_de):
        assert "Kontaktperson, Elektropost" in detail
        assert "[columns]" in detail


def test_a_title_above_the_header_and_a_footer_below_are_accounted_for() -> None:
    header = '"Lead ID","Last Name","Company / Account","Email","Description"\n'
    row = '"00Q{}","B","P","a@example.com","Dach"\n'
    footer = '\n\n"Report"\n"Copyright (c) 2000-2026 salesforce.com, inc."\n'
    file = read_file(
        f"Title\n{header}{row.format(1)}{row.format(2)}{footer}".encode(), filename="x"
    )
    assert [(skipped.row, skipped.reason) for skipped in file.skipped] == [
        (1, "preamble"),
        (7, "footer"),
        (8, "footer"),
    ]
    assert [result.row for result in file.results] == [3, 4]
    assert (file.header_row, file.blank_rows) == (2, 2)
    # Controls: after a gap without a known word, and a known word without a gap, it is a row.
    lonely = read_file(f'{header}{row.format(1)}\n\n"00Q2"\n'.encode(), filename="x")
    close = read_file(f'{header}{row.format(1)}"salesforce.com"\n'.encode(), filename="x")
    assert [type(result) for result in close.results] == [ImportedLead, RefusedLead]
    assert [type(result) for result in lonely.results] == [ImportedLead, RefusedLead]


def test_every_sentence_is_there_twice_with_the_same_placeholders() -> None:
    for code, (english, german) in TEXTS.items():
        assert re.fullmatch(r"[a-z]+(-[a-z]+)*", code)
        assert english != german
        assert set(re.findall(r"\{\w+\}", english)) == set(re.findall(r"\{\w+\}", german)), code


CELLS = st.text(max_size=30) | st.sampled_from(
    ["", "a@example.com", "030 23125123", "ja", "1067", "Dach", "l:1", "=1"]
)
SALESFORCE = ["Lead ID", "Last Name", "Company / Account", "Email"]
HEADERS = st.sampled_from(
    [GERMAN, CONSENT, [*META, "full_name", "email", "what_interest?"], SALESFORCE]
)


@settings(max_examples=300, deadline=None)
@given(
    HEADERS,
    st.lists(st.lists(CELLS, min_size=1, max_size=14), max_size=12),
    st.sampled_from("\t,;|"),
)
def test_every_row_gives_exactly_one_result(
    header: list[str], rows: list[list[str]], separator: str
) -> None:
    rows = [
        [cell.replace("\x00", "").encode("utf-8", "ignore").decode() for cell in row]
        for row in rows
    ]
    file = read_file(file_of(header, *rows, separator=separator), filename="x", interest="Dach")
    filled = [
        number for number, row in enumerate(rows, start=2) if any(cell.strip() for cell in row)
    ]
    skipped = [line.row for line in file.skipped]
    assert [result.row for result in file.results] + skipped == filled
    assert 1 + len(file.results) + len(skipped) + file.blank_rows == 1 + len(rows)
    for lead in file.leads:
        assert lead.email or lead.phone
        assert lead.name
        assert lead.interest
        assert not re.search(
            "[\x00-\x08\x0e-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]",
            str(msgspec.to_builtins(lead)),
        )
    assert sum(file.counts.values()) == len(file.results)


def test_results_survive_the_way_through_json() -> None:
    results = parsed(GERMAN, ANNA, ANNA, [*ANNA[:-1], ""]).results
    again = msgspec.json.decode(
        msgspec.json.encode(results), type=list[ImportedLead | DuplicateLead | RefusedLead]
    )
    assert again == results
