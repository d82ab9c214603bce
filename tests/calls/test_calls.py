"""Two colleagues share a lead without ringing twice: claims by time, and what calls brought."""

import asyncio
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from tests.fixtures.database import as_bearer, connected, waiting_for_locks
from tests.fixtures.http import Person
from tests.fixtures.market import Market, slug


async def picked(market: Market, by: Person | None = None) -> str:
    """A lead that Anna picked for Firma Huber (or `by` for his company)."""
    lead = await market.offered(market.world.huber, market.world.klein)
    answer = await (by or market.anna).post(market.path(lead, "/pick"))
    assert answer.status_code == 200, answer.text
    return lead


async def turned(market: Market, lead: str, minutes: int) -> None:
    """The claims of a lead are so many minutes older."""
    async with connected(market.urls.superuser) as superuser:
        done = await superuser.execute(
            "update app.call_claim set claimed_at = claimed_at - make_interval(mins => $2),"
            " until = until - make_interval(mins => $2) where lead_id = $1",
            UUID(lead),
            minutes,
        )
    assert done == "UPDATE 1"


async def test_a_second_colleague_is_told_who_calls_and_until_when(market: Market) -> None:
    path = market.path(await picked(market), "/engagement/call")
    claim = await market.anna.post(path)
    assert claim.status_code == 200, claim.text
    assert claim.json()["colleague"] == {"id": str(market.world.anna.id), "name": "Anna"}
    refused = await market.ben.post(path)
    assert (refused.status_code, slug(refused)) == (409, "colleague-calling")
    told = refused.json()
    assert (told["colleague_name"], told["until"][:19]) == ("Anna", claim.json()["until"][:19])
    shown = (await market.ben.get(path)).json()
    assert shown == {
        "colleague": claim.json()["colleague"],
        "until": claim.json()["until"],
        "attempts": 0,
        "first_attempt_at": None,
        "contact_by": None,
    }


async def test_the_same_colleague_renews(market: Market) -> None:
    lead = await picked(market)
    path = market.path(lead, "/engagement/call")
    first = (await market.anna.post(path)).json()["until"]
    await turned(market, lead, 10)
    second = (await market.anna.post(path)).json()["until"]
    assert second >= first


@pytest.mark.parametrize(("minutes", "status"), [(14, 409), (15, 200)])
async def test_time_alone_ends_a_claim(market: Market, minutes: int, status: int) -> None:
    lead = await picked(market)
    path = market.path(lead, "/engagement/call")
    await market.anna.post(path)
    await turned(market, lead, minutes)
    assert (await market.ben.post(path)).status_code == status


async def test_a_claim_is_dropped_by_its_colleague_alone(market: Market) -> None:
    path = market.path(await picked(market), "/engagement/call")
    await market.anna.post(path)
    assert (await market.ben.delete(path)).status_code == 204
    assert (await market.ben.post(path)).status_code == 409
    assert (await market.anna.delete(path)).status_code == 204
    assert (await market.anna.delete(path)).status_code == 204  # there is none: nothing to do
    assert (await market.ben.post(path)).status_code == 200


async def test_who_left_stops_nobody(market: Market) -> None:
    path = market.path(await picked(market), "/engagement/call")
    weg = await market.joins(market.anna, "weg@huber.example", "Weg")
    assert (await weg.post(path)).status_code == 200
    assert (await market.ben.post(path)).status_code == 409
    colleagues = (await market.anna.get("/colleagues")).json()["items"]
    gone = next(c["id"] for c in colleagues if c["name"] == "Weg")
    assert (await market.anna.patch(f"/colleagues/{gone}", {"active": False})).status_code == 200
    assert (await market.ben.post(path)).status_code == 200


async def test_the_outcome_ends_the_callers_claim_and_is_written_down(market: Market) -> None:
    path = market.path(await picked(market), "/engagement")
    await market.anna.post(f"{path}/call")
    entered = await market.ben.post(f"{path}/calls", {"outcome": "not_reached"})  # without a claim
    assert entered.status_code == 201, entered.text
    assert (await market.ben.post(f"{path}/call")).status_code == 409  # Anna's goes on
    body = {"outcome": "mailbox", "note": "Um Rückruf gebeten"}
    mine = (await market.anna.post(f"{path}/calls", body)).json()
    assert (mine["colleague_name"], mine["note"], mine["call_back_at"]) == (
        "Anna",
        body["note"],
        None,
    )
    assert (await market.ben.post(f"{path}/call")).status_code == 200
    calls = (await market.dora.get(f"{path}/calls")).json()
    assert [call["outcome"] for call in calls["items"]] == ["mailbox", "not_reached"]
    first = (await market.dora.get(f"{path}/calls", params={"limit": 1})).json()
    assert first["items"] == calls["items"][:1]
    shown = (await market.dora.get(f"{path}/call")).json()
    assert (shown["attempts"], shown["first_attempt_at"]) == (2, entered.json()["created_at"])


