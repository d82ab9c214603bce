"""Which database, as which role: each command connects as the role it needs.

In this order: the role's own URL (`DATABASE_STAFF_URL` …); `DATABASE_URL`, switching with SET ROLE;
the demo's data directory, when none of them is set. A missing right is named, with what to do.
SET ROLE lasts for a connection: only the web tier's own URL may lead through PgBouncer.
"""

import contextlib
import os
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qsl, quote, unquote, urlencode, urlsplit, urlunsplit

import asyncpg
import click
import msgspec

from service.database.retries import LOST
from service.embedded.files import forget_libpq_variables

PREFIX = "kollegium_"
VARIABLES = {
    "api": "DATABASE_URL",
    "owner": "DATABASE_OWNER_URL",
    "staff": "DATABASE_STAFF_URL",
    "worker": "DATABASE_WORKER_URL",
    "auditor": "DATABASE_AUDITOR_URL",
}
URLS_FILE = "urls.json"
_PASSWORD = re.compile(r"(://[^:/@]*):[^@/]*@")


class Source(NamedTuple):
    """A URL and where it came from, for messages."""

    url: str
    variable: str


def plain_url(url: str) -> str:
    """The URL as drivers and libpq take it: `postgresql://…`. Raises ClickException for others."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme.split("+")[0] not in ("postgres", "postgresql"):
        raise click.ClickException(
            "A database URL looks like postgresql://user:password@host:5432/database."
        )
    return f"postgresql://{rest}"


def hidden(url: str) -> str:
    """The URL without its password, for people and logs."""
    return _PASSWORD.sub(r"\1@", url)


def user_of(url: str) -> str:
    """The role a URL logs in as; empty when it does not say."""
    return unquote(urlsplit(url).username or "")


def password_of(url: str) -> str:
    """The password in a URL; empty when there is none."""
    return unquote(urlsplit(url).password or "")


def with_login(url: str, user: str, password: str) -> str:
    """The same server and database for another role."""
    parts = urlsplit(url)
    host = parts.netloc.rpartition("@")[2]
    # libpq and asyncpg also read credentials from the query; they would win over the new ones.
    query = [
        (key, value)
        for key, value in parse_qsl(parts.query)
        if key not in ("user", "password", "passfile")
    ]
    login = f"{quote(user, safe='')}:{quote(password, safe='')}@"
    return urlunsplit(parts._replace(netloc=login + host, query=urlencode(query)))


def with_database(url: str, database: str) -> str:
    """The same server and role for another database."""
    return urlunsplit(urlsplit(url)._replace(path="/" + quote(database, safe="")))


def without_password(url: str) -> str:
    """The URL for a place that others can read, such as a process's arguments."""
    parts = urlsplit(url)
    user, host = parts.username, parts.netloc.rpartition("@")[2]
    query = [(key, value) for key, value in parse_qsl(parts.query) if key != "password"]
    login = f"{user}@" if user else ""
    return urlunsplit(parts._replace(netloc=login + host, query=urlencode(query)))


class Unreachable(click.ClickException):
    """The server does not answer at present; trying again may help, changing settings may too."""


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


def write_urls(data_dir: Path, urls: dict[str, str]) -> None:
    """Keeps the URLs, readable by this account alone; replaced in one step. Raises ClickException
    when that is not possible."""
    path = data_dir / URLS_FILE
    fresh = path.with_suffix(".new")
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        fresh.unlink(missing_ok=True)
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(msgspec.json.encode(urls))
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
    urls = read_urls(directory)
    if role in urls:
        forget_libpq_variables()
        return Source(urls[role], str(directory / URLS_FILE))
    login = f"DATABASE_URL to a login that may become {PREFIX}{role}"
    if role != "api":
        login = f"{VARIABLES[role]}, or {login}"
    raise click.ClickException(
        f"No database is known for {PREFIX}{role}: set {login}, or start `kollegium demo` (its "
        f"data would be in {directory}/)."
    )


def identifier(name: str) -> str:
    """A name as SQL takes it, quoted where it must be: for statements that people copy."""
    return name if re.fullmatch(r"[a-z_][a-z0-9_]*", name) else '"' + name.replace('"', '""') + '"'


def may_not_become(login: str, role: str, source: Source) -> click.ClickException:
    """The error for a login that lacks a role, with the two ways out."""
    variable = VARIABLES[role]
    return click.ClickException(
        f"{source.variable} logs in as {login}, which may not become {PREFIX}{role}; "
        f"set {variable} or `grant {PREFIX}{role} to {identifier(login)}`."
    )


def explain(error: Exception, source: Source) -> click.ClickException:
    """Any failure of a connection, as a person can act on it."""
    where = hidden(source.url)
    if isinstance(error, asyncpg.InvalidCatalogNameError):
        text = f"The database of {where} does not exist: create it, then run `kollegium migrate`."
    elif isinstance(error, asyncpg.InvalidAuthorizationSpecificationError):
        text = (
            f"{where} refused the log-in ({type(error).__name__}): check user and password in "
            f"{source.variable}; roles get theirs with `alter role … password …`."
        )
    elif isinstance(error, asyncpg.UndefinedObjectError):
        text = f"{where}: a role is missing; run `kollegium migrate` first."
    elif isinstance(error, asyncpg.PostgresError) and not isinstance(error, LOST):
        text = f"{where} refused the connection: {error}"
    else:
        hint = " Start it with `kollegium demo`." if source.variable.endswith(URLS_FILE) else ""
        return Unreachable(
            f"Nothing answers at {where} ({source.variable}): "
            f"{error or type(error).__name__}.{hint}"
        )
    return click.ClickException(text)


async def log_in(source: Source) -> "asyncpg.Connection[asyncpg.Record]":
    """A connection with whatever role the URL has. Raises ClickException."""
    try:
        return await asyncpg.connect(
            source.url,
            timeout=10,
            statement_cache_size=0,
            server_settings={"application_name": "kollegium"},
        )
    except (
        OSError,
        TimeoutError,
        ValueError,
        asyncpg.PostgresError,
        asyncpg.InterfaceError,
    ) as error:
        raise explain(error, source) from error


async def become(
    connection: "asyncpg.Connection[asyncpg.Record]", role: str, source: Source
) -> None:
    """Switches to the role unless the connection has it. Raises ClickException when it may not."""
    name = PREFIX + role
    login = str(await connection.fetchval("select current_user"))
    if login == name:
        return
    try:
        await connection.execute(f"set role {name}")
    except asyncpg.InsufficientPrivilegeError as error:
        raise may_not_become(login, role, source) from error
    except asyncpg.InvalidParameterValueError as error:
        raise click.ClickException(
            f"The server has no role {name}: run `kollegium migrate` first."
        ) from error


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
            f"{hidden(source.url)} lacks a function of this release: run `kollegium migrate`."
        ) from error
    except asyncpg.InvalidSchemaNameError as error:
        raise click.ClickException(
            f"{hidden(source.url)} has no schema app: run `kollegium migrate` first."
        ) from error
    finally:
        await connection.close(timeout=5)
