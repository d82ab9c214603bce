"""Three trees of this project side by side: the release before, this one, and made-up next ones.

The released commit is the last one that changed alembic/released.toml. Before there is one, a
release is made up: a copy of this tree in which `make release` has run, so that the tests are
the same before the first release and after it.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fixtures.database import ROOT

NEEDS = "tests/upgrade/ needs git and a full clone of the repository"
MADE_UP = "99.0.0"


def git(*arguments: str, cwd: Path = ROOT) -> str:
    """The output of git; the test fails in words where it, or the history, is missing."""
    if not shutil.which("git"):
        pytest.fail(f"{NEEDS}: apt install git", pytrace=False)
    done = subprocess.run(["git", *arguments], cwd=cwd, capture_output=True, text=True, check=False)
    if done.returncode:
        pytest.fail(f"{NEEDS}; git {arguments[0]} says: {done.stderr.strip()}", pytrace=False)
    return done.stdout.strip()


def run(tree: Path, *arguments: str, env: dict[str, str] | None = None) -> str:
    """A Python program of a tree, with the code of that tree; its output. Fails when it fails."""
    given = {k: v for k, v in os.environ.items() if not k.startswith(("DATABASE", "PYTEST", "PG"))}
    given |= {"PYTHONPATH": str(tree), **(env or {})}
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=tree, env=given, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, f"{arguments}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def released_commit() -> str | None:
    """The newest release of this history; None before the first one."""
    if git("rev-parse", "--is-shallow-repository") == "true":
        pytest.fail(f"{NEEDS}: git fetch --unshallow", pytrace=False)
    return git("log", "-1", "--format=%H", "--", "alembic/released.toml") or None


def copy(target: Path, source: Path = ROOT) -> Path:
    """What git would commit of a tree, as a repository of its own with one commit."""
    names = git("ls-files", "--cached", "--others", "--exclude-standard", cwd=source).splitlines()
    for name in names:
        if (source / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source / name, target / name)
    git("init", "--quiet", cwd=target)
    commit(target, "As it is")
    return target


def commit(tree: Path, message: str) -> None:
    """Everything of a tree, in one commit."""
    who = ["-c", "user.name=Upgrade", "-c", "user.email=upgrade@kollegium.example"]
    git("add", "--all", cwd=tree)
    git(*who, "commit", "--quiet", "--allow-empty", "--message", message, cwd=tree)


def release(tree: Path, version: str) -> str:
    """`make release` in a copy, and its commit; what it printed."""
    said = run(tree, "alembic/release.py", "release", version)
    commit(tree, f"Release {version}")
    return said


def own_statements(tree: Path) -> Path:
    """The SQL file of the unreleased revision; begun where there is none yet."""
    if not run(tree, "alembic/release.py", "statements").strip():
        run(tree, "alembic/release.py", "revision", "Made up")
    return tree / run(tree, "alembic/release.py", "statements").strip()


def migrate(tree: Path, url: str) -> None:
    """`alembic upgrade head` of a tree."""
    run(tree, "-m", "alembic", "upgrade", "head", env={"DATABASE_OWNER_URL": url})
