"""Duplicates: whose person came in before waits for the operator; no giver learns of others."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import httpx
import pytest_asyncio

from tests.fixtures.database import as_bearer, connected
from tests.fixtures.http import Person
from tests.fixtures.market import Market, state
from tests.leads.test_returns import ok, read

NUMBERS = iter(range(23_500_000, 23_600_000))
CREATE = """select id from app.create_lead($1, 'Dach', '{}', true,
    jsonb_build_object('name', 'Petra Muster', 'email', $2::text), true, 'api', null)"""


@pytest_asyncio.fixture(autouse=True)
async def looks(market: Market) -> AsyncIterator[None]:
    """Marktplatz Nord looks back 30 days and takes what is no duplicate by itself."""
    await setting(market, duplicate_days=30, auto_accept=True)
    yield
    await setting(market, duplicate_days=None, auto_accept=False)


async def setting(market: Market, **settings: Any) -> None:
    await ok(market.olga.patch(f"/marketplaces/{market.m}", settings))


def somebody() -> dict[str, str]:
    """A person that nobody knows yet."""
    n = next(NUMBERS)
    return {"name": f"Max{n} Bauer", "phone": f"+49 30 {n}", "postcode": "10115",
            "email": f"max{n}@post.example"}  # fmt: skip


async def comes(market: Market, by: Person | None = None, **prospect: Any) -> str:
    blank = {"email": None, "phone": None}
    return await market.draft(by, prospect=blank | prospect)


async def marked(market: Market, lead: str, who: Person | None = None) -> Any:
    """Which leads the operator (or who) is shown as earlier ones, and by what."""
    found = (await ok((who or market.olga).get(market.path(lead)))).get("duplicate")
    return found and {one["id"]: one["matches"] for one in found["leads"]}


async def test_each_spelling_of_a_person_is_known_again(market: Market) -> None:
    one = somebody()
    first = await comes(market, **one)
    assert await state(market, first) == "available"
    n = one["name"][3:11]
    for other, why in (
        ({"phone": f"030/{n}", "name": "Moritz"}, ["phone"]),
        ({"email": one["email"].upper(), "name": "Moritz"}, ["email"]),
        ({"name": f"BAUER,  max{n}", "postcode": "10115", "email": "x@y.example"}, ["name"]),
        (one, ["email", "name", "phone"]),
    ):
        lead = await comes(market, market.olga, **other)
        assert await state(market, lead) == "submitted", other
        assert (await marked(market, lead))[first] == why
        await ok(market.olga.post(market.path(lead, "/reject"), {"reason": "duplicate"}))
        assert await marked(market, lead) is None
    for other in (
        {"name": one["name"], "postcode": "10117", "email": "a@y.example"},
        {"name": one["name"].split()[0], "postcode": "10115", "email": "b@y.example"},
        somebody(),
    ):
        lead = await comes(market, **other)
        assert await state(market, lead) == "available", other


async def test_the_operator_decides(market: Market) -> None:
    one = somebody()
    first, second = await comes(market, **one), await comes(market, market.olga, **one)
    assert list(await marked(market, second)) == [first]
    await ok(market.olga.post(market.path(second, "/accept")))
    assert (await state(market, second), await marked(market, second)) == ("available", None)
    # What was rejected or withdrawn is no reason; what lies further back is none either.
    await ok(market.olga.post(market.path(second, "/withdraw"), {}))
    third = await comes(market, market.olga, **one)
    assert list(await marked(market, third)) == [first]
    await ok(market.olga.post(market.path(third, "/reject"), {"reason": "duplicate"}))
    async with connected(market.urls.superuser) as superuser:
        await superuser.execute(
            "update app_private.lead_key set submitted_at = submitted_at - interval '31 days'"
            " where lead_id = $1",
            UUID(first),
        )
    assert await state(market, await comes(market, market.olga, **one)) == "available"


async def test_a_giver_learns_that_it_is_one_and_nothing_else(market: Market) -> None:
    one = somebody()
    first = await comes(market, market.olga, **one)
    second = await comes(market, **one)
    fresh = await comes(market, **somebody())
    assert list(await marked(market, second)) == [first]
    assert await marked(market, second, market.gerd) is None
    assert first not in await read(market, market.gerd, second)
    await ok(market.olga.post(market.path(second, "/reject"), {"reason": "duplicate"}))
    told = await ok(market.gerd.get(market.path(second)))
    assert (told["state"], told["rejection_reason"]) == ("rejected", "duplicate")
    assert first not in await read(market, market.gerd, second)
    async with connected(market.urls.api) as api, as_bearer(api, market.gerd.token):
        for lead in (second, fresh):
            assert await api.fetchval(
                "select app.marked_duplicate($1, $2)", market.m, UUID(lead)) is None  # fmt: skip


async def test_who_is_corrected_is_looked_at_again(market: Market) -> None:
    one = somebody()
    first = await comes(market, **one)
    second = await comes(market, market.olga, **one)
    other = somebody()
    path = market.path(second)
    await ok(market.olga.patch(path, {"prospect": {**other}}, etag="*"))
    assert await marked(market, second) is None
    await ok(market.olga.patch(path, {"prospect": {"email": one["email"]}}, etag="*"))
    assert await marked(market, second) == {first: ["email"]}
    third = await comes(market, phone=other["phone"], name="Wer")
    assert await marked(market, third) == {second: ["phone"]}


async def test_rows_of_an_import_are_looked_at_too(market: Market) -> None:
    one = somebody()
    first = await comes(market, **one)
    head = "Name;PLZ;E-Mail;Anliegen;Einwilligung\n"
    rows = (
        f"{one['name']};10115;anders@post.example;Dach;ja\nUlla Neu;10115;{one['email']};Dach;ja\n"
    )
    made = await market.gerd.post(
        f"/imports?marketplace={market.m}", content=(head + rows).encode(),
        headers={"Content-Type": "text/csv"},
    )  # fmt: skip
    assert made.status_code == 201, made.text
    found = await ok(market.olga.get("/leads?as=operator&state=submitted&limit=100"))
    ours = [lead["id"] for lead in found["items"] if lead["source"] != "api"]
    assert [list(await marked(market, lead)) for lead in ours[:2]] == [[first], [first]]


async def test_of_two_side_by_side_one_is_marked(market: Market) -> None:
    """Neither waits for the other, and not both are unmarked: by hand, whoever commits first."""
    for commits_first in (0, 1):
        email = somebody()["email"]
        async with connected(market.urls.api) as one, connected(market.urls.api) as other:
            both = [one.transaction(), other.transaction()]
            leads = []
            for connection, transaction, who in zip(
                (one, other), both, (market.gerd, market.olga), strict=True
            ):
                await transaction.start()
                await connection.execute("set local lock_timeout = '1s'")
                await connection.fetchrow("select * from app.enter($1)", who.token)
                leads.append(await connection.fetchval(CREATE, market.m, email))
            await both[commits_first].commit()
            await both[1 - commits_first].commit()
        assert [await state(market, str(lead)) for lead in leads] == ["available", "submitted"]
        assert await marked(market, str(leads[1])) == {str(leads[0]): ["email"]}
        assert await marked(market, str(leads[0])) is None


async def test_keys_come_and_go_with_the_setting(market: Market) -> None:
    one = somebody()
    async with connected(market.urls.superuser) as superuser:

        async def keys(lead: str) -> int:
            sql = "select count(*) from app_private.lead_key where lead_id = $1"
            return int(await superuser.fetchval(sql, UUID(lead)))

        first = await comes(market, **one)
        assert await keys(first) == 3
        stored = await superuser.fetch("select * from app_private.lead_key where lead_id = $1",
                                       UUID(first))  # fmt: skip
        assert one["email"] not in str(stored)
        await setting(market, duplicate_days=None)
        assert await keys(first) == 0
        second = await comes(market, market.olga, **one)
        assert (await state(market, second), await keys(second)) == ("available", 0)
        await setting(market, duplicate_days=7)  # those that are there get theirs together
        assert (await keys(first), await keys(second)) == (3, 3)
        third = await comes(market, **one)
        assert set(await marked(market, third)) == {first, second}
        await superuser.execute(
            "update app_private.lead_key set submitted_at = submitted_at - interval '8 days'"
            " where lead_id = $1",
            UUID(first),
        )
        async with connected(market.urls.worker) as worker:
            await worker.fetchval("select app.purge()")
        assert (await keys(first), await keys(second)) == (0, 3)


async def test_the_setting_is_checked(market: Market) -> None:
    for bad in (0, 366, "30", 1.5):
        answer: httpx.Response = await market.olga.patch(
            f"/marketplaces/{market.m}", {"duplicate_days": bad})  # fmt: skip
        assert answer.status_code == 400, bad
    shown = await ok(market.olga.get(f"/marketplaces/{market.m}"))
    assert shown["settings"]["duplicate_days"] == 30
