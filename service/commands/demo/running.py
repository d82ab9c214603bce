"""What `kollegium demo` does once it has a server: database, roles, world, service and worker."""

import asyncio
import contextlib
import os
import secrets
import time
from collections import deque
from pathlib import Path
from typing import TYPE_CHECKING

import asyncpg
import click
import structlog
import uvloop

from service.commands import connections, serving
from service.commands.demo import welcome
from service.commands.demo.login_cards import login_cards
from service.commands.demo.mailbox import mailbox
from service.commands.migrate import upgrade
from service.commands.output import explained, print_json, run
from service.commands.serve import refuse_unfit, settings_for
from service.commands.watching import wall_watched
from service.commands.worker import connector, jobs_that_go_out, working
from service.database.logins import PREFIX, VARIABLES, Source
from service.database.retries import LOST
from service.database.shipped import EXAMPLES
from service.database.transaction import Database
from service.database.urls import database_of, password_of, user_of, with_database, with_login
from service.database.wire import PostgresError
from service.demo import build, people, story
from service.demo import database as demo_database
from service.demo.build import DemoWorld
from service.errors import Problem
from service.jobs.staff.companies import CompanyStaff
from service.settings import ServiceSettings

if TYPE_CHECKING:
    from service.embedded.server import EmbeddedServer

log = structlog.get_logger()

DATABASE = "kollegium"
_LOOK_SECONDS = 1.0  # how long a dead server may stay unnoticed
# As often within this time the server is started again; then something is wrong with it.
_REVIVALS, _REVIVALS_SECONDS = 3, 60.0
_THIS_MACHINE = "127.0.0.0/8, ::1/128"  # webhooks of the demo may go here
_MAINTENANCE = ("", "postgres", "template1")


async def _keep_alive(server: "EmbeddedServer", stop: asyncio.Event) -> None:
    """Starts the embedded server again when it died. Raises EmbeddedServerError when that fails, or
    when it dies again and again."""
    from service.embedded.server import EmbeddedServerError

    revived: deque[float] = deque(maxlen=_REVIVALS)
    while not stop.is_set():
        if not server.alive():
            if len(revived) == _REVIVALS and time.monotonic() - revived[0] < _REVIVALS_SECONDS:
                raise EmbeddedServerError(
                    f"The embedded PostgreSQL died {_REVIVALS + 1} times within "
                    f"{_REVIVALS_SECONDS:.0f} s; {server.data_dir / 'server.log'} says why."
                )
            log.warning("embedded_postgres_died", data_dir=str(server.data_dir))
            await asyncio.to_thread(server.revive)
            revived.append(time.monotonic())
            log.info("embedded_postgres_restarted", port=server.port)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), _LOOK_SECONDS)


async def _create(server: Source, *, reset: bool) -> Source:
    """The demo's database: the one DATABASE_URL names, else `kollegium` on that server."""
    if database_of(server.url) not in _MAINTENANCE:
        return server
    connection = await connections.log_in(server)
    try:
        await demo_database.ensure_database(connection, DATABASE, reset=reset)
    finally:
        await connection.close(timeout=5)
    return Source(with_database(server.url, DATABASE), server.variable)


async def _role_urls(admin: Source, kept: dict[str, str]) -> dict[str, str]:
    """A URL for each role: the environment's, the one kept from the last run, or a new password."""
    urls: dict[str, str] = {}
    passwords: dict[str, str] = {}
    for role, variable in VARIABLES.items():
        given = os.environ.get(variable)
        if given and role != "api":
            urls[role] = connections.plain_url(given)
            continue
        name = PREFIX + role
        password = password_of(kept.get(role, "")) or secrets.token_urlsafe(24)
        urls[role] = with_login(admin.url, name, password)
        if not await demo_database.works(urls[role]):
            passwords[name] = password
    if passwords:
        connection = await connections.log_in(admin)
        try:
            await demo_database.set_passwords(connection, passwords)
        except asyncpg.InsufficientPrivilegeError as error:
            login = user_of(admin.url)
            roles = [name.removeprefix(PREFIX) for name in passwords]
            names = ", ".join(VARIABLES[role] for role in roles if role != "api")
            raise click.ClickException(
                f"{admin.variable} logs in as {login}, which may not set the passwords of "
                f"{', '.join(passwords)}: use a superuser's DATABASE_URL"
                f"{f', or set {names}' if names else ''}."
            ) from error
        finally:
            await connection.close(timeout=5)
    return urls


