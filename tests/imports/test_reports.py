"""What an import tells: of the file, of its sheets, of rows by their outcome; by API and CLI."""

from pathlib import Path
from typing import Any
from uuid import uuid4

import openpyxl
import pytest

from tests.fixtures.commands import kollegium
from tests.fixtures.database import NewDatabase
from tests.fixtures.market import Market, slug
from tests.fixtures.world import PASSWORD

CSV = {"content-type": "text/csv"}
HEADER = "Name;E-Mail;Telefon;PLZ;Anliegen;Einwilligung\n"


def mark() -> str:
    return uuid4().hex[:12]


async def sent(market: Market, content: bytes, query: str = "") -> Any:
    return await market.gerd.post(
        f"/imports?marketplace={market.m}{query}", content=content, headers=CSV
    )


def codes(report: dict[str, Any]) -> list[str]:
    return [remark["code"] for remark in report["remarks"]]


async def test_the_answer_tells_what_is_to_know_of_the_whole_file(market: Market) -> None:
    content = f"Leads Oktober\n\nName;E-Mail;PLZ\nNina;nina.{mark()}@post.example;10115\n"
    made = await sent(market, content.encode(), "&interest=Dach&filename=x.csv")
    assert made.status_code == 201, made.text
    report = made.json()
    assert codes(report) == ["consent-column-missing"]
    assert report["remarks"][0]["detail"]["de"].endswith("bleiben Entwürfe.")
    assert report["skipped"] == [{"row_number": 1, "reason": "preamble"}]
    assert report["sheets"] == []
    again = (await market.gerd.get(f"/imports/{report['id']}")).json()
    assert (again["remarks"], again["skipped"]) == (report["remarks"], report["skipped"])
    lead = (await market.gerd.get(market.path(report["rows"][0]["lead_id"]))).json()
    assert (lead["state"], lead["interest"]) == ("draft", "Dach")


