"""Is this database what the service was built for? Asked by `check`, `serve` and `/readyz`.

Everything here reads the catalogue, which any role may; nothing needs a privilege.
"""

import time
from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from service.database import schema

# First releases with the fix of CVE-2026-120154, by major version.
PATCHED = {15: 20, 16: 16, 17: 12, 18: 7}
_CLOCK_SECONDS = 5.0

Status = Literal["ok", "warning", "failed"]


class Finding(msgspec.Struct, frozen=True):
    """One question and its answer; `advice` says what to do when it is not ok."""

    check: str
    status: Status
    detail: str
    advice: str | None = None


class NotReady(Exception):
    """The service must not run on this database; the message says why and what to do."""


# For the login role and the role in use: attributes, and every role with power that it may become.
_ROLES = """
select r.rolname as login, p.rolname as power,
       case when p.rolsuper then 'SUPERUSER' when p.rolbypassrls then 'BYPASSRLS'
            when p.rolcreaterole then 'CREATEROLE' when p.rolcreatedb then 'CREATEDB'
            when p.rolreplication then 'REPLICATION'
            when p.oid = d.datdba or p.rolname = 'pg_database_owner'
              then 'ownership of the database'
            else 'the rights of ' || p.rolname end as what
from pg_catalog.pg_roles r
cross join pg_catalog.pg_roles p
join pg_catalog.pg_database d on d.datname = current_database()
where r.rolname in (session_user, current_user)
  and (p.oid = r.oid or pg_has_role(r.oid, p.oid, 'member'))
  and (p.rolsuper or p.rolbypassrls or p.rolcreaterole or p.rolcreatedb or p.rolreplication
       or p.oid = d.datdba
       or (p.oid <> r.oid and (starts_with(p.rolname, 'pg_') or p.rolname in ('kollegium_owner',
           'kollegium_broker', 'kollegium_staff', 'kollegium_worker')))
       or p.rolname in ('kollegium_owner', 'kollegium_broker', 'kollegium_staff'))
order by p.oid = r.oid desc, p.rolname
"""

_OWNED = """
select n.nspname || '.' || c.relname
from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.relkind in ('r', 'p', 'v', 'm', 'f') and n.nspname in ('app', 'app_private', 'public')
  and c.relowner in (select oid from pg_catalog.pg_roles
                     where rolname in (session_user, current_user))
order by 1 limit 3
"""

_UNGUARDED = """
select c.relname from pg_catalog.pg_class c
where c.relnamespace = to_regnamespace('app') and c.relkind in ('r', 'p')
  and not (c.relrowsecurity and c.relforcerowsecurity) order by 1
"""

_POWERFUL = """
select rolname from pg_catalog.pg_roles
where rolname in ('kollegium_owner', 'kollegium_broker', 'kollegium_api', 'kollegium_worker',
                  'kollegium_staff', 'kollegium_auditor')
  and (rolsuper or rolbypassrls or rolcreaterole or rolcreatedb or rolreplication) order by 1
"""


async def _privileges(connection: Any) -> list[str]:
    """What the web role has and must not have; empty when all is well."""
    found = []
    for row in await connection.fetch(_ROLES):
        via = "" if row["power"] == row["login"] else f" through {row['power']}"
        found.append(f"{row['login']} has {row['what']}{via}")
        if row["what"] == "SUPERUSER":
            return [found[-1]]  # a superuser is a member of everything; one line says it
    owned = [row[0] for row in await connection.fetch(_OWNED)]
    if owned:
        found.append(f"it owns {', '.join(owned)}")
    return found


_WEB_ADVICE = "Set DATABASE_URL to log in as kollegium_api, which has none of this."


async def refuse_privileged(connection: Any) -> None:
    """For the start of the service and /readyz: four catalogue queries.

    Raises NotReady when the login role or the role in use could pass the wall, or when the schema
    is not the one of this release; errors of the connection pass through.
    """
    # One transaction: behind PgBouncer statements outside of one may meet different servers.
    async with connection.transaction():
        privileges = await _privileges(connection)
        finding = await schema_finding(connection)
    if privileges:
        raise NotReady(
            f"The web tier must not be privileged: {'; '.join(privileges)}. {_WEB_ADVICE}"
        )
    if finding.status == "failed":
        raise NotReady(f"{finding.detail}. {finding.advice}")


async def inspect(connection: Any) -> list[Finding]:
    """Every question of `kollegium check`, asked over a connection of the web tier."""
    async with connection.transaction():
        return [
            await _role(connection),
            await _all_roles(connection),
            await schema_finding(connection),
            await _force(connection),
            await server_version(connection),
            await _clock(connection),
            *await _settings(connection),
        ]


async def _role(connection: Any) -> Finding:
    login = await connection.fetchval("select session_user")
    privileges = await _privileges(connection)
    if privileges:
        return Finding("web role", "failed", "; ".join(privileges), _WEB_ADVICE)
    return Finding("web role", "ok", f"{login} has no attribute, membership or table of its own")


