"""The runner of the embedded PostgreSQL: access, life cycle, accidents."""

import asyncio
import socket
from pathlib import Path
from urllib.parse import quote, urlsplit

import asyncpg
import psutil
import pytest

from service.embedded.server import EmbeddedServer, EmbeddedServerError, version_of
from tests.fixtures.embedded import pid_of, postmasters, value

DEBIAN = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))


async def test_the_right_password_connects_and_a_wrong_one_does_not(server: EmbeddedServer) -> None:
    assert await value(server.superuser_url, "select 1") == 1
    for wrong in ("wrong", ""):
        with pytest.raises(asyncpg.InvalidPasswordError):
            await value(server.url("postgres", wrong, "postgres"), "select 1")


async def test_every_access_rule_demands_scram(server: EmbeddedServer) -> None:
    methods = "select array_agg(distinct auth_method) from pg_hba_file_rules"
    assert await value(server.superuser_url, methods) == ["scram-sha-256"]
    stored = "select rolpassword like 'SCRAM-SHA-256$%' from pg_authid where rolname = 'postgres'"
    assert await value(server.superuser_url, stored) is True


async def test_it_listens_on_loopback_only(server: EmbeddedServer) -> None:
    assert urlsplit(server.superuser_url).hostname == "127.0.0.1"
    sockets = psutil.Process(pid_of(server)).net_connections("inet")
    listening = [tuple(one.laddr) for one in sockets if one.status == psutil.CONN_LISTEN]
    assert listening == [("127.0.0.1", server.port)]
    assert await value(server.superuser_url, "show unix_socket_directories") == ""


async def test_a_password_with_odd_characters_survives_the_url(server: EmbeddedServer) -> None:
    connection = await asyncpg.connect(server.superuser_url)
    await connection.execute("create role \"anna/ö@x\" login password 'a:b/c@d?e#f%20'")
    await connection.close()
    url = server.url("anna/ö@x", "a:b/c@d?e#f%20", "postgres")
    assert await value(url, "select current_user") == "anna/ö@x"


def test_the_secret_is_closed_to_others_and_lies_beside_the_data(server: EmbeddedServer) -> None:
    secret = server.data_dir / "superuser-password"
    assert secret.stat().st_mode & 0o777 == 0o600
    assert (server.data_dir / "pgdata").stat().st_mode & 0o777 == 0o700
    assert quote(secret.read_text().strip(), safe="") in server.superuser_url


async def test_a_failing_statement_leaves_no_personal_data_in_the_log(
    server: EmbeddedServer,
) -> None:
    connection = await asyncpg.connect(server.superuser_url)
    await connection.execute("create temporary table person (email text primary key)")
    await connection.execute("insert into person values ($1)", "anna@huber.example")
    with pytest.raises(asyncpg.UniqueViolationError) as bound:
        await connection.execute("insert into person values ($1)", "anna@huber.example")
    with pytest.raises(asyncpg.UniqueViolationError) as literal:
        await connection.execute("insert into person values ('anna@huber.example')")
    assert "anna@huber.example" in str(bound.value.detail)
    assert "anna@huber.example" in str(literal.value.detail)
    await connection.close()
    text = (server.data_dir / "server.log").read_text()
    assert "duplicate key value" in text
    assert "anna@huber.example" not in text


async def test_text_is_unicode_and_sorts_alike_everywhere(server: EmbeddedServer) -> None:
    settings = "select current_setting('server_encoding') || ' ' || datcollate from pg_database"
    assert await value(server.superuser_url, f"{settings} limit 1") == "UTF8 C.UTF-8"
    assert await value(server.superuser_url, "show timezone") == "UTC"


# -- life cycle ------------------------------------------------------------------------------------


async def test_a_restart_keeps_data_password_and_port(empty: Path) -> None:
    with EmbeddedServer.start(empty, durable=False) as first:
        await value(first.superuser_url, "create table kept as select 42 as answer")
    assert postmasters(empty) == set()
    with EmbeddedServer.start(empty, durable=False) as second:
        assert second.superuser_url == first.superuser_url
        assert await value(second.superuser_url, "select answer from kept") == 42


def test_a_port_that_is_taken_meanwhile_is_replaced(directory: Path) -> None:
    with EmbeddedServer.start(directory, durable=False) as first:
        pass
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", first.port))
        other.listen()
        with EmbeddedServer.start(directory, durable=False) as second:
            assert second.port != first.port
        with pytest.raises(EmbeddedServerError, match="Address already in use"):
            EmbeddedServer.start(directory, port=first.port, durable=False)


async def test_a_second_runner_joins_and_the_last_one_stops(directory: Path) -> None:
    first = EmbeddedServer.start(directory, durable=False)
    second = EmbeddedServer.start(directory, durable=False)
    assert second.superuser_url == first.superuser_url
    assert postmasters(directory) == {pid_of(first)}
    with pytest.raises(EmbeddedServerError, match="already runs on port"):
        EmbeddedServer.start(directory, port=1, durable=False)
    first.stop()
    first.stop()
    assert await value(second.superuser_url, "select 1") == 1
    second.stop()
    assert postmasters(directory) == set()


async def test_simultaneous_runners_get_one_server(empty: Path) -> None:
    starts = [asyncio.to_thread(EmbeddedServer.start, empty, durable=False) for _ in range(4)]
    servers = await asyncio.gather(*starts)
    assert len({server.superuser_url for server in servers}) == 1
    assert len(postmasters(empty)) == 1
    for server in servers:
        server.stop()
    assert postmasters(empty) == set()


@pytest.mark.peers
async def test_other_binaries_run_as_well_and_refuse_the_data_of_18(
    empty: Path, pristine: Path
) -> None:
    bin_dir = DEBIAN[-1].parent
    with EmbeddedServer.start(empty, bin_dir=bin_dir, durable=False) as server:
        assert server.version == version_of(bin_dir)
        version = await value(server.superuser_url, "show server_version")
        assert str(version).split()[0] == server.version
        assert (
            await value(server.superuser_url, "select datctype from pg_database limit 1")
            == "C.UTF-8"
        )
    if not server.version.startswith("18."):
        with pytest.raises(EmbeddedServerError, match="written by PostgreSQL 18"):
            EmbeddedServer.start(pristine, bin_dir=bin_dir, durable=False)


# -- accidents -------------------------------------------------------------------------------------
