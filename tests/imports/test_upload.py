"""Imports over HTTP: real exports, a result for every row, safe to repeat."""

from pathlib import Path
from uuid import uuid4

import pytest

from tests.fixtures.market import Market

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
CSV = {"content-type": "text/csv"}


@pytest.mark.parametrize(
    ("name", "known_as"),
    [
        ("meta-lead-ads.csv", "meta-lead-ads"),
        ("google-ads-leads.csv", "google-ads"),
        ("hubspot-contacts.csv", "hubspot"),
        ("salesforce-report.csv", "salesforce"),
        ("leads-deutsch.csv", "deutsch"),
        ("leads.xlsx", "deutsch"),
    ],
)
async def test_a_real_export_comes_in_once(market: Market, name: str, known_as: str) -> None:
    content = (EXAMPLES / name).read_bytes()
    path = f"/imports?marketplace={market.m}&filename={name}&limit=1000"
    first = await market.gerd.post(path, content=content, headers=CSV)
    assert first.status_code == 201, first.text
    report = first.json()
    assert report["format"].startswith(known_as.split("-")[0])
    assert report["imported"] > 5
    rows = report["imported"] + report["duplicates"] + report["refused"]
    assert len(report["rows"]) == rows
    for row in report["rows"]:
        assert (row["lead_id"] is None) == (row["code"] is not None and row["code"] != "known")
    again = (await market.gerd.post(path, content=content, headers=CSV)).json()
    assert again["imported"] == 0
    assert again["duplicates"] == report["imported"] + report["duplicates"]
    lead = next(row["lead_id"] for row in report["rows"] if row["lead_id"])
    seen = (await market.gerd.get(market.path(lead))).json()
    assert seen["prospect"]["name"]
    assert (await market.anna.get(market.path(lead))).status_code == 404


async def test_another_format_comes_with_a_mapping(market: Market) -> None:
    files = {
        "file": ("custom.csv", (EXAMPLES / "custom.csv").read_bytes(), "text/csv"),
        "mapping": ("m.toml", (EXAMPLES / "custom-mapping.toml").read_bytes(), "text/plain"),
    }
    path = f"/imports?marketplace={market.m}"
    made = await market.olga.send("POST", path, files=files)
    assert made.status_code == 201, made.text
    assert made.json()["imported"] > 5
    without = await market.olga.send("POST", path, files={"file": files["file"]})
    assert without.status_code == 422
    assert without.json()["type"].endswith("file-unreadable")


async def test_the_report_is_kept_paged_and_ones_own(market: Market) -> None:
    content = (EXAMPLES / "leads-deutsch.csv").read_bytes()
    path = f"/imports?marketplace={market.m}&filename=leads.csv&limit=5"
    made = (await market.olga.post(path, content=content, headers=CSV)).json()
    assert len(made["rows"]) == 5
    rows, cursor = [], ""
    while True:
        page = (await market.otto.get(f"/imports/{made['id']}?limit=7{cursor}")).json()
        rows += [row["row_number"] for row in page["rows"]]
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert len(rows) == made["imported"] + made["duplicates"] + made["refused"]
    assert rows == sorted(set(rows))
    assert made["id"] in {i["id"] for i in (await market.olga.get("/imports")).json()["items"]}
    assert (await market.gerd.get(f"/imports/{made['id']}")).status_code == 404


async def test_nothing_comes_in_from_who_may_not_or_what_is_no_file(market: Market) -> None:
    content = (EXAMPLES / "leads-deutsch.csv").read_bytes()
    path = f"/imports?marketplace={market.m}"
    assert (await market.anna.post(path, content=content, headers=CSV)).status_code == 403
    assert (await market.fritz.post(path, content=content, headers=CSV)).status_code == 404
    for junk in (b"\x00\x01\x02", b"nur eine Zeile", b""):
        refused = await market.gerd.post(path, content=junk, headers=CSV)
        assert 400 <= refused.status_code < 500
    as_json = await market.gerd.post(path, {"a": 1})
    assert 400 <= as_json.status_code < 500
    assert (await market.anna.get("/imports")).json()["items"] == []


async def test_a_file_without_a_usable_row_asks_for_the_right_too(market: Market) -> None:
    """Its report would tell which marketplaces exist, and stand in a foreign one."""
    junk = b"Vorname;Nachname;PLZ;Ort;Telefon;E-Mail;Anliegen;Einwilligung\n"
    junk += b"Petra;Muster;10115;Berlin;;keine Adresse;Dach;ja\n"
    own = await market.gerd.post(f"/imports?marketplace={market.m}", content=junk, headers=CSV)
    assert (own.status_code, own.json()["refused"]) == (201, 1)  # the control
    answers = [
        await market.fritz.post(f"/imports?marketplace={m}", content=junk, headers=CSV)
        for m in (market.m, uuid4())
    ]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].content == answers[1].content
    taker = await market.anna.post(f"/imports?marketplace={market.m}", content=junk, headers=CSV)
    assert taker.status_code == 403
    assert (await market.fritz.get("/imports")).json()["items"] == []
