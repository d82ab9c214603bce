"""Mapping files: what no format knows is read as the mapping says, and a bad mapping is refused by
name.
"""

import csv
import io

import pytest

from service.domain.imports.files import ImportRefused, parse_mapping, read_file


def file_of(*rows: list[str], separator: str = ";") -> bytes:
    buffer = io.StringIO(newline="")
    csv.writer(buffer, delimiter=separator).writerows(rows)
    return buffer.getvalue().encode()


MAPPING = b"""
name = "fair"
ignore = ["Age"]
[columns]
name = "Who"
street = ["Road", "No"]
email = "Mail"
[constants]
interest = "Wintergarten"
[consent]
column = "OK?"
yes = ["Agreed"]
"""


def test_a_mapping_reads_what_no_format_knows() -> None:
    content = file_of(
        ["No", "Mail", "Who", "Road", "OK?", "Age", "Colour"],
        ["7", "a@example.com", "A", "Way", "agreed", "44", "red"],
    )
    (lead,) = read_file(content, filename="x", mapping=parse_mapping(MAPPING)).leads
    assert (lead.source, lead.street, lead.interest, lead.tags) == (
        "fair",
        "Way 7",
        "Wintergarten",
        ["wintergarten"],
    )
    assert (lead.distribution_permission, lead.answers, lead.context) == (
        True,
        {"Colour": "red"},
        {},
    )
    refused = read_file(
        content.replace(b"agreed", b"yes"), filename="x", mapping=parse_mapping(MAPPING)
    )
    assert not refused.leads[0].distribution_permission  # only the mapping's word means yes
    assert "44" not in str(refused.leads[0].answers)


def test_a_mapping_overrides_encoding_and_separator() -> None:
    toml = (
        b'name="x"\nseparator="pipe"\nencoding="cp850"\n'
        b'[columns]\nname="Name"\nemail="E"\ninterest="I"\n'
    )
    (lead,) = read_file(
        "Name|E|I\nJörg|a@example.com|Dach\n".encode("cp850"),
        filename="x",
        mapping=parse_mapping(toml),
    ).leads
    assert lead.name == "Jörg"


@pytest.mark.parametrize(
    "toml",
    [
        b"name",
        b"\xff",
        b'name = "x"',
        b'name = "x"\n[columns]\n',
        b'name = "Not A Slug"\n[columns]\nname="a"\n',
        b'name = "x\\n"\n[columns]\nname="a"\n',
        b'name = "x"\nsurprise = 1\n[columns]\nname="a"\n',
        b'name = "x"\n[columns]\nshoe_size="a"\n',
        b'name = "x"\n[columns]\nname="a"\nemail="A "\n',
        b'name = "x"\nencoding="rot13"\n[columns]\nname="a"\n',
        b'name = "x"\n[columns]\nname=""\n',
        b"#" * 70_000,
    ],
)
def test_bad_mappings_are_refused(toml: bytes) -> None:
    with pytest.raises(ImportRefused) as refused:
        parse_mapping(toml)
    assert refused.value.code == "mapping-invalid"


def test_a_mapping_for_another_file_says_what_is_missing() -> None:
    with pytest.raises(ImportRefused) as refused:
        read_file(
            file_of(["Who", "Mail", "OK?"], ["A", "B", "C"]),
            filename="x",
            mapping=parse_mapping(MAPPING),
        )
    assert refused.value.code == "mapping-header-missing"
    assert "Road, No" in refused.value.detail_en
