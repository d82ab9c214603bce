"""One stray byte harms its own row alone; a file is read as what it is, or refused with advice."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.domain.imports.files import ImportedLead, ImportRefused, parse_mapping, read_file
from service.domain.imports.files.encodings import REPLACED, decode_text, detect_encoding

HEADER = "Name;E-Mail;PLZ;Ort;Anliegen;Einwilligung\n"
GERMAN = ["Jürgen Größer", "Änne Müller", "Zoë Weiß", "ÖZGÜR", "Karl-Heinz Süß", "Bärbel Hübsch"]


def row(name: str, city: str = "München") -> str:
    return f"{name};a@post.example;80331;{city};Dämmung;ja\n"


def names(content: bytes) -> list[str]:
    return [lead.name for lead in read_file(content, filename="x").leads]


def file_of(*rows: bytes) -> bytes:
    return HEADER.encode() + b"".join(
        line.replace(b"a@", b"a%d@" % number) for number, line in enumerate(rows)
    )


@pytest.mark.parametrize("encoding", ["cp1252", "mac-roman", "cp850", "utf-8"])
@pytest.mark.parametrize("name", GERMAN)
def test_a_file_is_read_as_what_it_is(encoding: str, name: str) -> None:
    content = file_of(row(name).encode(encoding))
    assert detect_encoding(content) == encoding
    assert names(content) == [name]


@given(
    st.lists(st.sampled_from([*GERMAN, "Paul Ohne", "Renée Dupré", "D’Angelo"]), min_size=1),
    st.sampled_from(["cp1252", "mac-roman"]),
)
def test_no_mixture_of_names_makes_mojibake(people: list[str], encoding: str) -> None:
    content = file_of(*(row(name).encode(encoding) for name in people))
    assert decode_text(content).text == content.decode(encoding)


@pytest.mark.parametrize("stray", [b"\xff", b"\xfc", b"\x81", b"\xc3", b"\xe4\xf6"])
def test_a_stray_byte_leaves_the_other_rows_as_they_are(stray: bytes) -> None:
    good = [row(name).encode() for name in GERMAN]
    torn = row("Grün").encode().replace("ü".encode(), "ü".encode() + stray, 1)
    file = read_file(file_of(*good[:3], torn, *good[3:]), filename="x")
    assert file.encoding == "utf-8"
    assert [lead.name for lead in file.leads if lead.row != 5] == GERMAN
    (harmed,) = [lead for lead in file.leads if lead.row == 5]
    assert (harmed.city, harmed.interest) == ("München", "Dämmung")
    assert harmed.name.startswith("Grü")
    assert REPLACED in harmed.name
    told = {lead.row: [w.code for w in lead.warnings] for lead in file.leads if lead.warnings}
    assert told == {5: ["bytes-unreadable"]}
    assert [remark.code for remark in file.remarks] == ["encoding-mixed"]


@pytest.mark.parametrize("other", ["cp1252", "mac-roman", "cp850"])
def test_a_line_of_another_encoding_is_read_in_its_own_and_told(other: str) -> None:
    lines = [row(name).encode() for name in GERMAN]
    lines[2] = row("Jürgen Größer").encode(other)
    file = read_file(file_of(*lines), filename="x")
    assert [lead.name for lead in file.leads] == [*GERMAN[:2], "Jürgen Größer", *GERMAN[3:]]
    assert file.leads[2].city == "München"
    told = [[w.code for w in lead.warnings] for lead in file.leads]
    assert told == [[], [], ["row-of-other-encoding"], [], [], []]
    assert other in file.leads[2].warnings[0].detail_en


def test_a_line_within_a_quoted_cell_counts_for_its_row() -> None:
    torn = b'"Paul\nGr\xfcn";b@post.example;80331;M\xc3\xbcnchen;Dach;ja\n'
    file = read_file(file_of(row("Änne Süß").encode(), torn, row("Öl").encode()), filename="x")
    assert {r.row: len(r.warnings) for r in file.results if isinstance(r, ImportedLead)} == {
        2: 0, 3: 1, 4: 0
    }  # fmt: skip


def test_what_can_be_read_in_two_ways_is_refused_with_advice() -> None:
    unclear = file_of("Dušan;a@post.example;80331;Ulm;Dach;ja\n".encode("cp1252"))
    with pytest.raises(ImportRefused) as refused:
        read_file(unclear, filename="x")  # in Mac Roman it says Duöan
    assert refused.value.code == "encoding-unclear"
    assert "UTF-8" in refused.value.detail_de
    toml = b'name="x"\nencoding="%s"\n[columns]\nname="Name"\nemail="E-Mail"\ninterest="Anliegen"\n'
    for encoding, name in (("cp1252", "Dušan"), ("mac-roman", "Duöan")):
        known = parse_mapping(toml.replace(b"%s", encoding.encode()))
        assert read_file(unclear, filename="x", mapping=known).leads[0].name == name
    assert names(file_of(*(row(n).encode("cp1252") for n in ["Dušan", *GERMAN])))[0] == "Dušan"


@given(st.binary(max_size=80))
def test_bytes_are_read_or_refused_and_lines_stay_lines(content: bytes) -> None:
    try:
        text = decode_text(content)
    except ImportRefused:
        return
    if not text.encoding.startswith("utf-16"):
        assert len(text.text.encode().splitlines()) >= len(
            [line for line in content.removeprefix(b"\xef\xbb\xbf").splitlines() if line]
        )
