"""`kollegium demo` when its PostgreSQL dies, and in surroundings that people really have."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import click
import httpx
import pytest

from service.commands import connections, kollegium
from service.commands.demo import welcome
from service.database.logins import VARIABLES
from service.database.urls import identifier
from tests.fixtures.database import ROOT
from tests.fixtures.demo import Demo
from tests.fixtures.embedded import postmasters

# Each of them makes libpq or a driver fail, or answer differently.
HOSTILE = {
    "PGSSLMODE": "verify-full", "PGSERVICE": "nowhere", "PGTZ": "America/New_York",
    "PGOPTIONS": "-c search_path=nowhere", "PGHOST": "192.0.2.1", "PGPORT": "1", "PGUSER": "nobody",
    "PGDATABASE": "nowhere", "PGPASSWORD": "wrong", "PGCLIENTENCODING": "LATIN1",
    "PGTARGETSESSIONATTRS": "standby", "PGREQUIREAUTH": "none", "PGGSSENCMODE": "require",
    "PGSSLROOTCERT": "/nowhere", "PGDATESTYLE": "German", "PGCHANNELBINDING": "require",
}  # fmt: skip
# What Python makes of a terminal that is not UTF-8.
ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": "ascii"}


def killed(data_dir: Path) -> int:
    """kill -9 of the database; returns which it was."""
    (pid,) = postmasters(data_dir)
    os.kill(pid, signal.SIGKILL)
    return pid


def wait_for(demo: Demo, path: str, status: int) -> None:
    """Until the demo answers with this status."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if httpx.get(demo.ready["base_url"] + path, timeout=20).status_code == status:
            return
        time.sleep(0.1)
    raise AssertionError(f"{path} is not answered with {status}")


def test_a_database_that_dies_comes_back_and_one_without_data_ends_the_demo(
    demo_dir: Path,
) -> None:
    demo = Demo(demo_dir)
    try:
        login = demo.ready["logins"][0]
        headers = demo.log_in(login["email"], login["password"])
        first = killed(demo_dir)
        deadline = time.monotonic() + 60
        while postmasters(demo_dir) in (set(), {first}):
            assert demo.process.poll() is None
            assert time.monotonic() < deadline, "nobody started it again"
            time.sleep(0.1)
        wait_for(demo, "/readyz", 200)
        # The session was committed before: it is still one.
        assert demo.http.get("/me", headers=headers).status_code == 200

        (demo_dir / "pgdata").rename(demo_dir / "pgdata.away")
        for pid in postmasters(demo_dir):
            os.kill(pid, signal.SIGKILL)
        _, errors = demo.process.communicate(timeout=60)
    finally:
        demo.http.close()
        demo.process.kill()
        demo.process.wait()
    assert demo.process.returncode == 1
    assert "Traceback" not in errors
    assert errors.splitlines()[-1] == (
        f"Error: The data of the embedded PostgreSQL in {demo_dir} are gone."
    )
    events = [json.loads(line)["event"] for line in errors.splitlines() if line.startswith("{")]
    assert {"embedded_postgres_died", "embedded_postgres_restarted"} <= set(events)


def test_odd_paths_foreign_variables_and_an_ascii_terminal(demo_dir: Path) -> None:
    data_dir = demo_dir.rename(demo_dir.with_name("it's 50% Größe"))
    ours = {k: v for k, v in os.environ.items() if not k.startswith(("DATABASE", "PG"))}
    env = ours | HOSTILE | ASCII | {"KOLLEGIUM_DATA_DIR": str(data_dir)}

    def said(*words: str) -> str:
        command = [sys.executable, "-m", "service", *words]
        done = subprocess.run(
            command, cwd=ROOT, env=env, capture_output=True, check=False, timeout=60
        )
        assert done.returncode == (words[0] == "check"), done.stderr.decode()
        return done.stdout.decode()

    demo = subprocess.Popen(
        [sys.executable, "-m", "service", "demo", "--port", "0"],
        cwd=ROOT, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip
    try:
        assert demo.stdout
        shown = b""
        while b"End: Ctrl-C" not in shown:
            line = demo.stdout.readline()
            assert line, demo.communicate()[1].decode()
            shown += line
        assert b"Huber Solar & Dach GmbH" in shown
        settings = "select current_setting('timezone'), current_setting('client_encoding')"
        asked = said("psql", "--as", "auditor", "--", "-X", "-At", "-c", settings)
        assert asked.strip() == "UTC|UTF8"
        assert "nothing to do" in said("migrate")
        assert json.loads(said("check", "--json"))["findings"]
        assert "?" in said("check"), "an arrow that the terminal lacks"
        assert not said("migrate", "--sql").isascii()
        assert json.loads(said("mails", "--json"))
    finally:
        demo.send_signal(signal.SIGTERM)
        _, errors = demo.communicate(timeout=30)
    assert demo.returncode == 0
    assert b"Traceback" not in errors


def test_hints_to_copy_are_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "argv", ["/opt/o'brien & co/bin/kollegium"])
    monkeypatch.setenv("PATH", "/nowhere")
    place = Path("/home/anna/it's here; rm -rf $HOME")
    given, program = shlex.split(welcome._program(place))
    assert given == f"KOLLEGIUM_DATA_DIR={place}"
    assert Path(program).resolve() == Path(sys.argv[0])
    assert identifier("kollegium_api") == "kollegium_api"
    assert identifier('Anna "die" Huber') == '"Anna ""die"" Huber"'


def test_no_advice_names_a_variable_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in VARIABLES.values():
        monkeypatch.delenv(variable, raising=False)
    for role, variable in VARIABLES.items():
        with pytest.raises(click.ClickException) as caught:
            connections.find(role, tmp_path)
        text = caught.value.message
        assert variable in text
        assert text.replace("DATABASE_URL", "", 1).count("DATABASE_URL") == 0, text


def options(command: click.Command, path: str = "kollegium") -> Iterator[tuple[str, click.Option]]:
    """Every option of every command."""
    if isinstance(command, click.Group):
        for name in command.list_commands(click.Context(command)):
            below = command.get_command(click.Context(command), name)
            assert below
            yield from options(below, f"{path} {name}")
    yield from ((path, p) for p in command.params if isinstance(p, click.Option))


def test_every_option_says_what_it_is_for() -> None:
    found = list(options(kollegium))
    assert len(found) > 50
    assert [(path, one.opts) for path, one in found if not one.help] == []


@pytest.mark.parametrize("what", ["a file", "below a file", "closed", "half-written urls"])
def test_a_place_that_cannot_hold_data_is_named(tmp_path: Path, what: str) -> None:
    (tmp_path / "file").write_text("x")
    place = {
        "a file": tmp_path / "file",
        "below a file": tmp_path / "file" / "data",
        "closed": Path("/proc/kollegium-data"),
        "half-written urls": tmp_path,
    }[what]
    (tmp_path / "urls.json").write_text('{"api": "postg')
    command = ["mails"] if what == "half-written urls" else ["demo", "--port", "0"]
    ours = {k: v for k, v in os.environ.items() if not k.startswith(("DATABASE", "PG"))}
    done = subprocess.run(
        [sys.executable, "-m", "service", *command, "--data-dir", str(place)],
        cwd=ROOT, env=ours, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode in (1, 2), done.stderr
    assert "Traceback" not in done.stderr
    assert str(place) in done.stderr
