"""Which mails a colleague gets, and when: at once, in a digest at the time that he set, never;
quiet hours by the clock on his wall; one click ends a kind.

The clock is turned, nothing is waited for."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from service.domain.notices.view import NAMES
from service.jobs.mail.delivery import Delivery
from service.jobs.worker import timers
from tests.fixtures import clock
from tests.fixtures.database import connected, plain, waiting_for_locks
from tests.fixtures.http import Person
from tests.fixtures.market import Market, slug
from tests.jobs.test_delivery import SENDER, Server, listening

ANNA = "anna@huber.example"
EIGHT = datetime(2027, 1, 13, 7, tzinfo=UTC)  # 08:00 in Berlin
LEAD = {"operator": "Nord", "lead": "0190-l", "marketplace_id": "0190-m"}


@pytest.fixture
async def superuser(market: Market) -> AsyncIterator[Any]:
    """The clock stands at noon of the day before, nobody has chosen anything, no mail waits."""
    async with (
        connected(market.urls.worker) as worker,
        connected(market.urls.superuser) as connection,
    ):
        await worker.fetchval("select app.mail_events()")  # of the world
        await clock.stay_logged_in(connection)
        await clock.stop(connection, EIGHT - timedelta(hours=20))
        await connection.execute("truncate app_private.outbox, app_private.notice_preference")
        yield connection
        await clock.right(connection)


@pytest.fixture
async def worker(market: Market) -> AsyncIterator[Any]:
    connection = await plain(market.urls.worker)  # as plain as the worker's own
    try:
        yield connection
    finally:
        await connection.close()


async def choose(who: Person, kinds: dict[str, str], **given: Any) -> Any:
    body = {"time_zone": "Europe/Berlin", "digest_time": "08:00", "kinds": kinds, **given}
    chosen = await who.put("/me/notices", body)
    assert chosen.status_code == 200, chosen.text
    return chosen.json()


async def happens(superuser: Any, market: Market, *templates: str) -> None:
    """What functions write: a circular to Firma Huber for each."""
    for template in templates:
        await superuser.execute(
            "select app_private.mail_company($1, $2, $3)", template, market.world.huber.id,
            LEAD | {"interest": "Dach", "company": "Klein", "postcode_area": "20",
                    "expires_at": EIGHT.isoformat(), "survivor": "A", "absorbed": "B",
                    "marketplaces": ["Nord"]},
        )  # fmt: skip


async def rows(superuser: Any, kind: str, address: str = ANNA) -> list[Any]:
    return list(
        await superuser.fetch(
            "select * from app_private.outbox where kind = $1 and recipient = $2 order by id",
            kind,
            address,
        )
    )


async def templates(superuser: Any, address: str = ANNA) -> list[str]:
    return [row["template"] for row in await rows(superuser, "mail", address)]


async def test_who_never_chose_gets_everything_at_once(market: Market) -> None:
    found = (await market.anna.get("/me/notices")).json()
    assert set(found["kinds"].values()) == {"at_once"}
    assert [word["kind"] for word in found["words"]] == list(found["kinds"]) == list(NAMES)
    assert (found["time_zone"], found["quiet"]) == ("Europe/Berlin", None)
    german = await market.client.get(
        "/me/notices",
        headers={"authorization": f"Bearer {market.world.anna.token}", "accept-language": "de"},
    )
    assert german.json()["words"][0]["title"] == "Neue Angebote"
    assert found["words"][0]["title"] == "New offers"
    assert "Einladungen" in german.json()["always"]


async def test_choosing(market: Market, superuser: Any) -> None:
    kinds = {"offers": "digest", "messages": "never"}
    chosen = await choose(market.anna, kinds, quiet={"begins": "20:00", "ends": "07:00"})
    assert chosen == (await market.anna.get("/me/notices")).json()
    assert chosen["kinds"]["offers"] == "digest"
    assert chosen["kinds"]["returns"] == "at_once"
    again = await choose(market.anna, {})
    assert set(again["kinds"].values()) == {"at_once"}, "PUT replaces"
    assert again["quiet"] is None
    for wrong, pointer in (
        ({"quiet": {"begins": "20:00"}}, "/quiet/ends"),
        ({"quiet": {"begins": "20:00", "ends": "20:00"}}, "/quiet/ends"),
        ({"digest_time": "24:00"}, "/digest_time"),
        ({"time_zone": "Europe/Atlantis"}, "/time_zone"),
        ({"kinds": {"offers": "sometimes"}}, "/kinds/offers"),
        ({"kinds": {"password": "never"}}, "/kinds/password"),
    ):
        body = {"time_zone": "Europe/Berlin", "digest_time": "08:00", "kinds": {}, **wrong}
        refused = await market.anna.put("/me/notices", body)
        assert refused.status_code == 400, wrong
        assert refused.json()["errors"][0]["pointer"] == pointer
    assert (await market.anna.get("/me/notices")).json() == again
    key = (await market.anna.post("/api-keys", {"name": "CRM"})).json()["token"]
    assert slug(await Person(market.client, key).get("/me/notices")) == "colleague-required"


async def test_each_colleague_gets_what_he_chose(
    market: Market, superuser: Any, worker: Any
) -> None:
    await choose(market.anna, {"messages": "never", "offers": "digest"})
    await happens(superuser, market, "message-received", "offer-opened", "merge-partner")
    before = await superuser.fetchval(
        "select count(*) from app.read_mails(1000) where recipient = $1", ANNA
    )
    assert before == 2, "shown as they will come"
    await timers.address(worker)
    assert await templates(superuser) == ["merge-partner"]
    assert [row["template"] for row in await rows(superuser, "waiting")] == ["offer-opened"]
    assert len(await templates(superuser, "ben@huber.example")) == 3


@pytest.mark.parametrize(
    "name", ["password-changed", "invitation", "merge-done", "partner-invitation", "digest"]
)
async def test_what_nobody_can_switch_off(superuser: Any, name: str) -> None:
    assert await superuser.fetchval("select app_private.notice_of($1)", name) is None
    kept = (
        "insert into app_private.notice_preference select id, 'Europe/Berlin', '08:00', null, null,"
        " '{}', '{security}' from app.colleague limit 1"
    )
    with pytest.raises(asyncpg.CheckViolationError, match="notice_known"):
        await superuser.execute(kept)


async def test_the_digest_comes_once_at_its_time_with_all_that_waited(
    market: Market, superuser: Any, worker: Any
) -> None:
    await choose(market.anna, {"offers": "digest", "messages": "digest"})
    await happens(superuser, market, "offer-opened", "message-received", "offer-opened")
    await timers.address(worker)
    await clock.stop(superuser, EIGHT - timedelta(seconds=1))
    await timers.address(worker)
    assert await templates(superuser) == []
    await clock.stop(superuser, EIGHT)
    await timers.address(worker)
    await timers.address(worker)
    [digest] = await rows(superuser, "mail")
    assert digest["template"] == "digest"
    assert digest["payload"]["count"] == 3
    assert {g["notice"]: g["count"] for g in digest["payload"]["groups"]} == {
        "offers": 2, "messages": 1
    }  # fmt: skip
    assert await rows(superuser, "waiting") == []
    await clock.stop(superuser, EIGHT + timedelta(days=1))
    await timers.address(worker)
    assert len(await templates(superuser)) == 1, "an empty digest is not sent"


async def test_nothing_is_lost_when_nobody_worked_over_that_time(
    market: Market, superuser: Any, worker: Any
) -> None:
    """What happened before eight comes with the digest of eight, though it is noon by now."""
    await choose(market.anna, {"offers": "digest"})
    await happens(superuser, market, "offer-opened")
    await timers.address(worker)
    await clock.stop(superuser, EIGHT - timedelta(minutes=1))
    await happens(superuser, market, "offer-opened")  # and the worker dies
    await clock.stop(superuser, EIGHT + timedelta(hours=4))
    await happens(superuser, market, "offer-opened")
    await timers.address(worker)
    [digest] = await rows(superuser, "mail")
    assert digest["payload"]["count"] == 2
    [waiting] = await rows(superuser, "waiting")
    assert waiting["due_at"] == EIGHT + timedelta(days=1)


async def test_two_workers_make_one_digest(market: Market, superuser: Any, worker: Any) -> None:
    """By hand: the second comes while the first has not committed, passes over, finds nothing."""
    await choose(market.anna, {"offers": "digest"})
    await happens(superuser, market, "offer-opened", "offer-opened")
    await worker.fetchval("select app.address_mails(100)")
    await clock.stop(superuser, EIGHT)
    async with connected(market.urls.worker) as other:
        async with worker.transaction():
            assert await worker.fetchval("select app.gather_mails(10)") == 1
            assert await other.fetchval("select app.gather_mails(10)") == 0
        assert await other.fetchval("select app.gather_mails(10)") == 0
    assert await templates(superuser) == ["digest"]


async def test_quiet_hours_hold_back_what_can_wait(
    market: Market, superuser: Any, worker: Any
) -> None:
    await choose(market.anna, {}, quiet={"begins": "20:00", "ends": "07:00"})
    await clock.stop(superuser, EIGHT - timedelta(hours=10))  # 22:00
    await happens(superuser, market, "message-received", "merge-partner")
    await timers.address(worker)
    assert await templates(superuser) == ["merge-partner"]
    await clock.stop(superuser, EIGHT - timedelta(hours=1, seconds=1))
    await timers.address(worker)
    assert await templates(superuser) == ["merge-partner"]
    await clock.stop(superuser, EIGHT - timedelta(hours=1))
    await timers.address(worker)
    assert set(await templates(superuser)) == {"merge-partner", "message-received"}, "as it is"
    await happens(superuser, market, "offer-opened")
    await timers.address(worker)
    assert "offer-opened" in await templates(superuser), "it is not quiet any more"


@pytest.mark.parametrize(
    ("after", "zone", "at", "then"),
    [
        ("2027-03-27T07:00Z", "Europe/Berlin", "08:00", "2027-03-28T06:00Z"),  # 23 hours
        ("2026-10-24T06:00Z", "Europe/Berlin", "08:00", "2026-10-25T07:00Z"),  # 25 hours
        ("2027-03-28T00:00Z", "Europe/Berlin", "02:30", "2027-03-28T01:30Z"),  # there is none
        ("2027-03-28T01:30Z", "Europe/Berlin", "02:30", "2027-03-29T00:30Z"),
        ("2026-10-25T00:10Z", "Europe/Berlin", "02:30", "2026-10-25T01:30Z"),  # there are two
        ("2026-10-25T00:30Z", "Europe/Berlin", "02:30", "2026-10-25T01:30Z"),
        ("2026-10-25T01:30Z", "Europe/Berlin", "02:30", "2026-10-26T01:30Z"),
        ("2027-01-13T07:00Z", "Pacific/Auckland", "08:00", "2027-01-13T19:00Z"),
    ],
)
async def test_a_time_of_day_comes_once_each_day(
    superuser: Any, after: str, zone: str, at: str, then: str
) -> None:
    found = await superuser.fetchval(
        "select app_private.next_at($1::text::timestamptz, $2, $3::text::time)", after, zone, at
    )
    assert found == datetime.fromisoformat(then)


async def test_what_waits_follows_a_new_choice(market: Market, superuser: Any, worker: Any) -> None:
    await choose(market.anna, {"offers": "digest", "messages": "digest"})
    await happens(superuser, market, "offer-opened", "message-received")
    await timers.address(worker)
    await choose(market.anna, {"offers": "digest", "messages": "never"}, digest_time="18:30")
    [waiting] = await rows(superuser, "waiting")
    assert waiting["template"] == "offer-opened"
    assert waiting["due_at"] == datetime(2027, 1, 12, 17, 30, tzinfo=UTC)
    await choose(market.anna, {})
    await clock.stop(superuser, EIGHT - timedelta(hours=19))
    await timers.address(worker)
    assert await templates(superuser) == ["offer-opened"], "at once means now"


async def test_who_left_gets_nothing(market: Market, superuser: Any, worker: Any) -> None:
    email = "neu-digest@huber.example"
    nele = await market.joins(market.anna, email, "Nele Neu")
    await superuser.execute("truncate app_private.outbox")
    await choose(nele, {"offers": "digest"})
    await happens(superuser, market, "offer-opened")
    await timers.address(worker)
    assert len(await rows(superuser, "waiting", email)) == 1
    await superuser.execute("update app.colleague set active = false where email = $1", email)
    await clock.stop(superuser, EIGHT)
    await timers.address(worker)
    assert await templates(superuser, email) == []
    assert await rows(superuser, "waiting", email) == []


async def test_one_click_ends_a_kind(market: Market, superuser: Any, worker: Any) -> None:
    await choose(market.anna, {"returns": "digest"}, digest_time="09:15")
    await happens(superuser, market, "message-received", "merge-partner")
    await timers.address(worker)
    await superuser.execute("delete from app_private.outbox where recipient <> $1", ANNA)
    peer = Server()
    with listening(peer) as to:
        await Delivery(to, SENDER, "https://kg.example").work(worker, asyncio.Event())
    about, merge = sorted(peer.messages, key=lambda m: m["Subject"], reverse=True)
    assert merge["List-Unsubscribe"] is None
    assert about["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    raw = about["List-Unsubscribe"]
    assert raw.startswith("<https://kg.example/unsubscribe/kgu_")
    path = raw.strip("<>").removeprefix("https://kg.example")
    assert path in about.get_body(("plain",)).get_content()
    page = await market.client.get(path, headers={"accept": "text/html"})
    unknown = await market.client.get("/unsubscribe/kgu_nobody", headers={"accept": "text/html"})
    token = path.rpartition("/")[2]
    assert page.text.replace(token, "kgu_nobody") == unknown.text
    kinds = (await market.anna.get("/me/notices")).json()["kinds"]
    assert kinds["messages"] == "at_once", "opening it does nothing"

    clicks: list[dict[str, Any]] = [
        {"data": {"List-Unsubscribe": "One-Click"}},
        {"files": {"List-Unsubscribe": (None, "One-Click")}},
        {},
    ]
    done = [await market.client.post(path, **click) for click in clicks]
    wrong = [
        "/unsubscribe/kgu_nobody",
        path[:-1] + ("0" if path[-1] != "0" else "1"),
        path.replace(".messages.", ".offers."),
        path.replace(".messages.", ".messages~offers."),
    ]
    done += [await market.client.post(one, **clicks[0]) for one in wrong]
    assert {(one.status_code, one.text) for one in done} == {(200, done[0].text)}, "all alike"
    found = (await market.anna.get("/me/notices")).json()
    assert (found["kinds"]["messages"], found["kinds"]["returns"]) == ("never", "digest")
    assert (found["kinds"]["offers"], found["digest_time"]) == ("at_once", "09:15")
    ben = (await market.ben.get("/me/notices")).json()
    assert ben["kinds"]["messages"] == "at_once", "colleagues stay as they are"
    await happens(superuser, market, "message-received")
    await timers.address(worker)
    assert "message-received" not in [
        row["template"] for row in await rows(superuser, "mail") if row["delivered_at"] is None
    ]


async def test_the_way_out_of_a_digest_ends_what_stood_in_it(
    market: Market, superuser: Any, worker: Any
) -> None:
    await choose(market.anna, {"offers": "digest", "messages": "digest", "returns": "digest"})
    await happens(superuser, market, "offer-opened", "message-received")
    await timers.address(worker)
    await clock.stop(superuser, EIGHT)
    await timers.address(worker)
    mails = await worker.fetch("select * from app.claim_mails(100, 60)")
    [token] = [m["unsubscribe"] for m in mails if m["template"] == "digest"]
    assert len(token) < 200
    await market.client.post(f"/unsubscribe/{token}")
    kinds = (await market.anna.get("/me/notices")).json()["kinds"]
    assert (kinds["offers"], kinds["messages"], kinds["returns"]) == ("never", "never", "digest")


async def test_a_reminder_is_a_notice_too(market: Market, superuser: Any, worker: Any) -> None:
    """What functions write to one colleague is addressed by what he wants."""
    await choose(market.anna, {"reminders": "never"})
    for address in (ANNA, "ben@huber.example"):
        await superuser.execute(
            "select app_private.mail('follow-up-due', $1, 'de', $2, $3)",
            address, market.world.huber.id,
            {"marketplace": "Nord", "due_at": EIGHT.isoformat(), **LEAD},
        )  # fmt: skip
    await timers.address(worker)
    assert await templates(superuser) == []
    assert await templates(superuser, "ben@huber.example") == ["follow-up-due"]


async def test_a_choice_beside_the_digest(market: Market, superuser: Any, worker: Any) -> None:
    """By hand: who chooses never while his digest is being made waits for it, and is in time for
    the next."""
    await choose(market.anna, {"offers": "digest"})
    await happens(superuser, market, "offer-opened", "offer-opened")
    await worker.fetchval("select app.address_mails(100)")
    await clock.stop(superuser, EIGHT)
    async with worker.transaction():
        assert await worker.fetchval("select app.gather_mails(10)") == 1
        changing = asyncio.create_task(choose(market.anna, {"offers": "never"}))
        await waiting_for_locks(superuser, changing)
    await changing
    assert await templates(superuser) == ["digest"]