async def test_sheets_are_told(market: Market, tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.title = "Deckblatt"
    book.active["A1"] = "Leads Oktober"
    sheet = book.create_sheet("Leads")
    for row in (HEADER.strip().split(";"),
                ["Ben", f"ben.{mark()}@post.example", "#REF!", "1067", "Dach", "ja"]):  # fmt: skip
        sheet.append(row)
    sheet["C2"].data_type = "e"
    book.save(tmp_path / "leads.xlsx")
    report = (await sent(market, (tmp_path / "leads.xlsx").read_bytes())).json()
    assert {s["name"]: s["outcome"] for s in report["sheets"]} == {
        "Deckblatt": "unknown-header", "Leads": "read"
    }  # fmt: skip
    assert codes(report) == ["sheets-left-out"]
    (row,) = report["rows"]
    assert [w["code"] for w in row["warnings"]] == ["cell-error", "postcode-padded"]


async def test_rows_by_their_outcome(market: Market) -> None:
    token = mark()
    rows = [f"P{n};p{n}.{token}@post.example;;10115;Dach;ja\n" for n in range(7)]
    rows[2] = rows[1]
    rows[5] = "P5;;;10115;Dach;ja\n"
    made = (await sent(market, (HEADER + "".join(rows)).encode(), "&limit=1")).json()
    path = f"/imports/{made['id']}?outcome="
    for outcome, numbers in {"refused": [7], "duplicate": [4], "imported": [2, 3, 5, 6, 8]}.items():
        page = (await market.gerd.get(path + outcome)).json()
        assert [row["row_number"] for row in page["rows"]] == numbers
        assert {row["outcome"] for row in page["rows"]} == {outcome}
    first = (await market.gerd.get(path + "imported&limit=3")).json()
    rest = (await market.gerd.get(path + f"imported&limit=3&cursor={first['next_cursor']}")).json()
    assert [row["row_number"] for row in first["rows"] + rest["rows"]] == [2, 3, 5, 6, 8]
    assert rest["next_cursor"] is None
    assert (await market.gerd.get(path + "lost")).status_code == 400


async def test_a_time_column_makes_ages_true(market: Market) -> None:
    content = HEADER.strip() + ";Eingang\n"
    content += f"Ada;a.{mark()}@post.example;;10115;Dach;ja;01.10.2026 08:12\n"
    report = (await sent(market, content.encode())).json()
    assert codes(report) == ["times-without-zone"]
    lead = (await market.gerd.get(market.path(report["rows"][0]["lead_id"]))).json()
    assert lead["received_at"] == "2026-10-01T06:12:00Z"
    assert lead["created_at"] > lead["received_at"]


async def test_a_number_that_can_be_read_in_two_ways_is_a_draft_with_a_warning(
    market: Market,
) -> None:
    content = HEADER + "Imke;;4915223456032;10115;Dach;ja\nIlse;;4915223456031;10115;Dach;ja\n"
    report = (await sent(market, content.encode())).json()
    assert (report["imported"], report["duplicates"], report["refused"]) == (2, 0, 0)
    for row in report["rows"]:
        lead = (await market.gerd.get(market.path(row["lead_id"]))).json()
        assert (lead["state"], lead["prospect"]["phone"]) == ("draft", None)
        assert lead["prospect"]["answers"]["Telefon"].startswith("49152")
        assert "phone-ambiguous-kept-as-answer" in [w["code"] for w in row["warnings"]]
    again = (await sent(market, content.encode())).json()
    assert (again["imported"], again["duplicates"]) == (0, 2)


async def test_an_unknown_header_is_answered_with_a_mapping(market: Market) -> None:
    content = f"Wer|Mailkontakt|Wunsch\nAda|a.{mark()}@post.example|Dach\n".encode()
    refused = await sent(market, content)
    assert (refused.status_code, slug(refused)) == (422, "file-unreadable")
    offered = refused.json()["mapping"]
    assert 'email = "Mailkontakt"' in offered
    files = {"file": ("x.csv", content, "text/csv"), "mapping": ("m.toml", offered, "text/plain")}
    made = await market.gerd.send("POST", f"/imports?marketplace={market.m}", files=files)
    assert (made.status_code, made.json()["imported"]) == (201, 1)


@pytest.mark.parametrize("encoding", ["mac-roman", "cp850"])
async def test_umlauts_arrive(market: Market, encoding: str) -> None:
    content = f"{HEADER}Jürgen Größer;j.{mark()}@post.example;;80331;Dämmung;ja\n"
    report = (await sent(market, content.encode(encoding))).json()
    assert report["encoding"] == encoding
    lead = (await market.gerd.get(market.path(report["rows"][0]["lead_id"]))).json()
    assert (lead["prospect"]["name"], lead["interest"]) == ("Jürgen Größer", "Dämmung")


async def test_the_command_says_the_same(
    new_database: NewDatabase, world_template: Any, tmp_path: Path
) -> None:
    template, world = world_template
    file = tmp_path / "x.csv"
    file.write_text("Leads\n\nName;E-Mail;PLZ\nNina;nina@post.example;10115\n")
    unknown = tmp_path / "y.csv"
    unknown.write_text("Wer|Mailkontakt\nNina|nina@post.example\n")
    async with new_database(template) as urls:
        env = {"DATABASE_URL": urls.superuser}
        options = ["--marketplace", str(world.nord_id), "--as-email", "gerd@geber.example"]

        def command(path: Path, *more: str) -> Any:
            return kollegium("import-leads", str(path), *options, *more, stdin=PASSWORD, env=env)

        done = command(file, "--interest", "Dach", "--dry-run")
        assert done.returncode == 0, done.stderr
        said = " ".join(done.stdout.split())
        assert "all leads stay drafts" in said
        assert "Row 1 is no data (preamble)" in said
        assert "1 would be imported" in said
        refused = command(unknown)
        assert refused.returncode == 1
        assert 'email = "Mailkontakt"' in refused.stderr
