"""Lists as files: the rows of the list, under the caller's token, entered in the ledger."""

import ast
import asyncio
import csv
import io
import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from service.database.wire import PostgresError
from service.domain.exports import http, operations
from service.domain.exports.columns import LEADS
from service.domain.exports.running import Running
from service.domain.exports.writing import writer
from service.domain.leads import listing
from service.domain.leads.messages import LeadFilter
from service.domain.reports import files
from service.web.answers import CutOff, Stream
from tests.fixtures.database import connected
from tests.fixtures.http import Person
from tests.fixtures.market import Market
from tests.fixtures.world import PASSWORD
from tests.leads.test_returns import items, ok

SERVICE = Path(__file__).parents[2] / "service"
#: All GETs that write.
WRITING = {"sent", "statement_csv"}


async def taken_out(who: Person, url: str) -> list[dict[str, Any]]:
    answer = await who.get(f"/exports/{url}")
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


async def ledger(market: Market, company: UUID) -> list[Any]:
    async with connected(market.urls.superuser) as superuser:
        rows = await superuser.fetch(
            "select marketplace_id, lead_id, colleague_name, fields, since, until, parties"
            " from app.disclosure where cause = 'export' and company_id = $1 order by id", company,
        )  # fmt: skip
    return list(rows)


@pytest.mark.parametrize(
    "query",
    ["", "as=operator", "as=taker", "state=engaged", "q=muster", "as=giver&sort=oldest",
     "handler=none&marketplace={m}", "stalled=true",
     "engagement=active&received_since=2020-01-01T00:00:00Z"],
)  # fmt: skip
async def test_an_export_has_what_the_list_has(
    market: Market, monkeypatch: pytest.MonkeyPatch, query: str
) -> None:
    """Whatever the filter, in its order, over many pages, for each who may ask."""
    monkeypatch.setattr(operations, "PAGE", 2)
    monkeypatch.setattr(http, "PAGE", 2)
    query = query.format(m=market.m)
    for who in (market.olga, market.anna, market.cora, market.gerd, market.fritz):
        listed: list[Any] = []
        cursor = ""
        while True:
            page = await ok(who.get(f"/leads?limit=100&{query}{cursor}"))
            listed += page["items"]
            if page["next_cursor"] is None:
                break
            cursor = f"&cursor={page['next_cursor']}"
        rows = await taken_out(who, f"leads.jsonl?{query}")
        assert [row["id"] for row in rows] == [one["id"] for one in listed]
        for row, one in zip(rows, listed, strict=True):
            assert list(row) == list(LEADS)
            assert row["prospect.name"] == one.get("prospect", {}).get("name")
            assert row["engagement.step"] == (one.get("engagement") or {}).get("step")


async def test_a_table_is_read_by_a_spreadsheet(market: Market) -> None:
    """Chosen columns in their order, in the reader's language; what people wrote is no formula."""
    lead = await market.draft(
        prospect={"name": "=HYPERLINK(1)"}, interest="＋Dach\n@Haus", tags=["a", "b"]
    )
    columns = "prospect.name,interest,distribution_permission,received_at,tags,id"
    url = f"/exports/leads.csv?lead={lead}&columns={columns}"
    german = await market.gerd.get(url, headers={"Accept-Language": "de"})
    assert german.headers["content-disposition"].startswith('attachment; filename="leads-20')
    assert german.headers["content-type"] == "text/csv; charset=utf-8"
    assert german.content.startswith("\ufeff".encode())
    head, row = csv.reader(io.StringIO(german.text.lstrip("\ufeff"), newline=""), delimiter=";")
    assert head == ["Name", "Anliegen", "Einwilligung", "Eingegangen (UTC)", "Merkmale", "Lead"]
    assert row[:3] == ["'=HYPERLINK(1)", "'＋Dach\n@Haus", "ja"]
    assert row[3][2] == row[3][5] == "."
    english = await market.gerd.get(url)
    row = list(csv.reader(io.StringIO(english.text.lstrip("\ufeff"), newline="")))[1]
    assert (row[2], row[-1]) == ("yes", lead)
    lines = await taken_out(market.gerd, f"leads.jsonl?lead={lead}&columns=prospect.name")
    assert lines == [{"prospect.name": "=HYPERLINK(1)"}]  # programs get what was written
    for wrong in ("columns=", "columns=name", "columns=id,parties", "sort=changed", "handler=x"):
        assert (await market.gerd.get(f"/exports/leads.csv?{wrong}")).status_code == 400, wrong


def test_numbers_are_written_out() -> None:
    assert [files.number(one, "de") for one in (1234567.25, 100.0, 0.5, 0.0, None)] == [
        "1234567,25", "100", "0,5", "0", "",
    ]  # fmt: skip
    assert files.number(1234567.25, "en") == "1234567.25"


async def test_offers_and_the_statement(market: Market) -> None:
    await market.offered(market.world.huber)
    listed = await items(market.anna, "/offers?limit=100&state=open")
    rows = await taken_out(market.anna, "offers.jsonl?state=open&columns=id,teaser.interest,wave")
    assert [row["id"] for row in rows] == [one["id"] for one in listed]
    assert rows[0]["teaser.interest"] == listed[0]["teaser"]["interest"]
    table = await market.olga.get("/exports/offers.csv?as=operator&columns=company_name,state")
    assert table.text.splitlines()[0].lstrip("\ufeff") == "Taker,State"
    m = market.m
    entries = await ok(market.olga.get(f"/marketplaces/{m}/statement?month=2026-11"))
    lines = await taken_out(market.olga, f"statement.jsonl?marketplace={m}&month=2026-11")
    assert [one["amount_cents"] for one in lines] == [
        one["amount_cents"] for one in entries["items"]
    ]
    for kind in ("csv", "jsonl"):
        for method in ("GET", "HEAD"):
            refused = await market.fritz.send(method, f"/exports/statement.{kind}?marketplace={m}")
            assert refused.status_code == 404


