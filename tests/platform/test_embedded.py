"""The runner of the embedded PostgreSQL: access, life cycle, accidents."""

import asyncio
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote, urlsplit

import asyncpg
import pytest

from service import server_files
from service.embedded import EmbeddedServer, EmbeddedServerError, locate_binaries, version_of

ROOT = Path(__file__).resolve().parents[2]
DEBIAN = sorted(Path("/usr/lib/postgresql").glob("*/bin/postgres"))
as_root = os.geteuid() == 0

START_AND_REPORT = """
import sys
from pathlib import Path
from service.embedded import EmbeddedServer
server = EmbeddedServer.start(Path(sys.argv[1]), durable=False)
print(server.port, server._running_pid(), flush=True)
sys.stdin.read()
server.stop()
"""


def new_directory() -> Path:
    """A directory that the server's account can reach; pytest's own are closed to it."""
    path = Path(tempfile.mkdtemp(prefix="kollegium-embedded-"))
    path.chmod(0o711)
    return path


@pytest.fixture
def empty() -> Iterator[Path]:
    path = new_directory()
    yield path
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def server() -> Iterator[EmbeddedServer]:
    path = new_directory()
    with EmbeddedServer.start(path, durable=False) as running:
        yield running
    shutil.rmtree(path)


@pytest.fixture(scope="module")
def pristine() -> Iterator[Path]:
    path = new_directory()
    EmbeddedServer.start(path, durable=False).stop()
    yield path
    shutil.rmtree(path)


@pytest.fixture
def directory(empty: Path, pristine: Path) -> Path:
    """The files of a server that ran once and was stopped; a copy is faster than initdb."""
    subprocess.run(["cp", "-a", f"{pristine}/.", str(empty)], check=True)
    return empty


async def value(url: str, statement: str) -> object:
    connection = await asyncpg.connect(url, timeout=5)
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


def pid_of(server: EmbeddedServer) -> int:
    return int((server.data_dir / "pgdata/postmaster.pid").read_text().split()[0])


def postmasters(data_dir: Path) -> set[int]:
    """The postmasters that work on these data, counted by the operating system."""
    found = set()
    for file in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has just ended
            if f"\0-D\0{data_dir}/pgdata\0" in file.read_text(errors="replace"):
                found.add(int(file.parent.name))
    return found


# -- access ----------------------------------------------------------------------------------------


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
    # The kernel's table of IPv4 sockets: local address in hexadecimal, state 0A = listening.
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    tcp6 = Path("/proc/net/tcp6")
    six = [line.split() for line in tcp6.read_text().splitlines()[1:]] if tcp6.exists() else []
    port = f"{server.port:04X}"
    listening = [row[1] for row in rows + six if row[1].endswith(f":{port}") and row[3] == "0A"]
    assert listening == [f"0100007F:{port}"]
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


@pytest.mark.skipif(not DEBIAN, reason="no PostgreSQL of the distribution in /usr/lib/postgresql")
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


async def test_after_kill_9_of_the_server_committed_rows_are_there(directory: Path) -> None:
    crashed = EmbeddedServer.start(directory)
    connection = await asyncpg.connect(crashed.superuser_url)
    await connection.execute("create table kept (n int); insert into kept values (1), (2)")
    os.kill(pid_of(crashed), signal.SIGKILL)
    # At once: the old backends are still there, and the old postmaster is our zombie child.
    with EmbeddedServer.start(directory) as server:
        assert await value(server.superuser_url, "select count(*) from kept") == 2
        assert len(postmasters(directory)) == 1
    crashed.stop()
    connection.terminate()


def test_after_kill_9_of_the_runner_the_next_one_joins(directory: Path) -> None:
    command = [sys.executable, "-c", START_AND_REPORT, str(directory)]
    runner = subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert runner.stdout is not None
    port, pid = (int(word) for word in runner.stdout.readline().split())
    runner.kill()
    runner.communicate()
    with EmbeddedServer.start(directory, durable=False) as server:
        assert (server.port, pid_of(server)) == (port, pid)
        assert asyncio.run(value(server.superuser_url, "select 1")) == 1
    assert postmasters(directory) == set()