@pytest.mark.parametrize(
    "body",
    [
        {"outcome": "picked_up"},
        {},
        {"outcome": "reached", "note": ""},
        {"outcome": "call_back", "call_back_at": "2020-01-01T09:00:00Z"},
        {"outcome": "call_back", "call_back_at": "9999-12-31T23:59:59Z"},
        {"outcome": "call_back", "call_back_at": "2027-03-01T09:00:00"},
        {"outcome": "reached", "by": "ben"},
    ],
)
async def test_what_makes_no_sense_changes_nothing(market: Market, body: dict[str, Any]) -> None:
    path = market.path(await picked(market), "/engagement")
    await market.anna.post(f"{path}/call")
    assert (await market.anna.post(f"{path}/calls", body)).status_code == 400
    assert (await market.anna.get(f"{path}/calls")).json()["items"] == []
    assert (await market.ben.post(f"{path}/call")).status_code == 409


async def test_only_while_the_engagement_is_worked(market: Market) -> None:
    path = market.path(await picked(market), "/engagement")
    await market.anna.post(f"{path}/calls", {"outcome": "reached"})
    await market.anna.post(f"{path}/close", {"outcome": "won"})
    for rest, body in (("/call", None), ("/calls", {"outcome": "reached"})):
        refused = await market.anna.post(f"{path}{rest}", body)
        assert (refused.status_code, slug(refused)) == (409, "engagement-state")
    assert len((await market.anna.get(f"{path}/calls")).json()["items"]) == 1  # what was, stays


async def test_other_companies(market: Market) -> None:
    """To takers without the lead it does not exist; its operator and giver know it, and see neither
    who calls nor what came of it."""
    path = market.path(await picked(market), "/engagement")
    await market.anna.post(f"{path}/call")
    await market.anna.post(f"{path}/calls", {"outcome": "reached", "note": "Frau war da"})
    await market.anna.post(f"{path}/call")
    for who, status, listed in (
        (market.cora, 404, 404),
        (market.gerd, 403, 200),
        (market.olga, 403, 200),
    ):
        for method, rest, body in (
            ("POST", "/call", None), ("DELETE", "/call", None), ("GET", "/call", None),
            ("POST", "/calls", {"outcome": "reached"}),
        ):  # fmt: skip
            answer = await who.send(method, f"{path}{rest}", json=body)
            assert answer.status_code == status, (method, rest, answer.text)
        answer = await who.get(f"{path}/calls")
        assert (answer.status_code, answer.json().get("items", [])) == (listed, [])
        async with connected(market.urls.api) as api, as_bearer(api, who.token):
            assert await api.fetchval("select count(*) from app.call_claim") == 0
            assert await api.fetchval("select count(*) from app.call_attempt") == 0
    async with connected(market.urls.api) as api, as_bearer(api, market.ben.token):
        assert await api.fetchval("select count(*) from app.call_claim") > 0  # the control
        assert await api.fetchval("select count(*) from app.call_attempt") > 0


async def test_an_api_key_enters_calls_and_claims_none(market: Market) -> None:
    path = market.path(await picked(market), "/engagement")
    key = await market.anna.post("/api-keys", {"name": "Telefonanlage"})
    phone = Person(market.client, key.json()["token"])
    refused = await phone.post(f"{path}/call")
    assert (refused.status_code, slug(refused)) == (403, "colleague-required")
    entered = await phone.post(f"{path}/calls", {"outcome": "not_reached"})
    assert (entered.json()["colleague_id"], entered.json()["colleague_name"]) == (
        None,
        "Telefonanlage",
    )


CLAIM = "select colleague_name from app.claim_call($1, $2)"


@pytest.mark.parametrize("undone", [False, True])
async def test_of_two_in_the_same_moment_one_wins(market: Market, undone: bool) -> None:
    """By hand: Anna claims and has not committed; Ben waits for her, and then is told. The control:
    when she takes it back he has it."""
    lead = UUID(await picked(market))
    async with (
        connected(market.urls.api) as one,
        connected(market.urls.api) as other,
        connected(market.urls.superuser) as superuser,
    ):

        async def ben() -> Any:
            async with as_bearer(other, market.ben.token):
                return await other.fetchval(CLAIM, market.m, lead)

        transaction = one.transaction()
        await transaction.start()
        await one.fetchrow("select * from app.enter($1)", market.anna.token)
        await one.fetchval(CLAIM, market.m, lead)
        second = asyncio.create_task(ben())
        await waiting_for_locks(superuser, second)
        await (transaction.rollback() if undone else transaction.commit())
        if undone:
            assert await second == "Ben"
        else:
            with pytest.raises(asyncpg.PostgresError, match="colleague-calling"):
                await second


async def test_claims_that_ran_out_are_removed(market: Market) -> None:
    lead = await picked(market)
    await market.anna.post(market.path(lead, "/engagement/call"))
    async with (
        connected(market.urls.superuser) as superuser,
        connected(market.urls.worker) as worker,
    ):
        left = "select count(*) from app.call_claim where lead_id = $1"
        await worker.fetchval("select app.purge()")
        assert await superuser.fetchval(left, UUID(lead)) == 1
        await turned(market, lead, 80)
        await worker.fetchval("select app.purge()")
        assert await superuser.fetchval(left, UUID(lead)) == 0
