"""A lead whose handler does nothing is nobody's again; what comes next is said where it must be."""

import asyncio
from typing import Any
from uuid import UUID

import pytest

from service.jobs.worker import timers
from tests.fixtures.database import connected, waiting_for_locks
from tests.fixtures.http import Person
from tests.fixtures.market import Market, slug

LATER = "2027-03-01T09:00:00+01:00"


async def setting(market: Market, **settings: Any) -> None:
    """Marktplatz Nord has these settings."""
    path = f"/marketplaces/{market.m}"
    etag = (await market.olga.get(path)).headers["etag"]
    changed = await market.olga.patch(path, settings, etag=etag)
    assert changed.status_code == 200, changed.text
    assert all(changed.json()["settings"][name] == value for name, value in settings.items())


async def taken(market: Market, by: Person | None = None) -> str:
    """A lead that Anna picked and handles (or `by`)."""
    lead = await market.offered(market.world.huber)
    assert (await market.anna.post(market.path(lead, "/pick"))).status_code == 200
    who = by or market.anna
    me = (await who.get("/me")).json()
    shown = await who.get(market.path(lead))
    changed = await who.patch(
        market.path(lead, "/engagement"),
        {"handler_id": me.get("id") or me["colleague"]["id"]},
        etag=shown.headers["etag"],
    )
    assert changed.status_code == 200, changed.text
    return lead


async def aged(market: Market, lead: str, hours: int = 2000) -> None:
    """All that happened with a lead was so many hours earlier."""
    async with connected(market.urls.superuser) as superuser:
        for table, column in (
            ("engagement", "started_at"), ("history", "created_at"), ("note", "created_at"),
            ("message", "created_at"), ("call_attempt", "created_at"),
            ("follow_up", "created_at"), ("note_file", "created_at"),
        ):  # fmt: skip
            await superuser.execute(
                f"update app.{table} set {column} = {column} - make_interval(hours => $2)"
                " where lead_id = $1",
                UUID(lead),
                hours,
            )


async def worked(market: Market) -> int:
    """A round of the worker."""
    async with connected(market.urls.worker) as worker:
        return await timers.hand_back(worker)


async def handler(market: Market, lead: str) -> Any:
    """Who handles it."""
    return (await market.anna.get(market.path(lead))).json()["engagement"].get("handler_name")


async def test_a_lead_goes_back_and_delegators_are_told(market: Market) -> None:
    lead = await taken(market)
    await aged(market, lead)
    assert await worked(market) == 0  # control: the marketplace does not want it
    await setting(market, hand_back_hours=24)
    try:
        assert await worked(market) == 1
        assert await handler(market, lead) is None
        assert await worked(market) == 0
        event = (await market.anna.get(market.path(lead, "/history"))).json()["items"][0]
        assert (event["event"], event["colleague_name"]) == ("handler-changed", None)
        assert event["detail"]["stalled_hours"] == 24
        told = {
            name: [
                mail
                for mail in await market.mails_to(f"{name}@huber.example")
                if mail["template"] == "lead-handed-back" and mail["payload"]["lead"] == lead
            ]
            for name in ("anna", "dora", "ben")
        }
        assert [len(told[name]) for name in ("anna", "dora", "ben")] == [1, 1, 0]
        listed = await market.anna.get("/leads?as=taker&handler=none&limit=100")
        assert lead in {item["id"] for item in listed.json()["items"]}
    finally:
        await setting(market, hand_back_hours=None)


@pytest.mark.parametrize(
    ("rest", "body"),
    [
        ("/notes", {"text": "x"}),
        ("/messages", {"text": "x"}),
        ("/engagement/calls", {"outcome": "mailbox"}),
        ("/follow-ups", {"due_at": LATER}),
        ("/files", None),
    ],
)
async def test_what_the_handler_does_keeps_it(market: Market, rest: str, body: Any) -> None:
    """What a colleague does is not the handler's."""
    mine, other = await taken(market), await taken(market)
    for lead in (mine, other):
        await aged(market, lead)
    for who, lead in ((market.anna, mine), (market.ben, other)):
        path = market.path(lead, rest)
        sent = await (
            who.post(path, body) if body else who.post(path, files={"file": ("a.txt", b"hallo")})
        )
        assert sent.status_code in (200, 201), sent.text
    await setting(market, hand_back_hours=24)
    try:
        await worked(market)
        assert await handler(market, mine) == "Anna"
        assert await handler(market, other) is None
    finally:
        await setting(market, hand_back_hours=None)


