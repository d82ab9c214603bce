"""What was found stays in the database: /readyz reads it and its age, never the catalogue."""

from typing import Any

import msgspec
import structlog
from prometheus_client import Gauge

from service.database import schema
from service.database.drift.comparing import Drift, compare
from service.database.shipped import sql_hash

log = structlog.get_logger()

PERIOD = 60.0
#: A worker looks every minute; who serves looks when nobody did for so long.
OVERDUE = 150.0
#: What is older says nothing any more.
STALE = 600.0
_KEPT = 100  # findings; who lost a schema need not read of each column

FOUND = Gauge("kollegium_drift_findings", "What is not as sql/ says, by level", ["level"])
LATCHED = Gauge("kollegium_wall_latched", "1 while readiness is red for what was found", ["watch"])
LEVEL = Gauge("kollegium_wall_level", "0 as it should be, 1 differs, 2 open", ["watch"])
CHECKED = Gauge("kollegium_wall_checked_seconds", "When it was last looked at", ["watch"])


class WallOpen(Exception):
    """The service must not get traffic; the message says why and what the way back is."""


async def look(connection: Any) -> list[Drift] | None:
    """Compares and keeps what was found; None when the database is of another sql/, which another
    release judges. Raises HouseUnreadable."""
    built = await schema.built_from(connection)
    if built is None or built.hash != sql_hash():
        return None
    drifts = await compare(connection)
    level = drifts[0].level if drifts else "ok"
    await connection.execute(
        "select app.record_watch('drift', $1, $2::text::jsonb)",
        level,
        msgspec.json.encode(drifts[:_KEPT]).decode(),
        timeout=10,
    )
    for drift in drifts[:_KEPT]:
        tell = log.error if drift.level == "open" else log.warning
        tell("drift", level=drift.level, detail=drift.detail, file=drift.file)
    return drifts


async def look_if_nobody_does(connection: Any, age: float = OVERDUE) -> None:
    """For who serves: looks when no worker did for some time, and nobody else is at it."""
    if await connection.fetchval("select app.claim_watch('drift', $1)", age, timeout=10):
        await look(connection)


async def work(connection: Any, _: Any = None) -> int:
    """The worker's job: how many differences there are. A database of another sql/ has none."""
    return len(await look(connection) or [])


def show(rows: Any) -> None:
    """The metrics, from app.watched()."""
    for row in rows:
        name = row["name"]
        CHECKED.labels(name).set(row["checked_at"].timestamp())
        LATCHED.labels(name).set(row["latched_at"] is not None)
        LEVEL.labels(name).set(("ok", "differs", "open").index(row["level"]))
        if name == "drift":
            found = [one["level"] for one in msgspec.json.decode(row["findings"])]
            for level in ("differs", "open"):
                FOUND.labels(level).set(found.count(level))


_WATCHED = "select name, age, level, latched_at, latched from app.watched()"
_WAY_BACK = 'heal it, then `kollegium check --unlatch "why it may"` as kollegium_staff'


async def refuse_open(connection: Any) -> None:
    """For /readyz: one row each. Raises WallOpen when something is open, was open and nobody said
    why that is over, or when nobody has looked for too long."""
    async with connection.transaction():
        rows = {row["name"]: row for row in await connection.fetch(_WATCHED)}
    for name, row in sorted(rows.items()):
        if row["latched_at"] is not None:
            raise WallOpen(
                f"{name}: {row['latched']} (since {row['latched_at']:%Y-%m-%d %H:%M}): {_WAY_BACK}"
            )
    drift = rows.get("drift")
    if drift is None or drift["age"] > STALE:
        since = "never" if drift is None else f"not for {drift['age']:.0f} s"
        raise WallOpen(
            f"the wall was {since} looked at: is a worker running, and what does it log?"
        )


async def unlatch(connection: Any, reason: str) -> list[tuple[str, str | None]]:
    """Ends every latch, as kollegium_staff; of each, why it stays (None: it is gone)."""
    names = [row["name"] for row in await connection.fetch(_WATCHED) if row["latched_at"]]
    sql = "select app.unlatch_watch($1, $2)"
    return [(name, await connection.fetchval(sql, name, reason)) for name in names]
