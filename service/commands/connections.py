"""Which database, as which role: each command connects as the role it needs.

In this order: the role's own URL (`DATABASE_STAFF_URL` …); `DATABASE_URL`, switching with SET ROLE;
the demo's data directory, when none of them is set. A missing right is named, with what to do.
"""

import contextlib
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import click
import msgspec

from service.database import logins, urls
from service.database.logins import PREFIX, VARIABLES, NoLogin, Source
from service.embedded.files import forget_libpq_variables

URLS_FILE = "urls.json"


@contextlib.contextmanager
def _said() -> Iterator[None]:
    try:
        yield
    except NoLogin as error:
        raise click.ClickException(str(error)) from error


def plain_url(url: str) -> str:
    """The URL as all drivers take it. Raises ClickException for one that is none."""
    try:
        return urls.plain(url)
    except ValueError as error:
        raise click.ClickException(str(error)) from error


def data_dir_default() -> Path:
    """Where the demo keeps its data: KOLLEGIUM_DATA_DIR, else `.data`."""
    return Path(os.environ.get("KOLLEGIUM_DATA_DIR") or ".data")


def read_urls(data_dir: Path) -> dict[str, str]:
    """The URLs that the demo wrote for its roles; empty when there is no demo."""
    file = data_dir / URLS_FILE
    try:
        return msgspec.json.decode(file.read_bytes(), type=dict[str, str])
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except PermissionError as error:
        raise click.ClickException(
            f"{file} belongs to another account: run this command as the account that runs the "
            "demo, or set DATABASE_URL."
        ) from error
    except (OSError, msgspec.DecodeError) as error:
        raise click.ClickException(
            f"{file} is not what `kollegium demo` writes ({error}): remove it and start the demo "
            "again."
        ) from error


def write_urls(data_dir: Path, kept: dict[str, str]) -> None:
    """Keeps the URLs, readable by this account alone; replaced in one step. Raises ClickException
    when that is not possible."""
    path = data_dir / URLS_FILE
    fresh = path.with_suffix(".new")
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        fresh.unlink(missing_ok=True)
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(msgspec.json.encode(kept))
        fresh.replace(path)
    except OSError as error:
        raise click.ClickException(
            f"The passwords of the roles cannot be kept in {path} ({error.strerror}): choose "
            "another --data-dir."
        ) from error


def find(role: str, data_dir: Path | None = None) -> Source:
    """Where to connect for a role (api, owner, staff, worker, auditor). Raises ClickException."""
    for variable in (VARIABLES[role], "DATABASE_URL"):
        if os.environ.get(variable):
            return Source(plain_url(os.environ[variable]), variable)
    directory = data_dir or data_dir_default()
    kept = read_urls(directory)
    if role in kept:
        forget_libpq_variables()
        hint = " Start it with `kollegium demo`."
        return Source(kept[role], str(directory / URLS_FILE), hint)
    login = f"DATABASE_URL to a login that may become {PREFIX}{role}"
    if role != "api":
        login = f"{VARIABLES[role]}, or {login}"
    raise click.ClickException(
        f"No database is known for {PREFIX}{role}: set {login}, or start `kollegium demo` (its "
        f"data would be in {directory}/)."
    )


async def log_in(source: Source) -> "asyncpg.Connection[asyncpg.Record]":
    """A connection with whatever role the URL has. Raises ClickException."""
    with _said():
        return await logins.log_in(source)


async def become(
    connection: "asyncpg.Connection[asyncpg.Record]", role: str, source: Source
) -> None:
    """Switches to the role unless the connection has it. Raises ClickException when it may not."""
    with _said():
        await logins.become(connection, role, source)


@contextlib.asynccontextmanager
async def connected(
    role: str,
    data_dir: Path | None = None,
) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
    """A connection as kollegium_<role>. Raises ClickException."""
    source = find(role, data_dir)
    connection = await log_in(source)
    try:
        await become(connection, role, source)
        yield connection
    except asyncpg.UndefinedFunctionError as error:
        raise click.ClickException(
            f"{urls.without_password(source.url)} lacks a function of this release: "
            "run `kollegium migrate`."
        ) from error
    except asyncpg.InvalidSchemaNameError as error:
        raise click.ClickException(
            f"{urls.without_password(source.url)} has no schema app: run `kollegium migrate` first."
        ) from error
    finally:
        await connection.close(timeout=5)
