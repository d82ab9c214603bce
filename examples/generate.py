"""Write the example exports: seeded, so that running it again gives the same bytes.

python -m examples.generate [directory]
"""

import csv
import io
import sys
from pathlib import Path

from examples.people import FIRMS, World
from examples.workbook import spreadsheet


def text_of(
    rows: list[list[str]], *, separator: str = ",", newline: str = "\r\n", quote_all: bool = False
) -> str:
    """The rows as CSV."""
    buffer = io.StringIO(newline="")
    writer = csv.writer(
        buffer,
        delimiter=separator,
        lineterminator=newline,
        quoting=csv.QUOTE_ALL if quote_all else csv.QUOTE_MINIMAL,
    )
    writer.writerows(rows)
    return buffer.getvalue()


def columns(headers: str) -> list[str]:
    """A header, written as `A|B|C`."""
    return headers.split("|")


def international(phone: str) -> str:
    """`030 23125123` as `+493023125123`."""
    return "+49" + phone.replace(" ", "")[1:]


def meta() -> bytes:
    """UTF-16LE with byte order mark, tabs; typed prefixes; questions of the form as columns."""
    world = World("meta")
    rows = [
        columns(
            "id|created_time|ad_id|ad_name|adset_id|adset_name|campaign_id|campaign_name|form_id|"
            "form_name|is_organic|platform|welche_anlage_interessiert_sie?|"
            "wann_möchten_sie_starten?|e-mail-adresse|vollständiger_name|telefonnummer|"
            "postleitzahl|lead_status"
        )
    ]
    starts = ("sofort", "in_den_nächsten_3_monaten", "noch_unklar")
    for person in world.people(38):
        rows.append([
            f"l:{person.number}0{person.number}", f"{person.day}T08:12:31+02:00",
            f"ag:12020{person.number}", "Video Dach, hell", "as:120208811", "Eigenheim DE 30+",
            "c:120207700", "Herbst 2026", "f:8127745", "Energie-Check Oktober", "false",
            world.one(("fb", "ig")), person.interest.lower().replace(" ", "_"), world.one(starts),
            person.email, f"{person.first} {person.last}", "p:" + international(person.phone),
            "z:" + person.postcode, "CREATED",
        ])  # fmt: skip
    rows[4][15] = f"  {rows[4][15].replace(' ', '   ')} 🌞"  # odd white space and an emoji
    rows[9][14], rows[9][16] = "", ""  # nobody can be reached
    rows[13][16] = "p:+49123"  # broken phone, good e-mail
    rows[20][14] = "keine@mail@example.com"  # broken e-mail, good phone
    rows[27][13] = "erst_nach\nder_dachsanierung"  # a newline inside quotes
    rows.append(list(rows[2]))  # exported twice
    rows.append(
        [
            rows[1][0] + "9",
            *rows[1][1:14],
            *(f"<test lead: dummy data for {key}>" for key in rows[0][14:18]),
            "",
        ]
    )
    return b"\xff\xfe" + text_of(rows, separator="\t", newline="\n").encode("utf-16-le")


def google() -> bytes:
    """UTF-8, commas; the column names of Google's lead forms."""
    world = World("google")
    rows = [
        columns(
            "Lead ID|Lead submit time|Campaign ID|Campaign name|Ad group ID|Form ID|GCLID|"
            "Full Name|User Email|User Phone|Postal Code|City|Which service are you looking for?|"
            "Is Test"
        )
    ]
    for person in world.people(28):
        rows.append([
            f"TeSt-{person.number}-AbC", f"{person.day}T09:30:00Z", "21770011", "Suche Haus DE",
            "16554400", "40000011", f"Cj0KCQ{person.number}", f"{person.first} {person.last}",
            person.email, international(person.phone), person.postcode, person.city,
            person.interest, "false",
        ])  # fmt: skip
    rows[3][9] = "49 30"  # broken phone, good e-mail
    rows[6][8] = rows[6][8].upper()
    rows[11][8], rows[11][9] = "", "0000"  # broken phone alone
    rows[15][12] = 'Küche, offen; mit "Insel"'
    rows[19][10] = rows[19][10] + " "
    rows.append([*rows[1][:-1], "true"])  # sent by the platform to try the form
    rows[-1][0] = "TeSt-000000001-AbC"
    rows.append(list(rows[5]))
    return text_of(rows).encode()


def hubspot() -> bytes:
    """UTF-8 with byte order mark, everything quoted."""
    world = World("hubspot")
    rows = [
        columns(
            "Record ID|First Name|Last Name|Email|Phone Number|Mobile Phone Number|"
            "Street Address|Postal Code|City|Country/Region|Company Name|Lead Status|"
            "Lifecycle Stage|Create Date|Product Interest|Best time to call"
        )
    ]
    for person in world.people(24):
        rows.append([
            person.number, person.first, person.last, person.email, person.phone, "", person.street,
            person.postcode, person.city, "Germany", world.one(("", "", *FIRMS)),
            world.one(("New", "Open", "Attempted to contact")), "Lead", f"{person.day} 14:05",
            person.interest, world.one(("", "abends", "vormittags")),
        ])  # fmt: skip
    rows[2][5] = "0171 3920077"  # a second number
    rows[5][15] = "bitte nicht vor 18 Uhr 🙂\nHund bellt, beißt nicht"
    rows[8][1], rows[8][2], rows[8][10] = "", "", FIRMS[0]  # only a company
    rows[12][3], rows[12][4] = "", ""  # nobody can be reached
    rows[16][9] = "Atlantis"
    # Contact data in what takers see before the pick.
    rows[18][14] = "Fenster, bitte anrufen: 030 23125999"
    rows.append(list(rows[7]))
    return b"\xef\xbb\xbf" + text_of(rows, quote_all=True).encode()


