"""TLS of the wire client, against a peer that speaks it as PostgreSQL does."""

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from service.database.wire import Connection, ConnectionLost, Statement
from service.database.wire.login import address
from tests.fixtures.certificates import certificate_for_localhost
from tests.fixtures.database import Urls


@pytest.fixture(scope="module")
def url(world_database: Urls) -> str:
    """kollegium_api's URL of this module's database."""
    return world_database.api


@contextlib.asynccontextmanager
async def opened(url: str, **options: Any) -> AsyncIterator[Connection]:
    """A connection, closed at the end."""
    connection = await Connection.open(address(url), seconds=5, **options)
    try:
        yield connection
    finally:
        await connection.close()


async def values(connection: Connection, sql: str, *given: Any) -> list[bytes | None]:
    """The column of one statement."""
    return (await connection.batch([Statement(sql, given)], seconds=5))[0]


@contextlib.asynccontextmanager
async def tls_in_front(url: str, folder: Path) -> AsyncIterator[tuple[str, Path]]:
    """A peer that speaks TLS as PostgreSQL does and hands on; yields URL and authority."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    certificate_for_localhost(certificate, key)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    target = urlsplit(url)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        assert await reader.readexactly(8) == b"\x00\x00\x00\x08\x04\xd2\x16\x2f"
        writer.write(b"S")
        with contextlib.suppress(ssl.SSLError, ConnectionError):
            await writer.start_tls(context)
            far_reader, far_writer = await asyncio.open_connection(target.hostname, target.port)
            await asyncio.gather(_pump(reader, far_writer), _pump(far_reader, writer))

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    netloc = f"{target.username}:{target.password}@localhost:{port}"
    try:
        yield target._replace(netloc=netloc).geturl(), certificate
    finally:
        server.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError, ssl.SSLError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


async def test_tls_is_spoken_and_the_peer_checked(url: str, tmp_path: Path) -> None:
    async with tls_in_front(url, tmp_path) as (encrypted, authority):
        checked = f"{encrypted}?sslmode=verify-full&sslrootcert={authority}"
        for spelled in (f"{encrypted}?sslmode=require", checked):
            async with opened(spelled) as connection:
                assert await values(connection, "select 'gesichert'") == [b"gesichert"]
        with pytest.raises(ssl.SSLCertVerificationError):
            await Connection.open(address(f"{encrypted}?sslmode=verify-full"), seconds=5)
        with pytest.raises(ValueError, match="sslmode"):
            address(f"{encrypted}?sslmode=verify-ca")


async def test_a_server_without_tls_is_refused_where_tls_is_wanted(url: str) -> None:
    with pytest.raises(ConnectionLost):
        await Connection.open(address(f"{url}?sslmode=require"), seconds=5)
