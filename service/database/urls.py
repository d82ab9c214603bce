"""URLs of databases: one reading of them (`sqlalchemy.make_url`), and one spelling for all drivers.

asyncpg, libpq and SQLAlchemy read unusual URLs each in their own way: a slash or `#` in a password,
a plus in the query. So what comes from outside is read here, and written so that all of them agree.
About the usual ones all agree: these are read without SQLAlchemy, whose import takes a command as
long as all the rest of its start.
"""

import re
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import quote, urlencode

# libpq and asyncpg also take credentials from the query; they would win over those before the host.
_CREDENTIALS = ("user", "password", "passfile")
# Nothing in it is quoted, and nothing could be read in two ways.
_WORD = r"[A-Za-z0-9._~-]+"
_USUAL = re.compile(
    rf"postgres(?:ql)?://(?:(?P<username>{_WORD})(?::(?P<password>{_WORD}))?@)?"
    rf"(?P<host>[A-Za-z0-9.-]+)(?::(?P<port>[0-9]{{1,5}}))?(?:/(?P<database>{_WORD}))?"
)


class UrlParts(NamedTuple):
    """A URL, read."""

    username: str | None
    password: str | None
    host: str | None
    port: int | None
    database: str | None
    query: Mapping[str, str | tuple[str, ...]]


def read(url: str) -> UrlParts:
    """Raises ValueError, which repeats no part of the URL: it may be a password."""
    usual = _USUAL.fullmatch(url)
    found = _read_usual(usual) if usual else _read_unusual(url)
    if found is None or not 0 < (found.port or 5432) < 65536:
        raise ValueError("A database URL looks like postgresql://user:password@host:5432/database.")
    return found


def _read_usual(url: re.Match[str]) -> UrlParts:
    user, password, host, port, database = url.groups()
    return UrlParts(user, password, host, int(port) if port else None, database, {})


def _read_unusual(url: str) -> UrlParts | None:
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        found = make_url(url)
    except (ArgumentError, ValueError):
        return None
    if found.get_backend_name() not in ("postgres", "postgresql"):
        return None
    return UrlParts(
        found.username, found.password, found.host, found.port, found.database, found.query
    )


def query_of(url: UrlParts) -> dict[str, str]:
    """What stands behind the question mark; of what stands there twice, the last."""
    return {
        name: value if isinstance(value, str) else value[-1] for name, value in url.query.items()
    }


def _write(url: UrlParts, **changed: Any) -> str:
    url = url._replace(**changed)
    login = ""
    if url.username is not None:
        secret = "" if url.password is None else ":" + quote(url.password, safe="")
        login = quote(url.username, safe="") + secret + "@"
    host = f"[{url.host}]" if ":" in (url.host or "") else url.host or ""
    port = "" if url.port is None else f":{url.port}"
    path = "/" + quote(url.database, safe="") if url.database else ""
    query = urlencode(query_of(url), quote_via=quote, safe="/")  # to libpq a plus is a plus
    return f"postgresql://{login}{host}{port}{path}{'?' if query else ''}{query}"


def plain(url: str) -> str:
    """The URL as all drivers take it: `postgresql://…`. Raises ValueError for one that is none."""
    return _write(read(url))


def user_of(url: str) -> str:
    """The role a URL logs in as; empty when it does not say."""
    return read(url).username or ""


def password_of(url: str) -> str:
    """The password in a URL; empty when there is none."""
    return read(url).password or "" if url else ""


def database_of(url: str) -> str:
    """The database a URL names; empty when it does not say."""
    return read(url).database or ""


def with_login(url: str, user: str, password: str) -> str:
    """The same server and database for another role."""
    found = read(url)
    query = {name: value for name, value in query_of(found).items() if name not in _CREDENTIALS}
    return _write(found, username=user, password=password, query=query)


def with_database(url: str, database: str) -> str:
    """The same server and role for another database."""
    return _write(read(url), database=database)


def with_setting(url: str, name: str, value: str) -> str:
    """The same with a setting of the session, `role` for one."""
    found = read(url)
    return _write(found, query={**query_of(found), name: value})


def without_password(url: str) -> str:
    """The URL for people, logs and places that others can read, such as a process's arguments."""
    found = read(url)
    query = {name: value for name, value in query_of(found).items() if name != "password"}
    return _write(found, password=None, query=query)


def identifier(name: str) -> str:
    """A name as SQL takes it, quoted where it must be: for statements that people copy."""
    return name if re.fullmatch(r"[a-z_][a-z0-9_]*", name) else '"' + name.replace('"', '""') + '"'
