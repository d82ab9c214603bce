"""The service of an earlier commit: its tree, and a world built by its own code and migrations, so
that it can take part in the same rounds as the service of today."""

import json
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from bench import tools
from bench.cluster import Cluster

ROOT = Path(__file__).resolve().parent.parent
# Runs in the tree of that commit: `bench` and `service` are its own.
_BUILD = """
import asyncio, json, sys
from bench import world
from bench.cluster import Cluster
name, leads, url, passwords = json.load(sys.stdin)
world.database = lambda _: name
asyncio.run(world.build(Cluster(url, passwords), leads, lambda *_: None))
"""


class Before(NamedTuple):
    """A commit, and where its files are."""

    commit: str
    root: Path

    def database(self, name: str) -> str:
        """Its world, beside the one of that name."""
        return f"{name}_{self.commit}"


def checkout(home: Path, commit: str) -> Before:
    """The tree of a commit, taken out of git once. Raises RuntimeError when git has no such one."""
    git = tools.tool("git", "apt install git")
    name = subprocess.run(
        [git, "rev-parse", "--short=7", "--verify", f"{commit}^{{commit}}"],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )  # fmt: skip
    if name.returncode:
        raise RuntimeError(f"git has no commit {commit}; the comparison needs the whole history")
    before = Before(name.stdout.strip(), home / f"before-{name.stdout.strip()}")
    if not (before.root / "service").is_dir():
        before.root.mkdir(parents=True, exist_ok=True)
        packed = subprocess.run(
            [git, "archive", before.commit], cwd=ROOT, capture_output=True, check=True
        )
        tar = tools.tool("tar", "apt install tar")
        subprocess.run([tar, "-x", "-C", str(before.root)], input=packed.stdout, check=True)
    return before


async def build(cluster: Cluster, before: Before, name: str, leads: int) -> None:
    """Builds its world unless it is there."""
    if before.database(name) in await cluster.databases():
        return
    given = [before.database(name), leads, cluster.url("postgres"), cluster.passwords]
    done = subprocess.run(  # noqa: ASYNC221 - nothing else is done meanwhile
        [sys.executable, "-c", _BUILD],
        cwd=before.root, input=json.dumps(given), capture_output=True, text=True, check=False,
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(f"the world of {before.commit} was not built: {done.stderr[-1500:]}")
