"""What the commands that read the former system share: its options, connections and progress."""

import contextlib
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import click
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
    TimeRemainingColumn,
)

from service.commands.connections import connected, log_in, plain_url
from service.database.logins import Source
from service.jobs.legacy.files import SourceError
from service.jobs.legacy.sources import Connection, FileSource, LegacySource, reading
from service.jobs.legacy.staging import staged

F = TypeVar("F", bound=Callable[..., Any])


class SourcePlace(NamedTuple):
    """Where the former system is, as the options say."""

    schema: str
    url: str | None
    csv: Path | None
    latin1: bool
    data_dir: Path


def source_options(command: F) -> F:
    """`--schema`, `--url`, `--csv`, `--latin1`, the same on every command that reads the source."""
    options = [
        click.option(
            "--schema",
            default="legacy",
            show_default=True,
            help="The schema of sql/legacy/schema.sql, in this database or in that of --url.",
        ),
        click.option(
            "--url",
            envvar="LEGACY_DATABASE_URL",
            show_envvar=True,
            help="Another PostgreSQL that has the schema; the connection is read-only.",
        ),
        click.option(
            "--csv",
            type=click.Path(path_type=Path, exists=True, file_okay=False),
            help="A directory with users.csv … (COPY … CSV HEADER) or users.copy … (COPY).",
        ),
        click.option(
            "--latin1",
            is_flag=True,
            help="With --csv: read records that are no UTF-8 as Windows-1252, and list them.",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


@contextlib.asynccontextmanager
async def _source(place: SourcePlace) -> AsyncIterator[LegacySource]:
    if place.csv is not None:
        yield FileSource(place.csv, place.latin1)
    elif place.url is not None:
        connection = await log_in(Source(plain_url(place.url), "--url"))
        try:
            async with reading(connection, place.schema, "url") as source:
                yield source
        finally:
            await connection.close(timeout=5)
    else:
        async with (
            connected("staff", place.data_dir) as connection,
            reading(connection, place.schema, "schema") as source,
        ):
            yield source


class Read(NamedTuple):
    """The former system, read: the staff's connection, the load, and how long reading took."""

    connection: Connection
    load: int
    seconds: float


@contextlib.asynccontextmanager
async def reading_source(place: SourcePlace, progress: Progress) -> AsyncIterator[Read]:
    """Stages the whole source and checks it. Raises ClickException when it cannot be read."""
    if place.csv is not None and place.url is not None:
        raise click.UsageError("--url and --csv exclude each other.")
    task = progress.add_task("Reading the former system", total=None)

    def told(table: str, rows: int) -> None:
        progress.update(task, advance=rows, description=f"Read {rows:,} {table}")

    began = time.monotonic()
    async with contextlib.AsyncExitStack() as stack:
        try:
            connection = await stack.enter_async_context(connected("staff", place.data_dir))
            async with _source(place) as source:
                load = await stack.enter_async_context(staged(connection, source, told))
        except SourceError as error:
            raise click.ClickException(str(error)) from error
        progress.remove_task(task)
        yield Read(connection, load, time.monotonic() - began)


def progress_bar() -> Progress:
    """On stderr, and only for people: pipes and logs get none of it."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
        disable=not sys.stderr.isatty(),
    )
