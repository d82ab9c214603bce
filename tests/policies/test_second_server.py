"""The wall stands on the distribution's PostgreSQL too: what second_run.py began has passed."""

import os

import pytest

from tests.policies.second_run import second_run


@pytest.mark.peers
@pytest.mark.skipif("TEST_DATABASE_URL" in os.environ, reason="on a server of its caller's choice")
def test_the_wall_stands_on_the_distributions_server_too() -> None:
    assert second_run.why_not is None
    code, output = second_run.result()
    print(output.splitlines()[-1])
    assert code == 0, output[-8000:]
