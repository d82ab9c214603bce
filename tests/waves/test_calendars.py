"""Working time: who sets it, and that SQL counts it as the oracle does, over two years."""

import os
import random
from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import pytest_asyncio

from service.jobs.worker import holidays
from tests.fixtures import clock
from tests.fixtures.database import Urls, connected
from tests.fixtures.market import Market, slug
from tests.waves.oracle import DAYS, Calendar, calendar_of

ADD = "select app_private.add_working_time($1, $2, $3)"
OFFICE = [{"opens": "08:00", "closes": "12:00"}, {"opens": "13:00", "closes": "17:00"}]
WEEK = dict.fromkeys(DAYS[:5], OFFICE)
BAVARIA = {"time_zone": "Europe/Berlin", "hours": WEEK, "federal_state": "BY"}
SEARCHES = int(os.environ.get("KOLLEGIUM_CALENDARS", "8"))


@pytest_asyncio.fixture(scope="module")
async def superuser(world_database: Urls) -> AsyncIterator[Any]:
    """For what no runtime role may ask."""
    async with connected(world_database.superuser) as connection:
        yield connection


@pytest_asyncio.fixture(scope="module", autouse=True)
async def filled(world_database: Urls) -> None:
    """The worker was there."""
    async with connected(world_database.worker) as worker:
        assert await holidays.fill(worker) > 400
        assert await holidays.fill(worker) == 0


async def put(market: Market, plan: dict[str, Any], etag: str | None = None) -> Any:
    """Sets the calendar of Marktplatz Nord, whichever it was."""
    headers = {"If-Match": etag or "*"}
    return await market.olga.put(f"/marketplaces/{market.m}/calendar", plan, headers=headers)


async def test_until_one_is_set_it_is_office_hours(market: Market) -> None:
    shown = await market.olga.get(f"/marketplaces/{market.m}/calendar")
    assert shown.headers["etag"] == '"0"'
    assert shown.json()["hours"]["friday"] == [{"opens": "09:00", "closes": "17:00"}]
    assert shown.json()["hours"]["saturday"] == []


async def test_the_operator_sets_it_whole(market: Market) -> None:
    unread = await market.olga.put(f"/marketplaces/{market.m}/calendar", BAVARIA)
    assert (unread.status_code, slug(unread)) == (428, "version-required")
    stale = await put(market, BAVARIA, '"7"')
    assert (stale.status_code, slug(stale)) == (412, "version-stale")
    made = await put(market, BAVARIA, '"0"')
    assert made.status_code == 200, made.text
    assert made.headers["etag"] == '"1"'
    again = await put(market, BAVARIA, '"1"')
    assert again.headers["etag"] == '"1"'
    path = f"/marketplaces/{market.m}/calendar"
    names = {
        day["date"]: day["name"]
        for day in (await market.olga.get(path, headers={"Accept-Language": "de"})).json()[
            "holidays"
        ]
    }
    year = datetime.now(UTC).year
    assert names[f"{year}-01-06"] == "Heilige Drei Könige"
    assert f"{year}-08-15" not in names
    assert f"{year + 2}-12-25" in names
    for who in (market.anna, market.gerd, market.fritz):
        assert (await who.get(path)).status_code == 404
        foreign = await who.put(path, BAVARIA, headers={"If-Match": "*"})
        assert (foreign.status_code, slug(foreign)) == (404, "not-found")


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"hours": {"monday": [{"opens": "17:00", "closes": "08:00"}]}}, "/hours/monday"),
        ({"hours": {"friday": OFFICE[::-1]}}, "/hours/friday"),
        ({"hours": {"monday": [{"opens": "8:00", "closes": "12:00"}]}}, "/hours/monday/0/opens"),
        ({"own_days": [{"date": "2026-12-24"}, {"date": "2026-12-24"}]}, "/own_days/1/date"),
        ({"federal_state": "Augsburg"}, "/federal_state"),
        ({"time_zone": "Berlin; drop"}, "/time_zone"),
    ],
)
async def test_what_is_no_calendar_is_refused(
    market: Market, change: dict[str, Any], pointer: str
) -> None:
    answer = await put(market, BAVARIA | change)
    assert (answer.status_code, slug(answer)) == (400, "validation-failed")
    assert pointer in [error["pointer"] for error in answer.json()["errors"]]


