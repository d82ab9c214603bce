"""The shipped example files: made from a seed, read as promised, and about nobody."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from service.domain.imports.files import (
    DuplicateLead,
    ImportRefused,
    ParsedFile,
    RefusedLead,
    parse_mapping,
    read_file,
)
from service.domain.imports.files.decoding import decode as tables_of

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"

#: file -> format, encoding, separator; leads, duplicates, refused; skipped lines, blank rows
EXPECTED = {
    "meta-lead-ads.csv": ("meta-lead-ads", "utf-16-le", "\t", (37, 1, 2), 0, 0),
    "google-ads-leads.csv": ("google-ads", "utf-8", ",", (27, 1, 2), 0, 0),
    "hubspot-contacts.csv": ("hubspot-contacts", "utf-8", ",", (23, 1, 1), 0, 0),
    "salesforce-report.csv": ("salesforce-leads", "utf-8", ",", (20, 0, 2), 5, 5),
    "leads-deutsch.csv": ("deutsch", "cp1252", ";", (31, 1, 3), 0, 1),
    "custom.csv": ("messe-nord", "utf-8", "|", (15, 0, 1), 0, 0),
    "leads.xlsx": ("deutsch", "xlsx", None, (19, 0, 1), 0, 0),
}
REFUSED = {
    "meta-lead-ads.csv": {10: "contact-missing", 40: "duplicate", 41: "test-lead"},
    "google-ads-leads.csv": {12: "phone-invalid", 30: "test-lead", 31: "duplicate"},
    "hubspot-contacts.csv": {13: "contact-missing", 26: "duplicate"},
    "salesforce-report.csv": {15: "contact-missing", 18: "name-missing"},
    "leads-deutsch.csv": {
        10: "contact-missing",
        25: "contact-invalid",
        29: "interest-missing",
        36: "duplicate",
    },
    "custom.csv": {8: "phone-invalid"},
    "leads.xlsx": {6: "contact-missing"},
}
#: Kept free by the regulator for film and television.
DRAMA = re.compile(
    r"\+49(3023125\d{3}|4066969\d{3}|2214710\d{3}|8999998\d{3}|6990009\d{3}|17139200\d{2})"
)
RESERVED = re.compile(r"@(example\.(com|org|net)|[a-z.]+\.example)", re.IGNORECASE)


def read(name: str) -> ParsedFile:
    mapping = (
        parse_mapping((EXAMPLES / "custom-mapping.toml").read_bytes())
        if name == "custom.csv"
        else None
    )
    return read_file((EXAMPLES / name).read_bytes(), filename=name, mapping=mapping)


def test_running_the_generator_again_reproduces_every_file(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "examples.generate", str(tmp_path)], cwd=ROOT, check=True)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(EXPECTED)
    for name in EXPECTED:
        assert (tmp_path / name).read_bytes() == (EXAMPLES / name).read_bytes(), name


def test_no_shipped_file_is_without_an_expectation() -> None:
    assert {path.name for path in EXAMPLES.glob("*.csv")} | {"leads.xlsx"} == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_each_file_is_read_as_promised(name: str) -> None:
    slug, encoding, separator, counts, skipped, blank = EXPECTED[name]
    file = read(name)
    assert (file.format, file.encoding, file.separator) == (slug, encoding, separator)
    assert tuple(file.counts.values()) == counts
    assert (len(file.skipped), file.blank_rows) == (skipped, blank)
    assert {
        result.row: result.code
        for result in file.results
        if isinstance(result, RefusedLead | DuplicateLead)
    } == REFUSED[name]


@pytest.mark.parametrize("name", EXPECTED)
def test_every_line_of_a_file_is_accounted_for(name: str) -> None:
    file, table = read(name), tables_of((EXAMPLES / name).read_bytes())[0]
    assert 12 <= len(file.results) <= 40
    rows = sorted(
        [file.header_row, *(r.row for r in file.results), *(line.row for line in file.skipped)]
    )
    assert rows == [record.row for record in table.records]


@pytest.mark.parametrize("name", EXPECTED)
def test_nothing_a_person_said_gets_lost(name: str) -> None:
    """Each cell of an imported row is found again in the lead; the mapping's `ignore` is the one
    exception.
    """
    file, table = read(name), tables_of((EXAMPLES / name).read_bytes())[0]
    cells_of = dict(table.records)
    for lead in file.leads:
        kept = re.sub(r"[\W_]", "", str(lead)).casefold()
        for header, cell in zip(file.headers, cells_of[lead.row], strict=True):
            if header in {
                "Geburtstag",
                "Telefon",
                "Telefonnummer",
                "Phone",
                "Rufnr.",
                "Phone Number",
                "Mobile Phone Number",
            }:
                continue  # phones become E.164, compared below
            if header in {
                "Einwilligung",
                "Weitergabe?",
                "Is Test",
                "Country",
                "Country/Region",
                "Lead ID",
            }:
                continue  # became yes or no, or a code; Salesforce's id without its checksum
            text = (
                re.sub(r"^(l|ag|as|c|f|p|z):", "", cell.strip())
                if name.startswith("meta")
                else cell
            )
            for word in re.findall(r"[^\W_]+", text):
                assert word.casefold() in kept, (lead.row, header)


@pytest.mark.parametrize("name", EXPECTED)
def test_nobody_in_the_files_can_be_reached(name: str) -> None:
    file = read(name)
    assert all(DRAMA.fullmatch(lead.phone) for lead in file.leads if lead.phone)
    text = "\n".join(
        cell
        for record in tables_of((EXAMPLES / name).read_bytes())[0].records
        for cell in record.cells
    )
    assert text.count("@") > 10
    addresses = re.findall(r"@\S+", text.replace("keine@mail@", "keine-mail@"))
    assert all(RESERVED.fullmatch(address.rstrip(",;")) for address in addresses)


def test_reading_twice_gives_the_same_fingerprints_and_files_do_not_collide() -> None:
    first = [lead.fingerprint for name in EXPECTED for lead in read(name).leads]
    assert first == [lead.fingerprint for name in EXPECTED for lead in read(name).leads]
    assert len(set(first)) == len(first)


def test_consent_comes_from_columns_only() -> None:
    for name in EXPECTED:
        file = read(name)
        told = name in {"leads-deutsch.csv", "custom.csv", "leads.xlsx"}
        assert any(lead.distribution_permission for lead in file.leads) is told
        assert bool(file.remarks) is not told


def test_without_its_mapping_the_custom_file_is_refused() -> None:
    with pytest.raises(ImportRefused) as refused:
        read_file((EXAMPLES / "custom.csv").read_bytes(), filename="custom.csv")
    assert refused.value.code == "format-unknown"
    assert "Kontaktperson" in refused.value.headers


def test_a_damaged_export_is_noticed() -> None:
    """The negative control of this file: the same bytes, one cut short, one shifted."""
    content = (EXAMPLES / "meta-lead-ads.csv").read_bytes()
    for damaged in (content[:-1], content[:2] + content[3:]):
        with pytest.raises(ImportRefused):
            read_file(damaged, filename="meta-lead-ads.csv")


def test_the_readme_states_the_same_numbers() -> None:
    readme = (EXAMPLES / "README.md").read_text(encoding="utf-8")
    for name, (_, _, _, counts, _, _) in EXPECTED.items():
        line = next(line for line in readme.splitlines() if line.startswith(f"| `{name}`"))
        assert [int(cell) for cell in line.split("|")[3:7]] == [sum(counts), *counts]