def salesforce() -> bytes:
    """UTF-8, everything quoted, LF; a report with its footer."""
    world = World("salesforce")
    rows = [
        columns(
            "Lead ID|Salutation|First Name|Last Name|Company / Account|Email|Phone|Street|City|"
            "Zip/Postal Code|Country|Lead Source|Lead Status|Create Date|Description"
        )
    ]
    for person in world.people(22):
        rows.append([
            f"00Q5g00000{person.number[:5]}EAM", person.salutation, person.first, person.last,
            world.one(("Privat", *FIRMS)), person.email, person.phone, person.street, person.city,
            person.postcode, "Deutschland", world.one(("Web", "Phone Inquiry", "Partner Referral")),
            "Open - Not Contacted", f"{person.day[8:]}.10.2026", person.interest,
        ])  # fmt: skip
    rows[4][14] = (
        rows[4][14] + "\nEinfamilienhaus, Baujahr 1974\nZufahrt schmal"
    )  # more than one line
    rows[7][7] = rows[7][7] + "\nHinterhaus"
    rows[10][6] = "ruft selbst an"  # broken phone, good e-mail
    rows[14][5], rows[14][6] = "", ""
    rows[17][2], rows[17][3], rows[17][4] = "", "", ""  # nameless
    footer = [
        ["Leads Energie 2026"],
        ["Copyright (c) 2000-2026 salesforce.com, inc. All rights reserved."],
        ["Confidential Information - Do Not Distribute"],
        ["Generated By:  Beispiel Betreiberin  05.10.2026 09:00"],
        ["Marktplatz Nord"],
    ]
    body = text_of(rows, newline="\n", quote_all=True)
    return (body + "\n" * 5 + text_of(footer, newline="\n", quote_all=True)).encode()


def german() -> bytes:
    """cp1252, semicolons: what comes out of a German spreadsheet."""
    world = World("deutsch")
    rows = [
        columns("Anrede|Vorname|Nachname|Firma|Straße|PLZ|Ort|Telefon|E-Mail|Anliegen|Einwilligung")
    ]
    for person in world.people(34):
        rows.append([
            person.salutation, person.first, person.last, world.one(("", "", "", *FIRMS)),
            person.street, person.postcode, person.city, person.phone.replace(" ", " / ", 1),
            person.email, person.interest, world.one(("ja", "ja", "Ja", "x", "nein")),
        ])  # fmt: skip
    rows[3][5] = "1067"  # the spreadsheet ate the zero
    rows[3][6] = "Dresden"
    rows[6][7] = "+49 (0)30 23125-417"
    rows[9][7], rows[9][8] = "", ""  # nobody can be reached
    rows[12][7] = "siehe Mail"  # broken phone, good e-mail
    rows[15][4] = "Am Markt 3;\nHinterhaus"  # the separator and a newline inside quotes
    rows[18][10] = "vielleicht"
    rows[21][1] = "\xa0" + rows[21][1] + "  "  # no-break space
    rows[24][7], rows[24][8] = "unbekannt", "unbekannt"
    rows[28][9] = ""  # wants nothing
    rows.append(list(rows[5]))
    rows.append([""] * len(rows[0]))  # an empty line, as spreadsheets leave them
    return text_of(rows, separator=";").encode("cp1252")


def custom() -> bytes:
    """UTF-8, pipes, headers that nobody knows: read with custom-mapping.toml."""
    world = World("custom")
    rows = [
        columns(
            "Nr|Kontaktperson|Strasse|HNr|Postl.|Gemeinde|Rufnr.|Elektropost|Gespräch über|"
            "Weitergabe?|Notiz vom Stand|Geburtstag"
        )
    ]
    for number, person in enumerate(world.people(16), start=1):
        street, _, house_number = person.street.rpartition(" ")
        rows.append([
            f"M-{number:03}", f"{person.last}, {person.first}", street, house_number,
            person.postcode, person.city, person.phone, person.email, person.interest,
            world.one(("einverstanden", "einverstanden", "abgelehnt")),
            world.one(("", "hat Katalog mitgenommen", "möchte Rückruf")), "01.01.1970",
        ])  # fmt: skip
    rows[4][8] = ""  # the mapping's constant says what it is about
    rows[7][6], rows[7][7] = "-", ""
    rows[11][6] = "030 23"
    return text_of(rows, separator="|").encode()


def excel() -> bytes:
    """A spreadsheet whose postcodes became numbers."""
    world = World("xlsx")
    rows: list[list[str | int]] = [
        list(
            columns(
                "Lead-Nr.|Vollständiger Name|E-Mail-Adresse|Telefonnummer|Straße|PLZ|Ort|Anliegen|"
                "Einwilligung|Dachfläche in m²"
            )
        )
    ]
    for number, person in enumerate(world.people(20), start=1):
        rows.append([
            number, f"{person.first} {person.last}", person.email, person.phone, person.street,
            int(person.postcode), person.city, person.interest, world.one(("ja", "ja", "nein")),
            40 + world.below(120),
        ])  # fmt: skip
    rows[5][2], rows[5][3] = "", ""
    rows[9][3] = "12"
    return spreadsheet(rows)


FILES = {
    "meta-lead-ads.csv": meta,
    "google-ads-leads.csv": google,
    "hubspot-contacts.csv": hubspot,
    "salesforce-report.csv": salesforce,
    "leads-deutsch.csv": german,
    "custom.csv": custom,
    "leads.xlsx": excel,
}


def main(directory: Path) -> None:
    """Write every file into `directory`."""
    for name, make in FILES.items():
        (directory / name).write_bytes(make())


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent)
