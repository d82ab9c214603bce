"""`kollegium migrate`: alembic upgrade head, in this process."""

import io
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import click
from alembic import command
from alembic.script import Script, ScriptDirectory
from alembic.util import CommandError
from rich.table import Table
from sqlalchemy.exc import SQLAlchemyError

from service.commands import connections
from service.commands.output import console, data_dir_option, run
from service.database import schema
from service.database.drift import watching
from service.database.drift.comparing import Drift
from service.database.drift.expected import HouseUnreadable
from service.database.logins import Source
from service.database.urls import identifier, user_of, without_password


def pending(current: str | None) -> list[Script]:
    """The revisions between the database's and the newest, oldest first."""
    scripts = ScriptDirectory.from_config(schema.alembic_config())
    try:
        return list(reversed(list(scripts.iterate_revisions("head", current or "base"))))
    except CommandError as error:
        raise click.ClickException(
            f"The database is at {current}, which this release does not know (it ends at "
            f"{schema.head()}). Install the release that made it; migrations only go forward."
        ) from error


async def _revision(source: Source) -> str | None:
    """The revision to go on from. Raises ClickException when that cannot be: the database was built
    from another state of an unreleased revision."""
    connection = await connections.log_in(source)
    try:
        built = await schema.built_from(connection)
    finally:
        await connection.close(timeout=5)
    fault = built and schema.unfit(built)
    if fault:
        raise click.ClickException(f"Nothing was changed. {fault.detail}. {fault.advice}")
    return built.revision if built else None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = getattr(error, "orig", None) or error.__cause__ or error.__context__


def _explain(error: Exception, source: Source) -> click.ClickException:
    """A failed migration; all its revisions share one transaction, so nothing has changed."""
    found = next((e for e in _chain(error) if isinstance(e, asyncpg.PostgresError)), None)
    state = found.sqlstate if found else None
    if state == "55P03":
        text = (
            "Something else holds a lock for more than 5 s: another migration, or a long "
            "transaction (`select pid, state, xact_start, query from pg_stat_activity order by "
            "xact_start`). Run it again when that has ended."
        )
    elif state == "42501":
        login = user_of(source.url) or "the current user"
        name = identifier(login)
        text = (
            f"{source.variable} logs in as {login}, which lacks a right ({found}). The first run "
            "needs CREATEROLE and CREATE on the database; later ones membership in "
            f"kollegium_owner: set DATABASE_OWNER_URL or `grant kollegium_owner to {name}`."
        )
    elif found is not None:
        text = f"PostgreSQL refused ({state}): {found}"
    else:
        text = f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}"
    return click.ClickException(f"Nothing was changed. {text}")


def upgrade(source: Source) -> tuple[str | None, str]:
    """Brings the database to head; returns from and to. Not inside a running event loop."""
    before = run(_revision(source))
    pending(before)
    config = schema.alembic_config()
    config.attributes["url"] = source.url
    try:
        command.upgrade(config, "head")
    except (SQLAlchemyError, asyncpg.PostgresError, OSError, CommandError) as error:
        raise _explain(error, source) from error
    return before, schema.head()


async def _look(source: Source) -> list[Drift]:
    """Whether the catalogue is what sql/ says now; kept for /readyz."""
    connection = await connections.log_in(source)
    try:
        return await watching.look(connection) or []
    except HouseUnreadable as error:
        raise click.ClickException(str(error)) from error
    finally:
        await connection.close(timeout=5)


def script(start: str) -> str:
    """The SQL of all revisions after `start`, to read or to run with psql."""
    config = schema.alembic_config()
    buffer = io.StringIO()
    config.output_buffer = buffer
    try:
        command.upgrade(config, f"{start}:head", sql=True)
    except CommandError as error:
        raise click.ClickException(f"{error}; `kollegium migrate --dry-run` lists them.") from error
    return buffer.getvalue()


def _show(current: str | None) -> None:
    revisions = pending(current)
    console.print(f"The database is at {current or 'nothing'}, this release at {schema.head()}.")
    if not revisions:
        console.print("Nothing to do.")
        return
    table = Table("revision", "what it does", title="Pending")
    for revision in revisions:
        table.add_row(revision.revision, revision.doc)
    console.print(table)


@click.command()
@click.option(
    "--sql",
    "as_sql",
    is_flag=True,
    help="Print the SQL script instead of running it; needs no database.",
)
@click.option(
    "--from",
    "start",
    default="base",
    show_default=True,
    metavar="REVISION",
    help="With --sql: the revision the script begins after.",
)
@click.option("--dry-run", is_flag=True, help="Show what would run, and change nothing.")
@data_dir_option
def migrate(as_sql: bool, start: str, dry_run: bool, data_dir: Path) -> None:
    """Bring the database to the schema of this release.

    Connects with DATABASE_OWNER_URL, else DATABASE_URL. The first run creates the roles and needs
    CREATEROLE. All pending revisions share one transaction: all of them, or none. Waiting for a
    lock ends after 5 s, so that requests do not queue behind it. Afterwards the catalogue is
    compared with what sql/ says, and what differs is listed (`kollegium check --only drift`).
    """
    if as_sql:
        click.echo(script(start).encode(), nl=False)  # UTF-8 whatever the terminal
        return
    source = connections.find("owner", data_dir)
    if dry_run:
        _show(run(_revision(source)))
        return
    before, after = upgrade(source)
    if before == after:
        console.print(f"Already at {after}; nothing to do.")
    else:
        console.print(f"Migrated {without_password(source.url)}: {before or 'empty'} → {after}")
    for drift in run(_look(source)):
        console.print(f"{drift.level}: {drift.detail}\n  → {drift.file}", soft_wrap=True)