async def test_a_calendar_must_open_and_have_a_zone(market: Market) -> None:
    before = (await market.olga.get(f"/marketplaces/{market.m}/calendar")).content
    closed = await put(market, {"time_zone": "Europe/Berlin", "hours": {}})
    assert (closed.status_code, slug(closed)) == (422, "calendar-closed")
    assert (await market.olga.get(f"/marketplaces/{market.m}/calendar")).content == before


async def test_holidays_change_when_the_year_does(market: Market, superuser: Any) -> None:
    """The worker goes by the database's clock, and takes away what is over."""
    async with connected(market.urls.worker) as worker:
        await clock.stop(superuser, datetime(2031, 5, 1, tzinfo=UTC))
        assert await holidays.fill(worker) > 400
        years = "select distinct extract(year from day)::integer from app_private.holiday"
        assert {row[0] for row in await superuser.fetch(years)} >= {2031, 2032, 2033}
        await clock.right(superuser)


def test_a_part_of_a_state_is_not_the_state() -> None:
    """Assumption in Bavaria, Corpus Christi in Saxony; and no school holidays."""
    found = {(day["region"], day["day"]): day for day in holidays.days_of([2026])}
    assert found["BY", "2026-08-15"]["regional"] is True
    assert found["SL", "2026-08-15"]["regional"] is False
    assert found["SN", "2026-06-04"]["regional"] is True
    assert found["BW", "2026-06-04"]["regional"] is False
    assert ("BY", "2026-08-14") not in found
    assert len([key for key in found if key[0] == "DE"]) == 9


def random_plan(chance: random.Random) -> dict[str, Any]:
    """A calendar as nobody would think of it, night shifts and midnight included."""

    def spans() -> list[dict[str, str]]:
        marks = sorted(chance.sample(range(0, 97), 2 * chance.randint(0, 3)))
        texts = [f"{mark // 4:02}:{mark % 4 * 15:02}" for mark in marks]
        pairs = zip(texts[::2], texts[1::2], strict=True)
        return [{"opens": opens, "closes": closes} for opens, closes in pairs]

    zones = ["Europe/Berlin"] * 6 + ["UTC", "America/New_York", "Australia/Lord_Howe"]
    some = [date(2026, 1, 1) + timedelta(days=chance.randrange(730)) for _ in range(20)]
    own = {day.isoformat(): spans() for day in some}
    return {
        "time_zone": chance.choice(zones),
        "hours": {day: spans() for day in DAYS} | {"wednesday": OFFICE},
        "federal_state": chance.choice([None, *holidays.REGIONS]),
        "regional_holidays": chance.random() < 0.5,
        "own_days": [{"date": day, "hours": hours} for day, hours in own.items()],
    }


async def oracle_of(superuser: Any, plan: dict[str, Any]) -> Calendar:
    """With the holidays that stand in the database."""
    rows = await superuser.fetch(
        "select day from app_private.holiday where region = $1 and ($2 or not regional)",
        plan.get("federal_state"),
        plan.get("regional_holidays", False),
    )
    return calendar_of(plan, {row["day"] for row in rows})


