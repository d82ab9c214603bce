"""What the embedded runner bears: kills, foreign pid files, other versions, closed directories."""

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import asyncpg
import pytest

from service.embedded import files as server_files
from service.embedded.server import EmbeddedServer, EmbeddedServerError, locate_binaries
from tests.fixtures.embedded import pid_of, postmasters, value

ROOT = Path(__file__).resolve().parents[2]
as_root = os.geteuid() == 0

START_AND_REPORT = """
import sys
from pathlib import Path
from service.embedded.server import EmbeddedServer
server = EmbeddedServer.start(Path(sys.argv[1]), durable=False)
print(server.port, server._postmaster.pid(), flush=True)
sys.stdin.read()
server.stop()
"""


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
