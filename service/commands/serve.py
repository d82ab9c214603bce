"""`kollegium serve`: the web tier."""

import asyncio
from pathlib import Path

import asyncpg
import click
import structlog

from service import logs
from service.commands import connections
from service.commands.output import data_dir_option
from service.commands.watching import wall_watched
from service.database import readiness
from service.database.logins import Source, explain
from service.settings import ServiceSettings, SettingMissing, from_environment

log = structlog.get_logger()


async def refuse_unfit(source: Source) -> None:
    """Raises ClickException when the service must not run here; warns on an unpatched server."""
    connection = await connections.log_in(source)
    try:
        await readiness.refuse_privileged(connection)
        async with connection.transaction():
            server = await readiness.server_version(connection)
    except readiness.NotReady as error:
        raise click.ClickException(f"The service does not start. {error}") from error
    except asyncpg.PostgresError as error:
        raise click.ClickException(str(explain(error, source))) from error
    finally:
        await connection.close(timeout=5)
    if server.status != "ok":
        log.warning("server_unpatched", detail=server.detail, advice=server.advice)


def settings_for(source: Source, **overrides: object) -> ServiceSettings:
    """The settings of the environment for this database. Raises ClickException."""
    try:
        return from_environment(database_url=source.url, **overrides)
    except SettingMissing as error:
        raise click.ClickException(str(error)) from error


@click.command()
@click.option(
    "--host",
    default="127.0.0.1",
    show_default=True,
    help="Address to listen on; 0.0.0.0 behind a reverse proxy in another container.",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    help="Port to listen on; 0 picks a free one.",
)
@click.option(
    "--metrics-port",
    type=click.IntRange(0, 65535),
    default=None,
    help="Port of /metrics; 0 for none. Default: KOLLEGIUM_METRICS_PORT, else none.",
)
@click.option(
    "--metrics-host",
    default="127.0.0.1",
    show_default=True,
    help="Address of /metrics; keep it inside.",
)
@data_dir_option
def serve(
    host: str, port: int, metrics_port: int | None, metrics_host: str, data_dir: Path
) -> None:
    """Serve the HTTP API as kollegium_api (DATABASE_URL) until SIGTERM or Ctrl-C.

    Refuses to start when the role of DATABASE_URL is privileged or the schema is not at head, looks
    whether the wall is what sql/ says, and warns when the PostgreSQL server lacks a security fix.
    Logs go to stderr, one JSON object a line. X-Forwarded-For counts only from
    KOLLEGIUM_TRUSTED_PROXIES (default: nobody). In production a reverse proxy in front cuts slow
    requests: see deploy/.
    """
    import uvloop

    from service.commands import serving

    source = connections.find("api", data_dir)
    settings = settings_for(source, metrics_port=metrics_port)
    logs.configure(settings.log_level)

    async def main() -> None:
        stop = asyncio.Event()
        serving.stop_on_signals(stop)
        await refuse_unfit(source)
        bound = serving.bind(host, port)

        async def ready() -> None:
            serving.settle()
            log.info("serving", url=serving.url_of(bound))

        with serving.metrics(metrics_host, settings.metrics_port):
            async with wall_watched(source):
                await serving.serve_app(settings, bound, stop, ready)
        log.info("stopped")

    uvloop.run(main())