def moments(chance: random.Random, zone: str) -> list[datetime]:
    """Some of two years, and those around each change of the clock."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    found = [start + timedelta(minutes=chance.randrange(2 * 365 * 1440)) for _ in range(15)]
    hours = (start + timedelta(hours=hour) for hour in range(2 * 365 * 24))
    last = None
    for hour in hours:
        offset = hour.astimezone(ZoneInfo(zone)).utcoffset()
        if last is not None and offset != last:
            found += [hour + timedelta(minutes=chance.randint(-180, 180)) for _ in range(5)]
        last = offset
    return found


async def test_sql_counts_as_the_oracle_does(market: Market, superuser: Any) -> None:
    """Random calendars over two years: changes of the clock, holidays, own days, nights."""
    seed = int(os.environ.get("KOLLEGIUM_SEED", random.randrange(10**6)))
    print(f"seed {seed}")
    chance = random.Random(seed)
    await superuser.execute("set timezone = 'Asia/Kathmandu'")  # the session's zone counts nothing
    for _ in range(SEARCHES):
        plan = random_plan(chance)
        made = await put(market, plan)
        assert made.status_code == 200, made.text
        calendar = await oracle_of(superuser, plan)
        for since in moments(chance, plan["time_zone"]):
            minutes = chance.choice([1, 15, 59, 60, 480, 481, 2400, 9000])
            told = await superuser.fetchval(ADD, market.m, since, minutes)
            assert told.astimezone(UTC) == calendar.add(since, minutes), (plan, since, minutes)


@pytest.mark.parametrize(
    ("since", "minutes", "until"),
    [
        ("2026-11-27 15:30+01", 60, "2026-11-27 16:30+01"),
        ("2026-11-27 16:00+01", 60, "2026-11-27 17:00+01"),  # the end of the day, not Monday
        ("2026-11-27 16:30+01", 60, "2026-11-30 08:30+01"),
        ("2026-11-27 11:30+01", 60, "2026-11-27 13:30+01"),  # over lunch
        ("2026-04-02 16:30+02", 60, "2026-04-07 08:30+02"),  # Easter
        ("2026-12-23 16:59+01", 2, "2026-12-28 08:01+01"),  # an own day, Christmas, a week end
        ("2026-03-27 16:00+01", 120, "2026-03-30 09:00+02"),  # the clock goes forward between
    ],
)
async def test_by_hand(
    market: Market, superuser: Any, since: str, minutes: int, until: str
) -> None:
    plan = BAVARIA | {"own_days": [{"date": "2026-12-24", "name": "Heiligabend", "hours": []}]}
    assert (await put(market, plan)).status_code == 200
    told = await superuser.fetchval(ADD, market.m, datetime.fromisoformat(since), minutes)
    assert told == datetime.fromisoformat(until)


@pytest.mark.parametrize(
    ("day", "minutes"), [("2026-03-29", 23 * 60), ("2026-10-25", 25 * 60), ("2026-10-26", 1440)]
)
async def test_a_day_is_as_long_as_it_is(
    market: Market, superuser: Any, day: str, minutes: int
) -> None:
    """Round the clock: the Sunday in March has 23 hours, the one in October 25."""
    always = [{"opens": "00:00", "closes": "24:00"}]
    plan = {"time_zone": "Europe/Berlin", "hours": dict.fromkeys(DAYS, always)}
    assert (await put(market, plan)).status_code == 200
    zone = ZoneInfo("Europe/Berlin")
    begins = datetime.combine(date.fromisoformat(day), datetime.min.time(), zone)
    told = await superuser.fetchval(ADD, market.m, begins, minutes)
    ends = begins.replace(tzinfo=None) + timedelta(days=1)
    assert told.astimezone(zone).replace(tzinfo=None) == ends


@pytest.mark.parametrize("zone", ["Europe/Entenhausen", "europe/berlin", "Abc+5", "EST-05"])
async def test_a_zone_that_nobody_knows_is_named_in_both_languages(
    market: Market, zone: str
) -> None:
    """At the calendar and at a card, and nothing changes."""
    card = f"/marketplaces/{market.m}/participations/{market.world.klein.id}"
    calendar = f"/marketplaces/{market.m}/calendar"
    before = (await market.olga.get(calendar)).content
    for language, word in (("en", "There is no such"), ("de", "Diese Zeitzone gibt es nicht")):
        more = {"If-Match": "*", "Accept-Language": language}
        body = {"time_zone": zone, "hours": WEEK}
        for answer in (
            await market.olga.put(calendar, body, headers=more),
            await market.cora.patch(
                card, {"time_zone": zone, "paused": True}, headers={"Accept-Language": language}
            ),
        ):
            assert (answer.status_code, slug(answer)) == (400, "validation-failed")
            (error,) = answer.json()["errors"]
            assert error["pointer"] == "/time_zone"
            assert error["detail"].startswith(word)
    assert (await market.olga.get(calendar)).content == before
    shown = await market.cora.get(f"/marketplaces/{market.m}/participations")
    assert not shown.json()["items"][0]["paused"]
