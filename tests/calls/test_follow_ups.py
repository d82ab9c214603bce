"""Follow-ups: whose they are, when one is reminded, and that nobody else reads them."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from service.jobs.worker import timers
from tests.calls.test_calls import picked
from tests.fixtures.database import as_bearer, connected
from tests.fixtures.http import Person
from tests.fixtures.market import Market, slug


def at(**ahead: float) -> str:
    """A moment so far from now."""
    return (datetime.now(UTC) + timedelta(**ahead)).isoformat()


async def noted(market: Market, path: str, by: Person | None = None, **given: Any) -> Any:
    """A follow-up of Anna's (or of `by`) for tomorrow."""
    body = {"due_at": at(days=1), "text": "Nachfassen", **given}
    made = await (by or market.anna).post(path, body)
    assert made.status_code == 201, made.text
    return made.json()


async def due(market: Market, lead: str) -> None:
    """The follow-ups of a lead were due a minute ago."""
    async with connected(market.urls.superuser) as superuser:
        await superuser.execute(
            "update app.follow_up set due_at = now() - interval '1 min' where lead_id = $1",
            UUID(lead),
        )


async def reminders(market: Market, address: str, lead: str) -> list[Any]:
    """Mails that remind somebody of a lead, after the worker's round."""
    async with connected(market.urls.worker) as worker:
        await timers.remind(worker)
    mails = await market.mails_to(address)
    return [m for m in mails if m["template"] == "follow-up-due" and m["payload"]["lead"] == lead]


async def test_mine_and_what_is_due_next_first(market: Market) -> None:
    lead = await picked(market)
    path = market.path(lead, "/follow-ups")
    late = await noted(market, path, by=market.ben, due_at=at(days=3))
    soon = await noted(market, path, by=market.ben, due_at=at(hours=1))
    await noted(market, path)  # Anna's
    mine = (await market.ben.get("/follow-ups")).json()["items"]
    assert [item["id"] for item in mine] == [soon["id"], late["id"]]
    assert mine[0]["colleague_id"] == str(market.world.ben.id)
    page = (await market.ben.get("/follow-ups", params={"limit": 1})).json()
    assert [item["id"] for item in page["items"]] == [soon["id"]]
    rest = await market.ben.get("/follow-ups", params={"cursor": page["next_cursor"]})
    assert [item["id"] for item in rest.json()["items"]] == [late["id"]]
    until = (await market.ben.get("/follow-ups", params={"until": at(days=2)})).json()["items"]
    assert [item["id"] for item in until] == [soon["id"]]
    assert len((await market.ben.get(path)).json()["items"]) == 3


async def test_put_off_and_tick_off(market: Market) -> None:
    lead = await picked(market)
    path = market.path(lead, "/follow-ups")
    made = await noted(market, path)
    one = f"{path}/{made['id']}"
    assert (await market.ben.patch(one, {"done": True})).status_code == 428
    assert (await market.ben.patch(one, {"done": True}, etag='"7"')).status_code == 412
    done = await market.ben.patch(one, {"done": True}, etag='"1"')
    assert (done.status_code, done.json()["text"]) == (200, "Nachfassen")
    assert done.json()["done_at"] is not None
    assert done.headers["etag"] == '"2"'
    opened = await market.ben.patch(one, {"done": False, "text": None}, etag='"2"')
    assert (opened.json()["done_at"], opened.json()["text"]) == (None, None)
    assert (await market.ben.delete(one)).status_code == 204
    assert (await market.ben.delete(one)).status_code == 404


async def test_one_is_reminded_once_and_again_when_it_was_put_off(market: Market) -> None:
    lead = await picked(market)
    path = market.path(lead, "/follow-ups")
    made = await noted(market, path, text="Frau Muster anrufen")
    assert await reminders(market, "anna@huber.example", lead) == []
    await due(market, lead)
    (mail,) = await reminders(market, "anna@huber.example", lead)
    about = {"marketplace", "marketplace_id", "lead", "due_at"}
    assert set(mail["payload"]) == about, "nothing of the person"
    assert len(await reminders(market, "anna@huber.example", lead)) == 1
    await market.anna.patch(f"{path}/{made['id']}", {"due_at": at(days=1)}, etag="*")
    assert len(await reminders(market, "anna@huber.example", lead)) == 1
    await due(market, lead)
    assert len(await reminders(market, "anna@huber.example", lead)) == 2
    again = await noted(market, path)
    await market.anna.patch(f"{path}/{again['id']}", {"done": True}, etag="*")
    await due(market, lead)
    assert len(await reminders(market, "anna@huber.example", lead)) == 2


async def test_two_workers_remind_once(market: Market) -> None:
    """By hand: what one worker is at, the other leaves alone."""
    lead = await picked(market)
    await noted(market, market.path(lead, "/follow-ups"))
    await reminders(market, "anna@huber.example", lead)
    await due(market, lead)
    async with connected(market.urls.worker) as one, connected(market.urls.worker) as other:
        async with one.transaction():
            assert await one.fetchval("select app.remind(10)") == 1
            assert await other.fetchval("select app.remind(10)") == 0
        assert await other.fetchval("select app.remind(10)") == 0
    assert len(await reminders(market, "anna@huber.example", lead)) == 1


