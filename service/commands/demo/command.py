"""`kollegium demo`: everything on one machine, from an empty directory to open offers."""

import contextlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from service.commands import connections
from service.database.logins import Source

if TYPE_CHECKING:
    from service.embedded.server import EmbeddedServer


@contextlib.contextmanager
def _ends_on_signals() -> Iterator[None]:
    """SIGTERM and Ctrl-C end the preparations too, so that the database is stopped."""

    def end(*_: object) -> None:
        raise SystemExit(0)

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    yield


def _ignore_signals() -> None:
    """The end has begun; an impatient second signal must not leave the database running."""
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)


@contextlib.contextmanager
def _server(data_dir: Path) -> Iterator[tuple[Source, "EmbeddedServer | None"]]:
    """The URL of somebody who may create roles: DATABASE_URL, else the embedded server's."""
    given = os.environ.get("DATABASE_URL")
    if given:
        try:
            yield Source(connections.plain_url(given), "DATABASE_URL"), None
        finally:
            _ignore_signals()
        return
    from service.embedded.server import EmbeddedServer, EmbeddedServerError

    try:
        server = EmbeddedServer.start(data_dir)
        try:
            yield Source(server.superuser_url, "the embedded server"), server
        finally:
            _ignore_signals()
            server.stop()
    except EmbeddedServerError as error:
        raise click.ClickException(str(error)) from error


@click.command()
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    help="Port of the service; 0 picks a free one.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--data-dir",
    type=click.Path(path_type=Path, file_okay=False),
    default=connections.data_dir_default,
    help="Where the embedded PostgreSQL keeps its data, and the passwords of the roles. "
    "Default: KOLLEGIUM_DATA_DIR, else .data.",
)
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print one line of JSON when ready: base_url, logins, database.",
)
@click.option(
    "--reset",
    is_flag=True,
    help="Drop the demo's database on the embedded server first, and begin anew.",
)
def demo(port: int, host: str, data_dir: Path, as_json: bool, reset: bool) -> None:
    """Start everything with a German demo world, until SIGTERM or Ctrl-C.

    An embedded PostgreSQL keeps its data in --data-dir between runs. With DATABASE_URL (a
    superuser's, or the owner's) that server is used instead: the database it names, or `kollegium`
    when it names `postgres`; roles get random passwords, kept in --data-dir. The world is built
    once. Standard output has the log-ins, stderr the logs. Not for production: see deploy/.
    """
    if reset and os.environ.get("DATABASE_URL"):
        raise click.ClickException(
            "--reset drops only the embedded server's database: drop that of DATABASE_URL yourself."
        )
    from service import logs

    logs.configure(os.environ.get("KOLLEGIUM_LOG_LEVEL", "info"))
    data_dir = data_dir.absolute()
    with _ends_on_signals(), _server(data_dir) as (place, server):
        # The whole service; help and a refusal are told without it.
        from service.commands.demo import running

        running.start(place, server, host, port, data_dir, as_json=as_json, reset=reset)
