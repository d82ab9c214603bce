"""Guessing passwords and picking without end are limited, in the database, per account and company.

Never by the peer address alone: colleagues share one, and an attacker has many.
"""

import asyncio
import time
from typing import Any
from uuid import uuid4

import httpx
import pytest

from service import identity
from service.web.edge import Edge
from tests.fixtures.database import Urls, connected
from tests.fixtures.http import Person, from_address, log_in
from tests.fixtures.world import PASSWORD, World

WRONG = {"password": "wrong password 4711"}


TIMED = "test_unknown_addresses_take_the_same_time"


@pytest.fixture(autouse=True)
async def fresh(world_database: Urls, request: pytest.FixtureRequest) -> None:
    """Nobody has tried anything yet."""
    if request.node.name != TIMED:
        request.getfixturevalue("quick_stretching")
    async with connected(world_database.superuser) as superuser:
        await superuser.execute("truncate app_private.rate")


async def attempt(client: httpx.AsyncClient, email: str, password: str) -> httpx.Response:
    """One log-in."""
    return await client.post("/sessions", json={"email": email, "password": password})


async def test_a_hundred_wrong_passwords(service: Edge, world: World) -> None:
    """429 from the tenth on; the owner elsewhere and open sessions go on."""
    async with from_address(service, "198.51.100.7") as attacker:
        answers = [
            await attempt(attacker, "ben@huber.example", f"wrong password {n}") for n in range(100)
        ]
        assert [a.status_code for a in answers] == [401] * 9 + [429] * 91
        for answer in answers[9:]:
            assert 1 <= int(answer.headers["retry-after"]) <= 900
            assert answer.json()["type"] == "urn:kollegium:problem:too-many-requests"
        # Not even the right password helps from there.
        assert (await attempt(attacker, "ben@huber.example", PASSWORD)).status_code == 429
        # Another account from the same address is not locked (colleagues share an address).
        assert (await log_in(attacker, "dora@huber.example")).token
    async with from_address(service, "203.0.113.9") as home:
        ben = await log_in(home, "ben@huber.example")
        assert (await ben.get("/me")).status_code == 200
        assert (await Person(home, world.ben.token).get("/me")).status_code == 200


async def test_guessing_at_once(service: Edge) -> None:
    """Parallel guesses are counted like others."""
    async with from_address(service, "198.51.100.8") as attacker:
        answers = await asyncio.gather(
            *(attempt(attacker, "anna@huber.example", f"guess {n}") for n in range(24))
        )
    assert sorted(a.status_code for a in answers) == [401] * 9 + [429] * 15


async def test_from_many_addresses(service: Edge, world: World) -> None:
    """An account takes a hundred failures an hour; addresses known to the owner stay open."""
    async with from_address(service, "192.0.2.77") as office:
        await log_in(office, "cora@klein.example")
    statuses = []
    for n in range(14):
        async with from_address(service, f"198.51.100.{100 + n}") as attacker:
            for m in range(8):
                answer = await attempt(attacker, "cora@klein.example", f"guess {n} {m}")
                statuses.append(answer.status_code)
    # The owner's own log-in from a new place was one of the hundred.
    assert statuses == [401] * 99 + [429] * 13
    async with from_address(service, "192.0.2.77") as office:
        assert (await log_in(office, "cora@klein.example")).token
        assert (await Person(office, world.cora.token).get("/me")).status_code == 200


async def test_one_password_over_many_accounts(service: Edge) -> None:
    """429 from the tenth account on, whether or not the accounts exist."""
    async with from_address(service, "198.51.100.9") as attacker:
        answers = [
            await attempt(attacker, f"colleague{n}@huber.example", "Sommer2026!") for n in range(40)
        ]
        assert [a.status_code for a in answers] == [401] * 9 + [429] * 31
        # The same address may still log in with another password.
        assert (await log_in(attacker, "anna@huber.example")).token


async def test_an_own_account_buys_no_further_guesses(service: Edge, world: World) -> None:
    """Who sprays with the password of an account of his own does not reset the count with it."""
    async with from_address(service, "198.51.100.10") as attacker:
        statuses = []
        for n in range(20):
            answer = await attempt(attacker, f"victim{n}@klein.example", PASSWORD)
            statuses.append(answer.status_code)
            if n % 5 == 4:
                await attempt(attacker, "fritz@fremd.example", PASSWORD)
        assert statuses.count(401) <= 10


async def test_success_pays_back(service: Edge) -> None:
    """Logging in often is not guessing."""
    async with from_address(service, "192.0.2.50") as office:
        for _ in range(15):
            await log_in(office, "gerd@geber.example")


async def test_unknown_addresses_get_the_same_answer(service: Edge) -> None:
    """Same bytes, same headers; the same limit, so that it tells nothing either."""
    async with from_address(service, "198.51.100.11") as attacker:
        for email in ("olga@nord.example", "nobody@nord.example"):
            found = [await attempt(attacker, email, f"x {email} {n}") for n in range(11)]
            assert [a.status_code for a in found] == [401] * 9 + [429] * 2
            if email.startswith("olga"):
                known = found
        for one, other in zip(known, found, strict=True):
            assert one.content == other.content
            assert same(one) == same(other)


