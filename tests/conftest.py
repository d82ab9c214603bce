"""What all tests share."""

import gc
import os
import sys

import pytest

# Else each of the many processes that tests start would compile everything anew.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

pytest_plugins = [
    "tests.fixtures.groups",
    "tests.fixtures.workers",
    "tests.fixtures.selection",
    "tests.fixtures.database",
    "tests.fixtures.http",
    "tests.fixtures.market",
    "tests.fixtures.crowd",
    "tests.fixtures.demo",
    "tests.fixtures.embedded",
    "tests.fixtures.killable",
]

# Looking for garbage among all that stays, the tests and what they import, took a tenth of a run.
gc.disable()


def pytest_collection_finish(session: pytest.Session) -> None:
    """What is there now stays."""
    gc.freeze()
    gc.set_threshold(10_000, 20, 50)
    gc.enable()
