"""Mails to others: few to one recipient, so many of a company, and no word about who is known."""

import asyncio
from typing import Any
from uuid import uuid4

import httpx
import pytest

from tests.fixtures.database import connected
from tests.fixtures.http import Person
from tests.fixtures.market import Market


@pytest.fixture(autouse=True)
async def fresh(market: Market) -> None:
    """Nobody has sent anything yet."""
    async with connected(market.urls.superuser) as superuser:
        await superuser.execute("truncate app_private.rate")


@pytest.mark.parametrize("door", ["invitation", "partner by address", "partner by id"])
async def test_mails_to_one_recipient_are_few(market: Market, door: str) -> None:
    """Five a day about one thing; another company has a count of its own, up to twenty in all."""
    who = f"viel-{uuid4().hex[:8]}@post.example"

    async def send(person: Person, market_id: Any) -> httpx.Response:
        if door == "invitation":
            return await person.post("/invitations", {"email": who, "role": "member"})
        named = {"email": who} if "address" in door else {"company_id": str(market.world.lang.id)}
        body = {**named, "capacity": "giver"}
        return await person.post(f"/marketplaces/{market_id}/participations", body)

    async with connected(market.urls.superuser) as superuser:
        count = "select count(*) from app_private.outbox where template like '%invitation'"
        before = await superuser.fetchval(count)
        answers = [await send(market.olga, market.m) for _ in range(8)]
        assert [a.status_code for a in answers] == [201] * 5 + [429] * 3
        assert int(answers[-1].headers["retry-after"]) > 0
        assert await superuser.fetchval(count) == before + 5
    south = (await market.fritz.get("/marketplaces")).json()["items"][0]["id"]
    assert (await send(market.fritz, south)).status_code == 201


async def test_a_company_mails_three_hundred_an_hour(market: Market) -> None:
    """Whoever they are for."""
    async with connected(market.urls.superuser) as superuser, superuser.transaction():
        charge = "select app_private.charge_mail($1, $2, 'x')"
        for n in range(300):
            await superuser.execute(charge, market.world.nord.id, f"{n}@post.example")
        with pytest.raises(Exception, match="too-many-requests"):
            async with superuser.transaction():
                await superuser.execute(charge, market.world.nord.id, "mehr@post.example")
        await superuser.execute(charge, market.world.fremd.id, "mehr@post.example")


async def test_an_invitation_takes_as_long_for_who_is_known(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer leaves at a fixed time; the control is without it."""
    loop = asyncio.get_running_loop()
    for seconds in (0.5, 0.0):
        monkeypatch.setattr("service.web.equal_time.SECONDS", seconds)
        for email in ("lena@lang.example", f"{uuid4().hex}@nirgends.example"):
            start = loop.time()
            body = {"email": email, "capacity": "giver"}
            await market.olga.post(f"/marketplaces/{market.m}/participations", body)
            if seconds:
                assert loop.time() - start >= seconds


async def test_asking_often_mails_seldom(market: Market) -> None:
    """Three an hour for an address; the answer stays 202."""
    before = len(await market.mails_to("lena@lang.example"))
    for _ in range(12):
        asked = await market.client.post("/password-resets", json={"email": "lena@lang.example"})
        assert asked.status_code == 202
    assert len(await market.mails_to("lena@lang.example")) == before + 3
