"""What all tests share: the server of the run, named in the header, and the database fixtures."""

import pytest

pytest_plugins = [
    "tests.fixtures.groups",
    "tests.fixtures.database",
    "tests.fixtures.http",
    "tests.fixtures.market",
    "tests.fixtures.crowd",
    "tests.fixtures.demo",
    "tests.fixtures.embedded",
    "tests.fixtures.killable",
]


def pytest_report_header(config: pytest.Config) -> list[str]:
    """Says on which PostgreSQL the run proves what it proves."""
    from tests.fixtures.server import describe, describe_second

    second = [describe_second()] if "peers" in config.option.groups else []
    return [describe(), *second]
