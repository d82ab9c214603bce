"""The built wheel, in an environment that has never seen the checkout, from another folder."""

import json
import os
import signal
import subprocess
import sys
import sysconfig
import venv
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.fixtures import demo
from tests.fixtures.database import ROOT
from tests.fixtures.sizes import GATE


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that `pip install` would take."""
    place = tmp_path_factory.mktemp("wheel")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(place)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True, timeout=60)
    (file,) = place.glob("*.whl")
    return file


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """Somewhere else."""
    with demo.folder("kollegium-wheel-") as place:
        yield place


@pytest.fixture(scope="module")
def kollegium(wheel: Path, folder: Path) -> str:
    """The command of an environment that holds the wheel and, from ours, what it depends on."""
    home = folder / "environment"
    venv.create(home)
    python = str(home / "bin" / "python")
    install = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", "--python"]
    install += [python, "install", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(install, check=True, capture_output=True, timeout=60)
    site = sysconfig.get_path("purelib", vars={"base": str(home), "platbase": str(home)})
    # A plain line adds the folder, but not the checkout that the .pth files in it name.
    Path(site, "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    asked = [python, "-c", "import service; print(service.__file__)"]
    found = subprocess.run(asked, cwd="/", check=True, capture_output=True, text=True).stdout
    assert found.startswith(str(home)), "the checkout would be tested"
    return str(home / "bin" / "kollegium")


def environment(folder: Path) -> dict[str, str]:
    """Nothing of ours but where the demo's data lie."""
    return {"PATH": os.environ["PATH"], "KOLLEGIUM_DATA_DIR": str(folder / "data")}


def test_it_carries_what_the_checkout_has_beside_the_code(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as file:
        names = set(file.namelist())
    tops = {name.partition("/")[0] for name in names if ".dist-info/" not in name}
    assert tops == {"service"}, "a top-level alembic/ would shadow the library"
    for pattern in ("sql/**/*.sql", "alembic/**/*.py", "examples/*.csv", "alembic.ini"):
        for path in ROOT.glob(pattern):
            assert f"service/_shipped/{path.relative_to(ROOT)}" in names
    assert not any("__pycache__" in name for name in names)


def test_every_command_runs_from_it(
    kollegium: str, folder: Path, request: pytest.FixtureRequest
) -> None:
    """In the gate its demo is built by the wheel; else it goes on with one of the
    checkout."""
    if not GATE:
        demo.copied(request.getfixturevalue("built")[0], folder / "data")
    given = {"cwd": folder, "env": environment(folder), "text": True}
    shown = subprocess.Popen(
        [kollegium, "demo", "--port", "0", "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, **given,
    )  # fmt: skip

    def said(*words: str) -> str:
        done = subprocess.run([kollegium, *words], capture_output=True, timeout=60, **given)  # type: ignore[call-overload]
        # `check` ends with 1 on the embedded server, whose release lacks a security fix.
        assert done.returncode == (words[0] == "check"), done.stdout + done.stderr
        return str(done.stdout)

    try:
        assert shown.stdout
        line = shown.stdout.readline()
        assert line, shown.communicate()[1]
        assert httpx.get(json.loads(line)["base_url"] + "/readyz").status_code == 200
        assert "nothing to do" in said("migrate")
        assert "create table app.lead" in said("migrate", "--sql")
        findings = {
            one["check"]: one["status"] for one in json.loads(said("check", "--json"))["findings"]
        }
        assert findings["schema"] == "ok"
        assert set(json.loads(said("worker", "--once", "--json"))) >= {"expired_leads"}
        serve = subprocess.Popen(
            [kollegium, "serve", "--port", "0"], stderr=subprocess.PIPE, **given
        )
        assert serve.stderr
        url = next(json.loads(row)["url"] for row in serve.stderr if '"serving"' in row)
        assert httpx.get(url + "/openapi.json").status_code == 200
        serve.send_signal(signal.SIGTERM)
        assert serve.wait(timeout=20) == 0
    finally:
        shown.send_signal(signal.SIGTERM)
        errors = shown.communicate(timeout=30)[1]
        assert shown.returncode == 0, errors[-2000:]