def test_a_pid_file_of_a_foreign_process_is_no_obstacle(directory: Path) -> None:
    pid_file = directory / "pgdata/postmaster.pid"
    owner = (directory / "pgdata").stat()
    # After a container's restart the number belongs to another process of the same account.
    stranger = subprocess.Popen(["sleep", "60"], user=owner.st_uid if as_root else None)
    pid_file.write_text(f"{stranger.pid}\n{directory}/pgdata\n{int(time.time())}\n1\n\n\n\nready\n")
    os.chown(pid_file, owner.st_uid, owner.st_gid)
    try:
        with EmbeddedServer.start(directory, durable=False) as server:
            assert pid_of(server) != stranger.pid
    finally:
        stranger.kill()
        stranger.wait()


def test_data_of_another_major_version_are_refused_untouched(directory: Path) -> None:
    (directory / "pgdata/PG_VERSION").write_text("15\n")
    with pytest.raises(
        EmbeddedServerError, match=r"written by PostgreSQL 15; .* 18\.\d+"
    ) as caught:
        EmbeddedServer.start(directory, durable=False)
    assert str(directory) in str(caught.value)
    assert postmasters(directory) == set()
    (directory / "pgdata/PG_VERSION").write_text("18\n")
    EmbeddedServer.start(directory, durable=False).stop()


def test_a_failed_start_shows_the_end_of_the_log(directory: Path) -> None:
    with (directory / "pgdata/postgresql.conf").open("a") as file:
        file.write("nonsense = 1\n")
    with pytest.raises(
        EmbeddedServerError, match='unrecognized configuration parameter "nonsense"'
    ):
        EmbeddedServer.start(directory, durable=False)


def test_an_interrupted_initdb_is_begun_again(empty: Path) -> None:
    (empty / "pgdata.new").mkdir()
    (empty / "pgdata.new/PG_VERSION").write_text("18\n")
    (empty / "superuser-password").write_text("half")
    with EmbeddedServer.start(empty, durable=False) as server:
        assert "half" not in server.superuser_url


def test_a_lost_password_is_named(directory: Path) -> None:
    (directory / "superuser-password").unlink()
    with pytest.raises(EmbeddedServerError, match="superuser-password is missing"):
        EmbeddedServer.start(directory, durable=False)


@pytest.mark.skipif(not as_root, reason="only for root does another account run the server")
async def test_for_root_a_closed_home_directory_is_gone_round(
    empty: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    home = empty / "home"
    home.mkdir(mode=0o700)
    bin_dir = locate_binaries()
    assert bin_dir is not None
    package = bin_dir.parents[1]
    for part in (package, package.with_name(f"{package.name}.libs")):
        shutil.copytree(part, home / part.name, symlinks=True)
    closed = home / bin_dir.relative_to(package.parent)
    monkeypatch.setattr(server_files, "ROOT_DATA", empty / "data")
    monkeypatch.setattr(server_files, "ROOT_CACHE", empty / "cache")
    with EmbeddedServer.start(home / ".data", bin_dir=closed, durable=False) as server:
        assert server.data_dir.parent == empty / "data"
        assert server.bin_dir.is_relative_to(empty / "cache")
        assert str(server.data_dir) in caplog.text
        assert (server.data_dir / "pgdata").stat().st_uid != 0
        assert home.stat().st_mode & 0o777 == 0o700
        assert await value(server.superuser_url, "select 1") == 1
    (empty / "cache").chmod(0o777)
    with pytest.raises(EmbeddedServerError, match="only root may write"):
        EmbeddedServer.start(home / ".data", bin_dir=closed, durable=False)
