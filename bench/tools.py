"""What the benchmark needs beside the service, found or made at its first use.

wrk and pgbench are the distribution's; `pace` and `alone` are compiled from `load/`. Each peer gets
an environment of its own in `.data/bench/`, and the plots' library goes into ours; both from locked
files.
"""

import importlib.util
import shutil
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
PGBENCH = "/usr/lib/postgresql/{}/bin/pgbench"


class ToolMissing(RuntimeError):
    """A program is not there or could not be made; the message says what to do."""


def tool(name: str, advice: str) -> str:
    """The path of a program. Raises ToolMissing with what to install."""
    found = shutil.which(name)
    if found is None:
        raise ToolMissing(f"{name} is not installed: {advice}")
    return found


def wrk() -> str:
    """The path of wrk."""
    return tool("wrk", "apt install wrk")


def pgbench() -> str:
    """The newest pgbench of Debian's packages, or the one on the path."""
    for version in (18, 17, 16, 15):
        if Path(PGBENCH.format(version)).is_file():
            return PGBENCH.format(version)
    return tool("pgbench", "apt install postgresql-15")


def compiled(name: str, directory: Path) -> Path:
    """A program of `load/`, compiled anew when its source is newer."""
    source, made = HERE / "load" / f"{name}.c", directory / name
    if not made.exists() or made.stat().st_mtime < source.stat().st_mtime:
        directory.mkdir(parents=True, exist_ok=True)
        compiler = tool("cc", "apt install gcc libc6-dev")
        _run([compiler, "-O2", "-o", str(made), str(source)], f"{name} does not compile")
    return made


def peer(directory: Path, name: str) -> Path:
    """Where the programs of a peer's own environment are."""
    home, lock = directory / f"{name}-venv", HERE / "peers" / name / "requirements.lock"
    stamp = home / "installed"
    if not stamp.exists() or stamp.read_text() != lock.read_text():
        venv.create(home, with_pip=True, clear=True)
        _install(str(home / "bin" / "python"), lock)
        stamp.write_text(lock.read_text())
    return home / "bin"


def plotting() -> None:
    """Makes matplotlib importable."""
    if importlib.util.find_spec("matplotlib") is None:
        _install(sys.executable, HERE / "requirements.lock")
        importlib.invalidate_caches()


def _install(python: str, lock: Path) -> None:
    command = [python, "-I", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += ["--require-hashes", "--only-binary", ":all:", "--requirement", str(lock)]
    _run(command, f"{lock.relative_to(HERE.parent)} could not be installed")


def _run(command: list[str], failure: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise ToolMissing(f"{failure}: {done.stderr[-500:]}")
