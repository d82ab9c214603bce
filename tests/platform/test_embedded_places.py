"""Where the embedded server can keep its data, and what is said where it cannot."""

import os
import stat
import subprocess
from pathlib import Path

import pytest

from service.commands import psql
from service.embedded import files as server_files
from service.embedded.postmaster import Postmaster
from service.embedded.server import EmbeddedServer, EmbeddedServerError
from tests.fixtures import programs
from tests.fixtures.embedded import value

as_root = os.geteuid() == 0


@pytest.mark.parametrize("mode", [0o770, 0o755, 0o777, 0o750, 0o700])
def test_data_that_others_could_touch_are_closed_again(directory: Path, mode: int) -> None:
    (directory / "pgdata").chmod(mode)
    EmbeddedServer.start(directory, durable=False).stop()
    found = stat.S_IMODE((directory / "pgdata").stat().st_mode)
    assert found == (mode if mode in (0o700, 0o750) else 0o700)


def test_an_empty_directory_makes_way(empty: Path) -> None:
    (empty / "pgdata").mkdir()
    with EmbeddedServer.start(empty, durable=False) as server:
        assert (server.data_dir / "pgdata" / "PG_VERSION").exists()


def test_foreign_files_are_left_alone(empty: Path) -> None:
    (empty / "pgdata").mkdir()
    (empty / "pgdata" / "holiday.jpg").write_text("sea")
    with pytest.raises(EmbeddedServerError, match=r"holds files, but no data of PostgreSQL"):
        EmbeddedServer.start(empty, durable=False)
    assert (empty / "pgdata" / "holiday.jpg").read_text() == "sea"


def test_a_mount_point_is_to_be_one_level_higher(
    empty: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (empty / "pgdata").mkdir()
    monkeypatch.setattr(os.path, "ismount", lambda path: Path(path).name == "pgdata")
    with pytest.raises(EmbeddedServerError, match=f"one level higher, as {empty}"):
        EmbeddedServer.start(empty, durable=False)


def test_a_fresh_volume_holds_data(empty: Path) -> None:
    """What a new file system brings along is no data."""
    (empty / "lost+found").mkdir(mode=0o700)
    empty.chmod(0o711)
    EmbeddedServer.start(empty, durable=False).stop()


@pytest.mark.parametrize("below", ["file", "file/data", "no/such/file/data"])
def test_a_directory_that_cannot_be_made_is_named(empty: Path, below: str) -> None:
    (empty / "file").write_text("")
    (empty / "no").symlink_to("/proc")
    with pytest.raises(EmbeddedServerError, match="cannot keep its data in") as caught:
        EmbeddedServer.start(empty / below, durable=False)
    assert str(empty) in str(caught.value) or "/proc" in str(caught.value)


@pytest.mark.skipif(as_root, reason="root may write everywhere")
def test_a_directory_that_is_closed_to_us_is_named(empty: Path) -> None:
    empty.chmod(0o500)
    with pytest.raises(EmbeddedServerError, match="Permission denied"):
        EmbeddedServer.start(empty, durable=False)
    empty.chmod(0o700)


async def test_variables_for_other_servers_are_forgotten(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("PGSSLMODE", "PGSERVICE", "PGTZ", "PGOPTIONS"):
        monkeypatch.setenv(name, "nonsense")
    monkeypatch.setenv("PG_COLOR", "never")
    with EmbeddedServer.start(directory, durable=False) as server:
        assert [name for name in os.environ if name.startswith("PG")] == ["PG_COLOR"]
        assert await value(server.superuser_url, "select 1") == 1


def test_a_psql_without_a_client_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrapper = tmp_path / "psql"
    wrapper.write_text("#!/bin/sh\necho 'Error: no PostgreSQL client is installed' >&2\nexit 2\n")
    wrapper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    for found in (psql._program(), programs.program("psql")):
        assert found != str(wrapper)
        done = subprocess.run([found, "--version"], check=True, capture_output=True, text=True)
        assert done.stdout.startswith("psql (PostgreSQL)")
    wrapper.write_text("#!/bin/sh\necho 'psql (PostgreSQL) 99'\n")
    assert psql._program() == str(wrapper), "the control: one that answers is taken"


def test_a_process_is_known_by_the_directory_it_works_in(tmp_path: Path) -> None:
    inside = subprocess.Popen(["sleep", "60"], cwd=tmp_path)
    outside = subprocess.Popen(["sleep", "60"], cwd="/")
    try:
        for process, expected in ((inside, inside.pid), (outside, None)):
            (tmp_path / "postmaster.pid").write_text(f"{process.pid}\n")
            assert Postmaster(tmp_path.resolve()).pid() == expected
        assert server_files.has_cluster(tmp_path / "none") is False
    finally:
        for process in (inside, outside):
            process.kill()
            process.wait()
    assert Postmaster(tmp_path.resolve()).pid() is None
