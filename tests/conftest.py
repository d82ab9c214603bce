"""What all tests share."""

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
