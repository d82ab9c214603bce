"""The demo's database: created when missing, and a password for each role that logs in."""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from typing import Any

import asyncpg

ITERATIONS = 4096  # what PostgreSQL itself uses


def scram_verifier(password: str, salt: bytes | None = None) -> str:
    """What PostgreSQL stores of a password (RFC 5803), so that the password is in no log."""
    salt = salt or secrets.token_bytes(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, ITERATIONS)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")

    def text(value: bytes) -> str:
        return base64.b64encode(value).decode()

    return f"SCRAM-SHA-256${ITERATIONS}:{text(salt)}${text(stored)}:{text(server)}"


def quoted(name: str) -> str:
    """An identifier as SQL takes it."""
    return '"' + name.replace('"', '""') + '"'


async def ensure_database(connection: Any, name: str, *, reset: bool) -> bool:
    """Creates the database unless it exists; with `reset` it is dropped first. True: it is new."""
    if reset:
        await connection.execute(f"drop database if exists {quoted(name)} with (force)")
    if await connection.fetchval("select true from pg_database where datname = $1", name):
        return False
    await connection.execute(f"create database {quoted(name)} template template0 encoding 'UTF8'")
    return True


async def works(url: str) -> bool:
    """Whether the URL's password is accepted. Errors other than a refused log-in pass through."""
    try:
        connection = await asyncpg.connect(url, timeout=10, statement_cache_size=0)
    except asyncpg.InvalidAuthorizationSpecificationError:
        return False
    await connection.close()
    return True


async def set_passwords(connection: Any, passwords: Mapping[str, str]) -> None:
    """Gives roles new passwords; needs a superuser, or CREATEROLE with the admin option on them."""
    async with connection.transaction():
        for role, password in passwords.items():
            await connection.execute(
                f"alter role {quoted(role)} password '{scram_verifier(password)}'"
            )
