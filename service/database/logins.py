"""Logging in for commands and jobs (by asyncpg), and becoming the role that one of them needs.

What goes wrong is said in a sentence with a way out. SET ROLE lasts for a connection: only the web
tier's own URL may lead through PgBouncer.
"""

from typing import NamedTuple

import asyncpg

from service.database import urls
from service.database.retries import LOST
from service.database.urls import identifier

PREFIX = "kollegium_"
VARIABLES = {
    "api": "DATABASE_URL",
    "owner": "DATABASE_OWNER_URL",
    "staff": "DATABASE_STAFF_URL",
    "worker": "DATABASE_WORKER_URL",
    "auditor": "DATABASE_AUDITOR_URL",
}


class Source(NamedTuple):
    """A URL and where it came from, for messages."""

    url: str
    variable: str
    #: What may help when nothing answers.
    hint: str = ""


class NoLogin(Exception):
    """The database cannot be used as it is set up; the text says why, and what to do."""


class Unreachable(NoLogin):
    """The server does not answer at present; trying again may help, changing settings may too."""


def _may_not_become(login: str, role: str, source: Source) -> NoLogin:
    return NoLogin(
        f"{source.variable} logs in as {login}, which may not become {PREFIX}{role}; "
        f"set {VARIABLES[role]} or `grant {PREFIX}{role} to {identifier(login)}`."
    )


def explain(error: Exception, source: Source) -> NoLogin:
    """Any failure of a connection, as a person can act on it."""
    where = urls.without_password(source.url)
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
        return Unreachable(
            f"Nothing answers at {where} ({source.variable}): "
            f"{error or type(error).__name__}.{source.hint}"
        )
    return NoLogin(text)


async def log_in(source: Source) -> "asyncpg.Connection[asyncpg.Record]":
    """A connection with whatever role the URL has. Raises NoLogin."""
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
    """Switches to the role unless the connection has it. Raises NoLogin when it may not."""
    name = PREFIX + role
    login = str(await connection.fetchval("select current_user"))
    if login == name:
        return
    try:
        await connection.execute(f"set role {name}")
    except asyncpg.InsufficientPrivilegeError as error:
        raise _may_not_become(login, role, source) from error
    except asyncpg.InvalidParameterValueError as error:
        raise NoLogin(f"The server has no role {name}: run `kollegium migrate` first.") from error
