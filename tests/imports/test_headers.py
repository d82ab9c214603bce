"""Headers of a dozen tools, recognised or offered a mapping; and when a lead came in."""

from datetime import UTC, datetime

import pytest

from service.domain.imports.files import (
    ImportedLead,
    ImportRefused,
    ParsedFile,
    parse_mapping,
    read_file,
)
from service.domain.imports.files import mapping as mapping_module
from service.domain.imports.files.suggesting import offered_mapping
from service.domain.imports.files.times import day_first, read_time, zone_in, zone_named

BERLIN = zone_named("Europe/Berlin")


def read(header: str, *rows: str, interest: str | None = None) -> ParsedFile:
    content = "\n".join([header, *rows]) + "\n"
    return read_file(content.encode(), filename="x", interest=interest)


def one(header: str, row: str, interest: str | None = None) -> ImportedLead:
    (lead,) = read(header, row, interest=interest).leads
    return lead


@pytest.mark.parametrize(
    ("header", "row", "source", "interest"),
    [
        ("First Name,Last Name,Email,Phone,Zip Code,City,Product Interest",
         "Ada,Groß,ada@post.example,+49 30 23125041,10115,Berlin,Roof", "plain-list", "Roof"),
        ("Full Name,E-mail Address,Mobile Number,Message",
         "Ada Groß,ada@post.example,+49 30 23125041,Roof", "plain-list", "Roof"),
        ("Name,Email,Subject", "Ada Groß,ada@post.example,Roof", "plain-list", "Roof"),
        ("Name ;E-Mail (privat);Telefon-Nr.;PLZ/Ort;Anliegen:;Einwilligung?",
         "Ada Groß;ada@post.example;030 23125041;10115 Berlin;Dach;ja", "deutsch", "Dach"),
        ("Vorname;Nachname;Telefon;Betreff", "Ada;Groß;030 23125041;Dach", "deutsch", "Dach"),
        ("Vor- und Nachname;Tel.-Nr.;PLZ Ort;Nachricht",
         "Ada Groß;030 23125041;10115 Berlin;Dach", "deutsch", "Dach"),
        ("Ansprechpartner;Handy-Nr.;Postleitzahl / Ort;Gewünschte Leistung",
         "Ada Groß;030 23125041;10115 Berlin;Dach", "deutsch", "Dach"),
        ("Created,Name,Email,Source,Form,Channel,Stage,Owner,Labels,Phone number,"
         "Secondary phone number,WhatsApp number",
         "10/13/2026 9:05am,Ada Groß,ada@post.example,Paid,Dachcheck,Instagram,Intake,,,"
         "+493023125041,,", "meta-leads-centre", "Dachcheck"),
        ("lead_id,created_time,campaign_id,campaign_name,adgroup_id,adgroup_name,ad_id,ad_name,"
         "form_id,form_name,Name,Email,Phone number",
         "77,2026-10-13 09:05:00(UTC+0),1,Herbst,2,DE,3,Video,4,Dachcheck,Ada Groß,"
         "ada@post.example,+493023125041", "tiktok-leads", "Dachcheck"),
        ("Account Name,Campaign Group Name,Campaign Name,Creative ID,Form Name,Test Lead,"
         "Created At,First Name,Last Name,Email Address,Phone Number,Company Name,Job Title",
         "Huber,G,Herbst,9,Dachcheck,false,2026-10-13 09:05 UTC,Ada,Groß,ada@post.example,"
         "+493023125041,Groß GmbH,Chefin", "linkedin-lead-gen", "Dachcheck"),
        ("Person - Name,Person - Email - Work,Person - Email - Home,Person - Phone - Work,"
         "Person - Phone - Mobile,Person - Organization,Lead - Title,Lead - ID,Lead - Lead created",
         "Ada Groß,ada@post.example,,+49 30 23125041,,Groß GmbH,Dach für Ada Groß,7f,"
         "2026-10-13 09:05:00", "pipedrive", "Dach für …"),
        ("First Name,Middle Name,Last Name,Organization Name,Notes,Labels,E-mail 1 - Label,"
         "E-mail 1 - Value,Phone 1 - Label,Phone 1 - Value,Address 1 - City,"
         "Address 1 - Postal Code",
         "Ada,,Groß,,,* myContacts,* Home,ada@post.example ::: ada@arbeit.example,Mobile,"
         "030 23125041 ::: 0152 23456077,Berlin,10115", "google-contacts", "Umzug"),
        ("Name,Given Name,Family Name,Group Membership,E-mail 1 - Type,E-mail 1 - Value,"
         "Phone 1 - Type,Phone 1 - Value",
         "Ada Groß,Ada,Groß,* myContacts,,ada@post.example,Mobile,030 23125041",
         "google-contacts", "Umzug"),
    ],
    ids=lambda value: str(value)[:24],
)  # fmt: skip
def test_known_headers_are_recognised(header: str, row: str, source: str, interest: str) -> None:
    lead = one(header, row, interest="Umzug" if source == "google-contacts" else None)
    assert (lead.source, lead.interest, lead.name) == (source, interest, "Ada Groß")
    if "mail" in header.casefold():
        assert lead.email == "ada@post.example"
    if any(word in header for word in ("Phone", "Telefon", "Tel.", "Handy", "Mobile")):
        assert lead.phone == "+493023125041"
    if "Ort" in header or "Postal" in header:
        assert (lead.postcode, lead.city) == ("10115", "Berlin")