async def test_to_call_back_is_a_follow_up(market: Market) -> None:
    lead = await picked(market)
    calls, again = market.path(lead, "/engagement/calls"), at(hours=2)
    body = {"outcome": "call_back", "note": "nach Feierabend", "call_back_at": again}
    assert (await market.ben.post(calls, body)).status_code == 201
    (made,) = (await market.ben.get(market.path(lead, "/follow-ups"))).json()["items"]
    assert (made["colleague_id"], made["text"]) == (str(market.world.ben.id), "nach Feierabend")
    assert datetime.fromisoformat(made["due_at"]) == datetime.fromisoformat(again)


async def test_for_others_it_takes_a_delegator(market: Market) -> None:
    path = market.path(await picked(market), "/follow-ups")
    body = {"due_at": at(days=1), "colleague_id": str(market.world.ben.id)}
    assert (await market.dora.post(path, body)).status_code == 201
    body["colleague_id"] = str(market.world.anna.id)
    refused = await market.ben.post(path, body)
    assert (refused.status_code, slug(refused)) == (403, "delegator-required")
    body["colleague_id"] = str(market.world.cora.id)
    refused = await market.dora.post(path, body)
    assert (refused.status_code, slug(refused)) == (422, "handler-unknown")
    key = await market.anna.post("/api-keys", {"name": "CRM"})
    refused = await Person(market.client, key.json()["token"]).post(path, {"due_at": at(days=1)})
    assert (refused.status_code, slug(refused)) == (403, "colleague-required")


async def test_who_leaves_has_nothing_hanging(market: Market) -> None:
    """It is nobody's; the reminder goes to all, and whoever takes it has it."""
    lead = await picked(market)
    path = market.path(lead, "/follow-ups")
    weg = await market.joins(market.anna, "fort@huber.example", "Fort")
    made = await noted(market, path, by=weg)
    colleagues = (await market.anna.get("/colleagues")).json()["items"]
    gone = next(c["id"] for c in colleagues if c["name"] == "Fort")
    assert (await market.anna.patch(f"/colleagues/{gone}", {"active": False})).status_code == 200
    nobodys = (await market.ben.get("/follow-ups", params={"whose": "nobody"})).json()["items"]
    assert [item["id"] for item in nobodys] == [made["id"]]
    assert nobodys[0]["colleague_id"] is None
    await due(market, lead)
    for name in ("anna", "ben", "dora"):
        assert len(await reminders(market, f"{name}@huber.example", lead)) == 1
    assert await reminders(market, "fort@huber.example", lead) == []
    mine = {"colleague_id": str(market.world.ben.id)}
    assert (await market.ben.patch(f"{path}/{made['id']}", mine, etag="*")).status_code == 200


async def test_other_companies_read_nothing(market: Market) -> None:
    """Operator and giver note down their own for the same lead."""
    path = market.path(await picked(market), "/follow-ups")
    made = await noted(market, path)
    own = await noted(market, path, by=market.olga, text="Beim Leadnehmer nachfragen")
    assert [i["id"] for i in (await market.olga.get(path)).json()["items"]] == [own["id"]]
    assert [i["id"] for i in (await market.anna.get(path)).json()["items"]] == [made["id"]]
    assert (await market.gerd.get(path)).json()["items"] == []
    for who in (market.olga, market.gerd, market.cora):
        change = await who.patch(f"{path}/{made['id']}", {"done": True}, etag="*")
        assert change.status_code == 404
        assert (await who.delete(f"{path}/{made['id']}")).status_code == 404
    assert (await market.cora.get(path)).status_code == 404
    assert (await market.cora.post(path, {"due_at": at(days=1)})).status_code == 404
    async with connected(market.urls.api) as api:
        for token, count in ((market.cora.token, 0), (market.anna.token, 1)):
            async with as_bearer(api, token):
                sql = "select count(*) from app.follow_up where id = $1"
                assert await api.fetchval(sql, UUID(made["id"])) == count


async def test_a_lead_that_was_returned_is_not_reminded_of(market: Market) -> None:
    """Its follow-ups and calls stay with the company, but nothing is left to do."""
    lead = await picked(market)
    await noted(market, market.path(lead, "/follow-ups"))
    calls = market.path(lead, "/engagement/calls")
    assert (await market.anna.post(calls, {"outcome": "not_reached"})).status_code == 201
    await due(market, lead)
    back = market.path(lead, "/engagement/return")
    assert (await market.anna.post(back, {"reason": "not_reached"})).status_code == 202
    assert (await market.anna.post(calls, {"outcome": "not_reached"})).status_code == 201  # still
    assert (await market.olga.post(f"{back}/accept")).status_code == 200
    assert await reminders(market, "anna@huber.example", lead) == []
    items = (await market.anna.get("/follow-ups")).json()["items"]
    assert lead not in {item["lead_id"] for item in items}
    assert len((await market.anna.get(calls)).json()["items"]) == 2
    refused = await market.anna.post(calls, {"outcome": "reached"})
    assert (refused.status_code, slug(refused)) == (409, "engagement-state")
    assert await reminders(market, "anna@huber.example", lead) == []


@pytest.mark.parametrize(
    "body",
    [
        {"due_at": "2020-01-01T00:00:00Z"},
        {"due_at": "9999-01-01T00:00:00Z"},
        {"due_at": "morgen"},
        {"text": "x"},
        {"due_at": "2027-03-01T09:00:00Z", "text": ""},
        {"due_at": "2027-03-01T09:00:00Z", "done": True},
    ],
)
async def test_what_makes_no_sense_is_refused(market: Market, body: Any) -> None:
    path = market.path(await picked(market), "/follow-ups")
    assert (await market.anna.post(path, body)).status_code == 400
    assert (await market.anna.get(path)).json()["items"] == []
