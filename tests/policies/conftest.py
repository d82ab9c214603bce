"""The whole folder is the proof of the wall: `pytest -m policies`, on any server.

TEST_DATABASE_URL=postgresql://… pytest -m policies runs it on a server of your choice."""

from pathlib import Path

import pytest

from tests.policies.second_run import second_run

HERE = Path(__file__).parent


def pytest_configure(config: pytest.Config) -> None:
    """Registers the mark."""
    config.addinivalue_line(
        "markers", "policies: proves the wall; runs on every supported PostgreSQL"
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks every test of this folder."""
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.policies)


def pytest_collection_finish(session: pytest.Session) -> None:
    """Begins the run on the second server when its test is among those to run."""
    wanted = any(item.path.name == "test_second_server.py" for item in session.items)
    if wanted and not session.config.option.collectonly:
        second_run.start()


def pytest_unconfigure() -> None:
    """Leaves no server behind."""
    second_run.stop()