def test_the_first_sure_contact_of_several_columns_counts() -> None:
    lead = one("Name;E-Mail 1;E-Mail 2;Telefon;Mobil;PLZ;Anliegen",
               "Ada;kaputt;ada@post.example;12;0152 23456077;10115;Dach")  # fmt: skip
    assert (lead.email, lead.phone) == ("ada@post.example", "+4915223456077")
    assert lead.answers == {"E-Mail 1": "kaputt", "Telefon": "12"}


def test_a_newsletter_and_a_job_title_stay_answers() -> None:
    lead = one("Name;E-Mail;PLZ;Anliegen;Einwilligung Newsletter;Title",
               "Ada;ada@post.example;10115;Dach;ja;Dr.")  # fmt: skip
    assert (lead.distribution_permission, lead.salutation) == (False, None)
    assert lead.answers == {"Einwilligung Newsletter": "ja", "Title": "Dr."}


def test_what_is_not_known_is_offered_a_mapping_that_reads_it() -> None:
    header = 'Wer "x"|Kontakt-Mail|Rufnr.|Straße|Hausnr|PLZ / Wohnort|Was wünschen Sie?|Alter'
    row = "Ada Groß|ada@post.example|030 23125041|Weg|7|10115 Berlin|Dach|44"
    with pytest.raises(ImportRefused) as refused:
        read(header.replace('Wer "x"', '"Wer ""x"""'), row)
    assert refused.value.code == "format-unknown"
    offered = refused.value.mapping
    assert offered is not None
    mapping = parse_mapping(offered.encode())
    content = f"{header}\n{row}\n".replace('Wer "x"', '"Wer ""x"""').encode()
    (lead,) = read_file(content, filename="x", mapping=mapping).leads
    assert (lead.name, lead.email, lead.phone) == ("Ada Groß", "ada@post.example", "+493023125041")
    assert (lead.street, lead.postcode, lead.interest) == ("Weg 7", "10115", "Dach")
    assert lead.answers == {"Alter": "44"}
    assert not lead.distribution_permission  # nobody said which column is the consent
    assert offered_mapping(["Länge", "Breite"]) is None


@pytest.mark.parametrize(
    ("written", "moment", "code"),
    [
        ("2026-10-01T08:12:31+02:00", (10, 1, 6, 12, 31), None),
        ("2026-10-01T08:12:31+0000", (10, 1, 8, 12, 31), None),
        ("2026-10-01T08:12:31.123Z", (10, 1, 8, 12, 31), None),
        ("2026-10-01 08:12 (UTC+2)", (10, 1, 6, 12, 0), None),
        ("2026-10-01 08:12:31 EST", (10, 1, 13, 12, 31), None),
        ("2026-10-01 08:12", (10, 1, 6, 12, 0), None),
        ("1.10.26, 8:12 Uhr", (10, 1, 6, 12, 0), None),
        ("01.10.2026 um 08.12 Uhr", (10, 1, 6, 12, 0), None),
        ("10/13/2026 9:05am", (10, 13, 7, 5, 0), None),
        ("13/10/2026 14:05", (10, 13, 12, 5, 0), None),
        ("3. Oktober 2026 14:05", (10, 3, 12, 5, 0), None),
        ("Sat, 03 Oct 2026 14:05:00 GMT", (10, 3, 14, 5, 0), None),
        ("Oct 3, 2026, 2:05 PM", (10, 3, 12, 5, 0), None),
        ("1790835151", (10, 1, 6, 12, 31), None),
        ("2026-10-01T00:00:00", (9, 30, 22, 0, 0), None),
        ("2026-10-01", (9, 30, 22, 0, 0), "time-without-clock"),
        ("2026-10-25 02:30", (10, 25, 0, 30, 0), "time-twice"),
        ("03/10/2026 14:05", None, "time-ambiguous"),
        ("2999-01-01 00:00", None, "time-implausible"),
        ("1999-01-01 00:00", None, "time-implausible"),
        ("31.02.2026", None, "time-unknown"),
        ("2026-10-01 25:00", None, "time-unknown"),
        ("gestern", None, "time-unknown"),
        ("46298.5", None, "time-unknown"),
    ],
)
def test_moments(written: str, moment: tuple[int, ...] | None, code: str | None) -> None:
    now = datetime(2026, 12, 1, tzinfo=UTC)
    expected = datetime(2026, *moment, tzinfo=UTC) if moment else None  # type: ignore[misc]
    assert read_time(written, BERLIN, None, now)[:2] == (expected, code)


