"""Exports as spreadsheets: what two readers find in them, and that none of it is kept."""

import io
import random
import tracemalloc
from datetime import UTC, datetime
from typing import Any

import openpyxl
import pytest
from python_calamine import CalamineWorkbook

from service.domain.exports import http, operations, workbooks
from service.domain.exports.workbooks import Workbook
from tests.fixtures.market import Market
from tests.leads.test_returns import ok

AT = datetime(2026, 10, 25, 1, 30, 15, tzinfo=UTC)
WRITTEN = [
    "=HYPERLINK(\"http://x.example\")", "+49 30 1234567", "007", "a & <b> \"c\"\n  d\t", "_x0041_",
    "＋1", "'quoted", "Grüße 🎉", "2026-11-05",
]  # fmt: skip


def by_openpyxl(content: bytes) -> list[list[list[Any]]]:
    book = openpyxl.load_workbook(io.BytesIO(content))
    for sheet in book:
        assert all(one.data_type != "f" for row in sheet for one in row)
    return [[list(row) for row in sheet.iter_rows(values_only=True)] for sheet in book]


def by_calamine(content: bytes) -> list[list[list[Any]]]:
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    return [book.get_sheet_by_name(name).to_python() for name in book.sheet_names]


def made(rows: list[list[Any]], head: list[str]) -> bytes:
    book = Workbook("Export", head)
    return book.add(rows) + book.end()


def test_what_is_written_is_read() -> None:
    """Texts stay texts, whatever they look like; numbers, times and yes or no are what they are."""
    rows = [[text, 12, 0.5, True, AT, None, False, ""] for text in WRITTEN]
    content = made(rows, ["Text", "n", "x", "?", "At", "-", "!", "e"])
    (sheet,) = by_openpyxl(content)
    assert sheet[0] == ["Text", "n", "x", "?", "At", "-", "!", "e"]
    naive = AT.replace(tzinfo=None)
    raw = [text.replace("_x0041_", "_x005F_x0041_") for text in WRITTEN]  # it decodes none
    assert sheet[1:] == [[text, 12, 0.5, True, naive, None, False, None] for text in raw]
    (sheet,) = by_calamine(content)
    assert [row[0] for row in sheet[1:]] == WRITTEN
    assert sheet[1][1:] == [12.0, 0.5, True, naive, "", False, ""]


def test_what_no_cell_holds_is_left_out() -> None:
    (sheet,) = by_openpyxl(made([["a\x00\x0b\ufffeb\r\nc"], ["x" * 40_000]], ["Text"]))
    assert [sheet[1][0], len(sheet[2][0])] == ["ab\nc", workbooks.CHARACTERS]


def test_a_full_sheet_is_followed_by_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbooks, "ROWS", 4)
    content = made([[n] for n in range(7)], ["n"])
    for sheets in (by_openpyxl(content), by_calamine(content)):
        assert sheets == [[["n"], [0], [1], [2]], [["n"], [3], [4], [5]], [["n"], [6]]]
    assert by_openpyxl(made([], ["n"])) == [[["n"]]]


def test_rows_are_not_kept() -> None:
    """What is held does not grow with what was sent."""
    row = [*WRITTEN, AT, 1, None, None]
    held = []
    tracemalloc.start()
    try:
        book = Workbook("Export", [str(n) for n in range(len(row))])
        for _ in range(2):
            sent = b""
            for _ in range(4):
                sent += book.add([[*row[:-1], str(random.random()) * 9] for _ in range(200)])
            assert sent
            held.append(tracemalloc.get_traced_memory()[0])
        assert abs(held[1] - held[0]) < 50_000
    finally:
        tracemalloc.stop()


async def test_an_export_opens_in_the_readers_language(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(operations, "PAGE", 2)
    monkeypatch.setattr(http, "PAGE", 2)
    lead = await market.draft(
        prospect={"name": "=1+1", "phone": "+49 30 23 456 001"}, tags=["a", "b"]
    )
    columns = "received_at,prospect.name,prospect.phone,distribution_permission,tags,id"
    url = f"/exports/leads.xlsx?columns={columns}"
    answer = await market.gerd.get(url, headers={"Accept-Language": "de"})
    assert answer.headers["content-type"] == http.MEDIA["xlsx"]
    assert ".xlsx" in answer.headers["content-disposition"]
    (sheet,) = by_openpyxl(answer.content)
    assert sheet[0] == ["Eingegangen (UTC)", "Name", "Telefon", "Einwilligung", "Merkmale", "Lead"]
    listed = (await ok(market.gerd.get("/leads?limit=100&as=giver")))["items"]
    assert [row[-1] for row in sheet[1:]] == [one["id"] for one in listed]
    assert sheet[1][1:] == ["=1+1", "+493023456001", True, "a, b", lead]
    assert isinstance(sheet[1][0], datetime)
    english = await market.anna.get("/exports/offers.xlsx?columns=opened_at,wave")
    (sheet,) = by_openpyxl(english.content)
    assert sheet[0] == ["Offered (UTC)", "Wave"]
    assert isinstance(sheet[1][1], int)