async def test_who_is_covered_is_waited_for(market: Market) -> None:
    lead = await taken(market, market.ben)
    await aged(market, lead)
    async with connected(market.urls.superuser) as superuser:
        absence = await superuser.fetchval(
            "insert into app.absence (id, company_id, colleague_id, covered_by_id, begins_at,"
            " ends_at) values (gen_random_uuid(), $1, $2, $3, now() - interval '30 days',"
            " now() + interval '1 day') returning id",
            *(market.world.huber.id, market.world.ben.id, market.world.dora.id),
        )
        await setting(market, hand_back_hours=24)
        try:
            await worked(market)
            assert await handler(market, lead) == "Ben"
            await superuser.execute("delete from app.absence where id = $1", absence)
            await worked(market)
            assert await handler(market, lead) is None
        finally:
            await setting(market, hand_back_hours=None)


async def test_two_workers_do_it_once_and_what_happened_meanwhile_counts(market: Market) -> None:
    first, second = await taken(market), await taken(market)
    for lead in (first, second):
        await aged(market, lead)
    await setting(market, hand_back_hours=24)
    try:
        async with (
            connected(market.urls.superuser) as superuser,
            connected(market.urls.superuser) as watching,
            connected(market.urls.worker) as one,
            connected(market.urls.worker) as two,
        ):
            trying = one.transaction()
            await trying.start()
            assert await one.fetchval("select app.hand_back(50)") == 2
            # The other worker passes over what the first one holds.
            assert await two.fetchval("select app.hand_back(50)") == 0
            await trying.rollback()
            # It has found both, and waits at the first, when the second's handler does something.
            async with superuser.transaction():
                await superuser.execute(
                    "select from app.engagement where lead_id = $1 for update", UUID(first)
                )
                task = asyncio.ensure_future(one.fetchval("select app.hand_back(50)"))
                await waiting_for_locks(watching, task)
                noted = await market.anna.post(market.path(second, "/notes"), {"text": "x"})
                assert noted.status_code == 201
            assert await task == 1
        assert await handler(market, first) is None
        assert await handler(market, second) == "Anna"
    finally:
        await setting(market, hand_back_hours=None)


async def test_the_next_step_is_said_where_it_must_be(market: Market) -> None:
    lead = await taken(market)
    path = market.path(lead)

    async def step(name: str) -> Any:
        shown = await market.anna.get(path)
        return await market.anna.patch(
            f"{path}/engagement", {"step": name}, etag=shown.headers["etag"]
        )

    assert (await step("kontaktiert")).status_code == 200  # control: nothing is asked
    await setting(market, next_step_required=True)
    try:
        for refused in (
            await step("angebot"),
            await market.anna.post(f"{path}/engagement/calls", {"outcome": "reached"}),
        ):
            assert (refused.status_code, slug(refused)) == (422, "next-step-required")
            assert "follow-ups" in refused.json()["detail"]
        logged = {"outcome": "call_back", "call_back_at": LATER}
        assert (await market.anna.post(f"{path}/engagement/calls", logged)).status_code == 201
        assert (await step("angebot")).status_code == 200  # the call made a follow-up
        (made,) = (await market.anna.get(f"{path}/follow-ups")).json()["items"]
        place = f"{path}/follow-ups/{made['id']}"
        assert (await market.anna.patch(place, {"done": True})).status_code == 428
        assert (await market.anna.patch(place, {"done": True}, etag='"9"')).status_code == 412
        assert (await market.anna.patch(place, {"done": True}, etag='"1"')).status_code == 200
        assert (await step("neu")).status_code == 422
    finally:
        await setting(market, next_step_required=False)


async def test_a_returner_finds_its_calls_and_follow_ups_empty(market: Market) -> None:
    lead = await taken(market)
    path = market.path(lead)
    await market.anna.post(f"{path}/engagement/return", {"reason": "other"})
    assert (await market.olga.post(f"{path}/engagement/return/accept", {})).status_code == 200
    for rest in ("/engagement/calls", "/follow-ups", "/notes"):
        listed = await market.anna.get(f"{path}{rest}")
        assert (rest, listed.status_code, listed.json().get("items")) == (rest, 200, [])
        assert (await market.cora.get(f"{path}{rest}")).status_code == 404