async def _all_roles(connection: Any) -> Finding:
    powerful = [row[0] for row in await connection.fetch(_POWERFUL)]
    if powerful:
        return Finding(
            "other roles",
            "failed",
            f"{', '.join(powerful)} must have no attribute but LOGIN",
            "`alter role … nosuperuser nobypassrls nocreaterole nocreatedb noreplication`",
        )
    return Finding("other roles", "ok", "no role of Kollegium can pass the policies")


async def schema_finding(connection: Any) -> Finding:
    """Whether the database was built from what this release is."""
    built = await schema.built_from(connection)
    fault = schema.fault(built)
    if fault or built is None:
        return Finding("schema", "failed", *(fault or ("", None)))
    if built.revision != schema.head():
        return Finding(
            "schema",
            "warning",
            f"at {built.revision}, newer than this release ({schema.head()}), which it serves",
            "Replace this process by the release that made the schema.",
        )
    return Finding("schema", "ok", f"at head ({built.revision}), built from this sql/")


async def _force(connection: Any) -> Finding:
    tables = await connection.fetchval(
        "select count(*) from pg_catalog.pg_class"
        " where relnamespace = to_regnamespace('app') and relkind in ('r', 'p')"
    )
    unguarded = [row[0] for row in await connection.fetch(_UNGUARDED)]
    if unguarded:
        return Finding(
            "row security",
            "failed",
            f"not forced on {', '.join(unguarded)}",
            "`alter table app.… enable row level security, force row level security`",
        )
    if not tables:
        return Finding("row security", "failed", "there is no table in schema app", schema.MIGRATE)
    return Finding("row security", "ok", f"forced on all {tables} tables of schema app")


async def server_version(connection: Any) -> Finding:
    """Whether the server has the fix of CVE-2026-120154; `serve` only warns about it."""
    number = int(await connection.fetchval("select current_setting('server_version_num')"))
    major, minor = divmod(number, 10000)
    if major < min(PATCHED):
        return Finding(
            "server",
            "failed",
            f"PostgreSQL {major} is no longer supported",
            f"Upgrade to PostgreSQL {max(PATCHED)}.{PATCHED[max(PATCHED)]} or later.",
        )
    needed = PATCHED.get(major, 0)
    if minor >= needed:
        return Finding("server", "ok", f"PostgreSQL {major}.{minor} has the fix of CVE-2026-120154")
    return Finding(
        "server",
        "failed",
        f"PostgreSQL {major}.{minor} lacks the fix of CVE-2026-120154 (row security can be "
        "bypassed with INSERT … ON CONFLICT DO UPDATE); this design is not exposed, because no "
        "role holds INSERT and UPDATE on one table, but the next flaw may be another one",
        f"Install PostgreSQL {major}.{needed} or later.",
    )


async def _clock(connection: Any) -> Finding:
    before = time.monotonic()
    theirs: datetime = await connection.fetchval("select clock_timestamp()")
    # The answer is half a round trip old; on a slow line that is not the clock's fault.
    slack = _CLOCK_SECONDS + (time.monotonic() - before)
    skew = abs((datetime.now(UTC) - theirs).total_seconds())
    zone = await connection.fetchval("select current_setting('TimeZone')")
    if skew > slack:
        return Finding(
            "clock",
            "failed",
            f"server and service differ by {skew:.0f} s",
            "Synchronise both with NTP: expiry of sessions and offers is the server's time.",
        )
    if zone.upper().removeprefix("ETC/") not in ("UTC", "GMT", "UCT", "ZULU"):
        return Finding(
            "clock",
            "warning",
            f"in step; time zone {zone}",
            "`alter role kollegium_api set timezone = 'UTC'` keeps mails in UTC.",
        )
    return Finding("clock", "ok", f"in step (within {_CLOCK_SECONDS:.0f} s), time zone {zone}")


# name -> (is it right?, what is at stake, how bad)
_WANTED: dict[str, tuple[set[str], bool, str, Status]] = {
    "row_security": ({"on"}, True, "`row_security` must be on", "failed"),
    "fsync": ({"on"}, True, "without fsync a crash loses what was acknowledged", "failed"),
    "full_page_writes": ({"on"}, True, "a crash can tear pages", "failed"),
    "synchronous_commit": ({"off"}, False, "a crash loses what was acknowledged", "failed"),
    "statement_timeout": ({"0"}, False, "one statement can hold a connection for ever", "warning"),
    "lock_timeout": ({"0"}, False, "one lock can hold a connection for ever", "warning"),
    "idle_in_transaction_session_timeout": (
        {"0"},
        False,
        "a lost client can hold locks for ever",
        "warning",
    ),
    "plan_cache_mode": (
        {"force_generic_plan"},
        True,
        "lists are planned anew each time",
        "warning",
    ),
}


async def _settings(connection: Any) -> list[Finding]:
    findings = []
    for name, (values, should_be, stake, status) in _WANTED.items():
        value = await connection.fetchval("select current_setting($1)", name)
        if (value in values) != should_be:
            advice = (
                "Set it in postgresql.conf."
                if status == "failed"
                else "`kollegium migrate` sets it for kollegium_api; log in as that role."
            )
            findings.append(Finding(f"setting {name}", status, f"{value}: {stake}", advice))
    return findings or [Finding("settings", "ok", "durability and time-outs as they should be")]
