"""The PostgreSQL of the benchmark: the embedded server with a production server's settings.

It lies in `.data/bench/` with a database for each world. The settings are those of
docs/performance.md for a machine of this size, with two differences, both so that a measurement
meets no work of another's: autovacuum is off (measurements are followed by a vacuum instead), and
checkpoints are far apart.
"""

import asyncio
import contextlib
import functools
import json
import os
import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Self
from unittest.mock import patch

import asyncpg

from service.database.urls import with_database, with_login
from service.demo.database import set_passwords
from service.embedded import server as embedded
from service.embedded.server import EmbeddedServer

ROLES = ("kollegium_api", "bench_peer")


def memory_mb() -> int:
    """The memory of this machine, in MB."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20


def settings() -> dict[str, str]:
    """What differs from PostgreSQL's defaults, besides `service.embedded.server.SETTINGS`."""
    shared = min(4096, memory_mb() // 4)
    return {
        "shared_buffers": f"{shared}MB",
        "effective_cache_size": f"{memory_mb() // 2}MB",
        "work_mem": "16MB",
        "maintenance_work_mem": "1GB",
        "max_connections": "200",
        "random_page_cost": "1.1",
        "effective_io_concurrency": "64",
        "max_wal_size": "16GB",
        "checkpoint_timeout": "30min",
        "autovacuum": "off",
    }


class Cluster:
    """The running server; made by `start`."""

    def __init__(self, superuser_url: str, passwords: dict[str, str]) -> None:
        self._superuser_url, self.passwords = superuser_url, passwords

    @classmethod
    @contextlib.contextmanager
    def start(cls, directory: Path, *, durable: bool = True) -> Iterator[Self]:
        """Runs the server until the block ends. durable False: for filling, without fsync."""
        directory.mkdir(parents=True, exist_ok=True)
        given = settings() | ({} if durable else {"wal_level": "minimal", "max_wal_senders": "0"})
        with patch.dict(embedded.SETTINGS, given):
            server = EmbeddedServer.start(directory / "cluster", durable=durable)
        with server:
            cluster = cls(server.superuser_url, _passwords(directory / "passwords.json"))
            if durable and asyncio.run(cluster.setting("fsync")) != "on":
                raise RuntimeError("The server is being filled by another run: wait for its end.")
            yield cluster
        os.sync()

    @functools.cached_property
    def postmaster(self) -> int:
        """The process id of the server; its backends are children."""
        return asyncio.run(self._postmaster())

    async def _postmaster(self) -> int:
        async with self.connected() as connection:
            text: str = await connection.fetchval("select pg_read_file('postmaster.pid')")
        return int(text.split()[0])

    async def setting(self, name: str) -> str:
        """A setting as it is in force."""
        async with self.connected() as connection:
            return str(await connection.fetchval("select current_setting($1)", name))

    def url(self, database: str, role: str | None = None) -> str:
        """The URL of a database for one of ROLES, else for the superuser."""
        url = with_database(self._superuser_url, database)
        return url if role is None else with_login(url, role, self.passwords[role])

    @contextlib.asynccontextmanager
    async def connected(self, database: str = "postgres") -> AsyncIterator[Any]:
        """A superuser's connection: the only one that forced row security does not bind."""
        connection = await asyncpg.connect(self.url(database), statement_cache_size=0)
        try:
            yield connection
        finally:
            await connection.close()

    async def databases(self) -> set[str]:
        """The databases that are complete: a half-built one has no comment."""
        async with self.connected() as connection:
            rows = await connection.fetch(
                "select datname from pg_database where shobj_description(oid, 'pg_database')"
                " = 'complete'"
            )
        return {row[0] for row in rows}

    async def exists(self, name: str) -> bool:
        """Whether there is such a database, complete or not."""
        async with self.connected() as connection:
            return bool(
                await connection.fetchval("select true from pg_database where datname = $1", name)
            )

    async def drop(self, name: str) -> None:
        """Removes a database, whoever is connected."""
        async with self.connected() as connection:
            await connection.execute(f"drop database if exists {name} with (force)")

    async def create(self, name: str, template: str = "template0") -> None:
        """A new database in place of what an interrupted run left behind."""
        await self.drop(name)
        async with self.connected() as connection:
            await connection.execute(f"create database {name} template {template} strategy wal_log")

    async def complete(self, name: str) -> None:
        """Marks a database as complete."""
        async with self.connected() as connection:
            await connection.execute(f"comment on database {name} is 'complete'")

    async def set_passwords(self) -> None:
        """After the first migration made the roles; `bench_peer` is the benchmark's own."""
        async with self.connected() as connection:
            if not await connection.fetchval("select to_regrole('bench_peer')"):
                await connection.execute("create role bench_peer login")
            await set_passwords(connection, self.passwords)


def _passwords(file: Path) -> dict[str, str]:
    """Made once, so that a later run can connect."""
    if not file.exists():
        made = {role: secrets.token_urlsafe(24) for role in ROLES}
        with open(os.open(file, os.O_WRONLY | os.O_CREAT, 0o600), "w") as out:
            json.dump(made, out)
    found: dict[str, str] = json.loads(file.read_text())
    return found
