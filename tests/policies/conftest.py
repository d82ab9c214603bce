"""The whole folder is the proof of the wall: `pytest -m policies`, on any server.

`pytest -m policies --server distribution` runs it on the oldest that the distribution has, with
TEST_DATABASE_URL=postgresql://… on one of your choice."""

from pathlib import Path

import pytest

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
