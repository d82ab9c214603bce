"""The wall on another PostgreSQL: the distribution's 15, where it is installed and patched.

The whole folder runs again there, in a process of its own. Where there is no such server
the run says why, here and in its first lines.
"""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.fixtures.server import second_server

HERE = Path(__file__).parent


def test_the_wall_stands_on_the_distributions_server_too() -> None:
    if os.environ.get("TEST_DATABASE_URL"):
        pytest.skip("this run is on a server of its caller's choice")
    server = second_server()
    if isinstance(server, str):
        pytest.skip(server)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(HERE)],
        env={**os.environ, "TEST_DATABASE_URL": server.superuser_url},
        cwd=HERE.parents[1],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    server.stop()
    print(server.label, done.stdout.splitlines()[-1])
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