async def _refuse_foreign(staff: CompanyStaff, given: bool) -> None:
    """A server of somebody else's may hold real companies; they get no invented neighbours."""
    names = await staff.names()
    demo = {firm.name for firm in people.FIRMS}
    if given and names and not names & demo:
        raise click.ClickException(
            "The database of DATABASE_URL holds companies that are not the demo's: name an empty "
            "database, or unset DATABASE_URL for the embedded one."
        )


async def _world(settings: ServiceSettings, staff_url: Source, *, given: bool) -> None:
    """Builds the demo world unless it is there."""
    connection = await connections.log_in(staff_url)
    database = await Database.open(settings)
    try:
        staff = CompanyStaff(connection)
        await _refuse_foreign(staff, given)
        world = DemoWorld(database, EXAMPLES)
        if not await build.is_complete(world, staff):
            log.info("demo_building")
            await build.set_up(world, staff)
            await story.tell(world)
            await build.invite_newcomer(world)
        await world.log_out()
    finally:
        await database.close()
        await connection.close(timeout=5)


async def _serve(
    settings: ServiceSettings,
    host: str,
    port: int,
    urls: dict[str, str],
    data_dir: Path,
    as_json: bool,
    server: "EmbeddedServer | None",
) -> None:
    stop = asyncio.Event()
    serving.stop_on_signals(stop)
    await refuse_unfit(Source(urls["api"], "the demo's database"))
    bound = serving.bind(host, port)
    source = Source(urls["worker"], str(data_dir / connections.URLS_FILE))
    jobs = jobs_that_go_out(settings.webhook_networks)
    beside = [asyncio.create_task(working(connector(source), stop, jobs))]
    if server:
        beside.append(asyncio.create_task(_keep_alive(server, stop)))
    for task in beside:  # without its timers or its database the demo would be false
        task.add_done_callback(lambda _: stop.set())

    async def ready() -> None:
        serving.settle()
        base_url = serving.url_of(bound)
        connections.write_urls(data_dir, {**urls, "base_url": base_url})
        if as_json:
            print_json(welcome.for_programs(base_url, urls))
            return
        database = await Database.open(settings)
        try:
            welcome.show(base_url, await welcome.calls(database, base_url), data_dir)
        finally:
            await database.close()

    try:
        async with wall_watched(Source(urls["api"], "the demo's database")):
            await serving.serve_app(
                settings, bound, stop, ready, [*mailbox(urls["worker"]), login_cards]
            )
    finally:
        stop.set()
        for task in reversed(beside):
            await task


def start(
    place: Source, server: "EmbeddedServer | None", host: str, port: int, data_dir: Path,
    *, as_json: bool, reset: bool,
) -> None:  # fmt: skip
    """Runs the demo on the server of `place` until its end; `server` is it when it is embedded."""
    admin = run(_create(place, reset=reset))
    before, after = upgrade(admin)
    if before != after:
        log.info("migrated", before=before, after=after)
    urls = run(_role_urls(admin, connections.read_urls(data_dir)))
    connections.write_urls(data_dir, urls)
    networks = os.environ.get("KOLLEGIUM_WEBHOOK_ALLOWED_NETWORKS") or _THIS_MACHINE
    settings = settings_for(
        Source(urls["api"], admin.variable), webhook_networks=networks, demo=True
    )
    run(_world(settings, Source(urls["staff"], admin.variable), given=server is None))
    try:
        uvloop.run(_serve(settings, host, port, urls, data_dir, as_json, server))
    except (Problem, PostgresError, asyncpg.PostgresError, *LOST) as error:
        raise explained(error) from error
