"""Data directories and servers of the embedded runner, for this folder."""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.embedded.server import EmbeddedServer
from tests.fixtures.embedded import new_directory


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