def same(answer: httpx.Response) -> dict[str, Any]:
    """Headers without those that differ by the second."""
    return {k: v for k, v in answer.headers.items() if k not in ("x-request-id", "retry-after")}


async def test_unknown_addresses_take_the_same_time(service: Edge, world_database: Urls) -> None:
    """Both are stretched. Processor time, the shortest of many: what else the machine does only
    adds."""
    times: dict[str, list[float]] = {"lena@lang.example": [], "nobody@lang.example": []}
    for n in range(16):
        for email, found in times.items():
            async with from_address(service, f"198.51.100.{n + 1}") as attacker:
                started = time.process_time()
                answer = await attempt(attacker, email, f"time {n} {email}")
                found.append(time.process_time() - started)
                assert answer.status_code == 401
    known, unknown = (min(found) for found in times.values())
    assert abs(known - unknown) < 0.2 * max(known, unknown), (known, unknown)


async def test_a_refused_attempt_costs_no_stretching(
    service: Edge, monkeypatch: pytest.MonkeyPatch
) -> None:
    """429 comes before the expensive part: it is no way to exhaust the service."""
    stretched: list[str] = []

    def stretch(password: str, salt: bytes) -> bytes:
        stretched.append(password)
        return salt * 2

    monkeypatch.setattr(identity, "stretch_now", stretch)
    async with from_address(service, "198.51.100.12") as attacker:
        for n in range(9):
            await attempt(attacker, "nina@neu.example", f"guess {n}")
        assert len(stretched) == 9, "the control"
        for _ in range(10):
            assert (await attempt(attacker, "nina@neu.example", "x")).status_code == 429
        assert len(stretched) == 9


@pytest.mark.parametrize("email", ["", "x", "x" * 255, "no address", "a@b", "ä@ö.example"])
async def test_no_addresses_at_all(service: Edge, email: str) -> None:
    async with from_address(service, "198.51.100.13") as attacker:
        assert (await attempt(attacker, email, "x")).status_code in (400, 401)


async def test_spellings_of_one_address_are_one_account(service: Edge) -> None:
    async with from_address(service, "198.51.100.14") as attacker:
        for n in range(9):
            email = "otto@nord.example" if n % 2 else " OTTO@Nord.Example "
            assert (await attempt(attacker, email, f"guess {n}")).status_code == 401
        assert (await attempt(attacker, "oTTo@nord.example", "x")).status_code == 429
        assert (await attempt(attacker, " OTTO@nord.example", PASSWORD)).status_code == 429


@pytest.mark.parametrize(
    ("bucket", "others"), [("klein", "anna"), ("cora", "anna"), ("ben", "anna")]
)
async def test_picking_is_limited_per_colleague_and_company(
    service: Edge, world: World, world_database: Urls, bucket: str, others: str
) -> None:
    """300 picks a minute of a colleague, 600 of all his company's; the rest do not notice."""
    path = f"/marketplaces/{world.nord_id}/leads/{world.leads['offered']}/pick"
    limited = {"klein": world.cora}.get(bucket) or getattr(world, bucket)
    async with connected(world_database.superuser) as superuser:
        await superuser.execute(
            "insert into app_private.rate (bucket, full_at) values"
            " (sha256(convert_to('pick ' || $1::text, 'UTF8')), now() + interval '2 min')",
            str(getattr(world, bucket).id),
        )
    async with from_address(service) as client:
        answer = await Person(client, limited.token).post(path)
        assert answer.status_code == 429
        assert 1 <= int(answer.headers["retry-after"]) <= 61
        assert (await Person(client, getattr(world, others).token).post(path)).status_code == 200


@pytest.mark.parametrize("key", [None, "refused"])
@pytest.mark.parametrize(("lead", "status"), [("unknown", 404), ("engaged", 409)])
async def test_a_refused_pick_costs_an_attempt(
    service: Edge, world: World, world_database: Urls, key: str | None, lead: str, status: int
) -> None:
    """For the colleague and the company. Repeated with its key it is the same one."""
    number = world.leads.get(lead, uuid4())
    path = f"/marketplaces/{world.nord_id}/leads/{number}/pick"
    headers = {"Idempotency-Key": f"{key} {lead}".replace(" ", "-")} if key else {}
    async with from_address(service) as client, connected(world_database.superuser) as superuser:
        for tried in (1, 2, 3):
            await superuser.execute("truncate app_private.rate")
            answer = await Person(client, world.cora.token).post(path, headers=headers)
            assert answer.status_code == status, answer.text
            assert answer.json()["type"].startswith("urn:kollegium:problem:")
            spent = await superuser.fetchval("select count(*) from app_private.rate")
            assert spent == (0 if key and tried > 1 else 2)
