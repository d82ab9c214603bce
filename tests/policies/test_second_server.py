"""The wall stands on PostgreSQL 15 too: what second_run.py began with the session has passed.

Where there is no such server the run says why, here and in its first lines.
"""

import pytest

from tests.policies.second_run import second_run


def test_the_wall_stands_on_the_distributions_server_too() -> None:
    if second_run.why_not:
        pytest.skip(second_run.why_not)
    code, output = second_run.result()
    print(output.splitlines()[-1])
    assert code == 0, output[-8000:]