def test_a_column_tells_how_its_own_dates_are_read() -> None:
    assert day_first(["03/10/2026", "13/10/2026"]) is True
    assert day_first(["03/10/2026", "10/13/2026"]) is False
    assert day_first(["03/10/2026"]) is None
    assert day_first(["13/10/2026", "10/13/2026"]) is None
    header = "Name;E-Mail;PLZ;Anliegen;Eingang"
    file = read(header, "A;a@post.example;10115;Dach;03/10/2026 14:05",
                "B;b@post.example;10115;Dach;13/10/2026 14:05")  # fmt: skip
    assert [lead.received_at for lead in file.leads] == [
        datetime(2026, 10, 3, 12, 5, tzinfo=UTC), datetime(2026, 10, 13, 12, 5, tzinfo=UTC)
    ]  # fmt: skip
    assert "times-without-zone" in [remark.code for remark in file.remarks]
    lonely = read(header, "A;a@post.example;10115;Dach;03/10/2026 14:05")
    assert lonely.leads[0].received_at is None
    assert [w.code for w in lonely.leads[0].warnings] == ["time-ambiguous"]
    assert lonely.leads[0].context == {"Eingang": "03/10/2026 14:05"}  # kept as it was written


@pytest.mark.parametrize("header", ["Created (UTC)", "Created UTC", "Created [GMT]"])
def test_a_header_names_the_zone(header: str) -> None:
    assert zone_in(header) is not None
    file = read(f"Name,Email,Interest,{header}", "A,a@post.example,Roof,2026-10-01 08:12")
    if header != "Created UTC":  # that is no header that anybody knows
        assert file.leads[0].received_at == datetime(2026, 10, 1, 8, 12, tzinfo=UTC)
        assert "times-without-zone" not in [remark.code for remark in file.remarks]


def test_a_mapping_names_column_and_zone() -> None:
    toml = (
        'name="x"\ntime_zone="%s"\n[columns]\nname="A"\nemail="B"\ninterest="C"\nreceived_at="D"\n'
    )
    content = b"A,B,C,D\nA,a@post.example,Roof,2026-10-01 08:12\n"
    mapping = parse_mapping((toml % "+05:00").encode())
    (lead,) = read_file(content, filename="x", mapping=mapping).leads
    assert lead.received_at == datetime(2026, 10, 1, 3, 12, tzinfo=UTC)
    with pytest.raises(ImportRefused, match="time_zone"):
        parse_mapping((toml % "Mars/Olympus").encode())


def test_a_file_without_an_interest_says_what_helps() -> None:
    file = read("Name;E-Mail;PLZ", "Ada;ada@post.example;10115")
    assert [result.row for result in file.results] == [2]
    assert "interest-column-missing" in [remark.code for remark in file.remarks]
    assert one("Name;E-Mail;PLZ", "Ada;ada@post.example;10115", interest="Dach").interest == "Dach"


def test_the_example_in_the_head_of_the_mapping_module_is_a_mapping() -> None:
    text = (mapping_module.__doc__ or "").partition("::\n")[2].rpartition("\nColumns that")[0]
    found = parse_mapping("\n".join(line.strip() for line in text.splitlines()).encode())
    assert (found.name, found.constants) == ("trade-fair", {"interest": "Conservatory"})