async def test_it_is_entered_before_the_first_byte(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of what marketplace, by whom, which personal fields; HEAD enters nothing, and a file that
    fails afterwards is entered all the same."""
    huber = market.world.huber.id
    before = len(await ledger(market, huber))
    head = await market.anna.send("HEAD", "/exports/leads.csv")
    assert (head.status_code, head.content) == (200, b"")
    assert (await market.anna.send("HEAD", "/exports/leads.csv?columns=x")).status_code == 400
    assert (await market.anna.get("/exports/leads.csv?columns=x")).status_code == 400
    unknown = Person(market.anna.client, "kgs_nobody")
    for method in ("GET", "HEAD"):
        assert (await unknown.send(method, "/exports/leads.csv")).status_code == 401
    assert len(await ledger(market, huber)) == before
    url = f"/exports/leads.csv?marketplace={market.m}&columns=id,prospect.phone,prospect.email"
    await market.anna.get(url)
    (entry,) = (await ledger(market, huber))[before:]
    assert (entry["marketplace_id"], entry["lead_id"]) == (market.m, None)
    assert (entry["colleague_name"], entry["fields"]) == ("Anna", ["email", "phone"])
    assert entry["since"] == entry["until"]
    assert set(entry["parties"]) == {huber, market.world.nord.id}

    async def fails(*_: Any) -> Any:
        raise RuntimeError("after the entry")

    monkeypatch.setattr("service.domain.leads.listing.leads", fails)
    assert (await market.anna.get(url)).status_code == 500
    assert len(await ledger(market, huber)) == before + 2
    assert http._RUNNING.now == 0


async def test_too_many_at_once_are_told_to_wait(market: Market) -> None:
    """Of a company; another one's go on, and nothing is entered for what is refused."""
    huber = market.world.huber.id
    before = len(await ledger(market, huber))

    async def stands() -> Any:
        yield b"x"
        await asyncio.Event().wait()

    running = [http._RUNNING.counted(huber, stands()) for _ in range(2)]
    for one in running:
        await anext(one)
    try:
        refused = await market.anna.get("/exports/leads.csv")
        assert (refused.status_code, refused.headers["retry-after"]) == (429, "30")
        assert (await market.cora.get("/exports/leads.csv")).status_code == 200
        assert len(await ledger(market, huber)) == before
    finally:
        for one in running:
            await one.aclose()
    assert http._RUNNING.now == 0
    assert (await market.anna.get("/exports/leads.csv")).status_code == 200


async def test_a_dead_token_ends_a_file_and_no_connection_is_held(
    market: Market, service: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two pages nothing is on loan; of the next one nothing comes when the token died."""
    monkeypatch.setattr(http, "PAGE", 1)
    for _ in range(2):
        lead = await market.offered(market.world.huber)
        await ok(market.anna.post(market.path(lead, "/pick")))
    opened = await ok(
        market.anna.post("/sessions", {"email": "anna@huber.example", "password": PASSWORD}), 201
    )
    database = service._app.state.database
    export = operations.Export(
        "leads", LEADS, ["id"], None,
        lambda tx, cursor: listing.leads(tx, LeadFilter("taker"), cursor, 1),
    )  # fmt: skip
    made = writer("jsonl", LEADS, ["id"], "en")
    source = operations.parts(database, opened["token"], export, made)
    assert json.loads(await anext(source))["id"]
    assert sum(database.pool._places._taken.values()) == 0
    assert json.loads(await anext(source))["id"]
    gone = await Person(market.anna.client, opened["token"]).delete("/sessions/current")
    assert gone.status_code == 204
    with pytest.raises(PostgresError, match="28000"):
        await anext(source)


def test_exports_are_the_only_gets_that_write() -> None:
    """By the one method that lets them; and a GET enters to read everywhere else."""
    found = set()
    for file in SERVICE.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, (ast.AsyncFunctionDef, ast.FunctionDef)) and any(
                isinstance(inner, ast.Attribute) and inner.attr == "noted"
                for inner in ast.walk(node)
            ):
                found.add((file.parent.name, node.name))
    assert {name for room, name in found if room == "exports"} >= WRITING
    assert {room for room, _ in found} == {"exports"}


@pytest.mark.parametrize("who", ["the client", "the service"])
async def test_an_early_end_closes_the_source_and_shows(who: str) -> None:
    """When the client leaves nobody is told; when the service stops the answer is cut off, so that
    half a file is not taken for all of it. In both the place is free again."""
    running, company, over = Running(), UUID(int=1), asyncio.Event()

    async def source() -> Any:
        yield b"first"
        await asyncio.Event().wait()

    async def never() -> None:
        await asyncio.Event().wait()

    ends = (over.wait, never) if who == "the client" else (never, over.wait)
    begun = await http.begun(running.counted(company, source()))
    answer = Stream(begun, "text/csv", ends, whole=True)
    told: list[Any] = []

    async def send(message: Any) -> None:
        told.append(message)
        if message.get("body") == b"first":
            over.set()

    assert running.now == 1
    if who == "the client":
        await answer.send(send)
    else:
        with pytest.raises(CutOff):
            await answer.send(send)
        assert all(one.get("more_body") is not False for one in told[1:])
    assert running.now == 0
