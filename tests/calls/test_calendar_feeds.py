"""Follow-ups in a calendar program, under a secret address: dates and marketplaces, no person."""

import re
from uuid import UUID

import vobject

from tests.fixtures.database import as_bearer, connected
from tests.fixtures.http import Person, from_address, running
from tests.fixtures.market import Market, slug

DUE = "2027-03-01T09:00:00+01:00"
SECRET = "Frau Muster wegen Wärmepumpe anrufen"


async def noted(market: Market, by: Person) -> str:
    """A follow-up for a lead that Anna's company works."""
    path = market.path(str(market.world.leads["engaged"]), "/follow-ups")
    made = await by.post(path, {"due_at": DUE, "text": SECRET})
    assert made.status_code == 201, made.text
    return str(made.json()["id"])


async def opened(who: Person) -> str:
    """The path of a new address."""
    made = await who.post("/me/calendar-feed")
    assert made.status_code == 201, made.text
    address = made.json()["address"]
    assert address.startswith("http://kollegium.test/calendar-feeds/kgf")
    return str(address).removeprefix("http://kollegium.test")


async def uids(market: Market, path: str) -> set[str]:
    """What another library finds in the calendar behind a path."""
    got = await market.client.get(path)
    assert got.status_code == 200, got.text
    read = vobject.readOne(got.text)
    return {event.uid.value for event in read.contents.get("vevent", [])}


async def test_a_calendar_is_valid_and_says_nothing_of_the_person(market: Market) -> None:
    follow_up = await noted(market, market.anna)
    path = await opened(market.anna)
    got = await market.client.get(path)
    assert got.headers["content-type"] == "text/calendar; charset=utf-8"
    assert b"\n" not in got.content.replace(b"\r\n", b"")
    assert all(len(line) <= 75 for line in got.content.split(b"\r\n"))
    assert not re.search("Muster|Wärmepumpe|anrufen|Petra", got.text)
    read = vobject.readOne(got.text)
    (event,) = [e for e in read.vevent_list if e.uid.value.startswith(follow_up)]
    assert event.dtstart.value.isoformat() == "2027-03-01T08:00:00+00:00"
    assert event.dtstamp.value is not None
    assert event.summary.value == "Wiedervorlage: Marktplatz Nord"
    lead = market.world.leads["engaged"]
    assert event.url.value == f"http://kollegium.test/app/leads/{market.m}/{lead}"
    again = vobject.readOne((await market.client.get(path)).text)
    assert [e.uid.value for e in again.vevent_list] == [e.uid.value for e in read.vevent_list]


async def test_it_has_mine_and_whom_i_cover(market: Market) -> None:
    anna, ben = await noted(market, market.anna), await noted(market, market.ben)
    path = await opened(market.anna)
    found = await uids(market, path)
    assert (f"{anna}@kollegium" in found, f"{ben}@kollegium" in found) == (True, False)
    async with connected(market.urls.superuser) as superuser:
        await superuser.execute(
            "insert into app.absence (id, company_id, colleague_id, covered_by_id, begins_at,"
            " ends_at) values (gen_random_uuid(), $1, $2, $3, now() - interval '1 day',"
            " now() + interval '1 day')",
            *(market.world.huber.id, market.world.ben.id, market.world.anna.id),
        )
        assert f"{ben}@kollegium" in await uids(market, path)
        await superuser.execute(
            "update app.follow_up set done_at = now() where id = $1", UUID(anna)
        )
    assert f"{anna}@kollegium" not in await uids(market, path)


async def test_an_address_ends(market: Market) -> None:
    """By a new one, by its owner, and when he leaves; he who comes back has none."""
    first = await opened(market.ben)
    second = await opened(market.ben)
    assert (await market.client.get(first)).status_code == 404
    assert (await market.client.get(second)).status_code == 200
    assert (await market.ben.delete("/me/calendar-feed")).status_code == 204
    assert (await market.client.get(second)).status_code == 404
    third = await opened(market.dora)
    dora = f"/colleagues/{market.world.dora.id}"
    for active in (False, True):
        assert (await market.client.get(third)).status_code == (404 if active else 200)
        changed = await market.anna.patch(dora, {"active": active})
        assert changed.status_code == 200, changed.text
    assert (await market.client.get(third)).status_code == 404


async def test_the_token_is_shown_once_and_kept_nowhere(market: Market) -> None:
    path = await opened(market.anna)
    token = path.rpartition("/")[2].removesuffix(".ics")
    async with connected(market.urls.superuser) as superuser:
        kept = await superuser.fetchval(
            "select count(*) from app_private.calendar_feed"
            " where token_sha256 = sha256(convert_to($1, 'UTF8'))",
            token,
        )
        assert kept == 1
        dump = await superuser.fetch("select f::text from app_private.calendar_feed f")
        assert not any(token in row[0] for row in dump)
    for wrong in (token, "", ".ics", f"{token}x.ics"):
        assert (await market.client.get(f"/calendar-feeds/{wrong}")).status_code == 404, wrong
    # It is no token for anything else.
    assert (await Person(market.client, token).get("/me")).status_code == 401


async def test_wrong_addresses_are_limited_and_right_ones_are_not(market: Market) -> None:
    path = await opened(market.anna)
    async with running(market.urls.api) as app, from_address(app, "198.51.100.9") as client:
        answers = [await client.get(f"/calendar-feeds/kgf_{n}.ics") for n in range(32)]
        assert [a.status_code for a in answers[:30]] == [404] * 30
        last = answers[-1]
        assert (last.status_code, slug(last)) == (429, "too-many-requests")
        assert int(last.headers["retry-after"]) >= 1
        assert (await client.get(path)).status_code == 200


async def test_an_api_key_has_no_calendar(market: Market) -> None:
    key = (await market.anna.post("/api-keys", {"name": "CRM"})).json()["token"]
    refused = await Person(market.client, key).post("/me/calendar-feed")
    assert (refused.status_code, slug(refused)) == (403, "colleague-required")


async def test_a_lead_that_the_company_lost_is_in_no_calendar(market: Market) -> None:
    lead = await market.offered(market.world.huber)
    path = market.path(lead)
    await market.anna.post(f"{path}/pick")
    made = await market.anna.post(f"{path}/follow-ups", {"due_at": DUE})
    feed = await opened(market.anna)
    assert f"{made.json()['id']}@kollegium" in await uids(market, feed)
    await market.olga.post(f"{path}/revoke", {"reason": "x"})
    assert f"{made.json()['id']}@kollegium" not in await uids(market, feed)
    async with connected(market.urls.api) as api, as_bearer(api, market.anna.token):
        assert await api.fetchval("select count(*) from app.follow_up") > 0  # control
