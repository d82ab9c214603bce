"""Runs the revisions: online over asyncpg, or offline (`alembic upgrade head --sql`) as a script.

The database is DATABASE_OWNER_URL, else DATABASE_URL; a caller in the same process passes its URL
as `config.attributes["url"]`. All revisions of a run share one transaction: all of them or none.
"""

import asyncio
import os

from alembic import context
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

# Waiting longer for a lock would queue every request behind the migration; fail and repeat.
PRELUDE = (
    "set local lock_timeout = '5s'",
    "set local statement_timeout = '10min'",
    "select pg_advisory_xact_lock(hashtextextended('kollegium migrations', 0))",
)


def _url() -> str:
    given = context.config.attributes.get("url")
    url = given or os.environ.get("DATABASE_OWNER_URL") or os.environ.get("DATABASE_URL")
    if not url:
        raise SystemExit("Set DATABASE_OWNER_URL (or DATABASE_URL) to the database to migrate.")
    scheme, _, rest = str(url).partition("://")
    if scheme.split("+")[0] not in ("postgres", "postgresql"):
        raise SystemExit("The database URL must begin with postgresql://")
    return f"postgresql+asyncpg://{rest}"


def _offline() -> None:
    context.configure(dialect_name="postgresql", literal_binds=True)
    with context.begin_transaction():
        for statement in PRELUDE:
            context.get_context().impl.static_output(f"{statement};")
        context.run_migrations()


def _run(connection: Connection) -> None:
    context.configure(connection=connection)
    with context.begin_transaction():
        for statement in PRELUDE:
            connection.execute(text(statement))
        context.run_migrations()


async def _online() -> None:
    engine = create_async_engine(_url(), poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_run)
            await connection.commit()
    finally:
        await engine.dispose()


if context.is_offline_mode():
    _offline()
else:
    asyncio.run(_online())
